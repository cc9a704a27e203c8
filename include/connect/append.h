/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Appends record batches to partitions unchanged, each under its own producer identity. Empty
 * transactions and markers make a log longer without records (API 1.3).
 *
 * A broker takes batches of magic 2 that have as many offsets as records, one batch for a partition
 * in each request. If it knows the producer id in the partition, it takes only the batch with the
 * next sequence. It answers a repeat of one of the last five batches with the offset of the first
 * copy (KIP-98). So the sequence is a condition: take an id that no broker has issued, and as
 * sequence the count of records written under it; then each append happens at its place or not at
 * all.
 */
#ifndef CONNECT_APPEND_H
#define CONNECT_APPEND_H

#include "connect/map.h"
#include "connect/record_batch.h"

KC_API_BEGIN

struct kc_admin; /* connect/kafka.h */

/* ---- appending ---- */

struct kc_appender;

/*
 * properties: a Java producer's: bootstrap.servers, security, client.id, delivery.timeout.ms,
 * request.timeout.ms, max.request.size, retry.backoff.ms; acks is always all. Our own is
 * tcp.user.timeout.ms: how long bytes may wait for their TCP acknowledgement before the connection
 * ends (TCP_USER_TIMEOUT; 0: the system's). name is for log and thread. max_bytes: how much may be
 * handed in and still without a result. KC_ERR_CONFIG names the key that is wrong. Connects lazily,
 * with a thread of its own.
 */
struct kc_error *kc_appender_open(const struct kc_map *properties, const char *name,
                                  size_t max_bytes, struct kc_appender **appender) KC_MUST_CHECK;
/* Ends the connections at once. Every batch without a result gets one before this returns; the
 * result of a sent batch says `unknown`. Afterwards only bytes that the kernel already has go out.
 * Not from a result's function. NULL is fine. */
void kc_appender_close(struct kc_appender *appender);

/* A record that a broker gives as the reason why it refuses a batch (KIP-467). Never grows. */
struct kc_record_error {
    int32_t index; /* of the record in its batch, from 0 on */
    char *why;     /* NULL: the broker doesn't say */
};
/* Never grows. */
struct kc_record_errors {
    struct kc_record_error *items; /* ascending by index, each once */
    size_t count;                  /* at least 1 */
};

/* The result of a batch; borrowed until the function returns. May grow. */
struct kc_append_result {
    const char *topic;
    int32_t partition;
    struct kc_error *error; /* NULL: appended. Else Kafka's code by kc_error_kafka_code() */
    bool skipped;           /* with error: not sent, or refused, because one before it failed */
    bool unknown;           /* with error: it may have been appended nevertheless (time-out) */
    bool merged;            /* with error: it was sent with others, which may be why */
    struct kc_record_errors *record_errors; /* with error: which records are why; NULL */
    int64_t base_offset;        /* -1: a duplicate whose offset the broker no longer knows */
    int64_t log_append_time_ms; /* -1: the topic keeps the create time */
    int64_t log_start_offset;   /* -1: not known */
};

/* On the appender's own thread, which must not be blocked. The results of a partition come in the
 * order of its batches. It may hand in more. */
typedef void (*kc_appended)(void *arg, const struct kc_append_result *result);

/* One batch for one partition. Never grows. */
struct kc_append {
    const char *topic; /* copied */
    int32_t partition;
    /* One magic 2 batch, whole and intact, no control batch. The caller's, who mustn't touch it
     * until done has run. Base offset and leader epoch are set for the broker; the rest goes as it
     * is. */
    uint8_t *data;
    size_t len;
    /* In kc_mono_ms() units. After it the batch isn't sent any more, and a connection that still
     * owes its answer is closed. It serves a caller whose right to write ends. If the process stood
     * still meanwhile, a batch that was partly sent may still be completed: then only the sequence
     * protects the log. 0: delivery.timeout.ms from now. */
    int64_t deadline_ms;
    kc_appended done;
    void *arg;
};

/*
 * Hands the batch in. False: max_bytes would be exceeded, and nothing was taken; a batch alone is
 * always taken. Any thread; the order of calls is the order in the partition.
 *
 * Up to five batches of a partition are in flight. The first one of a producer (id, epoch), and the
 * first after a failure, is in flight alone until it is taken, because a partition takes any first
 * sequence of an unknown id: if the first batch was refused, a second one would be let in. After a
 * passing failure the same batch is sent again under the same sequence, until the deadline. An
 * error that is final: OUT_OF_ORDER_SEQUENCE_NUMBER (45) when it isn't its turn,
 * INVALID_PRODUCER_EPOCH (47), INVALID_RECORD (87), ... DUPLICATE_SEQUENCE_NUMBER (46) counts as
 * appended.
 *
 * After a failure everything that was handed in for the partition, or is handed in later, comes
 * back as `skipped`, until kc_appender_unblock(). A batch in flight behind the
 * failed one has an answer of its own. It may be appended, if another writer has taken the failed
 * one's place.
 */
