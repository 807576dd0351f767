/* `affect read`: faces as JSON lines, comma-separated values or a table. */
#include "tool.h"

#include <math.h>

/* --eye-crop: the whole picture is one eye. */
static int read_eye(const struct job *job, affect *reader, size_t index, struct text *out,
                    struct text *errors) {
    const char *const path = job->paths->items[index];
    struct timing timing = {clock_ms(), 0};
    struct picture picture;
    const char *why;
    if (!picture_load(&picture, path, !job->options->no_exif, &why)) {
        text_format(errors, "affect: %s: %s\n", path, why);
        return EXIT_SOME_FAILED;
    }
    affect_image image;
    picture_image(&picture, &image);
    affect_eye eye;
    const double start = clock_ms();
    const affect_status status = affect_read_eye(reader, &image, 0, &eye);
    timing.load_ms = start - timing.load_ms;
    timing.read_ms = clock_ms() - start;
    if (status == AFFECT_OK)
        json_eye(out, path, picture.width, picture.height, &eye,
                 job->options->time ? &timing : NULL);
    else
        text_format(errors, "affect: %s: %s\n", path, affect_status_text(status));
    picture_free(&picture);
    return status == AFFECT_OK ? EXIT_ALL_READ : EXIT_SOME_FAILED;
}

int read_run(const struct job *job, affect *reader, size_t index, struct text *out,
             struct text *errors) {
    if (job->options->eye_crop)
        return read_eye(job, reader, index, out, errors);
    const char *const path = job->paths->items[index];
    struct picture picture = {0};
    struct timing timing;
    const affect_reading *reading;
    const int code = job_read(job, reader, index, &picture, false, &reading, &timing, errors);
    if (code == EXIT_ALL_READ) {
        const struct timing *const shown = job->options->time ? &timing : NULL;
        if (job->options->format == FORMAT_JSON)
            json_reading(out, path, reading, shown);
        else if (job->options->format == FORMAT_CSV)
            csv_reading(out, path, reading, job->options->reader.signals);
        else
            table_reading(out, path, reading, shown);
    }
    picture_free(&picture);
    return code;
}
