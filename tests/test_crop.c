/* Contrast tables, similarity transforms and crops, against the trainer's vectors and references in
 * floating point. */
#define _DEFAULT_SOURCE /* mmap */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cpu.h"
#include "data/contrast_vectors.h"
#include "image/image.h"
#include "pictures.h"

static uint64_t scratch[AF_CROP_SCRATCH(AF_CROP_MAX) / 8 + 1];

/* ------------------------------------------------------------------------------------- contrast */

static void contrast(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof contrast_vectors / sizeof contrast_vectors[0]; i++) {
        uint8_t table[256];
        af_contrast_table(contrast_vectors[i].histogram, table);
        for (int v = 0; v < 256; v++)
            if (table[v] != contrast_vectors[i].table[v])
                fail_msg("%s: %d becomes %d", contrast_vectors[i].name, v, table[v]);
    }
}

/* ----------------------------------------------------------------------------------- similarity */

static affect_point map_point(const af_similarity *s, double x, double y) {
    affect_point p;
    p.x = (float)((double)s->a * x - (double)s->b * y + (double)s->tx);
    p.y = (float)((double)s->b * x + (double)s->a * y + (double)s->ty);
    return p;
}

static af_similarity similarity_of(double scale, double degrees, double tx, double ty) {
    const double angle = degrees * acos(-1) / 180;
    const af_similarity s = {(float)(scale * cos(angle)), (float)(scale * sin(angle)), (float)tx,
                             (float)ty};
    return s;
}

static double error_of(const af_similarity *s, const affect_point *from, const affect_point *to,
                       int n) {
    double sum = 0;
    for (int i = 0; i < n; i++) {
        const double x = (double)s->a * from[i].x - (double)s->b * from[i].y + (double)s->tx;
        const double y = (double)s->b * from[i].x + (double)s->a * from[i].y + (double)s->ty;
        sum += (x - to[i].x) * (x - to[i].x) + (y - to[i].y) * (y - to[i].y);
    }
    return sum;
}

static void fits(void **state) {
    (void)state;
    for (int round = 0; round < 200; round++) {
        const af_similarity truth = similarity_of(exp(6 * random_unit() - 3), 360 * random_unit(),
                                                  900 * random_unit(), -300 * random_unit());
        affect_point from[5], to[5];
        const int n = random_between(2, 5);
        for (int i = 0; i < n; i++) {
            from[i].x = (float)(100 * random_unit());
            from[i].y = (float)(100 * random_unit());
            to[i] = map_point(&truth, (double)from[i].x, (double)from[i].y);
        }
        af_similarity s, back;
        assert_int_equal(af_similarity_fit(&s, from, to, n), 1);
        assert_true(error_of(&s, from, to, n) < 1e-3);
        /* with noise: no change of a parameter makes it better */
        for (int i = 0; i < n; i++) {
            to[i].x += (float)(4 * random_unit());
            to[i].y -= (float)(4 * random_unit());
        }
        assert_int_equal(af_similarity_fit(&s, from, to, n), 1);
        const double best = error_of(&s, from, to, n);
        for (int k = 0; k < 8; k++) {
            af_similarity t = s;
            float *const field[4] = {&t.a, &t.b, &t.tx, &t.ty};
            *field[k / 2] += (k & 1 ? 1 : -1) * (k < 4 ? 0.01f : 1.0f);
            assert_true(error_of(&t, from, to, n) > best);
        }
        assert_int_equal(af_similarity_invert(&back, &s), 1);
        const affect_point there = af_similarity_apply(&s, from[0]);
        const affect_point again = af_similarity_apply(&back, there);
        assert_true(fabsf(again.x - from[0].x) < 0.01f && fabsf(again.y - from[0].y) < 0.01f);
        const double scale = hypot((double)s.a, (double)s.b);
        assert_true(fabs((double)af_similarity_scale(&s) - scale) < 1e-6 * scale);
    }
}

static void is_identity(const af_similarity *s) {
    assert_true(s->a == 1 && s->b == 0 && s->tx == 0 && s->ty == 0);
}

