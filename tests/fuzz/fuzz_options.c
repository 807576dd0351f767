/* Options, pictures' fields and calls in any order with any values: a result or an error code, and
 * nothing outside the memory that was given. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "affect/affect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bytes {
    const uint8_t *at;
    size_t left;
};

/* The next bytes of the input, zeros when it is over. */
static void take(struct bytes *bytes, void *to, size_t count) {
    const size_t have = count < bytes->left ? count : bytes->left;
    memset(to, 0, count);
    if (have)
        memcpy(to, bytes->at, have);
    bytes->at += have;
    bytes->left -= have;
}

static uint32_t take_number(struct bytes *bytes, size_t count) {
    uint32_t value = 0;
    take(bytes, &value, count);
    return value;
}

/* A value of the input now and then, else the default that stands there. */
static void maybe(struct bytes *bytes, void *field, size_t count) {
    if (take_number(bytes, 1) < 64)
        take(bytes, field, count);
}

static void fill_options(struct bytes *bytes, affect_options *options) {
    affect_options_init(options);
    options->detect_size = 64;
    options->threshold = 0.0f; /* many faces, so that much of the library runs */
    options->max_faces = 2;
    options->signals = take_number(bytes, 1);
    maybe(bytes, &options->size, 1);
    maybe(bytes, &options->signals, sizeof options->signals);
    maybe(bytes, &options->cpu, sizeof options->cpu);
    maybe(bytes, &options->detect_size, 1);
    maybe(bytes, &options->threshold, sizeof options->threshold);
    maybe(bytes, &options->overlap, sizeof options->overlap);
    maybe(bytes, &options->min_face, sizeof options->min_face);
    maybe(bytes, &options->max_faces, 1);
    maybe(bytes, &options->focal_length, sizeof options->focal_length);
    maybe(bytes, &options->smoothing, sizeof options->smoothing);
    maybe(bytes, &options->max_looks, 2);
}

enum { PIXELS = 1 << 14 };

/* Sizes are kept to what the block holds; strides, formats, turns and regions are any, so that most
 * are refused. What is accepted must stay inside the block, which the sanitizer watches. */
static void fill_image(struct bytes *bytes, affect_image *image, const uint8_t *pixels) {
    static const uint8_t most_bytes[] = {4, 1, 3, 3, 4, 4, 2, 2, 2, 2, 2, 2, 2};
    const uint32_t format = take_number(bytes, 1) % 14;
    const int32_t width = 1 + (int32_t)(take_number(bytes, 1) % 60);
    const int32_t height = 1 + (int32_t)(take_number(bytes, 1) % 60);
    const int32_t pixel = format < sizeof most_bytes ? most_bytes[format] : 4;
    affect_image_init(image, (affect_format)format, pixels, width, height,
                      (ptrdiff_t)width * pixel);
    image->planes[1] = image->planes[2] = pixels;
    image->strides[1] = image->strides[2] = width;
    if (take_number(bytes, 1) < 64) { /* bottom-up */
        image->planes[0] = pixels + (size_t)(height - 1) * (size_t)width * (size_t)pixel;
        image->strides[0] = -image->strides[0];
    }
    image->rotation = (int32_t)(take_number(bytes, 1) % 4) * 90;
    maybe(bytes, &image->size, 1);
    maybe(bytes, &image->rotation, 2);
    maybe(bytes, &image->mirror, 1);
    maybe(bytes, &image->roi_x, 1);
    maybe(bytes, &image->roi_y, 1);
    maybe(bytes, &image->roi_width, 1);
    maybe(bytes, &image->roi_height, 4);
}

static void use(const affect_reading *reading) {
    uint32_t bits = 0;
    for (uint32_t i = 0; i < affect_reading_face_count(reading); i++)
        bits |= affect_reading_face(reading, i)->measured;
    if (bits & ~(uint32_t)AFFECT_SIGNALS_ALL)
        abort();
    if (affect_reading_face(reading, affect_reading_face_count(reading)))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct bytes bytes = {data, size};
    affect_options options;
    fill_options(&bytes, &options);
    affect *reader = NULL;
    const affect_status opened = affect_open(&reader, &options);
    if ((opened == AFFECT_OK) != (reader != NULL))
        abort();
    uint8_t *const pixels = malloc(PIXELS);
    for (size_t i = 0; pixels && i < PIXELS; i++)
        pixels[i] = (uint8_t)(i * i >> 3 ^ (bytes.left ? bytes.at[i % bytes.left] : 0));
    for (int calls = 0; pixels && reader && calls < 3; calls++) {
        affect_image image;
        const affect_reading *reading = NULL;
        int64_t time = AFFECT_STILL;
        fill_image(&bytes, &image, pixels);
        maybe(&bytes, &time, sizeof time);
        affect_box boxes[2] = {{0, 0, 20, 20}, {-5, 3, 30, 9}};
        affect_eye eye;
        maybe(&bytes, boxes, sizeof boxes);
        const uint32_t call = take_number(&bytes, 1) % 4;
        affect_status status = AFFECT_ERR_ARGUMENT;
        if (call == 0)
            status = affect_read_boxes(reader, &image, time, boxes, 2, &reading);
        else if (call == 1)
            affect_read_eye(reader, &image, (int32_t)take_number(&bytes, 1) % 3, &eye);
        else
            status = affect_read(reader, &image, time, &reading);
        if ((status == AFFECT_OK) != (reading != NULL))
            abort();
        if (reading)
            use(reading);
        if (take_number(&bytes, 1) == 1)
            affect_reset(reader);
    }
    affect_close(reader);
    free(pixels);
    return 0;
}
