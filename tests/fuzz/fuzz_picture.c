/* The tool's own readers of pictures: the EXIF orientation and 16-bit PGM and PPM. */
#include <stdint.h>
#include <stdlib.h>

#include "../../examples/affect/tool.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const int orientation = exif_orientation(data, size);
    if (orientation < 1 || orientation > 8)
        abort();
    struct picture picture = {0};
    const char *why;
    if (pnm_load_16(&picture, data, size, &why)) {
        if (!picture_make_rgb(&picture))
            abort();
        picture_free(&picture);
    }
    return 0;
}
