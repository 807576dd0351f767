/* A camera of Linux: YUYV, grey or MJPEG frames through memory that the driver shares. */
#include "video.h"

#ifdef __linux__
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "stb_image.h"

enum { BUFFERS = 4, WAIT_MS = 5000 };

struct camera {
    int device;
    uint32_t fourcc;
    int width, height;
    size_t stride;
    struct {
        void *memory;
        size_t length;
    } buffers[BUFFERS];
    unsigned count;
    int held; /* buffer that the last frame lies in; -1: none */
    int64_t first_us;
    unsigned char *pixels; /* decoded MJPEG, stb's */
};

static int request(int device, unsigned long what, void *argument) {
    int result;
    do
        result = ioctl(device, what, argument);
    while (result == -1 && errno == EINTR);
    return result;
}

static void camera_free(struct camera *c) {
    for (unsigned i = 0; i < c->count; i++)
        munmap(c->buffers[i].memory, c->buffers[i].length);
    if (c->device >= 0)
        close(c->device);
    stbi_image_free(c->pixels);
    free(c);
}

static void camera_close(struct video *video) {
    struct camera *const c = video->state;
    int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    (void)request(c->device, VIDIOC_STREAMOFF, &type);
    camera_free(c);
}

static bool queue(struct camera *c, unsigned index) {
    struct v4l2_buffer buffer = {
        .index = index, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
    return request(c->device, VIDIOC_QBUF, &buffer) == 0;
}

static int camera_next(struct video *video, struct frame *frame, const char **why) {
    struct camera *const c = video->state;
    if (c->held >= 0 && !queue(c, (unsigned)c->held)) {
        *why = strerror(errno);
        return -1;
    }
    c->held = -1;
    struct pollfd ready = {.fd = c->device, .events = POLLIN};
    struct v4l2_buffer buffer = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
    if (poll(&ready, 1, WAIT_MS) != 1 || request(c->device, VIDIOC_DQBUF, &buffer) != 0) {
        *why = "the camera sends no frames";
        return -1;
    }
    c->held = (int)buffer.index;
    const int64_t now =
        (int64_t)buffer.timestamp.tv_sec * 1000000 + (int64_t)buffer.timestamp.tv_usec;
    if (c->first_us < 0)
        c->first_us = now;
    *frame = (struct frame){c->buffers[buffer.index].memory,
                            c->width,
                            c->height,
                            AFFECT_GREY,
                            c->stride,
                            now - c->first_us};
    if (c->fourcc == V4L2_PIX_FMT_YUYV) {
        frame->format = AFFECT_YUYV;
    } else if (c->fourcc == V4L2_PIX_FMT_MJPEG) {
        int channels;
        stbi_image_free(c->pixels);
        c->pixels = stbi_load_from_memory(frame->pixels, (int)buffer.bytesused, &frame->width,
                                          &frame->height, &channels, 1);
        if (!c->pixels)
            return camera_next(video, frame, why); /* cameras send broken frames at times */
        frame->pixels = c->pixels;
        frame->stride = (size_t)frame->width;
    }
    return 1;
}

static bool choose_format(struct camera *c) {
    static const uint32_t formats[] = {V4L2_PIX_FMT_GREY, V4L2_PIX_FMT_YUYV, V4L2_PIX_FMT_MJPEG};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        struct v4l2_format format = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
        format.fmt.pix.width = 640;
        format.fmt.pix.height = 480;
        format.fmt.pix.pixelformat = formats[i];
        format.fmt.pix.field = V4L2_FIELD_NONE;
        if (request(c->device, VIDIOC_S_FMT, &format) != 0 ||
            format.fmt.pix.pixelformat != formats[i])
            continue;
        c->fourcc = formats[i];
        c->width = (int)format.fmt.pix.width;
        c->height = (int)format.fmt.pix.height;
        c->stride = format.fmt.pix.bytesperline;
        return true;
    }
    return false;
}

static bool start(struct camera *c) {
    struct v4l2_requestbuffers wanted = {
        .count = BUFFERS, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
    if (request(c->device, VIDIOC_REQBUFS, &wanted) != 0 || wanted.count < 2)
        return false;
    for (unsigned i = 0; i < wanted.count && i < BUFFERS; i++) {
        struct v4l2_buffer buffer = {
            .index = i, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = V4L2_MEMORY_MMAP};
        if (request(c->device, VIDIOC_QUERYBUF, &buffer) != 0)
            return false;
        void *const memory = mmap(NULL, buffer.length, PROT_READ | PROT_WRITE, MAP_SHARED,
                                  c->device, (off_t)buffer.m.offset);
        if (memory == MAP_FAILED)
            return false;
        c->buffers[i].memory = memory;
        c->buffers[i].length = buffer.length;
        c->count = i + 1;
        if (!queue(c, i))
            return false;
    }
    int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
    return request(c->device, VIDIOC_STREAMON, &type) == 0;
}

bool v4l2_open(struct video *video, const char *path, const char **why) {
    struct camera *const c = calloc(1, sizeof *c);
    if (!c) {
        *why = "out of memory";
        return false;
    }
    c->held = -1;
    c->first_us = -1;
    c->device = open(path, O_RDWR);
    if (c->device < 0) {
        *why = strerror(errno);
    } else if (!choose_format(c)) {
        *why = "no camera, or it knows neither grey nor YUYV nor MJPEG";
    } else if (!start(c)) {
        *why = strerror(errno);
    } else {
        video->state = c;
        video->next = camera_next;
        video->close = camera_close;
        video->own_times = true;
        return true;
    }
    camera_free(c);
    return false;
}

#else
bool v4l2_open(struct video *video, const char *path, const char **why) {
    (void)video;
    (void)path;
    *why = "cameras are read on Linux only";
    return false;
}
#endif
