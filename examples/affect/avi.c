/* MJPEG in AVI: read chunk by chunk (so from pipes too), and written. */
#include "video.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "stb_image.h"
#include "stb_image_write.h"

enum { CHUNK_MOST = 1 << 28, QUALITY = 85 };

/* The tables of JPEG's Annex K as one DHT segment: cameras leave them out of every frame. */
static const unsigned char huffman[420] = {
    0xFF, 0xC4, 0x01, 0xA2, 0x00, 0x00, 0x01, 0x05, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0A,
    0x0B, 0x10, 0x00, 0x02, 0x01, 0x03, 0x03, 0x02, 0x04, 0x03, 0x05, 0x05, 0x04, 0x04, 0x00, 0x00,
    0x01, 0x7D, 0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51,
    0x61, 0x07, 0x22, 0x71, 0x14, 0x32, 0x81, 0x91, 0xA1, 0x08, 0x23, 0x42, 0xB1, 0xC1, 0x15, 0x52,
    0xD1, 0xF0, 0x24, 0x33, 0x62, 0x72, 0x82, 0x09, 0x0A, 0x16, 0x17, 0x18, 0x19, 0x1A, 0x25, 0x26,
    0x27, 0x28, 0x29, 0x2A, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3A, 0x43, 0x44, 0x45, 0x46, 0x47,
    0x48, 0x49, 0x4A, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5A, 0x63, 0x64, 0x65, 0x66, 0x67,
    0x68, 0x69, 0x6A, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7A, 0x83, 0x84, 0x85, 0x86, 0x87,
    0x88, 0x89, 0x8A, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9A, 0xA2, 0xA3, 0xA4, 0xA5,
    0xA6, 0xA7, 0xA8, 0xA9, 0xAA, 0xB2, 0xB3, 0xB4, 0xB5, 0xB6, 0xB7, 0xB8, 0xB9, 0xBA, 0xC2, 0xC3,
    0xC4, 0xC5, 0xC6, 0xC7, 0xC8, 0xC9, 0xCA, 0xD2, 0xD3, 0xD4, 0xD5, 0xD6, 0xD7, 0xD8, 0xD9, 0xDA,
    0xE1, 0xE2, 0xE3, 0xE4, 0xE5, 0xE6, 0xE7, 0xE8, 0xE9, 0xEA, 0xF1, 0xF2, 0xF3, 0xF4, 0xF5, 0xF6,
    0xF7, 0xF8, 0xF9, 0xFA, 0x01, 0x00, 0x03, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0A,
    0x0B, 0x11, 0x00, 0x02, 0x01, 0x02, 0x04, 0x04, 0x03, 0x04, 0x07, 0x05, 0x04, 0x04, 0x00, 0x01,
    0x02, 0x77, 0x00, 0x01, 0x02, 0x03, 0x11, 0x04, 0x05, 0x21, 0x31, 0x06, 0x12, 0x41, 0x51, 0x07,
    0x61, 0x71, 0x13, 0x22, 0x32, 0x81, 0x08, 0x14, 0x42, 0x91, 0xA1, 0xB1, 0xC1, 0x09, 0x23, 0x33,
    0x52, 0xF0, 0x15, 0x62, 0x72, 0xD1, 0x0A, 0x16, 0x24, 0x34, 0xE1, 0x25, 0xF1, 0x17, 0x18, 0x19,
    0x1A, 0x26, 0x27, 0x28, 0x29, 0x2A, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3A, 0x43, 0x44, 0x45, 0x46,
    0x47, 0x48, 0x49, 0x4A, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5A, 0x63, 0x64, 0x65, 0x66,
    0x67, 0x68, 0x69, 0x6A, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7A, 0x82, 0x83, 0x84, 0x85,
    0x86, 0x87, 0x88, 0x89, 0x8A, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9A, 0xA2, 0xA3,
    0xA4, 0xA5, 0xA6, 0xA7, 0xA8, 0xA9, 0xAA, 0xB2, 0xB3, 0xB4, 0xB5, 0xB6, 0xB7, 0xB8, 0xB9, 0xBA,
    0xC2, 0xC3, 0xC4, 0xC5, 0xC6, 0xC7, 0xC8, 0xC9, 0xCA, 0xD2, 0xD3, 0xD4, 0xD5, 0xD6, 0xD7, 0xD8,
    0xD9, 0xDA, 0xE2, 0xE3, 0xE4, 0xE5, 0xE6, 0xE7, 0xE8, 0xE9, 0xEA, 0xF2, 0xF3, 0xF4, 0xF5, 0xF6,
    0xF7, 0xF8, 0xF9, 0xFA,
};

