/* How drowsy somebody is: closures, yawns and nods of the last minutes put together. */
#ifndef AF_TIME_DROWSINESS_H
#define AF_TIME_DROWSINESS_H

#include "time/blink.h"
#include "time/mouth.h"

/* The window of PERCLOS in bins. */
enum { AF_PERCLOS_BINS = 60 };

/* Usual openness: a histogram of open eyes. */
enum { AF_OPEN_BINS = 32 };

typedef struct af_drowsiness {
    int64_t begin_us; /* of the bins */
    int64_t last_us;
    int32_t started;
    int64_t bin; /* the newest */
    struct {
        float open, closed, unknown; /* seconds */
    } bins[AF_PERCLOS_BINS];
    /* Usual openness. */
    uint32_t histogram[AF_OPEN_BINS];
    float learnt; /* seconds that went into it */
    float baseline;
    int32_t loaded; /* it was given and is kept */
    /* Nods: the head sinks while the eyes are closed. */
    float pitch_open; /* low-passed pitch while the eyes are open */
    float pitch_least;
    int32_t nodding, has_pitch;
    int64_t nods[16];
    uint32_t nod_count;
    /* The level. */
    float level; /* 0..1 */
    int32_t stage;
    uint32_t evidence;
    int32_t raised;
    int64_t raised_us;
    float perclos, unknown, mean_closure, blink_rate;
    float seconds_known; /* of the window */
} af_drowsiness;

void af_drowsiness_reset(af_drowsiness *drowsiness);

/* The openness over this person's usual one; learns while the person is alert. NaN stays. */
float af_drowsiness_openness(af_drowsiness *drowsiness, float open, float dt);

/* After blink and mouth were updated. open: as the closure machine got it; pitch: of the head. */
void af_drowsiness_update(af_drowsiness *drowsiness, const af_blink *blink, const af_mouth *mouth,
                          float open, float pitch, const affect_time_options *options,
                          int64_t now_us, af_who who, af_events *events);

/* 0: the eyes were unknown for most of the window and nothing else says that they are drowsy, so
 * that "alert" would be a guess. */
int af_drowsiness_measured(const af_drowsiness *drowsiness);

void af_drowsiness_close(af_drowsiness *drowsiness, int64_t now_us, af_who who, af_events *events);

#endif
