/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of MM2's parts share: a main() that knows the linked-in plugins, and short checks
 * of errors and configurations. */
#ifndef TESTS_UNIT_COMMON_MIRROR_CHECK_H
#define TESTS_UNIT_COMMON_MIRROR_CHECK_H

#include "base/logging.h"
#include "connect/map.h"
#include "data/plugins.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static inline void assert_ok(struct kc_error *err)
{
    ck_assert_msg(err == NULL, "%s", err ? kc_error_text(err) : "");
}

/* err must be there and say text. */
static inline void assert_error(struct kc_error *err, const char *text)
{
    ck_assert_msg(err != NULL, "no error; expected: %s", text);
    ck_assert_str_eq(kc_error_text(err), text);
    kc_error_destroy(err);
}

/* A map of the pairs given, up to NULL. */
static inline struct kc_map *map_of(const char *const *pairs)
{
    struct kc_map *map = kc_map_new();
    for (; *pairs; pairs += 2)
        kc_map_set(map, pairs[0], pairs[1]);
    return map;
}
#define MAP(...) map_of((const char *const[]){__VA_ARGS__, NULL})

static inline int run_tests(const char *name, const TTest *const *tests, size_t count)
{
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create(name);
    kc_logging_set_level("root", KC_LOG_OFF, NULL);
    kc_plugins_set_builtin(kc_builtin_plugins);
    for (size_t i = 0; i < count; i++)
        tcase_add_test(tcase, tests[i]);
    tcase_set_timeout(tcase, 60);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#define RUN_TESTS(name, ...)                                                                       \
    int main(void)                                                                                 \
    {                                                                                              \
        const TTest *const tests[] = {__VA_ARGS__};                                                \
        return run_tests(name, tests, sizeof(tests) / sizeof(tests[0]));                           \
    }

#endif
