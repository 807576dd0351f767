/* What `watch` writes as JSON: frames, states, events. Times are seconds of the input. */
#include "tool.h"

#include <math.h>
#include <string.h>

enum { SECOND_DECIMALS = 3, SCORE_DECIMALS = 4, ANGLE_DECIMALS = 2, TIME_DECIMALS = 6 };

static void comma(struct text *text) {
    const char last = text->length ? text->data[text->length - 1] : '{';
    if (last != '{' && last != '[')
        text_add(text, ",");
}

static void number(struct text *text, const char *name, double value, int decimals) {
    if (isnan(value))
        return;
    comma(text);
    text_format(text, "\"%s\":", name);
    text_number(text, value, decimals);
}

static void count(struct text *text, const char *name, uint32_t value) {
    comma(text);
    text_format(text, "\"%s\":%lu", name, (unsigned long)value);
}

/* A list of the names of the bits that are set. */
static void bits(struct text *text, const char *name, uint32_t set, const char *const *names,
                 int most) {
    if (!set)
        return;
    comma(text);
    text_format(text, "\"%s\":[", name);
    for (int i = 0; i < most; i++)
        if (set & (1u << i)) {
            comma(text);
            text_format(text, "\"%s\"", names[i]);
        }
    text_add(text, "]");
}

void watch_degraded(struct text *text, uint32_t set) {
    static const char *const names[] = {"dark",       "overexposed", "blurred",     "covered",
                                        "frame_rate", "eyes_hidden", "mouth_hidden"};
    bits(text, "degraded", set, names, 7);
}

void watch_evidence(struct text *text, uint32_t set) {
    static const char *const names[] = {"closures", "perclos", "microsleep", "yawns", "nods"};
    bits(text, "evidence", set, names, 5);
}

void watch_seat(struct text *text, int32_t seat, const struct watch_options *watch) {
    char name[64];
    if (seat < 0 || seat >= watch->seat_count)
        return;
    size_t length = strcspn(watch->seats[seat], "=");
    length = length < sizeof name - 1 ? length : sizeof name - 1;
    memcpy(name, watch->seats[seat], length);
    name[length] = '\0';
    comma(text);
    text_add(text, "\"seat\":");
    text_json_string(text, name);
}

void watch_json_event(struct text *text, const affect_event *event,
                      const struct watch_options *watch) {
    text_format(text, "{\"type\":\"%s\"", affect_event_name((uint32_t)event->type));
    if (event->track)
        count(text, "track", event->track);
    if (event->other_track)
        count(text, "other_track", event->other_track);
    watch_seat(text, event->seat, watch);
    if (event->open)
        text_add(text, ",\"open\":true");
    number(text, "start", (double)event->start_us / 1e6, SECOND_DECIMALS);
    number(text, "end", (double)event->end_us / 1e6, SECOND_DECIMALS);
    number(text, "confidence", event->confidence, SCORE_DECIMALS);
    watch_evidence(text, event->evidence);
    text_add(text, "}");
}

static void state_object(struct text *text, const affect_person_state *s) {
    static const char *const stages[] = {"alert", "tired", "drowsy"};
    text_add(text, ",\"state\":{");
    count(text, "blink_count", s->blink_count);
    number(text, "blink_rate", s->blink_rate, ANGLE_DECIMALS);
    number(text, "blink_duration", s->blink_duration, SECOND_DECIMALS);
    number(text, "blink_amplitude", s->blink_amplitude, SCORE_DECIMALS);
    number(text, "closing_speed", s->closing_speed, ANGLE_DECIMALS);
    number(text, "eyes_closed", s->eyes_closed, SECOND_DECIMALS);
    number(text, "perclos", s->perclos, SCORE_DECIMALS);
    number(text, "perclos_unknown", s->perclos_unknown, SCORE_DECIMALS);
    number(text, "mean_closure", s->mean_closure, SECOND_DECIMALS);
    count(text, "yawn_count", s->yawn_count);
    number(text, "yawn_rate", s->yawn_rate, ANGLE_DECIMALS);
    count(text, "nod_count", s->nod_count);
    number(text, "drowsiness", s->drowsiness, SCORE_DECIMALS);
    if (s->drowsiness_stage >= 0 && s->drowsiness_stage <= 2)
        text_format(text, ",\"drowsiness_stage\":\"%s\"", stages[s->drowsiness_stage]);
    watch_evidence(text, s->evidence);
    number(text, "attention", s->attention, SCORE_DECIMALS);
    number(text, "eyes_off_road", s->eyes_off_road, SECOND_DECIMALS);
    number(text, "looking_down", s->looking_down, SCORE_DECIMALS);
    number(text, "engagement", s->engagement, SCORE_DECIMALS);
    number(text, "talking", s->talking, SCORE_DECIMALS);
    number(text, "smiling", s->smiling, SCORE_DECIMALS);
    number(text, "open_baseline", s->open_baseline, SCORE_DECIMALS);
    number(text, "forward_yaw", s->forward_yaw, ANGLE_DECIMALS);
    number(text, "forward_pitch", s->forward_pitch, ANGLE_DECIMALS);
    watch_degraded(text, s->degraded);
    text_add(text, "}");
}

static void face_object(struct text *text, const affect_face *face,
                        const struct watch_options *watch) {
    text_add(text, "{");
    json_face(text, face);
    if (face->track)
        count(text, "track", face->track);
    watch_seat(text, face->seat, watch);
    if (face->measured & AFFECT_STATE)
        state_object(text, &face->state);
    text_add(text, "}");
}

void watch_json_frame(struct text *text, const char *file, const affect_reading *reading,
                      const struct watch_options *watch, const struct timing *timing) {
    text_add(text, "{\"file\":");
    text_json_string(text, file);
    number(text, "time", (double)affect_reading_time(reading) / 1e6, TIME_DECIMALS);
    text_format(text, ",\"width\":%ld,\"height\":%ld", (long)affect_reading_width(reading),
                (long)affect_reading_height(reading));
    number(text, "frame_rate", affect_reading_frame_rate(reading), ANGLE_DECIMALS);
    if (affect_reading_searched(reading))
        text_add(text, ",\"searched\":true");
    watch_degraded(text, affect_reading_degraded(reading));
    text_add(text, ",\"faces\":[");
    for (uint32_t i = 0; i < affect_reading_face_count(reading); i++) {
        if (i)
            text_add(text, ",");
        face_object(text, affect_reading_face(reading, i), watch);
    }
    text_add(text, "],\"events\":[");
    for (uint32_t i = 0; i < affect_reading_event_count(reading); i++) {
        if (i)
            text_add(text, ",");
        watch_json_event(text, affect_reading_event(reading, i), watch);
    }
    text_add(text, "]");
    if (timing) {
        text_add(text, ",\"timing\":{");
        number(text, "load_ms", timing->load_ms, SECOND_DECIMALS);
        number(text, "read_ms", timing->read_ms, SECOND_DECIMALS);
        text_add(text, "}");
    }
    text_add(text, "}\n");
}
