/*
 * Convolution with vpdpbusd, for registers of 256 and of 512 bits: a template, without guard. Who
 * includes it defines AF_VNNI_BITS, AF_VNNI_TARGET and AF_VNNI(name).
 *
 * Four taps (bytes) of a pixel are broadcast and multiplied with the weights of as many channels as
 * a register has 32-bit lanes; vpdpbusd adds the four products to the sums exactly. A block is as
 * many pixels times channels as the registers hold. Groups of four taps whose weights are all zero
 * are left out.
 *
 * Packed: int32 sums' start [cp] (bias and rounding), int16 multipliers, 64 bytes a tile, int32
 * number of groups of each segment, int32 offsets of the groups; 64-aligned for each block of
 * tiles: int8 [group][tiles of the block][16 channels][4 taps] Of a one-channel kernel of stride 4
 * whose rows are one tap longer than fours (the first layer's 5x5), the last taps of the upper four
 * rows make one group, the last one: they are gathered for a row of pixels at a time, which takes
 * three multiplications less a pixel. A segment is one row of the kernel, or, when the kernel is
 * small enough that its offsets fit a table on the stack, the whole kernel; then an offset is row
 * << 16 | byte.
 */
#include <string.h>

enum { FLAT = 128, GROUP = 64 }; /* most groups of a kernel of one segment; a tile's bytes of one */

#define AF_VNNI_INLINE static inline __attribute__((always_inline)) AF_VNNI_TARGET

#if AF_VNNI_BITS == 512

/* A register holds a tile of a pixel, a block 8 pixels of 1 to 3 tiles or 4 pixels of 4. */
enum { MOST_TILES = 4, TILE_REGISTERS = 1, LANES = 16, MOST_PIXELS = 8 };
#define PIXELS(registers) ((registers) == 4 ? 4 : 8)
typedef __m512i vec;
#define VEC(name) _mm512_##name
#define DOT(acc, taps, weights) _mm512_dpbusd_epi32(acc, taps, weights)

static int32_t channel_of(int32_t slot) {
    return slot;
}

/* Results of four tiles are packed at once, in the order of memory: tiles of a pixel, then of the
 * next. packssdw and packsswb work on quarters of a register, so that each quarter gets four
 * channels of each tile; bytes are put right at the end. Multipliers come in pairs of tiles that
 * follow each other in that order: pair q is tiles 2q and 2q + 1 modulo the block's. */
static int32_t pairs_of(int32_t tiles) {
    return tiles % 2 ? tiles : tiles / 2;
}

static int32_t multiplier_of(int32_t slot, int32_t pair, int32_t tiles) {
    const int32_t tile = (2 * pair + slot / 4 % 2) % tiles;
    return tile * AF_TILE + slot / 8 * 4 + slot % 4;
}

#else

/* A tile takes two registers, a block is 6 pixels of one. */
enum { MOST_TILES = 1, TILE_REGISTERS = 2, LANES = 8, MOST_PIXELS = 6 };
#define PIXELS(registers) MOST_PIXELS
typedef __m256i vec;
#define VEC(name) _mm256_##name
#define DOT(acc, taps, weights) AF_VNNI_DOT256(acc, taps, weights)

/* The two registers of a tile hold channels 0-3, 8-11 and 4-7, 12-15: packssdw, which works on
 * halves of a register, leaves them in order. */
static int32_t channel_of(int32_t slot) {
    return (slot & 3) | (slot & 4) << 1 | (slot & 8) >> 1;
}

static int32_t pairs_of(int32_t tiles) {
    return tiles;
}

static int32_t multiplier_of(int32_t slot, int32_t pair, int32_t tiles) {
    (void)pair, (void)tiles;
    return slot % AF_TILE;
}

#endif

/* Sizes and places that the shape alone decides. */
typedef struct layout {
    int flat;           /* the whole kernel is one segment */
    int down;           /* there is a group of four rows' last taps */
    int32_t row_groups; /* groups of four taps in a row of the kernel */
    int32_t segments;
    int32_t groups; /* in a segment */
    int32_t tiles;
    size_t mult, counts, weights; /* where they begin */
} layout;

