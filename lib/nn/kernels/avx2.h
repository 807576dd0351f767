/* What the AVX2 files share. Each function carries the target attribute, so that the whole library
 * compiles with one set of flags. */
#ifndef AF_NN_AVX2_H
#define AF_NN_AVX2_H

#include "nn/kernels/kernels.h"

#ifdef AF_AVX2
#include <immintrin.h>

#define AF_TARGET_AVX2 __attribute__((target("avx2")))
#define AF_INLINE_AVX2 static inline __attribute__((always_inline, target("avx2")))

size_t af_conv_bytes_avx2(const af_shape *shape);
void af_conv_pack_avx2(const af_shape *shape, const af_weights *weights, void *packed);
void af_conv_avx2(const af_conv_job *job);

size_t af_depthwise_bytes_avx2(const af_shape *shape);
void af_depthwise_pack_avx2(const af_shape *shape, const af_weights *weights, void *packed);
void af_depthwise_avx2(const af_conv_job *job);

#endif
#endif
