/* One reading: the faces and events of the last frame. Lives inside a handle. */
#ifndef AF_READING_H
#define AF_READING_H

#include "common.h"

struct affect_reading {
    int32_t width, height;
    int64_t time_us;
    float brightness;
    uint32_t face_count, event_count;
    affect_face *faces; /* max_faces of them */
    affect_event *events;
    uint32_t degraded;
    float frame_rate;
    int32_t searched;
};

/* Nothing measured: NaN in every field, no track, no seat. */
void af_face_clear(affect_face *face);

/* Takes out what was computed on the way but not asked for. */
void af_face_hide(affect_face *face, uint32_t signals);

void af_eye_clear(affect_eye *eye);

#endif
