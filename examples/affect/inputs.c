/* From what stands on the command line to a list of pictures. */
#include "tool.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FOLDER_DEPTH 64

void paths_add(struct paths *paths, const char *path) {
    if (paths->failed)
        return;
    if (paths->count == paths->capacity) {
        const size_t capacity = paths->capacity ? 2 * paths->capacity : 64;
        char **const items = realloc(paths->items, capacity * sizeof *items);
        if (!items) {
            paths->failed = true;
            return;
        }
        paths->items = items;
        paths->capacity = capacity;
    }
    const size_t bytes = strlen(path) + 1;
    char *const copy = malloc(bytes);
    if (!copy) {
        paths->failed = true;
        return;
    }
    memcpy(copy, path, bytes);
    paths->items[paths->count++] = copy;
}

void paths_free(struct paths *paths) {
    for (size_t i = 0; i < paths->count; i++)
        free(paths->items[i]);
    free(paths->items);
    *paths = (struct paths){0};
}

const char *path_base(const char *path) {
    const char *const slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

bool path_is_folder(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool path_has_extension(const char *path, const char *extension) {
    const size_t length = strlen(path);
    const size_t wanted = strlen(extension);
    if (length <= wanted || path[length - wanted - 1] != '.')
        return false;
    for (size_t i = 0; i < wanted; i++)
        if (lower(path[length - wanted + i]) != extension[i])
            return false;
    return true;
}

static bool is_picture_name(const char *name) {
    static const char *const extensions[] = {"jpg", "jpeg", "png", "bmp",
                                             "pgm", "ppm",  "pnm", "tga"};
    for (size_t i = 0; i < sizeof extensions / sizeof *extensions; i++)
        if (path_has_extension(name, extensions[i]))
            return true;
    return false;
}

static int compare_paths(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void report(const char *path, const char *why, size_t *errors) {
    fprintf(stderr, "affect: %s: %s\n", path, why);
    ++*errors;
}

/* The pictures below a folder, unsorted. Links to folders are not followed: they may go round. */
static void walk_folder(struct paths *found, const char *folder, int depth, size_t *errors) {
    DIR *const stream = opendir(folder);
    if (!stream) {
        report(folder, strerror(errno), errors);
        return;
    }
    const size_t length = strlen(folder);
    const char *const separator = length && folder[length - 1] == '/' ? "" : "/";
    for (const struct dirent *entry; (entry = readdir(stream)) != NULL;) {
        if (entry->d_name[0] == '.')
            continue;
        struct text path = {0};
        text_format(&path, "%s%s%s", folder, separator, entry->d_name);
        struct stat info;
        if (path.failed)
            found->failed = true;
        else if (lstat(path.data, &info) == 0 && S_ISDIR(info.st_mode) && depth < FOLDER_DEPTH)
            walk_folder(found, path.data, depth + 1, errors);
        else if (is_picture_name(entry->d_name) && !path_is_folder(path.data))
            paths_add(found, path.data);
        text_free(&path);
    }
    closedir(stream);
}

static void expand_one(struct paths *paths, const char *input, size_t *errors) {
    if (!path_is_folder(input)) {
        paths_add(paths, input); /* a file, or nothing: loading says so */
        return;
    }
    struct paths found = {0};
    const size_t errors_before = *errors;
    walk_folder(&found, input, 0, errors);
    if (found.count == 0 && *errors == errors_before)
        report(input, "no pictures in this folder", errors);
    if (found.count > 1)
        qsort(found.items, found.count, sizeof *found.items, compare_paths);
    for (size_t i = 0; i < found.count; i++)
        paths_add(paths, found.items[i]);
    if (found.failed)
        paths->failed = true;
    paths_free(&found);
}

/* One path a line; empty lines are skipped. */
static void expand_list(struct paths *paths, FILE *list, size_t *errors) {
    struct text line = {0};
    for (int c = 0; c != EOF;) {
        c = getc(list);
        if (c != '\n' && c != EOF) {
            const char byte = (char)c;
            text_add_bytes(&line, &byte, 1);
            continue;
        }
        if (line.length && line.data[line.length - 1] == '\r')
            line.data[--line.length] = '\0';
        if (line.length)
            expand_one(paths, line.data, errors);
        line.length = 0;
    }
    if (line.failed)
        paths->failed = true;
    text_free(&line);
}

void inputs_expand(struct paths *paths, char **inputs, size_t count, size_t *errors) {
    for (size_t i = 0; i < count; i++) {
        if (strcmp(inputs[i], "-") == 0) {
            expand_list(paths, stdin, errors);
        } else if (inputs[i][0] == '@') {
            FILE *const list = fopen(inputs[i] + 1, "rb");
            if (!list) {
                report(inputs[i] + 1, strerror(errno), errors);
                continue;
            }
            expand_list(paths, list, errors);
            fclose(list);
        } else {
            expand_one(paths, inputs[i], errors);
        }
    }
}
