/* What `affect watch` says at the end of each person that it saw, and what it draws of them. */
#ifndef WATCH_PEOPLE_H
#define WATCH_PEOPLE_H

#include "tool.h"

/* More people than this are counted, but not listed. */
enum { PEOPLE = 64 };

struct person_seen {
    uint32_t track;
    int32_t seat; /* the last */
    int64_t first_us, last_us;
    int64_t off_road_us;
    float drowsiness; /* at most; NaN: never measured */
    int32_t stage;    /* at most */
    uint32_t evidence, degraded;
    affect_person_state state; /* the last */
};

struct people_seen {
    struct person_seen people[PEOPLE];
    int count;
    int64_t now_us;
};

void people_take(struct people_seen *people, const affect_reading *reading);
/* Somebody who is listed, or null. */
const struct person_seen *people_find(const struct people_seen *people, uint32_t track);
/* `"persons":[...]` */
void people_json(struct text *text, const struct people_seen *people,
                 const struct watch_options *watch);
/* A line a person. */
void people_text(struct text *text, const struct people_seen *people,
                 const struct watch_options *watch);
/* " (driver)", or nothing. */
void seat_text(struct text *text, int32_t seat, const struct watch_options *watch);
/* "closures, yawns" */
void evidence_text(struct text *text, uint32_t evidence);

/* The events that were told last, as lines. */
enum { LAST_EVENTS = 4 };
struct last_event {
    int64_t until_us; /* shown so long */
    char line[96];
};
struct last_events {
    struct last_event events[LAST_EVENTS];
    unsigned count;
};

void last_events_take(struct last_events *last, const affect_event *event, const char *line);
void watch_draw(struct picture *picture, const affect_reading *reading,
                const struct last_events *last, const struct watch_options *watch);

#endif
