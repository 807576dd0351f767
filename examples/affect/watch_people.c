/* What `affect watch` says at the end of each person that it saw. */
#include "watch_people.h"

#include <math.h>
#include <string.h>

/* Steps between frames longer than this are pauses. */
#define LONGEST_STEP_US 250000

static const char *const stages[] = {"alert", "tired", "drowsy"};

static struct person_seen *person_of(struct people_seen *people, const affect_face *face) {
    for (int i = 0; i < people->count; i++)
        if (people->people[i].track == face->track)
            return &people->people[i];
    if (people->count == PEOPLE)
        return NULL;
    struct person_seen *const p = &people->people[people->count++];
    memset(p, 0, sizeof *p);
    p->track = face->track;
    p->first_us = people->now_us;
    p->last_us = people->now_us;
    p->drowsiness = NAN;
    p->stage = -1;
    return p;
}

static void take_face(struct people_seen *people, const affect_face *face) {
    struct person_seen *const p = face->track ? person_of(people, face) : NULL;
    if (!p)
        return;
    const affect_person_state *const s = &face->state;
    const int64_t step = people->now_us - p->last_us;
    if (s->eyes_off_road > 0 && step <= LONGEST_STEP_US)
        p->off_road_us += step;
    p->last_us = people->now_us;
    p->seat = face->seat;
    if (face->measured & AFFECT_STATE) {
        if (!(p->drowsiness >= s->drowsiness) && !isnan(s->drowsiness))
            p->drowsiness = s->drowsiness;
        if (s->drowsiness_stage > p->stage)
            p->stage = s->drowsiness_stage;
        p->evidence |= s->evidence;
        p->degraded |= s->degraded;
    }
    p->state = *s;
}

void people_take(struct people_seen *people, const affect_reading *reading) {
    people->now_us = affect_reading_time(reading);
    for (uint32_t i = 0; i < affect_reading_face_count(reading); i++)
        take_face(people, affect_reading_face(reading, i));
}

const struct person_seen *people_find(const struct people_seen *people, uint32_t track) {
    for (int i = 0; i < people->count; i++)
        if (people->people[i].track == track)
            return &people->people[i];
    return NULL;
}

void seat_text(struct text *text, int32_t seat, const struct watch_options *watch) {
    if (seat < 0 || seat >= watch->seat_count)
        return;
    const char *const name = watch->seats[seat];
    text_format(text, " (%.*s)", (int)strcspn(name, "="), name);
}

void evidence_text(struct text *text, uint32_t evidence) {
    static const char *const names[] = {"closures", "perclos", "microsleep", "yawns", "nods"};
    const char *gap = "";
    for (int i = 0; i < 5; i++)
        if (evidence & (1u << i)) {
            text_format(text, "%s%s", gap, names[i]);
            gap = ", ";
        }
}

static void named(struct text *text, const char *before, double value, int decimals) {
    if (isnan(value))
        return;
    text_add(text, before);
    text_number(text, value, decimals);
}

static void person_json(struct text *text, const struct person_seen *p,
                        const struct watch_options *watch) {
    text_format(text, "{\"track\":%lu", (unsigned long)p->track);
    watch_seat(text, p->seat, watch);
    named(text, ",\"start\":", (double)p->first_us / 1e6, 3);
    named(text, ",\"end\":", (double)p->last_us / 1e6, 3);
    named(text, ",\"drowsiness\":", p->drowsiness, 4);
    if (p->stage >= 0)
        text_format(text, ",\"drowsiness_stage\":\"%s\"", stages[p->stage]);
    watch_evidence(text, p->evidence);
    text_format(text, ",\"blink_count\":%lu,\"yawn_count\":%lu",
                (unsigned long)p->state.blink_count, (unsigned long)p->state.yawn_count);
    named(text, ",\"perclos\":", p->state.perclos, 4);
    named(text, ",\"eyes_off_road\":", (double)p->off_road_us / 1e6, 3);
    watch_degraded(text, p->degraded);
    text_add(text, "}");
}

void people_json(struct text *text, const struct people_seen *people,
                 const struct watch_options *watch) {
    text_add(text, "\"persons\":[");
    for (int i = 0; i < people->count; i++) {
        if (i)
            text_add(text, ",");
        person_json(text, &people->people[i], watch);
    }
    text_add(text, "]");
}

void people_text(struct text *text, const struct people_seen *people,
                 const struct watch_options *watch) {
    for (int i = 0; i < people->count; i++) {
        const struct person_seen *const p = &people->people[i];
        text_format(text, "  person %lu", (unsigned long)p->track);
        seat_text(text, p->seat, watch);
        named(text, ": ", (double)(p->last_us - p->first_us) / 1e6, 1);
        text_format(text, " s, %s", p->stage < 0 ? "drowsiness not measured" : stages[p->stage]);
        named(text, ", drowsiness at most ", p->drowsiness, 2);
        if (p->evidence) {
            text_add(text, " (");
            evidence_text(text, p->evidence);
            text_add(text, ")");
        }
        named(text, ", PERCLOS ", p->state.perclos, 2);
        named(text, ", looked away ", (double)p->off_road_us / 1e6, 1);
        text_add(text, " s\n");
    }
}
