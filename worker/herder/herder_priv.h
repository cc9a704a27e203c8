/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared by the standalone and the distributed herder (AbstractHerder); for worker/herder only.
 *
 * A herder is a struct kc_herder at the head of its own struct, and a table of functions, one per
 * request. herder.c posts requests and owns thread and life cycle; the table's functions run on the
 * tick thread. `config_state` is replaced by the tick thread alone, under `lock`, so that thread
 * reads it freely and others under the lock.
 */
#ifndef WORKER_HERDER_HERDER_PRIV_H
#define WORKER_HERDER_HERDER_PRIV_H

#include "herder/herder.h"
#include "herder/request_priv.h"

#include <stdatomic.h>

enum kc_herder_request {
    KC_REQUEST_PING,
    KC_REQUEST_INFO,
    KC_REQUEST_TASKS,
    KC_REQUEST_PUT,
    KC_REQUEST_PATCH, /* the patched configuration, to be validated and PUT */
    KC_REQUEST_DELETE,
    KC_REQUEST_RESTART_TASK,
    KC_REQUEST_RESTART_CONNECTOR,
    KC_REQUEST_RESTART_PLAN,
    KC_REQUEST_STOP,
    KC_REQUEST_OFFSETS,       /* may they be read? result: config */
    KC_REQUEST_ALTER_OFFSETS, /* may they be changed? result: config */
    KC_REQUEST_PUT_TASKS,
    KC_REQUEST_FENCE,
    KC_REQUEST_ASK, /* a connector, by its plugin's resource */
    KC_REQUEST_COUNT,
};

/* A request's arguments and results; owned by the request. */
struct kc_herder_args {
    char *connector;
    int task;
    struct kc_map *config; /* PUT, PATCH: in; PATCH, OFFSETS, ALTER_OFFSETS: out */
    enum kc_target_state state;
    bool allow_replace;
    bool created;
    bool include_tasks;
    bool only_failed;
    bool needs_fencing; /* ALTER_OFFSETS: out; to be asked again after a round of fencing */
    bool wants_info;    /* the result is the connector's info when it has been started */
    int generation;
    struct kc_maps configs;
    int attempts;
    int64_t began_ms;
    json_t *result;
    const struct kc_plugin *plugin;        /* ASK: whose the connector must be */
    struct kc_connector_question question; /* ASK; arg NULL: taken out */
    struct kc_error *err;                  /* an outcome that travels to the tick thread */
    struct kc_request *waiting;            /* a request that this one will end */
};
struct kc_herder_args *kc_herder_args_new(const char *connector);
void kc_herder_args_destroy(void *args);

struct kc_herder_ops {
    const char *name;                                    /* of the thread */
    struct kc_error *(*start)(struct kc_herder *herder); /* tick thread: reads the stores */
    struct kc_error *(*tick)(struct kc_herder *herder);  /* an error ends the herder */
    void (*halt)(struct kc_herder *herder);              /* tick thread: stops all work */
    void (*wakeup)(struct kc_herder *herder);            /* any thread: makes tick() look around */
    void (*destroy)(struct kc_herder *herder);
    /* Writes or forwards changed task configs (args->configs, raw); tick thread. Forwarding that
     * fails later calls kc_herder_retry_reconfigure(). */
    struct kc_error *(*publish_tasks)(struct kc_herder *herder, struct kc_herder_args *args);
    struct kc_error *(*set_log_level)(struct kc_herder *herder, const char *name,
                                      const char *level); /* any thread */
    /* Checks an internal request's signature before it is posted; any thread. */
    struct kc_error *(*check_signature)(struct kc_herder *herder,
                                        const struct kc_signature *signature);
    /* Any thread: adds what only this kind of herder has; may be NULL. */
    void (*expose)(struct kc_herder *herder, struct kc_exposition *exposition);
    const kc_request_run *requests; /* KC_REQUEST_COUNT of them */
};

struct kc_herder {
    const struct kc_herder_ops *ops;
    const struct kc_worker_config *config;
    const struct kc_plugins *plugins;
    char *worker_id;
    struct kc_worker *worker;
    struct kc_offset_store *offsets;
    struct kc_config_store *config_store;
    struct kc_status_store *status_store;
    bool topic_tracking;
    struct kc_requests *requests;
    struct kc_tick_stage stage;
    atomic_int generation;
    atomic_bool ready;
    atomic_bool stopping;
    atomic_bool cancel; /* ends the start of stores early */
    pthread_mutex_t lock;
    pthread_cond_t changed; /* with lock: stopping, ended, stores_started */
    struct kc_cluster_state *config_state;
    char *cluster_id;
    pthread_t thread;
    bool started;        /* the thread exists */
    bool stores_started; /* they can be written to */
    bool ended;
    struct kc_error *failure; /* why it ended, until waited for */
};

/* The parts of a herder; taken by kc_herder_init() even if it fails. */
struct kc_herder_parts {
    struct kc_offset_store *offsets;
    struct kc_config_store *config_store;
    struct kc_status_store *status_store;
};

