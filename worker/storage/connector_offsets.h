/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The offset store of a source connector: the worker's, one of its own topic, or both
 * (Worker.offsetStoreFor...).
 */
#ifndef WORKER_STORAGE_CONNECTOR_OFFSETS_H
#define WORKER_STORAGE_CONNECTOR_OFFSETS_H

#include "storage/internal_topic.h"
#include "storage/offset_store.h"

/* The topic that the connector's offsets go to: its own or the worker's; NULL in standalone mode.
 * Borrowed. */
const char *kc_connector_offsets_topic(const struct kc_worker_config *config,
                                       const struct kc_map *originals);

/* Whether that topic isn't the worker's (by name or cluster). */
bool kc_connector_offsets_separate(const struct kc_worker_config *config,
                                   const struct kc_map *originals);

/* A reference on the worker's store, or a new store of the connector's own; the caller starts it
 * (starting the worker's again does nothing) and unrefs it. client_suffix: "<connector>-<task>" for
 * tasks. */
struct kc_error *kc_connector_offset_store(const struct kc_worker_config *config,
                                           struct kc_offset_store *worker_store,
                                           const struct kc_map *originals,
                                           const char *client_suffix,
                                           struct kc_offset_store **store, bool *own) KC_MUST_CHECK;

#endif