static layout layout_of(const af_shape *shape) {
    layout l;
    l.row_groups = (shape->kw * shape->pixel + 3) / 4;
    l.flat = shape->kh * l.row_groups <= FLAT;
    l.segments = l.flat ? 1 : shape->kh;
    l.groups = l.flat ? shape->kh * l.row_groups : l.row_groups;
    l.down =
        l.flat && shape->pixel == 1 && shape->stride == 4 && shape->kw % 4 == 1 && shape->kh >= 4;
    l.tiles = af_padded(shape->cout) / AF_TILE;
    l.mult = (size_t)l.tiles * AF_TILE * sizeof(int32_t);
    l.counts = l.mult + 64 * (size_t)l.tiles;
    l.weights =
        af_round_up(l.counts + (size_t)(l.segments + l.segments * l.groups) * sizeof(int32_t), 64);
    return l;
}

/* Bytes of a tile's weights. */
static size_t tile_bytes(const layout *l) {
    return (size_t)(l->segments * l->groups) * GROUP;
}

size_t AF_VNNI(af_conv_bytes)(const af_shape *shape) {
    const layout l = layout_of(shape);
    return l.weights + (size_t)l.tiles * tile_bytes(&l);
}

/* Tiles of the block that begins with tile `first`: blocks are as even as may be. */
static int32_t block_tiles(int32_t tiles, int32_t first) {
    const int32_t rest = tiles - first, blocks = (rest + MOST_TILES - 1) / MOST_TILES;
    return (rest + blocks - 1) / blocks;
}

/* The weights of taps byte..byte + 3 of kernel row ky for one tile; down: of taps byte of rows
 * ky..ky + 3. Returns 0 when all are zero. */
static int fetch_group(const af_shape *shape, const int8_t *weights, int32_t tile, int32_t ky,
                       int32_t byte, int down, int8_t group[GROUP]) {
    int any = 0;
    memset(group, 0, GROUP);
    const size_t filter = (size_t)shape->kh * (size_t)shape->kw * (size_t)shape->cin;
    for (int32_t t = 0; t < 4; t++) {
        const int32_t at = byte + (down ? 0 : t), row = ky + (down ? t : 0);
        const int32_t kx = at / shape->pixel, i = at % shape->pixel;
        if (kx >= shape->kw || i >= shape->cin)
            continue;
        const size_t tap =
            ((size_t)row * (size_t)shape->kw + (size_t)kx) * (size_t)shape->cin + (size_t)i;
        for (int32_t slot = 0; slot < AF_TILE; slot++) {
            const int32_t c = tile * AF_TILE + channel_of(slot);
            if (c < shape->cout)
                any |= group[slot * 4 + t] = weights[(size_t)c * filter + tap];
        }
    }
    return any;
}

/* Writes a group of all tiles as their n-th. */
static int pack_group(const af_shape *shape, const layout *l, const int8_t *weights, int32_t ky,
                      int32_t byte, int down, int32_t n, int8_t *to) {
    int any = 0;
    for (int32_t first = 0; first < l->tiles;) {
        const int32_t count = block_tiles(l->tiles, first);
        int8_t *const block = to + (size_t)first * tile_bytes(l) + (size_t)(n * count) * GROUP;
        for (int32_t i = 0; i < count; i++)
            any |= fetch_group(shape, weights, first + i, ky, byte, down, block + i * GROUP);
        first += count;
    }
    return any;
}

static void pack_sums(const af_shape *shape, const layout *l, const af_weights *weights,
                      uint8_t *packed) {
    const int32_t rounding = shape->shift ? 1 << (shape->shift - 1) : 0;
    int32_t *const start = (int32_t *)(void *)packed;
    for (int32_t i = 0; i < l->tiles * AF_TILE; i++) {
        const int32_t c = (i & ~(AF_TILE - 1)) + channel_of(i & (AF_TILE - 1));
        start[i] = (c < shape->cout ? weights->bias[c] : 0) + rounding;
    }
    for (int32_t first = 0; first < l->tiles;) {
        const int32_t count = block_tiles(l->tiles, first);
        int16_t *const mult = (int16_t *)(void *)(packed + l->mult) + 32 * first;
        for (int32_t i = 0; i < 32 * pairs_of(count); i++) {
            const int32_t c = first * AF_TILE + multiplier_of(i % 32, i / 32, count);
            mult[i] = (int16_t)(c < shape->cout && weights->mult ? weights->mult[c] : 0);
        }
        first += count;
    }
}

