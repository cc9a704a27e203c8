/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The statuses of the status topic, in memory, and which writes are under way.
 *
 * Not thread-safe: its owner (status_store.c) locks.
 */
#ifndef WORKER_STORAGE_STATUS_CACHE_PRIV_H
#define WORKER_STORAGE_STATUS_CACHE_PRIV_H

#include "storage/status_store.h"

/* KafkaStatusBackingStore.CacheEntry. */
struct kc_status_entry {
    bool known; /* status has been read back */
    struct kc_status status;
    int sequence;          /* of the last local write */
    struct kc_status said; /* by it; worker_id NULL: there was none */
    uint64_t
        number; /* never the same for two entries: a deleted one isn't taken for its successor */
};

struct kc_status_cache;
/* _apply() calls overruled when a worker of an older generation reports this worker's connector or
 * task after this worker has reported it, because that worker was frozen or its writes were late.
 */
typedef void (*kc_status_overruled)(void *opaque, const char *connector, int task,
                                    const struct kc_status_entry *entry);
struct kc_status_cache *kc_status_cache_new(kc_status_overruled overruled, void *opaque);
void kc_status_cache_destroy(struct kc_status_cache *cache);

/* The entry of a connector (KC_CONNECTOR_STATUS) or task; NULL: there is none, and create is
 * false. */
struct kc_status_entry *kc_status_cache_entry(struct kc_status_cache *cache, const char *connector,
                                              int task, bool create);

/* Applies a record as the topic has it; value NULL: tombstone. KC_ERR_DATA: it was skipped. */
struct kc_error *kc_status_cache_apply(struct kc_status_cache *cache, const char *key,
                                       size_t key_len, const char *value,
                                       size_t value_len) KC_MUST_CHECK;

/* Remembers what this worker says from now on. */
void kc_status_entry_say(struct kc_status_entry *entry, const struct kc_status *status);
/* This worker still has it, under a newer generation, and its report counts as made then. True: the
 * topic has another report, which must be corrected. */
bool kc_status_entry_claim(struct kc_status_entry *entry, int generation);
/* Whether the topic says what this worker has said. */
bool kc_status_entry_heard(const struct kc_status_entry *entry);
/* Whether a safe write may replace the cached status (putSafe). */
bool kc_status_entry_safe(const struct kc_status_entry *entry, const struct kc_status *status);

/* said: also reports of this worker that haven't been read back; for connectors always included. */
size_t kc_status_cache_tasks(struct kc_status_cache *cache, const char *connector, bool said,
                             int **tasks);
void kc_status_cache_connectors(struct kc_status_cache *cache, struct kc_strings *connectors);

/* Active topics. A topic that was written but not read back is announced: it isn't listed yet, and
 * isn't written again. */
bool kc_status_cache_has_topic(struct kc_status_cache *cache, const char *connector,
                               const char *topic);
void kc_status_cache_announce_topic(struct kc_status_cache *cache, const char *connector,
                                    const char *topic);
void kc_status_cache_retract_topic(struct kc_status_cache *cache, const char *connector,
                                   const char *topic);
void kc_status_cache_topics(struct kc_status_cache *cache, const char *connector,
                            struct kc_strings *topics);

#endif
