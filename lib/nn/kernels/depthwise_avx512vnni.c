/*
 * Depthwise convolution with AVX-512 VNNI.
 *
 * Taps go in fours: their bytes are interleaved, so that vpdpbusd adds four products a channel. Of
 * a 3x3 kernel the four are a column and a zero; a column that is interleaved once serves all
 * output pixels that it is part of.
 *
 * A register has four quarters of 16 channels. A chunk is as many channels as are left, up to 64:
 * of 64 or 48, the quarters are those of one pixel (the last of 48 is empty); of 32 and 16 they
 * belong to two or four pixels below each other.
 *
 * Packed, for each chunk: int32 [4][16] start (bias and rounding), int16 [2][32] multipliers,
 * int8 [quads][4][16 channels][4 taps]. Register j has channels 4j..4j+3 of each quarter,
 * multipliers 0-7 then 8-15 of each.
 */
#include "nn/kernels/avx512vnni.h"

#ifdef AF_AVX512VNNI

#include "nn/kernels/quads.h"

#include <string.h>

enum { MAX_QUADS = 13, QUARTERS = 4, MULT = 256, HEADER = 384, QUAD = 256 };

#define INLINE static inline __attribute__((always_inline)) AF_TARGET_AVX512VNNI

static size_t chunk_bytes(const af_shape *shape) {
    return HEADER + QUAD * (size_t)af_quads_of(shape);
}

static int32_t chunks_of(const af_shape *shape) {
    return (af_padded(shape->cout) + 63) / 64;
}

size_t af_depthwise_bytes_avx512vnni(const af_shape *shape) {
    return (size_t)chunks_of(shape) * chunk_bytes(shape);
}

/* Quarters of a pixel in the chunk that begins with channel c: 1, 2, 3 or 4. */
static int32_t quarters_of(const af_shape *shape, int32_t c) {
    return af_min(QUARTERS, (af_padded(shape->cout) - c) / AF_TILE);
}

static void pack_channel(const af_shape *shape, const af_weights *weights, int32_t c,
                         int32_t quarter, int32_t within, uint8_t *chunk) {
    const int32_t slot = within / 4 * 16 + quarter * 4 + within % 4;
    int32_t *const start = (int32_t *)(void *)chunk;
    int16_t *const mult = (int16_t *)(void *)(chunk + MULT);
    int8_t *const taps = (int8_t *)(chunk + HEADER);
    start[slot] = weights->bias[c] + (shape->shift ? 1 << (shape->shift - 1) : 0);
    mult[within / 8 * 32 + quarter * 8 + within % 8] =
        (int16_t)(weights->mult ? weights->mult[c] : 0);
    for (int32_t quad = 0; quad < af_quads_of(shape); quad++)
        for (int32_t t = 0; t < 4; t++) {
            int32_t ky, kx;
            if (af_tap_of(shape, quad, t, &ky, &kx))
                taps[quad * QUAD + slot * 4 + t] =
                    weights->weights[(ky * shape->kw + kx) * shape->cout + c];
        }
}

void af_depthwise_pack_avx512vnni(const af_shape *shape, const af_weights *weights, void *packed) {
    memset(packed, 0, af_depthwise_bytes_avx512vnni(shape));
    for (int32_t first = 0; first < af_padded(shape->cout); first += 64) {
        uint8_t *const chunk = (uint8_t *)packed + (size_t)(first / 64) * chunk_bytes(shape);
        const int32_t quarters = quarters_of(shape, first);
        for (int32_t quarter = 0; quarter < (quarters == 3 ? 3 : QUARTERS); quarter++)
            for (int32_t within = 0; within < 16; within++) {
                const int32_t c = first + quarter % quarters * 16 + within;
                if (c < shape->cout)
                    pack_channel(shape, weights, c, quarter, within, chunk);
            }
    }
}

/* Where the quarters of a register are, relative to the first. Pixels that are missing at the end
 * repeat the first one. */
typedef struct places {
    ptrdiff_t in[QUARTERS];
    ptrdiff_t out[QUARTERS];
    ptrdiff_t head[QUARTERS]; /* in values */
} places;

INLINE __m512i load(const void *p) {
    return _mm512_loadu_si512(p);
}

