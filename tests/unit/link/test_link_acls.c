/* SPDX-License-Identifier: Apache-2.0 */
/* ACLs of a link: which come over, whom the guard denies, and what it leaves behind. */
#include "link/link_acls_priv.h"

#include "data/plugins.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define ALLOW    RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW
#define DENY     RD_KAFKA_ACL_PERMISSION_TYPE_DENY
#define READ     RD_KAFKA_ACL_OPERATION_READ
#define WRITE    RD_KAFKA_ACL_OPERATION_WRITE
#define ALL      RD_KAFKA_ACL_OPERATION_ALL
#define LITERAL  RD_KAFKA_RESOURCE_PATTERN_LITERAL
#define PREFIXED RD_KAFKA_RESOURCE_PATTERN_PREFIXED

/* pairs: keys and values beside the required ones, up to NULL. */
static struct link_config *config_of(const char *const *pairs)
{
    struct link_config *config = NULL;
    struct kc_map *properties = kc_map_new();
    kc_plugins_set_builtin(kc_builtin_plugins);
    kc_map_set(properties, "name", "moving");
    kc_map_set(properties, "connector.class", "KafkaLinkConnector");
    kc_map_set(properties, "source.cluster.bootstrap.servers", "source:9092");
    kc_map_set(properties, "target.cluster.bootstrap.servers", "target:9092");
    kc_map_set(properties, "link.topic.prefix", "eu.");
    kc_map_set(properties, "link.group.prefix", "g.");
    for (; *pairs; pairs += 2)
        kc_map_set(properties, pairs[0], pairs[1]);
    struct kc_error *err = link_config_new(properties, false, &config);
    ck_assert_msg(!err, "%s", err ? kc_error_text(err) : "");
    kc_map_destroy(properties);
    return config;
}

static struct kc_acl acl(int type, int pattern, const char *name, const char *principal,
                         int operation, int permission)
{
    return (struct kc_acl){type,        pattern,   (char *)name, (char *)principal,
                           (char *)"*", operation, permission};
}

/* ---- from the source ---- */

START_TEST(rights_come_over_and_writing_last)
{
    static const struct {
        struct kc_acl source;
        const char *name; /* on the target; NULL: it has no counterpart */
        int operation;
    } cases[] = {
        {{2, LITERAL, (char *)"orders", (char *)"User:a", (char *)"*", READ, ALLOW},
         "eu.orders",
         READ},
        {{2, LITERAL, (char *)"orders", (char *)"User:a", (char *)"*", WRITE, ALLOW}, NULL, 0},
        {{2, LITERAL, (char *)"orders", (char *)"User:a", (char *)"*", WRITE, DENY},
         "eu.orders",
         WRITE},
        {{2, LITERAL, (char *)"orders", (char *)"User:a", (char *)"*", ALL, ALLOW},
         "eu.orders",
         READ},
        {{2, LITERAL, (char *)"orders", (char *)"User:a", (char *)"*", ALL, DENY},
         "eu.orders",
         ALL},
        {{2, LITERAL, (char *)"done", (char *)"User:a", (char *)"*", WRITE, ALLOW},
         "eu.done",
         WRITE},
        {{2, LITERAL, (char *)"done", (char *)"User:a", (char *)"*", ALL, ALLOW}, "eu.done", ALL},
        {{2, LITERAL, (char *)"others", (char *)"User:a", (char *)"*", READ, ALLOW}, NULL, 0},
        {{2, PREFIXED, (char *)"orders", (char *)"User:a", (char *)"*", READ, ALLOW}, NULL, 0},
        {{3, LITERAL, (char *)"readers", (char *)"User:a", (char *)"*", READ, ALLOW},
         "g.readers",
         READ},
        {{3, LITERAL, (char *)"orders", (char *)"User:a", (char *)"*", READ, ALLOW}, NULL, 0},
        {{5, LITERAL, (char *)"orders", (char *)"User:a", (char *)"*", WRITE, ALLOW}, NULL, 0},
    };
    struct link_config *config = config_of((const char *const[]){NULL});
    struct link_acl_names names = {0};
    kc_strings_split(&names.linked, "eu.bills,eu.orders");
    kc_strings_add(&names.promoted, "eu.done");
    kc_strings_add(&names.groups, "g.readers");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kc_acl target = {0};
        bool wanted = link_acl_map(config, &names, &cases[i].source, &target);
        ck_assert_msg(wanted == (cases[i].name != NULL), "case %zu", i);
        if (!wanted)
            continue;
        ck_assert_str_eq(target.name, cases[i].name);
        ck_assert_int_eq(target.operation, cases[i].operation);
        ck_assert_int_eq(target.permission, cases[i].source.permission);
        free(target.name);
    }
    link_acl_names_clear(&names);
    link_config_destroy(config);
}
END_TEST

/* ---- the link's own principal ---- */

static void assert_principal(const char *const *pairs, const char *expected)
{
    struct link_config *config = config_of(pairs);
    char *principal = link_guard_principal(config);
    ck_assert_pstr_eq(principal, expected);
    free(principal);
    link_config_destroy(config);
}

#define PROTOCOL  "target.cluster.security.protocol"
#define MECHANISM "target.cluster.sasl.mechanism"
#define LOGIN     "target.cluster.sasl.jaas.config"
#define MODULE    "org.apache.kafka.common.security.scram.ScramLoginModule required "

