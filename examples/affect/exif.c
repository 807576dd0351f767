/* Reads one tag of a JPEG's EXIF block: how the camera was held. Every offset is checked: the file
 * may be hostile. */
#include "tool.h"

#include <string.h>

struct tiff {
    const unsigned char *data;
    size_t size;
    bool little;
};

/* Reads 16 bits; the caller has checked offset + 2 <= size. */
static uint32_t read_16(const struct tiff *tiff, size_t offset) {
    const uint32_t a = tiff->data[offset];
    const uint32_t b = tiff->data[offset + 1];
    return tiff->little ? a | b << 8 : a << 8 | b;
}

static uint32_t read_32(const struct tiff *tiff, size_t offset) {
    const uint32_t a = read_16(tiff, offset);
    const uint32_t b = read_16(tiff, offset + 2);
    return tiff->little ? a | b << 16 : a << 16 | b;
}

static int tiff_orientation(const unsigned char *data, size_t size) {
    if (size < 8)
        return 1;
    const struct tiff tiff = {data, size, data[0] == 'I'};
    if (memcmp(data, "II*\0", 4) != 0 && memcmp(data, "MM\0*", 4) != 0)
        return 1;
    const size_t directory = read_32(&tiff, 4);
    if (directory > size - 2)
        return 1;
    const size_t entries = read_16(&tiff, directory);
    for (size_t i = 0; i < entries; i++) {
        const size_t entry = directory + 2 + 12 * i;
        if (entry > size || size - entry < 12)
            return 1;
        /* Tag 0x0112, type SHORT, one value. */
        if (read_16(&tiff, entry) == 0x0112 && read_16(&tiff, entry + 2) == 3) {
            const uint32_t value = read_16(&tiff, entry + 8);
            return value >= 1 && value <= 8 ? (int)value : 1;
        }
    }
    return 1;
}

int exif_orientation(const unsigned char *data, size_t size) {
    if (size < 4 || data[0] != 0xFF || data[1] != 0xD8)
        return 1;
    size_t at = 2;
    while (size - at >= 4 && data[at] == 0xFF) {
        const unsigned marker = data[at + 1];
        const size_t length = (size_t)data[at + 2] << 8 | data[at + 3];
        if (marker == 0xDA || marker == 0xD9 || length < 2 || length > size - at - 2)
            return 1; /* the picture's data begin, or the segment is cut off */
        const unsigned char *const body = data + at + 4;
        if (marker == 0xE1 && length >= 8 && memcmp(body, "Exif\0\0", 6) == 0)
            return tiff_orientation(body + 6, length - 8);
        at += 2 + length;
    }
    return 1;
}
