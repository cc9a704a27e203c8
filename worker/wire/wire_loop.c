/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client's loop for its users: posted tasks, timers, and how often it looks for due work. See
 * wire_client.h.
 *
 * Everything from outside enters through the post queue, so that the rest of the client is single
 * threaded.
 */
#include "wire/wire_client_priv.h"

#include "connect/thread.h"

#include <sched.h>
#include <stdlib.h>

/* How often the client looks for due work while there may be some. */
#define TICK_MS 50

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
    struct wire_post *post = kc_malloc(sizeof(*post));

    *post = (struct wire_post){fn, arg, NULL};
    pthread_mutex_lock(&client->mutex);
    bool posted = !client->closed;
    bool first = posted && !client->posts;
    bool wake = first && !looks_anyway(client);
    if (first)
        client->posts = post;
    else if (posted)
        client->last_post->next = post;
    if (posted)
        client->last_post = post;
    if (wake)
        atomic_fetch_add(&client->wakers, 1);
    pthread_mutex_unlock(&client->mutex);
    /* After unlocking, because the loop takes the mutex at once. Closing waits for wakers. */
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
    pthread_mutex_lock(&client->mutex);
    struct wire_post *posts = client->posts;
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

/* ---- Timers ---- */

static void on_timer(uv_timer_t *uv)
{
    struct kc_wire_timer *timer = uv->data;

    timer->fn(timer->arg);
}

struct kc_wire_timer *kc_wire_timer_new(struct kc_wire_client *client, void (*fn)(void *arg),
                                        void *arg)
{
    struct kc_wire_timer *timer = kc_calloc(1, sizeof(*timer));

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

void wire_client_hurry(struct kc_wire_client *client)
{
    if (!client->quiet || client->stopping)
        return;
    client->quiet = false;
    uv_timer_set_repeat(&client->tick, TICK_MS);
    uv_timer_again(&client->tick);
}

void wire_client_rest(struct kc_wire_client *client)
{
    if (client->quiet)
        return;
    client->quiet = true;
    uv_timer_set_repeat(&client->tick, WIRE_QUIET_TICK_MS);
    uv_timer_again(&client->tick);
}

static void *run_loop(void *arg)
{
    struct kc_wire_client *client = arg;

    own = client;
    uv_run(&client->loop, UV_RUN_DEFAULT);
    return NULL;
}

struct kc_error *wire_loop_start(struct kc_wire_client *client, uv_timer_cb on_tick)
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

void wire_loop_stop(struct kc_wire_client *client)
{
    pthread_mutex_lock(&client->mutex);
    client->closed = true;
    pthread_mutex_unlock(&client->mutex);
    while (atomic_load(&client->wakers) > 0)
        sched_yield();
    uv_close((uv_handle_t *)&client->wake, NULL);
    uv_close((uv_handle_t *)&client->before_wait, NULL);
    uv_close((uv_handle_t *)&client->tick, NULL);
}

void wire_loop_join(struct kc_wire_client *client)
{
    pthread_join(client->thread, NULL);
    run_posts(client);
    uv_loop_close(&client->loop);
}
