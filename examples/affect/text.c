/* A growing string, and numbers that look the same everywhere. */
#include "tool.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool text_reserve(struct text *text, size_t more) {
    if (text->failed)
        return false;
    const size_t need = text->length + more + 1;
    if (need <= text->capacity)
        return true;
    size_t capacity = text->capacity ? text->capacity : 256;
    while (capacity < need)
        capacity *= 2;
    char *const data = realloc(text->data, capacity);
    if (!data) {
        text->failed = true;
        return false;
    }
    text->data = data;
    text->capacity = capacity;
    return true;
}

void text_add_bytes(struct text *text, const char *bytes, size_t count) {
    if (!text_reserve(text, count))
        return;
    memcpy(text->data + text->length, bytes, count);
    text->length += count;
    text->data[text->length] = '\0';
}

void text_add(struct text *text, const char *string) {
    text_add_bytes(text, string, strlen(string));
}

void text_format(struct text *text, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0 || !text_reserve(text, (size_t)length))
        return;
    va_start(arguments, format);
    vsnprintf(text->data + text->length, (size_t)length + 1, format, arguments);
    va_end(arguments);
    text->length += (size_t)length;
}

void text_number(struct text *text, double value, int decimals) {
    static const uint32_t powers[] = {1, 10, 100, 1000, 10000, 100000, 1000000};
    const uint32_t power = powers[decimals];
    const double size = fabs(value);
    if (!(size < 1e12)) { /* nothing the library reports; keeps the conversion defined */
        text_add(text, "null");
        return;
    }
    const uint64_t scaled = (uint64_t)(size * power + 0.5);
    text_format(text, "%s%llu", value < 0 && scaled ? "-" : "",
                (unsigned long long)(scaled / power));
    if (decimals > 0)
        text_format(text, ".%0*lu", decimals, (unsigned long)(scaled % power));
}

/* The length of the UTF-8 sequence at s (1..4), 0 when it is not one. */
static size_t utf8_length(const unsigned char *s) {
    if (s[0] < 0x80)
        return 1;
    const size_t length = s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : 2;
    if (s[0] < 0xC2 || s[0] > 0xF4)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    /* Overlong forms, surrogates, beyond U+10FFFF. */
    if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F) ||
        (s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] > 0x8F))
        return 0;
    return length;
}

void text_json_string(struct text *text, const char *string) {
    text_add(text, "\"");
    for (const unsigned char *s = (const unsigned char *)string; *s;) {
        const size_t length = utf8_length(s);
        if (*s == '"' || *s == '\\')
            text_format(text, "\\%c", *s);
        else if (*s < 0x20 || *s == 0x7F)
            text_format(text, "\\u%04x", (unsigned)*s);
        else if (length == 0)
            text_add(text, "\\ufffd");
        else
            text_add_bytes(text, (const char *)s, length);
        s += length ? length : 1;
    }
    text_add(text, "\"");
}

void text_free(struct text *text) {
    free(text->data);
    *text = (struct text){0};
}
