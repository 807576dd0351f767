/* From the detector's heads to a list of boxes: training/detector/DECODE.md. */
#ifndef AF_FACE_DECODE_H
#define AF_FACE_DECODE_H

#include "common.h"
#include "nn/nn.h"

enum { AF_DETECTOR_HEADS = 4, AF_DETECTOR_CHANNELS = 16 };

enum { AF_DETECT_CANDIDATES = 1024 };

typedef struct af_candidate {
    float x1, y1, x2, y2; /* pixels of the plane */
    float score;
    uint32_t order; /* place in the order head, row, column: breaks ties */
    affect_point points[5];
} af_candidate;

/* Collects the cells whose score reaches the threshold, at most the AF_DETECT_CANDIDATES best, best
 * first; `list` holds so many. strides: plane pixels a cell of each head. Returns how many. */
uint32_t af_decode_candidates(const af_head *heads, const float *strides, int32_t count,
                              float threshold, af_candidate *list);

/* Drops every candidate that overlaps a better one by more than `overlap` (intersection over
 * union), keeping the order. Returns how many stay. */
uint32_t af_decode_suppress(af_candidate *list, uint32_t count, float overlap);

#endif
