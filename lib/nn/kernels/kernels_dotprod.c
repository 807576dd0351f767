/* Convolution with the dot product of 64-bit Arm (sdot): four products and their sum a lane. The
 * other kernels are those of NEON. */
#include "nn/kernels/kernels.h"

#ifdef AF_DOTPROD

#define AF_VECTOR_DOTPROD 1
#include "nn/kernels/neon.h"

#define AF_VECTOR(name) name##_dotprod
#include "nn/kernels/conv_vector.h"

void af_kernels_init_dotprod(af_kernels *kernels) {
    kernels->cpu = AFFECT_CPU_DOTPROD;
    kernels->conv_bytes = conv_bytes_dotprod;
    kernels->conv_pack = conv_pack_dotprod;
    kernels->conv = conv_dotprod;
}

#else
typedef int af_no_dotprod; /* a translation unit is never empty */
#endif
