#include "face/look.h"

#include "maths.h"

/* Chosen on 300 photos that were trained on (training/detector/LOG.md). */
enum { WINDOW = 128 };             /* side of a window's plane */
static const float FACE = 40;      /* side of the face in it */
static const float ZOOM = 1.2f;    /* less enlargement shows nothing new */
static const float LARGE = 96;     /* side in the searched plane from which faces are reduced */
static const float REDUCED = 72;   /* side of such a face in the window */
static const float LIKELY = 0.5f;  /* score from which these are looked at */
static const float SURE = 0.8f;    /* from here on no second look is needed */
static const float ALIKE = 1.7f;   /* faces that share a window differ in size by less */
static const float AROUND = 0.3f;  /* of a face's side must be seen around it to share a window */
static const float SAME = 0.3f;    /* overlap with what the window shows in its place */
static const float UNSEEN = 0.05f; /* score of what the window does not show */
static const float SAY = 0.6f;     /* weight of the second look in the score */

/* A part of the picture, and the way from its plane to the plane that was searched. */
typedef struct window {
    af_rect rect;
    af_plane_size size;
    float x, y, per_x, per_y;
} window;

static float side_of(const af_candidate *c) {
    return af_sqrt((c->x2 - c->x1) * (c->y2 - c->y1));
}

/* Window pixels for a pixel of the picture; 0: no second look. */
static float scale_for(const af_candidate *c, const af_plane_size *searched) {
    if (c->score < AF_LOOK_FROM || c->score > SURE)
        return 0;
    const float side = side_of(c);
    if (side >= LARGE)
        return c->score < LIKELY ? 0 : REDUCED / side * searched->scale_x;
    float scale = FACE / side * searched->scale_x;
    if (scale > AF_PLANE_ENLARGE)
        scale = AF_PLANE_ENLARGE;
    return scale < ZOOM * searched->scale_x ? 0 : scale;
}

/* The first pixel of `length` around `middle` inside 0..whole. */
static int32_t first_of(float middle, int32_t length, int32_t whole) {
    const float first = af_clampf(middle - (float)length / 2, 0, (float)(whole - length));
    return (int32_t)first;
}

static window window_around(const af_candidate *c, float scale, const af_rect *roi,
                            const af_plane_size *searched, int32_t step) {
    window w;
    const int32_t side = (int32_t)(WINDOW / scale + 0.5f);
    w.rect.width = af_min(side, roi->width);
    w.rect.height = af_min(side, roi->height);
    const int32_t left =
        first_of((c->x1 + c->x2) / 2 / searched->scale_x, w.rect.width, roi->width);
    const int32_t top =
        first_of((c->y1 + c->y2) / 2 / searched->scale_y, w.rect.height, roi->height);
    w.rect.x = roi->x + left;
    w.rect.y = roi->y + top;
    const int32_t longest = (int32_t)(scale * (float)af_max(w.rect.width, w.rect.height) + 0.5f);
    af_plane_measure(&w.size, w.rect.width, w.rect.height, af_clamp(longest, 1, WINDOW), step);
    w.x = (float)left * searched->scale_x;
    w.y = (float)top * searched->scale_y;
    w.per_x = searched->scale_x / w.size.scale_x;
    w.per_y = searched->scale_y / w.size.scale_y;
    return w;
}

static void move(af_candidate *c, const window *w) {
    c->x1 = w->x + c->x1 * w->per_x;
    c->y1 = w->y + c->y1 * w->per_y;
    c->x2 = w->x + c->x2 * w->per_x;
    c->y2 = w->y + c->y2 * w->per_y;
    for (int k = 0; k < 5; k++) {
        c->points[k].x = w->x + c->points[k].x * w->per_x;
        c->points[k].y = w->y + c->points[k].y * w->per_y;
    }
}

/* What the window shows, in the searched plane's pixels: how many candidates; -1: no such plane. */
static int32_t look_through(const af_detector *detector, const af_view *view, const window *w) {
    uint8_t *const plane = af_net_input(detector->net, w->size.padded_width, w->size.padded_height);
    if (!plane || af_plane(view, &w->rect, &w->size, plane, NULL, detector->scratch) != AFFECT_OK)
        return -1;
    const uint32_t count = af_detect_run(detector, UNSEEN, detector->seen);
    for (uint32_t i = 0; i < count; i++)
        move(&detector->seen[i], w);
    return (int32_t)count;
}

/* Whether a candidate lies in the window of another as well as that one does. */
static int shares(const af_candidate *c, const af_candidate *first, const window *w,
                  const af_plane_size *searched) {
    const float side = side_of(c), other = side_of(first), around = AROUND * side;
    if (side > ALIKE * other || other > ALIKE * side)
        return 0;
    const float right = w->x + (float)w->size.width * w->per_x;
    const float bottom = w->y + (float)w->size.height * w->per_y;
    return (c->x1 - around >= w->x || w->x <= 0) && (c->y1 - around >= w->y || w->y <= 0) &&
           (c->x2 + around <= right || right >= (float)searched->width - 1) &&
           (c->y2 + around <= bottom || bottom >= (float)searched->height - 1);
}

static float logit(float score) {
    const float p = af_clampf(score, 1e-4f, 1 - 1e-4f);
    return af_log(p / (1 - p));
}

/* The two scores become one; box and points are those that were seen larger. */
static void settle(af_candidate *c, const af_candidate *seen, uint32_t count) {
    uint32_t i = 0; /* best first */
    while (i < count && !af_decode_overlaps(c, &seen[i], SAME))
        i++;
    const float score = i < count ? seen[i].score : UNSEEN;
    const uint32_t order = c->order;
    const float both = af_sigmoid((1 - SAY) * logit(c->score) + SAY * logit(score));
    if (i < count && side_of(c) < LARGE)
        *c = seen[i];
    c->order = order;
    c->score = both;
    c->looked_at = 1;
}

void af_look_again(const af_detector *detector, const af_view *view, const af_plane_size *searched,
                   af_candidate *list, uint32_t count) {
    int32_t looks = detector->looks;
    for (uint32_t i = 0; i < count && looks > 0; i++) {
        const float scale = list[i].looked_at ? 0 : scale_for(&list[i], searched);
        if (!(scale > 0))
            continue;
        const window w = window_around(&list[i], scale, &view->roi, searched, detector->step);
        const int32_t seen = look_through(detector, view, &w);
        if (seen < 0)
            return;
        looks--;
        const af_candidate first = list[i];
        for (uint32_t j = i; j < count; j++)
            if (!list[j].looked_at && (j == i || (scale_for(&list[j], searched) > 0 &&
                                                  shares(&list[j], &first, &w, searched))))
                settle(&list[j], detector->seen, (uint32_t)seen);
    }
}
