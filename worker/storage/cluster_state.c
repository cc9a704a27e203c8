/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An immutable snapshot of the config topic: ClusterConfigState.
 *
 * Made by config_reader.c; a holder of a reference reads it on any thread.
 */
#include "storage/cluster_state_priv.h"

#include <stdlib.h>
#include <string.h>

struct kc_cluster_state {
    atomic_int references;
    int64_t offset;
    struct kc_session_key key;
    struct connector_state *connectors; /* sorted by name */
    size_t count;
    struct kc_strings names; /* of those configured */
};

const char *kc_target_state_name(enum kc_target_state state)
{
    static const char *const names[] = {"NONE", "STARTED", "PAUSED", "STOPPED"};
    return names[state];
}

/* ---- shared configurations ---- */

struct shared_config *kc_shared_config_take(struct kc_map *map)
{
    struct shared_config *config = kc_calloc(1, sizeof(*config));
    atomic_init(&config->references, 1);
    config->map = map;
    return config;
}

struct shared_config *kc_shared_config_ref(struct shared_config *config)
{
    if (config)
        atomic_fetch_add(&config->references, 1);
    return config;
}

void kc_shared_config_unref(struct shared_config *config)
{
    if (!config || atomic_fetch_sub(&config->references, 1) != 1)
        return;
    kc_map_destroy(config->map);
    free(config);
}

/* ---- configurations of tasks ---- */

static size_t task_place(const struct task_configs *tasks, int task)
{
    size_t low = 0;
    size_t high = tasks->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (tasks->items[middle].task < task)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct task_config *kc_task_configs_find(const struct task_configs *tasks, int task)
{
    size_t at = task_place(tasks, task);
    return at < tasks->count && tasks->items[at].task == task ? &tasks->items[at] : NULL;
}

void kc_task_configs_set(struct task_configs *tasks, int task, struct shared_config *config)
{
    size_t at = task_place(tasks, task);
    if (at < tasks->count && tasks->items[at].task == task) {
        kc_shared_config_unref(tasks->items[at].config);
        tasks->items[at].config = config;
        return;
    }
    if (tasks->count == tasks->cap) {
        tasks->cap = tasks->cap ? 2 * tasks->cap : 4;
        tasks->items = kc_realloc(tasks->items, tasks->cap * sizeof(*tasks->items));
    }
    memmove(tasks->items + at + 1, tasks->items + at, (tasks->count - at) * sizeof(*tasks->items));
    tasks->items[at] = (struct task_config){task, config};
    tasks->count++;
}

void kc_task_configs_copy(struct task_configs *to, const struct task_configs *from)
{
    for (size_t i = 0; i < from->count; i++)
        kc_task_configs_set(to, from->items[i].task, kc_shared_config_ref(from->items[i].config));
}

void kc_task_configs_clear(struct task_configs *tasks)
{
    for (size_t i = 0; i < tasks->count; i++)
        kc_shared_config_unref(tasks->items[i].config);
    free(tasks->items);
    *tasks = (struct task_configs){0};
}

/* ---- connectors ---- */

void kc_connector_state_copy(struct connector_state *to, const struct connector_state *from)
{
    *to = *from;
    to->name = kc_strdup(from->name);
    kc_shared_config_ref(to->config);
    kc_shared_config_ref(to->applied);
    to->tasks = (struct task_configs){0};
    kc_task_configs_copy(&to->tasks, &from->tasks);
}

void kc_connector_state_clear(struct connector_state *state)
{
    free(state->name);
    kc_shared_config_unref(state->config);
    kc_shared_config_unref(state->applied);
    kc_task_configs_clear(&state->tasks);
}

/* ---- the picture ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct connector_state *)a)->name,
                  ((const struct connector_state *)b)->name);
}

struct kc_cluster_state *kc_cluster_state_new(int64_t offset, const struct kc_session_key *key,
                                              struct connector_state *connectors, size_t count)
{
    struct kc_cluster_state *state = kc_calloc(1, sizeof(*state));
    atomic_init(&state->references, 1);
    state->offset = offset;
    if (key)
        state->key = (struct kc_session_key){kc_strdup(key->key), kc_strdup(key->algorithm),
                                             key->created_ms};
    if (count)
        qsort(connectors, count, sizeof(*connectors), by_name);
    state->connectors = connectors;
    state->count = count;
    for (size_t i = 0; i < count; i++) {
        if (connectors[i].config)
            kc_strings_add(&state->names, connectors[i].name);
    }
    return state;
}

struct kc_cluster_state *kc_cluster_state_ref(struct kc_cluster_state *state)
{
    atomic_fetch_add(&state->references, 1);
    return state;
}

void kc_cluster_state_unref(struct kc_cluster_state *state)
{
    if (!state || atomic_fetch_sub(&state->references, 1) != 1)
        return;
    for (size_t i = 0; i < state->count; i++)
        kc_connector_state_clear(&state->connectors[i]);
    free(state->connectors);
    free(state->key.key);
    free(state->key.algorithm);
    kc_strings_destroy(&state->names);
    free(state);
}

int64_t kc_cluster_state_offset(const struct kc_cluster_state *state)
{
    return state->offset;
}

const struct kc_session_key *kc_cluster_state_session_key(const struct kc_cluster_state *state)
{
    return state->key.key ? &state->key : NULL;
}

const struct kc_strings *kc_cluster_state_connectors(const struct kc_cluster_state *state)
{
    return &state->names;
}

static const struct connector_state *find(const struct kc_cluster_state *state,
                                          const char *connector)
{
    size_t low = 0;
    size_t high = state->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strcmp(state->connectors[middle].name, connector);
        if (order == 0)
            return &state->connectors[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

bool kc_cluster_state_has(const struct kc_cluster_state *state, const char *connector)
{
    const struct connector_state *found = find(state, connector);
    return found && found->config;
}

const struct kc_map *kc_cluster_state_config(const struct kc_cluster_state *state,
                                             const char *connector)
{
    const struct connector_state *found = find(state, connector);
    return found && found->config ? found->config->map : NULL;
}

const struct kc_map *kc_cluster_state_applied_config(const struct kc_cluster_state *state,
                                                     const char *connector)
{
    const struct connector_state *found = find(state, connector);
    return found && found->applied ? found->applied->map : NULL;
}

enum kc_target_state kc_cluster_state_target(const struct kc_cluster_state *state,
                                             const char *connector)
{
    const struct connector_state *found = find(state, connector);
    return found ? found->target : KC_TARGET_NONE;
}

int kc_cluster_state_task_count(const struct kc_cluster_state *state, const char *connector)
{
    const struct connector_state *found = find(state, connector);
    return found && !found->inconsistent && found->task_count > 0 ? found->task_count : 0;
}

const struct kc_map *kc_cluster_state_task_config(const struct kc_cluster_state *state,
                                                  const char *connector, int task)
{
    const struct connector_state *found = find(state, connector);
    const struct task_config *config = found ? kc_task_configs_find(&found->tasks, task) : NULL;
    return config ? config->config->map : NULL;
}

bool kc_cluster_state_pending_fencing(const struct kc_cluster_state *state, const char *connector)
{
    const struct connector_state *found = find(state, connector);
    return found && found->pending_fencing;
}

int kc_cluster_state_task_count_record(const struct kc_cluster_state *state, const char *connector)
{
    const struct connector_state *found = find(state, connector);
    return found ? found->task_count_record : -1;
}

int kc_cluster_state_generation(const struct kc_cluster_state *state, const char *connector)
{
    const struct connector_state *found = find(state, connector);
    return found ? found->generation : -1;
}
