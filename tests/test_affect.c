/* The public interface: options, errors, memory, formats, sizes, threads of results. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "affect/affect.h"

/* ------------------------------------------------------------------------------------- allocator
 */

typedef struct counter {
    int calls;
    int live;
    int fail_at; /* number of the call that returns null, 0: none */
} counter;

static void *counted_allocate(void *context, size_t bytes) {
    counter *c = context;
    if (++c->calls == c->fail_at)
        return NULL;
    c->live++;
    return malloc(bytes);
}

static void counted_release(void *context, void *memory) {
    counter *c = context;
    assert_non_null(memory);
    c->live--;
    free(memory);
}

static void use_counter(affect_options *options, counter *c) {
    options->allocator.allocate = counted_allocate;
    options->allocator.release = counted_release;
    options->allocator.context = c;
}

static void all_on(affect_options *options) {
    affect_options_init(options);
    options->signals = affect_signals_available();
    options->detect_size = 128;
    options->threshold = 0.05f;
}

/* --------------------------------------------------------------------------------------- pictures
 */

static uint8_t pixels[256 * 256 * 4];

/* Blobs and noise: something for the detector to be unsure of. */
static void paint(int width, int height, int channels, uint32_t seed) {
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            for (int c = 0; c < channels; c++) {
                seed = seed * 1664525u + 1013904223u;
                const int blob = ((x / 20 + y / 26) & 1) * 90 + (x * y / 64) % 60;
                pixels[(y * width + x) * channels + c] = (uint8_t)(blob + (int)(seed >> 27));
            }
}

static affect *open_reader(const affect_options *options) {
    affect *reader = NULL;
    assert_int_equal(affect_open(&reader, options), AFFECT_OK);
    assert_non_null(reader);
    return reader;
}

/* --------------------------------------------------------------------------------------- options
 */

static void defaults_open(void **state) {
    (void)state;
    affect *reader = open_reader(NULL);
    affect_close(reader);
    affect_close(NULL);
}

static void bad_options_are_refused(void **state) {
    (void)state;
    affect_options good;
    affect_options_init(&good);
    affect_options bad[18];
    int n = 0;
    for (int i = 0; i < 18; i++)
        bad[i] = good;
    bad[n++].size = sizeof(affect_options) - 1;
    bad[n++].signals = 1u << 20;
    bad[n++].detect_size = 63;
    bad[n++].detect_size = 4097;
    bad[n++].threshold = -0.1f;
    bad[n++].threshold = 1.1f;
    bad[n++].overlap = 2;
    bad[n++].min_face = -1;
    bad[n++].min_face = NAN;
    bad[n++].max_faces = 0;
    bad[n++].max_faces = 1025;
    bad[n++].max_looks = -1;
    bad[n++].max_looks = 1025;
    bad[n++].focal_length = 0;
    bad[n++].smoothing = -1;
    bad[n++].smoothing = INFINITY;
    bad[n++].allocator.allocate = counted_allocate;
    bad[n++].allocator.release = counted_release;
    for (int i = 0; i < n; i++) {
        affect *reader = (affect *)&good;
        assert_int_equal(affect_open(&reader, &bad[i]), AFFECT_ERR_ARGUMENT);
        assert_null(reader);
    }
    assert_int_equal(affect_open(NULL, &good), AFFECT_ERR_ARGUMENT);
    affect_options_init(NULL);
}

/* A program built against a later version hands a longer struct. */
static void longer_options_open(void **state) {
    (void)state;
    struct {
        affect_options known;
        char more[64];
    } later;
    memset(&later, 0xA5, sizeof later);
    affect_options_init(&later.known);
    later.known.size = sizeof later;
    affect_close(open_reader(&later.known));
}

static void damaged_containers_are_refused(void **state) {
    (void)state;
    static const unsigned char rubbish[256] = {'A', 'F', 'F', 'N', 1, 0, 128, 0};
    for (int m = 0; m < AFFECT_MODEL_COUNT; m++) {
        affect_options options;
        all_on(&options);
        counter c = {0, 0, 0};
        use_counter(&options, &c);
        options.models[m].data = rubbish;
        options.models[m].size = sizeof rubbish;
        affect *reader;
        assert_int_equal(affect_open(&reader, &options), AFFECT_ERR_MODEL);
        assert_null(reader);
        assert_int_equal(c.live, 0);
    }
}