static void degenerate(void **state) {
    (void)state;
    af_similarity s;
    const affect_point apart[3] = {{0, 0}, {1, 0}, {0, 2}}, same[3] = {{7, 7}, {7, 7}, {7, 7}};
    affect_point many[7]; /* their mean is not exact */
    for (int i = 0; i < 7; i++)
        many[i].x = many[i].y = 1000.1f;
    const affect_point far[2] = {{1e5f, 3.3f}, {1e5f, 3.3f}};
    const affect_point bad[3] = {{0, 0}, {NAN, 0}, {0, 1}};
    const affect_point huge[2] = {{-FLT_MAX, FLT_MAX}, {FLT_MAX, -FLT_MAX}};
    const affect_point infinite[2] = {{INFINITY, 0}, {0, 0}};
    assert_int_equal(af_similarity_fit(&s, apart, apart, 1), 0);
    is_identity(&s);
    assert_int_equal(af_similarity_fit(&s, apart, apart, 0), 0);
    assert_int_equal(af_similarity_fit(&s, apart, apart, -5), 0);
    assert_int_equal(af_similarity_fit(&s, same, apart, 3), 0);
    const affect_point seven[7] = {{0, 0}, {1, 0}, {0, 2}, {4, 4}, {5, 1}, {6, 3}, {7, 8}};
    assert_int_equal(af_similarity_fit(&s, many, seven, 7), 0);
    assert_int_equal(af_similarity_fit(&s, far, apart, 2), 0);
    assert_int_equal(af_similarity_fit(&s, apart, same, 3), 0); /* scale 0 */
    is_identity(&s);
    assert_int_equal(af_similarity_fit(&s, bad, apart, 3), 0);
    assert_int_equal(af_similarity_fit(&s, apart, bad, 3), 0);
    assert_int_equal(af_similarity_fit(&s, infinite, apart, 2), 0);
    assert_int_equal(af_similarity_fit(&s, apart, infinite, 2), 0);
    is_identity(&s);
    (void)af_similarity_fit(&s, huge, apart, 2);
    (void)af_similarity_fit(&s, apart, huge, 2);
    const af_similarity none = {0, 0, 3, 4}, nan = {NAN, 1, 0, 0}, tiny = {1e-40f, 0, 0, 0};
    assert_int_equal(af_similarity_invert(&s, &none), 0);
    is_identity(&s);
    assert_int_equal(af_similarity_invert(&s, &nan), 0);
    assert_int_equal(af_similarity_invert(&s, &tiny), 0);
    is_identity(&s);
}

/* ---------------------------------------------------------------------------------------- crops */

/* The picture halved `level` times, as one rounded mean, like docs/image.md says. */
static plane halved(const plane *p, int level) {
    const int n = 1 << level;
    plane out = plane_new(p->width / n ? p->width / n : 1, p->height / n ? p->height / n : 1);
    for (int y = 0; y < out.height; y++)
        for (int x = 0; x < out.width; x++) {
            double sum = 0;
            int count = 0;
            for (int j = y * n; j < (y + 1) * n && j < p->height; j++)
                for (int i = x * n; i < (x + 1) * n && i < p->width; i++, count++)
                    sum += plane_get(p, i, j);
            out.at[y * out.width + x] = (uint8_t)floor(sum / count + 0.5);
        }
    return out;
}

static double bilinear(const plane *p, double x, double y) {
    x = fmin(fmax(x - 0.5, 0), p->width - 1);
    y = fmin(fmax(y - 0.5, 0), p->height - 1);
    const int i = (int)x, j = (int)y;
    const int i2 = i + 1 < p->width ? i + 1 : i, j2 = j + 1 < p->height ? j + 1 : j;
    const double fx = x - i, fy = y - j;
    return (plane_get(p, i, j) * (1 - fx) + plane_get(p, i2, j) * fx) * (1 - fy) +
           (plane_get(p, i, j2) * (1 - fx) + plane_get(p, i2, j2) * fx) * fy;
}

static int level_of(const af_similarity *s) {
    const double pitch = hypot((double)s->a, (double)s->b);
    const double level = ceil(log2(pitch / 1.5) - 1e-9);
    return level > 0 ? (int)level : 0;
}

/* What the crop shows before the table; -1: outside; -2: so close to the border that rounding may
 * decide. */
static double crop_value(const plane *shown, const plane *small, int level, const af_similarity *s,
                         int size, int mirror, int u, int v) {
    const double cu = mirror ? size - 1 - u + 0.5 : u + 0.5, cv = v + 0.5;
    const double x = (double)s->a * cu - (double)s->b * cv + (double)s->tx;
    const double y = (double)s->b * cu + (double)s->a * cv + (double)s->ty;
    const double in = fmin(fmin(x, shown->width - x), fmin(y, shown->height - y));
    if (fabs(in) < 0.01)
        return -2;
    return in < 0 ? -1 : bilinear(small, x / (1 << level), y / (1 << level));
}

