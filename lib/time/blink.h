/* When eyes close and open again: blinks, long closures, and the alarms of closures that last. */
#ifndef AF_TIME_BLINK_H
#define AF_TIME_BLINK_H

#include "time/events.h"

/* Closures that are remembered: two a second over the last minute. */
enum { AF_CLOSURES = 128 };

typedef struct af_closure {
    int64_t start_us, end_us;
} af_closure;

typedef enum af_lids { AF_LIDS_OPEN, AF_LIDS_CLOSED, AF_LIDS_OPENING } af_lids;

/* Short dips of the openness that do not reach the level of closed eyes: behind glasses or in poor
 * light a blink may be no more. */
typedef struct af_dip {
    float level, noise; /* openness outside of dips and its mean distance from that */
    int32_t known;      /* level holds */
    int32_t lasts;
    int64_t start_us;
    float least, confidence; /* in the dip; mean confidence of its `samples` */
    int32_t samples;
    int32_t moved; /* the head did meanwhile, or looked down */
} af_dip;

typedef struct af_blink {
    af_lids lids;
    int32_t known;   /* a sample came before and is not too old */
    float last_open; /* that sample */
    int64_t last_us;
    int64_t
        fall_us; /* when the lids last left the open state; before `half_us` by 0.25 s at most */
    int32_t falling;  /* fall_us holds */
    int64_t half_us;  /* when they crossed the level of closed eyes */
    int64_t start_us; /* of the closure */
    int64_t rise_us;  /* when they crossed it upwards */
    int64_t least_us; /* when they were closed most */
    float least;
    float confidence; /* sum, of `samples` */
    int32_t samples;
    int64_t count_from_us; /* alarms count from here: the start, or the end of a yawn within */
    int32_t yawned;        /* a yawn closed them */
    af_dip dip;
    affect_event_type alarm;          /* raised for this closure; 0: none */
    uint32_t count;                   /* blinks since the track began */
    float duration, amplitude, speed; /* of the last blink; NaN before */
    affect_event_type ended;          /* what ended in this frame; 0: nothing */
    af_closure closures[AF_CLOSURES]; /* newest at (closure_count - 1) % AF_CLOSURES */
    uint32_t closure_count;
} af_blink;

/* What one frame says. */
typedef struct af_blink_input {
    float open;         /* over the person's own baseline: 1 as usual; NaN: unknown */
    float confidence;   /* 0..1 */
    float closed_below; /* of `open` */
    int32_t mouth_wide; /* the person yawns: closed eyes belong to that */
    int32_t moving;     /* the head moves or looks down: lids seem to */
    float frame_rate;   /* frames a second; NaN: unknown */
} af_blink_input;

/* Blinks are counted from this frame rate on; closing speed from the other. */
#define AF_BLINK_LEAST_RATE 14.5f
#define AF_SPEED_LEAST_RATE 55.0f

void af_blink_reset(af_blink *blink);

void af_blink_update(af_blink *blink, const af_blink_input *in, const affect_time_options *options,
                     int64_t now_us, af_who who, af_events *events);

/* The track ends or the time jumps: ends what is open, at the last sample. */
void af_blink_close(af_blink *blink, af_who who, af_events *events);

/* Seconds for which the eyes have been closed; 0: they are open or unknown. */
float af_blink_closed_for(const af_blink *blink, int64_t now_us);

#endif
