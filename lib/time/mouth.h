/* What a mouth does over time: yawns, speech, smiles. */
#ifndef AF_TIME_MOUTH_H
#define AF_TIME_MOUTH_H

#include "time/events.h"

/* Yawns that are remembered: more in five minutes are counted as so many. */
enum { AF_YAWNS = 32 };

typedef struct af_mouth {
    int32_t known;
    int64_t last_us;
    float jaw, smile;   /* low-passed */
    float mean, spread; /* of the jaw over the last second: mean and mean square about it */
    int64_t rise_us;    /* when the mouth began to open */
    int64_t wide_us;    /* when it was wide */
    int32_t rising, wide, raised;
    float jaw_sum, smile_sum, time_sum; /* while wide */
    float moves;                        /* way of the jaw, up and down, while wide */
    uint32_t count;
    int64_t yawns[AF_YAWNS]; /* ends */
    float talking;           /* 0..1, NaN unknown */
} af_mouth;

void af_mouth_reset(af_mouth *mouth);

/* jaw and smile 0..1, NaN: unknown. */
void af_mouth_update(af_mouth *mouth, float jaw, float smile, const affect_time_options *options,
                     int64_t now_us, af_who who, af_events *events);

void af_mouth_close(af_mouth *mouth, af_who who, af_events *events);

/* Yawns that ended within the last `seconds`. */
uint32_t af_mouth_yawns(const af_mouth *mouth, int64_t now_us, float seconds);

#endif
