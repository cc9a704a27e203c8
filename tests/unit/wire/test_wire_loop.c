/* SPDX-License-Identifier: Apache-2.0 */
/* A client's loop: what is posted to it, from it too, and its alarms. No broker is needed. */
#include "connect/thread.h"
#include "wire/wire_client.h"

#include <check.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#define PATIENCE_MS 10000
#define POSTS       1000
#define DELAY_US    30000

static struct {
    struct kc_wire_client *client;
    struct kc_wire_alarm *alarm;
    int posts; /* the loop's */
    int64_t rang_at_us;
    int64_t due_us;
    bool far_first; /* the alarm is set for much later first */
    bool poor;      /* no descriptor is to be had for it */
    atomic_int rings;
    atomic_bool done;
} loop;

static void start(void)
{
    struct kc_map *settings = kc_map_new();

    kc_map_set(settings, "bootstrap.servers", "127.0.0.1:1");
    ck_assert_ptr_null(kc_wire_client_new(settings, "test", &loop.client));
    kc_map_destroy(settings);
}

static void await_done(void)
{
    int64_t deadline = kc_mono_ms() + PATIENCE_MS;

    while (!atomic_load(&loop.done)) {
        ck_assert_int_lt(kc_mono_ms(), deadline);
        usleep(1000);
    }
    atomic_store(&loop.done, false);
}

static void post_again(void *arg)
{
    if (++loop.posts == POSTS)
        atomic_store(&loop.done, true);
    else
        ck_assert(kc_wire_post(loop.client, post_again, NULL));
}

/* The second in its turn comes from what the loop looks at before it waits. */
START_TEST(what_is_posted_on_the_loop_runs)
{
    start();
    ck_assert(kc_wire_post(loop.client, post_again, NULL));
    await_done();
    kc_wire_client_destroy(loop.client);
}
END_TEST

static void ring(void *arg)
{
    loop.rang_at_us = kc_mono_us();
    atomic_fetch_add(&loop.rings, 1);
    atomic_store(&loop.done, true);
}

static void make_alarm(void)
{
    struct rlimit before;

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit none = before;
    none.rlim_cur = 0;
    if (loop.poor)
        ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
    loop.alarm = kc_wire_alarm_new(loop.client, ring, NULL);
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
}

static void set_alarm(void *arg)
{
    make_alarm();
    loop.due_us = kc_mono_us() + DELAY_US;
    if (loop.far_first)
        kc_wire_alarm_set(loop.alarm, loop.due_us + INT64_C(3600000000));
    kc_wire_alarm_set(loop.alarm, loop.due_us);
}

static void set_again(void *arg)
{
    loop.due_us = kc_mono_us() + DELAY_US;
    kc_wire_alarm_set(loop.alarm, loop.due_us);
}

static void drop_alarm(void *arg)
{
    kc_wire_alarm_set(loop.alarm, kc_mono_us());
    kc_wire_alarm_destroy(loop.alarm);
    atomic_store(&loop.done, true);
}

/* With a descriptor of its own, and without. */
START_TEST(an_alarm_rings_when_it_is_time)
{
    loop.poor = _i & 1;
    loop.far_first = _i & 2;
    start();
    ck_assert(kc_wire_post(loop.client, set_alarm, NULL));
    await_done();
    /* A timer's milliseconds begin with one that is already running. */
    ck_assert_int_ge(loop.rang_at_us, loop.due_us - (loop.poor ? 1000 : 0));
    ck_assert(kc_wire_post(loop.client, set_again, NULL));
    await_done();
    ck_assert_int_ge(loop.rang_at_us, loop.due_us - (loop.poor ? 1000 : 0));
    ck_assert(kc_wire_post(loop.client, drop_alarm, NULL));
    await_done();
    kc_wire_client_destroy(loop.client);
    ck_assert_int_eq(atomic_load(&loop.rings), 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("wire_loop");
    TCase *tests = tcase_create("all");
    SRunner *runner = srunner_create(suite);

    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, what_is_posted_on_the_loop_runs);
    tcase_add_loop_test(tests, an_alarm_rings_when_it_is_time, 0, 4);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
