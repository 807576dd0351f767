/* Every kernel of every back end against portable C: the same bytes on random, extreme and
 * odd-shaped input, nothing read or written outside (pages behind and before every buffer may not
 * be touched, gaps between rows must keep their contents). */
#define _DEFAULT_SOURCE /* mmap */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "cpu.h"
#include "guarded.h"
#include "nn/kernels/kernels.h"

/* The kernels of AVX-VNNI in the encoding of AVX-512, for processors that have only that. */
#define AF_AVXVNNI_AS_AVX512
#include "nn/kernels/avxvnni.h"

enum {
    CONV_ROUNDS = 3000,
    DEPTHWISE_ROUNDS = 3000,
    ROW_ROUNDS = 2000,
    MAX_WEIGHTS = 1 << 19,
    MAX_CHANNELS = 256
};

static uint32_t random_state;

static uint32_t random_bits(void) {
    random_state = random_state * 1664525u + 1013904223u;
    return random_state >> 8;
}

/* low..high, both included */
static int32_t random_in(int32_t low, int32_t high) {
    return low + (int32_t)(random_bits() % (uint32_t)(high - low + 1));
}

static int32_t one_of(const int32_t *values, int32_t count) {
    return values[random_in(0, count - 1)];
}

static void check_as_256(void (*check)(const af_kernels *kernels)) {
#if defined(AF_AVXVNNI) && defined(AF_AVX512VNNI)
    af_kernels kernels;
    af_kernels_init(&kernels, AFFECT_CPU_AVX2);
    kernels.conv_bytes = af_conv_bytes_avx512as256;
    kernels.conv_pack = af_conv_pack_avx512as256;
    kernels.conv = af_conv_avx512as256;
    kernels.depthwise_bytes = af_depthwise_bytes_avx512as256;
    kernels.depthwise_pack = af_depthwise_pack_avx512as256;
    kernels.depthwise = af_depthwise_avx512as256;
    random_state = 1;
    check(&kernels);
#else
    (void)check;
#endif
}

/* Calls check for each back end alone that this processor has. */
static void for_each_back_end(void (*check)(const af_kernels *kernels)) {
    const uint32_t all = af_cpu_detect();
    if (all & AFFECT_CPU_AVX512VNNI)
        check_as_256(check);
    for (uint32_t bit = 1; bit; bit <<= 1)
        if (all & bit) {
            af_kernels kernels;
            af_kernels_init(&kernels, bit);
            assert_int_equal(kernels.cpu, bit);
            random_state = 1;
            check(&kernels);
        }
}

static void fill_activations(uint8_t *data, size_t count) {
    const int32_t way = random_in(0, 5);
    for (size_t i = 0; i < count; i++)
        data[i] = way == 0   ? 127
                  : way == 1 ? 0
                  : way == 2 ? (uint8_t)(random_bits() & 1 ? 127 : 0)
                             : (uint8_t)(random_bits() & 127);
}

static void fill_weights(int8_t *weights, size_t count) {
    const int32_t way = random_in(0, 8);
    for (size_t i = 0; i < count; i++) {
        const int32_t bell = random_in(-40, 40) + random_in(-40, 40) + random_in(-40, 40);
        weights[i] = (int8_t)(way == 0   ? 127
                              : way == 1 ? -127
                              : way == 2 ? (random_bits() & 1 ? 127 : -127)
                              : way == 3 ? 0
                              : way == 4 ? random_in(-127, 127)
                              : way == 5 ? (random_bits() % 50 ? 0 : random_in(-127, 127))
                              : way == 6 ? random_in(60, 70) /* around the limit of pairs */
                                         : bell);
    }
}

/* Numbers of one layer, within what the loader has proved. */
static struct {
    int8_t weights[MAX_WEIGHTS];
    int32_t bias[MAX_CHANNELS];
    uint16_t mult[MAX_CHANNELS];
} layer;

static void fill_layer(const af_shape *shape, size_t count) {
    const size_t taps = count / (size_t)shape->cout;
    fill_weights(layer.weights, count);
    /* what is left of int32 beside the products and the rounding */
    const int64_t room = INT32_MAX - (int64_t)taps * 127 * 127 - (1 << 23);
    const int32_t limit = (int32_t)(room > 2000000000 ? 2000000000 : room);
    const int32_t way = random_in(0, 3);
    for (int32_t c = 0; c < shape->cout; c++) {
        layer.bias[c] = way == 0   ? (random_bits() & 1 ? limit : -limit)
                        : way == 1 ? 0
                                   : random_in(-100000, 100000);
        layer.mult[c] = (uint16_t)(way == 0   ? (random_bits() & 1 ? 32767 : 1)
                                   : way == 1 ? 16384
                                              : random_in(1, 32767));
    }
}

