/* SPDX-License-Identifier: Apache-2.0 */
/* Which offsets of a mirror group are committed on the target. */
#include "link/link_group_offsets_priv.h"
#include "link_check.h"

static struct link_offset offset_of(int64_t source, int64_t committed, int64_t start, int64_t end)
{
    return (struct link_offset){
        .topic = "t", .source = source, .committed = committed, .start = start, .end = end};
}

START_TEST(an_offset_is_clamped_and_never_goes_back)
{
    static const struct {
        int64_t source, committed, start, end, wanted;
        bool behind;
    } lines[] = {
        {50, -1, 0, 100, 50, false},   {50, 40, 0, 100, 50, false},  {50, 50, 0, 100, -1, false},
        {50, 60, 0, 100, -1, false}, /* it was set back on the source */
        {100, -1, 0, 100, 100, false}, {120, -1, 0, 100, 100, true}, /* the mirror is behind */
        {120, 100, 0, 100, -1, true},  {10, -1, 20, 100, 20, false}, /* the log begins later */
        {-1, -1, 20, 100, 20, false}, /* never committed: not by auto.offset.reset */
        {-1, 30, 20, 100, -1, false},  {50, -1, -1, -1, -1, true}, /* the log isn't known */
        {10, 120, 0, 100, -1, true}, /* left there by somebody, and beyond the log */
        {0, -1, 0, 0, 0, false},
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
        struct link_offset offset =
            offset_of(lines[i].source, lines[i].committed, lines[i].start, lines[i].end);
        ck_assert_msg(link_offset_wanted(&offset) == lines[i].wanted, "line %zu: %lld", i,
                      (long long)link_offset_wanted(&offset));
        ck_assert_msg(link_offset_behind(&offset) == lines[i].behind, "line %zu", i);
    }
}
END_TEST

/* Nothing is decided beyond the end of the mirror: the group waits, and goes no further than that.
 */
START_TEST(an_offset_is_translated_once_the_mirror_is_there)
{
    struct link_offset_table table = {0};
    link_offset_round_begin(&table);
    link_offset_set_upstream(&table, "t", 0, 500, "note");
    link_offset_round_end(&table);
    struct link_offset *offset = link_offset_at(&table, "t", 0);
    ck_assert(link_offset_has_topic(&table, "t"));
    ck_assert(link_offset_needs_translation(offset));
    ck_assert(link_offset_behind(offset)); /* not translated yet */
    offset->start = 0;
    offset->end = 80;
    link_offset_translate(offset, -1, 80); /* the index has nothing */
    ck_assert(link_offset_behind(offset));
    link_offset_translate(offset, 90, 80);
    ck_assert(link_offset_behind(offset) && link_offset_needs_translation(offset));
    ck_assert_int_eq(link_offset_wanted(offset), 80);
    offset->end = 200; /* it has grown since the index was asked */
    ck_assert_int_eq(link_offset_wanted(offset), 80);
    link_offset_translate(offset, 85, 120);
    ck_assert(!link_offset_behind(offset) && !link_offset_needs_translation(offset));
    ck_assert_int_eq(link_offset_wanted(offset), 85);
    link_offset_set_upstream(&table, "t", 0, 500, "note"); /* no news */
    ck_assert(!link_offset_needs_translation(offset) && !link_offset_behind(offset));
    link_offset_set_upstream(&table, "t", 0, 501, "note");
    ck_assert(link_offset_needs_translation(offset) && link_offset_behind(offset));
    link_offset_round_begin(&table);
    link_offset_round_end(&table); /* the group was deleted */
    ck_assert(!link_offset_needs_translation(offset) && !link_offset_behind(offset));
    link_offset_table_destroy(&table);
}
END_TEST

START_TEST(only_news_asks_for_the_log)
{
    struct link_offset news = offset_of(50, 40, -1, -1), none = offset_of(50, 50, -1, -1),
                       first = offset_of(-1, -1, -1, -1), back = offset_of(40, 50, -1, -1);
    ck_assert(link_offset_needs_bounds(&news));
    ck_assert(link_offset_needs_bounds(&first));
    ck_assert(!link_offset_needs_bounds(&none));
    ck_assert(!link_offset_needs_bounds(&back));
}
END_TEST

static void bound_all(struct link_offset_table *table, int64_t start, int64_t end)
{
    for (size_t i = 0; i < table->count; i++) {
        table->items[i].start = start;
        table->items[i].end = end;
    }
}

