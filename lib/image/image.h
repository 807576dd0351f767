/*
 * From the caller's picture to what the networks read: luma planes and crops, straight from the
 * caller's memory, without a full-size copy and without an allocation.
 *
 * Everything is integer arithmetic with one exact definition (docs/image.md), so the bytes do not
 * depend on the processor, and a picture that is stored turned or mirrored gives the same bytes as
 * one that is stored upright. No byte outside the rows that the image describes is ever read.
 *
 * Coordinates: pixels of the displayed picture (after rotation and mirror), x right, y down, the
 * first pixel's centre at (0.5, 0.5); integer rectangles are [x, x + width) by [y, y + height).
 */
#ifndef AF_IMAGE_IMAGE_H
#define AF_IMAGE_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "common.h"
#include "image/kernels.h"

/* Widest and highest picture that is accepted. */
#define AF_IMAGE_MAX 32768

/* What lies outside a picture, after the contrast table. */
#define AF_PAD 64

/* ---------------------------------------------------------------------------------------- views */

typedef struct af_rect {
    int32_t x, y, width, height;
} af_rect;

/* A picture whose fields have been checked. Read only; made by af_view_open; points into the
 * caller's pixels. */
typedef struct af_view {
    const uint8_t *pixels; /* first stored row */
    ptrdiff_t stride;      /* bytes, may be negative */
    int32_t stored_width;  /* 1..AF_IMAGE_MAX */
    int32_t stored_height;
    int32_t format; /* affect_format, known to be one */
    int32_t width;  /* of the displayed picture, 1..AF_IMAGE_MAX */
    int32_t height;
    af_rect roi;  /* inside the displayed picture and not empty; the whole picture by default */
    uint32_t cpu; /* back ends that may be used, bits of affect_cpu */
    /* stored x = x_of[0] * x + x_of[1] * y + x_of[2] of displayed pixel (x, y), likewise y:
     * the factors are 0, 1 or -1. */
    int32_t x_of[3];
    int32_t y_of[3];
} af_view;

/* Checks an image and fills in a view (on success only). `cpu`: bits of affect_cpu that this
 * processor has and that may be used, 0 for portable; the results are the same bytes.
 * AFFECT_ERR_ARGUMENT: null, or image->size is less than version 0.1.0 needs (more is fine);
 * AFFECT_ERR_IMAGE: unknown format; width or height not in 1..32768; odd width of YUYV; no
 * planes[0]; a stride whose magnitude is less than a row or that leads out of the address space;
 * rotation not 0, 90, 180 or 270; mirror not 0 or 1; a region that is not inside the displayed
 * picture or is empty (all four 0: the whole picture). */
affect_status af_view_open(af_view *view, const affect_image *image, uint32_t cpu);

/* The luma of `count` stored pixels from (x, y) on, all inside the stored picture. Returns either a
 * pointer into the picture (formats that hold luma as bytes) or `buffer`, filled in. */
const uint8_t *af_view_row(const af_view *view, int32_t x, int32_t y, int32_t count,
                           uint8_t *buffer);

/* -------------------------------------------------------------------------------------- resizing
 */

/* Bytes of scratch that af_resample and af_plane need, whatever the sizes; aligned to 8 bytes. */
#define AF_RESAMPLE_SCRATCH (size_t)20480

/* A side may be reduced by at most this factor. */
#define AF_RESAMPLE_MAX 1024

/* Resamples the rectangle `from` of the displayed picture to a luma plane of width x height bytes,
 * rows `pitch` bytes apart (pitch >= width). Along each axis: equal size: copies; smaller: exact
 * area mean; larger: bilinear, border repeated. The sum over both axes is exact and is rounded once
 * (half up).
 * AFFECT_ERR_ARGUMENT (nothing written): `from` empty or not inside the picture; width or height
 * not in 1..32768 or less than that of `from` / 1024; pitch too small. */
affect_status af_resample(const af_view *view, const af_rect *from, uint8_t *plane, int32_t width,
                          int32_t height, ptrdiff_t pitch, void *scratch);

/* ------------------------------------------------------------------------- the plane to search */

/* A picture smaller than the plane is enlarged so much at most: faces of 10 pixels are found as
 * well as those of 20, and beyond that there is nothing more to see. */
#define AF_PLANE_ENLARGE 2

/* Size of a detection plane. */
typedef struct af_plane_size {
    int32_t width, height;               /* real pixels */
    int32_t padded_width, padded_height; /* rounded up to the step: what the network gets */
    float scale_x, scale_y;              /* plane pixels for a picture pixel: above 0, at most 2 */
} af_plane_size;

