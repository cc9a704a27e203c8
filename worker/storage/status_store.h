/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statuses of connectors and tasks, and their active topics: KafkaStatusBackingStore and
 * MemoryStatusBackingStore.
 *
 * Reads come from memory and never block; writes are sent in the background and retried. Any
 * thread.
 */
#ifndef WORKER_STORAGE_STATUS_STORE_H
#define WORKER_STORAGE_STATUS_STORE_H

#include "config/worker_config.h"

#include <stdatomic.h>

enum kc_state {
    KC_STATE_UNASSIGNED,
    KC_STATE_RUNNING,
    KC_STATE_PAUSED,
    KC_STATE_FAILED,
    KC_STATE_DESTROYED, /* written as a tombstone */
    KC_STATE_RESTARTING,
    KC_STATE_STOPPED,
};
const char *kc_state_name(enum kc_state state);
bool kc_state_parse(const char *text, enum kc_state *state);

struct kc_status {
    enum kc_state state;
    char *trace; /* NULL: none */
    char *worker_id;
    int32_t generation;
    char *version; /* plugin version, NULL: null */
};
void kc_status_clear(struct kc_status *status); /* frees the strings */

struct kc_status_store;
struct kc_error *kc_status_store_kafka_new(const struct kc_worker_config *config,
                                           struct kc_status_store **store) KC_MUST_CHECK;
struct kc_status_store *kc_status_store_memory_new(void);

/* Sends a record; value NULL: tombstone. done runs once, on any thread, and owns err. */
typedef void (*kc_status_sent)(void *opaque, struct kc_error *err);
typedef void (*kc_status_send)(void *to, const char *key, const char *value, kc_status_sent done,
                               void *opaque);
/* The base of the other constructors: a store that writes by `send`; NULL: at once, into memory. */
struct kc_status_store *kc_status_store_new(kc_status_send send, void *to);
void kc_status_store_destroy(struct kc_status_store *store);
struct kc_error *kc_status_store_start(struct kc_status_store *store,
                                       const atomic_bool *cancel) KC_MUST_CHECK;

#define KC_CONNECTOR_STATUS (-1) /* as task: the connector itself */

/* Writes a status (copied). safe: putSafe, not over a newer one of another worker. */
void kc_status_store_put(struct kc_status_store *store, const char *connector, int task,
                         const struct kc_status *status, bool safe);
/* This worker keeps the connector or task under a new generation, without a change of state. If
 * another worker has reported it meanwhile, the last own report is written again. */
void kc_status_store_claim(struct kc_status_store *store, const char *connector, int task,
                           int generation);
/* A copy in *status (clear it); false when there is none. */
bool kc_status_store_get(struct kc_status_store *store, const char *connector, int task,
                         struct kc_status *status);
/* Sorted ids of the connector's tasks that have a status; free() the array. said: also tasks that
 * this worker has reported but whose status hasn't been read back, because a clean-up must not miss
 * them. */
size_t kc_status_store_tasks(struct kc_status_store *store, const char *connector, bool said,
                             int **tasks);
/* Appends the names of connectors with a connector or task status, or a said one. */
void kc_status_store_connectors(struct kc_status_store *store, struct kc_strings *connectors);
/* Waits until all statuses put so far have been acknowledged. */
void kc_status_store_flush(struct kc_status_store *store, int timeout_ms);

/* Active topics (KIP-558). */
void kc_status_store_add_topic(struct kc_status_store *store, const char *connector, int task,
                               const char *topic);
bool kc_status_store_has_topic(struct kc_status_store *store, const char *connector,
                               const char *topic);
void kc_status_store_topics(struct kc_status_store *store, const char *connector,
                            struct kc_strings *topics);
void kc_status_store_reset_topics(struct kc_status_store *store, const char *connector);

#endif
