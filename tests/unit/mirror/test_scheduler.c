/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs one after the other, waiting for them, repeating them, and ending in the middle of it. */
#include "mirror/mirror_check.h"
#include "mirror/scheduler.h"

#include <stdatomic.h>
#include <unistd.h>

struct counter {
    struct kc_scheduler *scheduler;
    atomic_int runs;
    atomic_bool started;
};

static struct kc_error *count(void *arg)
{
    struct counter *counter = arg;
    atomic_fetch_add(&counter->runs, 1);
    return NULL;
}

static struct kc_error *refuse(void *arg)
{
    count(arg);
    return kc_error_new(KC_ERR_CONNECT, "on purpose");
}

/* Runs until the scheduler closes. */
static struct kc_error *linger(void *arg)
{
    struct counter *counter = arg;
    atomic_store(&counter->started, true);
    while (!kc_scheduler_closing(counter->scheduler))
        usleep(1000);
    atomic_fetch_add(&counter->runs, 1);
    return NULL;
}

static void wait_for_runs(struct counter *counter, int runs)
{
    int64_t deadline = kc_mono_ms() + 20000;
    while (atomic_load(&counter->runs) < runs) {
        ck_assert_msg(kc_mono_ms() < deadline, "%d runs", atomic_load(&counter->runs));
        usleep(5000);
    }
}

START_TEST(a_job_is_done_when_execute_returns)
{
    struct counter counter = {0};
    assert_ok(kc_scheduler_new("test", 20000, &counter.scheduler));
    kc_scheduler_execute(counter.scheduler, count, &counter, "counting");
    ck_assert_int_eq(atomic_load(&counter.runs), 1);
    kc_scheduler_execute(counter.scheduler, refuse, &counter, "failing");
    ck_assert_int_eq(atomic_load(&counter.runs), 2);
    kc_scheduler_destroy(counter.scheduler);
}
END_TEST

START_TEST(a_failing_job_is_repeated_all_the_same)
{
    struct counter counter = {0};
    assert_ok(kc_scheduler_new("test", 20000, &counter.scheduler));
    kc_scheduler_repeat(counter.scheduler, refuse, &counter, 0, 1, "failing");
    wait_for_runs(&counter, 5);
    kc_scheduler_destroy(counter.scheduler);
}
END_TEST

START_TEST(a_negative_interval_never_runs)
{
    struct counter never = {0}, other = {0};
    assert_ok(kc_scheduler_new("test", 20000, &never.scheduler));
    other.scheduler = never.scheduler;
    kc_scheduler_repeat(never.scheduler, count, &never, 0, -1, "never");
    kc_scheduler_repeat(other.scheduler, count, &other, 0, 1, "always");
    wait_for_runs(&other, 3);
    ck_assert_int_eq(atomic_load(&never.runs), 0);
    kc_scheduler_destroy(never.scheduler);
}
END_TEST

/* 2^63-1 seconds or milliseconds: later than any clock, not before the beginning. */
START_TEST(the_longest_interval_runs_once)
{
    struct counter once = {0}, never = {0}, other = {0};
    assert_ok(kc_scheduler_new("test", INT64_MAX, &once.scheduler));
    never.scheduler = other.scheduler = once.scheduler;
    kc_scheduler_repeat(once.scheduler, count, &once, 0, INT64_MAX, "once");
    kc_scheduler_repeat(once.scheduler, count, &never, INT64_MAX, INT64_MAX, "never");
    kc_scheduler_repeat(other.scheduler, count, &other, 1, 1, "always");
    wait_for_runs(&other, 3);
    ck_assert_int_eq(atomic_load(&once.runs), 1);
    ck_assert_int_eq(atomic_load(&never.runs), 0);
    kc_scheduler_execute(other.scheduler, count, &never, "counting");
    ck_assert_int_eq(atomic_load(&never.runs), 1);
    kc_scheduler_destroy(once.scheduler);
}
END_TEST

START_TEST(execute_gives_up_waiting_after_the_time_out)
{
    struct counter counter = {0};
    assert_ok(kc_scheduler_new("test", 50, &counter.scheduler));
    kc_scheduler_execute(counter.scheduler, linger, &counter, "lingering");
    ck_assert_int_eq(atomic_load(&counter.runs), 0);
    kc_scheduler_destroy(counter.scheduler);
    ck_assert_int_eq(atomic_load(&counter.runs), 1);
}
END_TEST

/* A time-out below nothing ends at once; it kept the thread busy, which waited for a time that the
 * system refuses. */
START_TEST(a_negative_time_out_is_none)
{
    struct counter counter = {0};
    assert_ok(kc_scheduler_new("test", INT64_MIN, &counter.scheduler));
    kc_scheduler_execute(counter.scheduler, linger, &counter, "lingering");
    ck_assert_int_eq(atomic_load(&counter.runs), 0);
    kc_scheduler_destroy(counter.scheduler);
}
END_TEST

START_TEST(ending_wakes_the_running_job_and_drops_the_rest)
{
    struct counter running = {0}, waiting = {0};
    assert_ok(kc_scheduler_new("test", 20000, &running.scheduler));
    kc_scheduler_repeat(running.scheduler, linger, &running, 0, 1, "lingering");
    kc_scheduler_repeat(running.scheduler, count, &waiting, 0, 1, "waiting");
    int64_t deadline = kc_mono_ms() + 20000;
    while (!atomic_load(&running.started) && kc_mono_ms() < deadline)
        usleep(1000);
    ck_assert(atomic_load(&running.started));
    kc_scheduler_destroy(running.scheduler);
    ck_assert_int_eq(atomic_load(&running.runs), 1);
    ck_assert_int_eq(atomic_load(&waiting.runs), 0);
}
END_TEST

RUN_TESTS("scheduler", a_job_is_done_when_execute_returns, a_failing_job_is_repeated_all_the_same,
          a_negative_interval_never_runs, the_longest_interval_runs_once,
          execute_gives_up_waiting_after_the_time_out, a_negative_time_out_is_none,
          ending_wakes_the_running_job_and_drops_the_rest)
