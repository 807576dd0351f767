/* Reads the rendered sample pictures and compares with the renderer's exact truth; the same bytes
 * with every back end. Run from the repository's root. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../examples/affect/tool.h"
#include "data/sample_truth.h"

enum { FACES = sizeof sample_faces / sizeof *sample_faces, MOST = 16 };

/* The profile fills its picture and scores as much as the default threshold, which all others pass.
 */
#define PROFILE "profile.jpg"
#define PROFILE_THRESHOLD 0.6f

/* threshold 0: the default */
static affect *open_reader(uint32_t cpu, float threshold) {
    affect_options options;
    affect_options_init(&options);
    if (threshold > 0)
        options.threshold = threshold;
    options.signals = affect_signals_available();
    options.max_faces = MOST;
    options.cpu = cpu;
    affect *reader;
    assert_int_equal(affect_open(&reader, &options), AFFECT_OK);
    return reader;
}

static void load(struct picture *picture, const char *name) {
    char path[256];
    const char *why = "";
    snprintf(path, sizeof path, "examples/pictures/%s", name);
    if (!picture_load(picture, path, true, &why))
        fail_msg("%s: %s", path, why);
}

static double distance(const float *a, double x, double y) {
    return hypot((double)a[0] - x, (double)a[1] - y);
}

/* The face whose box holds the middle of the truth's points, the nearest centre if several do. */
static const affect_face *find(const affect_reading *reading, const sample_face *truth) {
    double x = 0, y = 0, least = 1e9;
    for (int i = 0; i < 68; i++) {
        x += (double)truth->points[i][0] / 68;
        y += (double)truth->points[i][1] / 68;
    }
    const affect_face *best = NULL;
    for (uint32_t i = 0; i < affect_reading_face_count(reading); i++) {
        const affect_face *face = affect_reading_face(reading, i);
        const double dx = x - (double)face->box.x, dy = y - (double)face->box.y;
        const double width = (double)face->box.width, height = (double)face->box.height;
        const double d = hypot(dx - width / 2, dy - height / 2);
        if (dx > 0 && dy > 0 && dx < width && dy < height && d < least) {
            least = d;
            best = face;
        }
    }
    return best;
}

/* Mean error of the 51 inner points over the distance of the outer eye corners. */
static double inner_error(const affect_face *face, const sample_face *truth) {
    const float *right = truth->points[36], *left = truth->points[45];
    double sum = 0;
    for (int i = 17; i < 68; i++)
        sum +=
            distance(truth->points[i], (double)face->landmarks[i].x, (double)face->landmarks[i].y);
    return sum / 51 / distance(right, (double)left[0], (double)left[1]);
}

/* Sums over the faces that are not in profile. */
typedef struct pose_error {
    double yaw, pitch;
    int faces;
} pose_error;

static void check_face(const affect_face *face, const sample_face *truth, pose_error *sum) {
    if (fabs((double)truth->yaw) > 60)
        return; /* in profile it is enough to be found */
    assert_true(face->measured & AFFECT_LANDMARKS && face->measured & AFFECT_POSE);
    const double error = inner_error(face, truth);
    if (error > 0.12)
        fail_msg("%s: landmarks are off by %.3f eye distances", truth->picture, error);
    const double yaw = fabs((double)(face->yaw - truth->yaw));
    const double pitch = fabs((double)(face->pitch - truth->pitch));
    const double roll = fabs((double)(face->roll - truth->roll));
    sum->yaw += yaw;
    sum->pitch += pitch;
    sum->faces++;
    if (yaw > 20 || pitch > 20 || roll > 10)
        fail_msg("%s: yaw %.1f pitch %.1f roll %.1f instead of %.1f %.1f %.1f", truth->picture,
                 (double)face->yaw, (double)face->pitch, (double)face->roll, (double)truth->yaw,
                 (double)truth->pitch, (double)truth->roll);
    if (face->measured & AFFECT_EYES && !isnan(face->right_eye.open)) {
        if (truth->open_right < 0.1f)
            assert_true(face->right_eye.open < 0.5f);
        if (truth->open_right > 0.6f)
            assert_true(face->right_eye.open > 0.5f);
    }
}

