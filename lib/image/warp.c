/*
 * Crops by a similarity transform, in fixed point: positions have 16 fractional bits of a picture
 * pixel, bilinear weights 8 bits. The part of the picture that a crop can touch is first copied to
 * scratch as luma, reduced by 2^k where the picture is finer than the crop.
 */
#include "image/image.h"
#include "image/kernels.h"
#include "maths.h"

#include <string.h>

#define MAX_PITCH 1536.0 /* 1.5 * AF_RESAMPLE_MAX: the finest reduction is 2^10 */
#define MIN_PITCH (1.0 / 1024.0)
#define MAX_SHIFT 1048576.0

/* Where crop pixel (u, v) lies: x = x0 + u ux + v vx, y likewise, 16 fractional bits. Steps are
 * below 2^27, starts below 2^37, so every position is below 2^38. */
typedef struct grid {
    int64_t x0, y0, ux, uy, vx, vy;
    int32_t level;            /* k: the picture is reduced by 2^k */
    int64_t right, bottom;    /* positions in 0..right - 1 and 0..bottom - 1 are inside */
    int32_t last_x8, last_y8; /* the reduced picture's last pixel, 8 fractional bits */
} grid;

/* |value| < 2^52; halves go up. */
static int64_t fixed(double value) {
    return (int64_t)(value * 65536.0 + 4503599627370496.0 + 0.5) - 4503599627370496;
}

/* Floor of value / 2^shift, for negative values too; |value| < 2^44. */
static int64_t shift_down(int64_t value, int32_t shift) {
    return ((value + ((int64_t)1 << 44)) >> shift) - ((int64_t)1 << (44 - shift));
}

static int32_t last_index(int32_t side, int32_t level) {
    return af_max(side >> level, 1) - 1;
}

static int make_grid(grid *g, const af_view *view, const af_similarity *map, int32_t size,
                     int32_t mirror) {
    if (!af_is_finite(map->a) || !af_is_finite(map->b) || !af_is_finite(map->tx) ||
        !af_is_finite(map->ty))
        return 0;
    const double a = (double)map->a, b = (double)map->b;
    const double tx = (double)map->tx, ty = (double)map->ty;
    const double square = a * a + b * b; /* of the pitch; finite: floats' squares are doubles */
    if (square < MIN_PITCH * MIN_PITCH || square > MAX_PITCH * MAX_PITCH || tx > MAX_SHIFT ||
        tx < -MAX_SHIFT || ty > MAX_SHIFT || ty < -MAX_SHIFT)
        return 0;
    g->x0 = fixed(0.5 * a - 0.5 * b + tx);
    g->y0 = fixed(0.5 * b + 0.5 * a + ty);
    g->ux = fixed(a);
    g->uy = fixed(b);
    g->vx = -g->uy;
    g->vy = g->ux;
    if (mirror) {
        g->x0 += (size - 1) * g->ux;
        g->y0 += (size - 1) * g->uy;
        g->ux = -g->ux;
        g->uy = -g->uy;
    }
    g->level = 0;
    for (double limit = 2.25; square > limit; limit *= 4)
        g->level++;
    g->right = (int64_t)view->width << 16;
    g->bottom = (int64_t)view->height << 16;
    g->last_x8 = last_index(view->width, g->level) * 256;
    g->last_y8 = last_index(view->height, g->level) * 256;
    return 1;
}

/* A position in the reduced picture with 8 fractional bits, rounded to nearest, counted from its
 * first pixel's centre, border repeated. */
static int32_t reduced8(int64_t position, int32_t level, int32_t last8) {
    const int64_t at = shift_down(position + ((int64_t)128 << level), 8 + level) - 128;
    return at < 0 ? 0 : at > last8 ? last8 : (int32_t)at;
}

/* The first and last pixel of the reduced picture that the crop's corners span along an axis. */
static void extent(int64_t start, int64_t u, int64_t v, int32_t size, int32_t level, int32_t last8,
                   int32_t *first, int32_t *last) {
    const int64_t along_u = (size - 1) * u, along_v = (size - 1) * v;
    const int64_t low = start + (along_u < 0 ? along_u : 0) + (along_v < 0 ? along_v : 0);
    const int64_t high = start + (along_u > 0 ? along_u : 0) + (along_v > 0 ? along_v : 0);
    *first = reduced8(low, level, last8) >> 8;
    *last = reduced8(high, level, last8) >> 8;
}

/* The rectangle of the picture under pixels first..last of the reduced one. */
static void cover(int32_t side, int32_t level, int32_t first, int32_t last, int32_t *start,
                  int32_t *length) {
    *start = first * (1 << level);
    *length = side >> level ? (last - first + 1) * (1 << level) : side;
}

