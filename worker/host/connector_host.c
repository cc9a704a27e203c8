/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread and states of a connector: see connector_host.h.
 *
 * One state machine with one table of moves. There is a thread while there is work, and a moment
 * longer. It serves, in this order: a failure raised by the connector, a target state, a request
 * for task configs, the end. A caller with work starts a thread if there is none. If that fails, it
 * does the work itself. Callbacks run without the lock.
 */
#include "host/connector_host.h"

#include "connect/log.h"
#include "host/lifetime_priv.h"
#include "host/task_configs.h"

#include <stdlib.h>
#include <utlist.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.runtime.WorkerConnector");

enum { IDLE_MS = 1000 };

enum phase { PHASE_INIT, PHASE_PAUSED, PHASE_STOPPED, PHASE_STARTED, PHASE_FAILED, PHASE_ENDED };

#define TO(phase) (1u << PHASE_##phase)
/* The allowed next phases. A failed connector can only be stopped, or end. */
static const unsigned moves[] = {
    [PHASE_INIT] = TO(PAUSED) | TO(STOPPED) | TO(STARTED) | TO(FAILED) | TO(ENDED),
    [PHASE_PAUSED] = TO(STOPPED) | TO(STARTED) | TO(FAILED) | TO(ENDED),
    [PHASE_STOPPED] = TO(PAUSED) | TO(STARTED) | TO(FAILED) | TO(ENDED),
    [PHASE_STARTED] = TO(PAUSED) | TO(STOPPED) | TO(FAILED) | TO(ENDED),
    [PHASE_FAILED] = TO(STOPPED) | TO(ENDED),
    [PHASE_ENDED] = 0,
};

/* The state that REST shows for each phase. */
static const enum kc_state states[] = {
    [PHASE_INIT] = KC_STATE_UNASSIGNED, [PHASE_PAUSED] = KC_STATE_PAUSED,
    [PHASE_STOPPED] = KC_STATE_STOPPED, [PHASE_STARTED] = KC_STATE_RUNNING,
    [PHASE_FAILED] = KC_STATE_FAILED,   [PHASE_ENDED] = KC_STATE_UNASSIGNED,
};

/* For task configs, or for a call. */
struct request {
    struct kc_map *config;
    kc_worker_task_configs_done done;
    kc_connector_call call; /* NULL: task configs are wanted */
    void *arg;
    kc_worker_done called;
    void *opaque; /* of done or called */
    struct request *next;
};

struct kc_connector_context {
    struct kc_connector_host *host;
};

struct kc_connector_host {
    char *name;
    const struct kc_plugin *plugin;
    struct kc_map *config;
    const struct kc_worker_listener *listener;
    void *opaque;
    struct kc_connector_context context;
    struct kc_series_list series;
    void *connector; /* the serving thread's, as what follows */
    bool started;    /* start() has succeeded, stop() is due */

    struct kc_lifetime life; /* its mutex guards what follows */
    enum phase phase;        /* written by the serving thread */
    bool has_target;
    enum kc_target_state target;
    kc_worker_done target_done;
    void *target_opaque;
    struct request *requests;
    struct kc_error *raised; /* by the connector, not yet served */
    char *note;              /* its own words on what it is doing */
    bool served;             /* there is a thread */
};

struct kc_connector_host *kc_connector_host_new(const struct kc_connector_settings *settings)
{
    struct kc_connector_host *host = kc_calloc(1, sizeof(*host));
    host->name = kc_strdup(settings->name);
    host->plugin = settings->plugin;
    host->config = kc_map_copy(settings->config);
    host->listener = settings->listener;
    host->opaque = settings->opaque;
    host->context.host = host;
    kc_lifetime_init(&host->life);
    kc_series_list_init(&host->series);
    return host;
}