static size_t pixel_row(const af_conv_job *job) {
    return (size_t)job->width * (size_t)af_padded(job->shape->cout);
}

static size_t input_bytes(const af_conv_job *job) {
    const af_shape *const s = job->shape;
    const int32_t last = ((job->width - 1) * s->stride + s->kw) * s->pixel;
    const int32_t over = s->pixel == 1 ? 3 : 0; /* as the contract allows */
    return (size_t)(((job->height - 1) * s->stride + s->kh - 1) * job->in_row) +
           (size_t)(last + over);
}

static size_t output_bytes(const af_conv_job *job) {
    if (job->head)
        return pixel_row(job) * (size_t)job->height * 4;
    return (size_t)((job->height - 1) * job->out_row) + pixel_row(job);
}

typedef void run_function(const af_conv_job *job);
typedef size_t bytes_function(const af_shape *shape);
typedef void pack_function(const af_shape *shape, const af_weights *weights, void *packed);

/* Runs a job with weights packed into memory of exactly that size. */
static void run_packed(af_conv_job *job, bytes_function *bytes, pack_function *pack,
                       run_function *run, guarded *out, size_t out_bytes) {
    const af_weights weights = {layer.weights, layer.bias, job->head ? NULL : layer.mult};
    guarded packed = guarded_open(bytes(job->shape), 1);
    assert_int_equal(bytes(job->shape) % 64, 0);
    pack(job->shape, &weights, packed.data);
    memset(out->data, 0x5A, out_bytes);
    job->packed = packed.data;
    if (job->head)
        job->head = (int32_t *)(void *)out->data;
    else
        job->out = out->data;
    run(job);
    guarded_close(&packed);
}

static void describe(const af_conv_job *job, const char *what) {
    const af_shape *const s = job->shape;
    print_error("%s %dx%d stride %d, %d to %d channels, pixel %d, %dx%d, shift %d%s%s\n", what,
                (int)s->kw, (int)s->kh, (int)s->stride, (int)s->cin, (int)s->cout, (int)s->pixel,
                (int)job->width, (int)job->height, (int)s->shift, job->residual ? ", residual" : "",
                job->head ? ", head" : "");
}

/* The same job by portable C and by the back end. */
static void compare(af_conv_job *job, int depthwise, const af_kernels *tested) {
    af_kernels portable;
    af_kernels_init(&portable, 0);
    const int at_end = random_in(0, 3) != 0;
    const size_t out_bytes = output_bytes(job);
    guarded in = guarded_open(input_bytes(job), at_end);
    guarded right = guarded_open(out_bytes, 1), got = guarded_open(out_bytes, at_end);
    guarded residual = guarded_open(out_bytes, at_end);
    fill_activations(in.data, input_bytes(job));
    fill_activations(residual.data, out_bytes);
    job->in = in.data;
    job->residual = job->residual ? residual.data : NULL;
    job->residual_row = job->out_row;
    if (depthwise) {
        run_packed(job, portable.depthwise_bytes, portable.depthwise_pack, portable.depthwise,
                   &right, out_bytes);
        run_packed(job, tested->depthwise_bytes, tested->depthwise_pack, tested->depthwise, &got,
                   out_bytes);
    } else {
        run_packed(job, portable.conv_bytes, portable.conv_pack, portable.conv, &right, out_bytes);
        run_packed(job, tested->conv_bytes, tested->conv_pack, tested->conv, &got, out_bytes);
    }
    if (memcmp(right.data, got.data, out_bytes) != 0)
        describe(job, depthwise ? "depthwise" : "convolution");
    assert_memory_equal(right.data, got.data, out_bytes);
    guarded_close(&in);
    guarded_close(&right);
    guarded_close(&got);
    guarded_close(&residual);
}

/* A job whose sizes are set; rows of input and output get gaps at random. */
static af_conv_job job_of(const af_shape *shape, int32_t width, int32_t height, int head) {
    af_conv_job job = {.shape = shape, .width = width, .height = height};
    const ptrdiff_t in_row = ((ptrdiff_t)(width - 1) * shape->stride + shape->kw) * shape->pixel;
    static int32_t dummy;
    job.in_row = in_row + random_in(0, 2) * 16 + random_in(0, 1) * random_in(0, 40);
    job.out_row = (ptrdiff_t)pixel_row(&job) + random_in(0, 2) * 24;
    job.head = head ? &dummy : NULL;
    return job;
}

