/* SPDX-License-Identifier: Apache-2.0 */
/* Orders for mirror topics: which are written, and what is said about those that aren't. */
#include "link_fakes.h"

static struct link_outcomes outcomes;

static struct link_outcome *order(struct fake_link *link, const char *topic, enum kc_link_wish wish,
                                  const struct link_request *request)
{
    struct kc_strings names = {0};
    link_outcomes_clear(&outcomes);
    kc_strings_add(&names, topic);
    struct kc_error *err = link_order_topics(&link->control, &names, wish, request, &outcomes);
    ck_assert_msg(!err, "%s", err ? kc_error_text(err) : "");
    kc_strings_destroy(&names);
    ck_assert_uint_eq(outcomes.count, 1);
    return &outcomes.items[0];
}

static const struct link_request really = {.by = "bob"};
static const struct link_request dry = {.by = "bob", .dry_run = true};
static const struct link_request forced = {.by = "bob", .force = true};

/* The order as it stands: its epoch and wish. */
static void stands(struct fake_link *link, const char *topic, int64_t epoch, enum kc_link_wish wish)
{
    struct link_mirror mirror = {0};
    ck_assert_ptr_null(link_mirror_load(&link->store, "moving", topic, &mirror));
    ck_assert_int_eq(mirror.order.epoch, epoch);
    ck_assert_int_eq(mirror.order.wish, wish);
    link_mirror_clear(&mirror);
}

static bool has(const struct link_outcome *outcome, const char *code, bool warning)
{
    for (size_t i = 0; i < outcome->blocker_count; i++)
        if (strcmp(outcome->blockers[i].code, code) == 0)
            return outcome->blockers[i].warning == warning;
    return false;
}

START_TEST(a_wish_becomes_an_order_of_a_larger_epoch)
{
    struct fake_link link;
    fake_link_new(&link);
    fake_topic(&link, "orders", KC_LINK_LINKING);
    ck_assert_int_eq(order(&link, "orders", KC_LINK_WISH_PROMOTE, &really)->status, 202);
    ck_assert_ptr_null(outcomes.items[0].message);
    ck_assert_int_eq(outcomes.items[0].predicted_ms, 500);
    stands(&link, "orders", 8, KC_LINK_WISH_PROMOTE);
    ck_assert_int_eq(link.store.puts, 1);
    fake_link_destroy(&link);
}
END_TEST

START_TEST(a_dry_run_writes_nothing)
{
    struct fake_link link;
    fake_link_new(&link);
    fake_topic(&link, "orders", KC_LINK_LINKING);
    ck_assert_int_eq(order(&link, "orders", KC_LINK_WISH_PROMOTE, &dry)->status, 200);
    link.live.source_error = "no route";
    ck_assert_int_eq(order(&link, "orders", KC_LINK_WISH_PROMOTE, &dry)->status, 409);
    ck_assert(has(&outcomes.items[0], "SOURCE_UNREACHABLE", false));
    ck_assert_int_eq(link.store.puts, 0);
    fake_link_destroy(&link);
}
END_TEST

START_TEST(unknown_topics_are_404)
{
    struct fake_link link;
    fake_link_new(&link);
    ck_assert_int_eq(order(&link, "nothing", KC_LINK_WISH_PAUSE, &really)->status, 404);
    ck_assert_ptr_nonnull(strstr(outcomes.items[0].message, "moving has no mirror topic nothing"));
    fake_link_destroy(&link);
}
END_TEST

START_TEST(what_is_under_way_is_said_and_not_ordered_again)
{
    struct fake_link link;
    fake_link_new(&link);
    fake_topic(&link, "orders", KC_LINK_LINKING);
    order(&link, "orders", KC_LINK_WISH_PROMOTE, &really);
    /* The task hasn't seen it yet. */
    ck_assert_int_eq(order(&link, "orders", KC_LINK_WISH_PROMOTE, &really)->status, 202);
    ck_assert_ptr_nonnull(strstr(outcomes.items[0].message, "by bob"));
    fake_state(&link, "orders", KC_LINK_PROMOTING, 8);
    ck_assert_int_eq(order(&link, "orders", KC_LINK_WISH_PROMOTE, &really)->status, 202);
    ck_assert_ptr_nonnull(strstr(outcomes.items[0].message, "orders is PROMOTING"));
    ck_assert_int_eq(order(&link, "orders", KC_LINK_WISH_PAUSE, &really)->status, 409);
    ck_assert(has(&outcomes.items[0], "WRONG_STATE", false));
    stands(&link, "orders", 8, KC_LINK_WISH_PROMOTE);
    ck_assert_int_eq(link.store.puts, 1);
    /* Force is more than was asked for. */
    ck_assert_int_eq(order(&link, "orders", KC_LINK_WISH_PROMOTE, &forced)->status, 202);
    stands(&link, "orders", 9, KC_LINK_WISH_PROMOTE);
    fake_state(&link, "orders", KC_LINK_PROMOTED, 9);
    ck_assert_int_eq(order(&link, "orders", KC_LINK_WISH_PROMOTE, &really)->status, 409);
    ck_assert(has(&outcomes.items[0], "ALREADY_PROMOTED", false));
    fake_link_destroy(&link);
}
END_TEST

