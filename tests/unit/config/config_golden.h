/* SPDX-License-Identifier: Apache-2.0 */
/* Cases recorded from Java (tests/unit/data/config), and what every test of this folder needs. */
#ifndef TESTS_UNIT_CONFIG_GOLDEN_H
#define TESTS_UNIT_CONFIG_GOLDEN_H

#include "base/logging.h"
#include "connect/map.h"

#include <check.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* Tests run in the root of the tree. */
static inline json_t *golden(const char *name)
{
    char *path = kc_asprintf("tests/unit/data/config/%s", name);
    json_error_t error;
    json_t *json = json_load_file(path, JSON_ALLOW_NUL, &error);

    ck_assert_msg(json != NULL, "%s: %s", path, error.text);
    free(path);
    return json;
}

static inline const char *golden_text(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static inline struct kc_map *golden_map(json_t *object)
{
    struct kc_map *map = kc_map_new();
    const char *key;
    json_t *value;

    json_object_foreach (object, key, value)
        kc_map_set(map, key, json_string_value(value));
    return map;
}

/* The text of err, which must be there, is text; destroys err. */
static inline void assert_error(struct kc_error *err, const char *text, const char *what)
{
    ck_assert_msg(err != NULL, "no error for %s; expected: %s", what, text);
    ck_assert_msg(strcmp(kc_error_text(err), text) == 0, "%s:\n got %s\nwant %s", what,
                  kc_error_text(err), text);
    kc_error_destroy(err);
}

static inline void assert_ok(struct kc_error *err, const char *what)
{
    ck_assert_msg(err == NULL, "%s: %s", what, err ? kc_error_text(err) : "");
}

static inline int run_tests(const char *name, const TTest *const *tests, size_t count)
{
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create(name);

    kc_logging_set_level("root", KC_LOG_OFF, NULL);
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

/* main() of a test program: runs the tests named in the order given. */
#define RUN_TESTS(name, ...)                                                                       \
    int main(void)                                                                                 \
    {                                                                                              \
        const TTest *const tests[] = {__VA_ARGS__};                                                \
                                                                                                   \
        return run_tests(name, tests, sizeof(tests) / sizeof(tests[0]));                           \
    }

#endif
