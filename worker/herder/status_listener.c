/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes the states that connectors and tasks report to the status topic (AbstractHerder's
 * onStartup, onFailure, ...). Called by the worker on connector and task threads, and by the
 * herders for states that only they know. AbstractHerder decides which are written safely
 * (KafkaStatusBackingStore.putSafe).
 */
#include "herder/herder_priv.h"

#include <stdlib.h>

static void put(struct kc_herder *herder, const char *connector, int task, enum kc_state state,
                const char *trace, const char *version, bool safe)
{
    struct kc_status status = {
        .state = state,
        .trace = kc_strdup(trace),
        .worker_id = kc_strdup(herder->worker_id),
        .generation = atomic_load(&herder->generation),
        .version = kc_strdup(version),
    };
    kc_status_store_put(herder->status_store, connector, task, &status, safe);
    kc_status_clear(&status);
}

void kc_herder_state_changed(void *opaque, const char *connector, int task, enum kc_state state,
                             const char *trace, const char *version)
{
    bool safe =
        state == KC_STATE_UNASSIGNED || state == KC_STATE_FAILED || state == KC_STATE_RESTARTING;
    put(opaque, connector, task, state, trace, version, safe);
}

void kc_herder_topic_used(void *opaque, const char *connector, int task, const char *topic)
{
    struct kc_herder *herder = opaque;
    if (herder->topic_tracking &&
        !kc_status_store_has_topic(herder->status_store, connector, topic))
        kc_status_store_add_topic(herder->status_store, connector, task, topic);
}

void kc_herder_put_status(struct kc_herder *herder, const char *connector, int task,
                          enum kc_state state)
{
    put(herder, connector, task, state, NULL, NULL, false);
}

void kc_herder_delete_statuses(struct kc_herder *herder, const char *connector)
{
    int *tasks = NULL;
    size_t count = kc_status_store_tasks(herder->status_store, connector, true, &tasks);
    for (size_t i = 0; i < count; i++)
        kc_herder_put_status(herder, connector, tasks[i], KC_STATE_DESTROYED);
    kc_herder_put_status(herder, connector, KC_CONNECTOR_STATUS, KC_STATE_DESTROYED);
    free(tasks);
}
