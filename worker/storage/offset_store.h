/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stores of source connectors' offsets: KafkaOffsetBackingStore, FileOffsetBackingStore and
 * ConnectorOffsetBackingStore.
 *
 * Keys and values are the raw bytes in the topic; this layer adds the codec. Any thread.
 */
#ifndef WORKER_STORAGE_OFFSET_STORE_H
#define WORKER_STORAGE_OFFSET_STORE_H

#include "config/worker_config.h"
#include "connect/kafka.h"

#include <jansson.h>
#include <stdatomic.h>

/* ---- codec: pure functions ---- */

/* ["<connector>",<partition in HashMap order>]; partition NULL: null. Owned by the caller. */
char *kc_offset_key(const char *connector, const json_t *partition);
/* The offset map in HashMap order; NULL for a null offset (tombstone). Owned by the caller. */
char *kc_offset_value(const json_t *offset);

/* ---- stores ---- */

struct kc_offset_store; /* reference-counted */

/* The worker's own, on offset.storage.topic. */
struct kc_error *kc_offset_store_kafka_new(const struct kc_worker_config *config,
                                           struct kc_offset_store **store) KC_MUST_CHECK;
/* Standalone: a file, written whole and atomically (temporary file, fsync, rename). A file that
 * Java wrote (serialised HashMap<byte[],byte[]>) is read; we write that same format, so that Java
 * can go back. */
struct kc_error *kc_offset_store_file_new(const char *path,
                                          struct kc_offset_store **store) KC_MUST_CHECK;
/* A connector's own topic overlaid on the worker's store (offsets.storage.topic;
 * ConnectorOffsetBackingStore): producer, consumer, admin are Java properties of the connector's
 * clients. Takes a reference of worker. worker NULL: connector store only. read_committed for
 * exactly-once. */
struct kc_error *kc_offset_store_connector_new(struct kc_offset_store *worker,
                                               const struct kc_worker_config *config,
                                               const char *topic, const struct kc_map *producer,
                                               const struct kc_map *consumer,
                                               const struct kc_map *admin, bool read_committed,
                                               struct kc_offset_store **store) KC_MUST_CHECK;
struct kc_offset_store *kc_offset_store_ref(struct kc_offset_store *store);
void kc_offset_store_unref(struct kc_offset_store *store);

struct kc_error *kc_offset_store_start(struct kc_offset_store *store,
                                       const atomic_bool *cancel) KC_MUST_CHECK;

/* Offsets of count partitions of connector after reading to the end: offsets[i] new reference or
 * NULL. */
struct kc_error *kc_offset_store_get(struct kc_offset_store *store, const char *connector,
                                     json_t *const *partitions, size_t count, json_t **offsets,
                                     int timeout_ms) KC_MUST_CHECK;

/* One write of a flush; partition and offset are borrowed for the call; offset NULL: tombstone. */
struct kc_offset_write {
    json_t *partition;
    json_t *offset;
};
/* Sends all and calls done once, on an unspecified thread, when all are acknowledged or one has
 * failed (done owns err). */
void kc_offset_store_set(struct kc_offset_store *store, const char *connector,
                         const struct kc_offset_write *writes, size_t count,
                         void (*done)(void *opaque, struct kc_error *err), void *opaque);
/* The same, waiting. */
struct kc_error *kc_offset_store_write(struct kc_offset_store *store, const char *connector,
                                       const struct kc_offset_write *writes, size_t count,
                                       int timeout_ms) KC_MUST_CHECK;

/* All known partitions of connector with their offsets after reading to the end:
 * [{"partition":{...},"offset":{...}}], partitions without offset left out. New reference. */
struct kc_error *kc_offset_store_list(struct kc_offset_store *store, const char *connector,
                                      int timeout_ms, json_t **offsets) KC_MUST_CHECK;

#endif
