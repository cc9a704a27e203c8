/* SPDX-License-Identifier: Apache-2.0 */
/* Waves: their manifests, what mustn't be parted, and how they go on step by step. */
#include "link_fakes.h"

#include "link/link_propose_priv.h"
#include "link/link_wave_priv.h"
#include "link/link_writers_priv.h"

static void store_group(struct fake_link *link, const char *group, enum kc_link_group_state state)
{
    struct kc_link_group_order order = {
        .epoch = 3, .source_group = (char *)group, .by = (char *)"ann"};
    struct kc_link_group value = {
        .state = state, .order_epoch = 3, .reason = (char *)"members are there"};
    fake_set(&link->store, KC_LINK_GROUP_ORDER, group, kc_link_group_order_json(&order));
    fake_set(&link->store, KC_LINK_GROUP, group, kc_link_group_json(&value));
}

static void store_wave(struct fake_link *link, const char *text)
{
    struct kc_link_wave wave;
    char *name = NULL;
    bool dry_run = false;
    json_t *body = json_loads(text, 0, NULL);
    struct kc_error *err = link_wave_parse(body, &name, &wave, &dry_run);
    ck_assert_msg(!err, "%s", err ? kc_error_text(err) : "");
    ck_assert_ptr_null(link_wave_save(&link->control, name, &wave));
    kc_link_wave_clear(&wave);
    free(name);
    json_decref(body);
}

static void is_now(struct fake_link *link, enum kc_link_wave_state state, int done,
                   const char *reason)
{
    struct kc_link_wave wave = {0};
    ck_assert_ptr_null(link_wave_load(&link->control, "w", &wave));
    ck_assert_msg(wave.state == state && wave.done == done && strstr(wave.reason, reason),
                  "%s, %d: %s", kc_link_wave_state_name(wave.state), (int)wave.done, wave.reason);
    kc_link_wave_clear(&wave);
}

static enum kc_link_wish wish_of(struct fake_link *link, const char *topic)
{
    struct link_mirror mirror = {0};
    ck_assert_ptr_null(link_mirror_load(&link->store, "moving", topic, &mirror));
    enum kc_link_wish wish = mirror.order.wish;
    link_mirror_clear(&mirror);
    return wish;
}

static const struct link_request people = {.by = "rest"};

START_TEST(a_wave_moves_batch_after_batch)
{
    struct fake_link link;
    fake_link_new(&link);
    fake_topic(&link, "a", KC_LINK_LINKING);
    fake_topic(&link, "b", KC_LINK_LINKING);
    fake_topic(&link, "c", KC_LINK_LINKING);
    store_wave(&link, "{\"wave_name\":\"w\",\"batches\":[{\"topics\":[\"a\",\"b\"]},"
                      "{\"topics\":[\"c\"]}]}");
    ck_assert_ptr_null(link_waves_step(&link.control));
    is_now(&link, KC_LINK_WAVE_PLANNED, 0, "Not started");
    ck_assert_ptr_null(link_wave_move(&link.control, "w", KC_LINK_WAVE_RUNNING, &people));
    ck_assert_ptr_null(link_waves_step(&link.control));
    is_now(&link, KC_LINK_WAVE_RUNNING, 0, "a is being promoted");
    ck_assert_int_eq(wish_of(&link, "a"), KC_LINK_WISH_PROMOTE);
    ck_assert_int_eq(wish_of(&link, "b"), KC_LINK_WISH_PROMOTE);
    ck_assert_int_eq(wish_of(&link, "c"), KC_LINK_WISH_LINK);
    fake_state(&link, "a", KC_LINK_PROMOTED, 8);
    ck_assert_ptr_null(link_waves_step(&link.control));
    is_now(&link, KC_LINK_WAVE_RUNNING, 0, "b is being promoted");
    fake_state(&link, "b", KC_LINK_PROMOTED, 8);
    ck_assert_ptr_null(link_waves_step(&link.control));
    is_now(&link, KC_LINK_WAVE_RUNNING, 1, "1 of 2");
    ck_assert_ptr_null(link_waves_step(&link.control));
    ck_assert_int_eq(wish_of(&link, "c"), KC_LINK_WISH_PROMOTE);
    fake_state(&link, "c", KC_LINK_PROMOTED, 8);
    ck_assert_ptr_null(link_waves_step(&link.control));
    is_now(&link, KC_LINK_WAVE_DONE, 2, "");
    fake_link_destroy(&link);
}
END_TEST

