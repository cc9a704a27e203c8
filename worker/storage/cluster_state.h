/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An immutable snapshot of the config topic: ClusterConfigState.
 *
 * Config stores make one after each change. A holder of a reference may read it on any thread.
 */
#ifndef WORKER_STORAGE_CLUSTER_STATE_H
#define WORKER_STORAGE_CLUSTER_STATE_H

#include "connect/map.h"

enum kc_target_state { KC_TARGET_NONE, KC_TARGET_STARTED, KC_TARGET_PAUSED, KC_TARGET_STOPPED };
const char *kc_target_state_name(enum kc_target_state state); /* "STARTED", ... */

struct kc_session_key {
    char *key; /* base64, as stored */
    char *algorithm;
    int64_t created_ms;
};
void kc_session_key_clear(struct kc_session_key *key); /* frees the strings */

struct kc_cluster_state;
struct kc_cluster_state *kc_cluster_state_ref(struct kc_cluster_state *state);
void kc_cluster_state_unref(struct kc_cluster_state *state);

/* Last record's offset + 1; -1 when nothing has been read (ClusterConfigState.offset). */
int64_t kc_cluster_state_offset(const struct kc_cluster_state *state);
const struct kc_session_key *kc_cluster_state_session_key(const struct kc_cluster_state *state);

/* Everything below is borrowed from state. Connectors are sorted by name. */
const struct kc_strings *kc_cluster_state_connectors(const struct kc_cluster_state *state);
bool kc_cluster_state_has(const struct kc_cluster_state *state, const char *connector);
/* Raw, with unresolved variables; NULL when unknown. */
const struct kc_map *kc_cluster_state_config(const struct kc_cluster_state *state,
                                             const char *connector);
/* The config at the time when the task configs were committed; NULL: none. */
const struct kc_map *kc_cluster_state_applied_config(const struct kc_cluster_state *state,
                                                     const char *connector);
enum kc_target_state kc_cluster_state_target(const struct kc_cluster_state *state,
                                             const char *connector);
/* Number of tasks; 0 for an inconsistent connector. */
int kc_cluster_state_task_count(const struct kc_cluster_state *state, const char *connector);
const struct kc_map *kc_cluster_state_task_config(const struct kc_cluster_state *state,
                                                  const char *connector, int task);
bool kc_cluster_state_pending_fencing(const struct kc_cluster_state *state, const char *connector);
int kc_cluster_state_task_count_record(const struct kc_cluster_state *state,
                                       const char *connector); /* -1: none */
int kc_cluster_state_generation(const struct kc_cluster_state *state,
                                const char *connector); /* -1: none */

#endif
