/* SPDX-License-Identifier: Apache-2.0 */
/* The text formats: families in one piece, escapes, numbers, OpenMetrics' own rules. */
#include "metrics/exposition.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *print(struct kc_exposition *exposition, bool openmetrics)
{
    char *text = kc_exposition_print(exposition, openmetrics);
    kc_exposition_destroy(exposition);
    return text;
}

START_TEST(a_family_is_printed_in_one_piece)
{
    struct kc_exposition *exposition = kc_exposition_new();
    const struct kc_label one[] = {{"connector", "a"}, {"task", "0"}};
    const struct kc_label two[] = {{"connector", "a"}, {"task", "1"}};
    kc_exposition_add(exposition, "polls_total", KC_METRIC_COUNTER, "Polls", one, 2, 3);
    kc_exposition_add(exposition, "up", KC_METRIC_GAUGE, "Up", NULL, 0, 1);
    kc_exposition_add(exposition, "polls_total", KC_METRIC_COUNTER, "Polls", two, 2, 4);
    char *text = print(exposition, false);
    ck_assert_str_eq(text, "# HELP polls_total Polls\n"
                           "# TYPE polls_total counter\n"
                           "polls_total{connector=\"a\",task=\"0\"} 3\n"
                           "polls_total{connector=\"a\",task=\"1\"} 4\n"
                           "# HELP up Up\n"
                           "# TYPE up gauge\n"
                           "up 1\n");
    free(text);
}
END_TEST

START_TEST(labels_and_help_are_escaped)
{
    struct kc_exposition *exposition = kc_exposition_new();
    const struct kc_label label = {"topic", "a\"b\\c\nd {é}"};
    kc_exposition_add(exposition, "x", KC_METRIC_GAUGE, "says \"\\\"\nand more", &label, 1, 0);
    char *text = kc_exposition_print(exposition, false);
    ck_assert_str_eq(text, "# HELP x says \"\\\\\"\\nand more\n"
                           "# TYPE x gauge\n"
                           "x{topic=\"a\\\"b\\\\c\\nd {é}\"} 0\n");
    free(text);
    text = print(exposition, true);
    ck_assert_ptr_nonnull(strstr(text, "# HELP x says \\\"\\\\\\\"\\nand more\n"));
    free(text);
}
END_TEST

START_TEST(a_common_label_comes_first_and_ends)
{
    struct kc_exposition *exposition = kc_exposition_new();
    const struct kc_label flow = {"flow", "A->B"}, task = {"task", "0"};
    kc_exposition_set_label(exposition, &flow);
    kc_exposition_add(exposition, "x", KC_METRIC_GAUGE, "X", &task, 1, 1);
    kc_exposition_add(exposition, "x", KC_METRIC_GAUGE, "X", NULL, 0, 2);
    kc_exposition_set_label(exposition, NULL);
    kc_exposition_add(exposition, "x", KC_METRIC_GAUGE, "X", &task, 1, 3);
    char *text = print(exposition, false);
    ck_assert_ptr_nonnull(strstr(text, "\nx{flow=\"A->B\",task=\"0\"} 1\n"
                                       "x{flow=\"A->B\"} 2\nx{task=\"0\"} 3\n"));
    free(text);
}
END_TEST

START_TEST(numbers)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0, "0"},           {-0.0, "0"},
        {-3, "-3"},         {1764115200123, "1764115200123"},
        {0.1, "0.1"},       {1.0 / 3, "0.33333333333333331"},
        {1e300, "1e+300"},  {NAN, "NaN"},
        {INFINITY, "+Inf"}, {-INFINITY, "-Inf"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char expected[80];
        struct kc_exposition *exposition = kc_exposition_new();
        kc_exposition_add(exposition, "x", KC_METRIC_GAUGE, "X", NULL, 0, cases[i].value);
        char *text = print(exposition, false);
        snprintf(expected, sizeof(expected), "# HELP x X\n# TYPE x gauge\nx %s\n", cases[i].text);
        ck_assert_str_eq(text, expected);
        free(text);
    }
}
END_TEST

START_TEST(openmetrics_names_counters_without_total)
{
    struct kc_exposition *exposition = kc_exposition_new();
    kc_exposition_add(exposition, "polls_total", KC_METRIC_COUNTER, "Polls", NULL, 0, 3);
    kc_exposition_add(exposition, "record_count", KC_METRIC_COUNTER, "Records", NULL, 0, 4);
    kc_exposition_add(exposition, "_total", KC_METRIC_GAUGE, "Odd", NULL, 0, 5);
    char *text = print(exposition, true);
    ck_assert_str_eq(text, "# HELP polls Polls\n# TYPE polls counter\npolls_total 3\n"
                           "# HELP record_count Records\n# TYPE record_count unknown\n"
                           "record_count 4\n"
                           "# HELP _total Odd\n# TYPE _total gauge\n_total 5\n"
                           "# EOF\n");
    free(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("exposition");
    TCase *tests = tcase_create("all");
    tcase_add_test(tests, a_family_is_printed_in_one_piece);
    tcase_add_test(tests, labels_and_help_are_escaped);
    tcase_add_test(tests, a_common_label_comes_first_and_ends);
    tcase_add_test(tests, numbers);
    tcase_add_test(tests, openmetrics_names_counters_without_total);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
