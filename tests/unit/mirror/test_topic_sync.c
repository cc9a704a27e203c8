/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of topics, settings and ACLs is mirrored: the scenarios of Java's MirrorSourceConnectorTest
 * that need no cluster. The admin clients of the flow never connect.
 */
#include "mirror/acl_sync_priv.h"
#include "mirror/flow_topics.h"
#include "mirror/mirror_check.h"
#include "mirror/topic_sync_priv.h"
#include "mirror_source/mirror_source_priv.h"

static struct kc_mirror_config *config;

static struct kc_flow *flow_of(struct kc_map *more)
{
    struct kc_map *properties =
        MAP("name", "mm", "connector.class", "x", "source.cluster.alias", "A",
            "target.cluster.alias", "B", "source.cluster.bootstrap.servers", "127.0.0.1:1",
            "target.cluster.bootstrap.servers", "127.0.0.1:1");
    struct kc_flow *flow = NULL;
    kc_map_merge(properties, more);
    assert_ok(kc_mirror_config_new(&kc_mirror_source_plugin, properties, false, &config));
    assert_ok(kc_flow_new(config, &flow));
    kc_map_destroy(properties);
    kc_map_destroy(more);
    return flow;
}

static void flow_done(struct kc_flow *flow)
{
    kc_flow_destroy(flow);
    kc_mirror_config_destroy(config);
}

START_TEST(cycles_and_internal_topics_are_not_mirrored)
{
    struct kc_flow *flow = flow_of(MAP("topics", ".*"));
    ck_assert(kc_flow_replicates(flow, "orders"));
    ck_assert(kc_flow_replicates(flow, "C.orders"));
    ck_assert(!kc_flow_replicates(flow, "B.orders"));
    ck_assert(!kc_flow_replicates(flow, "C.B.orders"));
    ck_assert(!kc_flow_replicates(flow, "__consumer_offsets"));
    ck_assert(!kc_flow_replicates(flow, "mm2-offset-syncs.B.internal"));
    ck_assert(!kc_flow_replicates(flow, "C.checkpoints.internal"));
    flow_done(flow);
}
END_TEST

START_TEST(heartbeats_pass_the_filter_unless_switched_off)
{
    struct kc_flow *flow = flow_of(MAP("topics", "orders"));
    ck_assert(kc_flow_replicates(flow, "heartbeats"));
    ck_assert(kc_flow_replicates(flow, "C.heartbeats"));
    ck_assert(!kc_flow_replicates(flow, "B.heartbeats"));
    flow_done(flow);
    flow = flow_of(MAP("topics", "orders", "heartbeats.replication.enabled", "false"));
    ck_assert(!kc_flow_replicates(flow, "heartbeats"));
    flow_done(flow);
    flow = flow_of(MAP("topics", ".*", "heartbeats.replication.enabled", "false"));
    ck_assert(kc_flow_replicates(flow, "heartbeats"));
    flow_done(flow);
}
END_TEST

#define DEFAULT_SOURCE RD_KAFKA_CONFIG_SOURCE_DEFAULT_CONFIG
#define TOPIC_SOURCE   RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG
#define STATIC_SOURCE  RD_KAFKA_CONFIG_SOURCE_STATIC_BROKER_CONFIG

static struct kc_config_entry source_items[] = {
    {(char *)"retention.ms", (char *)"5", false, false, false, TOPIC_SOURCE},
    {(char *)"cleanup.policy", (char *)"delete", true, false, false, DEFAULT_SOURCE},
    {(char *)"min.insync.replicas", (char *)"2", false, false, false, TOPIC_SOURCE},
    {(char *)"segment.bytes", (char *)"9", false, false, false, STATIC_SOURCE},
    {(char *)"fixed", (char *)"9", false, true, false, TOPIC_SOURCE},
    {(char *)"secret", (char *)"9", false, false, true, TOPIC_SOURCE},
};
static const struct kc_config_entries source_entries = {source_items, 6};

static void assert_op(const struct kc_config_op *op, const char *name, const char *value)
{
    ck_assert_str_eq(op->name, name);
    if (value)
        ck_assert_str_eq(op->value, value);
    else
        ck_assert_ptr_null(op->value);
}

