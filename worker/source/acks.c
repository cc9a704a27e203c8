/* SPDX-License-Identifier: Apache-2.0 */
/* Serving lanes: see acks_priv.h. */
#include "source/acks_priv.h"

#include "connect/log.h"
#include "connect/thread.h"

#include <stdlib.h>

enum { ROUND_MS = 100, IDLE_ROUND_MS = 500 };

struct kc_acks {
    struct kc_lanes *lanes;
    bool (*served)(void *opaque);
    void *opaque;
    char *log_context;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    bool moved; /* with mutex, as closing */
    bool closing;
};

/* Any thread. */
static void on_moved(void *opaque)
{
    struct kc_acks *acks = opaque;
    pthread_mutex_lock(&acks->mutex);
    acks->moved = true;
    pthread_cond_signal(&acks->cond);
    pthread_mutex_unlock(&acks->mutex);
}

/* Waits until a lane has moved, at most ms. False: the thread must end. */
static bool await_move(struct kc_acks *acks, int ms)
{
    int64_t until = kc_mono_ms() + ms;
    pthread_mutex_lock(&acks->mutex);
    while (!acks->moved && !acks->closing && kc_mono_ms() < until)
        kc_cond_wait_until(&acks->cond, &acks->mutex, until);
    acks->moved = false;
    bool goes_on = !acks->closing;
    pthread_mutex_unlock(&acks->mutex);
    return goes_on;
}

static bool serve_round(struct kc_acks *acks)
{
    struct kc_lanes *lanes = acks->lanes;
    bool busy = false;
    for (size_t i = 0; i < lanes->count; i++)
        busy = lanes->all[i]->ops->serve(lanes->all[i]) || busy;
    return (acks->served && acks->served(acks->opaque)) || busy;
}

static void *run(void *arg)
{
    struct kc_acks *acks = arg;
    bool goes_on = true;
    kc_log_set_context(acks->log_context);
    for (int ms = IDLE_ROUND_MS; goes_on;) {
        goes_on = await_move(acks, ms);
        ms = serve_round(acks) ? ROUND_MS : IDLE_ROUND_MS;
    }
    return NULL;
}

static void destroy(struct kc_acks *acks)
{
    pthread_cond_destroy(&acks->cond);
    pthread_mutex_destroy(&acks->mutex);
    free(acks->log_context);
    free(acks);
}

struct kc_error *kc_acks_start(struct kc_lanes *lanes, bool (*served)(void *opaque), void *opaque,
                               const char *log_context, struct kc_acks **acks)
{
    struct kc_acks *made = kc_calloc(1, sizeof(*made));
    made->lanes = lanes;
    made->served = served;
    made->opaque = opaque;
    made->log_context = kc_strdup(log_context);
    pthread_mutex_init(&made->mutex, NULL);
    kc_cond_init(&made->cond);
    kc_lanes_on_moved(lanes, on_moved, made);
    struct kc_error *err = kc_thread_start(&made->thread, "source-acks", run, made);
    if (err) {
        kc_lanes_on_moved(lanes, NULL, NULL);
        destroy(made);
        return err;
    }
    *acks = made;
    return NULL;
}

void kc_acks_stop(struct kc_acks *acks)
{
    if (!acks)
        return;
    pthread_mutex_lock(&acks->mutex);
    acks->closing = true;
    pthread_cond_signal(&acks->cond);
    pthread_mutex_unlock(&acks->mutex);
    pthread_join(acks->thread, NULL);
    destroy(acks);
}
