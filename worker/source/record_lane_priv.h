/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lane of single records: librdkafka's producer, the hot path to the target cluster.
 *
 * Payloads aren't copied: they must stay until their outcome. Bytes in flight are bounded, overhead
 * included, so sending waits when the target is slow. open() makes the client, because a task whose
 * batches pass as bytes may never need it, and each client has threads that wake every second.
 */
#ifndef WORKER_SOURCE_RECORD_LANE_PRIV_H
#define WORKER_SOURCE_RECORD_LANE_PRIV_H

#include "connect/kafka.h"
#include "source/lane_priv.h"

/* properties: Java producer properties, which are checked. */
struct kc_error *kc_record_lane_new(const struct kc_map *properties,
                                    const struct kc_lane_owner *owner,
                                    struct kc_lane **lane) KC_MUST_CHECK;
/* The same check for a task that needs no such lane. */
struct kc_error *kc_record_lane_check(const struct kc_map *properties) KC_MUST_CHECK;

/* ---- what transactions need (eos_producer.c); of a lane that is one; the task's thread ---- */

/* The librdkafka client beneath, after open(). */
rd_kafka_t *kc_record_lane_client(struct kc_lane *lane);
/* As send_record(), but a rejection isn't reported: an error means that the message has no outcome.
 * RD_KAFKA_RESP_ERR__PURGE_QUEUE once cancelled, else as rd_kafka_producev(). */
rd_kafka_resp_err_t kc_record_lane_produce(struct kc_lane *lane, struct kc_target_topic *topic,
                                           const struct kc_producer_record *record, void *slot);

#endif
