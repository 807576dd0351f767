/* What the AVX-VNNI files share. Each function carries the target attribute, so that the whole
 * library compiles with one set of flags.
 *
 * AVX-512 has the same instruction in another encoding: with AF_AVXVNNI_AS_AVX512 these files are
 * compiled for it, under other names, so that tests can run them on processors without AVX-VNNI. */
#ifndef AF_NN_AVXVNNI_H
#define AF_NN_AVXVNNI_H

#include "nn/kernels/kernels.h"

#ifdef AF_AVXVNNI
#include <immintrin.h>

#ifdef AF_AVXVNNI_AS_AVX512
#define AF_TARGET_AVXVNNI __attribute__((target("avx2,avx512f,avx512vl,avx512vnni")))
#define AF_DOT_AVXVNNI(acc, taps, weights) _mm256_dpbusd_epi32(acc, taps, weights)
#define AF_NAME_AVXVNNI(name) name##_avx512as256
#else
#define AF_TARGET_AVXVNNI __attribute__((target("avx2,avxvnni")))
#define AF_DOT_AVXVNNI(acc, taps, weights) _mm256_dpbusd_avx_epi32(acc, taps, weights)
#define AF_NAME_AVXVNNI(name) name##_avxvnni
#endif

size_t AF_NAME_AVXVNNI(af_conv_bytes)(const af_shape *shape);
void AF_NAME_AVXVNNI(af_conv_pack)(const af_shape *shape, const af_weights *weights, void *packed);
void AF_NAME_AVXVNNI(af_conv)(const af_conv_job *job);

size_t AF_NAME_AVXVNNI(af_depthwise_bytes)(const af_shape *shape);
void AF_NAME_AVXVNNI(af_depthwise_pack)(const af_shape *shape, const af_weights *weights,
                                        void *packed);
void AF_NAME_AVXVNNI(af_depthwise)(const af_conv_job *job);

#endif
#endif
