#include "face/geometry.h"

#include "maths.h"

const affect_point af_template_landmarks[5] = {
    {.360f, .330f}, {.640f, .330f}, {.500f, .490f}, {.384f, .653f}, {.616f, .653f}};
const affect_point af_template_expression[5] = {
    {.330f, .350f}, {.670f, .350f}, {.500f, .544f}, {.359f, .743f}, {.641f, .743f}};

static const affect_point box_points[5] = {
    {.30f, .42f}, {.70f, .42f}, {.50f, .62f}, {.35f, .80f}, {.65f, .80f}};

int af_geometry_align(af_similarity *crop_to_picture, const affect_point template_points[5],
                      const affect_point five[5], int32_t size) {
    affect_point from[5];
    for (int i = 0; i < 5; i++) {
        from[i].x = template_points[i].x * (float)size;
        from[i].y = template_points[i].y * (float)size;
    }
    /* Fitted towards the template and inverted, as in training: the least squares of the other
     * direction would show turned faces smaller. */
    af_similarity to_crop;
    return af_similarity_fit(&to_crop, five, from, 5) &&
           af_similarity_invert(crop_to_picture, &to_crop);
}

void af_geometry_box_points(const affect_box *box, affect_point five[5]) {
    for (int i = 0; i < 5; i++) {
        five[i].x = box->x + box_points[i].x * box->width;
        five[i].y = box->y + box_points[i].y * box->height;
    }
}

static affect_point mean_point(const affect_point *points, int count) {
    affect_point sum = {0, 0};
    for (int i = 0; i < count; i++) {
        sum.x += points[i].x;
        sum.y += points[i].y;
    }
    sum.x /= (float)count;
    sum.y /= (float)count;
    return sum;
}

void af_geometry_five_of_68(const affect_point landmarks[AFFECT_LANDMARK_COUNT],
                            affect_point five[5]) {
    five[0] = mean_point(landmarks + 36, 6);
    five[1] = mean_point(landmarks + 42, 6);
    five[2] = landmarks[30];
    five[3] = landmarks[48];
    five[4] = landmarks[54];
}

float af_geometry_distance(affect_point a, affect_point b) {
    const float dx = a.x - b.x, dy = a.y - b.y;
    return af_sqrt(dx * dx + dy * dy);
}
