/* SPDX-License-Identifier: Apache-2.0 */
/* Values of the state topic: each comes back as it was, and bad ones are named. */
#include "link/link_check.h"

#define TOPIC_ORDER                                                                                \
    "{\"epoch\":7,\"source_topic\":\"orders\",\"source_id\":\"AAAAAAAAAAAAAAAAAAAAAQ\","           \
    "\"target_id\":\"AAAAAAAAAAAAAAAAAAAAAA\",\"partitions\":12,\"offsets\":\"preserve\","         \
    "\"gaps\":\"markers\",\"start\":-2,\"compacted\":true,\"wish\":\"promote\",\"force\":false,"   \
    "\"max_pause_ms\":500,\"by\":\"rest\",\"since_ms\":1700000000000"
#define TOPIC                                                                                      \
    "{\"state\":\"LINKING\",\"epoch\":3,\"order_epoch\":7,\"lease_epoch\":2,\"since_ms\":5,"       \
    "\"reason\":\"\",\"offsets\":\"translate\",\"partitions\":1,\"fillers\":9,\"lane\":\"raw\""
#define PARTITION                                                                                  \
    "{\"partition\":0,\"first_offset\":5000000000,\"base_sequence\":3,\"markers\":1,"              \
    "\"leader_epoch\":-1,\"checked\":-1}"
#define GROUP_ORDER                                                                                \
    "{\"epoch\":1,\"source_group\":\"g\",\"wish\":\"hold\",\"automatic\":true,\"force\":false,"    \
    "\"by\":\"pattern\",\"since_ms\":0}"
#define GROUP                                                                                      \
    "{\"state\":\"STANDBY\",\"epoch\":2,\"order_epoch\":1,\"lease_epoch\":1,\"since_ms\":0,"       \
    "\"reason\":\"2 members at the source\",\"consumer\":true"
#define LEASE "{\"holder\":\"w1:8083-4f\",\"epoch\":4,\"renewals\":0,\"duration_ms\":10000}"

static void kc_link_partition_clear(struct kc_link_partition *partition)
{
    memset(partition, 0, sizeof(*partition));
}

START_TEST(values_come_back)
{
    COMES_BACK(kc_link_topic_order, TOPIC_ORDER "}");
    COMES_BACK(kc_link_topic_order,
               TOPIC_ORDER ",\"refusal\":\"too old\",\"settings\":{\"retention.ms\":\"-1\","
                           "\"cleanup.policy\":null}}");
    COMES_BACK(kc_link_topic, TOPIC "}");
    COMES_BACK(kc_link_topic, TOPIC ",\"partition_states\":[" PARTITION "]}");
    COMES_BACK(kc_link_partition, PARTITION);
    COMES_BACK(kc_link_group_order, GROUP_ORDER);
    COMES_BACK(kc_link_group, GROUP "}");
    COMES_BACK(kc_link_group, GROUP ",\"instance_id\":\"i\",\"members\":{\"!isthmus-001\":5},"
                                    "\"session_before\":\"45000\"}");
    COMES_BACK(kc_link_lease, LEASE);
}
END_TEST

START_TEST(fields_are_where_they_belong)
{
    struct kc_link_topic_order order;
    struct kc_link_topic topic;
    json_t *json = json_of(TOPIC_ORDER ",\"settings\":{\"a\":\"b\"}}");

    ck_assert_ptr_null(kc_link_topic_order_parse(json, &order));
    json_decref(json);
    ck_assert_int_eq(order.epoch, 7);
    ck_assert_str_eq(order.source_topic, "orders");
    ck_assert_int_eq(order.source_id.bytes[15], 1);
    ck_assert(kc_uuid_is_zero(&order.target_id));
    ck_assert_int_eq(order.partitions, 12);
    ck_assert_int_eq(order.offsets, KC_LINK_PRESERVE);
    ck_assert_int_eq(order.gaps, KC_LINK_GAPS_MARKERS);
    ck_assert_int_eq(order.start, -2);
    ck_assert(order.compacted && !order.force);
    ck_assert_int_eq(order.wish, KC_LINK_WISH_PROMOTE);
    ck_assert_int_eq(order.max_pause_ms, 500);
    ck_assert_ptr_null(order.refusal);
    ck_assert_str_eq(kc_map_get(order.settings, "a"), "b");
    kc_link_topic_order_clear(&order);
    ck_assert_ptr_null(order.source_topic);
    kc_link_topic_order_clear(&order);
    json = json_of(TOPIC ",\"partition_states\":null,\"colour\":{}}");
    ck_assert_ptr_null(kc_link_topic_parse(json, &topic));
    json_decref(json);
    ck_assert_int_eq(topic.state, KC_LINK_LINKING);
    ck_assert_int_eq(topic.fillers, 9);
    ck_assert_ptr_null(topic.partition_states);
    kc_link_topic_clear(&topic);
}
END_TEST