static void finds_what_was_rendered(void **state) {
    (void)state;
    affect *usual = open_reader(AFFECT_CPU_ALL, 0);
    affect *lower = open_reader(AFFECT_CPU_ALL, PROFILE_THRESHOLD);
    pose_error sum = {0, 0, 0};
    for (int i = 0; i < FACES;) {
        struct picture picture;
        load(&picture, sample_faces[i].picture);
        affect_image image;
        picture_image(&picture, &image);
        const char *name = sample_faces[i].picture;
        affect *reader = strcmp(name, PROFILE) == 0 ? lower : usual;
        const affect_reading *reading;
        assert_int_equal(affect_read(reader, &image, AFFECT_STILL, &reading), AFFECT_OK);
        uint32_t faces = 0;
        for (; i < FACES && strcmp(sample_faces[i].picture, name) == 0; i++, faces++) {
            const affect_face *face = find(reading, &sample_faces[i]);
            if (!face)
                fail_msg("%s: face %u is not found", name, faces);
            else
                check_face(face, &sample_faces[i], &sum);
        }
        if (affect_reading_face_count(reading) != faces)
            fail_msg("%s: %u faces instead of %u", name, affect_reading_face_count(reading), faces);
        picture_free(&picture);
    }
    affect_close(usual);
    affect_close(lower);
    assert_true(sum.yaw / sum.faces < 8 && sum.pitch / sum.faces < 8);
}

static const sample_face *portrait(void) {
    int i = 0;
    while (strcmp(sample_faces[i].picture, "portrait.jpg") != 0)
        i++;
    return &sample_faces[i];
}

/* The picture turned about a point (clockwise), nearest pixels, grey; the truth turned with it. */
static uint8_t *turned(const affect_image *image, double degrees, double cx, double cy,
                       sample_face *truth) {
    const double c = cos(degrees * 3.14159265358979 / 180),
                 s = sin(degrees * 3.14159265358979 / 180);
    const int w = image->width, h = image->height;
    uint8_t *grey = calloc((size_t)w, (size_t)h);
    assert_non_null(grey);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            const int u = (int)floor(cx + c * (x - cx) + s * (y - cy) + .5);
            const int v = (int)floor(cy - s * (x - cx) + c * (y - cy) + .5);
            if (u >= 0 && v >= 0 && u < w && v < h)
                grey[y * w + x] =
                    ((const uint8_t *)image->planes[0])[v * image->strides[0] + 3 * u + 1];
        }
    for (int i = 0; i < 68; i++) {
        const double x = (double)truth->points[i][0] - cx, y = (double)truth->points[i][1] - cy;
        truth->points[i][0] = (float)(cx + c * x - s * y);
        truth->points[i][1] = (float)(cy + s * x + c * y);
    }
    return grey;
}

/* A caller's box says nothing of how the head lies in it. */
static void boxes_may_hold_turned_heads(void **state) {
    (void)state;
    const sample_face *upright = portrait();
    struct picture picture;
    load(&picture, upright->picture);
    affect_image image;
    picture_image(&picture, &image);
    assert_int_equal(image.format, AFFECT_RGB);
    affect *reader = open_reader(AFFECT_CPU_ALL, 0);
    for (int degrees = -60; degrees <= 60; degrees += 30) {
        sample_face truth = *upright;
        const double cx = (double)truth.points[30][0], cy = (double)truth.points[30][1];
        const float side = 1.2f * (truth.points[8][1] - truth.points[27][1]);
        uint8_t *grey = turned(&image, degrees, cx, cy, &truth);
        affect_image view;
        affect_image_init(&view, AFFECT_GREY, grey, image.width, image.height, image.width);
        const affect_box box = {(float)cx - side / 2, (float)cy - side / 2, side, side};
        const affect_reading *reading;
        assert_int_equal(affect_read_boxes(reader, &view, AFFECT_STILL, &box, 1, &reading),
                         AFFECT_OK);
        const affect_face *face = affect_reading_face(reading, 0);
        assert_true(face->presence > 0.5f);
        const double error = inner_error(face, &truth);
        if (error > 0.1)
            fail_msg("turned by %d degrees: landmarks are off by %.3f eye distances", degrees,
                     error);
        free(grey);
    }
    affect_close(reader);
    picture_free(&picture);
}

/* A flat bar over one eye, as wide as 1.6 eyes and as high as 1.4, leaves nothing to measure; the
 * other eye stays. */
