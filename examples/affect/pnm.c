/* Binary PGM and PPM with more than 8 bits a sample, as infrared cameras' tools write them. (The
 * 8-bit ones go through stb_image, which keeps neither byte order nor maximum of wide ones.) */
#include "tool.h"

#include <stdlib.h>

struct cursor {
    const unsigned char *data;
    size_t size;
    size_t at;
};

static bool is_space(unsigned char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The next number of the header, 0 when there is none. Comments run from # to the line's end. */
static uint32_t header_number(struct cursor *c) {
    while (c->at < c->size && (is_space(c->data[c->at]) || c->data[c->at] == '#')) {
        if (c->data[c->at] == '#')
            while (c->at < c->size && c->data[c->at] != '\n')
                c->at++;
        else
            c->at++;
    }
    uint32_t value = 0;
    while (c->at < c->size && c->data[c->at] >= '0' && c->data[c->at] <= '9' && value < 1000000)
        value = 10 * value + (uint32_t)(c->data[c->at++] - '0');
    return value;
}

static affect_format grey_format(uint32_t maximum) {
    return maximum == 1023 ? AFFECT_GREY10 : maximum == 4095 ? AFFECT_GREY12 : AFFECT_GREY16;
}

bool pnm_load_16(struct picture *picture, const unsigned char *data, size_t size,
                 const char **why) {
    *why = NULL;
    if (size < 3 || data[0] != 'P' || (data[1] != '5' && data[1] != '6') || !is_space(data[2]))
        return false;
    struct cursor cursor = {data, size, 2};
    const uint32_t width = header_number(&cursor);
    const uint32_t height = header_number(&cursor);
    const uint32_t maximum = header_number(&cursor);
    if (maximum < 256 || maximum > 65535)
        return false;
    cursor.at++; /* the one white space before the pixels */
    if (width < 1 || height < 1 || width > PICTURE_MAX_SIDE || height > PICTURE_MAX_SIDE ||
        (uint64_t)width * height > PICTURE_MAX_PIXELS) {
        *why = "too large or empty";
        return false;
    }
    const bool grey = data[1] == '5';
    const size_t samples = (size_t)width * height * (grey ? 1 : 3);
    if (cursor.at > size || (size - cursor.at) / 2 < samples) {
        *why = "cut off";
        return false;
    }
    unsigned char *const pixels = malloc(grey ? 2 * samples : samples);
    if (!pixels) {
        *why = "out of memory";
        return false;
    }
    *picture = (struct picture){
        pixels, (int)width, (int)height, grey ? grey_format(maximum) : AFFECT_RGB, 0, 0};
    const unsigned char *from = data + cursor.at;
    for (size_t i = 0; i < samples; i++, from += 2) {
        uint32_t value = (uint32_t)from[0] << 8 | from[1];
        value = value > maximum ? maximum : value;
        if (!grey)
            pixels[i] = (unsigned char)(value * 255 / maximum);
        else if (picture->format == AFFECT_GREY16)
            ((uint16_t *)(void *)pixels)[i] = (uint16_t)(value * 65535 / maximum);
        else
            ((uint16_t *)(void *)pixels)[i] = (uint16_t)value;
    }
    return true;
}
