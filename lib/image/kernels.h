/* The inner loops over rows, portable and for AVX2. All are exact integer arithmetic: the same
 * bytes whichever table is used. Rows may be of any alignment; nothing outside `count` elements is
 * read or written. */
#ifndef AF_IMAGE_KERNELS_H
#define AF_IMAGE_KERNELS_H

#include <stddef.h>
#include <stdint.h>

/* How to divide sums by a whole number D in 1..2^23 with one multiplication: for n < 256 D,
 * n / D = n * factor >> shift, exactly. factor = 2^shift / D + 1 and 2^shift >= 256 D^2, so the
 * excess n / 2^shift stays below 1 / D. */
typedef struct af_divider {
    uint32_t half;   /* D / 2, added first: the quotient is rounded half up */
    uint32_t factor; /* below 2^32 */
    uint32_t shift;  /* 8..54 */
    int narrow;      /* D <= 64: sums are below 2^14, factor at most 2^15 + 1, 32 bits are enough */
} af_divider;

/* Bilinear sampling of a block of luma along a line. Positions are those of the displayed picture
 * with 16 fractional bits; the block is a part of that picture reduced by 2^level. */
typedef struct af_sampler {
    const uint8_t *luma; /* 3 more bytes than its pixels may be read */
    int32_t pitch;       /* below 2^10 */
    int32_t origin;      /* y * pitch + x of the block's first pixel, below 2^26 */
    int32_t level;       /* 0..10 */
    int32_t last_x8;     /* the reduced picture's last pixel, 8 fractional bits: below 2^23 */
    int32_t last_y8;
    uint32_t step_x, step_y; /* from one sample to the next, modulo 2^32 */
} af_sampler;

/* One sample at (x, y), both below 2^31. Weights have 8 bits, positions are rounded to them. */
static inline uint8_t af_sample(const af_sampler *s, uint32_t x, uint32_t y) {
    const int32_t shift = 8 + s->level;
    const uint32_t half = 128u << s->level;
    int32_t x8 = (int32_t)((x + half) >> shift) - 128, y8 = (int32_t)((y + half) >> shift) - 128;
    x8 = x8 < 0 ? 0 : x8 > s->last_x8 ? s->last_x8 : x8;
    y8 = y8 < 0 ? 0 : y8 > s->last_y8 ? s->last_y8 : y8;
    const uint8_t *const a = s->luma + ((y8 >> 8) * s->pitch + (x8 >> 8) - s->origin);
    const uint8_t *const b = a + s->pitch;
    const int32_t fx = x8 & 255, fy = y8 & 255;
    const int32_t top = a[0] * 256 + (a[1] - a[0]) * fx;    /* 0..65,280 */
    const int32_t bottom = b[0] * 256 + (b[1] - b[0]) * fx; /* likewise */
    return (uint8_t)((top * 256 + (bottom - top) * fy + 32768) >> 16);
}

/* How contrast is normalised: value v becomes (v * gain + offset) >> 8, clamped to 0..127; the
 * shift is arithmetic. */
typedef struct af_contrast {
    int32_t gain;   /* 56..1792 */
    int32_t offset; /* -440,448..16,512 */
} af_contrast;

typedef struct af_image_kernels {
    /* pixels -> luma */
    void (*luma_rgb)(uint8_t *luma, const uint8_t *pixels, size_t count);
    void (*luma_bgr)(uint8_t *luma, const uint8_t *pixels, size_t count);
    void (*luma_rgba)(uint8_t *luma, const uint8_t *pixels, size_t count);
    void (*luma_bgra)(uint8_t *luma, const uint8_t *pixels, size_t count);
    void (*luma_yuyv)(uint8_t *luma, const uint8_t *pixels, size_t count);
    /* 16-bit words of the machine's byte order: (word & mask) >> shift, below 256 */
    void (*luma_words)(uint8_t *luma, const uint8_t *pixels, size_t count, uint32_t mask,
                       uint32_t shift);

    /* columns: sums[i] = or += weight * luma[i]; the caller sees to it that nothing overflows */
    void (*set16)(uint16_t *sums, const uint8_t *luma, size_t count, uint32_t weight);
    void (*add16)(uint16_t *sums, const uint8_t *luma, size_t count, uint32_t weight);
    void (*set32)(uint32_t *sums, const uint8_t *luma, size_t count, uint32_t weight);
    void (*add32)(uint32_t *sums, const uint8_t *luma, size_t count, uint32_t weight);

    /* rows: out[i] = the sum of `group` neighbours from i * group on */
    void (*group16)(uint32_t *out, const uint16_t *sums, size_t count, size_t group);
    void (*group32)(uint32_t *out, const uint32_t *sums, size_t count, size_t group);

    /* rows: running sums, out[i] = the sum of those before i, modulo 2^32; returns the sum of all.
     * run32: out may be sums. */
    uint32_t (*run16)(uint32_t *out, const uint16_t *sums, size_t count);
    uint32_t (*run32)(uint32_t *out, const uint32_t *sums, size_t count);

    /* rows: out[i] = total * s[place[i]] + part[i] * (s[place[i] + 1] - s[place[i]]), modulo 2^32.
     * Places do not fall; up to 16 more sums than those named may be read. */
    void (*blend)(uint32_t *out, const uint32_t *s, const uint16_t *place, const uint16_t *part,
                  size_t count, uint32_t total);

    /* sums -> bytes, see af_divider */
    void (*divide)(uint8_t *out, const uint32_t *sums, size_t count, const af_divider *divider);

    /* 16 rows of 16 bytes become 16 columns; either pitch may be negative */
    void (*turn)(uint8_t *out, ptrdiff_t out_pitch, const uint8_t *in, ptrdiff_t in_pitch);

    /* samples from (x, y) on, a step apart; all positions in 0..2^31 - 1 */
    void (*sample)(uint8_t *out, size_t count, const af_sampler *sampler, uint32_t x, uint32_t y);

    /* adds up to 32,768 values and their squares */
    void (*add_up)(uint64_t *sum, uint64_t *squares, const uint8_t *luma, size_t count);

    /* contrast, in place */
    void (*stretch)(uint8_t *bytes, size_t count, const af_contrast *contrast);
} af_image_kernels;

/* The table for the back ends that may be used (bits of affect_cpu). */
const af_image_kernels *af_image_kernels_for(uint32_t cpu);

extern const af_image_kernels af_image_kernels_c;
#if (defined(__x86_64__) || defined(__i386__)) && defined(__GNUC__) && !defined(AF_NO_AVX2)
#define AF_IMAGE_AVX2 1
extern const af_image_kernels af_image_kernels_avx2;
#endif

#endif
