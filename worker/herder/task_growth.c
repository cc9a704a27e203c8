/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether new task configs need a rebalance: see kc_task_configs_grow().
 *
 * A rebalance is a barrier: every task has stopped before one of them starts with another's work.
 * If no work changes hands, no barrier is needed. Every worker decides by the config topic alone,
 * so all decide alike. Pure functions.
 */
#include "connect/hash.h"
#include "connect/mem.h"
#include "herder/distributed_priv.h"

#include <stdlib.h>
#include <string.h>

static const char assigned_prefix[] = "task.assigned.";

static bool is_assigned(const char *key)
{
    return strncmp(key, assigned_prefix, sizeof(assigned_prefix) - 1) == 0;
}

/* Equal except for the assigned items. */
static bool alike(const struct kc_map *a, const struct kc_map *b)
{
    size_t common[2] = {0};
    if (!a || !b)
        return false;
    kc_map_foreach (a, entry) {
        if (is_assigned(entry->key))
            continue;
        const char *other = kc_map_get(b, entry->key);
        if (!kc_map_has(b, entry->key) || !entry->value != !other ||
            (other && strcmp(other, entry->value) != 0))
            return false;
        common[0]++;
    }
    kc_map_foreach (b, entry)
        common[1] += !is_assigned(entry->key);
    return common[0] == common[1];
}

/* One assigned thing, "key=element", and the task that had it. */
struct held {
    char *what;
    int task;
    UT_hash_handle hh;
};

typedef bool (*assigned_visit)(void *opaque, int task, char *what); /* takes what */

/* Visits all assigned items of the connector's tasks, until one visit returns false. */
static bool each_assigned(const struct kc_cluster_state *state, const char *connector,
                          assigned_visit visit, void *opaque)
{
    bool go_on = true;
    for (int task = 0; task < kc_cluster_state_task_count(state, connector); task++) {
        const struct kc_map *config = kc_cluster_state_task_config(state, connector, task);
        kc_map_foreach (config, entry) {
            struct kc_strings elements = {0};
            if (!go_on || !entry->value || !is_assigned(entry->key))
                continue;
            kc_strings_split(&elements, entry->value);
            for (size_t i = 0; go_on && i < elements.count; i++)
                go_on = visit(opaque, task, kc_asprintf("%s=%s", entry->key, elements.items[i]));
            kc_strings_destroy(&elements);
        }
    }
    return go_on;
}

static bool take(void *opaque, int task, char *what)
{
    struct held **all = opaque, *held;
    HASH_FIND_STR(*all, what, held);
    if (held) { /* two tasks have it: nothing is known of whose it is */
        free(what);
        return false;
    }
    held = kc_calloc(1, sizeof(*held));
    held->what = what;
    held->task = task;
    HASH_ADD_KEYPTR(hh, *all, held->what, strlen(held->what), held);
    return true;
}

static bool is_not_anothers(void *opaque, int task, char *what)
{
    struct held **all = opaque, *held;
    HASH_FIND_STR(*all, what, held);
    free(what);
    return !held || held->task == task;
}

static bool nothing_changes_hands(const struct kc_cluster_state *before,
                                  const struct kc_cluster_state *now, const char *connector)
{
    struct held *all = NULL, *held, *next;
    bool stays = each_assigned(before, connector, take, &all) &&
                 each_assigned(now, connector, is_not_anothers, &all);
    HASH_ITER (hh, all, held, next) {
        HASH_DEL(all, held);
        free(held->what);
        free(held);
    }
    return stays;
}

bool kc_task_configs_grow(const struct kc_cluster_state *before, const struct kc_cluster_state *now,
                          const char *connector)
{
    int count = kc_cluster_state_task_count(before, connector);
    const struct kc_map *applied = kc_cluster_state_applied_config(before, connector);
    const struct kc_map *applied_now = kc_cluster_state_applied_config(now, connector);
    /* Converters, transforms and clients come from the connector's own configuration. */
    if (!applied || !applied_now || !kc_map_equal(applied, applied_now))
        return false;
    if (count == 0 || kc_cluster_state_task_count(now, connector) != count)
        return false;
    for (int task = 0; task < count; task++)
        if (!alike(kc_cluster_state_task_config(before, connector, task),
                   kc_cluster_state_task_config(now, connector, task)))
            return false;
    return nothing_changes_hands(before, now, connector);
}
