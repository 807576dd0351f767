/*
 * Depthwise convolution with registers of 256 bits: a template, without guard. Who includes it
 * defines AF_DW_TARGET, AF_DW(name) and AF_DW_DOT(acc, quad, weights).
 *
 * Taps go in fours: their bytes are interleaved, so that AF_DW_DOT (pmaddubsw, pmaddwd with ones
 * and an addition, or vpdpbusd) gives the sum of four products a channel in 32 bits. Of a 3x3
 * kernel the four are a column and a zero: a column that is interleaved once serves two output
 * pixels. A register holds two halves of 16 channels: of one pixel, or, for the last 16 of an odd
 * number of halves, of pixels below each other.
 *
 * Packed, for each two halves: int32 [4][8] start (bias and rounding), int16 [2][16] multipliers,
 * int8 [quads][4][8 channels][4 taps]. Register j has channels 4j..4j+3 of both halves, multipliers
 * 0-7 then 8-15 of both.
 */
#include "nn/kernels/quads.h"

#include <string.h>

#define AF_DW_INLINE static inline __attribute__((always_inline)) AF_DW_TARGET

enum { MAX_QUADS = 13, HEADER = 192, QUAD = 128 };

static size_t chunk_bytes(const af_shape *shape) {
    return HEADER + QUAD * (size_t)af_quads_of(shape);
}

static int32_t chunks_of(const af_shape *shape) {
    return (af_padded(shape->cout) + 31) / 32;
}

size_t AF_DW(af_depthwise_bytes)(const af_shape *shape) {
    return (size_t)chunks_of(shape) * chunk_bytes(shape);
}

/* Channel `within` (0..15) of half 0 or 1 of a chunk; -1: padding. */
static int32_t channel_of(const af_shape *shape, int32_t chunk, int32_t half, int32_t within) {
    const int32_t lone = 32 * chunk + 16 >= af_padded(shape->cout);
    const int32_t c = 32 * chunk + (lone ? 0 : 16 * half) + within;
    return c < shape->cout ? c : -1;
}

static void pack_channel(const af_shape *shape, const af_weights *weights, int32_t c, int32_t half,
                         int32_t within, uint8_t *chunk) {
    const int32_t slot = within / 4 * 8 + half * 4 + within % 4;
    int32_t *const start = (int32_t *)(void *)chunk;
    int16_t *const mult = (int16_t *)(void *)(chunk + 128);
    int8_t *const taps = (int8_t *)(chunk + HEADER);
    start[slot] = weights->bias[c] + (shape->shift ? 1 << (shape->shift - 1) : 0);
    mult[within / 8 * 16 + half * 8 + within % 8] = (int16_t)(weights->mult ? weights->mult[c] : 0);
    for (int32_t quad = 0; quad < af_quads_of(shape); quad++)
        for (int32_t t = 0; t < 4; t++) {
            int32_t ky, kx;
            if (af_tap_of(shape, quad, t, &ky, &kx))
                taps[quad * QUAD + slot * 4 + t] =
                    weights->weights[(ky * shape->kw + kx) * shape->cout + c];
        }
}

void AF_DW(af_depthwise_pack)(const af_shape *shape, const af_weights *weights, void *packed) {
    memset(packed, 0, AF_DW(af_depthwise_bytes)(shape));
    for (int32_t i = 0; i < chunks_of(shape); i++) {
        uint8_t *const chunk = (uint8_t *)packed + (size_t)i * chunk_bytes(shape);
        for (int32_t half = 0; half < 2; half++)
            for (int32_t within = 0; within < 16; within++) {
                const int32_t c = channel_of(shape, i, half, within);
                if (c >= 0)
                    pack_channel(shape, weights, c, half, within, chunk);
            }
    }
}

/* Where the second half is, relative to the first: `one` if both are of one pixel. */
typedef struct halves {
    int one;
    ptrdiff_t in;
    ptrdiff_t out;
    ptrdiff_t head; /* in values */
} halves;

AF_DW_INLINE __m256i load(const void *p) {
    return _mm256_loadu_si256((const __m256i *)p);
}

AF_DW_INLINE __m256i load_halves(const uint8_t *p, int one, ptrdiff_t second) {
    if (one)
        return load(p);
    const __m128i low = _mm_loadu_si128((const __m128i *)(const void *)p);
    const __m128i high = _mm_loadu_si128((const __m128i *)(const void *)(p + second));
    return _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
}

AF_DW_INLINE void store_halves(void *to, int one, ptrdiff_t second, __m256i v) {
    if (one) {
        _mm256_storeu_si256((__m256i *)to, v);
        return;
    }
    _mm_storeu_si128((__m128i *)to, _mm256_castsi256_si128(v));
    _mm_storeu_si128((__m128i *)(void *)((uint8_t *)to + second), _mm256_extracti128_si256(v, 1));
}

