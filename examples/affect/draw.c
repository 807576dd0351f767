/* `affect draw`: the picture with what was read drawn on it. */
#include "canvas.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define DEGREE 0.017453292519943295f

static const struct colour green = {64, 220, 96, 1}, red = {240, 64, 64, 1},
                           blue = {72, 128, 255, 1}, yellow = {255, 214, 64, 1},
                           white = {255, 255, 255, 1}, cyan = {72, 220, 232, 1},
                           shade = {0, 0, 0, 0.6f}, grey = {150, 150, 150, 0.55f};

/* Sizes that grow with the face. */
static float line_width(const affect_face *face) {
    const float width = face->box.width / 90;
    return width < 1 ? 1 : width > 4 ? 4 : width;
}

static struct colour faded(struct colour colour, float alpha) {
    colour.alpha = alpha;
    return colour;
}

static void polyline(struct picture *picture, const affect_point *points, int first, int last,
                     bool closed, float width, struct colour colour) {
    for (int i = first; i < last; i++)
        draw_line(picture, points[i].x, points[i].y, points[i + 1].x, points[i + 1].y, width,
                  colour);
    if (closed)
        draw_line(picture, points[last].x, points[last].y, points[first].x, points[first].y, width,
                  colour);
}

/* An eye's outline is green when it is open, red when closed, white when unknown. */
static struct colour eye_colour(const affect_face *face, const affect_eye *eye) {
    if (!(face->measured & AFFECT_EYES) || isnan(eye->open))
        return white;
    return eye->open < 0.5f ? red : green;
}

static void draw_landmarks(struct picture *picture, const affect_face *face) {
    const affect_point *const p = face->landmarks;
    const float width = line_width(face);
    const struct colour soft = faded(white, 0.6f);
    polyline(picture, p, 0, 16, false, width, soft);
    polyline(picture, p, 17, 21, false, width, soft);
    polyline(picture, p, 22, 26, false, width, soft);
    polyline(picture, p, 27, 30, false, width, soft);
    polyline(picture, p, 31, 35, false, width, soft);
    polyline(picture, p, 36, 41, true, 1.3f * width, eye_colour(face, &face->right_eye));
    polyline(picture, p, 42, 47, true, 1.3f * width, eye_colour(face, &face->left_eye));
    polyline(picture, p, 48, 59, true, width, soft);
    polyline(picture, p, 60, 67, true, width, soft);
    /* On small faces the dots would hide the eyes. */
    const int eyes_begin = face->box.width < 200 ? 36 : 48;
    for (int i = 0; i < AFFECT_LANDMARK_COUNT; i++)
        if (i < eyes_begin || i >= 48)
            draw_dot(picture, p[i].x, p[i].y, 0.9f * width, white);
}

/* The head's own axes seen from the camera: to its left (red), up (green), forwards (blue). The
 * columns of Ry(yaw) Rx(-pitch) Rz(-roll), x to the right, y up. */
static void draw_pose(struct picture *picture, const affect_face *face) {
    const float cy = cosf(face->yaw * DEGREE), sy = sinf(face->yaw * DEGREE);
    const float cp = cosf(face->pitch * DEGREE), sp = sinf(face->pitch * DEGREE);
    const float cr = cosf(face->roll * DEGREE), sr = sinf(face->roll * DEGREE);
    const float axes[3][2] = {
        {cy * cr + sy * sp * sr, -cp * sr}, {cy * sr - sy * sp * cr, cp * cr}, {sy * cp, sp}};
    const struct colour colours[3] = {red, green, blue};
    const float x = face->points[2].x, y = face->points[2].y;
    const float length = 0.45f * face->box.width;
    for (int i = 0; i < 3; i++)
        draw_line(picture, x, y, x + length * axes[i][0], y - length * axes[i][1],
                  1.5f * line_width(face), colours[i]);
}

