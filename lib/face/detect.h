/* Finds faces: the detection plane through the detector, its cells decoded, overlaps suppressed. */
#ifndef AF_FACE_DETECT_H
#define AF_FACE_DETECT_H

#include "common.h"
#include "face/decode.h"
#include "image/image.h"
#include "nn/nn.h"

/* Heads of the network: boxes by rising stride, of the first levels with the points behind them,
 * then the points of the others. */
enum {
    AF_DETECTOR_JOINED = 2, /* levels with their points in the same head */
    AF_DETECTOR_HEADS = 2 * AF_DETECTOR_LEVELS - AF_DETECTOR_JOINED
};

typedef struct af_detector {
    af_net *net;
    af_candidate *candidates; /* AF_DETECT_CANDIDATES of them */
    af_candidate *seen;       /* as many, for second looks */
    void *scratch;            /* for af_plane */
    int32_t detect_size;      /* longest side of the plane */
    int32_t step;
    int32_t looks; /* most windows of second looks */
    float strides[AF_DETECTOR_LEVELS];
    float threshold; /* 0..1 */
    float overlap;   /* intersection over union */
    float min_face;  /* pixels of the picture */
} af_detector;

/* What the container's parameters hold: threshold, overlap, a stride for each level. */
enum { AF_DETECTOR_PARAMS = 2 + AF_DETECTOR_LEVELS };

/* A level of the network's last size; its stride is 0 where boxes and points have not the same
 * cells. */
af_level af_detect_level(const af_detector *detector, int32_t index);

/* Runs the network on the plane that was written to its input: candidates from `threshold` on,
 * suppressed, best first; `list` holds AF_DETECT_CANDIDATES. Returns how many. */
uint32_t af_detect_run(const af_detector *detector, float threshold, af_candidate *list);

/* Fills in box, score and points of at most `most` faces, best first, and how many there are.
 * AFFECT_ERR_ARGUMENT as af_plane: a picture that is too long to be reduced so far. */
affect_status af_detect(const af_detector *detector, const af_view *view, affect_face *faces,
                        uint32_t most, uint32_t *found, float *brightness);

#endif