/* Four accumulators, as bytes. */
AF_DW_INLINE __m256i requantise(const uint8_t *chunk, int32_t shift, __m256i acc0, __m256i acc1,
                                __m256i acc2, __m256i acc3) {
    const __m128i s = _mm_cvtsi32_si128(shift);
    const __m256i r0 = _mm256_packs_epi32(_mm256_sra_epi32(acc0, s), _mm256_sra_epi32(acc1, s));
    const __m256i r1 = _mm256_packs_epi32(_mm256_sra_epi32(acc2, s), _mm256_sra_epi32(acc3, s));
    const __m256i q0 = _mm256_mulhrs_epi16(r0, load(chunk + 128));
    const __m256i q1 = _mm256_mulhrs_epi16(r1, load(chunk + 160));
    return _mm256_min_epu8(_mm256_packus_epi16(q0, q1), _mm256_set1_epi8(127));
}

/* The four registers of a quad: bytes of four taps interleaved. */
#define INTERLEAVE(t0, t1, t2, t3)                                                                 \
    const __m256i ab0 = _mm256_unpacklo_epi8(t0, t1), ab1 = _mm256_unpackhi_epi8(t0, t1);          \
    const __m256i cd0 = _mm256_unpacklo_epi8(t2, t3), cd1 = _mm256_unpackhi_epi8(t2, t3);          \
    const __m256i quad0 = _mm256_unpacklo_epi16(ab0, cd0);                                         \
    const __m256i quad1 = _mm256_unpackhi_epi16(ab0, cd0);                                         \
    const __m256i quad2 = _mm256_unpacklo_epi16(ab1, cd1);                                         \
    const __m256i quad3 = _mm256_unpackhi_epi16(ab1, cd1)

/* The barrier keeps compilers from adding in another order, which takes more registers. */
#define GATHER(acc, quad, w)                                                                       \
    do {                                                                                           \
        acc = AF_DW_DOT(acc, quad, load(w));                                                       \
        __asm__ volatile("" : "+x"(acc));                                                          \
    } while (0)

