/*
 * affect-bench: times of frames, planes, networks, kernels and threads on this machine.
 *
 *     affect-bench [--only frames|planes|networks|kernels|threads] [--seconds S] [--cpu NAME]
 *                  [--cold] [--threads N] [--json FILE] [--compare OLD.json] [PICTURE]
 *
 * Frames: a 640x480 picture made from PICTURE (examples/pictures/portrait.jpg by default, so run it
 * from the repository's root), with more and more signals. Planes: what the detector searches, made
 * from grey and RGB frames. Networks: one run each, the detector at 640x480. Every row gives the
 * fastest and the median of the runs that fit into S seconds (0.5), with warm caches, or, for
 * frames and networks, with caches that other data filled (--cold). Threads: N handles on N threads
 * (2), everything on; time a frame. --json writes the rows to a file, `-` is standard output;
 * --compare puts the ratio to an older such file beside each row: old time by new time, only worth
 * anything on the same machine.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../examples/affect/tool.h"
#include "image/image.h"
#include "kernels.h"
#include "models/models.h"
#include "nn/nn.h"

enum { WIDTH = 640, HEIGHT = 480, RUNS_MOST = 20000, RUNS_LEAST = 5 };
enum { THREADS_MOST = 64, CACHES = 64 << 20 /* bytes, more than they hold */ };

struct bench {
    report report;
    double seconds;
    uint32_t cpu;
    int threads;
    const char *only;
    const char *picture;
    double *times; /* RUNS_MOST */
    char *other;   /* CACHES bytes that fill the caches; null: warm ones */
};

struct times {
    double least_ms;
    double median_ms;
    int runs;
};

