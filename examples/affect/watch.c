/* `affect watch`: a video or a camera, frame by frame. */
#include "video.h"
#include "watch_people.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TYPES = AFFECT_EVENT_TIME_GAP + 1 };

struct watch {
    const struct options *options;
    const char *name;
    affect *reader;
    struct video video;
    struct avi_writer *film;
    struct text out;
    double rate;
    long frames;
    int64_t first_us, last_us;
    double read_ms;
    unsigned long searches;
    unsigned long ended[TYPES]; /* events by type */
    uint32_t tracks;            /* highest number seen */
    struct people_seen people;
    struct last_events last; /* to be drawn */
    int64_t shown_us;        /* time of the last live line */
    bool live;               /* a live line stands on the terminal */
};

static void flush_out(struct watch *w) {
    if (w->live)
        fputs("\r\033[K", stderr);
    w->live = false;
    if (w->out.length)
        fwrite(w->out.data, 1, w->out.length, stdout);
    w->out.length = 0;
}

static void seconds(struct text *text, int64_t us) {
    text_number(text, (double)us / 1e6, 2);
}

/* "12.40-14.10 microsleep, person 1 (driver)" */
static void event_line(const struct watch *w, struct text *text, const affect_event *e) {
    seconds(text, e->start_us);
    text_add(text, "-");
    if (e->open)
        text_add(text, "...");
    else
        seconds(text, e->end_us);
    text_format(text, " %s", affect_event_name((uint32_t)e->type));
    if (e->track)
        text_format(text, ", person %lu", (unsigned long)e->track);
    seat_text(text, e->seat, &w->options->watch);
    if (e->other_track) {
        const struct person_seen *const other = people_find(&w->people, e->other_track);
        text_format(text, " and %lu", (unsigned long)e->other_track);
        seat_text(text, other ? other->seat : -1, &w->options->watch);
    }
    if (e->evidence) {
        text_add(text, ": ");
        evidence_text(text, e->evidence);
    }
    text_add(text, "\n");
}

static void remember_event(struct watch *w, const affect_event *e) {
    struct text line = {0};
    event_line(w, &line, e);
    if (line.data && !line.failed)
        last_events_take(&w->last, e, line.data);
    text_free(&line);
}

static void take_events(struct watch *w, const affect_reading *reading) {
    for (uint32_t i = 0; i < affect_reading_event_count(reading); i++) {
        const affect_event *const e = affect_reading_event(reading, i);
        if (!e->open && (int)e->type < TYPES)
            w->ended[e->type]++;
        if (w->options->watch.events) {
            watch_json_event(&w->out, e, &w->options->watch);
            text_add(&w->out, "\n");
        } else if (!w->options->watch.json && !w->options->quiet) {
            event_line(w, &w->out, e);
        }
        if (w->options->watch.draw)
            remember_event(w, e);
    }
}

/* One line a second for people at a terminal. */
static void live_line(struct watch *w, const affect_reading *reading) {
    static const char *const stages[] = {"alert", "tired", "drowsy"};
    const int64_t now = affect_reading_time(reading);
    if (w->options->quiet || !isatty(STDERR_FILENO) || now - w->shown_us < 1000000)
        return;
    w->shown_us = now;
    struct text line = {0};
    text_add(&line, "\r\033[K");
    seconds(&line, now);
    text_add(&line, " s");
    for (uint32_t i = 0; i < affect_reading_face_count(reading) && i < 3; i++) {
        const affect_face *const face = affect_reading_face(reading, i);
        const affect_person_state *const s = &face->state;
        text_format(&line, " | %lu", (unsigned long)face->track);
        if (s->drowsiness_stage >= 0 && s->drowsiness_stage <= 2)
            text_format(&line, " %s %d%%", stages[s->drowsiness_stage],
                        (int)(100 * s->drowsiness + 0.5f));
        text_format(&line, " blinks %lu", (unsigned long)s->blink_count);
        if (s->eyes_closed > 0.5f)
            text_add(&line, " EYES CLOSED");
        if (s->eyes_off_road > 1)
            text_add(&line, " LOOKS AWAY");
    }
    if (line.data)
        fputs(line.data, stderr);
    text_free(&line);
    w->live = true;
}

