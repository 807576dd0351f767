#include "face/pose.h"

#include "face/geometry.h"
#include "maths.h"

typedef struct vec3 {
    float x, y, z;
} vec3;

static float dot(vec3 a, vec3 b) {
    return a.x * b.x + a.y * b.y + a.z * b.z;
}

static vec3 scaled(vec3 a, float k) {
    const vec3 r = {a.x * k, a.y * k, a.z * k};
    return r;
}

/* Turns a direction of the crop's camera axes (y up) into the picture's; cos and sin of the crop.
 */
static vec3 turn(vec3 v, float c, float s) {
    const vec3 r = {v.x * c + v.y * s, v.y * c - v.x * s, v.z};
    return r;
}

int af_pose_from_axes(affect_face *face, const float axes[6],
                      const af_similarity *crop_to_picture) {
    const vec3 raw_x = {axes[0], axes[1], axes[2]}, raw_z = {axes[3], axes[4], axes[5]};
    const float length = af_sqrt(dot(raw_z, raw_z));
    const float scale = af_similarity_scale(crop_to_picture);
    if (!(length > 0.5f) || !(scale > 0))
        return 0;
    vec3 z = scaled(raw_z, 1 / length);
    const float along = dot(raw_x, z);
    vec3 x = {raw_x.x - along * z.x, raw_x.y - along * z.y, raw_x.z - along * z.z};
    const float x_length = af_sqrt(dot(x, x));
    if (!(x_length > 0.1f))
        return 0;
    x = scaled(x, 1 / x_length);
    const float c = crop_to_picture->a / scale, s = crop_to_picture->b / scale;
    x = turn(x, c, s);
    z = turn(z, c, s);
    const float y_of_y = z.z * x.x - z.x * x.z; /* second component of z × x */

    face->yaw = af_atan2_degrees(z.x, z.z);
    face->pitch = af_asin_degrees(af_clampf(z.y, -1, 1));
    face->roll = af_atan2_degrees(-x.y, y_of_y);
    face->pose_confidence = af_clampf(2 * length - 1, 0, 1);
    return 1;
}

void af_pose_translation(affect_face *face, float focal_length, int32_t width, int32_t height) {
    /* The head's x axis is seen shortened by its share in the picture plane: cos(yaw), nearly. */
    const float yaw = face->yaw > 75 ? 75 : face->yaw < -75 ? -75 : face->yaw;
    const float seen = af_cos(yaw * (float)(AF_PI / 180));
    const float unit = face->inter_ocular / seen;
    if (!(unit > 0))
        return;
    const float depth = focal_length / unit;
    const affect_point right = face->landmarks[36], left = face->landmarks[45];
    face->translation[0] = ((right.x + left.x) / 2 - (float)width / 2) / unit;
    face->translation[1] = ((float)height / 2 - (right.y + left.y) / 2) / unit;
    face->translation[2] = depth;
}
