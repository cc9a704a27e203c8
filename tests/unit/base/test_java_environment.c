/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of the environment of Java's start scripts. */
#include "base/java_environment.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    const char *value;
    const char *word; /* NULL: nothing is said */
} cases[] = {
    {"JMX_PORT", "9999", "/metrics"},
    {"JMX_PORT", "", NULL},
    {"JMX_PORT", NULL, NULL},
    {"KAFKA_OPTS", "-javaagent:/opt/jmx_prometheus_javaagent.jar=9404:/c.yml", "metrics.names"},
    {"KAFKA_OPTS", "-Djava.security.auth.login.config=/jaas", NULL},
    {"KAFKA_LOG4J_OPTS", "-Dlog4j.configuration=file:/log4j.properties", "/admin/loggers"},
    {"KAFKA_HEAP_OPTS", "-Xmx2G", "no heap"},
    {"PATH", "/bin", NULL},
};

START_TEST(one_line_for_what_means_something_else_here)
{
    const char *meaning = kc_java_environment_meaning(cases[_i].name, cases[_i].value);
    ck_assert_int_eq(meaning != NULL, cases[_i].word != NULL);
    if (meaning)
        ck_assert_ptr_nonnull(strstr(meaning, cases[_i].word));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("java_environment");
    TCase *tests = tcase_create("all");
    tcase_add_loop_test(tests, one_line_for_what_means_something_else_here, 0,
                        sizeof(cases) / sizeof(cases[0]));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
