/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client's thread: loop, posting, timers, requests and replies as objects. See client.h.
 *
 * Everything from outside enters through the post queue, so that the rest of the client is single
 * threaded. Sending from the loop thread goes through the queue as well: a callback never runs
 * inside the call that caused it.
 */
#include "wire/wire_client_priv.h"

#include "base/thread.h"
#include "wire/access.h"
#include "wire/bootstrap.h"
#include "wire/frames.h"
#include "wire/security_priv.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.wire.client");

/* How often the client looks for what is due, and how often when nothing can be for a while. */
#define TICK_MS       50
#define QUIET_TICK_MS 500

struct reply {
    struct kc_wire_reply pub; /* first: they are the same address */
    atomic_int refs;
    uint8_t *frame;
    size_t frame_cap;
    struct kc_arena *arena;
};

struct kc_wire_request *kc_wire_request_new(enum kc_api api)
{
    const struct kc_api_info *info = kc_api_find(api);
    struct kc_wire_request *request = kc_calloc(1, sizeof *request);

    request->api = api;
    request->arena = kc_arena_new(512);
    request->message = kc_wire_new(request->arena, info->request);
    request->target.kind = KC_WIRE_ANY;
    request->max_version = INT16_MAX;
    return request;
}

void kc_wire_request_destroy(struct kc_wire_request *request)
{
    if (!request)
        return;
    kc_arena_destroy(request->arena);
    free(request);
}

struct kc_wire_reply *wire_reply_new(uint8_t *frame, size_t cap, struct kc_arena *arena)
{
    struct reply *reply = kc_calloc(1, sizeof *reply);

    atomic_init(&reply->refs, 1);
    reply->pub.broker_id = -1;
    reply->frame = frame;
    reply->frame_cap = cap;
    reply->arena = arena;
    return &reply->pub;
}

struct kc_wire_reply *kc_wire_reply_ref(struct kc_wire_reply *pub)
{
    struct reply *reply = (struct reply *)pub;

    atomic_fetch_add_explicit(&reply->refs, 1, memory_order_relaxed);
    return pub;
}

void kc_wire_reply_unref(struct kc_wire_reply *pub)
{
    struct reply *reply = (struct reply *)pub;

    if (!reply || atomic_fetch_sub_explicit(&reply->refs, 1, memory_order_acq_rel) != 1)
        return;
    kc_error_destroy(pub->error);
    wire_frame_free(reply->frame, reply->frame_cap);
    kc_arena_destroy(reply->arena);
    free(reply);
}

struct wire_pending *wire_pending_new(struct kc_wire_request *request, kc_wire_done done, void *arg)
{
    struct wire_pending *pending = kc_calloc(1, sizeof *pending);

    pending->request = request;
    pending->api = request->api;
    pending->done = done;
    pending->arg = arg;
    return pending;
}

void wire_pending_finish(struct wire_pending *pending, struct kc_wire_reply *reply)
{
    pending->done(pending->arg, pending->request, reply);
    if (!pending->keep_request)
        kc_wire_request_destroy(pending->request);
    free(pending);
}

static void drop_reply(void *arg, const struct kc_wire_request *request,
                       struct kc_wire_reply *reply)
{
    kc_wire_reply_unref(reply);
}

void wire_pending_abandon(struct wire_pending *pending, struct kc_error *err)
{
    struct kc_wire_reply *reply = wire_reply_new(NULL, 0, NULL);
    kc_wire_done done = pending->done;

    reply->error = err;
    pending->done = drop_reply;
    pending->deadline_ms = pending->answer_by_ms;
    done(pending->arg, pending->request, reply);
    if (!pending->keep_request)
        kc_wire_request_destroy(pending->request);
    pending->keep_request = true;
    pending->request = NULL;
}

void wire_pending_fail(struct wire_pending *pending, struct kc_error *err)
{
    struct kc_wire_reply *reply = wire_reply_new(NULL, 0, NULL);

    reply->error = err;
    wire_pending_finish(pending, reply);
}

/* ---- Posting ---- */

/* The client whose loop this thread runs. */
static _Thread_local const struct kc_wire_client *own;

bool kc_wire_on_loop(const struct kc_wire_client *client)
{
    return own == client;
}

