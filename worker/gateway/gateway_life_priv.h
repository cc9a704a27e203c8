/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of a session, shared by its parts. Each may call those named before it:
 * gateway_visitor.c (who the client is), gateway_life.c (its two streams, back-pressure, its end),
 * gateway_exchange.c (its requests in order), gateway_aside.c (how it leaves a gateway that gets
 * out of the way), gateway_relay.c (frames both ways), gateway_parts.c (large answers, part by
 * part), gateway_session.c (how it begins, and what is due by time). Loop thread.
 *
 * Two queues. `exchanges`: the client's requests, in the order in which they are answered. `calls`:
 * what the target is to answer, in the order in which it was sent there; a call belongs to an
 * exchange, or is one of the gateway's own.
 */
#ifndef WORKER_GATEWAY_GATEWAY_LIFE_PRIV_H
#define WORKER_GATEWAY_GATEWAY_LIFE_PRIV_H

#include "gateway/gateway_fetch_walk_priv.h"
#include "gateway/gateway_loop_priv.h"
#include "gateway/gateway_outgoing_priv.h"
#include "wire/api.h"

enum gateway_session_state {
    SESSION_GREETING,   /* the client's TLS handshake */
    SESSION_CONNECTING, /* to the target's broker */
    SESSION_LOGGING_IN, /* there, for the client: gateway_own_login_priv.h */
    SESSION_OPEN,
    SESSION_ENDING, /* its streams close, or send what is left */
};

/* Why a stream isn't read. */
enum gateway_hold {
    HOLD_OPENING = 1, /* the target isn't connected yet */
    HOLD_FULL = 2,    /* the other stream's queue is full */
    HOLD_BYTES = 4,   /* too much is under way */
    HOLD_DRAIN = 8,   /* no new requests */
    HOLD_QUOTA = 32,  /* the client is over its quota */
    HOLD_LOGIN = 16,  /* a login goes on: what is behind it must not overtake its verdict */
};

/* A request at the target. */
struct gateway_call {
    struct gateway_request *request; /* whom it is for */
    int16_t api;
    int16_t version;
    int32_t correlation;
    gateway_asked done; /* of an own one; NULL: the answer is relayed */
    void *arg;
    struct gateway_outgoing *held; /* an own one that waits for a login to end */
    struct gateway_call *prev, *next;
};

enum gateway_request_state {
    REQUEST_TAKEN,    /* by the router */
    REQUEST_SENT,     /* to the target */
    REQUEST_PASSING,  /* a part of its answer has gone to the client */
    REQUEST_ANSWERED, /* its answer waits for those before it, or has been sent */
};

/* A request of the client; the exchange is what the router sees of it. */
struct gateway_request {
    struct gateway_exchange pub; /* first: they are the same address */
    atomic_int refs;
    struct gateway_loop *loop;
    enum gateway_request_state state;
    uint8_t *frame; /* NULL: it has gone to the target */
    size_t cap;
    size_t len;
    size_t charge;                   /* what it counts among the session's bytes */
    struct gateway_outgoing *answer; /* that waits */
    struct gateway_call call;        /* as it is relayed */
    bool parked;                     /* relayed once a login, or what a login waits for, is over */
    bool dropped;                    /* never answered: its session ends */
    struct gateway_request *prev, *next;
};

enum gateway_login_progress {
    LOGIN_NONE,    /* nothing yet, or no SASL */
    LOGIN_GOES_ON, /* only its requests may be sent */
    LOGIN_DONE,
};

struct gateway_session {
    struct gateway_loop *loop;
    size_t listener;
    int32_t broker; /* -1: any */
    enum gateway_session_state state;
    struct wire_stream *client; /* NULL: gone */
    struct wire_stream *target; /* NULL: gone, or not connected */
    unsigned int client_holds;  /* enum gateway_hold */
    unsigned int target_holds;
    int attempts; /* to connect */
    int64_t deadline_ms;
    char target_label[96];

    struct gateway_request *exchanges;
    struct gateway_call *calls;
    struct gateway_call *held; /* own ones, see gateway_call */
    int asks;                  /* own ones among `calls` and `held` */
    size_t bytes;              /* under way: requests kept, answers that wait */
    size_t answers;            /* of them, answers that wait */
    int32_t next_correlation;
    size_t passing;                 /* bytes of the answer that comes in parts; 0: none does */
    struct gateway_fetch_walk walk; /* through it */

    struct gateway_client about;
    char *would_be; /* the principal of a login that goes on */
    enum gateway_login_progress login;
    bool let_in;                   /* the target has let the client in once */
    bool leaving;                  /* it is read no further, and ends when it misses nothing */
    bool member;                   /* counted among gateway_common.members */
    bool put_off;                  /* it has been told once to look for a coordinator anew */
    struct gateway_own_login *own; /* NULL: the client logs in by itself, or not at all */
    enum { LOGIN_PLAIN, LOGIN_SCRAM, LOGIN_BEARER, LOGIN_OTHER } mechanism;
    int8_t versions[KC_API_KEYS]; /* the target's highest, as far as the gateway knows them */

    int64_t muted_until_ms;
    int64_t since_ms;
    int64_t last_request_ms;
    int64_t last_taken_ms; /* when the client last took bytes */
    uint64_t sent;         /* bytes for the client, and how many it hadn't taken when it was */
    uint64_t taken;        /* looked at last */
    struct gateway_session *prev, *next;
};

