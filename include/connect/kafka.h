/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kafka clients for connectors: librdkafka configured by Java client properties.
 *
 * Properties are those of Kafka's Java clients (bootstrap.servers, sasl.jaas.config, ...); they are
 * translated to librdkafka's names. The clients made here log through Isthmus's log. Admin calls
 * block until they are done or time out; any thread may make them, several at once.
 */
#ifndef CONNECT_KAFKA_H
#define CONNECT_KAFKA_H

#include "connect/map.h"

#include <librdkafka/rdkafka.h>

/* For the plugin's descriptor: connect/plugin.h. */
#undef KC_RDKAFKA_MAJOR
#define KC_RDKAFKA_MAJOR (RD_KAFKA_VERSION >> 24)

KC_API_BEGIN

enum kc_client_role { KC_CLIENT_PRODUCER, KC_CLIENT_CONSUMER, KC_CLIENT_ADMIN };

/* A librdkafka configuration from Java properties; KC_ERR_CONFIG names the key and value that is
 * wrong. Keys that mean nothing to librdkafka are left out with one log line each. The caller owns
 * *conf until rd_kafka_new() takes it; callbacks (dr_msg, rebalance, opaque) may be set on it. A
 * CONSUMER without group.id gets one that is never used on the wire. */
struct kc_error *kc_client_conf(enum kc_client_role role, const struct kc_map *properties,
                                rd_kafka_conf_t **conf) KC_MUST_CHECK;

/* Makes the client; takes conf in any case. */
struct kc_error *kc_client_new(enum kc_client_role role, rd_kafka_conf_t *conf,
                               rd_kafka_t **client) KC_MUST_CHECK;

/* kc_client_conf() and kc_client_new() in one. */
struct kc_error *kc_client_open(enum kc_client_role role, const struct kc_map *properties,
                                rd_kafka_t **client) KC_MUST_CHECK;

/* An error from a librdkafka code; retriable as Java's client has it. */
struct kc_error *kc_client_error(rd_kafka_resp_err_t code, const char *fmt, ...) KC_PRINTF(2, 3);

/* ---- admin ---- */

struct kc_admin; /* thread-safe */

/* properties: Java admin client properties. Connects lazily. Admins that differ only in client.id
 * share connections, under the id of the first. */
struct kc_error *kc_admin_new(const struct kc_map *properties,
                              struct kc_admin **admin) KC_MUST_CHECK;
void kc_admin_destroy(struct kc_admin *admin);
void kc_admin_set_timeout(struct kc_admin *admin, int timeout_ms); /* default 60000 */
/* The librdkafka client beneath, borrowed, for calls that have no wrapper here. */
rd_kafka_t *kc_admin_client(struct kc_admin *admin);

/* Never grows. */
struct kc_topic_info {
    char *name;
    int32_t partitions;
    int16_t replication_factor; /* of partition 0 */
    int error;                  /* Kafka error code of the topic, 0 fine */
};
/* Never grows. */
struct kc_topic_infos {
    struct kc_topic_info *items;
    size_t count;
};
/* All topics (names NULL), or those named; a topic that doesn't exist is left out. Sorted by name.
 */
struct kc_error *kc_admin_topics(struct kc_admin *admin, const struct kc_strings *names,
                                 struct kc_topic_infos *topics) KC_MUST_CHECK;
void kc_topic_infos_destroy(struct kc_topic_infos *topics);

struct kc_error *kc_admin_cluster_id(struct kc_admin *admin, char **cluster_id) KC_MUST_CHECK;

/* Never grows. */
struct kc_new_topic {
    const char *name;
    int32_t partitions;          /* -1: the broker's default */
    int16_t replication_factor;  /* -1: the broker's default */
    const struct kc_map *config; /* may be NULL */
};
/* errors[i] (owned by the caller, NULL: created) for each topic; the returned error is for the
 * whole call. TOPIC_ALREADY_EXISTS is such an errors[i] with that Kafka code. */
struct kc_error *kc_admin_create_topics(struct kc_admin *admin, const struct kc_new_topic *topics,
                                        size_t count, struct kc_error **errors) KC_MUST_CHECK;
struct kc_error *kc_admin_create_partitions(struct kc_admin *admin, const char *topic,
                                            int32_t total) KC_MUST_CHECK;
/* UNKNOWN_TOPIC_OR_PARTITION where there is none. Brokers forget the topic some time later. (API
 * 1.3) */
struct kc_error *kc_admin_delete_topic(struct kc_admin *admin, const char *topic) KC_MUST_CHECK;

/* Never grows. */
struct kc_config_entry {
    char *name;
    char *value; /* NULL: null or sensitive */
    bool is_default;
    bool is_read_only;
    bool is_sensitive;
    int source; /* RD_KAFKA_CONFIG_SOURCE_* */
};
/* Never grows. */
struct kc_config_entries {
    struct kc_config_entry *items;
    size_t count;
};
/* The settings of one topic. */
struct kc_error *kc_admin_topic_config(struct kc_admin *admin, const char *topic,
                                       struct kc_config_entries *entries) KC_MUST_CHECK;
/* The settings of many topics in one request; entries[i] for names->items[i]. errors[i] as above.
 */
struct kc_error *kc_admin_topic_configs(struct kc_admin *admin, const struct kc_strings *names,
                                        struct kc_config_entries *entries,
                                        struct kc_error **errors) KC_MUST_CHECK;
void kc_config_entries_destroy(struct kc_config_entries *entries);

