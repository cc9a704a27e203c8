/* SPDX-License-Identifier: Apache-2.0 */
/* A gateway's loops, see gateway_loop_priv.h. */
#include "gateway/gateway_loop_priv.h"

#include "connect/thread.h"
#include "gateway/gateway_life_priv.h"

#include <stdlib.h>
#include <unistd.h>
#include <utlist.h>

#define TICK_MS 500

struct gateway_post {
    void (*fn)(void *arg);
    void *arg;
    struct gateway_post *next;
};

/* The loop that this thread runs. */
static _Thread_local const struct gateway_loop *own;

bool gateway_loop_is_own(const struct gateway_loop *loop)
{
    return own == loop;
}

void gateway_loop_own(const struct gateway_loop *loop)
{
    own = loop;
}

/* ---- Posting ---- */

bool gateway_loop_post(struct gateway_loop *loop, void (*fn)(void *arg), void *arg)
{
    struct gateway_post *post = kc_malloc(sizeof(*post));

    *post = (struct gateway_post){fn, arg, NULL};
    pthread_mutex_lock(&loop->mutex);
    const bool posted = !loop->closed;
    if (posted && loop->posts)
        loop->last_post->next = post;
    else if (posted)
        loop->posts = post;
    if (posted)
        loop->last_post = post;
    /* Locked, so that the loop can't close its handle meanwhile. */
    if (posted && loop->posts == post)
        uv_async_send(&loop->wake);
    pthread_mutex_unlock(&loop->mutex);
    if (!posted)
        free(post);
    return posted;
}

static void run_posts(struct gateway_loop *loop)
{
    pthread_mutex_lock(&loop->mutex);
    struct gateway_post *post = loop->posts;
    loop->posts = NULL;
    pthread_mutex_unlock(&loop->mutex);
    while (post) {
        struct gateway_post *next = post->next;

        post->fn(post->arg);
        free(post);
        post = next;
    }
}

/* ---- Life ---- */

/* The last thing that the loop does, once its sessions have gone. */
static void close_handles(struct gateway_loop *loop)
{
    pthread_mutex_lock(&loop->mutex);
    const bool closed = loop->closed;
    loop->closed = true;
    pthread_mutex_unlock(&loop->mutex);
    if (closed)
        return;
    run_posts(loop); /* what was posted before it closed */
    uv_close((uv_handle_t *)&loop->wake, NULL);
    uv_close((uv_handle_t *)&loop->tick, NULL);
}

static void look_at_end(struct gateway_loop *loop)
{
    if (loop->stopping && !loop->sessions)
        close_handles(loop);
}

static void on_wake(uv_async_t *wake)
{
    struct gateway_loop *loop = wake->data;

    run_posts(loop);
    look_at_end(loop);
}

static void on_tick(uv_timer_t *tick)
{
    struct gateway_loop *loop = tick->data;
    const int64_t now = kc_mono_ms();
    struct gateway_session *session, *next;

    DL_FOREACH_SAFE (loop->sessions, session, next)
        gateway_session_tick(session, now);
    wire_frames_trim(now);
    if (loop->ticked)
        loop->ticked(loop->ticked_arg);
    look_at_end(loop);
}

static void *run_loop(void *arg)
{
    struct gateway_loop *loop = arg;

    gateway_loop_own(loop);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    return NULL;
}

static struct kc_error *make_tls(struct gateway_loop *loop)
{
    const struct gateway_common *common = loop->common;
    const struct gateway_config *config = common->config;
    struct kc_error *err = NULL;

    loop->listener_tls = kc_calloc(config->listener_count + 1, sizeof(struct wire_tls_context *));
    for (size_t i = 0; i < config->listener_count && !err; i++) {
        if (!config->listeners[i].tls)
            continue;
        err = wire_tls_context_new_server(config->listeners[i].ssl, &loop->listener_tls[i]);
        if (err)
            err = kc_error_prefix(err, "gateway.listeners: listener %s", config->listeners[i].name);
    }
    if (!err && common->target_tls)
        err = wire_tls_context_new(common->target_ssl, common->check_hostname, &loop->target_tls);
    return err;
}

