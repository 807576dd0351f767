/* Readings as JSON lines. Keys stand in the order of docs/guide.md; what was not measured is
 * absent. */
#include "tool.h"

#include <math.h>

enum { PIXEL_DECIMALS = 2, SCORE_DECIMALS = 4, ANGLE_DECIMALS = 2, MS_DECIMALS = 3 };

/* Starts a member: a comma unless it is the first one. */
static void key(struct text *text, const char *name) {
    const char last = text->length ? text->data[text->length - 1] : '{';
    if (last != '{' && last != '[')
        text_add(text, ",");
    text_format(text, "\"%s\":", name);
}

static void number(struct text *text, const char *name, double value, int decimals) {
    if (isnan(value))
        return;
    key(text, name);
    text_number(text, value, decimals);
}

static void point(struct text *text, float x, float y) {
    text_add(text, "[");
    text_number(text, x, PIXEL_DECIMALS);
    text_add(text, ",");
    text_number(text, y, PIXEL_DECIMALS);
    text_add(text, "]");
}

static void points(struct text *text, const char *name, const affect_point *list, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (isnan(list[i].x) || isnan(list[i].y))
            return;
    key(text, name);
    text_add(text, "[");
    for (size_t i = 0; i < count; i++) {
        if (i)
            text_add(text, ",");
        point(text, list[i].x, list[i].y);
    }
    text_add(text, "]");
}

static void angles(struct text *text, const char *name, float yaw, float pitch, float roll) {
    if (isnan(yaw) && isnan(pitch) && isnan(roll))
        return;
    key(text, name);
    text_add(text, "{");
    number(text, "yaw", yaw, ANGLE_DECIMALS);
    number(text, "pitch", pitch, ANGLE_DECIMALS);
    number(text, "roll", roll, ANGLE_DECIMALS);
    text_add(text, "}");
}

static void eye(struct text *text, const char *name, const affect_eye *value, bool with_iris) {
    if (isnan(value->open))
        return;
    key(text, name);
    text_add(text, "{");
    number(text, "open", value->open, SCORE_DECIMALS);
    if (with_iris && !isnan(value->iris.x) && !isnan(value->iris.y)) {
        key(text, "iris");
        point(text, value->iris.x, value->iris.y);
    }
    number(text, "confidence", value->confidence, SCORE_DECIMALS);
    text_add(text, "}");
}

static void eyes(struct text *text, const affect_face *face) {
    key(text, "eyes");
    text_add(text, "{");
    eye(text, "left", &face->left_eye, true);
    eye(text, "right", &face->right_eye, true);
    angles(text, "gaze", face->gaze_yaw, face->gaze_pitch, NAN);
    text_add(text, "}");
}

static void scores(struct text *text, const char *name, const float *values, uint32_t count,
                   const char *(*name_of)(uint32_t)) {
    key(text, name);
    text_add(text, "{");
    for (uint32_t i = 0; i < count; i++)
        number(text, name_of(i), values[i], SCORE_DECIMALS);
    text_add(text, "}");
}

void json_face(struct text *text, const affect_face *face) {
    text_add(text, "\"box\":");
    text_add(text, "[");
    const float box[4] = {face->box.x, face->box.y, face->box.width, face->box.height};
    for (int i = 0; i < 4; i++) {
        if (i)
            text_add(text, ",");
        text_number(text, box[i], PIXEL_DECIMALS);
    }
    text_add(text, "]");
    number(text, "score", face->score, SCORE_DECIMALS);
    points(text, "points", face->points, 5);
    if (face->measured & AFFECT_LANDMARKS) {
        points(text, "landmarks", face->landmarks, AFFECT_LANDMARK_COUNT);
        number(text, "presence", face->presence, SCORE_DECIMALS);
    }
    if (face->measured & AFFECT_POSE)
        angles(text, "pose", face->yaw, face->pitch, face->roll);
    if (face->measured & AFFECT_EYES)
        eyes(text, face);
    if (face->measured & AFFECT_EXPRESSIONS)
        scores(text, "expressions", face->expressions, AFFECT_EXPRESSION_COUNT,
               affect_expression_name);
    if (face->measured & AFFECT_EMOTIONS) {
        scores(text, "emotions", face->emotions, AFFECT_EMOTION_COUNT, affect_emotion_name);
        number(text, "valence", face->valence, SCORE_DECIMALS);
        number(text, "arousal", face->arousal, SCORE_DECIMALS);
    }
    if (face->measured & (AFFECT_EXPRESSIONS | AFFECT_EMOTIONS))
        number(text, "confidence", face->confidence, SCORE_DECIMALS);
}

static void begin(struct text *text, const char *file, int width, int height) {
    text_add(text, "{\"file\":");
    text_json_string(text, file);
    text_format(text, ",\"width\":%d,\"height\":%d,\"faces\":[", width, height);
}

static void end(struct text *text, const struct timing *timing) {
    text_add(text, "]");
    if (timing) {
        key(text, "timing");
        text_add(text, "{");
        number(text, "load_ms", timing->load_ms, MS_DECIMALS);
        number(text, "read_ms", timing->read_ms, MS_DECIMALS);
        text_add(text, "}");
    }
    text_add(text, "}\n");
}

void json_reading(struct text *text, const char *file, const affect_reading *reading,
                  const struct timing *timing) {
    begin(text, file, affect_reading_width(reading), affect_reading_height(reading));
    for (uint32_t i = 0; i < affect_reading_face_count(reading); i++) {
        if (i)
            text_add(text, ",");
        text_add(text, "{");
        json_face(text, affect_reading_face(reading, i));
        text_add(text, "}");
    }
    end(text, timing);
}

void json_eye(struct text *text, const char *file, int width, int height, const affect_eye *value,
              const struct timing *timing) {
    begin(text, file, width, height);
    text_add(text, "{\"eyes\":{");
    eye(text, "left", value, false);
    text_add(text, "}}");
    end(text, timing);
}