/* Everything of a crop but the values: guards, both back ends equal, an upright copy equal. */
static void take_crop(const picture *p, const af_similarity *s, int size, int mirror, uint8_t *crop,
                      float *share) {
    picture upright = picture_upright(p);
    const size_t bytes = (size_t)(size * size);
    for (int c = 0; c < 3; c++) {
        af_view view;
        assert_int_equal(
            af_view_open(&view, c == 2 ? &upright.image : &p->image, c ? af_cpu_detect() : 0),
            AFFECT_OK);
        guarded out = guarded_open(bytes, 1), memory = guarded_open(af_crop_scratch(size), 1);
        float inside;
        assert_int_equal(af_crop(&view, s, size, mirror, out.data, memory.data, &inside), 1);
        if (c == 0) {
            memcpy(crop, out.data, bytes);
            *share = inside;
        }
        assert_memory_equal(crop, out.data, bytes);
        assert_true(inside == *share);
        guarded_close(&memory);
        guarded_close(&out);
    }
    picture_free(&upright);
}

static void check_crop(const picture *p, const af_similarity *s, int size, int mirror) {
    static uint8_t crop[AF_CROP_MAX * AF_CROP_MAX];
    static double want[AF_CROP_MAX * AF_CROP_MAX];
    float share;
    take_crop(p, s, size, mirror, crop, &share);
    const int level = level_of(s);
    plane small = halved(&p->shown, level);
    double sum = 0, squares = 0;
    int inside = 0, unsure = 0;
    for (int v = 0; v < size; v++)
        for (int u = 0; u < size; u++) {
            const double value = crop_value(&p->shown, &small, level, s, size, mirror, u, v);
            want[v * size + u] = value;
            unsure += value == -2;
            if (value >= 0) {
                inside++;
                sum += value;
                squares += value * value;
            }
        }
    free(small.at);
    assert_true(fabs((double)share * size * size - inside) <= unsure + 0.01);
    if (!inside || unsure > inside / 1000)
        return; /* the reference's mean could be off */
    const double mean = sum / inside;
    const double sigma = fmax(sqrt(fmax(squares / inside - mean * mean, 0)), 4);
    for (int i = 0; i < size * size; i++) {
        if (want[i] == -1)
            assert_int_equal(crop[i], AF_PAD);
        if (want[i] < 0)
            continue;
        /* a level of luma for fixed point, one of the table's rounding and mean */
        const double y = fmin(fmax(64 + (want[i] - mean) * 28 / sigma, 0), 127);
        if (fabs(crop[i] - y) > 1.2 * 28 / sigma + 1 + fabs(y - 64) * 0.03)
            fail_msg("pixel %d, %d of %d, level %d: %d is not %f", i % size, i / size, size, level,
                     crop[i], y);
    }
}

static void crops(void **state) {
    (void)state;
    for (int round = 0; round < 400; round++) {
        picture p = picture_new(all_formats[round % 12], 2 * random_between(1, 150),
                                random_between(1, 300), 0, round & 1, 90 * random_between(0, 3),
                                (int)(random_bits() & 1), 1, round % 3);
        const int sizes[] = {96, 64, 32, 1, 2, 17};
        const int size = sizes[round % 6];
        const double scale = exp(random_unit() * 5 - 2);
        const af_similarity turn = similarity_of(scale, round % 4 ? 360 * random_unit() : 45, 0, 0);
        const affect_point middle = map_point(&turn, size / 2.0, size / 2.0);
        af_similarity s = turn;
        s.tx = (float)(p.shown.width * (1.4 * random_unit() - 0.2)) - middle.x;
        s.ty = (float)(p.shown.height * (1.4 * random_unit() - 0.2)) - middle.y;
        check_crop(&p, &s, size, round / 6 & 1);
        picture_free(&p);
    }
}

/* The largest region of a crop: a pitch of just 1.5 times a power of two, at all angles. */
static void crop_regions(void **state) {
    (void)state;
    picture p = picture_new(AFFECT_GREY, 1300, 1310, 0, 0, 0, 0, 1, 1);
    for (int angle = 0; angle < 360; angle += 15)
        for (int level = 0; level < 2; level++) {
            const int size = level ? 96 : AF_CROP_MAX;
            af_similarity s = similarity_of(1.4999999 * (1 << level), angle, 0, 0);
            const affect_point middle = map_point(&s, size / 2.0, size / 2.0);
            s.tx = 650 - middle.x;
            s.ty = 655 - middle.y;
            check_crop(&p, &s, size, angle & 1);
        }
    picture_free(&p);
}

/* To the bit, by the definition of docs/image.md: for maps that 16 fractional bits hold exactly,
 * positions are rounded to 1/256 of a pixel of the reduced picture and values once. */
