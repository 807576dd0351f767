#include "nn/kernels/kernels.h"

void af_kernels_init(af_kernels *kernels, uint32_t cpu) {
    af_kernels_init_portable(kernels);
#ifdef AF_AVX2
    if (cpu & AFFECT_CPU_AVX2)
        af_kernels_init_avx2(kernels);
#endif
    (void)cpu;
}
