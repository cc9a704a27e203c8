/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checkpoints of a round on their way to the topic, as batches of records.
 *
 * A round may have a hundred thousand: they are handed over some thousands at a time, so that no
 * more than these are in memory as records. The task's thread.
 */
#ifndef CONNECTORS_MIRROR_CHECKPOINT_CHECKPOINT_EMISSION_PRIV_H
#define CONNECTORS_MIRROR_CHECKPOINT_CHECKPOINT_EMISSION_PRIV_H

#include "mirror/mirror_config.h"
#include "mirror_checkpoint/checkpoint_store_priv.h"

enum { KC_CHECKPOINTS_PER_BATCH = 4096 };

struct kc_emission;

/* All are borrowed; topic is that of the checkpoints. */
struct kc_emission *kc_emission_new(struct kc_source_context *context,
                                    const struct kc_mirror_config *config, const char *topic);
void kc_emission_destroy(struct kc_emission *emission); /* NULL is fine */

/* Adds a checkpoint of the round that began at timestamp. entry is borrowed until it has been
 * handed over. */
void kc_emission_add(struct kc_emission *emission, struct kc_checkpoint_entry *entry,
                     int64_t timestamp);
size_t kc_emission_waiting(const struct kc_emission *emission);
/* The next records; NULL: none wait. The caller's. */
struct kc_batch *kc_emission_next(struct kc_emission *emission);

#endif