/* The loop looks at the posts before it waits. */
static bool looks_anyway(const struct kc_wire_client *client)
{
    return kc_wire_on_loop(client) && !client->about_to_wait;
}

bool kc_wire_post(struct kc_wire_client *client, void (*fn)(void *arg), void *arg)
{
    struct wire_post *post = kc_malloc(sizeof *post);
    bool posted, first, wake;

    *post = (struct wire_post){fn, arg, NULL};
    pthread_mutex_lock(&client->mutex);
    posted = !client->closed;
    first = posted && !client->posts;
    wake = first && !looks_anyway(client);
    if (first)
        client->posts = post;
    else if (posted)
        client->last_post->next = post;
    if (posted)
        client->last_post = post;
    if (wake)
        atomic_fetch_add(&client->wakers, 1);
    pthread_mutex_unlock(&client->mutex);
    /* Behind the mutex, which the loop takes first thing. Closing waits for wakers. */
    if (wake) {
        uv_async_send(&client->wake);
        atomic_fetch_sub(&client->wakers, 1);
    }
    if (!posted)
        free(post);
    return posted;
}

static struct wire_post *take_posts(struct kc_wire_client *client)
{
    struct wire_post *posts;

    pthread_mutex_lock(&client->mutex);
    posts = client->posts;
    client->posts = NULL;
    pthread_mutex_unlock(&client->mutex);
    return posts;
}

static void run_posts(struct kc_wire_client *client)
{
    struct wire_post *post = take_posts(client);

    while (post) {
        struct wire_post *next = post->next;

        post->fn(post->arg);
        free(post);
        post = next;
    }
}

static void on_wake(uv_async_t *wake)
{
    run_posts(wake->data);
}

static void on_before_wait(uv_prepare_t *before_wait)
{
    struct kc_wire_client *client = before_wait->data;

    client->about_to_wait = true;
    run_posts(client);
    client->about_to_wait = false;
}

/* ---- Sending ---- */

struct send_post {
    struct kc_wire_client *client;
    struct wire_pending *pending;
};

static void run_send(void *arg)
{
    struct send_post *send = arg;
    struct kc_wire_client *client = send->client;
    struct wire_pending *pending = send->pending;
    int32_t timeout = pending->request->timeout_ms;

    free(send);
    if (client->stopping) {
        wire_pending_fail(pending, kc_error_new(KC_ERR_WAKEUP, "%s is being closed", client->name));
        return;
    }
    pending->deadline_ms =
        kc_mono_ms() + (timeout > 0 ? timeout : client->settings->request_timeout_ms);
    wire_client_hurry(client);
    wire_route(client, pending);
}

void wire_client_send(struct kc_wire_client *client, struct wire_pending *pending)
{
    struct send_post *send = kc_malloc(sizeof *send);

    *send = (struct send_post){client, pending};
    if (kc_wire_post(client, run_send, send))
        return;
    free(send);
    wire_pending_fail(pending, kc_error_new(KC_ERR_WAKEUP, "%s is closed", client->name));
}

void kc_wire_send(struct kc_wire_client *client, struct kc_wire_request *request, kc_wire_done done,
                  void *arg)
{
    wire_client_send(client, wire_pending_new(request, done, arg));
}

struct call {
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    struct kc_wire_reply *reply;
};

static void call_done(void *arg, const struct kc_wire_request *request, struct kc_wire_reply *reply)
{
    struct call *call = arg;

    pthread_mutex_lock(&call->mutex);
    call->reply = reply;
    pthread_cond_signal(&call->cond);
    pthread_mutex_unlock(&call->mutex);
}

/* Sends once and waits for the callback, which the request's own time-out brings at the latest. */
static struct kc_wire_reply *call_once(struct kc_wire_client *client, struct call *call,
                                       struct kc_wire_request *request)
{
    struct wire_pending *pending = wire_pending_new(request, call_done, call);
    struct kc_wire_reply *reply;

    pending->keep_request = true;
    wire_client_send(client, pending);
    pthread_mutex_lock(&call->mutex);
    while (!call->reply)
        kc_cond_wait_until(&call->cond, &call->mutex, INT64_MAX);
    reply = call->reply;
    call->reply = NULL;
    pthread_mutex_unlock(&call->mutex);
    return reply;
}

