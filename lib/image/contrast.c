/* The contrast table of docs/arithmetic.md, in integers. */
#include "image/image.h"

/* floor(sqrt(value)) */
static uint32_t root(uint64_t value) {
    uint64_t rest = value, result = 0;
    for (uint64_t bit = (uint64_t)1 << 62; bit; bit >>= 2) {
        if (rest >= result + bit) {
            rest -= result + bit;
            result = (result >> 1) + bit;
        } else {
            result >>= 1;
        }
    }
    return (uint32_t)result;
}

af_contrast af_contrast_of_histogram(const uint32_t histogram[256]) {
    uint64_t sum = 0;
    for (int v = 0; v < 256; v++)
        sum += histogram[v];
    uint32_t halvings = 0;
    while (sum >= AF_CONTRAST_HALVING) { /* counts are rounded down one by one: sum anew */
        halvings++;
        sum = 0;
        for (int v = 0; v < 256; v++)
            sum += histogram[v] >> halvings;
    }
    uint64_t s1 = 0, s2 = 0;
    for (uint32_t v = 0; v < 256; v++) {
        const uint64_t count = histogram[v] >> halvings;
        s1 += count * v;
        s2 += count * v * v;
    }
    return af_contrast_of_sums(sum, s1, s2);
}

af_contrast af_contrast_of_sums(uint64_t n, uint64_t s1, uint64_t s2) {
    if (!n)
        return (af_contrast){.gain = 128, .offset = 0};
    /* s1 < 2^28, s2 < 2^36; n s2 - s1^2 >= 0 and < 2^56, so 256 times that fits. */
    const int32_t mean = (int32_t)((256 * s1 + n / 2) / n);
    const uint32_t sigma = root((n * s2 - s1 * s1) * 256 / (n * n));
    const int32_t gain = 4096 * 28 / (int32_t)(sigma > 64 ? sigma : 64);
    /* (64 * 65536 + (256 v - mean) gain + 32768) >> 16, of which 256 v gain has no low bits */
    return (af_contrast){.gain = gain, .offset = (64 * 65536 + 32768 - mean * gain) >> 8};
}

void af_contrast_table(const uint32_t histogram[256], uint8_t table[256]) {
    const af_contrast contrast = af_contrast_of_histogram(histogram);
    for (int v = 0; v < 256; v++)
        table[v] = (uint8_t)v;
    af_image_kernels_c.stretch(table, 256, &contrast);
}