START_TEST(each_partition_of_a_read_topic_gets_an_offset)
{
    struct link_offset_table table = {0};
    struct link_commit commit = {0};
    link_offset_round_begin(&table);
    link_offset_set_source(&table, "u", 1, 7, "note");
    link_offset_set_source(&table, "t", 2, 9, NULL);
    link_offset_round_end(&table);
    link_offset_complete(&table, "u", 3);
    link_offset_complete(&table, "v", 3);
    ck_assert_uint_eq(table.count, 4);
    ck_assert_str_eq(table.items[0].topic, "t");
    ck_assert_int_eq(table.items[3].partition, 2);
    bound_all(&table, 5, 100);
    link_commit_collect(&table, &commit);
    ck_assert_uint_eq(commit.count, 4);
    ck_assert_int_eq(commit.items[1].offset, 5); /* u-0 */
    ck_assert_int_eq(commit.items[2].offset, 7);
    ck_assert_str_eq(commit.items[2].metadata, "note");
    ck_assert_ptr_null(commit.items[0].metadata);
    /* One is refused; the others needn't be committed again. */
    struct kc_error *errors[4] = {[2] = kc_error_new(KC_ERR_KAFKA, "no")};
    link_commit_note(&commit, errors, &table);
    link_commit_destroy(&commit);
    kc_error_destroy(errors[2]);
    link_commit_collect(&table, &commit);
    ck_assert_uint_eq(commit.count, 1);
    ck_assert_str_eq(commit.items[0].topic, "u");
    ck_assert_int_eq(commit.items[0].partition, 1);
    link_commit_destroy(&commit);
    link_offset_table_destroy(&table);
}
END_TEST

START_TEST(an_offset_that_is_gone_is_none)
{
    struct link_offset_table table = {0};
    link_offset_round_begin(&table);
    link_offset_set_source(&table, "t", 0, 7, "a");
    link_offset_set_source(&table, "t", 1, 7, "b");
    link_offset_round_end(&table);
    link_offset_round_begin(&table);
    link_offset_set_source(&table, "t", 1, 8, "c");
    link_offset_round_end(&table);
    ck_assert_int_eq(table.items[0].source, -1);
    ck_assert_int_eq(table.items[1].source, 8);
    ck_assert_str_eq(table.items[1].metadata, "c");
    ck_assert(link_offset_has_topic(&table, "t"));
    ck_assert(!link_offset_has_topic(&table, "s"));
    link_offset_table_destroy(&table);
}
END_TEST

/* Brokers delete a group's offsets with the topic. */
START_TEST(offsets_in_a_topic_that_was_made_anew_are_committed_again)
{
    struct link_offset_table table = {0};
    link_offset_round_begin(&table);
    link_offset_set_source(&table, "s", 0, 7, NULL);
    link_offset_set_source(&table, "t", 0, 7, NULL);
    link_offset_set_upstream(&table, "u", 0, 700, NULL);
    link_offset_round_end(&table);
    bound_all(&table, 0, 100);
    link_offset_translate(&table.items[2], 7, 100);
    for (size_t i = 0; i < 3; i++)
        table.items[i].committed = 7;
    link_offset_made_anew(&table, "t");
    link_offset_made_anew(&table, "u");
    ck_assert(!link_offset_needs_bounds(&table.items[0]));
    ck_assert(link_offset_needs_bounds(&table.items[1]) && link_offset_behind(&table.items[1]));
    ck_assert(link_offset_needs_translation(&table.items[2]));
    bound_all(&table, 0, 5); /* it is copied up to there */
    ck_assert_int_eq(link_offset_wanted(&table.items[0]), -1);
    ck_assert_int_eq(link_offset_wanted(&table.items[1]), 5);
    link_offset_translate(&table.items[2], 4, 5); /* the new index has another place */
    ck_assert_int_eq(link_offset_wanted(&table.items[2]), 4);
    link_offset_table_destroy(&table);
}
END_TEST

/* Once it is deleted, its end isn't known any more: the group would wait for ever. */
START_TEST(a_topic_that_is_mirrored_no_longer_is_not_waited_for)
{
    struct link_offset_table table = {0};
    link_offset_round_begin(&table);
    link_offset_set_source(&table, "s", 0, 7, "note");
    link_offset_set_source(&table, "t", 0, 7, "note");
    link_offset_set_source(&table, "t", 1, 7, NULL);
    link_offset_set_source(&table, "u", 0, 7, NULL);
    link_offset_round_end(&table);
    bound_all(&table, 0, 100);
    for (size_t i = 0; i < table.count; i++)
        table.items[i].committed = 7;
    table.items[1].end = table.items[2].end = -1;
    ck_assert(link_offset_behind(&table.items[1]));
    link_offset_drop_topic(&table, "t");
    link_offset_drop_topic(&table, "v");
    ck_assert_uint_eq(table.count, 2);
    ck_assert_str_eq(table.items[0].topic, "s");
    ck_assert_str_eq(table.items[1].topic, "u");
    ck_assert(!link_offset_behind(&table.items[0]) && !link_offset_behind(&table.items[1]));
    link_offset_table_destroy(&table);
}
END_TEST

