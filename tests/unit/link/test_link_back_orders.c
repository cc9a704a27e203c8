/* SPDX-License-Identifier: Apache-2.0 */
/* Ways back: what is refused and why, what is written, and the state that a link back begins with.
 */
#include "link_fakes.h"

#include "link/link_back_priv.h"

static struct link_outcomes outcomes;
static const struct link_request really = {.by = "bob"};
static const struct link_request dry = {.by = "bob", .dry_run = true};

static struct link_outcome *order(struct fake_link *link, const char *topic,
                                  enum kc_link_back_wish wish, const struct link_request *request)
{
    struct kc_strings names = {0};
    link_outcomes_clear(&outcomes);
    kc_strings_add(&names, topic);
    struct kc_error *err = link_order_back(&link->control, &names, wish, request, &outcomes);
    ck_assert_msg(!err, "%s", err ? kc_error_text(err) : "");
    kc_strings_destroy(&names);
    ck_assert_uint_eq(outcomes.count, 1);
    return &outcomes.items[0];
}

static bool is_blocked_by(const struct link_outcome *outcome, const char *code)
{
    for (size_t i = 0; i < outcome->blocker_count; i++)
        if (strcmp(outcome->blockers[i].code, code) == 0)
            return !outcome->blockers[i].warning;
    return false;
}

static void wanted(struct fake_link *link, const char *topic, enum kc_link_back_wish wish)
{
    struct kc_link_back_partition partitions[] = {{0, 100}, {1, 7}};
    struct kc_link_back back = {.epoch = 3,
                                .wish = wish,
                                .by = (char *)"ann",
                                .partitions = partitions,
                                .partition_count = 2};
    fake_set(&link->store, KC_LINK_BACK, topic, kc_link_back_json(&back));
}

START_TEST(only_what_was_promoted_goes_back)
{
    struct fake_link link;
    fake_link_new(&link);
    ck_assert_int_eq(order(&link, "nothing", KC_LINK_BACK_MIRROR, &really)->status, 404);
    fake_topic(&link, "orders", KC_LINK_LINKING);
    ck_assert_int_eq(order(&link, "orders", KC_LINK_BACK_MIRROR, &really)->status, 409);
    ck_assert(is_blocked_by(&outcomes.items[0], "NOT_PROMOTED"));
    ck_assert_int_eq(order(&link, "orders", KC_LINK_BACK_RESTORE, &dry)->status, 409);
    /* Without a receipt nobody knows where it was cut. */
    fake_topic(&link, "lost", KC_LINK_PROMOTED);
    ck_assert_int_eq(order(&link, "lost", KC_LINK_BACK_MIRROR, &really)->status, 404);
    ck_assert_int_eq(link.store.puts, 0);
    link_outcomes_clear(&outcomes);
    fake_link_destroy(&link);
}
END_TEST

START_TEST(what_is_under_way_is_not_ordered_again)
{
    struct fake_link link;
    fake_link_new(&link);
    fake_topic(&link, "orders", KC_LINK_PROMOTED);
    wanted(&link, "orders", KC_LINK_BACK_MIRROR);
    ck_assert_int_eq(order(&link, "orders", KC_LINK_BACK_MIRROR, &really)->status, 202);
    ck_assert_ptr_nonnull(strstr(outcomes.items[0].message, "by ann"));
    ck_assert_int_eq(link.store.puts, 0);
    link_outcomes_clear(&outcomes);
    fake_link_destroy(&link);
}
END_TEST

