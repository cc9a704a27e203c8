/* SPDX-License-Identifier: Apache-2.0 */
/* Connectors in JSON files: the shapes that ConnectStandalone.parseConnectorConfigurationFile
 * takes. */
#include "herder/connector_file.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct kc_map *config;
static enum kc_target_state state;

static void setup(void)
{
    config = kc_map_new();
}

static void teardown(void)
{
    kc_map_destroy(config);
}

static struct kc_error *parse(const char *text)
{
    return kc_connector_file_parse("c.json", text, strlen(text), config, &state);
}

START_TEST(a_flat_object)
{
    ck_assert_ptr_null(parse("{\"name\":\"c\",\"topics\":\"a,b\",\"nothing\":null}"));
    ck_assert_str_eq(kc_map_get(config, "name"), "c");
    ck_assert_str_eq(kc_map_get(config, "topics"), "a,b");
    ck_assert_ptr_null(kc_map_get(config, "nothing"));
    ck_assert_int_eq(state, KC_TARGET_NONE);
}
END_TEST

START_TEST(a_create_request)
{
    ck_assert_ptr_null(parse("{\"name\":\"c\",\"config\":{\"topics\":\"a\"},"
                             "\"initial_state\":\"stopped\"}"));
    ck_assert_str_eq(kc_map_get(config, "name"), "c");
    ck_assert_str_eq(kc_map_get(config, "topics"), "a");
    ck_assert_int_eq(state, KC_TARGET_STOPPED);
}
END_TEST

START_TEST(a_request_without_a_name_keeps_the_configs)
{
    ck_assert_ptr_null(parse("{\"config\":{\"name\":\"inner\"},\"initial_state\":\"PAUSED\"}"));
    ck_assert_str_eq(kc_map_get(config, "name"), "inner");
    ck_assert_int_eq(state, KC_TARGET_PAUSED);
}
END_TEST

START_TEST(what_is_neither_is_refused)
{
    static const char *const texts[] = {
        "", "{", "[]", "7", "null", "{\"config\":[]}", "{\"name\":1}", "{\"config\":{\"a\":1}}"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct kc_error *err = parse(texts[i]);
        ck_assert_msg(err, "%s was taken", texts[i]);
        ck_assert_ptr_nonnull(strstr(kc_error_text(err), "c.json"));
        kc_error_destroy(err);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("connector_file");
    TCase *tcase = tcase_create("parse");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_flat_object);
    tcase_add_test(tcase, a_create_request);
    tcase_add_test(tcase, a_request_without_a_name_keeps_the_configs);
    tcase_add_test(tcase, what_is_neither_is_refused);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
