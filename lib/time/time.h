/*
 * Over time: tracks and what becomes of them. affect.c drives a frame of a video through it:
 *
 *     af_time_begin       the time; a jump ends everything
 *     af_time_predict     faces that are carried from the last frame: their landmarks are read
 *     af_time_carry       which of them hold, and whether the picture has to be searched
 *     af_time_find        faces that were found: which are known, which are new
 *     af_time_end         smoothing, states, events
 *
 * It sees faces as numbers only; nothing here knows a picture but af_time_begin, which looks how
 * bright it is. Nothing of a track is kept when it has ended.
 */
#ifndef AF_TIME_TIME_H
#define AF_TIME_TIME_H

#include "image/image.h"
#include "reading.h"
#include "time/interaction.h"
#include "time/scene.h"
#include "time/track.h"

enum { AF_PAIRS = AFFECT_TRACK_COUNT * (AFFECT_TRACK_COUNT - 1) / 2 };

typedef struct af_time {
    affect_time_options options;
    int32_t has_landmarks; /* faces can be carried */
    float smoothing;
    uint32_t signals;
    int32_t most;    /* tracks */
    int32_t started; /* a frame came before */
    int64_t now_us, last_us, search_us;
    int32_t wants_search; /* something was lost: search the next frame too */
    float step;           /* seconds since the last frame */
    float rate;           /* frames a second; NaN: not known yet */
    float mean_step;
    int32_t frames;
    uint32_t next_number;
    af_scene scene;
    uint32_t degraded;
    af_span blocked;
    int64_t seen_us; /* when a face was seen last */
    af_events events;
    af_track *tracks; /* AFFECT_TRACK_COUNT */
    af_pair *pairs;   /* AF_PAIRS */
    int32_t *owner;   /* max_faces: track of each face of this frame, -1: none */
    uint8_t baseline[AFFECT_BASELINE_SIZE];
    int32_t has_baseline; /* waits for the next track */
} af_time;

/* Sets up with memory for the tracks, pairs and events: AFFECT_ERR_MEMORY. *bytes grows. */
affect_status af_time_open(af_time *time, const affect_options *options, size_t *bytes);
void af_time_close(af_time *time, const affect_allocator *allocator);
void af_time_reset(af_time *time);

/* AFFECT_OK, or AFFECT_ERR_ARGUMENT when an option is out of its range. */
affect_status af_time_check(const affect_time_options *options);
void af_time_defaults(affect_time_options *options);

/* A new frame. */
void af_time_begin(af_time *time, const af_view *view, int64_t now_us);

/* Fills in faces (cleared, at most AFFECT_TRACK_COUNT) to be carried; returns how many. */
uint32_t af_time_predict(af_time *time, affect_face *faces);

/* After their landmarks were read: keeps those that hold, moved together; writes how many. 1 when
 * the picture has to be searched. */
int af_time_carry(af_time *time, affect_face *faces, uint32_t *count, float width, float height);

/* Found faces, `found` of them, each with box, score and points. Those of a track that is carried
 * confirm it; the others are appended to faces[count ..] (at most `most` in all) to be read.
 * Returns how many there are now. given: the caller's own boxes: all are taken, in their order, and
 * nothing was carried. */
uint32_t af_time_find(af_time *time, affect_face *faces, uint32_t count, const affect_face *found,
                      uint32_t found_count, uint32_t most, int given);

/* Whether expressions of this face should be read now, when they are only wanted for states. */
int af_time_wants_expressions(const af_time *time, uint32_t face);

/* All was read: tracks, seats, states, events and smoothing of `count` faces, in the order of their
 * tracks unless they were given. Faces that prove none are taken out; writes how many stay. */
void af_time_end(af_time *time, affect_face *faces, uint32_t *count, float width, int given);

/* Ends all events; they are in time->events. */
void af_time_finish(af_time *time);

int af_time_baseline_save(const af_time *time, uint32_t track, uint8_t *blob);
int af_time_baseline_load(af_time *time, uint32_t track, const uint8_t *blob);

#endif
