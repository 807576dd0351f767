/* Prints where the fields of the public structs are, "struct.field offset size" a line, so that
 * bindings in other languages can be checked against it. */
#include <stddef.h>
#include <stdio.h>

#include "affect/affect.h"

#define FIELD(type, field)                                                                         \
    printf(#type "." #field " %zu %zu\n", offsetof(type, field), sizeof(((type *)0)->field))
#define SIZE(type) printf(#type " 0 %zu\n", sizeof(type))

static void print_face(void) {
    FIELD(affect_face, measured);
    FIELD(affect_face, track);
    FIELD(affect_face, seat);
    FIELD(affect_face, box);
    FIELD(affect_face, score);
    FIELD(affect_face, points);
    FIELD(affect_face, landmarks);
    FIELD(affect_face, visibility);
    FIELD(affect_face, presence);
    FIELD(affect_face, inter_ocular);
    FIELD(affect_face, yaw);
    FIELD(affect_face, pitch);
    FIELD(affect_face, roll);
    FIELD(affect_face, pose_confidence);
    FIELD(affect_face, translation);
    FIELD(affect_face, right_eye);
    FIELD(affect_face, left_eye);
    FIELD(affect_face, gaze_yaw);
    FIELD(affect_face, gaze_pitch);
    FIELD(affect_face, gaze_confidence);
    FIELD(affect_face, expressions);
    FIELD(affect_face, emotions);
    FIELD(affect_face, valence);
    FIELD(affect_face, arousal);
    FIELD(affect_face, confidence);
}

int main(void) {
    SIZE(affect_image);
    FIELD(affect_image, size);
    FIELD(affect_image, planes);
    FIELD(affect_image, strides);
    FIELD(affect_image, width);
    FIELD(affect_image, height);
    FIELD(affect_image, format);
    FIELD(affect_image, rotation);
    FIELD(affect_image, mirror);
    FIELD(affect_image, roi_x);
    FIELD(affect_image, roi_height);
    SIZE(affect_options);
    FIELD(affect_options, size);
    FIELD(affect_options, signals);
    FIELD(affect_options, cpu);
    FIELD(affect_options, detect_size);
    FIELD(affect_options, threshold);
    FIELD(affect_options, overlap);
    FIELD(affect_options, min_face);
    FIELD(affect_options, max_faces);
    FIELD(affect_options, focal_length);
    FIELD(affect_options, smoothing);
    FIELD(affect_options, allocator);
    FIELD(affect_options, models);
    FIELD(affect_options, time);
    FIELD(affect_options, max_looks);
    SIZE(affect_box);
    SIZE(affect_eye);
    FIELD(affect_eye, open);
    FIELD(affect_eye, closed);
    FIELD(affect_eye, iris);
    FIELD(affect_eye, gaze_yaw);
    FIELD(affect_eye, gaze_pitch);
    FIELD(affect_eye, confidence);
    print_face();
    return 0;
}