void AF_VNNI(af_conv_pack)(const af_shape *shape, const af_weights *weights, void *packed) {
    const layout l = layout_of(shape);
    memset(packed, 0, AF_VNNI(af_conv_bytes)(shape));
    pack_sums(shape, &l, weights, packed);
    int32_t *const counts = (int32_t *)(void *)((uint8_t *)packed + l.counts);
    int32_t *const offsets = counts + l.segments;
    int8_t *const to = (int8_t *)packed + l.weights;
    int32_t n = 0;
    for (int32_t s = 0; s < l.segments; s++)
        for (int32_t g = 0; g < l.groups; g++) {
            const int32_t row = l.flat ? g / l.row_groups : 0, byte = 4 * (g % l.row_groups);
            if (l.down && row < 4 && byte == shape->kw - 1)
                continue;
            offsets[n] = row << 16 | byte;
            if (pack_group(shape, &l, weights->weights, l.flat ? row : s, byte, 0, n, to)) {
                counts[s]++;
                n++;
            }
        }
    if (l.down)
        pack_group(shape, &l, weights->weights, 0, shape->kw - 1, 1, n, to);
}

/* ---------------------------------------------------------------------------------------- running
 */

/* All that the inner functions need of a block of tiles. */
typedef struct block {
    const int32_t *counts;  /* of each segment's groups */
    const int32_t *offsets; /* in bytes, ready to use */
    const int8_t *weights;
    const int32_t *start;
    const int16_t *mult;
    int32_t segments;
    int32_t shift;
    ptrdiff_t in_row;
    const uint8_t *down; /* four taps of each pixel of the row; null: none */
} block;

/* Where a pixel's results go, or the residual that is added comes from. */
typedef struct place {
    uint8_t *out;
    const uint8_t *residual; /* null: none */
    int32_t *head;           /* null unless a head */
} place;

AF_VNNI_INLINE vec load(const void *p) {
#if AF_VNNI_BITS == 512
    return _mm512_loadu_si512(p);
#else
    return _mm256_loadu_si256((const __m256i *)p);
#endif
}

AF_VNNI_INLINE void store_vec(void *p, vec v) {
#if AF_VNNI_BITS == 512
    _mm512_storeu_si512(p, v);
#else
    _mm256_storeu_si256((__m256i *)p, v);
#endif
}

AF_VNNI_INLINE vec taps(const uint8_t *p) {
    int32_t four;
    memcpy(&four, p, sizeof four);
    return VEC(set1_epi32)(four);
}

/* Two registers of sums -> int16, multiplied. */
AF_VNNI_INLINE vec scale(vec a, vec b, __m128i shift, const int16_t *mult) {
    const vec r = VEC(packs_epi32)(VEC(sra_epi32)(a, shift), VEC(sra_epi32)(b, shift));
    return VEC(mulhrs_epi16)(r, load(mult));
}