/* The plane of a rectangle of the picture: the longest side brought to `longest` (enlarged by
 * AF_PLANE_ENLARGE at most), the other by the same factor, rounded to nearest, at least 1.
 * longest >= 1, step >= 1, the rectangle's sides in 1..32768. Picture x = roi x + plane x /
 * scale_x. Grows with the rectangle's sides, so the largest plane for a given `longest` is that of
 * longest x longest. */
void af_plane_measure(af_plane_size *size, int32_t width, int32_t height, int32_t longest,
                      int32_t step);

/* Writes the plane of `roi` (af_plane_measure of its sides): resampled, contrast-normalised by the
 * table of its real pixels, padded right and below with AF_PAD, rows `size->padded_width` bytes
 * apart. *brightness (may be null): mean luma of the real pixels, 0..1.
 * AFFECT_ERR_ARGUMENT as af_resample. */
affect_status af_plane(const af_view *view, const af_rect *roi, const af_plane_size *size,
                       uint8_t *plane, float *brightness, void *scratch);

/* --------------------------------------------------------------------------------------- contrast
 */

/* The contrast of docs/arithmetic.md from a histogram of luma. Any counts. */
af_contrast af_contrast_of_histogram(const uint32_t histogram[256]);

/* The same from the histogram's sums: n = count in 0..2^20 - 1, s1 = sum of values, s2 = sum of
 * squares. Counts need not be known then. */
af_contrast af_contrast_of_sums(uint64_t n, uint64_t s1, uint64_t s2);

/* As a table: luma 0..255 to 0..127. */
void af_contrast_table(const uint32_t histogram[256], uint8_t table[256]);

/* From that number of values on, only the histogram will do. */
#define AF_CONTRAST_HALVING (1 << 20)

/* ------------------------------------------------------------------------------------ similarity
 */

/* (u, v) -> (a u - b v + tx, b u + a v + ty). */
typedef struct af_similarity {
    float a, b, tx, ty;
} af_similarity;

/* The similarity that maps `from` to `to` with the least squares (no reflection). Returns 1, or 0
 * with *out the identity: fewer than 2 points, all `from` in one place, something not finite, or a
 * result whose scale is 0. */
int af_similarity_fit(af_similarity *out, const affect_point *from, const affect_point *to,
                      int32_t count);

/* The inverse. Returns 0 with *out the identity when there is none. out may be in. */
int af_similarity_invert(af_similarity *out, const af_similarity *in);

affect_point af_similarity_apply(const af_similarity *s, affect_point point);

/* Length of the image of a unit: sqrt(a^2 + b^2). */
float af_similarity_scale(const af_similarity *s);

/* ------------------------------------------------------------------------------------------ crops
 */

/* Largest crop: 96 is the largest in use. */
#define AF_CROP_MAX 256

/* Longest side of the part of the (reduced) picture that a crop of this size can touch: its
 * diagonal at a pitch of 1.5, and what bilinear sampling and rounding add. */
#define AF_CROP_REGION(size) (((size)*2174) / 1024 + 4)

/* Bytes of scratch for a crop, aligned to 8 bytes: 63 kB for 96. */
#define AF_CROP_SCRATCH(size)                                                                      \
    (AF_RESAMPLE_SCRATCH +                                                                         \
     (((size_t)AF_CROP_REGION(size) * (size_t)AF_CROP_REGION(size) + 3 + 63) & ~(size_t)63))

/* The same, as a function; 0 for a size that is none. */
size_t af_crop_scratch(int32_t size);

/* Samples the crop of size x size pixels into `crop` (rows `size` bytes apart) and normalises its
 * contrast: 0..127, pixels whose sample point lies outside the picture AF_PAD. `map` leads from
 * crop pixels (first pixel's centre at 0.5, 0.5) to the picture. mirror 1: the crop's columns from
 * right to left, that is column u shows what `map` says of size - u. *inside (may be null): share
 * of the pixels that lie in the picture, 0..1; 0 gives a crop of AF_PAD, which is no error.
 * Returns 1. Returns 0 with a crop of AF_PAD and *inside 0 when the map makes no sense: something
 * not finite, a pitch (picture pixels a crop pixel) not in 1/1024..1536, a shift beyond +-2^20; and
 * 0 with nothing written when size is not in 1..AF_CROP_MAX. */
int af_crop(const af_view *view, const af_similarity *map, int32_t size, int32_t mirror,
            uint8_t *crop, void *scratch, float *inside);

#endif
