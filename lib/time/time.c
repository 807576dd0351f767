#include "time/time.h"

#include <string.h>

#include "maths.h"

/* A new face with so much presence and score gets its number at once; others after some frames in
 * which searches found it again. Those are made so often, in microseconds, and one that they miss
 * twice was none. */
#define SURE_PRESENCE 0.8f
#define SURE_SCORE 0.75f
#define SURE_FRAMES 3
#define SURE_HITS 2
#define DOUBTFUL_FRAMES 10
#define CONFIRM_STEP_US 100000
#define CONFIRM_MISSED 2
/* One that began beside a known face (detectors put second boxes on heads, above all on ears of
 * turned ones) waits so long, longer if that head was turned far, and is searched less often. */
#define BESIDE_HITS 4
#define BESIDE_US 1000000
#define BESIDE_STEP_US 200000
#define TURNED_YAW 40.0f
#define TURNED_US 3000000
/* An unconfirmed face that is not seen for so long is forgotten. */
#define FORGET_US 300000
/* Nothing seen for so long: searched less often, each so many microseconds. */
#define IDLE_AFTER_US 1000000
#define IDLE_STEP_US 100000
/* A track whose landmarks hold but which this many searches did not find is none: one that was
 * found less often goes sooner. */
#define MISSED 4
#define MISSED_FIRM 20
/* An occupant has arrived when it has stayed so long. */
#define ARRIVED_US 500000
#define BLOCKED 1.0f
#define BLOCKED_PAUSE 0.5f
/* When only states want them, expressions are read each so many microseconds. */
#define EXPRESSION_STEP_US 90000
/* Below this the frame rate is too low for blinks. */
#define LOW_RATE 14.5f

/* ------------------------------------------------------------------------------------ options */

void af_time_defaults(affect_time_options *o) {
    memset(o, 0, sizeof *o);
    o->detect_every = 0.5f;
    o->lost_after = 1;
    o->leave_after = 5;
    o->gap = 2;
    o->long_closure = 0.5f;
    o->microsleep = 1;
    o->sleep = 3;
    o->unresponsive = 6;
    o->closed_below = 0.5f;
    o->perclos_window = 60;
    o->yawn = 1.5f;
    o->long_distraction = 2;
    o->short_distraction = 10;
    o->short_window = 30;
    o->phone_look = 1.5f;
    o->phone_pitch = 7.5f;
    o->forward_yaw = o->forward_pitch = af_nan();
    o->forward_half_width = 20;
    o->forward_half_height = 15;
    o->tired_from = 0.3f;
    o->drowsy_from = 0.6f;
    o->mutual_gaze = o->shared_smile = 0.5f;
    o->looking_at_occupant = 1;
}

static int within(float value, float least, float most) {
    return value >= least && value <= most;
}

static int angle_or_nan(float value) {
    return af_is_nan(value) || within(value, -90, 90);
}

affect_status af_time_check(const affect_time_options *o) {
    const float durations[] = {o->lost_after,        o->leave_after,  o->gap,
                               o->long_closure,      o->microsleep,   o->sleep,
                               o->unresponsive,      o->yawn,         o->long_distraction,
                               o->short_distraction, o->short_window, o->phone_look,
                               o->mutual_gaze,       o->shared_smile, o->looking_at_occupant};
    for (size_t i = 0; i < sizeof durations / sizeof *durations; i++)
        if (!within(durations[i], 0.05f, 3600))
            return AFFECT_ERR_ARGUMENT;
    if (!within(o->detect_every, 0, 3600) || !within(o->perclos_window, 1, 300) ||
        !within(o->closed_below, 0.05f, 0.75f) || !within(o->phone_pitch, 1, 90) ||
        !within(o->forward_half_width, 1, 90) || !within(o->forward_half_height, 1, 90) ||
        !within(o->tired_from, 0.01f, 1) || !within(o->drowsy_from, o->tired_from, 1))
        return AFFECT_ERR_ARGUMENT;
    if (!angle_or_nan(o->forward_yaw) || !angle_or_nan(o->forward_pitch) || o->seat_count < 0 ||
        o->seat_count > AFFECT_SEAT_COUNT || o->microsleep > o->sleep ||
        o->sleep > o->unresponsive || o->lost_after > o->leave_after)
        return AFFECT_ERR_ARGUMENT;
    for (int i = 0; i < o->seat_count; i++)
        if (!(o->seats[i].width > 0) || !(o->seats[i].height > 0) || !af_is_finite(o->seats[i].x) ||
            !af_is_finite(o->seats[i].y))
            return AFFECT_ERR_ARGUMENT;
    return AFFECT_OK;
}

