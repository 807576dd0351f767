/* Decoding, suppression, alignment, pose and emotions against references written another way. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "face/decode.h"
#include "face/emotion.h"
#include "face/expression.h"
#include "face/eyes.h"
#include "face/geometry.h"
#include "face/pose.h"
#include "models/models.h"
#include "nn/container.h"
#include "reading.h"

static uint32_t random_state;

static uint32_t random_bits(void) {
    random_state = random_state * 1664525u + 1013904223u;
    return random_state >> 8;
}

static double random_between(double low, double high) {
    return low + (high - low) * (double)random_bits() / 16777216.0;
}

static void assert_near(double value, double expected, double tolerance) {
    if (!(fabs(value - expected) <= tolerance))
        fail_msg("%.9g is not %.9g (within %g)", value, expected, tolerance);
}

/* ------------------------------------------------------------------------------------- decoding */

enum { GRID = 9, CELLS = GRID * GRID };

typedef struct fake_head {
    int32_t values[CELLS * 16];
    float scales[16];
    af_level level;
} fake_head;

/* A square level with the points behind the boxes. */
static af_level level_of(const int32_t *values, const float *scales, int32_t side, float stride) {
    const af_head head = {values, scales, side, side, 16, 16};
    return (af_level){head, af_decode_points_behind(&head), stride};
}

/* Boxes of 1 to 4 strides around the cells, a share of the cells above the threshold. */
static void fill_head(fake_head *f, int32_t bias, float stride) {
    for (int c = 0; c < 16; c++)
        f->scales[c] = 0.001f * (float)(c + 1);
    for (int i = 0; i < CELLS; i++)
        for (int c = 0; c < 16; c++) {
            const double v = c < 2   ? random_between(-4, 4) + bias
                             : c < 6 ? random_between(-0.2, 2)
                                     : random_between(-2, 2);
            f->values[i * 16 + c] = (int32_t)(v / f->scales[c]);
        }
    f->level = level_of(f->values, f->scales, GRID, stride);
}

static double sigmoid(double x) {
    return 1 / (1 + exp(-x));
}

/* All cells of one head in double precision and without the early way out. */
static int reference_cells(const fake_head *f, double stride, double threshold, double (*out)[5]) {
    int n = 0;
    for (int i = 0; i < CELLS; i++) {
        double v[16];
        for (int c = 0; c < 16; c++)
            v[c] = (double)f->values[i * 16 + c] * (double)f->scales[c];
        const double cx = (i % GRID + 0.5) * stride, cy = (i / GRID + 0.5) * stride;
        const double x1 = cx - v[2] * stride, y1 = cy - v[3] * stride;
        const double x2 = cx + v[4] * stride, y2 = cy + v[5] * stride;
        const double score = sqrt(sigmoid(v[0]) * sigmoid(v[1]));
        if (score < threshold || x2 - x1 < 1 || y2 - y1 < 1)
            continue;
        const double row[5] = {x1, y1, x2, y2, score};
        memcpy(out[n++], row, sizeof row);
    }
    return n;
}

static void decodes_every_cell(void **state) {
    (void)state;
    static fake_head heads[2];
    static double expected[2 * CELLS][5];
    static af_candidate list[AF_DETECT_CANDIDATES];
    for (uint32_t seed = 1; seed <= 20; seed++) {
        random_state = seed;
        fill_head(&heads[0], 0, 8);
        fill_head(&heads[1], 1, 32);
        const af_level both[2] = {heads[0].level, heads[1].level};
        int n = reference_cells(&heads[0], 8, 0.5, expected);
        n += reference_cells(&heads[1], 32, 0.5, expected + n);
        const uint32_t found = af_decode_candidates(both, 2, 0.5f, list);
        assert_int_equal(found, n);
        for (uint32_t i = 0; i < found; i++) {
            if (i > 0)
                assert_true(list[i - 1].score >= list[i].score);
            int matched = 0;
            for (int k = 0; k < n; k++)
                matched += fabs(list[i].x1 - expected[k][0]) < 1e-3 &&
                           fabs(list[i].y1 - expected[k][1]) < 1e-3 &&
                           fabs(list[i].x2 - expected[k][2]) < 1e-3 &&
                           fabs(list[i].y2 - expected[k][3]) < 1e-3 &&
                           fabs(list[i].score - expected[k][4]) < 1e-5;
            assert_int_equal(matched, 1);
        }
    }
}