START_TEST(a_way_back_ends_once)
{
    struct fake_link link;
    struct kc_link_back back = {0};
    fake_link_new(&link);
    fake_topic(&link, "orders", KC_LINK_PROMOTED);
    ck_assert_int_eq(order(&link, "orders", KC_LINK_BACK_END, &really)->status, 404);
    wanted(&link, "orders", KC_LINK_BACK_MIRROR);
    ck_assert_int_eq(order(&link, "orders", KC_LINK_BACK_END, &dry)->status, 200);
    ck_assert_int_eq(link.store.puts, 0);
    ck_assert_int_eq(order(&link, "orders", KC_LINK_BACK_END, &really)->status, 202);
    json_t *json = link_store_get(&link.store, KC_LINK_BACK, "orders");
    ck_assert_ptr_null(kc_link_back_parse(json, &back));
    ck_assert_int_eq(back.wish, KC_LINK_BACK_END);
    ck_assert_int_eq(back.epoch, 4);
    ck_assert_str_eq(back.by, "bob");
    kc_link_back_clear(&back);
    json_decref(json);
    json_t *view = link_back_view(&link.control, "orders");
    ck_assert_str_eq(json_string_value(json_object_get(view, "wish")), "end");
    json_decref(view);
    ck_assert_int_eq(order(&link, "orders", KC_LINK_BACK_END, &really)->status, 202);
    ck_assert_int_eq(link.store.puts, 1);
    link_outcomes_clear(&outcomes);
    fake_link_destroy(&link);
}
END_TEST

/* ---- what would not be equal ---- */

/* One partition, cut at 100. */
static const char *judge(struct link_back_partition partition, bool gone, bool another)
{
    static char code[40];
    struct link_back_case back = {
        .topic = "t", .gone = gone, .another = another, .partitions = &partition, .count = 1};
    struct link_outcome *outcome;
    link_outcomes_clear(&outcomes);
    outcome = link_outcomes_add(&outcomes, "t");
    link_back_check(&back, outcome);
    if (outcome->blocker_count == 0)
        return "";
    ck_assert(!outcome->blockers[0].warning);
    ck_assert_ptr_nonnull(strstr(outcome->blockers[0].message, "truncate-and-restore"));
    snprintf(code, sizeof(code), "%s", outcome->blockers[0].code);
    link_outcomes_clear(&outcomes);
    return code;
}

/* cut, begin, end, stable, target's begin */
#define PARTITION(cut, end, stable, target)                                                        \
    (struct link_back_partition)                                                                   \
    {                                                                                              \
        cut, 0, end, stable, target, false                                                         \
    }

START_TEST(each_difference_has_its_word)
{
    struct link_back_partition differs = PARTITION(100, 100, 100, 0);
    ck_assert_str_eq(judge(PARTITION(100, 100, 100, 0), false, false), "");
    ck_assert_str_eq(judge(PARTITION(100, 100, 100, 100), false, false), "");
    ck_assert_str_eq(judge(PARTITION(-1, 100, 100, 0), false, false), "NO_CUT");
    ck_assert_str_eq(judge(PARTITION(100, 101, 101, 0), false, false), "SOURCE_HAS_MORE");
    ck_assert_str_eq(judge(PARTITION(100, 99, 99, 0), false, false), "SOURCE_CUT_SHORT");
    ck_assert_str_eq(judge(PARTITION(100, 100, 90, 0), false, false), "OPEN_TRANSACTION");
    ck_assert_str_eq(judge(PARTITION(100, 100, 100, 101), false, false), "TARGET_STARTS_LATER");
    ck_assert_str_eq(judge(PARTITION(100, 100, 100, 0), true, false), "SOURCE_TOPIC_GONE");
    ck_assert_str_eq(judge(PARTITION(100, 100, 100, 0), false, true), "SOURCE_RECREATED");
    differs.differs = true;
    ck_assert_str_eq(judge(differs, false, false), "HISTORIES_DIFFER");
}
END_TEST

START_TEST(the_common_part_ends_where_equality_ends)
{
    struct link_back_partition partitions[] = {{100, 5, 120, 120, 0, false},
                                               {100, 5, 80, 80, 0, false},
                                               {100, 5, 100, 100, 0, true},
                                               {-1, 5, 100, 100, 0, false}};
    struct link_back_case back = {.topic = "t", .partitions = partitions, .count = 4};
    ck_assert_int_eq(link_back_common(&back, 0), 100);
    ck_assert_int_eq(link_back_common(&back, 1), 80);
    ck_assert_int_eq(link_back_common(&back, 2), 5);
    ck_assert_int_eq(link_back_common(&back, 3), 5);
    back.another = true;
    ck_assert_int_eq(link_back_common(&back, 0), 5);
}
END_TEST