/* ---------------------------------------------------------------------------------------- memory
 */

static void every_failed_allocation_is_clean(void **state) {
    (void)state;
    affect_options options;
    all_on(&options);
    counter c = {0, 0, 0};
    use_counter(&options, &c);
    affect *reader;
    assert_int_equal(affect_open(&reader, &options), AFFECT_OK);
    affect_close(reader);
    const int calls = c.calls;
    assert_int_equal(c.live, 0);
    assert_true(calls >= 5);
    for (int n = 1; n <= calls; n++) {
        c = (counter){0, 0, n};
        assert_int_equal(affect_open(&reader, &options), AFFECT_ERR_MEMORY);
        assert_null(reader);
        assert_int_equal(c.live, 0);
    }
}

static void reading_allocates_nothing(void **state) {
    (void)state;
    affect_options options;
    all_on(&options);
    counter c = {0, 0, 0};
    use_counter(&options, &c);
    affect *reader = open_reader(&options);
    const int calls = c.calls;
    const size_t memory = affect_reader_memory(reader);
    const int sizes[][2] = {{256, 256}, {200, 31}, {1, 1}, {17, 255}};
    for (int i = 0; i < 4; i++) {
        affect_image image;
        paint(sizes[i][0], sizes[i][1], 1, 1);
        affect_image_init(&image, AFFECT_GREY, pixels, sizes[i][0], sizes[i][1], sizes[i][0]);
        const affect_reading *reading;
        assert_int_equal(affect_read(reader, &image, AFFECT_STILL, &reading), AFFECT_OK);
    }
    assert_int_equal(c.calls, calls);
    assert_int_equal(affect_reader_memory(reader), memory);
    affect_close(reader);
    assert_int_equal(c.live, 0);
}

static void heap_stays_small(void **state) {
    (void)state;
    affect_options options;
    affect_options_init(&options);
    options.signals = affect_signals_available();
    affect *reader = open_reader(&options);
    assert_in_range(affect_reader_memory(reader), 1, 12u << 20);
    affect_close(reader);
}

/* --------------------------------------------------------------------------------------- reading
 */

static void null_arguments_are_refused(void **state) {
    (void)state;
    affect *reader = open_reader(NULL);
    affect_image image;
    affect_image_init(&image, AFFECT_GREY, pixels, 64, 64, 64);
    affect_image_init(NULL, AFFECT_GREY, pixels, 64, 64, 64);
    const affect_reading *const before = (const affect_reading *)pixels;
    const affect_reading *reading = before;
    affect_box box = {0, 0, 10, 10};
    affect_eye eye;
    assert_int_equal(affect_read(NULL, &image, 0, &reading), AFFECT_ERR_ARGUMENT);
    assert_int_equal(affect_read(reader, NULL, 0, &reading), AFFECT_ERR_ARGUMENT);
    assert_int_equal(affect_read(reader, &image, 0, NULL), AFFECT_ERR_ARGUMENT);
    assert_int_equal(affect_read_boxes(reader, &image, 0, NULL, 1, &reading), AFFECT_ERR_ARGUMENT);
    assert_int_equal(affect_read_boxes(reader, &image, 0, &box, 33, &reading), AFFECT_ERR_ARGUMENT);
    assert_int_equal(affect_read_eye(reader, &image, 2, &eye), AFFECT_ERR_ARGUMENT);
    assert_int_equal(affect_read_eye(reader, &image, 1, NULL), AFFECT_ERR_ARGUMENT);
    assert_int_equal(affect_reset(NULL), AFFECT_ERR_ARGUMENT);
    assert_ptr_equal(reading, before);
    image.size = 8;
    assert_int_equal(affect_read(reader, &image, 0, &reading), AFFECT_ERR_ARGUMENT);
    affect_image_init(&image, AFFECT_GREY, NULL, 64, 64, 64);
    assert_int_equal(affect_read(reader, &image, 0, &reading), AFFECT_ERR_IMAGE);
    assert_ptr_equal(reading, before);
    assert_int_equal(affect_reading_face_count(NULL), 0);
    assert_null(affect_reading_face(NULL, 0));
    assert_null(affect_reading_event(NULL, 0));
    assert_true(isnan(affect_reading_brightness(NULL)));
    assert_int_equal(affect_reader_memory(NULL), 0);
    affect_close(reader);
}

