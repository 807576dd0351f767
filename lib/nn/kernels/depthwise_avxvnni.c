/* Depthwise convolution with AVX-VNNI. */
#include "nn/kernels/avxvnni.h"

#ifdef AF_AVXVNNI
#define AF_DW_TARGET AF_TARGET_AVXVNNI
#define AF_DW(name) AF_NAME_AVXVNNI(name)
#define AF_DW_DOT(acc, quad, weights) AF_DOT_AVXVNNI(acc, quad, weights)
#include "nn/kernels/depthwise_256.h"
#else
typedef int af_no_avxvnni; /* a translation unit is never empty */
#endif
