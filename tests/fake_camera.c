/* A camera that is none, put before the tool by LD_PRELOAD: opening /dev/null gives one that knows
 * a single pixel format, FAKE_CAMERA_FORMAT (GREY, YUYV, MJPG), 320x240, and sends each file of the
 * folder FAKE_CAMERA_FRAMES (000, 001, ...) once, 40 ms apart; then it is unplugged. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { WIDTH = 320, HEIGHT = 240, ROW = 2 * WIDTH + 32, ROOM = 1 << 18, MOST = 8 };

static int camera = -1; /* a file in memory, which mmap maps as buffers */
static unsigned buffers, queued[MOST], waiting, sent;
static int streams;

/* Built with the tool's options, so that this is its open, be it for large files or not. */
int open(const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    const int mode = va_arg(more, int);
    va_end(more);
    if (strcmp(path, "/dev/null") == 0 && (flags & O_ACCMODE) == O_RDWR)
        return camera = memfd_create("camera", 0);
    int (*const next)(const char *, int, ...) =
        (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
    return next(path, flags, mode);
}

static int fail(int error) {
    errno = error;
    return -1;
}

static uint32_t own_format(void) {
    const char *const f = getenv("FAKE_CAMERA_FORMAT");
    uint32_t format = 0;
    for (int i = 0; i < 4; i++)
        format |= (uint32_t)(unsigned char)f[i] << 8 * i;
    return format;
}

static int set_format(struct v4l2_format *f) {
    f->fmt.pix.pixelformat = own_format();
    f->fmt.pix.width = WIDTH;
    f->fmt.pix.height = HEIGHT;
    f->fmt.pix.bytesperline = own_format() == V4L2_PIX_FMT_MJPEG ? 0 : ROW;
    return 0;
}

static int fill(struct v4l2_buffer *b) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%03u", getenv("FAKE_CAMERA_FRAMES"), sent);
    FILE *const file = fopen(path, "rb");
    if (!streams || !waiting || !file)
        return fail(ENODEV);
    static unsigned char frame[ROOM];
    const size_t size = fread(frame, 1, sizeof frame, file);
    fclose(file);
    *b = (struct v4l2_buffer){.type = b->type, .memory = b->memory, .index = queued[0]};
    memmove(queued, queued + 1, --waiting * sizeof *queued);
    if (pwrite(camera, frame, size, (off_t)b->index * ROOM) != (ssize_t)size)
        return fail(EIO);
    b->bytesused = (uint32_t)size;
    b->timestamp.tv_sec = 100 + sent / 25;
    b->timestamp.tv_usec = sent++ % 25 * 40000;
    return 0;
}

static int answer(unsigned long what, void *argument) {
    struct v4l2_buffer *const b = argument;
    switch (what) {
    case VIDIOC_S_FMT:
        return set_format(argument);
    case VIDIOC_REQBUFS:
        buffers = ((struct v4l2_requestbuffers *)argument)->count;
        return buffers > MOST ? fail(ENOMEM) : ftruncate(camera, (off_t)buffers * ROOM);
    case VIDIOC_QUERYBUF:
        b->length = ROOM;
        b->m.offset = b->index * ROOM;
        return b->index < buffers ? 0 : fail(EINVAL);
    case VIDIOC_QBUF:
        if (b->index >= buffers || waiting == buffers)
            return fail(EINVAL);
        queued[waiting++] = b->index;
        return 0;
    case VIDIOC_DQBUF:
        return fill(b);
    case VIDIOC_STREAMON:
        streams = 1;
        return 0;
    case VIDIOC_STREAMOFF:
        streams = 0;
        return 0;
    default:
        return fail(ENOTTY);
    }
}

int ioctl(int device, unsigned long what, ...) {
    va_list more;
    va_start(more, what);
    void *const argument = va_arg(more, void *);
    va_end(more);
    if (device == camera && camera >= 0)
        return answer(what, argument);
    int (*const next)(int, unsigned long, ...) =
        (int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl");
    return next(device, what, argument);
}
