/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where connector and task configurations live: KafkaConfigBackingStore and
 * MemoryConfigBackingStore.
 *
 * Writes block until they are acknowledged and read back. Listener calls come on the store's own
 * thread (memory: on the writer's) without a lock held; they must only enqueue.
 */
#ifndef WORKER_STORAGE_CONFIG_STORE_H
#define WORKER_STORAGE_CONFIG_STORE_H

#include "config/worker_config.h"
#include "storage/cluster_state.h"

#include <stdatomic.h>

struct kc_config_listener {
    void (*connector_updated)(void *opaque, const char *connector);
    void (*connector_removed)(void *opaque, const char *connector);
    void (*tasks_updated)(void *opaque, const char *connector); /* after a commit record */
    void (*target_state_changed)(void *opaque, const char *connector);
    void (*session_key_updated)(void *opaque);
    void (*restart_requested)(void *opaque, const char *connector, bool include_tasks,
                              bool only_failed);
    void (*logger_level_updated)(void *opaque, const char *name, const char *level);
};

struct kc_config_store;

/* On the topics of config (distributed). */
struct kc_error *kc_config_store_kafka_new(const struct kc_worker_config *config,
                                           const struct kc_config_listener *listener, void *opaque,
                                           struct kc_config_store **store) KC_MUST_CHECK;
/* In memory (standalone). */
struct kc_config_store *kc_config_store_memory_new(const struct kc_config_listener *listener,
                                                   void *opaque);
void kc_config_store_destroy(struct kc_config_store *store);

/* Reads the whole topic. For records that were there before, the listener hears only
 * session_key_updated. */
struct kc_error *kc_config_store_start(struct kc_config_store *store,
                                       const atomic_bool *cancel) KC_MUST_CHECK;

/* The current snapshot; the caller unrefs. Any thread, never blocks. */
struct kc_cluster_state *kc_config_store_snapshot(struct kc_config_store *store);

/* Reads to the end of the topic. KC_ERR_TIMEOUT. */
struct kc_error *kc_config_store_refresh(struct kc_config_store *store,
                                         int timeout_ms) KC_MUST_CHECK;

/* Exactly-once: becomes the only writer (fences the former leader). Without exactly-once a no-op.
 */
struct kc_error *
kc_config_store_claim_write_privileges(struct kc_config_store *store) KC_MUST_CHECK;

/* state KC_TARGET_NONE: none is written. */
struct kc_error *kc_config_store_put_connector(struct kc_config_store *store, const char *connector,
                                               const struct kc_map *config,
                                               enum kc_target_state state) KC_MUST_CHECK;
struct kc_error *kc_config_store_remove_connector(struct kc_config_store *store,
                                                  const char *connector) KC_MUST_CHECK;
struct kc_error *kc_config_store_put_tasks(struct kc_config_store *store, const char *connector,
                                           const struct kc_maps *configs) KC_MUST_CHECK;
struct kc_error *kc_config_store_put_target_state(struct kc_config_store *store,
                                                  const char *connector,
                                                  enum kc_target_state state) KC_MUST_CHECK;
struct kc_error *kc_config_store_put_session_key(struct kc_config_store *store,
                                                 const struct kc_session_key *key) KC_MUST_CHECK;
struct kc_error *kc_config_store_put_restart(struct kc_config_store *store, const char *connector,
                                             bool include_tasks, bool only_failed) KC_MUST_CHECK;
struct kc_error *kc_config_store_put_task_count(struct kc_config_store *store,
                                                const char *connector, int count) KC_MUST_CHECK;
struct kc_error *kc_config_store_put_logger_level(struct kc_config_store *store, const char *name,
                                                  const char *level) KC_MUST_CHECK;

#endif
