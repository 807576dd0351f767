/* Tracks over frames of made-up faces: numbers, crossings, losses, gaps, an hour without growth. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "series.h"
#include "time/time.h"

enum { WIDTH = 64, HEIGHT = 48, MOST = 8 };

static uint8_t pixels[WIDTH * HEIGHT];
static af_time machine;
static told_log heard;
static affect_face faces[MOST], found[MOST];
static uint32_t shown; /* faces of the last frame */
static int searched;

/* What is in front of the camera. */
typedef struct someone {
    int there;
    int missed;       /* by the detector */
    float x, y, size; /* middle and box width in pixels of a picture of 640 x 480 */
    float open, yaw;
    float presence;
    float score;
} someone;

static affect_options settings;

static int set_up(void **state) {
    (void)state;
    memset(&settings, 0, sizeof settings);
    settings.signals = AFFECT_LANDMARKS | AFFECT_POSE | AFFECT_EYES | AFFECT_STATE;
    settings.max_faces = MOST;
    settings.smoothing = 0.1f;
    settings.allocator = af_malloc_allocator;
    af_time_defaults(&settings.time);
    size_t bytes = 0;
    assert_int_equal(af_time_open(&machine, &settings, &bytes), AFFECT_OK);
    machine.has_landmarks = 1;
    heard.count = 0;
    for (int i = 0; i < WIDTH * HEIGHT; i++)
        pixels[i] = (uint8_t)((i * 37) ^ (i / 5));
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    af_time_close(&machine, &settings.allocator);
    return 0;
}

static void clear(affect_face *face) {
    af_face_clear(face);
}

/* A face as detector and landmarks would give it. */
static void show(affect_face *face, const someone *who) {
    static const affect_point five[5] = {
        {-0.2f, -0.1f}, {0.2f, -0.1f}, {0, 0.1f}, {-0.15f, 0.28f}, {0.15f, 0.28f}};
    face->box.x = who->x - who->size / 2;
    face->box.y = who->y - who->size * 0.6f;
    face->box.width = who->size;
    face->box.height = who->size * 1.2f;
    face->score = who->score;
    for (int i = 0; i < 5; i++) {
        face->points[i].x = who->x + five[i].x * who->size;
        face->points[i].y = who->y + five[i].y * who->size;
    }
}

static void landmarks(affect_face *face, const someone *who) {
    affect_face shape;
    show(&shape, who);
    for (int i = 0; i < AFFECT_LANDMARK_COUNT; i++) {
        const int at = i >= 36 && i < 42   ? 0
                       : i >= 42 && i < 48 ? 1
                       : i == 48           ? 3
                       : i == 54           ? 4
                                           : 2;
        face->landmarks[i] = shape.points[at];
        face->visibility[i] = 0.9f;
    }
    face->measured |= AFFECT_LANDMARKS | AFFECT_POSE | AFFECT_EYES;
    face->presence = who->presence;
    face->pose_confidence = 0.9f;
    face->inter_ocular = who->size / 2;
    face->yaw = face->gaze_yaw = who->yaw;
    face->pitch = face->roll = face->gaze_pitch = 0;
    face->gaze_confidence = 0.9f;
    face->right_eye.open = face->left_eye.open = who->open;
    face->right_eye.confidence = face->left_eye.confidence = 0.9f;
}

/* The landmark network on a crop: finds whoever stands where the points are. */
static void look(affect_face *face, const someone *people, int count) {
    const af_five at = af_track_five(face->points);
    for (int i = 0; i < count; i++) {
        const float dx = at.middle.x - people[i].x, dy = at.middle.y - people[i].y;
        if (people[i].there && dx * dx + dy * dy < 0.2f * people[i].size * people[i].size) {
            landmarks(face, &people[i]);
            return;
        }
    }
    face->measured |= AFFECT_LANDMARKS;
    for (int i = 0; i < AFFECT_LANDMARK_COUNT; i++)
        face->landmarks[i] = face->points[2];
    face->presence = 0.02f;
}

static void hear(void) {
    for (uint32_t i = 0; i < machine.events.count; i++)
        if (heard.count < SERIES_EVENTS)
            heard.events[heard.count++] = machine.events.list[i];
}

