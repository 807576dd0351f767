/*
 * Depthwise convolution, the specification. Packed: int32 bias[cp], int32 mult[cp],
 * int8 [kh][kw][cp], cp = channels padded to 16.
 */
#include "nn/kernels/portable.h"

#include <string.h>

size_t af_depthwise_bytes_c(const af_shape *shape) {
    const size_t channels = (size_t)af_padded(shape->cout);
    return af_round_up(channels * (8 + (size_t)shape->kh * (size_t)shape->kw), 64);
}

void af_depthwise_pack_c(const af_shape *shape, const af_weights *weights, void *packed) {
    const int32_t padded = af_padded(shape->cout), taps = shape->kh * shape->kw;
    memset(packed, 0, af_depthwise_bytes_c(shape));
    int32_t *const bias = packed, *const mult = bias + padded;
    int8_t *const out = (int8_t *)(mult + padded);
    for (int32_t c = 0; c < shape->cout; c++) {
        bias[c] = weights->bias[c];
        mult[c] = weights->mult ? weights->mult[c] : 0;
        for (int32_t tap = 0; tap < taps; tap++)
            out[tap * padded + c] = weights->weights[tap * shape->cout + c];
    }
}

/* Sums of 16 channels. The array must not be seen by others, so that compilers keep it in
 * registers. */
static void sum_taps(int32_t result[AF_TILE], const af_shape *shape, const uint8_t *in,
                     ptrdiff_t in_row, const int8_t *w) {
    const int32_t padded = af_padded(shape->cout);
    int32_t acc[AF_TILE] = {0};
    for (int32_t ky = 0; ky < shape->kh; ky++)
        for (int32_t kx = 0; kx < shape->kw; kx++, w += padded) {
            const uint8_t *const tap = in + ky * in_row + kx * shape->pixel;
            for (int32_t j = 0; j < AF_TILE; j++)
                acc[j] += (int16_t)(tap[j] * w[j]); /* in -16129..16129 */
        }
    for (int32_t j = 0; j < AF_TILE; j++)
        result[j] += acc[j];
}

void af_depthwise_c(const af_conv_job *job) {
    const af_shape *const shape = job->shape;
    const int32_t padded = af_padded(shape->cout);
    const int32_t *const bias = job->packed, *const mult = bias + padded;
    const int8_t *const weights = (const int8_t *)(mult + padded);
    for (int32_t y = 0; y < job->height; y++)
        for (int32_t x = 0; x < job->width; x++)
            for (int32_t c = 0; c < padded; c += AF_TILE) {
                const uint8_t *const in = job->in + (ptrdiff_t)y * shape->stride * job->in_row +
                                          (ptrdiff_t)x * shape->stride * shape->pixel + c;
                int32_t acc[AF_TILE];
                memcpy(acc, bias + c, sizeof acc);
                sum_taps(acc, shape, in, job->in_row, weights + c);
                af_store_tile_c(job, acc, mult, x, y, c);
            }
}