START_TEST(settings_are_set_and_defaults_reset)
{
    struct kc_flow *flow = flow_of(MAP("topics", ".*"));
    struct kc_config_op ops[6];
    ck_assert_uint_eq(kc_sync_config_ops(flow, &source_entries, NULL, ops), 2);
    assert_op(&ops[0], "retention.ms", "5");
    assert_op(&ops[1], "cleanup.policy", NULL);
    struct kc_map *creation = kc_flow_creation_config(flow, &source_entries);
    ck_assert_uint_eq(kc_map_size(creation), 1);
    ck_assert_str_eq(kc_map_get(creation, "retention.ms"), "5");
    kc_map_destroy(creation);
    flow_done(flow);
}
END_TEST

START_TEST(defaults_of_the_source_are_copied_on_request)
{
    struct kc_flow *flow = flow_of(MAP("use.defaults.from", "source"));
    struct kc_config_op ops[6];
    ck_assert_uint_eq(kc_sync_config_ops(flow, &source_entries, NULL, ops), 2);
    assert_op(&ops[1], "cleanup.policy", "delete");
    struct kc_map *creation = kc_flow_creation_config(flow, &source_entries);
    ck_assert_str_eq(kc_map_get(creation, "cleanup.policy"), "delete");
    kc_map_destroy(creation);
    flow_done(flow);
}
END_TEST

START_TEST(excluded_settings_stay_the_targets)
{
    struct kc_flow *flow = flow_of(MAP("config.properties.exclude", "retention\\..*, cleanup.*"));
    struct kc_config_op ops[6];
    ck_assert_uint_eq(kc_sync_config_ops(flow, &source_entries, NULL, ops), 1);
    assert_op(&ops[0], "min.insync.replicas", "2");
    flow_done(flow);
}
END_TEST

START_TEST(only_what_differs_is_written)
{
    struct kc_config_entry items[] = {
        {(char *)"retention.ms", (char *)"5", false, false, false, TOPIC_SOURCE},
        {(char *)"cleanup.policy", (char *)"compact", false, false, false, TOPIC_SOURCE},
    };
    struct kc_config_entries target = {items, 2};
    struct kc_flow *flow = flow_of(MAP("topics", ".*"));
    struct kc_config_op ops[6];
    ck_assert_uint_eq(kc_sync_config_ops(flow, &source_entries, &target, ops), 1);
    assert_op(&ops[0], "cleanup.policy", NULL);
    items[0].source = DEFAULT_SOURCE; /* the same value, but only by default */
    items[1].source = STATIC_SOURCE;  /* not the topic's own: nothing to reset */
    ck_assert_uint_eq(kc_sync_config_ops(flow, &source_entries, &target, ops), 1);
    assert_op(&ops[0], "retention.ms", "5");
    flow_done(flow);
}
END_TEST

/* Another version of Kafka has settings that the target hasn't. */
START_TEST(settings_unknown_to_the_target_are_left_out)
{
    struct kc_config_entry items[] = {
        {(char *)"retention.ms", (char *)"7", false, false, false, TOPIC_SOURCE},
    };
    struct kc_config_entries target = {items, 1};
    struct kc_flow *flow = flow_of(MAP("topics", ".*"));
    struct kc_config_op ops[6];
    ck_assert_uint_eq(kc_sync_config_ops(flow, &source_entries, &target, ops), 1);
    assert_op(&ops[0], "retention.ms", "5");
    flow_done(flow);
}
END_TEST

static struct kc_acl acl_of(const char *topic, int operation, int permission)
{
    return (struct kc_acl){RD_KAFKA_RESOURCE_TOPIC,
                           RD_KAFKA_RESOURCE_PATTERN_LITERAL,
                           (char *)topic,
                           (char *)"User:x",
                           (char *)"*",
                           operation,
                           permission};
}

static int copied_operation(const struct kc_flow *flow, struct kc_acl acl)
{
    struct kc_acl copy;
    if (!kc_sync_acl(flow, &acl, &copy))
        return -1;
    ck_assert_str_eq(copy.name, "A.orders");
    ck_assert_str_eq(copy.principal, "User:x");
    ck_assert_int_eq(copy.permission, acl.permission);
    free(copy.name);
    return copy.operation;
}