static void crop_bytes(void **state) {
    (void)state;
    for (int round = 0; round < 60; round++) {
        picture p = picture_new(AFFECT_GREY, random_between(60, 400), random_between(60, 400), 0, 0,
                                0, 0, 1, 0);
        const af_similarity s = {(float)random_between(-900, 900) / 256,
                                 (float)random_between(1, 900) / 256,
                                 (float)random_between(0, 200 * 16) / 16,
                                 (float)random_between(-100 * 16, 200 * 16) / 16};
        const int level = level_of(&s);
        plane small = halved(&p.shown, level);
        uint32_t histogram[256] = {0};
        uint8_t table[256];
        static uint8_t crop[64 * 64];
        static int luma[64 * 64];
        for (int i = 0; i < 64 * 64; i++) {
            const int column = i % 64, line = i / 64;
            const double u = column + 0.5, v = line + 0.5;
            const double x = (double)s.a * u - (double)s.b * v + (double)s.tx;
            const double y = (double)s.b * u + (double)s.a * v + (double)s.ty;
            luma[i] = -1;
            if (x < 0 || y < 0 || x >= p.shown.width || y >= p.shown.height)
                continue;
            const double at_x = floor((x / (1 << level) - 0.5) * 256 + 0.5) / 256;
            const double at_y = floor((y / (1 << level) - 0.5) * 256 + 0.5) / 256;
            luma[i] = (int)floor(bilinear(&small, at_x + 0.5, at_y + 0.5) + 0.5);
            histogram[luma[i]]++;
        }
        af_contrast_table(histogram, table);
        float share;
        take_crop(&p, &s, 64, 0, crop, &share);
        for (int i = 0; i < 64 * 64; i++)
            assert_int_equal(crop[i], luma[i] < 0 ? AF_PAD : table[luma[i]]);
        free(small.at);
        picture_free(&p);
    }
}

/* A crop on whole pixels is the picture itself, through the table; also reduced. */
static void crop_identities(void **state) {
    (void)state;
    picture p = picture_new(AFFECT_RGB, 200, 180, 0, 0, 90, 1, 1, 0);
    static uint8_t crop[64 * 64];
    for (int level = 0; level < 2; level++)
        for (int mirror = 0; mirror < 2; mirror++) {
            const af_similarity s = {(float)(1 << level), 0, 12, 24};
            plane small = halved(&p.shown, level);
            uint32_t histogram[256] = {0};
            uint8_t table[256], luma[64 * 64];
            for (int v = 0; v < 64; v++)
                for (int u = 0; u < 64; u++) {
                    const int at = mirror ? 63 - u : u;
                    luma[v * 64 + u] =
                        (uint8_t)plane_get(&small, (12 >> level) + at, (24 >> level) + v);
                    histogram[luma[v * 64 + u]]++;
                }
            af_contrast_table(histogram, table);
            float share;
            take_crop(&p, &s, 64, mirror, crop, &share);
            assert_true(share == 1.0f);
            for (int i = 0; i < 64 * 64; i++)
                assert_int_equal(crop[i], table[luma[i]]);
            free(small.at);
        }
    picture_free(&p);
}

static void expect_nothing(const af_view *view, const af_similarity *s, int size, int result) {
    guarded out = guarded_open((size_t)(size * size), 1);
    float inside = 3;
    assert_int_equal(af_crop(view, s, size, 0, out.data, scratch, &inside), result);
    assert_true(inside == 0);
    for (int i = 0; i < size * size; i++)
        assert_int_equal(out.data[i], AF_PAD);
    assert_int_equal(af_crop(view, s, size, 1, out.data, scratch, NULL), result);
    guarded_close(&out);
}

