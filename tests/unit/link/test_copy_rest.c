/* SPDX-License-Identifier: Apache-2.0 */
/* Which partitions need little: those that have all, and of which nobody wants anything. */
#include "link/copy_priv.h"

#include <check.h>

static struct copy_topic topic;

static struct copy_partition resting(void)
{
    return (struct copy_partition){.topic = &topic,
                                   .phase = COPY_RUN,
                                   .saved = {.first_offset = 10},
                                   .source_start = 10,
                                   .source_stable = 100,
                                   .source_high = 100,
                                   .target_start = 10,
                                   .acked = {95, 5},
                                   .read = 100,
                                   .fetched = 100,
                                   .foreign_offset = -1};
}

START_TEST(all_is_copied)
{
    struct copy_partition partition = resting();
    ck_assert(link_part_is_at_rest(&partition));
    ck_assert(link_part_is_calm(&partition));
    partition.source_high = 101; /* a transaction is open */
    ck_assert(!link_part_is_at_rest(&partition));
    partition.source_stable = 101;
    ck_assert(!link_part_is_at_rest(&partition));
    partition.acked.records++;
    partition.fetched = 101; /* and nothing of it is a record: the gap is yet to be filled */
    ck_assert(!link_part_is_at_rest(&partition));
    partition.read = 101;
    ck_assert(link_part_is_at_rest(&partition));
}
END_TEST

START_TEST(nothing_is_under_way)
{
    struct copy_piece piece = {.count = 1};
    struct copy_partition partition = resting();
    partition.pieces = &piece;
    ck_assert(!link_part_is_at_rest(&partition));
    partition = resting();
    partition.marking = true;
    ck_assert(!link_part_is_at_rest(&partition));
    partition = resting();
    partition.finishing = true;
    ck_assert(!link_part_is_at_rest(&partition));
    partition = resting();
    partition.forced = true;
    ck_assert(!link_part_is_at_rest(&partition));
    for (enum copy_phase phase = 0; phase < COPY_PHASES; phase++) {
        partition = resting();
        partition.phase = phase;
        ck_assert(link_part_is_at_rest(&partition) == (phase == COPY_RUN));
    }
}
END_TEST

START_TEST(a_side_that_does_not_answer_is_asked_everything)
{
    struct copy_partition partition = resting();
    partition.check_slow = true;
    ck_assert(!link_part_is_at_rest(&partition));
    partition = resting();
    partition.away_since_ms = 1;
    ck_assert(!link_part_is_at_rest(&partition));
}
END_TEST

START_TEST(nothing_is_to_be_done_soon)
{
    struct copy_partition partition = resting();
    partition.source_start = 50; /* the target's log is to be cut */
    ck_assert(link_part_is_at_rest(&partition));
    ck_assert(!link_part_is_calm(&partition));
    partition.target_start = 50;
    ck_assert(link_part_is_calm(&partition));
    partition.phase = COPY_LOOK;
    ck_assert(!link_part_is_calm(&partition));
    partition.phase = COPY_REST;
    ck_assert(link_part_is_calm(&partition));
    partition.phase = COPY_DIVERGED;
    ck_assert(link_part_is_calm(&partition));
    partition.foreign_offset = 7; /* who has written there is to be asked */
    ck_assert(!link_part_is_calm(&partition));
    partition.named = true;
    ck_assert(link_part_is_calm(&partition));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("copy_rest");
    TCase *tests = tcase_create("partitions");
    tcase_add_test(tests, all_is_copied);
    tcase_add_test(tests, nothing_is_under_way);
    tcase_add_test(tests, a_side_that_does_not_answer_is_asked_everything);
    tcase_add_test(tests, nothing_is_to_be_done_soon);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
