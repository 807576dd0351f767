/*
 * The operations of vector.h for Arm: 64-bit with NEON, 32-bit with NEON, and the dot product of
 * 64-bit Arm. Each function carries its target attribute, so that the whole library compiles with
 * one set of flags.
 */
#ifndef AF_NN_NEON_H
#define AF_NN_NEON_H

#include "nn/kernels/kernels.h"

#ifdef AF_NEON
#include <arm_neon.h>
#include <string.h>

#if defined(AF_VECTOR_DOTPROD) && !defined(__ARM_FEATURE_DOTPROD)
#define AF_VECTOR_TARGET __attribute__((target("arch=armv8.2-a+dotprod")))
#elif defined(__ARM_NEON)
#define AF_VECTOR_TARGET
#else
#define AF_VECTOR_TARGET __attribute__((target("fpu=neon")))
#endif
#define AF_VECTOR_INLINE AF_VECTOR_TARGET static inline __attribute__((always_inline))

/* 32-bit Arm has 16 registers, 64-bit Arm has 32. */
#ifdef __aarch64__
#define AF_VECTOR_PIXELS 4
#else
#define AF_VECTOR_PIXELS 2
#endif

typedef uint8x16_t v_bytes;

/* 16 channels. */
typedef struct v_sums {
    int32x4_t a, b, c, d;
} v_sums;

typedef int8_t v_weight;

AF_VECTOR_INLINE v_bytes v_load(const uint8_t *p) {
    return vld1q_u8(p);
}

AF_VECTOR_INLINE void v_store(uint8_t *p, v_bytes v) {
    vst1q_u8(p, v);
}

AF_VECTOR_INLINE v_bytes v_add(v_bytes a, v_bytes b) {
    return vaddq_u8(a, b);
}

AF_VECTOR_INLINE v_bytes v_max(v_bytes a, v_bytes b) {
    return vmaxq_u8(a, b);
}

AF_VECTOR_INLINE v_bytes v_min_127(v_bytes v) {
    return vminq_u8(v, vdupq_n_u8(127));
}

AF_VECTOR_INLINE v_sums v_load_sums(const int32_t *p) {
    const v_sums s = {vld1q_s32(p), vld1q_s32(p + 4), vld1q_s32(p + 8), vld1q_s32(p + 12)};
    return s;
}

AF_VECTOR_INLINE void v_store_sums(int32_t *p, v_sums s) {
    vst1q_s32(p, s.a);
    vst1q_s32(p + 4, s.b);
    vst1q_s32(p + 8, s.c);
    vst1q_s32(p + 12, s.d);
}

/* Shifted (the rounding is in the sums already), saturated to int16, multiplied by mult / 2^15
 * with rounding, the residual added if there is one, clamped to 0..127. */
AF_VECTOR_INLINE v_bytes v_requantise(v_sums s, int32_t shift, const int16_t *mult,
                                      const uint8_t *residual) {
    const int32x4_t by = vdupq_n_s32(-shift);
    const int16x8_t r0 =
        vcombine_s16(vqmovn_s32(vshlq_s32(s.a, by)), vqmovn_s32(vshlq_s32(s.b, by)));
    const int16x8_t r1 =
        vcombine_s16(vqmovn_s32(vshlq_s32(s.c, by)), vqmovn_s32(vshlq_s32(s.d, by)));
    int16x8_t q0 = vqrdmulhq_s16(r0, vld1q_s16(mult)), q1 = vqrdmulhq_s16(r1, vld1q_s16(mult + 8));
    if (residual) {
        const uint8x16_t add = vld1q_u8(residual);
        q0 = vqaddq_s16(q0, vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(add))));
        q1 = vqaddq_s16(q1, vreinterpretq_s16_u16(vmovl_u8(vget_high_u8(add))));
    }
    return v_min_127(vcombine_u8(vqmovun_s16(q0), vqmovun_s16(q1)));
}

/* ----------------------------------------------------------------------------- convolution */

/* Four taps of 16 channels. */
typedef struct v_weights {
    int8x16_t a, b, c, d;
} v_weights;

AF_VECTOR_INLINE v_weights v_load_weights(const v_weight *p) {
    const v_weights w = {vld1q_s8(p), vld1q_s8(p + 16), vld1q_s8(p + 32), vld1q_s8(p + 48)};
    return w;
}

/* 16 taps of a pixel, or four in lane 0. */
#ifdef __aarch64__
typedef v_bytes v_taps;

AF_VECTOR_INLINE v_taps v_load_taps(const uint8_t *p) {
    return vld1q_u8(p);
}

AF_VECTOR_INLINE v_taps v_load_four(const uint8_t *p) {
    uint32_t four;
    memcpy(&four, p, sizeof four);
    return vreinterpretq_u8_u32(vdupq_n_u32(four));
}

/* Keeps compilers from moving other groups' work, which takes more registers, before this. */
#define V_HOLD(s, taps)                                                                            \
    __asm__ volatile("" : "+w"((s).a), "+w"((s).b), "+w"((s).c), "+w"((s).d), "+w"(taps))
#else
/* They stay in memory, where a load can duplicate them: registers are short. */
typedef const uint8_t *v_taps;

AF_VECTOR_INLINE v_taps v_load_taps(const uint8_t *p) {
    return p;
}

AF_VECTOR_INLINE v_taps v_load_four(const uint8_t *p) {
    return p;
}

