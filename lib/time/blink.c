#include "time/blink.h"

#include "maths.h"

/* Lids have left the open state below this share of the usual openness. */
#define LEAVE 0.8f
/* Above closed_below by so much the eyes are no longer closed. */
#define HYSTERESIS 0.1f
/* Lids need at most so long from open to closed or back, for the start and end of a closure. */
#define LID_TIME_US 250000
/* Openness is measured sharply, about when half of the pupil is covered. The events reach from the
 * first movement of the lids to their last: so much before and after. Blinks are quicker. */
#define SLOW_LIDS_US 80000
#define QUICK_LIDS_US 40000
/* Unknown for longer: nothing can be said about what went on. */
#define UNKNOWN_US 300000
/* Two closures closer than this are one that flickered. */
#define FLICKER_US 80000
/* Shorter dips are noise. */
#define LEAST_BLINK 0.03f
/* Nobody blinks again so soon after the lids came up. */
#define REFRACTORY_US 120000
/* A blink's lids come at least so far down. */
#define LEAST_DEPTH 0.6f

/* A dip is so deep and so many times the noise; a blink of its own so deep, so short at most; it
 * has ended when so much of it is made up for. */
#define DIP 0.15f
#define DIP_NOISE 6.0f
#define DIP_BLINK 0.2f
#define DIP_LONGEST_US 450000
#define DIP_BACK 0.65f
/* Time constants of level and noise, seconds, and the least noise. */
#define LEVEL_TAU 0.3f
#define NOISE_TAU 3.0f
#define LEAST_NOISE 0.01f
/* Closed eyes that do not come down to LEAST_DEPTH blink when they fall by so much and out of the
 * noise. */
#define CLEAR_DEPTH 0.4f

void af_blink_reset(af_blink *b) {
    const af_blink fresh = {.duration = af_nan(), .amplitude = af_nan(), .speed = af_nan()};
    *b = fresh;
}

/* When the line between the last sample and this one crosses `level`. */
static int64_t crossing(const af_blink *b, float open, int64_t now_us, float level) {
    const float fall = b->last_open - open;
    if (!b->known || (fall < 1e-6f && fall > -1e-6f))
        return now_us;
    const float share = af_clampf((b->last_open - level) / fall, 0, 1);
    return b->last_us + (int64_t)((double)(now_us - b->last_us) * (double)share);
}

static affect_event_type alarm_of(float seconds, const affect_time_options *o) {
    if (seconds >= o->unresponsive)
        return AFFECT_EVENT_UNRESPONSIVE;
    if (seconds >= o->sleep)
        return AFFECT_EVENT_SLEEP;
    return seconds >= o->microsleep ? AFFECT_EVENT_MICROSLEEP : (affect_event_type)0;
}

/* Start and end as they are told. Where a yawn ended within, the start is that. */
static void report(const af_blink *b, affect_event_type type, int64_t from_us, int64_t end_us,
                   int open, af_who who, af_events *events) {
    const int64_t lids = type == AFFECT_EVENT_BLINK ? QUICK_LIDS_US : SLOW_LIDS_US;
    const int64_t start = from_us == b->start_us ? from_us - lids : from_us;
    const float mean = b->samples ? b->confidence / (float)b->samples : 0;
    af_events_add(events, type, who, start, open ? end_us : end_us + lids, open, mean);
}

static void remember(af_blink *b, int64_t start_us, int64_t end_us) {
    af_closure *c = &b->closures[b->closure_count++ % AF_CLOSURES];
    c->start_us = start_us;
    c->end_us = end_us;
}

static int too_soon(const af_blink *b, int64_t start_us) {
    if (!b->closure_count)
        return 0;
    const af_closure *last = &b->closures[(b->closure_count - 1) % AF_CLOSURES];
    return start_us - last->end_us < REFRACTORY_US;
}

/* How far below the level before it. */
static int stands_out(const af_dip *d, float least, float depth) {
    const float noise = d->noise > LEAST_NOISE ? d->noise : LEAST_NOISE;
    return d->known && d->level - least >= depth && d->level - least >= DIP_NOISE * noise;
}

static void count_blink(af_blink *b, float seconds, float rate) {
    b->count++;
    b->duration = seconds;
    b->amplitude = af_clampf(1 - b->least, 0, 1);
    const float closing = af_seconds(b->start_us, b->least_us);
    b->speed = rate >= AF_SPEED_LEAST_RATE && closing > 0 ? b->amplitude / closing : af_nan();
}

