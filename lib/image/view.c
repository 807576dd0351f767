/* Checks of the caller's picture, where a displayed pixel is stored, and rows of luma. */
#include "image/image.h"
#include "image/kernels.h"

/* What version 0.1.0 reads of the structure. */
#define IMAGE_SIZE_010 (offsetof(affect_image, roi_height) + sizeof(int32_t))

/* Bytes a pixel in the plane that holds luma; 0: no such format. */
static int32_t pixel_bytes(int32_t format) {
    switch (format) {
    case AFFECT_GREY:
    case AFFECT_NV12:
    case AFFECT_NV21:
    case AFFECT_I420:
        return 1;
    case AFFECT_YUYV:
    case AFFECT_GREY10:
    case AFFECT_GREY12:
    case AFFECT_GREY16:
        return 2;
    case AFFECT_RGB:
    case AFFECT_BGR:
        return 3;
    case AFFECT_RGBA:
    case AFFECT_BGRA:
        return 4;
    default:
        return 0;
    }
}

/* Rows of `row` bytes must not overlap, and first to last they must lie in the address space. */
static int stride_is_valid(const void *pixels, ptrdiff_t stride, int32_t height, size_t row) {
    const size_t step = stride < 0 ? (size_t)0 - (size_t)stride : (size_t)stride;
    const size_t rows = (size_t)height - 1;
    if (step < row || (rows && step > ((size_t)PTRDIFF_MAX - row) / rows))
        return 0;
    const uintptr_t at = (uintptr_t)pixels;
    if (stride < 0)
        return at >= rows * step && at <= UINTPTR_MAX - row;
    return at <= UINTPTR_MAX - row - rows * step;
}

static int region_is_valid(const af_rect *r, int32_t width, int32_t height) {
    return r->x >= 0 && r->y >= 0 && r->width >= 1 && r->height >= 1 && r->width <= width &&
           r->height <= height && r->x <= width - r->width && r->y <= height - r->height;
}

/* Where displayed pixels are stored. A clockwise quarter turn shows the first column, read upwards,
 * as the first row. The mirror comes after the turn, so it replaces x by width - 1 - x. */
static void place(af_view *view, int32_t rotation, int32_t mirror) {
    static const int8_t factors[4][4] = {
        {1, 0, 0, 1}, {0, 1, -1, 0}, {-1, 0, 0, -1}, {0, -1, 1, 0}};
    const int8_t *const f = factors[rotation / 90];
    const int32_t sign = mirror ? -1 : 1;
    view->x_of[0] = sign * f[0];
    view->x_of[1] = f[1];
    view->y_of[0] = sign * f[2];
    view->y_of[1] = f[3];
    view->x_of[2] = view->x_of[0] + view->x_of[1] < 0 ? view->stored_width - 1 : 0;
    view->y_of[2] = view->y_of[0] + view->y_of[1] < 0 ? view->stored_height - 1 : 0;
}

affect_status af_view_open(af_view *view, const affect_image *image, uint32_t cpu) {
    if (!view || !image || image->size < IMAGE_SIZE_010)
        return AFFECT_ERR_ARGUMENT;
    const int32_t format = (int32_t)image->format, bytes = pixel_bytes(format);
    const int32_t width = image->width, height = image->height, rotation = image->rotation;
    if (!bytes || width < 1 || width > AF_IMAGE_MAX || height < 1 || height > AF_IMAGE_MAX)
        return AFFECT_ERR_IMAGE;
    if (format == AFFECT_YUYV && width % 2)
        return AFFECT_ERR_IMAGE;
    if (!image->planes[0] || !stride_is_valid(image->planes[0], image->strides[0], height,
                                              (size_t)width * (size_t)bytes))
        return AFFECT_ERR_IMAGE;
    if (rotation < 0 || rotation > 270 || rotation % 90 || image->mirror < 0 || image->mirror > 1)
        return AFFECT_ERR_IMAGE;

    const int turned = rotation % 180 != 0;
    const int32_t shown_width = turned ? height : width, shown_height = turned ? width : height;
    af_rect roi = {image->roi_x, image->roi_y, image->roi_width, image->roi_height};
    if (!roi.x && !roi.y && !roi.width && !roi.height)
        roi = (af_rect){0, 0, shown_width, shown_height};
    if (!region_is_valid(&roi, shown_width, shown_height))
        return AFFECT_ERR_IMAGE;

    view->pixels = image->planes[0];
    view->stride = image->strides[0];
    view->stored_width = width;
    view->stored_height = height;
    view->format = format;
    view->width = shown_width;
    view->height = shown_height;
    view->roi = roi;
    view->cpu = cpu;
    place(view, rotation, image->mirror);
    return AFFECT_OK;
}

const uint8_t *af_view_row(const af_view *view, int32_t x, int32_t y, int32_t count,
                           uint8_t *buffer) {
    const af_image_kernels *const k = af_image_kernels_for(view->cpu);
    const uint8_t *const p =
        view->pixels + y * view->stride + (ptrdiff_t)x * pixel_bytes(view->format);
    const size_t n = (size_t)count;
    switch (view->format) {
    case AFFECT_RGB:
        k->luma_rgb(buffer, p, n);
        break;
    case AFFECT_BGR:
        k->luma_bgr(buffer, p, n);
        break;
    case AFFECT_RGBA:
        k->luma_rgba(buffer, p, n);
        break;
    case AFFECT_BGRA:
        k->luma_bgra(buffer, p, n);
        break;
    case AFFECT_YUYV:
        k->luma_yuyv(buffer, p, n);
        break;
    case AFFECT_GREY10:
        k->luma_words(buffer, p, n, 0x3FF, 2);
        break;
    case AFFECT_GREY12:
        k->luma_words(buffer, p, n, 0xFFF, 4);
        break;
    case AFFECT_GREY16:
        k->luma_words(buffer, p, n, 0xFFFF, 8);
        break;
    default: /* AFFECT_GREY, AFFECT_NV12, AFFECT_NV21, AFFECT_I420 */
        return p;
    }
    return buffer;
}
