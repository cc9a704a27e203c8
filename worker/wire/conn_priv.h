/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of a connection, for its files and for the router.
 *
 * conn.c has the states, the queue and the answers; conn_setup.c stands on it and has the stream
 * and the requests before READY. Loop thread. A connection frees itself when its stream and its
 * SASL step are gone.
 */
#ifndef WORKER_WIRE_CONN_PRIV_H
#define WORKER_WIRE_CONN_PRIV_H

#include "wire/conn.h"
#include "wire/pending_priv.h"
#include "wire/sasl.h"

enum wire_conn_state {
    CONN_OPENING, /* its stream says at what */
    CONN_VERSIONS,
    CONN_SASL_HANDSHAKE,
    CONN_SASL_AUTHENTICATE,
    CONN_READY,
    CONN_DRAINING, /* waits for answers before it authenticates again (KIP-368) */
    CONN_CLOSED,
};

struct wire_version_range {
    int16_t min, max; /* max < min: the broker hasn't this API */
};

struct wire_conn {
    struct wire_conn_shared *shared;
    void *arg; /* the owner's */
    int32_t broker_id;
    int failures;   /* before this connection */
    char label[96]; /* "host:port (id: 1)" for texts */
    enum wire_conn_state state;
    int users; /* the stream and SASL steps; the last one frees */
    struct wire_stream *stream;

    int64_t setup_deadline_ms;
    int64_t last_used_ms;
    int64_t throttled_until_ms;

    struct wire_sasl *sasl;
    void (*authenticate)(struct wire_conn *conn); /* begins a login */
    bool sasl_done;                               /* our side has nothing more to say */
    int64_t session_lifetime_ms;
    int64_t reauthenticate_at_ms; /* 0: never */

    struct wire_version_range versions[KC_API_KEYS];
    int16_t transaction_version; /* -1: not told */
    struct wire_pending *waiting;
    struct wire_pending *in_flight;
    int in_flight_count;
};

/* conn.c */
void wire_conn_submit(struct wire_conn *conn, struct wire_pending *pending); /* takes */
void wire_conn_move(struct wire_conn *conn, enum wire_conn_state state);
void wire_conn_release(struct wire_conn *conn); /* one user less */
bool wire_conn_pick_version(const struct wire_conn *conn, const struct kc_wire_request *request,
                            int16_t *version);
/* Writes the request, whatever the state. */
void wire_conn_transmit(struct wire_conn *conn, struct wire_pending *pending, int16_t version);
/* Whether a frame of so many bytes is taken as the next answer. */
struct kc_error *wire_conn_begins(struct wire_conn *conn, size_t size) KC_MUST_CHECK;
/* Takes frame, whose memory is of cap bytes. */
void wire_conn_frame(struct wire_conn *conn, uint8_t *frame, size_t cap, size_t len);

#endif