/* Prepares the common part before the stores are made; the ops' thread isn't started. */
void kc_herder_init(struct kc_herder *herder, const struct kc_herder_ops *ops,
                    const struct kc_herder_settings *settings);
/* Takes the parts and makes the worker with listener. */
struct kc_error *kc_herder_equip(struct kc_herder *herder, const struct kc_herder_parts *parts,
                                 const struct kc_worker_listener *listener) KC_MUST_CHECK;
/* Starts status and config stores and takes the first picture. Tick thread. */
struct kc_error *kc_herder_start_stores(struct kc_herder *herder) KC_MUST_CHECK;
/* Asks the brokers for the cluster's id. Tick thread. */
struct kc_error *kc_herder_find_cluster_id(struct kc_herder *herder) KC_MUST_CHECK;

/* Takes a fresh picture as config_state. Tick thread. */
void kc_herder_update_state(struct kc_herder *herder);
/* Sets the level of this worker's loggers; an unknown level is logged and ignored. Any thread. */
void kc_herder_set_worker_log_level(const char *name, const char *level);
/* Waits for ms or until the herder stops. */
void kc_herder_sleep(struct kc_herder *herder, int64_t ms);
/* Posts a request and forgets it; args taken. Any thread. */
void kc_herder_post(struct kc_herder *herder, int64_t delay_ms, kc_request_run run,
                    struct kc_herder_args *args);
/* Posts a request and waits; the time-out's text has the stage. args stay with the request. Take
 * results out of kc_request_args(*request), and unref it (NULL-safe) in any case. */
struct kc_error *kc_herder_call(struct kc_herder *herder, kc_request_run run,
                                struct kc_herder_args *args, int timeout_ms,
                                struct kc_request **request) KC_MUST_CHECK;
/* Runs requests that are due; *next_ms as kc_requests_next(). Tick thread. */
void kc_herder_run_requests(struct kc_herder *herder, int64_t *next_ms);

/* ---- status_listener.c ---- */

void kc_herder_state_changed(void *opaque, const char *connector, int task, enum kc_state state,
                             const char *trace, const char *version);
void kc_herder_topic_used(void *opaque, const char *connector, int task, const char *topic);
/* Statuses that the herder itself writes. */
void kc_herder_put_status(struct kc_herder *herder, const char *connector, int task,
                          enum kc_state state);
/* Tombstones for a connector and all its tasks (onDeletion). */
void kc_herder_delete_statuses(struct kc_herder *herder, const char *connector);

/* ---- connector_start.c; tick thread ---- */

/* Starts a connector, and then has its tasks reconfigured if it is to run. waiting (a reference,
 * taken; may be NULL) ends after that. */
void kc_herder_start_connector(struct kc_herder *herder, const char *connector,
                               struct kc_request *waiting);
/* Stops one connector and waits a little. */
void kc_herder_stop_one(struct kc_herder *herder, const char *connector);
/* Asks the connector for task configs and publishes them when they have changed; failures are
 * retried with back-off. */
void kc_herder_reconfigure(struct kc_herder *herder, const char *connector);
/* After a failed attempt (args->connector, attempts, began_ms); takes err. Any thread. */
void kc_herder_retry_reconfigure(struct kc_herder *herder, const struct kc_herder_args *args,
                                 struct kc_error *err);
/* The worker's listener: any thread. */
void kc_herder_reconfiguration_requested(void *opaque, const char *connector);
/* Starts one task by config_state; the error has been reported as its status. */
struct kc_error *kc_herder_start_task(struct kc_herder *herder, const char *connector,
                                      int task) KC_MUST_CHECK;
/* Moves a connector and its tasks here to the target state of config_state; a connector that runs
 * again is reconfigured. */
void kc_herder_apply_target_state(struct kc_herder *herder, const char *connector);

/* ---- connector_question.c; tick thread ---- */

/* Whether the connector is there and the plugin's; if not, request has been completed. */
bool kc_herder_may_ask(struct kc_herder *herder, struct kc_request *request,
                       const struct kc_herder_args *args);
/* Hands the question to the connector, which runs here; request ends with its answer. */
void kc_herder_pass_question(struct kc_herder *herder, struct kc_request *request,
                             struct kc_herder_args *args);

/* ---- connector_config.c ---- */

/* KC_ERR_BAD_REQUEST with all of ConfigInfos' errors; NULL when there are none. */
struct kc_error *kc_config_infos_error(const json_t *infos) KC_MUST_CHECK;
/* A copy of config with patch applied: null removes. */
struct kc_map *kc_config_patch(const struct kc_map *config, const struct kc_map *patch);
/* Whether task configs (raw) differ from the stored ones, or the connector's configuration from the
 * applied one (AbstractHerder.taskConfigsChanged). */
bool kc_task_configs_changed(const struct kc_cluster_state *state, const char *connector,
                             const struct kc_maps *configs);
struct kc_error *kc_connector_not_found(const char *connector);  /* "Connector c not found" */
struct kc_error *kc_offsets_need_stopped(const char *connector); /* of PATCH and DELETE offsets */

#endif