INLINE __m128i load_16(const uint8_t *p) {
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

INLINE __m256i load_32(const uint8_t *p) {
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

INLINE __m512i load_quarters(const uint8_t *p, const places *at, const int quarters) {
    if (quarters == 4)
        return load(p);
    if (quarters == 3)
        return _mm512_maskz_loadu_epi32(0xFFF, p);
    if (quarters == 2)
        return _mm512_inserti64x4(_mm512_castsi256_si512(load_32(p)), load_32(p + at->in[2]), 1);
    __m512i v = _mm512_castsi128_si512(load_16(p));
    v = _mm512_inserti32x4(v, load_16(p + at->in[1]), 1);
    v = _mm512_inserti32x4(v, load_16(p + at->in[2]), 2);
    return _mm512_inserti32x4(v, load_16(p + at->in[3]), 3);
}

INLINE void store_quarters(uint8_t *p, const places *at, const int quarters, __m512i v) {
    if (quarters == 4) {
        _mm512_storeu_si512(p, v);
    } else if (quarters == 3) {
        _mm512_mask_storeu_epi32(p, 0xFFF, v);
    } else if (quarters == 2) {
        _mm256_storeu_si256((__m256i *)(void *)p, _mm512_castsi512_si256(v));
        _mm256_storeu_si256((__m256i *)(void *)(p + at->out[2]), _mm512_extracti64x4_epi64(v, 1));
    } else {
        _mm_storeu_si128((__m128i *)(void *)p, _mm512_castsi512_si128(v));
        _mm_storeu_si128((__m128i *)(void *)(p + at->out[1]), _mm512_extracti32x4_epi32(v, 1));
        _mm_storeu_si128((__m128i *)(void *)(p + at->out[2]), _mm512_extracti32x4_epi32(v, 2));
        _mm_storeu_si128((__m128i *)(void *)(p + at->out[3]), _mm512_extracti32x4_epi32(v, 3));
    }
}

/* Register j of the sums of a head. */
INLINE void store_head(int32_t *p, const places *at, const int quarters, __m512i v) {
    _mm_storeu_si128((__m128i *)(void *)p, _mm512_castsi512_si128(v));
    _mm_storeu_si128((__m128i *)(void *)(p + at->head[1]), _mm512_extracti32x4_epi32(v, 1));
    _mm_storeu_si128((__m128i *)(void *)(p + at->head[2]), _mm512_extracti32x4_epi32(v, 2));
    if (quarters != 3)
        _mm_storeu_si128((__m128i *)(void *)(p + at->head[3]), _mm512_extracti32x4_epi32(v, 3));
}

/* Four registers of sums, one a quarter of the channels. */
typedef struct sums {
    __m512i v0, v1, v2, v3;
} sums;

/* The sums as bytes. */
INLINE __m512i requantise(const uint8_t *chunk, int32_t shift, const sums *a) {
    const __m128i s = _mm_cvtsi32_si128(shift);
    const __m512i r0 = _mm512_packs_epi32(_mm512_sra_epi32(a->v0, s), _mm512_sra_epi32(a->v1, s));
    const __m512i r1 = _mm512_packs_epi32(_mm512_sra_epi32(a->v2, s), _mm512_sra_epi32(a->v3, s));
    const __m512i q0 = _mm512_mulhrs_epi16(r0, load(chunk + MULT));
    const __m512i q1 = _mm512_mulhrs_epi16(r1, load(chunk + MULT + 64));
    return _mm512_max_epi8(_mm512_packs_epi16(q0, q1), _mm512_setzero_si512());
}

/* The bytes of four taps. */
INLINE sums interleave(__m512i t0, __m512i t1, __m512i t2, __m512i t3) {
    const __m512i ab0 = _mm512_unpacklo_epi8(t0, t1), ab1 = _mm512_unpackhi_epi8(t0, t1);
    const __m512i cd0 = _mm512_unpacklo_epi8(t2, t3), cd1 = _mm512_unpackhi_epi8(t2, t3);
    return (sums){_mm512_unpacklo_epi16(ab0, cd0), _mm512_unpackhi_epi16(ab0, cd0),
                  _mm512_unpacklo_epi16(ab1, cd1), _mm512_unpackhi_epi16(ab1, cd1)};
}

/* A column of a 3x3 kernel; the fourth tap has no weight. */
INLINE sums column(const uint8_t *in, ptrdiff_t row, const places *at, const int quarters) {
    const __m512i t2 = load_quarters(in + 2 * row, at, quarters);
    return interleave(load_quarters(in, at, quarters), load_quarters(in + row, at, quarters), t2,
                      t2);
}

INLINE sums multiply(const sums *acc, const sums *quad, const sums *w) {
    return (sums){_mm512_dpbusd_epi32(acc->v0, quad->v0, w->v0),
                  _mm512_dpbusd_epi32(acc->v1, quad->v1, w->v1),
                  _mm512_dpbusd_epi32(acc->v2, quad->v2, w->v2),
                  _mm512_dpbusd_epi32(acc->v3, quad->v3, w->v3)};
}

/* The weights of a quad, or the start of the sums: four registers. */
INLINE sums load_four(const uint8_t *p) {
    return (sums){load(p), load(p + 64), load(p + 128), load(p + 192)};
}

/* What stays the same along a row. */
typedef struct row {
    const uint8_t *chunk;
    const places *at;
    ptrdiff_t pixel;
    ptrdiff_t in_row;
    int32_t shift;
} row;

/* The column at `in` is the last of the pixel with sums a, the middle one of b's and the first of
 * c's. */
INLINE void step_1(const row *r, const sums w[3], const uint8_t *in, uint8_t *out, const sums *a,
                   sums *b, sums *c, const int quarters) {
    const sums quad = column(in, r->in_row, r->at, quarters);
    const sums start = load_four(r->chunk), done = multiply(a, &quad, &w[2]);
    *b = multiply(b, &quad, &w[1]);
    *c = multiply(&start, &quad, &w[0]);
    store_quarters(out, r->at, quarters, requantise(r->chunk, r->shift, &done));
}

/* A row of a 3x3 kernel with stride 1. */
INLINE void row_1(const row *r, const uint8_t *in, uint8_t *out, int32_t width,
                  const int quarters) {
    const uint8_t *const weights = r->chunk + HEADER; /* they stay in registers */
    const sums w[3] = {load_four(weights), load_four(weights + QUAD),
                       load_four(weights + 2 * QUAD)};
    const sums start = load_four(r->chunk);
    const sums first = column(in, r->in_row, r->at, quarters);
    const sums second = column(in + r->pixel, r->in_row, r->at, quarters);
    sums a = multiply(&start, &first, &w[0]), b = multiply(&start, &second, &w[0]), c;
    a = multiply(&a, &second, &w[1]);
    in += 2 * r->pixel;
    for (; width >= 3; width -= 3, in += 3 * r->pixel, out += 3 * r->pixel) {
        step_1(r, w, in, out, &a, &b, &c, quarters);
        step_1(r, w, in + r->pixel, out + r->pixel, &b, &c, &a, quarters);
        step_1(r, w, in + 2 * r->pixel, out + 2 * r->pixel, &c, &a, &b, quarters);
    }
    if (width > 0)
        step_1(r, w, in, out, &a, &b, &c, quarters);
    if (width > 1)
        step_1(r, w, in + r->pixel, out + r->pixel, &b, &c, &a, quarters);
}

/* The same with stride 2: every other column is the last of one pixel and the first of the next. */
INLINE void row_2(const row *r, const uint8_t *in, uint8_t *out, int32_t width,
                  const int quarters) {
    const uint8_t *const weights = r->chunk + HEADER; /* they stay in registers */
    const sums w[3] = {load_four(weights), load_four(weights + QUAD),
                       load_four(weights + 2 * QUAD)};
    const sums start = load_four(r->chunk);
    const sums first = column(in, r->in_row, r->at, quarters);
    sums a = multiply(&start, &first, &w[0]);
    for (; width > 0; width--, in += 2 * r->pixel, out += r->pixel) {
        const sums middle = column(in + r->pixel, r->in_row, r->at, quarters);
        const sums last = column(in + 2 * r->pixel, r->in_row, r->at, quarters);
        a = multiply(&a, &middle, &w[1]);
        const sums done = multiply(&a, &last, &w[2]);
        a = multiply(&start, &last, &w[0]);
        store_quarters(out, r->at, quarters, requantise(r->chunk, r->shift, &done));
    }
}

#define ROW_3X3(name, run, quarters)                                                               \
    AF_TARGET_AVX512VNNI static void name(const row *r, const uint8_t *in, uint8_t *out,           \
                                          int32_t width) {                                         \
        run(r, in, out, width, quarters);                                                          \
    }

ROW_3X3(row_1_of_1, row_1, 1)
ROW_3X3(row_1_of_2, row_1, 2)
ROW_3X3(row_1_of_3, row_1, 3)
ROW_3X3(row_1_of_4, row_1, 4)
ROW_3X3(row_2_of_1, row_2, 1)
ROW_3X3(row_2_of_2, row_2, 2)
ROW_3X3(row_2_of_3, row_2, 3)
ROW_3X3(row_2_of_4, row_2, 4)

typedef void row_function(const row *r, const uint8_t *in, uint8_t *out, int32_t width);

/* A row of any kernel. */
INLINE void row_any(const af_conv_job *job, const row *r, const uint8_t *in, uint8_t *out,
                    int32_t *head, const int quarters) {
    const af_shape *const shape = job->shape;
    ptrdiff_t offsets[4 * MAX_QUADS];
    for (int32_t i = 0; i < 4 * af_quads_of(shape); i++) {
        int32_t ky, kx;
        const int real = af_tap_of(shape, i / 4, i % 4, &ky, &kx);
        offsets[i] = real ? ky * r->in_row + kx * r->pixel : 0;
    }
    for (int32_t x = 0; x < job->width; x++, in += shape->stride * r->pixel) {
        const uint8_t *w = r->chunk + HEADER;
        sums a = load_four(r->chunk);
        for (int32_t i = 0; i < 4 * af_quads_of(shape); i += 4, w += QUAD) {
            const sums quad = interleave(load_quarters(in + offsets[i], r->at, quarters),
                                         load_quarters(in + offsets[i + 1], r->at, quarters),
                                         load_quarters(in + offsets[i + 2], r->at, quarters),
                                         load_quarters(in + offsets[i + 3], r->at, quarters));
            const sums weights = load_four(w);
            a = multiply(&a, &quad, &weights);
        }
        if (!head) {
            store_quarters(out + x * r->pixel, r->at, quarters, requantise(r->chunk, r->shift, &a));
            continue;
        }
        int32_t *const to = head + x * r->pixel;
        store_head(to, r->at, quarters, a.v0);
        store_head(to + 4, r->at, quarters, a.v1);
        store_head(to + 8, r->at, quarters, a.v2);
        store_head(to + 12, r->at, quarters, a.v3);
    }
}

#define ROW_ANY(name, quarters)                                                                    \
    AF_TARGET_AVX512VNNI static void name(const af_conv_job *job, const row *r, const uint8_t *in, \
                                          uint8_t *out, int32_t *head) {                           \
        row_any(job, r, in, out, head, quarters);                                                  \
    }

ROW_ANY(row_any_of_1, 1)
ROW_ANY(row_any_of_2, 2)
ROW_ANY(row_any_of_3, 3)
ROW_ANY(row_any_of_4, 4)

/* The quarters of a register at row y: those of one pixel, or of the rows y, y + 1, ... */
static places places_of(const af_conv_job *job, int32_t y, int32_t quarters) {
    const ptrdiff_t head_row = (ptrdiff_t)job->width * job->shape->pixel;
    places at;
    for (int32_t i = 0; i < QUARTERS; i++) {
        const int32_t beside = i % quarters * AF_TILE;
        const int32_t down = y + i / quarters < job->height ? i / quarters : 0;
        at.in[i] = beside + down * job->shape->stride * job->in_row;
        at.out[i] = beside + down * job->out_row;
        at.head[i] = beside + down * head_row;
    }
    return at;
}

void af_depthwise_avx512vnni(const af_conv_job *job) {
    static row_function *const rows[2][4] = {{row_1_of_1, row_1_of_2, row_1_of_3, row_1_of_4},
                                             {row_2_of_1, row_2_of_2, row_2_of_3, row_2_of_4}};
    const af_shape *const shape = job->shape;
    const ptrdiff_t head_row = (ptrdiff_t)job->width * shape->pixel;
    for (int32_t y = 0; y < job->height; y++)
        for (int32_t c = 0; c < af_padded(shape->cout); c += 64) {
            const int32_t quarters = quarters_of(shape, c);
            if (y % (quarters == 3 ? 1 : QUARTERS / quarters)) /* done with a row above */
                continue;
            const places at = places_of(job, y, quarters);
            const row r = {
                .chunk = (const uint8_t *)job->packed + (size_t)(c / 64) * chunk_bytes(shape),
                .at = &at,
                .pixel = shape->pixel,
                .in_row = job->in_row,
                .shift = shape->shift,
            };
            const uint8_t *const in = job->in + (ptrdiff_t)y * shape->stride * job->in_row + c;
            uint8_t *const out = job->out ? job->out + y * job->out_row + c : NULL;
            int32_t *const head = job->head ? job->head + y * head_row + c : NULL;
            if (af_is_3x3(shape) && shape->stride <= 2 && !head)
                rows[shape->stride - 1][quarters - 1](&r, in, out, job->width);
            else
                (quarters == 1   ? row_any_of_1
                 : quarters == 2 ? row_any_of_2
                 : quarters == 3 ? row_any_of_3
                                 : row_any_of_4)(job, &r, in, out, head);
        }
}

#else
typedef int af_no_avx512vnni; /* a translation unit is never empty */
#endif
