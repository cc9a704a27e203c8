/* SPDX-License-Identifier: Apache-2.0 */
/* What REST shows of mirror topics, groups and links, made of records of the state topic. */
#include "link_fakes.h"

#include "connect/java_json.h"
#include "link/link_alias_priv.h"
#include "link/link_parts_priv.h"
#include "link/link_resource_priv.h"
#include "link/link_view_priv.h"

/* Takes view; the member's JSON text must be this. */
static void has(const json_t *view, const char *member, const char *expected)
{
    char *text = kc_json_print(json_object_get(view, member), KC_JSON_AS_IS);
    ck_assert_msg(strcmp(text, expected) == 0, "%s: %s", member, text);
    free(text);
}

static json_t *view_topic(struct fake_link *link, const char *topic, bool look)
{
    struct link_mirrors mirrors = {.items = kc_calloc(1, sizeof(*mirrors.items)), .count = 1};
    ck_assert_ptr_null(link_mirror_load(&link->store, "moving", topic, &mirrors.items[0]));
    if (look)
        link_mirrors_look(&link->control, &mirrors, false);
    json_t *view = link_view_mirror(link->config, &mirrors.items[0],
                                    look ? &mirrors.look.topics[0] : NULL, NULL);
    link_mirrors_clear(&mirrors);
    ck_assert_ptr_nonnull(view);
    return view;
}

START_TEST(a_mirror_topic_with_its_lags)
{
    struct fake_link link;
    fake_link_new(&link);
    fake_topic(&link, "orders", KC_LINK_LINKING);
    link.live.target_end = 75;
    link.live.target_rate = 10;
    json_t *view = view_topic(&link, "orders", true);
    has(view, "link_name", "\"moving\"");
    has(view, "mirror_topic_name", "\"orders\"");
    has(view, "source_topic_name", "\"orders\"");
    has(view, "num_partitions", "2");
    has(view, "mirror_status", "\"LINKING\"");
    has(view, "reason", "\"because\"");
    has(view, "offsets", "\"preserve\"");
    has(view, "lane", "\"raw\"");
    has(view, "mirror_topic_error", "\"NO_ERROR\"");
    has(view, "lag", "50");
    has(view, "max_per_partition_mirror_lag", "25");
    has(view, "progress", "0.75");
    has(view, "eta_ms", "5000");
    has(view, "subscribed_groups", "null");
    has(json_array_get(json_object_get(view, "mirror_lags"), 1), "partition", "1");
    has(json_array_get(json_object_get(view, "mirror_lags"), 1), "lag_bytes", "250");
    has(json_array_get(json_object_get(view, "mirror_lags"), 1), "lag_ms", "null");
    has(json_array_get(json_object_get(view, "mirror_lags"), 1), "last_source_fetch_offset", "74");
    json_decref(view);
    fake_link_destroy(&link);
}
END_TEST

START_TEST(what_is_not_known_is_null)
{
    struct fake_link link;
    fake_link_new(&link);
    fake_order(&link, "orders", KC_LINK_WISH_LINK, 1); /* no task has seen it */
    json_t *view = view_topic(&link, "orders", false);
    has(view, "mirror_status", "\"PENDING\"");
    has(view, "reason", "\"\"");
    has(view, "mirror_lags", "[]");
    has(view, "lag", "null");
    has(view, "progress", "null");
    has(view, "eta_ms", "null");
    json_decref(view);
    fake_link_destroy(&link);
}
END_TEST

START_TEST(a_refused_topic_says_why)
{
    struct fake_link link;
    fake_link_new(&link);
    struct kc_link_topic_order order = {.epoch = 1,
                                        .source_topic = (char *)"orders",
                                        .refusal = (char *)"TARGET_NOT_EMPTY: it has records",
                                        .by = (char *)"x"};
    fake_set(&link.store, KC_LINK_TOPIC_ORDER, "orders", kc_link_topic_order_json(&order));
    json_t *view = view_topic(&link, "orders", false);
    has(view, "mirror_status", "\"FAILED\"");
    has(view, "reason", "\"TARGET_NOT_EMPTY: it has records\"");
    json_decref(view);
    fake_link_destroy(&link);
}
END_TEST

START_TEST(damaged_records_are_left_out_of_lists)
{
    struct fake_link link;
    struct link_mirrors mirrors = {0};
    fake_link_new(&link);
    fake_topic(&link, "a", KC_LINK_LINKING);
    fake_topic(&link, "b", KC_LINK_PAUSED);
    fake_set(&link.store, KC_LINK_TOPIC_ORDER, "c", json_string("x"));
    link_mirrors_load(&link.control, NULL, &mirrors);
    ck_assert_uint_eq(mirrors.count, 2);
    link_mirrors_clear(&mirrors);
    enum kc_link_topic_state state = KC_LINK_PAUSED;
    link_mirrors_load(&link.control, &state, &mirrors);
    ck_assert_uint_eq(mirrors.count, 1);
    ck_assert_str_eq(mirrors.items[0].name, "b");
    link_mirrors_clear(&mirrors);
    struct link_mirror mirror = {0};
    struct kc_error *err = link_mirror_load(&link.store, "moving", "c", &mirror);
    ck_assert_int_eq(kc_error_code(err), KC_ERR_DATA);
    ck_assert_ptr_nonnull(strstr(kc_error_text(err), "order of c"));
    kc_error_destroy(err);
    fake_link_destroy(&link);
}
END_TEST

