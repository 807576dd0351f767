/*
 * Convolution with registers of 16 bytes: a template, included by kernels_<isa>.c after that back
 * end's operations and AF_VECTOR(name). No include guard.
 *
 * AF_VECTOR_PIXELS output pixels beside each other, 16 channels each, are summed in registers while
 * the taps go by in fours; the taps of one kernel row lie in one run of kw * pixel bytes.
 *
 * Packed: int32 sums' start [cp] (bias and rounding), int16 multipliers [cp], both together rounded
 * up to 64 bytes, then v_weight [cp / 16][kh][run / 4][64] with V_WEIGHT_AT's order of the last.
 */
enum { GROUP = 64 }; /* weights of four taps */

static size_t header_bytes(const af_shape *shape) {
    return af_round_up((size_t)af_padded(shape->cout) * (sizeof(int32_t) + sizeof(int16_t)), 64);
}

/* Groups of four taps in a row of the kernel. */
static int32_t row_groups(const af_shape *shape) {
    return (shape->kw * shape->pixel + 3) / 4;
}

/* Weights of 16 channels. */
static size_t tile_weights(const af_shape *shape) {
    return (size_t)shape->kh * (size_t)row_groups(shape) * GROUP;
}

static size_t AF_VECTOR(conv_bytes)(const af_shape *shape) {
    const size_t tiles = (size_t)af_padded(shape->cout) / AF_TILE;
    return header_bytes(shape) + tiles * tile_weights(shape) * sizeof(v_weight);
}

/* One filter, whose first group is at `to`. */
static void pack_filter(const af_shape *shape, const int8_t *from, int32_t channel, v_weight *to) {
    const int32_t groups = row_groups(shape);
    for (int32_t ky = 0; ky < shape->kh; ky++, to += groups * GROUP)
        for (int32_t kx = 0; kx < shape->kw; kx++)
            for (int32_t i = 0; i < shape->cin; i++) {
                const int32_t byte = kx * shape->pixel + i;
                to[byte / 4 * GROUP + V_WEIGHT_AT(channel, byte % 4)] = *from++;
            }
}

static void AF_VECTOR(conv_pack)(const af_shape *shape, const af_weights *weights, void *packed) {
    const int32_t padded = af_padded(shape->cout);
    const int32_t rounding = shape->shift ? 1 << (shape->shift - 1) : 0;
    const size_t filter = (size_t)shape->kh * (size_t)shape->kw * (size_t)shape->cin;
    memset(packed, 0, AF_VECTOR(conv_bytes)(shape));
    int32_t *const start = packed;
    int16_t *const mult = (int16_t *)(void *)(start + padded);
    v_weight *const tiles = (v_weight *)(void *)((uint8_t *)packed + header_bytes(shape));
    for (int32_t c = 0; c < padded; c++)
        start[c] = rounding;
    for (int32_t c = 0; c < shape->cout; c++) {
        start[c] += weights->bias[c];
        mult[c] = (int16_t)(weights->mult ? weights->mult[c] : 0);
        pack_filter(shape, weights->weights + (size_t)c * filter, c % AF_TILE,
                    tiles + (size_t)(c / AF_TILE) * tile_weights(shape));
    }
}

/* All that the inner functions need of 16 channels of one row. */
typedef struct tile {
    const int32_t *start;
    const int16_t *mult;
    const v_weight *weights;
    const uint8_t *in; /* of the row's first output pixel, and so on */
    uint8_t *out;
    const uint8_t *residual; /* null: none */
    int32_t *head;           /* null unless a head */
    ptrdiff_t in_row;
    ptrdiff_t step;  /* from the taps of an output pixel to those of the next */
    ptrdiff_t pixel; /* from an output pixel to the next */
    int32_t rows;    /* of the kernel */
    int32_t run;
    int32_t shift;
} tile;

AF_VECTOR_INLINE void store_pixel(const tile *t, int32_t x, v_sums s) {
    const ptrdiff_t at = x * t->pixel;
    if (t->head)
        v_store_sums(t->head + at, s);
    else
        v_store(t->out + at,
                v_requantise(s, t->shift, t->mult, t->residual ? t->residual + at : NULL));
}

