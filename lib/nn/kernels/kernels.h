/*
 * The kernels' contracts. The portable functions are the specification, every other back end gives
 * the same bytes.
 *
 * Activations: bytes 0..127, pixel-major, channels padded with zeros to a multiple of 16. A kernel
 * that looks beyond the plane finds zeros there: the caller provides the border, so kernels have no
 * edge cases. Nothing outside the taps is read and nothing outside the output is written, except
 * that a convolution of the one-channel input plane may read up to 3 bytes past the last tap of
 * every row.
 */
#ifndef AF_NN_KERNELS_H
#define AF_NN_KERNELS_H

#include "common.h"

/* The back ends that this build contains. */
#if (defined(__x86_64__) || defined(__i386__)) && !defined(AF_NO_AVX2)
#define AF_AVX2 1
#define AF_BUILT_AVX2 ((uint32_t)AFFECT_CPU_AVX2)
#else
#define AF_BUILT_AVX2 0u
#endif
#if defined(__x86_64__) && !defined(AF_NO_AVXVNNI) &&                                              \
    (defined(__clang__) ? __clang_major__ >= 12 : __GNUC__ >= 11)
#define AF_AVXVNNI 1
#define AF_BUILT_AVXVNNI ((uint32_t)AFFECT_CPU_AVXVNNI)
#else
#define AF_BUILT_AVXVNNI 0u
#endif
#if defined(__x86_64__) && !defined(AF_NO_AVX512VNNI) &&                                           \
    (defined(__clang__) ? __clang_major__ >= 7 : __GNUC__ >= 8)
#define AF_AVX512VNNI 1
#define AF_BUILT_AVX512VNNI ((uint32_t)AFFECT_CPU_AVX512VNNI)
#else
#define AF_BUILT_AVX512VNNI 0u
#endif
/* gcc's intrinsics for NEON on 32-bit Arm and for the dot product need no compiler options, only
 * the target attribute; clang's, for the dot product before clang 16, need the options. */
#if (defined(__ARM_NEON) || (defined(__arm__) && defined(__GNUC__) && !defined(__clang__))) &&     \
    !defined(__ARM_BIG_ENDIAN) && !defined(AF_NO_NEON)
#define AF_NEON 1
#define AF_BUILT_NEON ((uint32_t)AFFECT_CPU_NEON)
#else
#define AF_BUILT_NEON 0u
#endif
#if defined(AF_NEON) && defined(__aarch64__) && !defined(AF_NO_DOTPROD) &&                         \
    (defined(__ARM_FEATURE_DOTPROD) || !defined(__clang__) || __clang_major__ >= 16)
#define AF_DOTPROD 1
#define AF_BUILT_DOTPROD ((uint32_t)AFFECT_CPU_DOTPROD)
#else
#define AF_BUILT_DOTPROD 0u
#endif
/* WebAssembly has no way to ask: a module with SIMD loads or does not. */
#if defined(__wasm_simd128__) && !defined(AF_NO_WASM_SIMD)
#define AF_WASM_SIMD 1
#define AF_BUILT_WASM_SIMD ((uint32_t)AFFECT_CPU_WASM_SIMD)
#else
#define AF_BUILT_WASM_SIMD 0u
#endif
#define AF_KERNELS_BUILT                                                                           \
    (AF_BUILT_AVX2 | AF_BUILT_AVXVNNI | AF_BUILT_AVX512VNNI | AF_BUILT_NEON | AF_BUILT_DOTPROD |   \
     AF_BUILT_WASM_SIMD)

enum { AF_TILE = 16 }; /* channels are padded to, and computed by, this many */

/* What a layer with weights is, whatever the size of its planes. */
typedef struct af_shape {
    int32_t kh;
    int32_t kw;
    int32_t stride;
    int32_t cin;
    int32_t cout;  /* depthwise: = cin */
    int32_t pixel; /* bytes from an input pixel to the next: cin padded, or 1 (cin = 1) */
    int32_t shift; /* 1..24; 0: a head, int32 sums are the result */
} af_shape;

