/* The same loops vectorised for AVX2, and the colour formats by hand: compilers do badly at three
 * bytes a pixel. */
#include "image/kernels.h"

#ifdef AF_IMAGE_AVX2

#include <immintrin.h>
#include <string.h>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC optimize("O3")
#pragma GCC target("avx2")
#endif

/* Eight pixels of four bytes (one of them ignored) -> eight luma values in 32 bits. With the pixels
 * lowered by 128 they fit signed bytes and the weights unsigned ones: pairs are in -29,056..28,829
 * and cannot saturate. 256 * 128 is added back together with the rounding. */
static inline __m256i luma_of_eight(__m256i pixels, __m256i weights) {
    const __m256i lowered = _mm256_xor_si256(pixels, _mm256_set1_epi8(-128));
    const __m256i pairs = _mm256_maddubs_epi16(weights, lowered);
    const __m256i sums = _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
    return _mm256_srli_epi32(_mm256_add_epi32(sums, _mm256_set1_epi32(32768 + 128)), 8);
}

/* 32 values 0..255 in four registers, in order -> 32 bytes. */
static inline void store_bytes(uint8_t *luma, __m256i a, __m256i b, __m256i c, __m256i d) {
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    const __m256i bytes = _mm256_packus_epi16(_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d));
    _mm256_storeu_si256((__m256i *)luma, _mm256_permutevar8x32_epi32(bytes, order));
}

/* 8 pixels of three bytes, spread to four. Reads 28 bytes: 4 more than the pixels. */
static inline __m256i spread(const uint8_t *p) {
    const __m256i shuffle =
        _mm256_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1, /**/
                         0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1);
    const __m128i low = _mm_loadu_si128((const __m128i *)p);
    const __m128i high = _mm_loadu_si128((const __m128i *)(p + 12));
    return _mm256_shuffle_epi8(_mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1),
                               shuffle);
}

static inline __m256i weights_of(int first, int last) {
    const int word = first | 150 << 8 | last << 16;
    return _mm256_set1_epi32(word);
}

static inline void luma_three(uint8_t *luma, const uint8_t *p, size_t count, int first, int last) {
    const __m256i weights = weights_of(first, last);
    size_t i = 0;
    /* Two pixels are kept back, so that the last load stays inside the row. */
    for (; i + 34 <= count; i += 32) {
        const uint8_t *const q = p + 3 * i;
        store_bytes(luma + i, luma_of_eight(spread(q), weights),
                    luma_of_eight(spread(q + 24), weights), luma_of_eight(spread(q + 48), weights),
                    luma_of_eight(spread(q + 72), weights));
    }
    for (; i < count; i++)
        luma[i] = (uint8_t)(((uint32_t)first * p[3 * i] + 150u * p[3 * i + 1] +
                             (uint32_t)last * p[3 * i + 2] + 128) >>
                            8);
}

static inline void luma_four(uint8_t *luma, const uint8_t *p, size_t count, int first, int last) {
    const __m256i weights = weights_of(first, last);
    size_t i = 0;
    for (; i + 32 <= count; i += 32) {
        const __m256i *const q = (const __m256i *)(p + 4 * i);
        store_bytes(luma + i, luma_of_eight(_mm256_loadu_si256(q), weights),
                    luma_of_eight(_mm256_loadu_si256(q + 1), weights),
                    luma_of_eight(_mm256_loadu_si256(q + 2), weights),
                    luma_of_eight(_mm256_loadu_si256(q + 3), weights));
    }
    for (; i < count; i++)
        luma[i] = (uint8_t)(((uint32_t)first * p[4 * i] + 150u * p[4 * i + 1] +
                             (uint32_t)last * p[4 * i + 2] + 128) >>
                            8);
}

static void luma_rgb_avx2(uint8_t *luma, const uint8_t *pixels, size_t count) {
    luma_three(luma, pixels, count, 77, 29);
}

static void luma_bgr_avx2(uint8_t *luma, const uint8_t *pixels, size_t count) {
    luma_three(luma, pixels, count, 29, 77);
}

static void luma_rgba_avx2(uint8_t *luma, const uint8_t *pixels, size_t count) {
    luma_four(luma, pixels, count, 77, 29);
}