static int compare_doubles(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Calls once to warm up, then again and again for the time given. */
static struct times measure(struct bench *bench, void (*call)(void *), void *context) {
    call(context);
    int runs = 0;
    const double start = clock_ms();
    while (runs < RUNS_MOST && (runs < RUNS_LEAST || clock_ms() - start < 1000 * bench->seconds)) {
        if (bench->other)
            memset(bench->other, runs, CACHES);
        const double before = clock_ms();
        call(context);
        bench->times[runs++] = clock_ms() - before;
    }
    qsort(bench->times, (size_t)runs, sizeof *bench->times, compare_doubles);
    return (struct times){bench->times[0], bench->times[runs / 2], runs};
}

static void add_row(struct bench *bench, const char *name, const char *detail,
                    const struct times *times) {
    report_add(&bench->report, &(report_row){
                                   .name = name,
                                   .detail = detail,
                                   .min_us = 1000 * times->least_ms,
                                   .median_us = 1000 * times->median_ms,
                               });
}

/* ---------------------------------------------------------------------------------------- frames
 */

/* The picture on a grey 640x480 frame, reduced by means until it fits. */
static uint8_t *make_frame(const char *path) {
    struct picture picture;
    const char *why;
    if (!picture_load(&picture, path, true, &why) || !picture_make_rgb(&picture)) {
        fprintf(stderr, "affect-bench: %s: %s\n", path, why);
        return NULL;
    }
    int step = 1;
    while (picture.width / step > WIDTH || picture.height / step > HEIGHT)
        step++;
    uint8_t *const frame = malloc((size_t)WIDTH * HEIGHT);
    if (frame)
        memset(frame, 96, (size_t)WIDTH * HEIGHT);
    const int width = picture.width / step, height = picture.height / step;
    for (int y = 0; frame && y < height; y++)
        for (int x = 0; x < width; x++) {
            unsigned sum = 0;
            for (int i = 0; i < step * step; i++) {
                const int from = (y * step + i / step) * picture.width + x * step + i % step;
                const uint8_t *const p = picture.pixels + 3 * (size_t)from;
                sum += 77u * p[0] + 150u * p[1] + 29u * p[2];
            }
            frame[(y + (HEIGHT - height) / 2) * WIDTH + x + (WIDTH - width) / 2] =
                (uint8_t)(sum / (256u * (unsigned)(step * step)));
        }
    picture_free(&picture);
    return frame;
}

struct frame_run {
    affect *reader;
    affect_image image;
    uint32_t faces;
};

static void run_frame(void *context) {
    struct frame_run *const run = context;
    const affect_reading *reading;
    if (affect_read(run->reader, &run->image, AFFECT_STILL, &reading) == AFFECT_OK)
        run->faces = affect_reading_face_count(reading);
}

static bool bench_frames(struct bench *bench) {
    static const struct {
        const char *name;
        uint32_t signals;
    } sets[] = {{"boxes and five points", 0},
                {"landmarks, pose", AFFECT_LANDMARKS | AFFECT_POSE},
                {"landmarks, pose, eyes", AFFECT_SIGNALS_DEFAULT},
                {"landmarks, pose, eyes, expressions", AFFECT_SIGNALS_DEFAULT | AFFECT_EXPRESSIONS},
                {"everything", AFFECT_SIGNALS_ALL}};
    uint8_t *const frame = make_frame(bench->picture);
    if (!frame)
        return false;
    report_begin(&bench->report, "frames 640x480", "");
    size_t memory = 0;
    bool done = true;
    for (size_t i = 0; done && i < sizeof sets / sizeof *sets; i++) {
        affect_options options;
        affect_options_init(&options);
        options.signals = sets[i].signals;
        options.cpu = bench->cpu;
        struct frame_run run = {0};
        affect_status status = affect_open(&run.reader, &options);
        if (status == AFFECT_ERR_UNSUPPORTED) {
            options.signals &= ~(uint32_t)AFFECT_EMOTIONS;
            status = affect_open(&run.reader, &options);
        }
        done = status == AFFECT_OK;
        if (!done) {
            fprintf(stderr, "affect-bench: %s\n", affect_status_text(status));
            break;
        }
        affect_image_init(&run.image, AFFECT_GREY, frame, WIDTH, HEIGHT, WIDTH);
        const struct times times = measure(bench, run_frame, &run);
        char faces[32];
        snprintf(faces, sizeof faces, "%lu face%s", (unsigned long)run.faces,
                 run.faces == 1 ? "" : "s");
        add_row(bench, sets[i].name, faces, &times);
        memory = affect_reader_memory(run.reader);
        affect_close(run.reader);
    }
    free(frame);
    if (bench->report.table)
        printf("\nhandle with everything: %zu bytes\n", memory);
    return done;
}

/* -------------------------------------------------------------------------------------- networks
 */

static void run_network(void *net) {
    af_net_run(net);
}

static bool bench_network(struct bench *bench, const uint8_t *data, size_t size, uint32_t cpu) {
    af_model model;
    af_net *net;
    if (af_model_parse(&model, data, size) != AFFECT_OK)
        return false;
    const int32_t width = model.width ? model.width : WIDTH;
    const int32_t height = model.height ? model.height : HEIGHT;
    if (af_net_open(&net, &model, cpu, width, height, NULL, &af_malloc_allocator) != AFFECT_OK)
        return false;
    uint8_t *const input = af_net_input(net, width, height);
    for (size_t i = 0; input && i < (size_t)width * (size_t)height; i++)
        input[i] = (uint8_t)(i * i / 7 % 128);
    const struct times times = measure(bench, run_network, net);
    char name[96];
    snprintf(name, sizeof name, "%s %ldx%ld, %.1f M multiply-accumulates", model.name, (long)width,
             (long)height, (double)af_model_operations(&model, width, height) / 1e6);
    add_row(bench, name, affect_cpu_name(af_net_cpu(net)), &times);
    af_net_close(net, &af_malloc_allocator);
    return true;
}

static bool bench_networks(struct bench *bench) {
    const struct {
        const uint8_t *data;
        size_t size;
    } models[AFFECT_MODEL_COUNT] = {{af_model_detector, af_model_detector_size},
                                    {af_model_landmarks, af_model_landmarks_size},
                                    {af_model_eyes, af_model_eyes_size},
                                    {af_model_expression, af_model_expression_size}};
    bool done = true;
    report_begin(&bench->report, "networks", "back end");
    for (int i = 0; i < AFFECT_MODEL_COUNT; i++) {
        for (uint32_t bit = 1u << 31; bit; bit >>= 1)
            if (bit & bench->cpu & affect_cpu_flags())
                done &= bench_network(bench, models[i].data, models[i].size, bit);
        if (bench->cpu == AFFECT_CPU_PORTABLE || bench->cpu == AFFECT_CPU_ALL)
            done &= bench_network(bench, models[i].data, models[i].size, AFFECT_CPU_PORTABLE);
    }
    if (!done)
        fprintf(stderr, "affect-bench: a network of this build cannot be opened\n");
    return done;
}

/* --------------------------------------------------------------------------------------- threads
 */

struct worker {
    pthread_t thread;
    struct frame_run run;
    double seconds;
    long frames;
    bool started;
};

static void *work(void *context) {
    struct worker *const worker = context;
    const double end = clock_ms() + 1000 * worker->seconds;
    do {
        run_frame(&worker->run);
        worker->frames++;
    } while (clock_ms() < end);
    return NULL;
}

/* Milliseconds a frame of `count` threads with a handle each; negative: one cannot be had. */
static double time_workers(const struct bench *bench, struct worker *workers, int count) {
    const double start = clock_ms();
    long frames = 0;
    bool good = true;
    for (int i = 0; i < count; i++) {
        workers[i].frames = 0;
        workers[i].seconds = bench->seconds;
        workers[i].started = pthread_create(&workers[i].thread, NULL, work, &workers[i]) == 0;
        good &= workers[i].started;
    }
    for (int i = 0; i < count; i++)
        if (workers[i].started) {
            pthread_join(workers[i].thread, NULL);
            frames += workers[i].frames;
        }
    return good ? (clock_ms() - start) / (double)frames : -1;
}

/* One thread and N in turn, so that what else the machine does strikes both. */
static bool compare_workers(struct bench *bench, struct worker *workers) {
    enum { ROUNDS = 7 };
    double one[ROUNDS], all[ROUNDS];
    bool good = true;
    for (int i = 0; i < ROUNDS; i++) {
        one[i] = time_workers(bench, workers, 1);
        all[i] = time_workers(bench, workers, bench->threads);
        good &= one[i] > 0 && all[i] > 0;
    }
    qsort(one, ROUNDS, sizeof *one, compare_doubles);
    qsort(all, ROUNDS, sizeof *all, compare_doubles);
    char detail[32];
    snprintf(detail, sizeof detail, "%d threads", bench->threads);
    report_begin(&bench->report, "threads", "");
    add_row(bench, "everything, a handle each", "1 thread",
            &(struct times){one[0], one[ROUNDS / 2], ROUNDS});
    add_row(bench, "everything, a handle each", detail,
            &(struct times){all[0], all[ROUNDS / 2], ROUNDS});
    if (bench->report.table)
        printf("\n%d threads over one: %.2fx (fastest rounds), %.2fx (medians)\n", bench->threads,
               one[0] / all[0], one[ROUNDS / 2] / all[ROUNDS / 2]);
    return good;
}

static bool bench_threads(struct bench *bench) {
    static struct worker workers[THREADS_MOST];
    uint8_t *const frame = make_frame(bench->picture);
    bool done = frame != NULL;
    for (int i = 0; done && i < bench->threads; i++) {
        affect_options options;
        affect_options_init(&options);
        options.signals |= AFFECT_EXPRESSIONS;
        options.cpu = bench->cpu;
        done = affect_open(&workers[i].run.reader, &options) == AFFECT_OK;
        affect_image_init(&workers[i].run.image, AFFECT_GREY, frame, WIDTH, HEIGHT, WIDTH);
    }
    done = done && compare_workers(bench, workers);
    for (int i = 0; i < bench->threads; i++)
        affect_close(workers[i].run.reader);
    free(frame);
    if (!done)
        fprintf(stderr, "affect-bench: no threads or handles\n");
    return done;
}

/* ---------------------------------------------------------------------------------------- planes
 */

struct plane_run {
    affect_image image;
    uint32_t cpu;
    af_plane_size size;
    uint8_t *plane;
    void *scratch;
};

static void run_plane(void *context) {
    struct plane_run *const run = context;
    const af_rect all = {0, 0, run->image.width, run->image.height};
    af_view view;
    if (af_view_open(&view, &run->image, run->cpu) == AFFECT_OK)
        (void)af_plane(&view, &all, &run->size, run->plane, NULL, run->scratch);
}

/* The detector's plane of a frame, longest side 640. */
static bool bench_plane(struct bench *bench, int32_t width, int32_t height, affect_format format) {
    enum { LONGEST = 640 };
    const size_t pixel = format == AFFECT_RGB ? 3 : 1;
    const size_t bytes = (size_t)width * (size_t)height * pixel;
    uint8_t *const pixels = malloc(bytes);
    struct plane_run run = {.cpu = bench->cpu & affect_cpu_flags(),
                            .plane = malloc((size_t)LONGEST * LONGEST),
                            .scratch = malloc(AF_RESAMPLE_SCRATCH)};
    const bool done = pixels && run.plane && run.scratch;
    if (done) {
        for (size_t i = 0; i < bytes; i++)
            pixels[i] = (uint8_t)(i * i / 7 >> 3);
        affect_image_init(&run.image, format, pixels, width, height,
                          (ptrdiff_t)width * (ptrdiff_t)pixel);
        af_plane_measure(&run.size, width, height, LONGEST, 32);
        const struct times times = measure(bench, run_plane, &run);
        char name[64];
        snprintf(name, sizeof name, "%ldx%ld %s to %ldx%ld", (long)width, (long)height,
                 pixel == 3 ? "rgb" : "grey", (long)run.size.width, (long)run.size.height);
        add_row(bench, name, "", &times);
    }
    free(run.scratch);
    free(run.plane);
    free(pixels);
    return done;
}

static bool bench_planes(struct bench *bench) {
    static const int32_t sides[][2] = {{640, 480}, {1280, 720}, {1920, 1080},
                                       {320, 240}, {800, 600},  {1024, 768}};
    bool done = true;
    report_begin(&bench->report, "planes", "");
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
        done &= bench_plane(bench, sides[i][0], sides[i][1], AFFECT_GREY);
        done &= bench_plane(bench, sides[i][0], sides[i][1], AFFECT_RGB);
    }
    return done;
}

