/* Head angles from the two axes that the landmark network gives. */
#ifndef AF_FACE_POSE_H
#define AF_FACE_POSE_H

#include "common.h"
#include "image/image.h"

/* axes: the head's x axis, then its z axis, in camera axes turned with the crop
 * (docs/arithmetic.md). Writes yaw, pitch, roll, pose_confidence; returns 0 when the axes say
 * nothing. */
int af_pose_from_axes(affect_face *face, const float axes[6], const af_similarity *crop_to_picture);

/* Where the head is, in inter-ocular distances, for a focal length in pixels. Needs landmarks and
 * pose. */
void af_pose_translation(affect_face *face, float focal_length, int32_t width, int32_t height);

#endif