static void luma_bgra_avx2(uint8_t *luma, const uint8_t *pixels, size_t count) {
    luma_four(luma, pixels, count, 29, 77);
}

/* Four rounds of interleaving row i with row i + 8: each moves one bit of the row number to the
 * column number, so after four of them rows and columns have changed places. */
static void turn_avx2(uint8_t *out, ptrdiff_t out_pitch, const uint8_t *in, ptrdiff_t in_pitch) {
    __m128i a[16], b[16];
    for (int i = 0; i < 16; i++)
        a[i] = _mm_loadu_si128((const __m128i *)(in + i * in_pitch));
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 8; i++) {
            b[2 * i] = _mm_unpacklo_epi8(a[i], a[i + 8]);
            b[2 * i + 1] = _mm_unpackhi_epi8(a[i], a[i + 8]);
        }
        for (int i = 0; i < 8; i++) {
            a[2 * i] = _mm_unpacklo_epi8(b[i], b[i + 8]);
            a[2 * i + 1] = _mm_unpackhi_epi8(b[i], b[i + 8]);
        }
    }
    for (int i = 0; i < 16; i++)
        _mm_storeu_si128((__m128i *)(out + i * out_pitch), a[i]);
}

/* (x + half) >> shift, less 128, in 0..last: eight positions as in af_sample. */
static inline __m256i reduce_eight(__m256i x, int32_t level, int32_t last) {
    const __m256i half = _mm256_set1_epi32((int)(128u << level));
    const __m256i at = _mm256_srl_epi32(_mm256_add_epi32(x, half), _mm_cvtsi32_si128(8 + level));
    const __m256i low =
        _mm256_max_epi32(_mm256_sub_epi32(at, _mm256_set1_epi32(128)), _mm256_setzero_si256());
    return _mm256_min_epi32(low, _mm256_set1_epi32(last));
}

/* Eight means of two neighbours, times 256. Reads four bytes at each place, uses two. */
static inline __m256i mix_eight(const uint8_t *luma, __m256i place, __m256i weights) {
    const __m256i spread =
        _mm256_setr_epi8(0, -1, 1, -1, 4, -1, 5, -1, 8, -1, 9, -1, 12, -1, 13, -1, /**/
                         0, -1, 1, -1, 4, -1, 5, -1, 8, -1, 9, -1, 12, -1, 13, -1);
    const __m256i words = _mm256_i32gather_epi32((const int *)(const void *)luma, place, 1);
    return _mm256_madd_epi16(_mm256_shuffle_epi8(words, spread), weights);
}

static void sample_avx2(uint8_t *out, size_t count, const af_sampler *s, uint32_t x, uint32_t y) {
    const __m256i count8 = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    const __m256i fraction = _mm256_set1_epi32(255);
    size_t i = 0;
    for (; i + 8 <= count; i += 8, x += 8 * s->step_x, y += 8 * s->step_y) {
        const __m256i dx = _mm256_mullo_epi32(count8, _mm256_set1_epi32((int)s->step_x));
        const __m256i dy = _mm256_mullo_epi32(count8, _mm256_set1_epi32((int)s->step_y));
        const __m256i x8 =
            reduce_eight(_mm256_add_epi32(_mm256_set1_epi32((int)x), dx), s->level, s->last_x8);
        const __m256i y8 =
            reduce_eight(_mm256_add_epi32(_mm256_set1_epi32((int)y), dy), s->level, s->last_y8);
        const __m256i pitch = _mm256_set1_epi32(s->pitch);
        const __m256i place =
            _mm256_sub_epi32(_mm256_add_epi32(_mm256_mullo_epi32(_mm256_srli_epi32(y8, 8), pitch),
                                              _mm256_srli_epi32(x8, 8)),
                             _mm256_set1_epi32(s->origin));
        /* 256 - fx and fx as a pair of 16 bits */
        const __m256i fx = _mm256_and_si256(x8, fraction), fy = _mm256_and_si256(y8, fraction);
        const __m256i weights = _mm256_or_si256(_mm256_sub_epi32(_mm256_set1_epi32(256), fx),
                                                _mm256_slli_epi32(fx, 16));
        const __m256i top = mix_eight(s->luma, place, weights);
        const __m256i bottom = mix_eight(s->luma, _mm256_add_epi32(place, pitch), weights);
        const __m256i sum = _mm256_add_epi32(_mm256_slli_epi32(top, 8),
                                             _mm256_mullo_epi32(_mm256_sub_epi32(bottom, top), fy));
        const __m256i value =
            _mm256_srli_epi32(_mm256_add_epi32(sum, _mm256_set1_epi32(32768)), 16);
        const __m256i words = _mm256_packus_epi32(value, value);
        const __m128i pairs =
            _mm_unpacklo_epi64(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
        _mm_storel_epi64((__m128i *)(out + i), _mm_packus_epi16(pairs, pairs));
    }
    for (; i < count; i++, x += s->step_x, y += s->step_y)
        out[i] = af_sample(s, x, y);
}

/* Eight values of 16 bits as 32 bits. */
static inline __m256i widen(const uint16_t *p) {
    return _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)(const void *)p));
}

