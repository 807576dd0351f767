/* A drowsiness alarm in a page: ffmpeg -i film.mp4 -f yuv4mpegpipe -pix_fmt gray - | ./a.out
 * cc -std=c11 driver_monitor.c -laffect. Reads grey YUV4MPEG2 from standard input. */
#include <affect/affect.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The events that an alarm should sound for, at their onset. */
static const char *alarm_of(const affect_event *event) {
    switch (event->type) {
    case AFFECT_EVENT_MICROSLEEP:
        return "eyes closed: wake up";
    case AFFECT_EVENT_SLEEP:
    case AFFECT_EVENT_UNRESPONSIVE:
        return "driver asleep: stop the car";
    case AFFECT_EVENT_DROWSINESS:
        return "drowsy: take a break";
    case AFFECT_EVENT_LONG_DISTRACTION:
    case AFFECT_EVENT_PHONE_LOOK:
        return "eyes on the road";
    default:
        return NULL;
    }
}

int main(void) {
    int width = 0, height = 0, rate = 30, scale = 1;
    char line[256];
    if (!fgets(line, sizeof line, stdin) ||
        sscanf(line, "YUV4MPEG2 W%d H%d F%d:%d", &width, &height, &rate, &scale) != 4 ||
        width < 1 || height < 1 || width > 8192 || height > 8192 || rate < 1 || scale < 1 ||
        !strstr(line, "Cmono"))
        return fprintf(stderr, "wants grey YUV4MPEG2 on standard input\n"), 2;
    unsigned char *const pixels = malloc((size_t)width * (size_t)height);

    affect_options options;
    affect_options_init(&options);
    options.signals = AFFECT_STATE;
    options.max_faces = 1;
    affect *reader;
    if (!pixels || affect_open(&reader, &options) != AFFECT_OK)
        return 1;
    affect_image image;
    affect_image_init(&image, AFFECT_GREY, pixels, width, height, width);
    for (long n = 0; fgets(line, sizeof line, stdin); n++) {
        if (fread(pixels, (size_t)width, (size_t)height, stdin) != (size_t)height)
            break;
        const affect_reading *reading;
        if (affect_read(reader, &image, n * 1000000LL * scale / rate, &reading) != AFFECT_OK)
            continue;
        for (uint32_t i = 0; i < affect_reading_event_count(reading); i++) {
            const affect_event *const event = affect_reading_event(reading, i);
            const char *const alarm = event->open ? alarm_of(event) : NULL;
            if (alarm)
                printf("%.1f s: %s\n", (double)event->end_us / 1e6, alarm);
        }
    }
    affect_close(reader);
    free(pixels);
    return 0;
}