START_TEST(a_batch_moves_whole_or_not_at_all)
{
    struct fake_link link;
    fake_link_new(&link);
    fake_topic(&link, "a", KC_LINK_LINKING);
    fake_topic(&link, "b", KC_LINK_ALIGNING);
    store_wave(&link, "{\"wave_name\":\"w\",\"batches\":[{\"topics\":[\"a\",\"b\"]}]}");
    ck_assert_ptr_null(link_wave_move(&link.control, "w", KC_LINK_WAVE_RUNNING, &people));
    ck_assert_ptr_null(link_waves_step(&link.control));
    is_now(&link, KC_LINK_WAVE_RUNNING, 0, "b is ALIGNING");
    ck_assert_int_eq(wish_of(&link, "a"), KC_LINK_WISH_LINK);
    fake_topic(&link, "b", KC_LINK_DIVERGED);
    ck_assert_ptr_null(link_waves_step(&link.control));
    is_now(&link, KC_LINK_WAVE_STOPPED, 0, "b is DIVERGED");
    /* It goes on where it was. */
    fake_topic(&link, "b", KC_LINK_LINKING);
    ck_assert_ptr_null(link_wave_move(&link.control, "w", KC_LINK_WAVE_RUNNING, &people));
    ck_assert_ptr_null(link_waves_step(&link.control));
    ck_assert_int_eq(wish_of(&link, "a"), KC_LINK_WISH_PROMOTE);
    fake_link_destroy(&link);
}
END_TEST

START_TEST(topics_wait_for_their_groups)
{
    struct fake_link link;
    fake_link_new(&link);
    fake_topic(&link, "a", KC_LINK_LINKING);
    store_group(&link, "g", KC_LINK_REGISTERED);
    store_wave(&link,
               "{\"wave_name\":\"w\",\"batches\":[{\"topics\":[\"a\"],\"groups\":[\"g\"]}]}");
    ck_assert_ptr_null(link_wave_move(&link.control, "w", KC_LINK_WAVE_RUNNING, &people));
    ck_assert_ptr_null(link_waves_step(&link.control));
    is_now(&link, KC_LINK_WAVE_RUNNING, 0, "Group g is REGISTERED: members are there");
    ck_assert_int_eq(wish_of(&link, "a"), KC_LINK_WISH_LINK);
    store_group(&link, "g", KC_LINK_GROUP_PROMOTED);
    ck_assert_ptr_null(link_waves_step(&link.control));
    ck_assert_int_eq(wish_of(&link, "a"), KC_LINK_WISH_PROMOTE);
    fake_link_destroy(&link);
}
END_TEST

START_TEST(a_noisy_source_is_waited_for)
{
    struct fake_link link;
    fake_link_new(&link);
    link.live.quiet_ms = 0;
    link.live.source_rate = 5;
    fake_topic(&link, "a", KC_LINK_LINKING);
    store_wave(&link, "{\"wave_name\":\"w\",\"batches\":[{\"topics\":[\"a\"]}]}");
    ck_assert_ptr_null(link_wave_move(&link.control, "w", KC_LINK_WAVE_RUNNING, &people));
    ck_assert_ptr_null(link_waves_step(&link.control));
    is_now(&link, KC_LINK_WAVE_RUNNING, 0, "Something writes to a");
    struct kc_error *err = link_wave_move(&link.control, "w", KC_LINK_WAVE_RUNNING, &people);
    ck_assert_int_eq(kc_error_code(err), KC_ERR_CONFLICT);
    kc_error_destroy(err);
    ck_assert_ptr_null(link_wave_move(&link.control, "w", KC_LINK_WAVE_STOPPED, &people));
    fake_link_destroy(&link);
}
END_TEST

