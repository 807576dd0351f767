#include "cpu.h"

#include "affect/affect.h"
#include "nn/kernels/kernels.h"

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>

/* Register states the operating system saves (XCR0). Only called when OSXSAVE is set. */
static uint64_t saved_states(void) {
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return ((uint64_t)high << 32) | low;
}

static uint32_t detect(void) {
    enum { SSE_AND_AVX = 0x6, AVX512 = 0xE6 };
    uint32_t a, b, c, d;
    if ((uint32_t)__get_cpuid_max(0, NULL) < 7)
        return 0;
    __cpuid(1, a, b, c, d);
    if (!(c & (1u << 27)) || !(c & (1u << 28))) /* OSXSAVE, AVX */
        return 0;
    const uint64_t states = saved_states();
    if ((states & SSE_AND_AVX) != SSE_AND_AVX)
        return 0;
    __cpuid_count(7, 0, a, b, c, d);
    if (!(b & (1u << 5))) /* AVX2 */
        return 0;
    const uint32_t subleaves = a;
    uint32_t flags = AFFECT_CPU_AVX2;
    /* AVX512F, BW, VL and VNNI */
    if ((states & AVX512) == AVX512 && (b & (1u << 16)) && (b & (1u << 30)) && (b & (1u << 31)) &&
        (c & (1u << 11)))
        flags |= AFFECT_CPU_AVX512VNNI;
    if (subleaves >= 1) {
        __cpuid_count(7, 1, a, b, c, d);
        if (a & (1u << 4))
            flags |= AFFECT_CPU_AVXVNNI;
    }
    return flags;
}

#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>

static uint32_t detect(void) {
    enum { ASIMD = 1 << 1, ASIMDDP = 1 << 20 };
    const unsigned long capabilities = getauxval(AT_HWCAP);
    if (!(capabilities & ASIMD))
        return 0;
    return AFFECT_CPU_NEON | (capabilities & ASIMDDP ? (uint32_t)AFFECT_CPU_DOTPROD : 0u);
}

#elif defined(__arm__) && defined(__linux__)
#include <sys/auxv.h>

static uint32_t detect(void) {
    enum { NEON = 1 << 12 };
    return getauxval(AT_HWCAP) & NEON ? AFFECT_CPU_NEON : 0u;
}

#elif defined(__arm__) && defined(__ARM_NEON)
static uint32_t detect(void) {
    return AFFECT_CPU_NEON;
}

#elif defined(__wasm_simd128__)
static uint32_t detect(void) {
    return AFFECT_CPU_WASM_SIMD;
}

#elif defined(__aarch64__)
/* Elsewhere (Apple, Windows) what the compiler may assume is what there is. */
static uint32_t detect(void) {
#if defined(__ARM_FEATURE_DOTPROD)
    return AFFECT_CPU_NEON | AFFECT_CPU_DOTPROD;
#else
    return AFFECT_CPU_NEON;
#endif
}

#else
static uint32_t detect(void) {
    return 0;
}
#endif

uint32_t af_cpu_detect(void) {
    return detect() & AF_KERNELS_BUILT;
}

uint32_t af_cpu_with_implied(uint32_t cpu) {
    if (cpu & (AFFECT_CPU_AVXVNNI | AFFECT_CPU_AVX512VNNI))
        cpu |= AFFECT_CPU_AVX2;
    if (cpu & AFFECT_CPU_DOTPROD)
        cpu |= AFFECT_CPU_NEON;
    return cpu;
}
