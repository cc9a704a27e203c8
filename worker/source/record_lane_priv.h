/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The producer of a source task: the hot path to the target cluster.
 *
 * The task's thread sends; a thread of the producer's own serves acknowledgements, so that they
 * never wait for the source's poll(). Payloads aren't copied: they must stay until their outcome.
 * What is in flight is bounded in bytes, overhead included: send waits when the target is slow.
 */
#ifndef WORKER_SOURCE_RECORD_LANE_PRIV_H
#define WORKER_SOURCE_RECORD_LANE_PRIV_H

#include "connect/kafka.h"
#include "data/conversion.h"

struct kc_source_producer;

struct kc_source_producer_events {
    /* The outcome of one message: message->_private is what send was given. On the acknowledgement
     * thread. */
    void (*outcome)(void *opaque, const rd_kafka_message_t *message);
    /* After each round of outcomes; same thread. True: something is under way, the next round is in
     * 100 ms at most; else it may take 500. */
    bool (*served)(void *opaque);
    /* The first acknowledgement of a topic, and again every few seconds of use; same thread. */
    void (*topic_used)(void *opaque, const char *topic);
};

/* properties: Java producer properties, which are checked. Starts the acknowledgement thread, not
 * the client: see open. log_context is what its lines carry. */
struct kc_error *kc_source_producer_new(const struct kc_map *properties,
                                        const struct kc_source_producer_events *events,
                                        void *opaque, const char *log_context,
                                        struct kc_source_producer **producer) KC_MUST_CHECK;

/* ---- the task's thread ---- */

/* Makes the librdkafka client, once, before the first send. A task whose batches pass as bytes may
 * never need it, and each has threads that wake every second. */
struct kc_error *kc_source_producer_open(struct kc_source_producer *producer) KC_MUST_CHECK;
/* The librdkafka client beneath, for transactions; NULL before open. */
rd_kafka_t *kc_source_producer_client(struct kc_source_producer *producer);

struct kc_target_topic;
/* Tells that the topic names of the next sends belong to another batch: a name's address means
 * something within one batch only. */
void kc_source_producer_begin_batch(struct kc_source_producer *producer);
/* Whether a topic can be called so, as the brokers see it. Sending to another fails at once. */
bool kc_is_topic_name(const char *name);

/* The topic called name; *first is true until kc_target_topic_ready() has been called. */
struct kc_target_topic *kc_source_producer_topic(struct kc_source_producer *producer,
                                                 const char *name, bool *first);
void kc_target_topic_ready(struct kc_target_topic *topic);

/* Sends record, after open; waits while too much is in flight or the queue is full. An error means
 * that the message has no outcome event: RD_KAFKA_RESP_ERR__PURGE_QUEUE once cancelled, else as
 * rd_kafka_producev(). */
rd_kafka_resp_err_t kc_source_producer_send(struct kc_source_producer *producer,
                                            struct kc_target_topic *topic,
                                            const struct kc_producer_record *record, void *opaque);

/* Whether the client has come to an end of its own accord (rd_kafka_fatal_error()), and *code says
 * why: what was in flight then comes back as purged. Any thread. */
bool kc_source_producer_lost(struct kc_source_producer *producer, rd_kafka_resp_err_t *code);

/* KC_ERR_KAFKA when the cluster has lately refused the client's login. What is in flight is given
 * up then: it comes back as purged. The acknowledgement thread. */
struct kc_error *kc_source_producer_refusal(struct kc_source_producer *producer) KC_MUST_CHECK;

/* Bytes of payload and overhead in flight. Any thread. */
size_t kc_source_producer_bytes(struct kc_source_producer *producer);

/* Makes events.served run soon. Any thread. */
void kc_source_producer_wake(struct kc_source_producer *producer);

/* Waits until all is acknowledged; false: the deadline (kc_mono_ms()) passed or cancelled. */
bool kc_source_producer_drain(struct kc_source_producer *producer, int64_t deadline_ms);

/* Any thread: whatever waits in send or drain returns, messages in flight are given up. */
void kc_source_producer_cancel(struct kc_source_producer *producer);
/* Waits up to timeout_ms for what is in flight, ends the thread, frees. NULL is fine. */
void kc_source_producer_destroy(struct kc_source_producer *producer, int timeout_ms);

#endif
