/* Any fields of a picture over exactly the memory they describe: a result or an error code, and no
 * byte outside is touched (run under ASan and UBSan). */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cpu.h"
#include "image/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct reader {
    const uint8_t *data;
    size_t left;
} reader;

static void take(reader *r, void *out, size_t bytes) {
    const size_t n = bytes < r->left ? bytes : r->left;
    memset(out, 0, bytes);
    memcpy(out, r->data, n);
    r->data += n;
    r->left -= n;
}

static int32_t take_int(reader *r) {
    int32_t value;
    take(r, &value, sizeof value);
    return value;
}

/* Mostly small, sometimes anything. */
static int32_t take_size(reader *r, int32_t limit) {
    uint8_t choice;
    take(r, &choice, sizeof choice);
    if (choice >= 250)
        return take_int(r);
    return (int32_t)((uint32_t)take_int(r) % (uint32_t)(limit + 1));
}

static ptrdiff_t row_bytes(const affect_image *image) {
    const affect_format f = image->format;
    const int bytes = f == AFFECT_RGB || f == AFFECT_BGR     ? 3
                      : f == AFFECT_RGBA || f == AFFECT_BGRA ? 4
                      : f >= AFFECT_YUYV                     ? 2
                                                             : 1;
    return (ptrdiff_t)bytes * image->width;
}

static void take_image(reader *r, affect_image *image) {
    uint8_t choice[4];
    memset(image, 0, sizeof *image);
    take(r, choice, sizeof choice);
    image->size = choice[0] == 255 ? (size_t)take_int(r) : sizeof *image;
    image->width = take_size(r, choice[0] & 1 ? 40 : 900);
    image->height = take_size(r, choice[0] & 2 ? 40 : 900);
    image->format = (affect_format)(choice[1] < 240 ? 1 + choice[1] % 12 : take_int(r));
    image->rotation = choice[2] < 240 ? 90 * (choice[2] % 4) : take_int(r);
    image->mirror = choice[3] < 240 ? choice[3] % 2 : take_int(r);
    if (choice[3] & 4) {
        image->roi_x = take_size(r, 40);
        image->roi_y = take_size(r, 40);
        image->roi_width = take_size(r, 40);
        image->roi_height = take_size(r, 40);
    }
    take(r, choice, sizeof choice);
    ptrdiff_t stride = row_bytes(image) + choice[0] % 8;
    if (choice[1] >= 250)
        take(r, &stride, sizeof stride);
    image->strides[0] = choice[2] & 1 && stride != PTRDIFF_MIN ? -stride : stride;
}

/* Exactly the bytes from the lowest row to the end of the highest; null when that is too much. */
static uint8_t *give_memory(reader *r, affect_image *image) {
    if (image->width < 1 || image->height < 1 || image->width > 32768 || image->height > 32768)
        return NULL;
    const ptrdiff_t limit = 1 << 22, stride = image->strides[0], row = row_bytes(image);
    if (stride > limit || stride < -limit || row > limit)
        return NULL;
    const ptrdiff_t step = stride < 0 ? -stride : stride;
    const int64_t bytes = (int64_t)step * (image->height - 1) + row;
    if (bytes > limit)
        return NULL;
    uint8_t *const memory = malloc((size_t)bytes);
    if (!memory)
        return NULL;
    uint32_t value = (uint32_t)take_int(r);
    for (int64_t i = 0; i < bytes; i++) {
        value = value * 1664525u + 1013904223u;
        memory[i] = (uint8_t)(value >> 24);
    }
    image->planes[0] = memory + (stride < 0 ? step * (image->height - 1) : 0);
    return memory;
}

static void read_plane(reader *r, const af_view *view, void *scratch) {
    af_plane_size size;
    const int32_t longest = 1 + (int32_t)((uint32_t)take_int(r) % 700);
    af_plane_measure(&size, view->roi.width, view->roi.height, longest, 32);
    uint8_t *const plane = malloc((size_t)size.padded_width * (size_t)size.padded_height);
    float brightness;
    if (plane && af_plane(view, &view->roi, &size, plane, &brightness, scratch) == AFFECT_OK)
        if (!(brightness >= 0 && brightness <= 1))
            abort();
    free(plane);
}

static void read_rectangle(reader *r, const af_view *view, void *scratch) {
    const af_rect from = {take_size(r, 40), take_size(r, 40), take_size(r, 400), take_size(r, 400)};
    const int32_t width = take_size(r, 400), height = take_size(r, 400);
    const int real = width > 0 && height > 0 && width <= 32768 && height <= 32768;
    if (real && (int64_t)width * height > 1 << 22)
        return;
    uint8_t *const plane = malloc(real ? (size_t)width * (size_t)height : 1);
    if (plane)
        (void)af_resample(view, &from, plane, width, height, width, scratch);
    free(plane);
}

static void read_crop(reader *r, const af_view *view, void *scratch) {
    static const int32_t sizes[] = {32, 64, 96};
    af_similarity map;
    uint8_t choice[2], crop[96 * 96];
    take(r, choice, sizeof choice);
    take(r, &map, sizeof map);
    if (choice[0] < 200) { /* something that has to do with the picture */
        const int32_t a = take_int(r) % 4096, b = take_int(r) % 4096;
        map.a = (float)a / 256;
        map.b = (float)b / 256;
        map.tx = (float)(take_int(r) % (2 * view->width));
        map.ty = (float)(take_int(r) % (2 * view->height));
    }
    float inside = -1;
    (void)af_crop(view, &map, sizes[choice[1] % 3], choice[1] & 4 ? 1 : 0, crop, scratch, &inside);
    if (!(inside >= 0 && inside <= 1))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    reader r = {data, size};
    affect_image image;
    uint8_t choice, one_byte = 0;
    take(&r, &choice, sizeof choice);
    take_image(&r, &image);
    uint8_t *const memory = give_memory(&r, &image);
    if (!memory)
        image.planes[0] = choice & 1 ? &one_byte : NULL;
    af_view view;
    const uint32_t cpu = choice & 2 ? af_cpu_detect() : 0;
    if (af_view_open(&view, &image, cpu) == AFFECT_OK && memory) {
        /* exact blocks, so that ASan sees a byte too many */
        void *const small = malloc(AF_RESAMPLE_SCRATCH), *const large = malloc(AF_CROP_SCRATCH(96));
        if (small && large) {
            read_plane(&r, &view, small);
            read_rectangle(&r, &view, small);
            for (int i = 0; i < 3; i++)
                read_crop(&r, &view, large);
        }
        free(small);
        free(large);
    }
    free(memory);
    return 0;
}
