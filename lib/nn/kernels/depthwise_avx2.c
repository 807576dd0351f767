/* Depthwise convolution with AVX2. */
#include "nn/kernels/avx2.h"

#ifdef AF_AVX2
#define AF_DW_TARGET AF_TARGET_AVX2
#define AF_DW(name) name##_avx2
#define AF_DW_DOT(acc, quad, weights)                                                              \
    _mm256_add_epi32(acc,                                                                          \
                     _mm256_madd_epi16(_mm256_maddubs_epi16(quad, weights), _mm256_set1_epi16(1)))
#include "nn/kernels/depthwise_256.h"
#else
typedef int af_no_avx2; /* a translation unit is never empty */
#endif
