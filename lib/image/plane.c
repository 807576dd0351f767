/* The plane that the detector searches. */
#include "image/image.h"
#include "image/histogram.h"
#include "image/kernels.h"

#include <string.h>

typedef char histogram_fits_scratch[sizeof(af_histogram) <= AF_RESAMPLE_SCRATCH ? 1 : -1];

static int32_t scaled(int32_t side, int32_t longest_side, int32_t longest) {
    /* rounded to nearest; below 2^15 * 2^31 */
    const int64_t value =
        ((int64_t)2 * side * longest + longest_side) / (2 * (int64_t)longest_side);
    return value < 1 ? 1 : (int32_t)value;
}

static int32_t padded(int32_t side, int32_t step) {
    return (side + step - 1) / step * step;
}

void af_plane_measure(af_plane_size *size, int32_t width, int32_t height, int32_t longest,
                      int32_t step) {
    const int32_t longest_side = af_max(width, height);
    const int32_t goal = af_min(longest, AF_PLANE_ENLARGE * longest_side);
    size->width = scaled(width, longest_side, goal);
    size->height = scaled(height, longest_side, goal);
    size->padded_width = padded(size->width, step);
    size->padded_height = padded(size->height, step);
    size->scale_x = (float)size->width / (float)width;
    size->scale_y = (float)size->height / (float)height;
}

/* The contrast of a plane that is too large for sums. */
static af_contrast count_values(const uint8_t *plane, const af_plane_size *size, void *scratch) {
    af_histogram *const counts = scratch; /* resampling is done with it */
    memset(counts, 0, sizeof *counts);
    for (int32_t y = 0; y < size->height; y++)
        af_histogram_add(counts, plane + (ptrdiff_t)y * size->padded_width, size->width);
    return af_contrast_of_histogram(af_histogram_total(counts));
}

affect_status af_plane(const af_view *view, const af_rect *roi, const af_plane_size *size,
                       uint8_t *plane, float *brightness, void *scratch) {
    const ptrdiff_t pitch = size->padded_width;
    const affect_status status =
        af_resample(view, roi, plane, size->width, size->height, pitch, scratch);
    if (status != AFFECT_OK)
        return status;
    const af_image_kernels *const k = af_image_kernels_for(view->cpu);
    const uint64_t count = (uint64_t)size->width * (uint64_t)size->height;
    uint64_t sum = 0, squares = 0;
    for (int32_t y = 0; y < size->height; y++)
        k->add_up(&sum, &squares, plane + y * pitch, (size_t)size->width);
    const af_contrast contrast = count < AF_CONTRAST_HALVING
                                     ? af_contrast_of_sums(count, sum, squares)
                                     : count_values(plane, size, scratch);
    for (int32_t y = 0; y < size->height; y++) {
        k->stretch(plane + y * pitch, (size_t)size->width, &contrast);
        memset(plane + y * pitch + size->width, AF_PAD, (size_t)(size->padded_width - size->width));
    }
    memset(plane + size->height * pitch, AF_PAD,
           (size_t)pitch * (size_t)(size->padded_height - size->height));
    if (brightness)
        *brightness = (float)((double)sum / (255.0 * (double)count));
    return AFFECT_OK;
}
