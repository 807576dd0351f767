/* Additions, pooling and upsampling with AVX2, and the AVX2 table. All byte counts are multiples of
 * 16; a last odd 16 bytes go through half a register. */
#include "nn/kernels/avx2.h"

#ifdef AF_AVX2

/* min(127, a + b): a + b <= 254 fits a byte. */
AF_INLINE_AVX2 __m256i saturated(__m256i a, __m256i b) {
    return _mm256_min_epu8(_mm256_add_epi8(a, b), _mm256_set1_epi8(127));
}

AF_INLINE_AVX2 __m128i saturated_half(__m128i a, __m128i b) {
    return _mm_min_epu8(_mm_add_epi8(a, b), _mm_set1_epi8(127));
}

AF_INLINE_AVX2 __m256i load(const uint8_t *p) {
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

AF_INLINE_AVX2 void store(uint8_t *p, __m256i v) {
    _mm256_storeu_si256((__m256i *)(void *)p, v);
}

AF_INLINE_AVX2 __m128i load_half(const uint8_t *p) {
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

AF_INLINE_AVX2 void store_half(uint8_t *p, __m128i v) {
    _mm_storeu_si128((__m128i *)(void *)p, v);
}

AF_TARGET_AVX2 static void add_avx2(uint8_t *out, const uint8_t *a, const uint8_t *b,
                                    size_t bytes) {
    size_t i = 0;
    for (; i + 32 <= bytes; i += 32)
        store(out + i, saturated(load(a + i), load(b + i)));
    if (i < bytes)
        store_half(out + i, saturated_half(load_half(a + i), load_half(b + i)));
}

AF_TARGET_AVX2 static void upsample_avx2(uint8_t *out, const uint8_t *in, const uint8_t *b,
                                         int32_t width, int32_t pixel) {
    for (int32_t x = 0; x < width; x++, in += pixel, out += 2 * pixel) {
        int32_t c = 0;
        for (; c + 32 <= pixel; c += 32) {
            const __m256i v = load(in + c);
            store(out + c, b ? saturated(v, load(b + c)) : v);
            store(out + pixel + c, b ? saturated(v, load(b + pixel + c)) : v);
        }
        if (c < pixel) {
            const __m128i v = load_half(in + c);
            store_half(out + c, b ? saturated_half(v, load_half(b + c)) : v);
            store_half(out + pixel + c, b ? saturated_half(v, load_half(b + pixel + c)) : v);
        }
        if (b)
            b += 2 * pixel;
    }
}

AF_TARGET_AVX2 static void maxpool_avx2(uint8_t *out, const uint8_t *row0, const uint8_t *row1,
                                        int32_t width, int32_t pixel) {
    for (int32_t x = 0; x < width; x++, row0 += 2 * pixel, row1 += 2 * pixel, out += pixel) {
        int32_t c = 0;
        for (; c + 32 <= pixel; c += 32)
            store(out + c,
                  _mm256_max_epu8(_mm256_max_epu8(load(row0 + c), load(row0 + pixel + c)),
                                  _mm256_max_epu8(load(row1 + c), load(row1 + pixel + c))));
        if (c < pixel)
            store_half(
                out + c,
                _mm_max_epu8(_mm_max_epu8(load_half(row0 + c), load_half(row0 + pixel + c)),
                             _mm_max_epu8(load_half(row1 + c), load_half(row1 + pixel + c))));
    }
}

void af_kernels_init_avx2(af_kernels *kernels) {
    kernels->cpu = AFFECT_CPU_AVX2;
    kernels->conv_bytes = af_conv_bytes_avx2;
    kernels->conv_pack = af_conv_pack_avx2;
    kernels->conv = af_conv_avx2;
    kernels->depthwise_bytes = af_depthwise_bytes_avx2;
    kernels->depthwise_pack = af_depthwise_pack_avx2;
    kernels->depthwise = af_depthwise_avx2;
    kernels->add = add_avx2;
    kernels->upsample = upsample_avx2;
    kernels->maxpool = maxpool_avx2;
}

#else
typedef int af_no_avx2; /* a translation unit is never empty */
#endif
