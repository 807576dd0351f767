/* Convolution with AVX-512 VNNI. */
#include "nn/kernels/avx512vnni.h"

#ifdef AF_AVX512VNNI
#define AF_VNNI_BITS 512
#define AF_VNNI_TARGET AF_TARGET_AVX512VNNI
#define AF_VNNI(name) name##_avx512vnni
#include "nn/kernels/conv_vnni.h"
#else
typedef int af_no_avx512vnni; /* a translation unit is never empty */
#endif
