#include "time/smooth.h"

#include "maths.h"

/* Speeds that halve the time constant: half an eye distance a second, 30 degrees a second. */
#define FAST_POINT 0.5f
#define FAST_ANGLE 30.0f
/* Time constant of the speed's own low-pass (1 / 2 pi Hz: the filter's authors use 1 Hz). */
#define SPEED_TAU 0.16f

float af_smooth_share(float dt, float tau) {
    return tau <= 0 ? 1 : dt / (dt + tau);
}

float af_smooth_step(af_smooth *s, float value, float dt, float tau, float fast) {
    if (af_is_nan(value)) {
        s->set = 0;
        return value;
    }
    if (!s->set || !(dt > 0) || tau <= 0) {
        s->set = 1;
        s->value = value;
        s->speed = 0;
        return value;
    }
    const float speed = (value - s->value) / dt;
    s->speed += (speed - s->speed) * af_smooth_share(dt, SPEED_TAU);
    const float fastness = (s->speed < 0 ? -s->speed : s->speed) / fast;
    s->value += (value - s->value) * af_smooth_share(dt, tau / (1 + fastness));
    return s->value;
}

static void smooth_points(af_smooth *s, affect_point *points, int count, float dt, float tau,
                          float fast) {
    for (int i = 0; i < count; i++) {
        points[i].x = af_smooth_step(&s[2 * i], points[i].x, dt, tau, fast);
        points[i].y = af_smooth_step(&s[2 * i + 1], points[i].y, dt, tau, fast);
    }
}

/* Lids (37, 38, 40, 41 of 36..41) move as far as the filter moved the eye's corners. */
static void carry_lids(affect_point *p, const affect_point *raw, int first) {
    const int outer = first, inner = first + 3;
    const float dx = (p[outer].x - raw[outer].x + p[inner].x - raw[inner].x) / 2;
    const float dy = (p[outer].y - raw[outer].y + p[inner].y - raw[inner].y) / 2;
    static const int lids[4] = {1, 2, 4, 5};
    for (int i = 0; i < 4; i++) {
        p[first + lids[i]].x = raw[first + lids[i]].x + dx;
        p[first + lids[i]].y = raw[first + lids[i]].y + dy;
    }
}

static void carry_iris(affect_eye *eye, const affect_point *p, const affect_point *raw, int first) {
    const int outer = first, inner = first + 3;
    eye->iris.x += (p[outer].x - raw[outer].x + p[inner].x - raw[inner].x) / 2;
    eye->iris.y += (p[outer].y - raw[outer].y + p[inner].y - raw[inner].y) / 2;
}

/* Angles are smoothed where they do not run over 180 degrees. */
static void smooth_angle(af_smooth *s, float *angle, float dt, float tau) {
    if (s->set && !af_is_nan(*angle) && (*angle - s->value > 90 || *angle - s->value < -90))
        s->set = 0;
    *angle = af_smooth_step(s, *angle, dt, tau, FAST_ANGLE);
}

void af_smooth_face(af_face_smooth *s, affect_face *face, float dt, float tau) {
    const float scale =
        face->measured & AFFECT_LANDMARKS ? face->inter_ocular : face->box.width / 2;
    const float fast = FAST_POINT * (scale > 1 ? scale : 1);
    affect_point raw[AFFECT_LANDMARK_COUNT];
    for (int i = 0; i < AFFECT_LANDMARK_COUNT; i++)
        raw[i] = face->landmarks[i];
    smooth_points(s->landmarks, face->landmarks, AFFECT_LANDMARK_COUNT, dt, tau, fast);
    carry_lids(face->landmarks, raw, 36);
    carry_lids(face->landmarks, raw, 42);
    carry_iris(&face->right_eye, face->landmarks, raw, 36);
    carry_iris(&face->left_eye, face->landmarks, raw, 42);
    smooth_points(s->points, face->points, 5, dt, tau, fast);
    float *const box[4] = {&face->box.x, &face->box.y, &face->box.width, &face->box.height};
    for (int i = 0; i < 4; i++)
        *box[i] = af_smooth_step(&s->box[i], *box[i], dt, tau, fast);
    float *const angles[3] = {&face->yaw, &face->pitch, &face->roll};
    for (int i = 0; i < 3; i++)
        smooth_angle(&s->angles[i], angles[i], dt, tau);
    float *const gaze[6] = {&face->gaze_yaw,           &face->gaze_pitch,
                            &face->right_eye.gaze_yaw, &face->right_eye.gaze_pitch,
                            &face->left_eye.gaze_yaw,  &face->left_eye.gaze_pitch};
    for (int i = 0; i < 6; i++)
        smooth_angle(&s->gaze[i], gaze[i], dt, tau);
}