static void decodes_points(void **state) {
    (void)state;
    static fake_head f;
    random_state = 5;
    fill_head(&f, 0, 16);
    for (int i = 0; i < CELLS; i++)
        f.values[i * 16] = -1000000;
    int32_t *cell = f.values + (3 * GRID + 2) * 16;
    const double v[16] = {9, 9, 1, 1, 1, 1, .1, .2, .3, .4, .5, .6, .7, .8, .9, 1};
    for (int c = 0; c < 16; c++)
        cell[c] = (int32_t)lrint(v[c] / (double)f.scales[c]);
    af_candidate list[AF_DETECT_CANDIDATES];
    assert_int_equal(af_decode_candidates(&f.level, 1, 0.5f, list), 1);
    for (int k = 0; k < 5; k++) {
        assert_near(list[0].points[k].x, 2.5 * 16 + v[6 + 2 * k] * 16, 0.2);
        assert_near(list[0].points[k].y, 3.5 * 16 + v[7 + 2 * k] * 16, 0.2);
    }
    /* the same cell of a head of their own: the points of another grid, the other way round */
    static fake_head own;
    fill_head(&own, 0, 16);
    for (int c = 0; c < 10; c++)
        own.values[(3 * GRID + 2) * 16 + c] = (int32_t)lrint(v[15 - c] / (double)own.scales[c]);
    f.level.points = (af_head){own.values, own.scales, GRID, GRID, 10, 16};
    assert_int_equal(af_decode_candidates(&f.level, 1, 0.5f, list), 1);
    assert_near(list[0].x1, 1.5 * 16, 0.2);
    for (int k = 0; k < 5; k++) {
        assert_near(list[0].points[k].x, 2.5 * 16 + v[15 - 2 * k] * 16, 0.2);
        assert_near(list[0].points[k].y, 3.5 * 16 + v[14 - 2 * k] * 16, 0.2);
    }
}

/* Opens a reader with a detector whose head `from` has become head `to`, and the reverse. */
static affect_status open_with_heads_swapped(uint8_t from, uint8_t to) {
    const size_t size = af_model_detector_size;
    uint8_t *copy = malloc(size);
    assert_non_null(copy);
    memcpy(copy, af_model_detector, size);
    for (int32_t i = 0; i < af_read16(copy + 48); i++) {
        uint8_t *record = copy + 128 + 64 * i;
        if (record[1] & 1 && (record[7] == from || record[7] == to))
            record[7] = (uint8_t)(from + to - record[7]);
    }
    const uint32_t crc = af_crc32(0, copy + 16, size - 16);
    for (int k = 0; k < 4; k++)
        copy[12 + k] = (uint8_t)(crc >> 8 * k);
    affect_options options;
    affect_options_init(&options);
    options.models[AFFECT_MODEL_DETECTOR].data = copy;
    options.models[AFFECT_MODEL_DETECTOR].size = size;
    affect *reader;
    const affect_status status = affect_open(&reader, &options);
    affect_close(reader);
    free(copy);
    return status;
}

/* The points of stride 64 have fewer cells than the boxes of stride 32. */
static void points_of_another_level_are_refused(void **state) {
    (void)state;
    assert_int_equal(open_with_heads_swapped(4, 4), AFFECT_OK);
    assert_int_equal(open_with_heads_swapped(4, 5), AFFECT_ERR_MODEL);
}

