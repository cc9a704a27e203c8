/* SPDX-License-Identifier: Apache-2.0 */
/* Positions of the target's log: from what a leader answers, and from a walk over the log. */
#include "link/copy_position_priv.h"

#include <check.h>
#include <stdlib.h>

#define ID ((int64_t)1 << 62)

static const int64_t sequences = (int64_t)1 << 31;

START_TEST(a_count_is_the_nearest_that_fits)
{
    ck_assert_int_eq(link_position_count(-1, 0), 0);
    ck_assert_int_eq(link_position_count(9, 0), 10);
    ck_assert_int_eq(link_position_count(9, 1000), 10);
    ck_assert_int_eq(link_position_count(INT32_MAX, 5), 0);
    ck_assert_int_eq(link_position_count(INT32_MAX, sequences), sequences);
    ck_assert_int_eq(link_position_count(4, sequences - 3), sequences + 5);
    ck_assert_int_eq(link_position_count(INT32_MAX - 1, sequences + 10), sequences - 1);
    ck_assert_int_eq(link_position_count(4, 7 * sequences + 1), 7 * sequences + 5);
}
END_TEST

START_TEST(a_sequence_follows_from_the_count)
{
    ck_assert_int_eq(link_position_sequence(&(struct copy_position){0, 5}), 0);
    ck_assert_int_eq(link_position_sequence(&(struct copy_position){sequences - 1, 5}), INT32_MAX);
    ck_assert_int_eq(link_position_sequence(&(struct copy_position){3 * sequences + 7, 0}), 7);
}
END_TEST

static void assert_found(struct copy_sight sight, const struct copy_position *from,
                         enum copy_finding finding, int64_t records)
{
    struct copy_position position = {-1, -1};
    ck_assert_int_eq(link_position_find(&sight, from, &position), finding);
    if (finding == COPY_FOUND)
        ck_assert_int_eq(position.records, records);
}

START_TEST(the_sequence_tells_the_position)
{
    assert_found((struct copy_sight){.known = true, .sequence = 9, .before = 4, .after = 10}, NULL,
                 COPY_FOUND, 10);
    /* The high watermark may be behind. */
    assert_found((struct copy_sight){.known = true, .sequence = 9, .before = 4, .after = 4}, NULL,
                 COPY_FOUND, 10);
    assert_found((struct copy_sight){.known = true, .sequence = 9, .before = 10, .after = 11}, NULL,
                 COPY_MORE_THERE, 0);
    assert_found((struct copy_sight){0}, NULL, COPY_FOUND, 0);
    assert_found((struct copy_sight){.after = 8}, NULL, COPY_UNSETTLED, 0);
    assert_found((struct copy_sight){.after = 8, .settled = true}, NULL, COPY_FOUND, 8);
    assert_found((struct copy_sight){.known = true, .sequence = 9, .before = 10, .after = 10},
                 &(struct copy_position){3, 0}, COPY_READ_ON, 0);
}
END_TEST

