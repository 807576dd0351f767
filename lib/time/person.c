#include "time/person.h"

#include <string.h>

#include "maths.h"

/* Looking down lowers the lid: the level of closed eyes sinks by so much of itself, from half the
 * angle of a phone look on to all of it. */
#define DOWN_LOWERS 0.4f
/* The more open eye is sure from here on, and when it has so much of the other's confidence; more
 * to end a closure: lids do not part company. */
#define LEAST_EYE 0.5f
#define LEAST_OF_OTHER_EYE 0.7f
#define LEAST_TO_OPEN 0.95f
/* The other is closed for certain, and this one has less of its confidence. */
#define CERTAIN_EYE 0.85f
#define LEAST_BY_CERTAIN_EYE 0.5f
/* Lids go together: when one eye is closed, and this one has come down from its usual level by so
 * much, then it is closed as well, and hair, glare or glasses open it. A wink moves it less. */
#define OTHER_CLOSED 0.3f
#define COMES_DOWN 0.06f
/* The usual level follows upward fast, downward slowly, in seconds, and not while eyes are closed. */
#define LEVEL_UP_TAU 0.2f
#define LEVEL_DOWN_TAU 2.0f
/* Faces do not shrink or grow by this factor at once: then landmarks lie on something else, which
 * says nothing of the person. Longer than so long, and the face is of that size. */
#define SIZE_LEAP 1.5f
#define SIZE_TAU 1.0f
#define SIZE_ANEW_US 4000000
#define SMILE_TAU 0.15f
#define LOOK_TAU 0.2f
/* A mouth that is so much wider than usual smiles: not at all, and surely. Turned faces smile in
 * their landmarks more clearly than to the expression network. */
#define WIDER_NONE 1.08f
#define WIDER_ALL 1.28f
/* The usual width moves so much a second at most. */
#define WIDTH_STEP 0.015f
/* Mouths at rest differ, and turned ones smile in smaller numbers: a smile is what exceeds this
 * person's rest, all of it from so much on. Rest is taken to be low, falls with a time constant in
 * seconds, and rises by so much a second. */
#define SMILE_ALL 0.5f
#define REST_FIRST 0.1f
#define REST_MOST 0.4f
#define REST_TAU 1.0f
#define REST_RISE 0.01f
/* A smile begins and ends. */
#define SMILE_FROM 0.5f
#define SMILE_TO 0.35f
/* Eyes or mouth hidden for so long are said to be. */
#define HIDDEN 2.0f

void af_person_reset(af_person *p) {
    memset(p, 0, sizeof *p);
    af_blink_reset(&p->blink);
    af_mouth_reset(&p->mouth);
    af_attention_reset(&p->attention);
    af_drowsiness_reset(&p->drowsiness);
    af_signals_unknown(&p->signals);
    p->smile = p->smile_rest = p->look_yaw = af_nan();
    p->smiles = -1;
}

/* Eyes that look down are half closed and yet awake. The last known gaze counts: closed eyes have
 * none. */
static float closed_level(const af_person *p, const affect_time_options *o) {
    if (!p->attention.has_direction)
        return o->closed_below;
    const float down = af_clampf(4 * p->attention.down_now - 1, 0, 1);
    return o->closed_below * (1 - DOWN_LOWERS * down);
}

static int looks_down(const af_person *p) {
    return p->attention.has_direction && p->attention.down_now >= 0.2f;
}

static void follow_level(af_person *p, const af_signals *s, float dt) {
    if (af_is_nan(s->open) || p->blink.lids != AF_LIDS_OPEN)
        return;
    if (p->eye_level <= 0)
        p->eye_level = s->open;
    const float tau = s->open > p->eye_level ? LEVEL_UP_TAU : LEVEL_DOWN_TAU;
    p->eye_level += (s->open - p->eye_level) * (dt / (dt + tau));
}