void wire_back_off(const struct kc_wire_client *client, int attempt, int64_t deadline_ms)
{
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t cond;
    int64_t until = kc_mono_ms() + kc_wire_backoff_ms(client, attempt);

    if (until > deadline_ms)
        until = deadline_ms;
    kc_cond_init(&cond);
    pthread_mutex_lock(&mutex);
    while (kc_cond_wait_until(&cond, &mutex, until))
        continue;
    pthread_mutex_unlock(&mutex);
    pthread_cond_destroy(&cond);
}

/* What the caller's patience cut off tells less than what an attempt before it met. */
static struct kc_error *failure_of(const struct kc_wire_reply *last, struct kc_error *met)
{
    if (met && last->error && kc_error_code(last->error) == KC_ERR_TIMEOUT)
        return met;
    kc_error_destroy(met);
    return last->error ? kc_error_copy(last->error) : NULL;
}

struct kc_error *kc_wire_call(struct kc_wire_client *client, struct kc_wire_request *request,
                              int64_t deadline_ms, struct kc_wire_reply **out)
{
    struct call call = {.mutex = PTHREAD_MUTEX_INITIALIZER};
    int32_t own_timeout =
        request->timeout_ms > 0 ? request->timeout_ms : client->settings->request_timeout_ms;
    struct kc_wire_reply *reply = NULL;
    struct kc_error *met = NULL;
    struct kc_error *err;

    kc_cond_init(&call.cond);
    for (int attempt = 0;; attempt++) {
        int64_t left = deadline_ms - kc_mono_ms();

        request->timeout_ms = (int32_t)(left < 1 ? 1 : left < own_timeout ? left : own_timeout);
        reply = call_once(client, &call, request);
        if (!reply->error || !kc_error_retriable(reply->error) || kc_mono_ms() >= deadline_ms)
            break;
        if (kc_error_code(reply->error) != KC_ERR_TIMEOUT) {
            kc_error_destroy(met);
            met = kc_error_copy(reply->error);
        }
        kc_wire_reply_unref(reply);
        wire_back_off(client, attempt, deadline_ms);
    }
    err = failure_of(reply, met);
    if (err) {
        kc_wire_reply_unref(reply);
        reply = NULL;
    }
    pthread_cond_destroy(&call.cond);
    pthread_mutex_destroy(&call.mutex);
    kc_wire_request_destroy(request);
    *out = reply;
    return err;
}

/* ---- Timers ---- */

static void on_timer(uv_timer_t *uv)
{
    struct kc_wire_timer *timer = uv->data;

    timer->fn(timer->arg);
}

struct kc_wire_timer *kc_wire_timer_new(struct kc_wire_client *client, void (*fn)(void *arg),
                                        void *arg)
{
    struct kc_wire_timer *timer = kc_calloc(1, sizeof *timer);

    timer->client = client;
    timer->fn = fn;
    timer->arg = arg;
    uv_timer_init(&client->loop, &timer->uv);
    timer->uv.data = timer;
    return timer;
}

void kc_wire_timer_start(struct kc_wire_timer *timer, int64_t delay_ms)
{
    uv_update_time(&timer->client->loop);
    uv_timer_start(&timer->uv, on_timer, (uint64_t)(delay_ms > 0 ? delay_ms : 0), 0);
}

void kc_wire_timer_stop(struct kc_wire_timer *timer)
{
    uv_timer_stop(&timer->uv);
}

static void free_timer(uv_handle_t *handle)
{
    free(handle->data);
}

void kc_wire_timer_destroy(struct kc_wire_timer *timer)
{
    if (timer)
        uv_close((uv_handle_t *)&timer->uv, free_timer);
}

/* ---- Life ---- */

static void on_tick(uv_timer_t *tick);

void wire_client_hurry(struct kc_wire_client *client)
{
    if (!client->quiet || client->stopping)
        return;
    client->quiet = false;
    uv_timer_start(&client->tick, on_tick, TICK_MS, TICK_MS);
}

