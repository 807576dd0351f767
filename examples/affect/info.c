/* `affect info` and `affect self-test`. */
#include "tool.h"

#include <stdio.h>
#include <string.h>

/* What Linux calls the processor; nothing elsewhere. */
static void print_processor(void) {
    FILE *const file = fopen("/proc/cpuinfo", "r");
    char line[256];
    while (file && fgets(line, sizeof line, file)) {
        const char *const colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) == 0 && colon) {
            printf("processor  %s", colon + 2);
            break;
        }
    }
    if (file)
        fclose(file);
}

int info_command(void) {
    printf("version    %s\n", affect_version());
    print_processor();
    printf("back ends  %s", affect_cpu_name(AFFECT_CPU_PORTABLE));
    for (uint32_t bit = 1; bit; bit <<= 1)
        if ((affect_cpu_flags() & bit) && affect_cpu_name(bit))
            printf(" %s", affect_cpu_name(bit));
    printf("\n\nnetwork     version      bytes  layers    input  multiply-accumulates\n");
    for (int i = 0; i < AFFECT_MODEL_COUNT; i++) {
        affect_model_card card;
        const affect_status status = affect_model_info((affect_model)i, &card);
        if (status != AFFECT_OK) {
            printf("number %d: %s\n", i, affect_status_text(status));
            continue;
        }
        char input[32] = "any";
        if (card.input_width)
            snprintf(input, sizeof input, "%ldx%ld", (long)card.input_width,
                     (long)card.input_height);
        char version[40];
        snprintf(version, sizeof version, "%lu.%lu.%lu", (unsigned long)card.version[0],
                 (unsigned long)card.version[1], (unsigned long)card.version[2]);
        printf("%-11s %-7s %10zu %7lu %8s %21llu\n", card.name, version, card.container_bytes,
               (unsigned long)card.layers, input, (unsigned long long)card.operations);
    }
    return EXIT_ALL_READ;
}

int self_test_command(const struct options *options) {
    const bool one = options->reader.cpu != AFFECT_CPU_ALL;
    int code = EXIT_ALL_READ;
    for (int i = 0; i < AFFECT_MODEL_COUNT; i++) {
        affect_model_card card;
        const affect_status known = affect_model_info((affect_model)i, &card);
        if (known != AFFECT_OK) {
            printf("network %d: %s\n", i, affect_status_text(known));
            continue;
        }
        /* 0 is the portable back end; then every bit that this processor has. */
        for (uint64_t bit = 0; bit <= UINT32_MAX; bit = bit ? bit << 1 : 1) {
            const uint32_t cpu = (uint32_t)bit;
            if (one ? cpu != options->reader.cpu : cpu && !(affect_cpu_flags() & cpu))
                continue;
            const affect_status status = affect_self_test((affect_model)i, cpu);
            const char *const name = affect_cpu_name(cpu);
            printf("%-11s %-11s %s\n", card.name, name ? name : "?",
                   status == AFFECT_OK ? "ok" : affect_status_text(status));
            if (status != AFFECT_OK)
                code = EXIT_INTERNAL;
        }
    }
    return code;
}
