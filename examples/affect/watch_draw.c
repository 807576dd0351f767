/* What `watch --draw` draws besides faces: who they are, how they are, and the last events. */
#include "watch_people.h"

#include <string.h>

#include "canvas.h"

/* Events stay so long. */
#define SHOWN_US 3000000

static const struct colour shade = {0, 0, 0, 0.55f}, plain = {235, 235, 235, 1};
static const struct colour warns = {255, 200, 80, 1}, alarms = {255, 90, 80, 1};

static int text_scale(const struct picture *picture) {
    return picture->height >= 900 ? 2 : 1;
}

/* A line on a dark ground; returns its height. */
static int write_line(struct picture *picture, int x, int y, const char *line,
                      struct colour colour) {
    const int scale = text_scale(picture);
    draw_fill(picture, x, y, (int)strlen(line) * TEXT_ADVANCE * scale + 4 * scale,
              (TEXT_HEIGHT + 2) * scale, shade);
    draw_text(picture, x + 2 * scale, y + scale, scale, line, colour);
    return (TEXT_HEIGHT + 2) * scale;
}

/* "1 driver alert 3%", or what must not be missed. */
static struct colour describe(struct text *line, const affect_face *face,
                              const struct watch_options *watch) {
    static const char *const stages[] = {"alert", "tired", "drowsy"};
    const affect_person_state *const s = &face->state;
    text_format(line, "%lu", (unsigned long)face->track);
    seat_text(line, face->seat, watch);
    if (s->eyes_closed >= 0.5f) {
        text_format(line, " eyes closed %.1f s", (double)s->eyes_closed);
        return alarms;
    }
    if (s->eyes_off_road >= 1) {
        text_format(line, " looks %s %.1f s", s->looking_down >= 0.5f ? "down" : "away",
                    (double)s->eyes_off_road);
        return warns;
    }
    if (s->drowsiness_stage < 0 || s->drowsiness_stage > 2)
        return plain;
    text_format(line, " %s %d%%", stages[s->drowsiness_stage], (int)(100 * s->drowsiness + 0.5f));
    return s->drowsiness_stage == AFFECT_DROWSY  ? alarms
           : s->drowsiness_stage == AFFECT_TIRED ? warns
                                                 : plain;
}

static void tag_face(struct picture *picture, const affect_face *face,
                     const struct watch_options *watch) {
    if (!face->track || !(face->measured & AFFECT_STATE))
        return;
    struct text line = {0};
    const struct colour colour = describe(&line, face, watch);
    const int height = (TEXT_HEIGHT + 2) * text_scale(picture);
    const int y = (int)face->box.y - height - 2;
    if (line.data)
        write_line(picture, (int)face->box.x, y > 0 ? y : 0, line.data, colour);
    text_free(&line);
}

void last_events_take(struct last_events *last, const affect_event *event, const char *line) {
    struct last_event *const slot = &last->events[last->count++ % LAST_EVENTS];
    const size_t length = strcspn(line, "\n");
    slot->until_us = event->end_us + SHOWN_US;
    const size_t kept = length < sizeof slot->line - 1 ? length : sizeof slot->line - 1;
    memcpy(slot->line, line, kept);
    slot->line[kept] = '\0';
}

void watch_draw(struct picture *picture, const affect_reading *reading,
                const struct last_events *last, const struct watch_options *watch) {
    for (uint32_t i = 0; i < affect_reading_face_count(reading); i++)
        tag_face(picture, affect_reading_face(reading, i), watch);
    const int height = (TEXT_HEIGHT + 2) * text_scale(picture);
    int y = picture->height - height - 4;
    const unsigned kept = last->count < LAST_EVENTS ? last->count : LAST_EVENTS;
    for (unsigned i = 1; i <= kept; i++) {
        const struct last_event *const event = &last->events[(last->count - i) % LAST_EVENTS];
        if (event->until_us < affect_reading_time(reading))
            continue;
        write_line(picture, 4, y, event->line, plain);
        y -= height;
    }
}
