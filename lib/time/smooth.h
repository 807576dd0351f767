/* A low-pass whose time constant shrinks with speed, so that what stands still does not jitter and
 * what moves does not lag (after Casiez et al., the 1-euro filter, 2012). */
#ifndef AF_TIME_SMOOTH_H
#define AF_TIME_SMOOTH_H

#include "common.h"

typedef struct af_smooth {
    float value, speed; /* value: NaN or never set: nothing yet, see `set` */
    int32_t set;
} af_smooth;

/* One step of `dt` seconds. tau: time constant at rest, seconds, 0: raw. fast: speed (units a
 * second) at which the time constant is halved. An unknown (NaN) goes through and clears. */
float af_smooth_step(af_smooth *s, float value, float dt, float tau, float fast);

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

/* Smooths points, box and angles of a face in place. Lids keep their shape of this frame (they move
 * with their corners), openness is not touched: a blink does not lag. */
void af_smooth_face(af_face_smooth *s, affect_face *face, float dt, float tau);

#endif
