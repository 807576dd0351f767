/* Readings as comma-separated values (a line a face) and as a table for people. */
#include "tool.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

uint32_t strongest(const float *values, uint32_t count, float least, uint32_t *indices,
                   uint32_t most) {
    uint32_t found = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!(values[i] >= least))
            continue;
        uint32_t at = found < most ? found++ : most;
        /* indices is sorted, strongest first: move the weaker ones down. */
        for (; at > 0 && values[indices[at - 1]] < values[i]; at--)
            if (at < most)
                indices[at] = indices[at - 1];
        if (at < most)
            indices[at] = i;
    }
    return found;
}

/* ------------------------------------------------------------------------------------------ CSV */

static void field(struct text *text, bool measured, double value, int decimals) {
    text_add(text, ",");
    if (measured && !isnan(value))
        text_number(text, value, decimals);
}

static void quoted(struct text *text, const char *string) {
    if (!strpbrk(string, ",\"\n\r")) {
        text_add(text, string);
        return;
    }
    text_add(text, "\"");
    for (; *string; string++)
        text_format(text, *string == '"' ? "\"%c" : "%c", *string);
    text_add(text, "\"");
}

void csv_header(struct text *text, uint32_t signals) {
    text_add(text, "file,width,height,face,x,y,w,h,score,right_eye_x,right_eye_y,left_eye_x,"
                   "left_eye_y,nose_x,nose_y,right_mouth_x,right_mouth_y,left_mouth_x,"
                   "left_mouth_y");
    if (signals & AFFECT_POSE)
        text_add(text, ",yaw,pitch,roll");
    if (signals & AFFECT_EYES)
        text_add(text, ",left_open,left_confidence,right_open,right_confidence,gaze_yaw,"
                       "gaze_pitch");
    if (signals & AFFECT_EXPRESSIONS)
        for (uint32_t i = 0; i < AFFECT_EXPRESSION_COUNT; i++)
            text_format(text, ",%s", affect_expression_name(i));
    if (signals & AFFECT_EMOTIONS) {
        for (uint32_t i = 0; i < AFFECT_EMOTION_COUNT; i++)
            text_format(text, ",%s", affect_emotion_name(i));
        text_add(text, ",valence,arousal");
    }
    if (signals & (AFFECT_EXPRESSIONS | AFFECT_EMOTIONS))
        text_add(text, ",confidence");
    if (signals & AFFECT_LANDMARKS) {
        text_add(text, ",presence");
        for (int i = 0; i < AFFECT_LANDMARK_COUNT; i++)
            text_format(text, ",x%d,y%d", i, i);
    }
    text_add(text, "\n");
}

static void csv_face(struct text *text, const affect_face *face, uint32_t signals) {
    const uint32_t has = face->measured;
    const float start[5] = {face->box.x, face->box.y, face->box.width, face->box.height};
    for (int i = 0; i < 4; i++)
        field(text, true, start[i], 2);
    field(text, true, face->score, 4);
    for (int i = 0; i < 10; i++)
        field(text, true, i % 2 ? face->points[i / 2].y : face->points[i / 2].x, 2);
    if (signals & AFFECT_POSE) {
        field(text, has & AFFECT_POSE, face->yaw, 2);
        field(text, has & AFFECT_POSE, face->pitch, 2);
        field(text, has & AFFECT_POSE, face->roll, 2);
    }
    if (signals & AFFECT_EYES) {
        const affect_eye *const eyes[2] = {&face->left_eye, &face->right_eye};
        for (int i = 0; i < 2; i++) {
            field(text, has & AFFECT_EYES, eyes[i]->open, 4);
            field(text, has & AFFECT_EYES, eyes[i]->confidence, 4);
        }
        field(text, has & AFFECT_EYES, face->gaze_yaw, 2);
        field(text, has & AFFECT_EYES, face->gaze_pitch, 2);
    }
    if (signals & AFFECT_EXPRESSIONS)
        for (uint32_t i = 0; i < AFFECT_EXPRESSION_COUNT; i++)
            field(text, has & AFFECT_EXPRESSIONS, face->expressions[i], 4);
    if (signals & AFFECT_EMOTIONS) {
        for (uint32_t i = 0; i < AFFECT_EMOTION_COUNT; i++)
            field(text, has & AFFECT_EMOTIONS, face->emotions[i], 4);
        field(text, has & AFFECT_EMOTIONS, face->valence, 4);
        field(text, has & AFFECT_EMOTIONS, face->arousal, 4);
    }
    if (signals & (AFFECT_EXPRESSIONS | AFFECT_EMOTIONS))
        field(text, has & (AFFECT_EXPRESSIONS | AFFECT_EMOTIONS), face->confidence, 4);
    if (signals & AFFECT_LANDMARKS) {
        field(text, has & AFFECT_LANDMARKS, face->presence, 4);
        for (int i = 0; i < AFFECT_LANDMARK_COUNT; i++) {
            field(text, has & AFFECT_LANDMARKS, face->landmarks[i].x, 2);
            field(text, has & AFFECT_LANDMARKS, face->landmarks[i].y, 2);
        }
    }
}