/* Weights as the container has them, numbers in the machine's byte order. */
typedef struct af_weights {
    const int8_t *weights; /* conv [cout][kh][kw][cin], depthwise [kh][kw][c]; -127..127 */
    const int32_t *bias;   /* [cout] */
    const uint16_t *mult;  /* [cout], 1..32767; null for a head */
} af_weights;

/* One run over a plane. Output pixel (x, y) has its first tap at
 * in + y * stride * in_row + x * stride * pixel. Output pixels are cout padded to 16 apart. */
typedef struct af_conv_job {
    const af_shape *shape;
    const void *packed; /* 64-byte aligned, from the pack function */
    const uint8_t *in;
    ptrdiff_t in_row;
    uint8_t *out; /* null for a head */
    ptrdiff_t out_row;
    const uint8_t *residual; /* null: none; its pixels are as far apart as those of out */
    ptrdiff_t residual_row;
    int32_t *head; /* null unless a head: rows without gaps */
    int32_t width; /* of the output, at least 1 */
    int32_t height;
} af_conv_job;

typedef struct af_kernels {
    uint32_t cpu; /* best back end in this table, one bit of affect_cpu or 0 */

    /* Convolution; also dense layers (one output pixel) and the first layer. */
    size_t (*conv_bytes)(const af_shape *shape); /* of the packed weights, a multiple of 64 */
    void (*conv_pack)(const af_shape *shape, const af_weights *weights, void *packed);
    void (*conv)(const af_conv_job *job);

    size_t (*depthwise_bytes)(const af_shape *shape);
    void (*depthwise_pack)(const af_shape *shape, const af_weights *weights, void *packed);
    void (*depthwise)(const af_conv_job *job);

    /* Rows of whole pixels. `pixel` and `bytes` are multiples of 16; out is none of the inputs. */
    /* out = min(127, a + b) */
    void (*add)(uint8_t *out, const uint8_t *a, const uint8_t *b, size_t bytes);
    /* 2 * width pixels from width; b null: nothing added, else min(127, in + b) */
    void (*upsample)(uint8_t *out, const uint8_t *in, const uint8_t *b, int32_t width,
                     int32_t pixel);
    /* width pixels, each the maximum of two pixels of row0 and two of row1 */
    void (*maxpool)(uint8_t *out, const uint8_t *row0, const uint8_t *row1, int32_t width,
                    int32_t pixel);
    /* sums[c] += over width pixels */
    void (*sum)(int32_t *sums, const uint8_t *in, int32_t width, int32_t pixel);
} af_kernels;

/* Fills the table with the best kernels among the back ends in cpu. */
void af_kernels_init(af_kernels *kernels, uint32_t cpu);

/* Overrides what a back end does better. */
void af_kernels_init_portable(af_kernels *kernels);
#ifdef AF_AVX2
void af_kernels_init_avx2(af_kernels *kernels);
#endif
#ifdef AF_AVXVNNI
void af_kernels_init_avxvnni(af_kernels *kernels);
#endif
#ifdef AF_AVX512VNNI
void af_kernels_init_avx512vnni(af_kernels *kernels);
#endif
#ifdef AF_NEON
void af_kernels_init_neon(af_kernels *kernels);
#endif
#ifdef AF_DOTPROD
void af_kernels_init_dotprod(af_kernels *kernels);
#endif
#ifdef AF_WASM_SIMD
void af_kernels_init_wasm(af_kernels *kernels);
#endif

static inline int32_t af_padded(int32_t channels) {
    return (channels + AF_TILE - 1) & ~(AF_TILE - 1);
}

/* The requantise rule; the result is in -32767..32767. `>>` of negative numbers is arithmetic on
 * every compiler this library knows. */
static inline int32_t af_requantise(int32_t acc, int32_t shift, int32_t mult) {
    const int32_t r = af_clamp((acc + (1 << (shift - 1))) >> shift, -32768, 32767);
    return (r * mult + 0x4000) >> 15;
}

#endif