void kc_connector_host_destroy(struct kc_connector_host *host)
{
    if (!host)
        return;
    kc_error_destroy(host->raised);
    kc_series_list_clear(&host->series);
    free(host->note);
    kc_map_destroy(host->config);
    kc_lifetime_destroy(&host->life);
    free(host->name);
    free(host);
}

const char *kc_connector_host_name(const struct kc_connector_host *host)
{
    return host->name;
}

const struct kc_plugin *kc_connector_host_plugin(const struct kc_connector_host *host)
{
    return host->plugin;
}

enum kc_state kc_connector_host_state(struct kc_connector_host *host)
{
    pthread_mutex_lock(&host->life.mutex);
    enum kc_state state = states[host->phase];
    pthread_mutex_unlock(&host->life.mutex);
    return state;
}

char *kc_connector_host_note(struct kc_connector_host *host)
{
    pthread_mutex_lock(&host->life.mutex);
    char *note = host->note ? kc_strdup(host->note) : NULL;
    pthread_mutex_unlock(&host->life.mutex);
    return note;
}

static void start_serving(struct kc_connector_host *host);

/* Locked. True: no thread serves the host, so the caller starts one after unlocking. */
static bool announce_work(struct kc_connector_host *host)
{
    bool alone = host->life.running && !host->served && !host->life.ended;
    host->served = host->served || alone;
    pthread_cond_broadcast(&host->life.changed);
    return alone;
}

/* ---- what a connector may ask for; any thread ---- */

void kc_connector_request_reconfiguration(struct kc_connector_context *context)
{
    struct kc_connector_host *host = context->host;
    pthread_mutex_lock(&host->life.mutex);
    bool wanted = !host->life.stopping && !host->life.cancelled;
    pthread_mutex_unlock(&host->life.mutex);
    if (wanted && host->listener->reconfiguration_requested)
        host->listener->reconfiguration_requested(host->opaque, host->name);
}

void kc_connector_raise_error(struct kc_connector_context *context, struct kc_error *err)
{
    struct kc_connector_host *host = context->host;
    bool alone = false;
    pthread_mutex_lock(&host->life.mutex);
    if (!host->raised && host->phase != PHASE_FAILED) {
        host->raised = err;
        err = NULL;
        alone = announce_work(host);
    }
    pthread_mutex_unlock(&host->life.mutex);
    if (alone)
        start_serving(host);
    kc_error_destroy(err);
}

void kc_connector_explain(struct kc_connector_context *context, const char *text)
{
    struct kc_connector_host *host = context->host;
    char *note = text ? kc_strdup(text) : NULL;
    pthread_mutex_lock(&host->life.mutex);
    char *old = host->note;
    host->note = note;
    pthread_mutex_unlock(&host->life.mutex);
    free(old);
}

const char *kc_connector_name(const struct kc_connector_context *context)
{
    return context->host->name;
}

struct kc_series *kc_connector_series(struct kc_connector_context *context,
                                      const struct kc_series_group *group,
                                      const char *const *values)
{
    return kc_series_list_add(&context->host->series, group, values);
}

struct kc_series_list *kc_connector_host_series(struct kc_connector_host *host)
{
    return &host->series;
}

/* ---- moving ---- */

/* The one mover: checks the table, then tells the listener unless cancelled. */
static bool move(struct kc_connector_host *host, enum phase phase, const struct kc_error *err)
{
    pthread_mutex_lock(&host->life.mutex);
    bool allowed = moves[host->phase] & (1u << phase);
    if (allowed)
        host->phase = phase;
    bool tell = allowed && kc_lifetime_may_report(&host->life);
    pthread_mutex_unlock(&host->life.mutex);
    if (!tell)
        return allowed;
    char *trace = err ? kc_error_trace(err) : NULL;
    host->listener->state_changed(host->opaque, host->name, KC_CONNECTOR_STATUS, states[phase],
                                  trace, host->plugin->version);
    free(trace);
    kc_lifetime_reported(&host->life);
    return true;
}

