/* Views, formats, resampling and planes, against plain references. Crops: test_crop.c. */
#define _DEFAULT_SOURCE /* mmap */
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cpu.h"
#include "image/image.h"
#include "image/kernels.h"
#include "pictures.h"

static uint64_t scratch[AF_RESAMPLE_SCRATCH / 8];

/* Portable first, then all that this processor has. */
static uint32_t cpu_of(int i) {
    return i ? af_cpu_detect() : 0;
}

/* --------------------------------------------------------------------------------------- checks */

static uint8_t small_pixels[64];

static affect_image good_image(void) {
    affect_image image;
    memset(&image, 0, sizeof image);
    image.size = sizeof image;
    image.planes[0] = small_pixels;
    image.strides[0] = 8;
    image.width = 8;
    image.height = 4;
    image.format = AFFECT_GREY;
    return image;
}

static void expect(const affect_image *image, affect_status status) {
    af_view view, untouched;
    memset(&view, 0x5A, sizeof view);
    memset(&untouched, 0x5A, sizeof untouched);
    assert_int_equal(af_view_open(&view, image, 0), status);
    if (status != AFFECT_OK)
        assert_memory_equal(&view, &untouched, sizeof view);
}

#define EXPECT(status, ...)                                                                        \
    do {                                                                                           \
        affect_image image = good_image();                                                         \
        __VA_ARGS__;                                                                               \
        expect(&image, status);                                                                    \
    } while (0)

static void arguments(void **state) {
    (void)state;
    af_view view;
    affect_image whole = good_image();
    assert_int_equal(af_view_open(NULL, &whole, 0), AFFECT_ERR_ARGUMENT);
    assert_int_equal(af_view_open(&view, NULL, 0), AFFECT_ERR_ARGUMENT);
    EXPECT(AFFECT_OK, (void)0);
    EXPECT(AFFECT_ERR_ARGUMENT, image.size = 0);
    EXPECT(AFFECT_ERR_ARGUMENT, image.size = offsetof(affect_image, roi_height));
    EXPECT(AFFECT_OK, image.size = offsetof(affect_image, roi_height) + 4);
    EXPECT(AFFECT_OK, image.size = SIZE_MAX);
}

static void fields(void **state) {
    (void)state;
    EXPECT(AFFECT_ERR_IMAGE, image.width = 0);
    EXPECT(AFFECT_ERR_IMAGE, image.width = -1);
    EXPECT(AFFECT_ERR_IMAGE, image.width = INT32_MIN);
    EXPECT(AFFECT_ERR_IMAGE, image.width = 32769, image.strides[0] = 32769);
    EXPECT(AFFECT_OK, image.width = 32768, image.strides[0] = 32768);
    EXPECT(AFFECT_ERR_IMAGE, image.height = 0);
    EXPECT(AFFECT_ERR_IMAGE, image.height = 32769);
    EXPECT(AFFECT_OK, image.height = 32768);
    EXPECT(AFFECT_ERR_IMAGE, image.format = (affect_format)0);
    EXPECT(AFFECT_ERR_IMAGE, image.format = (affect_format)13);
    EXPECT(AFFECT_ERR_IMAGE, image.format = (affect_format)INT32_MAX);
    EXPECT(AFFECT_ERR_IMAGE, image.planes[0] = NULL);
    EXPECT(AFFECT_ERR_IMAGE, image.rotation = 45);
    EXPECT(AFFECT_ERR_IMAGE, image.rotation = 360);
    EXPECT(AFFECT_ERR_IMAGE, image.rotation = -90);
    EXPECT(AFFECT_ERR_IMAGE, image.rotation = INT32_MIN);
    EXPECT(AFFECT_OK, image.rotation = 270);
    EXPECT(AFFECT_ERR_IMAGE, image.mirror = 2);
    EXPECT(AFFECT_ERR_IMAGE, image.mirror = -1);
    EXPECT(AFFECT_OK, image.mirror = 1);
    EXPECT(AFFECT_ERR_IMAGE, image.format = AFFECT_YUYV, image.width = 3);
    EXPECT(AFFECT_OK, image.format = AFFECT_YUYV, image.width = 4);
}