bool kc_appender_submit(struct kc_appender *appender, const struct kc_append *append);
/* Waits until at most `bytes` have no result yet. False: the deadline (kc_mono_ms() units) has
 * passed. Any thread but the appender's. */
bool kc_appender_wait(struct kc_appender *appender, size_t bytes, int64_t deadline_ms);
/* Bytes that were handed in and have no result. Any thread. */
size_t kc_appender_bytes(struct kc_appender *appender);
/* After this call, batches for the partition are taken again. Call it when every batch has its
 * result, because a later failure blocks the partition again. Any thread. */
void kc_appender_unblock(struct kc_appender *appender, const char *topic, int32_t partition);
/* Gives the partition up. Batches that aren't in flight come back with KC_ERR_WAKEUP. Those in
 * flight come back with their answer, and aren't tried again. From then on it is as after a
 * failure. The results follow later. Any thread. */
void kc_appender_cancel(struct kc_appender *appender, const char *topic, int32_t partition);

/* ---- empty transactions ---- */

/*
 * An empty transaction makes each of its partitions longer by one offset, that of its marker. The
 * calls go to the coordinator of the transactional id and block up to the admin's time-out. They
 * retry passing failures; CONCURRENT_TRANSACTIONS (51) every few milliseconds. Any thread; one call
 * at a time for an id.
 *
 * kc_admin_end_txn() returns before the markers are in the logs. They are there once the id's next
 * kc_admin_add_partitions_to_txn() or kc_admin_init_producer() has returned, or once the log's end
 * offset shows it.
 */

/* Never grows. */
struct kc_producer_identity {
    int64_t id;
    int16_t epoch;
};

/* InitProducerId (KIP-98): fences former producers of the id, ends their open transaction, and
 * waits until that is done. transaction_timeout_ms: the time after which the broker aborts by
 * itself. */
struct kc_error *kc_admin_init_producer(struct kc_admin *admin, const char *transactional_id,
                                        int32_t transaction_timeout_ms,
                                        struct kc_producer_identity *producer) KC_MUST_CHECK;

/* Never grows. */
struct kc_txn_partition {
    const char *topic;
    int32_t partition;
    struct kc_error *error; /* out, the caller's; NULL: it is in the transaction */
};
/* AddPartitionsToTxn. If one is refused, none is added: the others get OPERATION_NOT_ATTEMPTED
 * (55). A returned error means that the whole call failed; KC_ERR_FENCED: another producer has
 * taken over. */
struct kc_error *kc_admin_add_partitions_to_txn(struct kc_admin *admin,
                                                const char *transactional_id,
                                                const struct kc_producer_identity *producer,
                                                struct kc_txn_partition *partitions,
                                                size_t count) KC_MUST_CHECK;
/* EndTxn. KC_ERR_FENCED: another producer has taken over. */
struct kc_error *kc_admin_end_txn(struct kc_admin *admin, const char *transactional_id,
                                  const struct kc_producer_identity *producer,
                                  bool commit) KC_MUST_CHECK;

/* ---- markers ---- */

/* A marker as a coordinator writes it. Never grows. */
struct kc_txn_marker {
    const char *topic;
    int32_t partition;
    int64_t producer_id;
    int16_t producer_epoch;
    int32_t coordinator_epoch; /* 0 is fine for an id that no coordinator knows */
    bool commit;
    struct kc_error *error; /* out, the caller's; NULL: it is in the log */
    bool unknown;           /* out, with error: it may be in the log nevertheless */
};
/*
 * WriteTxnMarkers, one request to each leader; needs CLUSTER_ACTION on the cluster
 * (CLUSTER_AUTHORIZATION_FAILED, 31). Markers are in the log when this returns. Several for one
 * partition may go together, each with a producer id of its own: brokers answer by id and
 * partition. None is sent twice, because a marker that is repeated is written again. Blocks up to
 * the admin's time-out; any thread. A returned error means that the whole call failed and no marker
 * was sent.
 */
struct kc_error *kc_admin_write_markers(struct kc_admin *admin, struct kc_txn_marker *markers,
                                        size_t count) KC_MUST_CHECK;

KC_API_END

#endif
