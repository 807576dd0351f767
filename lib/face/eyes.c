#include "face/eyes.h"

#include "face/geometry.h"
#include "maths.h"

/* The crop's side over the distance of the eye's corners, and the least share of the other eye's
 * distance that counts, so that a turned-away eye is not blown up (docs/arithmetic.md). */
#define SIDE_OF_WIDTH 1.7f
#define LEAST_OF_OTHER 0.75f

/* Lid gap (1: the usual one) that counts as half open. Rendered lids narrower than a third read as
 * .35 to .5, and correlation with the exact gap was best there (training/eyes/LOG.md). */
#define HARDLY_OPEN 0.35f

/* An eye that is less likely readable than this is not measured. */
#define LEAST_QUALITY 0.8f

enum { CLOSED, OPENNESS, IRIS_X, IRIS_Y, GAZE_X, GAZE_Y, QUALITY, VALUES };

/* Gaze of one eye as a direction in the picture's camera axes. */
typedef struct direction {
    float x, y, z;
} direction;

/* One number for both outputs: 0.5 stays where lids are as likely closed as not; above it the lid
 * gap decides how far up it goes, from the gap at which eyes are hardly open. */
static float open_share(float not_closed, float openness) {
    const float gap = af_clampf((openness - HARDLY_OPEN) / (1 - HARDLY_OPEN), 0, 1);
    return not_closed < 0.5f ? not_closed : 0.5f + (not_closed - 0.5f) * gap;
}

/* Runs the network on the crop. Writes everything but confidence checks; 0 when the crop fails. */
static int look(af_net *net, const af_view *view, void *scratch, const af_similarity *map,
                int mirror, affect_eye *eye, direction *gaze, float *quality) {
    uint8_t *input = af_net_input(net, AF_EYES_SIDE, AF_EYES_SIDE);
    if (!af_crop(view, map, AF_EYES_SIDE, mirror, input, scratch, NULL))
        return 0;
    af_net_run(net);
    const af_head head = af_net_head(net, 0);
    float v[VALUES];
    for (int i = 0; i < VALUES; i++)
        v[i] = (float)head.values[i] * head.scales[i];

    const float side = (float)AF_EYES_SIDE;
    const float iris_x = mirror ? 1 - v[IRIS_X] : v[IRIS_X];
    const float gx = af_clampf(mirror ? -v[GAZE_X] : v[GAZE_X], -1, 1);
    const float gy = af_clampf(v[GAZE_Y], -1, 1);
    const float scale = af_similarity_scale(map);
    const float c = map->a / scale, s = map->b / scale;
    const float z2 = 1 - gx * gx - gy * gy;
    gaze->x = gx * c + gy * s;
    gaze->y = gy * c - gx * s;
    gaze->z = z2 > 0 ? af_sqrt(z2) : 0;

    eye->closed = af_sigmoid(v[CLOSED]);
    eye->open = open_share(1 - eye->closed, v[OPENNESS]);
    eye->iris = af_similarity_apply(map, (affect_point){iris_x * side, v[IRIS_Y] * side});
    eye->gaze_yaw = af_atan2_degrees(gaze->x, gaze->z);
    eye->gaze_pitch = af_asin_degrees(af_clampf(gaze->y, -1, 1));
    *quality = af_sigmoid(v[QUALITY]);
    const float certain = 2 * eye->closed - 1;
    eye->confidence = *quality * (certain < 0 ? -certain : certain);
    return 1;
}

/* Iris and gaze of a closed eye mean nothing. */
static void hide_what_lids_cover(affect_eye *eye) {
    if (eye->closed > 0.5f) {
        eye->iris.x = eye->iris.y = af_nan();
        eye->gaze_yaw = eye->gaze_pitch = af_nan();
    }
}

static void unmeasured(affect_eye *eye) {
    eye->open = eye->closed = eye->gaze_yaw = eye->gaze_pitch = af_nan();
    eye->iris.x = eye->iris.y = eye->confidence = af_nan();
}

/* Crop map of the eye between two corners given from the picture's left to its right. */
static int eye_map(af_similarity *map, affect_point left, affect_point right, float other_width) {
    const float dx = right.x - left.x, dy = right.y - left.y;
    const float width = af_sqrt(dx * dx + dy * dy);
    if (!(width > 0.5f))
        return 0;
    const float least = LEAST_OF_OTHER * other_width;
    const float step = SIDE_OF_WIDTH * (width > least ? width : least) / (float)AF_EYES_SIDE;
    const float half = (float)AF_EYES_SIDE / 2;
    map->a = dx / width * step;
    map->b = dy / width * step;
    map->tx = (left.x + right.x) / 2 - map->a * half + map->b * half;
    map->ty = (left.y + right.y) / 2 - map->b * half - map->a * half;
    return 1;
}

static int read_eye(af_net *net, const af_view *view, void *scratch, const affect_point *corners[2],
                    float other_width, int mirror, affect_eye *eye, direction *gaze) {
    af_similarity map;
    float quality;
    if (!eye_map(&map, *corners[0], *corners[1], other_width) ||
        !look(net, view, scratch, &map, mirror, eye, gaze, &quality) || quality < LEAST_QUALITY) {
        unmeasured(eye);
        return 0;
    }
    hide_what_lids_cover(eye);
    return 1;
}

uint32_t af_eyes_read(af_net *net, const af_view *view, void *scratch, affect_face *face) {
    const affect_point *p = face->landmarks;
    const affect_point *right[2] = {&p[36], &p[39]}, *left[2] = {&p[42], &p[45]};
    const float right_width = af_geometry_distance(p[36], p[39]);
    const float left_width = af_geometry_distance(p[42], p[45]);
    direction r = {0, 0, 0}, l = {0, 0, 0};
    const int has_r = read_eye(net, view, scratch, right, left_width, 0, &face->right_eye, &r);
    const int has_l = read_eye(net, view, scratch, left, right_width, 1, &face->left_eye, &l);

    /* The person's gaze: open eyes only, each weighed by how sure it is. */
    const float wr = has_r && face->right_eye.closed <= 0.5f ? face->right_eye.confidence : 0;
    const float wl = has_l && face->left_eye.closed <= 0.5f ? face->left_eye.confidence : 0;
    if (wr + wl > 0) {
        face->gaze_yaw = af_atan2_degrees(r.x * wr + l.x * wl, r.z * wr + l.z * wl);
        face->gaze_pitch = af_asin_degrees(af_clampf((r.y * wr + l.y * wl) / (wr + wl), -1, 1));
        face->gaze_confidence = wr > wl ? wr : wl;
    }
    return has_r || has_l ? (uint32_t)AFFECT_EYES : 0;
}

int af_eyes_read_picture(af_net *net, const af_view *view, void *scratch, int right_eye,
                         affect_eye *eye) {
    const float width = (float)view->width, height = (float)view->height;
    const float side = width > height ? width : height, step = side / (float)AF_EYES_SIDE;
    const af_similarity map = {step, 0, (width - side) / 2, (height - side) / 2};
    direction gaze;
    float quality;
    if (!look(net, view, scratch, &map, !right_eye, eye, &gaze, &quality))
        return 0;
    hide_what_lids_cover(eye);
    return 1;
}