static void refuses(const char *text, const char *part)
{
    struct kc_link_wave wave;
    char *name = NULL;
    bool dry_run = false;
    json_t *body = json_loads(text, JSON_DECODE_ANY, NULL);
    ck_assert_ptr_nonnull(body);
    struct kc_error *err = link_wave_parse(body, &name, &wave, &dry_run);
    ck_assert_msg(err && strstr(kc_error_text(err), part), "%s: %s", text,
                  err ? kc_error_text(err) : "taken");
    ck_assert_ptr_null(name);
    kc_error_destroy(err);
    json_decref(body);
}

START_TEST(wrong_manifests_are_named)
{
    refuses("[]", "must be an object");
    refuses("{}", "wave_name: is missing");
    refuses("{\"wave_name\":\"a/b\"}", "wave_name:");
    refuses("{\"wave_name\":\"w\"}", "batches: is missing");
    refuses("{\"wave_name\":\"w\",\"batches\":{}}", "batches: must be");
    refuses("{\"wave_name\":\"w\",\"batches\":[]}", "batches: must be");
    refuses("{\"wave_name\":\"w\",\"batches\":[7]}", "batches[0]: must be");
    refuses("{\"wave_name\":\"w\",\"batches\":[{}]}", "names neither");
    refuses("{\"wave_name\":\"w\",\"batches\":[{\"topic\":[\"a\"]}]}", "batches[0].topic:");
    refuses("{\"wave_name\":\"w\",\"batches\":[{\"topics\":\"a\"}]}", "batches[0].topics:");
    refuses("{\"wave_name\":\"w\",\"batches\":[{\"topics\":[\"a\"]},{\"topics\":[\"a\"]}]}",
            "batches[1].topics[0]: a stands in the wave twice");
    refuses("{\"wave_name\":\"w\",\"batches\":[{\"topics\":[\"a\"]}],\"force\":1}", "force:");
    refuses("{\"wave_name\":\"w\",\"batches\":[{\"topics\":[\"a\"]}],\"max_pause_ms\":-1}",
            "max_pause_ms:");
    refuses("{\"wave_name\":\"w\",\"batches\":[{\"topics\":[\"a\"]}],"
            "\"max_pause_ms\":9223372036854775807}",
            "max_pause_ms:");
    refuses("{\"wave_name\":\"w\",\"batches\":[{\"topics\":[\"a\"]}],\"x\":1}", "x: a wave has no");
}
END_TEST

START_TEST(what_one_writes_isnt_parted)
{
    struct fake_link link;
    struct link_writers writers = {0};
    struct link_outcomes outcomes = {0};
    struct kc_link_wave wave;
    char *name = NULL;
    bool dry_run = false;
    fake_link_new(&link);
    link_writers_add(&writers, "pay", false, "a");
    link_writers_add(&writers, "pay", false, "b");
    link_writers_add(&writers, "pay", false, "b");
    link_writers_add(&writers, "single", false, "c");
    link_writers_settle(&writers);
    ck_assert_uint_eq(writers.count, 1);
    ck_assert_uint_eq(writers.items[0].topics.count, 2);
    json_t *body = json_loads("{\"wave_name\":\"w\",\"batches\":[{\"topics\":[\"a\"]},"
                              "{\"topics\":[\"b\"]}]}",
                              0, NULL);
    ck_assert_ptr_null(link_wave_parse(body, &name, &wave, &dry_run));
    struct link_outcome *outcome = link_outcomes_add(&outcomes, "w");
    link_writers_block(link.config, &writers, &wave, outcome);
    ck_assert_uint_eq(outcome->blocker_count, 1);
    ck_assert_str_eq(outcome->blockers[0].code, "SPLIT_TRANSACTION");
    ck_assert(!outcome->blockers[0].warning);
    json_decref(body);
    free(name);
    kc_link_wave_clear(&wave);
    link_outcomes_clear(&outcomes);
    link_writers_clear(&writers);
    fake_link_destroy(&link);
}
END_TEST