/* ---------------------------------------------------------------------------- open and close */

affect_status af_time_open(af_time *t, const affect_options *options, size_t *bytes) {
    memset(t, 0, sizeof *t);
    t->options = options->time;
    t->smoothing = options->smoothing;
    t->signals = options->signals;
    t->most = af_min(options->max_faces, AFFECT_TRACK_COUNT);
    const size_t tracks = AFFECT_TRACK_COUNT * sizeof *t->tracks;
    const size_t pairs = AF_PAIRS * sizeof *t->pairs, events = AF_EVENTS * sizeof(affect_event);
    t->tracks = af_allocate(&options->allocator, tracks);
    t->pairs = af_allocate(&options->allocator, pairs);
    t->events.list = af_allocate(&options->allocator, events);
    const size_t owners = (size_t)options->max_faces * sizeof *t->owner;
    t->owner = af_allocate(&options->allocator, owners);
    *bytes += tracks + pairs + events + owners;
    if (!t->tracks || !t->pairs || !t->events.list || !t->owner)
        return AFFECT_ERR_MEMORY;
    af_time_reset(t);
    return AFFECT_OK;
}

void af_time_close(af_time *t, const affect_allocator *allocator) {
    af_release(allocator, t->tracks);
    af_release(allocator, t->pairs);
    af_release(allocator, t->events.list);
    af_release(allocator, t->owner);
}

void af_time_reset(af_time *t) {
    memset(t->tracks, 0, AFFECT_TRACK_COUNT * sizeof *t->tracks);
    memset(t->pairs, 0, AF_PAIRS * sizeof *t->pairs);
    t->events.count = 0;
    t->started = t->wants_search = t->frames = t->has_baseline = 0;
    t->next_number = 1;
    t->step = t->mean_step = 0;
    t->rate = af_nan();
    t->degraded = 0;
    memset(&t->blocked, 0, sizeof t->blocked);
    t->now_us = t->last_us = t->search_us = t->seen_us = 0;
}

/* ------------------------------------------------------------------------------ ends of tracks */

static af_who who_is(const af_track *track) {
    const af_who who = {track->number, 0, track->seat};
    return who;
}

static af_pair *pair_of(const af_time *t, int a, int b) {
    const int low = af_min(a, b), high = af_max(a, b);
    return &t->pairs[high * (high - 1) / 2 + low];
}

static int tells(const af_time *t) {
    return (t->signals & AFFECT_STATE) != 0;
}

static void end_lost(af_time *t, af_track *track, int64_t now_us) {
    if (track->lost)
        af_events_add(&t->events, AFFECT_EVENT_FACE_LOST, who_is(track), track->lost_us, now_us, 0,
                      1);
    track->lost = 0;
}

/* Closes what is open of a track and forgets it. */
static void end_track(af_time *t, int slot, int64_t now_us, int left) {
    af_track *track = &t->tracks[slot];
    if (track->number && tells(t)) {
        for (int i = 0; i < AFFECT_TRACK_COUNT; i++)
            if (i != slot && t->tracks[i].used) {
                const int first = i < slot ? i : slot, second = i < slot ? slot : i;
                af_pair_close(pair_of(t, i, slot), who_is(&t->tracks[first]),
                              who_is(&t->tracks[second]), &t->events);
            }
        af_person_close(&track->person, now_us, who_is(track), &t->events);
        end_lost(t, track, now_us);
        if (left && track->arrived)
            af_events_add(&t->events, AFFECT_EVENT_OCCUPANT_LEFT, who_is(track), track->seen_us,
                          now_us, 0, 1);
    }
    for (int i = 0; i < AFFECT_TRACK_COUNT; i++)
        if (i != slot)
            memset(pair_of(t, i, slot), 0, sizeof(af_pair));
    memset(track, 0, sizeof *track);
}

