/* YUV4MPEG2, the format of pipes (ffmpeg -f yuv4mpegpipe), and raw grey frames. Only luma is kept.
 */
#include "video.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MOST = 1024 };

struct y4m {
    FILE *file;
    int width, height;
    int bytes; /* a sample */
    affect_format format;
    size_t chroma; /* bytes after the luma of each frame */
    bool headers;  /* FRAME lines */
    unsigned char *luma;
};

static void y4m_close(struct video *video) {
    struct y4m *const y = video->state;
    if (y->file != stdin)
        fclose(y->file);
    free(y->luma);
    free(y);
}

/* A line without its end; -1: the file's end, -2: too long. */
static int read_line(FILE *file, char line[LINE_MOST]) {
    int length = 0, c;
    while ((c = getc(file)) != EOF && c != '\n') {
        if (length == LINE_MOST - 1)
            return -2;
        line[length++] = (char)c;
    }
    line[length] = '\0';
    return c == EOF && length == 0 ? -1 : length;
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

static int y4m_next(struct video *video, struct frame *frame, const char **why) {
    struct y4m *const y = video->state;
    char line[LINE_MOST];
    if (y->headers) {
        const int length = read_line(y->file, line);
        if (length == -1)
            return 0;
        if (length < 5 || memcmp(line, "FRAME", 5) != 0) {
            *why = "damaged: no FRAME where one should begin";
            return -1;
        }
    }
    const size_t row = (size_t)y->width * (size_t)y->bytes, luma = row * (size_t)y->height;
    const size_t got = fread(y->luma, 1, luma, y->file);
    if (got == 0 && !y->headers)
        return 0;
    if (got != luma || !skip(y->file, y->chroma)) {
        *why = "ends within a frame";
        return -1;
    }
    *frame = (struct frame){y->luma, y->width, y->height, y->format, row, 0};
    return 1;
}

/* Chroma bytes of a frame by the colour space's name; bits a sample. False: not known. */
static bool colour_space(struct y4m *y, const char *name) {
    const size_t w = (size_t)y->width, h = (size_t)y->height;
    const size_t half_w = (w + 1) / 2, half_h = (h + 1) / 2;
    static const struct {
        const char *suffix;
        affect_format format;
    } deep[] = {{"p10", AFFECT_GREY10}, {"p12", AFFECT_GREY12}, {"p16", AFFECT_GREY16}};
    y->bytes = 1;
    y->format = AFFECT_GREY;
    for (int i = 0; i < 3; i++)
        if (strlen(name) > 3 && strcmp(name + strlen(name) - 3, deep[i].suffix) == 0) {
            y->bytes = 2;
            y->format = deep[i].format;
        }
    size_t samples;
    if (strncmp(name, "420", 3) == 0)
        samples = 2 * half_w * half_h;
    else if (strncmp(name, "422", 3) == 0)
        samples = 2 * half_w * h;
    else if (strncmp(name, "444alpha", 8) == 0)
        samples = 3 * w * h;
    else if (strncmp(name, "444", 3) == 0)
        samples = 2 * w * h;
    else if (strncmp(name, "411", 3) == 0)
        samples = 2 * ((w + 3) / 4) * h;
    else if (strncmp(name, "mono", 4) == 0)
        samples = 0;
    else
        return false;
    if (strcmp(name, "mono10") == 0 || strcmp(name, "mono12") == 0 || strcmp(name, "mono16") == 0) {
        y->bytes = 2;
        y->format = name[5] == '0' ? AFFECT_GREY10 : name[5] == '2' ? AFFECT_GREY12 : AFFECT_GREY16;
    }
    y->chroma = samples * (size_t)y->bytes;
    return true;
}

static bool start(struct video *video, struct y4m *y, const char **why) {
    if (y->width < 1 || y->height < 1 || y->width > PICTURE_MAX_SIDE ||
        y->height > PICTURE_MAX_SIDE || (size_t)y->width * (size_t)y->height > PICTURE_MAX_PIXELS) {
        *why = "width or height is missing or too large";
        return false;
    }
    y->luma = malloc((size_t)y->width * (size_t)y->height * (size_t)y->bytes);
    if (!y->luma) {
        *why = "out of memory";
        return false;
    }
    video->next = y4m_next;
    video->close = y4m_close;
    video->state = y;
    return true;
}

static bool parse_header(struct y4m *y, char *line, double *rate, const char **why) {
    const char *space = "420";
    if (strncmp(line, "YUV4MPEG2", 9) != 0) {
        *why = "not a YUV4MPEG2 stream";
        return false;
    }
    for (char *word = strtok(line + 9, " "); word; word = strtok(NULL, " ")) {
        if (*word == 'W')
            y->width = atoi(word + 1);
        else if (*word == 'H')
            y->height = atoi(word + 1);
        else if (*word == 'C')
            space = word + 1;
        else if (*word == 'F') {
            const char *const colon = strchr(word, ':');
            const double up = atof(word + 1), down = colon ? atof(colon + 1) : 1;
            *rate = up > 0 && down > 0 ? up / down : 0;
        }
    }
    if (y->width < 1 || y->height < 1 || y->width > PICTURE_MAX_SIDE ||
        y->height > PICTURE_MAX_SIDE) {
        *why = "width or height is missing or too large";
        return false;
    }
    if (colour_space(y, space))
        return true;
    *why = "a colour space that is not known";
    return false;
}

bool y4m_open(struct video *video, FILE *file, const char **why) {
    struct y4m *const y = calloc(1, sizeof *y);
    char line[LINE_MOST];
    if (!y) {
        *why = "out of memory";
        return false;
    }
    y->file = file;
    y->headers = true;
    if (read_line(file, line) < 0) {
        *why = "not a YUV4MPEG2 stream";
    } else if (parse_header(y, line, &video->rate, why) && start(video, y, why)) {
        return true;
    }
    free(y);
    return false;
}

bool raw_open(struct video *video, FILE *file, int width, int height, const char **why) {
    struct y4m *const y = calloc(1, sizeof *y);
    if (!y) {
        *why = "out of memory";
        return false;
    }
    y->file = file;
    y->width = width;
    y->height = height;
    y->bytes = 1;
    y->format = AFFECT_GREY;
    if (start(video, y, why))
        return true;
    free(y);
    return false;
}