static void strides(void **state) {
    (void)state;
    for (int i = 0; i < 12; i++) {
        const int row = 8 * bytes_of_format(all_formats[i]);
        EXPECT(AFFECT_OK, image.format = all_formats[i], image.strides[0] = row);
        EXPECT(AFFECT_OK, image.format = all_formats[i], image.strides[0] = -row);
        EXPECT(AFFECT_ERR_IMAGE, image.format = all_formats[i], image.strides[0] = row - 1);
        EXPECT(AFFECT_ERR_IMAGE, image.format = all_formats[i], image.strides[0] = 1 - row);
    }
    EXPECT(AFFECT_ERR_IMAGE, image.strides[0] = 0);
    EXPECT(AFFECT_ERR_IMAGE, image.strides[0] = PTRDIFF_MAX);
    EXPECT(AFFECT_ERR_IMAGE, image.strides[0] = PTRDIFF_MIN);
    EXPECT(AFFECT_ERR_IMAGE, image.strides[0] = PTRDIFF_MIN + 1);
    EXPECT(AFFECT_ERR_IMAGE, image.strides[0] = PTRDIFF_MAX / 3);
    /* upwards beyond address 0, downwards beyond the end */
    EXPECT(AFFECT_ERR_IMAGE, image.planes[0] = (const void *)(uintptr_t)23, image.strides[0] = -8);
    EXPECT(AFFECT_ERR_IMAGE, image.planes[0] = (const void *)(UINTPTR_MAX - 20));
    EXPECT(AFFECT_OK, image.height = 1, image.strides[0] = PTRDIFF_MAX / 2);
}

static void regions(void **state) {
    (void)state;
#define ROI(x, y, w, h) image.roi_x = x, image.roi_y = y, image.roi_width = w, image.roi_height = h
    EXPECT(AFFECT_OK, ROI(0, 0, 8, 4));
    EXPECT(AFFECT_OK, ROI(7, 3, 1, 1));
    EXPECT(AFFECT_ERR_IMAGE, ROI(0, 0, 9, 4));
    EXPECT(AFFECT_ERR_IMAGE, ROI(0, 0, 8, 5));
    EXPECT(AFFECT_ERR_IMAGE, ROI(1, 0, 8, 4));
    EXPECT(AFFECT_ERR_IMAGE, ROI(0, 1, 8, 4));
    EXPECT(AFFECT_ERR_IMAGE, ROI(-1, 0, 4, 4));
    EXPECT(AFFECT_ERR_IMAGE, ROI(0, 0, 4, 0));
    EXPECT(AFFECT_ERR_IMAGE, ROI(0, 0, 0, 4));
    EXPECT(AFFECT_ERR_IMAGE, ROI(1, 1, 0, 0));
    EXPECT(AFFECT_ERR_IMAGE, ROI(INT32_MAX, 0, INT32_MAX, 1));
    EXPECT(AFFECT_ERR_IMAGE, ROI(INT32_MIN, INT32_MIN, INT32_MIN, INT32_MIN));
    /* the region is one of the displayed picture: 4 wide and 8 high here */
    EXPECT(AFFECT_OK, image.rotation = 90, ROI(3, 7, 1, 1));
    EXPECT(AFFECT_ERR_IMAGE, image.rotation = 90, ROI(0, 0, 8, 4));
    af_view view;
    affect_image image = good_image();
    image.rotation = 90;
    assert_int_equal(af_view_open(&view, &image, 0), AFFECT_OK);
    assert_int_equal(view.width, 4);
    assert_int_equal(view.height, 8);
    assert_int_equal(view.roi.x, 0);
    assert_int_equal(view.roi.width, 4);
    assert_int_equal(view.roi.height, 8);
}

/* -------------------------------------------------------------------------------------- formats */

/* Copies a rectangle at its own size and compares every byte. */
static void check_copy(const picture *p, const af_rect *r, uint32_t cpu) {
    af_view view;
    assert_int_equal(af_view_open(&view, &p->image, cpu), AFFECT_OK);
    assert_int_equal(view.width, p->shown.width);
    assert_int_equal(view.height, p->shown.height);
    const int pitch = r->width + 3;
    guarded out = guarded_open((size_t)pitch * (size_t)(r->height - 1) + (size_t)r->width, 1);
    assert_int_equal(af_resample(&view, r, out.data, r->width, r->height, pitch, scratch),
                     AFFECT_OK);
    for (int y = 0; y < r->height; y++) {
        for (int x = 0; x < r->width; x++)
            assert_int_equal(out.data[y * pitch + x], plane_get(&p->shown, r->x + x, r->y + y));
        if (y < r->height - 1)
            assert_int_equal(out.data[y * pitch + r->width], 0xA5);
    }
    guarded_close(&out);
}

