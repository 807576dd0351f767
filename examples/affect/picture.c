/* Loads pictures (JPEG, PNG, BMP, PGM, PPM, TGA) and saves PNG and JPEG. */
#include "tool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stb_image.h"
#include "stb_image_write.h"

#define FILE_MOST ((size_t)1 << 30)
#define JPEG_QUALITY 92

static unsigned char *read_file(const char *path, size_t *size, const char **why) {
    FILE *const file = fopen(path, "rb");
    if (!file) {
        *why = strerror(errno);
        return NULL;
    }
    unsigned char *data = NULL;
    size_t capacity = 0;
    *size = 0;
    *why = NULL;
    for (size_t got = 1; got > 0 && !*why; *size += got) {
        if (*size == capacity) {
            capacity = capacity ? 2 * capacity : (size_t)1 << 16;
            unsigned char *const more = capacity > FILE_MOST ? NULL : realloc(data, capacity);
            if (!more) {
                *why = capacity > FILE_MOST ? "larger than 1 GiB" : "out of memory";
                break;
            }
            data = more;
        }
        got = fread(data + *size, 1, capacity - *size, file);
        if (ferror(file))
            *why = strerror(errno);
    }
    fclose(file);
    if (!*why && *size == 0)
        *why = "empty";
    if (*why) {
        free(data);
        return NULL;
    }
    return data;
}

static bool decode(struct picture *picture, const unsigned char *data, size_t size,
                   const char **why) {
    if (pnm_load_16(picture, data, size, why))
        return true;
    if (*why)
        return false;
    const int length = (int)size; /* at most FILE_MOST */
    int width, height, channels;
    if (!stbi_info_from_memory(data, length, &width, &height, &channels)) {
        *why = "not a picture that can be read (JPEG, PNG, BMP, PGM, PPM, TGA)";
        return false;
    }
    if (width < 1 || height < 1 || width > PICTURE_MAX_SIDE || height > PICTURE_MAX_SIDE ||
        (uint64_t)width * (uint64_t)height > PICTURE_MAX_PIXELS) {
        *why = "too large or empty";
        return false;
    }
    const bool grey = channels <= 2;
    const int wanted = grey ? 1 : 3;
    const bool wide = grey && stbi_is_16_bit_from_memory(data, length);
    void *const pixels =
        wide ? (void *)stbi_load_16_from_memory(data, length, &width, &height, &channels, wanted)
             : (void *)stbi_load_from_memory(data, length, &width, &height, &channels, wanted);
    if (!pixels) {
        *why = stbi_failure_reason();
        return false;
    }
    *picture = (struct picture){
        pixels, width, height, wide ? AFFECT_GREY16 : grey ? AFFECT_GREY : AFFECT_RGB, 0, 0};
    return true;
}

bool picture_load(struct picture *picture, const char *path, bool use_exif, const char **why) {
    /* Clockwise turn and mirror (after the turn) for the orientations 1..8 of EXIF. */
    static const struct {
        int rotation, mirror;
    } turns[8] = {{0, 0}, {0, 1}, {180, 0}, {180, 1}, {90, 1}, {90, 0}, {270, 1}, {270, 0}};
    *picture = (struct picture){0};
    if (path_is_folder(path)) {
        *why = "a folder";
        return false;
    }
    size_t size = 0;
    unsigned char *const data = read_file(path, &size, why);
    if (!data)
        return false;
    const bool done = decode(picture, data, size, why);
    if (done && use_exif) {
        const int orientation = exif_orientation(data, size);
        picture->rotation = turns[orientation - 1].rotation;
        picture->mirror = turns[orientation - 1].mirror;
    }
    free(data);
    return done;
}

static int bytes_per_pixel(affect_format format) {
    return format == AFFECT_RGB ? 3 : format == AFFECT_GREY ? 1 : 2;
}

void picture_image(const struct picture *picture, affect_image *image) {
    affect_image_init(image, picture->format, picture->pixels, picture->width, picture->height,
                      (ptrdiff_t)picture->width * bytes_per_pixel(picture->format));
    image->rotation = picture->rotation;
    image->mirror = picture->mirror;
}

static void copy_as_rgb(unsigned char *to, const struct picture *from, size_t index) {
    if (from->format == AFFECT_RGB) {
        memcpy(to, from->pixels + 3 * index, 3);
        return;
    }
    unsigned value = from->pixels[index];
    if (from->format != AFFECT_GREY) {
        uint16_t word;
        memcpy(&word, from->pixels + 2 * index, 2);
        const int shift = from->format == AFFECT_GREY10 ? 2 : from->format == AFFECT_GREY12 ? 4 : 8;
        value = (unsigned)word >> shift;
    }
    memset(to, (int)value, 3);
}

bool picture_make_rgb(struct picture *picture) {
    if (picture->format == AFFECT_RGB && picture->rotation == 0 && picture->mirror == 0)
        return true;
    const bool swap = picture->rotation == 90 || picture->rotation == 270;
    const int width = swap ? picture->height : picture->width;
    const int height = swap ? picture->width : picture->height;
    unsigned char *const pixels = malloc((size_t)width * (size_t)height * 3);
    if (!pixels)
        return false;
    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
            const int turned = picture->mirror ? width - 1 - x : x;
            int from_x = turned, from_y = y;
            if (picture->rotation == 90) {
                from_x = y;
                from_y = picture->height - 1 - turned;
            } else if (picture->rotation == 180) {
                from_x = picture->width - 1 - turned;
                from_y = picture->height - 1 - y;
            } else if (picture->rotation == 270) {
                from_x = picture->width - 1 - y;
                from_y = turned;
            }
            copy_as_rgb(pixels + 3 * ((size_t)y * (size_t)width + (size_t)x), picture,
                        (size_t)from_y * (size_t)picture->width + (size_t)from_x);
        }
    }
    free(picture->pixels);
    *picture = (struct picture){pixels, width, height, AFFECT_RGB, 0, 0};
    return true;
}

struct sink {
    FILE *file;
    bool failed;
};

static void write_bytes(void *context, void *bytes, int count) {
    struct sink *const sink = context;
    if (fwrite(bytes, 1, (size_t)count, sink->file) != (size_t)count)
        sink->failed = true;
}

bool picture_save(const struct picture *picture, const char *path, const char **why) {
    struct sink sink = {fopen(path, "wb"), false};
    if (!sink.file) {
        *why = strerror(errno);
        return false;
    }
    const bool jpeg = path_has_extension(path, "jpg") || path_has_extension(path, "jpeg");
    const int done =
        jpeg ? stbi_write_jpg_to_func(write_bytes, &sink, picture->width, picture->height, 3,
                                      picture->pixels, JPEG_QUALITY)
             : stbi_write_png_to_func(write_bytes, &sink, picture->width, picture->height, 3,
                                      picture->pixels, 3 * picture->width);
    const bool closed = fclose(sink.file) == 0;
    *why = "cannot be written";
    return done && closed && !sink.failed;
}

void picture_free(struct picture *picture) {
    free(picture->pixels);
    *picture = (struct picture){0};
}