START_TEST(the_own_principal_follows_from_the_login_or_is_given)
{
    static const struct {
        const char *pairs[9];
        const char *principal;
    } cases[] = {
        {{PROTOCOL, "PLAINTEXT"}, "User:ANONYMOUS"},
        {{PROTOCOL, "SSL"}, NULL},
        {{PROTOCOL, "SASL_SSL", MECHANISM, "GSSAPI"}, NULL},
        {{PROTOCOL, "SSL", "link.write.guard.principal", "User:CN=link"}, "User:CN=link"},
        {{PROTOCOL, "SASL_SSL", MECHANISM, "SCRAM-SHA-512", LOGIN,
          MODULE "username=\"mover\" password=\"x\";"},
         "User:mover"},
        {{PROTOCOL, "SASL_PLAINTEXT", MECHANISM, "PLAIN", LOGIN,
          MODULE "password='x' username=mover;"},
         "User:mover"},
        {{PROTOCOL, "SASL_PLAINTEXT", MECHANISM, "PLAIN", LOGIN, MODULE "username=\"mover"}, NULL},
        {{PROTOCOL, "SASL_PLAINTEXT", MECHANISM, "PLAIN", LOGIN, MODULE "username=\"\";"}, NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_principal(cases[i].pairs, cases[i].principal);
}
END_TEST

/* ---- the guard ---- */

static struct kc_acl on_target[8];

static struct kc_acls target_of(size_t count)
{
    return (struct kc_acls){on_target, count};
}

static void assert_denied(const json_t *record, const char *expected)
{
    char *text = json_dumps(json_object_get(record, "denied"), JSON_COMPACT);
    ck_assert_str_eq(text, expected);
    free(text);
}

START_TEST(all_who_may_write_are_denied_but_the_link)
{
    on_target[0] = acl(2, LITERAL, "orders", "User:b", WRITE, ALLOW);
    on_target[1] = acl(2, PREFIXED, "ord", "User:a", ALL, ALLOW);
    on_target[2] = acl(2, LITERAL, "*", "User:c", WRITE, ALLOW);
    on_target[3] = acl(2, LITERAL, "*", "User:link", ALL, ALLOW);
    on_target[4] = acl(2, LITERAL, "orders", "User:reader", READ, ALLOW);
    on_target[5] = acl(2, LITERAL, "bills", "User:other", WRITE, ALLOW);
    on_target[6] = acl(2, LITERAL, "orders", "User:b", ALL, ALLOW);
    on_target[7] = acl(2, LITERAL, "orders", "User:c", WRITE, DENY); /* somebody else's */
    const struct kc_acls target = target_of(8);
    struct kc_strings writers = {0};
    struct kc_acls denials = {0};
    link_guard_writers(&target, "orders", "User:link", &writers);
    char *text = kc_strings_join(&writers, " ");
    ck_assert_str_eq(text, "User:a User:b User:c");
    free(text);
    json_t *record = link_guard_plan("orders", &writers, &target, NULL, &denials);
    assert_denied(record, "[\"User:a\",\"User:b\"]");
    ck_assert_str_eq(json_string_value(json_object_get(record, "reason")), "");
    ck_assert_uint_eq(denials.count, 2);
    ck_assert_str_eq(denials.items[0].name, "orders");
    ck_assert_str_eq(denials.items[0].principal, "User:a");
    ck_assert_int_eq(denials.items[0].permission, DENY);
    ck_assert_int_eq(denials.items[0].operation, WRITE);
    kc_acls_destroy(&denials);
    link_guard_denials("orders", record, &denials);
    ck_assert_uint_eq(denials.count, 2);
    kc_acls_destroy(&denials);
    json_decref(record);
    kc_strings_destroy(&writers);
}
END_TEST

START_TEST(what_was_denied_stays_recorded_and_is_made_again_if_it_is_lost)
{
    on_target[0] = acl(2, LITERAL, "orders", "User:b", WRITE, ALLOW);
    on_target[1] = acl(2, LITERAL, "orders", "User:b", WRITE, DENY);
    struct kc_strings writers = {0};
    struct kc_acls target = target_of(2), denials = {0};
    json_t *before = json_pack("{s:[s,s]}", "denied", "User:gone", "User:b");
    kc_strings_add(&writers, "User:b");
    json_t *record = link_guard_plan("orders", &writers, &target, before, &denials);
    assert_denied(record, "[\"User:gone\",\"User:b\"]");
    ck_assert_uint_eq(denials.count, 0);
    json_decref(record);
    target.count = 1;
    record = link_guard_plan("orders", &writers, &target, before, &denials);
    assert_denied(record, "[\"User:gone\",\"User:b\"]");
    ck_assert_uint_eq(denials.count, 1);
    json_decref(record);
    json_decref(before);
    kc_acls_destroy(&denials);
    kc_strings_destroy(&writers);
}
END_TEST

START_TEST(everybody_is_never_denied_because_the_link_would_be)
{
    on_target[0] = acl(2, LITERAL, "*", "User:*", WRITE, ALLOW);
    const struct kc_acls target = target_of(1);
    struct kc_strings writers = {0};
    struct kc_acls denials = {0};
    link_guard_writers(&target, "orders", "User:link", &writers);
    json_t *record = link_guard_plan("orders", &writers, &target, NULL, &denials);
    ck_assert_uint_eq(denials.count, 0);
    assert_denied(record, "[]");
    ck_assert_ptr_nonnull(strstr(json_string_value(json_object_get(record, "reason")), "User:*"));
    json_decref(record);
    kc_strings_destroy(&writers);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("link_acls");
    TCase *cases = tcase_create("all");
    tcase_add_test(cases, rights_come_over_and_writing_last);
    tcase_add_test(cases, the_own_principal_follows_from_the_login_or_is_given);
    tcase_add_test(cases, all_who_may_write_are_denied_but_the_link);
    tcase_add_test(cases, what_was_denied_stays_recorded_and_is_made_again_if_it_is_lost);
    tcase_add_test(cases, everybody_is_never_denied_because_the_link_would_be);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