/* More cells than candidates: the best must be those that stay. */
static void keeps_the_best(void **state) {
    (void)state;
    enum { SIDE = 64, ALL = SIDE * SIDE };
    int32_t *values = calloc((size_t)ALL * 16, sizeof *values);
    float scales[16];
    af_candidate *list = calloc(AF_DETECT_CANDIDATES, sizeof *list);
    assert_non_null(values);
    assert_non_null(list);
    for (int c = 0; c < 16; c++)
        scales[c] = 0.001f;
    for (int i = 0; i < ALL; i++) {
        const int shuffled = (i * 1741) % ALL; /* 1741 is odd: every number once */
        values[i * 16] = shuffled;
        values[i * 16 + 1] = 4000;
        for (int c = 2; c < 6; c++)
            values[i * 16 + c] = 1000;
    }
    const af_level level = level_of(values, scales, SIDE, 8);
    assert_int_equal(af_decode_candidates(&level, 1, 0.1f, list), AF_DETECT_CANDIDATES);
    for (int i = 0; i < AF_DETECT_CANDIDATES; i++)
        assert_int_equal(values[list[i].order * 16], ALL - 1 - i);
    free(list);
    free(values);
}

/* ----------------------------------------------------------------------------------- suppression
 */

static double iou(const af_candidate *a, const af_candidate *b) {
    const double w = fmin(a->x2, b->x2) - fmax(a->x1, b->x1);
    const double h = fmin(a->y2, b->y2) - fmax(a->y1, b->y1);
    if (w <= 0 || h <= 0)
        return 0;
    const double aa = (double)(a->x2 - a->x1) * (a->y2 - a->y1);
    const double bb = (double)(b->x2 - b->x1) * (b->y2 - b->y1);
    return w * h / (aa + bb - w * h);
}

static void suppresses_what_overlaps(void **state) {
    (void)state;
    enum { COUNT = 300 };
    static af_candidate list[COUNT], before[COUNT];
    random_state = 77;
    for (uint32_t i = 0; i < COUNT; i++) {
        const double x = random_between(0, 200), y = random_between(0, 200);
        list[i] = (af_candidate){.x1 = (float)x, .y1 = (float)y, .order = i, .score = 1 - (float)i};
        list[i].x2 = list[i].x1 + (float)random_between(10, 60);
        list[i].y2 = list[i].y1 + (float)random_between(10, 60);
    }
    memcpy(before, list, sizeof list);
    const uint32_t kept = af_decode_suppress(list, COUNT, 0.4f);
    assert_in_range(kept, 2, COUNT - 1);
    /* A box stays exactly when it overlaps none of the kept boxes before it. */
    uint32_t at = 0;
    for (uint32_t i = 0; i < COUNT; i++) {
        int clear = 1;
        for (uint32_t k = 0; k < at; k++)
            clear &= iou(&before[i], &before[list[k].order]) <= 0.4;
        const int stays = at < kept && list[at].order == before[i].order;
        assert_int_equal(stays, clear);
        at += (uint32_t)stays;
    }
    assert_int_equal(at, kept);
}

