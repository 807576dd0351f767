#include "time/track.h"

#include "maths.h"

/* Less presence than this and the face is no longer carried. */
#define LEAST_PRESENCE 0.3f
/* From one frame to the next the five points' size changes by less than this factor, and their
 * middle moves by less than so many sizes. */
#define MOST_GROWTH 1.5f
#define MOST_STEP 2.0f
/* A box goes with a track from this overlap on. */
#define LEAST_OVERLAP 0.25f
/* A lost face comes back within so many box widths. */
#define LOST_REACH 0.8f
/* Boxes whose middles are nearer than so many of the larger one's sides may be of one head. */
#define BESIDE 1.1f

af_five af_track_five(const affect_point p[5]) {
    af_five five = {{0, 0}, 0};
    for (int i = 0; i < 5; i++) {
        five.middle.x += p[i].x / 5;
        five.middle.y += p[i].y / 5;
    }
    for (int i = 0; i < 5; i++) {
        const float dx = p[i].x - five.middle.x, dy = p[i].y - five.middle.y;
        five.size += af_sqrt(dx * dx + dy * dy) / 5;
    }
    return five;
}

void af_track_predict(const af_track *track, affect_face *face) {
    face->box = track->box;
    face->score = track->score;
    for (int i = 0; i < 5; i++)
        face->points[i] = track->points[i];
}

static void five_of_face(const affect_face *face, affect_point five[5]) {
    const affect_point *l = face->landmarks;
    for (int e = 0; e < 2; e++) {
        five[e].x = five[e].y = 0;
        for (int i = 0; i < 6; i++) {
            five[e].x += l[36 + 6 * e + i].x / 6;
            five[e].y += l[36 + 6 * e + i].y / 6;
        }
    }
    five[2] = l[30];
    five[3] = l[48];
    five[4] = l[54];
}

int af_track_holds(const af_track *track, affect_face *face, float width, float height) {
    if (!af_track_firm(face))
        return 0;
    affect_point five[5];
    five_of_face(face, five);
    const af_five now = af_track_five(five), before = af_track_five(track->points);
    const float dx = now.middle.x - before.middle.x, dy = now.middle.y - before.middle.y;
    if (!(now.size > 1) || !(now.size < before.size * MOST_GROWTH) ||
        !(before.size < now.size * MOST_GROWTH) ||
        !(dx * dx + dy * dy < MOST_STEP * MOST_STEP * before.size * before.size))
        return 0;
    if (now.middle.x < 0 || now.middle.y < 0 || now.middle.x > width || now.middle.y > height)
        return 0;
    for (int i = 0; i < 5; i++)
        face->points[i] = five[i];
    face->box.width = track->box_width * now.size;
    face->box.height = track->box_height * now.size;
    face->box.x = now.middle.x + track->box_x * now.size;
    face->box.y = now.middle.y + track->box_y * now.size;
    return 1;
}

int af_track_firm(const affect_face *face) {
    return (face->measured & AFFECT_LANDMARKS) && face->presence >= LEAST_PRESENCE;
}

/* The detector's boxes tremble, so a new one counts a third. */
static void keep_box(af_track *t) {
    const af_five five = af_track_five(t->points);
    if (!(five.size > 0))
        return;
    const float share = t->box_width > 0 ? 0.33f : 1;
    t->box_x += ((t->box.x - five.middle.x) / five.size - t->box_x) * share;
    t->box_y += ((t->box.y - five.middle.y) / five.size - t->box_y) * share;
    t->box_width += (t->box.width / five.size - t->box_width) * share;
    t->box_height += (t->box.height / five.size - t->box_height) * share;
}

void af_track_keep(af_track *t, const affect_face *face, int64_t now_us) {
    t->held = af_track_firm(face);
    if (t->held)
        five_of_face(face, t->points);
    else
        for (int i = 0; i < 5; i++)
            t->points[i] = face->points[i];
    t->box = face->box;
    t->score = face->score;
    t->presence = face->presence;
    t->seen_us = now_us;
    t->frames += t->frames < 1000;
    if (t->fresh)
        keep_box(t);
}

float af_track_overlap(const affect_box *a, const affect_box *b) {
    const float left = a->x > b->x ? a->x : b->x, top = a->y > b->y ? a->y : b->y;
    const float ar = a->x + a->width, br = b->x + b->width;
    const float ab = a->y + a->height, bb = b->y + b->height;
    const float right = ar < br ? ar : br, bottom = ab < bb ? ab : bb;
    if (!(right > left) || !(bottom > top))
        return 0;
    const float both = (right - left) * (bottom - top);
    return both / (a->width * a->height + b->width * b->height - both);
}

static int middle_within(const affect_box *a, const affect_box *b) {
    const float x = a->x + a->width / 2 - b->x, y = a->y + a->height / 2 - b->y;
    return x > b->width / 4 && x < b->width * 3 / 4 && y > b->height / 4 && y < b->height * 3 / 4;
}

int af_track_same(const affect_box *a, const affect_box *b) {
    return af_track_overlap(a, b) > LEAST_OVERLAP || middle_within(a, b) || middle_within(b, a);
}

int af_track_beside(const affect_box *a, const affect_box *b) {
    const float dx = a->x + a->width / 2 - b->x - b->width / 2;
    const float dy = a->y + a->height / 2 - b->y - b->height / 2;
    const float width = a->width > b->width ? a->width : b->width;
    const float height = a->height > b->height ? a->height : b->height;
    return dx * dx < BESIDE * BESIDE * width * width && dy * dy < BESIDE * BESIDE * height * height;
}

float af_track_match(const af_track *t, const affect_box *box, int64_t now_us) {
    const float overlap = af_track_overlap(&t->box, box);
    if (overlap >= LEAST_OVERLAP)
        return overlap;
    const float away = af_seconds(t->seen_us, now_us);
    if (t->held && away < 0.1f)
        return 0;
    const float growth = box->width / t->box.width;
    if (!(growth < 2) || !(growth > 0.5f))
        return 0;
    const float dx = box->x + box->width / 2 - t->box.x - t->box.width / 2;
    const float dy = box->y + box->height / 2 - t->box.y - t->box.height / 2;
    const float distance = af_sqrt(dx * dx + dy * dy) / t->box.width;
    const float reach = LOST_REACH * (0.5f + away);
    return distance < reach && distance < 2 ? 0.2f / (1 + distance) : 0;
}
