/*
 * Depthwise convolution with registers of 16 bytes: a template, included by kernels_<isa>.c after
 * that back end's operations and AF_VECTOR(name). No include guard.
 *
 * Taps go in pairs, whose products fit 16 bits together; of an odd number the last is paired with
 * itself and a weight of zero.
 *
 * Packed, for each 16 channels: int32 sums' start [16] (bias and rounding), int16 multipliers [16],
 * 32 bytes of nothing, v_weight [pairs][32] with V_TWO_AT's order of the last, rounded up to 64
 * bytes.
 */
enum { HEADER = 128, TWO = 32, MAX_PAIRS = 25 /* of 7x7 taps */ };

static int32_t pairs_of(const af_shape *shape) {
    return (shape->kh * shape->kw + 1) / 2;
}

static size_t chunk_bytes(const af_shape *shape) {
    return HEADER + af_round_up((size_t)pairs_of(shape) * TWO * sizeof(v_weight), 64);
}

static size_t AF_VECTOR(depthwise_bytes)(const af_shape *shape) {
    return (size_t)(af_padded(shape->cout) / AF_TILE) * chunk_bytes(shape);
}

static void AF_VECTOR(depthwise_pack)(const af_shape *shape, const af_weights *weights,
                                      void *packed) {
    const int32_t rounding = shape->shift ? 1 << (shape->shift - 1) : 0;
    memset(packed, 0, AF_VECTOR(depthwise_bytes)(shape));
    for (int32_t c = 0; c < shape->cout; c++) {
        const int32_t within = c % AF_TILE;
        uint8_t *const chunk = (uint8_t *)packed + (size_t)(c / AF_TILE) * chunk_bytes(shape);
        int32_t *const start = (int32_t *)(void *)chunk;
        int16_t *const mult = (int16_t *)(void *)(start + AF_TILE);
        v_weight *const to = (v_weight *)(void *)(chunk + HEADER);
        start[within] = weights->bias[c] + rounding;
        mult[within] = (int16_t)(weights->mult ? weights->mult[c] : 0);
        for (int32_t tap = 0; tap < shape->kh * shape->kw; tap++)
            to[tap / 2 * TWO + V_TWO_AT(within, tap % 2)] = weights->weights[tap * shape->cout + c];
    }
}

/* What the inner functions need of 16 channels of one row. */
typedef struct chunk {
    const int32_t *start;
    const int16_t *mult;
    const v_weight *weights;
    const uint8_t *in;
    uint8_t *out;  /* null for a head */
    int32_t *head; /* null unless a head */
    ptrdiff_t in_row;
    ptrdiff_t tap;   /* from a tap of a row to the next */
    ptrdiff_t step;  /* from the taps of an output pixel to those of the next */
    ptrdiff_t pixel; /* from an output pixel to the next */
    int32_t shift;
} chunk;

/* A row of a 3x3 kernel, not of a head. */
AF_VECTOR_TARGET static void row_3x3(const chunk *t, int32_t width) {
    const v_two_weights w0 = v_load_two(t->weights), w1 = v_load_two(t->weights + TWO);
    const v_two_weights w2 = v_load_two(t->weights + 2 * TWO);
    const v_two_weights w3 = v_load_two(t->weights + 3 * TWO);
    const v_two_weights w4 = v_load_two(t->weights + 4 * TWO);
    const v_sums start = v_load_sums(t->start);
    const uint8_t *in = t->in;
    uint8_t *out = t->out;
    for (int32_t x = 0; x < width; x++, in += t->step, out += t->pixel) {
        const uint8_t *const in1 = in + t->in_row, *const in2 = in1 + t->in_row;
        const v_bytes last = v_load(in2 + 2 * t->tap);
        v_sums s = v_multiply_two(start, v_load(in), v_load(in + t->tap), w0);
        s = v_multiply_two(s, v_load(in + 2 * t->tap), v_load(in1), w1);
        s = v_multiply_two(s, v_load(in1 + t->tap), v_load(in1 + 2 * t->tap), w2);
        s = v_multiply_two(s, v_load(in2), v_load(in2 + t->tap), w3);
        s = v_multiply_two(s, last, last, w4);
        v_store(out, v_requantise(s, t->shift, t->mult, NULL));
    }
}

/* A row of any kernel, whose taps lie at these offsets. */
AF_VECTOR_TARGET static void row_any(const chunk *t, int32_t width, int32_t pairs,
                                     const ptrdiff_t *offsets) {
    for (int32_t x = 0; x < width; x++) {
        const uint8_t *const in = t->in + x * t->step;
        v_sums s = v_load_sums(t->start);
        for (int32_t i = 0; i < pairs; i++)
            s = v_multiply_two(s, v_load(in + offsets[2 * i]), v_load(in + offsets[2 * i + 1]),
                               v_load_two(t->weights + i * TWO));
        if (t->head)
            v_store_sums(t->head + x * t->pixel, s);
        else
            v_store(t->out + x * t->pixel, v_requantise(s, t->shift, t->mult, NULL));
    }
}

/* Where a pixel's taps are; the one after an odd number is the last again. */
static void find_taps(const af_conv_job *job, ptrdiff_t offsets[2 * MAX_PAIRS]) {
    const af_shape *const shape = job->shape;
    const int32_t taps = shape->kh * shape->kw;
    for (int32_t i = 0; i < 2 * pairs_of(shape); i++) {
        const int32_t tap = af_min(i, taps - 1);
        offsets[i] = tap / shape->kw * job->in_row + (ptrdiff_t)(tap % shape->kw) * shape->pixel;
    }
}

static void AF_VECTOR(depthwise)(const af_conv_job *job) {
    const af_shape *const shape = job->shape;
    const int32_t padded = af_padded(shape->cout);
    const int is_3x3 = shape->kh == 3 && shape->kw == 3 && !job->head;
    ptrdiff_t offsets[2 * MAX_PAIRS];
    find_taps(job, offsets);
    for (int32_t y = 0; y < job->height; y++)
        for (int32_t c = 0; c < padded; c += AF_TILE) {
            const uint8_t *const packed =
                (const uint8_t *)job->packed + (size_t)(c / AF_TILE) * chunk_bytes(shape);
            const chunk t = {
                .start = (const int32_t *)(const void *)packed,
                .mult = (const int16_t *)(const void *)(packed + AF_TILE * sizeof(int32_t)),
                .weights = (const v_weight *)(const void *)(packed + HEADER),
                .in = job->in + (ptrdiff_t)y * shape->stride * job->in_row + c,
                .out = job->out ? job->out + y * job->out_row + c : NULL,
                .head = job->head ? job->head + (ptrdiff_t)y * job->width * padded + c : NULL,
                .in_row = job->in_row,
                .tap = shape->pixel,
                .step = (ptrdiff_t)shape->stride * shape->pixel,
                .pixel = padded,
                .shift = shape->shift,
            };
            if (is_3x3)
                row_3x3(&t, job->width);
            else
                row_any(&t, job->width, pairs_of(shape), offsets);
        }
}
