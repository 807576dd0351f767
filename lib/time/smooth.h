/* A low-pass whose time constant shrinks with speed, so that what stands still does not jitter and
 * what moves does not lag (after Casiez et al., the 1-euro filter, 2012). */
#ifndef AF_TIME_SMOOTH_H
#define AF_TIME_SMOOTH_H

#include "common.h"

typedef struct af_smooth {
    float value, speed; /* value: NaN or never set: nothing yet, see `set` */
    int32_t set;
} af_smooth;

/* How a kind of number is smoothed. */
typedef struct af_smoothing {
    float tau;  /* time constant at rest, seconds; 0: raw */
    float fast; /* speed, units a second, that halves it */
    float lag;  /* the result is never farther than this from the value */
} af_smoothing;

/* One step of `dt` seconds. An unknown (NaN) goes through and clears. */
float af_smooth_step(af_smooth *s, float value, float dt, const af_smoothing *how);

/* Share of a new value in a plain low-pass: 1 - exp(-dt / tau), nearly; 1 for tau 0. */
float af_smooth_share(float dt, float tau);

/* What of a face is smoothed. */
typedef struct af_face_smooth {
    af_smooth landmarks[2 * AFFECT_LANDMARK_COUNT];
    af_smooth points[10];
    af_smooth box[4];
    af_smooth angles[3];
    af_smooth gaze[6]; /* person, right eye, left eye: yaw, pitch */
} af_face_smooth;

/* Smooths points, box and angles of a face in place. Lids move with their corners and lag by no
 * more than a hundredth of the eyes' distance, openness is not touched: a blink does not lag. */
void af_smooth_face(af_face_smooth *s, affect_face *face, float dt, float tau);

#endif
