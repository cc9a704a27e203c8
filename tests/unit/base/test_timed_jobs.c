/* SPDX-License-Identifier: Apache-2.0 */
/* When jobs run, and when they don't any more. */
#include "connect/timed_jobs.h"

#include "connect/mem.h"

#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

struct counter {
    atomic_int runs;
    atomic_int destroyed;
    atomic_bool linger; /* a run goes on as long as this is set */
};

static struct kc_timed_jobs *jobs;

static void count(void *arg)
{
    struct counter *counter = arg;
    atomic_fetch_add(&counter->runs, 1);
    while (atomic_load(&counter->linger))
        usleep(1000);
}

static void destroyed(void *arg)
{
    struct counter *counter = arg;
    atomic_fetch_add(&counter->destroyed, 1);
}

static uint64_t add(struct counter *counter, enum kc_timed_repeat repeat, int64_t delay_ms,
                    int64_t interval_ms)
{
    struct kc_timed_job job = {count, destroyed, counter, delay_ms, repeat, interval_ms};
    return kc_timed_jobs_add(jobs, &job);
}

static void wait_for(atomic_int *number, int least)
{
    int64_t deadline = kc_mono_ms() + 20000;
    while (atomic_load(number) < least) {
        ck_assert_msg(kc_mono_ms() < deadline, "%d of %d", atomic_load(number), least);
        usleep(1000);
    }
}

static void set_up(void)
{
    ck_assert_ptr_null(kc_timed_jobs_new("jobs", NULL, &jobs));
}

START_TEST(each_job_runs_as_often_as_it_is_to)
{
    struct counter once = {0}, rate = {0}, delay = {0}, never = {0};
    add(&never, KC_TIMED_FIXED_RATE, INT64_MAX, INT64_MAX);
    uint64_t number = add(&once, KC_TIMED_ONCE, 0, 0);
    add(&rate, KC_TIMED_FIXED_RATE, 0, 1);
    add(&delay, KC_TIMED_FIXED_DELAY, 0, 1);
    ck_assert(kc_timed_jobs_await(jobs, number, kc_mono_ms() + 20000));
    wait_for(&rate.runs, 3);
    wait_for(&delay.runs, 3);
    ck_assert_int_eq(once.runs, 1);
    wait_for(&once.destroyed, 1);
    kc_timed_jobs_destroy(jobs);
    ck_assert_int_eq(never.runs, 0);
    ck_assert_int_eq(never.destroyed, 1);
    ck_assert_int_eq(rate.destroyed, 1);
    ck_assert_int_eq(delay.destroyed, 1);
}
END_TEST

START_TEST(waiting_for_a_job_ends_with_the_deadline)
{
    struct counter counter = {.linger = true};
    uint64_t number = add(&counter, KC_TIMED_ONCE, 0, 0);
    ck_assert(!kc_timed_jobs_await(jobs, number, kc_mono_ms() + 10));
    counter.linger = false;
    ck_assert(kc_timed_jobs_await(jobs, number, kc_mono_ms() + 20000));
    kc_timed_jobs_destroy(jobs);
}
END_TEST

static void *let_end(void *arg)
{
    struct counter *counter = arg;
    usleep(20000);
    counter->linger = false;
    return NULL;
}

START_TEST(removing_waits_for_the_run_under_way)
{
    struct counter counter = {.linger = true};
    pthread_t thread;
    add(&counter, KC_TIMED_FIXED_DELAY, 0, 1);
    wait_for(&counter.runs, 1);
    ck_assert_int_eq(pthread_create(&thread, NULL, let_end, &counter), 0);
    kc_timed_jobs_remove(jobs, &counter);
    ck_assert(!counter.linger);
    pthread_join(thread, NULL);
    wait_for(&counter.destroyed, 1);
    ck_assert_int_eq(counter.runs, 1);
    kc_timed_jobs_destroy(jobs);
}
END_TEST

START_TEST(what_is_added_after_the_end_is_destroyed_at_once)
{
    struct counter counter = {0};
    kc_timed_jobs_close(jobs);
    ck_assert(kc_timed_jobs_closing(jobs));
    add(&counter, KC_TIMED_ONCE, 0, 0);
    ck_assert_int_eq(counter.destroyed, 1);
    kc_timed_jobs_destroy(jobs);
    ck_assert_int_eq(counter.runs, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("timed_jobs");
    TCase *tests = tcase_create("jobs");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, NULL);
    tcase_add_test(tests, each_job_runs_as_often_as_it_is_to);
    tcase_add_test(tests, waiting_for_a_job_ends_with_the_deadline);
    tcase_add_test(tests, removing_waits_for_the_run_under_way);
    tcase_add_test(tests, what_is_added_after_the_end_is_destroyed_at_once);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
