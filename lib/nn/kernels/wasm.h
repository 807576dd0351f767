/* The operations of the vector templates for WebAssembly's 128-bit SIMD. */
#ifndef AF_NN_WASM_H
#define AF_NN_WASM_H

#include "nn/kernels/kernels.h"

#ifdef AF_WASM_SIMD
#include <string.h>
#include <wasm_simd128.h>

#define AF_VECTOR_TARGET
#define AF_VECTOR_INLINE static inline __attribute__((always_inline))
#define AF_VECTOR_PIXELS 2 /* engines have 16 registers on x86 */

typedef v128_t v_bytes;

/* 16 channels. */
typedef struct v_sums {
    v128_t a, b, c, d;
} v_sums;

typedef int16_t v_weight; /* the only dot product is that of 16-bit numbers */

AF_VECTOR_INLINE v_bytes v_load(const uint8_t *p) {
    return wasm_v128_load(p);
}

AF_VECTOR_INLINE void v_store(uint8_t *p, v_bytes v) {
    wasm_v128_store(p, v);
}

AF_VECTOR_INLINE v_bytes v_add(v_bytes a, v_bytes b) {
    return wasm_i8x16_add(a, b);
}

AF_VECTOR_INLINE v_bytes v_max(v_bytes a, v_bytes b) {
    return wasm_u8x16_max(a, b);
}

AF_VECTOR_INLINE v_bytes v_min_127(v_bytes v) {
    return wasm_u8x16_min(v, wasm_i8x16_splat(127));
}

AF_VECTOR_INLINE v_sums v_load_sums(const int32_t *p) {
    const v_sums s = {wasm_v128_load(p), wasm_v128_load(p + 4), wasm_v128_load(p + 8),
                      wasm_v128_load(p + 12)};
    return s;
}

AF_VECTOR_INLINE void v_store_sums(int32_t *p, v_sums s) {
    wasm_v128_store(p, s.a);
    wasm_v128_store(p + 4, s.b);
    wasm_v128_store(p + 8, s.c);
    wasm_v128_store(p + 12, s.d);
}

/* Shifted (the rounding is in the sums already), saturated to int16, multiplied by mult / 2^15
 * with rounding, the residual added if there is one, clamped to 0..127. */
AF_VECTOR_INLINE v_bytes v_requantise(v_sums s, int32_t shift, const int16_t *mult,
                                      const uint8_t *residual) {
    const uint32_t by = (uint32_t)shift;
    const v128_t r0 = wasm_i16x8_narrow_i32x4(wasm_i32x4_shr(s.a, by), wasm_i32x4_shr(s.b, by));
    const v128_t r1 = wasm_i16x8_narrow_i32x4(wasm_i32x4_shr(s.c, by), wasm_i32x4_shr(s.d, by));
    v128_t q0 = wasm_i16x8_q15mulr_sat(r0, wasm_v128_load(mult));
    v128_t q1 = wasm_i16x8_q15mulr_sat(r1, wasm_v128_load(mult + 8));
    if (residual) {
        q0 = wasm_i16x8_add_sat(q0, wasm_u16x8_load8x8(residual));
        q1 = wasm_i16x8_add_sat(q1, wasm_u16x8_load8x8(residual + 8));
    }
    return v_min_127(wasm_u8x16_narrow_i16x8(q0, q1));
}

AF_VECTOR_INLINE v128_t v_sum_products(v128_t sum, v128_t a, v128_t b) {
    return wasm_i32x4_add(sum, wasm_i32x4_dot_i16x8(a, b));
}

/* ----------------------------------------------------------------------------- convolution */

/* 16 taps of a pixel, or four in lane 0. */
typedef v_bytes v_taps;

AF_VECTOR_INLINE v_taps v_load_taps(const uint8_t *p) {
    return wasm_v128_load(p);
}

AF_VECTOR_INLINE v_taps v_load_four(const uint8_t *p) {
    return wasm_v128_load32_splat(p);
}

/* Four taps of 16 channels, in the order [2 pairs of taps][16 channels][2 taps]. */
typedef struct v_weights {
    v128_t a, b, c, d, e, f, g, h;
} v_weights;

#define V_WEIGHT_AT(channel, tap) (32 * ((tap) / 2) + 2 * (channel) + (tap) % 2)

AF_VECTOR_INLINE v_weights v_load_weights(const v_weight *p) {
    const v_weights w = {wasm_v128_load(p),      wasm_v128_load(p + 8),  wasm_v128_load(p + 16),
                         wasm_v128_load(p + 24), wasm_v128_load(p + 32), wasm_v128_load(p + 40),
                         wasm_v128_load(p + 48), wasm_v128_load(p + 56)};
    return w;
}

#define V_HOLD(s, taps) (void)0 /* engines compile in the order they read */

/* Adds taps 4 lane .. 4 lane + 3 times the weights. The lane must be a literal number. */
#define V_MULTIPLY(s, taps, lane, w)                                                               \
    do {                                                                                           \
        const v128_t eight_ =                                                                      \
            (lane) < 2 ? wasm_u16x8_extend_low_u8x16(taps) : wasm_u16x8_extend_high_u8x16(taps);   \
        const v128_t pair0_ = wasm_i32x4_shuffle(eight_, eight_, 2 * ((lane)&1), 2 * ((lane)&1),   \
                                                 2 * ((lane)&1), 2 * ((lane)&1));                  \
        const v128_t pair1_ =                                                                      \
            wasm_i32x4_shuffle(eight_, eight_, 2 * ((lane)&1) + 1, 2 * ((lane)&1) + 1,             \
                               2 * ((lane)&1) + 1, 2 * ((lane)&1) + 1);                            \
        (s).a = v_sum_products(v_sum_products((s).a, pair0_, (w).a), pair1_, (w).e);               \
        (s).b = v_sum_products(v_sum_products((s).b, pair0_, (w).b), pair1_, (w).f);               \
        (s).c = v_sum_products(v_sum_products((s).c, pair0_, (w).c), pair1_, (w).g);               \
        (s).d = v_sum_products(v_sum_products((s).d, pair0_, (w).d), pair1_, (w).h);               \
    } while (0)

/* ------------------------------------------------------------------------------- depthwise */

/* Two taps of 16 channels: [16 channels][2 taps]. */
typedef struct v_two_weights {
    v128_t a, b, c, d;
} v_two_weights;

#define V_TWO_AT(channel, tap) (2 * (channel) + (tap))

AF_VECTOR_INLINE v_two_weights v_load_two(const v_weight *p) {
    const v_two_weights w = {wasm_v128_load(p), wasm_v128_load(p + 8), wasm_v128_load(p + 16),
                             wasm_v128_load(p + 24)};
    return w;
}

/* Adds two taps of 16 channels. */
AF_VECTOR_INLINE v_sums v_multiply_two(v_sums s, v_bytes first, v_bytes second, v_two_weights w) {
    const v128_t low =
        wasm_i8x16_shuffle(first, second, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
    const v128_t high = wasm_i8x16_shuffle(first, second, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13,
                                           29, 14, 30, 15, 31);
    s.a = v_sum_products(s.a, wasm_u16x8_extend_low_u8x16(low), w.a);
    s.b = v_sum_products(s.b, wasm_u16x8_extend_high_u8x16(low), w.b);
    s.c = v_sum_products(s.c, wasm_u16x8_extend_low_u8x16(high), w.c);
    s.d = v_sum_products(s.d, wasm_u16x8_extend_high_u8x16(high), w.d);
    return s;
}

#endif
#endif
