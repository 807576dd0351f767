/* Which face of this frame is which of the last one: by geometry and time alone. */
#ifndef AF_TIME_TRACK_H
#define AF_TIME_TRACK_H

#include "time/person.h"
#include "time/smooth.h"

typedef struct af_track {
    int32_t used;
    uint32_t number; /* shown to the caller; 0: not yet confirmed */
    int32_t seat;
    int64_t begin_us;
    int64_t seen_us;        /* last frame in which the face was there */
    int64_t lost_us;        /* when it was last there before face_lost */
    int32_t frames;         /* in which it was seen */
    int32_t held;           /* seen in the last frame, with landmarks that can be carried */
    int32_t fresh;          /* found by the search of this frame */
    int32_t missed;         /* searches in a row that did not find it though the landmarks hold */
    int32_t hits;           /* searches that found it */
    int32_t beside;         /* began beside a known face: may be a second box on it; 2: on a turned
                               one */
    int32_t arrived;        /* occupant_arrived was told */
    int32_t lost;           /* face_lost is open */
    affect_point points[5]; /* where it was, not smoothed */
    affect_box box;
    float score;
    float presence;
    float box_x, box_y, box_width, box_height; /* of the box, in units and from the middle of the
                                                  five points */
    /* Expressions of the last frame in which they were read: they may be read less often. */
    int64_t expressions_us;
    float expressions[AFFECT_EXPRESSION_COUNT];
    float expression_confidence;
    int32_t has_expressions;
    af_face_smooth smooth;
    af_person person;
} af_track;

/* Middle and size of five points: the mean distance from the middle. */
typedef struct af_five {
    affect_point middle;
    float size;
} af_five;
af_five af_track_five(const affect_point points[5]);

/* Where a track's face is looked for: its box and points as they were. */
void af_track_predict(const af_track *track, affect_face *face);

/* A carried face: moves the box with the points; 0 when what the landmarks say is no longer that
 * face: too little presence, a leap in size or place, out of the picture. */
int af_track_holds(const af_track *track, affect_face *face, float width, float height);

/* The face was seen: keeps where. A fresh one brings a new box, whose place against the five points
 * is kept. */
void af_track_keep(af_track *track, const affect_face *face, int64_t now_us);

/* Whether landmarks and presence allow to carry the face on. */
int af_track_firm(const affect_face *face);

/* Intersection over union. */
float af_track_overlap(const affect_box *a, const affect_box *b);

/* Whether two boxes can only be one face: they overlap well, or the middle of one lies within the
 * inner half of the other. */
int af_track_same(const affect_box *a, const affect_box *b);

/* Whether a box lies so near another's that it may be a second one on the same head. */
int af_track_beside(const affect_box *a, const affect_box *b);

/* How well a found box goes with a track, 0: not at all .. 1. A track that is lost may have moved
 * farther. */
float af_track_match(const af_track *track, const affect_box *box, int64_t now_us);

#endif
