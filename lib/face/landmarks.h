/* 68 landmarks, their visibility, presence and head pose of one face. */
#ifndef AF_FACE_LANDMARKS_H
#define AF_FACE_LANDMARKS_H

#include "common.h"
#include "image/image.h"
#include "nn/nn.h"

enum { AF_LANDMARKS_SIDE = 96 };

/* Reads the face at face->points (from_box = 0) or face->box (from_box = 1: face->points becomes
 * what the box stands for). Fills in landmarks, visibility, presence, inter_ocular and pose;
 * returns the signal bits that could be read, 0 when there is nothing to cut. */
uint32_t af_landmarks_read(af_net *net, const af_view *view, void *scratch, affect_face *face,
                           int from_box);

#endif
