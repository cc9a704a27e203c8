/* SPDX-License-Identifier: Apache-2.0 */
/* For which results the task is woken. */
#include "link/copy_priv.h"

#include "base/run_suite.h"

#include <utlist.h>

enum { MANY = 8 };

static struct copy_results results;
static struct copy_partition one, other;

static void set_up(void)
{
    one = other = (struct copy_partition){.number = 0};
    link_results_init(&results);
}

static int taken(void)
{
    struct copy_send *list = link_results_take(&results), *send, *next;
    int count = 0;
    DL_FOREACH_SAFE (list, send, next) {
        kc_error_destroy(send->error);
        free(send);
        count++;
    }
    return count;
}

static void tear_down(void)
{
    taken();
    link_results_destroy(&results);
}

static struct copy_send *sent(struct copy_partition *partition, size_t len)
{
    struct copy_send *send = kc_calloc(1, sizeof(*send));
    *send = (struct copy_send){.partition = partition, .offset = 5, .base_offset = 5, .len = len};
    link_results_expect(send);
    return send;
}

START_TEST(a_partition_that_waits_for_it)
{
    struct copy_send *first = sent(&one, 1), *second = sent(&one, 1), *third = sent(&other, 1);
    ck_assert(!link_results_add(&results, first));
    ck_assert(link_results_add(&results, third));
    ck_assert(link_results_add(&results, second));
    ck_assert_int_eq(taken(), 3);
    ck_assert_int_eq(taken(), 0);
}
END_TEST

START_TEST(what_was_not_taken_is_not_waited_for)
{
    struct copy_send *first = sent(&one, 1), *refused = sent(&one, 1);
    link_results_forget(refused);
    free(refused);
    ck_assert(link_results_add(&results, first));
}
END_TEST

START_TEST(many_of_them_once)
{
    struct copy_send *last = sent(&one, 1);
    for (int round = 0; round < 2; round++) {
        for (int i = 1; i <= 2 * MANY; i++)
            ck_assert(link_results_add(&results, sent(&one, 1)) == (i == MANY));
        ck_assert_int_eq(taken(), 2 * MANY);
    }
    ck_assert(link_results_add(&results, last));
}
END_TEST

START_TEST(many_bytes_once)
{
    struct copy_send *last = sent(&one, 1);
    ck_assert(!link_results_add(&results, sent(&one, (1 << 20) - 1)));
    ck_assert(link_results_add(&results, sent(&one, 1)));
    ck_assert(!link_results_add(&results, sent(&one, 1 << 20)));
    ck_assert(link_results_add(&results, last));
}
END_TEST

START_TEST(what_is_not_as_expected)
{
    struct copy_send *last = sent(&one, 1), *failed = sent(&one, 1), *elsewhere = sent(&one, 1);
    failed->error = kc_error_new(KC_ERR_KAFKA, "refused");
    elsewhere->base_offset = 6;
    ck_assert(link_results_add(&results, failed));
    ck_assert(link_results_add(&results, elsewhere));
    ck_assert(link_results_add(&results, last));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {a_partition_that_waits_for_it,
                                  what_was_not_taken_is_not_waited_for, many_of_them_once,
                                  many_bytes_once, what_is_not_as_expected};

    return run_suite_with("copy results", tests, sizeof(tests) / sizeof(*tests), 20, set_up,
                          tear_down);
}
