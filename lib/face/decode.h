/* From the detector's heads to a list of boxes: training/detector/DECODE.md. */
#ifndef AF_FACE_DECODE_H
#define AF_FACE_DECODE_H

#include "common.h"
#include "nn/nn.h"

/* Of each cell: score, fit and four edges; two coordinates of five points follow or stand
 * elsewhere. */
enum { AF_DETECTOR_LEVELS = 4, AF_BOX_CHANNELS = 6 };

/* The cells of one stride. Points stand behind the boxes of the same head or in a head of their
 * own. */
typedef struct af_level {
    af_head boxes;
    af_head points;
    float stride; /* plane pixels a cell */
} af_level;

enum { AF_DETECT_CANDIDATES = 1024 };

typedef struct af_candidate {
    float x1, y1, x2, y2; /* pixels of the plane */
    float score;
    uint32_t order; /* place in the order level, row, column: breaks ties */
    affect_point points[5];
    int32_t looked_at; /* 1: a second look has settled its score */
    float weight;      /* of the points; these three are of suppression alone */
    float edges[4];    /* sums of x1, y1, x2, y2, and their weight */
    float box_weight;
} af_candidate;

/* Collects the cells whose score reaches the threshold, at most the AF_DETECT_CANDIDATES best, best
 * first; `list` holds so many. Returns how many. */
uint32_t af_decode_candidates(const af_level *levels, int32_t count, float threshold,
                              af_candidate *list);

/* The points that stand behind the boxes of a head. */
af_head af_decode_points_behind(const af_head *boxes);

/* Whether the intersection over union of two boxes is more than `most`. */
int af_decode_overlaps(const af_candidate *a, const af_candidate *b, float most);

/* Sorts, best first. */
void af_decode_sort(af_candidate *list, uint32_t count);

/* Drops every candidate that overlaps a better one by more than `overlap` (intersection over
 * union), keeping the order. The five points of one that stays become the mean with those of what
 * it dropped, weighed by the cube of the score: each cell errs in its own way. Returns how many
 * stay.
 */
uint32_t af_decode_suppress(af_candidate *list, uint32_t count, float overlap);

#endif
