/* Whether the camera sees anything: dark, overexposed, blurred, covered; and how often. */
#ifndef AF_TIME_SCENE_H
#define AF_TIME_SCENE_H

#include "image/image.h"
#include "time/events.h"

/* What a sparse sample of the picture says. */
typedef struct af_scene {
    float mean;      /* luma 0..1 */
    float deviation; /* standard deviation of luma, 0..1 */
    float bright;    /* share of samples that are nearly white */
    float detail;    /* mean step between neighbours over the deviation: low when blurred */
} af_scene;

/* Reads some 16 rows of the picture. */
void af_scene_look(af_scene *scene, const af_view *view);

/* bits of affect_degraded without AFFECT_DEGRADED_FRAME_RATE. faces: how many are seen: a dark
 * picture in which faces are found is not too dark. before: the bits of the last frame; what was
 * said goes on until it is clearly better. */
uint32_t af_scene_degraded(const af_scene *scene, uint32_t faces, uint32_t before);

#endif
