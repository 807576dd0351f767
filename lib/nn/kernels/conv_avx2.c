/*
 * Convolution with AVX2.
 *
 * Four taps (bytes) of a pixel are broadcast and multiplied with the weights of 16 channels by
 * pmaddubsw: two products of at most 127 * 127 a 16-bit lane, which cannot saturate. pmaddwd with
 * ones would follow for every four taps; where the weights prove that the sum of two such groups
 * fits int16 (positive weights of a lane's four taps sum to at most 258, and so do the negative
 * ones: 258 * 127 = 32,766), groups go in pairs that share one pmaddwd. Which groups pair up is
 * decided when weights are packed; groups whose weights are all zero are left out.
 *
 * Packed: int32 sums' start [cp] (bias and rounding, in the order of the accumulators), int16
 * multipliers [cp], then for each tile of 16 channels a table and its weights:
 *   int32 pairs, singles for each segment; int32 offsets of the groups (two for a pair); 64-aligned
 *   int8 [group][2][8 channels][4 taps]
 * Of a one-channel kernel of stride 4 whose rows are one tap longer than fours (the first layer's
 * 5x5), the last taps of the upper four rows make one group, which comes last: they are gathered
 * for a row of pixels at a time. A segment is one row of the kernel, or, when the kernel is small
 * enough that its offsets fit a table on the stack, the whole kernel; then an offset is row << 16 |
 * byte.
 */
#include "nn/kernels/avx2.h"

#ifdef AF_AVX2

#include <string.h>

enum {
    FLAT = 64,     /* most groups of a kernel that is one segment */
    GROUP = 64,    /* bytes of weights of a group */
    LANE_MAX = 258 /* largest sum of a lane's positive, or negative, weights */
};

/* Sizes that the shape alone decides. */
typedef struct layout {
    int flat;           /* the whole kernel is one segment */
    int down;           /* there is a group of four rows' last taps */
    int32_t row_groups; /* groups of four taps in a row of the kernel */
    int32_t segments;
    int32_t groups; /* in a segment */
    size_t table;   /* bytes of a tile's table */
    size_t tile;    /* bytes of a tile */
    size_t header;  /* bytes before the first tile */
} layout;

static layout layout_of(const af_shape *shape) {
    layout l;
    l.row_groups = (shape->kw * shape->pixel + 3) / 4;
    l.flat = shape->kh * l.row_groups <= FLAT;
    l.segments = l.flat ? 1 : shape->kh;
    l.groups = l.flat ? shape->kh * l.row_groups : l.row_groups;
    l.down =
        l.flat && shape->pixel == 1 && shape->stride == 4 && shape->kw % 4 == 1 && shape->kh >= 4;
    const size_t all = (size_t)(l.segments * l.groups);
    l.table = af_round_up((2 * (size_t)l.segments + all) * sizeof(int32_t), 64);
    l.tile = l.table + all * GROUP;
    l.header =
        af_round_up((size_t)af_padded(shape->cout) * (sizeof(int32_t) + sizeof(int16_t)), 64);
    return l;
}

size_t af_conv_bytes_avx2(const af_shape *shape) {
    const layout l = layout_of(shape);
    return l.header + (size_t)(af_padded(shape->cout) / AF_TILE) * l.tile;
}

/* Accumulators 0 and 1 of a pixel hold channels 0-3, 8-11 and 4-7, 12-15, so that packssdw, which
 * works on halves of a register, leaves channels in order. */
static int32_t channel_of(int32_t slot) {
    return (slot & 3) | (slot & 4) << 1 | (slot & 8) >> 1;
}

/* The weights of one group: taps byte..byte + 3 of kernel row ky; down: taps byte of rows
 * ky..ky + 3. Returns 0 when all are zero. */