AF_VNNI_INLINE __m128i load_tile(const uint8_t *p) {
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

AF_VNNI_INLINE void store_tile(uint8_t *p, __m128i y) {
    _mm_storeu_si128((__m128i *)(void *)p, y);
}

#if AF_VNNI_BITS == 512

/* The 16 bytes of one tile. */
AF_VNNI_INLINE void store_piece(const place *to, int tiles, int piece, __m128i y) {
    store_tile(to[piece / tiles].out + piece % tiles * AF_TILE, y);
}

AF_VNNI_INLINE __m128i residual_piece(const place *to, int tiles, int piece) {
    return load_tile(to[piece / tiles].residual + piece % tiles * AF_TILE);
}

/* Half of the four pieces from `piece` on, which is of one pixel when tiles are even. */
AF_VNNI_INLINE void store_half(const place *to, int tiles, int piece, __m256i y) {
    uint8_t *const p = to[piece / tiles].out + piece % tiles * AF_TILE;
    _mm256_storeu_si256((__m256i *)(void *)p, y);
}

AF_VNNI_INLINE __m256i residual_half(const place *to, int tiles, int piece) {
    const uint8_t *const p = to[piece / tiles].residual + piece % tiles * AF_TILE;
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

AF_VNNI_INLINE vec residual_of(const place *to, int together, int tiles, int piece) {
    if (together)
        return load(to->residual + piece * AF_TILE);
    if (tiles == 4)
        return load(to[piece / tiles].residual);
    if (tiles == 2)
        return _mm512_inserti64x4(_mm512_castsi256_si512(residual_half(to, tiles, piece)),
                                  residual_half(to, tiles, piece + 2), 1);
    vec v = _mm512_castsi128_si512(residual_piece(to, tiles, piece));
    v = _mm512_inserti32x4(v, residual_piece(to, tiles, piece + 1), 1);
    v = _mm512_inserti32x4(v, residual_piece(to, tiles, piece + 2), 2);
    return _mm512_inserti32x4(v, residual_piece(to, tiles, piece + 3), 3);
}

/* Four tiles in the order of memory, of which the block's first pixel has numbers 0..tiles - 1;
 * together: they follow each other in memory without a gap, and only the first pixel's place
 * counts. Results lie in -128..127 after packsswb, and adding a residual of 0..127 with saturation
 * gives what clamping later would. */
AF_VNNI_INLINE void store_four(const block *b, const place *to, const int together, const int tiles,
                               const int piece, vec a0, vec a1, vec a2, vec a3) {
    if (together && to->head) {
        int32_t *const head = to->head + piece * AF_TILE;
        _mm512_storeu_si512(head, a0);
        _mm512_storeu_si512(head + AF_TILE, a1);
        _mm512_storeu_si512(head + 2 * AF_TILE, a2);
        _mm512_storeu_si512(head + 3 * AF_TILE, a3);
        return;
    }
    if (to->head) {
        _mm512_storeu_si512(to[piece / tiles].head + piece % tiles * AF_TILE, a0);
        _mm512_storeu_si512(to[(piece + 1) / tiles].head + (piece + 1) % tiles * AF_TILE, a1);
        _mm512_storeu_si512(to[(piece + 2) / tiles].head + (piece + 2) % tiles * AF_TILE, a2);
        _mm512_storeu_si512(to[(piece + 3) / tiles].head + (piece + 3) % tiles * AF_TILE, a3);
        return;
    }
    const __m128i shift = _mm_cvtsi32_si128(b->shift);
    const int pairs = tiles % 2 ? tiles : tiles / 2;
    const vec order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    vec y = _mm512_packs_epi16(scale(a0, a1, shift, b->mult + 32 * (piece / 2 % pairs)),
                               scale(a2, a3, shift, b->mult + 32 * ((piece / 2 + 1) % pairs)));
    y = _mm512_permutexvar_epi32(order, y);
    if (to->residual)
        y = _mm512_adds_epi8(y, residual_of(to, together, tiles, piece));
    y = _mm512_max_epi8(y, _mm512_setzero_si512());
    if (together) {
        _mm512_storeu_si512(to->out + piece * AF_TILE, y);
    } else if (tiles == 4) {
        _mm512_storeu_si512(to[piece / tiles].out, y);
    } else if (tiles == 2) {
        store_half(to, tiles, piece, _mm512_castsi512_si256(y));
        store_half(to, tiles, piece + 2, _mm512_extracti64x4_epi64(y, 1));
    } else {
        store_piece(to, tiles, piece, _mm512_castsi512_si128(y));
        store_piece(to, tiles, piece + 1, _mm512_extracti32x4_epi32(y, 1));
        store_piece(to, tiles, piece + 2, _mm512_extracti32x4_epi32(y, 2));
        store_piece(to, tiles, piece + 3, _mm512_extracti32x4_epi32(y, 3));
    }
}

#define FOUR(piece, a, b_, c, d) store_four(b, to, together, registers, piece, a, b_, c, d)

#define STORE                                                                                      \
    do {                                                                                           \
        if (registers == 1) {                                                                      \
            FOUR(0, acc00, acc10, acc20, acc30);                                                   \
            if (pixels > 4)                                                                        \
                FOUR(4, acc40, acc50, acc60, acc70);                                               \
        } else if (registers == 2) {                                                               \
            FOUR(0, acc00, acc01, acc10, acc11);                                                   \
            FOUR(4, acc20, acc21, acc30, acc31);                                                   \
            if (pixels > 4) {                                                                      \
                FOUR(8, acc40, acc41, acc50, acc51);                                               \
                FOUR(12, acc60, acc61, acc70, acc71);                                              \
            }                                                                                      \
        } else if (registers == 3) {                                                               \
            FOUR(0, acc00, acc01, acc02, acc10);                                                   \
            FOUR(4, acc11, acc12, acc20, acc21);                                                   \
            FOUR(8, acc22, acc30, acc31, acc32);                                                   \
            if (pixels > 4) {                                                                      \
                FOUR(12, acc40, acc41, acc42, acc50);                                              \
                FOUR(16, acc51, acc52, acc60, acc61);                                              \
                FOUR(20, acc62, acc70, acc71, acc72);                                              \
            }                                                                                      \
        } else {                                                                                   \
            FOUR(0, acc00, acc01, acc02, acc03);                                                   \
            FOUR(4, acc10, acc11, acc12, acc13);                                                   \
            FOUR(8, acc20, acc21, acc22, acc23);                                                   \
            FOUR(12, acc30, acc31, acc32, acc33);                                                  \
        }                                                                                          \
    } while (0)

#else

AF_VNNI_INLINE void store_head(int32_t *to, vec a0, vec a1) {
    __m256i *const p = (__m256i *)(void *)to;
    _mm256_storeu_si256(p, _mm256_permute2x128_si256(a0, a1, 0x20));
    _mm256_storeu_si256(p + 1, _mm256_permute2x128_si256(a0, a1, 0x31));
}

/* Two pixels, each of two registers. Results lie in -128..127 after packsswb, and adding a residual
 * of 0..127 with saturation gives what clamping later would. */
AF_VNNI_INLINE void store_two(const block *b, const place to[2], vec a0, vec a1, vec b0, vec b1) {
    if (to->head) {
        store_head(to[0].head, a0, a1);
        store_head(to[1].head, b0, b1);
        return;
    }
    const __m128i shift = _mm_cvtsi32_si128(b->shift);
    const vec q0 = scale(a0, a1, shift, b->mult), q1 = scale(b0, b1, shift, b->mult);
    /* halves: pixel 0 and 1 of channels 0-7, then of 8-15 */
    vec y = _mm256_permute4x64_epi64(_mm256_packs_epi16(q0, q1), 0xD8);
    if (to->residual) {
        const vec add = _mm256_castsi128_si256(load_tile(to[0].residual));
        y = _mm256_adds_epi8(y, _mm256_inserti128_si256(add, load_tile(to[1].residual), 1));
    }
    y = _mm256_max_epi8(y, _mm256_setzero_si256());
    store_tile(to[0].out, _mm256_castsi256_si128(y));
    store_tile(to[1].out, _mm256_extracti128_si256(y, 1));
}

#define STORE                                                                                      \
    do {                                                                                           \
        store_two(b, to, acc00, acc01, acc10, acc11);                                              \
        if (pixels > 2)                                                                            \
            store_two(b, to + 2, acc20, acc21, acc30, acc31);                                      \
        if (pixels > 4)                                                                            \
            store_two(b, to + 4, acc40, acc41, acc50, acc51);                                      \
    } while (0)

#endif

#define START(i) vec acc##i##0 = start0, acc##i##1 = start1, acc##i##2 = start2, acc##i##3 = start3
#define POINT(i) const uint8_t *in##i = in[i < pixels ? i : 0]

/* Four taps of pixel i, which lie at `from`. */
#define FOUR_TAPS(i, from)                                                                         \
    do {                                                                                           \
        if (i < pixels) {                                                                          \
            const vec a = taps(from);                                                              \
            acc##i##0 = DOT(acc##i##0, a, w0);                                                     \
            if (registers > 1)                                                                     \
                acc##i##1 = DOT(acc##i##1, a, w1);                                                 \
            if (registers > 2)                                                                     \
                acc##i##2 = DOT(acc##i##2, a, w2);                                                 \
            if (registers > 3)                                                                     \
                acc##i##3 = DOT(acc##i##3, a, w3);                                                 \
        }                                                                                          \
    } while (0)

#define STEP(i) FOUR_TAPS(i, in##i + offset)
#define DOWN(i) FOUR_TAPS(i, down + 4 * (i))

#define ALL(DO)                                                                                    \
    DO(0);                                                                                         \
    DO(1);                                                                                         \
    DO(2);                                                                                         \
    DO(3);                                                                                         \
    DO(4);                                                                                         \
    DO(5);                                                                                         \
    DO(6);                                                                                         \
    DO(7)

#define NEXT_ROW(i) in##i += b->in_row

#define WEIGHTS                                                                                    \
    const vec w0 = load(w);                                                                        \
    const vec w1 = registers > 1 ? load(w + LANES * 4) : w0;                                       \
    const vec w2 = registers > 2 ? load(w + LANES * 8) : w0;                                       \
    const vec w3 = registers > 3 ? load(w + LANES * 12) : w0

/* `pixels` pixels times `registers` registers of channels, both constants where it is inlined.
 * together: the results follow each other in memory. down: the first pixel's, null without. */
AF_VNNI_INLINE void run_block(const block *b, const uint8_t *const in[], const uint8_t *down,
                              const place to[], const int together, const int pixels,
                              const int registers) {
    const int8_t *w = b->weights;
    const int32_t *at = b->offsets;
    const vec start0 = load(b->start);
    const vec start1 = registers > 1 ? load(b->start + LANES) : start0;
    const vec start2 = registers > 2 ? load(b->start + 2 * LANES) : start0;
    const vec start3 = registers > 3 ? load(b->start + 3 * LANES) : start0;
    ALL(START);
    ALL(POINT);
    for (int32_t s = 0; s < b->segments; s++) {
        for (int32_t n = b->counts[s]; n > 0; n--, w += registers * LANES * 4) {
            const ptrdiff_t offset = *at++;
            WEIGHTS;
            ALL(STEP);
        }
        if (b->segments > 1) {
            ALL(NEXT_ROW);
        }
    }
    if (down) {
        WEIGHTS;
        ALL(DOWN);
    }
    STORE;
    (void)together; /* two registers a tile: never asked for */
}

/* One group of the pixel, into the sums with number i. */
#define APART(i, four)                                                                             \
    do {                                                                                           \
        const vec a = taps(four);                                                                  \
        const int8_t *const from = w + i * registers * LANES * 4;                                  \
        acc##i##0 = DOT(acc##i##0, a, load(from));                                                 \
        if (registers > 1)                                                                         \
            acc##i##1 = DOT(acc##i##1, a, load(from + LANES * 4));                                 \
        if (registers > 2)                                                                         \
            acc##i##2 = DOT(acc##i##2, a, load(from + LANES * 8));                                 \
        if (registers > 3)                                                                         \
            acc##i##3 = DOT(acc##i##3, a, load(from + LANES * 12));                                \
    } while (0)

#define TOGETHER(r)                                                                                \
    VEC(add_epi32)(VEC(add_epi32)(acc0##r, acc1##r), VEC(add_epi32)(acc2##r, acc3##r))

/* One pixel: dense layers and what is left over. Four sums, so that none waits for the other. */
AF_VNNI_INLINE void run_one(const block *b, const uint8_t *in, const uint8_t *down, const place *to,
                            const int registers) {
    const int8_t *w = b->weights;
    const int32_t *at = b->offsets;
    const vec zero = VEC(set1_epi32)(0);
    vec acc00 = load(b->start), acc01 = registers > 1 ? load(b->start + LANES) : zero;
    vec acc02 = registers > 2 ? load(b->start + 2 * LANES) : zero;
    vec acc03 = registers > 3 ? load(b->start + 3 * LANES) : zero;
    vec acc10 = zero, acc11 = zero, acc12 = zero, acc13 = zero, acc20 = zero, acc21 = zero;
    vec acc22 = zero, acc23 = zero, acc30 = zero, acc31 = zero, acc32 = zero, acc33 = zero;
    for (int32_t s = 0; s < b->segments; s++, in += b->in_row) {
        int32_t n = b->counts[s];
        for (; n >= 4; n -= 4, at += 4, w += 4 * registers * LANES * 4) {
            APART(0, in + at[0]);
            APART(1, in + at[1]);
            APART(2, in + at[2]);
            APART(3, in + at[3]);
        }
        for (; n > 0; n--, at++, w += registers * LANES * 4)
            APART(0, in + at[0]);
    }
    if (down)
        APART(0, down);
    const vec s0 = TOGETHER(0), s1 = TOGETHER(1), s2 = TOGETHER(2), s3 = TOGETHER(3);
    const place same[4] = {*to, *to, *to, *to};
#if AF_VNNI_BITS == 512
    if (registers == 1) {
        store_four(b, same, 0, 1, 0, s0, s0, s0, s0);
    } else if (registers == 2) {
        store_four(b, same, 0, 2, 0, s0, s1, s0, s1);
    } else if (registers == 3) {
        store_four(b, same, 0, 3, 0, s0, s1, s2, s0);
        store_four(b, same, 0, 3, 4, s1, s2, s0, s1);
        store_four(b, same, 0, 3, 8, s2, s0, s1, s2);
    } else {
        store_four(b, same, 0, 4, 0, s0, s1, s2, s3);
    }
#else
    store_two(b, same, s0, s1, s0, s1);
    (void)s2, (void)s3;
#endif
}

/* ------------------------------------------------------------------------------------- over planes
 */

/* Input and results of output pixel (x, y). */
static inline const uint8_t *locate(const af_conv_job *job, int32_t channel, int32_t x, int32_t y,
                                    place *to) {
    const af_shape *const shape = job->shape;
    const ptrdiff_t pixel = af_padded(shape->cout), at = x * pixel + channel;
    to->out = job->out ? job->out + y * job->out_row + at : NULL;
    to->residual = job->residual ? job->residual + y * job->residual_row + at : NULL;
    to->head = job->head ? job->head + y * job->width * pixel + at : NULL;
    return job->in + (ptrdiff_t)y * shape->stride * job->in_row +
           (ptrdiff_t)x * shape->stride * shape->pixel;
}

/* Pixel i of a block that lies in one row: its input, and its place. */
#define INPUT(i) in[i < pixels ? i : 0] = from + (i < pixels ? i : 0) * step

#define BESIDE(i)                                                                                  \
    to[i < pixels ? i : 0] = i == 0 || i >= pixels ? first : (place) {                             \
        first.out ? first.out + i *apart : NULL,                                                   \
            first.residual ? first.residual + i *apart : NULL,                                     \
            first.head ? first.head + i *apart : NULL                                              \
    }

/* A block of tiles of rows y..end - 1. Blocks of pixels cross row ends; what is missing at the end
 * repeats the last pixel. */
AF_VNNI_INLINE void run_rows(const af_conv_job *job, const block *b, int32_t channel, int32_t y,
                             int32_t end, const int registers) {
    const ptrdiff_t step = (ptrdiff_t)job->shape->stride * job->shape->pixel;
    const ptrdiff_t apart = af_padded(job->shape->cout);
    const int pixels = PIXELS(registers);
    const int together = AF_VNNI_BITS == 512 && apart == registers * AF_TILE;
    int32_t x = 0;
    while (y < end) {
        const uint8_t *in[MOST_PIXELS], *down = b->down ? b->down + 4 * (ptrdiff_t)x : NULL;
        place to[MOST_PIXELS];
        if (x + pixels <= job->width) {
            place first;
            const uint8_t *from = locate(job, channel, x, y, &first);
            for (; x + pixels <= job->width; x += pixels, from += pixels * step) {
                ALL(INPUT);
                if (together) {
                    run_block(b, in, down, &first, 1, pixels, registers);
                } else {
                    ALL(BESIDE);
                    run_block(b, in, down, to, 0, pixels, registers);
                }
                if (down)
                    down += 4 * pixels;
                if (first.out)
                    first.out += pixels * apart;
                if (first.residual)
                    first.residual += pixels * apart;
                if (first.head)
                    first.head += pixels * apart;
            }
        } else {
            int32_t n = 0;
            for (; n < pixels && y < end; n++) {
                in[n] = locate(job, channel, x, y, &to[n]);
                if (++x == job->width) {
                    x = 0;
                    y++;
                }
            }
            for (int32_t i = n; i < pixels; i++) {
                in[i] = in[n - 1];
                to[i] = to[n - 1];
            }
            if (n == 1)
                run_one(b, in[0], down, to, registers);
            else if (n <= 4)
                run_block(b, in, down, to, 0, 4, registers);
            else
                run_block(b, in, down, to, 0, pixels, registers);
        }
        if (x == job->width) {
            x = 0;
            y++;
        }
    }
}

#define RUN_TILES(name, registers)                                                                 \
    AF_VNNI_TARGET static void name(const af_conv_job *job, const block *b, int32_t channel,       \
                                    int32_t y, int32_t end) {                                      \
        run_rows(job, b, channel, y, end, registers);                                              \
    }

#if AF_VNNI_BITS == 512
RUN_TILES(run_tiles_1, 1)
RUN_TILES(run_tiles_2, 2)
RUN_TILES(run_tiles_3, 3)
RUN_TILES(run_tiles_4, 4)
#else
RUN_TILES(run_tiles_1, 2)
#endif

static void run_tiles(const af_conv_job *job, const block *b, int32_t tile, int32_t tiles,
                      int32_t y, int32_t end) {
#if AF_VNNI_BITS == 512
    (tiles == 1   ? run_tiles_1
     : tiles == 2 ? run_tiles_2
     : tiles == 3 ? run_tiles_3
                  : run_tiles_4)(job, b, tile * AF_TILE, y, end);
#else
    (void)tiles;
    run_tiles_1(job, b, tile * AF_TILE, y, end);
#endif
}

static void run_job(const af_conv_job *job, const uint8_t *down) {
    enum { CACHED = 16384 }; /* input bytes that stay in the first-level cache between tiles */
    const af_shape *const shape = job->shape;
    const layout l = layout_of(shape);
    const uint8_t *const packed = job->packed;
    const int32_t *const counts = (const int32_t *)(const void *)(packed + l.counts);
    const int32_t *const offsets = counts + l.segments;
    int32_t flat[FLAT];
    for (int32_t i = 0; l.flat && i < counts[0]; i++)
        flat[i] = (int32_t)((offsets[i] >> 16) * job->in_row) + (offsets[i] & 0xFFFF);
    const ptrdiff_t rows = CACHED / (job->in_row * shape->stride);
    const int32_t at_once = rows < 1 ? 1 : (int32_t)rows;
    for (int32_t y = 0; y < job->height; y += at_once)
        for (int32_t first = 0; first < l.tiles;) {
            const int32_t tiles = block_tiles(l.tiles, first);
            const block b = {
                .counts = counts,
                .offsets = l.flat ? flat : offsets,
                .weights = (const int8_t *)packed + l.weights + (size_t)first * tile_bytes(&l),
                .start = (const int32_t *)job->packed + first * AF_TILE,
                .mult = (const int16_t *)(const void *)(packed + l.mult) + 32 * first,
                .segments = l.segments,
                .shift = shape->shift,
                .in_row = job->in_row,
                .down = down,
            };
            run_tiles(job, &b, first, tiles, y, af_min(job->height, y + at_once));
            first += tiles;
        }
}

/* A byte of each of four rows, for pixels four bytes apart. Reads no more of a row than the
 * contract allows. */
AF_VNNI_TARGET static void gather_down(uint8_t *to, const uint8_t *in, ptrdiff_t in_row,
                                       int32_t pixels) {
    int32_t i = 0;
    for (; i + LANES <= pixels; i += LANES, in += 4 * LANES, to += 4 * LANES) {
        const vec a = VEC(slli_epi32)(load(in), 24), b = VEC(slli_epi32)(load(in + in_row), 24);
        const vec c = VEC(slli_epi32)(load(in + 2 * in_row), 24);
        const vec d = VEC(slli_epi32)(load(in + 3 * in_row), 24);
        const vec low = VEC(add_epi32)(VEC(srli_epi32)(a, 24), VEC(srli_epi32)(b, 16));
        store_vec(to, VEC(add_epi32)(low, VEC(add_epi32)(VEC(srli_epi32)(c, 8), d)));
    }
    for (; i < pixels; i++, in += 4, to += 4)
        for (int32_t row = 0; row < 4; row++)
            to[row] = in[row * in_row];
}

/* Part of a row at a time, with its gathered taps. */
static void run_parts(const af_conv_job *job) {
    enum { PART = 256 };
    uint8_t down[4 * (PART + MOST_PIXELS)];
    const af_shape *const shape = job->shape;
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
            gather_down(down, part.in + shape->kw - 1, job->in_row, part.width);
            for (int32_t i = 0; i < MOST_PIXELS; i++) /* blocks at the end repeat the last pixel */
                memcpy(down + 4 * (part.width + i), down + 4 * (part.width - 1), 4);
            run_job(&part, down);
        }
}

void AF_VNNI(af_conv)(const af_conv_job *job) {
    if (layout_of(job->shape).down)
        run_parts(job);
    else
        run_job(job, NULL);
}