/* What is dropped still says where points and edges are, by the cube of its score. */
static void points_and_boxes_are_means_of_what_was_dropped(void **state) {
    (void)state;
    enum { COUNT = 200 };
    static af_candidate list[COUNT], before[COUNT];
    random_state = 78;
    int tiny = 0, mean = 0;
    for (uint32_t i = 0; i < COUNT; i++) {
        const double x = random_between(0, 40), y = random_between(0, 40);
        list[i] = (af_candidate){.x1 = (float)x, .y1 = (float)y, .order = i};
        list[i].score = 1 - 0.004f * (float)i;
        list[i].x2 = list[i].x1 + (float)random_between(12, 22);
        list[i].y2 = list[i].y1 + (float)random_between(12, 22);
        for (int k = 0; k < 5; k++)
            list[i].points[k] =
                (affect_point){(float)random_between(0, 99), (float)random_between(0, 99)};
    }
    memcpy(before, list, sizeof list);
    const uint32_t kept = af_decode_suppress(list, COUNT, 0.4f);
    assert_in_range(kept, 2, COUNT / 3);
    for (uint32_t j = 0; j < kept; j++) {
        double sum[3] = {0, 0, 0}, box[3] = {0, 0, 0};
        const af_candidate *const first = &before[list[j].order]; /* orders are places here */
        for (uint32_t i = 0; i < COUNT; i++) {
            uint32_t owner = 0; /* the first that stays and is the same or overlaps */
            while (owner < kept && before[i].order != list[owner].order &&
                   iou(&before[i], &before[list[owner].order]) <= 0.4)
                owner++;
            if (owner != j)
                continue;
            const double weight = pow((double)before[i].score, 3);
            sum[0] += weight;
            sum[1] += weight * (double)before[i].points[4].x;
            sum[2] += weight * (double)before[i].points[4].y;
            if (&before[i] != first && iou(&before[i], first) <= 0.6)
                continue;
            mean += &before[i] != first;
            box[0] += weight;
            box[1] += weight * (double)before[i].x1;
            box[2] += weight * (double)before[i].y2;
        }
        assert_near(list[j].points[4].x, sum[1] / sum[0], 1e-3);
        assert_near(list[j].points[4].y, sum[2] / sum[0], 1e-3);
        const int small = (first->x2 - first->x1) * (first->y2 - first->y1) < 256;
        tiny += small && box[0] > sum[0] / 2 && fabs(box[1] / box[0] - (double)first->x1) > 0.1;
        assert_near(list[j].x1, small ? (double)first->x1 : box[1] / box[0], 1e-3);
        assert_near(list[j].y2, small ? (double)first->y2 : box[2] / box[0], 1e-3);
    }
    assert_true(tiny > 0 && mean > 0);
}

static void sorts_best_first(void **state) {
    (void)state;
    enum { COUNT = 101 };
    static af_candidate list[COUNT];
    random_state = 79;
    for (uint32_t count = 0; count <= COUNT; count++) {
        for (uint32_t i = 0; i < count; i++) /* few scores, so that many are equal */
            list[i] = (af_candidate){.score = (float)(random_bits() % 16), .order = i};
        af_decode_sort(list, count);
        uint64_t sum = 0;
        for (uint32_t i = 0; i < count; i++) {
            sum += list[i].order;
            if (i > 0)
                assert_true(
                    list[i - 1].score > list[i].score ||
                    (list[i - 1].score == list[i].score && list[i - 1].order < list[i].order));
        }
        assert_int_equal(sum, (uint64_t)count * (count ? count - 1 : 0) / 2);
    }
}

/* ------------------------------------------------------------------------------------- alignment
 */

static void template_lands_on_points(void **state) {
    (void)state;
    /* Five points made from the template by a known map are found again exactly. */
    const double angle = 0.3, scale = 1.7, tx = 40, ty = 25;
    affect_point five[5];
    for (int i = 0; i < 5; i++) {
        const double x = 96.0 * (double)af_template_landmarks[i].x;
        const double y = 96.0 * (double)af_template_landmarks[i].y;
        five[i].x = (float)(scale * (cos(angle) * x - sin(angle) * y) + tx);
        five[i].y = (float)(scale * (sin(angle) * x + cos(angle) * y) + ty);
    }
    af_similarity map;
    assert_true(af_geometry_align(&map, af_template_landmarks, five, 96));
    assert_near(map.a, scale * cos(angle), 1e-4);
    assert_near(map.b, scale * sin(angle), 1e-4);
    assert_near(map.tx, tx, 1e-2);
    assert_near(map.ty, ty, 1e-2);
    const affect_point same = {3, 4}, all[5] = {same, same, same, same, same};
    assert_false(af_geometry_align(&map, af_template_landmarks, all, 96));
}

static void five_points_of_landmarks(void **state) {
    (void)state;
    affect_point p[68], five[5];
    for (int i = 0; i < 68; i++) {
        p[i].x = (float)i;
        p[i].y = (float)(2 * i);
    }
    af_geometry_five_of_68(p, five);
    const double expected[5] = {38.5, 44.5, 30, 48, 54};
    for (int i = 0; i < 5; i++) {
        assert_near(five[i].x, expected[i], 1e-5);
        assert_near(five[i].y, 2 * expected[i], 1e-5);
    }
}

/* ------------------------------------------------------------------------------------------ pose
 */

static const double degree = 3.14159265358979323846 / 180;

