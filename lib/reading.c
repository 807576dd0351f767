#include "reading.h"

#include "maths.h"

static void clear(float *values, int count) {
    for (int i = 0; i < count; i++)
        values[i] = af_nan();
}

static void clear_points(affect_point *points, int count) {
    for (int i = 0; i < count; i++)
        points[i].x = points[i].y = af_nan();
}

void af_eye_clear(affect_eye *eye) {
    eye->open = eye->closed = eye->gaze_yaw = eye->gaze_pitch = eye->confidence = af_nan();
    clear_points(&eye->iris, 1);
}

static void clear_landmarks(affect_face *face) {
    clear_points(face->landmarks, AFFECT_LANDMARK_COUNT);
    clear(face->visibility, AFFECT_LANDMARK_COUNT);
    face->presence = face->inter_ocular = af_nan();
}

static void clear_pose(affect_face *face) {
    face->yaw = face->pitch = face->roll = face->pose_confidence = af_nan();
    clear(face->translation, 3);
}

static void clear_eyes(affect_face *face) {
    af_eye_clear(&face->right_eye);
    af_eye_clear(&face->left_eye);
    face->gaze_yaw = face->gaze_pitch = face->gaze_confidence = af_nan();
}

static void clear_emotions(affect_face *face) {
    clear(face->emotions, AFFECT_EMOTION_COUNT);
    face->valence = face->arousal = af_nan();
}

static void clear_state(affect_person_state *state) {
    state->blink_rate = state->perclos = state->perclos_unknown = state->mean_closure = af_nan();
    state->yawn_rate = state->drowsiness = state->attention = state->engagement = af_nan();
    state->talking = state->eyes_off_road = af_nan();
    state->eyes_closed = state->smiling = state->looking_down = state->blink_duration = af_nan();
    state->blink_amplitude = state->closing_speed = state->open_baseline = af_nan();
    state->forward_yaw = state->forward_pitch = af_nan();
    state->blink_count = state->yawn_count = state->nod_count = 0;
    state->evidence = state->degraded = 0;
    state->drowsiness_stage = -1;
}

void af_face_clear(affect_face *face) {
    face->measured = 0;
    face->track = 0;
    face->seat = -1;
    face->box.x = face->box.y = face->box.width = face->box.height = face->score = af_nan();
    clear_points(face->points, 5);
    af_face_hide(face, 0);
}

void af_face_hide(affect_face *face, uint32_t signals) {
    face->measured &= signals;
    const uint32_t shown = face->measured;
    if (!(shown & AFFECT_LANDMARKS))
        clear_landmarks(face);
    if (!(shown & AFFECT_POSE))
        clear_pose(face);
    if (!(shown & AFFECT_EYES))
        clear_eyes(face);
    if (!(shown & AFFECT_EXPRESSIONS))
        clear(face->expressions, AFFECT_EXPRESSION_COUNT);
    if (!(shown & AFFECT_EMOTIONS))
        clear_emotions(face);
    if (!(shown & (AFFECT_EXPRESSIONS | AFFECT_EMOTIONS)))
        face->confidence = af_nan();
    if (!(shown & AFFECT_STATE))
        clear_state(&face->state);
}

int32_t affect_reading_width(const affect_reading *reading) {
    return reading ? reading->width : 0;
}

int32_t affect_reading_height(const affect_reading *reading) {
    return reading ? reading->height : 0;
}

int64_t affect_reading_time(const affect_reading *reading) {
    return reading ? reading->time_us : AFFECT_STILL;
}

float affect_reading_brightness(const affect_reading *reading) {
    return reading ? reading->brightness : af_nan();
}

uint32_t affect_reading_face_count(const affect_reading *reading) {
    return reading ? reading->face_count : 0;
}

const affect_face *affect_reading_face(const affect_reading *reading, uint32_t index) {
    return reading && index < reading->face_count ? &reading->faces[index] : NULL;
}

uint32_t affect_reading_degraded(const affect_reading *reading) {
    return reading ? reading->degraded : 0;
}

float affect_reading_frame_rate(const affect_reading *reading) {
    return reading ? reading->frame_rate : af_nan();
}

int32_t affect_reading_searched(const affect_reading *reading) {
    return reading ? reading->searched : 0;
}

uint32_t affect_reading_event_count(const affect_reading *reading) {
    return reading ? reading->event_count : 0;
}

const affect_event *affect_reading_event(const affect_reading *reading, uint32_t index) {
    return reading && index < reading->event_count ? &reading->events[index] : NULL;
}
