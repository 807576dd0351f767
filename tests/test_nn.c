/* Containers and networks: the trainer's checksums on every back end, damaged and hostile files,
 * failing allocators, sizes below the largest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cpu.h"
#include "nn/container.h"
#include "nn/nn.h"

enum { NETWORKS = 4, HEADER = 128, RECORD = 64 };

static const char *const names[NETWORKS] = {"mixed", "odd", "plain", "pyramid"};

typedef struct file {
    uint8_t *data;
    size_t size;
} file;

static file files[NETWORKS];

static int load_files(void **state) {
    (void)state;
    for (int i = 0; i < NETWORKS; i++) {
        char path[64];
        snprintf(path, sizeof path, "tests/data/nn_%s.affn", names[i]);
        FILE *const f = fopen(path, "rb");
        if (!f) {
            print_error("no %s: run from the repository's root\n", path);
            return -1;
        }
        fseek(f, 0, SEEK_END);
        files[i].size = (size_t)ftell(f);
        rewind(f);
        files[i].data = malloc(files[i].size);
        const size_t got = files[i].data ? fread(files[i].data, 1, files[i].size, f) : 0;
        fclose(f);
        if (got != files[i].size)
            return -1;
    }
    return 0;
}

/* ------------------------------------------------------------------------------------- allocator
 */

/* Counts what is held; refuses from the allowed'th request on. */
typedef struct counter {
    int allowed;
    int held;
    size_t bytes;
} counter;

static void *counted_allocate(void *context, size_t bytes) {
    counter *const c = context;
    if (c->allowed == 0)
        return NULL;
    c->allowed--;
    c->held++;
    c->bytes += bytes;
    return malloc(bytes);
}

static void counted_release(void *context, void *memory) {
    counter *const c = context;
    assert_non_null(memory);
    c->held--;
    free(memory);
}

static affect_allocator allocator_of(counter *c) {
    return (affect_allocator){counted_allocate, counted_release, c};
}

static counter plenty;

static affect_allocator any_allocator(void) {
    plenty.allowed = 1 << 30;
    return allocator_of(&plenty);
}

static int free_files(void **state) {
    (void)state;
    for (int i = 0; i < NETWORKS; i++)
        free(files[i].data);
    return plenty.held; /* everything was given back */
}

static af_model parsed(const file *f) {
    af_model model;
    assert_int_equal(af_model_parse(&model, f->data, f->size), AFFECT_OK);
    return model;
}

static af_net *opened(const af_model *model, uint32_t cpu, int32_t width, int32_t height) {
    const affect_allocator allocator = any_allocator();
    af_net *net;
    assert_int_equal(af_net_open(&net, model, cpu, width, height, NULL, &allocator), AFFECT_OK);
    return net;
}

static void closed(af_net *net) {
    const affect_allocator allocator = any_allocator();
    af_net_close(net, &allocator);
}

static uint32_t random_state = 1;

static uint32_t random_bits(void) {
    random_state = random_state * 1664525u + 1013904223u;
    return random_state >> 8;
}

/* Portable (0) and each back end that this processor has. */
static int next_cpu(uint32_t *cpu) {
    const uint32_t all = af_cpu_detect();
    do
        *cpu = *cpu ? *cpu << 1 : 1;
    while (*cpu && !(all & *cpu));
    return *cpu != 0;
}

/* ---------------------------------------------------------------------------------- good networks
 */

static void headers(void **state) {
    (void)state;
    const af_model model = parsed(&files[3]);
    assert_string_equal(model.name, "pyramid");
    assert_int_equal(model.version[0], 1);
    assert_int_equal(model.version[2], 1);
    assert_int_equal(model.width, 0);
    assert_int_equal(model.step, 16);
    assert_int_equal(model.heads, 3);
    assert_int_equal(model.params, 3);
    assert_true(af_model_param(&model, 0) == 0.5f);
    assert_true(af_model_param(&model, 2) == -3.0f);
}