/* One frame through all steps, as affect.c does it. */
static void frame_at(int64_t now_us, const someone *people, int count) {
    affect_image image;
    af_view view;
    affect_image_init(&image, AFFECT_GREY, pixels, WIDTH, HEIGHT, WIDTH);
    assert_int_equal(af_view_open(&view, &image, 0), AFFECT_OK);
    af_time_begin(&machine, &view, now_us);
    for (int i = 0; i < MOST; i++)
        clear(&faces[i]);
    shown = af_time_predict(&machine, faces);
    for (uint32_t i = 0; i < shown; i++)
        look(&faces[i], people, count);
    searched = af_time_carry(&machine, faces, &shown, 640, 480);
    if (searched) {
        uint32_t n = 0;
        for (int i = 0; i < count; i++)
            if (people[i].there && !people[i].missed) {
                clear(&found[n]);
                show(&found[n++], &people[i]);
            }
        shown = af_time_find(&machine, faces, shown, found, n, MOST, 0);
        for (uint32_t i = 0; i < shown; i++)
            if (!faces[i].measured)
                look(&faces[i], people, count);
    }
    af_time_end(&machine, faces, &shown, 640, 0);
    hear();
}

static int heard_of(affect_event_type type, int open) {
    int n = 0;
    for (int i = 0; i < heard.count; i++)
        n += heard.events[i].type == type && heard.events[i].open == open;
    return n;
}

#define STEP 33333

static someone person_at(float x) {
    const someone p = {1, 0, x, 240, 120, 0.96f, 0, 0.99f, 0.9f};
    return p;
}

/* ---------------------------------------------------------------------------------------- tests */

static void a_face_keeps_its_number(void **state) {
    (void)state;
    someone p = person_at(200);
    int searches = 0;
    for (int i = 0; i < 300; i++) {
        p.x = 200 + (float)i * 0.8f;
        frame_at((int64_t)i * STEP, &p, 1);
        assert_int_equal(shown, 1);
        assert_int_equal(faces[0].track, 1);
        searches += searched;
    }
    assert_in_range(searches, 15, 25); /* two a second */
    assert_int_equal(heard_of(AFFECT_EVENT_OCCUPANT_ARRIVED, 0), 1);
}

static void crossing_faces_are_not_swapped(void **state) {
    (void)state;
    someone two[2] = {person_at(150), person_at(500)};
    two[1].size = 90; /* farther away: passes behind */
    two[1].y = 225;
    uint32_t first = 0, second = 0;
    for (int i = 0; i < 240; i++) {
        two[0].x = 150 + (float)i * 1.5f;
        two[1].x = 500 - (float)i * 1.5f;
        two[1].there = fabsf(two[0].x - two[1].x) > 50;
        frame_at((int64_t)i * STEP, two, 2);
        for (uint32_t k = 0; k < shown; k++) {
            const float x = faces[k].box.x + faces[k].box.width / 2;
            if (i == 5)
                *(fabsf(x - two[0].x) < 20 ? &first : &second) = faces[k].track;
            if (i > 5 && fabsf(x - two[0].x) < 15 && fabsf(two[0].x - two[1].x) > 60)
                assert_int_equal(faces[k].track, first);
            if (i > 235 && fabsf(x - two[1].x) < 15)
                assert_int_equal(faces[k].track, second);
        }
    }
    assert_int_not_equal(first, second);
    assert_int_equal(shown, 2);
}

static void lost_faces_come_back_or_leave(void **state) {
    (void)state;
    someone p = person_at(300);
    int64_t t = 0;
    for (int i = 0; i < 60; i++, t += STEP)
        frame_at(t, &p, 1);
    p.there = 0;
    for (int i = 0; i < 60; i++, t += STEP) { /* two seconds */
        frame_at(t, &p, 1);
        assert_int_equal(shown, 0);
    }
    assert_int_equal(heard_of(AFFECT_EVENT_FACE_LOST, 1), 1);
    p.there = 1;
    p.x = 330;
    for (int i = 0; i < 30; i++, t += STEP)
        frame_at(t, &p, 1);
    assert_int_equal(faces[0].track, 1);
    assert_int_equal(heard_of(AFFECT_EVENT_FACE_LOST, 0), 1);
    p.there = 0;
    for (int i = 0; i < 200; i++, t += STEP)
        frame_at(t, &p, 1);
    assert_int_equal(heard_of(AFFECT_EVENT_OCCUPANT_LEFT, 0), 1);
    for (int i = 0; i < AFFECT_TRACK_COUNT; i++) /* nothing is kept */
        assert_int_equal(machine.tracks[i].used, 0);
    p.there = 1;
    for (int i = 0; i < 30; i++, t += STEP)
        frame_at(t, &p, 1);
    assert_int_equal(faces[0].track, 2);
}

