/* The specification: plain C. */
#include "image/kernels.h"

#include <string.h>

#include "common.h"
#include "cpu.h"

#define AF_KERNEL(name) name##_c
#define AF_KERNEL_TABLE af_image_kernels_c
#include "image/kernels_template.h"

const af_image_kernels *af_image_kernels_for(uint32_t cpu) {
#ifdef AF_IMAGE_AVX2
    if (af_cpu_with_implied(cpu) & AFFECT_CPU_AVX2)
        return &af_image_kernels_avx2;
#endif
    (void)cpu;
    return &af_image_kernels_c;
}
