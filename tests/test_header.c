/* The public header alone, compiled in several languages by tests/test_headers.sh: everything it
 * declares is there, and nothing else need be included first. */
#include "affect/affect.h"

int main(void) {
    affect_options options;
    affect_image image;
    affect_options_init(&options);
    affect_image_init(&image, AFFECT_GREY, &options, 1, 1, 1);
    return options.size == sizeof options && image.size == sizeof image &&
                   affect_landmark_count() == AFFECT_LANDMARK_COUNT &&
                   affect_expression_count() == AFFECT_EXPRESSION_COUNT &&
                   affect_emotion_count() == AFFECT_EMOTION_COUNT &&
                   affect_version_number() == AFFECT_VERSION_MAJOR * 1000000 +
                                                  AFFECT_VERSION_MINOR * 1000 + AFFECT_VERSION_PATCH
               ? 0
               : 1;
}
