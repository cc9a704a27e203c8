/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection to one broker: resolve, connect, TLS, ApiVersions, SASL, then requests in order.
 *
 * conn.c is the state machine and the queue, stream_io.c the socket and frames, conn_setup.c the
 * requests before READY. Loop thread only. A connection frees itself when its handles have closed.
 */
#ifndef WORKER_WIRE_CONN_PRIV_H
#define WORKER_WIRE_CONN_PRIV_H

#include "security/tls.h"
#include "wire/sasl.h"
#include "wire/wire_client_priv.h"

enum wire_conn_state {
    CONN_RESOLVING,
    CONN_CONNECTING,
    CONN_TLS,
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
    struct kc_wire_client *client;
    struct wire_node *node; /* NULL once closed */
    char *host;
    int port;
    char label[96]; /* "host:port (id: 1)" for texts */
    enum wire_conn_state state;
    int handles; /* open uv handles and work; the last one frees */

    uv_tcp_t tcp;
    bool tcp_open;
    int connect_code; /* why the last address failed */
    uv_getaddrinfo_t resolve;
    struct addrinfo *addresses;
    struct addrinfo *next_address;
    uv_connect_t connect;
    int64_t setup_deadline_ms;
    int64_t last_used_ms;
    int64_t throttled_until_ms;

    struct wire_tls *tls; /* NULL: plain */
    struct wire_sasl *sasl;
    bool sasl_done; /* our side has nothing more to say */
    int64_t session_lifetime_ms;
    int64_t reauthenticate_at_ms; /* 0: never */

    struct wire_version_range versions[KC_API_KEYS];
    struct wire_pending *waiting;
    struct wire_pending *in_flight;
    int in_flight_count;

    uint8_t head[4];
    size_t head_len;
    uint8_t *frame;
    size_t frame_size; /* as the head says */
    size_t frame_cap;  /* allocated so far */
    size_t frame_len;  /* filled */
    int low_water;     /* SO_RCVLOWAT */
};

/* conn.c */
void wire_conn_open(struct wire_node *node, const char *host, int port);
void wire_conn_submit(struct wire_conn *conn, struct wire_pending *pending); /* takes */
void wire_conn_close(struct wire_conn *conn, struct kc_error *err);          /* takes; NULL: idle */
void wire_conn_tick(struct wire_conn *conn, int64_t now);
void wire_conn_move(struct wire_conn *conn, enum wire_conn_state state);
void wire_conn_pump(struct wire_conn *conn);
void wire_conn_release(struct wire_conn *conn); /* one handle less */
bool wire_conn_pick_version(const struct wire_conn *conn, const struct kc_wire_request *request,
                            int16_t *version);
/* Writes the request, whatever the state. False: it was failed, or the connection closed. */
bool wire_conn_transmit(struct wire_conn *conn, struct wire_pending *pending, int16_t version);
/* Takes frame, whose memory is of cap bytes. */
void wire_conn_frame(struct wire_conn *conn, uint8_t *frame, size_t cap, size_t len);

/* stream_io.c */
void wire_conn_resolve(struct wire_conn *conn);
bool wire_conn_write(struct wire_conn *conn, struct kc_wire_out *out); /* takes what out holds */
void wire_conn_destroy_io(struct wire_conn *conn);

/* conn_setup.c */
void wire_conn_connected(struct wire_conn *conn); /* TCP, and TLS where wanted, are up */
void wire_conn_authenticate(struct wire_conn *conn);

#endif