/* R = Ry(yaw) Rx(-pitch) Rz(-roll), by multiplying matrices. */
static void rotation(double yaw, double pitch, double roll, double r[3][3]) {
    const double cy = cos(yaw * degree), sy = sin(yaw * degree);
    const double cp = cos(-pitch * degree), sp = sin(-pitch * degree);
    const double cr = cos(-roll * degree), sr = sin(-roll * degree);
    const double ry[3][3] = {{cy, 0, sy}, {0, 1, 0}, {-sy, 0, cy}};
    const double rx[3][3] = {{1, 0, 0}, {0, cp, -sp}, {0, sp, cp}};
    const double rz[3][3] = {{cr, -sr, 0}, {sr, cr, 0}, {0, 0, 1}};
    double t[3][3];
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            t[i][j] = ry[i][0] * rx[0][j] + ry[i][1] * rx[1][j] + ry[i][2] * rx[2][j];
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            r[i][j] = t[i][0] * rz[0][j] + t[i][1] * rz[1][j] + t[i][2] * rz[2][j];
}

static void angles_come_back(void **state) {
    (void)state;
    random_state = 9;
    for (int n = 0; n < 500; n++) {
        const double yaw = random_between(-85, 85), pitch = random_between(-80, 80);
        const double roll = random_between(-170, 170), crop = random_between(-60, 60) * degree;
        double r[3][3];
        rotation(yaw, pitch, roll, r);
        /* The crop's x axis runs along (cos, sin) in the picture (y down), so seen in the crop the
         * head is turned by the crop's angle the other way: counter-clockwise, in y-up axes by
         * +crop. */
        float axes[6];
        for (int k = 0; k < 2; k++) {
            const double x = r[0][k * 2], y = r[1][k * 2];
            axes[k * 3] = (float)(0.9 * (cos(crop) * x - sin(crop) * y));
            axes[k * 3 + 1] = (float)(0.9 * (sin(crop) * x + cos(crop) * y));
            axes[k * 3 + 2] = (float)(0.9 * r[2][k * 2]);
        }
        const af_similarity map = {(float)(3 * cos(crop)), (float)(3 * sin(crop)), 10, 20};
        affect_face face;
        af_face_clear(&face);
        assert_int_equal(af_pose_from_axes(&face, axes, &map), 1);
        assert_near(face.yaw, yaw, 0.01);
        assert_near(face.pitch, pitch, 0.01);
        assert_near(face.roll, roll, 0.02);
        assert_near(face.pose_confidence, 0.8, 1e-4);
    }
}

static void short_axes_are_no_pose(void **state) {
    (void)state;
    const af_similarity map = {1, 0, 0, 0};
    const float short_z[6] = {1, 0, 0, 0, 0, .4f}, parallel[6] = {0, 0, 1, 0, 0, 1};
    const float none[6] = {0, 0, 0, NAN, 0, 0};
    affect_face face;
    af_face_clear(&face);
    assert_int_equal(af_pose_from_axes(&face, short_z, &map), 0);
    assert_int_equal(af_pose_from_axes(&face, parallel, &map), 0);
    assert_int_equal(af_pose_from_axes(&face, none, &map), 0);
    assert_true(isnan(face.yaw));
}

static void translation_of_a_known_head(void **state) {
    (void)state;
    /* Outer eye corners one unit apart, 10 units away, half a unit to the right and up; f = 800. */
    affect_face face;
    af_face_clear(&face);
    face.yaw = 0;
    face.inter_ocular = 80;
    face.landmarks[36] = (affect_point){320, 200};
    face.landmarks[45] = (affect_point){400, 200};
    af_pose_translation(&face, 800, 640, 480);
    assert_near(face.translation[0], 0.5, 1e-4);
    assert_near(face.translation[1], 0.5, 1e-4);
    assert_near(face.translation[2], 10, 1e-3);
}

/* -------------------------------------------------------------------------------------- emotions
 */

