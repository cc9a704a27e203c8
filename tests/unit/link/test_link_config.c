/* SPDX-License-Identifier: Apache-2.0 */
/* A link's settings: defaults, what is refused, names with prefixes, and who works for a name. */
#include "link/link_config_priv.h"
#include "mirror/mirror_check.h"

static struct kc_map *minimum(void)
{
    struct kc_map *map = kc_map_new();
    kc_map_set(map, "name", "move");
    kc_map_set(map, "source.cluster.bootstrap.servers", "a:1");
    kc_map_set(map, "target.cluster.bootstrap.servers", "b:2");
    return map;
}

static struct link_config *parsed(struct kc_map *map, bool is_task)
{
    struct link_config *config = NULL;
    struct kc_error *err = link_config_new(map, is_task, &config);
    ck_assert_msg(!err, "%s", kc_error_text(err));
    kc_map_destroy(map);
    return config;
}

START_TEST(nothing_moves_by_default)
{
    struct link_config *config = parsed(minimum(), false);
    ck_assert(!kc_name_filter_accepts(config->topics, "orders"));
    ck_assert(!kc_name_filter_accepts(config->groups, "orders"));
    ck_assert(!kc_name_filter_accepts(config->settings, "min.insync.replicas"));
    ck_assert(kc_name_filter_accepts(config->settings, "message.timestamp.type"));
    ck_assert_str_eq(config->name, "move");
    ck_assert_int_eq(config->task, -1);
    ck_assert_int_eq(config->start, -2);
    ck_assert_int_eq(config->offsets, KC_LINK_PRESERVE);
    ck_assert_int_eq(config->gaps, KC_LINK_GAPS_AUTO);
    ck_assert(config->promote_groups);
    ck_assert_int_eq(config->throttle, -1);
    ck_assert_int_eq(config->lease_ms, 10000);
    link_config_destroy(config);
}
END_TEST

START_TEST(settings_are_read)
{
    struct kc_map *map = minimum();
    kc_map_set(map, "topics", "orders, pay.*");
    kc_map_set(map, "topics.exclude", "payroll");
    kc_map_set(map, "link.offsets", "translate");
    kc_map_set(map, "link.gaps", "markers");
    kc_map_set(map, "link.start", "1700000000000");
    kc_map_set(map, "link.groups.promotion", "manual");
    kc_map_set(map, "link.write.guard", "acl");
    kc_map_set(map, "link.markers", "direct");
    struct link_config *config = parsed(map, false);
    ck_assert(kc_name_filter_accepts(config->topics, "orders"));
    ck_assert(kc_name_filter_accepts(config->topics, "payments"));
    ck_assert(!kc_name_filter_accepts(config->topics, "payroll"));
    ck_assert_int_eq(config->offsets, KC_LINK_TRANSLATE);
    ck_assert_int_eq(config->gaps, KC_LINK_GAPS_MARKERS);
    ck_assert_int_eq(config->start, 1700000000000);
    ck_assert(!config->promote_groups);
    ck_assert_int_eq(config->guard, LINK_GUARD_ACL);
    ck_assert_int_eq(config->markers, LINK_MARKERS_DIRECT);
    link_config_destroy(config);
}
END_TEST

START_TEST(gaps_may_ask_for_translation)
{
    struct kc_map *map = minimum();
    kc_map_set(map, "link.gaps", "translate");
    struct link_config *config = parsed(map, false);
    ck_assert_int_eq(config->offsets, KC_LINK_TRANSLATE);
    ck_assert_int_eq(config->gaps, KC_LINK_GAPS_TRANSLATE);
    link_config_destroy(config);

    /* Who translates all has no gaps. */
    map = minimum();
    kc_map_set(map, "link.gaps", "translate");
    kc_map_set(map, "link.offsets", "translate");
    config = parsed(map, false);
    ck_assert_int_eq(config->gaps, KC_LINK_GAPS_AUTO);
    link_config_destroy(config);
}
END_TEST