/* Which wishes are for which state. */
START_TEST(wishes_fit_states)
{
    static const char *const fits[KC_LINK_TOPIC_STATES] = {
        /* link, pause, promote, failover, repair: o ordered, = under way, - refused */
        [KC_LINK_PENDING] = "=o-o-",     [KC_LINK_ALIGNING] = "=o---",
        [KC_LINK_LINKING] = "=ooo-",     [KC_LINK_PAUSED] = "o=-o-",
        [KC_LINK_PROMOTING] = "o-=o-",   [KC_LINK_PROMOTED] = "-----",
        [KC_LINK_FAILED_OVER] = "-----", [KC_LINK_SOURCE_UNAVAILABLE] = "=o-oo",
        [KC_LINK_DIVERGED] = "---oo",    [KC_LINK_FAILED] = "---oo",
    };
    for (int state = 0; state < KC_LINK_TOPIC_STATES; state++)
        for (int wish = 0; wish < KC_LINK_WISHES; wish++) {
            struct fake_link link;
            fake_link_new(&link);
            fake_topic(&link, "t", (enum kc_link_topic_state)state);
            const struct link_outcome *outcome =
                order(&link, "t", (enum kc_link_wish)wish, &really);
            char got = outcome->status == 409 ? '-' : outcome->message ? '=' : 'o';
            ck_assert_msg(got == fits[state][wish], "%s, %s: %c",
                          kc_link_topic_state_name((enum kc_link_topic_state)state),
                          kc_link_wish_name((enum kc_link_wish)wish), got);
            ck_assert_int_eq(link.store.puts, got == 'o');
            fake_link_destroy(&link);
        }
}
END_TEST

START_TEST(a_noisy_source_blocks_until_forced)
{
    struct fake_link link;
    fake_link_new(&link);
    fake_topic(&link, "orders", KC_LINK_LINKING);
    link.live.quiet_ms = 0;
    link.live.source_rate = 10;
    ck_assert_int_eq(order(&link, "orders", KC_LINK_WISH_PROMOTE, &really)->status, 409);
    ck_assert(has(&outcomes.items[0], "SOURCE_NOT_QUIET", false));
    ck_assert_ptr_nonnull(strstr(outcomes.items[0].message, "Stop the producers"));
    ck_assert_int_eq(order(&link, "orders", KC_LINK_WISH_PROMOTE, &forced)->status, 202);
    ck_assert(has(&outcomes.items[0], "SOURCE_NOT_QUIET", true));
    fake_link_destroy(&link);
}
END_TEST

START_TEST(a_gateway_holds_the_writes_unless_it_has_crashed)
{
    struct fake_link link;
    const struct kc_link_gateway record = {
        .address = (char *)"gate:9192", .epoch = 1, .duration_ms = 1000};
    fake_link_new(&link);
    fake_topic(&link, "orders", KC_LINK_LINKING);
    fake_set(&link.store, KC_LINK_GATEWAY, "g1", kc_link_gateway_json(&record));
    link.live.quiet_ms = 0;
    link.live.source_rate = 10;
    fake_find(&link.store, KC_LINK_GATEWAY, "g1")->age_ms = 1499;
    ck_assert_int_eq(order(&link, "orders", KC_LINK_WISH_PROMOTE, &dry)->status, 200);
    ck_assert_uint_eq(outcomes.items[0].blocker_count, 0);
    fake_find(&link.store, KC_LINK_GATEWAY, "g1")->age_ms = 1500;
    ck_assert_int_eq(order(&link, "orders", KC_LINK_WISH_PROMOTE, &dry)->status, 409);
    ck_assert(has(&outcomes.items[0], "SOURCE_NOT_QUIET", false));
    fake_link_destroy(&link);
}
END_TEST