START_TEST(a_link_sums_up)
{
    struct fake_link link;
    fake_link_new(&link);
    fake_topic(&link, "a", KC_LINK_LINKING);
    fake_topic(&link, "b", KC_LINK_LINKING);
    fake_topic(&link, "c", KC_LINK_PROMOTED);
    fake_topic(&link, "d", KC_LINK_DIVERGED);
    link.live.target_end = 90;
    json_t *view = link_view_link(&link.control, true);
    has(view, "topics", "{\"LINKING\":2,\"PROMOTED\":1,\"DIVERGED\":1}");
    has(view, "groups", "{}");
    has(view, "lag", "60"); /* of three topics with two partitions each */
    has(view, "link_state", "\"ACTIVE\"");
    has(json_array_get(json_object_get(view, "tasks"), 0), "errors",
        "[{\"error_code\":\"DIVERGED\",\"error_message\":\"d: because\"}]");
    has(view, "blockers", "[]");
    json_decref(view);
    link.live.source_error = "no route";
    view = link_view_link(&link.control, true);
    has(view, "link_state", "\"UNAVAILABLE\"");
    has(view, "blockers",
        "[{\"code\":\"SOURCE_UNREACHABLE\",\"message\":\"The source cluster can't be reached: no "
        "route\",\"warning\":false}]");
    json_decref(view);
    fake_link_destroy(&link);
}
END_TEST

/* A gateway and what it says of its clients. */
static void fake_gateway(struct fake_link *link, const char *name, const char *state)
{
    const struct kc_link_gateway record = {
        .address = (char *)"gate:9192", .epoch = 4, .renewals = 9, .duration_ms = 1000};
    fake_set(&link->store, KC_LINK_GATEWAY, name, kc_link_gateway_json(&record));
    if (state)
        fake_set(&link->store, KC_LINK_CLIENTS, name,
                 json_pack("{s:i, s:s, s:i, s:[{s:s}]}", "epoch", 4, "gateway_state", state,
                           "connections", 2, "clients", "client_id", "billing"));
}

START_TEST(gateways_and_how_they_are)
{
    struct fake_link link;
    fake_link_new(&link);
    fake_gateway(&link, "a", "ASIDE");
    fake_gateway(&link, "b", NULL);
    fake_gateway(&link, "c", "SERVING");
    fake_find(&link.store, KC_LINK_GATEWAY, "c")->age_ms = 1500;
    json_t *view = link_view_link(&link.control, true);
    const json_t *gateways = json_object_get(view, "gateways");
    has(json_array_get(gateways, 0), "gateway_state", "\"ASIDE\"");
    has(json_array_get(gateways, 0), "connections", "2");
    has(json_array_get(gateways, 0), "lease", "{\"renewals\":9,\"duration_ms\":1000}");
    has(json_array_get(gateways, 1), "gateway_state", "\"SERVING\"");
    has(json_array_get(gateways, 1), "clients", "[]");
    has(json_array_get(gateways, 2), "gateway_state", "\"LOST\"");
    json_decref(view);
    fake_link_destroy(&link);
}
END_TEST

static rd_kafka_topic_partition_list_t *offsets_of(const char *first, const char *second)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(2);
    rd_kafka_topic_partition_list_add(list, first, 0)->offset = 5;
    rd_kafka_topic_partition_list_add(list, second, 3)->offset = 6;
    return list;
}

START_TEST(a_topic_counts_its_groups)
{
    struct fake_link link;
    struct link_commits commits = {0};
    struct link_mirror mirror = {0};
    fake_link_new(&link);
    fake_topic(&link, "orders", KC_LINK_LINKING);
    kc_strings_split(&commits.groups, "a,b,c");
    kc_strings_split(&commits.target_groups, "a,b,c");
    commits.promoted = kc_calloc(3, sizeof(*commits.promoted));
    commits.promoted[1] = true;
    commits.offsets = kc_calloc(3, sizeof(rd_kafka_topic_partition_list_t *));
    commits.offsets[0] = offsets_of("bills", "orders");
    commits.offsets[1] = offsets_of("orders", "orders");
    commits.offsets[2] = offsets_of("bills", "carts");
    ck_assert_ptr_null(link_mirror_load(&link.store, "moving", "orders", &mirror));
    json_t *view = link_view_mirror(link.config, &mirror, NULL, &commits);
    has(view, "subscribed_groups", "2");
    has(view, "promoted_groups", "1");
    json_decref(view);
    link_mirror_clear(&mirror);
    link_commits_clear(&commits);
    fake_link_destroy(&link);
}
END_TEST