static void fail(struct kc_connector_host *host, const struct kc_error *err)
{
    kc_log_error("Connector has failed: %s", kc_error_text(err));
    move(host, PHASE_FAILED, err);
}

static const enum phase target_phases[] = {
    [KC_TARGET_NONE] = PHASE_STARTED,
    [KC_TARGET_STARTED] = PHASE_STARTED,
    [KC_TARGET_PAUSED] = PHASE_PAUSED,
    [KC_TARGET_STOPPED] = PHASE_STOPPED,
};

/* A failed connector is stopped as well, because it may have threads of its own. */
static void stop_plugin(struct kc_connector_host *host)
{
    if (host->started)
        host->plugin->connector->stop(host->connector);
    host->started = false;
    kc_series_list_reset(&host->series);
}

/* doTransitionTo: an error goes to the caller; a failed start has also been reported. */
static struct kc_error *transition(struct kc_connector_host *host, enum kc_target_state target)
{
    enum phase to = target_phases[target];
    if (host->phase == to)
        return NULL;
    if (!(moves[host->phase] & (1u << to)))
        return kc_error_new(KC_ERR_CONNECT,
                            "Cannot transition connector %s to %s since it has failed", host->name,
                            kc_target_state_name(target));
    if (to == PHASE_STARTED) {
        struct kc_error *err = host->plugin->connector->start(host->connector, host->config);
        if (err) {
            fail(host, err);
            return kc_error_caused(kc_error_new(KC_ERR_CONNECT,
                                                "Failed to transition connector %s to state %s",
                                                host->name, kc_target_state_name(target)),
                                   err);
        }
        host->started = true;
    } else {
        stop_plugin(host);
    }
    move(host, to, NULL);
    return NULL;
}

/* ---- the thread ---- */

static void serve_raised(struct kc_connector_host *host)
{
    pthread_mutex_lock(&host->life.mutex);
    struct kc_error *err = host->raised;
    host->raised = NULL;
    pthread_mutex_unlock(&host->life.mutex);
    if (err)
        fail(host, err);
    kc_error_destroy(err);
}

static void serve_target(struct kc_connector_host *host)
{
    pthread_mutex_lock(&host->life.mutex);
    bool wanted = host->has_target && !host->life.stopping;
    enum kc_target_state target = host->target;
    kc_worker_done done = host->target_done;
    void *opaque = host->target_opaque;
    if (wanted) {
        host->has_target = false;
        host->target_done = NULL;
    }
    pthread_mutex_unlock(&host->life.mutex);
    if (!wanted)
        return;
    struct kc_error *err = transition(host, target);
    if (done)
        done(opaque, err);
    else
        kc_error_destroy(err);
}

static void request_free(struct request *request)
{
    kc_map_destroy(request->config);
    free(request);
}

/* Takes err. */
static void refuse(struct request *request, struct kc_error *err)
{
    if (request->done)
        request->done(request->opaque, err, NULL);
    else
        request->called(request->opaque, err);
    request_free(request);
}

static struct kc_error *shutting_down(const struct kc_connector_host *host,
                                      const struct request *request)
{
    return kc_error_new(request->call ? KC_ERR_UNAVAILABLE : KC_ERR_CONNECT,
                        "Connector %s has been scheduled for shutdown", host->name);
}

static void serve_call(struct kc_connector_host *host, const struct request *request)
{
    if (host->phase != PHASE_STARTED) {
        request->called(request->opaque,
                        kc_error_new(KC_ERR_CONFLICT,
                                     "Connector %s is %s: it answers when it is RUNNING",
                                     host->name, kc_state_name(states[host->phase])));
        return;
    }
    request->call(host->connector, request->arg);
    request->called(request->opaque, NULL);
}

