/* Each eye by itself: open or closed, iris, gaze; then the person's gaze. */
#ifndef AF_FACE_EYES_H
#define AF_FACE_EYES_H

#include "common.h"
#include "image/image.h"
#include "nn/nn.h"

enum { AF_EYES_SIDE = 32 };

/* Reads both eyes of a face whose landmarks are known. Returns AFFECT_EYES when at least one could
 * be read; the other's fields are NaN then. */
uint32_t af_eyes_read(af_net *net, const af_view *view, void *scratch, affect_face *face);

/* Reads one eye that fills the displayed picture; 0 when it cannot be cut. */
int af_eyes_read_picture(af_net *net, const af_view *view, void *scratch, int right_eye,
                         affect_eye *eye);

#endif
