/* Random pictures in every format, and what is displayed of them, worked out by turning the pixels
 * themselves: nothing here is shared with lib/image. */
#ifndef PICTURES_H
#define PICTURES_H

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "affect/affect.h"
#include "guarded.h"

static uint32_t picture_seed = 1;

static inline uint32_t random_bits(void) {
    picture_seed = picture_seed * 1664525u + 1013904223u;
    return picture_seed >> 8; /* 24 bits */
}

/* low..high */
static inline int32_t random_between(int32_t low, int32_t high) {
    return low + (int32_t)(random_bits() % (uint32_t)(high - low + 1));
}

static inline double random_unit(void) {
    return random_bits() / 16777216.0;
}

static const affect_format all_formats[12] = {
    AFFECT_GREY, AFFECT_RGB,  AFFECT_BGR,  AFFECT_RGBA,   AFFECT_BGRA,   AFFECT_NV12,
    AFFECT_NV21, AFFECT_I420, AFFECT_YUYV, AFFECT_GREY10, AFFECT_GREY12, AFFECT_GREY16};

static inline int bytes_of_format(affect_format f) {
    return f == AFFECT_RGB || f == AFFECT_BGR                                                   ? 3
           : f == AFFECT_RGBA || f == AFFECT_BGRA                                               ? 4
           : f == AFFECT_YUYV || f == AFFECT_GREY10 || f == AFFECT_GREY12 || f == AFFECT_GREY16 ? 2
                                                                                                : 1;
}

/* A plane of bytes. */
typedef struct plane {
    int width, height;
    uint8_t *at;
} plane;

static inline plane plane_new(int width, int height) {
    plane p = {width, height, malloc((size_t)width * (size_t)height)};
    assert(p.at);
    return p;
}

static inline int plane_get(const plane *p, int x, int y) {
    assert(x >= 0 && y >= 0 && x < p->width && y < p->height);
    return p->at[y * p->width + x];
}

/* A quarter turn clockwise: what was the bottom left corner becomes the top left one. */
static inline void plane_turn(plane *p) {
    plane t = plane_new(p->height, p->width);
    for (int y = 0; y < p->height; y++)
        for (int x = 0; x < p->width; x++)
            t.at[x * t.width + (p->height - 1 - y)] = p->at[y * p->width + x];
    free(p->at);
    *p = t;
}

static inline void plane_mirror(plane *p) {
    for (int y = 0; y < p->height; y++)
        for (int left = 0, right = p->width - 1; left < right; left++, right--) {
            uint8_t *const row = p->at + y * p->width;
            const uint8_t keep = row[left];
            row[left] = row[right];
            row[right] = keep;
        }
}

typedef struct picture {
    affect_image image;
    guarded memory;
    plane shown; /* luma of the displayed picture */
} picture;

/* Luma by the format's definition, in floating point where that is how it is meant. */
static inline int luma_of(affect_format f, const uint8_t *p) {
    uint16_t word;
    switch (f) {
    case AFFECT_RGB:
    case AFFECT_RGBA:
        return (int)((77.0 * p[0] + 150.0 * p[1] + 29.0 * p[2] + 128.0) / 256.0);
    case AFFECT_BGR:
    case AFFECT_BGRA:
        return (int)((77.0 * p[2] + 150.0 * p[1] + 29.0 * p[0] + 128.0) / 256.0);
    case AFFECT_GREY10:
        memcpy(&word, p, 2);
        return word % 1024 / 4;
    case AFFECT_GREY12:
        memcpy(&word, p, 2);
        return word % 4096 / 16;
    case AFFECT_GREY16:
        memcpy(&word, p, 2);
        return word / 256;
    default:
        return p[0];
    }
}

/* `smooth` > 0: values that change slowly, so that interpolation is tested near flat ground too. */
static inline void fill_pixels(uint8_t *first, ptrdiff_t stride, int row, int height, int smooth) {
    const int px = random_between(0, 255), py = random_between(0, 255);
    for (int y = 0; y < height; y++)
        for (int i = 0; i < row; i++)
            first[y * stride + i] =
                (uint8_t)(smooth ? (px + i * 255 / (row * smooth) + (py + y) * 3 / smooth) & 255
                                 : (int)random_bits() & 255);
}

/* spare: bytes between rows; upside_down: a negative stride; at_end: guard behind, else before. */
static inline picture picture_new(affect_format format, int width, int height, int spare,
                                  int upside_down, int rotation, int mirror, int at_end,
                                  int smooth) {
    picture p;
    const int bytes = bytes_of_format(format);
    const int row = width * bytes;
    const ptrdiff_t stride = row + spare;
    const size_t total = (size_t)(stride * (height - 1) + row);
    p.memory = guarded_open(total, at_end);
    uint8_t *const first = p.memory.data + (upside_down ? stride * (height - 1) : 0);
    const ptrdiff_t step = upside_down ? -stride : stride;
    fill_pixels(first, step, row, height, smooth);
    p.shown = plane_new(width, height);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            p.shown.at[y * width + x] = (uint8_t)luma_of(format, first + y * step + x * bytes);
    for (int turn = 0; turn < rotation; turn += 90)
        plane_turn(&p.shown);
    if (mirror)
        plane_mirror(&p.shown);
    memset(&p.image, 0, sizeof p.image);
    p.image.size = sizeof p.image;
    p.image.planes[0] = first;
    p.image.strides[0] = step;
    p.image.width = width;
    p.image.height = height;
    p.image.format = format;
    p.image.rotation = rotation;
    p.image.mirror = mirror;
    return p;
}

/* An upright grey picture that shows the same. */
static inline picture picture_upright(const picture *other) {
    picture p = picture_new(AFFECT_GREY, other->shown.width, other->shown.height, 0, 0, 0, 0, 1, 0);
    memcpy(p.memory.data, other->shown.at, (size_t)p.shown.width * (size_t)p.shown.height);
    memcpy(p.shown.at, other->shown.at, (size_t)p.shown.width * (size_t)p.shown.height);
    return p;
}

static inline void picture_free(picture *p) {
    guarded_close(&p->memory);
    free(p->shown.at);
}

#endif
