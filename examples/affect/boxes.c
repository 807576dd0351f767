/* Reads given boxes from JSON lines. A reader of exactly as much JSON as that needs; what it reads
 * may be hostile, so depth and counts are bounded and nothing is trusted. */
#include "tool.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MOST 64

struct json {
    const char *at;
    const char *end; /* of the line */
    const char *why; /* null while all is well */
};

static bool fail(struct json *json, const char *why) {
    if (!json->why)
        json->why = why;
    return false;
}

static void skip_space(struct json *json) {
    while (json->at < json->end && (*json->at == ' ' || *json->at == '\t' || *json->at == '\r'))
        json->at++;
}

/* Takes one character if it is next. */
static bool take(struct json *json, char c) {
    skip_space(json);
    if (json->at < json->end && *json->at == c) {
        json->at++;
        return true;
    }
    return false;
}

static int hex_value(char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static void add_utf8(struct text *out, uint32_t code) {
    char bytes[4];
    size_t count = 0;
    if (code < 0x80) {
        bytes[count++] = (char)code;
    } else if (code < 0x800) {
        bytes[count++] = (char)(0xC0 | code >> 6);
        bytes[count++] = (char)(0x80 | (code & 63));
    } else if (code < 0x10000) {
        bytes[count++] = (char)(0xE0 | code >> 12);
        bytes[count++] = (char)(0x80 | (code >> 6 & 63));
        bytes[count++] = (char)(0x80 | (code & 63));
    } else {
        bytes[count++] = (char)(0xF0 | code >> 18);
        bytes[count++] = (char)(0x80 | (code >> 12 & 63));
        bytes[count++] = (char)(0x80 | (code >> 6 & 63));
        bytes[count++] = (char)(0x80 | (code & 63));
    }
    text_add_bytes(out, bytes, count);
}

static bool take_hex4(struct json *json, uint32_t *code) {
    *code = 0;
    for (int i = 0; i < 4; i++) {
        const int digit = json->at < json->end ? hex_value(*json->at) : -1;
        if (digit < 0)
            return fail(json, "bad escape in a string");
        *code = *code << 4 | (uint32_t)digit;
        json->at++;
    }
    return true;
}

static bool take_unicode(struct json *json, struct text *out) {
    uint32_t code, low;
    if (!take_hex4(json, &code))
        return false;
    if (code >= 0xD800 && code < 0xDC00 && json->end - json->at >= 6 && json->at[0] == '\\' &&
        json->at[1] == 'u') {
        json->at += 2;
        if (!take_hex4(json, &low))
            return false;
        if (low < 0xDC00 || low > 0xDFFF)
            return fail(json, "bad escape in a string");
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    if (code == 0)
        return fail(json, "a string holds U+0000");
    add_utf8(out, code);
    return true;
}

/* A string, unescaped into out (which may be null). */
static bool take_string(struct json *json, struct text *out) {
    static const char names[] = "\"\\/bfnrt";
    static const char values[] = "\"\\/\b\f\n\r\t";
    struct text scratch = {0};
    struct text *const to = out ? out : &scratch;
    bool done = false;
    if (!take(json, '"'))
        return fail(json, "a string is missing");
    while (!json->why && !done && json->at < json->end) {
        const char c = *json->at++;
        if (c == '"') {
            done = true;
        } else if (c != '\\') {
            text_add_bytes(to, &c, 1);
        } else if (json->at < json->end && *json->at == 'u') {
            json->at++;
            take_unicode(json, to);
        } else {
            const char *const name = json->at < json->end ? strchr(names, *json->at) : NULL;
            if (!name || !*name) {
                fail(json, "bad escape in a string");
            } else {
                text_add_bytes(to, &values[name - names], 1);
                json->at++;
            }
        }
    }
    if (!done)
        fail(json, "a string does not end");
    if (to->failed)
        fail(json, "out of memory");
    text_free(&scratch);
    return !json->why;
}

static bool take_number(struct json *json, float *value) {
    skip_space(json);
    char digits[64];
    size_t count = 0;
    while (json->at < json->end && count < sizeof digits - 1 && *json->at &&
           strchr("+-.0123456789eE", *json->at))
        digits[count++] = *json->at++;
    digits[count] = '\0';
    char *end;
    /* The tool never calls setlocale, so this is the C locale's decimal point. */
    const double number = strtod(digits, &end);
    if (count == 0 || *end)
        return fail(json, "a number is missing");
    if (!(fabs(number) < 1e7))
        return fail(json, "a number is too large");
    *value = (float)number;
    return true;
}

static bool skip_value(struct json *json, int depth);

static bool skip_members(struct json *json, char close, int depth) {
    if (take(json, close))
        return true;
    do {
        if (close == '}' && (!take_string(json, NULL) || !take(json, ':')))
            return fail(json, "a key is missing");
        if (!skip_value(json, depth + 1))
            return false;
    } while (take(json, ','));
    return take(json, close) || fail(json, "a bracket is not closed");
}

static bool skip_value(struct json *json, int depth) {
    if (depth > DEPTH_MOST)
        return fail(json, "nested too deeply");
    if (take(json, '{'))
        return skip_members(json, '}', depth);
    if (take(json, '['))
        return skip_members(json, ']', depth);
    if (json->at < json->end && *json->at == '"')
        return take_string(json, NULL);
    static const char *const words[] = {"true", "false", "null"};
    for (size_t i = 0; i < 3; i++) {
        const size_t length = strlen(words[i]);
        if ((size_t)(json->end - json->at) >= length && memcmp(json->at, words[i], length) == 0) {
            json->at += length;
            return true;
        }
    }
    float ignored;
    return take_number(json, &ignored);
}

static bool take_box(struct json *json, struct box_record *record) {
    float v[4] = {0};
    if (!take(json, '['))
        return fail(json, "a box is not [x,y,w,h]");
    for (int i = 0; i < 4; i++)
        if ((i && !take(json, ',')) || !take_number(json, &v[i]))
            return fail(json, "a box is not [x,y,w,h]");
    if (!take(json, ']') || !(v[2] > 0) || !(v[3] > 0))
        return fail(json, "a box is not [x,y,w,h] with w and h above 0");
    if (record->count == BOXES_MOST)
        return fail(json, "more than 1024 boxes");
    /* Grows at every power of two. */
    if ((record->count & (record->count - 1)) == 0) {
        const size_t capacity = record->count ? 2 * (size_t)record->count : 1;
        affect_box *const boxes = realloc(record->boxes, capacity * sizeof *boxes);
        if (!boxes)
            return fail(json, "out of memory");
        record->boxes = boxes;
    }
    record->boxes[record->count++] = (affect_box){v[0], v[1], v[2], v[3]};
    return true;
}

/* {"box":[…], …} */
static bool take_face(struct json *json, struct box_record *record) {
    bool found = false;
    if (!take(json, '{'))
        return fail(json, "a face is not an object");
    do {
        struct text key = {0};
        const bool named = take_string(json, &key) && take(json, ':');
        const bool box = named && key.data && strcmp(key.data, "box") == 0;
        text_free(&key);
        if (!named)
            return fail(json, "a key is missing");
        if (!(box ? take_box(json, record) : skip_value(json, 0)))
            return false;
        found |= box;
    } while (take(json, ','));
    if (!take(json, '}') || !found)
        return fail(json, "a face has no box");
    return true;
}

static bool take_list(struct json *json, struct box_record *record,
                      bool (*take_one)(struct json *, struct box_record *)) {
    if (!take(json, '['))
        return fail(json, "a list is missing");
    if (take(json, ']'))
        return true;
    do {
        if (!take_one(json, record))
            return false;
    } while (take(json, ','));
    return take(json, ']') || fail(json, "a bracket is not closed");
}

static bool take_record(struct json *json, struct box_record *record) {
    bool listed = false;
    if (!take(json, '{'))
        return fail(json, "not a JSON object");
    do {
        struct text key = {0};
        if (!take_string(json, &key) || !take(json, ':')) {
            text_free(&key);
            return fail(json, "a key is missing");
        }
        const char *const name = key.data ? key.data : "";
        bool done;
        if (strcmp(name, "file") == 0 && !record->file) {
            struct text file = {0};
            done = take_string(json, &file);
            if (done && !file.data)
                done = fail(json, "the file's name is empty");
            record->file = file.data; /* the text's memory is the record's now */
        } else if (strcmp(name, "boxes") == 0) {
            done = take_list(json, record, take_box);
            listed = true;
        } else if (strcmp(name, "faces") == 0) {
            done = take_list(json, record, take_face);
            listed = true;
        } else {
            done = skip_value(json, 0);
        }
        text_free(&key);
        if (!done)
            return fail(json, "not valid JSON");
    } while (take(json, ','));
    if (!take(json, '}'))
        return fail(json, "a bracket is not closed");
    skip_space(json);
    if (json->at != json->end)
        return fail(json, "something follows the object");
    return (record->file && listed) || fail(json, "\"file\" or \"boxes\" is missing");
}

static bool add_record(struct box_list *list, const struct box_record *record) {
    if (list->count == list->capacity) {
        const size_t capacity = list->capacity ? 2 * list->capacity : 64;
        struct box_record *const records = realloc(list->records, capacity * sizeof *records);
        if (!records)
            return false;
        list->records = records;
        list->capacity = capacity;
    }
    list->records[list->count++] = *record;
    list->most = record->count > list->most ? record->count : list->most;
    return true;
}

static int compare_records(const void *a, const void *b) {
    return strcmp(((const struct box_record *)a)->file, ((const struct box_record *)b)->file);
}

bool boxes_parse(struct box_list *list, const char *data, size_t size, const char **why,
                 size_t *line) {
    *list = (struct box_list){0};
    *line = 0;
    for (const char *at = data; at < data + size;) {
        ++*line;
        const char *const newline = memchr(at, '\n', (size_t)(data + size - at));
        const char *const end = newline ? newline : data + size;
        struct json json = {at, end, NULL};
        at = newline ? newline + 1 : data + size;
        skip_space(&json);
        if (json.at == json.end)
            continue;
        struct box_record record = {0};
        if (take_record(&json, &record) && !add_record(list, &record))
            fail(&json, "out of memory");
        if (json.why) {
            *why = json.why;
            free(record.file);
            free(record.boxes);
            boxes_free(list);
            return false;
        }
    }
    if (list->count > 1)
        qsort(list->records, list->count, sizeof *list->records, compare_records);
    return true;
}

const struct box_record *boxes_find(const struct box_list *list, const char *path) {
    const struct box_record wanted = {(char *)(uintptr_t)path, NULL, 0};
    const struct box_record *const found =
        list->count ? bsearch(&wanted, list->records, list->count, sizeof wanted, compare_records)
                    : NULL;
    if (found)
        return found;
    const struct box_record *same = NULL;
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(path_base(list->records[i].file), path_base(path)) != 0)
            continue;
        if (same)
            return NULL; /* two of that name: the whole path must tell */
        same = &list->records[i];
    }
    return same;
}

void boxes_free(struct box_list *list) {
    for (size_t i = 0; i < list->count; i++) {
        free(list->records[i].file);
        free(list->records[i].boxes);
    }
    free(list->records);
    *list = (struct box_list){0};
}
