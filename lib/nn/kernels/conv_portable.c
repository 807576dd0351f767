/*
 * Convolution, the specification: out = clamp(requantise(bias + sum w * x) + residual, 0, 127).
 *
 * The taps of one kernel row lie in one run of kw * pixel bytes, so the sum is over kh such runs.
 * Packed: int32 bias[cp], int32 mult[cp], then for each tile of 16 output channels
 * int8 [kh][kw * pixel][16], cp = cout padded to 16, padding all zero.
 */
#include "nn/kernels/portable.h"

#include <string.h>

static size_t run_bytes(const af_shape *shape) {
    return (size_t)shape->kw * (size_t)shape->pixel;
}

size_t af_conv_bytes_c(const af_shape *shape) {
    const size_t channels = (size_t)af_padded(shape->cout);
    return af_round_up(channels * (8 + (size_t)shape->kh * run_bytes(shape)), 64);
}

void af_conv_pack_c(const af_shape *shape, const af_weights *weights, void *packed) {
    const int32_t padded = af_padded(shape->cout), taps = shape->kh * shape->kw;
    memset(packed, 0, af_conv_bytes_c(shape));
    int32_t *const bias = packed, *const mult = bias + padded;
    int8_t *const tiles = (int8_t *)(mult + padded);
    const int8_t *from = weights->weights;
    for (int32_t c = 0; c < shape->cout; c++) {
        bias[c] = weights->bias[c];
        mult[c] = weights->mult ? weights->mult[c] : 0;
        int8_t *const tile = tiles + (size_t)(c / AF_TILE * AF_TILE * shape->kh) * run_bytes(shape);
        for (int32_t tap = 0; tap < taps; tap++)
            for (int32_t i = 0; i < shape->cin; i++)
                tile[(size_t)(tap * shape->pixel + i) * AF_TILE + (size_t)(c % AF_TILE)] = *from++;
    }
}

void af_store_tile_c(const af_conv_job *job, const int32_t acc[AF_TILE], const int32_t *mult,
                     int32_t x, int32_t y, int32_t channel) {
    const int32_t pixel = af_padded(job->shape->cout), at = x * pixel + channel;
    if (job->head) {
        memcpy(job->head + (ptrdiff_t)y * job->width * pixel + at, acc, AF_TILE * sizeof *acc);
        return;
    }
    uint8_t *const out = job->out + y * job->out_row + at;
    const uint8_t *const residual =
        job->residual ? job->residual + y * job->residual_row + at : NULL;
    for (int32_t j = 0; j < AF_TILE; j++) {
        const int32_t q = af_requantise(acc[j], job->shape->shift, mult[channel + j]);
        out[j] = (uint8_t)af_clamp(q + (residual ? residual[j] : 0), 0, 127);
    }
}

void af_conv_c(const af_conv_job *job) {
    const af_shape *const shape = job->shape;
    const int32_t padded = af_padded(shape->cout), run = (int32_t)run_bytes(shape);
    const int32_t *const bias = job->packed, *const mult = bias + padded;
    const int8_t *const tiles = (const int8_t *)(mult + padded);
    for (int32_t y = 0; y < job->height; y++)
        for (int32_t x = 0; x < job->width; x++) {
            const uint8_t *const in = job->in + (ptrdiff_t)y * shape->stride * job->in_row +
                                      (ptrdiff_t)x * shape->stride * shape->pixel;
            const int8_t *w = tiles;
            for (int32_t c = 0; c < padded; c += AF_TILE) {
                int32_t acc[AF_TILE];
                memcpy(acc, bias + c, sizeof acc);
                for (int32_t ky = 0; ky < shape->kh; ky++)
                    for (int32_t k = 0; k < run; k++, w += AF_TILE) {
                        const int16_t tap = in[ky * job->in_row + k];
                        for (int32_t j = 0; j < AF_TILE; j++)
                            acc[j] += (int16_t)(tap * w[j]); /* in -16129..16129 */
                    }
                af_store_tile_c(job, acc, mult, x, y, c);
            }
        }
}