static void golden(void **state) {
    (void)state;
    for (int i = 0; i < NETWORKS; i++) {
        const af_model model = parsed(&files[i]);
        uint32_t cpu = 0;
        do {
            af_net *const net = opened(&model, cpu, model.golden_width, model.golden_height);
            assert_int_equal(af_net_cpu(net), cpu);
            assert_int_equal(af_net_check_golden(net), 0);
            assert_int_equal(af_net_check_golden(net), 0);
            closed(net);
        } while (next_cpu(&cpu));
    }
}

/* A network whose planes lie in another's: both stay right, whichever ran last. */
static void planes_are_shared(void **state) {
    (void)state;
    const affect_allocator allocator = any_allocator();
    const af_model first = parsed(&files[3]), second = parsed(&files[0]);
    uint32_t cpu = 0;
    do {
        af_net *const host = opened(&first, cpu, 256, 256);
        af_net *const alone = opened(&second, cpu, second.golden_width, second.golden_height);
        af_net *guest;
        assert_int_equal(af_net_open(&guest, &second, cpu, second.golden_width,
                                     second.golden_height, host, &allocator),
                         AFFECT_OK);
        assert_true(af_net_memory(guest) < af_net_memory(alone));
        for (int i = 0; i < 2; i++) {
            assert_int_equal(af_net_check_golden(guest), 0);
            assert_int_equal(af_net_check_golden(host), 0);
        }
        closed(guest);
        /* A host that is too small lends nothing. */
        assert_int_equal(af_net_open(&guest, &first, cpu, 256, 256, alone, &allocator), AFFECT_OK);
        assert_int_equal(af_net_memory(guest), af_net_memory(host));
        closed(guest);
        closed(alone);
        closed(host);
    } while (next_cpu(&cpu));
}

/* A copy at an odd address, gone before the net runs. */
static void unaligned_and_gone(void **state) {
    (void)state;
    for (int i = 0; i < NETWORKS; i++) {
        uint8_t *const copy = malloc(files[i].size + 3);
        assert_non_null(copy);
        memcpy(copy + 3, files[i].data, files[i].size);
        const file moved = {copy + 3, files[i].size};
        const af_model model = parsed(&moved);
        af_net *const net =
            opened(&model, af_cpu_detect(), model.golden_width, model.golden_height);
        free(copy);
        assert_int_equal(af_net_check_golden(net), 0);
        closed(net);
    }
}

/* One wrong weight is found in the layer that has it. */
static void golden_finds_change(void **state) {
    (void)state;
    const af_model model = parsed(&files[0]);
    uint8_t *const copy = malloc(files[0].size);
    assert_non_null(copy);
    for (int32_t i = 0; i < model.layers; i++) {
        const af_layer layer = af_model_layer(&model, i);
        if (!layer.weights)
            continue;
        memcpy(copy, files[0].data, files[0].size);
        copy[HEADER + RECORD * i + 32] ^= 1;
        const uint32_t crc = af_crc32(0, copy + 16, files[0].size - 16);
        for (int b = 0; b < 4; b++)
            copy[12 + b] = (uint8_t)(crc >> 8 * b);
        const file changed = {copy, files[0].size};
        const af_model bad = parsed(&changed);
        af_net *const net = opened(&bad, af_cpu_detect(), bad.width, bad.height);
        assert_int_equal(af_net_check_golden(net), i + 1);
        closed(net);
    }
    free(copy);
}

static void crc_of_nine_digits(void **state) {
    (void)state;
    assert_int_equal(af_crc32(0, (const uint8_t *)"123456789", 9), 0xCBF43926u);
    assert_int_equal(af_crc32(af_crc32(0, (const uint8_t *)"12345", 5), (const uint8_t *)"6789", 4),
                     0xCBF43926u);
}

static void fill_plane(uint8_t *plane, int32_t width, int32_t height, uint32_t seed) {
    random_state = seed;
    for (int32_t i = 0; i < width * height; i++)
        plane[i] = (uint8_t)(random_bits() & 127);
}

