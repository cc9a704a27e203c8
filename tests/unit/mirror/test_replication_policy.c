/* SPDX-License-Identifier: Apache-2.0 */
/* Topic names, case by case against Java 4.1.0 (tests/unit/data/mirror/policies.tsv). */
#include "mirror/mirror_check.h"
#include "mirror/replication_policy.h"

#include <stdio.h>

#define COLUMNS 12

/* Splits at tabs, in place. */
static size_t split(char *line, const char **columns)
{
    size_t count = 0;
    line[strcspn(line, "\n")] = '\0';
    for (char *text = line; text && count < COLUMNS; count++) {
        columns[count] = text;
        text = strchr(text, '\t');
        if (text)
            *text++ = '\0';
    }
    return count;
}

static struct kc_replication_policy *policy_of(const char **columns)
{
    static const char *const keys[] = {"replication.policy.separator",
                                       "replication.policy.internal.topic.separator.enabled",
                                       "source.cluster.alias"};
    struct kc_map *properties = kc_map_new();
    struct kc_replication_policy *policy = NULL;
    kc_map_setf(properties, "replication.policy.class",
                "org.apache.kafka.connect.mirror.%sReplicationPolicy", columns[1]);
    for (size_t i = 0; i < 3; i++)
        if (strcmp(columns[2 + i], "NULL") != 0)
            kc_map_set(properties, keys[i], columns[2 + i]);
    assert_ok(kc_replication_policy_new(properties, &policy));
    kc_map_destroy(properties);
    return policy;
}

/* got is taken; NULL is "NULL". */
static void same(char *got, const char *want, const char *what, const char *topic)
{
    ck_assert_msg(strcmp(got ? got : "NULL", want) == 0, "%s of '%s' is %s, Java has %s", what,
                  topic, got ? got : "NULL", want);
    free(got);
}

static void same_flag(bool got, const char *want, const char *what, const char *topic)
{
    ck_assert_msg(got == (strcmp(want, "true") == 0), "'%s' %s: Java says %s", topic, what, want);
}

static void check_names(const struct kc_replication_policy *policy, const char **columns)
{
    same(kc_policy_offset_syncs_topic(policy, "B"), columns[5], "offset-syncs topic", "B");
    same(kc_policy_checkpoints_topic(policy, "A"), columns[6], "checkpoints topic", "A");
    ck_assert_str_eq(KC_HEARTBEATS_TOPIC, columns[7]);
}

static void check_topic(const struct kc_replication_policy *policy, const char **columns)
{
    const char *topic = columns[1];
    same(kc_policy_topic_source(policy, topic), columns[2], "source", topic);
    same(kc_policy_upstream_topic(policy, topic), columns[3], "upstream topic", topic);
    same(kc_policy_original_topic(policy, topic), columns[4], "original topic", topic);
    same(kc_policy_remote_topic(policy, "S", topic), columns[5], "remote topic", topic);
    same_flag(kc_policy_is_heartbeats(policy, topic), columns[6], "is heartbeats", topic);
    same_flag(kc_policy_is_checkpoints(policy, topic), columns[7], "is checkpoints", topic);
    same_flag(kc_policy_is_mm2_internal(policy, topic), columns[8], "is MM2's own", topic);
    same_flag(kc_policy_is_internal(policy, topic), columns[9], "is internal", topic);
}

START_TEST(names_are_javas)
{
    FILE *file = fopen("tests/unit/data/mirror/policies.tsv", "r");
    struct kc_replication_policy *policy = NULL;
    const char *columns[COLUMNS];
    char line[1024];
    int topics = 0;
    ck_assert_ptr_nonnull(file);
    while (fgets(line, sizeof(line), file)) {
        ck_assert_uint_ge(split(line, columns), 8);
        if (strcmp(columns[0], "P") == 0) {
            kc_replication_policy_destroy(policy);
            policy = policy_of(columns);
            check_names(policy, columns);
        } else {
            check_topic(policy, columns);
            topics++;
        }
    }
    fclose(file);
    kc_replication_policy_destroy(policy);
    ck_assert_int_gt(topics, 300);
}
END_TEST