static void covered_eyes_are_not_measured(void **state) {
    (void)state;
    const sample_face *truth = portrait();
    struct picture picture;
    load(&picture, truth->picture);
    affect_image image;
    picture_image(&picture, &image);
    affect *reader = open_reader(AFFECT_CPU_ALL, 0);
    const float *outer = truth->points[36], *inner = truth->points[39];
    const double cx = (double)(outer[0] + inner[0]) / 2, cy = (double)(outer[1] + inner[1]) / 2;
    const double width = distance(outer, (double)inner[0], (double)inner[1]);
    for (int grey = 0; grey <= 200; grey += 40) {
        for (int y = (int)(cy - .7 * width); y < (int)(cy + .7 * width); y++)
            memset((uint8_t *)image.planes[0] + y * image.strides[0] + 3 * (int)(cx - .8 * width),
                   grey, 3 * (size_t)(1.6 * width));
        const affect_reading *reading;
        assert_int_equal(affect_read(reader, &image, AFFECT_STILL, &reading), AFFECT_OK);
        const affect_face *face = find(reading, truth);
        assert_non_null(face);
        assert_true(face->measured & AFFECT_EYES);
        if (!isnan(face->right_eye.open) || !isnan(face->right_eye.closed))
            fail_msg("an eye behind a bar of grey %d is read as open by %.2f", grey,
                     (double)face->right_eye.open);
        assert_true(face->left_eye.open > 0.5f);
    }
    affect_close(reader);
    picture_free(&picture);
}

/* Only boxes and the detector's own points. */
static affect *open_searcher_from(float threshold, int32_t detect_size, int32_t max_looks,
                                  uint32_t cpu) {
    affect_options options;
    affect_options_init(&options);
    options.signals = 0;
    options.threshold = threshold;
    options.detect_size = detect_size;
    options.max_looks = max_looks;
    options.max_faces = MOST;
    options.cpu = cpu;
    affect *reader;
    assert_int_equal(affect_open(&reader, &options), AFFECT_OK);
    return reader;
}

/* Whatever the default threshold is. */
static affect *open_searcher(int32_t detect_size, int32_t max_looks, uint32_t cpu) {
    return open_searcher_from(0.6f, detect_size, max_looks, cpu);
}

/* How many of a picture's faces are found; the eyes must be where they are. */
static int found_with_eyes(const affect_reading *reading, const char *name,
                           const affect_image *at) {
    int found = 0;
    for (int i = 0; i < FACES; i++) {
        const sample_face *truth = &sample_faces[i];
        sample_face shifted = *truth;
        for (int k = 0; k < 68; k++) {
            shifted.points[k][0] -= (float)at->roi_x;
            shifted.points[k][1] -= (float)at->roi_y;
        }
        const affect_face *face =
            strcmp(truth->picture, name) == 0 ? find(reading, &shifted) : NULL;
        if (!face)
            continue;
        found++;
        for (int eye = 0; eye < 2; eye++) {
            double x = 0, y = 0;
            for (int k = 36 + 6 * eye; k < 42 + 6 * eye; k++) {
                x += (double)shifted.points[k][0] / 6;
                y += (double)shifted.points[k][1] / 6;
            }
            const double off =
                hypot(x - (double)face->points[eye].x, y - (double)face->points[eye].y);
            assert_true(off < .3 * distance(shifted.points[36], (double)shifted.points[45][0],
                                            (double)shifted.points[45][1]));
        }
    }
    return found;
}

/* Eight faces of 14 pixels of the plane: the first search is not sure of any, the second looks at
 * the picture itself; the same bytes with the portable back end. */
static void second_looks_find_small_faces(void **state) {
    (void)state;
    const char *name = "group_of_eight.jpg";
    struct picture picture;
    load(&picture, name);
    affect_image image;
    picture_image(&picture, &image);
    affect *once = open_searcher(160, 0, AFFECT_CPU_ALL);
    affect *twice = open_searcher(160, 24, AFFECT_CPU_ALL);
    affect *portable = open_searcher(160, 24, AFFECT_CPU_PORTABLE);
    const affect_reading *a, *b, *c;
    assert_int_equal(affect_read(once, &image, AFFECT_STILL, &a), AFFECT_OK);
    assert_int_equal(affect_read(twice, &image, AFFECT_STILL, &b), AFFECT_OK);
    assert_int_equal(affect_read(portable, &image, AFFECT_STILL, &c), AFFECT_OK);
    assert_true(affect_reading_face_count(a) <= 4);
    assert_int_equal(affect_reading_face_count(b), 8);
    assert_int_equal(found_with_eyes(b, name, &image), 8);
    assert_int_equal(affect_reading_face_count(c), 8);
    for (uint32_t k = 0; k < 8; k++)
        assert_memory_equal(affect_reading_face(b, k), affect_reading_face(c, k),
                            sizeof(affect_face));
    affect_close(once);
    affect_close(twice);
    affect_close(portable);
    picture_free(&picture);
}

