/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The listener to which the hosts of connectors and tasks report: the worker, and through it the
 * herder (WorkerTask's and WorkerConnector's listeners in Connect).
 */
#ifndef WORKER_HOST_WORKER_LISTENER_H
#define WORKER_HOST_WORKER_LISTENER_H

#include "storage/cluster_state.h"
#include "storage/status_store.h"

struct kc_maps;

/* Called on connector and task threads without a lock held; must not block and must not call the
 * worker. */
struct kc_worker_listener {
    /* A connector (task KC_CONNECTOR_STATUS) or task has changed its state; trace only for FAILED
     * and RESTARTING; version is the plugin's (4.1 statuses), may be NULL. */
    void (*state_changed)(void *opaque, const char *connector, int task, enum kc_state state,
                          const char *trace, const char *version);
    /* The connector asks for task_configs() to be called again. */
    void (*reconfiguration_requested)(void *opaque, const char *connector);
    /* A task has sent to, or read from, topic (not yet among its connector's active topics). */
    void (*topic_used)(void *opaque, const char *connector, int task, const char *topic);
    /* Exactly-once, on the task's thread, may block: fences the former generation of tasks before a
     * source task starts (Worker's preflight), NULL on success. */
    struct kc_error *(*fence_zombies)(void *opaque, const char *connector);
    /* Exactly-once, on the task's thread, may block: after initTransactions, checks that the task
     * is still wanted. */
    struct kc_error *(*verify_task)(void *opaque, const char *connector, int task, int generation);
    /* Exactly-once, on the task's thread, before a renewed task fences the holder of its
     * transactional id: checks that the group has confirmed, at since_ms (kc_mono_ms()) or later,
     * that this worker owns the task. Retriable: not yet; the group is being asked. */
    struct kc_error *(*confirm_task)(void *opaque, const char *connector, int task,
                                     int64_t since_ms);
};

/* done runs on the connector's thread: err NULL when the target state has been reached (taken
 * otherwise). May be NULL. */
typedef void (*kc_worker_done)(void *opaque, struct kc_error *err);

/* On the connector's thread: gets the task configs, complete with task.class (and topics for
 * sinks), or err (taken). It takes the list's content, or leaves it. */
typedef void (*kc_worker_task_configs_done)(void *opaque, struct kc_error *err,
                                            struct kc_maps *configs);

#endif
