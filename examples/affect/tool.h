/*
 * The command line tool `affect`. Each file does one thing: options.c reads the command line,
 * inputs.c makes a list of pictures of it, jobs.c runs them on threads, picture.c loads and saves,
 * json.c and table.c write what was read, read.c, draw.c, blur.c and info.c are the commands;
 * watch.c is the one for videos, which video.h reads.
 */
#ifndef TOOL_H
#define TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "affect/affect.h"

enum exit_code {
    EXIT_ALL_READ = 0,
    EXIT_SOME_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_INTERNAL = 3 /* also: out of memory */
};

/* ------------------------------------------------------------------------------------ text.c */

/* A growing string. When memory runs out, `failed` is set and nothing more is added. */
struct text {
    char *data; /* NUL-terminated, null while empty */
    size_t length;
    size_t capacity;
    bool failed;
};

void text_add(struct text *text, const char *string);
void text_add_bytes(struct text *text, const char *bytes, size_t count);
/* printf for strings and integers; never for floating point, which locales change. */
void text_format(struct text *text, const char *format, ...)
#if defined(__GNUC__)
    __attribute__((format(printf, 2, 3)))
#endif
    ;
/* A number with 0..6 decimals, rounded half away from zero; the same digits on every platform. */
void text_number(struct text *text, double value, int decimals);
/* A quoted JSON string. Bytes that are not UTF-8 become U+FFFD. */
void text_json_string(struct text *text, const char *string);
void text_free(struct text *text);

/* --------------------------------------------------------------------------------- options.c */

enum command {
    COMMAND_READ = 1 << 0,
    COMMAND_DRAW = 1 << 1,
    COMMAND_BLUR = 1 << 2,
    COMMAND_INFO = 1 << 3,
    COMMAND_SELF_TEST = 1 << 4,
    COMMAND_WATCH = 1 << 5
};

enum format { FORMAT_JSON, FORMAT_CSV, FORMAT_TABLE };

enum blur_style { BLUR_PIXELATE, BLUR_SMOOTH, BLUR_BOX };

/* Of `watch` alone. */
struct watch_options {
    bool json;     /* a line a frame */
    bool events;   /* a line an event, nothing else */
    bool summary;  /* with json and events: a last line */
    double rate;   /* frames a second; 0: what the file says */
    int raw_width; /* raw grey frames; 0: none */
    int raw_height;
    const char *draw;                     /* film to write, or null */
    const char *seats[AFFECT_SEAT_COUNT]; /* names, not NUL-terminated: up to the `=` */
    int seat_count;
    const char *baseline; /* file, or null */
};

struct options {
    enum command command;
    affect_options reader; /* what affect_open gets */
    bool max_faces_given;
    bool face_crop;
    bool eye_crop;
    bool time;
    bool quiet;
    bool no_exif;
    enum format format;
    enum blur_style style;
    struct watch_options watch;
    int threads;
    const char *boxes;  /* file, or null */
    const char *output; /* file or folder, or null */
    char **inputs;      /* points into argv */
    size_t input_count;
};

/* Reads the command line. Returns true when there is something to run; else the process ends with
 * *exit_code (help and version: 0, errors: EXIT_USAGE, already explained on standard error). */
bool options_read(struct options *options, int argc, char **argv, int *exit_code);

/* ---------------------------------------------------------------------------------- inputs.c */

struct paths {
    char **items;
    size_t count;
    size_t capacity;
    bool failed; /* out of memory */
};

/* Expands folders (recursive, sorted), `-` and `@list.txt`. What cannot be expanded is reported on
 * standard error and counted in *errors. */
void inputs_expand(struct paths *paths, char **inputs, size_t count, size_t *errors);
void paths_add(struct paths *paths, const char *path);
void paths_free(struct paths *paths);
const char *path_base(const char *path);
bool path_is_folder(const char *path);
bool path_has_extension(const char *path, const char *extension);

/* --------------------------------------------------------------------------------- picture.c */

#define PICTURE_MAX_SIDE 32768
#define PICTURE_MAX_PIXELS (1u << 28)

struct picture {
    unsigned char *pixels;
    int width; /* as stored */
    int height;
    affect_format format; /* GREY, RGB, GREY10, GREY12 or GREY16 */
    int rotation;         /* from the EXIF orientation */
    int mirror;
};

/* Loads a picture; on failure returns false and *why is a constant text. */
bool picture_load(struct picture *picture, const char *path, bool use_exif, const char **why);
/* Turns it as it is displayed and makes it 8-bit RGB. False: out of memory. */
bool picture_make_rgb(struct picture *picture);
void picture_image(const struct picture *picture, affect_image *image);
/* Saves RGB as PNG or JPEG by the path's ending. On failure false and *why. */
bool picture_save(const struct picture *picture, const char *path, const char **why);
void picture_free(struct picture *picture);

