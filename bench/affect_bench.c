/*
 * affect-bench: times of frames, networks and kernels on this machine, one thread.
 *
 *     affect-bench [--json] [--seconds S] [--cpu NAME] [--only frames|networks|kernels] [PICTURE]
 *
 * Frames: a 640x480 picture made from PICTURE (examples/pictures/portrait.jpg by default, so run it
 * from the repository's root), with more and more signals. Networks: one run each, the detector at
 * 640x480. Every line gives the fastest and the median of the runs that fit into S seconds (0.5).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../examples/affect/tool.h"
#include "kernels.h"
#include "models/models.h"
#include "nn/nn.h"

enum { WIDTH = 640, HEIGHT = 480, RUNS_MOST = 20000, RUNS_LEAST = 5 };

struct bench {
    bool json;
    bool first; /* no item of the list has been printed */
    double seconds;
    uint32_t cpu;
    const char *only;
    const char *picture;
    double *times; /* RUNS_MOST */
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
        const double before = clock_ms();
        call(context);
        bench->times[runs++] = clock_ms() - before;
    }
    qsort(bench->times, (size_t)runs, sizeof *bench->times, compare_doubles);
    return (struct times){bench->times[0], bench->times[runs / 2], runs};
}

static void print_row(struct bench *bench, const char *name, const char *detail,
                      const struct times *times) {
    struct text text = {0};
    if (bench->json) {
        text_format(&text, "%s\n    {\"name\":\"%s\",\"detail\":\"%s\",\"min_ms\":",
                    bench->first ? "" : ",", name, detail);
        text_number(&text, times->least_ms, 4);
        text_add(&text, ",\"median_ms\":");
        text_number(&text, times->median_ms, 4);
        text_format(&text, ",\"runs\":%d}", times->runs);
    } else {
        text_format(&text, "%-44s %-12s", name, detail);
        const double columns[2] = {times->least_ms, times->median_ms};
        for (int i = 0; i < 2; i++) {
            struct text number = {0};
            text_number(&number, columns[i], 3);
            text_format(&text, " %9s", number.data ? number.data : "?");
            text_free(&number);
        }
        text_format(&text, " %7d\n", times->runs);
    }
    if (text.data)
        fputs(text.data, stdout);
    text_free(&text);
    bench->first = false;
}

static void begin_list(struct bench *bench, const char *name) {
    bench->first = true;
    if (bench->json)
        printf(",\n  \"%s\": [", name);
    else
        printf("\n%-44s %-12s %9s %9s %7s\n", name, "", "min ms", "median ms", "runs");
}

static void end_list(const struct bench *bench) {
    if (bench->json)
        printf("\n  ]");
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
    begin_list(bench, "frames 640x480");
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
        print_row(bench, sets[i].name, faces, &times);
        memory = affect_reader_memory(run.reader);
        affect_close(run.reader);
    }
    end_list(bench);
    free(frame);
    if (bench->json)
        printf(",\n  \"handle_bytes\": %zu", memory);
    else
        printf("handle with everything: %zu bytes\n", memory);
    return done;
}

/* -------------------------------------------------------------------------------------- networks
 */

static void *allocate(void *context, size_t bytes) {
    (void)context;
    return malloc(bytes);
}

static void release(void *context, void *memory) {
    (void)context;
    free(memory);
}

static void run_network(void *net) {
    af_net_run(net);
}

static bool bench_network(struct bench *bench, const uint8_t *data, size_t size, uint32_t cpu) {
    const affect_allocator allocator = {allocate, release, NULL};
    af_model model;
    af_net *net;
    if (af_model_parse(&model, data, size) != AFFECT_OK)
        return false;
    const int32_t width = model.width ? model.width : WIDTH;
    const int32_t height = model.height ? model.height : HEIGHT;
    if (af_net_open(&net, &model, cpu, width, height, &allocator) != AFFECT_OK)
        return false;
    uint8_t *const input = af_net_input(net, width, height);
    for (size_t i = 0; input && i < (size_t)width * (size_t)height; i++)
        input[i] = (uint8_t)(i * i / 7 % 128);
    const struct times times = measure(bench, run_network, net);
    char name[96];
    snprintf(name, sizeof name, "%s %ldx%ld, %.1f M multiply-accumulates", model.name, (long)width,
             (long)height, (double)af_model_operations(&model, width, height) / 1e6);
    print_row(bench, name, affect_cpu_name(af_net_cpu(net)), &times);
    af_net_close(net, &allocator);
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
    begin_list(bench, "networks");
    for (int i = 0; i < AFFECT_MODEL_COUNT; i++) {
        for (uint32_t bit = 1u << 31; bit; bit >>= 1)
            if (bit & bench->cpu & affect_cpu_flags())
                done &= bench_network(bench, models[i].data, models[i].size, bit);
        if (bench->cpu == AFFECT_CPU_PORTABLE || bench->cpu == AFFECT_CPU_ALL)
            done &= bench_network(bench, models[i].data, models[i].size, AFFECT_CPU_PORTABLE);
    }
    end_list(bench);
    if (!done)
        fprintf(stderr, "affect-bench: a network of this build cannot be opened\n");
    return done;
}

/* ------------------------------------------------------------------------------------------ main
 */

static int usage(void) {
    fputs("usage: affect-bench [--json] [--seconds S] [--cpu NAME] [--only frames|networks|kernels]"
          " [PICTURE]\n",
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

static bool read_arguments(struct bench *bench, int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        const char *const value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--json") == 0) {
            bench->json = true;
        } else if (argv[i][0] != '-') {
            bench->picture = argv[i];
        } else if (!value) {
            return false;
        } else if (strcmp(argv[i], "--seconds") == 0) {
            bench->seconds = strtod(argv[++i], NULL);
        } else if (strcmp(argv[i], "--only") == 0) {
            bench->only = argv[++i];
        } else if (strcmp(argv[i], "--cpu") != 0 || !take_cpu(bench, argv[++i])) {
            return false;
        }
    }
    return bench->seconds >= 0 && bench->seconds <= 3600;
}

static bool wanted(const struct bench *bench, const char *part) {
    return !bench->only || strcmp(bench->only, part) == 0;
}

int main(int argc, char **argv) {
    struct bench bench = {
        .seconds = 0.5, .cpu = AFFECT_CPU_ALL, .picture = "examples/pictures/portrait.jpg"};
    if (!read_arguments(&bench, argc, argv))
        return usage();
    bench.times = malloc(RUNS_MOST * sizeof *bench.times);
    if (!bench.times)
        return EXIT_INTERNAL;
    bool done = true;
    if (bench.json)
        printf("{\n  \"version\": \"%s\"", affect_version());
    if (wanted(&bench, "frames"))
        done &= bench_frames(&bench);
    if (wanted(&bench, "networks"))
        done &= bench_networks(&bench);
    if (wanted(&bench, "kernels")) {
        printf(bench.json ? ",\n  \"kernels\": " : "\n");
        done &= bench_kernels(stdout, bench.json, bench.seconds / 5, bench.cpu) == 0;
    }
    if (bench.json)
        printf("\n}\n");
    free(bench.times);
    return done ? EXIT_ALL_READ : EXIT_SOME_FAILED;
}