static int fetch_group(const af_shape *shape, const int8_t *weights, int32_t tile, int32_t ky,
                       int32_t byte, int down, int8_t group[GROUP]) {
    int any = 0;
    memset(group, 0, GROUP);
    for (int32_t t = 0; t < 4; t++) {
        const int32_t at = byte + (down ? 0 : t), row = ky + (down ? t : 0);
        const int32_t kx = at / shape->pixel, i = at % shape->pixel;
        if (kx >= shape->kw || i >= shape->cin)
            continue;
        const size_t tap =
            ((size_t)row * (size_t)shape->kw + (size_t)kx) * (size_t)shape->cin + (size_t)i;
        const size_t filter = (size_t)shape->kh * (size_t)shape->kw * (size_t)shape->cin;
        for (int32_t slot = 0; slot < AF_TILE; slot++) {
            const int32_t c = tile * AF_TILE + channel_of(slot);
            if (c < shape->cout)
                any |= group[slot * 4 + t] = weights[(size_t)c * filter + tap];
        }
    }
    return any;
}

/* No 16-bit lane of the two groups' sum can leave int16, whatever the activations. */
static int may_pair(const int8_t a[GROUP], const int8_t b[GROUP]) {
    for (int32_t lane = 0; lane < GROUP; lane += 2) {
        const int8_t w[4] = {a[lane], a[lane + 1], b[lane], b[lane + 1]};
        int32_t up = 0, down = 0;
        for (int32_t i = 0; i < 4; i++) {
            up += af_max(w[i], 0);
            down -= af_min(w[i], 0);
        }
        if (up > LANE_MAX || down > LANE_MAX)
            return 0;
    }
    return 1;
}

static void swap_groups(int32_t *offsets, int8_t *groups, int32_t a, int32_t b) {
    int8_t saved[GROUP];
    const int32_t offset = offsets[a];
    offsets[a] = offsets[b];
    offsets[b] = offset;
    memcpy(saved, groups + a * GROUP, GROUP);
    memmove(groups + a * GROUP, groups + b * GROUP, GROUP);
    memcpy(groups + b * GROUP, saved, GROUP);
}

/* Reorders n groups so that pairs come first; returns the number of pairs. Looks for a partner
 * among the next few only: nearly all pairs are allowed, and hostile weights must not cost time. */
static int32_t make_pairs(int32_t *offsets, int8_t *groups, int32_t n) {
    enum { WINDOW = 24 };
    int32_t pairs = 0, end = n; /* those from end on found no partner */
    while (2 * pairs + 1 < end) {
        const int32_t first = 2 * pairs;
        int32_t partner = first + 1;
        const int32_t last = af_min(end, partner + WINDOW);
        while (partner < last && !may_pair(groups + first * GROUP, groups + partner * GROUP))
            partner++;
        if (partner < last) {
            swap_groups(offsets, groups, first + 1, partner);
            pairs++;
        } else {
            swap_groups(offsets, groups, first, --end);
        }
    }
    return pairs;
}

static void pack_tile(const af_shape *shape, const layout *l, const int8_t *weights, int32_t tile,
                      uint8_t *packed) {
    int32_t *const counts = (int32_t *)(void *)packed;
    int32_t *offsets = counts + 2 * l->segments;
    int8_t *groups = (int8_t *)packed + l->table;
    for (int32_t s = 0; s < l->segments; s++) {
        int32_t n = 0;
        for (int32_t g = 0; g < l->groups; g++) {
            const int32_t row = l->flat ? g / l->row_groups : 0;
            const int32_t byte = 4 * (g % l->row_groups);
            const int32_t ky = l->flat ? row : s;
            if (l->down && row < 4 && byte == shape->kw - 1)
                continue;
            offsets[n] = row << 16 | byte;
            n += fetch_group(shape, weights, tile, ky, byte, 0, groups + n * GROUP) != 0;
        }
        counts[2 * s] = make_pairs(offsets, groups, n);
        counts[2 * s + 1] = n - 2 * counts[2 * s];
        offsets += n;
        groups += n * GROUP;
    }
    if (l->down)
        fetch_group(shape, weights, tile, 0, shape->kw - 1, 1, groups);
}