static void a_jump_ends_everything(void **state) {
    (void)state;
    someone p = person_at(300);
    int64_t t = 1000000;
    for (int i = 0; i < 90; i++, t += STEP)
        frame_at(t, &p, 1);
    p.open = 0.02f;
    for (int i = 0; i < 45; i++, t += STEP)
        frame_at(t, &p, 1);
    assert_int_equal(heard_of(AFFECT_EVENT_MICROSLEEP, 1), 1);
    const int64_t last = t - STEP;
    t += 10000000;
    frame_at(t, &p, 1);
    assert_int_equal(heard_of(AFFECT_EVENT_MICROSLEEP, 0), 1);
    assert_int_equal(heard_of(AFFECT_EVENT_TIME_GAP, 0), 1);
    for (int i = 0; i < heard.count; i++)
        if (heard.events[i].type == AFFECT_EVENT_TIME_GAP) {
            assert_true(heard.events[i].start_us == last);
            assert_true(heard.events[i].end_us == t);
        }
    assert_int_equal(faces[0].track, 2);
}

static void late_and_missing_frames_do_little(void **state) {
    (void)state;
    someone p = person_at(300);
    int64_t t = 0;
    uint32_t noise_seed = 1;
    for (int i = 0; i < 900; i++) {
        noise_seed = noise_seed * 1664525u + 1013904223u;
        const int jitter = (int)(noise_seed >> 20) % 20001 - 10000; /* 10 ms each way */
        t += STEP;
        p.open = i % 90 < 6 && i > 90 ? 0.02f : 0.96f;
        if ((noise_seed >> 8) % 10 == 0)
            continue; /* one in ten is dropped */
        frame_at(t + jitter, &p, 1);
    }
    assert_int_equal(heard_of(AFFECT_EVENT_BLINK, 0), 9);
    assert_int_equal(heard_of(AFFECT_EVENT_TIME_GAP, 0), 0);
    assert_int_equal(faces[0].track, 1);
    assert_true(machine.rate > 24 && machine.rate < 32);
}

static void a_covered_camera_is_told(void **state) {
    (void)state;
    someone p = person_at(300);
    int64_t t = 0;
    for (int i = 0; i < 60; i++, t += STEP)
        frame_at(t, &p, 1);
    uint8_t before[sizeof pixels];
    memcpy(before, pixels, sizeof pixels);
    memset(pixels, 3, sizeof pixels);
    p.there = 0;
    for (int i = 0; i < 300; i++, t += STEP)
        frame_at(t, &p, 1);
    assert_int_equal(heard_of(AFFECT_EVENT_CAMERA_BLOCKED, 1), 1);
    assert_int_equal(heard_of(AFFECT_EVENT_OCCUPANT_LEFT, 0), 0);
    assert_true(machine.degraded & AFFECT_DEGRADED_COVERED);
    assert_true(machine.degraded & AFFECT_DEGRADED_DARK);
    memcpy(pixels, before, sizeof pixels);
    p.there = 1;
    for (int i = 0; i < 60; i++, t += STEP)
        frame_at(t, &p, 1);
    assert_int_equal(heard_of(AFFECT_EVENT_CAMERA_BLOCKED, 0), 1);
    assert_int_equal(machine.degraded, 0);
    assert_int_equal(faces[0].track, 1);
}

