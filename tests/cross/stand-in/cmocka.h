/*
 * As much of cmocka's interface as our tests use, for machines that cmocka is not installed for:
 * cross-compiled and emulated ones, WebAssembly. Prints TAP. A failed assertion ends its test by
 * longjmp; where there is no longjmp (WASI) it ends the program.
 */
#ifndef STAND_IN_CMOCKA_H
#define STAND_IN_CMOCKA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct CMUnitTest {
    const char *name;
    void (*test)(void **state);
    int (*setup)(void **state);
    int (*teardown)(void **state);
};

enum { STAND_IN_FAILED = 1, STAND_IN_SKIPPED = 2 };

#ifndef __wasm__
static jmp_buf stand_in_out;
#endif

_Noreturn static inline void stand_in_end(int why) {
#ifndef __wasm__
    longjmp(stand_in_out, why);
#else
    printf("not ok - ended early, %d\n", why);
    exit(1);
#endif
}

static inline void stand_in_check(int good, const char *what, const char *file, int line) {
    if (good)
        return;
    printf("# %s:%d: %s\n", file, line, what);
    stand_in_end(STAND_IN_FAILED);
}

static inline void stand_in_equal(intmax_t a, intmax_t b, const char *what, const char *file,
                                  int line) {
    if (a != b)
        printf("# %jd, %jd\n", a, b);
    stand_in_check(a == b, what, file, line);
}

_Noreturn static inline void fail_msg(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    printf("# ");
    vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
    stand_in_end(STAND_IN_FAILED);
}

static inline void print_error(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
}

#define STAND_IN_HERE(what) what, __FILE__, __LINE__
#define assert_true(c) stand_in_check(!!(c), STAND_IN_HERE(#c))
#define assert_false(c) stand_in_check(!(c), STAND_IN_HERE("not " #c))
#define assert_null(p) stand_in_check((p) == NULL, STAND_IN_HERE(#p " is null"))
#define assert_non_null(p) stand_in_check((p) != NULL, STAND_IN_HERE(#p " is not null"))
#define assert_ptr_equal(a, b) stand_in_check((a) == (b), STAND_IN_HERE(#a " == " #b))
#define assert_int_equal(a, b)                                                                     \
    stand_in_equal((intmax_t)(a), (intmax_t)(b), STAND_IN_HERE(#a " == " #b))
#define assert_int_not_equal(a, b)                                                                 \
    stand_in_check((intmax_t)(a) != (intmax_t)(b), STAND_IN_HERE(#a " != " #b))
#define assert_in_range(v, low, high)                                                              \
    stand_in_check((uintmax_t)(v) >= (uintmax_t)(low) && (uintmax_t)(v) <= (uintmax_t)(high),      \
                   STAND_IN_HERE(#v " in " #low ".." #high))
#define assert_string_equal(a, b) stand_in_check(strcmp(a, b) == 0, STAND_IN_HERE(#a " equals " #b))
#define assert_memory_equal(a, b, size)                                                            \
    stand_in_check(memcmp(a, b, size) == 0, STAND_IN_HERE(#a " equals " #b))
#define skip() stand_in_end(STAND_IN_SKIPPED)

#define cmocka_unit_test(test)                                                                     \
    { #test, test, NULL, NULL }
#define cmocka_unit_test_setup_teardown(test, setup, teardown)                                     \
    { #test, test, setup, teardown }

static inline int stand_in_run_one(const struct CMUnitTest *test, void **state) {
#ifndef __wasm__
    const int why = setjmp(stand_in_out);
    if (why)
        return why;
#endif
    if (test->setup && test->setup(state) != 0)
        return STAND_IN_FAILED;
    test->test(state);
    return test->teardown && test->teardown(state) != 0 ? STAND_IN_FAILED : 0;
}

static inline int stand_in_run(const struct CMUnitTest *tests, int count, int (*setup)(void **),
                               int (*teardown)(void **)) {
    static const char *const words[] = {"ok", "not ok", "ok"};
    void *state = NULL;
    int failed = 0;
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    printf("1..%d\n", count);
    const int broken = setup && setup(&state) != 0;
    for (int i = 0; i < count; i++) {
        const int why = broken ? STAND_IN_FAILED : stand_in_run_one(&tests[i], &state);
        printf("%s %d - %s%s\n", words[why], i + 1, tests[i].name,
               why == STAND_IN_SKIPPED ? " # SKIP" : "");
        failed += why == STAND_IN_FAILED;
    }
    if (teardown && teardown(&state) != 0)
        failed++;
    return failed;
}

#define cmocka_run_group_tests(tests, setup, teardown)                                             \
    stand_in_run(tests, (int)(sizeof(tests) / sizeof(tests)[0]), setup, teardown)
#define cmocka_run_group_tests_name(name, tests, setup, teardown)                                  \
    cmocka_run_group_tests(tests, setup, teardown)

#endif
