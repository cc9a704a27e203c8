/* SPDX-License-Identifier: Apache-2.0 */
/* Threads with a request to stop: who waits is let go at once, and knows why. */
#include "connect/thread.h"

#include "base/logging.h"
#include "connect/log.h"
#include "connect/mem.h"

#include <check.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define LONG_MS 60000

START_TEST(a_deadline_ends_a_wait)
{
    struct kc_stop *stop = kc_stop_new();
    int64_t until = kc_mono_ms() + 20;

    ck_assert(!kc_stop_wait_until(stop, until));
    ck_assert_int_ge(kc_mono_ms(), until);
    ck_assert(!kc_stop_wait_until(stop, 0)); /* a deadline that has passed */
    kc_stop_destroy(stop);
    kc_stop_destroy(NULL);
}
END_TEST

START_TEST(what_is_set_stays_set)
{
    struct kc_stop *stop = kc_stop_new();

    ck_assert(!kc_stop_is_set(stop));
    kc_stop_set(stop);
    ck_assert(kc_stop_is_set(stop));
    ck_assert(kc_stop_wait_until(stop, kc_mono_ms() + LONG_MS));
    ck_assert(kc_stop_wait_until(stop, INT64_MAX));
    kc_stop_destroy(stop);
}
END_TEST

START_TEST(a_wake_ends_one_wait)
{
    struct kc_stop *stop = kc_stop_new();

    kc_stop_wake(stop);
    ck_assert(!kc_stop_wait_until(stop, kc_mono_ms() + LONG_MS));
    ck_assert(!kc_stop_wait_until(stop, kc_mono_ms() + 1)); /* the wake is used up */
    kc_stop_destroy(stop);
}
END_TEST

struct seen {
    atomic_int turns;
    bool signals_blocked;
    char context[32];
};

static void count_turns(void *arg, struct kc_stop *stop)
{
    struct seen *seen = arg;
    sigset_t set;

    pthread_sigmask(SIG_SETMASK, NULL, &set);
    seen->signals_blocked = sigismember(&set, SIGTERM) == 1;
    strncpy(seen->context, kc_log_context(), sizeof(seen->context) - 1);
    do
        atomic_fetch_add(&seen->turns, 1);
    while (!kc_stop_wait_until(stop, INT64_MAX));
}

static void await_turns(struct seen *seen, int turns)
{
    int64_t until = kc_mono_ms() + LONG_MS;

    while (atomic_load(&seen->turns) < turns && kc_mono_ms() < until)
        sched_yield();
    ck_assert_int_eq(atomic_load(&seen->turns), turns);
}

START_TEST(a_thread_runs_until_it_is_destroyed)
{
    struct seen seen = {0};
    struct kc_thread *thread = NULL;

    kc_log_set_context("[link|task-3] ");
    ck_assert_ptr_null(kc_thread_new("a name of many bytes", count_turns, &seen, &thread));
    await_turns(&seen, 1);
    kc_stop_wake(kc_thread_stop(thread));
    await_turns(&seen, 2);
    kc_thread_destroy(thread);
    kc_thread_destroy(NULL);
    kc_log_set_context(NULL);
    ck_assert_int_eq(atomic_load(&seen.turns), 2);
    ck_assert(seen.signals_blocked);
    ck_assert_str_eq(seen.context, "[link|task-3] ");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("thread");
    TCase *tcase = tcase_create("thread");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_deadline_ends_a_wait);
    tcase_add_test(tcase, what_is_set_stays_set);
    tcase_add_test(tcase, a_wake_ends_one_wait);
    tcase_add_test(tcase, a_thread_runs_until_it_is_destroyed);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
