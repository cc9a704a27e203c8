/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exactly-once (KIP-618) outside of tasks: fencing former tasks, and writing offsets in their
 * place. Blocking; any thread but the herder's.
 */
#ifndef WORKER_SOURCE_EOS_OFFSETS_H
#define WORKER_SOURCE_EOS_OFFSETS_H

#include "storage/offset_store.h"

/* "<group.id>-<connector>-<task>", owned by the caller. */
char *kc_transactional_id(const struct kc_worker_config *config, const char *connector, int task);

/* Writes offsets in a transaction of task 0's id, so that no former task can write after it, and
 * copies them to the worker's store if the connector has a topic of its own (deletions there
 * first). originals: the connector's configuration, resolved. */
struct kc_error *kc_eos_write_offsets(const struct kc_worker_config *config,
                                      struct kc_offset_store *worker_store, const char *connector,
                                      const struct kc_map *originals,
                                      const struct kc_offset_write *writes, size_t count,
                                      int timeout_ms) KC_MUST_CHECK;

#endif
