/* What was measured: Markdown tables on standard output, rows in a JSON file, ratios to an older
 * JSON file of the same machine. */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stdbool.h>
#include <stdio.h>

typedef struct report {
    bool table;       /* on standard output */
    FILE *json;       /* null: none */
    char *old;        /* the older file's text; null: none */
    const char *list; /* the rows belong to */
    int rows;         /* so far */
} report;

typedef struct report_row {
    const char *name;
    const char *detail; /* a back end, a number of faces */
    double min_us;
    double median_us;
    double mac_per_cycle; /* 0: not known */
    double share;         /* of the ceiling, 0: not known */
} report_row;

/* json: a path, "-" for standard output instead of tables, or null; old: a path or null. False:
 * a file cannot be opened; says so on standard error. */
bool report_open(report *r, const char *json, const char *old);
/* A list of rows; its heading. */
void report_begin(report *r, const char *list, const char *detail);
void report_add(report *r, const report_row *row);
/* Ends the JSON. False: it could not be written. */
bool report_close(report *r);

#endif
