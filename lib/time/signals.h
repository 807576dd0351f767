/* What the state machines see of one face in one frame: a few numbers, NaN where unknown. Nothing
 * here is smoothed. */
#ifndef AF_TIME_SIGNALS_H
#define AF_TIME_SIGNALS_H

#include "common.h"

typedef struct af_signals {
    int32_t seen;           /* a face is there and its landmarks hold */
    float open;             /* 0..1: of the eye that is more open, see af_signals_of_face */
    float open_mean;        /* of both eyes, each weighed by how sure it is */
    float eye_confidence;   /* 0..1 of `open` */
    float other_open;       /* of the eye that is less open; NaN: it is not used */
    float other_confidence; /* 0: it is not used */
    float yaw, pitch, roll; /* head */
    float gaze_yaw, gaze_pitch;
    float sure;      /* 0..1: how well head and face are seen */
    float jaw;       /* 0..1: how wide the mouth is open */
    float smile;     /* 0..1 */
    float mouth;     /* width of the mouth over the eyes' distance */
    float engaged;   /* 0..1: how far from a face at rest */
    float x, y;      /* middle of the face, pixels */
    float size;      /* distance of the outer eye corners as if seen from in front, pixels */
    int32_t no_eyes; /* the face is turned to the camera, but no eye can be read */
    int32_t no_mouth;
} af_signals;

/* From what was read, before hiding and smoothing. `expressions` says whether the 20 expressions
 * were read; without them mouth and smile come from the landmarks. */
void af_signals_of_face(af_signals *signals, const affect_face *face);

/* Nothing known. */
void af_signals_unknown(af_signals *signals);

#endif