static int comes_down_with_other(const af_person *p, const af_signals *s) {
    return s->other_open < OTHER_CLOSED && s->other_confidence >= LEAST_EYE &&
           p->eye_level - s->open >= COMES_DOWN && !looks_down(p);
}

/* The more open eye decides, if it is sure, also against the other, unless both come down; else
 * both, each weighed by how sure it is. Half closed eyes that look down are never sure: there the more open one stays, unless
 * the other is closed for certain (hair and glare hide one eye). */
static float open_of(const af_person *p, const af_signals *s) {
    if (comes_down_with_other(p, s))
        return s->other_open;
    const float share = p->blink.lids == AF_LIDS_OPEN ? LEAST_OF_OTHER_EYE : LEAST_TO_OPEN;
    const int sure =
        s->eye_confidence >= LEAST_EYE && s->eye_confidence >= share * s->other_confidence;
    if (s->other_confidence >= CERTAIN_EYE &&
        s->eye_confidence < LEAST_BY_CERTAIN_EYE * s->other_confidence)
        return s->open_mean;
    return sure || looks_down(p) ? s->open : s->open_mean;
}

static void update_hidden(af_person *p, const af_signals *s, int64_t now_us) {
    (void)af_span_update(&p->no_eyes, s->seen ? s->no_eyes : -1, now_us, HIDDEN, HIDDEN);
    (void)af_span_update(&p->no_mouth, s->seen ? s->no_mouth : -1, now_us, HIDDEN, HIDDEN);
}

static void low_pass(float *value, float now, float dt, float tau) {
    if (af_is_nan(now) || af_is_nan(*value))
        *value = now;
    else
        *value += (now - *value) * (dt / (dt + tau));
}

/* The network's smile over what it says of this mouth at rest. */
static float over_rest(af_person *p, float smile, float dt) {
    if (af_is_nan(p->smile_rest))
        p->smile_rest = smile < REST_FIRST ? smile : REST_FIRST;
    if (smile < p->smile_rest)
        p->smile_rest += (smile - p->smile_rest) * (dt / (dt + REST_TAU));
    else if (p->smile_rest < REST_MOST)
        p->smile_rest += af_clampf(smile - p->smile_rest, 0, REST_RISE * dt);
    return af_clampf((smile - p->smile_rest) / SMILE_ALL, 0, 1);
}

/* That, or the mouth's widening where it says more. */
static float smile_of(af_person *p, const af_signals *s, float dt) {
    if (af_is_nan(s->smile))
        return s->smile;
    const float network = over_rest(p, s->smile, dt);
    if (af_is_nan(s->mouth))
        return network;
    if (p->mouth_width <= 0)
        p->mouth_width = s->mouth;
    p->mouth_width += af_clampf(s->mouth - p->mouth_width, -WIDTH_STEP * dt, WIDTH_STEP * dt);
    const float wider = s->mouth / p->mouth_width;
    const float smile = af_clampf((wider - WIDER_NONE) / (WIDER_ALL - WIDER_NONE), 0, 1);
    return smile > network ? smile : network;
}

static void update_smile(af_person *p, const af_signals *s, float dt) {
    low_pass(&p->smile, smile_of(p, s, dt), dt, SMILE_TAU);
    p->smiles = af_is_nan(p->smile) ? -1 : p->smile >= (p->smiles > 0 ? SMILE_TO : SMILE_FROM);
}

/* Eyes lead; where they are unknown or lag behind the head, the head. */
static float look_of(const af_signals *s) {
    const float gaze = af_is_nan(s->gaze_yaw) ? s->yaw : s->gaze_yaw;
    if (s->yaw >= 0)
        return gaze > s->yaw ? gaze : s->yaw;
    return gaze < s->yaw ? gaze : s->yaw;
}

