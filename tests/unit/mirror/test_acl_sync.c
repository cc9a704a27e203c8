/* SPDX-License-Identifier: Apache-2.0 */
/* ACLs beyond those of topics, what is written of them and what may be deleted; quotas likewise. */
#include "mirror/acl_ledger_priv.h"
#include "mirror/acl_sync_priv.h"
#include "mirror/client_limits_priv.h"
#include "mirror/mirror_check.h"
#include "mirror_source/mirror_source_priv.h"

static struct kc_mirror_config *config;
static struct kc_flow *flow;

static void open_flow(struct kc_map *more)
{
    struct kc_map *properties =
        MAP("name", "mm", "connector.class", "x", "source.cluster.alias", "A",
            "target.cluster.alias", "B", "source.cluster.bootstrap.servers", "127.0.0.1:1",
            "target.cluster.bootstrap.servers", "127.0.0.1:1");
    kc_map_merge(properties, more);
    assert_ok(kc_mirror_config_new(&kc_mirror_source_plugin, properties, false, &config));
    assert_ok(kc_flow_new(config, &flow));
    kc_map_destroy(properties);
    kc_map_destroy(more);
}

static void close_flow(void)
{
    kc_flow_destroy(flow);
    kc_mirror_config_destroy(config);
}

static struct kc_acl acl(int type, const char *name, int operation)
{
    return (struct kc_acl){.resource_type = type,
                           .pattern_type = RD_KAFKA_RESOURCE_PATTERN_LITERAL,
                           .name = (char *)name,
                           .principal = (char *)"User:alice",
                           .host = (char *)"*",
                           .operation = operation,
                           .permission = RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW};
}

static void assert_copied(struct kc_acl source, const char *name)
{
    struct kc_acl target;
    ck_assert(kc_sync_acl(flow, &source, &target));
    ck_assert_str_eq(target.name, name);
    ck_assert_int_eq(target.operation, source.operation);
    ck_assert_int_eq(target.pattern_type, source.pattern_type);
    free(target.name);
}

START_TEST(groups_and_transactional_ids_keep_their_names)
{
    struct kc_acl target, prefixed = acl(KC_RESOURCE_GROUP, "pay", RD_KAFKA_ACL_OPERATION_READ);
    struct kc_acl cluster = acl(4, "kafka-cluster", RD_KAFKA_ACL_OPERATION_ALTER);
    struct kc_acl left_out = acl(KC_RESOURCE_GROUP, "connect-x", RD_KAFKA_ACL_OPERATION_READ);
    open_flow(MAP("groups", "pay.*"));
    prefixed.pattern_type = RD_KAFKA_RESOURCE_PATTERN_PREFIXED;
    assert_copied(prefixed, "pay");
    assert_copied(acl(KC_RESOURCE_GROUP, "payments", RD_KAFKA_ACL_OPERATION_ALL), "payments");
    assert_copied(acl(KC_RESOURCE_TRANSACTIONAL_ID, "tx", RD_KAFKA_ACL_OPERATION_WRITE), "tx");
    ck_assert(!kc_sync_acl(flow, &left_out, &target)); /* the group filter leaves it out */
    ck_assert(!kc_sync_acl(flow, &cluster, &target));
    close_flow();
}
END_TEST

