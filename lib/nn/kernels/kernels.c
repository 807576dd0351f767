#include "nn/kernels/kernels.h"

#include "cpu.h"

void af_kernels_init(af_kernels *kernels, uint32_t cpu) {
    cpu = af_cpu_with_implied(cpu);
    af_kernels_init_portable(kernels);
#ifdef AF_AVX2
    if (cpu & AFFECT_CPU_AVX2)
        af_kernels_init_avx2(kernels);
#endif
#ifdef AF_AVXVNNI
    if (cpu & AFFECT_CPU_AVXVNNI)
        af_kernels_init_avxvnni(kernels);
#endif
#ifdef AF_AVX512VNNI
    if (cpu & AFFECT_CPU_AVX512VNNI)
        af_kernels_init_avx512vnni(kernels);
#endif
#ifdef AF_NEON
    if (cpu & AFFECT_CPU_NEON)
        af_kernels_init_neon(kernels);
#endif
#ifdef AF_DOTPROD
    if (cpu & AFFECT_CPU_DOTPROD)
        af_kernels_init_dotprod(kernels);
#endif
#ifdef AF_WASM_SIMD
    if (cpu & AFFECT_CPU_WASM_SIMD)
        af_kernels_init_wasm(kernels);
#endif
    (void)cpu;
}