START_TEST(texts_that_are_none_are_written_nevertheless)
{
    struct kc_link_lease lease = {.holder = NULL};

    assert_json(kc_link_lease_json(&lease),
                "{\"holder\":\"\",\"epoch\":0,\"renewals\":0,\"duration_ms\":0}");
    lease.holder = (char *)"w\xff";
    assert_json(kc_link_lease_json(&lease),
                "{\"holder\":\"w\xef\xbf\xbd\",\"epoch\":0,\"renewals\":0,\"duration_ms\":0}");
}
END_TEST

/* json is a good value; field is replaced by the text of another. */
static void assert_topic_refused(const char *field, const char *value, const char *part)
{
    struct kc_link_topic topic;
    json_t *json = json_of(TOPIC "}");

    if (value)
        json_object_set_new(json, field, json_of(value));
    else
        json_object_del(json, field);
    assert_refused(kc_link_topic_parse(json, &topic), part);
    ck_assert_ptr_null(topic.reason);
    ck_assert_ptr_null(topic.lane);
    json_decref(json);
}

START_TEST(bad_fields_are_named)
{
    assert_topic_refused("state", "\"WALKING\"", "field state must be one of PENDING, ALIGNING");
    assert_topic_refused("state", "1", "field state must be one of");
    assert_topic_refused("epoch", "-1", "topic state: field epoch must be a whole number from 0");
    assert_topic_refused("epoch", "1.0", "field epoch");
    assert_topic_refused("epoch", NULL, "not nothing");
    assert_topic_refused("partitions", "2000000000", "from 0 to 1000000, not 2000000000");
    assert_topic_refused("reason", "\"a\\u0000b\"", "field reason must be a text without zeros");
    assert_topic_refused("lane", "null", "field lane must be a text");
    assert_topic_refused("partition_states", "{}", "field partition_states must be an array");
    assert_topic_refused("epoch", "[1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0,1]",
                         "...");
}
END_TEST

START_TEST(other_bad_values_are_named)
{
    struct kc_link_topic_order order;
    struct kc_link_group group;
    struct kc_link_lease lease;
    json_t *json = json_of(TOPIC_ORDER ",\"settings\":{\"a\":1}}");

    assert_refused(kc_link_topic_order_parse(json, &order), "field settings");
    json_object_set_new(json, "settings", json_of("[]"));
    assert_refused(kc_link_topic_order_parse(json, &order), "field settings");
    json_object_set_new(json, "settings", json_null());
    json_object_set_new(json, "source_id", json_string("AAAA"));
    assert_refused(kc_link_topic_order_parse(json, &order), "field source_id must be a topic id");
    json_object_set_new(json, "source_id", json_string("AAAAAAAAAAAAAAAAAAAAAQ"));
    json_object_set_new(json, "force", json_integer(1));
    assert_refused(kc_link_topic_order_parse(json, &order), "field force must be true or false");
    json_decref(json);
    json = json_of(GROUP ",\"members\":[]}");
    assert_refused(kc_link_group_parse(json, &group), "field members must be an object");
    json_decref(json);
    assert_refused(kc_link_lease_parse(NULL, &lease), "lease: the value is no JSON object");
}
END_TEST

RUN_TESTS("link_records", 10, values_come_back, fields_are_where_they_belong,
          texts_that_are_none_are_written_nevertheless, bad_fields_are_named,
          other_bad_values_are_named)