START_TEST(what_is_missing_is_chosen_once)
{
    struct kc_acl some[] = {
        acl(KC_RESOURCE_GROUP, "c", 3),
        acl(KC_RESOURCE_GROUP, "a", 3),
        acl(KC_RESOURCE_TRANSACTIONAL_ID, "a", 3), /* the same name, another kind */
        acl(KC_RESOURCE_GROUP, "c", 3),
        acl(KC_RESOURCE_GROUP, "b", 3),
    };
    struct kc_acl there[] = {acl(KC_RESOURCE_GROUP, "a", 3), acl(KC_RESOURCE_GROUP, "d", 3)};
    const struct kc_acls other = {there, 2}, none = {NULL, 0};
    ck_assert_uint_eq(kc_acl_select(some, 5, &other, false), 3);
    ck_assert_str_eq(some[0].name, "a");
    ck_assert_int_eq(some[0].resource_type, KC_RESOURCE_TRANSACTIONAL_ID);
    ck_assert_str_eq(some[1].name, "b");
    ck_assert_str_eq(some[2].name, "c");
    ck_assert_uint_eq(kc_acl_select(some, 5, &other, true), 1);
    ck_assert_int_eq(some[0].resource_type, KC_RESOURCE_GROUP);
    ck_assert_uint_eq(kc_acl_select(some, 5, &none, true), 0);
}
END_TEST

START_TEST(a_ledger_is_read_back_by_its_connector_alone)
{
    struct kc_acl given = acl(KC_RESOURCE_TOPIC, "A.\"orders\"", 3), found = {0};
    char *key = kc_acl_ledger_key("mm", &given);
    ck_assert(!kc_acl_ledger_parse(key, "other", &found));
    ck_assert(kc_acl_ledger_parse(key, "mm", &found));
    ck_assert_int_eq(kc_acl_compare(&given, &found), 0);
    free(found.name);
    free(found.principal);
    free(found.host);
    free(key);
    static const char *const strange[] = {"",
                                          "mm",
                                          "[]",
                                          "{}",
                                          "[\"mm\",2,3]",
                                          "[\"mm\",2,3,\"t\",\"u\",\"*\",3,3,1]",
                                          "[\"mm\",\"2\",3,\"t\",\"u\",\"*\",3,3]"};
    for (size_t i = 0; i < sizeof(strange) / sizeof(strange[0]); i++)
        ck_assert(!kc_acl_ledger_parse(strange[i], "mm", &found));
}
END_TEST

static struct kc_quota quota(struct kc_map *entity, const char *key, double value)
{
    return (struct kc_quota){entity, kc_strdup(key), value};
}

START_TEST(quotas_differ_by_entity_key_and_value)
{
    struct kc_quotas source = {kc_calloc(4, sizeof(struct kc_quota)), 4};
    struct kc_quotas target = {kc_calloc(3, sizeof(struct kc_quota)), 3};
    source.items[0] = quota(MAP("user", "alice"), "producer_byte_rate", 1024);
    source.items[1] = quota(MAP("user", "alice", "client-id", "x"), "producer_byte_rate", 1024);
    source.items[2] = quota(MAP("user", "bob"), "consumer_byte_rate", 2e9);
    source.items[3] = quota(kc_map_new(), "request_percentage", 12.5);
    kc_map_set(source.items[3].entity, "user", NULL);
    target.items[0] = quota(MAP("client-id", "x", "user", "alice"), "producer_byte_rate", 1024);
    target.items[1] = quota(MAP("user", "bob"), "consumer_byte_rate", 1);
    target.items[2] = quota(MAP("user", "alice"), "consumer_byte_rate", 1024);
    ck_assert_uint_eq(kc_quotas_select(&source, &target), 3);
    char *texts[3];
    for (size_t i = 0; i < 3; i++)
        texts[i] = kc_quota_print(&source.items[i]);
    ck_assert_str_eq(texts[0], "user alice: producer_byte_rate=1024");
    ck_assert_str_eq(texts[1], "user bob: consumer_byte_rate=2000000000");
    ck_assert_str_eq(texts[2], "user default: request_percentage=12.5");
    for (size_t i = 0; i < 3; i++)
        free(texts[i]);
    kc_quotas_destroy(&source);
    kc_quotas_destroy(&target);
}
END_TEST

RUN_TESTS("acl_sync", groups_and_transactional_ids_keep_their_names, what_is_missing_is_chosen_once,
          a_ledger_is_read_back_by_its_connector_alone, quotas_differ_by_entity_key_and_value)
