/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client's connection, and the one to the target's broker that belongs to it.
 *
 * Requests are answered in the order in which they came, as a broker does. Each is an exchange: it
 * is relayed as bytes, or taken by the router (gateway_route_priv.h), which answers it when it can.
 * A session lives on one loop; everything here is for that loop's thread unless it says "any
 * thread".
 *
 * What the gateway asks the target in the client's name (rights, producer ids) goes by the client's
 * own connection there, between its requests: the target checks it as the client's.
 */
#ifndef WORKER_GATEWAY_GATEWAY_SESSION_PRIV_H
#define WORKER_GATEWAY_GATEWAY_SESSION_PRIV_H

#include "gateway/gateway_rewrite_priv.h"
#include "wire/stream.h"

struct gateway_session;

/* A request of a client. It lives until it is answered or its session has ended, whichever is later
 * asked for: a router that keeps it takes a reference. */
struct gateway_exchange {
    struct gateway_session *session; /* NULL: the client has gone; then an answer is dropped */
    struct kc_wire_request_header header;
    const uint8_t *body; /* behind the header; borrowed from the frame, which the exchange keeps */
    size_t body_len;
    struct kc_arena *arena; /* for what is decoded of it */
    void *message;          /* decoded, where the API is one that the gateway reads; else NULL */
    int64_t since_ms;       /* kc_mono_ms() of its arrival */
    bool silent;            /* acks=0: no answer is sent */
};
struct gateway_exchange *gateway_exchange_ref(struct gateway_exchange *exchange); /* any thread */
void gateway_exchange_unref(struct gateway_exchange *exchange);                   /* any thread */
/* Answers with a struct of the API's response type. Once for each exchange that was taken. Any
 * thread; it is encoded before this returns. */
void gateway_exchange_answer(struct gateway_exchange *exchange, const void *response);
/* The request goes on to the target as it is after all, in its place. Any thread. */
void gateway_exchange_relay(struct gateway_exchange *exchange);
/* The same, with another message of its API and version, and the answer comes to done (on the loop;
 * response NULL: the session has ended), who answers the exchange. Any thread. The message is
 * encoded before this returns. */
typedef void (*gateway_asked)(void *arg, struct gateway_exchange *exchange, void *response,
                              struct kc_arena *arena);
void gateway_exchange_ask(struct gateway_exchange *exchange, int api, int version,
                          const void *message, gateway_asked done, void *arg);
/* The version in which the target may be asked that API on this session; -1: not at all. */
int gateway_session_version(const struct gateway_session *session, int api);
/* Runs fn(exchange, arg) on its session's loop; never, when the session has ended. Any thread. */
void gateway_exchange_post(struct gateway_exchange *exchange,
                           void (*fn)(struct gateway_exchange *exchange, void *arg), void *arg);

/* What the session is told of its client. */
struct gateway_client {
    char *address;
    char *client_id;
    char *software;  /* name and version of ApiVersions; NULL */
    char *principal; /* as far as SASL shows it (user of PLAIN, SCRAM; subject of a token); NULL */
    uint64_t routed; /* records written to the source */
    uint64_t relayed_bytes;
    struct kc_strings writes; /* topics, bounded */
};
const struct gateway_client *gateway_session_client(const struct gateway_session *session);
/* The router has written so many of the client's records to the topic at the source. */
void gateway_session_routed(struct gateway_session *session, const char *topic, uint64_t records);
/* The target's broker to which it belongs; -1: any. */
int32_t gateway_session_broker(const struct gateway_session *session);
/* Nothing more is read of the client for so many ms: it is over its quota. */
void gateway_session_mute(struct gateway_session *session, int32_t ms);

/* Whoever takes requests instead of the target. One table; the gateway has one router. */
struct gateway_router {
    /* Whether requests of the API are read by it at all. */
    bool (*reads)(int api);
    /* A request of such an API, decoded. True: it is the router's, which answers, asks or relays
     * it, now or later. False: it is relayed. */
    bool (*take)(void *router, struct gateway_exchange *exchange);
    /* An answer of the target to a relayed request of such an API passes; it may be changed in
     * place, and is encoded anew then (true). Optional. */
    bool (*passes)(void *router, struct gateway_exchange *exchange, void *response,
                   struct kc_arena *arena);
    /* The session ends; exchanges that the router keeps have no session from now on. */
    void (*ended)(void *router, struct gateway_session *session);
    void *opaque;
};

#endif
