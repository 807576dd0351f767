#include "face/landmarks.h"

#include "face/geometry.h"
#include "face/pose.h"
#include "maths.h"

/* How far the five points may move, in eye distances, before a second look is worth its time. */
#define SECOND_LOOK 0.08f

/* Presence below which a box is looked at from other starts. */
#define HARDLY_A_FACE 0.5f

/* How a start differs from the upright one: turned about the box's middle, and larger. */
typedef struct start {
    float cosine, sine;
    float scale;
} start;

static const start starts[] = {
    {.906f, .423f, 1},     {.906f, -.423f, 1},     /* 25 degrees */
    {.906f, .423f, 1.25f}, {.906f, -.423f, 1.25f}, /* and more of the picture */
    {.707f, .707f, 1.25f}, {.707f, -.707f, 1.25f}, /* 45 */
    {.342f, .940f, 1.25f}, {.342f, -.940f, 1.25f}, /* 70 */
    {1, 0, 1.25f},         {1, 0, 1.5f},
};

enum { HEAD_POINTS = 0, HEAD_VISIBLE = 1, HEAD_POSE = 2 };

static float presence_seen(const af_net *net) {
    const af_head visible = af_net_head(net, HEAD_VISIBLE);
    return af_sigmoid((float)visible.values[AFFECT_LANDMARK_COUNT] *
                      visible.scales[AFFECT_LANDMARK_COUNT]);
}

/* Runs the network on the crop and writes the points; 0 when the crop lies outside all sense. */
static int look(af_net *net, const af_view *view, void *scratch, const af_similarity *map,
                affect_face *face) {
    uint8_t *input = af_net_input(net, AF_LANDMARKS_SIDE, AF_LANDMARKS_SIDE);
    if (!af_crop(view, map, AF_LANDMARKS_SIDE, 0, input, scratch, NULL))
        return 0;
    af_net_run(net);
    const af_head points = af_net_head(net, HEAD_POINTS);
    for (int i = 0; i < AFFECT_LANDMARK_COUNT; i++) {
        const float x = (float)points.values[2 * i] * points.scales[2 * i];
        const float y = (float)points.values[2 * i + 1] * points.scales[2 * i + 1];
        face->landmarks[i] = af_similarity_apply(
            map, (affect_point){x * (float)AF_LANDMARKS_SIDE, y * (float)AF_LANDMARKS_SIDE});
    }
    return 1;
}

static int moved(const affect_point before[5], const affect_point after[5]) {
    const float eyes = af_geometry_distance(after[0], after[1]);
    float sum = 0;
    for (int i = 0; i < 5; i++)
        sum += af_geometry_distance(before[i], after[i]);
    return sum / 5 > SECOND_LOOK * eyes;
}

static void turn(const affect_point five[5], const start *by, affect_point out[5]) {
    affect_point mid = {0, 0};
    for (int i = 0; i < 5; i++) {
        mid.x += five[i].x / 5;
        mid.y += five[i].y / 5;
    }
    for (int i = 0; i < 5; i++) {
        const float x = (five[i].x - mid.x) * by->scale, y = (five[i].y - mid.y) * by->scale;
        out[i].x = mid.x + by->cosine * x - by->sine * y;
        out[i].y = mid.y + by->sine * x + by->cosine * y;
    }
}

/* Looks from five points on, a second time from where the first look led when that is far, or
 * always for a box. Fills in landmarks and presence and leaves the map of the last look; 0 when
 * there is nothing to cut. */
static int look_from(af_net *net, const af_view *view, void *scratch, const affect_point five[5],
                     int from_box, af_similarity *map, affect_face *face) {
    affect_point seen[5];
    if (!af_geometry_align(map, af_template_landmarks, five, AF_LANDMARKS_SIDE) ||
        !look(net, view, scratch, map, face))
        return 0;
    face->presence = presence_seen(net);
    af_geometry_five_of_68(face->landmarks, seen);
    af_similarity again;
    if ((from_box || moved(five, seen)) &&
        af_geometry_align(&again, af_template_landmarks, seen, AF_LANDMARKS_SIDE) &&
        look(net, view, scratch, &again, face)) {
        *map = again;
        /* a second look settles on whatever looks most like a face: both must see one */
        const float presence = presence_seen(net);
        if (presence < face->presence)
            face->presence = presence;
    }
    return 1;
}

/* A box says nothing of how the head is turned in it. Where the upright start finds no face, the
 * others are tried and what looks most like one is kept. */
static void look_around(af_net *net, const af_view *view, void *scratch, af_similarity *map,
                        affect_face *face) {
    affect_face best = *face;
    for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
        affect_point five[5];
        af_similarity from;
        turn(face->points, &starts[i], five);
        if (look_from(net, view, scratch, five, 1, &from, face) && face->presence > best.presence) {
            best = *face;
            *map = from;
        }
    }
    *face = best;
    look(net, view, scratch, map, face); /* its other heads once more */
}

uint32_t af_landmarks_read(af_net *net, const af_view *view, void *scratch, affect_face *face,
                           int from_box) {
    af_similarity map;
    if (from_box)
        af_geometry_box_points(&face->box, face->points);
    if (!look_from(net, view, scratch, face->points, from_box, &map, face))
        return 0;
    if (from_box && face->presence < HARDLY_A_FACE)
        look_around(net, view, scratch, &map, face);

    const af_head visible = af_net_head(net, HEAD_VISIBLE);
    for (int i = 0; i < AFFECT_LANDMARK_COUNT; i++)
        face->visibility[i] = af_sigmoid((float)visible.values[i] * visible.scales[i]);
    face->inter_ocular = af_geometry_distance(face->landmarks[36], face->landmarks[45]);

    const af_head pose = af_net_head(net, HEAD_POSE);
    float axes[6];
    for (int i = 0; i < 6; i++)
        axes[i] = (float)pose.values[i] * pose.scales[i];
    return AFFECT_LANDMARKS | (af_pose_from_axes(face, axes, &map) ? (uint32_t)AFFECT_POSE : 0);
}