static void end_all(af_time *t, int64_t now_us) {
    const af_who nobody = {0, 0, -1};
    for (int i = 0; i < AFFECT_TRACK_COUNT; i++)
        if (t->tracks[i].used)
            end_track(t, i, now_us, 0);
    const int64_t start = t->blocked.start_us;
    if (af_span_close(&t->blocked) && tells(t))
        af_events_add(&t->events, AFFECT_EVENT_CAMERA_BLOCKED, nobody, start, now_us, 0, 1);
}

void af_time_finish(af_time *t) {
    t->events.count = 0;
    if (t->started)
        end_all(t, t->now_us);
}

/* --------------------------------------------------------------------------------- frame's begin
 */

/* The mean step follows single late frames slowly: a rate is one of the last second or so. */
static void follow_rate(af_time *t) {
    if (t->step <= 0)
        return;
    t->frames += t->frames < 1000;
    const float share = t->frames < 15 ? 1 / (float)t->frames : 1.0f / 15;
    t->mean_step += (t->step - t->mean_step) * share;
    t->rate = t->frames >= 3 ? 1 / t->mean_step : af_nan();
}

void af_time_begin(af_time *t, const af_view *view, int64_t now_us) {
    t->events.count = 0;
    if (t->started && now_us - t->now_us > af_microseconds(t->options.gap)) {
        const af_who nobody = {0, 0, -1};
        const uint32_t number = t->next_number;
        const int32_t has_baseline = t->has_baseline;
        end_all(t, t->now_us);
        if (tells(t))
            af_events_add(&t->events, AFFECT_EVENT_TIME_GAP, nobody, t->now_us, now_us, 0, 1);
        const uint32_t told = t->events.count;
        af_time_reset(t);
        t->events.count = told;
        t->next_number = number; /* new tracks get new numbers */
        t->has_baseline = has_baseline;
    }
    t->last_us = t->started ? t->now_us : now_us;
    t->now_us = now_us;
    t->step = af_seconds(t->last_us, now_us);
    if (!t->started) {
        t->started = 1;
        t->wants_search = 1;
        t->seen_us = now_us;
    }
    follow_rate(t);
    af_scene_look(&t->scene, view);
    for (int i = 0; i < AFFECT_TRACK_COUNT; i++)
        t->tracks[i].fresh = 0;
}

/* ------------------------------------------------------------------------------------ carrying */

uint32_t af_time_predict(af_time *t, affect_face *faces) {
    uint32_t count = 0;
    for (int i = 0; i < AFFECT_TRACK_COUNT && t->has_landmarks; i++)
        if (t->tracks[i].used && t->tracks[i].held) {
            af_track_predict(&t->tracks[i], &faces[count]);
            t->owner[count++] = i;
        }
    return count;
}

static void take_out(af_time *t, affect_face *faces, uint32_t *count, uint32_t at) {
    (*count)--;
    for (uint32_t i = at; i < *count; i++) {
        faces[i] = faces[i + 1];
        t->owner[i] = t->owner[i + 1];
    }
}

/* Two tracks on one face: the one without a number is nobody's, and of two with one that which
 * moved more in this frame has slid onto the other's. */
