/* SPDX-License-Identifier: Apache-2.0 */
/* System properties from the environment and from the worker's own file. */
#include "config/java_options.h"

#include <check.h>
#include <stdlib.h>

#define NAME "org.apache.kafka.sasl.oauthbearer.allowed.urls"

/* variable=text (variable2=text2): what the property is; NULL: not set. */
static const struct {
    const char *variable, *text;
    const char *second, *second_text;
    const char *value;
} cases[] = {
    {"KAFKA_OPTS", "-D" NAME "=http://a/t,file:///b", NULL, NULL, "http://a/t,file:///b"},
    {"KAFKA_OPTS", "  -Xmx1g\t-D" NAME "=a  -Dother=b", NULL, NULL, "a"},
    {"KAFKA_OPTS", "-D" NAME "=a -D" NAME "=b", NULL, NULL, "b"},
    {"KAFKA_OPTS", "-D" NAME, NULL, NULL, ""},
    {"KAFKA_OPTS", "-D" NAME "more=a", NULL, NULL, NULL},
    {"KAFKA_OPTS", "-Dx=-D" NAME "=a", NULL, NULL, NULL},
    {"KAFKA_OPTS", NAME "=a", NULL, NULL, NULL},
    {"KAFKA_OPTS", "-D" NAME "=\"a\"", NULL, NULL, "\"a\""},
    {"JAVA_TOOL_OPTIONS", "-D" NAME "=\"a b\"", NULL, NULL, "a b"},
    {"JDK_JAVA_OPTIONS", "'-D" NAME "=a b", NULL, NULL, "a b"},
    {"KAFKA_JMX_OPTS", "-D" NAME "=a", NULL, NULL, "a"},
    {"KAFKA_HEAP_OPTS", "-D" NAME "=a", "KAFKA_OPTS", "-D" NAME "=b", "b"},
    {"JDK_JAVA_OPTIONS", "-D" NAME "=a", "KAFKA_OPTS", "-Xmx1g", "a"},
};

START_TEST(the_last_option_of_the_last_variable_counts)
{
    setenv(cases[_i].variable, cases[_i].text, 1);
    if (cases[_i].second)
        setenv(cases[_i].second, cases[_i].second_text, 1);
    char *value = kc_java_property(NAME);
    if (cases[_i].value)
        ck_assert_pstr_eq(value, cases[_i].value);
    else
        ck_assert_ptr_null(value);
    free(value);
}
END_TEST

START_TEST(the_workers_file_is_asked_where_the_environment_is_silent)
{
    struct kc_map *properties = kc_map_new();

    kc_map_set(properties, NAME, "from the file");
    kc_java_options_take_file(properties);
    kc_map_destroy(properties);
    char *value = kc_java_property(NAME);
    ck_assert_str_eq(value, "from the file");
    free(value);
    setenv("KAFKA_OPTS", "-D" NAME "=from-the-environment", 1);
    value = kc_java_property(NAME);
    ck_assert_str_eq(value, "from-the-environment");
    free(value);
    kc_java_options_take_file(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("java_options");
    TCase *tcase = tcase_create("properties");
    SRunner *runner = srunner_create(suite);

    tcase_add_loop_test(tcase, the_last_option_of_the_last_variable_counts, 0,
                        (int)(sizeof(cases) / sizeof(*cases)));
    tcase_add_test(tcase, the_workers_file_is_asked_where_the_environment_is_silent);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
