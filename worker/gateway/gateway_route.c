/* SPDX-License-Identifier: Apache-2.0 */
/* The router's life, and who takes which request; see gateway_route_priv.h. */
#include "gateway/gateway_routing_priv.h"

#include <stdlib.h>
#include <string.h>

#define LOOK_MS 200 /* how often what waits is looked at, at least: for deadlines */

/* ---- requests ---- */

static bool reads(int api)
{
    switch (api) {
    case KC_API_PRODUCE:
    case KC_API_INIT_PRODUCER_ID:
    case KC_API_ADD_PARTITIONS_TO_TXN:
    case KC_API_ADD_OFFSETS_TO_TXN:
    case KC_API_TXN_OFFSET_COMMIT:
    case KC_API_END_TXN:
        return true;
    default:
        return false;
    }
}

static bool take(void *router, struct gateway_exchange *exchange)
{
    struct gateway_route *route = router;

    switch (exchange->header.api) {
    case KC_API_PRODUCE:
        return gateway_produce_take(route, exchange);
    case KC_API_INIT_PRODUCER_ID:
        return gateway_init_take(route, exchange);
    default:
        return gateway_transaction_take(route, exchange);
    }
}

/* ---- what waits ---- */

/* References to exchanges that wait, one of each session, as an array of the caller's. */
static struct gateway_exchange **list_waiting(struct gateway_route *route, size_t *count)
{
    pthread_mutex_lock(&route->mutex);
    struct gateway_exchange **list =
        kc_calloc(HASH_COUNT(route->queues) + 1, sizeof(struct gateway_exchange *));
    *count = 0;
    for (struct gateway_queue *queue = route->queues; queue; queue = queue->hh.next) {
        struct gateway_exchange *exchange = gateway_queue_waits(queue);

        if (exchange)
            list[(*count)++] = exchange;
    }
    pthread_mutex_unlock(&route->mutex);
    return list;
}

/* On the session's loop. */
static void advance(struct gateway_exchange *exchange, void *arg)
{
    struct gateway_queue *queue = gateway_queue_get(arg, exchange->session);

    gateway_queue_advance(queue);
    gateway_queue_unref(queue);
}

/* What goes to the target is sent by the session's loop, which may be reading the client's next
 * request at this moment. So the loop decides as well: what another thread has decided, and the
 * loop hasn't sent yet, would be overtaken by a request that is relayed. */
static void advance_all(struct gateway_route *route)
{
    size_t count = 0;
    struct gateway_exchange **list = list_waiting(route, &count);

    for (size_t i = 0; i < count; i++) {
        gateway_exchange_post(list[i], advance, route);
        gateway_exchange_unref(list[i]);
    }
    free(list);
}

static void run_waker(void *arg, struct kc_stop *stop)
{
    struct gateway_route *route = arg;

    while (!kc_stop_wait_until(stop, kc_mono_ms() + LOOK_MS)) {
        if (atomic_load(&route->waiting) > 0)
            advance_all(route);
    }
}

void gateway_route_changed(struct gateway_route *route)
{
    if (route && route->waker)
        kc_stop_wake(kc_thread_stop(route->waker));
}

/* What is under way of the session goes on, and keeps its queue; what waits is dropped. */
static void end_queue(struct gateway_queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    queue->ended = true;
    pthread_mutex_unlock(&queue->mutex);
    gateway_queue_advance(queue);
    gateway_queue_unref(queue);
}

static void ended(void *router, struct gateway_session *session)
{
    struct gateway_route *route = router;
    struct gateway_queue *queue = NULL;

    gateway_rights_forget(route->base.rights, session);
    pthread_mutex_lock(&route->mutex);
    HASH_FIND_PTR(route->queues, &session, queue);
    if (queue)
        HASH_DEL(route->queues, queue);
    pthread_mutex_unlock(&route->mutex);
    if (queue)
        end_queue(queue);
}

/* ---- life ---- */

struct gateway_route *gateway_route_new(const struct gateway_route_base *base,
                                        struct gateway_router *router)
{
    struct gateway_route *route = kc_calloc(1, sizeof(*route));

    route->base = *base;
    route->sequences = gateway_sequences_new();
    route->transactions = gateway_transactions_new();
    atomic_init(&route->waiting, 0);
    pthread_mutex_init(&route->mutex, NULL);
    struct kc_error *err = kc_thread_new("gateway-route", run_waker, route, &route->waker);
    if (err) {
        kc_error_destroy(err);
        gateway_route_destroy(route);
        return NULL;
    }
    *router =
        (struct gateway_router){.reads = reads, .take = take, .ended = ended, .opaque = route};
    return route;
}

void gateway_route_destroy(struct gateway_route *route)
{
    struct gateway_queue *queue, *next;

    if (!route)
        return;
    kc_thread_destroy(route->waker);
    HASH_ITER (hh, route->queues, queue, next) {
        HASH_DEL(route->queues, queue);
        end_queue(queue);
    }
    gateway_sequences_destroy(route->sequences);
    gateway_transactions_destroy(route->transactions);
    pthread_mutex_destroy(&route->mutex);
    free(route);
}