/* Whether a face of this size can be the person's. */
static int size_fits(af_person *p, const af_signals *s, float dt, int64_t now_us) {
    if (af_is_nan(s->size))
        return 1;
    if (p->size <= 0 || now_us - p->size_us > SIZE_ANEW_US)
        p->size = s->size;
    else if (s->size > p->size * SIZE_LEAP || p->size > s->size * SIZE_LEAP)
        return 0;
    p->size += (s->size - p->size) * (dt / (dt + SIZE_TAU));
    p->size_us = now_us;
    return 1;
}

void af_person_update(af_person *p, const af_signals *signals, float frame_rate,
                      const affect_time_options *o, int64_t now_us, af_who who, af_events *events) {
    const float dt = p->started ? af_seconds(p->last_us, now_us) : 0;
    p->started = 1;
    p->last_us = now_us;
    p->signals = *signals;
    if (!size_fits(p, signals, dt, now_us))
        af_signals_unknown(&p->signals);
    const af_signals *const s = &p->signals;
    af_mouth_update(&p->mouth, s->jaw, s->smile, o, now_us, who, events);
    follow_level(p, s, dt);
    const af_blink_input in = {
        .open = af_drowsiness_openness(&p->drowsiness, open_of(p, s), dt),
        .confidence = s->eye_confidence,
        .closed_below = closed_level(p, o),
        .mouth_wide = p->mouth.known && p->mouth.wide,
        .moving = looks_down(p) || af_attention_head_moves(&p->attention, s, o),
        .frame_rate = frame_rate,
    };
    af_blink_update(&p->blink, &in, o, now_us, who, events);
    const int closed = p->blink.lids != AF_LIDS_OPEN;
    af_attention_update(&p->attention, s, closed, p->drowsiness.stage == AFFECT_ALERT, o, now_us,
                        who, events);
    af_drowsiness_update(&p->drowsiness, &p->blink, &p->mouth, s->open, s->pitch, o, now_us, who,
                         events);
    update_hidden(p, s, now_us);
    update_smile(p, s, dt);
    low_pass(&p->look_yaw, look_of(s), dt, LOOK_TAU);
}

static void eye_state(const af_person *p, float rate, int64_t now_us, affect_person_state *state) {
    const int can_blink = rate >= AF_BLINK_LEAST_RATE;
    state->blink_count = p->blink.count;
    state->blink_rate = can_blink ? p->drowsiness.blink_rate : af_nan();
    state->blink_duration = p->blink.duration;
    state->blink_amplitude = p->blink.amplitude;
    state->closing_speed = p->blink.speed;
    state->perclos = p->drowsiness.perclos;
    state->perclos_unknown = p->drowsiness.unknown;
    state->mean_closure = p->drowsiness.mean_closure;
    state->open_baseline = p->drowsiness.baseline;
    state->eyes_closed = p->blink.known ? af_blink_closed_for(&p->blink, now_us) : af_nan();
}

void af_person_state(const af_person *p, float rate, uint32_t degraded,
                     const affect_time_options *o, int64_t now_us, affect_person_state *state) {
    eye_state(p, rate, now_us, state);
    state->yawn_count = p->mouth.count;
    state->yawn_rate =
        p->no_mouth.raised ? af_nan() : (float)af_mouth_yawns(&p->mouth, now_us, 300) / 5;
    state->talking = p->mouth.talking;
    state->smiling = p->smile;
    const int alert = p->drowsiness.stage == AFFECT_ALERT;
    const int measured = af_drowsiness_measured(&p->drowsiness) && !(alert && p->no_eyes.raised);
    state->drowsiness = measured ? p->drowsiness.level : af_nan();
    state->drowsiness_stage = measured ? p->drowsiness.stage : -1;
    state->evidence = p->drowsiness.evidence;
    state->nod_count = p->drowsiness.nod_count;
    state->eyes_off_road = af_attention_off_for(&p->attention, now_us);
    state->attention = p->attention.has_direction ? p->attention.on_road : af_nan();
    state->looking_down = p->attention.has_direction ? p->attention.down_now : af_nan();
    state->engagement = p->attention.engagement;
    state->forward_yaw = af_attention_forward_yaw(&p->attention, o);
    state->forward_pitch = af_attention_forward_pitch(&p->attention, o);
    if (p->no_eyes.raised)
        degraded |= AFFECT_DEGRADED_EYES_HIDDEN;
    if (p->no_mouth.raised)
        degraded |= AFFECT_DEGRADED_MOUTH_HIDDEN;
    state->degraded = degraded;
}

