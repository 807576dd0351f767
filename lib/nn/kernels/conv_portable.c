/*
 * Convolution, the specification: out = clamp(requantise(bias + sum w * x) + residual, 0, 127).
 *
 * The taps of one kernel row lie in one run of kw * pixel bytes, so the sum is over kh such runs.
 * Packed: int32 bias[cp], int32 mult[cp], int16 [cp][kh][kw * pixel], cp = cout padded to 16,
 * padding all zero. Weights are int16 and summed for four channels at once because compilers make
 * the best of that form (docs/performance.md).
 */
#include "nn/kernels/portable.h"

#include <string.h>

static size_t run_bytes(const af_shape *shape) {
    return (size_t)shape->kw * (size_t)shape->pixel;
}

size_t af_conv_bytes_c(const af_shape *shape) {
    const size_t channels = (size_t)af_padded(shape->cout);
    return af_round_up(channels * (8 + 2 * (size_t)shape->kh * run_bytes(shape)), 64);
}

void af_conv_pack_c(const af_shape *shape, const af_weights *weights, void *packed) {
    const int32_t padded = af_padded(shape->cout), taps = shape->kh * shape->kw;
    memset(packed, 0, af_conv_bytes_c(shape));
    int32_t *const bias = packed, *const mult = bias + padded;
    int16_t *to = (int16_t *)(void *)(mult + padded);
    const int8_t *from = weights->weights;
    for (int32_t c = 0; c < shape->cout; c++) {
        bias[c] = weights->bias[c];
        mult[c] = weights->mult ? weights->mult[c] : 0;
        for (int32_t tap = 0; tap < taps; tap++, to += shape->pixel)
            for (int32_t i = 0; i < shape->cin; i++)
                to[i] = *from++;
    }
}

/* Adds the products of one run to the sums of four channels, whose weights are `apart` apart. */
static void add_run(int32_t sums[4], const uint8_t *in, const int16_t *w, ptrdiff_t apart,
                    int32_t run) {
    const int16_t *const w1 = w + apart, *const w2 = w1 + apart, *const w3 = w2 + apart;
    int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    for (int32_t k = 0; k < run; k++) {
        const int16_t tap = in[k];
        s0 += tap * w[k];
        s1 += tap * w1[k];
        s2 += tap * w2[k];
        s3 += tap * w3[k];
    }
    sums[0] += s0;
    sums[1] += s1;
    sums[2] += s2;
    sums[3] += s3;
}

void af_store_tile_c(const af_conv_job *job, const int32_t acc[AF_TILE], const int32_t *mult,
                     int32_t x, int32_t y, int32_t channel) {
    const int32_t pixel = af_padded(job->shape->cout), shift = job->shape->shift;
    const int32_t at = x * pixel + channel;
    if (job->head) {
        memcpy(job->head + (ptrdiff_t)y * job->width * pixel + at, acc, AF_TILE * sizeof *acc);
        return;
    }
    int32_t q[AF_TILE];
    for (int32_t j = 0; j < AF_TILE; j++)
        q[j] = af_requantise(acc[j], shift, mult[channel + j]);
    if (job->residual) {
        const uint8_t *const residual = job->residual + y * job->residual_row + at;
        for (int32_t j = 0; j < AF_TILE; j++)
            q[j] += residual[j];
    }
    uint8_t *const out = job->out + y * job->out_row + at;
    for (int32_t j = 0; j < AF_TILE; j++)
        out[j] = (uint8_t)af_clamp(q[j], 0, 127);
}

/* The taps of the one-channel input plane lie in many short runs: they are gathered into one. */
static void gather(uint8_t *patch, const uint8_t *in, ptrdiff_t in_row, const af_shape *shape) {
    for (int32_t ky = 0; ky < shape->kh; ky++, in += in_row, patch += shape->kw)
        for (int32_t kx = 0; kx < shape->kw; kx++)
            patch[kx] = in[kx];
}

/* All channels of one output pixel, whose taps are `runs` runs of `run` bytes. */
static void run_pixel(const af_conv_job *job, const uint8_t *in, ptrdiff_t in_row, int32_t runs,
                      int32_t run, int32_t x, int32_t y) {
    const int32_t padded = af_padded(job->shape->cout);
    const ptrdiff_t apart = (ptrdiff_t)run * runs;
    const int32_t *const bias = job->packed, *const mult = bias + padded;
    const int16_t *const weights = (const int16_t *)(const void *)(mult + padded);
    for (int32_t c = 0; c < padded; c += AF_TILE) {
        int32_t acc[AF_TILE];
        memcpy(acc, bias + c, sizeof acc);
        for (int32_t j = 0; j < AF_TILE; j += 4)
            for (int32_t i = 0; i < runs; i++)
                add_run(acc + j, in + i * in_row, weights + (c + j) * apart + (ptrdiff_t)i * run,
                        apart, run);
        af_store_tile_c(job, acc, mult, x, y, c);
    }
}

void af_conv_c(const af_conv_job *job) {
    const af_shape *const shape = job->shape;
    const int32_t taps = shape->kh * shape->kw;
    uint8_t patch[32 * 32];
    for (int32_t y = 0; y < job->height; y++)
        for (int32_t x = 0; x < job->width; x++) {
            const uint8_t *const in = job->in + (ptrdiff_t)y * shape->stride * job->in_row +
                                      (ptrdiff_t)x * shape->stride * shape->pixel;
            if (shape->pixel == 1) {
                gather(patch, in, job->in_row, shape);
                run_pixel(job, patch, 0, 1, taps, x, y);
            } else {
                run_pixel(job, in, job->in_row, shape->kh, shape->kw * shape->pixel, x, y);
            }
        }
}