static void on_tick(uv_timer_t *tick)
{
    struct kc_wire_client *client = tick->data;
    int64_t now = kc_mono_ms();

    wire_router_tick(client, now);
    wire_metadata_tick(client->metadata, now);
    wire_frames_trim(now);
    if (client->stopping)
        return;
    if (wire_metadata_refreshes(client->metadata) || wire_router_due(client, now + QUIET_TICK_MS)) {
        wire_client_hurry(client);
        return;
    }
    if (client->quiet)
        return;
    client->quiet = true;
    uv_timer_start(&client->tick, on_tick, QUIET_TICK_MS, QUIET_TICK_MS);
}

static void *run_loop(void *arg)
{
    struct kc_wire_client *client = arg;

    own = client;
    uv_run(&client->loop, UV_RUN_DEFAULT);
    return NULL;
}

static struct kc_error *start_loop(struct kc_wire_client *client)
{
    int code = uv_loop_init(&client->loop);

    if (code == 0)
        code = uv_async_init(&client->loop, &client->wake, on_wake);
    if (code != 0)
        return kc_error_retriable_new(
            KC_ERR_IO,
            "Can't make an event loop for %s: %s. Raise the limit on open "
            "files (ulimit -n)",
            client->name, uv_strerror(code));
    uv_timer_init(&client->loop, &client->tick);
    uv_prepare_init(&client->loop, &client->before_wait);
    client->before_wait.data = client;
    client->wake.data = client;
    client->tick.data = client;
    uv_timer_start(&client->tick, on_tick, TICK_MS, TICK_MS);
    uv_prepare_start(&client->before_wait, on_before_wait);
    return kc_thread_start(&client->thread, client->name, run_loop, client);
}

static void client_free(struct kc_wire_client *client)
{
    kc_access_destroy(client->access);
    wire_metadata_destroy(client->metadata);
    wire_security_destroy(client->security);
    kc_wire_settings_destroy(client->settings);
    pthread_mutex_destroy(&client->mutex);
    free(client->name);
    free(client);
}

struct kc_error *kc_wire_client_new(const struct kc_map *settings, const char *name,
                                    struct kc_wire_client **out)
{
    struct kc_wire_client *client = kc_calloc(1, sizeof *client);
    struct kc_error *err;

    *out = NULL;
    client->name = kc_strdup(name);
    pthread_mutex_init(&client->mutex, NULL);
    err = kc_wire_settings_new(settings, &client->settings);
    if (!err)
        err = kc_bootstrap_check(kc_map_get_or(settings, "bootstrap.servers", ""), NULL);
    if (!err)
        err = wire_security_new(client->settings, &client->security);
    if (!err) {
        client->access = kc_access_of(name, settings);
        client->metadata = wire_metadata_new(client);
        err = start_loop(client);
    }
    if (err) {
        client_free(client);
        return err;
    }
    *out = client;
    return NULL;
}

/* Posted by kc_wire_client_destroy(): the last thing that the loop does. */
static void stop_loop(void *arg)
{
    struct kc_wire_client *client = arg;

    client->stopping = true;
    wire_router_close(client);
    pthread_mutex_lock(&client->mutex);
    client->closed = true;
    pthread_mutex_unlock(&client->mutex);
    while (atomic_load(&client->wakers) > 0)
        sched_yield();
    uv_close((uv_handle_t *)&client->wake, NULL);
    uv_close((uv_handle_t *)&client->before_wait, NULL);
    uv_close((uv_handle_t *)&client->tick, NULL);
}

void kc_wire_client_destroy(struct kc_wire_client *client)
{
    if (!client)
        return;
    kc_debug("[%s] closing", client->name);
    kc_wire_post(client, stop_loop, client);
    pthread_join(client->thread, NULL);
    run_posts(client);
    uv_loop_close(&client->loop);
    client_free(client);
}

void kc_wire_client_join(struct kc_wire_client *client)
{
    kc_access_join(client->access);
}

const char *kc_wire_client_name(const struct kc_wire_client *client)
{
    return client->name;
}

int kc_wire_transaction_version(const struct kc_wire_client *client)
{
    return client->transaction_version;
}

int64_t kc_wire_backoff_ms(const struct kc_wire_client *client, int attempt)
{
    return kc_wire_jittered(client->settings->retry_backoff_ms,
                            client->settings->retry_backoff_max_ms, attempt);
}

const char *kc_wire_rack(const struct kc_wire_client *client)
{
    return client->settings->rack;
}
