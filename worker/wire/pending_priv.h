/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request on its way, from kc_wire_send() to its callback. Loop thread, except making one.
 * Implemented in wire_request.c.
 */
#ifndef WORKER_WIRE_PENDING_PRIV_H
#define WORKER_WIRE_PENDING_PRIV_H

#include "wire/wire_request.h"

#include <utlist.h>

/* A request on its way. In exactly one list: client->parked, conn->waiting or conn->in_flight. */
struct wire_pending {
    struct kc_wire_request *request;
    bool keep_request; /* kc_wire_call() sends it again */
    kc_wire_done done;
    void *arg;
    int64_t deadline_ms;  /* the caller's; 0: none */
    int64_t answer_by_ms; /* request.timeout.ms after it was sent; then the connection is closed */
    size_t reply_max;     /* the request's; 0: none */
    enum kc_api api;
    int32_t correlation;
    int16_t version;
    struct wire_pending *prev, *next;
};

struct wire_pending *wire_pending_new(struct kc_wire_request *request, kc_wire_done done,
                                      void *arg);
void wire_pending_finish(struct wire_pending *pending,
                         struct kc_wire_reply *reply);                      /* takes both */
void wire_pending_fail(struct wire_pending *pending, struct kc_error *err); /* takes both */
/* Gives err to the caller now; pending stays in its list until the answer comes. Takes err. */
void wire_pending_abandon(struct wire_pending *pending, struct kc_error *err);
/* Takes both; frame's memory is of cap bytes. */
struct kc_wire_reply *wire_reply_new(uint8_t *frame, size_t cap, struct kc_arena *arena);

#endif
