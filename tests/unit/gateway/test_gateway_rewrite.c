/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers in which addresses or versions stand, in every version of every API: what has to be
 * changed is, and nothing else.
 */
#include "gateway/gateway_rewrite_priv.h"

#include "gateway_settings.h"

#include "base/kafka_errors.h"
#include "wire/api.h"
#include "wire/messages_cluster.h"
#include "wire/messages_data.h"
#include "wire/messages_group.h"
#include "wire/messages_share.h"

#include <stdlib.h>
#include <string.h>

#define CORRELATION 4711
#define RECORDS     5000 /* bytes, enough to be referenced */

static struct gateway_config *config;
static struct gateway_nodes *nodes;
static struct gateway_versions versions;
static struct kc_arena *arena;
static uint8_t records[RECORDS];

static void set_up(void)
{
    config = gateway_made_config(NULL);
    nodes = gateway_nodes_new(config);
    gateway_versions_own(&versions);
    arena = kc_arena_new(4096);
    for (size_t i = 0; i < RECORDS; i++)
        records[i] = (uint8_t)(i * 7);
}

static void tear_down(void)
{
    kc_arena_destroy(arena);
    gateway_nodes_destroy(nodes);
    gateway_config_destroy(config);
}

/* ---- Messages with a broker 1 at host:1001 ---- */

static void *metadata(int version)
{
    struct kc_metadata_response *response = kc_wire_new(arena, &kc_metadata_response_type);

    KC_WIRE_LIST_NEW(arena, &response->brokers, kc_metadata_response_broker, 1);
    response->brokers.items[0].node_id = 1;
    response->brokers.items[0].host = kc_wire_str("host");
    response->brokers.items[0].port = 1001;
    response->cluster_id = kc_wire_str("cluster");
    KC_WIRE_LIST_NEW(arena, &response->topics, kc_metadata_response_topic, 1);
    response->topics.items[0].name = kc_wire_str("orders");
    return response;
}

static void *cluster(int version)
{
    struct kc_describe_cluster_response *response =
        kc_wire_new(arena, &kc_describe_cluster_response_type);

    response->cluster_id = kc_wire_str("cluster");
    KC_WIRE_LIST_NEW(arena, &response->brokers, kc_describe_cluster_response_broker, 1);
    response->brokers.items[0].broker_id = 1;
    response->brokers.items[0].host = kc_wire_str("host");
    response->brokers.items[0].port = 1001;
    return response;
}

static void *coordinator(int version)
{
    struct kc_find_coordinator_response *response =
        kc_wire_new(arena, &kc_find_coordinator_response_type);

    if (version < 4) {
        response->node_id = 1;
        response->host = kc_wire_str("host");
        response->port = 1001;
        return response;
    }
    KC_WIRE_LIST_NEW(arena, &response->coordinators, kc_find_coordinator_response_coordinator, 2);
    response->coordinators.items[0].key = kc_wire_str("billing");
    response->coordinators.items[0].node_id = 1;
    response->coordinators.items[0].host = kc_wire_str("host");
    response->coordinators.items[0].port = 1001;
    response->coordinators.items[1].key = kc_wire_str("unknown");
    response->coordinators.items[1].node_id = -1;
    response->coordinators.items[1].port = -1;
    response->coordinators.items[1].error_code = KC_KAFKA_COORDINATOR_NOT_AVAILABLE;
    return response;
}

static void *produced(int version)
{
    struct kc_produce_response *response = kc_wire_new(arena, &kc_produce_response_type);

    KC_WIRE_LIST_NEW(arena, &response->responses, kc_produce_response_topic, 1);
    response->responses.items[0].name = kc_wire_str("orders");
    if (version < 10)
        return response;
    KC_WIRE_LIST_NEW(arena, &response->node_endpoints, kc_produce_response_node_endpoint, 1);
    response->node_endpoints.items[0].node_id = 1;
    response->node_endpoints.items[0].host = kc_wire_str("host");
    response->node_endpoints.items[0].port = 1001;
    return response;
}

