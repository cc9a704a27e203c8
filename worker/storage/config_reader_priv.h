/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state that results from the records of the config topic (KafkaConfigBackingStore's consumer).
 *
 * One thread at a time applies records; any thread takes snapshots.
 */
#ifndef WORKER_STORAGE_CONFIG_READER_PRIV_H
#define WORKER_STORAGE_CONFIG_READER_PRIV_H

#include "storage/config_store.h"

struct kc_config_reader;

struct kc_config_reader *kc_config_reader_new(const struct kc_config_listener *listener,
                                              void *opaque);
void kc_config_reader_destroy(struct kc_config_reader *reader);

/* From now on the listener is told of changes; before, only of session keys. */
void kc_config_reader_set_started(struct kc_config_reader *reader);

/* Applies one record: value NULL is a tombstone. offset -1: the record has none (memory). A damaged
 * or unknown record is skipped with one warning. The listener is called without a lock held. */
void kc_config_reader_apply(struct kc_config_reader *reader, int64_t offset, const char *key,
                            size_t key_len, const char *value, size_t value_len);

/* The current picture; the caller unrefs. */
struct kc_cluster_state *kc_config_reader_snapshot(struct kc_config_reader *reader);

#endif
