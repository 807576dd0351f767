#include "face/landmarks.h"

#include "face/geometry.h"
#include "face/pose.h"
#include "maths.h"

/* How far the five points may move, in eye distances, before a second look is worth its time. */
#define SECOND_LOOK 0.08f

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

uint32_t af_landmarks_read(af_net *net, const af_view *view, void *scratch, affect_face *face,
                           int from_box) {
    affect_point five[5], seen[5];
    af_similarity map;
    if (from_box)
        af_geometry_box_points(&face->box, face->points);
    for (int i = 0; i < 5; i++)
        five[i] = face->points[i];
    if (!af_geometry_align(&map, af_template_landmarks, five, AF_LANDMARKS_SIDE) ||
        !look(net, view, scratch, &map, face))
        return 0;
    face->presence = presence_seen(net);
    af_geometry_five_of_68(face->landmarks, seen);
    af_similarity again;
    if ((from_box || moved(five, seen)) &&
        af_geometry_align(&again, af_template_landmarks, seen, AF_LANDMARKS_SIDE) &&
        look(net, view, scratch, &again, face)) {
        map = again;
        /* a second look settles on whatever looks most like a face: both must see one */
        const float presence = presence_seen(net);
        if (presence < face->presence)
            face->presence = presence;
    }

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
