/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread and life cycle of a task: see task_host.h.
 *
 * One state machine: `moves` says which reports may follow which. Reports to the listener are made
 * without the lock. cancel() waits for a report that is under way, so that none comes after it.
 *
 * Some failures may pass: a producer that its broker has forgotten, a transaction that expired
 * while the process was frozen. Then the task starts itself anew, any number of times, with a
 * growing pause. (Connect's would stay FAILED until somebody restarts it.)
 */
#include "host/task_host.h"

#include "connect/log.h"
#include "host/lifetime_priv.h"
#include "metrics/task_metrics.h"

#include <assert.h>
#include <stdlib.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.runtime.WorkerTask");

enum {
    RENEW_FIRST_MS = 500,
    RENEW_MOST_MS = 60000,
    RENEW_FORGET_MS = 600000, /* after so long a run the first pause applies again */
};

struct kc_task_host {
    char *connector;
    char *log_context;
    int task;
    int generation;
    const char *version;
    const struct kc_worker_listener *listener;
    void *opaque;
    const struct kc_task_kind *kind;
    void *impl;
    struct kc_task_metrics metrics;
    struct kc_series_list series;
    _Atomic(const char *) lane;
    _Atomic(const char *) lane_reason;
    _Atomic(const char *) note;
    bool renewed; /* the thread's */

    struct kc_lifetime life; /* its mutex guards what follows */
    enum kc_target_state target;
    json_t *shown; /* by the plugin's task */
    enum kc_state state;
    int64_t since_ms; /* of state */
    int64_t begun_ms;
    int64_t spent_ms[KC_STATE_STOPPED + 1]; /* in former states */
    bool failed;
};

#define M(state) (1u << KC_STATE_##state)
/* The allowed next states. UNASSIGNED is both the beginning and an orderly end. */
static const unsigned moves[] = {
    [KC_STATE_UNASSIGNED] = M(RUNNING) | M(PAUSED) | M(FAILED) | M(UNASSIGNED) | M(RESTARTING),
    [KC_STATE_RUNNING] = M(PAUSED) | M(FAILED) | M(UNASSIGNED) | M(RESTARTING),
    [KC_STATE_PAUSED] = M(RUNNING) | M(FAILED) | M(UNASSIGNED) | M(PAUSED) | M(RESTARTING),
    [KC_STATE_FAILED] = 0,
    [KC_STATE_RESTARTING] = M(RUNNING) | M(PAUSED) | M(FAILED) | M(UNASSIGNED) | M(RESTARTING),
};

struct kc_task_host *kc_task_host_new(const struct kc_task_settings *settings,
                                      const struct kc_task_kind *kind, void *impl)
{
    struct kc_task_host *host = kc_calloc(1, sizeof(*host));
    host->connector = kc_strdup(settings->connector);
    host->task = settings->task;
    host->log_context = kc_asprintf("[%s|task-%d] ", settings->connector, settings->task);
    host->generation = settings->generation;
    host->version = settings->version;
    host->target = settings->target;
    host->listener = settings->listener;
    host->opaque = settings->opaque;
    host->kind = kind;
    host->impl = impl;
    host->state = KC_STATE_UNASSIGNED;
    host->since_ms = host->begun_ms = kc_mono_ms();
    atomic_init(&host->lane, "");
    atomic_init(&host->lane_reason, "");
    kc_task_metrics_start(&host->metrics);
    kc_series_list_init(&host->series);
    host->shown = json_object();
    kc_lifetime_init(&host->life);
    return host;
}

void kc_task_host_destroy(struct kc_task_host *host)
{
    if (!host)
        return;
    host->kind->destroy(host->impl);
    kc_series_list_clear(&host->series);
    json_decref(host->shown);
    kc_lifetime_destroy(&host->life);
    free(host->log_context);
    free(host->connector);
    free(host);
}

/* ---- reports ---- */

/* The one mover: checks the table, then tells the listener unless the task has been cancelled. */
static void move(struct kc_task_host *host, enum kc_state state, const char *trace)
{
    pthread_mutex_lock(&host->life.mutex);
    bool allowed = moves[host->state] & (1u << state);
    if (allowed) {
        int64_t now = kc_mono_ms();
        host->spent_ms[host->state] += now - host->since_ms;
        host->since_ms = now;
        host->state = state;
    }
    bool tell = allowed && kc_lifetime_may_report(&host->life);
    pthread_mutex_unlock(&host->life.mutex);
    if (!tell)
        return;
    host->listener->state_changed(host->opaque, host->connector, host->task, state, trace,
                                  host->version);
    kc_lifetime_reported(&host->life);
}

static void report_failure(struct kc_task_host *host, const struct kc_error *err)
{
    char *trace = kc_error_trace(err);
    move(host, KC_STATE_FAILED, trace);
    free(trace);
}

void kc_task_host_fail(struct kc_task_host *host, const struct kc_error *err)
{
    kc_log_error("Failed to start task %s-%d: %s", host->connector, host->task, kc_error_text(err));
    report_failure(host, err);
}

void kc_task_host_topic_used(struct kc_task_host *host, const char *topic)
{
    if (host->listener->topic_used && !kc_task_host_cancelled(host))
        host->listener->topic_used(host->opaque, host->connector, host->task, topic);
}

/* ---- the thread ---- */

static void set_failed(struct kc_task_host *host, bool failed)
{
    pthread_mutex_lock(&host->life.mutex);
    host->failed = failed;
    pthread_mutex_unlock(&host->life.mutex);
}

/* One life, from start to close. */
static struct kc_error *run_once(struct kc_task_host *host)
{
    if (kc_task_host_stopping(host))
        return NULL;
    if (kc_task_host_should_pause(host)) {
        kc_task_host_paused(host);
        if (!kc_task_host_await_unpause(host))
            return NULL;
    }
    struct kc_error *err = host->kind->start(host->impl);
    if (!err) {
        move(host, KC_STATE_RUNNING, NULL);
        err = host->kind->execute(host->impl);
    }
    set_failed(host, err != NULL);
    host->kind->close(host->impl);
    return err;
}

static bool may_renew(struct kc_task_host *host, const struct kc_error *err)
{
    return err && host->kind->may_renew && !kc_task_host_stopping(host) &&
           host->kind->may_renew(host->impl, err);
}

static int64_t renewal_pause(int attempt)
{
    return attempt < 7 ? (int64_t)RENEW_FIRST_MS << attempt : RENEW_MOST_MS;
}

/* Runs the task, again and again, until a new start wouldn't help. */
static struct kc_error *run_task(struct kc_task_host *host)
{
    for (int attempt = 0;; attempt++) {
        int64_t born = kc_mono_ms();
        struct kc_error *err = run_once(host);
        if (!may_renew(host, err))
            return err;
        if (kc_mono_ms() - born >= RENEW_FORGET_MS)
            attempt = 0;
        int64_t pause = renewal_pause(attempt);
        char *trace = kc_error_trace(err);
        kc_error_destroy(err);
        kc_warn("Task failed; it is started anew in %lld ms: %s", (long long)pause, trace);
        move(host, KC_STATE_RESTARTING, trace);
        free(trace);
        if (kc_task_host_sleep(host, pause))
            return NULL;
        host->renewed = true;
        kc_series_list_reset(&host->series);
        set_failed(host, false);
    }
}

static void end_task(struct kc_task_host *host, struct kc_error *err)
{
    char *trace = err ? kc_error_trace(err) : NULL;
    if (err && kc_task_host_stopping(host)) {
        kc_warn("After being scheduled for shutdown, task failed: %s", trace);
        move(host, KC_STATE_UNASSIGNED, NULL);
    } else if (err) {
        kc_log_error("Task is being killed and will not recover until manually restarted: %s",
                     trace);
        move(host, KC_STATE_FAILED, trace);
    } else {
        move(host, KC_STATE_UNASSIGNED, NULL);
    }
    free(trace);
    kc_error_destroy(err);
}

static void *thread_main(void *arg)
{
    struct kc_task_host *host = arg;
    kc_log_set_context(host->log_context);
    end_task(host, run_task(host));
    kc_lifetime_end(&host->life);
    return NULL;
}

struct kc_error *kc_task_host_run(struct kc_task_host *host)
{
    char *name = kc_asprintf("%s-%d", host->connector, host->task);
    pthread_t thread;
    host->life.running = true;
    struct kc_error *err = kc_thread_start(&thread, name, thread_main, host);
    free(name);
    if (!err) {
        pthread_detach(thread);
        return NULL;
    }
    host->life.running = false;
    kc_task_host_fail(host, err);
    return err;
}

/* ---- the worker's side ---- */

void kc_task_host_stop(struct kc_task_host *host)
{
    pthread_mutex_lock(&host->life.mutex);
    host->life.stopping = true;
    pthread_cond_broadcast(&host->life.changed);
    pthread_mutex_unlock(&host->life.mutex);
    host->kind->wake(host->impl);
}

bool kc_task_host_await(struct kc_task_host *host, int64_t deadline_ms)
{
    return kc_lifetime_await(&host->life, deadline_ms);
}

void kc_task_host_cancel(struct kc_task_host *host)
{
    pthread_mutex_lock(&host->life.mutex);
    kc_lifetime_cancel(&host->life);
    pthread_mutex_unlock(&host->life.mutex);
    host->kind->cancel(host->impl);
}

void kc_task_host_set_target(struct kc_task_host *host, enum kc_target_state target)
{
    pthread_mutex_lock(&host->life.mutex);
    bool ignored = host->life.stopping;
    if (!ignored) {
        /* A stopped connector has no tasks; a task that gets this target ends. */
        host->life.stopping = target == KC_TARGET_STOPPED;
        host->target = target;
        pthread_cond_broadcast(&host->life.changed);
    }
    pthread_mutex_unlock(&host->life.mutex);
    if (!ignored)
        host->kind->wake(host->impl);
}

bool kc_task_host_renewed(const struct kc_task_host *host)
{
    return host->renewed;
}

const char *kc_task_host_connector(const struct kc_task_host *host)
{
    return host->connector;
}

int kc_task_host_task(const struct kc_task_host *host)
{
    return host->task;
}

enum kc_state kc_task_host_state(struct kc_task_host *host)
{
    pthread_mutex_lock(&host->life.mutex);
    enum kc_state state = host->state;
    pthread_mutex_unlock(&host->life.mutex);
    return state;
}

struct kc_task_metrics *kc_task_host_metrics(struct kc_task_host *host)
{
    return &host->metrics;
}

const char *kc_task_host_lane(struct kc_task_host *host)
{
    return atomic_load(&host->lane);
}

const char *kc_task_host_lane_reason(struct kc_task_host *host)
{
    return atomic_load(&host->lane_reason);
}

const char *kc_task_host_note(struct kc_task_host *host)
{
    return atomic_load(&host->note);
}

void kc_task_host_set_note(struct kc_task_host *host, const char *note)
{
    atomic_store(&host->note, note);
}

void kc_task_host_show(struct kc_task_host *host, const char *name, json_t *value)
{
    pthread_mutex_lock(&host->life.mutex);
    json_t *old = json_incref(json_object_get(host->shown, name));
    if (value)
        json_object_set_new(host->shown, name, value);
    else
        json_object_del(host->shown, name);
    pthread_mutex_unlock(&host->life.mutex);
    json_decref(old);
}

void kc_task_host_add_shown(struct kc_task_host *host, json_t *item)
{
    pthread_mutex_lock(&host->life.mutex);
    json_t *copy = json_deep_copy(host->shown);
    pthread_mutex_unlock(&host->life.mutex);
    json_object_update(item, copy);
    json_decref(copy);
}

double kc_task_host_ratio(struct kc_task_host *host, enum kc_state state)
{
    pthread_mutex_lock(&host->life.mutex);
    int64_t now = kc_mono_ms();
    int64_t spent = host->spent_ms[state] + (host->state == state ? now - host->since_ms : 0);
    int64_t life = now - host->begun_ms;
    pthread_mutex_unlock(&host->life.mutex);
    return life > 0 ? (double)spent / (double)life : 0;
}

struct kc_series_list *kc_task_host_series(struct kc_task_host *host)
{
    return &host->series;
}

size_t kc_task_host_bytes_in_flight(struct kc_task_host *host)
{
    return host->kind->bytes_in_flight ? host->kind->bytes_in_flight(host->impl) : 0;
}

const char *kc_task_host_log_context(const struct kc_task_host *host)
{
    return host->log_context;
}

/* ---- the kinds' side ---- */

bool kc_task_host_stopping(struct kc_task_host *host)
{
    return kc_lifetime_flag(&host->life, &host->life.stopping);
}

bool kc_task_host_cancelled(struct kc_task_host *host)
{
    return kc_lifetime_flag(&host->life, &host->life.cancelled);
}

bool kc_task_host_failed(struct kc_task_host *host)
{
    return kc_lifetime_flag(&host->life, &host->failed);
}

bool kc_task_host_should_pause(struct kc_task_host *host)
{
    pthread_mutex_lock(&host->life.mutex);
    bool pause = host->target == KC_TARGET_PAUSED && !host->life.stopping;
    pthread_mutex_unlock(&host->life.mutex);
    return pause;
}

void kc_task_host_paused(struct kc_task_host *host)
{
    move(host, KC_STATE_PAUSED, NULL);
}

void kc_task_host_resumed(struct kc_task_host *host)
{
    move(host, KC_STATE_RUNNING, NULL);
}

bool kc_task_host_await_unpause(struct kc_task_host *host)
{
    pthread_mutex_lock(&host->life.mutex);
    while (host->target == KC_TARGET_PAUSED && !host->life.stopping)
        pthread_cond_wait(&host->life.changed, &host->life.mutex);
    bool go_on = !host->life.stopping;
    pthread_mutex_unlock(&host->life.mutex);
    return go_on;
}

bool kc_task_host_sleep(struct kc_task_host *host, int64_t ms)
{
    int64_t deadline = kc_mono_ms() + ms;
    pthread_mutex_lock(&host->life.mutex);
    while (!host->life.stopping &&
           kc_cond_wait_until(&host->life.changed, &host->life.mutex, deadline))
        ;
    bool stopping = host->life.stopping;
    pthread_mutex_unlock(&host->life.mutex);
    return stopping;
}

void kc_task_host_set_lane(struct kc_task_host *host, const char *lane, const char *reason)
{
    atomic_store(&host->lane_reason, reason);
    atomic_store(&host->lane, lane);
}

struct kc_error *kc_task_host_fence_zombies(struct kc_task_host *host)
{
    return host->listener->fence_zombies
               ? host->listener->fence_zombies(host->opaque, host->connector)
               : NULL;
}

struct kc_error *kc_task_host_verify(struct kc_task_host *host)
{
    return host->listener->verify_task ? host->listener->verify_task(host->opaque, host->connector,
                                                                     host->task, host->generation)
                                       : NULL;
}

struct kc_error *kc_task_host_confirm(struct kc_task_host *host, int64_t since_ms)
{
    return host->listener->confirm_task
               ? host->listener->confirm_task(host->opaque, host->connector, host->task, since_ms)
               : NULL;
}