static bool draw_frame_of(struct watch *w, const struct frame *frame, const affect_reading *reading,
                          const char **why) {
    struct picture picture;
    if (!frame_to_rgb(frame, &picture)) {
        *why = "out of memory";
        return false;
    }
    if (!w->film)
        w->film = avi_create(w->options->watch.draw, picture.width, picture.height, w->rate, why);
    draw_reading(&picture, reading);
    watch_draw(&picture, reading, &w->last, &w->options->watch);
    const bool done = w->film && avi_write(w->film, &picture, why);
    picture_free(&picture);
    return done;
}

/* ------------------------------------------------------------------------------------ baseline */

static void load_baseline(struct watch *w) {
    unsigned char blob[AFFECT_BASELINE_SIZE];
    const char *const path = w->options->watch.baseline;
    FILE *const file = path ? fopen(path, "rb") : NULL;
    if (!file)
        return;
    const size_t got = fread(blob, 1, sizeof blob, file);
    fclose(file);
    if (got != sizeof blob || affect_baseline_load(w->reader, 0, blob, sizeof blob) != AFFECT_OK)
        fprintf(stderr, "affect: %s: no baseline; it is learnt anew\n", path);
}

/* Of the first person that is still there. */
static bool save_baseline(struct watch *w) {
    unsigned char blob[AFFECT_BASELINE_SIZE];
    const char *const path = w->options->watch.baseline;
    uint32_t track = 1;
    while (track <= w->tracks &&
           affect_baseline_save(w->reader, track, blob, sizeof blob) != AFFECT_OK)
        track++;
    if (!path || track > w->tracks)
        return true;
    FILE *const file = fopen(path, "wb");
    const bool written = file && fwrite(blob, 1, sizeof blob, file) == sizeof blob;
    return (file ? fclose(file) == 0 : false) && written;
}

/* ------------------------------------------------------------------------------------- summary */

static void summary_json(struct watch *w) {
    struct text *const t = &w->out;
    text_format(t, "{\"summary\":{\"frames\":%ld,\"seconds\":", w->frames);
    text_number(t, (double)(w->last_us - w->first_us) / 1e6, 3);
    text_format(t, ",\"searches\":%lu,\"people\":%lu", w->searches, (unsigned long)w->tracks);
    if (w->options->time) {
        text_add(t, ",\"read_ms\":");
        text_number(t, w->frames ? w->read_ms / (double)w->frames : 0, 3);
    }
    text_add(t, ",\"events\":{");
    bool first = true;
    for (int i = 1; i < TYPES; i++)
        if (w->ended[i]) {
            text_format(t, "%s\"%s\":%lu", first ? "" : ",", affect_event_name((uint32_t)i),
                        w->ended[i]);
            first = false;
        }
    text_add(t, "},");
    people_json(t, &w->people, &w->options->watch);
    text_add(t, "}}\n");
}

static void summary_text(struct watch *w) {
    struct text *const t = &w->out;
    text_format(t, "%ld frames, ", w->frames);
    text_number(t, (double)(w->last_us - w->first_us) / 1e6, 1);
    text_format(t, " s, %lu searched, people: %lu\n", w->searches, (unsigned long)w->tracks);
    for (int i = 1; i < TYPES; i++)
        if (w->ended[i])
            text_format(t, "  %s: %lu\n", affect_event_name((uint32_t)i), w->ended[i]);
    people_text(t, &w->people, &w->options->watch);
    if (w->options->time && w->frames) {
        text_add(t, "  ");
        text_number(t, w->read_ms / (double)w->frames, 3);
        text_add(t, " ms a frame\n");
    }
}

/* ------------------------------------------------------------------------------------ the loop */

static int read_frame(struct watch *w, struct frame *frame, double loaded_ms, const char **why) {
    if (!w->video.own_times)
        frame->time_us = (int64_t)((double)w->frames * 1e6 / w->rate + 0.5);
    affect_image image;
    affect_image_init(&image, frame->format, frame->pixels, frame->width, frame->height,
                      (ptrdiff_t)frame->stride);
    const affect_reading *reading;
    const double start = clock_ms();
    const affect_status status = affect_read(w->reader, &image, frame->time_us, &reading);
    struct timing timing = {loaded_ms, clock_ms() - start};
    if (status != AFFECT_OK) {
        *why = affect_status_text(status);
        return status == AFFECT_ERR_IMAGE ? EXIT_SOME_FAILED : EXIT_INTERNAL;
    }
    w->first_us = w->frames ? w->first_us : frame->time_us;
    w->last_us = frame->time_us;
    w->frames++;
    w->read_ms += timing.read_ms;
    w->searches += affect_reading_searched(reading) != 0;
    for (uint32_t i = 0; i < affect_reading_face_count(reading); i++)
        if (affect_reading_face(reading, i)->track > w->tracks)
            w->tracks = affect_reading_face(reading, i)->track;
    people_take(&w->people, reading);
    take_events(w, reading);
    if (w->options->watch.json)
        watch_json_frame(&w->out, w->name, reading, &w->options->watch,
                         w->options->time ? &timing : NULL);
    flush_out(w);
    live_line(w, reading);
    if (w->options->watch.draw && !draw_frame_of(w, frame, reading, why))
        return EXIT_INTERNAL;
    return EXIT_ALL_READ;
}