static void check_format(affect_format format, int width, int height) {
    const int even = format == AFFECT_YUYV ? width + width % 2 : width;
    for (int i = 0; i < 32; i++) {
        const int spare = i & 1 ? random_between(1, 9) : 0;
        picture p = picture_new(format, even, height, spare, i >> 1 & 1, 90 * (i >> 3), i >> 2 & 1,
                                (int)(random_bits() & 1), 0);
        const af_rect all = {0, 0, p.shown.width, p.shown.height};
        const int x = random_between(0, all.width - 1), y = random_between(0, all.height - 1);
        const af_rect some = {x, y, random_between(1, all.width - x),
                              random_between(1, all.height - y)};
        for (int c = 0; c < 2; c++) {
            check_copy(&p, &all, cpu_of(c));
            check_copy(&p, &some, cpu_of(c));
        }
        picture_free(&p);
    }
}

static void formats(void **state) {
    (void)state;
    for (int i = 0; i < 12; i++) {
        check_format(all_formats[i], 1, 1);
        check_format(all_formats[i], 1, 37);
        check_format(all_formats[i], 41, 1);
        check_format(all_formats[i], 33, 18);
        check_format(all_formats[i], 34, 5);
        check_format(all_formats[i], 101, 47);
        check_format(all_formats[i], 350, 21); /* wider than a tile */
    }
}

/* Wider than a strip, turned and not. */
static void wide_formats(void **state) {
    (void)state;
    for (int i = 0; i < 12; i++)
        for (int rotation = 0; rotation < 360; rotation += 90) {
            picture p = picture_new(all_formats[i], 3200, 3, 0, 0, rotation, i & 1, 1, 0);
            const af_rect all = {0, 0, p.shown.width, p.shown.height};
            check_copy(&p, &all, cpu_of(i & 1));
            picture_free(&p);
        }
}

/* All values of a word: the unused bits do not count. All weights of colours. */
static void values(void **state) {
    (void)state;
    for (int c = 0; c < 2; c++) {
        static uint16_t words[65536];
        static uint8_t luma[65536];
        for (int i = 0; i < 65536; i++)
            words[i] = (uint16_t)i;
        const affect_format deep[3] = {AFFECT_GREY10, AFFECT_GREY12, AFFECT_GREY16};
        for (int f = 0; f < 3; f++) {
            affect_image image = good_image();
            image.planes[0] = words;
            image.width = 32768;
            image.height = 2;
            image.strides[0] = 65536;
            image.format = deep[f];
            af_view view;
            assert_int_equal(af_view_open(&view, &image, cpu_of(c)), AFFECT_OK);
            const af_rect all = {0, 0, 32768, 2};
            assert_int_equal(af_resample(&view, &all, luma, 32768, 2, 32768, scratch), AFFECT_OK);
            for (int i = 0; i < 65536; i++)
                assert_int_equal(luma[i], f == 0 ? i / 4 % 256 : f == 1 ? i / 16 % 256 : i / 256);
        }
        const af_image_kernels *const k = af_image_kernels_for(cpu_of(c));
        for (int high = 0; high < 8; high++) { /* the corners: nothing saturates */
            uint8_t rgb[40 * 3], grey[40];
            for (int i = 0; i < 40; i++)
                for (int j = 0; j < 3; j++)
                    rgb[3 * i + j] = high >> j & 1 ? 255 : 0;
            k->luma_rgb(grey, rgb, 40);
            for (int i = 0; i < 40; i++)
                assert_int_equal(grey[i], luma_of(AFFECT_RGB, rgb));
        }
    }
}

/* ----------------------------------------------------------------------------------- resampling */

/* The best back end's kernel gives the numbers of the portable one, whatever lies within a register
 * or two; 16 more sums may be read and nothing else is touched. */