/* Adds the quad's products with its weights to the accumulators of output pixel p. */
#define ACCUMULATE(p, w)                                                                           \
    GATHER(p##0, quad0, (w));                                                                      \
    GATHER(p##1, quad1, (w) + 32);                                                                 \
    GATHER(p##2, quad2, (w) + 64);                                                                 \
    GATHER(p##3, quad3, (w) + 96)

/* One output pixel of any kernel. */
AF_DW_TARGET static void one_pixel(const af_shape *shape, const uint8_t *chunk,
                                   const ptrdiff_t offsets[MAX_QUADS][4], const halves *second,
                                   const uint8_t *in, uint8_t *out, int32_t *head) {
    const uint8_t *w = chunk + HEADER;
    __m256i a0 = load(chunk), a1 = load(chunk + 32), a2 = load(chunk + 64), a3 = load(chunk + 96);
    for (int32_t quad = 0; quad < af_quads_of(shape); quad++, w += QUAD) {
        const __m256i t0 = load_halves(in + offsets[quad][0], second->one, second->in);
        const __m256i t1 = load_halves(in + offsets[quad][1], second->one, second->in);
        const __m256i t2 = load_halves(in + offsets[quad][2], second->one, second->in);
        const __m256i t3 = load_halves(in + offsets[quad][3], second->one, second->in);
        INTERLEAVE(t0, t1, t2, t3);
        ACCUMULATE(a, w);
    }
    if (!head) {
        store_halves(out, second->one, second->out,
                     requantise(chunk, shape->shift, a0, a1, a2, a3));
        return;
    }
    store_halves(head, 0, 4 * second->head, a0);
    store_halves(head + 4, 0, 4 * second->head, a1);
    store_halves(head + 8, 0, 4 * second->head, a2);
    store_halves(head + 12, 0, 4 * second->head, a3);
}

/* Starts to load a column of a 3x3 kernel, ahead of its use; the barrier keeps it ahead. */
#define LOAD(n, x)                                                                                 \
    do {                                                                                           \
        const uint8_t *const at = in + (x)*pixel;                                                  \
        n##0 = load_halves(at, one, second);                                                       \
        n##1 = load_halves(at + row, one, second);                                                 \
        n##2 = load_halves(at + 2 * row, one, second);                                             \
        __asm__ volatile("" : "+x"(n##0), "+x"(n##1), "+x"(n##2));                                 \
    } while (0)

/* A loaded column; the fourth tap has no weight. */
#define COLUMN(n) INTERLEAVE(n##0, n##1, n##2, n##2)

/* Two output pixels beside each other of a 3x3 kernel of stride 1 or 2. */
AF_DW_INLINE void two_pixels(const uint8_t *chunk, const uint8_t *in, ptrdiff_t pixel,
                             ptrdiff_t row, uint8_t *out, ptrdiff_t out_second, int one,
                             ptrdiff_t second, int32_t stride, int32_t shift) {
    const uint8_t *const w = chunk + HEADER;
    __m256i s0, s1, s2, t0, t1, t2;
    LOAD(s, 0);
    __m256i a0 = load(chunk), a1 = load(chunk + 32), a2 = load(chunk + 64), a3 = load(chunk + 96);
    __m256i b0 = a0, b1 = a1, b2 = a2, b3 = a3;
    LOAD(t, 1);
    {
        COLUMN(s);
        LOAD(s, 2);
        ACCUMULATE(a, w);
    }
    {
        COLUMN(t);
        LOAD(t, 3);
        ACCUMULATE(a, w + QUAD);
        if (stride == 1) {
            ACCUMULATE(b, w);
        }
    }
    {
        COLUMN(s);
        if (stride == 2)
            LOAD(s, 4);
        ACCUMULATE(a, w + 2 * QUAD);
        if (stride == 1) {
            ACCUMULATE(b, w + QUAD);
        } else {
            ACCUMULATE(b, w);
        }
    }
    store_halves(out, one, out_second, requantise(chunk, shift, a0, a1, a2, a3));
    {
        COLUMN(t);
        if (stride == 1) {
            ACCUMULATE(b, w + 2 * QUAD);
        } else {
            ACCUMULATE(b, w + QUAD);
        }
    }
    if (stride == 2) {
        COLUMN(s);
        ACCUMULATE(b, w + 2 * QUAD);
    }
    store_halves(out + pixel, one, out_second, requantise(chunk, shift, b0, b1, b2, b3));
}

/* A row (or, of lone halves, two rows) of a 3x3 kernel; at least two pixels wide. The last two may
 * have been done once before. */
#define ROW_3X3(name, one, stride)                                                                 \
    AF_DW_TARGET static void name(const af_conv_job *job, const uint8_t *chunk,                    \
                                  const halves *second, const uint8_t *in, uint8_t *out) {         \
        const ptrdiff_t pixel = job->shape->pixel;                                                 \
        for (int32_t x = 0; x < job->width; x += 2) {                                              \
            const int32_t at = af_min(x, job->width - 2);                                          \
            two_pixels(chunk, in + at * (stride)*pixel, pixel, job->in_row, out + at * pixel,      \
                       second->out, one, second->in, stride, job->shape->shift);                   \
        }                                                                                          \
    }

ROW_3X3(row_3x3_s1, 1, 1)
ROW_3X3(row_3x3_s2, 1, 2)
ROW_3X3(row_3x3_s1_lone, 0, 1)
ROW_3X3(row_3x3_s2_lone, 0, 2)

/* One row, or two of lone halves, of any kernel. */
AF_DW_TARGET static void row_any(const af_conv_job *job, const uint8_t *chunk, const halves *second,
                                 const uint8_t *in, uint8_t *out, int32_t *head) {
    const af_shape *const shape = job->shape;
    ptrdiff_t offsets[MAX_QUADS][4];
    for (int32_t quad = 0; quad < af_quads_of(shape); quad++)
        for (int32_t t = 0; t < 4; t++) {
            int32_t ky, kx;
            const int real = af_tap_of(shape, quad, t, &ky, &kx);
            offsets[quad][t] = real ? ky * job->in_row + (ptrdiff_t)kx * shape->pixel : 0;
        }
    const ptrdiff_t pixel = shape->pixel;
    for (int32_t x = 0; x < job->width; x++)
        one_pixel(shape, chunk, (const ptrdiff_t(*)[4])offsets, second,
                  in + x * shape->stride * pixel, out ? out + x * pixel : NULL,
                  head ? head + x * pixel : NULL);
}

static void run_row(const af_conv_job *job, const uint8_t *chunk, const halves *second,
                    const uint8_t *in, uint8_t *out, int32_t *head) {
    const int32_t stride = job->shape->stride;
    if (!af_is_3x3(job->shape) || stride > 2 || job->width < 2 || head)
        row_any(job, chunk, second, in, out, head);
    else if (second->one)
        (stride == 1 ? row_3x3_s1 : row_3x3_s2)(job, chunk, second, in, out);
    else
        (stride == 1 ? row_3x3_s1_lone : row_3x3_s2_lone)(job, chunk, second, in, out);
}

void AF_DW(af_depthwise)(const af_conv_job *job) {
    const af_shape *const shape = job->shape;
    const int32_t padded = af_padded(shape->cout);
    const ptrdiff_t head_row = (ptrdiff_t)job->width * padded;
    for (int32_t y = 0; y < job->height; y++)
        for (int32_t c = 0; c < padded; c += 32) {
            const uint8_t *const chunk =
                (const uint8_t *)job->packed + (size_t)(c / 32) * chunk_bytes(shape);
            const int one = c + 16 < padded;
            if (!one && y % 2) /* lone halves of two rows were done together */
                continue;
            const int below = !one && y + 1 < job->height;
            const halves second = {
                .one = one,
                .in = one     ? 16
                      : below ? shape->stride * job->in_row
                              : 0,
                .out = one     ? 16
                       : below ? job->out_row
                               : 0,
                .head = one     ? 16
                        : below ? head_row
                                : 0,
            };
            run_row(job, chunk, &second, job->in + y * shape->stride * job->in_row + c,
                    job->out ? job->out + y * job->out_row + c : NULL,
                    job->head ? job->head + y * head_row + c : NULL);
        }
}