static void a_picture_that_is_no_good_is_said_to_be(void **state) {
    (void)state;
    af_scene scene = {0.4f, 0.2f, 0.0f, 0.05f};
    assert_int_equal(af_scene_degraded(&scene, 0, 0), 0);
    scene.detail = 0.011f;
    assert_int_equal(af_scene_degraded(&scene, 0, 0), AFFECT_DEGRADED_BLURRED);
    assert_int_equal(af_scene_degraded(&scene, 1, 0), AFFECT_DEGRADED_BLURRED);
    scene.detail = 0.014f; /* trembles about the limit: what was said goes on */
    assert_int_equal(af_scene_degraded(&scene, 1, 0), 0);
    assert_int_equal(af_scene_degraded(&scene, 1, AFFECT_DEGRADED_BLURRED),
                     AFFECT_DEGRADED_BLURRED);
    scene.detail = 0.05f;
    scene.bright = 0.7f;
    assert_int_equal(af_scene_degraded(&scene, 0, 0), AFFECT_DEGRADED_OVEREXPOSED);
    assert_int_equal(af_scene_degraded(&scene, 1, 0), 0); /* faces are found all the same */
    scene.bright = 0.55f;
    assert_int_equal(af_scene_degraded(&scene, 0, 0), 0);
    assert_int_equal(af_scene_degraded(&scene, 0, AFFECT_DEGRADED_OVEREXPOSED),
                     AFFECT_DEGRADED_OVEREXPOSED);
    scene.bright = 0;
    scene.mean = 0.05f;
    assert_int_equal(af_scene_degraded(&scene, 0, 0), AFFECT_DEGRADED_DARK);
    scene.deviation = 0.01f;
    assert_int_equal(af_scene_degraded(&scene, 0, 0),
                     AFFECT_DEGRADED_DARK | AFFECT_DEGRADED_COVERED);
}

static void seats_say_who(void **state) {
    (void)state;
    machine.options.seat_count = 2;
    machine.options.seats[0] = (affect_box){0, 0, 320, 480};
    machine.options.seats[1] = (affect_box){320, 0, 320, 480};
    someone two[2] = {person_at(480), person_at(150)};
    for (int i = 0; i < 30; i++)
        frame_at((int64_t)i * STEP, two, 2);
    for (uint32_t i = 0; i < shown; i++)
        assert_int_equal(faces[i].seat, faces[i].box.x > 300);
    for (int i = 0; i < heard.count; i++)
        assert_true(heard.events[i].seat >= 0);
}

static void doubtful_faces_get_no_number(void **state) {
    (void)state;
    someone p = person_at(300);
    p.presence = 0.1f;
    frame_at(0, &p, 1);
    assert_int_equal(shown, 1);
    assert_int_equal(faces[0].track, 0);
    p.there = 0;
    for (int i = 1; i < 30; i++)
        frame_at((int64_t)i * STEP, &p, 1);
    assert_int_equal(heard.count, 0);
    assert_int_equal(machine.tracks[0].used, 0);
}

/* What is seen of a false face: the detector finds it now and then, the landmarks hold on. */
static int numbers_of(const someone *people, int count, int found_for, int frames) {
    int most = 0;
    someone now[2] = {people[0], people[count - 1]};
    for (int i = 0; i < frames; i++) {
        now[count - 1].missed = i >= found_for;
        frame_at((int64_t)i * STEP, now, count);
        for (uint32_t k = 0; k < shown; k++)
            most = (int)faces[k].track > most ? (int)faces[k].track : most;
    }
    return most;
}

static void a_weak_find_must_be_found_again(void **state) {
    (void)state;
    someone p = person_at(300);
    p.score = 0.6f;
    assert_int_equal(numbers_of(&p, 1, 1, 60), 0); /* one frame alone */
    assert_int_equal(heard.count, 0);
    assert_int_equal(machine.tracks[0].used, 0);
    af_time_reset(&machine);
    assert_int_equal(numbers_of(&p, 1, 8, 8), 1); /* a real one waits a quarter of a second */
}

static void a_second_box_on_a_head_is_nobody(void **state) {
    (void)state;
    someone two[2] = {person_at(200), person_at(300)}; /* less than a box apart */
    for (int i = 0; i < 30; i++)
        frame_at((int64_t)(i - 30) * STEP, two, 1);
    assert_int_equal(numbers_of(two, 2, 15, 90), 1);
    /* Somebody who stays is somebody. */
    tear_down(NULL);
    set_up(NULL);
    for (int i = 0; i < 30; i++)
        frame_at((int64_t)(i - 30) * STEP, two, 1);
    assert_int_equal(numbers_of(two, 2, 60, 60), 2);
    /* Beside a head that is turned far it takes longer. */
    tear_down(NULL);
    set_up(NULL);
    two[0].yaw = -60;
    for (int i = 0; i < 30; i++)
        frame_at((int64_t)(i - 30) * STEP, two, 1);
    assert_int_equal(numbers_of(two, 2, 60, 60), 1);
}

