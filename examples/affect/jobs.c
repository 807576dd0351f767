/* Runs all pictures, on threads when asked for, and prints their results in the pictures' order:
 * the output does not depend on the number of threads. */
#include "tool.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct slot {
    struct text out;
    struct text errors;
    int code;
    bool done;
};

struct pool {
    const struct job *job;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct slot *slots; /* picture i uses slot i % window */
    size_t window;
    size_t next;    /* first picture that no thread has taken */
    size_t printed; /* first picture that is not printed */
    bool stop;
};

struct worker {
    struct pool *pool;
    affect *reader;
    pthread_t thread;
};

double clock_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

affect *job_open_reader(const struct options *options) {
    affect *reader = NULL;
    const affect_status status = affect_open(&reader, &options->reader);
    if (status == AFFECT_OK)
        return reader;
    fprintf(stderr, "affect: cannot start: %s\n", affect_status_text(status));
    return NULL;
}

static bool same_file(const char *a, const char *b) {
    struct stat first, second;
    return stat(a, &first) == 0 && stat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

static int failed(const char *path, const char *why, struct text *errors) {
    text_format(errors, "affect: %s: %s\n", path, why);
    return strcmp(why, "out of memory") == 0 ? EXIT_INTERNAL : EXIT_SOME_FAILED;
}

int job_read(const struct job *job, affect *reader, size_t index, struct picture *picture,
             bool as_rgb, const affect_reading **reading, struct timing *timing,
             struct text *errors) {
    const char *const path = job->paths->items[index];
    const double start = clock_ms();
    const char *why;
    if (!picture_load(picture, path, !job->options->no_exif, &why))
        return failed(path, why, errors);
    if (as_rgb && !picture_make_rgb(picture))
        return failed(path, "out of memory", errors);
    affect_image image;
    picture_image(picture, &image);
    const double loaded = clock_ms();
    affect_status status;
    if (job->boxes) {
        const struct box_record *const record = boxes_find(job->boxes, path);
        if (!record)
            return failed(path, "has no line in the file of boxes", errors);
        uint32_t count = record->count;
        if (count > (uint32_t)job->options->reader.max_faces)
            count = (uint32_t)job->options->reader.max_faces;
        const affect_box none = {0};
        status = affect_read_boxes(reader, &image, AFFECT_STILL, count ? record->boxes : &none,
                                   count, reading);
    } else if (job->options->face_crop) {
        const bool turned = picture->rotation == 90 || picture->rotation == 270;
        const affect_box whole = {0, 0, (float)(turned ? picture->height : picture->width),
                                  (float)(turned ? picture->width : picture->height)};
        status = affect_read_boxes(reader, &image, AFFECT_STILL, &whole, 1, reading);
    } else {
        status = affect_read(reader, &image, AFFECT_STILL, reading);
    }
    *timing = (struct timing){loaded - start, clock_ms() - loaded};
    if (status == AFFECT_OK)
        return EXIT_ALL_READ;
    text_format(errors, "affect: %s: %s\n", path, affect_status_text(status));
    return status == AFFECT_ERR_IMAGE || status == AFFECT_ERR_ARGUMENT ? EXIT_SOME_FAILED
                                                                       : EXIT_INTERNAL;
}

int save_copy(const struct job *job, size_t index, const struct picture *picture, uint32_t faces,
              struct text *out, struct text *errors) {
    const char *const output = job->outputs->items[index];
    const char *why;
    if (same_file(job->paths->items[index], output))
        return failed(output, "would overwrite the picture it is made from", errors);
    if (!picture_save(picture, output, &why))
        return failed(output, why, errors);
    if (!job->options->quiet)
        text_format(out, "%s: %lu face%s\n", output, (unsigned long)faces, faces == 1 ? "" : "s");
    return EXIT_ALL_READ;
}

static void *work(void *argument) {
    const struct worker *const worker = argument;
    struct pool *const pool = worker->pool;
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        while (!pool->stop && pool->next < pool->job->paths->count &&
               pool->next >= pool->printed + pool->window)
            pthread_cond_wait(&pool->changed, &pool->lock);
        if (pool->stop || pool->next >= pool->job->paths->count)
            break;
        const size_t index = pool->next++;
        struct slot *const slot = &pool->slots[index % pool->window];
        pthread_mutex_unlock(&pool->lock);
        int code = pool->job->run(pool->job, worker->reader, index, &slot->out, &slot->errors);
        if (slot->out.failed || slot->errors.failed)
            code = EXIT_INTERNAL;
        pthread_mutex_lock(&pool->lock);
        slot->code = code;
        slot->done = true;
        pthread_cond_broadcast(&pool->changed);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

struct progress {
    bool shown;
    double last_ms;
};

static void progress_clear(struct progress *progress) {
    if (progress->shown)
        fputs("\r\033[K", stderr);
    progress->shown = false;
}

static void progress_show(struct progress *progress, size_t done, size_t count) {
    char bar[31];
    const double now = clock_ms();
    if (now - progress->last_ms < 100)
        return;
    progress->last_ms = now;
    for (size_t i = 0; i < 30; i++)
        bar[i] = i * count < done * 30 ? '#' : '.';
    bar[30] = '\0';
    fprintf(stderr, "\r[%s] %zu of %zu", bar, done, count);
    progress->shown = true;
}

static int worse(int a, int b) {
    return a > b ? a : b; /* EXIT_USAGE never comes from a picture */
}

/* Prints what the threads hand over, in order. Returns the exit code. */
static int print_all(struct pool *pool) {
    const size_t count = pool->job->paths->count;
    const bool bar = count > 1 && !pool->job->options->quiet && isatty(STDERR_FILENO);
    struct progress progress = {false, clock_ms()};
    int code = EXIT_ALL_READ;
    for (size_t i = 0; i < count && code != EXIT_INTERNAL; i++) {
        struct slot *const slot = &pool->slots[i % pool->window];
        pthread_mutex_lock(&pool->lock);
        while (!slot->done)
            pthread_cond_wait(&pool->changed, &pool->lock);
        pthread_mutex_unlock(&pool->lock);
        if ((slot->out.length || slot->errors.length))
            progress_clear(&progress);
        if (slot->out.length && fwrite(slot->out.data, 1, slot->out.length, stdout) == 0)
            slot->code = EXIT_INTERNAL;
        if (slot->errors.length)
            fputs(slot->errors.data, stderr);
        code = worse(code, slot->code);
        text_free(&slot->out);
        text_free(&slot->errors);
        pthread_mutex_lock(&pool->lock);
        slot->done = false;
        pool->printed++;
        pthread_cond_broadcast(&pool->changed);
        pthread_mutex_unlock(&pool->lock);
        if (bar)
            progress_show(&progress, i + 1, count);
    }
    progress_clear(&progress);
    return code;
}

static void stop_all(struct pool *pool, struct worker *workers, size_t count) {
    pthread_mutex_lock(&pool->lock);
    pool->stop = true;
    pthread_cond_broadcast(&pool->changed);
    pthread_mutex_unlock(&pool->lock);
    for (size_t i = 0; i < count; i++)
        pthread_join(workers[i].thread, NULL);
}

int jobs_run(const struct job *job) {
    size_t threads = (size_t)job->options->threads;
    if (threads > job->paths->count)
        threads = job->paths->count;
    if (threads == 0)
        return EXIT_ALL_READ;
    struct pool pool = {.job = job, .window = 4 * threads};
    struct worker *const workers = calloc(threads, sizeof *workers);
    pool.slots = calloc(pool.window, sizeof *pool.slots);
    int code = workers && pool.slots ? EXIT_ALL_READ : EXIT_INTERNAL;
    for (size_t i = 0; i < threads && code == EXIT_ALL_READ; i++) {
        workers[i] = (struct worker){.pool = &pool, .reader = job_open_reader(job->options)};
        if (!workers[i].reader)
            code = EXIT_INTERNAL;
    }
    if (code == EXIT_ALL_READ) {
        pthread_mutex_init(&pool.lock, NULL);
        pthread_cond_init(&pool.changed, NULL);
        size_t started = 0;
        while (started < threads &&
               pthread_create(&workers[started].thread, NULL, work, &workers[started]) == 0)
            started++;
        code = started ? print_all(&pool) : EXIT_INTERNAL;
        stop_all(&pool, workers, started);
        pthread_cond_destroy(&pool.changed);
        pthread_mutex_destroy(&pool.lock);
    }
    for (size_t i = 0; workers && i < threads; i++)
        affect_close(workers[i].reader);
    for (size_t i = 0; pool.slots && i < pool.window; i++) {
        text_free(&pool.slots[i].out);
        text_free(&pool.slots[i].errors);
    }
    free(workers);
    free(pool.slots);
    return code;
}
