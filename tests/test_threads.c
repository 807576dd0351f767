/* Two handles on two threads at once give what one thread gives. Run under ThreadSanitizer in CI.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "affect/affect.h"

enum { W = 160, H = 120, THREADS = 2, ROUNDS = 3, MOST = 8 };

static uint8_t picture[W * H];

typedef struct result {
    affect_status status;
    uint32_t count;
    affect_face faces[MOST];
} result;

static void *read_rounds(void *argument) {
    result *r = argument;
    affect_options options;
    affect_options_init(&options);
    options.signals = affect_signals_available();
    options.detect_size = 160;
    options.threshold = 0.01f;
    options.max_faces = MOST;
    affect *reader;
    r->status = affect_open(&reader, &options);
    if (r->status != AFFECT_OK)
        return NULL;
    affect_image image;
    affect_image_init(&image, AFFECT_GREY, picture, W, H, W);
    const affect_reading *reading = NULL;
    for (int i = 0; i < ROUNDS && r->status == AFFECT_OK; i++)
        r->status = affect_read(reader, &image, i, &reading);
    if (r->status == AFFECT_OK) {
        r->count = affect_reading_face_count(reading);
        for (uint32_t i = 0; i < r->count; i++)
            memcpy(&r->faces[i], affect_reading_face(reading, i), sizeof(affect_face));
    }
    affect_close(reader);
    return NULL;
}

static void two_threads_read_what_one_reads(void **state) {
    (void)state;
    static result alone, together[THREADS];
    for (int i = 0; i < W * H; i++)
        picture[i] = (uint8_t)(i % W * 2 + (i / W % 30) * 5);
    read_rounds(&alone);
    assert_int_equal(alone.status, AFFECT_OK);
    pthread_t threads[THREADS];
    for (int t = 0; t < THREADS; t++)
        assert_int_equal(pthread_create(&threads[t], NULL, read_rounds, &together[t]), 0);
    for (int t = 0; t < THREADS; t++)
        assert_int_equal(pthread_join(threads[t], NULL), 0);
    for (int t = 0; t < THREADS; t++)
        assert_memory_equal(&together[t], &alone, sizeof alone);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(two_threads_read_what_one_reads)};
    return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
