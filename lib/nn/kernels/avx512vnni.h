/* What the AVX-512 VNNI files share. Each function carries the target attribute, so that the whole
 * library compiles with one set of flags. */
#ifndef AF_NN_AVX512VNNI_H
#define AF_NN_AVX512VNNI_H

#include "nn/kernels/kernels.h"

#ifdef AF_AVX512VNNI
#include <immintrin.h>

#define AF_TARGET_AVX512VNNI __attribute__((target("avx2,avx512f,avx512bw,avx512vl,avx512vnni")))

size_t af_conv_bytes_avx512vnni(const af_shape *shape);
void af_conv_pack_avx512vnni(const af_shape *shape, const af_weights *weights, void *packed);
void af_conv_avx512vnni(const af_conv_job *job);

size_t af_depthwise_bytes_avx512vnni(const af_shape *shape);
void af_depthwise_pack_avx512vnni(const af_shape *shape, const af_weights *weights, void *packed);
void af_depthwise_avx512vnni(const af_conv_job *job);

#endif
#endif