static void emotions_are_a_distribution(void **state) {
    (void)state;
    const float logits[8] = {1, 3, -2, 0, .5f, -10, .2f, .1f};
    float e[AFFECT_EXPRESSION_COUNT] = {0};
    e[AFFECT_SMILE] = 0.9f;
    e[AFFECT_BROW_FURROW] = 0.1f;
    e[AFFECT_MOUTH_OPEN] = 0.5f;
    e[AFFECT_EYE_CLOSURE] = 0.25f;
    affect_face face;
    af_face_clear(&face);
    af_emotion_read(logits, 1.5f, e, &face);

    double p[8], sum = 0;
    for (int i = 0; i < 8; i++)
        sum += p[i] = exp(logits[i] / 1.5);
    const double v[8] = {0, .8, .15, -.65, -.5, -.6, -.6, -.45};
    const double a[8] = {-.05, .5, .8, -.25, .6, .35, .65, .25};
    double valence = .2 * (.9 - .1), arousal = .2 * .5 - .3 * .25;
    for (int i = 0; i < 8; i++) {
        assert_near(face.emotions[i], p[i] / sum, 1e-6);
        valence += v[i] * p[i] / sum;
        arousal += a[i] * p[i] / sum;
    }
    assert_near(face.valence, valence, 1e-5);
    assert_near(face.arousal, arousal, 1e-5);
}

/* ------------------------------------------------------------------------------------ expressions
 */

enum { SIDE = 128 };

/* Reads a picture in which only the five points are known, as it is or mirrored. The points lie as
 * in the template, so that both crops are the same pixels. */
static void read_mirrored(affect_face *face, af_net *net, const uint8_t *pixels, int mirror) {
    static const int opposite[5] = {1, 0, 2, 4, 3};
    affect_image image;
    affect_image_init(&image, AFFECT_GREY, pixels, SIDE, SIDE, SIDE);
    image.mirror = mirror;
    af_view view;
    assert_int_equal(af_view_open(&view, &image, 0), AFFECT_OK);
    affect_point at[5];
    for (int i = 0; i < 5; i++) {
        const affect_point p = af_template_expression[mirror ? opposite[i] : i];
        at[i] = (affect_point){SIDE * (mirror ? 1 - p.x : p.x), SIDE * p.y};
    }
    af_face_clear(face);
    face->presence = 1;
    for (int i = 0; i < 6; i++) {
        face->landmarks[36 + i] = at[0];
        face->landmarks[42 + i] = at[1];
    }
    face->landmarks[30] = at[2];
    face->landmarks[48] = at[3];
    face->landmarks[54] = at[4];
    const uint32_t wanted = affect_signals_available() & (AFFECT_EXPRESSIONS | AFFECT_EMOTIONS);
    uint64_t scratch[AF_CROP_SCRATCH(AF_EXPRESSION_SIDE) / 8 + 1];
    assert_int_equal(af_expression_read(net, &view, scratch, face, wanted, 1), wanted);
}

static void expressions_have_no_side(void **state) {
    (void)state;
    af_model model;
    if (af_model_parse(&model, af_model_expression, af_model_expression_size) != AFFECT_OK)
        skip(); /* left out of this build */
    af_net *net;
    assert_int_equal(af_net_open(&net, &model, 0, AF_EXPRESSION_SIDE, AF_EXPRESSION_SIDE, NULL,
                                 &af_malloc_allocator),
                     AFFECT_OK);
    uint8_t pixels[SIDE * SIDE];
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++)
            pixels[y * SIDE + x] = (uint8_t)(128 + 60 * sin(x * .11) + 60 * cos(y * .13 + x * .05));
    affect_face plain, mirrored;
    read_mirrored(&plain, net, pixels, 0);
    read_mirrored(&mirrored, net, pixels, 1);
    for (int i = 0; i < AFFECT_EXPRESSION_COUNT; i++)
        assert_near(mirrored.expressions[i], plain.expressions[i], 1e-4);
    if (affect_signals_available() & AFFECT_EMOTIONS)
        for (int i = 0; i < AFFECT_EMOTION_COUNT; i++)
            assert_near(mirrored.emotions[i], plain.emotions[i], 1e-4);
    assert_near(mirrored.confidence, plain.confidence, 1e-4);
    af_net_close(net, &af_malloc_allocator);
}

