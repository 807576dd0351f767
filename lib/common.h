/* What every part of the library shares. */
#ifndef AF_COMMON_H
#define AF_COMMON_H

#include <stddef.h>
#include <stdint.h>

#include "affect/affect.h"

static inline int32_t af_min(int32_t a, int32_t b) {
    return a < b ? a : b;
}

static inline int32_t af_max(int32_t a, int32_t b) {
    return a > b ? a : b;
}

static inline int32_t af_clamp(int32_t value, int32_t low, int32_t high) {
    return value < low ? low : value > high ? high : value;
}

static inline float af_clampf(float value, float low, float high) {
    return value < low ? low : value > high ? high : value;
}

/* Rounds up to a multiple of step, a power of two. */
static inline size_t af_round_up(size_t value, size_t step) {
    return (value + step - 1) & ~(step - 1);
}

/* Memory aligned to 64 bytes and set to zero from the caller's allocator, null when it has none. */
void *af_allocate(const affect_allocator *allocator, size_t bytes);
void af_release(const affect_allocator *allocator, void *memory);

/* malloc and free. */
extern const affect_allocator af_malloc_allocator;

#endif