static void free_loop(struct gateway_loop *loop)
{
    for (size_t i = 0; loop->listener_tls && i < loop->common->config->listener_count; i++)
        wire_tls_context_destroy(loop->listener_tls[i]);
    wire_tls_context_destroy(loop->target_tls);
    free(loop->listener_tls);
    pthread_mutex_destroy(&loop->mutex);
    wire_stream_staging_close(&loop->staging);
    free(loop);
}

static struct kc_error *start(struct gateway_loop *loop)
{
    char name[16];
    int code = uv_loop_init(&loop->uv);

    if (code == 0)
        code = uv_async_init(&loop->uv, &loop->wake, on_wake);
    if (code != 0)
        return kc_error_retriable_new(KC_ERR_IO,
                                      "can't make an event loop for the gateway: %s. Raise the "
                                      "limit on open files (ulimit -n)",
                                      uv_strerror(code));
    uv_timer_init(&loop->uv, &loop->tick);
    loop->wake.data = loop->tick.data = loop;
    uv_timer_start(&loop->tick, on_tick, TICK_MS, TICK_MS);
    snprintf(name, sizeof(name), "gateway-%d", loop->index);
    return kc_thread_start(&loop->thread, name, run_loop, loop);
}

struct kc_error *gateway_loop_new(struct gateway_common *common, int index,
                                  struct gateway_loop **out)
{
    struct gateway_loop *loop = kc_calloc(1, sizeof(*loop));

    *out = NULL;
    loop->common = common;
    loop->index = index;
    pthread_mutex_init(&loop->mutex, NULL);
    struct kc_error *err = make_tls(loop);
    if (!err)
        err = start(loop);
    if (err) {
        free_loop(loop);
        return err;
    }
    *out = loop;
    return NULL;
}

static void begin_end(void *arg)
{
    struct gateway_loop *loop = arg;
    struct gateway_session *session, *next;

    loop->stopping = true;
    DL_FOREACH_SAFE (loop->sessions, session, next)
        gateway_session_cut(session);
}

void gateway_loop_end(struct gateway_loop *loop)
{
    gateway_loop_post(loop, begin_end, loop);
    pthread_join(loop->thread, NULL);
    uv_loop_close(&loop->uv);
}

void gateway_loop_destroy(struct gateway_loop *loop)
{
    if (loop)
        free_loop(loop);
}

static void begin_drain(void *arg)
{
    struct gateway_loop *loop = arg;
    struct gateway_session *session, *next;

    loop->draining = true;
    DL_FOREACH_SAFE (loop->sessions, session, next)
        gateway_session_drain(session);
}

void gateway_loop_drain(struct gateway_loop *loop)
{
    gateway_loop_post(loop, begin_drain, loop);
}

/* ---- Sessions ---- */

struct gateway_arrival {
    struct gateway_loop *loop;
    size_t listener;
    int32_t broker;
    int fd;
    char *address;
};

static void take_in(void *arg)
{
    struct gateway_arrival *arrival = arg;
    struct gateway_loop *loop = arrival->loop;

    if (loop->draining || loop->stopping) {
        close(arrival->fd);
        gateway_session_uncount(loop, arrival->address);
        free(arrival->address);
    } else {
        gateway_session_begin(loop, arrival->listener, arrival->broker, arrival->fd,
                              arrival->address);
    }
    free(arrival);
}

void gateway_loop_accept(struct gateway_loop *loop, size_t listener, int32_t broker, int fd,
                         const char *address)
{
    struct gateway_arrival *arrival = kc_malloc(sizeof(*arrival));

    *arrival = (struct gateway_arrival){loop, listener, broker, fd, kc_strdup(address)};
    atomic_fetch_add(&loop->common->sessions, 1);
    atomic_fetch_add(&loop->session_count, 1);
    if (gateway_loop_is_own(loop)) {
        take_in(arrival);
    } else if (!gateway_loop_post(loop, take_in, arrival)) {
        close(fd);
        gateway_session_uncount(loop, address);
        free(arrival->address);
        free(arrival);
    }
}

void gateway_loop_describe(const struct gateway_loop *loop, json_t *clients)
{
    struct gateway_session *session;

    DL_FOREACH (loop->sessions, session)
        json_array_append_new(clients, gateway_session_describe(session));
}
