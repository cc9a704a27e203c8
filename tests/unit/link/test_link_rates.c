/* SPDX-License-Identifier: Apache-2.0 */
/* Rates and times that follow from looks at both sides. */
#include "link/link_live_priv.h"

#include <check.h>
#include <stdlib.h>

START_TEST(two_looks_make_a_rate)
{
    struct link_rates *rates = link_rates_new();
    struct link_lags lags = {0};
    link_rates_note(rates, "t", 1000, 500, 10000, &lags);
    ck_assert(lags.source_rate < 0 && lags.target_rate < 0);
    ck_assert_int_eq(lags.quiet_ms, 0);
    link_rates_note(rates, "t", 1000, 600, 10100, &lags); /* too soon */
    ck_assert(lags.target_rate < 0);
    link_rates_note(rates, "t", 1100, 900, 12000, &lags);
    ck_assert_double_eq_tol(lags.source_rate, 50, 0.01);
    ck_assert_double_eq_tol(lags.target_rate, 200, 0.01);
    ck_assert_int_eq(lags.quiet_ms, 0);
    link_rates_note(rates, "other", 1, 1, 12000, &lags);
    ck_assert(lags.source_rate < 0);
    link_rates_destroy(rates);
}
END_TEST

START_TEST(a_source_is_quiet_since_its_end_stands_still)
{
    struct link_rates *rates = link_rates_new();
    struct link_lags lags = {0};
    link_rates_note(rates, "t", 10, 10, 1000, &lags);
    link_rates_note(rates, "t", 11, 10, 2000, &lags);
    link_rates_note(rates, "t", 11, 11, 3500, &lags);
    ck_assert_int_eq(lags.quiet_ms, 1500);
    ck_assert_double_eq_tol(lags.source_rate, 0, 0.01);
    /* A look that is long ago says nothing about now; an end that went back is no rate. */
    link_rates_note(rates, "t", 5, 5, 3500 + 700000, &lags);
    ck_assert(lags.source_rate < 0);
    link_rates_note(rates, "t", 4, 4, 3500 + 701000, &lags);
    ck_assert_double_eq_tol(lags.target_rate, 0, 0.01);
    link_rates_destroy(rates);
}
END_TEST

START_TEST(sizes_grow_old)
{
    struct link_rates *rates = link_rates_new();
    struct link_lags lags = {0};
    link_rates_learn_bytes(rates, "t", 1000, 10); /* of a topic that wasn't looked at */
    ck_assert(link_rates_record_bytes(rates, "t", 1000, 5000) < 0);
    link_rates_note(rates, "t", 10, 10, 1000, &lags);
    ck_assert(link_rates_record_bytes(rates, "t", 1000, 5000) < 0);
    link_rates_learn_bytes(rates, "t", 1000, 12.5);
    ck_assert_double_eq_tol(link_rates_record_bytes(rates, "t", 6000, 5000), 12.5, 0.01);
    ck_assert(link_rates_record_bytes(rates, "t", 6001, 5000) < 0);
    link_rates_destroy(rates);
}
END_TEST

START_TEST(the_time_that_is_left)
{
    struct link_lags lags = {.lag = 0, .source_rate = -1, .target_rate = -1};
    ck_assert_int_eq(link_lags_eta_ms(&lags), 0);
    lags.lag = -1;
    ck_assert_int_eq(link_lags_eta_ms(&lags), -1);
    lags.lag = 100;
    ck_assert_int_eq(link_lags_eta_ms(&lags), -1); /* no rate yet */
    lags.target_rate = 30;
    ck_assert_int_eq(link_lags_eta_ms(&lags), 3333);
    lags.source_rate = 10; /* what comes in meanwhile */
    ck_assert_int_eq(link_lags_eta_ms(&lags), 5000);
    lags.source_rate = 30;
    ck_assert_int_eq(link_lags_eta_ms(&lags), -1); /* never */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("link_rates");
    TCase *cases = tcase_create("all");
    tcase_add_test(cases, two_looks_make_a_rate);
    tcase_add_test(cases, a_source_is_quiet_since_its_end_stands_still);
    tcase_add_test(cases, sizes_grow_old);
    tcase_add_test(cases, the_time_that_is_left);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