static void blending(void **state) {
    (void)state;
    uint32_t bits = 1;
    const af_image_kernels *const best = af_image_kernels_for(af_cpu_detect());
    for (uint32_t round = 0; round < 400; round++) {
        uint16_t place[43], part[43];
        uint32_t right[43], got[44];
        const size_t count = 1 + round % 43;
        const uint32_t most = 1 + round % 6; /* steps of 0..most - 1 */
        uint32_t at = 0;
        for (size_t i = 0; i < count; i++) {
            bits = bits * 1664525u + 1013904223u;
            part[i] = (uint16_t)(bits >> 16);
            place[i] = (uint16_t)at;
            at += (bits >> 8) % most;
        }
        const size_t bytes = 4 * ((size_t)place[count - 1] + 2 + 16);
        guarded sums = guarded_open(bytes, 1);
        for (size_t i = 0; i < bytes; i++)
            sums.data[i] = (uint8_t)(bits = bits * 1664525u + 1013904223u, bits >> 24);
        const uint32_t *const s = (const uint32_t *)(const void *)sums.data;
        got[count] = 0xA5A5A5A5;
        af_image_kernels_c.blend(right, s, place, part, count, bits >> 15);
        best->blend(got, s, place, part, count, bits >> 15);
        assert_memory_equal(right, got, 4 * count);
        assert_int_equal(got[count], 0xA5A5A5A5);
        guarded_close(&sums);
    }
}

/* The mean over [x0, x1) x [y0, y1) in displayed pixels, by doubles. */
static double area_mean(const plane *p, double x0, double x1, double y0, double y1) {
    double sum = 0;
    for (int y = (int)y0; y < y1; y++)
        for (int x = (int)x0; x < x1; x++) {
            const double w = fmin(x1, x + 1) - fmax(x0, x), h = fmin(y1, y + 1) - fmax(y0, y);
            sum += w * h * plane_get(p, x, y);
        }
    return sum / ((x1 - x0) * (y1 - y0));
}

/* Where output i of a larger axis samples: a pixel and the weight of the next. */
static double sample_at(int source, int count, int i, int *pixel) {
    const double at = fmin(fmax((i + 0.5) * source / count - 0.5, 0), source - 1);
    *pixel = (int)at < source - 1 ? (int)at : source > 1 ? source - 2 : 0;
    return source > 1 ? at - *pixel : 0;
}

static double reference(const plane *p, const af_rect *r, int width, int height, int i, int j) {
    double value = 0;
    int px = 0, py = 0;
    const int wider = width > r->width, higher = height > r->height;
    const double fx = wider ? sample_at(r->width, width, i, &px) : 0;
    const double fy = higher ? sample_at(r->height, height, j, &py) : 0;
    for (int tap = 0; tap < 4; tap++) {
        const int tx = tap & 1, ty = tap >> 1;
        const double weight =
            (wider ? (tx ? fx : 1 - fx) : !tx) * (higher ? (ty ? fy : 1 - fy) : !ty);
        if (weight <= 0)
            continue;
        const double x0 = wider ? px + tx : (double)i * r->width / width;
        const double x1 = wider ? px + tx + 1 : (double)(i + 1) * r->width / width;
        const double y0 = higher ? py + ty : (double)j * r->height / height;
        const double y1 = higher ? py + ty + 1 : (double)(j + 1) * r->height / height;
        value += weight * area_mean(p, r->x + x0, r->x + x1, r->y + y0, r->y + y1);
    }
    return value;
}

static void check_resample(const picture *p, const af_rect *r, int width, int height) {
    uint8_t *outs[2];
    for (int c = 0; c < 2; c++) {
        af_view view;
        assert_int_equal(af_view_open(&view, &p->image, cpu_of(c)), AFFECT_OK);
        const int pitch = width + c;
        guarded out = guarded_open((size_t)pitch * (size_t)(height - 1) + (size_t)width, 1);
        guarded memory = guarded_open(AF_RESAMPLE_SCRATCH, 1);
        assert_int_equal(af_resample(&view, r, out.data, width, height, pitch, memory.data),
                         AFFECT_OK);
        outs[c] = malloc((size_t)width * (size_t)height);
        for (int y = 0; y < height; y++)
            memcpy(outs[c] + y * width, out.data + y * pitch, (size_t)width);
        guarded_close(&memory);
        guarded_close(&out);
    }
    assert_memory_equal(outs[0], outs[1], (size_t)width * (size_t)height);
    for (int j = 0; j < height; j++)
        for (int i = 0; i < width; i++) {
            const double want = reference(&p->shown, r, width, height, i, j);
            if (fabs(outs[0][j * width + i] - want) > 0.5 + 1e-6)
                fail_msg("%dx%d to %dx%d at %d,%d: %d is not %f", r->width, r->height, width,
                         height, i, j, outs[0][j * width + i], want);
        }
    free(outs[0]);
    free(outs[1]);
}

