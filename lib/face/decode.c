#include "face/decode.h"

#include "maths.h"

static const float MUCH_THE_SAME = 0.6f; /* overlap of boxes that say the same of one face */
static const float TINY = 16 * 16;       /* plane pixels: such boxes have neighbours, not fellows */

/* The ranking of candidates: by score, then by their place. */
static int better(const af_candidate *a, const af_candidate *b) {
    return a->score > b->score || (a->score == b->score && a->order < b->order);
}

/* Restores the heap (weakest on top) below `at`. */
static void sift_down(af_candidate *heap, uint32_t count, uint32_t at) {
    const af_candidate moving = heap[at];
    for (uint32_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && better(&heap[child], &heap[child + 1]))
            child++;
        if (!better(&moving, &heap[child]))
            break;
        heap[at] = heap[child];
    }
    heap[at] = moving;
}

/* Keeps the best AF_DETECT_CANDIDATES of all that come. */
static void keep(af_candidate *heap, uint32_t *count, const af_candidate *candidate) {
    if (*count == AF_DETECT_CANDIDATES) {
        if (better(candidate, &heap[0])) {
            heap[0] = *candidate;
            sift_down(heap, *count, 0);
        }
        return;
    }
    uint32_t at = (*count)++;
    while (at > 0 && better(&heap[(at - 1) / 2], candidate)) {
        heap[at] = heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    heap[at] = *candidate;
}

/* Turns the heap into a list, best first. */
static void sort_best_first(af_candidate *heap, uint32_t count) {
    while (count > 1) {
        count--;
        const af_candidate weakest = heap[0];
        heap[0] = heap[count];
        sift_down(heap, count, 0);
        heap[count] = weakest;
    }
}

void af_decode_sort(af_candidate *list, uint32_t count) {
    for (uint32_t at = count / 2; at-- > 0;)
        sift_down(list, count, at);
    sort_best_first(list, count);
}

/* Score and box of the cell around (cx, cy). */
static int decode_box(af_candidate *out, const int32_t *values, const float *scales, float cx,
                      float cy, float stride, float threshold) {
    float v[AF_BOX_CHANNELS];
    for (int c = 0; c < AF_BOX_CHANNELS; c++)
        v[c] = (float)values[c] * scales[c];
    out->looked_at = 0;
    out->score = af_sqrt(af_sigmoid(v[0]) * af_sigmoid(v[1]));
    if (!(out->score >= threshold))
        return 0;
    out->x1 = cx - v[2] * stride;
    out->y1 = cy - v[3] * stride;
    out->x2 = cx + v[4] * stride;
    out->y2 = cy + v[5] * stride;
    return out->x2 - out->x1 >= 1 && out->y2 - out->y1 >= 1;
}

static void decode_points(af_candidate *out, const int32_t *values, const float *scales, float cx,
                          float cy, float stride) {
    for (int k = 0; k < 5; k++) {
        out->points[k].x = cx + (float)values[2 * k] * scales[2 * k] * stride;
        out->points[k].y = cy + (float)values[2 * k + 1] * scales[2 * k + 1] * stride;
    }
}

af_head af_decode_points_behind(const af_head *boxes) {
    af_head points = *boxes;
    points.values += AF_BOX_CHANNELS;
    points.scales += AF_BOX_CHANNELS;
    points.channels -= AF_BOX_CHANNELS;
    return points;
}

/* score <= sqrt(sigmoid(cls)), so a cell below this logit cannot reach the threshold. */
static float lowest_logit(float threshold) {
    const float t2 = threshold * threshold;
    if (t2 <= 0)
        return -1e30f;
    return t2 >= 1 ? 1e30f : af_log(t2 / (1 - t2)) - 1e-3f;
}

static void collect(const af_level *level, float threshold, af_candidate *list, uint32_t *count,
                    uint32_t *order) {
    const af_head *boxes = &level->boxes, *points = &level->points;
    const float stride = level->stride, lowest = lowest_logit(threshold);
    for (int32_t y = 0, cell = 0; y < boxes->height; y++) {
        for (int32_t x = 0; x < boxes->width; x++, cell++) {
            const int32_t *values = boxes->values + (size_t)cell * (size_t)boxes->pitch;
            const uint32_t place = (*order)++;
            if ((float)values[0] * boxes->scales[0] < lowest)
                continue;
            const float cx = ((float)x + 0.5f) * stride, cy = ((float)y + 0.5f) * stride;
            af_candidate c;
            c.order = place;
            if (!decode_box(&c, values, boxes->scales, cx, cy, stride, threshold))
                continue;
            decode_points(&c, points->values + (size_t)cell * (size_t)points->pitch, points->scales,
                          cx, cy, stride);
            keep(list, count, &c);
        }
    }
}

uint32_t af_decode_candidates(const af_level *levels, int32_t count, float threshold,
                              af_candidate *list) {
    uint32_t found = 0, order = 0;
    for (int32_t i = 0; i < count; i++)
        collect(&levels[i], threshold, list, &found, &order);
    sort_best_first(list, found);
    return found;
}

static float area(const af_candidate *c) {
    return (c->x2 - c->x1) * (c->y2 - c->y1);
}

int af_decode_overlaps(const af_candidate *a, const af_candidate *b, float most) {
    const float left = a->x1 > b->x1 ? a->x1 : b->x1, right = a->x2 < b->x2 ? a->x2 : b->x2;
    const float top = a->y1 > b->y1 ? a->y1 : b->y1, bottom = a->y2 < b->y2 ? a->y2 : b->y2;
    if (right <= left || bottom <= top)
        return 0;
    const float both = (right - left) * (bottom - top);
    return both > most * (area(a) + area(b) - both);
}

static float weight_of(const af_candidate *c) {
    return c->score * c->score * c->score + 1e-9f; /* not 0, whatever the threshold */
}

/* Of box and points the weighted sums, to which those of others can be added. */
static void begin_mean(af_candidate *c) {
    c->weight = c->box_weight = weight_of(c);
    const float box[4] = {c->x1, c->y1, c->x2, c->y2};
    for (int k = 0; k < 4; k++)
        c->edges[k] = c->weight * box[k];
    for (int k = 0; k < 5; k++) {
        c->points[k].x *= c->weight;
        c->points[k].y *= c->weight;
    }
}

static void add_to_mean(af_candidate *c, const af_candidate *dropped) {
    const float weight = weight_of(dropped);
    c->weight += weight;
    for (int k = 0; k < 5; k++) {
        c->points[k].x += weight * dropped->points[k].x;
        c->points[k].y += weight * dropped->points[k].y;
    }
    if (!af_decode_overlaps(c, dropped, MUCH_THE_SAME))
        return;
    const float box[4] = {dropped->x1, dropped->y1, dropped->x2, dropped->y2};
    c->box_weight += weight;
    for (int k = 0; k < 4; k++)
        c->edges[k] += weight * box[k];
}

static void end_mean(af_candidate *c) {
    for (int k = 0; k < 5; k++) {
        c->points[k].x /= c->weight;
        c->points[k].y /= c->weight;
    }
    if (area(c) < TINY)
        return;
    c->x1 = c->edges[0] / c->box_weight;
    c->y1 = c->edges[1] / c->box_weight;
    c->x2 = c->edges[2] / c->box_weight;
    c->y2 = c->edges[3] / c->box_weight;
}

uint32_t af_decode_suppress(af_candidate *list, uint32_t count, float overlap) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t j = 0;
        while (j < kept && !af_decode_overlaps(&list[i], &list[j], overlap))
            j++;
        if (j < kept) {
            add_to_mean(&list[j], &list[i]);
            continue;
        }
        list[kept] = list[i];
        begin_mean(&list[kept++]);
    }
    for (uint32_t j = 0; j < kept; j++)
        end_mean(&list[j]);
    return kept;
}
