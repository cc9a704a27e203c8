/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request to a broker and the reply to it, as objects.
 *
 * A request owns its message and an arena. Handed over, it belongs to the client or connection
 * until its callback has run. The callback runs exactly once for each request, with a response or
 * an error.
 */
#ifndef WORKER_WIRE_WIRE_REQUEST_H
#define WORKER_WIRE_WIRE_REQUEST_H

#include "base/kafka_errors.h"
#include "wire/api.h"

/* Which broker a request is for. */
enum kc_wire_target_kind {
    KC_WIRE_ANY,         /* whichever is connected, or the least recently tried */
    KC_WIRE_BROKER,      /* broker_id */
    KC_WIRE_LEADER,      /* of topic, partition; metadata is fetched when it isn't known */
    KC_WIRE_CONTROLLER,  /* any broker when the controller isn't known */
    KC_WIRE_GROUP,       /* the coordinator of group `key` */
    KC_WIRE_TRANSACTION, /* the coordinator of transactional id `key` */
};

struct kc_wire_target {
    enum kc_wire_target_kind kind;
    int32_t broker_id;
    const char *topic; /* in the request's arena */
    int32_t partition;
    const char *key; /* in the request's arena */
};

/* Which of the connections to a broker. A broker answers a connection's requests one after the
 * other. So requests that wait at the broker (a fetch, a join) have a connection of their own. */
enum kc_wire_channel {
    KC_WIRE_CHANNEL_MAIN,
    KC_WIRE_CHANNEL_GROUP,
    KC_WIRE_CHANNEL_FETCH, /* and those behind it: as many as there are who fetch */
    KC_WIRE_CHANNELS = 64
};

struct kc_wire_request {
    enum kc_api api;
    void *message; /* the API's request struct, at its defaults */
    struct kc_arena *arena;
    struct kc_wire_target target;
    int channel;         /* enum kc_wire_channel */
    int16_t min_version; /* fail when the broker has no such version; 0: any */
    int16_t max_version; /* INT16_MAX: the API's client_max */
    int32_t timeout_ms;  /* from sending to the answer; 0: request.timeout.ms */
    size_t reply_max;    /* the largest valid answer in bytes; 0: 128 MiB */
    /* Loop thread, when the version is known and the message is about to be encoded; may be NULL.
     * It is for messages that have the same content in different fields, depending on the version.
     */
    void (*prepare)(struct kc_wire_request *request, int16_t version);
    void *prepare_arg;
};

struct kc_wire_request *kc_wire_request_new(enum kc_api api);
void kc_wire_request_destroy(struct kc_wire_request *request);

/* Shared if somebody keeps bytes of it. error set: message is NULL. */
struct kc_wire_reply {
    struct kc_error *error; /* retriable ones may be sent again */
    void *message;          /* the API's response struct */
    int16_t version;
    int32_t broker_id; /* who answered; -1 for a bootstrap server */
};
struct kc_wire_reply *kc_wire_reply_ref(struct kc_wire_reply *reply);
void kc_wire_reply_unref(struct kc_wire_reply *reply); /* any thread */

/* On the loop thread. reply is the callback's: unref it. request is valid until the callback
 * returns, then destroyed. */
typedef void (*kc_wire_done)(void *arg, const struct kc_wire_request *request,
                             struct kc_wire_reply *reply);

#endif