static void resampling(void **state) {
    (void)state;
    for (int round = 0; round < 300; round++) {
        const affect_format format = all_formats[random_bits() % 12];
        picture p =
            picture_new(format, 2 * random_between(1, 60), random_between(1, 120),
                        random_between(0, 5), (int)(random_bits() & 1), 90 * random_between(0, 3),
                        (int)(random_bits() & 1), (int)(random_bits() & 1), round & 1);
        const int x = random_between(0, p.shown.width - 1);
        const int y = random_between(0, p.shown.height - 1);
        const af_rect r = {x, y, random_between(1, p.shown.width - x),
                           random_between(1, p.shown.height - y)};
        check_resample(&p, &r, random_between(1, r.width), random_between(1, r.height));
        check_resample(&p, &r, random_between(1, 2 * r.width), random_between(1, 2 * r.height));
        picture_free(&p);
    }
}

/* Sizes that reach each path: whole ratios, long sums, sums beyond 32 bits, several strips. */
static void resampling_sizes(void **state) {
    (void)state;
    static const int sizes[][4] = {
        {64, 48, 32, 24},   {63, 48, 21, 16},    {64, 64, 16, 16},  {70, 50, 10, 10},
        {256, 512, 1, 2},   {300, 300, 1, 1},    {1024, 3, 1, 3},   {3, 1024, 3, 1},
        {1021, 4099, 7, 5}, {4099, 1021, 11, 1}, {3200, 8, 640, 4}, {3201, 7, 640, 3},
        {8, 3200, 4, 640},  {5000, 2, 1667, 1},  {2, 2, 3000, 3},   {2047, 2053, 2, 3},
        {3001, 3003, 4, 4}, {32768, 2, 32, 1},   {1, 1, 5, 1700}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        picture p =
            picture_new(all_formats[i % 12], sizes[i][0], sizes[i][1], 0, 0, 0, 0, 1, (int)(i & 1));
        if (all_formats[i % 12] != AFFECT_YUYV || sizes[i][0] % 2 == 0) {
            const af_rect all = {0, 0, sizes[i][0], sizes[i][1]};
            check_resample(&p, &all, sizes[i][2], sizes[i][3]);
        }
        picture_free(&p);
    }
}

/* A turned or mirrored picture gives the bytes of the upright one. */
static void resampling_turned(void **state) {
    (void)state;
    for (int i = 0; i < 8; i++) {
        picture p = picture_new(AFFECT_RGB, 641, 77, 1, i & 1, 90 * (i / 2), i & 1, 1, 0);
        picture upright = picture_upright(&p);
        static uint8_t a[700 * 700], b[700 * 700];
        af_view view, upright_view;
        assert_int_equal(af_view_open(&view, &p.image, cpu_of(1)), AFFECT_OK);
        assert_int_equal(af_view_open(&upright_view, &upright.image, 0), AFFECT_OK);
        const af_rect r = {1, 2, view.width - 1, view.height - 3};
        for (int round = 0; round < 20; round++) {
            const int w = random_between(1, 699), h = random_between(1, 699);
            memset(a, 0, sizeof a);
            memset(b, 0, sizeof b);
            assert_int_equal(af_resample(&view, &r, a, w, h, 700, scratch), AFFECT_OK);
            assert_int_equal(af_resample(&upright_view, &r, b, w, h, 700, scratch), AFFECT_OK);
            assert_memory_equal(a, b, sizeof a);
        }
        picture_free(&upright);
        picture_free(&p);
    }
}

static void identities(void **state) {
    (void)state;
    picture p = picture_new(AFFECT_GREY, 90, 62, 0, 0, 0, 0, 1, 0);
    af_view view;
    assert_int_equal(af_view_open(&view, &p.image, cpu_of(1)), AFFECT_OK);
    const af_rect all = {0, 0, 90, 62};
    uint8_t out[180 * 124];
    assert_int_equal(af_resample(&view, &all, out, 45, 31, 45, scratch), AFFECT_OK);
    for (int y = 0; y < 31; y++)
        for (int x = 0; x < 45; x++)
            assert_int_equal(out[y * 45 + x], (plane_get(&p.shown, 2 * x, 2 * y) +
                                               plane_get(&p.shown, 2 * x + 1, 2 * y) +
                                               plane_get(&p.shown, 2 * x, 2 * y + 1) +
                                               plane_get(&p.shown, 2 * x + 1, 2 * y + 1) + 2) >>
                                                  2);
    for (int level = 0; level < 256; level += 51) { /* a flat picture stays flat */
        memset(p.memory.data, level, 90 * 62);
        for (int w = 1; w <= 180; w += 7)
            for (int h = 1; h <= 124; h += 11) {
                assert_int_equal(af_resample(&view, &all, out, w, h, w, scratch), AFFECT_OK);
                for (int i = 0; i < w * h; i++)
                    assert_int_equal(out[i], level);
            }
    }
    picture_free(&p);
}