static void absurd_boxes_are_refused_or_read(void **state) {
    (void)state;
    affect_options options;
    all_on(&options);
    affect *reader = open_reader(&options);
    affect_image image;
    paint(200, 200, 1, 3);
    affect_image_init(&image, AFFECT_GREY, pixels, 200, 200, 200);
    const affect_reading *reading;
    const affect_box refused[] = {{NAN, 0, 1, 1},     {0, INFINITY, 1, 1}, {0, 0, 0, 1},
                                  {0, 0, 1, -1},      {0, 0, NAN, 1},      {0, 0, INFINITY, 1},
                                  {-2e6f, 0, 10, 10}, {0, 0, 10, 2e6f}};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        assert_int_equal(affect_read_boxes(reader, &image, AFFECT_STILL, &refused[i], 1, &reading),
                         AFFECT_ERR_ARGUMENT);
    const affect_box odd[] = {{-500, -500, 100, 100},     {0, 0, 1e-6f, 1e-6f},
                              {-1000, -1000, 4e4f, 4e4f}, {100, 100, 900000, 1},
                              {50, 50, 100, 120},         {199, 199, 500, 500}};
    assert_int_equal(affect_read_boxes(reader, &image, AFFECT_STILL, odd, 6, &reading), AFFECT_OK);
    assert_int_equal(affect_reading_face_count(reading), 6);
    for (uint32_t i = 0; i < 6; i++) {
        const affect_face *face = affect_reading_face(reading, i);
        assert_true(face->box.x == odd[i].x && face->score == 1);
        if (face->measured & AFFECT_EMOTIONS) {
            float sum = 0;
            for (int k = 0; k < AFFECT_EMOTION_COUNT; k++)
                sum += face->emotions[k];
            assert_true(fabsf(sum - 1) < 1e-4f);
        }
    }
    assert_true(affect_reading_face(reading, 4)->measured & AFFECT_LANDMARKS);
    assert_int_equal(affect_read_boxes(reader, &image, AFFECT_STILL, NULL, 0, &reading), AFFECT_OK);
    assert_int_equal(affect_reading_face_count(reading), 0);
    affect_close(reader);
}

static void time_runs_forward(void **state) {
    (void)state;
    affect *reader = open_reader(NULL);
    affect_image image;
    paint(64, 64, 1, 1);
    affect_image_init(&image, AFFECT_GREY, pixels, 64, 64, 64);
    const affect_reading *reading;
    assert_int_equal(affect_read(reader, &image, 1000, &reading), AFFECT_OK);
    assert_true(affect_reading_time(reading) == 1000);
    assert_int_equal(affect_read(reader, &image, 1000, &reading), AFFECT_OK);
    assert_int_equal(affect_read(reader, &image, 999, &reading), AFFECT_ERR_TIME);
    assert_int_equal(affect_read(reader, &image, AFFECT_STILL, &reading), AFFECT_OK);
    assert_int_equal(affect_read(reader, &image, 500, &reading), AFFECT_ERR_TIME);
    assert_int_equal(affect_reset(reader), AFFECT_OK);
    assert_int_equal(affect_read(reader, &image, -5, &reading), AFFECT_OK);
    affect_close(reader);
}