static void run_plane(af_net *net, int32_t width, int32_t height, uint32_t seed) {
    uint8_t *const plane = af_net_input(net, width, height);
    assert_non_null(plane);
    fill_plane(plane, width, height, seed);
    af_net_run(net);
}

static void assert_same_heads(const af_net *a, const af_net *b, int32_t heads) {
    for (int32_t h = 0; h < heads; h++) {
        const af_head x = af_net_head(a, h), y = af_net_head(b, h);
        assert_int_equal(x.width, y.width);
        assert_int_equal(x.height, y.height);
        assert_int_equal(x.channels, y.channels);
        const size_t values = (size_t)x.width * (size_t)x.height * (size_t)x.pitch;
        assert_memory_equal(x.values, y.values, values * sizeof *x.values);
        assert_memory_equal(x.scales, y.scales, (size_t)x.pitch * sizeof *x.scales);
    }
}

/* A net opened for a large plane runs small ones, in any order, as a net opened for just them. */
static void smaller_sizes(void **state) {
    (void)state;
    const af_model model = parsed(&files[3]);
    af_net *const large = opened(&model, af_cpu_detect(), 176, 112);
    static const int32_t sizes[][2] = {{176, 112}, {16, 16}, {96, 32},  {16, 112},
                                       {176, 16},  {48, 80}, {176, 112}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const int32_t w = sizes[i][0], h = sizes[i][1];
        af_net *const small = opened(&model, 0, w, h);
        run_plane(small, w, h, 77);
        run_plane(large, w, h, 77);
        assert_same_heads(small, large, model.heads);
        run_plane(large, w, h, 77); /* and again the same */
        assert_same_heads(small, large, model.heads);
        closed(small);
    }
    closed(large);
}

static void wrong_sizes(void **state) {
    (void)state;
    const affect_allocator allocator = any_allocator();
    const af_model any = parsed(&files[3]), fixed = parsed(&files[0]);
    af_net *net = (af_net *)&plenty;
    static const int32_t bad[][2] = {{0, 16},  {16, 0},     {-16, 16},     {17, 16},
                                     {16, 24}, {32784, 16}, {16, 1 << 30}, {INT32_MIN, 16}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(af_net_open(&net, &any, 0, bad[i][0], bad[i][1], NULL, &allocator),
                         AFFECT_ERR_ARGUMENT);
        assert_null(net);
    }
    assert_int_equal(af_net_open(&net, &fixed, 0, 64, 64, NULL, &allocator), AFFECT_ERR_ARGUMENT);
    /* 32,768 x 32,768 x 16 bytes are more than any network of ours needs */
    assert_int_equal(af_net_open(&net, &any, 0, 32768, 32768, NULL, &allocator), AFFECT_ERR_MEMORY);
    net = opened(&any, 0, 64, 48);
    af_net_run(net); /* no input yet: nothing */
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_null(af_net_input(net, bad[i][0], bad[i][1]));
    assert_null(af_net_input(net, 80, 48));
    assert_null(af_net_input(net, 64, 64));
    assert_non_null(af_net_input(net, 64, 48));
    closed(net);
    af_net_close(NULL, &allocator);
}

static void golden_larger_than_net(void **state) {
    (void)state;
    const af_model model = parsed(&files[3]);
    af_net *const net = opened(&model, 0, 32, 32);
    assert_int_equal(af_net_check_golden(net), -1);
    closed(net);
}

static void failing_allocator(void **state) {
    (void)state;
    for (int i = 0; i < NETWORKS; i++) {
        const af_model model = parsed(&files[i]);
        for (int allowed = 0;; allowed++) {
            counter c = {allowed, 0, 0};
            const affect_allocator allocator = allocator_of(&c);
            af_net *net;
            const affect_status status =
                af_net_open(&net, &model, af_cpu_detect(), model.golden_width, model.golden_height,
                            NULL, &allocator);
            if (status == AFFECT_OK) {
                assert_true(c.bytes >= af_net_memory(net));
                assert_true(c.bytes <= af_net_memory(net) + 2 * 128);
                run_plane(net, model.golden_width, model.golden_height, 5);
                assert_int_equal(c.allowed, 0); /* neither input nor run asked for more */
                af_net_close(net, &allocator);
                assert_int_equal(c.held, 0);
                assert_int_equal(allowed, 2);
                break;
            }
            assert_int_equal(status, AFFECT_ERR_MEMORY);
            assert_null(net);
            assert_int_equal(c.held, 0);
        }
    }
}