static void resampling_arguments(void **state) {
    (void)state;
    affect_image image = good_image();
    af_view view;
    assert_int_equal(af_view_open(&view, &image, 0), AFFECT_OK);
    uint8_t out[64];
    memset(out, 7, sizeof out);
    static const af_rect bad[] = {{0, 0, 0, 4},  {0, 0, 8, 0},  {0, 0, 9, 1},
                                  {0, 0, 1, 5},  {-1, 0, 2, 2}, {0, -1, 2, 2},
                                  {7, 0, 2, 1},  {0, 3, 1, 2},  {INT32_MIN, 0, INT32_MAX, 1},
                                  {0, 0, -1, -1}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(af_resample(&view, &bad[i], out, 2, 2, 8, scratch), AFFECT_ERR_ARGUMENT);
    const af_rect all = {0, 0, 8, 4};
    assert_int_equal(af_resample(&view, &all, out, 0, 2, 8, scratch), AFFECT_ERR_ARGUMENT);
    assert_int_equal(af_resample(&view, &all, out, 2, -1, 8, scratch), AFFECT_ERR_ARGUMENT);
    assert_int_equal(af_resample(&view, &all, out, 4, 4, 3, scratch), AFFECT_ERR_ARGUMENT);
    assert_int_equal(af_resample(&view, &all, out, 32769, 1, 40000, scratch), AFFECT_ERR_ARGUMENT);
    static uint8_t wide[2049];
    image.planes[0] = wide;
    image.width = 2049;
    image.height = 1;
    image.strides[0] = 2049;
    assert_int_equal(af_view_open(&view, &image, 0), AFFECT_OK);
    const af_rect row = {0, 0, 2049, 1};
    assert_int_equal(af_resample(&view, &row, out, 2, 1, 8, scratch), AFFECT_ERR_ARGUMENT);
    for (size_t i = 0; i < sizeof out; i++)
        assert_int_equal(out[i], 7);
    assert_int_equal(af_resample(&view, &row, out, 3, 1, 8, scratch), AFFECT_OK);
}

/* Memory that is never written costs nothing: all its pages are one page of zeros. */
static void large(void **state) {
    (void)state;
    const size_t bytes = (size_t)8192 * 8192;
    uint8_t *const pixels = mmap(NULL, 4 * bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(pixels != MAP_FAILED);
    affect_image image = good_image();
    image.planes[0] = pixels;
    image.width = image.height = 8192;
    image.strides[0] = 8192;
    af_view view;
    static uint8_t out[640 * 640];
    assert_int_equal(af_view_open(&view, &image, cpu_of(1)), AFFECT_OK);
    memset(out, 1, sizeof out);
    assert_int_equal(af_resample(&view, &view.roi, out, 640, 640, 640, scratch), AFFECT_OK);
    for (size_t i = 0; i < sizeof out; i++)
        assert_int_equal(out[i], 0);
    image.format = AFFECT_RGBA;
    image.strides[0] = -4 * 8192;
    image.planes[0] = pixels + 4 * bytes - 4 * 8192;
    image.roi_x = image.roi_y = 8192 - 300;
    image.roi_width = image.roi_height = 300;
    assert_int_equal(af_view_open(&view, &image, cpu_of(1)), AFFECT_OK);
    assert_int_equal(af_resample(&view, &view.roi, out, 64, 64, 64, scratch), AFFECT_OK);
    munmap(pixels, 4 * bytes);
}

/* --------------------------------------------------------------------------------------- planes */

static void measures(void **state) {
    (void)state;
    static const int cases[][8] = {
        /* picture, longest, step -> real, padded */
        {640, 480, 640, 32, 640, 480, 640, 480}, {1920, 1080, 640, 32, 640, 360, 640, 384},
        {100, 50, 640, 32, 200, 100, 224, 128},  {1, 1, 64, 32, 2, 2, 32, 32},
        {400, 225, 640, 32, 640, 360, 640, 384}, {33, 20, 64, 32, 64, 39, 64, 64},
        {32768, 1, 64, 32, 64, 1, 64, 32},       {480, 640, 320, 32, 240, 320, 256, 320},
        {641, 481, 640, 16, 640, 480, 640, 480}, {3, 1000, 100, 1, 1, 100, 1, 100},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const int *const c = cases[i];
        af_plane_size size;
        af_plane_measure(&size, c[0], c[1], c[2], c[3]);
        assert_int_equal(size.width, c[4]);
        assert_int_equal(size.height, c[5]);
        assert_int_equal(size.padded_width, c[6]);
        assert_int_equal(size.padded_height, c[7]);
        assert_true(size.scale_x == (float)c[4] / (float)c[0]);
        assert_true(size.scale_y == (float)c[5] / (float)c[1]);
    }
}

/* The plane is the resampled region through the table of its own histogram. */
static void check_plane(const picture *p, const af_rect *roi, int longest, uint32_t cpu) {
    af_view view;
    assert_int_equal(af_view_open(&view, &p->image, cpu), AFFECT_OK);
    af_plane_size size;
    af_plane_measure(&size, roi->width, roi->height, longest, 32);
    const size_t bytes = (size_t)size.padded_width * (size_t)size.padded_height;
    guarded out = guarded_open(bytes, 1);
    uint8_t *const luma = malloc((size_t)size.width * (size_t)size.height);
    float brightness = -1;
    assert_int_equal(af_plane(&view, roi, &size, out.data, &brightness, scratch), AFFECT_OK);
    assert_int_equal(af_resample(&view, roi, luma, size.width, size.height, size.width, scratch),
                     AFFECT_OK);
    uint32_t histogram[256] = {0};
    double sum = 0;
    for (int i = 0; i < size.width * size.height; i++) {
        histogram[luma[i]]++;
        sum += luma[i];
    }
    uint8_t table[256];
    af_contrast_table(histogram, table);
    for (int y = 0; y < size.padded_height; y++)
        for (int x = 0; x < size.padded_width; x++)
            assert_int_equal(out.data[y * size.padded_width + x],
                             x < size.width && y < size.height ? table[luma[y * size.width + x]]
                                                               : AF_PAD);
    assert_true(fabs(brightness - sum / size.width / size.height / 255) < 1e-6);
    assert_int_equal(af_plane(&view, roi, &size, out.data, NULL, scratch), AFFECT_OK);
    free(luma);
    guarded_close(&out);
}

static void planes(void **state) {
    (void)state;
    for (int i = 0; i < 40; i++) {
        picture p =
            picture_new(all_formats[i % 12], 2 * random_between(1, 200), random_between(1, 300), 0,
                        i & 1, 90 * (i % 4), i / 4 & 1, 1, i & 1);
        const af_rect all = {0, 0, p.shown.width, p.shown.height};
        const af_rect half = {p.shown.width / 2, p.shown.height / 2, (p.shown.width + 1) / 2,
                              (p.shown.height + 1) / 2};
        check_plane(&p, &all, 64 + 32 * (i % 9), cpu_of(i & 1));
        check_plane(&p, &half, 100, cpu_of(i & 1));
        picture_free(&p);
    }
    /* too many pixels for sums: the histogram's counts are halved */
    picture p = picture_new(AFFECT_GREY, 1200, 1000, 0, 0, 0, 0, 1, 1);
    const af_rect all = {0, 0, 1200, 1000};
    check_plane(&p, &all, 1200, cpu_of(1));
    picture_free(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arguments),
        cmocka_unit_test(fields),
        cmocka_unit_test(strides),
        cmocka_unit_test(regions),
        cmocka_unit_test(formats),
        cmocka_unit_test(wide_formats),
        cmocka_unit_test(values),
        cmocka_unit_test(blending),
        cmocka_unit_test(resampling),
        cmocka_unit_test(resampling_sizes),
        cmocka_unit_test(resampling_turned),
        cmocka_unit_test(identities),
        cmocka_unit_test(resampling_arguments),
        cmocka_unit_test(large),
        cmocka_unit_test(measures),
        cmocka_unit_test(planes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