START_TEST(acls_lose_the_right_to_write)
{
    struct kc_flow *flow = flow_of(MAP("topics", "orders"));
    const int allow = RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW;
    const int deny = RD_KAFKA_ACL_PERMISSION_TYPE_DENY;
    const int read = RD_KAFKA_ACL_OPERATION_READ, write = RD_KAFKA_ACL_OPERATION_WRITE;
    const int all = RD_KAFKA_ACL_OPERATION_ALL;
    ck_assert_int_eq(copied_operation(flow, acl_of("orders", read, allow)), read);
    ck_assert_int_eq(copied_operation(flow, acl_of("orders", write, allow)), -1);
    ck_assert_int_eq(copied_operation(flow, acl_of("orders", write, deny)), write);
    ck_assert_int_eq(copied_operation(flow, acl_of("orders", all, allow)), read);
    ck_assert_int_eq(copied_operation(flow, acl_of("orders", all, deny)), all);
    ck_assert_int_eq(copied_operation(flow, acl_of("others", read, allow)), -1);
    struct kc_acl prefixed = acl_of("orders", read, allow);
    prefixed.pattern_type = RD_KAFKA_RESOURCE_PATTERN_PREFIXED;
    ck_assert_int_eq(copied_operation(flow, prefixed), -1);
    flow_done(flow);
}
END_TEST

START_TEST(partitions_wait_until_the_target_has_them)
{
    struct kc_flow_topic items[] = {
        {.name = (char *)"a", .partitions = 3, .remote_partitions = 0},
        {.name = (char *)"b", .partitions = 3, .remote_partitions = 2},
        {.name = (char *)"c", .partitions = 3, .remote_partitions = 5},
        {.name = (char *)"d", .partitions = 3, .remote_partitions = 0, .not_ours_to_create = true},
    };
    struct kc_flow_topics topics = {items, 4};
    ck_assert_int_eq(kc_flow_topic_ready(&items[0]), 0);
    ck_assert_int_eq(kc_flow_topic_ready(&items[1]), 2);
    ck_assert_int_eq(kc_flow_topic_ready(&items[2]), 3);
    ck_assert_int_eq(kc_flow_topic_ready(&items[3]), 3);
    ck_assert_uint_eq(kc_flow_topics_ready(&topics), 8);
}
END_TEST

/* The broker that is asked next may not know yet what another one has created. */
START_TEST(a_topic_that_exists_and_is_not_listed_yet_is_as_it_was)
{
    struct kc_flow_topic before[] = {
        {.name = (char *)"a", .partitions = 3, .remote_partitions = 3},
        {.name = (char *)"b", .partitions = 2, .remote_partitions = 2},
        {.name = (char *)"c", .partitions = 1, .remote_partitions = 1},
    };
    struct kc_flow_topic now[] = {
        {.name = (char *)"a", .partitions = 3, .unlisted = true},
        {.name = (char *)"b", .partitions = 2},
        {.name = (char *)"d", .partitions = 1, .unlisted = true},
    };
    const struct kc_flow_topics from = {before, 3};
    struct kc_flow_topics topics = {now, 3};
    kc_flow_topics_inherit(&topics, &from, true);
    ck_assert_int_eq(now[0].remote_partitions, 3);
    ck_assert_int_eq(now[1].remote_partitions, 0);
    ck_assert_int_eq(now[2].remote_partitions, 0);
    kc_flow_topics_inherit(&topics, &from, false);
    ck_assert_int_eq(now[1].remote_partitions, 2);
}
END_TEST

RUN_TESTS("topic_sync", cycles_and_internal_topics_are_not_mirrored,
          heartbeats_pass_the_filter_unless_switched_off, settings_are_set_and_defaults_reset,
          defaults_of_the_source_are_copied_on_request, excluded_settings_stay_the_targets,
          only_what_differs_is_written, settings_unknown_to_the_target_are_left_out,
          acls_lose_the_right_to_write, partitions_wait_until_the_target_has_them,
          a_topic_that_exists_and_is_not_listed_yet_is_as_it_was)
