/* Finds out what the input of `watch` is; numbered pictures. */
#include "video.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* --------------------------------------------------------------------------- numbered pictures */

struct pictures {
    const struct paths *paths;
    size_t next;
    struct picture picture;
};

static int pictures_next(struct video *video, struct frame *frame, const char **why) {
    struct pictures *const p = video->state;
    if (p->next == p->paths->count)
        return 0;
    picture_free(&p->picture);
    if (!picture_load(&p->picture, p->paths->items[p->next++], false, why))
        return -1;
    const affect_format format = p->picture.format;
    const size_t bytes = format == AFFECT_RGB ? 3 : format == AFFECT_GREY ? 1 : 2;
    *frame = (struct frame){p->picture.pixels,
                            p->picture.width,
                            p->picture.height,
                            format,
                            bytes * (size_t)p->picture.width,
                            0};
    return 1;
}

static void pictures_close(struct video *video) {
    struct pictures *const p = video->state;
    picture_free(&p->picture);
    free(p);
}

static bool pictures_open(struct video *video, const struct paths *paths, const char **why) {
    struct pictures *const p = calloc(1, sizeof *p);
    if (!p) {
        *why = "out of memory";
        return false;
    }
    p->paths = paths;
    video->state = p;
    video->next = pictures_next;
    video->close = pictures_close;
    video->frames = (long)paths->count;
    return true;
}

/* ------------------------------------------------------------------------------------- any input
 */

static bool is_device(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISCHR(info.st_mode) && strcmp(path, "/dev/stdin") != 0;
}

/* A stream says what it is in its first byte: "YUV4MPEG2" or "RIFF". */
static bool open_stream(struct video *video, FILE *file, const struct video_options *options,
                        const char **why) {
    if (options->raw_width)
        return raw_open(video, file, options->raw_width, options->raw_height, why);
    const int first = getc(file);
    if (first == EOF) {
        *why = "empty";
        return false;
    }
    ungetc(first, file);
    return first == 'R' ? avi_open(video, file, options->colour, why) : y4m_open(video, file, why);
}

bool video_open(struct video *video, const struct paths *inputs,
                const struct video_options *options, const char **why) {
    *video = (struct video){.frames = 0};
    const char *const path = inputs->count ? inputs->items[0] : "";
    bool opened;
    if (inputs->count == 1 && strcmp(path, "-") == 0) {
        opened = open_stream(video, stdin, options, why);
    } else if (inputs->count == 1 && is_device(path)) {
        opened = v4l2_open(video, path, why);
    } else if (inputs->count == 1 && (path_has_extension(path, "y4m") ||
                                      path_has_extension(path, "avi") || options->raw_width)) {
        FILE *const file = fopen(path, "rb");
        if (!file)
            *why = strerror(errno);
        opened = file && open_stream(video, file, options, why);
        if (file && !opened)
            fclose(file);
    } else {
        opened = pictures_open(video, inputs, why);
    }
    if (opened && options->rate > 0)
        video->rate = options->rate;
    return opened;
}

bool frame_to_rgb(const struct frame *frame, struct picture *picture) {
    const size_t width = (size_t)frame->width, height = (size_t)frame->height;
    *picture =
        (struct picture){.width = frame->width, .height = frame->height, .format = AFFECT_RGB};
    picture->pixels = malloc(3 * width * height);
    if (!picture->pixels)
        return false;
    const int shift = frame->format == AFFECT_GREY10 ? 2 : frame->format == AFFECT_GREY12 ? 4 : 8;
    for (size_t y = 0; y < height; y++) {
        const unsigned char *const row = frame->pixels + y * frame->stride;
        unsigned char *const to = picture->pixels + 3 * y * width;
        if (frame->format == AFFECT_RGB) {
            memcpy(to, row, 3 * width);
            continue;
        }
        for (size_t x = 0; x < width; x++) {
            unsigned char grey = row[x];
            if (frame->format == AFFECT_YUYV) {
                grey = row[2 * x];
            } else if (frame->format != AFFECT_GREY) {
                uint16_t word;
                memcpy(&word, row + 2 * x, sizeof word);
                grey = (unsigned char)(word >> shift);
            }
            to[3 * x] = to[3 * x + 1] = to[3 * x + 2] = grey;
        }
    }
    return true;
}
