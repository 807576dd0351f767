#include "time/attention.h"

#include "maths.h"

/* Straight ahead is known after so many seconds of looking, and learnt on for so long. */
#define KNOWN_AFTER 1.0f
#define LEARN_FOR 60.0f
/* Degrees a second by which a median moves at most, over the seconds that it was learnt from: the
 * more is known, the less it moves. */
#define SLOW 3.0f
/* What is looked at for so long while looking away, within so many degrees and longer than ahead
 * was, is straight ahead: a film may begin with a look to the side. */
#define OTHER_LEAST 6.0f
#define OTHER_NEAR 10.0f
/* Who has been out of the inner half of the zone for so many seconds looks elsewhere: that is no
 * part of what is learnt. Less may be noise. */
#define LOOK_SURE 0.3f
/* Directions farther than this from the median are looks away: they move it a tenth as fast. */
#define NEAR 12.0f
/* A head turned so much farther than the zone's half looks away whatever the eyes seem to do. */
#define HEAD_EXTRA 6.0f
/* Low-pass of directions: gaze of one frame is only good to some degrees. */
#define DIRECTION_TAU 0.1f
/* A direction is taken as unchanged so long when it is not seen (blinks, a lost face). */
#define HOLD_OPEN 0.4f
#define HOLD_LOST 5.0f
/* A face can be lost by turning away when the head was turned so far at last. */
#define LOST_YAW 35.0f
/* A look ends when the road has been looked at for so long. */
#define BACK 0.2f
/* A head so many degrees from where it was just before moves. */
#define HEAD_MOVES 4.0f
/* Longest step between frames whose time is counted. */
#define LONGEST_STEP 0.25f
/* Time constants of attention and engagement, seconds. */
#define ATTENTION_TAU 5.0f
#define ENGAGEMENT_TAU 2.0f

void af_attention_reset(af_attention *a) {
    const af_attention fresh = {.learning = 1, .on_road = 1, .engagement = af_nan()};
    *a = fresh;
}

static float magnitude(float x) {
    return x < 0 ? -x : x;
}

/* ---------------------------------------------------------------------------- straight ahead */

static int is_known(const af_centre *c) {
    return c->known >= KNOWN_AFTER;
}

/* A median by steps: each sample pulls by a bounded amount, so single looks do not count much. */
static float pull(float centre, float seen, float most, float slower) {
    const float off = seen - centre;
    const float step = magnitude(off) > NEAR ? most * slower : most;
    return centre + af_clampf(off, -step, step);
}

static void learn(af_centre *c, float yaw, float pitch, float dt) {
    if (af_is_nan(yaw) || af_is_nan(pitch) || c->known >= LEARN_FOR)
        return;
    const float step = dt > 0 ? dt : 1e-6f;
    if (is_known(c)) {
        const float most = SLOW / (1 + c->known) * dt;
        c->yaw = pull(c->yaw, yaw, most, 0.1f);
        c->pitch = pull(c->pitch, pitch, most, 0.1f);
    } else { /* a mean to begin with */
        const float share = step / ((c->known > 0 ? c->known : 0) + step);
        c->yaw += (yaw - c->yaw) * share;
        c->pitch += (pitch - c->pitch) * share;
    }
    c->known += step;
}

static int rests_at(const af_centre *c, const af_signals *s) {
    return c->known > 0 && magnitude(s->yaw - c->yaw) <= OTHER_NEAR &&
           magnitude(s->pitch - c->pitch) <= OTHER_NEAR;
}

static void swap(af_centre *a, af_centre *b) {
    const af_centre kept = *a;
    *a = *b;
    *b = kept;
}

/* While they look away: where to, and whether that is ahead rather than what was taken for it. */
static void learn_other(af_attention *a, const af_signals *s, float dt) {
    if (af_is_nan(s->yaw))
        return;
    if (!rests_at(&a->other_head, s)) {
        a->other_head.known -= dt;
        if (a->other_head.known > 0)
            return;
        a->other_head.known = a->other_gaze.known = 0;
    }
    learn(&a->other_head, s->yaw, s->pitch, dt);
    learn(&a->other_gaze, s->gaze_yaw, s->gaze_pitch, dt);
    if (a->other_head.known >= OTHER_LEAST && a->other_head.known > a->head.known) {
        swap(&a->head, &a->other_head);
        swap(&a->gaze, &a->other_gaze);
    }
}

