/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The channel of an exactly-once task's transactions. Each lane has its own: a record lane
 * librdkafka's (eos_producer.c), a raw lane the appender's (eos_raw.c). A transactional id has one
 * producer, so the task has one lane, for batches, records and offsets alike.
 */
#ifndef WORKER_SOURCE_EOS_CHANNEL_PRIV_H
#define WORKER_SOURCE_EOS_CHANNEL_PRIV_H

#include "source/eos_records_priv.h"
#include "source/raw_lane_priv.h"

/* The task's thread. An error fails the task. */
struct kc_eos_channel {
    bool has_acks; /* outcomes come on the acknowledgement thread; if not, progress() takes them in
                    */
    /* records is the task's, and outlives the channel's use. */
    void *(*create)(struct kc_source_task *task, struct kc_txn_records *records);
    void (*destroy)(void *channel); /* after the lane has gone */
    /* Takes the transactional id and fences its former producers. */
    struct kc_error *(*init)(void *channel);
    struct kc_error *(*begin)(void *channel);
    /* Waits for the outcome of everything sent; NULL: everything is committed. */
    struct kc_error *(*commit)(void *channel);
    struct kc_error *(*abort)(void *channel, int timeout_ms); /* -1: as long as it takes */
    /* Source offsets (value NULL: deleted); key and value are copied. */
    struct kc_error *(*send_offset)(void *channel, const char *topic, const char *key,
                                    const char *value);
    /* Now and then, at least once per batch: sends what waits, takes in results. Optional. */
    struct kc_error *(*progress)(void *channel);
};
extern const struct kc_eos_channel kc_eos_producer;
extern const struct kc_eos_channel kc_eos_raw;

/* The error that fails the task: text `what`, because of cause (taken). expired: another producer
 * has taken the id, or the coordinator has ended the transaction; a producer can't tell these two
 * apart. */
struct kc_error *kc_eos_error(const struct kc_source_task *task, const char *what, bool expired,
                              struct kc_error *cause);
/* "Failed to flush offsets and/or records for task ...". */
struct kc_error *kc_eos_flush_error(const struct kc_source_task *task, bool expired,
                                    struct kc_error *cause);
/* The same for an error of the raw lane. */
struct kc_error *kc_eos_raw_error(const struct kc_source_task *task, struct kc_error *cause);

#endif