/* The place was known when all replicas had what lies before it. */
START_TEST(a_log_that_has_lost_its_end_is_found)
{
    static const struct copy_position from = {90, 10};
    static const struct {
        bool known;
        int32_t sequence;
        int64_t before, after, start;
        enum copy_finding finding;
    } lines[] = {
        {true, 89, 100, 100, 0, COPY_READ_ON},
        {true, 94, 100, 100, 0, COPY_READ_ON}, /* of which some can't be shown yet */
        {true, 84, 95, 95, 0, COPY_LESS_THERE},
        {true, 84, 100, 101, 0, COPY_LESS_THERE}, /* markers were written behind the loss */
        {true, 89, 95, 95, 0, COPY_LESS_THERE},   /* markers alone were lost */
        {true, 94, 95, 95, 0, COPY_LESS_THERE},
        {false, -1, 95, 95, 0, COPY_LESS_THERE}, /* the leader has forgotten the link besides */
        {false, -1, 0, 0, 0, COPY_LESS_THERE},
        {false, -1, 100, 100, 0, COPY_READ_ON},
        /* Retention and DeleteRecords take from the beginning. */
        {true, 89, 100, 100, 100, COPY_READ_ON},
        {false, -1, 100, 100, 100, COPY_READ_ON},
        {true, 84, 101, 101, 101, COPY_READ_ON},
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
        struct copy_position position;
        const struct copy_sight sight = {.known = lines[i].known,
                                         .sequence = lines[i].sequence,
                                         .before = lines[i].before,
                                         .after = lines[i].after,
                                         .start = lines[i].start,
                                         .settled = true};
        ck_assert_msg(link_position_find(&sight, &from, &position) == lines[i].finding, "line %zu",
                      i);
    }
    /* The link's records are counted modulo 2^31. */
    assert_found(
        (struct copy_sight){
            .known = true, .sequence = 4, .before = sequences + 5, .after = sequences + 5},
        &(struct copy_position){sequences, 0}, COPY_READ_ON, 0);
    assert_found((struct copy_sight){.known = true,
                                     .sequence = INT32_MAX - 1,
                                     .before = sequences - 1,
                                     .after = sequences + 5},
                 &(struct copy_position){sequences, 0}, COPY_LESS_THERE, 0);
}
END_TEST

static struct kc_record_batch batch(int64_t offset, int32_t count, int64_t id, int32_t sequence,
                                    bool control)
{
    return (struct kc_record_batch){.magic = 2,
                                    .base_offset = offset,
                                    .last_offset_delta = count - 1,
                                    .count = count,
                                    .producer_id = id,
                                    .base_sequence = sequence,
                                    .attributes = control ? 32 + 16 : 0};
}

static bool take(struct copy_walk *walk, struct kc_record_batch one)
{
    return link_walk_take(walk, &one);
}

START_TEST(a_walk_tells_records_and_markers)
{
    struct copy_walk walk;
    struct copy_position position;
    link_walk_begin(&walk, ID, &(struct copy_position){10, 2}, 0);
    ck_assert(take(&walk, batch(8, 4, ID, 6, false))); /* before it */
    ck_assert(take(&walk, batch(12, 5, ID, 10, false)));
    ck_assert(take(&walk, batch(17, 1, 7, -1, true)));
    ck_assert(take(&walk, batch(18, 1, 7, -1, true)));
    ck_assert(!link_walk_position(&walk, 16, 19, &position)); /* one record isn't there yet */
    ck_assert(take(&walk, batch(19, 1, ID, 15, false)));
    ck_assert(!link_walk_position(&walk, 16, 21, &position));
    ck_assert(take(&walk, batch(20, 1, 7, -1, true)));
    ck_assert(link_walk_position(&walk, 16, 21, &position));
    ck_assert_int_eq(position.records, 16);
    ck_assert_int_eq(position.markers, 5);
    ck_assert(link_walk_position(&walk, -1, 21, &position));
    ck_assert_int_eq(link_position_offset(&walk.own), 20);
}
END_TEST

START_TEST(a_walk_finds_what_others_wrote)
{
    struct copy_walk walk;
    link_walk_begin(&walk, ID, &(struct copy_position){0, 0}, 0);
    ck_assert(take(&walk, batch(0, 5, ID, 0, false)));
    ck_assert(!take(&walk, batch(5, 2, 1234, 0, false)));
    ck_assert_int_eq(walk.foreign, 5);
    ck_assert_int_eq(walk.foreign_id, 1234);
    ck_assert(!take(&walk, batch(7, 2, ID, 5, false)));
    /* Fewer markers than there were: not where it should be. */
    link_walk_begin(&walk, ID, &(struct copy_position){5, 3}, 0);
    ck_assert(!take(&walk, batch(8, 2, ID, 6, false)));
    ck_assert_int_eq(walk.foreign, 8);
}
END_TEST