static void learn_ahead(af_attention *a, const af_signals *s, float dt, int64_t now_us) {
    if (a->leaving && is_known(&a->head) && af_seconds(a->leave_us, now_us) > LOOK_SURE) {
        learn_other(a, s, dt);
        return;
    }
    learn(&a->head, s->yaw, s->pitch, dt);
    learn(&a->gaze, s->gaze_yaw, s->gaze_pitch, dt);
}

/* The given direction stands for head and eyes alike. */
static int given(const affect_time_options *o) {
    return !af_is_nan(o->forward_yaw) && !af_is_nan(o->forward_pitch);
}

static const af_centre *best_centre(const af_attention *a) {
    return is_known(&a->gaze) ? &a->gaze : is_known(&a->head) ? &a->head : NULL;
}

float af_attention_forward_yaw(const af_attention *a, const affect_time_options *o) {
    if (given(o))
        return o->forward_yaw;
    const af_centre *c = best_centre(a);
    return c ? c->yaw : af_nan();
}

float af_attention_forward_pitch(const af_attention *a, const affect_time_options *o) {
    if (given(o))
        return o->forward_pitch;
    const af_centre *c = best_centre(a);
    return c ? c->pitch : af_nan();
}

/* ------------------------------------------------------------------------------ directions */

/* One step of the low-pass of two angles, afresh after a pause. */
static void approach(float *yaw, float *pitch, float to_yaw, float to_pitch, float away) {
    const float share = away < 0.5f ? away / (away + DIRECTION_TAU) : 1;
    *yaw += (to_yaw - *yaw) * share;
    *pitch += (to_pitch - *pitch) * share;
}

static void follow(af_attention *a, float yaw, float pitch, int64_t now_us) {
    const float away = a->has_direction ? af_seconds(a->direction_us, now_us) : 1;
    approach(&a->yaw, &a->pitch, yaw, pitch, away);
    a->has_direction = 1;
    a->direction_us = now_us;
}

static void follow_head(af_attention *a, float yaw, float pitch, int64_t now_us) {
    const float away = a->has_head ? af_seconds(a->head_us, now_us) : 1;
    approach(&a->head_yaw, &a->head_pitch, yaw, pitch, away);
    a->has_head = 1;
    a->head_us = now_us;
}

/* Directions against straight ahead; 0 when nothing new is known. */
static int take_direction(af_attention *a, const af_signals *s, int closed,
                          const affect_time_options *o, int64_t now_us) {
    const int fixed = given(o);
    const float head_yaw = fixed ? o->forward_yaw : a->head.yaw;
    const float head_pitch = fixed ? o->forward_pitch : a->head.pitch;
    if (af_is_nan(s->yaw) || !(fixed || is_known(&a->head)))
        return 0;
    follow_head(a, s->yaw - head_yaw, s->pitch - head_pitch, now_us);
    if (!af_is_nan(s->gaze_yaw) && (fixed || is_known(&a->gaze)) && !closed) {
        follow(a, s->gaze_yaw - (fixed ? o->forward_yaw : a->gaze.yaw),
               s->gaze_pitch - (fixed ? o->forward_pitch : a->gaze.pitch), now_us);
        return 1;
    }
    /* Without eyes the head alone speaks; of a person whose eyes are closed only if it is turned
     * far away: who sleeps is not distracted. */
    if (closed && magnitude(a->head_yaw) <= o->forward_half_width + HEAD_EXTRA)
        return 0;
    follow(a, a->head_yaw, a->head_pitch, now_us);
    return 1;
}

/* Degrees below straight ahead, of head and eyes together: who looks into their lap lowers both,
 * and each of them alone is measured worse. */
static float degrees_down(const af_attention *a) {
    return -(a->pitch + a->head_pitch) / 2;
}

/* How far out the direction is: 1 on the zone's border, 0 straight ahead. The head's own zone is
 * wider, since eyes turn back. */
