/* A second look at faces of which a search is not sure: a window of the picture around each, small
 * ones enlarged, large ones reduced, goes through the detector again. */
#ifndef AF_FACE_LOOK_H
#define AF_FACE_LOOK_H

#include "face/detect.h"

/* The score from which a candidate is worth a second look: search with no higher threshold. */
#define AF_LOOK_FROM 0.2f

/* Looks again at the candidates of a search (suppressed, best first; `searched`: its plane, of
 * view->roi), with at most detector->looks windows; those that lie well in one window share it.
 * Changes score, box and points of the candidates it looked at, and nothing else: the list is to be
 * sorted and suppressed again. Runs detector->net. */
void af_look_again(const af_detector *detector, const af_view *view, const af_plane_size *searched,
                   af_candidate *list, uint32_t count);

#endif
