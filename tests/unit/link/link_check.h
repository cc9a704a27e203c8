/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of a link's records share. */
#ifndef TESTS_UNIT_LINK_LINK_CHECK_H
#define TESTS_UNIT_LINK_LINK_CHECK_H

#include "base/run_suite.h"
#include "connect/java_json.h"
#include "connect/link.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static inline json_t *json_of(const char *text)
{
    json_t *json = NULL;

    ck_assert_ptr_null(kc_json_parse(text, strlen(text), &json));
    return json;
}

/* Takes json; compares it with the text of another. */
static inline void assert_json(json_t *json, const char *expected)
{
    char *text = kc_json_print(json, KC_JSON_AS_IS);

    ck_assert_str_eq(text, expected);
    free(text);
    json_decref(json);
}

/* Takes err, which must be there and say so. */
static inline void assert_refused(struct kc_error *err, const char *part)
{
    ck_assert_ptr_nonnull(err);
    ck_assert_int_eq(kc_error_code(err), KC_ERR_SCHEMA);
    ck_assert_msg(strstr(kc_error_text(err), part), "'%s' not in '%s'", part, kc_error_text(err));
    kc_error_destroy(err);
}

/* What is parsed from a text is written as that text. */
#define COMES_BACK(what, text)                                                                     \
    do {                                                                                           \
        struct what value;                                                                         \
        json_t *json = json_of(text);                                                              \
        ck_assert_ptr_null(what##_parse(json, &value));                                            \
        json_decref(json);                                                                         \
        assert_json(what##_json(&value), text);                                                    \
        what##_clear(&value);                                                                      \
    } while (0)

#define RUN_TESTS(name, seconds, ...)                                                              \
    int main(void)                                                                                 \
    {                                                                                              \
        const TTest *const tests[] = {__VA_ARGS__};                                                \
        return run_suite(name, tests, sizeof(tests) / sizeof(tests[0]), seconds);                  \
    }

#endif
