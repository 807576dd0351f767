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

/* Sixteen tables of sixteen bytes. A value outside table k has, lowered by 16 k and raised by 0x70,
 * its highest bit set, and the shuffle gives 0 for it. */
static void look_up_avx2(uint8_t *bytes, size_t count, const uint8_t *table) {
    size_t i = 0;
    for (; i + 64 <= count; i += 64) {
        __m256i a = _mm256_loadu_si256((const __m256i *)(bytes + i));
        __m256i b = _mm256_loadu_si256((const __m256i *)(bytes + i + 32));
        __m256i x = _mm256_setzero_si256(), y = x;
        const __m256i raise = _mm256_set1_epi8(0x70), next = _mm256_set1_epi8(16);
        for (int k = 0; k < 16; k++) {
            const __m256i part =
                _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(table + 16 * k)));
            x = _mm256_or_si256(x, _mm256_shuffle_epi8(part, _mm256_adds_epu8(a, raise)));
            y = _mm256_or_si256(y, _mm256_shuffle_epi8(part, _mm256_adds_epu8(b, raise)));
            a = _mm256_sub_epi8(a, next);
            b = _mm256_sub_epi8(b, next);
        }
        _mm256_storeu_si256((__m256i *)(bytes + i), x);
        _mm256_storeu_si256((__m256i *)(bytes + i + 32), y);
    }
    for (; i < count; i++)
        bytes[i] = table[bytes[i]];
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