static int slid(const af_time *t, const affect_face *faces, uint32_t count, uint32_t i) {
    const af_five mine = af_track_five(faces[i].points);
    const af_five was = af_track_five(t->tracks[t->owner[i]].points);
    const float moved = (mine.middle.x - was.middle.x) * (mine.middle.x - was.middle.x) +
                        (mine.middle.y - was.middle.y) * (mine.middle.y - was.middle.y);
    for (uint32_t j = 0; j < count; j++) {
        if (j == i)
            continue;
        const int known = t->tracks[t->owner[i]].number != 0;
        if (known != (t->tracks[t->owner[j]].number != 0)) {
            if (!known && af_track_same(&faces[i].box, &faces[j].box))
                return 1;
            continue;
        }
        const af_five other = af_track_five(faces[j].points);
        const af_five before = af_track_five(t->tracks[t->owner[j]].points);
        const float dx = mine.middle.x - other.middle.x, dy = mine.middle.y - other.middle.y;
        const float larger = mine.size > other.size ? mine.size : other.size;
        if (dx * dx + dy * dy > larger * larger)
            continue;
        const float theirs =
            (other.middle.x - before.middle.x) * (other.middle.x - before.middle.x) +
            (other.middle.y - before.middle.y) * (other.middle.y - before.middle.y);
        const float clear = 0.01f * larger * larger; /* a tenth of the size, squared */
        if (moved > theirs + clear ||
            (theirs <= moved + clear &&
             t->tracks[t->owner[j]].begin_us < t->tracks[t->owner[i]].begin_us) ||
            (theirs <= moved + clear && j < i &&
             t->tracks[t->owner[j]].begin_us == t->tracks[t->owner[i]].begin_us))
            return 1;
    }
    return 0;
}

/* A face that is carried waits for its number: it is searched again after `since` microseconds. */
static int waits_for_number(const af_time *t, int64_t since) {
    for (int i = 0; i < t->most; i++) {
        const af_track *track = &t->tracks[i];
        if (track->used && track->held && !track->number &&
            since >= (track->beside ? BESIDE_STEP_US : CONFIRM_STEP_US))
            return 1;
    }
    return 0;
}

static int search_is_due(const af_time *t, uint32_t held, int lost) {
    const int64_t since = t->now_us - t->search_us;
    if (!t->has_landmarks || lost || t->wants_search)
        return 1;
    if (!held)
        return t->now_us - t->seen_us < IDLE_AFTER_US || since >= IDLE_STEP_US;
    return since >= af_microseconds(t->options.detect_every) || waits_for_number(t, since);
}

int af_time_carry(af_time *t, affect_face *faces, uint32_t *count, float width, float height) {
    int lost = 0;
    for (uint32_t i = 0; i < *count;) {
        if (af_track_holds(&t->tracks[t->owner[i]], &faces[i], width, height)) {
            i++;
            continue;
        }
        t->tracks[t->owner[i]].held = 0;
        take_out(t, faces, count, i);
        lost = 1;
    }
    for (uint32_t i = 0; i < *count;) {
        if (!slid(t, faces, *count, i)) {
            i++;
            continue;
        }
        t->tracks[t->owner[i]].held = 0;
        take_out(t, faces, count, i);
        lost = 1;
    }
    return search_is_due(t, *count, lost);
}

/* ------------------------------------------------------------------------------------- finding */

/* Face of this frame that a track has, or -1. */
static int face_of(const af_time *t, uint32_t count, int slot) {
    for (uint32_t i = 0; i < count; i++)
        if (t->owner[i] == slot)
            return (int)i;
    return -1;
}

static int free_slot(const af_time *t) {
    for (int i = 0; i < t->most; i++)
        if (!t->tracks[i].used)
            return i;
    return -1;
}

static int turned_far(const af_track *track) {
    const float yaw = track->person.signals.yaw;
    return yaw > TURNED_YAW || yaw < -TURNED_YAW;
}

/* 2: beside a known face that is turned far, 1: beside another, 0: by itself. */
static int beside_known(const af_time *t, const affect_box *box) {
    int beside = 0;
    for (int i = 0; i < AFFECT_TRACK_COUNT; i++) {
        const af_track *other = &t->tracks[i];
        if (!other->used || !other->number || !other->held || !af_track_beside(&other->box, box))
            continue;
        if (turned_far(other))
            return 2;
        beside = 1;
    }
    return beside;
}

static void begin_track(af_time *t, int slot, const affect_face *face) {
    af_track *track = &t->tracks[slot];
    memset(track, 0, sizeof *track);
    track->beside = beside_known(t, &face->box);
    track->used = 1;
    track->seat = -1;
    track->begin_us = track->seen_us = t->now_us;
    track->box = face->box;
    af_person_reset(&track->person);
}