/* 16 taps of one pixel more, or four. */
#define LOAD(i) v_taps taps##i = v_load_taps(in##i + k)
#define LOAD_FOUR(i) v_taps taps##i = v_load_four(in##i + k)
#define FOUR_TAPS(i, lane)                                                                         \
    V_MULTIPLY(s##i, taps##i, lane, four);                                                         \
    V_HOLD(s##i, taps##i)

/* The loop over a kernel for the pixels in##i, sums s##i; EACH and EACH_TAPS repeat for these. */
#define WALK_KERNEL(EACH, EACH_TAPS, ADVANCE)                                                      \
    for (int32_t ky = 0; ky < t->rows; ky++) {                                                     \
        int32_t k = 0;                                                                             \
        for (; k + 16 <= t->run; k += 16, w += 4 * GROUP) {                                        \
            EACH(LOAD);                                                                            \
            v_weights four = v_load_weights(w);                                                    \
            EACH_TAPS(0);                                                                          \
            four = v_load_weights(w + GROUP);                                                      \
            EACH_TAPS(1);                                                                          \
            four = v_load_weights(w + 2 * GROUP);                                                  \
            EACH_TAPS(2);                                                                          \
            four = v_load_weights(w + 3 * GROUP);                                                  \
            EACH_TAPS(3);                                                                          \
        }                                                                                          \
        for (; k < t->run; k += 4, w += GROUP) { /* the input plane */                             \
            EACH(LOAD_FOUR);                                                                       \
            const v_weights four = v_load_weights(w);                                              \
            EACH_TAPS(0);                                                                          \
        }                                                                                          \
        EACH(ADVANCE);                                                                             \
    }

#define NEXT_ROW(i) in##i += t->in_row

#define ONE(do_) do_(0)
#define ONE_TAPS(lane) FOUR_TAPS(0, lane)

#if AF_VECTOR_PIXELS == 4
#define ALL(do_)                                                                                   \
    do_(0);                                                                                        \
    do_(1);                                                                                        \
    do_(2);                                                                                        \
    do_(3)
#define ALL_TAPS(lane)                                                                             \
    FOUR_TAPS(0, lane);                                                                            \
    FOUR_TAPS(1, lane);                                                                            \
    FOUR_TAPS(2, lane);                                                                            \
    FOUR_TAPS(3, lane)
#else
#define ALL(do_)                                                                                   \
    do_(0);                                                                                        \
    do_(1)
#define ALL_TAPS(lane)                                                                             \
    FOUR_TAPS(0, lane);                                                                            \
    FOUR_TAPS(1, lane)
#endif

AF_VECTOR_TARGET static void one_pixel(const tile *t, int32_t x) {
    const v_weight *w = t->weights;
    const uint8_t *in0 = t->in + x * t->step;
    v_sums s0 = v_load_sums(t->start);
    WALK_KERNEL(ONE, ONE_TAPS, NEXT_ROW)
    store_pixel(t, x, s0);
}

AF_VECTOR_TARGET static void some_pixels(const tile *t, int32_t x) {
    const v_weight *w = t->weights;
#define START(i)                                                                                   \
    const uint8_t *in##i = t->in + (x + i) * t->step;                                              \
    v_sums s##i = v_load_sums(t->start)
    ALL(START);
    WALK_KERNEL(ALL, ALL_TAPS, NEXT_ROW)
#define STORE(i) store_pixel(t, x + i, s##i)
    ALL(STORE);
}

/* The last pixels of a row may be done twice. */
static void run_row(const tile *t, int32_t width) {
    if (width < AF_VECTOR_PIXELS)
        for (int32_t x = 0; x < width; x++)
            one_pixel(t, x);
    else
        for (int32_t x = 0; x < width; x += AF_VECTOR_PIXELS)
            some_pixels(t, af_min(x, width - AF_VECTOR_PIXELS));
}

static tile tile_of(const af_conv_job *job, int32_t c) {
    const af_shape *const shape = job->shape;
    const int32_t padded = af_padded(shape->cout);
    const uint8_t *const weights = (const uint8_t *)job->packed + header_bytes(shape);
    return (tile){
        .start = (const int32_t *)job->packed + c,
        .mult = (const int16_t *)(const void *)((const int32_t *)job->packed + padded) + c,
        .weights =
            (const v_weight *)(const void *)weights + (size_t)(c / AF_TILE) * tile_weights(shape),
        .in_row = job->in_row,
        .step = (ptrdiff_t)shape->stride * shape->pixel,
        .pixel = padded,
        .rows = shape->kh,
        .run = shape->kw * shape->pixel,
        .shift = shape->shift,
    };
}

static void AF_VECTOR(conv)(const af_conv_job *job) {
    enum { BLOCK = 16384 }; /* input bytes that stay in the first-level cache from tile to tile */
    const int32_t padded = af_padded(job->shape->cout);
    const ptrdiff_t in_step = job->shape->stride * job->in_row;
    const int32_t rows = af_max(1, (int32_t)(BLOCK / in_step));
    for (int32_t y = 0; y < job->height; y += rows)
        for (int32_t c = 0; c < padded; c += AF_TILE) {
            tile t = tile_of(job, c);
            const int32_t end = af_min(job->height, y + rows);
            for (int32_t row = y; row < end; row++) {
                t.in = job->in + row * in_step;
                t.out = job->out ? job->out + row * job->out_row + c : NULL;
                t.residual = job->residual ? job->residual + row * job->residual_row + c : NULL;
                t.head = job->head ? job->head + (ptrdiff_t)row * job->width * padded + c : NULL;
                run_row(&t, job->width);
            }
        }
}
