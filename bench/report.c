#include "report.h"

#include <stdlib.h>
#include <string.h>

#include "affect/affect.h"

enum { LARGEST_OLD = 1 << 22 };

/* The whole of a text file; null: it cannot be read. */
static char *read_text(const char *path) {
    FILE *const file = fopen(path, "rb");
    char *const text = file ? malloc(LARGEST_OLD + 1) : NULL;
    if (text)
        text[fread(text, 1, LARGEST_OLD, file)] = '\0';
    if (file)
        fclose(file);
    return text;
}

bool report_open(report *r, const char *json, const char *old) {
    memset(r, 0, sizeof *r);
    r->table = !json || strcmp(json, "-") != 0;
    if (json)
        r->json = r->table ? fopen(json, "w") : stdout;
    r->old = old ? read_text(old) : NULL;
    if ((json && !r->json) || (old && !r->old)) {
        fprintf(stderr, "affect-bench: cannot open %s\n", json && !r->json ? json : old);
        return false;
    }
    if (r->json)
        fprintf(r->json, "{\"version\":\"%s\",\"rows\":[", affect_version());
    return true;
}

void report_begin(report *r, const char *list, const char *detail) {
    r->list = list;
    if (r->table)
        printf("\n| %-52s | %-17s |    min µs | median µs | MAC/cy | share |%s\n"
               "|---|---|---|---|---|---|%s\n",
               list, detail, r->old ? " old/new |" : "", r->old ? "---|" : "");
}

/* What a row of the older file begins with, and ours. */
static void row_start(const report *r, const report_row *row, char *to, size_t size) {
    snprintf(to, size, "{\"list\":\"%s\",\"name\":\"%s\",\"detail\":\"%s\",\"min_us\":", r->list,
             row->name, row->detail);
}

static void print_row(const report *r, const report_row *row, const char *start) {
    printf("| %-52s | %-17s | %9.2f | %9.2f |", row->name, row->detail, row->min_us,
           row->median_us);
    if (row->mac_per_cycle > 0)
        printf(" %6.2f |", row->mac_per_cycle);
    else
        printf("        |");
    if (row->share > 0)
        printf(" %3.0f %% |", 100 * row->share);
    else
        printf("       |");
    const char *const found = r->old ? strstr(r->old, start) : NULL;
    if (found)
        printf(" %6.2fx |", strtod(found + strlen(start), NULL) / row->min_us);
    else if (r->old)
        printf("         |");
    printf("\n");
    fflush(stdout);
}

void report_add(report *r, const report_row *row) {
    char start[256];
    row_start(r, row, start, sizeof start);
    if (r->table)
        print_row(r, row, start);
    if (r->json)
        fprintf(r->json, "%s\n%s%.3f,\"median_us\":%.3f,\"mac_per_cycle\":%.3f,\"share\":%.4f}",
                r->rows ? "," : "", start, row->min_us, row->median_us, row->mac_per_cycle,
                row->share);
    r->rows++;
}

bool report_close(report *r) {
    bool good = true;
    if (r->json) {
        fputs("\n]}\n", r->json);
        good = !ferror(r->json);
        if (r->json != stdout)
            good &= fclose(r->json) == 0;
    }
    free(r->old);
    return good;
}