START_TEST(streams_topics_are_known_by_their_names)
{
    ck_assert(link_is_streams_topic("app-KSTREAM-AGGREGATE-STATE-STORE-1-changelog", "app"));
    ck_assert(link_is_streams_topic("app-x-repartition", "app"));
    ck_assert(!link_is_streams_topic("app2-x-changelog", "app"));
    ck_assert(!link_is_streams_topic("app-changes", "app"));
    ck_assert(!link_is_streams_topic("app", "app"));
}
END_TEST

START_TEST(proposals_keep_sets_together_and_begin_small)
{
    struct fake_link link;
    struct link_mirrors mirrors = {0};
    struct link_writers writers = {0};
    size_t parents[8], batches[8];
    fake_link_new(&link);
    static const char *const names[] = {"a", "b", "c", "d", "e"};
    for (size_t i = 0; i < 5; i++)
        fake_topic(&link, names[i], KC_LINK_LINKING);
    link_mirrors_load(&link.control, NULL, &mirrors);
    link_mirrors_look(&link.control, &mirrors, false);
    for (size_t i = 0; i < 5; i++)
        mirrors.look.topics[i].items[0].source_end = (int64_t)(1000 - 100 * i);
    link_writers_add(&writers, "pay", false, "a");
    link_writers_add(&writers, "pay", false, "c");
    link_writers_add(&writers, "bill", false, "c");
    link_writers_add(&writers, "bill", false, "d");
    link_sets_join(parents, &mirrors, &writers);
    ck_assert_uint_eq(link_sets_root(parents, 0), link_sets_root(parents, 3));
    ck_assert_uint_ne(link_sets_root(parents, 0), link_sets_root(parents, 1));
    ck_assert_uint_eq(link_sets_batches(&mirrors, parents, 2, batches), 2);
    ck_assert_uint_eq(batches[4], 0); /* the smallest */
    ck_assert_uint_eq(batches[1], 0);
    ck_assert_uint_eq(batches[0], 1);
    ck_assert_uint_eq(batches[2], 1);
    ck_assert_uint_eq(batches[3], 1);
    link_writers_clear(&writers);
    link_mirrors_clear(&mirrors);
    fake_link_destroy(&link);
}
END_TEST

/* Topics a and b: 100 records in each of two partitions, of 10 bytes; 30 are missing in each. */
START_TEST(a_batch_is_as_large_as_its_topics)
{
    struct fake_link link;
    struct link_mirrors mirrors = {0};
    struct link_batch_size size;
    const size_t batches[] = {0, 0, 1};
    fake_link_new(&link);
    link.live.target_end = 70;
    link.live.source_rate = 5;
    static const char *const names[] = {"a", "b", "c"};
    for (size_t i = 0; i < 3; i++)
        fake_topic(&link, names[i], KC_LINK_LINKING);
    link_mirrors_load(&link.control, NULL, &mirrors);
    link_mirrors_look(&link.control, &mirrors, false);
    struct link_lags *b = &mirrors.look.topics[1], *c = &mirrors.look.topics[2];
    c->items[0].source_start = 40;
    link_batch_measure(&mirrors, batches, 0, &size);
    ck_assert_int_eq(size.records, 400);
    ck_assert_int_eq(size.bytes, 4000);
    ck_assert_int_eq(size.lag, 120);
    ck_assert_int_eq(size.lag_bytes, 1200);
    ck_assert_double_eq_tol(size.records_per_second, 10, 0.01);
    link_batch_measure(&mirrors, batches, 1, &size);
    ck_assert_int_eq(size.records, 160);
    ck_assert_int_eq(size.bytes, 1600);
    /* What isn't known of one topic isn't known of the batch. */
    b->record_bytes = -1;
    link_batch_measure(&mirrors, batches, 0, &size);
    ck_assert_int_eq(size.bytes, -1);
    ck_assert_int_eq(size.lag_bytes, -1);
    ck_assert_int_eq(size.lag, 120);
    /* Of an empty topic it is. */
    for (size_t k = 0; k < b->count; k++)
        b->items[k].source_end = b->items[k].lag = 0;
    b->lag = 0;
    link_batch_measure(&mirrors, batches, 0, &size);
    ck_assert_int_eq(size.bytes, 2000);
    ck_assert_int_eq(size.lag_bytes, 600);
    b->lag = -1;
    link_batch_measure(&mirrors, batches, 0, &size);
    ck_assert_int_eq(size.lag, -1);
    ck_assert_int_eq(size.lag_bytes, -1);
    link_mirrors_clear(&mirrors);
    fake_link_destroy(&link);
}
END_TEST

