/* All kernels with 128-bit SIMD of WebAssembly, and their table. */
#include "nn/kernels/wasm.h"

#ifdef AF_WASM_SIMD

#define AF_VECTOR(name) name##_wasm
#include "nn/kernels/conv_vector.h"
#include "nn/kernels/depthwise_vector.h"
#include "nn/kernels/elementwise_vector.h"

void af_kernels_init_wasm(af_kernels *kernels) {
    kernels->cpu = AFFECT_CPU_WASM_SIMD;
    kernels->conv_bytes = conv_bytes_wasm;
    kernels->conv_pack = conv_pack_wasm;
    kernels->conv = conv_wasm;
    kernels->depthwise_bytes = depthwise_bytes_wasm;
    kernels->depthwise_pack = depthwise_pack_wasm;
    kernels->depthwise = depthwise_wasm;
    kernels->add = add_wasm;
    kernels->upsample = upsample_wasm;
    kernels->maxpool = maxpool_wasm;
}

#else
typedef int af_no_wasm; /* a translation unit is never empty */
#endif