static void *fetched(int version)
{
    struct kc_fetch_response *response = kc_wire_new(arena, &kc_fetch_response_type);

    KC_WIRE_LIST_NEW(arena, &response->responses, kc_fetch_response_topic, 1);
    response->responses.items[0].topic = kc_wire_str("orders");
    KC_WIRE_LIST_NEW(arena, &response->responses.items[0].partitions, kc_fetch_response_partition,
                     1);
    response->responses.items[0].partitions.items[0].records = kc_wire_bytes(records, RECORDS);
    if (version < 16)
        return response;
    KC_WIRE_LIST_NEW(arena, &response->node_endpoints, kc_fetch_response_node_endpoint, 1);
    response->node_endpoints.items[0].node_id = 1;
    response->node_endpoints.items[0].host = kc_wire_str("host");
    response->node_endpoints.items[0].port = 1001;
    return response;
}

static void *share_fetched(int version)
{
    struct kc_share_fetch_response *response = kc_wire_new(arena, &kc_share_fetch_response_type);

    KC_WIRE_LIST_NEW(arena, &response->responses, kc_share_fetch_response_topic, 1);
    KC_WIRE_LIST_NEW(arena, &response->responses.items[0].partitions,
                     kc_share_fetch_response_partition, 1);
    response->responses.items[0].partitions.items[0].records = kc_wire_bytes(records, RECORDS);
    KC_WIRE_LIST_NEW(arena, &response->node_endpoints, kc_share_fetch_response_node_endpoint, 1);
    response->node_endpoints.items[0].node_id = 1;
    response->node_endpoints.items[0].host = kc_wire_str("host");
    response->node_endpoints.items[0].port = 1001;
    return response;
}

static void *share_acknowledged(int version)
{
    struct kc_share_acknowledge_response *response =
        kc_wire_new(arena, &kc_share_acknowledge_response_type);

    KC_WIRE_LIST_NEW(arena, &response->node_endpoints, kc_share_acknowledge_response_node_endpoint,
                     1);
    response->node_endpoints.items[0].node_id = 1;
    response->node_endpoints.items[0].host = kc_wire_str("host");
    response->node_endpoints.items[0].port = 1001;
    return response;
}

static const struct rewritten_api {
    int api;
    int first; /* version in which addresses stand */
    void *(*make)(int version);
} cases[] = {
    {KC_API_PRODUCE, 10, produced},
    {KC_API_FETCH, 16, fetched},
    {KC_API_METADATA, 0, metadata},
    {KC_API_FIND_COORDINATOR, 0, coordinator},
    {KC_API_DESCRIBE_CLUSTER, 0, cluster},
    {KC_API_SHARE_FETCH, 1, share_fetched},
    {KC_API_SHARE_ACKNOWLEDGE, 1, share_acknowledged},
};

/* ---- Frames ---- */

static struct kc_str frame_of(int api, int version, const void *message)
{
    struct kc_wire_out out = {0};

    kc_wire_write_response_header(&out, api, version, CORRELATION);
    struct kc_error *err = kc_wire_encode(api, KC_WIRE_RESPONSE, version, message, &out);
    ck_assert_msg(!err, "%s %d: %s", kc_api_name(api), version, err ? kc_error_text(err) : "");
    return out.bytes;
}

/* The bytes of out, references in their place. */
static struct kc_str flat(const struct kc_wire_out *out)
{
    struct kc_str bytes = {0};
    size_t at = 0;

    for (size_t i = 0; i < out->ref_count; i++) {
        kc_str_append_n(&bytes, out->bytes.data + at, out->refs[i].at - at);
        kc_str_append_n(&bytes, out->refs[i].data, out->refs[i].len);
        at = out->refs[i].at;
    }
    kc_str_append_n(&bytes, out->bytes.data + at, out->bytes.len - at);
    return bytes;
}