/* One IncrementalAlterConfigs operation on a topic (KIP-339). Never grows. */
struct kc_config_op {
    const char *name;
    const char *value; /* NULL: DELETE; else SET */
};
/* KC_ERR_UNSUPPORTED when the broker has no such API. */
struct kc_error *kc_admin_alter_topic_config(struct kc_admin *admin, const char *topic,
                                             const struct kc_config_op *ops,
                                             size_t count) KC_MUST_CHECK;

/* Low and high watermarks of one partition. committed_only: the high one is the last stable
 * offset. */
struct kc_error *kc_admin_offsets(struct kc_admin *admin, const char *topic, int32_t partition,
                                  bool committed_only, int64_t *low, int64_t *high) KC_MUST_CHECK;

/* End offsets of many partitions, in one request per broker (API 1.3): sets their offset, or a
 * Kafka code as their err. Waits for a missing topic until the time-out. */
struct kc_error *kc_admin_end_offsets(struct kc_admin *admin,
                                      rd_kafka_topic_partition_list_t *partitions,
                                      int timeout_ms) KC_MUST_CHECK;

/* Never grows. */
struct kc_group_info {
    char *id;
    char *state;         /* "Stable", "Empty", "Dead", ... */
    char *protocol_type; /* "consumer", "connect", "" */
    int member_count;
};
/* Never grows. */
struct kc_group_infos {
    struct kc_group_info *items;
    size_t count;
};
/* Groups of protocol type "consumer" or "" (simple), as listConsumerGroups. */
struct kc_error *kc_admin_groups(struct kc_admin *admin,
                                 struct kc_group_infos *groups) KC_MUST_CHECK;
struct kc_error *kc_admin_describe_groups(struct kc_admin *admin, const struct kc_strings *ids,
                                          struct kc_group_infos *groups) KC_MUST_CHECK;
void kc_group_infos_destroy(struct kc_group_infos *groups);

/* Committed offsets of a group; -1: none. The caller owns *offsets. */
struct kc_error *kc_admin_group_offsets(struct kc_admin *admin, const char *group,
                                        rd_kafka_topic_partition_list_t **offsets) KC_MUST_CHECK;
/* Commits offsets (with metadata) for a group that has no members. */
struct kc_error *
kc_admin_alter_group_offsets(struct kc_admin *admin, const char *group,
                             const rd_kafka_topic_partition_list_t *offsets) KC_MUST_CHECK;
struct kc_error *
kc_admin_delete_group_offsets(struct kc_admin *admin, const char *group,
                              const rd_kafka_topic_partition_list_t *partitions) KC_MUST_CHECK;
struct kc_error *kc_admin_delete_group(struct kc_admin *admin, const char *group) KC_MUST_CHECK;

/* The same for many groups in few round trips (API 1.3): offsets[i] (the caller's; NULL after an
 * error) and errors[i] (the caller's, NULL: done) for groups->items[i]. */
struct kc_error *kc_admin_groups_offsets(struct kc_admin *admin, const struct kc_strings *groups,
                                         rd_kafka_topic_partition_list_t **offsets,
                                         struct kc_error **errors) KC_MUST_CHECK;
/* Whether a group has more of them in transactions that aren't over, in open[i] (API 1.3): for the
 * partitions in partitions[i] (borrowed; NULL or empty: isn't asked), because brokers don't tell of
 * a first commit in a partition that isn't named. Brokers before Kafka 3.0 don't tell at all.
 * errors[i] (NULL: done) is the caller's. */
struct kc_error *kc_admin_groups_open_offsets(struct kc_admin *admin,
                                              const struct kc_strings *groups,
                                              rd_kafka_topic_partition_list_t *const *partitions,
                                              bool *open, struct kc_error **errors) KC_MUST_CHECK;
/* Commits offsets[i], where it isn't NULL or empty, for groups->items[i] (API 1.3). */
struct kc_error *kc_admin_alter_groups_offsets(struct kc_admin *admin,
                                               const struct kc_strings *groups,
                                               rd_kafka_topic_partition_list_t *const *offsets,
                                               struct kc_error **errors) KC_MUST_CHECK;
/* kc_admin_describe_groups() for many (API 1.3): lists the brokers' groups, and describes only
 * those with members. Unknown groups are left out. */
struct kc_error *kc_admin_groups_states(struct kc_admin *admin, const struct kc_strings *ids,
                                        struct kc_group_infos *groups) KC_MUST_CHECK;

/* Never grows. */
struct kc_acl {
    int resource_type; /* RD_KAFKA_RESOURCE_* */
    int pattern_type;  /* RD_KAFKA_RESOURCE_PATTERN_* */
    char *name;
    char *principal;
    char *host;
    int operation;  /* RD_KAFKA_ACL_OPERATION_* */
    int permission; /* RD_KAFKA_ACL_PERMISSION_TYPE_* */
};
/* Never grows. */
struct kc_acls {
    struct kc_acl *items;
    size_t count;
};
/* All ACLs on topics. SECURITY_DISABLED (no authorizer) is an error with that Kafka code. */
struct kc_error *kc_admin_topic_acls(struct kc_admin *admin, struct kc_acls *acls) KC_MUST_CHECK;
struct kc_error *kc_admin_create_acls(struct kc_admin *admin,
                                      const struct kc_acls *acls) KC_MUST_CHECK;
void kc_acls_destroy(struct kc_acls *acls);

KC_API_END

#endif