static void draw_eye(struct picture *picture, const affect_face *face, const affect_eye *eye) {
    if (isnan(eye->open) || eye->open < 0.5f || isnan(eye->iris.x))
        return;
    const float width = line_width(face);
    draw_dot(picture, eye->iris.x, eye->iris.y, 1.5f * width, cyan);
    if (isnan(face->gaze_yaw) || isnan(face->gaze_pitch))
        return;
    const float length = 0.5f * face->box.width;
    const float dx = sinf(face->gaze_yaw * DEGREE) * cosf(face->gaze_pitch * DEGREE);
    const float dy = -sinf(face->gaze_pitch * DEGREE);
    draw_line(picture, eye->iris.x, eye->iris.y, eye->iris.x + length * dx,
              eye->iris.y + length * dy, 1.2f * width, yellow);
}

/* ------------------------------------------------------------------------------------- the panel
 */

enum { PANEL_LINES = 10, PANEL_COLUMNS = 24, BAR_COLUMNS = 8 };

struct line {
    char text[PANEL_COLUMNS + 1];
    float bar; /* 0..1; below 0: none */
    struct colour colour;
};

struct panel {
    struct line lines[PANEL_LINES];
    int count;
};

/* Shortened to what fits beside the bar. */
static void add_line(struct panel *panel, const char *string, float bar, struct colour colour) {
    if (panel->count == PANEL_LINES)
        return;
    struct line *const line = &panel->lines[panel->count++];
    snprintf(line->text, sizeof line->text, "%s", string);
    line->bar = bar;
    line->colour = colour;
}

static void add_bars(struct panel *panel, const float *values, uint32_t count, float least,
                     uint32_t most, const char *(*name_of)(uint32_t), struct colour colour) {
    uint32_t indices[4];
    const uint32_t found = strongest(values, count, least, indices, most);
    for (uint32_t i = 0; i < found; i++)
        add_line(panel, name_of(indices[i]), values[indices[i]], colour);
}

static void add_angles(struct panel *panel, const char *name, float yaw, float pitch,
                       struct colour colour) {
    if (isnan(yaw) || isnan(pitch))
        return;
    struct text text = {0};
    text_format(&text, "%s ", name);
    text_number(&text, yaw, 0);
    text_add(&text, " ");
    text_number(&text, pitch, 0);
    if (text.data)
        add_line(panel, text.data, -1, colour);
    text_free(&text);
}

static void fill_panel(struct panel *panel, const affect_face *face) {
    *panel = (struct panel){0};
    if (face->measured & AFFECT_POSE)
        add_angles(panel, "head", face->yaw, face->pitch, white);
    if (face->measured & AFFECT_EYES)
        add_angles(panel, "gaze", face->gaze_yaw, face->gaze_pitch, yellow);
    if (face->measured & AFFECT_EMOTIONS)
        add_bars(panel, face->emotions, AFFECT_EMOTION_COUNT, 0.15f, 2, affect_emotion_name,
                 yellow);
    if (face->measured & AFFECT_EXPRESSIONS)
        add_bars(panel, face->expressions, AFFECT_EXPRESSION_COUNT, 0.3f, 4, affect_expression_name,
                 cyan);
}

struct area {
    int x, y, width, height;
};

static float shared(const struct area *a, const struct area *b) {
    const int width = (a->x + a->width < b->x + b->width ? a->x + a->width : b->x + b->width) -
                      (a->x > b->x ? a->x : b->x);
    const int height = (a->y + a->height < b->y + b->height ? a->y + a->height : b->y + b->height) -
                       (a->y > b->y ? a->y : b->y);
    return width > 0 && height > 0 ? (float)width * (float)height : 0;
}

enum { TAKEN_MOST = 128 };

struct taken {
    struct area areas[TAKEN_MOST];
    int count;
};

static void take_area(struct taken *taken, struct area area) {
    if (taken->count < TAKEN_MOST)
        taken->areas[taken->count++] = area;
}

/* Moves an area into the picture, as far as that goes. */
static struct area inside(struct area area, const struct picture *picture) {
    if (area.x + area.width > picture->width)
        area.x = picture->width - area.width;
    if (area.y + area.height > picture->height)
        area.y = picture->height - area.height;
    area.x = area.x < 0 ? 0 : area.x;
    area.y = area.y < 0 ? 0 : area.y;
    return area;
}

