/* The tables of AVX-VNNI and AVX-512 VNNI. Additions, pooling and upsampling wait for memory, not
 * for the width of registers: they stay those of AVX2. */
#include "nn/kernels/avx512vnni.h"
#include "nn/kernels/avxvnni.h"

#ifdef AF_AVXVNNI
void af_kernels_init_avxvnni(af_kernels *kernels) {
    kernels->cpu = AFFECT_CPU_AVXVNNI;
    kernels->conv_bytes = af_conv_bytes_avxvnni;
    kernels->conv_pack = af_conv_pack_avxvnni;
    kernels->conv = af_conv_avxvnni;
    kernels->depthwise_bytes = af_depthwise_bytes_avxvnni;
    kernels->depthwise_pack = af_depthwise_pack_avxvnni;
    kernels->depthwise = af_depthwise_avxvnni;
}
#endif

#ifdef AF_AVX512VNNI
void af_kernels_init_avx512vnni(af_kernels *kernels) {
    kernels->cpu = AFFECT_CPU_AVX512VNNI;
    kernels->conv_bytes = af_conv_bytes_avx512vnni;
    kernels->conv_pack = af_conv_pack_avx512vnni;
    kernels->conv = af_conv_avx512vnni;
    kernels->depthwise_bytes = af_depthwise_bytes_avx512vnni;
    kernels->depthwise_pack = af_depthwise_pack_avx512vnni;
    kernels->depthwise = af_depthwise_avx512vnni;
}
#endif