/* What was not asked for is NaN, whatever was computed on the way. */
static void only_what_was_asked_for(void **state) {
    (void)state;
    affect_image image;
    paint(120, 120, 1, 1);
    affect_image_init(&image, AFFECT_GREY, pixels, 120, 120, 120);
    const affect_box box = {10, 10, 100, 100};
    for (uint32_t signals = 0; signals <= AFFECT_SIGNALS_ALL; signals++) {
        affect_options options;
        affect_options_init(&options);
        options.detect_size = 64;
        options.signals = signals;
        affect *reader;
        if (signals & ~affect_signals_available()) {
            assert_int_equal(affect_open(&reader, &options), AFFECT_ERR_UNSUPPORTED);
            continue;
        }
        reader = open_reader(&options);
        const affect_reading *reading;
        assert_int_equal(affect_read_boxes(reader, &image, AFFECT_STILL, &box, 1, &reading),
                         AFFECT_OK);
        const affect_face *face = affect_reading_face(reading, 0);
        assert_int_equal(face->measured & ~signals, 0);
        assert_int_equal(!isnan(face->landmarks[0].x), (face->measured & AFFECT_LANDMARKS) != 0);
        assert_int_equal(!isnan(face->yaw), (face->measured & AFFECT_POSE) != 0);
        assert_int_equal(!isnan(face->expressions[0]), (face->measured & AFFECT_EXPRESSIONS) != 0);
        assert_int_equal(!isnan(face->emotions[0]), (face->measured & AFFECT_EMOTIONS) != 0);
        assert_true(!(face->measured & (AFFECT_STATE | AFFECT_OBJECTS)));
        affect_close(reader);
    }
}

/* ------------------------------------------------------------------------- formats, back ends */

/* Bytes of a reading that must be the same whatever the way of the pixels. */
static void assert_same_faces(const affect_reading *reading, const affect_face *faces,
                              uint32_t count) {
    assert_int_equal(affect_reading_face_count(reading), count);
    for (uint32_t i = 0; i < count; i++)
        assert_memory_equal(affect_reading_face(reading, i), &faces[i], sizeof(affect_face));
}

enum { MOST = 8 };

static uint32_t copy_faces(const affect_reading *reading, affect_face *faces) {
    const uint32_t count = affect_reading_face_count(reading);
    for (uint32_t i = 0; i < count; i++)
        memcpy(&faces[i], affect_reading_face(reading, i), sizeof(affect_face));
    return count;
}

static void grey_in_any_format_reads_the_same(void **state) {
    (void)state;
    enum { W = 96, H = 80 };
    affect_options options;
    all_on(&options);
    options.max_faces = MOST;
    affect *reader = open_reader(&options);
    static uint8_t grey[W * H], other[W * H * 4];
    static uint16_t deep[W * H];
    static affect_face faces[MOST];
    paint(W, H, 1, 11);
    memcpy(grey, pixels, sizeof grey);
    affect_image image;
    const affect_reading *reading;
    affect_image_init(&image, AFFECT_GREY, grey, W, H, W);
    assert_int_equal(affect_read(reader, &image, AFFECT_STILL, &reading), AFFECT_OK);
    const uint32_t count = copy_faces(reading, faces);

    const affect_format formats[] = {AFFECT_RGB, AFFECT_BGR, AFFECT_RGBA, AFFECT_BGRA};
    for (int f = 0; f < 4; f++) {
        const int channels = f < 2 ? 3 : 4;
        for (int i = 0; i < W * H; i++)
            for (int c = 0; c < channels; c++)
                other[i * channels + c] = c < 3 ? grey[i] : 7;
        affect_image_init(&image, formats[f], other, W, H, W * channels);
        assert_int_equal(affect_read(reader, &image, AFFECT_STILL, &reading), AFFECT_OK);
        assert_same_faces(reading, faces, count);
    }
    const affect_format deeps[] = {AFFECT_GREY10, AFFECT_GREY12, AFFECT_GREY16};
    const int shifts[] = {2, 4, 8};
    for (int f = 0; f < 3; f++) {
        for (int i = 0; i < W * H; i++)
            deep[i] = (uint16_t)(grey[i] << shifts[f]);
        affect_image_init(&image, deeps[f], deep, W, H, W * 2);
        assert_int_equal(affect_read(reader, &image, AFFECT_STILL, &reading), AFFECT_OK);
        assert_same_faces(reading, faces, count);
    }
    /* Bottom-up. */
    for (int y = 0; y < H; y++)
        memcpy(other + (H - 1 - y) * W, grey + y * W, W);
    affect_image_init(&image, AFFECT_GREY, other + (H - 1) * W, W, H, -W);
    assert_int_equal(affect_read(reader, &image, AFFECT_STILL, &reading), AFFECT_OK);
    assert_same_faces(reading, faces, count);
    /* Stored turned: the picture's column x is stored as a row, shown again by a quarter turn. */
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            other[(W - 1 - x) * H + y] = grey[y * W + x];
    affect_image_init(&image, AFFECT_GREY, other, H, W, H);
    image.rotation = 90;
    assert_int_equal(affect_read(reader, &image, AFFECT_STILL, &reading), AFFECT_OK);
    assert_int_equal(affect_reading_width(reading), W);
    assert_same_faces(reading, faces, count);
    affect_close(reader);
}

