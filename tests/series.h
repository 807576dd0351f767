/* Scripted series for the state machines: a person's signals as functions of time. */
#ifndef SERIES_H
#define SERIES_H

#include <math.h>
#include <string.h>

#include "time/person.h"

#define SERIES_EVENTS 4096

/* What a run of frames brought. */
typedef struct told_log {
    affect_event events[SERIES_EVENTS];
    int count;
} told_log;

typedef struct run {
    af_person person;
    affect_time_options options;
    affect_event frame_events[AF_EVENTS];
    af_events events;
    told_log told;
    int64_t now_us;
    float rate;
    af_who who;
} run;

void af_time_defaults(affect_time_options *options);

static inline void run_begin(run *r, float rate) {
    memset(r, 0, sizeof *r);
    af_person_reset(&r->person);
    af_time_defaults(&r->options);
    r->events.list = r->frame_events;
    r->rate = rate;
    r->who.track = 1;
    r->who.seat = -1;
}

/* Somebody who looks straight ahead with open eyes. */
static inline af_signals awake(void) {
    af_signals s;
    af_signals_unknown(&s);
    s.seen = 1;
    s.open = s.open_mean = 0.96f;
    s.eye_confidence = 0.9f;
    s.sure = 0.95f;
    s.yaw = s.pitch = s.roll = s.gaze_yaw = s.gaze_pitch = 0;
    s.jaw = 0.03f;
    s.smile = 0.02f;
    s.engaged = 0.1f;
    s.x = 320;
    s.y = 240;
    s.size = 80;
    return s;
}

static inline void keep_events(run *r) {
    for (uint32_t i = 0; i < r->events.count && r->told.count < SERIES_EVENTS; i++)
        r->told.events[r->told.count++] = r->events.list[i];
    r->events.count = 0;
}

static inline void frame(run *r, const af_signals *s) {
    af_person_update(&r->person, s, r->rate, &r->options, r->now_us, r->who, &r->events);
    keep_events(r);
    r->now_us += (int64_t)(1e6f / r->rate + 0.5f);
}

/* The same signals for so many seconds. */
static inline void hold(run *r, af_signals s, float seconds) {
    const int64_t end = r->now_us + af_microseconds(seconds);
    while (r->now_us < end)
        frame(r, &s);
}

/* Eyes that look nowhere, as the network gives them. */
static inline af_signals closed_eyes(void) {
    af_signals s = awake();
    s.open = s.open_mean = 0.02f;
    s.gaze_yaw = s.gaze_pitch = NAN;
    return s;
}

static inline int count_of(const run *r, affect_event_type type, int open) {
    int n = 0;
    for (int i = 0; i < r->told.count; i++)
        n += r->told.events[i].type == type && r->told.events[i].open == open;
    return n;
}

/* The last event of a type; all zero when there is none. */
static inline affect_event last_of(const run *r, affect_event_type type, int open) {
    affect_event found;
    memset(&found, 0, sizeof found);
    for (int i = 0; i < r->told.count; i++)
        if (r->told.events[i].type == type && r->told.events[i].open == open)
            found = r->told.events[i];
    return found;
}

static inline float length_of(affect_event e) {
    return af_seconds(e.start_us, e.end_us);
}

#endif
