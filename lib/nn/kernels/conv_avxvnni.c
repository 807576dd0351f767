/* Convolution with AVX-VNNI. */
#include "nn/kernels/avxvnni.h"

#ifdef AF_AVXVNNI
#define AF_VNNI_BITS 256
#define AF_VNNI_TARGET AF_TARGET_AVXVNNI
#define AF_VNNI(name) AF_NAME_AVXVNNI(name)
#define AF_VNNI_DOT256(acc, taps, weights) AF_DOT_AVXVNNI(acc, taps, weights)
#include "nn/kernels/conv_vnni.h"
#else
typedef int af_no_avxvnni; /* a translation unit is never empty */
#endif