/* The track that a box goes with best, of those no other box has taken; -1: none. */
static int best_track(const af_time *t, const affect_face *faces, uint32_t count,
                      const affect_box *box, float *score) {
    int best = -1;
    *score = 0;
    for (int s = 0; s < AFFECT_TRACK_COUNT; s++) {
        if (!t->tracks[s].used || t->tracks[s].fresh)
            continue;
        const int face = face_of(t, count, s);
        float match;
        if (face >= 0) {
            match = af_track_overlap(&faces[face].box, box);
            if (match < 0.25f)
                match = af_track_same(&faces[face].box, box) ? 0.1f : 0;
        } else {
            match = af_track_match(&t->tracks[s], box, t->now_us);
        }
        if (match > *score) {
            *score = match;
            best = s;
        }
    }
    return best;
}

/* A box on a face that is carried already, but was given to another box or is too large or small
 * for it. */
static int covered(const affect_face *faces, uint32_t count, const affect_box *box) {
    for (uint32_t i = 0; i < count; i++)
        if (af_track_same(&faces[i].box, box))
            return 1;
    return 0;
}

static void append(af_time *t, affect_face *faces, uint32_t *count, const affect_face *found,
                   int slot) {
    faces[*count] = *found;
    t->owner[*count] = slot;
    if (slot >= 0)
        t->tracks[slot].fresh = 1;
    (*count)++;
}

static int most_missed(const af_track *track, const affect_face *face) {
    if (!track->number)
        return CONFIRM_MISSED;
    if (face->presence < SURE_PRESENCE || track->hits < MISSED)
        return MISSED;
    return af_min(track->hits, MISSED_FIRM);
}

/* Tracks that are carried though searches do not find them. */
static void count_missed(af_time *t, affect_face *faces, uint32_t *count) {
    for (uint32_t i = 0; i < *count;) {
        af_track *track = &t->tracks[t->owner[i]];
        track->missed = track->fresh ? 0 : track->missed + 1;
        if (track->missed >= most_missed(track, &faces[i])) {
            track->held = 0;
            take_out(t, faces, count, i);
        } else {
            i++;
        }
    }
}

static void find_one(af_time *t, affect_face *faces, uint32_t *count, const affect_face *found,
                     uint32_t most, int given) {
    float score;
    int slot = best_track(t, faces, *count, &found->box, &score);
    const int face = slot >= 0 ? face_of(t, *count, slot) : -1;
    if (face >= 0) {
        t->tracks[slot].fresh = 1;
        faces[face].box = found->box;
        faces[face].score = found->score;
        return;
    }
    if (*count >= most || (!given && slot < 0 && covered(faces, *count, &found->box)))
        return;
    if (slot < 0) {
        slot = free_slot(t);
        if (slot >= 0)
            begin_track(t, slot, found);
        else if (!given)
            return;
    }
    append(t, faces, count, found, slot);
}

uint32_t af_time_find(af_time *t, affect_face *faces, uint32_t count, const affect_face *found,
                      uint32_t found_count, uint32_t most, int given) {
    t->search_us = t->now_us;
    t->wants_search = 0;
    const uint32_t carried = count;
    for (uint32_t i = 0; i < found_count; i++)
        find_one(t, faces, &count, &found[i], given ? most : (uint32_t)t->most, given);
    if (!given && carried)
        count_missed(t, faces, &count);
    return count;
}

int af_time_wants_expressions(const af_time *t, uint32_t face) {
    if (t->owner[face] < 0)
        return 0;
    const af_track *track = &t->tracks[t->owner[face]];
    return !track->has_expressions || t->now_us - track->expressions_us >= EXPRESSION_STEP_US;
}

/* --------------------------------------------------------------------------------- frame's end */

static int seat_of(const affect_time_options *o, const affect_box *box) {
    const float x = box->x + box->width / 2, y = box->y + box->height / 2;
    for (int i = 0; i < o->seat_count; i++) {
        const affect_box *s = &o->seats[i];
        if (x >= s->x && y >= s->y && x < s->x + s->width && y < s->y + s->height)
            return i;
    }
    return -1;
}