/* Running sums of eight values after `before` (in all lanes), which becomes the sum of all. */
static inline __m256i run_eight(__m256i v, __m256i *before) {
    __m256i sum = _mm256_add_epi32(v, _mm256_slli_si256(v, 4));
    sum = _mm256_add_epi32(sum, _mm256_slli_si256(sum, 8)); /* of each half */
    const __m256i last = _mm256_shuffle_epi32(sum, 0xFF);
    const __m256i carry = _mm256_permute2x128_si256(last, last, 0x08); /* low half's to the high */
    const __m256i out =
        _mm256_add_epi32(_mm256_sub_epi32(_mm256_add_epi32(sum, carry), v), *before);
    const __m256i all = _mm256_add_epi32(last, _mm256_permute2x128_si256(last, last, 0x01));
    *before = _mm256_add_epi32(*before, all);
    return out;
}

static uint32_t run16_avx2(uint32_t *out, const uint16_t *sums, size_t count) {
    __m256i before = _mm256_setzero_si256();
    size_t i = 0;
    for (; i + 8 <= count; i += 8)
        _mm256_storeu_si256((__m256i *)(void *)(out + i), run_eight(widen(sums + i), &before));
    uint32_t total = (uint32_t)_mm256_cvtsi256_si32(before);
    for (; i < count; i++) {
        out[i] = total;
        total += sums[i];
    }
    return total;
}

static uint32_t run32_avx2(uint32_t *out, const uint32_t *sums, size_t count) {
    __m256i before = _mm256_setzero_si256();
    size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        const __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)(sums + i));
        _mm256_storeu_si256((__m256i *)(void *)(out + i), run_eight(v, &before));
    }
    uint32_t total = (uint32_t)_mm256_cvtsi256_si32(before);
    for (; i < count; i++) {
        const uint32_t sum = sums[i];
        out[i] = total;
        total += sum;
    }
    return total;
}

static inline __m256i load_sums(const uint32_t *s) {
    return _mm256_loadu_si256((const __m256i *)(const void *)s);
}

/* s[within], within 0..15. */
static inline __m256i pick_of_sixteen(const uint32_t *s, __m256i within) {
    const __m256i low = _mm256_permutevar8x32_epi32(load_sums(s), within);
    const __m256i high = _mm256_permutevar8x32_epi32(load_sums(s + 8), within);
    return _mm256_blendv_epi8(low, high, _mm256_cmpgt_epi32(within, _mm256_set1_epi32(7)));
}

/* Where eight places lie within eight sums, as always when enlarging, or within sixteen,
 * permutations are faster than gathering. */
