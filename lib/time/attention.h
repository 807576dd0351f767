/* Where a person looks over time: straight ahead is learnt, looks away are timed. */
#ifndef AF_TIME_ATTENTION_H
#define AF_TIME_ATTENTION_H

#include "time/events.h"
#include "time/signals.h"

/* Looks off the road that are remembered; more in half a minute do not matter. */
enum { AF_LOOKS = 64 };

/* A direction that is learnt: the median of what was seen. */
typedef struct af_centre {
    float yaw, pitch; /* degrees */
    float known;      /* seconds it was learnt from; 0: nothing */
} af_centre;

typedef struct af_attention {
    af_centre head, gaze;
    af_centre other_head,
        other_gaze;   /* where they rest while they look away: may be ahead instead */
    int32_t learning; /* 0: what was loaded or learnt is kept */
    int64_t last_us;  /* of the last update */
    int32_t started;
    /* The last known directions against straight ahead, and when. */
    float yaw, pitch, head_yaw, head_pitch;
    int64_t direction_us, head_us;
    int32_t has_direction, has_head;
    /* The look off the road that lasts. */
    int32_t off;
    int64_t leave_us; /* when the direction left the inner half of the zone */
    int32_t leaving;
    int64_t off_us; /* start of the look */
    int64_t off_seen_us;
    float off_sure; /* mean certainty of its frames, of `off_frames` */
    int32_t off_frames;
    int32_t long_raised;
    int32_t sum_raised;
    int64_t sum_start_us;
    struct {
        int64_t start_us, end_us;
    } looks[AF_LOOKS];
    uint32_t look_count;
    af_span down; /* phone look */
    float down_now;
    float on_road; /* share of recent time, 0..1 */
    float engagement;
} af_attention;

void af_attention_reset(af_attention *attention);

/* closed: eyes are closed, so gaze says nothing and no look begins. learn: 0 while drowsy. */
void af_attention_update(af_attention *attention, const af_signals *signals, int closed, int learn,
                         const affect_time_options *options, int64_t now_us, af_who who,
                         af_events *events);

void af_attention_close(af_attention *attention, int64_t now_us, af_who who, af_events *events);

/* Whether the head is away from where it was on average in the last tenth of a second. */
int af_attention_head_moves(const af_attention *attention, const af_signals *signals,
                            const affect_time_options *options);

/* Seconds since the gaze left the road; 0: inside; NaN: straight ahead is not known yet. */
float af_attention_off_for(const af_attention *attention, int64_t now_us);

/* Straight ahead: given, or learnt; NaN: not known yet. */
float af_attention_forward_yaw(const af_attention *attention, const affect_time_options *options);
float af_attention_forward_pitch(const af_attention *attention, const affect_time_options *options);

#endif
