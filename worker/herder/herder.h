/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The herder: the one owner of a worker's cluster state, and what REST and main talk to.
 *
 * Standalone and distributed herders have one thread each ("the tick thread") that makes every
 * change. Any other thread may call these functions. Those marked "snapshot" answer at once from
 * memory; the others post a request to the herder's thread and wait at most timeout_ms (then
 * KC_ERR_TIMEOUT with Connect's text "Request timed out. <stage>"). Results are JSON entities as
 * Java prints them: new references. Errors carry Connect's texts; KC_ERR_WRONG_TARGET says where to
 * forward to.
 */
#ifndef WORKER_HERDER_HERDER_H
#define WORKER_HERDER_HERDER_H

#include "runtime/worker.h"
#include "storage/config_store.h"

struct kc_herder;

/* A connector that the leader maintains by itself: it is written when a worker becomes leader and
 * the stored configuration differs (dedicated MirrorMaker mode, MirrorHerder). */
struct kc_herder_connector {
    const char *name;
    const struct kc_map *config;
};

struct kc_herder_settings {
    const struct kc_worker_config *config; /* borrowed, outlives the herder */
    const struct kc_plugins *plugins;      /* borrowed */
    const char *worker_id;                 /* "host:port", or "source->target" */
    const char *rest_url;                  /* "http://host:port/", or "NOTUSED" */
    /* Dedicated MirrorMaker mode; NULL and 0 otherwise. Copied. */
    const char *rest_path; /* where peers mount the internal endpoints: "a/b/", percent-encoded */
    const struct kc_herder_connector *connectors;
    size_t connector_count;
};

/* Makes stores and worker, starts nothing. */
struct kc_error *kc_herder_standalone_new(const struct kc_herder_settings *settings,
                                          struct kc_herder **herder) KC_MUST_CHECK;
struct kc_error *kc_herder_distributed_new(const struct kc_herder_settings *settings,
                                           struct kc_herder **herder) KC_MUST_CHECK;

/* Starts the herder's thread, which reads the internal topics and joins; returns at once. A start
 * that can't succeed (wrong cleanup policy, ...) ends the thread; kc_herder_wait() returns the
 * error. */
struct kc_error *kc_herder_start(struct kc_herder *herder) KC_MUST_CHECK;
/* Blocks until the herder has been stopped or has failed; NULL when it was stopped. The caller owns
 * the error. */
struct kc_error *kc_herder_wait(struct kc_herder *herder) KC_MUST_CHECK;
/* Async-signal-unsafe, any thread: begins an orderly stop. */
void kc_herder_stop(struct kc_herder *herder);
void kc_herder_destroy(struct kc_herder *herder); /* after stop and wait; NULL is fine */

/* ---- health and cluster ---- */
bool kc_herder_ready(struct kc_herder *herder); /* snapshot: has completed its first tick */
struct kc_error *kc_herder_ping(struct kc_herder *herder,
                                int timeout_ms) KC_MUST_CHECK; /* a no-op request */
char *kc_herder_stage(struct kc_herder *herder); /* snapshot: "The worker is currently ..., which
                                                    began at ...."; NULL: none */
const char *kc_herder_cluster_id(struct kc_herder *herder); /* snapshot; "" while unknown */
const struct kc_plugins *kc_herder_plugins(struct kc_herder *herder);

/* ---- snapshot reads ---- */
void kc_herder_connectors(struct kc_herder *herder, struct kc_strings *names);
struct kc_error *kc_herder_status(struct kc_herder *herder, const char *connector,
                                  json_t **state) KC_MUST_CHECK;
struct kc_error *kc_herder_task_status(struct kc_herder *herder, const char *connector, int task,
                                       json_t **state) KC_MUST_CHECK;
struct kc_error *kc_herder_topics(struct kc_herder *herder, const char *connector,
                                  json_t **topics) KC_MUST_CHECK;
/* ConnectorInfo without a trip through the herder's thread, for expand=info; KC_ERR_NOT_FOUND. */
struct kc_error *kc_herder_info_snapshot(struct kc_herder *herder, const char *connector,
                                         json_t **info) KC_MUST_CHECK;

/* ---- any worker writes these itself, after the stores' start ---- */
struct kc_error *kc_herder_pause(struct kc_herder *herder, const char *connector,
                                 int timeout_ms) KC_MUST_CHECK;
struct kc_error *kc_herder_resume(struct kc_herder *herder, const char *connector,
                                  int timeout_ms) KC_MUST_CHECK;
struct kc_error *kc_herder_reset_topics(struct kc_herder *herder, const char *connector,
                                        int timeout_ms) KC_MUST_CHECK;

/* ---- requests ---- */
struct kc_error *kc_herder_info(struct kc_herder *herder, const char *connector, int timeout_ms,
                                json_t **info) KC_MUST_CHECK;
struct kc_error *kc_herder_connector_config(struct kc_herder *herder, const char *connector,
                                            int timeout_ms, json_t **config) KC_MUST_CHECK;
struct kc_error *kc_herder_tasks(struct kc_herder *herder, const char *connector, int timeout_ms,
                                 json_t **tasks) KC_MUST_CHECK;
/* Validates, then creates or (allow_replace) reconfigures. state KC_TARGET_NONE: none given. */
struct kc_error *kc_herder_put_connector(struct kc_herder *herder, const char *connector,
                                         const struct kc_map *config, enum kc_target_state state,
                                         bool allow_replace, int timeout_ms, json_t **info,
                                         bool *created) KC_MUST_CHECK;