/* Copies what the crop touches. One column and row more than there are pixels, because samples at
 * the last pixel read its neighbour with weight 0, and three bytes more for wide loads. */
static void copy_part(af_sampler *s, const af_view *view, const grid *g, int32_t size,
                      void *scratch) {
    int32_t left, top, right, bottom;
    extent(g->x0, g->ux, g->vx, size, g->level, g->last_x8, &left, &right);
    extent(g->y0, g->uy, g->vy, size, g->level, g->last_y8, &top, &bottom);
    right = af_min(right + 1, g->last_x8 / 256);
    bottom = af_min(bottom + 1, g->last_y8 / 256);
    const int32_t width = right - left + 1, height = bottom - top + 1, pitch = width + 1;
    uint8_t *const luma = (uint8_t *)scratch + AF_RESAMPLE_SCRATCH;
    af_rect from;
    cover(view->width, g->level, left, right, &from.x, &from.width);
    cover(view->height, g->level, top, bottom, &from.y, &from.height);
    (void)af_resample(view, &from, luma, width, height, pitch, scratch); /* cannot fail */
    for (int32_t y = 0; y < height; y++)
        luma[y * pitch + width] = luma[y * pitch + width - 1];
    memcpy(luma + height * pitch, luma + (height - 1) * pitch, (size_t)pitch);
    memset(luma + (height + 1) * pitch, 0, 3);

    s->luma = luma;
    s->pitch = pitch;
    s->origin = top * pitch + left;
    s->level = g->level;
    s->last_x8 = g->last_x8;
    s->last_y8 = g->last_y8;
    s->step_x = (uint32_t)g->ux;
    s->step_y = (uint32_t)g->uy;
}

static int is_inside(const grid *g, int64_t x, int64_t y) {
    return x >= 0 && x < g->right && y >= 0 && y < g->bottom;
}

/* The pixels of row v that lie in the picture: first..end - 1. */
static void inside_of_row(const grid *g, int32_t size, int32_t v, int32_t *first, int32_t *end) {
    int32_t u0 = 0, u1 = size;
    const int64_t x = g->x0 + v * g->vx, y = g->y0 + v * g->vy;
    while (u0 < size && !is_inside(g, x + u0 * g->ux, y + u0 * g->uy))
        u0++;
    while (u1 > u0 && !is_inside(g, x + (u1 - 1) * g->ux, y + (u1 - 1) * g->uy))
        u1--;
    *first = u0;
    *end = u1;
}

size_t af_crop_scratch(int32_t size) {
    return size < 1 || size > AF_CROP_MAX ? 0 : AF_CROP_SCRATCH(size);
}

int af_crop(const af_view *view, const af_similarity *map, int32_t size, int32_t mirror,
            uint8_t *crop, void *scratch, float *inside) {
    if (size < 1 || size > AF_CROP_MAX)
        return 0;
    if (inside)
        *inside = 0;
    grid g;
    int16_t first[AF_CROP_MAX], end[AF_CROP_MAX]; /* of each row's pixels inside */
    int32_t count = 0;
    const int valid = make_grid(&g, view, map, size, mirror);
    for (int32_t v = 0; valid && v < size; v++) {
        int32_t u0, u1;
        inside_of_row(&g, size, v, &u0, &u1);
        first[v] = (int16_t)u0;
        end[v] = (int16_t)u1;
        count += u1 - u0;
    }
    if (!count) {
        memset(crop, AF_PAD, (size_t)size * (size_t)size);
        return valid;
    }

    af_sampler sampler;
    copy_part(&sampler, view, &g, size, scratch);
    const af_image_kernels *const k = af_image_kernels_for(view->cpu);
    uint64_t sum = 0, squares = 0;
    for (int32_t v = 0; v < size; v++) {
        uint8_t *const row = crop + v * size + first[v];
        const int32_t n = end[v] - first[v];
        const int64_t x = g.x0 + v * g.vx + first[v] * g.ux;
        const int64_t y = g.y0 + v * g.vy + first[v] * g.uy;
        k->sample(row, (size_t)n, &sampler, (uint32_t)x, (uint32_t)y);
        k->add_up(&sum, &squares, row, (size_t)n);
    }
    const af_contrast contrast = af_contrast_of_sums((uint64_t)count, sum, squares);
    for (int32_t v = 0; v < size; v++) {
        uint8_t *const row = crop + v * size;
        memset(row, AF_PAD, (size_t)first[v]);
        k->stretch(row + first[v], (size_t)(end[v] - first[v]), &contrast);
        memset(row + end[v], AF_PAD, (size_t)(size - end[v]));
    }
    if (inside)
        *inside = (float)count / (float)(size * size);
    return 1;
}
