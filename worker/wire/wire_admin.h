/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Admin calls that librdkafka lacks. Blocking; any thread except the client's own, several at a
 * time.
 *
 * Each call has a timeout in milliseconds, and retries retriable errors until then. It reports each
 * item: item->error (owned by the caller; NULL: done). A returned error means that the whole call
 * failed.
 */
#ifndef WORKER_WIRE_WIRE_ADMIN_H
#define WORKER_WIRE_WIRE_ADMIN_H

#include "wire/wire_client.h"

struct kc_wire_admin;

/* From Java client properties, as kc_wire_client_new(). */
struct kc_error *kc_wire_admin_new(const struct kc_map *settings, const char *name,
                                   struct kc_wire_admin **admin) KC_MUST_CHECK;
void kc_wire_admin_destroy(struct kc_wire_admin *admin);
/* The client underneath, for kc_wire_call(). Borrowed. */
struct kc_wire_client *kc_wire_admin_client(struct kc_wire_admin *admin);

/* ---- Configs ---- */

enum kc_wire_config_op { KC_WIRE_CONFIG_SET = 0, KC_WIRE_CONFIG_DELETE = 1 };
enum kc_wire_resource {
    KC_WIRE_RESOURCE_TOPIC = 2,
    KC_WIRE_RESOURCE_BROKER = 4,
    KC_WIRE_RESOURCE_GROUP = 32, /* Kafka 4.0 */
};

struct kc_wire_config_change {
    const char *name;
    enum kc_wire_config_op op;
    const char *value; /* NULL for DELETE */
};

struct kc_wire_config_item {
    const char *topic;              /* the resource's name */
    enum kc_wire_resource resource; /* 0: a topic */
    const struct kc_wire_config_change *changes;
    size_t change_count;
    struct kc_error *error; /* out */
};

/* IncrementalAlterConfigs (KIP-339). KC_ERR_KAFKA with UNSUPPORTED_VERSION before Kafka 2.3. */
struct kc_error *kc_wire_alter_topic_configs(struct kc_wire_admin *admin,
                                             struct kc_wire_config_item *items, size_t count,
                                             bool validate_only, int32_t timeout_ms) KC_MUST_CHECK;

/* ---- Partitions ---- */

enum {
    KC_WIRE_LATEST = -1,
    KC_WIRE_EARLIEST = -2,
    KC_WIRE_MAX_TIMESTAMP = -3, /* KIP-734 */
};

struct kc_wire_offset_item {
    const char *topic;
    int32_t partition;
    int64_t timestamp;      /* the first record at or after it; or one of the above */
    struct kc_error *error; /* out, as what follows */
    int64_t offset;         /* -1: no such record */
    int64_t found_timestamp;
    int32_t leader_epoch; /* -1: unknown */
};

/* ListOffsets in bulk, one request per leader. read_committed: LATEST is the last stable offset. */
struct kc_error *kc_wire_list_offsets(struct kc_wire_admin *admin,
                                      struct kc_wire_offset_item *items, size_t count,
                                      bool read_committed, int32_t timeout_ms) KC_MUST_CHECK;
/* The same for the ends of the leaders' logs, which may lie behind the high watermark. */
struct kc_error *kc_wire_log_ends(struct kc_wire_admin *admin, struct kc_wire_offset_item *items,
                                  size_t count, int32_t timeout_ms) KC_MUST_CHECK;

struct kc_wire_delete_item {
    const char *topic;
    int32_t partition;
    int64_t before_offset;  /* -1: the high watermark */
    struct kc_error *error; /* out, as what follows */
    int64_t low_watermark;
};

/* DeleteRecords, one request per leader. */
struct kc_error *kc_wire_delete_records(struct kc_wire_admin *admin,
                                        struct kc_wire_delete_item *items, size_t count,
                                        int32_t timeout_ms) KC_MUST_CHECK;

/* ---- Cluster ---- */

/* Metadata of the named topics (count 0 and names NULL: of all): the reply's message is a
 * kc_metadata_response with topic ids where the broker has them. Unref *reply. */
struct kc_error *kc_wire_metadata(struct kc_wire_admin *admin, const char *const *names,
                                  size_t count, int32_t timeout_ms,
                                  struct kc_wire_reply **reply) KC_MUST_CHECK;

struct kc_wire_cluster_broker {
    int32_t id;
    char *host;
    int32_t port;
    char *rack; /* NULL: none */
};
struct kc_wire_cluster_info {
    char *cluster_id;
    int32_t controller_id;
    struct kc_wire_cluster_broker *brokers;
    size_t broker_count;
};

/* DescribeCluster (KIP-700), or Metadata before Kafka 2.8. */
struct kc_error *kc_wire_describe_cluster(struct kc_wire_admin *admin, int32_t timeout_ms,
                                          struct kc_wire_cluster_info *info) KC_MUST_CHECK;
void kc_wire_cluster_info_destroy(struct kc_wire_cluster_info *info); /* empties */

/* ---- Transactions ---- */

struct kc_wire_fence_item {
    const char *transactional_id;
    struct kc_error *error; /* out, as what follows */
    int64_t producer_id;
    int16_t producer_epoch;
};

/* Admin.fenceProducers (KIP-618): a new epoch for each transactional id, aborting what is open. */
struct kc_error *kc_wire_fence_producers(struct kc_wire_admin *admin,
                                         struct kc_wire_fence_item *items, size_t count,
                                         int32_t timeout_ms) KC_MUST_CHECK;

#endif