/* ---- gateway_visitor.c: who the client is ---- */

/* Whether requests of the API are steps of a login. */
bool gateway_visitor_logs_in(int api);
/* Looks at a request before it goes on, for logins and ApiVersions. */
void gateway_visitor_asks(struct gateway_session *session,
                          const struct kc_wire_request_header *header, const uint8_t *body,
                          size_t len);
/* Looks at the target's answer (behind its header). */
void gateway_visitor_told(struct gateway_session *session, int api, int version,
                          const uint8_t *body, size_t len);
void gateway_visitor_clear(struct gateway_session *session);
/* "the client 127.0.0.1:4711 (billing)", for texts; thread-local storage. */
const char *gateway_visitor_name(const struct gateway_session *session);

/* ---- gateway_life.c: its streams, and its end ---- */

void gateway_hold_client(struct gateway_session *session, enum gateway_hold why);
void gateway_release_client(struct gateway_session *session, enum gateway_hold why);
void gateway_hold_target(struct gateway_session *session, enum gateway_hold why);
void gateway_release_target(struct gateway_session *session, enum gateway_hold why);
/* Holds and releases both sides by what is under way. */
void gateway_balance(struct gateway_session *session);
/* Ends the session. What has been handed to the streams is still sent, within a patience. Takes
 * err, which is logged unless it is NULL. */
void gateway_session_finish(struct gateway_session *session, struct kc_error *err);
/* Ends it at once. */
void gateway_session_cut(struct gateway_session *session);
/* A stream has closed; frees the session with the last one. */
void gateway_session_let_go(struct gateway_session *session);
/* address: the client's. */
void gateway_session_uncount(struct gateway_loop *loop, const char *address);

/* ---- gateway_exchange.c: its requests in order ---- */

/* Takes frame. KC_ERR_SCHEMA: it isn't a request. */
struct kc_error *gateway_request_new(struct gateway_session *session, uint8_t *frame, size_t cap,
                                     size_t len, struct gateway_request **request) KC_MUST_CHECK;
/* Decodes the message, if it hasn't been. */
struct kc_error *gateway_request_decode(struct gateway_request *request) KC_MUST_CHECK;
/* Sends it on to the target as it is. */
void gateway_request_relay(struct gateway_request *request);
/* Its answer is there: sends it, and what waits behind it. Takes outgoing; NULL: none is sent. */
void gateway_request_settle(struct gateway_request *request, struct gateway_outgoing *outgoing);
/* So many bytes have gone to the client. */
void gateway_request_sent(struct gateway_session *session, size_t size);
/* Sends a part of the first request's answer. Takes outgoing. After the last part, settle it with
 * NULL. */
void gateway_request_pass(struct gateway_request *request, struct gateway_outgoing *outgoing);
/* The session ends: exchanges lose it, own requests fail. */
void gateway_requests_end(struct gateway_session *session);
/* Sends own requests that have waited for a login. */
void gateway_session_ask_held(struct gateway_session *session);
/* Relays requests that have waited for a login of the gateway's; and a client's login that has
 * waited for the router. */
void gateway_requests_unpark(struct gateway_session *session);

/* ---- gateway_aside.c: how it leaves a gateway that gets out of the way ---- */

/* Looks at a request before it goes on. True: it goes nowhere. */
bool gateway_aside_takes(struct gateway_session *session, struct gateway_request *request);
/* Nothing is under way that the client would miss: a fetch is sent again. */
bool gateway_aside_misses_nothing(const struct gateway_session *session);
void gateway_aside_tick(struct gateway_session *session, int64_t now);

/* ---- gateway_relay.c: frames both ways ---- */

/* Take frame. */
void gateway_relay_request(struct gateway_session *session, uint8_t *frame, size_t cap, size_t len);
void gateway_relay_answer(struct gateway_session *session, uint8_t *frame, size_t cap, size_t len);
/* Whether the answer that begins there is the call's. */
bool gateway_relay_is_for(const struct gateway_call *call, const uint8_t *frame, size_t len);
/* Ends the session: the target sent what it shouldn't have. */
void gateway_relay_unexpected(struct gateway_session *session, const char *what);

/* ---- gateway_parts.c: large answers, part by part ---- */

/* Whether the answer of so many bytes that begins passes in parts. Then they follow. */
bool gateway_parts_begin(struct gateway_session *session, size_t size);
/* Takes part; left: bytes behind it. */
void gateway_parts_pass(struct gateway_session *session, uint8_t *part, size_t cap, size_t len,
                        size_t left);
/* So many bytes of it have passed unseen. full: the client's stream takes no more for now. */
void gateway_parts_passed(struct gateway_session *session, size_t len, bool full);

/* ---- gateway_session.c ---- */

/* Takes fd and address. */
void gateway_session_begin(struct gateway_loop *loop, size_t listener, int32_t broker, int fd,
                           char *address);
void gateway_session_tick(struct gateway_session *session, int64_t now);
/* The target takes the client's requests from now on. */
void gateway_session_opened(struct gateway_session *session);
/* No new requests; ends once nothing is under way. */
void gateway_session_drain(struct gateway_session *session);
json_t *gateway_session_describe(const struct gateway_session *session);

#endif
