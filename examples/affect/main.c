/* affect: reads faces in pictures. */
#include "tool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int out_of_memory(void) {
    fputs("affect: out of memory\n", stderr);
    return EXIT_INTERNAL;
}

/* Reads a whole text file; null and a message when that fails. */
static bool load_boxes(struct box_list *list, const char *path) {
    FILE *const file = fopen(path, "rb");
    if (!file) {
        fprintf(stderr, "affect: %s: %s\n", path, strerror(errno));
        return false;
    }
    struct text text = {0};
    char block[4096];
    for (size_t got; (got = fread(block, 1, sizeof block, file)) > 0;)
        text_add_bytes(&text, block, got);
    const bool broken = ferror(file) || text.failed;
    fclose(file);
    const char *why = "cannot be read";
    size_t line = 0;
    const bool done =
        !broken && boxes_parse(list, text.data ? text.data : "", text.length, &why, &line);
    text_free(&text);
    if (!done)
        fprintf(stderr, "affect: %s: line %zu: %s\n", path, line, why);
    return done;
}

/* The name of a picture's copy in the output folder: the same base, .jpg for JPEG, else .png. */
static void copy_name(struct text *name, const char *folder, const char *input, unsigned number) {
    const char *const base = path_base(input);
    const char *const dot = strrchr(base, '.');
    const size_t stem = dot && dot != base ? (size_t)(dot - base) : strlen(base);
    const bool jpeg = path_has_extension(input, "jpg") || path_has_extension(input, "jpeg");
    text_format(name, "%s%s%.*s", folder, folder[strlen(folder) - 1] == '/' ? "" : "/", (int)stem,
                base);
    if (number > 1)
        text_format(name, "_%u", number);
    text_add(name, jpeg ? ".jpg" : ".png");
}

static int compare_strings(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool has_twin(const struct paths *paths) {
    char **const sorted = calloc(paths->count, sizeof *sorted);
    if (!sorted)
        return false;
    memcpy(sorted, paths->items, paths->count * sizeof *sorted);
    qsort(sorted, paths->count, sizeof *sorted, compare_strings);
    bool twin = false;
    for (size_t i = 1; i < paths->count; i++)
        twin |= strcmp(sorted[i - 1], sorted[i]) == 0;
    free(sorted);
    return twin;
}

/* One output path an input. Pictures of the same name in different folders get numbers: all of
 * them, by their place in the list, so that no name is taken twice. */
static void name_outputs(struct paths *outputs, const struct paths *inputs, const char *folder) {
    for (unsigned numbered = 0; numbered < 2; numbered++) {
        for (size_t i = 0; i < inputs->count; i++) {
            struct text name = {0};
            copy_name(&name, folder, inputs->items[i], numbered ? (unsigned)i + 2 : 0);
            if (name.failed)
                outputs->failed = true;
            else
                paths_add(outputs, name.data);
            text_free(&name);
        }
        if (outputs->failed || !has_twin(outputs))
            return;
        paths_free(outputs);
    }
}

/* Where draw and blur write. Returns an exit code. */
static int plan_outputs(struct paths *outputs, const struct paths *inputs,
                        const struct options *options) {
    const char *const output = options->output;
    const bool picture = path_has_extension(output, "png") || path_has_extension(output, "jpg") ||
                         path_has_extension(output, "jpeg");
    const bool from_folder = options->input_count == 1 && !path_is_folder(options->inputs[0]) &&
                             strcmp(options->inputs[0], "-") != 0 && options->inputs[0][0] != '@';
    if (picture && !path_is_folder(output)) {
        if (inputs->count > 1 || !from_folder) {
            fprintf(stderr, "affect: several pictures need a folder, and %s is not one\n", output);
            return EXIT_USAGE;
        }
        paths_add(outputs, output);
    } else {
        if (!path_is_folder(output) && mkdir(output, 0777) != 0) {
            fprintf(stderr, "affect: %s: %s\n", output, strerror(errno));
            return EXIT_USAGE;
        }
        name_outputs(outputs, inputs, output);
    }
    return outputs->failed ? out_of_memory() : EXIT_ALL_READ;
}

static int run_pictures(struct options *options) {
    struct paths inputs = {0}, outputs = {0};
    struct box_list boxes = {0};
    struct job job = {options, &inputs, &outputs, NULL, read_run};
    size_t errors = 0;
    int code = EXIT_ALL_READ;
    if (options->boxes) {
        if (!load_boxes(&boxes, options->boxes))
            return EXIT_USAGE;
        job.boxes = &boxes;
        if (!options->max_faces_given && boxes.most > (uint32_t)options->reader.max_faces)
            options->reader.max_faces = (int32_t)boxes.most;
    }
    inputs_expand(&inputs, options->inputs, options->input_count, &errors);
    if (inputs.failed)
        code = out_of_memory();
    else if (options->command != COMMAND_READ)
        code = plan_outputs(&outputs, &inputs, options);
    if (code == EXIT_ALL_READ) {
        struct text header = {0};
        if (options->command == COMMAND_READ && options->format == FORMAT_CSV)
            csv_header(&header, options->reader.signals);
        if (header.length)
            fputs(header.data, stdout);
        text_free(&header);
        if (options->command != COMMAND_READ)
            job.run = options->command == COMMAND_DRAW ? draw_run : blur_run;
        code = jobs_run(&job);
        if (code == EXIT_ALL_READ && errors)
            code = EXIT_SOME_FAILED;
    }
    paths_free(&inputs);
    paths_free(&outputs);
    boxes_free(&boxes);
    return code;
}

int main(int argc, char **argv) {
    struct options options;
    int code;
    if (!options_read(&options, argc, argv, &code))
        return code;
    if (options.command == COMMAND_INFO)
        code = info_command();
    else if (options.command == COMMAND_WATCH)
        code = watch_command(&options);
    else if (options.command == COMMAND_SELF_TEST)
        code = self_test_command(&options);
    else
        code = run_pictures(&options);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fputs("affect: cannot write to standard output\n", stderr);
        code = EXIT_INTERNAL;
    }
    return code;
}