static bool rewrite(int api, int version, const struct kc_str *frame, struct kc_wire_out *out)
{
    bool same = false;
    struct kc_error *err = gateway_rewrite(api, version, (const uint8_t *)frame->data, frame->len,
                                           nodes, 1, &versions, out, &same);

    ck_assert_msg(!err, "%s %d: %s", kc_api_name(api), version, err ? kc_error_text(err) : "");
    return same;
}

/* What the message is with the gateway's address: the same struct, encoded by the codec. */
static struct kc_str expected(int api, int version, const struct kc_str *frame)
{
    void *message = NULL;
    int32_t correlation = 0;
    size_t used = 0;
    const uint8_t *data = (const uint8_t *)frame->data;

    ck_assert_ptr_null(
        kc_wire_read_response_header(api, version, data, frame->len, &correlation, &used));
    ck_assert_ptr_null(kc_wire_decode(api, KC_WIRE_RESPONSE, version, data + used,
                                      frame->len - used, arena, &message));
#define SET(item) ((item).host = kc_wire_str("outside.example.com"), (item).port = 9294)
    if (api == KC_API_PRODUCE)
        SET(((struct kc_produce_response *)message)->node_endpoints.items[0]);
    else if (api == KC_API_FETCH)
        SET(((struct kc_fetch_response *)message)->node_endpoints.items[0]);
    else if (api == KC_API_METADATA)
        SET(((struct kc_metadata_response *)message)->brokers.items[0]);
    else if (api == KC_API_DESCRIBE_CLUSTER)
        SET(((struct kc_describe_cluster_response *)message)->brokers.items[0]);
    else if (api == KC_API_SHARE_FETCH)
        SET(((struct kc_share_fetch_response *)message)->node_endpoints.items[0]);
    else if (api == KC_API_SHARE_ACKNOWLEDGE)
        SET(((struct kc_share_acknowledge_response *)message)->node_endpoints.items[0]);
    else if (version < 4)
        SET(*(struct kc_find_coordinator_response *)message);
    else
        SET(((struct kc_find_coordinator_response *)message)->coordinators.items[0]);
#undef SET
    return frame_of(api, version, message);
}

START_TEST(addresses_are_the_gateways_in_every_version)
{
    const struct rewritten_api *test = &cases[_i];
    const struct kc_api_info *info = kc_api_find(test->api);

    for (int version = info->min; version <= info->max; version++) {
        struct kc_str frame = frame_of(test->api, version, test->make(version));
        struct kc_wire_out out = {0};

        ck_assert_int_eq(gateway_rewrites(test->api, version), version >= test->first);
        const bool same = rewrite(test->api, version, &frame, &out);
        ck_assert_int_eq(same, version < test->first);
        if (!same) {
            struct kc_str got = flat(&out), want = expected(test->api, version, &frame);

            ck_assert_uint_eq(got.len, want.len);
            ck_assert_mem_eq(got.data, want.data, want.len);
            kc_str_destroy(&got);
            kc_str_destroy(&want);
        }
        kc_wire_out_destroy(&out);
        kc_str_destroy(&frame);
    }
    char *host = NULL;
    int port = 0;
    ck_assert(gateway_nodes_broker(nodes, 1, &host, &port));
    ck_assert_str_eq(host, "host");
    ck_assert_int_eq(port, 1001);
    free(host);
}
END_TEST

START_TEST(records_are_not_copied)
{
    struct kc_str frame = frame_of(KC_API_FETCH, 17, fetched(17));
    struct kc_wire_out out = {0};

    ck_assert(!rewrite(KC_API_FETCH, 17, &frame, &out));
    ck_assert_uint_eq(out.ref_count, 1);
    ck_assert_uint_eq(out.refs[0].len, RECORDS);
    ck_assert(out.refs[0].data > (uint8_t *)frame.data &&
              out.refs[0].data < (uint8_t *)frame.data + frame.len);
    kc_wire_out_destroy(&out);
    kc_str_destroy(&frame);
}
END_TEST