static void serve_task_configs(struct kc_connector_host *host, const struct request *request)
{
    struct kc_maps configs = {0};
    struct kc_error *err =
        host->phase == PHASE_STARTED
            ? kc_task_configs_generate(host->plugin, host->connector, host->name, request->config,
                                       &configs)
            : kc_error_new(KC_ERR_CONNECT, "Connector %s is not running in this worker",
                           host->name);
    if (err && kc_error_code(err) == KC_ERR_TOO_MANY_TASKS)
        fail(host, err);
    request->done(request->opaque, err, err ? NULL : &configs);
    kc_maps_destroy(&configs);
}

static void serve_request(struct kc_connector_host *host)
{
    pthread_mutex_lock(&host->life.mutex);
    struct request *request = host->life.stopping ? NULL : host->requests;
    if (request)
        LL_DELETE(host->requests, request);
    pthread_mutex_unlock(&host->life.mutex);
    if (!request)
        return;
    if (request->call)
        serve_call(host, request);
    else
        serve_task_configs(host, request);
    request_free(request);
}

static bool has_work(const struct kc_connector_host *host)
{
    return host->life.stopping || host->raised || host->has_target || host->requests;
}

/* Answers requests that can't be served any more. */
static void refuse_all(struct kc_connector_host *host)
{
    pthread_mutex_lock(&host->life.mutex);
    kc_worker_done done = host->has_target ? host->target_done : NULL;
    void *opaque = host->target_opaque;
    enum kc_target_state target = host->target;
    host->has_target = false;
    struct request *requests = host->requests;
    host->requests = NULL;
    pthread_mutex_unlock(&host->life.mutex);
    if (done)
        done(opaque, kc_error_new(KC_ERR_CONNECT,
                                  "Could not begin changing connector state to %s as the "
                                  "connector has been scheduled for shutdown",
                                  kc_target_state_name(target)));
    struct request *request, *next;
    LL_FOREACH_SAFE (requests, request, next) {
        refuse(request, shutting_down(host, request));
    }
}

static void shut_down(struct kc_connector_host *host)
{
    refuse_all(host);
    if (host->connector) {
        stop_plugin(host);
        host->plugin->connector->destroy(host->connector);
    }
    host->connector = NULL;
    move(host, PHASE_ENDED, NULL);
    kc_info("Completed shutdown for connector %s", host->name);
}

/* Waits for work; false: there was none for a while, and the thread ends. */
static bool await_work(struct kc_connector_host *host)
{
    int64_t until = kc_mono_ms() + IDLE_MS;
    pthread_mutex_lock(&host->life.mutex);
    while (!has_work(host) && kc_mono_ms() < until)
        kc_cond_wait_until(&host->life.changed, &host->life.mutex, until);
    bool any = host->served = has_work(host);
    pthread_mutex_unlock(&host->life.mutex); /* another thread may serve the host from here on */
    return any;
}

/* False: the connector has ended. */
static bool serve(struct kc_connector_host *host)
{
    pthread_mutex_lock(&host->life.mutex);
    bool stopping = host->life.stopping;
    pthread_mutex_unlock(&host->life.mutex);
    if (stopping) {
        shut_down(host);
        return false;
    }
    if (!host->connector)
        host->connector = host->plugin->connector->create(&host->context);
    serve_raised(host);
    serve_target(host);
    serve_request(host);
    return true;
}

static void serve_while_there_is_work(struct kc_connector_host *host)
{
    while (await_work(host)) {
        if (serve(host))
            continue;
        kc_lifetime_end(&host->life);
        return;
    }
}

static void *thread_main(void *arg)
{
    struct kc_connector_host *host = arg;
    char *context = kc_asprintf("[%s|worker] ", host->name);
    kc_log_set_context(context);
    free(context);
    serve_while_there_is_work(host);
    return NULL;
}

static void start_serving(struct kc_connector_host *host)
{
    pthread_t thread;
    struct kc_error *err = kc_thread_start(&thread, host->name, thread_main, host);
    if (!err) {
        pthread_detach(thread);
        return;
    }
    kc_warn("Connector %s can't get a thread for its next call: %s", host->name,
            kc_error_text(err));
    kc_error_destroy(err);
    serve_while_there_is_work(host);
}