static void blend_avx2(uint32_t *out, const uint32_t *s, const uint16_t *place,
                       const uint16_t *part, size_t count, uint32_t total) {
    const __m256i whole = _mm256_set1_epi32((int)total);
    size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        const uint32_t *const base = s + place[i];
        const int span = place[i + 7] - place[i];
        const __m256i within = _mm256_sub_epi32(widen(place + i), _mm256_set1_epi32(place[i]));
        __m256i first, next;
        if (span < 8) {
            first = _mm256_permutevar8x32_epi32(load_sums(base), within);
            next = _mm256_permutevar8x32_epi32(load_sums(base + 1), within);
        } else if (span < 16) {
            first = pick_of_sixteen(base, within);
            next = pick_of_sixteen(base + 1, within);
        } else {
            first = _mm256_i32gather_epi32((const int *)(const void *)base, within, 4);
            next = _mm256_i32gather_epi32((const int *)(const void *)(base + 1), within, 4);
        }
        const __m256i more = _mm256_mullo_epi32(widen(part + i), _mm256_sub_epi32(next, first));
        _mm256_storeu_si256((__m256i *)(void *)(out + i),
                            _mm256_add_epi32(_mm256_mullo_epi32(whole, first), more));
    }
    for (; i < count; i++)
        out[i] = total * s[place[i]] + part[i] * (s[place[i] + 1] - s[place[i]]);
}

static void add_up_avx2(uint64_t *sum, uint64_t *squares, const uint8_t *luma, size_t count) {
    const __m256i zero = _mm256_setzero_si256();
    __m256i s1 = zero, s2 = zero; /* each of the eight squares' sums at most 4,096 * 65,025 */
    size_t i = 0;
    for (; i + 32 <= count; i += 32) {
        const __m256i bytes = _mm256_loadu_si256((const __m256i *)(luma + i));
        const __m256i low = _mm256_unpacklo_epi8(bytes, zero);
        const __m256i high = _mm256_unpackhi_epi8(bytes, zero);
        s1 = _mm256_add_epi64(s1, _mm256_sad_epu8(bytes, zero));
        s2 = _mm256_add_epi32(
            s2, _mm256_add_epi32(_mm256_madd_epi16(low, low), _mm256_madd_epi16(high, high)));
    }
    uint64_t sums[4];
    uint32_t parts[8];
    _mm256_storeu_si256((__m256i *)sums, s1);
    _mm256_storeu_si256((__m256i *)parts, s2);
    for (int k = 0; k < 4; k++)
        *sum += sums[k];
    for (int k = 0; k < 8; k++)
        *squares += parts[k];
    for (; i < count; i++) {
        *sum += luma[i];
        *squares += (uint64_t)luma[i] * luma[i];
    }
}

/* Sixteen values, given times 256, in 16 bits: v * gain >> 8 and the carry of its low byte and the
 * offset's, then the offset's high part. In -1,785..1,849. */
static inline __m256i stretch_sixteen(__m256i v256, __m256i gain, __m256i low, __m256i high) {
    const __m256i rest = _mm256_srli_epi16(_mm256_mullo_epi16(v256, gain), 8);
    const __m256i carry = _mm256_srli_epi16(_mm256_add_epi16(rest, low), 8);
    return _mm256_add_epi16(_mm256_add_epi16(_mm256_mulhi_epu16(v256, gain), carry), high);
}

static void stretch_avx2(uint8_t *bytes, size_t count, const af_contrast *contrast) {
    const __m256i gain = _mm256_set1_epi16((short)contrast->gain);
    const __m256i low = _mm256_set1_epi16((short)(contrast->offset & 255));
    const __m256i high = _mm256_set1_epi16((short)(contrast->offset >> 8));
    const __m256i zero = _mm256_setzero_si256(), most = _mm256_set1_epi8(127);
    size_t i = 0;
    for (; i + 32 <= count; i += 32) {
        const __m256i v = _mm256_loadu_si256((const __m256i *)(bytes + i));
        const __m256i a = stretch_sixteen(_mm256_unpacklo_epi8(zero, v), gain, low, high);
        const __m256i b = stretch_sixteen(_mm256_unpackhi_epi8(zero, v), gain, low, high);
        _mm256_storeu_si256((__m256i *)(bytes + i),
                            _mm256_min_epu8(_mm256_packus_epi16(a, b), most));
    }
    for (; i < count; i++) {
        const int32_t value = (bytes[i] * contrast->gain + contrast->offset) >> 8;
        bytes[i] = (uint8_t)(value < 0 ? 0 : value > 127 ? 127 : value);
    }
}

#define AF_KERNEL(name) name##_avx2
#define AF_KERNEL_TABLE af_image_kernels_avx2
#define AF_KERNEL_BY_HAND
#include "image/kernels_template.h"

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#else
typedef int af_kernels_avx2_unused; /* a translation unit must not be empty */
#endif