static void every_back_end_reads_the_same(void **state) {
    (void)state;
    static affect_face faces[MOST];
    affect_image image;
    paint(250, 240, 3, 21);
    affect_image_init(&image, AFFECT_RGB, pixels, 250, 240, 750);
    affect_options options;
    all_on(&options);
    options.detect_size = 256;
    options.max_faces = MOST;
    options.threshold = 0;
    options.cpu = AFFECT_CPU_PORTABLE;
    affect *reader = open_reader(&options);
    assert_int_equal(affect_reader_cpu(reader), AFFECT_CPU_PORTABLE);
    const affect_reading *reading;
    assert_int_equal(affect_read(reader, &image, AFFECT_STILL, &reading), AFFECT_OK);
    const uint32_t count = copy_faces(reading, faces);
    assert_int_equal(count, MOST); /* at threshold 0 there is always something */
    affect_close(reader);
    const uint32_t flags = affect_cpu_flags();
    for (uint32_t bit = 1; bit; bit <<= 1) {
        if (!(flags & bit))
            continue;
        options.cpu = bit;
        reader = open_reader(&options);
        assert_int_equal(affect_read(reader, &image, AFFECT_STILL, &reading), AFFECT_OK);
        assert_same_faces(reading, faces, count);
        affect_close(reader);
    }
}

static void golden_vectors_hold_on_every_back_end(void **state) {
    (void)state;
    const uint32_t flags = affect_cpu_flags();
    for (int m = 0; m < AFFECT_MODEL_COUNT; m++) {
        assert_int_equal(affect_self_test((affect_model)m, AFFECT_CPU_PORTABLE), AFFECT_OK);
        for (uint32_t bit = 1; bit; bit <<= 1)
            if (flags & bit)
                assert_int_equal(affect_self_test((affect_model)m, bit), AFFECT_OK);
        affect_model_card card;
        assert_int_equal(affect_model_info((affect_model)m, &card), AFFECT_OK);
        assert_true(card.operations > 0 && card.container_bytes > 0 && card.layers > 0);
    }
    affect_model_card card;
    assert_int_equal(affect_model_info((affect_model)AFFECT_MODEL_COUNT, &card),
                     AFFECT_ERR_ARGUMENT);
    assert_int_equal(affect_model_info(AFFECT_MODEL_EYES, NULL), AFFECT_ERR_ARGUMENT);
    assert_int_equal(affect_self_test(AFFECT_MODEL_EYES, ~flags & 0x8000u), AFFECT_ERR_ARGUMENT);
}

/* ------------------------------------------------------------------------------------------ sizes
 */

/* Every size from the smallest to 8192 x 8192, in a buffer that is as large as it must be. */
static void any_size_is_read(void **state) {
    (void)state;
    affect_options options;
    all_on(&options);
    options.threshold = 0.3f;
    affect *reader = open_reader(&options);
    const int sizes[][2] = {{1, 1},   {1, 2},     {3, 1},     {1, 8192}, {8192, 1},
                            {31, 33}, {8192, 17}, {640, 480}, {2, 5000}, {8192, 8192}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const int w = sizes[i][0], h = sizes[i][1];
        uint8_t *buffer = malloc((size_t)w * (size_t)h);
        assert_non_null(buffer);
        for (size_t k = 0; k < (size_t)w * (size_t)h; k++)
            buffer[k] = (uint8_t)(k * 2654435761u >> 24);
        affect_image image;
        affect_image_init(&image, AFFECT_GREY, buffer, w, h, w);
        const affect_reading *reading;
        assert_int_equal(affect_read(reader, &image, AFFECT_STILL, &reading), AFFECT_OK);
        assert_int_equal(affect_reading_width(reading), w);
        const affect_box all = {0, 0, (float)w, (float)h};
        assert_int_equal(affect_read_boxes(reader, &image, AFFECT_STILL, &all, 1, &reading),
                         AFFECT_OK);
        affect_eye eye;
        const affect_status status = affect_read_eye(reader, &image, 1, &eye);
        assert_true(status == AFFECT_OK || status == AFFECT_ERR_IMAGE);
        free(buffer);
    }
    affect_close(reader);
}

