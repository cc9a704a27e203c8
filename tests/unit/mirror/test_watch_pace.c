/* SPDX-License-Identifier: Apache-2.0 */
/* How often a cluster is looked at: a large one seldom, one that was slow once as often as before.
 */
#include "mirror/watch_pace_priv.h"

#include <check.h>
#include <stdlib.h>

static struct kc_watch_pace pace;

/* Looks when it is due, for took_ms; how long until the next look. */
static int64_t wait_after(int64_t took_ms)
{
    int64_t start = pace.next_ms, now = start + took_ms;
    ck_assert(kc_watch_pace_due(&pace, start));
    kc_watch_pace_looked(&pace, start, now);
    ck_assert(kc_watch_pace_due(&pace, pace.next_ms));
    ck_assert(pace.next_ms == now || !kc_watch_pace_due(&pace, pace.next_ms - 1));
    return pace.next_ms - now;
}

static void setup(void)
{
    pace = (struct kc_watch_pace){0};
}

START_TEST(the_first_look_is_due_and_the_second_may_follow)
{
    ck_assert_int_eq(wait_after(400), 0);
}
END_TEST

START_TEST(looks_at_a_large_cluster_take_a_fiftieth_of_the_time)
{
    wait_after(400);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(wait_after(400), 50 * 400);
}
END_TEST

START_TEST(one_slow_look_changes_nothing)
{
    wait_after(2);
    ck_assert_int_eq(wait_after(2), 100);
    ck_assert_int_eq(wait_after(30000), 100);
    ck_assert_int_eq(wait_after(2), 100);
}
END_TEST

START_TEST(a_cluster_that_has_grown_is_looked_at_less_often_from_the_second_slow_look_on)
{
    wait_after(2);
    ck_assert_int_eq(wait_after(1000), 100);
    ck_assert_int_eq(wait_after(900), 45000);
    ck_assert_int_eq(wait_after(2), 100); /* and as often as before when it has shrunk */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("watch_pace");
    TCase *tcase = tcase_create("looks");
    SRunner *runner = srunner_create(suite);

    tcase_add_checked_fixture(tcase, setup, NULL);
    tcase_add_test(tcase, the_first_look_is_due_and_the_second_may_follow);
    tcase_add_test(tcase, looks_at_a_large_cluster_take_a_fiftieth_of_the_time);
    tcase_add_test(tcase, one_slow_look_changes_nothing);
    tcase_add_test(tcase,
                   a_cluster_that_has_grown_is_looked_at_less_often_from_the_second_slow_look_on);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