START_TEST(what_is_wrong_is_named)
{
    static const char *const wrong[][2] = {
        {"link.offsets", "same"},      {"link.gaps", "none"},
        {"link.start", "yesterday"},   {"link.start", "-5"},
        {"link.write.guard", "deny"},  {"link.markers", "auto,direct"},
        {"link.lease.ms", "999"},      {"link.throttle.bytes.per.second", "0"},
        {"replication.factor", "0"},   {"replication.factor", "-2"},
        {"link.topic.prefix", "a/b"},  {"link.group.idle.ms", "-1"},
        {"link.groups.promotion", ""}, {"topics", "a["},
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct kc_map *map = minimum();
        struct link_config *config = NULL;
        kc_map_set(map, wrong[i][0], wrong[i][1]);
        struct kc_error *err = link_config_new(map, false, &config);
        ck_assert_int_eq(kc_error_code(err), KC_ERR_CONFIG);
        ck_assert_msg(strstr(kc_error_text(err), wrong[i][0]), "%s", kc_error_text(err));
        kc_error_destroy(err);
        kc_map_destroy(map);
    }
}
END_TEST

START_TEST(a_task_knows_which_it_is)
{
    struct kc_map *map = minimum();
    kc_map_set(map, "task.index", "2");
    kc_map_set(map, "task.count", "3");
    struct link_config *config = parsed(map, true);
    ck_assert_int_eq(config->task, 2);
    ck_assert_int_eq(config->tasks, 3);
    link_config_destroy(config);
    map = minimum();
    kc_map_set(map, "task.index", "3");
    kc_map_set(map, "task.count", "3");
    struct kc_error *err = link_config_new(map, true, &config);
    ck_assert_int_eq(kc_error_code(err), KC_ERR_CONFIG);
    kc_error_destroy(err);
    kc_map_destroy(map);
}
END_TEST

START_TEST(clients_have_their_side_and_name)
{
    struct kc_map *map = minimum();
    kc_map_set(map, "source.cluster.security.protocol", "SSL");
    kc_map_set(map, "source.admin.retries", "3");
    struct link_config *config = parsed(map, false);
    struct kc_map *source = link_client_properties(config, LINK_SOURCE, KC_CLIENT_ADMIN, "x");
    struct kc_map *target = link_client_properties(config, LINK_TARGET, KC_CLIENT_ADMIN, "x");
    ck_assert_str_eq(kc_map_get(source, "bootstrap.servers"), "a:1");
    ck_assert_str_eq(kc_map_get(source, "security.protocol"), "SSL");
    ck_assert_str_eq(kc_map_get(source, "retries"), "3");
    ck_assert_str_eq(kc_map_get(source, "client.id"), "move|x");
    ck_assert_str_eq(kc_map_get(target, "bootstrap.servers"), "b:2");
    ck_assert(!kc_map_has(target, "security.protocol"));
    kc_map_destroy(source);
    kc_map_destroy(target);
    link_config_destroy(config);
}
END_TEST

static void assert_name(char *name, const char *expected)
{
    if (expected)
        ck_assert_str_eq(name, expected);
    else
        ck_assert_ptr_null(name);
    free(name);
}

START_TEST(names_on_both_sides)
{
    struct kc_map *map = minimum();
    kc_map_set(map, "link.topic.prefix", "eu.");
    struct link_config *config = parsed(map, false);
    assert_name(link_target_topic(config, "orders"), "eu.orders");
    assert_name(link_source_topic(config, "eu.orders"), "orders");
    assert_name(link_source_topic(config, "orders"), NULL);
    assert_name(link_source_topic(config, "eu."), NULL);
    assert_name(link_target_group(config, "g"), "g");
    assert_name(link_source_group(config, "g"), "g");
    link_config_destroy(config);
}
END_TEST

/* The numbers are part of what workers agree on: they never change. */
START_TEST(all_workers_deal_alike)
{
    ck_assert_int_eq(link_task_of("orders", 1), 0);
    ck_assert_int_eq(link_task_of("orders", 1000), 820);
    ck_assert_int_eq(link_task_of("payments", 1000), 198);
    ck_assert_int_eq(link_task_of("", 1000), 261);
}
END_TEST

RUN_TESTS("link_config", nothing_moves_by_default, settings_are_read, gaps_may_ask_for_translation,
          what_is_wrong_is_named, a_task_knows_which_it_is, clients_have_their_side_and_name,
          names_on_both_sides, all_workers_deal_alike)