static void regions_limit_the_search(void **state) {
    (void)state;
    affect_options options;
    all_on(&options);
    options.threshold = 0;
    affect *reader = open_reader(&options);
    affect_image image;
    paint(200, 200, 1, 3);
    affect_image_init(&image, AFFECT_GREY, pixels, 200, 200, 200);
    image.roi_x = 100;
    image.roi_y = 120;
    image.roi_width = 64;
    image.roi_height = 50;
    const affect_reading *reading;
    assert_int_equal(affect_read(reader, &image, AFFECT_STILL, &reading), AFFECT_OK);
    assert_true(affect_reading_face_count(reading) > 0);
    assert_int_equal(affect_reading_width(reading), 200);
    for (uint32_t i = 0; i < affect_reading_face_count(reading); i++) {
        const affect_box *b = &affect_reading_face(reading, i)->box;
        assert_true(b->x + b->width > 80 && b->y + b->height > 100);
    }
    image.roi_width = 101;
    assert_int_equal(affect_read(reader, &image, AFFECT_STILL, &reading), AFFECT_ERR_IMAGE);
    affect_close(reader);
}

/* ------------------------------------------------------------------------------------------ names
 */

static void names_end_where_counts_say(void **state) {
    (void)state;
    assert_string_equal(affect_version(), "0.1.0");
    assert_int_equal(affect_version_number(), 1000);
    assert_int_equal(affect_landmark_count(), 68);
    for (uint32_t i = 0; i < affect_expression_count(); i++)
        assert_non_null(affect_expression_name(i));
    assert_null(affect_expression_name(affect_expression_count()));
    assert_string_equal(affect_expression_name(AFFECT_UPPER_LIP_RAISE), "upper_lip_raise");
    assert_string_equal(affect_expression_name(AFFECT_SMILE), "smile");
    assert_string_equal(affect_emotion_name(AFFECT_CONTEMPT), "contempt");
    assert_null(affect_emotion_name(affect_emotion_count()));
    assert_string_equal(affect_signal_name(AFFECT_OBJECTS), "objects");
    assert_null(affect_signal_name(0));
    assert_null(affect_signal_name(3));
    assert_string_equal(affect_event_name(AFFECT_EVENT_LOOKING_AT_OCCUPANT), "looking_at_occupant");
    assert_null(affect_event_name(0));
    assert_null(affect_event_name(UINT32_MAX));
    assert_string_equal(affect_cpu_name(AFFECT_CPU_WASM_SIMD), "wasm_simd");
    assert_string_equal(affect_cpu_name(0), "portable");
    assert_null(affect_cpu_name(1u << 31));
    for (int s = 0; s >= -6; s--)
        assert_non_null(affect_status_text((affect_status)s));
    assert_non_null(affect_status_text((affect_status)-99));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_open),
        cmocka_unit_test(bad_options_are_refused),
        cmocka_unit_test(longer_options_open),
        cmocka_unit_test(damaged_containers_are_refused),
        cmocka_unit_test(every_failed_allocation_is_clean),
        cmocka_unit_test(reading_allocates_nothing),
        cmocka_unit_test(heap_stays_small),
        cmocka_unit_test(null_arguments_are_refused),
        cmocka_unit_test(absurd_boxes_are_refused_or_read),
        cmocka_unit_test(time_runs_forward),
        cmocka_unit_test(only_what_was_asked_for),
        cmocka_unit_test(grey_in_any_format_reads_the_same),
        cmocka_unit_test(every_back_end_reads_the_same),
        cmocka_unit_test(golden_vectors_hold_on_every_back_end),
        cmocka_unit_test(any_size_is_read),
        cmocka_unit_test(regions_limit_the_search),
        cmocka_unit_test(names_end_where_counts_say),
    };
    return cmocka_run_group_tests_name("affect", tests, NULL, NULL);
}
