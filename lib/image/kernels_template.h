/* The loops themselves, written once and compiled by each kernels_<isa>.c that includes this file:
 * the compiler vectorises them for that file's instruction set. AF_KERNEL(name) names a function.
 *
 * No include guard: this is a template. */

#ifndef AF_KERNEL_BY_HAND
/* (77 R + 150 G + 29 B + 128) >> 8: at most 65,408 before the shift, fits 16 bits. */
static inline uint8_t AF_KERNEL(mix)(uint32_t red, uint32_t green, uint32_t blue) {
    return (uint8_t)((77 * red + 150 * green + 29 * blue + 128) >> 8);
}

static void AF_KERNEL(luma_rgb)(uint8_t *restrict luma, const uint8_t *restrict p, size_t count) {
    for (size_t i = 0; i < count; i++)
        luma[i] = AF_KERNEL(mix)(p[3 * i], p[3 * i + 1], p[3 * i + 2]);
}

static void AF_KERNEL(luma_bgr)(uint8_t *restrict luma, const uint8_t *restrict p, size_t count) {
    for (size_t i = 0; i < count; i++)
        luma[i] = AF_KERNEL(mix)(p[3 * i + 2], p[3 * i + 1], p[3 * i]);
}

static void AF_KERNEL(luma_rgba)(uint8_t *restrict luma, const uint8_t *restrict p, size_t count) {
    for (size_t i = 0; i < count; i++)
        luma[i] = AF_KERNEL(mix)(p[4 * i], p[4 * i + 1], p[4 * i + 2]);
}

static void AF_KERNEL(luma_bgra)(uint8_t *restrict luma, const uint8_t *restrict p, size_t count) {
    for (size_t i = 0; i < count; i++)
        luma[i] = AF_KERNEL(mix)(p[4 * i + 2], p[4 * i + 1], p[4 * i]);
}

static void AF_KERNEL(turn)(uint8_t *restrict out, ptrdiff_t out_pitch, const uint8_t *restrict in,
                            ptrdiff_t in_pitch) {
    for (int x = 0; x < 16; x++)
        for (int y = 0; y < 16; y++)
            out[x * out_pitch + y] = in[y * in_pitch + x];
}

static void AF_KERNEL(sample)(uint8_t *out, size_t count, const af_sampler *sampler, uint32_t x,
                              uint32_t y) {
    const af_sampler s = *sampler; /* out may not change it */
    for (size_t i = 0; i < count; i++, x += s.step_x, y += s.step_y)
        out[i] = af_sample(&s, x, y);
}

#define AF_RUN(name, type)                                                                         \
    static uint32_t AF_KERNEL(name)(uint32_t * out, const type *sums, size_t count) {              \
        uint32_t total = 0;                                                                        \
        for (size_t i = 0; i < count; i++) {                                                       \
            const uint32_t sum = sums[i];                                                          \
            out[i] = total;                                                                        \
            total += sum;                                                                          \
        }                                                                                          \
        return total;                                                                              \
    }
AF_RUN(run16, uint16_t)
AF_RUN(run32, uint32_t)
#undef AF_RUN

static void AF_KERNEL(blend)(uint32_t *restrict out, const uint32_t *restrict s,
                             const uint16_t *restrict place, const uint16_t *restrict part,
                             size_t count, uint32_t total) {
    for (size_t i = 0; i < count; i++) {
        const uint32_t first = s[place[i]], next = s[place[i] + 1];
        out[i] = total * first + part[i] * (next - first);
    }
}

static void AF_KERNEL(add_up)(uint64_t *sum, uint64_t *squares, const uint8_t *luma, size_t count) {
    uint32_t s1 = 0, s2 = 0; /* at most 32,768 * 65,025 < 2^31 */
    for (size_t i = 0; i < count; i++) {
        const uint32_t value = luma[i];
        s1 += value;
        s2 += value * value;
    }
    *sum += s1;
    *squares += s2;
}

static void AF_KERNEL(stretch)(uint8_t *bytes, size_t count, const af_contrast *contrast) {
    const int32_t gain = contrast->gain, offset = contrast->offset;
    for (size_t i = 0; i < count; i++) {
        const int32_t value = (bytes[i] * gain + offset) >> 8;
        bytes[i] = (uint8_t)(value < 0 ? 0 : value > 127 ? 127 : value);
    }
}
#endif

