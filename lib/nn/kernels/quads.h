/* How the taps of a depthwise kernel go in fours: of 3x3 a quad is a column, else taps in order. */
#ifndef AF_NN_QUADS_H
#define AF_NN_QUADS_H

#include "nn/kernels/kernels.h"

static inline int af_is_3x3(const af_shape *shape) {
    return shape->kh == 3 && shape->kw == 3;
}

static inline int32_t af_quads_of(const af_shape *shape) {
    return af_is_3x3(shape) ? 3 : (shape->kh * shape->kw + 3) / 4;
}

/* Row and column of tap t of a quad; 0: it has none, its weight is zero. */
static inline int af_tap_of(const af_shape *shape, int32_t quad, int32_t t, int32_t *ky,
                            int32_t *kx) {
    const int32_t index = 4 * quad + t;
    *ky = af_is_3x3(shape) ? t : index / shape->kw;
    *kx = af_is_3x3(shape) ? quad : index % shape->kw;
    return *ky < shape->kh;
}

#endif
