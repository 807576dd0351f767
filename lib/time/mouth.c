#include "time/mouth.h"

#include "maths.h"

/* The mouth begins to open, is wide, and is no longer wide. */
#define RISE 0.2f
#define WIDE 0.45f
#define NARROW 0.35f
/* On average over its length a yawn is at least so wide, and moves less, up and down a second, than
 * speech: 0.14 to 0.25 against 0.56 and more in the clips of docs/time.md. */
#define YAWN_MEAN 0.47f
#define SPEECH_MOVES 0.4f
/* A smile that wide is a laugh, but for one that is held longer and stiller than laughter. */
#define LAUGH_SMILE 0.45f
#define LAUGH_SECONDS 2.5f
#define LAUGH_MOVES 0.25f
/* Low-pass of the signals, and window of the speech measure, in seconds. */
#define TAU 0.08f
#define TALK_TAU 0.6f
/* Standard deviation of the jaw: none while silent, all while speaking. */
#define TALK_NONE 0.04f
#define TALK_ALL 0.12f
/* Unknown for longer: a yawn ends there. */
#define UNKNOWN_US 500000

void af_mouth_reset(af_mouth *m) {
    const af_mouth fresh = {.talking = af_nan()};
    *m = fresh;
}

static float share_of(float dt, float tau) {
    return dt / (dt + tau);
}

static void end_wide(af_mouth *m, int64_t end_us, af_who who, af_events *events) {
    if (m->raised) {
        const float mean = m->time_sum > 0 ? m->jaw_sum / m->time_sum : 0;
        af_events_add(events, AFFECT_EVENT_YAWN, who, m->rise_us, end_us, 0, mean);
        m->yawns[m->count++ % AF_YAWNS] = end_us;
    }
    m->wide = m->raised = 0;
}

/* Whether the mouth has been wide as in a yawn, not as in speech or laughter. */
static int yawns(const af_mouth *m, float wide_seconds, float least_seconds) {
    if (wide_seconds < least_seconds || m->jaw_sum < YAWN_MEAN * m->time_sum ||
        m->moves > SPEECH_MOVES * m->time_sum)
        return 0;
    return m->smile_sum <= LAUGH_SMILE * m->time_sum ||
           (wide_seconds >= LAUGH_SECONDS && m->moves <= LAUGH_MOVES * m->time_sum);
}

/* before: the jaw a frame ago. */
static void watch_yawn(af_mouth *m, float before, float dt, const affect_time_options *o,
                       int64_t now_us, af_who who, af_events *events) {
    if (m->jaw < RISE) {
        m->rising = 0;
    } else if (!m->rising) {
        m->rising = 1;
        m->rise_us = now_us;
    }
    if (!m->wide && m->jaw >= WIDE) {
        m->wide = 1;
        m->wide_us = now_us;
        /* A mouth that was ajar for long did not begin to yawn then. */
        if (now_us - m->rise_us > 1000000)
            m->rise_us = now_us;
        m->jaw_sum = m->smile_sum = m->time_sum = m->moves = 0;
        before = m->jaw;
    } else if (m->wide && m->jaw < NARROW) {
        end_wide(m, now_us, who, events);
    }
    if (!m->wide)
        return;
    m->jaw_sum += m->jaw * dt;
    m->smile_sum += m->smile * dt;
    m->time_sum += dt;
    m->moves += m->jaw > before ? m->jaw - before : before - m->jaw;
    if (!m->raised)
        m->raised = yawns(m, af_seconds(m->wide_us, now_us), o->yawn);
}

static void watch_speech(af_mouth *m, float jaw, float dt) {
    const float share = share_of(dt, TALK_TAU), off = jaw - m->mean;
    m->mean += off * share;
    m->spread += (off * off - m->spread) * share;
    const float deviation = af_sqrt(m->spread);
    const float talk = af_clampf((deviation - TALK_NONE) / (TALK_ALL - TALK_NONE), 0, 1);
    const int yawning = m->raised || (m->wide && m->time_sum > 0.8f && m->jaw > 0.7f);
    m->talking = yawning ? 0 : talk;
}

void af_mouth_update(af_mouth *m, float jaw, float smile, const affect_time_options *o,
                     int64_t now_us, af_who who, af_events *events) {
    if (af_is_nan(jaw)) {
        if (m->known && now_us - m->last_us > UNKNOWN_US)
            af_mouth_close(m, who, events);
        return;
    }
    if (!m->known) {
        m->jaw = m->mean = jaw;
        m->smile = af_is_nan(smile) ? 0 : smile;
        m->spread = 0;
        m->last_us = now_us;
        m->known = 1;
    }
    const float dt = af_seconds(m->last_us, now_us);
    m->last_us = now_us;
    const float before = m->jaw;
    m->jaw += (jaw - m->jaw) * share_of(dt, TAU);
    if (!af_is_nan(smile))
        m->smile += (smile - m->smile) * share_of(dt, TAU);
    watch_yawn(m, before, dt, o, now_us, who, events);
    watch_speech(m, jaw, dt);
}

void af_mouth_close(af_mouth *m, af_who who, af_events *events) {
    if (m->known)
        end_wide(m, m->last_us, who, events);
    m->known = m->rising = 0;
    m->talking = af_nan();
}

uint32_t af_mouth_yawns(const af_mouth *m, int64_t now_us, float seconds) {
    const uint32_t kept = m->count < AF_YAWNS ? m->count : AF_YAWNS;
    uint32_t within = 0;
    for (uint32_t i = 0; i < kept; i++)
        within += now_us - m->yawns[i] <= af_microseconds(seconds);
    return within;
}