void kc_connector_host_run(struct kc_connector_host *host)
{
    pthread_mutex_lock(&host->life.mutex);
    host->life.running = true;
    bool alone = has_work(host) && announce_work(host);
    pthread_mutex_unlock(&host->life.mutex);
    if (alone)
        start_serving(host);
}

/* ---- requests ---- */

void kc_connector_host_set_target(struct kc_connector_host *host, enum kc_target_state target,
                                  kc_worker_done done, void *opaque)
{
    pthread_mutex_lock(&host->life.mutex);
    kc_worker_done former = host->has_target ? host->target_done : NULL;
    void *former_opaque = host->target_opaque;
    enum kc_target_state former_target = host->target;
    bool refused = host->life.stopping, alone = false;
    if (!refused) {
        host->has_target = true;
        host->target = target;
        host->target_done = done;
        host->target_opaque = opaque;
        alone = announce_work(host);
    }
    pthread_mutex_unlock(&host->life.mutex);
    if (alone)
        start_serving(host);
    if (refused && done)
        done(opaque, kc_error_new(KC_ERR_CONNECT,
                                  "Could not begin changing connector state to %s as the "
                                  "connector has been scheduled for shutdown",
                                  kc_target_state_name(target)));
    else if (!refused && former)
        former(former_opaque,
               kc_error_new(KC_ERR_CONNECT,
                            "Could not begin changing connector state to %s before another request "
                            "to change state was made; the new request (which is to change the "
                            "state to %s) has pre-empted this one",
                            kc_target_state_name(former_target), kc_target_state_name(target)));
}

/* Takes request. */
static void leave_request(struct kc_connector_host *host, struct request *request)
{
    pthread_mutex_lock(&host->life.mutex);
    bool refused = host->life.stopping, alone = false;
    if (!refused) {
        LL_APPEND(host->requests, request);
        alone = announce_work(host);
    }
    pthread_mutex_unlock(&host->life.mutex);
    if (alone)
        start_serving(host);
    if (refused)
        refuse(request, shutting_down(host, request));
}

void kc_connector_host_task_configs(struct kc_connector_host *host, const struct kc_map *config,
                                    kc_worker_task_configs_done done, void *opaque)
{
    struct request *request = kc_calloc(1, sizeof(*request));
    *request = (struct request){.config = kc_map_copy(config), .done = done, .opaque = opaque};
    leave_request(host, request);
}

void kc_connector_host_call(struct kc_connector_host *host, kc_connector_call call, void *arg,
                            kc_worker_done done, void *opaque)
{
    struct request *request = kc_calloc(1, sizeof(*request));
    *request = (struct request){.call = call, .arg = arg, .called = done, .opaque = opaque};
    leave_request(host, request);
}

void kc_connector_host_stop(struct kc_connector_host *host)
{
    pthread_mutex_lock(&host->life.mutex);
    host->life.stopping = true;
    bool alone = announce_work(host);
    pthread_mutex_unlock(&host->life.mutex);
    if (alone)
        start_serving(host);
}

bool kc_connector_host_await(struct kc_connector_host *host, int64_t deadline_ms)
{
    return kc_lifetime_await(&host->life, deadline_ms);
}

void kc_connector_host_cancel(struct kc_connector_host *host)
{
    pthread_mutex_lock(&host->life.mutex);
    bool tell = !host->life.cancelled;
    bool alone = announce_work(host);
    kc_lifetime_cancel(&host->life);
    pthread_mutex_unlock(&host->life.mutex);
    if (alone)
        start_serving(host);
    refuse_all(host);
    if (tell)
        host->listener->state_changed(host->opaque, host->name, KC_CONNECTOR_STATUS,
                                      KC_STATE_UNASSIGNED, NULL, host->plugin->version);
}
