/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes offset syncs to the offset-syncs topic: a small producer beneath an offset_sync_writer.
 *
 * Belongs to one source task. A failed write is logged and forgotten: a later sync takes its place.
 */
#ifndef CONNECTORS_COMMON_OFFSET_SYNC_PRODUCER_H
#define CONNECTORS_COMMON_OFFSET_SYNC_PRODUCER_H

#include "common/mirror_config.h"
#include "common/offset_sync_writer.h"

struct kc_offset_sync_producer;

struct kc_error *
kc_offset_sync_producer_new(const struct kc_mirror_config *config,
                            struct kc_offset_sync_producer **producer) KC_MUST_CHECK;
/* Sends what is left, for at most a few seconds. */
void kc_offset_sync_producer_destroy(struct kc_offset_sync_producer *producer);

/* The writer that feeds it. */
struct kc_offset_sync_writer *
kc_offset_sync_producer_writer(struct kc_offset_sync_producer *producer);
/* Handles acknowledgements and sends what waits; doesn't block. On the task's thread. */
void kc_offset_sync_producer_serve(struct kc_offset_sync_producer *producer);

/* Writes a record of another topic of the same cluster with the same client. Of those that were
 * lost `lost` is told their token, on the task's thread. False: it could not even be queued. */
bool kc_offset_sync_producer_write(struct kc_offset_sync_producer *producer, const char *topic,
                                   const struct kc_str *key, const struct kc_str *value,
                                   void *token);
typedef void (*kc_offset_sync_lost)(void *arg, void *token);
void kc_offset_sync_producer_on_lost(struct kc_offset_sync_producer *producer,
                                     kc_offset_sync_lost lost, void *arg);
/* Waits until all that was queued is written, for at most a few seconds. The task's thread. */
void kc_offset_sync_producer_drain(struct kc_offset_sync_producer *producer);

#endif
