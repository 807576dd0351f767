#include "time/smooth.h"

#include "maths.h"

/* Speeds that halve the time constant: an eye distance a second, 30 degrees a second. */
#define FAST_POINT 1.0f
#define FAST_ANGLE 30.0f
/* No more than this behind: of the eyes' distance, of it for lids about their corners, degrees. */
#define POINT_LAG 0.02f
#define LID_LAG 0.01f
#define ANGLE_LAG 2.0f
/* Time constant of the speed's own low-pass (1 / 2 pi Hz: the filter's authors use 1 Hz). */
#define SPEED_TAU 0.16f

float af_smooth_share(float dt, float tau) {
    return tau <= 0 ? 1 : dt / (dt + tau);
}

float af_smooth_step(af_smooth *s, float value, float dt, const af_smoothing *how) {
    if (af_is_nan(value)) {
        s->set = 0;
        return value;
    }
    if (!s->set || !(dt > 0) || how->tau <= 0) {
        s->set = 1;
        s->value = value;
        s->speed = 0;
        return value;
    }
    const float speed = (value - s->value) / dt;
    s->speed += (speed - s->speed) * af_smooth_share(dt, SPEED_TAU);
    const float fastness = (s->speed < 0 ? -s->speed : s->speed) / how->fast;
    s->value += (value - s->value) * af_smooth_share(dt, how->tau / (1 + fastness));
    s->value = af_clampf(s->value, value - how->lag, value + how->lag);
    return s->value;
}

static void smooth_point(af_smooth *s, affect_point *p, float dt, const af_smoothing *how) {
    p->x = af_smooth_step(&s[0], p->x, dt, how);
    p->y = af_smooth_step(&s[1], p->y, dt, how);
}

static affect_point middle(const affect_point *p, int first) {
    return (affect_point){(p[first].x + p[first + 3].x) / 2, (p[first].y + p[first + 3].y) / 2};
}

/* The six points of an eye: its corners, then the lids about them. */
static void smooth_eye(af_smooth *s, affect_point *p, int first, float dt, const af_smoothing *how,
                       const af_smoothing *lids) {
    const affect_point before = middle(p, first);
    smooth_point(&s[2 * first], &p[first], dt, how);
    smooth_point(&s[2 * (first + 3)], &p[first + 3], dt, how);
    const affect_point after = middle(p, first);
    static const int lid[4] = {1, 2, 4, 5};
    for (int i = 0; i < 4; i++) {
        affect_point *const at = &p[first + lid[i]];
        *at = (affect_point){at->x - before.x, at->y - before.y};
        smooth_point(&s[2 * (first + lid[i])], at, dt, lids);
        *at = (affect_point){at->x + after.x, at->y + after.y};
    }
}

static void carry_iris(affect_eye *eye, const affect_point *p, const affect_point *raw, int first) {
    const int outer = first, inner = first + 3;
    eye->iris.x += (p[outer].x - raw[outer].x + p[inner].x - raw[inner].x) / 2;
    eye->iris.y += (p[outer].y - raw[outer].y + p[inner].y - raw[inner].y) / 2;
}

/* Angles are smoothed where they do not run over 180 degrees. */
static void smooth_angle(af_smooth *s, float *angle, float dt, const af_smoothing *how) {
    if (s->set && !af_is_nan(*angle) && (*angle - s->value > 90 || *angle - s->value < -90))
        s->set = 0;
    *angle = af_smooth_step(s, *angle, dt, how);
}

void af_smooth_face(af_face_smooth *s, affect_face *face, float dt, float tau) {
    const float scale =
        face->measured & AFFECT_LANDMARKS ? face->inter_ocular : face->box.width / 2;
    const float unit = scale > 1 ? scale : 1;
    const af_smoothing how = {tau, FAST_POINT * unit, POINT_LAG * unit};
    const af_smoothing lids = {tau, FAST_POINT * unit, LID_LAG * unit};
    const af_smoothing turn = {tau, FAST_ANGLE, ANGLE_LAG};
    affect_point raw[AFFECT_LANDMARK_COUNT];
    for (int i = 0; i < AFFECT_LANDMARK_COUNT; i++)
        raw[i] = face->landmarks[i];
    for (int i = 0; i < AFFECT_LANDMARK_COUNT; i++)
        if (i < 36 || i >= 48)
            smooth_point(&s->landmarks[2 * i], &face->landmarks[i], dt, &how);
    smooth_eye(s->landmarks, face->landmarks, 36, dt, &how, &lids);
    smooth_eye(s->landmarks, face->landmarks, 42, dt, &how, &lids);
    carry_iris(&face->right_eye, face->landmarks, raw, 36);
    carry_iris(&face->left_eye, face->landmarks, raw, 42);
    for (int i = 0; i < 5; i++)
        smooth_point(&s->points[2 * i], &face->points[i], dt, &how);
    float *const box[4] = {&face->box.x, &face->box.y, &face->box.width, &face->box.height};
    for (int i = 0; i < 4; i++)
        *box[i] = af_smooth_step(&s->box[i], *box[i], dt, &how);
    float *const angles[3] = {&face->yaw, &face->pitch, &face->roll};
    for (int i = 0; i < 3; i++)
        smooth_angle(&s->angles[i], angles[i], dt, &turn);
    float *const gaze[6] = {&face->gaze_yaw,           &face->gaze_pitch,
                            &face->right_eye.gaze_yaw, &face->right_eye.gaze_pitch,
                            &face->left_eye.gaze_yaw,  &face->left_eye.gaze_pitch};
    for (int i = 0; i < 6; i++)
        smooth_angle(&s->gaze[i], gaze[i], dt, &turn);
}
