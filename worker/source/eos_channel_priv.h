/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the transactions of an exactly-once task reach the target: through the task's producer
 * (eos_producer.c) or through its raw lane (eos_raw.c). A transactional id has one producer, so a
 * task has one of the two, for batches, records and offsets alike.
 */
#ifndef WORKER_SOURCE_EOS_CHANNEL_PRIV_H
#define WORKER_SOURCE_EOS_CHANNEL_PRIV_H

#include "source/eos_records_priv.h"

/* The task's thread. An error fails the task. */
struct kc_eos_channel {
    /* records is the task's, and outlives the channel's use. */
    void *(*create)(struct kc_source_task *task, struct kc_txn_records *records);
    void (*destroy)(void *channel); /* after producer and lane were closed */
    /* Takes the transactional id: former producers of it are fenced. */
    struct kc_error *(*init)(void *channel);
    struct kc_error *(*begin)(void *channel);
    /* Waits for the outcome of everything sent; NULL: all of it is committed. */
    struct kc_error *(*commit)(void *channel);
    struct kc_error *(*abort)(void *channel, int timeout_ms); /* -1: as long as it takes */
    /* Source offsets (value NULL: deleted); key and value are copied. */
    struct kc_error *(*send_offset)(void *channel, const char *topic, const char *key,
                                    const char *value);
    /* Without a producer: a record, whose outcome comes to entry. Optional. */
    struct kc_error *(*send)(void *channel, const struct kc_producer_record *wire,
                             struct kc_txn_entry *entry);
    /* Now and then, at least once per batch: sends what waits, takes in results. Optional. */
    struct kc_error *(*progress)(void *channel);
    /* Records and bytes that were acknowledged since the last call. */
    void (*count)(void *channel, uint64_t *acked, uint64_t *acked_bytes);
    void (*outcome)(void *channel, const rd_kafka_message_t *message); /* acknowledgement thread */
};
extern const struct kc_eos_channel kc_eos_producer;
extern const struct kc_eos_channel kc_eos_raw;

/* Why the task fails: what, because of cause (taken). expired: another producer has taken the id,
 * or the coordinator has given up the transaction, which a producer can't tell apart. */
struct kc_error *kc_eos_error(const struct kc_source_task *task, const char *what, bool expired,
                              struct kc_error *cause);
/* "Failed to flush offsets and/or records for task ...". */
struct kc_error *kc_eos_flush_error(const struct kc_source_task *task, bool expired,
                                    struct kc_error *cause);
/* The same for an error of the raw lane. */
struct kc_error *kc_eos_raw_error(const struct kc_source_task *task, struct kc_error *cause);

#endif