/* The closure is over: says what it was. */
static void finish(af_blink *b, int64_t end_us, float rate, const affect_time_options *o,
                   af_who who, af_events *events) {
    /* A mouth that was open for a moment (speech) makes a short closure no yawn's. */
    const int brief = af_seconds(b->start_us, end_us) < o->long_closure;
    const int64_t from = brief || b->count_from_us < b->start_us ? b->start_us : b->count_from_us;
    const float seconds = af_seconds(from, end_us);
    b->lids = AF_LIDS_OPEN;
    b->falling = 0;
    if (b->yawned && !brief && seconds < o->long_closure && !b->alarm)
        return;
    affect_event_type type = b->alarm;
    const affect_event_type reached = alarm_of(seconds, o);
    if (reached > type)
        type = reached;
    if (!type)
        type = seconds >= o->long_closure ? AFFECT_EVENT_LONG_CLOSURE : AFFECT_EVENT_BLINK;
    if (type == AFFECT_EVENT_BLINK) {
        const int shallow =
            b->least > 1 - LEAST_DEPTH && !stands_out(&b->dip, b->least, CLEAR_DEPTH);
        if (!(rate >= AF_BLINK_LEAST_RATE) || seconds < LEAST_BLINK || shallow || too_soon(b, from))
            return;
        count_blink(b, seconds, rate);
    }
    remember(b, from, end_us);
    b->ended = type;
    b->alarm = (affect_event_type)0;
    report(b, type, from, end_us, 0, who, events);
}

/* Raises what a closure has become; a milder alarm ends where the graver one begins. */
static void raise(af_blink *b, int64_t now_us, const affect_time_options *o, af_who who,
                  af_events *events) {
    const int64_t from = b->count_from_us > b->start_us ? b->count_from_us : b->start_us;
    const affect_event_type reached = alarm_of(af_seconds(from, now_us), o);
    if (reached <= b->alarm)
        return;
    if (b->alarm)
        report(b, b->alarm, from, now_us - SLOW_LIDS_US, 0, who, events);
    b->alarm = reached;
    report(b, reached, from, now_us, 1, who, events);
}

static void begin(af_blink *b, const af_blink_input *in, int64_t now_us) {
    b->half_us = crossing(b, in->open, now_us, in->closed_below);
    const int64_t earliest = b->half_us - LID_TIME_US;
    b->start_us = b->falling && b->fall_us > earliest ? b->fall_us : b->half_us;
    b->lids = AF_LIDS_CLOSED;
    b->least = in->open;
    b->least_us = now_us;
    b->count_from_us = b->start_us;
    b->confidence = 0;
    b->samples = b->yawned = 0;
    b->alarm = (affect_event_type)0;
}

static void while_closed(af_blink *b, const af_blink_input *in, const affect_time_options *o,
                         int64_t now_us, af_who who, af_events *events) {
    b->confidence += in->confidence;
    b->samples++;
    if (in->open < b->least) {
        b->least = in->open;
        b->least_us = now_us;
    }
    if (in->mouth_wide && !b->alarm) {
        b->yawned = 1;
        b->count_from_us = now_us;
    }
    if (in->open < in->closed_below + HYSTERESIS)
        raise(b, now_us, o, who, events);
    else {
        b->rise_us = crossing(b, in->open, now_us, in->closed_below);
        b->lids = AF_LIDS_OPENING;
    }
}

static void while_opening(af_blink *b, const af_blink_input *in, const affect_time_options *o,
                          int64_t now_us, af_who who, af_events *events) {
    if (in->open >= LEAVE) {
        const int64_t end = crossing(b, in->open, now_us, LEAVE);
        const int64_t latest = b->rise_us + LID_TIME_US;
        finish(b, end < latest ? end : latest, in->frame_rate, o, who, events);
    } else if (in->open < in->closed_below) {
        if (now_us - b->rise_us <= FLICKER_US) {
            b->lids = AF_LIDS_CLOSED;
            while_closed(b, in, o, now_us, who, events);
        } else {
            finish(b, b->rise_us, in->frame_rate, o, who, events);
            begin(b, in, now_us);
            while_closed(b, in, o, now_us, who, events);
        }
    } else if (now_us - b->rise_us > LID_TIME_US) {
        finish(b, b->rise_us, in->frame_rate, o, who, events);
    }
}

/* Leaving the open state, and coming back without having closed. */
static void watch_fall(af_blink *b, float open, int64_t now_us) {
    if (open >= LEAVE) {
        b->falling = 0;
    } else if (!b->falling) {
        b->falling = 1;
        b->fall_us = b->last_open >= LEAVE ? crossing(b, open, now_us, LEAVE) : now_us;
    }
}

/* ------------------------------------------------------------------------------------- dips */