static float distance_out(const af_attention *a, const affect_time_options *o) {
    const float yaw = magnitude(a->yaw) / o->forward_half_width;
    const float pitch = magnitude(a->pitch) / o->forward_half_height;
    const float head_yaw = magnitude(a->head_yaw) / (o->forward_half_width + HEAD_EXTRA);
    const float head_pitch = magnitude(a->head_pitch) / (o->forward_half_height + HEAD_EXTRA);
    float most = yaw > pitch ? yaw : pitch;
    most = head_yaw > most ? head_yaw : most;
    most = head_pitch > most ? head_pitch : most;
    const float down = magnitude(a->head_yaw) > 45 ? 0 : degrees_down(a) / o->phone_pitch;
    return down > most ? down : most;
}

/* ----------------------------------------------------------------------------------- looks */

static float sum_of_looks(const af_attention *a, const affect_time_options *o, int64_t now_us) {
    const int64_t from = now_us - af_microseconds(o->short_window);
    const uint32_t kept = a->look_count < AF_LOOKS ? a->look_count : AF_LOOKS;
    int64_t sum = 0;
    for (uint32_t i = 0; i < kept; i++) {
        const int64_t start = a->looks[i].start_us > from ? a->looks[i].start_us : from;
        if (a->looks[i].end_us > start)
            sum += a->looks[i].end_us - start;
    }
    if (a->off)
        sum += now_us - (a->off_us > from ? a->off_us : from);
    return (float)sum * 1e-6f;
}

static void end_look(af_attention *a, int64_t end_us, af_who who, af_events *events) {
    if (!a->off)
        return;
    a->off = a->leaving = 0;
    a->looks[a->look_count % AF_LOOKS].start_us = a->off_us;
    a->looks[a->look_count++ % AF_LOOKS].end_us = end_us;
    if (a->long_raised)
        af_events_add(events, AFFECT_EVENT_LONG_DISTRACTION, who, a->off_us, end_us, 0,
                      a->off_sure);
    a->long_raised = 0;
}

/* Follows the distance from straight ahead with its two borders. */
static void follow_look(af_attention *a, float out, float sure, int64_t now_us, af_who who,
                        af_events *events) {
    if (out < 0.5f) {
        a->leaving = 0;
    } else if (!a->leaving) {
        a->leaving = 1;
        a->leave_us = now_us;
    }
    if (out > 1) {
        if (!a->off) {
            /* The eyes may have rested near the border for long: the look is younger. */
            const int64_t earliest = now_us - 300000;
            a->off = 1;
            a->off_us = a->leave_us > earliest ? a->leave_us : earliest;
            a->off_frames = 0;
            a->off_sure = 0;
        }
        a->off_seen_us = now_us;
        a->off_frames += a->off_frames < INT32_MAX;
        a->off_sure += (sure - a->off_sure) / (float)a->off_frames;
    } else if (a->off) {
        if (out >= 0.75f)
            a->off_seen_us = now_us;
        else if (af_seconds(a->off_seen_us, now_us) > BACK)
            end_look(a, a->off_seen_us, who, events);
    }
}

static void raise_looks(af_attention *a, const affect_time_options *o, int64_t now_us, af_who who,
                        af_events *events) {
    if (a->off && !a->long_raised && a->off_seen_us == now_us &&
        af_seconds(a->off_us, now_us) >= o->long_distraction) {
        a->long_raised = 1;
        af_events_add(events, AFFECT_EVENT_LONG_DISTRACTION, who, a->off_us, now_us, 1,
                      a->off_sure);
    }
    const float sum = sum_of_looks(a, o, now_us);
    if (!a->sum_raised && sum >= o->short_distraction) {
        a->sum_raised = 1;
        a->sum_start_us = now_us;
        af_events_add(events, AFFECT_EVENT_SHORT_DISTRACTIONS, who, now_us, now_us, 1, 1);
    } else if (a->sum_raised && !a->off && sum < 0.8f * o->short_distraction) {
        a->sum_raised = 0;
        af_events_add(events, AFFECT_EVENT_SHORT_DISTRACTIONS, who, a->sum_start_us, now_us, 0, 1);
    }
}

/* ------------------------------------------------------------------------------ phone looks */

/* From a half on: looks at lap or phone, well below straight ahead and not far to a side. */
static float looking_down(const af_attention *a, const affect_time_options *o) {
    return magnitude(a->head_yaw) > 45 ? 0
                                       : af_clampf(0.5f * degrees_down(a) / o->phone_pitch, 0, 1);
}