START_TEST(a_topic_that_was_there_before_is_a_cycle)
{
    struct kc_map *properties = MAP("source.cluster.alias", "A");
    struct kc_replication_policy *policy = NULL;
    assert_ok(kc_replication_policy_new(properties, &policy));
    ck_assert(kc_policy_is_cycle(policy, "B.orders", "B"));
    ck_assert(kc_policy_is_cycle(policy, "C.B.orders", "B"));
    ck_assert(!kc_policy_is_cycle(policy, "C.orders", "B"));
    ck_assert(!kc_policy_is_cycle(policy, "orders", "B"));
    kc_replication_policy_destroy(policy);
    kc_map_set(properties, "replication.policy.class", "IdentityReplicationPolicy");
    assert_ok(kc_replication_policy_new(properties, &policy));
    ck_assert(!kc_policy_is_cycle(policy, "B.orders", "B"));
    ck_assert(kc_policy_is_cycle(policy, "orders", "A"));
    ck_assert(kc_policy_is_cycle(policy, "B.heartbeats", "B"));
    kc_replication_policy_destroy(policy);
    kc_map_destroy(properties);
}
END_TEST

START_TEST(a_strange_policy_is_refused)
{
    struct kc_map *properties = MAP("replication.policy.class", "com.example.Mine");
    struct kc_replication_policy *policy = NULL;
    struct kc_error *err = kc_replication_policy_new(properties, &policy);
    ck_assert_ptr_nonnull(err);
    ck_assert_int_eq(kc_error_code(err), KC_ERR_CONFIG);
    kc_error_destroy(err);
    kc_map_destroy(properties);
}
END_TEST

/* What AWS and Strimzi published for clusters that keep names: nothing is ever renamed, and a topic
 * has a source, but no upstream topic. */
START_TEST(published_policies_keep_all_names)
{
    static const char *const classes[] = {
        "com.amazonaws.kafka.samples.CustomMM2ReplicationPolicy",
        "io.strimzi.kafka.connect.mirror.IdentityReplicationPolicy",
    };
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        struct kc_map *properties = MAP("replication.policy.class", classes[i]);
        struct kc_replication_policy *policy = NULL;
        struct kc_error *err = kc_replication_policy_new(properties, &policy);
        ck_assert_int_eq(kc_error_code(err), KC_ERR_CONFIG);
        ck_assert_ptr_nonnull(strstr(kc_error_text(err), "source.cluster.alias"));
        kc_error_destroy(err);
        kc_map_set(properties, "source.cluster.alias", "A");
        assert_ok(kc_replication_policy_new(properties, &policy));
        ck_assert(kc_policy_is_identity(policy));
        same(kc_policy_remote_topic(policy, "A", "orders"), "orders", "remote topic", "orders");
        same(kc_policy_remote_topic(policy, "A", "heartbeats"), "heartbeats", "remote topic",
             "heartbeats");
        same(kc_policy_topic_source(policy, "B.orders"), "A", "source", "B.orders");
        same(kc_policy_upstream_topic(policy, "B.orders"), "NULL", "upstream topic", "B.orders");
        same(kc_policy_original_topic(policy, "B.orders"), "B.orders", "original", "B.orders");
        same(kc_policy_checkpoints_topic(policy, "A"), "A.checkpoints.internal", "checkpoints",
             "A");
        ck_assert(!kc_policy_is_cycle(policy, "orders", "B"));
        ck_assert(kc_policy_is_cycle(policy, "orders", "A"));
        kc_replication_policy_destroy(policy);
        kc_map_destroy(properties);
    }
}
END_TEST

RUN_TESTS("replication_policy", names_are_javas, a_topic_that_was_there_before_is_a_cycle,
          a_strange_policy_is_refused, published_policies_keep_all_names)