/* Expressions of this frame are kept; where they were not read, the last ones stand in. */
static void share_expressions(af_time *t, af_track *track, affect_face *face) {
    if (face->measured & AFFECT_EXPRESSIONS) {
        memcpy(track->expressions, face->expressions, sizeof track->expressions);
        track->expressions_us = t->now_us;
        track->has_expressions = 1;
    } else if (track->has_expressions && t->now_us - track->expressions_us < 300000) {
        memcpy(face->expressions, track->expressions, sizeof track->expressions);
        face->measured |= AFFECT_EXPRESSIONS;
    }
}

static int is_sure(const af_time *t, const af_track *track, const affect_face *face) {
    if (track->beside) {
        if (face->score < SURE_SCORE && beside_known(t, &face->box) == 2)
            return 0;
        return track->hits >= BESIDE_HITS &&
               t->now_us - track->begin_us >= (track->beside == 2 ? TURNED_US : BESIDE_US);
    }
    if (face->score >= SURE_SCORE && (!t->has_landmarks || face->presence >= SURE_PRESENCE))
        return 1;
    return track->hits >= SURE_HITS &&
           track->frames >= (track->held || !t->has_landmarks ? SURE_FRAMES : DOUBTFUL_FRAMES);
}

static void confirm(af_time *t, af_track *track, const affect_face *face, int given) {
    track->hits += track->fresh && track->hits < 1000;
    if (track->number || !(given || is_sure(t, track, face)))
        return;
    track->number = t->next_number++;
    if (t->has_baseline)
        t->has_baseline = !af_person_load(&track->person, t->baseline);
}

static void arrive(af_time *t, af_track *track) {
    if (track->arrived || !track->number || t->now_us - track->begin_us < ARRIVED_US)
        return;
    track->arrived = 1;
    af_events_add(&t->events, AFFECT_EVENT_OCCUPANT_ARRIVED, who_is(track), track->begin_us,
                  t->now_us, 0, 1);
}

/* One face that is there. */
static void end_face(af_time *t, affect_face *face, af_track *track, int given) {
    if (t->now_us - track->seen_us > 300000)
        memset(&track->smooth, 0, sizeof track->smooth);
    const int expected = (face->measured & AFFECT_EXPRESSIONS) != 0;
    share_expressions(t, track, face);
    af_signals signals;
    af_signals_of_face(&signals, face);
    if (!af_track_firm(face) && !given) {
        const float x = signals.x, y = signals.y;
        af_signals_unknown(&signals);
        signals.x = x;
        signals.y = y;
    }
    if (!expected)
        face->measured &= ~(uint32_t)AFFECT_EXPRESSIONS;
    af_track_keep(track, face, t->now_us);
    track->seat = seat_of(&t->options, &track->box);
    confirm(t, track, face, given);
    face->track = track->number;
    face->seat = track->seat;
    t->seen_us = t->now_us;
    if (tells(t) && track->number) {
        end_lost(t, track, t->now_us);
        arrive(t, track);
        af_person_update(&track->person, &signals, t->rate, &t->options, t->now_us, who_is(track),
                         &t->events);
    }
    af_smooth_face(&track->smooth, face, t->step, t->smoothing);
}

/* One track whose face is not there. */
static void end_missing(af_time *t, int slot) {
    af_track *track = &t->tracks[slot];
    track->held = 0;
    if (t->blocked.raised) /* nobody is seen, which says nothing of who is there */
        track->seen_us = t->now_us;
    const float away = af_seconds(track->seen_us, t->now_us);
    if (!track->number) {
        if (t->now_us - track->seen_us > FORGET_US)
            end_track(t, slot, t->now_us, 0);
        return;
    }
    if (away < t->options.lost_after)
        t->wants_search = 1;
    if (tells(t)) {
        af_signals unknown;
        af_signals_unknown(&unknown);
        af_person_update(&track->person, &unknown, t->rate, &t->options, t->now_us, who_is(track),
                         &t->events);
        if (!track->lost && away >= t->options.lost_after) {
            track->lost = 1;
            track->lost_us = track->seen_us;
            af_events_add(&t->events, AFFECT_EVENT_FACE_LOST, who_is(track), track->lost_us,
                          t->now_us, 1, 1);
        }
    }
    if (away >= t->options.leave_after)
        end_track(t, slot, t->now_us, 1);
}