/* Members went on by themselves, and the group is registered again: it begins as at the source. */
START_TEST(what_others_have_committed_does_not_count)
{
    struct link_offset_table table = {0};
    link_offset_round_begin(&table);
    link_offset_set_source(&table, "t", 0, 7, NULL);
    link_offset_round_end(&table);
    bound_all(&table, 0, 100);
    table.items[0].committed = 7;
    ck_assert_int_eq(link_offset_wanted(&table.items[0]), -1);
    link_offset_forget_committed(&table);
    ck_assert(link_offset_needs_bounds(&table.items[0]));
    ck_assert_int_eq(link_offset_wanted(&table.items[0]), 7);
    link_offset_table_destroy(&table);
}
END_TEST

/* Until something is committed in its place, a successor must not take it for the link's. */
START_TEST(what_the_target_had_before_is_replaced)
{
    struct link_offset_table table = {0};
    struct link_commit commit;
    link_offset_round_begin(&table);
    link_offset_set_source(&table, "t", 0, 7, NULL);
    link_offset_set_source(&table, "t", 1, 7, NULL);
    link_offset_round_end(&table);
    link_offset_set_former(&table, "t", 0, 50);
    link_offset_set_former(&table, "t", 1, 50);
    link_offset_set_former(&table, "other", 0, 50); /* which the group doesn't read */
    ck_assert_int_eq(table.count, 2);
    ck_assert(link_offset_has_former(&table));
    ck_assert_int_eq(link_offset_wanted(&table.items[0]), -1); /* the log isn't known */
    bound_all(&table, 0, 100);
    link_commit_collect(&table, &commit);
    ck_assert_int_eq(commit.count, 2);
    ck_assert_int_eq(commit.items[0].offset, 7);
    struct kc_error *errors[] = {NULL, kc_error_new(KC_ERR_KAFKA, "no")};
    link_commit_note(&commit, errors, &table);
    ck_assert(link_offset_has_former(&table));
    link_commit_note(&commit, NULL, &table);
    ck_assert(!link_offset_has_former(&table));
    link_offset_set_former(&table, "t", 0, 50);
    link_offset_made_anew(&table, "t");
    ck_assert(!link_offset_has_former(&table));
    link_offset_set_former(&table, "t", 0, 50);
    link_offset_forget_committed(&table);
    ck_assert(!link_offset_has_former(&table));
    kc_error_destroy(errors[1]);
    link_commit_destroy(&commit);
    link_offset_table_destroy(&table);
}
END_TEST

/* A broker that hears late of a topic that was deleted removes what was committed since. */
START_TEST(what_the_target_has_lost_is_committed_again)
{
    struct link_offset_table table = {0};
    struct link_commit commit = {0};
    link_offset_round_begin(&table);
    link_offset_set_source(&table, "t", 0, 7, "note");
    link_offset_set_source(&table, "t", 1, 8, NULL);
    link_offset_round_end(&table);
    bound_all(&table, 0, 100);
    table.items[0].committed = 7;
    table.items[1].committed = 9; /* members were further */
    link_offset_round_begin(&table);
    link_offset_found(&table, "t", 1);
    link_offset_found(&table, "u", 0); /* of another topic */
    link_offset_found_end(&table);
    ck_assert_uint_eq(table.count, 2);
    link_commit_collect(&table, &commit);
    ck_assert_uint_eq(commit.count, 1);
    ck_assert_int_eq(commit.items[0].partition, 0);
    ck_assert_int_eq(commit.items[0].offset, 7);
    ck_assert_str_eq(commit.items[0].metadata, "note");
    link_commit_destroy(&commit);
    link_offset_table_destroy(&table);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("link_group_offsets");
    TCase *tests = tcase_create("link_group_offsets");
    tcase_add_test(tests, an_offset_is_clamped_and_never_goes_back);
    tcase_add_test(tests, only_news_asks_for_the_log);
    tcase_add_test(tests, an_offset_is_translated_once_the_mirror_is_there);
    tcase_add_test(tests, each_partition_of_a_read_topic_gets_an_offset);
    tcase_add_test(tests, an_offset_that_is_gone_is_none);
    tcase_add_test(tests, offsets_in_a_topic_that_was_made_anew_are_committed_again);
    tcase_add_test(tests, a_topic_that_is_mirrored_no_longer_is_not_waited_for);
    tcase_add_test(tests, what_others_have_committed_does_not_count);
    tcase_add_test(tests, what_the_target_had_before_is_replaced);
    tcase_add_test(tests, what_the_target_has_lost_is_committed_again);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
