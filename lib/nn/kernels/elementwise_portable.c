/* Additions, pooling, upsampling, sums: the specification, and the portable table. */
#include "nn/kernels/portable.h"

#include <string.h>

static uint8_t saturated(int32_t sum) {
    return (uint8_t)af_min(sum, 127);
}

static uint8_t larger(uint8_t a, uint8_t b) {
    return a > b ? a : b;
}

void af_add_c(uint8_t *out, const uint8_t *a, const uint8_t *b, size_t bytes) {
    for (size_t i = 0; i < bytes; i++)
        out[i] = saturated(a[i] + b[i]);
}

void af_upsample_c(uint8_t *out, const uint8_t *in, const uint8_t *b, int32_t width,
                   int32_t pixel) {
    const size_t bytes = (size_t)pixel;
    for (int32_t x = 0; x < 2 * width; x++, out += bytes) {
        const uint8_t *const from = in + (size_t)(x / 2) * bytes;
        if (b)
            af_add_c(out, from, b + (size_t)x * bytes, bytes);
        else
            memcpy(out, from, bytes);
    }
}

void af_maxpool_c(uint8_t *out, const uint8_t *row0, const uint8_t *row1, int32_t width,
                  int32_t pixel) {
    for (int32_t x = 0; x < width; x++, row0 += 2 * pixel, row1 += 2 * pixel, out += pixel)
        for (int32_t c = 0; c < pixel; c++)
            out[c] = larger(larger(row0[c], row0[pixel + c]), larger(row1[c], row1[pixel + c]));
}

void af_sum_c(int32_t *sums, const uint8_t *in, int32_t width, int32_t pixel) {
    for (int32_t x = 0; x < width; x++, in += pixel)
        for (int32_t c = 0; c < pixel; c++)
            sums[c] += in[c];
}

void af_kernels_init_portable(af_kernels *kernels) {
    *kernels = (af_kernels){
        .cpu = 0,
        .conv_bytes = af_conv_bytes_c,
        .conv_pack = af_conv_pack_c,
        .conv = af_conv_c,
        .depthwise_bytes = af_depthwise_bytes_c,
        .depthwise_pack = af_depthwise_pack_c,
        .depthwise = af_depthwise_c,
        .add = af_add_c,
        .upsample = af_upsample_c,
        .maxpool = af_maxpool_c,
        .sum = af_sum_c,
    };
}