static void watch_scene(af_time *t, uint32_t faces) {
    const af_who nobody = {0, 0, -1};
    t->degraded = af_scene_degraded(&t->scene, faces, t->degraded);
    if (t->rate < LOW_RATE)
        t->degraded |= AFFECT_DEGRADED_FRAME_RATE;
    const int covered_now = (t->degraded & AFFECT_DEGRADED_COVERED) != 0;
    const af_span_news news =
        af_span_update(&t->blocked, covered_now, t->now_us, BLOCKED, BLOCKED_PAUSE);
    if (news != AF_SPAN_NOTHING && tells(t))
        af_events_add(&t->events, AFFECT_EVENT_CAMERA_BLOCKED, nobody, t->blocked.start_us,
                      news == AF_SPAN_ENDED ? t->blocked.seen_us : t->now_us,
                      news == AF_SPAN_RAISED, 1);
}

static void watch_pairs(af_time *t, float width) {
    for (int b = 1; b < AFFECT_TRACK_COUNT; b++) {
        const af_track *two = &t->tracks[b];
        if (!two->used || !two->number)
            continue;
        for (int a = 0; a < b; a++) {
            const af_track *one = &t->tracks[a];
            if (!one->used || !one->number)
                continue;
            const af_one first = {one->seen_us == t->now_us ? &one->person : NULL, who_is(one)};
            const af_one second = {two->seen_us == t->now_us ? &two->person : NULL, who_is(two)};
            af_pair_update(pair_of(t, a, b), first, second, width, &t->options, t->now_us,
                           &t->events);
        }
    }
}

static void sort_by_track(af_time *t, affect_face *faces, uint32_t count) {
    for (uint32_t i = 1; i < count; i++)
        for (uint32_t j = i; j > 0; j--) {
            /* Unconfirmed faces (0) come last. */
            if (faces[j - 1].track - 1u <= faces[j].track - 1u)
                break;
            const affect_face face = faces[j];
            const int32_t owner = t->owner[j];
            faces[j] = faces[j - 1];
            t->owner[j] = t->owner[j - 1];
            faces[j - 1] = face;
            t->owner[j - 1] = owner;
        }
}

static void write_states(af_time *t, affect_face *faces, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (t->owner[i] < 0 || !faces[i].track)
            continue;
        af_person_state(&t->tracks[t->owner[i]].person, t->rate, t->degraded, &t->options,
                        t->now_us, &faces[i].state);
        faces[i].measured |= AFFECT_STATE;
    }
}

void af_time_end(af_time *t, affect_face *faces, uint32_t *count, float width, int given) {
    for (uint32_t i = 0; i < *count; i++)
        if (t->owner[i] >= 0)
            end_face(t, &faces[i], &t->tracks[t->owner[i]], given);
    watch_scene(t, *count);
    for (int s = 0; s < AFFECT_TRACK_COUNT; s++)
        if (t->tracks[s].used && t->tracks[s].seen_us != t->now_us)
            end_missing(t, s);
        else if (t->tracks[s].used && !t->tracks[s].held)
            t->wants_search = 1;
    if (tells(t)) {
        watch_pairs(t, width);
        write_states(t, faces, *count);
    }
    if (!given)
        sort_by_track(t, faces, *count);
}

/* ------------------------------------------------------------------------------------ baseline */

static af_track *track_of(const af_time *t, uint32_t number) {
    for (int i = 0; i < AFFECT_TRACK_COUNT; i++)
        if (t->tracks[i].used && t->tracks[i].number == number)
            return &t->tracks[i];
    return NULL;
}

int af_time_baseline_save(const af_time *t, uint32_t number, uint8_t *blob) {
    const af_track *track = number ? track_of(t, number) : NULL;
    return track && af_person_save(&track->person, blob);
}

int af_time_baseline_load(af_time *t, uint32_t number, const uint8_t *blob) {
    if (number) {
        af_track *track = track_of(t, number);
        return track && af_person_load(&track->person, blob);
    }
    af_person trial;
    af_person_reset(&trial);
    if (!af_person_load(&trial, blob))
        return 0;
    memcpy(t->baseline, blob, AFFECT_BASELINE_SIZE);
    t->has_baseline = 1;
    return 1;
}
