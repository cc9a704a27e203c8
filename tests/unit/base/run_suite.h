/* SPDX-License-Identifier: Apache-2.0 */
/* Runs the tests of a program, in the order given, as one suite of Check's. */
#ifndef TESTS_UNIT_BASE_RUN_SUITE_H
#define TESTS_UNIT_BASE_RUN_SUITE_H

#include <check.h>
#include <stdlib.h>

/* seconds: that each test may take. setup and teardown go around each; NULL: there is none. The
 * program's exit status. */
static inline int run_suite_with(const char *name, const TTest *const *tests, size_t count,
                                 int seconds, void (*setup)(void), void (*teardown)(void))
{
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create(name);

    tcase_set_timeout(tcase, seconds);
    tcase_add_checked_fixture(tcase, setup, teardown);
    for (size_t i = 0; i < count; i++)
        tcase_add_test(tcase, tests[i]);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

static inline int run_suite(const char *name, const TTest *const *tests, size_t count, int seconds)
{
    return run_suite_with(name, tests, count, seconds, NULL, NULL);
}

#endif
