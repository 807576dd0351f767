#include "time/signals.h"

#include "maths.h"

/* From this yaw on only the eye that is turned to the camera counts. */
#define FAR_EYE_YAW 25.0f
/* Less sure than this, gaze is not used. */
#define LEAST_GAZE 0.2f
/* Eyes turn so far against the head: what is read beyond is no gaze. */
#define EYE_YAW 40.0f
#define EYE_PITCH 35.0f
/* Mouth landmarks less visible than this on average: covered. */
#define LEAST_MOUTH 0.35f

void af_signals_unknown(af_signals *s) {
    s->seen = 0;
    s->open = s->open_mean = s->other_open = s->yaw = s->pitch = s->roll = s->gaze_yaw = s->gaze_pitch = af_nan();
    s->jaw = s->smile = s->mouth = s->engaged = s->x = s->y = s->size = af_nan();
    s->eye_confidence = s->other_confidence = s->sure = 0;
    s->no_eyes = s->no_mouth = 0;
}

static float distance(const affect_point *p, int a, int b) {
    const float dx = p[a].x - p[b].x, dy = p[a].y - p[b].y;
    return af_sqrt(dx * dx + dy * dy);
}

/* A closure is when both eyes are closed: so the more open one decides, and a wink, glare or hair
 * over one eye is none. Of a turned head the far eye is left out. */
static void read_eyes(af_signals *s, const affect_face *face) {
    const affect_eye *right = &face->right_eye, *left = &face->left_eye;
    int use_right = !af_is_nan(right->open), use_left = !af_is_nan(left->open);
    if (use_right && use_left && !af_is_nan(s->yaw)) {
        if (s->yaw > FAR_EYE_YAW)
            use_left = 0;
        else if (s->yaw < -FAR_EYE_YAW)
            use_right = 0;
    }
    if (use_right && (!use_left || right->open >= left->open)) {
        s->open = right->open;
        s->eye_confidence = right->confidence;
    } else if (use_left) {
        s->open = left->open;
        s->eye_confidence = left->confidence;
    }
    s->open_mean = s->open;
    if (use_right && use_left && right->confidence + left->confidence > 0.05f) {
        s->open_mean = (right->open * right->confidence + left->open * left->confidence) /
                       (right->confidence + left->confidence);
        const affect_eye *const other = right->open >= left->open ? left : right;
        s->other_open = other->open;
        s->other_confidence = other->confidence;
    }
    if (face->gaze_confidence >= LEAST_GAZE) {
        s->gaze_yaw = face->gaze_yaw;
        s->gaze_pitch = face->gaze_pitch;
    }
}

/* Eyes and head are read apart: of a far turned head the eyes may seem to look at the camera, which
 * no eye does. Gaze is kept within reach of the head. */
static void keep_gaze_with_head(af_signals *s) {
    if (af_is_nan(s->gaze_yaw) || af_is_nan(s->yaw))
        return;
    s->gaze_yaw = af_clampf(s->gaze_yaw, s->yaw - EYE_YAW, s->yaw + EYE_YAW);
    s->gaze_pitch = af_clampf(s->gaze_pitch, s->pitch - EYE_PITCH, s->pitch + EYE_PITCH);
}

/* From landmarks: inner lips' distance and the mouth's width over the eyes' distance. A shut mouth
 * is near 0, speech reaches 0.2, a yawn 0.4 and more; a mouth at rest is 0.55 to 0.6 wide, a smile
 * 0.7. */
static void mouth_of_landmarks(af_signals *s, const affect_face *face) {
    const affect_point *p = face->landmarks;
    const float unit = s->size;
    const float gap = (distance(p, 61, 67) + distance(p, 62, 66) + distance(p, 63, 65)) / 3;
    s->jaw = af_clampf((gap / unit - 0.05f) / 0.5f, 0, 1);
    s->smile = af_clampf((distance(p, 48, 54) / face->inter_ocular - 0.6f) / 0.2f, 0, 1);
}

static void read_mouth(af_signals *s, const affect_face *face) {
    float seen = 0;
    for (int i = 48; i < AFFECT_LANDMARK_COUNT; i++)
        seen += face->visibility[i] / 20;
    if (seen < LEAST_MOUTH) {
        s->no_mouth = 1;
        return;
    }
    s->mouth = distance(face->landmarks, 48, 54) / face->inter_ocular;
    if (!(face->measured & AFFECT_EXPRESSIONS)) {
        mouth_of_landmarks(s, face);
        return;
    }
    static const int neutral[4] = {AFFECT_EYE_CLOSURE, AFFECT_EYE_WIDEN, AFFECT_LID_TIGHTEN, -1};
    /* Real yawns part the lips widely, but reach .4 of jaw_drop, which speech does, too. */
    s->jaw = (face->expressions[AFFECT_JAW_DROP] + face->expressions[AFFECT_MOUTH_OPEN]) / 2;
    s->smile = face->expressions[AFFECT_SMILE];
    float most = 0;
    for (int i = 0, skip = 0; i < AFFECT_EXPRESSION_COUNT; i++) {
        if (i == neutral[skip])
            skip++;
        else if (face->expressions[i] > most)
            most = face->expressions[i];
    }
    s->engaged = most;
}

void af_signals_of_face(af_signals *s, const affect_face *face) {
    af_signals_unknown(s);
    s->x = face->box.x + face->box.width / 2;
    s->y = face->box.y + face->box.height / 2;
    if (!(face->measured & AFFECT_LANDMARKS))
        return;
    s->seen = 1;
    s->size = face->inter_ocular;
    if (face->measured & AFFECT_POSE) {
        s->yaw = face->yaw;
        s->pitch = face->pitch;
        s->roll = face->roll;
        s->sure = face->presence * face->pose_confidence;
        const float yaw = af_clampf(face->yaw, -70, 70) * (float)(AF_PI / 180);
        s->size = face->inter_ocular / af_cos(yaw);
    }
    if (!(s->size > 1)) {
        af_signals_unknown(s);
        return;
    }
    if (face->measured & AFFECT_EYES)
        read_eyes(s, face);
    keep_gaze_with_head(s);
    const float turned = s->yaw < 0 ? -s->yaw : s->yaw;
    s->no_eyes = af_is_nan(s->open) && turned < FAR_EYE_YAW;
    read_mouth(s, face);
}