void af_conv_pack_avx2(const af_shape *shape, const af_weights *weights, void *packed) {
    const layout l = layout_of(shape);
    const int32_t padded = af_padded(shape->cout);
    const int32_t rounding = shape->shift ? 1 << (shape->shift - 1) : 0;
    memset(packed, 0, af_conv_bytes_avx2(shape));
    int32_t *const start = packed;
    int16_t *const mult = (int16_t *)(void *)(start + padded);
    for (int32_t i = 0; i < padded; i++) {
        const int32_t c = (i & ~(AF_TILE - 1)) + channel_of(i & (AF_TILE - 1));
        start[i] = (c < shape->cout ? weights->bias[c] : 0) + rounding;
        mult[i] = (int16_t)(i < shape->cout && weights->mult ? weights->mult[i] : 0);
    }
    uint8_t *const tiles = (uint8_t *)packed + l.header;
    for (int32_t t = 0; t < padded / AF_TILE; t++)
        pack_tile(shape, &l, weights->weights, t, tiles + (size_t)t * l.tile);
}

/* All that the inner functions need of a tile. */
typedef struct tile {
    const int32_t *counts;
    const int32_t *offsets; /* in bytes, ready to use */
    const int8_t *weights;
    int32_t segments;
    ptrdiff_t in_row;
    const int32_t *start;
    const int16_t *mult;
    int32_t shift;
    const uint8_t *down; /* four taps of each pixel of the row; null: none */
} tile;

/* What becomes of the sums; a constant where functions are inlined. */
typedef enum result { PLAIN, RESIDUAL, HEAD } result;

/* Where a pixel's results go. */
typedef struct place {
    uint8_t *out;
    const uint8_t *residual;
    int32_t *head;
} place;

AF_INLINE_AVX2 __m256i load_weights(const int8_t *p) {
    return _mm256_load_si256((const __m256i *)(const void *)p);
}

AF_INLINE_AVX2 __m256i taps(const uint8_t *p) {
    int32_t four;
    memcpy(&four, p, sizeof four);
    return _mm256_set1_epi32(four);
}

/* The requantised tile of a pixel as int16, residual added, not yet clamped to a byte. */
AF_INLINE_AVX2 __m256i requantise(const tile *t, __m256i acc0, __m256i acc1, const place *to,
                                  result what) {
    const __m128i shift = _mm_cvtsi32_si128(t->shift);
    const __m256i r =
        _mm256_packs_epi32(_mm256_sra_epi32(acc0, shift), _mm256_sra_epi32(acc1, shift));
    const __m256i mult = _mm256_loadu_si256((const __m256i *)(const void *)t->mult);
    const __m256i q = _mm256_mulhrs_epi16(r, mult);
    if (what != RESIDUAL)
        return q;
    const __m128i add = _mm_loadu_si128((const __m128i *)(const void *)to->residual);
    return _mm256_adds_epi16(q, _mm256_cvtepu8_epi16(add));
}

AF_INLINE_AVX2 void store_head(int32_t *to, __m256i acc0, __m256i acc1) {
    __m256i *const p = (__m256i *)(void *)to;
    _mm256_storeu_si256(p, _mm256_permute2x128_si256(acc0, acc1, 0x20));
    _mm256_storeu_si256(p + 1, _mm256_permute2x128_si256(acc0, acc1, 0x31));
}

/* Stores two pixels. */
AF_INLINE_AVX2 void store_two(const tile *t, const place *to0, const place *to1, result what,
                              __m256i acc00, __m256i acc01, __m256i acc10, __m256i acc11) {
    if (what == HEAD) {
        store_head(to0->head, acc00, acc01);
        store_head(to1->head, acc10, acc11);
        return;
    }
    const __m256i q0 = requantise(t, acc00, acc01, to0, what);
    const __m256i q1 = requantise(t, acc10, acc11, to1, what);
    /* halves: pixel 0 and 1 of channels 0-7, then of 8-15 */
    const __m256i both = _mm256_permute4x64_epi64(_mm256_packus_epi16(q0, q1), 0xD8);
    const __m256i y = _mm256_min_epu8(both, _mm256_set1_epi8(127));
    _mm_storeu_si128((__m128i *)(void *)to0->out, _mm256_castsi256_si128(y));
    _mm_storeu_si128((__m128i *)(void *)to1->out, _mm256_extracti128_si256(y, 1));
}

#define MULTIPLY(a, w) _mm256_maddubs_epi16(a, w)
#define GATHER(acc, sums) acc = _mm256_add_epi32(acc, _mm256_madd_epi16(sums, ones))

