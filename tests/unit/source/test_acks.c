/* SPDX-License-Identifier: Apache-2.0 */
/* The acknowledgement thread: whom it serves, when, and what comes after each round. */
#include "source/acks_priv.h"

#include <check.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

enum { LANES = 2 };

static struct kc_lanes lanes;
static struct kc_lane lane[LANES];
static atomic_int serves[LANES];
static atomic_int rounds;
static atomic_bool busy;

static bool serve(struct kc_lane *served)
{
    serves[served - lane]++;
    return served == &lane[0] && busy;
}

static bool on_round(void *opaque)
{
    ck_assert_ptr_eq(opaque, &rounds);
    rounds++;
    for (int i = 0; i < LANES; i++) /* after both */
        ck_assert_int_eq(serves[i], rounds);
    return false;
}

static void setup(void)
{
    static const struct kc_lane_ops ops = {.serve = serve};
    lanes = (struct kc_lanes){0};
    busy = false;
    rounds = 0;
    for (int i = 0; i < LANES; i++) {
        serves[i] = 0;
        lane[i] = (struct kc_lane){.ops = &ops};
        kc_lanes_add(&lanes, &lane[i]);
    }
}

static struct kc_acks *start(void)
{
    struct kc_acks *acks = NULL;
    ck_assert_ptr_null(kc_acks_start(&lanes, on_round, &rounds, "test", &acks));
    return acks;
}

static void await_rounds(int count)
{
    int64_t deadline = kc_mono_ms() + 20000;
    while (rounds < count && kc_mono_ms() < deadline)
        usleep(500);
    ck_assert_int_ge(rounds, count);
}

START_TEST(a_lane_that_moves_has_all_served)
{
    struct kc_acks *acks = start();
    int64_t began = kc_mono_ms();
    for (int i = 0; i < 20; i++) {
        int before = rounds;
        kc_lane_moved(&lane[i % LANES]);
        await_rounds(before + 1);
    }
    ck_assert_int_lt(kc_mono_ms() - began, 20 * 400); /* by itself each takes 500 ms */
    kc_acks_stop(acks);
}
END_TEST

START_TEST(lanes_that_say_nothing_are_served_too)
{
    struct kc_acks *acks = start();
    await_rounds(1);
    busy = true;
    await_rounds(2);
    int64_t began = kc_mono_ms();
    int before = rounds;
    await_rounds(before + 5);
    ck_assert_int_lt(kc_mono_ms() - began, 5 * 400); /* each 100 ms while something is under way */
    kc_acks_stop(acks);
}
END_TEST

START_TEST(what_moved_before_the_end_is_served)
{
    struct kc_acks *acks = start();
    kc_acks_stop(acks);
    ck_assert_int_eq(rounds, 1);
    kc_acks_stop(NULL);
}
END_TEST

START_TEST(nobody_needs_to_hear_of_rounds)
{
    struct kc_acks *acks = NULL;
    ck_assert_ptr_null(kc_acks_start(&lanes, NULL, NULL, "test", &acks));
    kc_acks_stop(acks);
    ck_assert_int_eq(serves[0], 1);
    ck_assert_int_eq(serves[1], 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("acks");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, setup, NULL);
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, a_lane_that_moves_has_all_served);
    tcase_add_test(tests, lanes_that_say_nothing_are_served_too);
    tcase_add_test(tests, what_moved_before_the_end_is_served);
    tcase_add_test(tests, nobody_needs_to_hear_of_rounds);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
