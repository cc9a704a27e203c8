/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of the copying of a topic. */
#include "link/copy_priv.h"

#include <check.h>
#include <string.h>

static struct link_copy copy;
static struct copy_topic topic;
static struct copy_partition partition;

/* One partition, which has reached the source's end. */
static void finish(void)
{
    static struct copy_partition *partitions[] = {&partition};
    static char name[] = "t";
    copy = (struct link_copy){.topics = NULL};
    topic = (struct copy_topic){.name = name, .partitions = partitions, .count = 1, .copy = &copy};
    partition = (struct copy_partition){.topic = &topic,
                                        .phase = COPY_RUN,
                                        .source_stable = 100,
                                        .source_high = 100,
                                        .acked = {95, 5},
                                        .finishing = true,
                                        .finished = true,
                                        .foreign_offset = -1};
    HASH_ADD_KEYPTR(hh, copy.topics, topic.name, strlen(topic.name), &topic);
}

static enum link_copy_state state(void)
{
    struct link_copy_status status = {0};
    link_copy_status(&copy, "t", &status);
    enum link_copy_state told = status.state;
    link_copy_status_clear(&status);
    return told;
}

/* Else a promotion would cut the topic off while these are on their way: its look at the source
 * finds no end beyond the one that is known here. */
START_TEST(records_that_come_after_the_end_was_reached_are_copied_too)
{
    finish();
    ck_assert_int_eq(state(), LINK_COPY_FINISHED);
    partition.source_stable = partition.source_high = 101; /* fetched, and not in the log yet */
    ck_assert_int_eq(state(), LINK_COPY_COPYING);
    partition.acked.records++;
    ck_assert_int_eq(state(), LINK_COPY_FINISHED);
    HASH_CLEAR(hh, copy.topics);
}
END_TEST

START_TEST(who_forces_a_promotion_does_not_wait_for_them)
{
    finish();
    topic.force = true;
    partition.source_stable = partition.source_high = 101;
    ck_assert_int_eq(state(), LINK_COPY_FINISHED);
    HASH_CLEAR(hh, copy.topics);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("copy_status");
    TCase *cases = tcase_create("all");
    tcase_add_test(cases, records_that_come_after_the_end_was_reached_are_copied_too);
    tcase_add_test(cases, who_forces_a_promotion_does_not_wait_for_them);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