static void AF_KERNEL(luma_yuyv)(uint8_t *restrict luma, const uint8_t *restrict p, size_t count) {
    for (size_t i = 0; i < count; i++)
        luma[i] = p[2 * i];
}

static void AF_KERNEL(luma_words)(uint8_t *restrict luma, const uint8_t *restrict p, size_t count,
                                  uint32_t mask, uint32_t shift) {
    for (size_t i = 0; i < count; i++) {
        uint16_t word;
        memcpy(&word, p + 2 * i, sizeof word);
        luma[i] = (uint8_t)((word & mask) >> shift);
    }
}

static void AF_KERNEL(set16)(uint16_t *restrict sums, const uint8_t *restrict luma, size_t count,
                             uint32_t weight) {
    for (size_t i = 0; i < count; i++)
        sums[i] = (uint16_t)(weight * luma[i]);
}

static void AF_KERNEL(add16)(uint16_t *restrict sums, const uint8_t *restrict luma, size_t count,
                             uint32_t weight) {
    for (size_t i = 0; i < count; i++)
        sums[i] = (uint16_t)(sums[i] + weight * luma[i]);
}

static void AF_KERNEL(set32)(uint32_t *restrict sums, const uint8_t *restrict luma, size_t count,
                             uint32_t weight) {
    for (size_t i = 0; i < count; i++)
        sums[i] = weight * luma[i];
}

static void AF_KERNEL(add32)(uint32_t *restrict sums, const uint8_t *restrict luma, size_t count,
                             uint32_t weight) {
    for (size_t i = 0; i < count; i++)
        sums[i] += weight * luma[i];
}

/* The usual ratios get loops of their own, which vectorise. */
#define AF_GROUP(name, type)                                                                       \
    static void AF_KERNEL(name)(uint32_t *restrict out, const type *restrict s, size_t count,      \
                                size_t group) {                                                    \
        if (group == 1) {                                                                          \
            for (size_t i = 0; i < count; i++)                                                     \
                out[i] = s[i];                                                                     \
        } else if (group == 2) {                                                                   \
            for (size_t i = 0; i < count; i++)                                                     \
                out[i] = (uint32_t)s[2 * i] + s[2 * i + 1];                                        \
        } else if (group == 3) {                                                                   \
            for (size_t i = 0; i < count; i++)                                                     \
                out[i] = (uint32_t)s[3 * i] + s[3 * i + 1] + s[3 * i + 2];                         \
        } else if (group == 4) {                                                                   \
            for (size_t i = 0; i < count; i++)                                                     \
                out[i] = (uint32_t)s[4 * i] + s[4 * i + 1] + s[4 * i + 2] + s[4 * i + 3];          \
        } else {                                                                                   \
            for (size_t i = 0; i < count; i++) {                                                   \
                uint32_t sum = 0;                                                                  \
                for (size_t k = 0; k < group; k++)                                                 \
                    sum += s[group * i + k];                                                       \
                out[i] = sum;                                                                      \
            }                                                                                      \
        }                                                                                          \
    }
AF_GROUP(group16, uint16_t)
AF_GROUP(group32, uint32_t)
#undef AF_GROUP

static void AF_KERNEL(divide)(uint8_t *restrict out, const uint32_t *restrict sums, size_t count,
                              const af_divider *divider) {
    const uint32_t half = divider->half, factor = divider->factor, shift = divider->shift;
    if (divider->narrow) {
        for (size_t i = 0; i < count; i++)
            out[i] = (uint8_t)(((sums[i] + half) * factor) >> shift);
    } else {
        for (size_t i = 0; i < count; i++)
            out[i] = (uint8_t)((uint64_t)(sums[i] + half) * factor >> shift);
    }
}

const af_image_kernels AF_KERNEL_TABLE = {
    AF_KERNEL(luma_rgb),  AF_KERNEL(luma_bgr),   AF_KERNEL(luma_rgba), AF_KERNEL(luma_bgra),
    AF_KERNEL(luma_yuyv), AF_KERNEL(luma_words), AF_KERNEL(set16),     AF_KERNEL(add16),
    AF_KERNEL(set32),     AF_KERNEL(add32),      AF_KERNEL(group16),   AF_KERNEL(group32),
    AF_KERNEL(run16),     AF_KERNEL(run32),      AF_KERNEL(blend),     AF_KERNEL(divide),
    AF_KERNEL(turn),      AF_KERNEL(sample),     AF_KERNEL(add_up),    AF_KERNEL(stretch),
};