START_TEST(a_fetch_without_leaders_stays_as_it_is)
{
    struct kc_fetch_response *response = fetched(17);
    struct kc_wire_out out = {0};

    response->node_endpoints.count = 0;
    struct kc_str frame = frame_of(KC_API_FETCH, 17, response);
    ck_assert(rewrite(KC_API_FETCH, 17, &frame, &out));
    ck_assert_uint_eq(kc_wire_out_size(&out), 0);
    kc_str_destroy(&frame);
}
END_TEST

START_TEST(aside_nothing_is_changed)
{
    struct kc_str frame = frame_of(KC_API_METADATA, 12, metadata(12));
    struct kc_wire_out out = {0};

    gateway_nodes_step_aside(nodes, GATEWAY_ASIDE_ALL);
    ck_assert(rewrite(KC_API_METADATA, 12, &frame, &out));
    kc_str_destroy(&frame);
}
END_TEST

START_TEST(a_broker_out_of_reach_is_left_out)
{
    struct kc_wire_out out = {0};
    struct kc_find_coordinator_response *found;
    void *message = NULL;

    /* The three ports go to the lowest ids. */
    for (int32_t id = 10; id < 13; id++)
        gateway_nodes_note(nodes, id, "other", 1);
    struct kc_metadata_response *response = metadata(9);
    response->brokers.items[0].node_id = 14;
    struct kc_str frame = frame_of(KC_API_METADATA, 9, response);
    ck_assert(!rewrite(KC_API_METADATA, 9, &frame, &out));
    ck_assert_ptr_null(kc_wire_decode(KC_API_METADATA, KC_WIRE_RESPONSE, 9,
                                      (uint8_t *)out.bytes.data + 5, out.bytes.len - 5, arena,
                                      &message));
    ck_assert_int_eq(((struct kc_metadata_response *)message)->brokers.count, 0);
    kc_wire_out_destroy(&out);
    kc_str_destroy(&frame);
    found = coordinator(4);
    found->coordinators.items[0].node_id = 14;
    frame = frame_of(KC_API_FIND_COORDINATOR, 4, found);
    ck_assert(!rewrite(KC_API_FIND_COORDINATOR, 4, &frame, &out));
    ck_assert_ptr_null(kc_wire_decode(KC_API_FIND_COORDINATOR, KC_WIRE_RESPONSE, 4,
                                      (uint8_t *)out.bytes.data + 5, out.bytes.len - 5, arena,
                                      &message));
    found = message;
    ck_assert_int_eq(found->coordinators.items[0].error_code, KC_KAFKA_COORDINATOR_NOT_AVAILABLE);
    ck_assert_int_eq(found->coordinators.items[0].node_id, -1);
    kc_wire_out_destroy(&out);
    kc_str_destroy(&frame);
}
END_TEST

/* ---- Versions ---- */

static void add_range(struct kc_api_versions_response *response, int at, int key, int min, int max)
{
    response->api_keys.items[at] =
        (struct kc_api_versions_response_api_key){(int16_t)key, (int16_t)min, (int16_t)max};
}

static struct kc_api_versions_response *offered(void)
{
    struct kc_api_versions_response *response = kc_wire_new(arena, &kc_api_versions_response_type);

    KC_WIRE_LIST_NEW(arena, &response->api_keys, kc_api_versions_response_api_key, 6);
    add_range(response, 0, KC_API_METADATA, 0, 99);
    add_range(response, 1, KC_API_JOIN_GROUP, 0, 99); /* isn't read */
    add_range(response, 2, KC_API_SASL_HANDSHAKE, 0, 1);
    add_range(response, 3, KC_API_PRODUCE, 90, 99); /* none is left */
    add_range(response, 4, 300, 0, 9);
    add_range(response, 5, KC_API_FETCH, 0, 5);
    return response;
}