/* ------------------------------------------------------------------------------------------ main
 */

static int usage(void) {
    fputs("usage: affect-bench [--only frames|planes|networks|kernels|threads] [--seconds S]\n"
          "                    [--cpu NAME] [--cold] [--threads N] [--json FILE] [--compare "
          "OLD.json] [PICTURE]\n",
          stderr);
    return EXIT_USAGE;
}

static bool take_cpu(struct bench *bench, const char *name) {
    for (uint64_t bit = 0; bit <= UINT32_MAX; bit = bit ? bit << 1 : 1) {
        const char *const known = affect_cpu_name((uint32_t)bit);
        bench->cpu = (uint32_t)bit;
        if (known && strcmp(known, name) == 0)
            return bit == 0 || (affect_cpu_flags() & bit);
    }
    return false;
}

struct files {
    const char *json;
    const char *old;
};

static bool read_value(struct bench *bench, struct files *files, const char *option,
                       const char *value) {
    if (strcmp(option, "--seconds") == 0)
        bench->seconds = strtod(value, NULL);
    else if (strcmp(option, "--only") == 0)
        bench->only = value;
    else if (strcmp(option, "--threads") == 0)
        bench->threads = (int)strtol(value, NULL, 10);
    else if (strcmp(option, "--json") == 0)
        files->json = value;
    else if (strcmp(option, "--compare") == 0)
        files->old = value;
    else
        return strcmp(option, "--cpu") == 0 && take_cpu(bench, value);
    return true;
}

