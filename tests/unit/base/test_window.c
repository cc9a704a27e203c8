/* SPDX-License-Identifier: Apache-2.0 */
/* Windows of two halves, and rates of counters. */
#include "base/window.h"

#include "connect/mem.h"
#include "connect/thread.h"

#include <check.h>
#include <sched.h>
#include <stdlib.h>

static struct kc_window_view look(struct kc_window *window, int64_t now)
{
    struct kc_window_view view = {0};
    kc_window_read(window, now, &view);
    return view;
}

START_TEST(a_window_forgets_by_halves)
{
    struct kc_window window = {0};
    kc_window_set_half_ms(30000);
    ck_assert_int_eq(look(&window, 1000).count, 0);
    kc_window_add_one(&window, 1000, 7);
    kc_window_add(&window, 2000, 3, 30, 5, 20);
    struct kc_window_view view = look(&window, 3000);
    ck_assert_int_eq(view.count, 4);
    ck_assert_int_eq(view.sum, 37);
    ck_assert_int_eq(view.min, 5);
    ck_assert_int_eq(view.max, 20);
    ck_assert_int_eq(view.last, 10);
    kc_window_add_one(&window, 40000, 1);
    ck_assert_int_eq(look(&window, 40000).count, 5);
    ck_assert_int_eq(look(&window, 40000).min, 1);
    ck_assert_int_eq(look(&window, 61001).count, 1);
    ck_assert_int_eq(look(&window, 61001).max, 1);
    kc_window_add_one(&window, 75000, 2); /* the older half is written over */
    ck_assert_int_eq(look(&window, 75000).count, 2);
    ck_assert_int_eq(look(&window, 200000).count, 0);
}
END_TEST

START_TEST(nothing_and_negative_numbers)
{
    struct kc_window window = {0};
    kc_window_add(&window, 1000, 0, 5, 5, 5);
    ck_assert_int_eq(look(&window, 1000).count, 0);
    kc_window_add_one(&window, 1000, -4);
    ck_assert_int_eq(look(&window, 1000).max, -4);
    ck_assert_int_eq(look(&window, 1000).last, -4);
}
END_TEST

START_TEST(a_rate_looks_back_at_least_half_a_window)
{
    struct kc_rate rate;
    kc_window_set_half_ms(30000);
    kc_rate_start(&rate, 0);
    ck_assert_double_eq(kc_rate_read(&rate, 1000, 300), 10); /* as over 30 s */
    ck_assert_double_eq(kc_rate_read(&rate, 30000, 600), 20);
    ck_assert_double_eq(kc_rate_read(&rate, 60000, 600), 0); /* since the look at 30 s */
    ck_assert_double_eq(kc_rate_read(&rate, 61000, 910), 10);
    ck_assert_double_eq(kc_rate_read(&rate, 160000, 4600), 40); /* nobody looked for long */
}
END_TEST

struct race {
    struct kc_window window;
    atomic_bool done;
};

/* Each sample is (n, n): a torn look has a sum that its extremes don't allow. */
static void *write_samples(void *arg)
{
    struct race *race = arg;
    int64_t end = kc_mono_ms() + 300; /* a yield may take as long as others like */
    for (int64_t i = 1; i % 8 || kc_mono_ms() < end; i++) {
        kc_window_add_one(&race->window, i, 5);
        if (i % 8 == 0)
            sched_yield(); /* no thread writes all the time */
    }
    atomic_store(&race->done, true);
    return NULL;
}

START_TEST(readers_never_see_half_a_sample)
{
    static struct race race;
    pthread_t thread;
    kc_window_set_half_ms(50); /* so that halves take turns all the time */
    ck_assert_ptr_null(kc_thread_start(&thread, "writer", write_samples, &race));
    while (!atomic_load(&race.done)) {
        struct kc_window_view view = {0};
        kc_window_read(&race.window, 0, &view);
        ck_assert_int_eq(view.sum, 5 * view.count);
    }
    pthread_join(thread, NULL);
    kc_window_set_half_ms(30000);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("window");
    TCase *tests = tcase_create("all");
    tcase_add_test(tests, a_window_forgets_by_halves);
    tcase_add_test(tests, nothing_and_negative_numbers);
    tcase_add_test(tests, a_rate_looks_back_at_least_half_a_window);
    tcase_add_test(tests, readers_never_see_half_a_sample);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