static void check_conv(const af_kernels *kernels) {
    static const int32_t channels[] = {1, 2, 7, 16, 17, 20, 32, 33, 48, 64, 80, 96, 128};
    static const int32_t kernel[] = {1, 1, 1, 3, 3, 3, 3, 5, 2, 4, 7};
    for (int round = 0; round < CONV_ROUNDS; round++) {
        af_shape s;
        s.kh = one_of(kernel, 11);
        s.kw = random_in(0, 4) ? s.kh : one_of(kernel, 11);
        s.stride = random_in(0, 2) ? 1 : random_in(1, 4);
        s.cin = one_of(channels, 13);
        s.cout = one_of(channels, 13);
        s.pixel = s.cin == 1 && random_in(0, 3) ? 1 : af_padded(s.cin);
        const int head = random_in(0, 4) == 0;
        s.shift = head ? 0 : random_in(1, 24);
        const size_t count = (size_t)(s.kh * s.kw * s.cin * s.cout);
        if (count > 20000 && round % 8)
            continue;
        fill_layer(&s, count);
        af_conv_job job = job_of(&s, random_in(1, 18), random_in(1, 5), head);
        job.residual = !head && random_in(0, 1) ? (const uint8_t *)"" : NULL;
        compare(&job, 0, kernels);
    }
}

/* The first layer of a detector: taps of four rows may be gathered, rows worked on in parts. */
static void check_first(const af_kernels *kernels) {
    for (int round = 0; round < 300; round++) {
        af_shape s = {5, 5, 4, 1, random_in(1, 70), 1, 0};
        s.kh = random_in(0, 3) ? 5 : random_in(4, 9);
        s.kw = random_in(0, 3) ? 5 : 9;
        const int head = random_in(0, 4) == 0;
        s.shift = head ? 0 : random_in(1, 24);
        fill_layer(&s, (size_t)(s.kh * s.kw * s.cout));
        const int32_t width = random_in(0, 9) ? random_in(1, 40) : random_in(250, 530);
        af_conv_job job = job_of(&s, width, random_in(1, 3), head);
        job.residual = !head && random_in(0, 1) ? (const uint8_t *)"" : NULL;
        compare(&job, 0, kernels);
    }
}

static void check_dense(const af_kernels *kernels) {
    for (int round = 0; round < 60; round++) {
        af_shape s = {
            random_in(1, 12), random_in(1, 12), 1, 16 * random_in(1, 4), random_in(1, 40), 0, 0};
        s.pixel = s.cin;
        if (round % 5 == 0)
            s = (af_shape){32, 32, 1, 1, random_in(1, 40), 1, random_in(1, 24)};
        fill_layer(&s, (size_t)(s.kh * s.kw * s.cin * s.cout));
        af_conv_job job = job_of(&s, 1, 1, s.shift == 0);
        compare(&job, 0, kernels);
    }
}

/* Large enough that rows are worked on in blocks. */
static void check_conv_large(const af_kernels *kernels) {
    for (int round = 0; round < 6; round++) {
        const af_shape s = {3, 3, 1 + round % 2, 64, 48, 64, random_in(4, 12)};
        fill_layer(&s, (size_t)(s.kh * s.kw * s.cin * s.cout));
        af_conv_job job = job_of(&s, random_in(30, 60), random_in(8, 12), 0);
        compare(&job, 0, kernels);
    }
}

static void check_depthwise(const af_kernels *kernels) {
    static const int32_t channels[] = {1, 7, 16, 17, 32, 33, 48, 64, 80, 100};
    static const int32_t kernel[] = {1, 3, 3, 3, 3, 3, 5, 2, 4, 7};
    for (int round = 0; round < DEPTHWISE_ROUNDS; round++) {
        af_shape s;
        s.kh = one_of(kernel, 10);
        s.kw = random_in(0, 4) ? s.kh : one_of(kernel, 10);
        s.stride = random_in(1, random_in(0, 3) ? 2 : 4);
        s.cin = s.cout = one_of(channels, 10);
        s.pixel = af_padded(s.cin);
        const int head = random_in(0, 7) == 0;
        s.shift = head ? 0 : random_in(1, 24);
        fill_layer(&s, (size_t)(s.kh * s.kw * s.cout));
        af_conv_job job = job_of(&s, random_in(1, 13), random_in(1, 7), head);
        compare(&job, 1, kernels);
    }
}

/* Three rows of bytes in guarded memory, the first for the result. */
typedef struct rows {
    guarded out, right, a, b;
    size_t out_bytes;
} rows;

static rows open_rows(size_t out_bytes, size_t a_bytes, size_t b_bytes) {
    const int at_end = random_in(0, 1);
    rows r = {guarded_open(out_bytes, at_end), guarded_open(out_bytes, 1),
              guarded_open(a_bytes, at_end), guarded_open(b_bytes, at_end), out_bytes};
    fill_activations(r.a.data, a_bytes);
    fill_activations(r.b.data, b_bytes);
    return r;
}