/* ------------------------------------------------------------------------------------------- eyes
 */

/* training/eyes/DECODE.md, in double. */
static double open_of(double closed_logit, double gap) {
    const double not_closed = 1 - sigmoid(closed_logit);
    const double share = fmin(1, fmax(0, (gap - 0.35) / 0.65));
    return not_closed < 0.5 ? not_closed : 0.5 + (not_closed - 0.5) * share;
}

static void open_follows_the_lid_gap(void **state) {
    (void)state;
    af_model model;
    assert_int_equal(af_model_parse(&model, af_model_eyes, af_model_eyes_size), AFFECT_OK);
    af_net *net;
    assert_int_equal(
        af_net_open(&net, &model, 0, AF_EYES_SIDE, AF_EYES_SIDE, NULL, &af_malloc_allocator),
        AFFECT_OK);
    int opened = 0;
    random_state = 7;
    for (int round = 0; round < 40; round++) {
        /* a dark disc in a bright slit of any height */
        uint8_t pixels[SIDE * SIDE];
        const double height = random_between(0, 40), radius = random_between(10, 30);
        for (int i = 0; i < SIDE * SIDE; i++) {
            const double x = i % SIDE - 64, y = i / SIDE - 64;
            pixels[i] = fabs(y) > height * (1 - x * x / 3600) ? 110
                        : x * x + y * y < radius * radius     ? 30
                                                              : 220;
        }
        affect_image image;
        affect_image_init(&image, AFFECT_GREY, pixels, SIDE, SIDE, SIDE);
        af_view view;
        assert_int_equal(af_view_open(&view, &image, 0), AFFECT_OK);
        uint64_t scratch[AF_CROP_SCRATCH(AF_EYES_SIDE) / 8 + 1];
        affect_eye eye;
        assert_int_equal(af_eyes_read_picture(net, &view, scratch, 1, &eye), 1);
        const af_head head = af_net_head(net, 0);
        const double closed = (double)head.values[0] * (double)head.scales[0];
        const double gap = (double)head.values[1] * (double)head.scales[1];
        assert_near(eye.open, open_of(closed, gap), 1e-4);
        opened += eye.open > 0.5f && eye.open < 0.95f;
    }
    assert_true(opened > 0);
    af_net_close(net, &af_malloc_allocator);
}

/* --------------------------------------------------------------------------------------- readings
 */

static void hidden_signals_are_not_measured(void **state) {
    (void)state;
    affect_face face;
    memset(&face, 0, sizeof face);
    face.measured = AFFECT_LANDMARKS | AFFECT_POSE | AFFECT_EYES;
    af_face_hide(&face, AFFECT_POSE | AFFECT_EMOTIONS);
    assert_int_equal(face.measured, AFFECT_POSE);
    assert_true(face.yaw == 0 && isnan(face.landmarks[67].y) && isnan(face.left_eye.open));
    assert_true(isnan(face.emotions[7]) && isnan(face.confidence));
    assert_int_equal(face.state.drowsiness_stage, -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_every_cell),
        cmocka_unit_test(decodes_points),
        cmocka_unit_test(points_of_another_level_are_refused),
        cmocka_unit_test(keeps_the_best),
        cmocka_unit_test(suppresses_what_overlaps),
        cmocka_unit_test(points_and_boxes_are_means_of_what_was_dropped),
        cmocka_unit_test(sorts_best_first),
        cmocka_unit_test(template_lands_on_points),
        cmocka_unit_test(five_points_of_landmarks),
        cmocka_unit_test(angles_come_back),
        cmocka_unit_test(short_axes_are_no_pose),
        cmocka_unit_test(translation_of_a_known_head),
        cmocka_unit_test(emotions_are_a_distribution),
        cmocka_unit_test(expressions_have_no_side),
        cmocka_unit_test(open_follows_the_lid_gap),
        cmocka_unit_test(hidden_signals_are_not_measured),
    };
    return cmocka_run_group_tests_name("face", tests, NULL, NULL);
}
