#include "face/detect.h"

#include "face/look.h"

/* From plane pixels to the picture's. */
typedef struct plane_map {
    float x, y, picture_per_x, picture_per_y;
} plane_map;

static void write_face(affect_face *face, const af_candidate *c, const plane_map *map) {
    face->box.x = map->x + c->x1 * map->picture_per_x;
    face->box.y = map->y + c->y1 * map->picture_per_y;
    face->box.width = (c->x2 - c->x1) * map->picture_per_x;
    face->box.height = (c->y2 - c->y1) * map->picture_per_y;
    face->score = c->score;
    for (int k = 0; k < 5; k++) {
        face->points[k].x = map->x + c->points[k].x * map->picture_per_x;
        face->points[k].y = map->y + c->points[k].y * map->picture_per_y;
    }
}

af_level af_detect_level(const af_detector *detector, int32_t index) {
    const int joined = index < AF_DETECTOR_JOINED;
    af_level level = {.boxes = af_net_head(detector->net, index)};
    level.points =
        joined ? af_decode_points_behind(&level.boxes)
               : af_net_head(detector->net, AF_DETECTOR_LEVELS + index - AF_DETECTOR_JOINED);
    if (level.points.width == level.boxes.width && level.points.height == level.boxes.height)
        level.stride = detector->strides[index];
    return level;
}

uint32_t af_detect_run(const af_detector *detector, float threshold, af_candidate *list) {
    af_net_run(detector->net);
    af_level levels[AF_DETECTOR_LEVELS];
    int32_t count = 0;
    for (int32_t i = 0; i < AF_DETECTOR_LEVELS; i++) {
        levels[count] = af_detect_level(detector, i);
        count += levels[count].stride > 0; /* of a foreign network it can be 0 at some sizes */
    }
    const uint32_t found = af_decode_candidates(levels, count, threshold, list);
    return af_decode_suppress(list, found, detector->overlap);
}

affect_status af_detect(const af_detector *detector, const af_view *view, affect_face *faces,
                        uint32_t most, uint32_t *found, float *brightness) {
    af_plane_size size;
    af_plane_measure(&size, view->roi.width, view->roi.height, detector->detect_size,
                     detector->step);
    uint8_t *const plane = af_net_input(detector->net, size.padded_width, size.padded_height);
    const affect_status status =
        af_plane(view, &view->roi, &size, plane, brightness, detector->scratch);
    if (status != AFFECT_OK)
        return status;

    af_candidate *const list = detector->candidates;
    const int again = detector->looks > 0;
    const float lowest =
        again && detector->threshold > AF_LOOK_FROM ? AF_LOOK_FROM : detector->threshold;
    uint32_t count = af_detect_run(detector, lowest, list);
    if (again) {
        af_look_again(detector, view, &size, list, count);
        af_decode_sort(list, count);
        count = af_decode_suppress(list, count, detector->overlap);
    }

    const plane_map map = {(float)view->roi.x, (float)view->roi.y, 1 / size.scale_x,
                           1 / size.scale_y};
    *found = 0;
    for (uint32_t i = 0; i < count && list[i].score >= detector->threshold && *found < most; i++) {
        write_face(&faces[*found], &list[i], &map);
        const affect_box *box = &faces[*found].box;
        if ((box->width < box->height ? box->width : box->height) >= detector->min_face)
            (*found)++;
    }
    return AFFECT_OK;
}