START_TEST(lag_gives_the_predicted_time)
{
    struct fake_link link;
    fake_link_new(&link);
    fake_topic(&link, "orders", KC_LINK_LINKING);
    link.live.target_end = 50; /* of two partitions */
    link.live.target_rate = 100;
    ck_assert_int_eq(order(&link, "orders", KC_LINK_WISH_PROMOTE, &dry)->status, 200);
    ck_assert_int_eq(outcomes.items[0].predicted_ms, 1500);
    const struct link_request short_pause = {.by = "bob", .dry_run = true, .max_pause_ms = 1000};
    order(&link, "orders", KC_LINK_WISH_PROMOTE, &short_pause);
    ck_assert(has(&outcomes.items[0], "PAUSE_TOO_LONG", false));
    link.live.target_rate = 0;
    order(&link, "orders", KC_LINK_WISH_PROMOTE, &dry);
    ck_assert(has(&outcomes.items[0], "LAGGING", false));
    fake_link_destroy(&link);
}
END_TEST

START_TEST(open_transactions_and_translation_are_named)
{
    struct fake_link link;
    fake_link_new(&link);
    fake_topic(&link, "orders", KC_LINK_LINKING);
    struct kc_link_topic state = {.state = KC_LINK_LINKING,
                                  .order_epoch = 7,
                                  .partitions = 2,
                                  .offsets = KC_LINK_TRANSLATE,
                                  .reason = (char *)"gaps",
                                  .lane = (char *)"raw"};
    const struct kc_link_topic_order gives_up = {.epoch = 7,
                                                 .source_topic = (char *)"orders",
                                                 .partitions = 2,
                                                 .offsets = KC_LINK_TRANSLATE,
                                                 .gaps = KC_LINK_GAPS_TRANSLATE,
                                                 .by = (char *)"ann"};
    fake_set(&link.store, KC_LINK_TOPIC_ORDER, "orders", kc_link_topic_order_json(&gives_up));
    fake_set(&link.store, KC_LINK_TOPIC, "orders", kc_link_topic_json(&state));
    link.live.source_stable = 90;
    order(&link, "orders", KC_LINK_WISH_PROMOTE, &dry);
    ck_assert(has(&outcomes.items[0], "HANGING_TRANSACTION", false));
    ck_assert(has(&outcomes.items[0], "NOT_PRESERVED", true));
    /* What is behind a transaction lags; who reads only the message learns the cause. */
    link.live.target_end = 90;
    link.live.target_rate = 0;
    ck_assert_int_eq(order(&link, "orders", KC_LINK_WISH_PROMOTE, &dry)->status, 409);
    ck_assert(has(&outcomes.items[0], "LAGGING", false));
    ck_assert_ptr_nonnull(strstr(outcomes.items[0].message, "A transaction is open"));
    fake_link_destroy(&link);
}
END_TEST

static int gets;

/* Ann orders a pause while bob's promotion is being checked. */
static void ann_is_faster(void *arg)
{
    struct link_store *store = arg;
    struct fake_link *link = (struct fake_link *)arg; /* the store is its first member */
    if (++gets != 3)
        return;
    store->before_get = NULL;
    fake_order(link, "orders", KC_LINK_WISH_PAUSE, 8);
}

START_TEST(of_two_people_at_once_one_is_told)
{
    struct fake_link link;
    fake_link_new(&link);
    fake_topic(&link, "orders", KC_LINK_LINKING);
    gets = 0;
    link.store.before_get = ann_is_faster;
    ck_assert_int_eq(order(&link, "orders", KC_LINK_WISH_FAILOVER, &really)->status, 409);
    ck_assert_ptr_nonnull(
        strstr(outcomes.items[0].message, "Somebody else (ann) has ordered pause"));
    stands(&link, "orders", 8, KC_LINK_WISH_PAUSE);
    ck_assert_int_eq(link.store.puts, 0);
    fake_link_destroy(&link);
}
END_TEST