START_TEST(a_link_back_begins_at_the_cut)
{
    struct fake_link link;
    struct kc_link_back back = {0};
    struct kc_link_topic state = {0};
    struct kc_link_partition partition;
    fake_link_new(&link);
    wanted(&link, "orders", KC_LINK_BACK_MIRROR);
    json_t *json = link_store_get(&link.store, KC_LINK_BACK, "orders");
    ck_assert_ptr_null(kc_link_back_parse(json, &back));
    json_decref(json);
    json = link_back_first_state(&link.control, "orders", &back);
    ck_assert_ptr_null(kc_link_topic_parse(json, &state));
    ck_assert_int_eq(state.state, KC_LINK_PENDING);
    ck_assert_int_eq(state.epoch, 1);
    ck_assert_int_eq(state.lease_epoch, 0);
    ck_assert_uint_eq(json_array_size(state.partition_states), 2);
    ck_assert_ptr_null(
        kc_link_partition_parse(json_array_get(state.partition_states, 1), &partition));
    ck_assert_int_eq(partition.first_offset, 0);
    ck_assert_int_eq(partition.base_sequence, 7);
    ck_assert_int_eq(partition.checked, 7);
    ck_assert_int_eq(partition.markers, 0);
    kc_link_topic_clear(&state);
    kc_link_back_clear(&back);
    json_decref(json);
    fake_link_destroy(&link);
}
END_TEST

START_TEST(what_is_given_up_is_told)
{
    struct link_given_up_partition *parts = kc_calloc(3, sizeof(*parts));
    parts[0] = (struct link_given_up_partition){.partition = 0, .first = -1, .complete = true};
    parts[1] = (struct link_given_up_partition){.partition = 1,
                                                .from = 90,
                                                .to = 95,
                                                .first = 90,
                                                .records = 5,
                                                .first_ms = 1000,
                                                .last_ms = 2000,
                                                .complete = true};
    kc_strings_add(&parts[1].keys, "k\\x00");
    parts[2] = (struct link_given_up_partition){
        .partition = 2, .from = 7, .to = 9, .first = -1, .first_ms = -1, .last_ms = -1};
    char *text = link_given_up_text(parts, 3);
    ck_assert_str_eq(text, "at least 5 records (5 of partition 1 from offset 90 on)");
    json_t *json = link_given_up_json(parts, 3);
    ck_assert_uint_eq(json_array_size(json), 2);
    const json_t *one = json_array_get(json, 0);
    ck_assert_int_eq(json_integer_value(json_object_get(one, "from")), 90);
    ck_assert_int_eq(json_integer_value(json_object_get(one, "records")), 5);
    ck_assert_int_eq(json_integer_value(json_object_get(one, "last_timestamp")), 2000);
    ck_assert_uint_eq(json_array_size(json_object_get(one, "keys")), 1);
    ck_assert(json_is_null(json_object_get(json_array_get(json, 1), "first_timestamp")));
    ck_assert(json_is_false(json_object_get(json_array_get(json, 1), "complete")));
    json_decref(json);
    free(text);
    link_given_up_clear(parts, 3);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("link_back_orders");
    TCase *tcase = tcase_create("core");
    tcase_add_test(tcase, only_what_was_promoted_goes_back);
    tcase_add_test(tcase, what_is_under_way_is_not_ordered_again);
    tcase_add_test(tcase, a_way_back_ends_once);
    tcase_add_test(tcase, each_difference_has_its_word);
    tcase_add_test(tcase, the_common_part_ends_where_equality_ends);
    tcase_add_test(tcase, a_link_back_begins_at_the_cut);
    tcase_add_test(tcase, what_is_given_up_is_told);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