START_TEST(versions_are_what_the_gateway_reads)
{
    const int version = _i;
    struct kc_api_versions_response *response = offered();
    struct kc_wire_out out = {0};
    void *message = NULL;

    if (version >= 3) {
        KC_WIRE_LIST_NEW(arena, &response->finalized_features,
                         kc_api_versions_response_finalized_feature, 1);
        response->finalized_features.items[0].name = kc_wire_str("transaction.version");
        response->finalized_features.items[0].max_version_level = 2;
    }
    versions.transaction_version = 1;
    struct kc_str frame = frame_of(KC_API_API_VERSIONS, version, response);
    ck_assert(!rewrite(KC_API_API_VERSIONS, version, &frame, &out));
    ck_assert_ptr_null(kc_wire_decode(KC_API_API_VERSIONS, KC_WIRE_RESPONSE, version,
                                      (uint8_t *)out.bytes.data + 4, out.bytes.len - 4, arena,
                                      &message));
    const struct kc_api_versions_response *got = message;
    const struct kc_api_versions_response_api_key *key = got->api_keys.items;
    ck_assert_int_eq(got->api_keys.count, 5);
    ck_assert_int_eq(key[0].max_version, kc_api_find(KC_API_METADATA)->max);
    ck_assert_int_eq(key[1].max_version, 99);
    ck_assert_int_eq(key[2].min_version, 1);
    ck_assert_int_eq(key[3].api_key, 300);
    ck_assert_int_eq(key[3].max_version, 9);
    ck_assert_int_eq(key[4].max_version, 5);
    ck_assert_int_eq(key[4].min_version, kc_api_find(KC_API_FETCH)->min);
    if (version >= 3)
        ck_assert_int_eq(got->finalized_features.items[0].max_version_level, 1);
    kc_wire_out_destroy(&out);
    kc_str_destroy(&frame);
}
END_TEST

/* A broker that doesn't know the version asked for answers in version 0. */
START_TEST(an_old_brokers_refusal_passes)
{
    struct kc_api_versions_response *response = kc_wire_new(arena, &kc_api_versions_response_type);
    struct kc_wire_out out = {0};

    response->error_code = KC_KAFKA_UNSUPPORTED_VERSION;
    KC_WIRE_LIST_NEW(arena, &response->api_keys, kc_api_versions_response_api_key, 1);
    add_range(response, 0, KC_API_API_VERSIONS, 0, 2);
    struct kc_str frame = frame_of(KC_API_API_VERSIONS, 0, response);
    ck_assert(!rewrite(KC_API_API_VERSIONS, 4, &frame, &out));
    ck_assert_uint_eq(out.bytes.len, frame.len);
    ck_assert_mem_eq(out.bytes.data, frame.data, frame.len);
    kc_wire_out_destroy(&out);
    kc_str_destroy(&frame);
}
END_TEST

START_TEST(what_cannot_be_read_is_an_error)
{
    const struct rewritten_api *test = &cases[_i];
    const int version = kc_api_find(test->api)->max;
    struct kc_str frame = frame_of(test->api, version, test->make(version));

    for (size_t cut = 0; cut < frame.len; cut += cut < 200 ? 1 : 97) {
        struct kc_wire_out out = {0};
        bool same = false;
        struct kc_error *err = gateway_rewrite(test->api, version, (const uint8_t *)frame.data, cut,
                                               nodes, 0, &versions, &out, &same);

        ck_assert_ptr_nonnull(err);
        kc_error_destroy(err);
        kc_wire_out_destroy(&out);
    }
    kc_str_destroy(&frame);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gateway rewrite");
    TCase *tests = tcase_create("all");
    SRunner *runner = srunner_create(suite);
    const int count = sizeof(cases) / sizeof(*cases);

    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, addresses_are_the_gateways_in_every_version, 0, count);
    tcase_add_test(tests, records_are_not_copied);
    tcase_add_test(tests, a_fetch_without_leaders_stays_as_it_is);
    tcase_add_test(tests, aside_nothing_is_changed);
    tcase_add_test(tests, a_broker_out_of_reach_is_left_out);
    tcase_add_loop_test(tests, versions_are_what_the_gateway_reads, 0, 5);
    tcase_add_test(tests, an_old_brokers_refusal_passes);
    tcase_add_loop_test(tests, what_cannot_be_read_is_an_error, 0, count);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
