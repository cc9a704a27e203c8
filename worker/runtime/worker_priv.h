/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of kc_worker. */
#ifndef WORKER_RUNTIME_WORKER_PRIV_H
#define WORKER_RUNTIME_WORKER_PRIV_H

#include "host/connector_host.h"
#include "host/task_host.h"
#include "runtime/worker.h"
#include "source/offset_commit.h"

#include <pthread.h>

struct connector_entry {
    struct kc_connector_host *host;
    bool counted; /* its start, in counts; with the mutex */
    struct connector_entry *next;
};

struct task_entry {
    struct kc_task_host *host;
    bool is_source;
    bool counted; /* its start, in counts; with the mutex */
    struct task_entry *next;
};

struct kc_worker {
    const struct kc_worker_config *config;
    const struct kc_plugins *plugins;
    struct kc_offset_store *offsets;
    char *id;
    struct kc_worker_listener listener; /* the herder's */
    void *opaque;
    struct kc_worker_listener counting; /* ours, between the hosts and the herder's */
    struct kc_offset_committer *committer;
    pthread_mutex_t mutex; /* of the lists; changed by the herder's thread only */
    struct connector_entry *connectors;
    struct task_entry *tasks;
    struct kc_worker_counts counts; /* with mutex */
    /* Left behind by their time-outs; their threads may still run. */
    struct connector_entry *lost_connectors;
    struct task_entry *lost_tasks;
};

/* config with its variables resolved; the caller owns *resolved. Any thread. */
struct kc_error *kc_worker_resolve(struct kc_worker *worker, const struct kc_map *config,
                                   struct kc_map **resolved) KC_MUST_CHECK;

/* The plugin that connector.class of a resolved config names. Any thread. */
struct kc_error *kc_worker_connector_plugin(struct kc_worker *worker, const struct kc_map *resolved,
                                            const struct kc_plugin **plugin) KC_MUST_CHECK;

#endif
