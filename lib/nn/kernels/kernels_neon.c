/* All kernels with NEON, on 64-bit and 32-bit Arm, and their table. */
#include "nn/kernels/neon.h"

#ifdef AF_NEON

#define AF_VECTOR(name) name##_neon
#include "nn/kernels/conv_vector.h"
#include "nn/kernels/depthwise_vector.h"
#include "nn/kernels/elementwise_vector.h"

void af_kernels_init_neon(af_kernels *kernels) {
    kernels->cpu = AFFECT_CPU_NEON;
    kernels->conv_bytes = conv_bytes_neon;
    kernels->conv_pack = conv_pack_neon;
    kernels->conv = conv_neon;
    kernels->depthwise_bytes = depthwise_bytes_neon;
    kernels->depthwise_pack = depthwise_pack_neon;
    kernels->depthwise = depthwise_neon;
    kernels->add = add_neon;
    kernels->upsample = upsample_neon;
    kernels->maxpool = maxpool_neon;
}

#else
typedef int af_no_neon; /* a translation unit is never empty */
#endif
