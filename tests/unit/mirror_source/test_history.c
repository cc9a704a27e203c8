/* SPDX-License-Identifier: Apache-2.0 */
/* Which policy holds where the source's log has changed. */
#include "mirror_source/history_priv.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *setting, *reset;
    enum kc_history_policy policy;
    const char *text;
} cases[] = {
    {NULL, "earliest", KC_HISTORY_REWIND, "auto.offset.reset=earliest"},
    {NULL, "latest", KC_HISTORY_SKIP, "auto.offset.reset=latest"},
    {NULL, "NONE", KC_HISTORY_FAIL, "auto.offset.reset=NONE"},
    {"fail", "earliest", KC_HISTORY_FAIL, "source.history.policy=fail"},
    {"rewind", "none", KC_HISTORY_REWIND, "source.history.policy=rewind"},
    {"skip", "earliest", KC_HISTORY_SKIP, "source.history.policy=skip"},
};

START_TEST(the_setting_has_the_last_word)
{
    struct kc_map *properties = kc_map_new();
    if (cases[_i].setting)
        kc_map_set(properties, KC_HISTORY_POLICY, cases[_i].setting);
    const struct kc_mirror_config config = {.properties = properties};
    ck_assert_int_eq(kc_history_policy_of(&config, cases[_i].reset), cases[_i].policy);
    char *text = kc_history_text(&config, cases[_i].reset);
    ck_assert_str_eq(text, cases[_i].text);
    free(text);
    ck_assert_ptr_null(kc_history_check(properties));
    kc_map_destroy(properties);
}
END_TEST

START_TEST(another_word_is_refused)
{
    struct kc_map *properties = kc_map_new();
    kc_map_set(properties, KC_HISTORY_POLICY, "latest");
    struct kc_error *err = kc_history_check(properties);
    ck_assert_ptr_nonnull(err);
    ck_assert_ptr_nonnull(strstr(kc_error_text(err), "must be one of: fail, rewind, skip"));
    kc_error_destroy(err);
    kc_map_destroy(properties);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("history");
    TCase *tests = tcase_create("all");
    tcase_add_loop_test(tests, the_setting_has_the_last_word, 0, sizeof(cases) / sizeof(cases[0]));
    tcase_add_test(tests, another_word_is_refused);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