#define PAIR(i)                                                                                    \
    do {                                                                                           \
        const __m256i a = taps(in##i + offset0), b = taps(in##i + offset1);                        \
        GATHER(acc##i##0, _mm256_add_epi16(MULTIPLY(a, w0), MULTIPLY(b, w2)));                     \
        GATHER(acc##i##1, _mm256_add_epi16(MULTIPLY(a, w1), MULTIPLY(b, w3)));                     \
    } while (0)

#define SINGLE(i, from)                                                                            \
    do {                                                                                           \
        const __m256i a = taps(from);                                                              \
        GATHER(acc##i##0, MULTIPLY(a, w0));                                                        \
        GATHER(acc##i##1, MULTIPLY(a, w1));                                                        \
    } while (0)

/* 16 channels of four pixels. */
AF_INLINE_AVX2 void four_pixels(const tile *t, const uint8_t *in0, const uint8_t *in1,
                                const uint8_t *in2, const uint8_t *in3, const uint8_t *down,
                                const place to[4], result what) {
    const __m256i ones = _mm256_set1_epi16(1);
    const int8_t *w = t->weights;
    const int32_t *at = t->offsets;
    const __m256i start0 = _mm256_loadu_si256((const __m256i *)(const void *)t->start);
    const __m256i start1 = _mm256_loadu_si256((const __m256i *)(const void *)(t->start + 8));
    __m256i acc00 = start0, acc10 = start0, acc20 = start0, acc30 = start0;
    __m256i acc01 = start1, acc11 = start1, acc21 = start1, acc31 = start1;
    for (int32_t s = 0; s < t->segments; s++) {
        for (int32_t n = t->counts[2 * s]; n > 0; n--, w += 2 * GROUP, at += 2) {
            const ptrdiff_t offset0 = at[0], offset1 = at[1];
            const __m256i w0 = load_weights(w), w1 = load_weights(w + 32);
            const __m256i w2 = load_weights(w + 64), w3 = load_weights(w + 96);
            PAIR(0);
            PAIR(1);
            PAIR(2);
            PAIR(3);
        }
        for (int32_t n = t->counts[2 * s + 1]; n > 0; n--, w += GROUP, at++) {
            const ptrdiff_t offset = at[0];
            const __m256i w0 = load_weights(w), w1 = load_weights(w + 32);
            SINGLE(0, in0 + offset);
            SINGLE(1, in1 + offset);
            SINGLE(2, in2 + offset);
            SINGLE(3, in3 + offset);
        }
        in0 += t->in_row;
        in1 += t->in_row;
        in2 += t->in_row;
        in3 += t->in_row;
    }
    if (down) {
        const __m256i w0 = load_weights(w), w1 = load_weights(w + 32);
        SINGLE(0, down);
        SINGLE(1, down + 4);
        SINGLE(2, down + 8);
        SINGLE(3, down + 12);
    }
    store_two(t, &to[0], &to[1], what, acc00, acc01, acc10, acc11);
    store_two(t, &to[2], &to[3], what, acc20, acc21, acc30, acc31);
}

/* 16 channels of one pixel: dense layers and what is left over. */
AF_INLINE_AVX2 void one_pixel(const tile *t, const uint8_t *in0, const uint8_t *down,
                              const place *to, result what) {
    const __m256i ones = _mm256_set1_epi16(1);
    const int8_t *w = t->weights;
    const int32_t *at = t->offsets;
    __m256i acc00 = _mm256_loadu_si256((const __m256i *)(const void *)t->start);
    __m256i acc01 = _mm256_loadu_si256((const __m256i *)(const void *)(t->start + 8));
    for (int32_t s = 0; s < t->segments; s++, in0 += t->in_row) {
        for (int32_t n = t->counts[2 * s]; n > 0; n--, w += 2 * GROUP, at += 2) {
            const ptrdiff_t offset0 = at[0], offset1 = at[1];
            const __m256i w0 = load_weights(w), w1 = load_weights(w + 32);
            const __m256i w2 = load_weights(w + 64), w3 = load_weights(w + 96);
            PAIR(0);
        }
        for (int32_t n = t->counts[2 * s + 1]; n > 0; n--, w += GROUP, at++) {
            const ptrdiff_t offset = at[0];
            const __m256i w0 = load_weights(w), w1 = load_weights(w + 32);
            SINGLE(0, in0 + offset);
        }
    }
    if (down) {
        const __m256i w0 = load_weights(w), w1 = load_weights(w + 32);
        SINGLE(0, down);
    }
    store_two(t, to, to, what, acc00, acc01, acc00, acc01);
}

/* Input and results of output pixel (x, y). */
static const uint8_t *locate(const af_conv_job *job, int32_t channel, int32_t x, int32_t y,
                             place *to) {
    const af_shape *const shape = job->shape;
    const ptrdiff_t at = (ptrdiff_t)x * af_padded(shape->cout) + channel;
    to->out = job->out ? job->out + y * job->out_row + at : NULL;
    to->residual = job->residual ? job->residual + y * job->residual_row + at : NULL;
    to->head =
        job->head ? job->head + (ptrdiff_t)y * job->width * af_padded(shape->cout) + at : NULL;
    return job->in + (ptrdiff_t)y * shape->stride * job->in_row +
           (ptrdiff_t)x * shape->stride * shape->pixel;
}

/* One tile of channels of a row whose width is a multiple of four. */
AF_INLINE_AVX2 void run_row(const af_conv_job *job, const tile *t, int32_t channel, int32_t y,
                            result what) {
    const ptrdiff_t step = (ptrdiff_t)job->shape->stride * job->shape->pixel;
    const ptrdiff_t pixel = af_padded(job->shape->cout);
    place to[4];
    const uint8_t *in = locate(job, channel, 0, y, &to[0]), *down = t->down;
    for (int32_t x = 0; x < job->width; x += 4, in += 4 * step) {
        if (what == HEAD) {
            to[1].head = to[0].head + pixel;
            to[2].head = to[0].head + 2 * pixel;
            to[3].head = to[0].head + 3 * pixel;
        } else {
            to[1].out = to[0].out + pixel;
            to[2].out = to[0].out + 2 * pixel;
            to[3].out = to[0].out + 3 * pixel;
        }
        if (what == RESIDUAL) {
            to[1].residual = to[0].residual + pixel;
            to[2].residual = to[0].residual + 2 * pixel;
            to[3].residual = to[0].residual + 3 * pixel;
        }
        four_pixels(t, in, in + step, in + 2 * step, in + 3 * step, down, to, what);
        if (down)
            down += 16;
        if (what == HEAD)
            to[0].head += 4 * pixel;
        else
            to[0].out += 4 * pixel;
        if (what == RESIDUAL)
            to[0].residual += 4 * pixel;
    }
}

/* One tile of channels of rows y..end - 1, four pixels at a time, across row ends. */
AF_INLINE_AVX2 void run_pixels(const af_conv_job *job, const tile *t, int32_t channel, int32_t y,
                               int32_t end, result what) {
    int32_t x = 0;
    while (y < end) {
        const uint8_t *in[4], *const down = t->down ? t->down + 4 * (ptrdiff_t)x : NULL;
        place to[4];
        int32_t n = 0;
        for (; n < 4 && y < end; n++) {
            in[n] = locate(job, channel, x, y, &to[n]);
            if (++x == job->width) {
                x = 0;
                y++;
            }
        }
        if (n == 1) {
            one_pixel(t, in[0], down, to, what);
            continue;
        }
        for (; n < 4; n++) { /* repeats the last */
            in[n] = in[n - 1];
            to[n] = to[n - 1];
        }
        four_pixels(t, in[0], in[1], in[2], in[3], down, to, what);
    }
}

#define RUN_TILE(name, what)                                                                       \
    AF_TARGET_AVX2 static void name(const af_conv_job *job, const tile *t, int32_t channel,        \
                                    int32_t y, int32_t end) {                                      \
        if (job->width % 4)                                                                        \
            run_pixels(job, t, channel, y, end, what);                                             \
        else                                                                                       \
            for (; y < end; y++)                                                                   \
                run_row(job, t, channel, y, what);                                                 \
    }

RUN_TILE(run_tile_plain, PLAIN)
RUN_TILE(run_tile_residual, RESIDUAL)
RUN_TILE(run_tile_head, HEAD)

static void run_job(const af_conv_job *job, const uint8_t *down) {
    enum { BLOCK = 16384 }; /* input bytes that stay in the first-level cache from tile to tile */
    const af_shape *const shape = job->shape;
    const layout l = layout_of(shape);
    const int32_t padded = af_padded(shape->cout);
    const int32_t *const start = job->packed;
    const int16_t *const mult = (const int16_t *)(const void *)(start + padded);
    const uint8_t *const tiles = (const uint8_t *)job->packed + l.header;
    const ptrdiff_t rows = BLOCK / (job->in_row * shape->stride);
    const int32_t block = rows < 1 ? 1 : (int32_t)rows;
    for (int32_t y = 0; y < job->height; y += block) {
        for (int32_t c = 0; c < padded; c += AF_TILE) {
            const uint8_t *const packed = tiles + (size_t)(c / AF_TILE) * l.tile;
            const int32_t *const counts = (const int32_t *)(const void *)packed;
            const int32_t *const offsets = counts + 2 * l.segments;
            int32_t flat[FLAT];
            for (int32_t i = 0; l.flat && i < 2 * counts[0] + counts[1]; i++)
                flat[i] = (int32_t)((offsets[i] >> 16) * job->in_row) + (offsets[i] & 0xFFFF);
            const tile t = {
                .counts = counts,
                .offsets = l.flat ? flat : offsets,
                .weights = (const int8_t *)packed + l.table,
                .segments = l.segments,
                .in_row = job->in_row,
                .start = start + c,
                .mult = mult + c,
                .shift = shape->shift,
                .down = down,
            };
            const int32_t end = af_min(job->height, y + block);
            (job->head       ? run_tile_head
             : job->residual ? run_tile_residual
                             : run_tile_plain)(job, &t, c, y, end);
        }
    }
}

/* A byte of each of four rows, for pixels four bytes apart. Reads no more of a row than the
 * contract allows. */
AF_TARGET_AVX2 static void gather_down(uint8_t *to, const uint8_t *in, ptrdiff_t in_row,
                                       int32_t pixels) {
    const __m256i low = _mm256_set1_epi32(255);
    int32_t i = 0;
    for (; i + 8 <= pixels; i += 8, in += 32, to += 32) {
        __m256i v = _mm256_setzero_si256();
        for (int32_t row = 3; row >= 0; row--) {
            const void *const at = in + row * in_row;
            const __m256i bytes = _mm256_and_si256(_mm256_loadu_si256((const __m256i *)at), low);
            v = _mm256_or_si256(_mm256_slli_epi32(v, 8), bytes);
        }
        _mm256_storeu_si256((__m256i *)(void *)to, v);
    }
    for (; i < pixels; i++, in += 4, to += 4)
        for (int32_t row = 0; row < 4; row++)
            to[row] = in[row * in_row];
}

/* Part of a row at a time, with its gathered taps. */
static void run_parts(const af_conv_job *job) {
    enum { PART = 256 };
    uint8_t down[4 * (PART + 4)];
    for (int32_t y = 0; y < job->height; y++)
        for (int32_t x = 0; x < job->width; x += PART) {
            af_conv_job part = *job;
            place to;
            part.in = locate(job, 0, x, y, &to);
            part.out = to.out;
            part.residual = to.residual;
            part.head = to.head;
            part.width = af_min(PART, job->width - x);
            part.height = 1;
            gather_down(down, part.in + job->shape->kw - 1, job->in_row, part.width);
            for (int32_t i = 0; i < 4; i++) /* the last block may repeat the last pixel */
                memcpy(down + 4 * (part.width + i), down + 4 * (part.width - 1), 4);
            run_job(&part, down);
        }
}

void af_conv_avx2(const af_conv_job *job) {
    if (layout_of(job->shape).down)
        run_parts(job);
    else
        run_job(job, NULL);
}

#else
typedef int af_no_avx2; /* a translation unit is never empty */
#endif