/* Beside, below or above the face, where it hides least of other faces and panels. */
static struct area place_panel(const struct picture *picture, const affect_box *box, int width,
                               int height, const struct taken *taken) {
    const int x = (int)box->x, y = (int)box->y, gap = 4;
    const int right = (int)(box->x + box->width), bottom = (int)(box->y + box->height);
    const struct area tries[] = {{x, bottom + gap, width, height},
                                 {right + gap, y, width, height},
                                 {x - gap - width, y, width, height},
                                 {x, y - gap - height, width, height},
                                 {right - width, bottom + gap, width, height},
                                 {right + gap, bottom - height, width, height}};
    struct area best = tries[0];
    float least = INFINITY;
    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
        const struct area area = inside(tries[i], picture);
        float hidden = 0;
        for (int j = 0; j < taken->count; j++)
            hidden += shared(&area, &taken->areas[j]);
        if (hidden < least) {
            least = hidden;
            best = area;
        }
    }
    return best;
}

static void draw_panel(struct picture *picture, const affect_face *face, struct taken *taken) {
    struct panel panel;
    fill_panel(&panel, face);
    if (panel.count == 0)
        return;
    int columns = 0, bars = 0;
    for (int i = 0; i < panel.count; i++) {
        const int length = (int)strlen(panel.lines[i].text);
        columns = length > columns ? length : columns;
        bars |= panel.lines[i].bar >= 0;
    }
    const float fit = face->box.width / 130;
    const int scale = fit < 1 ? 1 : fit > 4 ? 4 : (int)fit;
    const int bar_width = bars ? BAR_COLUMNS * TEXT_ADVANCE * scale : 0;
    const int pad = 3 * scale;
    const int width = 2 * pad + columns * TEXT_ADVANCE * scale + bar_width;
    const int height = 2 * pad + panel.count * TEXT_HEIGHT * scale;
    const struct area area = place_panel(picture, &face->box, width, height, taken);
    take_area(taken, area);
    draw_fill(picture, area.x, area.y, area.width, area.height, shade);
    for (int i = 0; i < panel.count; i++) {
        const struct line *const line = &panel.lines[i];
        const int y = area.y + pad + i * TEXT_HEIGHT * scale;
        draw_text(picture, area.x + pad, y, scale, line->text,
                  line->bar >= 0 ? white : line->colour);
        if (line->bar < 0)
            continue;
        const int bar_x = area.x + pad + columns * TEXT_ADVANCE * scale + scale;
        const float share = line->bar > 1 ? 1 : line->bar;
        draw_fill(picture, bar_x, y + scale, bar_width - scale, 5 * scale, grey);
        draw_fill(picture, bar_x, y + scale, (int)(share * (float)(bar_width - scale) + 0.5f),
                  5 * scale, line->colour);
    }
}

static void draw_face(struct picture *picture, const affect_face *face) {
    draw_frame(picture, &face->box, 1.5f * line_width(face), cyan);
    if (face->measured & AFFECT_LANDMARKS)
        draw_landmarks(picture, face);
    else
        for (int i = 0; i < 5; i++)
            draw_dot(picture, face->points[i].x, face->points[i].y, 2 * line_width(face), white);
    if (face->measured & AFFECT_POSE)
        draw_pose(picture, face);
    if (face->measured & AFFECT_EYES) {
        draw_eye(picture, face, &face->right_eye);
        draw_eye(picture, face, &face->left_eye);
    }
}

void draw_reading(struct picture *picture, const affect_reading *reading) {
    const uint32_t count = affect_reading_face_count(reading);
    struct taken taken = {.count = 0};
    for (uint32_t i = 0; i < count; i++) {
        const affect_face *const face = affect_reading_face(reading, i);
        draw_face(picture, face);
        take_area(&taken, (struct area){(int)face->box.x, (int)face->box.y, (int)face->box.width,
                                        (int)face->box.height});
    }
    for (uint32_t i = 0; i < count; i++)
        draw_panel(picture, affect_reading_face(reading, i), &taken);
}

int draw_run(const struct job *job, affect *reader, size_t index, struct text *out,
             struct text *errors) {
    struct picture picture = {0};
    struct timing timing;
    const affect_reading *reading;
    int code = job_read(job, reader, index, &picture, true, &reading, &timing, errors);
    if (code == EXIT_ALL_READ) {
        draw_reading(&picture, reading);
        code = save_copy(job, index, &picture, affect_reading_face_count(reading), out, errors);
    }
    picture_free(&picture);
    return code;
}