static void close_rows(rows *r) {
    assert_memory_equal(r->right.data, r->out.data, r->out_bytes);
    guarded_close(&r->out);
    guarded_close(&r->right);
    guarded_close(&r->a);
    guarded_close(&r->b);
}

static void check_rows(const af_kernels *kernels) {
    af_kernels portable;
    af_kernels_init(&portable, 0);
    for (int round = 0; round < ROW_ROUNDS; round++) {
        const int32_t width = random_in(1, 20), pixel = 16 * random_in(1, 9);
        const size_t bytes = (size_t)width * (size_t)pixel;
        rows r = open_rows(bytes, bytes, bytes);
        portable.add(r.right.data, r.a.data, r.b.data, bytes);
        kernels->add(r.out.data, r.a.data, r.b.data, bytes);
        close_rows(&r);
        r = open_rows(2 * bytes, bytes, 2 * bytes);
        const uint8_t *const second = round % 2 ? r.b.data : NULL;
        portable.upsample(r.right.data, r.a.data, second, width, pixel);
        kernels->upsample(r.out.data, r.a.data, second, width, pixel);
        close_rows(&r);
        r = open_rows(bytes, 2 * bytes, 2 * bytes);
        portable.maxpool(r.right.data, r.a.data, r.b.data, width, pixel);
        kernels->maxpool(r.out.data, r.a.data, r.b.data, width, pixel);
        close_rows(&r);
        r = open_rows((size_t)pixel * 4, bytes, 1);
        memset(r.right.data, 0, r.out_bytes);
        memset(r.out.data, 0, r.out_bytes);
        portable.sum((int32_t *)(void *)r.right.data, r.a.data, width, pixel);
        kernels->sum((int32_t *)(void *)r.out.data, r.a.data, width, pixel);
        close_rows(&r);
    }
}

/* The specification itself, on numbers worked out by hand. */
static void requantise_by_hand(void **state) {
    (void)state;
    assert_int_equal(af_requantise(0, 1, 32767), 0);
    assert_int_equal(af_requantise(255, 1, 16384), 64);        /* r = 128 */
    assert_int_equal(af_requantise(-1, 1, 32767), 0);          /* (-1 + 1) >> 1 */
    assert_int_equal(af_requantise(-3, 1, 32767), -1);         /* r = -1 */
    assert_int_equal(af_requantise(1 << 30, 1, 32767), 32766); /* r saturates at 32767 */
    assert_int_equal(af_requantise(-(1 << 30), 1, 32767), -32767);
    assert_int_equal(af_requantise(1000, 4, 8192), 16); /* r = 63, 15.75 */
}

static void portable_by_hand(void **state) {
    (void)state;
    /* 1x2 kernel, two channels in, one out: 1 * 10 + 2 * 20 + 3 * 30 - 4 * 5 + 6 = 126 */
    static const int8_t weights[4] = {1, 2, 3, -4};
    static const int32_t bias[1] = {6};
    static const uint16_t mult[1] = {16384};
    const af_shape shape = {1, 2, 1, 2, 1, 16, 1};
    _Alignas(64) uint8_t packed[2048];
    uint8_t in[32] = {10, 20}, out[16], residual[16] = {50};
    in[16] = 30;
    in[17] = 5;
    af_kernels k;
    af_kernels_init(&k, 0);
    assert_true(k.conv_bytes(&shape) <= sizeof packed);
    k.conv_pack(&shape, &(af_weights){weights, bias, mult}, packed);
    af_conv_job job = {&shape, packed, in, 32, out, 16, NULL, 0, NULL, 1, 1};
    k.conv(&job);
    assert_int_equal(out[0], 32); /* r = 63, 63 * 0.5 rounded up */
    for (int c = 1; c < 16; c++)
        assert_int_equal(out[c], 0);
    job.residual = residual;
    k.conv(&job);
    assert_int_equal(out[0], 82);
}

static void conv(void **state) {
    (void)state;
    for_each_back_end(check_conv);
}

static void first_layer(void **state) {
    (void)state;
    for_each_back_end(check_first);
}

static void dense(void **state) {
    (void)state;
    for_each_back_end(check_dense);
}

static void conv_large(void **state) {
    (void)state;
    for_each_back_end(check_conv_large);
}

static void depthwise(void **state) {
    (void)state;
    for_each_back_end(check_depthwise);
}

static void elementwise(void **state) {
    (void)state;
    for_each_back_end(check_rows);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requantise_by_hand),
        cmocka_unit_test(portable_by_hand),
        cmocka_unit_test(conv),
        cmocka_unit_test(first_layer),
        cmocka_unit_test(dense),
        cmocka_unit_test(conv_large),
        cmocka_unit_test(depthwise),
        cmocka_unit_test(elementwise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
