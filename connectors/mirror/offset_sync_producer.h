/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes offset syncs to the offset-syncs topic: the producer beneath an offset_sync_writer.
 *
 * Belongs to one source task. A failed write is logged and forgotten, because a later sync takes
 * its place.
 */
#ifndef CONNECTORS_MIRROR_OFFSET_SYNC_PRODUCER_H
#define CONNECTORS_MIRROR_OFFSET_SYNC_PRODUCER_H

#include "mirror/mirror_config.h"
#include "mirror/offset_sync_writer.h"

struct kc_offset_sync_producer;

struct kc_error *
kc_offset_sync_producer_new(const struct kc_mirror_config *config,
                            struct kc_offset_sync_producer **producer) KC_MUST_CHECK;
/* Sends the remaining syncs, for at most a few seconds. */
void kc_offset_sync_producer_destroy(struct kc_offset_sync_producer *producer);

/* The writer that feeds it. */
struct kc_offset_sync_writer *
kc_offset_sync_producer_writer(struct kc_offset_sync_producer *producer);
/* Handles acknowledgements and sends what waits; doesn't block. On the task's thread. */
void kc_offset_sync_producer_serve(struct kc_offset_sync_producer *producer);

/* Writes a record to another topic of the same cluster with the same client. False: it could not be
 * queued. */
bool kc_offset_sync_producer_write(struct kc_offset_sync_producer *producer, const char *topic,
                                   const struct kc_str *key, const struct kc_str *value,
                                   void *token);
/* Reports the outcomes of sent syncs. On the task's thread. */
struct kc_offset_sync_outcomes {
    void (*lost)(void *arg, void *token, rd_kafka_resp_err_t code);
    void (*written)(void *arg, int64_t offset);
};
/* outcomes: static; NULL: nobody is told. */
void kc_offset_sync_producer_on_outcome(struct kc_offset_sync_producer *producer,
                                        const struct kc_offset_sync_outcomes *outcomes, void *arg);
/* Waits until everything queued is written, at most a few seconds. The task's thread. */
void kc_offset_sync_producer_drain(struct kc_offset_sync_producer *producer);

#endif
