/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests and replies as objects, and a request on its way. See wire_request.h and pending_priv.h.
 */
#include "wire/pending_priv.h"

#include "wire/frames.h"

#include <stdatomic.h>
#include <stdlib.h>

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
    struct kc_wire_request *request = kc_calloc(1, sizeof(*request));

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
    struct reply *reply = kc_calloc(1, sizeof(*reply));

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
    struct wire_pending *pending = kc_calloc(1, sizeof(*pending));

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