static double logit(double p) {
    return log(p / (1 - p));
}

static double box_iou(const affect_box *a, const affect_box *b) {
    const double w = fmin((double)(a->x + a->width), (double)(b->x + b->width)) -
                     fmax((double)a->x, (double)b->x);
    const double h = fmin((double)(a->y + a->height), (double)(b->y + b->height)) -
                     fmax((double)a->y, (double)b->y);
    if (w <= 0 || h <= 0)
        return 0;
    return w * h / ((double)(a->width * a->height) + (double)(b->width * b->height) - w * h);
}

static const affect_face *best_match(const affect_reading *reading, const affect_box *box) {
    for (uint32_t i = 0; i < affect_reading_face_count(reading); i++)
        if (box_iou(&affect_reading_face(reading, i)->box, box) > .3)
            return affect_reading_face(reading, i);
    return NULL;
}

/* Where a window of that length around the middle of an edge begins. */
static int window_start(double middle, int length, int whole) {
    return (int)fmax(0, fmin(middle - length / 2., whole - length));
}

/* The window of training/detector/DECODE.md as a region of interest of a reader that looks once:
 * what the best candidate's second look must have seen, with a face of that side. */
static void check_second_look(const char *name, int size, double shown, int keeps_its_box) {
    struct picture picture;
    load(&picture, name);
    affect_image image;
    picture_image(&picture, &image);
    affect *once = open_searcher_from(.2f, size, 0, AFFECT_CPU_ALL);
    affect *twice = open_searcher_from(.2f, size, 24, AFFECT_CPU_ALL);
    const affect_reading *reading;
    assert_int_equal(affect_read(once, &image, AFFECT_STILL, &reading), AFFECT_OK);
    const affect_face first = *affect_reading_face(reading, 0);
    assert_true(first.score < .8f);

    const double per_pixel = (double)size / fmax(image.width, image.height);
    const double side = sqrt((double)(first.box.width * first.box.height)) * per_pixel;
    const double scale = fmin(shown / side * per_pixel, 2);
    const int window = (int)(128 / scale + .5);
    affect_image part = image;
    part.roi_width = part.roi_height = window;
    part.roi_x = window_start((double)(first.box.x + first.box.width / 2), window, image.width);
    part.roi_y = window_start((double)(first.box.y + first.box.height / 2), window, image.height);
    affect *nearer = open_searcher_from(.05f, 128, 0, AFFECT_CPU_ALL);
    assert_int_equal(affect_read(nearer, &part, AFFECT_STILL, &reading), AFFECT_OK);
    const affect_face *found = best_match(reading, &first.box);
    assert_non_null(found);
    const affect_face second = *found;

    assert_int_equal(affect_read(twice, &image, AFFECT_STILL, &reading), AFFECT_OK);
    const affect_face *face = best_match(reading, &first.box);
    assert_non_null(face);
    const double both = .4 * logit((double)first.score) + .6 * logit((double)second.score);
    assert_true(fabs(logit((double)face->score) - both) < 1e-3);
    const affect_face *expected = keeps_its_box ? &first : &second;
    assert_true(box_iou(&face->box, &expected->box) > .999);
    for (int k = 0; k < 5; k++)
        assert_true(hypot((double)(face->points[k].x - expected->points[k].x),
                          (double)(face->points[k].y - expected->points[k].y)) < .05);
    for (uint32_t i = 1; i < affect_reading_face_count(reading); i++)
        assert_true(affect_reading_face(reading, i - 1)->score >=
                    affect_reading_face(reading, i)->score);
    affect_close(once);
    affect_close(twice);
    affect_close(nearer);
    picture_free(&picture);
}

static void second_look_is_a_search_of_its_window(void **state) {
    (void)state;
    check_second_look("group_of_eight.jpg", 160, 40, 0);
}

/* A face in profile of 130 pixels of the plane, looked at with 72. */
static void large_faces_are_looked_at_reduced(void **state) {
    (void)state;
    check_second_look("profile.jpg", 400, 72, 1);
}