struct kc_error *kc_herder_patch_connector(struct kc_herder *herder, const char *connector,
                                           const struct kc_map *patch, int timeout_ms,
                                           json_t **info) KC_MUST_CHECK;
struct kc_error *kc_herder_delete_connector(struct kc_herder *herder, const char *connector,
                                            int timeout_ms) KC_MUST_CHECK;
struct kc_error *kc_herder_restart_task(struct kc_herder *herder, const char *connector, int task,
                                        int timeout_ms) KC_MUST_CHECK;
struct kc_error *kc_herder_restart_connector(struct kc_herder *herder, const char *connector,
                                             int timeout_ms) KC_MUST_CHECK;
/* KIP-745: *state is the plan as ConnectorStateInfo. */
struct kc_error *kc_herder_restart_plan(struct kc_herder *herder, const char *connector,
                                        bool include_tasks, bool only_failed, int timeout_ms,
                                        json_t **state) KC_MUST_CHECK;
struct kc_error *kc_herder_stop_connector(struct kc_herder *herder, const char *connector,
                                          int timeout_ms) KC_MUST_CHECK;
struct kc_error *kc_herder_offsets(struct kc_herder *herder, const char *connector, int timeout_ms,
                                   json_t **offsets) KC_MUST_CHECK;
/* offsets NULL: reset. message owned by the caller. */
struct kc_error *kc_herder_alter_offsets(struct kc_herder *herder, const char *connector,
                                         const json_t *offsets, int timeout_ms,
                                         char **message) KC_MUST_CHECK;

/* ---- resources of plugins ---- */

/* A question to a connector. call(connector, arg) runs on its thread; destroy(arg) if nobody waits
 * for it any more. */
struct kc_connector_question {
    kc_connector_call call;
    void *arg;
    void (*destroy)(void *arg);
};
/* Lets the connector answer; it must be of this plugin. KC_ERR_WRONG_TARGET: another worker owns
 * it, and call was not made. After a time-out the connector owns question->arg, which is NULL then.
 */
struct kc_error *kc_herder_ask(struct kc_herder *herder, const char *connector,
                               const struct kc_plugin *plugin,
                               struct kc_connector_question *question,
                               int timeout_ms) KC_MUST_CHECK;
/* The connector's plugin and its configuration with variables resolved, which the caller owns;
 * any worker answers. */
struct kc_error *kc_herder_open_config(struct kc_herder *herder, const char *connector,
                                       int timeout_ms, const struct kc_plugin **plugin,
                                       struct kc_map **config) KC_MUST_CHECK;
/* Snapshot: the connectors of a plugin, appended to names. */
void kc_herder_connectors_of(struct kc_herder *herder, const struct kc_plugin *plugin,
                             struct kc_strings *names);

/* PUT /connector-plugins/{p}/config/validate: ConfigInfos. */
struct kc_error *kc_herder_validate(struct kc_herder *herder, const struct kc_map *config,
                                    int timeout_ms, json_t **infos) KC_MUST_CHECK;
/* [{class,type,version}] and [ConfigKeyInfo]; snapshots. */
json_t *kc_herder_plugin_list(struct kc_herder *herder, bool connectors_only);
struct kc_error *kc_herder_plugin_config(struct kc_herder *herder, const char *plugin,
                                         json_t **keys) KC_MUST_CHECK;

/* Cluster-wide log level (KIP-976); standalone: as for the worker. */
struct kc_error *kc_herder_set_cluster_log_level(struct kc_herder *herder, const char *name,
                                                 const char *level, int timeout_ms) KC_MUST_CHECK;

/* ---- for people, beyond Java's API; snapshots ---- */

/* ConnectorStateInfo, plus this worker's facts about the connector and the tasks that run here:
 * note, lane, reason, records, bytes_in_flight. KC_ERR_NOT_FOUND. */
struct kc_error *kc_herder_explain(struct kc_herder *herder, const char *connector,
                                   json_t **states) KC_MUST_CHECK;

struct kc_exposition;
struct kc_series_collection;
/* Adds all metrics of the herder and its worker; as kc_worker_expose(). */
void kc_herder_expose(struct kc_herder *herder, struct kc_exposition *exposition,
                      struct kc_series_collection *series);

/* ---- internal requests between workers (InternalClusterResource) ---- */
struct kc_signature {
    const char *authorization; /* header values, NULL when missing */
    const char *algorithm;
    const char *body; /* the exact bytes; NULL: they haven't come yet */
    size_t body_len;
};
/* Checks the signature; without a body, only what the headers tell. Called before anything is kept
 * or parsed. Snapshot. */
struct kc_error *kc_herder_check_signature(struct kc_herder *herder,
                                           const struct kc_signature *signature) KC_MUST_CHECK;
struct kc_error *kc_herder_put_tasks(struct kc_herder *herder, const char *connector,
                                     const struct kc_maps *configs,
                                     const struct kc_signature *signature,
                                     int timeout_ms) KC_MUST_CHECK;
struct kc_error *kc_herder_fence(struct kc_herder *herder, const char *connector,
                                 const struct kc_signature *signature,
                                 int timeout_ms) KC_MUST_CHECK;

#endif