static void begin_dip(af_dip *d, int64_t now_us) {
    d->lasts = 1;
    d->start_us = now_us;
    d->least = d->level;
    d->confidence = 0;
    d->samples = d->moved = 0;
}

/* A dip that ended without the eyes having been closed. */
static void finish_dip(af_blink *b, const af_blink_input *in, int64_t now_us, af_who who,
                       af_events *events) {
    af_dip *d = &b->dip;
    d->lasts = 0;
    if (d->moved || d->samples < 2 || !stands_out(d, d->least, DIP_BLINK) ||
        !(in->frame_rate >= AF_BLINK_LEAST_RATE) || in->mouth_wide || too_soon(b, d->start_us))
        return;
    const float depth = d->level - d->least;
    b->start_us = d->start_us;
    b->least = d->least;
    b->least_us = now_us;
    b->samples = 1;
    b->confidence = d->confidence * af_clampf(depth / LEAST_DEPTH, 0, 1);
    count_blink(b, af_seconds(d->start_us, now_us), 0);
    remember(b, d->start_us, now_us);
    b->ended = AFFECT_EVENT_BLINK;
    report(b, AFFECT_EVENT_BLINK, d->start_us, now_us, 0, who, events);
}

/* Before the closures of this frame are followed: those that are ones are none of its. */
static void watch_dip(af_blink *b, const af_blink_input *in, int64_t now_us, af_who who,
                      af_events *events) {
    af_dip *d = &b->dip;
    const float dt = b->known ? af_seconds(b->last_us, now_us) : 0;
    if (!b->known || !d->known) {
        d->known = 1;
        d->lasts = 0;
        d->level = in->open;
        d->noise = d->noise > 0 ? d->noise : DIP / DIP_NOISE;
        return;
    }
    const float below = d->level - in->open;
    if (!d->lasts && below > DIP && below > DIP_NOISE * d->noise)
        begin_dip(d, now_us);
    if (!d->lasts) {
        const float off = below < 0 ? -below : below;
        d->level -= below * (dt / (dt + LEVEL_TAU));
        d->noise += (off - d->noise) * (dt / (dt + NOISE_TAU));
        return;
    }
    d->moved |= in->moving;
    if (in->open < d->least)
        d->least = in->open;
    if (in->open >= d->least + DIP_BACK * (d->level - d->least)) {
        finish_dip(b, in, now_us, who, events);
    } else if (now_us - d->start_us > DIP_LONGEST_US) {
        d->lasts = 0; /* lids that stay there have a new level */
        d->level = in->open;
    } else {
        d->samples++;
        d->confidence += (in->confidence - d->confidence) / (float)d->samples;
    }
}

void af_blink_close(af_blink *b, af_who who, af_events *events) {
    if (b->lids != AF_LIDS_OPEN && b->alarm) {
        const int64_t from = b->count_from_us > b->start_us ? b->count_from_us : b->start_us;
        const int64_t end = b->lids == AF_LIDS_OPENING ? b->rise_us : b->last_us;
        report(b, b->alarm, from, end, 0, who, events);
        remember(b, from, end);
        b->ended = b->alarm;
    }
    b->alarm = (affect_event_type)0;
    b->lids = AF_LIDS_OPEN;
    b->known = b->falling = b->dip.lasts = 0;
}

void af_blink_update(af_blink *b, const af_blink_input *in, const affect_time_options *o,
                     int64_t now_us, af_who who, af_events *events) {
    b->ended = (affect_event_type)0;
    if (af_is_nan(in->open)) {
        if (b->known && now_us - b->last_us > UNKNOWN_US)
            af_blink_close(b, who, events);
        return;
    }
    if (b->known && now_us - b->last_us > UNKNOWN_US && b->lids == AF_LIDS_OPEN)
        b->known = b->falling = 0;
    if (b->lids == AF_LIDS_OPEN)
        watch_dip(b, in, now_us, who, events);
    else
        b->dip.lasts = 0;
    if (b->lids == AF_LIDS_OPEN) {
        watch_fall(b, in->open, now_us);
        if (in->open < in->closed_below) {
            begin(b, in, now_us);
            while_closed(b, in, o, now_us, who, events);
        }
    } else if (b->lids == AF_LIDS_CLOSED) {
        while_closed(b, in, o, now_us, who, events);
        if (b->lids == AF_LIDS_OPENING)
            while_opening(b, in, o, now_us, who, events);
    } else {
        while_opening(b, in, o, now_us, who, events);
    }
    b->known = 1;
    b->last_open = in->open;
    b->last_us = now_us;
}

float af_blink_closed_for(const af_blink *b, int64_t now_us) {
    return b->lids == AF_LIDS_CLOSED ? af_seconds(b->start_us, now_us) : 0;
}