static void what_is_rarely_found_goes_soon(void **state) {
    (void)state;
    someone p = person_at(300);
    assert_int_equal(numbers_of(&p, 1, 1, 90), 1); /* a strong find: a number at once */
    assert_int_equal(shown, 0);                    /* and gone after four searches */
    p.there = 1;
    tear_down(NULL);
    set_up(NULL);
    assert_int_equal(numbers_of(&p, 1, 300, 400), 1);
    assert_int_equal(shown, 1); /* this one was found twenty times */
    tear_down(NULL);
    set_up(NULL);
    assert_int_equal(numbers_of(&p, 1, 120, 300), 1);
    assert_int_equal(shown, 0); /* and this one eight or nine times: gone after as many */
}

static void a_baseline_waits_for_a_person(void **state) {
    (void)state;
    uint8_t blob[AFFECT_BASELINE_SIZE], again[AFFECT_BASELINE_SIZE];
    someone p = person_at(300);
    p.open = 0.7f;
    for (int i = 0; i < 900; i++)
        frame_at((int64_t)i * STEP, &p, 1);
    assert_int_equal(af_time_baseline_save(&machine, 1, blob), 1);
    af_time_reset(&machine);
    assert_int_equal(af_time_baseline_load(&machine, 0, blob), 1);
    someone ghost = person_at(500);
    ghost.score = 0.6f;
    (void)numbers_of(&ghost, 1, 1, 60);
    const int64_t later = 90000000; /* and a jump */
    for (int i = 0; i < 5; i++)
        frame_at(later + (int64_t)i * STEP, &p, 1);
    assert_int_equal(af_time_baseline_save(&machine, faces[0].track, again), 1);
    assert_memory_equal(blob, again, sizeof blob);
}

static float random_unit(uint32_t *bits) {
    *bits = *bits * 1664525u + 1013904223u;
    return (float)(*bits >> 8) / 8388608.0f - 1;
}

static void smoothing_stills_noise_and_keeps_up(void **state) {
    (void)state;
    for (int raw = 0; raw < 2; raw++) {
        const af_smoothing how = {raw ? 0 : 0.3f, 80, 2};
        af_smooth s;
        memset(&s, 0, sizeof s);
        float spread_in = 0, spread_out = 0;
        uint32_t bits = 5;
        for (int i = 0; i < 300; i++) {
            const float in = random_unit(&bits);
            const float out = af_smooth_step(&s, in, 1 / 30.0f, &how);
            spread_in += in * in;
            spread_out += out * out;
        }
        assert_true(raw ? spread_out == spread_in : spread_out < 0.15f * spread_in);
        float out = 0;
        for (int i = 0; i < 60; i++) /* 400 pixels a second */
            out = af_smooth_step(&s, 100 + (float)i * 400 / 30, 1 / 30.0f, &how);
        assert_true(fabsf(out - (100 + 59 * 400 / 30.0f)) <= (raw ? 0 : 2.001f));
    }
}

/* Noise on all points of a face at rest, then a blink: the lids' way is a tenth of the eyes'
 * distance and is not smoothed away. */
static void smoothing_keeps_blinks(void **state) {
    (void)state;
    static af_face_smooth s;
    memset(&s, 0, sizeof s);
    uint32_t bits = 3;
    float spread_in = 0, spread_out = 0;
    for (int i = 0; i < 120; i++) {
        affect_face face;
        memset(&face, 0, sizeof face);
        face.measured = AFFECT_LANDMARKS;
        face.inter_ocular = 100;
        for (int k = 0; k < AFFECT_LANDMARK_COUNT; k++)
            face.landmarks[k] = (affect_point){300 + (float)k + 0.5f * random_unit(&bits),
                                               200 + 0.5f * random_unit(&bits)};
        const float gap = i < 100 ? 10 : 1; /* shut from one frame to the next */
        face.landmarks[37].y -= gap / 2;
        face.landmarks[41].y += gap / 2;
        const affect_face raw = face;
        af_smooth_face(&s, &face, 1 / 30.0f, 0.3f);
        const float off = face.landmarks[37].x - 337;
        if (i >= 20 && i < 100) {
            spread_out += off * off;
            spread_in += (raw.landmarks[37].x - 337) * (raw.landmarks[37].x - 337);
        }
        const float seen = face.landmarks[41].y - face.landmarks[37].y;
        assert_true(fabsf(seen - (raw.landmarks[41].y - raw.landmarks[37].y)) <= 2.01f);
    }
    assert_true(spread_out < 0.35f * spread_in);
}

