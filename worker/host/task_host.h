/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host of a source or sink task: Connect's WorkerTask.
 *
 * A host owns one thread, the task's life cycle and its reports to the herder. A task that doesn't
 * end in time is cancelled: it reports nothing any more, and its host stays until the thread ends.
 */
#ifndef WORKER_HOST_TASK_HOST_H
#define WORKER_HOST_TASK_HOST_H

#include "host/worker_listener.h"
#include "metrics/metrics.h"
#include "metrics/series.h"

struct kc_task_host;

/* A kind of task. All on the task's thread unless said otherwise. */
struct kc_task_kind {
    struct kc_error *(*start)(void *impl);   /* makes clients, starts the plugin's task */
    struct kc_error *(*execute)(void *impl); /* until kc_task_host_stopping() */
    void (*close)(void *impl);               /* after start, whatever came of it */
    void (*wake)(void *impl);    /* any thread: stop or a new target state; must not block */
    void (*cancel)(void *impl);  /* any thread: give up whatever is waited for; must not block */
    void (*destroy)(void *impl); /* the worker's thread, after the task's has ended */
    /* Any thread, optional: sent to the target and not yet acknowledged; must not block. */
    size_t (*bytes_in_flight)(void *impl);
    /* Optional: whether a new start may mend the error of start() or execute(). If so, the task is
     * closed, is RESTARTING for a while, and is started again, as often as necessary. */
    bool (*may_renew)(void *impl, const struct kc_error *err);
};

struct kc_task_settings {
    const char *connector; /* copied */
    int task;
    int generation;
    const char *version; /* the plugin's; borrowed from it */
    enum kc_target_state target;
    const struct kc_worker_listener *listener;
    void *opaque;
};

/* Takes impl. */
struct kc_task_host *kc_task_host_new(const struct kc_task_settings *settings,
                                      const struct kc_task_kind *kind, void *impl);
/* Only when the thread has ended (kc_task_host_await()) or never ran. NULL is fine. */
void kc_task_host_destroy(struct kc_task_host *host);

/* ---- the worker's side; any thread ---- */

/* Starts the thread; an error has been reported as FAILED. */
struct kc_error *kc_task_host_run(struct kc_task_host *host) KC_MUST_CHECK;
void kc_task_host_stop(struct kc_task_host *host); /* doesn't wait */
/* Waits for the end of the thread; false: not by deadline_ms (kc_mono_ms()). */
bool kc_task_host_await(struct kc_task_host *host, int64_t deadline_ms);
void kc_task_host_cancel(struct kc_task_host *host);
void kc_task_host_set_target(struct kc_task_host *host, enum kc_target_state target);
/* Reports FAILED for a task that never ran. */
void kc_task_host_fail(struct kc_task_host *host, const struct kc_error *err);

const char *kc_task_host_connector(const struct kc_task_host *host);
int kc_task_host_task(const struct kc_task_host *host);
enum kc_state kc_task_host_state(struct kc_task_host *host);
struct kc_task_metrics *kc_task_host_metrics(struct kc_task_host *host);
/* The task's lane, "bytes" or "records", and why; both "" while unknown. Borrowed text is static or
 * lives as long as the task. */
const char *kc_task_host_lane(struct kc_task_host *host);
const char *kc_task_host_lane_reason(struct kc_task_host *host);
/* A further note on the task; static text, or NULL. Any thread. */
const char *kc_task_host_note(struct kc_task_host *host);
void kc_task_host_set_note(struct kc_task_host *host, const char *note);
/* Sets a value that the plugin's task shows (kc_source_context_show()); value is taken. Any thread.
 */
void kc_task_host_show(struct kc_task_host *host, const char *name, json_t *value);
/* Adds all of that to item. Any thread. */
void kc_task_host_add_shown(struct kc_task_host *host, json_t *item);
/* The share of the task's life spent in state so far, 0 to 1. */
double kc_task_host_ratio(struct kc_task_host *host, enum kc_state state);
/* The series that the plugin's task has made. */
struct kc_series_list *kc_task_host_series(struct kc_task_host *host);
size_t kc_task_host_bytes_in_flight(struct kc_task_host *host);

/* ---- the kinds' side ---- */

bool kc_task_host_stopping(struct kc_task_host *host);  /* any thread */
bool kc_task_host_cancelled(struct kc_task_host *host); /* any thread */
bool kc_task_host_failed(struct kc_task_host *host);    /* any thread */
bool kc_task_host_should_pause(struct kc_task_host *host);
/* Reports PAUSED, then blocks until the task must run again (true, RUNNING reported) or stop. */
void kc_task_host_paused(struct kc_task_host *host);
bool kc_task_host_await_unpause(struct kc_task_host *host);
void kc_task_host_resumed(struct kc_task_host *host);
/* Waits until told to stop (true) or the time has passed (false). */
bool kc_task_host_sleep(struct kc_task_host *host, int64_t ms);
/* An active topic, any thread. */
void kc_task_host_topic_used(struct kc_task_host *host, const char *topic);
/* lane: "bytes" or "records". */
void kc_task_host_set_lane(struct kc_task_host *host, const char *lane, const char *reason);
/* Exactly-once: the listener's preflight calls. */
struct kc_error *kc_task_host_fence_zombies(struct kc_task_host *host) KC_MUST_CHECK;
struct kc_error *kc_task_host_verify(struct kc_task_host *host) KC_MUST_CHECK;
struct kc_error *kc_task_host_confirm(struct kc_task_host *host, int64_t since_ms) KC_MUST_CHECK;
/* Whether the task has run before and is started anew. The task's thread. */
bool kc_task_host_renewed(const struct kc_task_host *host);
/* "[name|task-0] " */
const char *kc_task_host_log_context(const struct kc_task_host *host);

#endif