/* A log that was there before: the link's sequence begins with its end, as if it had written it. */
START_TEST(a_walk_begins_behind_a_log_that_was_there)
{
    struct copy_walk walk;
    struct copy_position position;
    const struct copy_position end = {100, 0};
    ck_assert_int_eq(link_position_sequence(&end), 100);
    assert_found((struct copy_sight){.after = 100, .settled = true}, &end, COPY_READ_ON, 0);
    link_walk_begin(&walk, ID, &end, 20);
    ck_assert_int_eq(walk.end, 100);
    ck_assert(link_walk_position(&walk, -1, 100, &position));
    ck_assert_int_eq(position.records, 100);
    ck_assert_int_eq(position.markers, 0);
    ck_assert(take(&walk, batch(100, 5, ID, 100, false)));
    ck_assert(link_walk_position(&walk, 105, 105, &position));
    ck_assert_int_eq(position.records, 105);
    /* Whoever else has written behind it is found, whatever the leader knows of the link. */
    link_walk_begin(&walk, ID, &end, 20);
    ck_assert(!take(&walk, batch(100, 1, 7, 3, false)));
    ck_assert_int_eq(walk.foreign, 100);
}
END_TEST

START_TEST(what_compaction_took_away_doesnt_matter)
{
    struct copy_walk walk;
    struct copy_position position;
    link_walk_begin(&walk, ID, &(struct copy_position){0, 0}, 0);
    ck_assert(take(&walk, batch(40, 1, 7, -1, true)));
    ck_assert(take(&walk, batch(90, 10, ID, 89, false)));
    ck_assert(link_walk_position(&walk, 99, 100, &position));
    ck_assert_int_eq(position.markers, 1);
    /* The log begins behind the place that was known, and nothing of it is left. */
    link_walk_begin(&walk, ID, &(struct copy_position){50, 0}, 100);
    ck_assert(link_walk_position(&walk, 97, 100, &position));
    ck_assert_int_eq(position.markers, 3);
}
END_TEST

/* The leader counts what it has appended and can't show yet, because its replicas don't have it. At
 * a take-over that is what the predecessor, or the link itself before, had under way. */
START_TEST(a_walk_waits_for_records_that_cannot_be_seen_yet)
{
    struct copy_walk walk;
    struct copy_position position;
    link_walk_begin(&walk, ID, &(struct copy_position){90, 10}, 0);
    ck_assert(!link_walk_position(&walk, 95, 100, &position));
    ck_assert(take(&walk, batch(100, 1, 7, -1, true)));
    ck_assert(!link_walk_position(&walk, 95, 101, &position));
    ck_assert(take(&walk, batch(101, 5, ID, 90, false)));
    ck_assert(link_walk_position(&walk, 95, 106, &position));
    ck_assert_int_eq(position.records, 95);
    ck_assert_int_eq(position.markers, 11);
    /* Also where the log begins behind the place that was known: markers don't become fewer. */
    link_walk_begin(&walk, ID, &(struct copy_position){80, 10}, 100);
    ck_assert(!link_walk_position(&walk, 95, 100, &position));
    ck_assert(link_walk_position(&walk, 90, 100, &position));
    ck_assert_int_eq(position.markers, 10);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("copy_position");
    TCase *tc = tcase_create("positions");
    tcase_add_test(tc, a_count_is_the_nearest_that_fits);
    tcase_add_test(tc, a_sequence_follows_from_the_count);
    tcase_add_test(tc, the_sequence_tells_the_position);
    tcase_add_test(tc, a_log_that_has_lost_its_end_is_found);
    tcase_add_test(tc, a_walk_tells_records_and_markers);
    tcase_add_test(tc, a_walk_finds_what_others_wrote);
    tcase_add_test(tc, a_walk_begins_behind_a_log_that_was_there);
    tcase_add_test(tc, what_compaction_took_away_doesnt_matter);
    tcase_add_test(tc, a_walk_waits_for_records_that_cannot_be_seen_yet);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