START_TEST(a_store_that_fails_is_an_error)
{
    struct fake_link link;
    struct kc_strings names = {0};
    fake_link_new(&link);
    fake_topic(&link, "orders", KC_LINK_LINKING);
    link.store.fails = kc_error_retriable_new(KC_ERR_TIMEOUT, "no broker");
    kc_strings_add(&names, "orders");
    link_outcomes_clear(&outcomes);
    struct kc_error *err =
        link_order_topics(&link.control, &names, KC_LINK_WISH_PAUSE, &really, &outcomes);
    ck_assert_ptr_nonnull(strstr(kc_error_text(err), "The orders can't be stored: no broker"));
    kc_error_destroy(err);
    kc_strings_destroy(&names);
    fake_link_destroy(&link);
}
END_TEST

START_TEST(many_topics_take_one_write)
{
    struct fake_link link;
    struct kc_strings names = {0};
    fake_link_new(&link);
    for (int i = 0; i < 20; i++) {
        char *name = kc_asprintf("t%02d", i);
        fake_topic(&link, name, i % 2 ? KC_LINK_LINKING : KC_LINK_PROMOTED);
        kc_strings_take(&names, name);
    }
    link_outcomes_clear(&outcomes);
    ck_assert_ptr_null(
        link_order_topics(&link.control, &names, KC_LINK_WISH_PROMOTE, &really, &outcomes));
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(outcomes.items[i].status, i % 2 ? 202 : 409);
    ck_assert_int_eq(link.store.puts, 1);
    kc_strings_destroy(&names);
    fake_link_destroy(&link);
}
END_TEST

START_TEST(many_mirrorings_end_by_one_write)
{
    struct fake_link link;
    struct kc_strings names = {0};
    fake_link_new(&link);
    for (int i = 0; i < 20; i++) {
        char *name = kc_asprintf("t%02d", i);
        fake_topic(&link, name, KC_LINK_LINKING);
        kc_strings_take(&names, name);
    }
    ck_assert_ptr_null(link_forget_topics(&link.control, &names));
    for (int i = 0; i < 20; i++) {
        ck_assert_ptr_null(fake_find(&link.store, KC_LINK_TOPIC_ORDER, names.items[i])->value);
        ck_assert_ptr_null(fake_find(&link.store, KC_LINK_TOPIC, names.items[i])->value);
    }
    ck_assert_int_eq(link.store.puts, 1);
    fake_topic(&link, "t07", KC_LINK_PROMOTING); /* of some, one may not end */
    names.count = 8;
    struct kc_error *err = link_forget_topics(&link.control, &names);
    ck_assert_ptr_nonnull(err);
    kc_error_destroy(err);
    ck_assert_ptr_nonnull(fake_find(&link.store, KC_LINK_TOPIC, "t07")->value);
    names.count = 20;
    kc_strings_destroy(&names);
    fake_link_destroy(&link);
}
END_TEST

START_TEST(a_mirroring_ends_unless_it_would_begin_again)
{
    struct fake_link link;
    fake_link_new(&link);
    fake_topic(&link, "orders", KC_LINK_LINKING);
    ck_assert_ptr_null(link_forget_topic(&link.control, "orders"));
    struct kc_error *err = link_forget_topic(&link.control, "orders");
    ck_assert_int_eq(kc_error_code(err), KC_ERR_NOT_FOUND);
    kc_error_clear(&err);
    fake_topic(&link, "orders", KC_LINK_PROMOTING);
    err = link_forget_topic(&link.control, "orders");
    ck_assert_int_eq(kc_error_code(err), KC_ERR_CONFLICT);
    kc_error_clear(&err);
    fake_link_destroy(&link);
}
END_TEST