static int run(struct watch *w) {
    int code = EXIT_ALL_READ;
    const char *why = NULL;
    struct frame frame;
    for (;;) {
        const double start = clock_ms();
        const int got = w->video.next(&w->video, &frame, &why);
        if (got < 1) {
            if (got < 0)
                code = strcmp(why, "out of memory") == 0 ? EXIT_INTERNAL : EXIT_SOME_FAILED;
            break;
        }
        code = read_frame(w, &frame, clock_ms() - start, &why);
        if (code != EXIT_ALL_READ)
            break;
    }
    if (w->live)
        fputs("\r\033[K", stderr);
    w->live = false;
    if (code != EXIT_ALL_READ)
        fprintf(stderr, "affect: %s: frame %ld: %s\n", w->name, w->frames + 1, why);
    return code;
}

/* What is still open is closed and written. */
static int finish(struct watch *w) {
    const affect_reading *reading;
    int code = EXIT_ALL_READ;
    if (!save_baseline(w)) {
        fprintf(stderr, "affect: %s: cannot be written\n", w->options->watch.baseline);
        code = EXIT_INTERNAL;
    }
    if (w->frames && affect_finish(w->reader, &reading) == AFFECT_OK) {
        const bool any = affect_reading_event_count(reading) > 0;
        take_events(w, reading);
        if (w->options->watch.json && any)
            watch_json_frame(&w->out, w->name, reading, &w->options->watch, NULL);
    }
    const bool machine = w->options->watch.json || w->options->watch.events;
    if (machine && w->options->watch.summary)
        summary_json(w);
    else if (!machine)
        summary_text(w);
    flush_out(w);
    return code;
}

static int watch_video(struct watch *w) {
    w->rate = w->video.rate > 0 ? w->video.rate : 30;
    w->shown_us = INT64_MIN / 2;
    load_baseline(w);
    int code = run(w);
    const int finished = finish(w);
    code = finished > code ? finished : code;
    const char *why = NULL;
    if (w->film && !avi_finish(w->film, &why)) {
        fprintf(stderr, "affect: %s: %s\n", w->options->watch.draw, why);
        code = EXIT_INTERNAL;
    }
    if (w->out.failed)
        code = EXIT_INTERNAL;
    text_free(&w->out);
    w->video.close(&w->video);
    return code;
}

int watch_command(const struct options *options) {
    struct watch w = {.options = options};
    struct paths inputs = {0};
    size_t errors = 0;
    const struct video_options how = {options->watch.rate, options->watch.raw_width,
                                      options->watch.raw_height, options->watch.draw != NULL};
    const bool one_stream = options->input_count == 1 && !path_is_folder(options->inputs[0]) &&
                            options->inputs[0][0] != '@';
    if (one_stream)
        paths_add(&inputs, options->inputs[0]);
    else
        inputs_expand(&inputs, options->inputs, options->input_count, &errors);
    w.name = options->inputs[0];
    const char *why = "no pictures there";
    int code = EXIT_SOME_FAILED;
    if (inputs.failed) {
        code = EXIT_INTERNAL;
    } else if (!inputs.count || !video_open(&w.video, &inputs, &how, &why)) {
        fprintf(stderr, "affect: %s: %s\n", w.name, why);
    } else {
        w.reader = job_open_reader(options);
        if (w.reader) {
            code = watch_video(&w);
        } else {
            w.video.close(&w.video);
            code = EXIT_INTERNAL;
        }
    }
    affect_close(w.reader);
    paths_free(&inputs);
    return code == EXIT_ALL_READ && errors ? EXIT_SOME_FAILED : code;
}