/* An hour at 30 frames a second, twice: the same events, and nothing that drifts. */
static uint32_t an_hour(void) {
    uint32_t sum = 2166136261u, bits = 9;
    someone two[2] = {person_at(200), person_at(450)};
    af_time_reset(&machine);
    for (int i = 0; i < 108000; i++) {
        bits = bits * 1664525u + 1013904223u;
        const int second = i / 30;
        two[0].open =
            i % 100 < 7 || second % 600 == 599 ? 0.02f : 0.94f + (float)(bits >> 28) / 800;
        two[0].yaw = second % 40 == 20 ? 35 : (float)((int)(bits >> 16) % 5);
        two[1].there = second % 1200 < 900;
        two[1].open = (i + 50) % 120 < 6 ? 0.02f : 0.95f;
        two[1].x = 450 + (float)((int)(bits >> 12) % 3);
        frame_at((int64_t)i * STEP, two, 2);
        for (uint32_t e = 0; e < machine.events.count; e++) {
            const affect_event *x = &machine.events.list[e];
            const int64_t values[4] = {x->type, x->track, x->start_us, x->end_us};
            for (int k = 0; k < 4; k++)
                sum = (sum ^ (uint32_t)(values[k] ^ values[k] >> 32)) * 16777619u;
        }
        heard.count = 0;
    }
    return sum;
}

static void an_hour_leaves_nothing(void **state) {
    (void)state;
    const uint32_t first = an_hour();
    assert_int_equal(machine.tracks[0].number, 1);
    const af_person *p = &machine.tracks[0].person;
    assert_in_range(p->blink.count, 1000, 1100);
    assert_true(p->drowsiness.perclos > 0.03f && p->drowsiness.perclos < 0.12f);
    assert_true(fabsf(p->drowsiness.unknown) < 0.01f);
    assert_true(p->drowsiness.level < 0.5f);
    assert_int_equal(an_hour(), first);
}

static void options_have_ranges(void **state) {
    (void)state;
    affect_time_options o;
    af_time_defaults(&o);
    assert_int_equal(af_time_check(&o), AFFECT_OK);
    o.microsleep = NAN;
    assert_int_equal(af_time_check(&o), AFFECT_ERR_ARGUMENT);
    af_time_defaults(&o);
    o.sleep = 0.5f; /* shorter than a microsleep */
    assert_int_equal(af_time_check(&o), AFFECT_ERR_ARGUMENT);
    af_time_defaults(&o);
    o.seat_count = 9;
    assert_int_equal(af_time_check(&o), AFFECT_ERR_ARGUMENT);
    o.seat_count = 1; /* empty */
    assert_int_equal(af_time_check(&o), AFFECT_ERR_ARGUMENT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_face_keeps_its_number, set_up, tear_down),
        cmocka_unit_test_setup_teardown(crossing_faces_are_not_swapped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lost_faces_come_back_or_leave, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_jump_ends_everything, set_up, tear_down),
        cmocka_unit_test_setup_teardown(late_and_missing_frames_do_little, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_covered_camera_is_told, set_up, tear_down),
        cmocka_unit_test(a_picture_that_is_no_good_is_said_to_be),
        cmocka_unit_test_setup_teardown(seats_say_who, set_up, tear_down),
        cmocka_unit_test_setup_teardown(doubtful_faces_get_no_number, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_weak_find_must_be_found_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_second_box_on_a_head_is_nobody, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_rarely_found_goes_soon, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_baseline_waits_for_a_person, set_up, tear_down),
        cmocka_unit_test(smoothing_stills_noise_and_keeps_up),
        cmocka_unit_test(smoothing_keeps_blinks),
        cmocka_unit_test_setup_teardown(an_hour_leaves_nothing, set_up, tear_down),
        cmocka_unit_test(options_have_ranges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
