/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of a snapshot of the config topic, for config_reader.c, which makes them.
 *
 * The reader and its snapshots share configurations, which never change once made.
 */
#ifndef WORKER_STORAGE_CLUSTER_STATE_PRIV_H
#define WORKER_STORAGE_CLUSTER_STATE_PRIV_H

#include "storage/cluster_state.h"

#include <stdatomic.h>

/* A reference-counted immutable map. */
struct shared_config {
    atomic_int references;
    struct kc_map *map;
};
struct shared_config *kc_shared_config_take(struct kc_map *map);
struct shared_config *kc_shared_config_ref(struct shared_config *config); /* NULL for NULL */
void kc_shared_config_unref(struct shared_config *config);

struct task_config {
    int task;
    struct shared_config *config;
};

/* Sorted by task. */
struct task_configs {
    struct task_config *items;
    size_t count;
    size_t cap;
};
void kc_task_configs_set(struct task_configs *tasks, int task,
                         struct shared_config *config); /* takes */
const struct task_config *kc_task_configs_find(const struct task_configs *tasks, int task);
void kc_task_configs_copy(struct task_configs *to, const struct task_configs *from); /* adds */
void kc_task_configs_clear(struct task_configs *tasks);

/* Everything known about one connector, configured or not. */
struct connector_state {
    char *name;
    struct shared_config *config;  /* NULL: not configured */
    struct shared_config *applied; /* NULL: none */
    enum kc_target_state target;
    int task_count; /* -1: none */
    struct task_configs tasks;
    bool inconsistent;
    bool pending_fencing;
    int task_count_record; /* -1: none */
    int generation;        /* -1: none */
};
void kc_connector_state_copy(struct connector_state *to, const struct connector_state *from);
void kc_connector_state_clear(struct connector_state *state);

/* A new snapshot, with one reference. connectors is taken and sorted by name; key is copied. */
struct kc_cluster_state *kc_cluster_state_new(int64_t offset, const struct kc_session_key *key,
                                              struct connector_state *connectors, size_t count);

#endif