/* The orientation tag of a JPEG's EXIF block, 1..8; 1 when there is none. */
int exif_orientation(const unsigned char *data, size_t size);
/* A binary PGM or PPM with more than 8 bits. False: it is not one, or it is damaged (*why set). */
bool pnm_load_16(struct picture *picture, const unsigned char *data, size_t size, const char **why);

/* ----------------------------------------------------------------------------------- boxes.c */

struct box_record {
    char *file;
    affect_box *boxes;
    uint32_t count;
};

struct box_list {
    struct box_record *records; /* sorted by file */
    size_t count;
    size_t capacity;
    uint32_t most; /* boxes of the record that has most */
};

#define BOXES_MOST 1024

/* Reads JSON lines, {"file":…,"boxes":[[x,y,w,h],…]} or what `affect read` writes. On failure
 * returns false, *why is a constant text and *line the number of the line that is wrong. */
bool boxes_parse(struct box_list *list, const char *data, size_t size, const char **why,
                 size_t *line);
/* The record of a path, or of its last part when that is unique; null when there is none. */
const struct box_record *boxes_find(const struct box_list *list, const char *path);
void boxes_free(struct box_list *list);

/* ------------------------------------------------------------------------------------ jobs.c */

struct timing {
    double load_ms;
    double read_ms;
};

struct job {
    const struct options *options;
    const struct paths *paths;
    const struct paths *outputs;  /* draw and blur */
    const struct box_list *boxes; /* null without --boxes */
    /* Does one picture: what it prints goes to out, a line about an error to errors. Returns
     * EXIT_ALL_READ, EXIT_SOME_FAILED or EXIT_INTERNAL. Called on several threads. */
    int (*run)(const struct job *job, affect *reader, size_t index, struct text *out,
               struct text *errors);
};

/* Runs every picture, prints in the order of the paths, returns the exit code. */
int jobs_run(const struct job *job);
/* Opens a reader as the options say; reports failure on standard error and returns null. */
affect *job_open_reader(const struct options *options);
/* Loads picture `index` and reads it as the options say. On failure writes the line to errors. */
int job_read(const struct job *job, affect *reader, size_t index, struct picture *picture,
             bool as_rgb, const affect_reading **reading, struct timing *timing,
             struct text *errors);
/* Saves what draw or blur made and says so. */
int save_copy(const struct job *job, size_t index, const struct picture *picture, uint32_t faces,
              struct text *out, struct text *errors);
double clock_ms(void);

/* ---------------------------------------------------------------------------- json.c, table.c */

/* One line. timing null: no timings. */
void json_reading(struct text *text, const char *file, const affect_reading *reading,
                  const struct timing *timing);
/* The members of a face's object, without its braces. */
void json_face(struct text *text, const affect_face *face);
void json_eye(struct text *text, const char *file, int width, int height, const affect_eye *eye,
              const struct timing *timing);
void csv_header(struct text *text, uint32_t signals);
void csv_reading(struct text *text, const char *file, const affect_reading *reading,
                 uint32_t signals);
void table_reading(struct text *text, const char *file, const affect_reading *reading,
                   const struct timing *timing);

/* Expressions or emotions, strongest first: fills indices, returns how many are at least `least`.
 */
uint32_t strongest(const float *values, uint32_t count, float least, uint32_t *indices,
                   uint32_t most);

/* -------------------------------------------------------------------------------- the commands */

int read_run(const struct job *job, affect *reader, size_t index, struct text *out,
             struct text *errors);
int draw_run(const struct job *job, affect *reader, size_t index, struct text *out,
             struct text *errors);
int blur_run(const struct job *job, affect *reader, size_t index, struct text *out,
             struct text *errors);
/* What draw draws, on 8-bit RGB. */
void draw_reading(struct picture *picture, const affect_reading *reading);
/* Runs a video. Returns the exit code. */
int watch_command(const struct options *options);
/* A frame as one line of JSON, an event, and a seat's name (empty: none). */
void watch_json_frame(struct text *text, const char *file, const affect_reading *reading,
                      const struct watch_options *watch, const struct timing *timing);
void watch_json_event(struct text *text, const affect_event *event,
                      const struct watch_options *watch);
void watch_seat(struct text *text, int32_t seat, const struct watch_options *watch);
/* Lists of names of bits; nothing when none is set. */
void watch_evidence(struct text *text, uint32_t set);
void watch_degraded(struct text *text, uint32_t set);
int info_command(void);
int self_test_command(const struct options *options);

#endif