/* Records that somebody else wrote: nothing but the end of the mirroring leads out of them. */
START_TEST(what_is_damaged_can_be_ended)
{
    struct fake_link link;
    fake_link_new(&link);
    fake_set(&link.store, KC_LINK_TOPIC_ORDER, "junk", json_array());
    fake_topic(&link, "orders", KC_LINK_LINKING);
    fake_set(&link.store, KC_LINK_TOPIC, "orders", json_string("junk"));
    fake_set(&link.store, KC_LINK_GROUP_ORDER, "readers", json_integer(1));
    fake_set(&link.store, KC_LINK_GROUP, "readers", json_object());
    ck_assert_int_eq(order(&link, "junk", KC_LINK_WISH_PAUSE, &really)->status, 500);
    ck_assert_ptr_nonnull(
        strstr(outcomes.items[0].message, "Delete the mirror and create it anew"));
    ck_assert_ptr_null(link_forget_topic(&link.control, "junk"));
    ck_assert_ptr_null(fake_find(&link.store, KC_LINK_TOPIC_ORDER, "junk")->value);
    ck_assert_ptr_null(link_forget_group(&link.control, "readers"));
    ck_assert_ptr_null(fake_find(&link.store, KC_LINK_GROUP_ORDER, "readers")->value);
    /* The task deletes it, once it has let go of the group. */
    ck_assert_ptr_nonnull(fake_find(&link.store, KC_LINK_GROUP, "readers")->value);
    ck_assert_ptr_null(link_end(&link.control));
    ck_assert_ptr_null(fake_find(&link.store, KC_LINK_TOPIC_ORDER, "orders")->value);
    ck_assert_ptr_null(fake_find(&link.store, KC_LINK_TOPIC, "orders")->value);
    fake_link_destroy(&link);
}
END_TEST

START_TEST(a_link_ends_when_nothing_is_being_promoted)
{
    struct fake_link link;
    const struct kc_strings none = {0};
    fake_link_new(&link);
    fake_topic(&link, "bills", KC_LINK_PROMOTED);
    fake_topic(&link, "orders", KC_LINK_PROMOTING);
    fake_set(&link.store, KC_LINK_GROUP_ORDER, "readers", json_object());
    fake_set(&link.store, KC_LINK_GROUP, "readers", json_object());
    fake_set(&link.store, KC_LINK_GUARD, "orders",
             json_pack("{s:[], s:s}", "denied", "reason", ""));
    struct kc_error *err = link_end(&link.control);
    ck_assert_int_eq(kc_error_code(err), KC_ERR_CONFLICT);
    kc_error_clear(&err);
    ck_assert(!atomic_load(&link.control.ended));
    fake_topic(&link, "orders", KC_LINK_LINKING);
    ck_assert_ptr_null(link_end(&link.control));
    ck_assert_ptr_null(fake_find(&link.store, KC_LINK_TOPIC_ORDER, "orders")->value);
    ck_assert_ptr_null(fake_find(&link.store, KC_LINK_TOPIC_ORDER, "bills")->value);
    ck_assert_ptr_null(fake_find(&link.store, KC_LINK_GROUP_ORDER, "readers")->value);
    ck_assert_ptr_null(fake_find(&link.store, KC_LINK_GUARD, "orders")->value);
    ck_assert_ptr_nonnull(fake_find(&link.store, KC_LINK_GROUP, "readers")->value);
    err = link_create_topics(&link.control, &none, &really, &outcomes);
    ck_assert_int_eq(kc_error_code(err), KC_ERR_CONFLICT);
    kc_error_clear(&err);
    err = link_create_groups(&link.control, &none, &really, &outcomes);
    ck_assert_int_eq(kc_error_code(err), KC_ERR_CONFLICT);
    kc_error_clear(&err);
    ck_assert_ptr_null(link_end(&link.control));
    fake_link_destroy(&link);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("link_orders");
    TCase *cases = tcase_create("all");
    tcase_set_timeout(cases, 30);
    tcase_add_test(cases, a_wish_becomes_an_order_of_a_larger_epoch);
    tcase_add_test(cases, a_dry_run_writes_nothing);
    tcase_add_test(cases, unknown_topics_are_404);
    tcase_add_test(cases, what_is_under_way_is_said_and_not_ordered_again);
    tcase_add_test(cases, wishes_fit_states);
    tcase_add_test(cases, a_noisy_source_blocks_until_forced);
    tcase_add_test(cases, a_gateway_holds_the_writes_unless_it_has_crashed);
    tcase_add_test(cases, lag_gives_the_predicted_time);
    tcase_add_test(cases, open_transactions_and_translation_are_named);
    tcase_add_test(cases, of_two_people_at_once_one_is_told);
    tcase_add_test(cases, a_store_that_fails_is_an_error);
    tcase_add_test(cases, many_topics_take_one_write);
    tcase_add_test(cases, many_mirrorings_end_by_one_write);
    tcase_add_test(cases, a_mirroring_ends_unless_it_would_begin_again);
    tcase_add_test(cases, what_is_damaged_can_be_ended);
    tcase_add_test(cases, a_link_ends_when_nothing_is_being_promoted);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
