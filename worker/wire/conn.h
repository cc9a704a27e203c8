/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection to a broker, as its client: connect, TLS, ApiVersions, SASL, then requests in order.
 *
 * It stands on a stream (stream.h) and knows nothing of who owns it: the router of a wire client
 * has one for each node. All of it is for the loop's thread, and callbacks run there.
 */
#ifndef WORKER_WIRE_CONN_H
#define WORKER_WIRE_CONN_H

#include "wire/settings.h"
#include "wire/stream.h"
#include "wire/wire_request.h"

struct wire_conn;
struct kc_access;

/* The owner's callbacks, called with the arg of wire_conn_open(). */
struct wire_conn_events {
    /* Requests go out from now on; again after each renewal of the login (KIP-368). */
    void (*ready)(void *arg);
    /* The last callback, exactly once; the connection's requests fail behind it. err (borrowed)
     * says why it ended, NULL: it was idle. */
    void (*closed)(void *arg, const struct kc_error *err, bool was_ready);
};

/* Shared by all connections of one owner; it outlives them. Pointers are borrowed. */
struct wire_conn_shared {
    const char *name; /* the owner's, for the log */
    uv_loop_t *loop;
    const struct kc_wire_settings *settings;
    struct wire_tls_context *tls; /* NULL: plain */
    struct kc_access *access;
    const struct wire_conn_events *events;
    bool stopping; /* the reason why connections end is no longer reported */
    int32_t next_correlation;
    struct wire_stream_staging staging;
};

struct wire_conn_peer {
    const char *host;
    int port;
    int32_t broker_id; /* below 0: a bootstrap server */
};

/* failures: how many connections to the peer have failed in a row. They lengthen the time that
 * connecting may take, and the log has only the first as a warning. */
struct wire_conn *wire_conn_open(struct wire_conn_shared *shared, const struct wire_conn_peer *peer,
                                 int failures, void *arg);
/* Ends it now; takes err, NULL: it is idle. */
void wire_conn_close(struct wire_conn *conn, struct kc_error *err);
/* Does the due work: time-outs, renewing the login, closing when idle. To be called every 50 ms or
 * so. */
void wire_conn_tick(struct wire_conn *conn, int64_t now);

/* Takes request, which waits until the connection is ready; done fails at deadline_ms
 * (kc_mono_ms() units). */
void wire_conn_send(struct wire_conn *conn, struct kc_wire_request *request, int64_t deadline_ms,
                    kc_wire_done done, void *arg);

/* The cluster's feature level transaction.version (KIP-890); -1: it wasn't told. */
int16_t wire_conn_transaction_version(const struct wire_conn *conn);

#endif
