// The same in C++, with a handle that closes itself.
#include <affect/affect.h>

#include <cstdint>
#include <cstdio>
#include <memory>
#include <vector>

int main() {
    affect_options options;
    affect_options_init(&options);
    options.signals = AFFECT_LANDMARKS | AFFECT_POSE | AFFECT_EYES | AFFECT_EXPRESSIONS;

    affect *opened = nullptr;
    if (const affect_status status = affect_open(&opened, &options)) {
        std::fprintf(stderr, "%s\n", affect_status_text(status));
        return 1;
    }
    const std::unique_ptr<affect, decltype(&affect_close)> reader(opened, affect_close);

    const std::vector<std::uint8_t> pixels(640 * 480 * 3, 128); // your camera's frame
    affect_image image;
    affect_image_init(&image, AFFECT_RGB, pixels.data(), 640, 480, 640 * 3);

    const affect_reading *reading = nullptr;
    if (affect_read(reader.get(), &image, AFFECT_STILL, &reading) != AFFECT_OK)
        return 1;
    for (std::uint32_t i = 0; i < affect_reading_face_count(reading); i++) {
        const affect_face *face = affect_reading_face(reading, i);
        if (face->measured & AFFECT_EXPRESSIONS)
            std::printf("smile %.2f\n", static_cast<double>(face->expressions[AFFECT_SMILE]));
    }
    std::printf("%u faces\n", affect_reading_face_count(reading));
    return 0;
}