START_TEST(missing_rights_are_found)
{
    struct kc_acl at_source[] = {
        {0, RD_KAFKA_RESOURCE_PATTERN_PREFIXED, (char *)"or", (char *)"User:a", (char *)"*",
         RD_KAFKA_ACL_OPERATION_WRITE, RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW},
        {0, RD_KAFKA_RESOURCE_PATTERN_LITERAL, (char *)"orders", (char *)"User:b", (char *)"*",
         RD_KAFKA_ACL_OPERATION_READ, RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW},
        {0, RD_KAFKA_RESOURCE_PATTERN_LITERAL, (char *)"orders", (char *)"User:c", (char *)"*",
         RD_KAFKA_ACL_OPERATION_DESCRIBE, RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW}};
    struct kc_acl at_target[] = {{0, RD_KAFKA_RESOURCE_PATTERN_LITERAL, (char *)"*",
                                  (char *)"User:b", (char *)"*", RD_KAFKA_ACL_OPERATION_ALL,
                                  RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW}};
    const struct kc_acls source = {at_source, 3}, target = {at_target, 1};
    const struct link_mirror mirror = {.name = (char *)"orders",
                                       .order = {.source_topic = (char *)"orders"}};
    struct link_rights_gaps gaps = {0};
    link_rights_gaps_find(&mirror, 1, &source, &target, &gaps);
    ck_assert_uint_eq(gaps.found.count, 1);
    ck_assert_str_eq(gaps.found.items[0].principal, "User:a");
    ck_assert_str_eq(gaps.found.items[0].operation, "WRITE");
    link_rights_gaps_clear(&gaps);
}
END_TEST

START_TEST(users_that_the_target_lacks)
{
    struct kc_strings source = {0}, target = {0};
    struct link_rights_gaps gaps = {0};
    kc_strings_add(&source, "ann (SCRAM-SHA-256)");
    kc_strings_add(&source, "bob (SCRAM-SHA-512)");
    kc_strings_add(&target, "ann (SCRAM-SHA-256)");
    kc_strings_add(&target, "bob (SCRAM-SHA-256)");
    link_scram_gaps_find(&source, &target, &gaps);
    ck_assert_uint_eq(gaps.users.count, 1);
    ck_assert_str_eq(gaps.users.items[0], "bob (SCRAM-SHA-512)");
    link_rights_gaps_clear(&gaps);
    kc_strings_destroy(&source);
    kc_strings_destroy(&target);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("link_wave");
    TCase *cases = tcase_create("all");
    tcase_set_timeout(cases, 30);
    tcase_add_test(cases, a_wave_moves_batch_after_batch);
    tcase_add_test(cases, a_batch_moves_whole_or_not_at_all);
    tcase_add_test(cases, topics_wait_for_their_groups);
    tcase_add_test(cases, a_noisy_source_is_waited_for);
    tcase_add_test(cases, wrong_manifests_are_named);
    tcase_add_test(cases, what_one_writes_isnt_parted);
    tcase_add_test(cases, streams_topics_are_known_by_their_names);
    tcase_add_test(cases, proposals_keep_sets_together_and_begin_small);
    tcase_add_test(cases, a_batch_is_as_large_as_its_topics);
    tcase_add_test(cases, missing_rights_are_found);
    tcase_add_test(cases, users_that_the_target_lacks);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