void csv_reading(struct text *text, const char *file, const affect_reading *reading,
                 uint32_t signals) {
    for (uint32_t i = 0; i < affect_reading_face_count(reading); i++) {
        quoted(text, file);
        text_format(text, ",%d,%d,%u", affect_reading_width(reading),
                    affect_reading_height(reading), i);
        csv_face(text, affect_reading_face(reading, i), signals);
        text_add(text, "\n");
    }
}

/* ---------------------------------------------------------------------------------------- table */

/* Pads what was added since `start` to `width` characters, on the left. */
static void pad_left(struct text *text, size_t start, size_t width) {
    const size_t length = text->length - start;
    if (length >= width || text->failed)
        return;
    struct text cell = {0};
    text_add_bytes(&cell, text->data + start, length);
    text->length = start;
    text_format(text, "%*s%s", (int)(width - length), "", cell.data ? cell.data : "");
    text_free(&cell);
}

static void cell(struct text *text, bool measured, double value, int decimals, size_t width) {
    text_add(text, "  ");
    const size_t start = text->length;
    if (measured && !isnan(value))
        text_number(text, value, decimals);
    else
        text_add(text, "-");
    pad_left(text, start, width);
}

static void eye_cell(struct text *text, bool measured, const affect_eye *eye) {
    const char *const word = !measured || isnan(eye->open) ? "-"
                             : eye->open < 0.5f            ? "closed"
                                                           : "open";
    text_format(text, "  %6s", word);
}

static void words_cell(struct text *text, const float *values, uint32_t count, float least,
                       uint32_t most, const char *(*name_of)(uint32_t)) {
    uint32_t indices[4];
    const uint32_t found = strongest(values, count, least, indices, most);
    for (uint32_t i = 0; i < found; i++) {
        text_format(text, "%s%s ", i ? ", " : "  ", name_of(indices[i]));
        text_number(text, values[indices[i]], 2);
    }
}

static void table_face(struct text *text, uint32_t index, const affect_face *face) {
    const uint32_t has = face->measured;
    text_format(text, "  %4u", index + 1);
    cell(text, true, face->score, 2, 5);
    cell(text, true, face->box.x, 0, 5);
    cell(text, true, face->box.y, 0, 5);
    cell(text, true, face->box.width, 0, 5);
    cell(text, true, face->box.height, 0, 6);
    cell(text, has & AFFECT_POSE, face->yaw, 0, 4);
    cell(text, has & AFFECT_POSE, face->pitch, 0, 5);
    cell(text, has & AFFECT_POSE, face->roll, 0, 4);
    eye_cell(text, has & AFFECT_EYES, &face->left_eye);
    eye_cell(text, has & AFFECT_EYES, &face->right_eye);
    cell(text, has & AFFECT_EYES, face->gaze_yaw, 0, 5);
    cell(text, has & AFFECT_EYES, face->gaze_pitch, 0, 4);
    if (has & AFFECT_EMOTIONS)
        words_cell(text, face->emotions, AFFECT_EMOTION_COUNT, 0.0f, 1, affect_emotion_name);
    if (has & AFFECT_EXPRESSIONS)
        words_cell(text, face->expressions, AFFECT_EXPRESSION_COUNT, 0.5f, 3,
                   affect_expression_name);
    text_add(text, "\n");
}

void table_reading(struct text *text, const char *file, const affect_reading *reading,
                   const struct timing *timing) {
    const uint32_t count = affect_reading_face_count(reading);
    text_format(text, "%s: %d x %d, %u face%s", file, affect_reading_width(reading),
                affect_reading_height(reading), count, count == 1 ? "" : "s");
    if (timing) {
        text_add(text, ", read in ");
        text_number(text, timing->read_ms, 1);
        text_add(text, " ms");
    }
    text_add(text, "\n");
    if (count == 0)
        return;
    text_add(text, "  face  score      x      y  width  height   yaw  pitch  roll    left   right"
                   "  gaze:  up  shows\n");
    for (uint32_t i = 0; i < count; i++)
        table_face(text, i, affect_reading_face(reading, i));
}