static void operations(void **state) {
    (void)state;
    const af_model model = parsed(&files[2]);
    assert_int_equal(af_model_operations(&model, 12, 10), 12 * 10 * 40 + 40 * 4);
    assert_int_equal(af_model_operations(&model, 13, 10), 0);
    assert_int_equal(af_model_operations(&model, 0, -1), 0);
}

/* --------------------------------------------------------------------------------------- bad files
 */

/* Exactly `size` bytes on the heap, so that the sanitizer sees reads past them. */
static affect_status parse_copy(const uint8_t *data, size_t size) {
    uint8_t *const copy = malloc(size ? size : 1);
    assert_non_null(copy);
    memcpy(copy, data, size);
    af_model model;
    const affect_status status = af_model_parse(&model, copy, size);
    free(copy);
    return status;
}

static void null_arguments(void **state) {
    (void)state;
    af_model model;
    assert_int_equal(af_model_parse(NULL, files[0].data, files[0].size), AFFECT_ERR_ARGUMENT);
    assert_int_equal(af_model_parse(&model, NULL, 128), AFFECT_ERR_ARGUMENT);
}

static void truncated(void **state) {
    (void)state;
    const file *const f = &files[2];
    for (size_t size = 0; size < f->size; size++)
        assert_int_equal(parse_copy(f->data, size), AFFECT_ERR_MODEL);
}

static void each_byte_flipped(void **state) {
    (void)state;
    const file *const f = &files[2];
    for (size_t i = 0; i < f->size; i++) {
        af_model model;
        const uint8_t kept = f->data[i];
        f->data[i] = (uint8_t)(kept ^ (1u << i % 8));
        assert_int_equal(af_model_parse(&model, f->data, f->size), AFFECT_ERR_MODEL);
        f->data[i] = kept;
    }
}

static void put(uint8_t *data, size_t at, size_t width, uint32_t value) {
    for (size_t b = 0; b < width; b++)
        data[at + b] = (uint8_t)(value >> 8 * b);
}

/* A copy of a network with some bytes set, its size and checksum right again. */
typedef struct forged {
    uint8_t *data;
    size_t size;
} forged;

static forged forge(const file *f) {
    forged g = {malloc(f->size), f->size};
    assert_non_null(g.data);
    memcpy(g.data, f->data, f->size);
    return g;
}

static void seal(const forged *g) {
    put(g->data, 8, 4, (uint32_t)g->size);
    put(g->data, 12, 4, af_crc32(0, g->data + 16, g->size - 16));
}

/* Parses; what still parses must open and run, or be refused at open. */
static affect_status try_forged(const forged *g) {
    af_model model;
    seal(g);
    const affect_status status = af_model_parse(&model, g->data, g->size);
    if (status != AFFECT_OK)
        return status;
    const int32_t width = model.width ? model.width : 2 * model.step;
    const int32_t height = model.height ? model.height : 3 * model.step;
    const affect_allocator allocator = any_allocator();
    af_net *net;
    if (width > 256 || height > 256 ||
        af_net_open(&net, &model, af_cpu_detect(), width, height, NULL, &allocator) != AFFECT_OK)
        return status;
    run_plane(net, width, height, 3);
    af_net_close(net, &allocator);
    return status;
}

static void expect_refused(const file *f, size_t at, size_t width, uint32_t value) {
    const forged g = forge(f);
    put(g.data, at, width, value);
    const affect_status status = try_forged(&g);
    if (status != AFFECT_ERR_MODEL)
        print_error("%u in %u bytes at %u passed\n", (unsigned)value, (unsigned)width,
                    (unsigned)at);
    assert_int_equal(status, AFFECT_ERR_MODEL);
    free(g.data);
}

