/* Where crops are cut and how positions come back: the templates of docs/arithmetic.md. */
#ifndef AF_FACE_GEOMETRY_H
#define AF_FACE_GEOMETRY_H

#include "common.h"
#include "image/image.h"

/* Places of the five points in a crop, fractions of its side. */
extern const affect_point af_template_landmarks[5];
extern const affect_point af_template_expression[5];

/* Map from crop pixels (size × size) to the picture that brings the template onto the five points;
 * 0 when the points lie too close together to tell. */
int af_geometry_align(af_similarity *crop_to_picture, const affect_point template_points[5],
                      const affect_point five[5], int32_t size);

/* The five points a box (hairline to chin) stands for where nothing better is known. */
void af_geometry_box_points(const affect_box *box, affect_point five[5]);

/* The five points of 68 landmarks: eyes' lids averaged, nose tip, mouth corners. */
void af_geometry_five_of_68(const affect_point landmarks[AFFECT_LANDMARK_COUNT],
                            affect_point five[5]);

float af_geometry_distance(affect_point a, affect_point b);

#endif
