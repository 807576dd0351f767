#include "time/drowsiness.h"

#include "maths.h"

/* Usual openness before anything is learnt: what open eyes read on average. */
#define USUAL 0.95f
#define USUAL_LEAST 0.5f
/* Learnt for so many seconds of open eyes, then frozen; the default weighs as much as so many. */
#define LEARN_FOR 60.0f
#define PRIOR 1.0f
/* Samples below this are no open eyes. */
#define OPEN_FROM 0.3f
/* Weight of a second in the histogram. */
#define TICKS 1000.0f
/* Longest step between frames whose time is counted as known. */
#define LONGEST_STEP 0.25f
/* A nod: the head sinks by so many degrees while the eyes are closed. */
#define NOD 6.0f
#define PITCH_TAU 1.0f
/* The level falls with this time constant, in seconds; it rises at once. */
#define FALL_TAU 20.0f
/* Stages are left so much below the level that begins them. */
#define HYSTERESIS 0.08f
/* PERCLOS counts when so many seconds of the window are known, and most of it. */
#define LEAST_KNOWN 10.0f
#define MOST_UNKNOWN 0.5f

void af_drowsiness_reset(af_drowsiness *d) {
    const af_drowsiness fresh = {.baseline = USUAL,
                                 .perclos = af_nan(),
                                 .unknown = af_nan(),
                                 .mean_closure = af_nan(),
                                 .blink_rate = af_nan()};
    *d = fresh;
}

/* --------------------------------------------------------------------------- usual openness */

static int32_t bin_of(float open) {
    return (int32_t)af_clampf(open * (float)(AF_OPEN_BINS - 1) + 0.5f, 0, AF_OPEN_BINS - 1);
}

static void find_baseline(af_drowsiness *d) {
    uint64_t sum = 0, half = 0;
    const uint32_t prior = (uint32_t)(PRIOR * TICKS);
    const int32_t usual = bin_of(USUAL);
    for (int32_t i = 0; i < AF_OPEN_BINS; i++)
        sum += d->histogram[i] + (i == usual ? prior : 0);
    for (int32_t i = 0; i < AF_OPEN_BINS; i++) {
        const uint64_t here = d->histogram[i] + (i == usual ? prior : 0);
        if (2 * (half + here) >= sum) {
            /* Within the bin by its share, so that the baseline does not jump by bins. */
            const float share = here ? ((float)sum / 2 - (float)half) / (float)here : 0.5f;
            const float at = ((float)i - 0.5f + share) / (float)(AF_OPEN_BINS - 1);
            d->baseline = af_clampf(at, USUAL_LEAST, 1);
            return;
        }
        half += here;
    }
}

float af_drowsiness_openness(af_drowsiness *d, float open, float dt) {
    if (af_is_nan(open))
        return open;
    if (open >= OPEN_FROM && !d->loaded && d->learnt < LEARN_FOR && d->stage == AFFECT_ALERT &&
        dt > 0 && dt <= LONGEST_STEP) {
        d->histogram[bin_of(open)] += (uint32_t)(dt * TICKS + 0.5f);
        d->learnt += dt;
        find_baseline(d);
    }
    return open / d->baseline;
}

/* ----------------------------------------------------------------------------------- PERCLOS */

/* Puts the time since the last frame where it belongs. */
static void count_time(af_drowsiness *d, const af_blink *blink, float open, float window,
                       int64_t now_us) {
    if (!d->started) {
        d->started = 1;
        d->begin_us = d->last_us = now_us;
        return;
    }
    const float dt = af_seconds(d->last_us, now_us);
    const double width = (double)window / AF_PERCLOS_BINS;
    int64_t bin = (int64_t)((double)(now_us - d->begin_us) * 1e-6 / width);
    for (int64_t b = d->bin + 1; b <= bin && b <= d->bin + AF_PERCLOS_BINS; b++)
        d->bins[b % AF_PERCLOS_BINS].open = d->bins[b % AF_PERCLOS_BINS].closed =
            d->bins[b % AF_PERCLOS_BINS].unknown = 0;
    d->bin = bin;
    const int at = (int)(bin % AF_PERCLOS_BINS);
    if (af_is_nan(open) || dt > LONGEST_STEP || (blink->lids == AF_LIDS_CLOSED && blink->yawned))
        d->bins[at].unknown += dt;
    else if (blink->lids == AF_LIDS_CLOSED)
        d->bins[at].closed += dt;
    else
        d->bins[at].open += dt;
    d->last_us = now_us;
}

static void sum_perclos(af_drowsiness *d) {
    float open = 0, closed = 0, unknown = 0;
    for (int i = 0; i < AF_PERCLOS_BINS; i++) {
        open += d->bins[i].open;
        closed += d->bins[i].closed;
        unknown += d->bins[i].unknown;
    }
    const float all = open + closed + unknown;
    d->unknown = all > 0 ? unknown / all : af_nan();
    d->seconds_known = open + closed;
    d->perclos = d->seconds_known >= LEAST_KNOWN && d->unknown <= MOST_UNKNOWN
                     ? closed / d->seconds_known
                     : af_nan();
}

/* ---------------------------------------------------------------------------------- closures */

/* What the closures of the last minute add up to. */
typedef struct af_minute {
    float mean;        /* of all closures, seconds */
    uint32_t closures; /* all */
    uint32_t blinks;   /* the short ones */
    float asleep;      /* weight of long closures and microsleeps */
} af_minute;

