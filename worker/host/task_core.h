/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The common core of source and sink tasks: configuration, converters and error policy. Part of
 * Connect's WorkerTask.
 *
 * A task embeds one as `core`. It is made on the herder's thread, and then belongs to the task's.
 */
#ifndef WORKER_HOST_TASK_CORE_H
#define WORKER_HOST_TASK_CORE_H

#include "data/conversion.h"
#include "host/task_host.h"

struct kc_task_core_settings {
    struct kc_task_settings host;
    const struct kc_worker_config *config; /* borrowed, outlives the task */
    const struct kc_plugins *plugins;      /* the same */
    const struct kc_plugin *plugin;        /* the connector's */
    const struct kc_map *connector_config; /* variables resolved; copied */
    const struct kc_map *task_config;      /* the same */
};

struct kc_task_core {
    struct kc_task_host *host; /* not counted: the host owns the task */
    const struct kc_worker_config *config;
    const struct kc_plugin *plugin;
    struct kc_map *connector_config;
    struct kc_map *task_config;
    struct kc_config *settings; /* the framework's, parsed */
    struct kc_conversion *conversion;
    struct kc_error_policy *policy;
    int64_t flush_timeout_ms;
    bool track_topics;
};

/* Fills core and makes its host, which owns the task (impl) from then on. After an error the host
 * has been destroyed, and the task with it. Contacts nobody. */
struct kc_error *kc_task_core_make(struct kc_task_core *core,
                                   const struct kc_task_core_settings *settings,
                                   const struct kc_task_kind *kind, void *impl) KC_MUST_CHECK;
/* Frees what core has, except the host; for the task's own destroy(). */
void kc_task_core_clear(struct kc_task_core *core);

/* The settings of one of the task's clients. kind: "producer", "consumer" or "admin". The client id
 * is id_prefix, the connector's name and the task's number. A new map. */
struct kc_map *kc_task_core_client_properties(const struct kc_task_core *core, const char *kind,
                                              const char *id_prefix);

#endif