static void watch_phone(af_attention *a, int known, float sure, const affect_time_options *o,
                        int64_t now_us, af_who who, af_events *events) {
    if (known)
        a->down_now = looking_down(a, o);
    const int holds = !known ? -1 : a->down_now >= (a->down.holds ? 0.4f : 0.5f);
    const af_span_news news = af_span_update(&a->down, holds, now_us, o->phone_look, BACK);
    if (holds > 0)
        af_span_sure(&a->down, sure);
    const float confidence = af_span_confidence(&a->down);
    if (news == AF_SPAN_RAISED)
        af_events_add(events, AFFECT_EVENT_PHONE_LOOK, who, a->down.start_us, now_us, 1,
                      confidence);
    else if (news == AF_SPAN_ENDED)
        af_events_add(events, AFFECT_EVENT_PHONE_LOOK, who, a->down.start_us, a->down.seen_us, 0,
                      confidence);
}

/* ---------------------------------------------------------------------------------- updates */

/* Nothing seen of the direction: a look that lasts goes on for a while (a head turned so far that
 * the face is lost still looks away), then is ended where it was last seen. */
static void follow_blind(af_attention *a, const af_signals *s, int64_t now_us, af_who who,
                         af_events *events) {
    const int gone = !s->seen && magnitude(a->head_yaw) >= LOST_YAW;
    const float hold = gone ? HOLD_LOST : HOLD_OPEN;
    if (!a->off)
        return;
    if (a->has_direction && af_seconds(a->direction_us, now_us) <= hold) {
        if (gone)
            a->off_seen_us = now_us;
    } else {
        end_look(a, a->off_seen_us, who, events);
    }
}

static void follow_shares(af_attention *a, const af_signals *s, float dt) {
    a->on_road += ((a->off ? 0.0f : 1.0f) - a->on_road) * (dt / (dt + ATTENTION_TAU));
    if (af_is_nan(s->engaged))
        return;
    if (af_is_nan(a->engagement))
        a->engagement = s->engaged;
    a->engagement += (s->engaged - a->engagement) * (dt / (dt + ENGAGEMENT_TAU));
}

void af_attention_update(af_attention *a, const af_signals *s, int closed, int may_learn,
                         const affect_time_options *o, int64_t now_us, af_who who,
                         af_events *events) {
    float dt = a->started ? af_seconds(a->last_us, now_us) : 0;
    dt = dt < LONGEST_STEP ? dt : LONGEST_STEP;
    a->started = 1;
    a->last_us = now_us;
    if (a->learning && may_learn && !closed)
        learn_ahead(a, s, dt, now_us);
    const int known = take_direction(a, s, closed, o, now_us);
    if (known)
        follow_look(a, distance_out(a, o), s->sure, now_us, who, events);
    else
        follow_blind(a, s, now_us, who, events);
    raise_looks(a, o, now_us, who, events);
    watch_phone(a, known && !closed, s->sure, o, now_us, who, events);
    follow_shares(a, s, dt);
}

void af_attention_close(af_attention *a, int64_t now_us, af_who who, af_events *events) {
    end_look(a, a->off_seen_us, who, events);
    if (a->sum_raised)
        af_events_add(events, AFFECT_EVENT_SHORT_DISTRACTIONS, who, a->sum_start_us, now_us, 0, 1);
    a->sum_raised = 0;
    if (af_span_close(&a->down))
        af_events_add(events, AFFECT_EVENT_PHONE_LOOK, who, a->down.start_us, a->down.seen_us, 0,
                      af_span_confidence(&a->down));
    a->has_direction = a->has_head = 0;
}

int af_attention_head_moves(const af_attention *a, const af_signals *s,
                            const affect_time_options *o) {
    if (!a->has_head || af_is_nan(s->yaw))
        return 0;
    const float yaw = s->yaw - (given(o) ? o->forward_yaw : a->head.yaw) - a->head_yaw;
    const float pitch = s->pitch - (given(o) ? o->forward_pitch : a->head.pitch) - a->head_pitch;
    return magnitude(yaw) > HEAD_MOVES || magnitude(pitch) > HEAD_MOVES;
}

float af_attention_off_for(const af_attention *a, int64_t now_us) {
    if (a->off)
        return af_seconds(a->off_us, now_us);
    return a->has_direction ? 0 : af_nan();
}
