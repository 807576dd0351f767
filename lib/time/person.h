/* One tracked person's state machines, put together. */
#ifndef AF_TIME_PERSON_H
#define AF_TIME_PERSON_H

#include "time/attention.h"
#include "time/blink.h"
#include "time/drowsiness.h"
#include "time/mouth.h"

typedef struct af_person {
    af_blink blink;
    af_mouth mouth;
    af_attention attention;
    af_drowsiness drowsiness;
    af_span no_eyes, no_mouth;
    int64_t last_us;
    int32_t started;
    float smile;       /* low-passed, NaN unknown */
    int32_t smiles;    /* 1, 0, or -1: unknown */
    float smile_rest;  /* what the network says of this mouth at rest; NaN: not known yet */
    float size;        /* usual distance of the eyes, pixels; 0: not known yet */
    int64_t size_us;   /* when it was last about that */
    float eye_level;   /* usual openness of the more open eye; 0: not known yet */
    float mouth_width; /* usual width of the mouth, a slow median; 0: not known yet */
    float look_yaw;    /* of the eyes, or of the head where that is turned more; low-passed */
    /* For people together. */
    af_signals signals; /* of the last frame */
} af_person;

void af_person_reset(af_person *person);

/* One frame. frame_rate: NaN while it is not known. */
void af_person_update(af_person *person, const af_signals *signals, float frame_rate,
                      const affect_time_options *options, int64_t now_us, af_who who,
                      af_events *events);

/* Writes what is known into a face's state. */
void af_person_state(const af_person *person, float frame_rate, uint32_t degraded,
                     const affect_time_options *options, int64_t now_us,
                     affect_person_state *state);

/* Ends everything that is open. */
void af_person_close(af_person *person, int64_t now_us, af_who who, af_events *events);

/* AFFECT_BASELINE_SIZE bytes; 0 when nothing has been learnt. */
int af_person_save(const af_person *person, uint8_t blob[AFFECT_BASELINE_SIZE]);
/* 0 when these are no such bytes. */
int af_person_load(af_person *person, const uint8_t blob[AFFECT_BASELINE_SIZE]);

#endif
