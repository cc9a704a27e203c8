/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Admin calls on many things at once: offsets and records of partitions, topics with their ids and
 * replicas, members of groups, producers and transactions, settings (API 1.3).
 *
 * As in kafka.h, they block until they are done or the admin times out; any thread, several at
 * once. Requests go to the brokers that answer, one for each where the protocol allows it, at the
 * same time. Passing failures are retried until the time-out. Each item has an `error` (out, the
 * caller's; NULL: done); kc_error_kafka_code() gives its Kafka code. A returned error means that
 * the whole call failed; then the items have none. Texts that are put in are borrowed for the call.
 *
 * A broker that lacks an API answers UNSUPPORTED_VERSION (35), one that doesn't let us with
 * CLUSTER_, TOPIC_, GROUP_ or TRANSACTIONAL_ID_AUTHORIZATION_FAILED (31, 29, 30, 53). Structs that
 * a caller allocates never grow.
 */
#ifndef CONNECT_ADMIN_H
#define CONNECT_ADMIN_H

#include "connect/kafka.h"
#include "connect/uuid.h"

KC_API_BEGIN

/* ---- partitions ---- */

/* timestamp of a kc_partition_offset, beside one in ms since the epoch. */
enum {
    KC_OFFSET_LATEST = -1,   /* the high watermark; with committed_only the last stable offset */
    KC_OFFSET_EARLIEST = -2, /* where the log begins */
    KC_OFFSET_MAX_TIMESTAMP = -3, /* the record with the largest timestamp (KIP-734, Kafka 3.0) */
};

/* Never grows. */
struct kc_partition_offset {
    const char *topic;
    int32_t partition;
    int64_t timestamp;       /* the first record at or after it, or one of the above */
    struct kc_error *error;  /* out, as what follows */
    int64_t offset;          /* -1: there is no such record */
    int64_t found_timestamp; /* of the record; -1: none */
    int32_t leader_epoch;    /* -1: the broker doesn't say */
};
/* ListOffsets. A topic that isn't there is waited for until the time-out. */
struct kc_error *kc_admin_list_offsets(struct kc_admin *admin, struct kc_partition_offset *items,
                                       size_t count, bool committed_only) KC_MUST_CHECK;
/* Where the leaders' logs end, whatever timestamp says: behind the high watermark lies what isn't
 * on enough replicas yet, and was acknowledged with acks=1 all the same. */
struct kc_error *kc_admin_log_ends(struct kc_admin *admin, struct kc_partition_offset *items,
                                   size_t count) KC_MUST_CHECK;

/* Never grows. */
struct kc_records_before {
    const char *topic;
    int32_t partition;
    int64_t before_offset; /* the first that stays; -1: the high watermark */
    struct kc_error
        *error; /* out, as the next. POLICY_VIOLATION (44): the topic is only compacted */
    int64_t low_watermark; /* where the log begins now, on all live replicas */
};
/* DeleteRecords (KIP-107). */
struct kc_error *kc_admin_delete_records(struct kc_admin *admin, struct kc_records_before *items,
                                         size_t count) KC_MUST_CHECK;

/* ---- topics ---- */

/* Never grows. */
struct kc_partition_info {
    int32_t partition;
    int32_t leader;       /* broker id; -1: none */
    int32_t leader_epoch; /* -1: the broker doesn't say */
    int32_t *replicas;    /* broker ids */
    size_t replica_count;
    int32_t *isr;
    size_t isr_count;
    int error; /* Kafka's code, as LEADER_NOT_AVAILABLE (5); 0 */
};
/* Never grows. */
struct kc_topic_description {
    char *name;
    struct kc_uuid id; /* zero before Kafka 2.8 */
    bool internal;
    struct kc_partition_info *partitions; /* by number */
    size_t partition_count;
    struct kc_error *error; /* UNKNOWN_TOPIC_OR_PARTITION (3), ... */
};
/* Never grows. */
struct kc_topic_descriptions {
    struct kc_topic_description *items;
    size_t count;
};
/* Metadata of the named topics, in the order of names, or of all (names NULL), sorted by name. One
 * that isn't there is an item with an error. */
struct kc_error *kc_admin_describe_topics(struct kc_admin *admin, const struct kc_strings *names,
                                          struct kc_topic_descriptions *topics) KC_MUST_CHECK;
void kc_topic_descriptions_destroy(struct kc_topic_descriptions *topics); /* empties */

/* ---- members of groups ---- */

/* Never grows. */
struct kc_member_description {
    char *member_id;
    char *instance_id; /* NULL: not static */
    char *client_id;
    char *host;
    int32_t epoch;            /* of a consumer group's member; -1 in classic groups */
    struct kc_strings topics; /* the topics subscribed by name, if the broker tells them */
    char *topic_regex;        /* NULL: none */
    rd_kafka_topic_partition_list_t *assignment; /* without offsets; never NULL */
    rd_kafka_topic_partition_list_t
        *target; /* the assignment that it moves to, in consumer groups; else NULL */
};
/* Never grows. */
struct kc_group_description {
    char *id;
    char *state;         /* "Stable", "Empty", "Dead", ... */
    char *protocol_type; /* "consumer", "connect", "" */
    char *assignor;      /* "range", ...: of consumer groups the broker's; "" where there is none */
    bool consumer;       /* a consumer group (KIP-848); false: a classic one */
    int32_t epoch;       /* of consumer groups; -1 */
    int32_t assignment_epoch;
    struct kc_member_description *members;
    size_t member_count;
    struct kc_error *error; /* GROUP_ID_NOT_FOUND (69), NOT_COORDINATOR (16), ... */
};
/* Never grows. */
struct kc_group_descriptions {
    struct kc_group_description *items; /* in the order of ids */
    size_t count;
};
/* ConsumerGroupDescribe (Kafka 4.0); DescribeGroups for groups that it doesn't know. A classic
 * group that isn't there has the state "Dead". */
struct kc_error *kc_admin_group_members(struct kc_admin *admin, const struct kc_strings *ids,
                                        struct kc_group_descriptions *groups) KC_MUST_CHECK;
void kc_group_descriptions_destroy(struct kc_group_descriptions *groups); /* empties */

/* Committed offsets of many groups: kc_admin_groups_offsets() (connect/kafka.h). */

/* ---- producers ---- */

/* Never grows. */
struct kc_partition_producer {
    int64_t producer_id;
    int32_t producer_epoch;
    int32_t last_sequence;            /* -1: it has written markers only */
    int64_t last_timestamp;           /* -1: none */
    int32_t coordinator_epoch;        /* -1: no transaction so far */
    int64_t current_txn_start_offset; /* -1: no transaction is open */
};
/* Never grows. */
struct kc_partition_producers {
    const char *topic;
    int32_t partition;
    struct kc_error *error; /* out, as what follows */
    struct kc_partition_producer *producers;
    size_t count;
};
/* DescribeProducers (KIP-664, Kafka 2.8): the producers that the leader of each partition knows. */
struct kc_error *kc_admin_describe_producers(struct kc_admin *admin,
                                             struct kc_partition_producers *items,
                                             size_t count) KC_MUST_CHECK;
/* Frees what was answered, errors too. */
void kc_partition_producers_clear(struct kc_partition_producers *items, size_t count);

/* ---- transactions ---- */

/* Never grows. */
struct kc_transaction {
    char *transactional_id;
    char *state; /* "Ongoing", "PrepareCommit", "CompleteCommit", ... */
    int64_t producer_id;
    /* Of kc_admin_describe_transactions() only. */
    int16_t producer_epoch;
    int32_t timeout_ms;
    int64_t start_ms;                            /* since the epoch; -1: none is open */
    rd_kafka_topic_partition_list_t *partitions; /* without offsets */
    struct kc_error *error;                      /* TRANSACTIONAL_ID_NOT_FOUND (105), ... */
};
/* Never grows. */
struct kc_transactions {
    struct kc_transaction *items;
    size_t count;
};
/* DescribeTransactions (KIP-664, Kafka 3.0), in the order of ids. */
struct kc_error *kc_admin_describe_transactions(struct kc_admin *admin,
                                                const struct kc_strings *ids,
                                                struct kc_transactions *transactions) KC_MUST_CHECK;

/* Never grows. */
struct kc_transaction_filter {
    const struct kc_strings *states; /* NULL: of any state */
    const int64_t *producer_ids;
    size_t producer_id_count; /* 0: of any producer */
    int64_t open_for_ms; /* lasting at least so long; 0: any (KIP-994, Kafka 3.8; older brokers list
                            all) */
};
/* ListTransactions of all brokers (KIP-664, Kafka 3.0); filter NULL: all. */
struct kc_error *kc_admin_list_transactions(struct kc_admin *admin,
                                            const struct kc_transaction_filter *filter,
                                            struct kc_transactions *transactions) KC_MUST_CHECK;
void kc_transactions_destroy(struct kc_transactions *transactions); /* empties */

/* ---- settings ---- */

/* The protocol's numbers (ConfigResource.Type). */
enum kc_config_resource {
    KC_CONFIG_OF_TOPIC = 2,
    KC_CONFIG_OF_BROKER = 4, /* name: a broker's id, or "" for the default of all brokers */
    KC_CONFIG_OF_GROUP = 32, /* Kafka 4.0 */
};

/* Never grows. */
struct kc_config_alteration {
    enum kc_config_resource type;
    const char *name;
    const struct kc_config_op *ops;
    size_t op_count;
    struct kc_error *error; /* out */
};
/* IncrementalAlterConfigs (KIP-339, Kafka 2.3). A resource once in a call. validate_only: nothing
 * is changed. */
struct kc_error *kc_admin_alter_configs(struct kc_admin *admin, struct kc_config_alteration *items,
                                        size_t count, bool validate_only) KC_MUST_CHECK;

/* Never grows. */
struct kc_config_description {
    enum kc_config_resource type;
    const char *name;
    struct kc_error *error;           /* out, as the next */
    struct kc_config_entries entries; /* the caller's: kc_config_entries_destroy() */
};
/* DescribeConfigs. */
struct kc_error *kc_admin_describe_configs(struct kc_admin *admin,
                                           struct kc_config_description *items,
                                           size_t count) KC_MUST_CHECK;

KC_API_END

#endif
