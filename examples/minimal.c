/* The least that reads a face: cc -std=c11 minimal.c -laffect && ./a.out picture.pgm */
#include <affect/affect.h>

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    int width = 64, height = 48; /* without a picture: a grey one, in which nobody is */
    FILE *const file = argc > 1 ? fopen(argv[1], "rb") : NULL;
    if (argc > 1 && (!file || fscanf(file, "P5 %5d %5d 255", &width, &height) != 2 ||
                     fgetc(file) == EOF || width < 1 || height < 1))
        return fprintf(stderr, "usage: minimal picture.pgm (8-bit, binary)\n"), 2;
    unsigned char *const pixels = calloc((size_t)width, (size_t)height);
    if (!pixels || (file && fread(pixels, (size_t)width, (size_t)height, file) == 0))
        return 1;

    affect *reader;
    if (affect_open(&reader, NULL) != AFFECT_OK)
        return 1;
    affect_image image;
    affect_image_init(&image, AFFECT_GREY, pixels, width, height, width);
    const affect_reading *reading;
    const affect_status status = affect_read(reader, &image, AFFECT_STILL, &reading);
    if (status == AFFECT_OK) {
        for (uint32_t i = 0; i < affect_reading_face_count(reading); i++) {
            const affect_face *const face = affect_reading_face(reading, i);
            printf("face at %.0f, %.0f looks %.0f degrees to its left, %.0f up\n", face->box.x,
                   face->box.y, face->yaw, face->pitch);
        }
        printf("%u faces\n", affect_reading_face_count(reading));
    } else {
        fprintf(stderr, "%s\n", affect_status_text(status));
    }
    affect_close(reader);
    free(pixels);
    if (file)
        fclose(file);
    return status == AFFECT_OK ? 0 : 1;
}