static bool read_arguments(struct bench *bench, struct files *files, int argc, char **argv) {
    bool cold = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--cold") == 0) {
            cold = true;
        } else if (argv[i][0] != '-') {
            bench->picture = argv[i];
        } else {
            if (i + 1 == argc || !read_value(bench, files, argv[i], argv[i + 1]))
                return false;
            i++;
        }
    }
    bench->other = cold ? malloc(CACHES) : NULL;
    return bench->seconds >= 0 && bench->seconds <= 3600 && bench->threads >= 1 &&
           bench->threads <= THREADS_MOST && (!cold || bench->other);
}

static bool wanted(const struct bench *bench, const char *part) {
    return !bench->only || strcmp(bench->only, part) == 0;
}

static bool run_parts(struct bench *bench) {
    bool done = true;
    if (wanted(bench, "frames"))
        done &= bench_frames(bench);
    if (wanted(bench, "planes"))
        done &= bench_planes(bench);
    if (wanted(bench, "networks"))
        done &= bench_networks(bench);
    if (wanted(bench, "kernels"))
        done &= bench_kernels(&bench->report, bench->seconds / 5, bench->cpu) == 0;
    if (wanted(bench, "threads"))
        done &= bench_threads(bench);
    return done;
}

int main(int argc, char **argv) {
    struct bench bench = {.seconds = 0.5,
                          .cpu = AFFECT_CPU_ALL,
                          .threads = 2,
                          .picture = "examples/pictures/portrait.jpg"};
    struct files files = {NULL, NULL};
    if (!read_arguments(&bench, &files, argc, argv))
        return usage();
    bench.times = malloc(RUNS_MOST * sizeof *bench.times);
    if (!bench.times || !report_open(&bench.report, files.json, files.old))
        return EXIT_INTERNAL;
    const bool done = run_parts(&bench);
    free(bench.times);
    free(bench.other);
    return report_close(&bench.report) && done ? EXIT_ALL_READ : EXIT_SOME_FAILED;
}