static void crop_extremes(void **state) {
    (void)state;
    picture p = picture_new(AFFECT_GREY, 50, 40, 0, 0, 0, 0, 1, 0);
    af_view view;
    assert_int_equal(af_view_open(&view, &p.image, 0), AFFECT_OK);
    static const af_similarity senseless[] = {
        {NAN, 0, 0, 0},      {0, NAN, 0, 0},       {1, 0, NAN, 0},      {1, 0, 0, NAN},
        {INFINITY, 0, 0, 0}, {0, -INFINITY, 0, 0}, {1, 0, INFINITY, 0}, {1, 0, 0, -INFINITY},
        {0, 0, 3, 3},        {FLT_MAX, 0, 0, 0},   {1, 0, FLT_MAX, 0},  {1e-4f, 0, 3, 3},
        {1537, 0, 0, 0},     {1100, 1100, 0, 0},   {1, 0, 0, -1.1e6f},  {FLT_MIN, FLT_MIN, 1, 1}};
    for (size_t i = 0; i < sizeof senseless / sizeof senseless[0]; i++)
        expect_nothing(&view, &senseless[i], 32, 0);
    static const af_similarity outside[] = {{1, 0, 50, 0},      {1, 0, -32, 0},
                                            {1, 0, 0, 40},      {1, 0, 0, -32},
                                            {1, 0, 1048576, 0}, {1, 0, -1048576, -1048576},
                                            {0.002f, 0, 0, 41}, {1000, 1000, -1048576, 1048576}};
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++)
        expect_nothing(&view, &outside[i], 32, 1);

    /* the first pixel's whole area is inside, the border is half open */
    uint8_t crop[32 * 32];
    float inside;
    const af_similarity edge = {1, 0, 49, 39};
    assert_int_equal(af_crop(&view, &edge, 32, 0, crop, scratch, &inside), 1);
    assert_true(inside == 1.0f / 1024);
    const af_similarity border = {1, 0, 49.5f, 0};
    assert_int_equal(af_crop(&view, &border, 32, 0, crop, scratch, &inside), 1);
    assert_true(inside == 0);

    crop[0] = 9;
    const af_similarity fine = {1, 0, 0, 0};
    assert_int_equal(af_crop(&view, &fine, 0, 0, crop, scratch, NULL), 0);
    assert_int_equal(af_crop(&view, &fine, -1, 0, crop, scratch, NULL), 0);
    assert_int_equal(af_crop(&view, &fine, AF_CROP_MAX + 1, 0, crop, scratch, NULL), 0);
    assert_int_equal(crop[0], 9);
    assert_int_equal(af_crop_scratch(0), 0);
    assert_int_equal(af_crop_scratch(AF_CROP_MAX + 1), 0);
    assert_int_equal(af_crop_scratch(96), AF_CROP_SCRATCH(96));
    assert_true(af_crop_scratch(96) <= 65536);
    picture_free(&p);
}

/* Any bits as floats, on pictures of all shapes: the guards and sanitizers watch. */
static void crop_bits(void **state) {
    (void)state;
    for (int round = 0; round < 3000; round++) {
        picture p = picture_new(AFFECT_GREY, random_between(1, 9), random_between(1, 9), 0, 0,
                                90 * (round & 3), 0, 1, 0);
        af_view view;
        assert_int_equal(af_view_open(&view, &p.image, 0), AFFECT_OK);
        af_similarity s;
        for (int k = 0; k < 4; k++) {
            /* sign, an exponent from tiny to huge, mantissa */
            const uint32_t bits = (random_bits() & 1) << 31 |
                                  (uint32_t)random_between(100, 150) << 23 |
                                  (random_bits() & 0x7FFFFF);
            memcpy((float *)&s + k, &bits, sizeof bits);
        }
        guarded out = guarded_open(64 * 64, 1), memory = guarded_open(af_crop_scratch(64), 1);
        (void)af_crop(&view, &s, 64, round & 1, out.data, memory.data, NULL);
        for (int i = 0; i < 64 * 64; i++)
            assert_true(out.data[i] <= 127);
        guarded_close(&memory);
        guarded_close(&out);
        picture_free(&p);
    }
}

/* A crop of a picture as large as there are, whole and in its last corner. */
static void crop_large(void **state) {
    (void)state;
    const size_t side = 32768;
    uint8_t *const pixels =
        mmap(NULL, side * side, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pixels == MAP_FAILED)
        skip();
    affect_image image;
    memset(&image, 0, sizeof image);
    image.size = sizeof image;
    image.planes[0] = pixels;
    image.strides[0] = (ptrdiff_t)side;
    image.width = image.height = (int32_t)side;
    image.format = AFFECT_GREY;
    af_view view;
    assert_int_equal(af_view_open(&view, &image, af_cpu_detect()), AFFECT_OK);
    uint8_t crop[32 * 32];
    float inside;
    const af_similarity corner = {1, 0, 32768 - 16, 32768 - 8};
    assert_int_equal(af_crop(&view, &corner, 32, 0, crop, scratch, &inside), 1);
    assert_true(inside == 0.125f);
    const af_similarity band = {1024, 0, 0, 32768 - 1024};
    assert_int_equal(af_crop(&view, &band, 32, 0, crop, scratch, &inside), 1);
    assert_true(inside == 1.0f / 32);
    munmap(pixels, side * side);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contrast),        cmocka_unit_test(fits),
        cmocka_unit_test(degenerate),      cmocka_unit_test(crops),
        cmocka_unit_test(crop_regions),    cmocka_unit_test(crop_bytes),
        cmocka_unit_test(crop_identities), cmocka_unit_test(crop_extremes),
        cmocka_unit_test(crop_bits),       cmocka_unit_test(crop_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
