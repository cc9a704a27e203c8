/* SPDX-License-Identifier: Apache-2.0 */
/* Who is said to write at the source when a topic is to be promoted. */
#include "base/run_suite.h"
#include "data/plugins.h"
#include "link/link_blockers_priv.h"

enum { GATEWAY = 1, BACK = 2 };

static struct link_config *new_config(bool back)
{
    struct link_config *config = NULL;
    struct kc_map *properties = kc_map_new();
    kc_plugins_set_builtin(kc_builtin_plugins);
    kc_map_set(properties, "name", "moving");
    kc_map_set(properties, "connector.class", "KafkaLinkConnector");
    kc_map_set(properties, "source.cluster.bootstrap.servers", "source:9092");
    kc_map_set(properties, "target.cluster.bootstrap.servers", "target:9092");
    if (back)
        kc_map_set(properties, "link.reverse.of", "first");
    ck_assert_ptr_null(link_config_new(properties, false, &config));
    kc_map_destroy(properties);
    return config;
}

/* Whether a producer is named that is the only one, in the second of two partitions. */
static bool is_named(int64_t producer_id, int64_t age_ms, int how)
{
    struct kc_partition_producer producer = {.producer_id = producer_id,
                                             .last_timestamp = kc_now_ms() - age_ms};
    const struct kc_partition_producers items[] = {
        {.topic = "orders", .partition = 0},
        {.topic = "orders", .partition = 1, .producers = &producer, .count = 1}};
    struct link_config *config = new_config(how & BACK);
    json_t *gateways = how & GATEWAY ? json_pack("[[i]]", 77) : NULL;
    int32_t partition = -1;
    const struct kc_partition_producer *last =
        link_last_writer(config, items, 2, gateways, &partition);
    ck_assert(!last || (last == &producer && partition == 1));
    json_decref(gateways);
    link_config_destroy(config);
    return last;
}

START_TEST(who_wrote_lately_is_named)
{
    ck_assert(is_named(4711, 30000, 0));
    ck_assert(!is_named(4711, 90000, 0));
    ck_assert(is_named(4711, 3000, GATEWAY));
    ck_assert(!is_named(4711, 30000, GATEWAY));
    ck_assert(!is_named(77, 3000, GATEWAY)); /* through the gateway */
}
END_TEST

/* On the way back the source was the first link's mirror topic, and that link's id is in its log.
 * Ids that a gateway has given clients have the mark, too. */
START_TEST(the_first_link_is_no_writer_on_the_way_back)
{
    int64_t first = kc_link_producer_id("S/T/first/0"), client = kc_link_virtual_id(5, 4711);
    ck_assert(!is_named(first, 3000, BACK));
    ck_assert(!is_named(first, 3000, BACK | GATEWAY));
    ck_assert(is_named(client, 3000, BACK));
    ck_assert(is_named(client, 3000, BACK | GATEWAY));
    /* In a chain of links the one before goes on. */
    ck_assert(is_named(first, 3000, 0));
    ck_assert(is_named(first, 3000, GATEWAY));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {who_wrote_lately_is_named,
                                  the_first_link_is_no_writer_on_the_way_back};
    return run_suite("link_blockers", tests, sizeof(tests) / sizeof(*tests), 10);
}