#define V_HOLD(s, taps)                                                                            \
    __asm__ volatile("" : "+w"((s).a), "+w"((s).b), "+w"((s).c), "+w"((s).d), "+r"(taps))
#endif

#ifdef AF_VECTOR_DOTPROD
/* [16 channels][4 taps] */
#define V_WEIGHT_AT(channel, tap) (4 * (channel) + (tap))

/* Adds taps 4 lane .. 4 lane + 3 times the weights. The lane must be a literal number. */
#define V_MULTIPLY(s, taps, lane, w)                                                               \
    do {                                                                                           \
        const int8x16_t taps_ = vreinterpretq_s8_u8(taps);                                         \
        (s).a = vdotq_laneq_s32((s).a, (w).a, taps_, lane);                                        \
        (s).b = vdotq_laneq_s32((s).b, (w).b, taps_, lane);                                        \
        (s).c = vdotq_laneq_s32((s).c, (w).c, taps_, lane);                                        \
        (s).d = vdotq_laneq_s32((s).d, (w).d, taps_, lane);                                        \
    } while (0)
#else
/* [2 pairs of taps][16 channels][2 taps]: a 16-bit lane is a channel and one of two taps. It takes
 * two products, of at most 127 * 127 each, which fits; pairs of lanes are then added to 32 bits. */
#define V_WEIGHT_AT(channel, tap) (32 * ((tap) / 2) + 2 * (channel) + (tap) % 2)

#ifdef __aarch64__
#define V_PAIR(taps, n) vreinterpretq_s8_s16(vdupq_laneq_s16(vreinterpretq_s16_u8(taps), n))
#define V_LOW_PRODUCTS(pair0, w0, pair1, w1)                                                       \
    vmlal_s8(vmull_s8(vget_low_s8(pair0), vget_low_s8(w0)), vget_low_s8(pair1), vget_low_s8(w1))
#define V_HIGH_PRODUCTS(pair0, w0, pair1, w1) vmlal_high_s8(vmull_high_s8(pair0, w0), pair1, w1)
#else
AF_VECTOR_INLINE int16x4_t v_load_pair(const uint8_t *p) {
    return vld1_dup_s16((const int16_t *)(const void *)p); /* needs no alignment */
}

#define V_PAIR(taps, n) vreinterpret_s8_s16(v_load_pair((taps) + 2 * (n)))
#define V_LOW_PRODUCTS(pair0, w0, pair1, w1)                                                       \
    vmlal_s8(vmull_s8(pair0, vget_low_s8(w0)), pair1, vget_low_s8(w1))
#define V_HIGH_PRODUCTS(pair0, w0, pair1, w1)                                                      \
    vmlal_s8(vmull_s8(pair0, vget_high_s8(w0)), pair1, vget_high_s8(w1))
#endif

/* Adds taps 4 lane .. 4 lane + 3 times the weights. The lane must be a literal number. */
#define V_MULTIPLY(s, taps, lane, w)                                                               \
    do {                                                                                           \
        const __typeof__(V_PAIR(taps, 0)) pair0_ = V_PAIR(taps, 2 * (lane)),                       \
                                          pair1_ = V_PAIR(taps, 2 * (lane) + 1);                   \
        (s).a = vpadalq_s16((s).a, V_LOW_PRODUCTS(pair0_, (w).a, pair1_, (w).c));                  \
        (s).b = vpadalq_s16((s).b, V_HIGH_PRODUCTS(pair0_, (w).a, pair1_, (w).c));                 \
        (s).c = vpadalq_s16((s).c, V_LOW_PRODUCTS(pair0_, (w).b, pair1_, (w).d));                  \
        (s).d = vpadalq_s16((s).d, V_HIGH_PRODUCTS(pair0_, (w).b, pair1_, (w).d));                 \
    } while (0)
#endif

/* ------------------------------------------------------------------------------- depthwise */

/* Two taps of 16 channels: [2 taps][16 channels]. */
typedef struct v_two_weights {
    int8x16_t first, second;
} v_two_weights;

#define V_TWO_AT(channel, tap) (16 * (tap) + (channel))

AF_VECTOR_INLINE v_two_weights v_load_two(const v_weight *p) {
    const v_two_weights w = {vld1q_s8(p), vld1q_s8(p + 16)};
    return w;
}

/* Adds two taps of 16 channels: two products fit 16 bits. */
AF_VECTOR_INLINE v_sums v_multiply_two(v_sums s, v_bytes first, v_bytes second, v_two_weights w) {
    const int8x16_t x = vreinterpretq_s8_u8(first), y = vreinterpretq_s8_u8(second);
    const int16x8_t low = vmlal_s8(vmull_s8(vget_low_s8(x), vget_low_s8(w.first)), vget_low_s8(y),
                                   vget_low_s8(w.second));
    const int16x8_t high = vmlal_s8(vmull_s8(vget_high_s8(x), vget_high_s8(w.first)),
                                    vget_high_s8(y), vget_high_s8(w.second));
    s.a = vaddw_s16(s.a, vget_low_s16(low));
    s.b = vaddw_s16(s.b, vget_high_s16(low));
    s.c = vaddw_s16(s.c, vget_low_s16(high));
    s.d = vaddw_s16(s.d, vget_high_s16(high));
    return s;
}

#endif
#endif