void af_person_close(af_person *p, int64_t now_us, af_who who, af_events *events) {
    af_blink_close(&p->blink, who, events);
    af_mouth_close(&p->mouth, who, events);
    af_attention_close(&p->attention, now_us, who, events);
    af_drowsiness_close(&p->drowsiness, now_us, who, events);
}

/* ----------------------------------------------------------------------------------- baseline */

/* "AFB1", six values as little-endian int32 in units of 1/65536, a sum over all before. */
enum { BLOB_VALUES = 6, BLOB_SUM = 28 };
static const uint8_t magic[4] = {'A', 'F', 'B', '1'};

static void put32(uint8_t *to, uint32_t value) {
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(value >> (8 * i));
}

static uint32_t get32(const uint8_t *from) {
    return (uint32_t)from[0] | (uint32_t)from[1] << 8 | (uint32_t)from[2] << 16 |
           (uint32_t)from[3] << 24;
}

/* FNV-1a. */
static uint32_t sum_of(const uint8_t *bytes) {
    uint32_t sum = 2166136261u;
    for (int i = 0; i < BLOB_SUM; i++)
        sum = (sum ^ bytes[i]) * 16777619u;
    return sum;
}

/* A gaze that was never learnt is written as the head's direction. */
int af_person_save(const af_person *p, uint8_t blob[AFFECT_BASELINE_SIZE]) {
    const af_attention *a = &p->attention;
    if (p->drowsiness.learnt <= 0 && !p->drowsiness.loaded)
        return 0;
    const int gaze = a->gaze.known > 0;
    const float known = a->head.known < 60 ? a->head.known : 60;
    const float values[BLOB_VALUES] = {p->drowsiness.baseline,
                                       a->head.yaw,
                                       a->head.pitch,
                                       gaze ? a->gaze.yaw : a->head.yaw,
                                       gaze ? a->gaze.pitch : a->head.pitch,
                                       known};
    memcpy(blob, magic, sizeof magic);
    for (int i = 0; i < BLOB_VALUES; i++)
        put32(blob + 4 + 4 * i, (uint32_t)(int32_t)(af_clampf(values[i], -180, 180) * 65536));
    put32(blob + BLOB_SUM, sum_of(blob));
    return 1;
}

int af_person_load(af_person *p, const uint8_t blob[AFFECT_BASELINE_SIZE]) {
    if (memcmp(blob, magic, sizeof magic) != 0 || get32(blob + BLOB_SUM) != sum_of(blob))
        return 0;
    float values[BLOB_VALUES];
    for (int i = 0; i < BLOB_VALUES; i++) {
        const int64_t wide = (int64_t)(get32(blob + 4 + 4 * i) ^ 0x80000000u) - 0x80000000LL;
        values[i] = (float)wide / 65536;
        if (!(values[i] >= -180 && values[i] <= 180))
            return 0;
    }
    if (!(values[0] >= 0.3f && values[0] <= 1.2f) || values[5] < 0)
        return 0;
    p->drowsiness.baseline = values[0];
    p->drowsiness.loaded = 1;
    af_attention *a = &p->attention;
    a->head.yaw = values[1];
    a->head.pitch = values[2];
    a->gaze.yaw = values[3];
    a->gaze.pitch = values[4];
    a->head.known = a->gaze.known = values[5];
    a->learning = values[5] < 10; /* too short a look is learnt on */
    return 1;
}