struct avi {
    FILE *file;
    bool colour;
    bool is_mjpeg;
    int video_stream; /* number of the stream whose format was MJPG; -1: not yet known */
    int streams;      /* headers seen */
    unsigned char *data;
    size_t capacity;
    unsigned char *pixels; /* of the last frame, stb's */
};

static void avi_close(struct video *video) {
    struct avi *const a = video->state;
    if (a->file != stdin)
        fclose(a->file);
    stbi_image_free(a->pixels);
    free(a->data);
    free(a);
}

static uint32_t word_at(const unsigned char *p) {
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static bool skip(FILE *file, size_t bytes) {
    unsigned char block[4096];
    while (bytes) {
        const size_t want = bytes < sizeof block ? bytes : sizeof block;
        if (fread(block, 1, want, file) != want)
            return false;
        bytes -= want;
    }
    return true;
}

/* Reads a chunk's bytes, with room for the tables in front. 1, or 0 when the file ends. */
static int load(struct avi *a, size_t size, const char **why) {
    const size_t need = size + sizeof huffman;
    if (need > a->capacity) {
        unsigned char *const more = realloc(a->data, need);
        if (!more) {
            *why = "out of memory";
            return -1;
        }
        a->data = more;
        a->capacity = need;
    }
    if (fread(a->data + sizeof huffman, 1, size, a->file) != size)
        return 0;
    return size & 1 ? (getc(a->file), 1) : 1;
}

/* Whether a JPEG brings Huffman tables before its first scan. */
static bool has_tables(const unsigned char *jpeg, size_t size) {
    for (size_t at = 2; at + 4 <= size && jpeg[at] == 0xFF;) {
        const size_t length = (size_t)jpeg[at + 2] << 8 | jpeg[at + 3];
        if (jpeg[at + 1] == 0xC4)
            return true;
        if (jpeg[at + 1] == 0xDA)
            return false;
        at += 2 + length;
    }
    return true; /* damaged: the decoder says so */
}

static int decode(struct avi *a, size_t size, struct frame *frame, const char **why) {
    unsigned char *jpeg = a->data + sizeof huffman;
    if (size >= 4 && jpeg[0] == 0xFF && jpeg[1] == 0xD8 && !has_tables(jpeg, size)) {
        /* Start of image, tables, the rest. */
        jpeg = a->data;
        jpeg[0] = 0xFF;
        jpeg[1] = 0xD8;
        memcpy(jpeg + 2, huffman, sizeof huffman);
        size += sizeof huffman;
    }
    stbi_image_free(a->pixels);
    int width, height, channels;
    const int wanted = a->colour ? 3 : 1;
    a->pixels = stbi_load_from_memory(jpeg, (int)size, &width, &height, &channels, wanted);
    if (!a->pixels) {
        *why = "a frame is no JPEG that can be read";
        return -1;
    }
    *frame = (struct frame){a->pixels,
                            width,
                            height,
                            a->colour ? AFFECT_RGB : AFFECT_GREY,
                            (size_t)width * (size_t)wanted,
                            0};
    return 1;
}

/* Headers: the rate from the main header, the codec from a stream's format. */
static int read_header(struct video *video, const char *id, size_t size, const char **why) {
    struct avi *const a = video->state;
    const int loaded = load(a, size, why);
    const unsigned char *const p = a->data + sizeof huffman;
    if (loaded < 1)
        return loaded;
    if (memcmp(id, "avih", 4) == 0 && size >= 20) {
        const uint32_t period = word_at(p);
        if (period)
            video->rate = 1e6 / (double)period;
        video->frames = (long)word_at(p + 16);
    } else if (memcmp(id, "strh", 4) == 0 && size >= 28) {
        const uint32_t scale = word_at(p + 20), rate = word_at(p + 24);
        if (memcmp(p, "vids", 4) == 0 && a->video_stream < 0) {
            a->video_stream = a->streams;
            if (scale && rate)
                video->rate = (double)rate / (double)scale;
        }
        a->streams++;
    } else if (memcmp(id, "strf", 4) == 0 && size >= 20 && a->video_stream == a->streams - 1) {
        a->is_mjpeg = memcmp(p + 16, "MJPG", 4) == 0 || memcmp(p + 16, "mjpg", 4) == 0;
    }
    return 1;
}

/* "01dc": a frame of stream 1. */
static bool is_frame(const struct avi *a, const char *id) {
    return id[0] >= '0' && id[0] <= '9' && id[1] >= '0' && id[1] <= '9' && id[2] == 'd' &&
           (id[3] == 'c' || id[3] == 'b') && (id[0] - '0') * 10 + id[1] - '0' == a->video_stream;
}

/* Goes on to the next frame (or, while opening, to the list of frames). */
static int walk(struct video *video, struct frame *frame, const char **why) {
    struct avi *const a = video->state;
    unsigned char head[12];
    for (;;) {
        if (fread(head, 1, 8, a->file) != 8)
            return 0;
        const char *const id = (const char *)head;
        const size_t size = word_at(head + 4), padded = size + (size & 1);
        if (memcmp(id, "RIFF", 4) == 0 || memcmp(id, "LIST", 4) == 0) {
            if (fread(head + 8, 1, 4, a->file) != 4)
                return 0;
            if (memcmp(head + 8, "movi", 4) == 0 && !frame)
                return 1;
            if (memcmp(head + 8, "INFO", 4) == 0 && !skip(a->file, padded - 4))
                return 0;
            continue;
        }
        if (size > CHUNK_MOST) {
            *why = "damaged: a chunk of absurd size";
            return -1;
        }
        int done = 1;
        if (frame && is_frame(a, id) && size) {
            done = load(a, size, why);
            return done < 1 ? done : decode(a, size, frame, why);
        }
        if (!frame && (memcmp(id, "avih", 4) == 0 || memcmp(id, "str", 3) == 0))
            done = read_header(video, id, size, why);
        else if (!skip(a->file, padded))
            return 0;
        if (done < 1)
            return done;
    }
}

static int avi_next(struct video *video, struct frame *frame, const char **why) {
    return walk(video, frame, why);
}

bool avi_open(struct video *video, FILE *file, bool colour, const char **why) {
    struct avi *const a = calloc(1, sizeof *a);
    if (!a) {
        *why = "out of memory";
        return false;
    }
    a->file = file;
    a->colour = colour;
    a->video_stream = -1;
    video->state = a;
    video->next = avi_next;
    video->close = avi_close;
    *why = NULL;
    if (walk(video, NULL, why) == 1 && a->is_mjpeg)
        return true;
    if (!*why)
        *why = "not an AVI file of MJPEG frames";
    free(a->data);
    free(a);
    return false;
}

/* ------------------------------------------------------------------------------------- writing */

struct avi_writer {
    FILE *file;
    int width, height;
    uint32_t *index; /* offset and size of each frame */
    size_t frames, capacity;
    uint32_t bytes;   /* of the list of frames, its type included */
    uint32_t largest; /* frame */
    uint32_t rate_1000;
    struct text jpeg;
};

enum { HEADER = 224 }; /* bytes before the first frame's chunk */

static void put(unsigned char **at, uint32_t value) {
    for (int i = 0; i < 4; i++)
        *(*at)++ = (unsigned char)(value >> (8 * i));
}

static void put_id(unsigned char **at, const char *id) {
    memcpy(*at, id, 4);
    *at += 4;
}

static void put_header(const struct avi_writer *w, unsigned char header[HEADER]) {
    unsigned char *at = header;
    const uint32_t frames = (uint32_t)w->frames, index = 16 * frames + 8;
    memset(header, 0, HEADER);
    put_id(&at, "RIFF");
    put(&at, HEADER - 12 + w->bytes - 4 + 4 + index);
    put_id(&at, "AVI ");
    put_id(&at, "LIST");
    put(&at, 192);
    put_id(&at, "hdrl");
    put_id(&at, "avih");
    put(&at, 56);
    put(&at, (uint32_t)(1e9 / w->rate_1000 + 0.5)); /* microseconds a frame */
    at += 8;
    put(&at, 0x10); /* has an index */
    put(&at, frames);
    at += 4;
    put(&at, 1);
    put(&at, w->largest);
    put(&at, (uint32_t)w->width);
    put(&at, (uint32_t)w->height);
    at += 16;
    put_id(&at, "LIST");
    put(&at, 116);
    put_id(&at, "strl");
    put_id(&at, "strh");
    put(&at, 56);
    put_id(&at, "vids");
    put_id(&at, "MJPG");
    at += 12;
    put(&at, 1000);
    put(&at, w->rate_1000);
    at += 4;
    put(&at, frames);
    put(&at, w->largest);
    put(&at, UINT32_MAX);
    at += 4 + 8;
    put_id(&at, "strf");
    put(&at, 40);
    put(&at, 40);
    put(&at, (uint32_t)w->width);
    put(&at, (uint32_t)w->height);
    put(&at, 1 | 24 << 16);
    put_id(&at, "MJPG");
    put(&at, (uint32_t)w->width * (uint32_t)w->height * 3);
    at += 16;
    put_id(&at, "LIST");
    put(&at, w->bytes);
    put_id(&at, "movi");
}

struct avi_writer *avi_create(const char *path, int width, int height, double rate,
                              const char **why) {
    struct avi_writer *const w = calloc(1, sizeof *w);
    unsigned char header[HEADER];
    if (!w) {
        *why = "out of memory";
        return NULL;
    }
    w->width = width;
    w->height = height;
    w->bytes = 4;
    w->rate_1000 = rate >= 0.1 && rate < 10000 ? (uint32_t)(rate * 1000 + 0.5) : 30000;
    w->file = fopen(path, "wb");
    put_header(w, header);
    if (w->file && fwrite(header, 1, HEADER, w->file) == HEADER)
        return w;
    *why = strerror(errno);
    if (w->file)
        fclose(w->file);
    free(w);
    return NULL;
}

static void take_bytes(void *context, void *data, int size) {
    text_add_bytes(context, data, (size_t)size);
}

bool avi_write(struct avi_writer *w, const struct picture *picture, const char **why) {
    w->jpeg.length = 0;
    if (w->frames == w->capacity) {
        const size_t capacity = w->capacity ? 2 * w->capacity : 256;
        uint32_t *const more = realloc(w->index, 2 * capacity * sizeof *more);
        if (!more) {
            *why = "out of memory";
            return false;
        }
        w->index = more;
        w->capacity = capacity;
    }
    stbi_write_jpg_to_func(take_bytes, &w->jpeg, picture->width, picture->height, 3,
                           picture->pixels, QUALITY);
    const uint32_t size = (uint32_t)w->jpeg.length, padded = size + (size & 1);
    if (w->jpeg.failed || w->bytes > 0x70000000u - padded) {
        *why = w->jpeg.failed ? "out of memory" : "the film is larger than 1.8 GB";
        return false;
    }
    unsigned char head[8], *at = head;
    put_id(&at, "00dc");
    put(&at, size);
    if (size & 1)
        text_add_bytes(&w->jpeg, "", 1);
    if (fwrite(head, 1, 8, w->file) != 8 || fwrite(w->jpeg.data, 1, padded, w->file) != padded) {
        *why = strerror(errno);
        return false;
    }
    w->index[2 * w->frames] = w->bytes;
    w->index[2 * w->frames++ + 1] = size;
    w->bytes += 8 + padded;
    w->largest = size > w->largest ? size : w->largest;
    return true;
}

bool avi_finish(struct avi_writer *w, const char **why) {
    unsigned char header[HEADER], entry[16], *at = entry;
    put_id(&at, "idx1");
    put(&at, (uint32_t)(16 * w->frames));
    bool good = fwrite(entry, 1, 8, w->file) == 8;
    for (size_t i = 0; i < w->frames && good; i++) {
        at = entry;
        put_id(&at, "00dc");
        put(&at, 0x10);
        put(&at, w->index[2 * i]);
        put(&at, w->index[2 * i + 1]);
        good = fwrite(entry, 1, 16, w->file) == 16;
    }
    put_header(w, header);
    good = good && fseek(w->file, 0, SEEK_SET) == 0 && fwrite(header, 1, HEADER, w->file) == HEADER;
    good = fclose(w->file) == 0 && good;
    if (!good)
        *why = strerror(errno);
    text_free(&w->jpeg);
    free(w->index);
    free(w);
    return good;
}
