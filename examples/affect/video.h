/*
 * Videos for `affect watch`: where frames come from, and MJPEG AVI files to write.
 *
 * y4m.c reads YUV4MPEG2 and raw frames, avi.c MJPEG in AVI, v4l2.c a camera of Linux, video.c
 * numbered pictures, and finds out which of them an input is.
 */
#ifndef VIDEO_H
#define VIDEO_H

#include <stdio.h>

#include "tool.h"

/* One frame; pixels belong to the video and live until the next call. */
struct frame {
    unsigned char *pixels;
    int width;
    int height;
    affect_format format; /* GREY, RGB, YUYV, GREY10, GREY12 or GREY16 */
    size_t stride;        /* bytes */
    int64_t time_us;
};

struct video {
    /* 1: a frame; 0: the end; -1: an error, *why says which. */
    int (*next)(struct video *video, struct frame *frame, const char **why);
    void (*close)(struct video *video);
    void *state;
    double rate;    /* frames a second as the file says; 0: unknown, or a camera */
    long frames;    /* as the file says; 0: unknown */
    bool own_times; /* frames bring their own times (cameras) */
};

struct video_options {
    double rate;   /* 0: the file's own, else 30 */
    int raw_width; /* raw grey frames on standard input; 0: none */
    int raw_height;
    bool colour; /* RGB where the input has it: something will be drawn */
};

/* What the inputs are: one file, `-`, a device, or pictures in the order given (or of a folder's
 * names). False: *why. */
bool video_open(struct video *video, const struct paths *inputs,
                const struct video_options *options, const char **why);

bool y4m_open(struct video *video, FILE *file, const char **why);
bool raw_open(struct video *video, FILE *file, int width, int height, const char **why);
bool avi_open(struct video *video, FILE *file, bool colour, const char **why);
bool v4l2_open(struct video *video, const char *path, const char **why);

/* Writes MJPEG AVI. */
struct avi_writer;
struct avi_writer *avi_create(const char *path, int width, int height, double rate,
                              const char **why);
bool avi_write(struct avi_writer *writer, const struct picture *picture, const char **why);
/* False: what was written is not whole. */
bool avi_finish(struct avi_writer *writer, const char **why);

/* An 8-bit RGB copy to draw on. False: out of memory. */
bool frame_to_rgb(const struct frame *frame, struct picture *picture);

#endif