START_TEST(a_group_with_its_offsets)
{
    struct fake_link link;
    fake_link_new(&link);
    struct link_group_offset offsets[] = {{(char *)"orders", 0, 40, 35, 50, true, 40, false},
                                          {(char *)"orders", 1, 40, -1, 50, true, 40, false},
                                          {(char *)"strange", 0, 7, -1, -1, false, -1, false}};
    const struct link_group_look look = {2, 0, offsets, 3};
    const struct link_mirror_group mirror = {
        .name = (char *)"shop",
        .order = {.source_group = (char *)"shop", .by = (char *)"ann"},
        .state = {.state = KC_LINK_STANDBY,
                  .reason = (char *)"2 members at the source",
                  .consumer = true}};
    json_t *view = link_view_group(&mirror, &look, NULL);
    has(view, "group_id", "\"shop\"");
    has(view, "group_status", "\"STANDBY\"");
    has(view, "protocol", "\"consumer\"");
    has(view, "source_members", "2");
    has(view, "target_members", "0");
    has(view, "offsets",
        "[{\"topic\":\"orders\",\"partition\":0,\"source_offset\":40,\"target_offset\":35,"
        "\"lag\":15,\"mirrored\":true},"
        "{\"topic\":\"orders\",\"partition\":1,\"source_offset\":40,\"target_offset\":null,"
        "\"lag\":10,\"mirrored\":true},"
        "{\"topic\":\"strange\",\"partition\":0,\"source_offset\":7,\"target_offset\":null,"
        "\"lag\":null,\"mirrored\":false}]");
    json_decref(view);
    fake_link_destroy(&link);
}
END_TEST

/* The status of an answer about several names. */
START_TEST(one_status_for_many)
{
    static const struct {
        int first, second;
        bool dry_run;
        int status;
    } cases[] = {{202, 202, false, 202}, {202, 404, false, 202}, {404, 404, false, 404},
                 {409, 404, false, 409}, {409, 409, false, 409}, {200, 409, true, 200},
                 {409, 409, true, 200},  {404, 404, true, 404},  {400, 400, false, 400}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct link_outcome items[] = {{.status = cases[i].first}, {.status = cases[i].second}};
        const struct link_outcomes outcomes = {items, 2};
        ck_assert_msg(link_resource_status(&outcomes, cases[i].dry_run) == cases[i].status,
                      "case %zu", i);
    }
}
END_TEST

START_TEST(confluents_states)
{
    static const char *const names[KC_LINK_TOPIC_STATES] = {
        "PENDING_MIRROR", "PENDING_SYNCHRONIZE", "ACTIVE", "PAUSED", "PENDING_STOPPED", "STOPPED",
        "STOPPED",        "SOURCE_UNAVAILABLE",  "FAILED", "FAILED"};
    for (int i = 0; i < KC_LINK_TOPIC_STATES; i++)
        ck_assert_str_eq(link_alias_status((enum kc_link_topic_state)i), names[i]);
}
END_TEST

START_TEST(tasks_that_are_paused)
{
    struct fake_link link;
    struct link_mirrors mirrors = {0};
    fake_link_new(&link);
    fake_set(&link.store, KC_LINK_SELF, "",
             json_pack("{s:s, s:s, s:s, s:i, s:[s, s]}", "identity", "i", "source_cluster_id", "S",
                       "target_cluster_id", "T", "since_ms", 1, "paused", "acls", "groups"));
    ck_assert(link_part_is_paused(&link.store, LINK_PART_ACLS));
    ck_assert(!link_part_is_paused(&link.store, LINK_PART_CONFIGS));
    json_t *tasks = link_view_tasks(&link.control, &mirrors);
    has(json_array_get(tasks, 0), "state", "\"NOT_CONFIGURED\"");
    has(json_array_get(tasks, 1), "state", "\"ACTIVE\"");
    has(json_array_get(tasks, 2), "task_name", "\"acls\"");
    has(json_array_get(tasks, 2), "state", "\"PAUSED\"");
    has(json_array_get(tasks, 3), "state", "\"PAUSED\"");
    json_decref(tasks);
    fake_link_destroy(&link);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("link_view");
    TCase *cases = tcase_create("all");
    tcase_add_test(cases, a_mirror_topic_with_its_lags);
    tcase_add_test(cases, what_is_not_known_is_null);
    tcase_add_test(cases, a_refused_topic_says_why);
    tcase_add_test(cases, damaged_records_are_left_out_of_lists);
    tcase_add_test(cases, a_link_sums_up);
    tcase_add_test(cases, gateways_and_how_they_are);
    tcase_add_test(cases, a_topic_counts_its_groups);
    tcase_add_test(cases, a_group_with_its_offsets);
    tcase_add_test(cases, one_status_for_many);
    tcase_add_test(cases, confluents_states);
    tcase_add_test(cases, tasks_that_are_paused);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