static void hostile_header(void **state) {
    (void)state;
    const file *const f = &files[3];
    static const uint32_t cases[][3] = {
        /* offset, bytes, value */
        {0, 1, 'B'},  {4, 2, 2},         {6, 2, 64},          {39, 1, 'x'},    {38, 1, 'x'},
        {46, 2, 1},   {48, 2, 0},        {48, 2, 257},        {48, 2, 0xFFFF}, {48, 2, 3},
        {50, 2, 0},   {50, 2, 17},       {50, 2, 2},          {50, 2, 4},      {52, 2, 48},
        {54, 2, 48},  {56, 2, 0},        {56, 2, 129},        {56, 2, 0xFFFF}, {58, 2, 0},
        {58, 2, 47},  {60, 2, 0},        {60, 2, 0xFFFF},     {62, 2, 1},      {68, 4, 0},
        {68, 4, 192}, {72, 4, 0},        {72, 4, 3},          {72, 4, 100},    {72, 4, 0xFFFFFFFC},
        {76, 4, 0},   {76, 4, 1u << 31}, {76, 4, 0xFFFFFFFF}, {80, 1, 1},      {127, 1, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect_refused(f, cases[i][0], cases[i][1], cases[i][2]);
}

/* Values that no field of that kind of layer may have. */
static void hostile_layer(const file *f, int32_t index, const af_layer *layer) {
    const size_t at = HEADER + RECORD * (size_t)index;
    const uint32_t size = (uint32_t)f->size;
    expect_refused(f, at, 1, 0);
    expect_refused(f, at, 1, 9);
    expect_refused(f, at + 1, 1, 2);
    expect_refused(f, at + 1, 1, !layer->is_head);
    expect_refused(f, at + 2, 1, 33);
    expect_refused(f, at + 3, 1, 33);
    expect_refused(f, at + 4, 1, 5);
    expect_refused(f, at + 5, 1, 32);
    expect_refused(f, at + 6, 1, 25);
    expect_refused(f, at + 6, 1, 255);
    expect_refused(f, at + 7, 1, 16);
    expect_refused(f, at + 8, 2, (uint32_t)index + 1);
    expect_refused(f, at + 8, 2, 0xFFFF);
    expect_refused(f, at + 10, 2, (uint32_t)index + 1);
    expect_refused(f, at + 10, 2, 0);
    expect_refused(f, at + 12, 2, 0);
    expect_refused(f, at + 12, 2, layer->cin + 1u);
    expect_refused(f, at + 14, 2, 0);
    expect_refused(f, at + 14, 2, 1025);
    expect_refused(f, at + 36, 1, 1);
    expect_refused(f, at + 63, 1, 1);
    for (size_t field = 16; field < 32; field += 4) {
        if (field == 28 && layer->mult == 0 && layer->op != AF_MEAN)
            expect_refused(f, at + field, 4, 192);
        expect_refused(f, at + field, 4, size);
        expect_refused(f, at + field, 4, 0xFFFFFFC0);
        expect_refused(f, at + field, 4, field == 20 ? layer->weights_size + 1 : 129);
    }
    if (layer->weights) {
        expect_refused(f, at + 16, 4, 64);
        expect_refused(f, at + 16, 4, layer->weights + 4);
        expect_refused(f, at + 20, 4, 0);
        expect_refused(f, at + 2, 1, 0);
        expect_refused(f, at + 4, 1, 0);
        expect_refused(f, layer->weights, 1, 0x80); /* weight -128 */
        expect_refused(f, layer->bias, 4, 0x7FFFFFFF);
        expect_refused(f, layer->bias, 4, 0x80000000);
    }
    if (layer->is_head) {
        expect_refused(f, layer->mult, 4, 0x7F800000); /* infinite, not a number */
        expect_refused(f, layer->mult, 4, 0xFFC00000);
        expect_refused(f, at + 6, 1, 1);
        expect_refused(f, at + 7, 1, layer->head + 1u < 3 ? layer->head + 1u : 0);
    } else if (layer->mult) {
        expect_refused(f, layer->mult, 2, 0);
        expect_refused(f, layer->mult, 2, 32768);
        expect_refused(f, at + 6, 1, 0);
    }
}

static void hostile_layers(void **state) {
    (void)state;
    for (int n = 0; n < NETWORKS; n++) {
        const af_model model = parsed(&files[n]);
        for (int32_t i = 0; i < model.layers; i++) {
            const af_layer layer = af_model_layer(&model, i);
            hostile_layer(&files[n], i, &layer);
        }
    }
}

/* Header and records byte by byte with all kinds of values: no crash, whatever is answered. */
static void forged_bytes(void **state) {
    (void)state;
    static const uint8_t values[] = {0, 1, 2, 3, 4, 7, 8, 16, 31, 64, 127, 128, 200, 254, 255};
    for (int n = 0; n < NETWORKS; n++) {
        const af_model model = parsed(&files[n]);
        const size_t end = HEADER + RECORD * (size_t)model.layers;
        const forged g = forge(&files[n]);
        for (size_t i = 16; i < end; i++)
            for (size_t v = 0; v < sizeof values; v++) {
                if (n != 2 && (i + v) % 5) /* the smallest in full */
                    continue;
                g.data[i] = values[v];
                try_forged(&g);
                g.data[i] = files[n].data[i];
            }
        free(g.data);
    }
}

/* Weights of the largest size that the proof still lets pass, all channels extreme. */
static void extreme_weights_run(void **state) {
    (void)state;
    const forged g = forge(&files[0]);
    const af_model model = parsed(&files[0]);
    for (int32_t i = 0; i < model.layers; i++) {
        const af_layer layer = af_model_layer(&model, i);
        for (uint32_t w = 0; w < layer.weights_size; w++)
            g.data[layer.weights + w] = w % 7 ? 0x7F : 0x81;
    }
    assert_int_equal(try_forged(&g), AFFECT_OK);
    af_model forged_model;
    assert_int_equal(af_model_parse(&forged_model, g.data, g.size), AFFECT_OK);
    af_net *const a = opened(&forged_model, 0, 32, 32);
    af_net *const b = opened(&forged_model, af_cpu_detect(), 32, 32);
    run_plane(a, 32, 32, 9);
    run_plane(b, 32, 32, 9);
    assert_same_heads(a, b, model.heads);
    closed(a);
    closed(b);
    free(g.data);
}

/* A pyramid that only fits at some sizes is refused when it is opened, not when it runs. */
static void sizes_that_do_not_fit(void **state) {
    (void)state;
    const forged g = forge(&files[3]);
    put(g.data, 56, 2, 2); /* step 2: halved four times, upsampled and joined it does not fit */
    seal(&g);
    af_model model;
    assert_int_equal(af_model_parse(&model, g.data, g.size), AFFECT_OK);
    const affect_allocator allocator = any_allocator();
    af_net *net;
    assert_int_equal(af_net_open(&net, &model, 0, 48, 32, NULL, &allocator), AFFECT_ERR_MODEL);
    assert_null(net);
    free(g.data);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers),
        cmocka_unit_test(golden),
        cmocka_unit_test(planes_are_shared),
        cmocka_unit_test(unaligned_and_gone),
        cmocka_unit_test(golden_finds_change),
        cmocka_unit_test(crc_of_nine_digits),
        cmocka_unit_test(smaller_sizes),
        cmocka_unit_test(wrong_sizes),
        cmocka_unit_test(golden_larger_than_net),
        cmocka_unit_test(failing_allocator),
        cmocka_unit_test(operations),
        cmocka_unit_test(null_arguments),
        cmocka_unit_test(truncated),
        cmocka_unit_test(each_byte_flipped),
        cmocka_unit_test(hostile_header),
        cmocka_unit_test(hostile_layers),
        cmocka_unit_test(forged_bytes),
        cmocka_unit_test(extreme_weights_run),
        cmocka_unit_test(sizes_that_do_not_fit),
    };
    return cmocka_run_group_tests(tests, load_files, free_files);
}
