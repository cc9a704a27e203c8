/* SPDX-License-Identifier: Apache-2.0 */
/* What a mirror sink may commit, by what it has sent; which topics it pushes; and its keys. */
#include "config/definition.h"
#include "mirror/mirror_check.h"
#include "mirror_sink/mirror_sink_priv.h"
#include "mirror_sink/pushed_topics_priv.h"

static struct kc_mirror_config *config;
static struct kc_flow *flow;
static struct kc_pushed_topics topics;

static void open_topics(struct kc_map *more)
{
    struct kc_map *properties =
        MAP("name", "push", "connector.class", "x", "source.cluster.alias", "A",
            "target.cluster.alias", "B", "source.cluster.bootstrap.servers", "127.0.0.1:1",
            "target.cluster.bootstrap.servers", "127.0.0.1:1");
    kc_map_merge(properties, more);
    assert_ok(kc_mirror_config_new(&kc_mirror_sink_plugin, properties, false, &config));
    assert_ok(kc_flow_subscribed_new(config, &flow));
    topics = (struct kc_pushed_topics){.flow = flow};
    kc_map_destroy(properties);
    kc_map_destroy(more);
}

static void close_topics(void)
{
    kc_pushed_destroy(&topics);
    kc_flow_destroy(flow);
    kc_mirror_config_destroy(config);
}

START_TEST(nothing_is_committed_before_it_is_acknowledged)
{
    open_topics(MAP("topics", "orders"));
    struct kc_pushed_partition *partition = kc_pushed_find(&topics, "orders", 20);
    ck_assert_int_eq(kc_pushed_commit(partition, 7), 7); /* nothing was sent: all was read */
    for (int64_t offset = 10; offset < 14; offset++)
        kc_pushed_sent(partition, offset);
    ck_assert_int_eq(kc_pushed_commit(partition, 14), 10);
    kc_pushed_acked(partition, 10);
    kc_pushed_acked(partition, 11);
    ck_assert_int_eq(kc_pushed_commit(partition, 14), 12);
    kc_pushed_acked(partition, 12);
    kc_pushed_acked(partition, 13);
    ck_assert_int_eq(kc_pushed_commit(partition, 20), 20); /* markers behind the records */
    /* The worker hands the batch over again: only what is new is sent. */
    ck_assert(!kc_pushed_is_due(partition, 13));
    ck_assert(kc_pushed_is_due(partition, 14));
    close_topics();
}
END_TEST

START_TEST(a_record_that_is_refused_or_waits_holds_the_offset)
{
    open_topics(MAP("topics", "orders"));
    struct kc_pushed_partition *partition = kc_pushed_find(&topics, "orders", 0);
    for (int64_t offset = 0; offset < 4; offset++)
        kc_pushed_sent(partition, offset);
    kc_pushed_acked(partition, 0);
    kc_pushed_refused(partition, 1);
    kc_pushed_acked(partition, 2);
    kc_pushed_acked(partition, 3);
    ck_assert_int_eq(kc_pushed_commit(partition, 4), 1);
    kc_pushed_open(partition); /* assigned anew: it is tried again */
    ck_assert(kc_pushed_is_due(partition, 1));
    partition->waiting = 1;
    ck_assert_int_eq(kc_pushed_commit(partition, 4), 1);
    partition->waiting = 0;
    ck_assert_int_eq(kc_pushed_commit(partition, 4), 0);
    close_topics();
}
END_TEST

static const char *remote(const char *topic)
{
    const char *name = kc_pushed_find(&topics, topic, 0)->topic->remote;
    return name ? name : "NULL";
}

START_TEST(topics_are_those_that_are_read_and_pass_the_filter)
{
    open_topics(MAP("topics.regex", "or.*|heart.*|B\\..*", "topics.exclude", "ordinary"));
    ck_assert_str_eq(remote("orders"), "A.orders");
    ck_assert_str_eq(remote("heartbeats"), "A.heartbeats");
    ck_assert_str_eq(remote("ordinary"), "NULL");
    ck_assert_str_eq(remote("B.orders"), "NULL");  /* it came from the target */
    ck_assert(!kc_flow_replicates(flow, "bills")); /* read by nobody */
    close_topics();
    open_topics(MAP("topics", "orders"));
    ck_assert(kc_flow_replicates(flow, "orders"));
    ck_assert(!kc_flow_replicates(flow, "heartbeats"));
    close_topics();
}
END_TEST

START_TEST(topics_by_pattern_have_a_key_of_their_own)
{
    struct kc_config_values values = {0};
    struct kc_map *given = MAP("topics", "orders, pay.*");
    kc_mirror_sink_plugin.connector->validate(given, &values);
    const struct kc_config_value *value = kc_config_values_get(&values, "topics");
    ck_assert_uint_eq(value->errors.count, 1);
    ck_assert_ptr_nonnull(strstr(value->errors.items[0], "pay.*"));
    ck_assert_ptr_nonnull(strstr(value->errors.items[0], "topics.regex"));
    kc_config_values_destroy(&values);
    kc_map_destroy(given);
}
END_TEST

RUN_TESTS("pushed_topics", nothing_is_committed_before_it_is_acknowledged,
          a_record_that_is_refused_or_waits_holds_the_offset,
          topics_are_those_that_are_read_and_pass_the_filter,
          topics_by_pattern_have_a_key_of_their_own)