static af_minute last_minute(const af_blink *b, const affect_time_options *o, int64_t now_us) {
    af_minute m = {0, 0, 0, 0};
    const uint32_t kept = b->closure_count < AF_CLOSURES ? b->closure_count : AF_CLOSURES;
    for (uint32_t i = 0; i < kept; i++) {
        const af_closure *c = &b->closures[i];
        if (now_us - c->end_us > af_microseconds(o->perclos_window))
            continue;
        const float seconds = af_seconds(c->start_us, c->end_us);
        m.mean += seconds;
        m.closures++;
        m.blinks += seconds < o->long_closure;
        if (seconds >= o->microsleep)
            m.asleep += 1;
        else if (seconds >= o->long_closure)
            m.asleep += 0.35f;
    }
    if (m.closures)
        m.mean /= (float)m.closures;
    if (b->alarm)
        m.asleep += 1;
    return m;
}

/* -------------------------------------------------------------------------------------- nods */

static void watch_nods(af_drowsiness *d, const af_blink *blink, float pitch, int64_t now_us,
                       float dt) {
    if (af_is_nan(pitch))
        return;
    if (!d->has_pitch) {
        d->pitch_open = pitch;
        d->has_pitch = 1;
    }
    if (blink->lids == AF_LIDS_OPEN) {
        d->pitch_open += (pitch - d->pitch_open) * (dt / (dt + PITCH_TAU));
        d->nodding = 0;
        return;
    }
    if (!d->nodding && d->pitch_open - pitch >= NOD) {
        d->nodding = 1;
        d->nods[d->nod_count++ % 16] = now_us;
    }
}

static uint32_t recent_nods(const af_drowsiness *d, int64_t now_us, float seconds) {
    const uint32_t kept = d->nod_count < 16 ? d->nod_count : 16;
    uint32_t within = 0;
    for (uint32_t i = 0; i < kept; i++)
        within += now_us - d->nods[i] <= af_microseconds(seconds);
    return within;
}

/* ----------------------------------------------------------------------------------- the level */

/* One piece of evidence: adds its share of what is still missing to certainty. */
static void weigh(af_drowsiness *d, float *doubt, float strength, float weight,
                  affect_evidence bit) {
    const float share = weight * af_clampf(strength, 0, 1);
    *doubt *= 1 - share;
    if (share >= 0.1f)
        d->evidence |= (uint32_t)bit;
}

static float level_now(af_drowsiness *d, const af_minute *m, const af_mouth *mouth,
                       const affect_time_options *o, int64_t now_us) {
    float doubt = 1;
    d->evidence = 0;
    if (m->closures >= 3)
        weigh(d, &doubt, (m->mean - 0.3f) / 0.4f, 0.6f, AFFECT_EVIDENCE_CLOSURES);
    if (!af_is_nan(d->perclos))
        weigh(d, &doubt, (d->perclos - 0.12f) / 0.15f, 0.5f, AFFECT_EVIDENCE_PERCLOS);
    weigh(d, &doubt, m->asleep / 2, 0.9f, AFFECT_EVIDENCE_MICROSLEEP);
    weigh(d, &doubt, (float)af_mouth_yawns(mouth, now_us, 300) / 3, 0.7f, AFFECT_EVIDENCE_YAWNS);
    weigh(d, &doubt, (float)recent_nods(d, now_us, o->perclos_window) / 3, 0.5f,
          AFFECT_EVIDENCE_NODS);
    return 1 - doubt;
}

static int32_t stage_of(float level, int32_t before, const affect_time_options *o) {
    const float tired = o->tired_from - (before >= AFFECT_TIRED ? HYSTERESIS : 0);
    const float drowsy = o->drowsy_from - (before >= AFFECT_DROWSY ? HYSTERESIS : 0);
    return level >= drowsy ? AFFECT_DROWSY : level >= tired ? AFFECT_TIRED : AFFECT_ALERT;
}

static void tell(af_drowsiness *d, int open, int64_t now_us, af_who who, af_events *events) {
    const uint32_t at = events->count;
    af_events_add(events, AFFECT_EVENT_DROWSINESS, who, d->raised_us, now_us, open, d->level);
    if (at < events->count)
        events->list[at].evidence = d->evidence;
    d->raised = open;
}

void af_drowsiness_update(af_drowsiness *d, const af_blink *blink, const af_mouth *mouth,
                          float open, float pitch, const affect_time_options *o, int64_t now_us,
                          af_who who, af_events *events) {
    const float dt = d->started ? af_seconds(d->last_us, now_us) : 0;
    watch_nods(d, blink, pitch, now_us, dt);
    count_time(d, blink, open, o->perclos_window, now_us);
    sum_perclos(d);
    const af_minute m = last_minute(blink, o, now_us);
    d->mean_closure = m.closures ? m.mean : af_nan();
    d->blink_rate = af_is_nan(d->perclos) ? af_nan() : (float)m.blinks * 60 / d->seconds_known;

    const float level = level_now(d, &m, mouth, o, now_us);
    const float share = level > d->level ? 1 : dt / (dt + FALL_TAU);
    d->level += (level - d->level) * share;
    d->stage = stage_of(d->level, d->stage, o);
    if (!d->raised && d->stage == AFFECT_DROWSY) {
        d->raised_us = now_us;
        tell(d, 1, now_us, who, events);
    } else if (d->raised && d->stage != AFFECT_DROWSY) {
        tell(d, 0, now_us, who, events);
    }
}

int af_drowsiness_measured(const af_drowsiness *d) {
    return d->stage != AFFECT_ALERT || !(d->unknown > MOST_UNKNOWN);
}

void af_drowsiness_close(af_drowsiness *d, int64_t now_us, af_who who, af_events *events) {
    if (d->raised)
        tell(d, 0, now_us, who, events);
    d->has_pitch = d->nodding = 0;
}