/* One window holds one or two of the eight faces, whose scores rise; the others stay. */
static void looks_are_bounded(void **state) {
    (void)state;
    struct picture picture;
    load(&picture, "group_of_eight.jpg");
    affect_image image;
    picture_image(&picture, &image);
    affect *once = open_searcher_from(.2f, 160, 0, AFFECT_CPU_ALL);
    affect *bounded = open_searcher_from(.2f, 160, 1, AFFECT_CPU_ALL);
    const affect_reading *a, *b;
    assert_int_equal(affect_read(once, &image, AFFECT_STILL, &a), AFFECT_OK);
    assert_int_equal(affect_read(bounded, &image, AFFECT_STILL, &b), AFFECT_OK);
    int same = 0, other = 0;
    for (uint32_t i = 0; i < 8; i++) {
        const affect_face *face = affect_reading_face(a, i);
        const affect_face *match = best_match(b, &face->box);
        assert_non_null(match);
        if (fabsf(match->score - face->score) < 1e-6f)
            same++;
        else
            other++;
    }
    assert_in_range(other, 1, 2);
    assert_int_equal(same, 8 - other);
    affect_close(once);
    affect_close(bounded);
    picture_free(&picture);
}

/* Windows stay inside the region of interest: the pixels beside it change nothing. */
static void second_looks_stay_in_the_region(void **state) {
    (void)state;
    const char *name = "group_of_eight.jpg";
    struct picture picture;
    load(&picture, name);
    affect_image image, part;
    picture_image(&picture, &image);
    part = image;
    image.roi_x = 61;
    image.roi_y = 97;
    image.roi_width = part.width = image.width - 122;
    image.roi_height = part.height = image.height - 97;
    part.planes[0] = (const uint8_t *)image.planes[0] + 97 * image.strides[0] + 3 * 61;
    affect *reader = open_searcher(160, 24, AFFECT_CPU_ALL);
    const affect_reading *reading;
    affect_box boxes[MOST];
    assert_int_equal(affect_read(reader, &image, AFFECT_STILL, &reading), AFFECT_OK);
    const uint32_t count = affect_reading_face_count(reading);
    for (uint32_t i = 0; i < count; i++)
        boxes[i] = affect_reading_face(reading, i)->box;
    assert_int_equal(affect_read(reader, &part, AFFECT_STILL, &reading), AFFECT_OK);
    assert_int_equal(affect_reading_face_count(reading), count);
    assert_true(found_with_eyes(reading, name, &image) >= 6);
    for (uint32_t i = 0; i < count; i++) {
        const affect_box *box = &affect_reading_face(reading, i)->box;
        assert_true(fabsf(box->x + 61 - boxes[i].x) < .01f);
        assert_true(fabsf(box->y + 97 - boxes[i].y) < .01f);
        assert_true(fabsf(box->width - boxes[i].width) < .01f);
    }
    affect_close(reader);
    picture_free(&picture);
}

static void every_back_end_gives_the_same_bytes(void **state) {
    (void)state;
    affect *portable = open_reader(AFFECT_CPU_PORTABLE, PROFILE_THRESHOLD);
    affect *best = open_reader(AFFECT_CPU_ALL, PROFILE_THRESHOLD);
    const char *last = "";
    for (int i = 0; i < FACES; i++) {
        if (strcmp(sample_faces[i].picture, last) == 0)
            continue;
        last = sample_faces[i].picture;
        struct picture picture;
        load(&picture, last);
        affect_image image;
        picture_image(&picture, &image);
        const affect_reading *a, *b;
        assert_int_equal(affect_read(portable, &image, AFFECT_STILL, &a), AFFECT_OK);
        assert_int_equal(affect_read(best, &image, AFFECT_STILL, &b), AFFECT_OK);
        assert_int_equal(affect_reading_face_count(a), affect_reading_face_count(b));
        for (uint32_t k = 0; k < affect_reading_face_count(a); k++)
            assert_memory_equal(affect_reading_face(a, k), affect_reading_face(b, k),
                                sizeof(affect_face));
        picture_free(&picture);
    }
    affect_close(portable);
    affect_close(best);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_was_rendered),
        cmocka_unit_test(boxes_may_hold_turned_heads),
        cmocka_unit_test(covered_eyes_are_not_measured),
        cmocka_unit_test(second_looks_find_small_faces),
        cmocka_unit_test(second_look_is_a_search_of_its_window),
        cmocka_unit_test(large_faces_are_looked_at_reduced),
        cmocka_unit_test(looks_are_bounded),
        cmocka_unit_test(second_looks_stay_in_the_region),
        cmocka_unit_test(every_back_end_gives_the_same_bytes),
    };
    return cmocka_run_group_tests_name("samples", tests, NULL, NULL);
}
