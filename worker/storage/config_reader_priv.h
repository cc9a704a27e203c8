/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state that the records of the config topic add up to (KafkaConfigBackingStore's consumer).
 *
 * Records are applied by one thread at a time; pictures are taken on any thread.
 */
#ifndef WORKER_STORAGE_CONFIG_READER_PRIV_H
#define WORKER_STORAGE_CONFIG_READER_PRIV_H

#include "storage/config_store.h"

struct kc_config_reader;

struct kc_config_reader *kc_config_reader_new(const struct kc_config_listener *listener,
                                              void *opaque);
void kc_config_reader_destroy(struct kc_config_reader *reader);

/* From now on the listener hears of changes; before, only of session keys. */
void kc_config_reader_set_started(struct kc_config_reader *reader);

/* Applies one record: value NULL is a tombstone. offset -1: the record has none (memory). What is
 * damaged or foreign is skipped with one warning. The listener is called without a lock held. */
void kc_config_reader_apply(struct kc_config_reader *reader, int64_t offset, const char *key,
                            size_t key_len, const char *value, size_t value_len);

/* The current picture; the caller unrefs. */
struct kc_cluster_state *kc_config_reader_snapshot(struct kc_config_reader *reader);

#endif
