/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared by the parts of a stream: stream.c (its states and its life), stream_io.c (bytes in and
 * out, TLS), stream_pass.c (bytes that pass unseen), stream_open.c (connecting and accepting). Loop
 * thread.
 */
#ifndef WORKER_WIRE_STREAM_PRIV_H
#define WORKER_WIRE_STREAM_PRIV_H

#include "wire/frame_reader_priv.h"
#include "wire/stream.h"

enum wire_stream_state {
    STREAM_RESOLVING,
    STREAM_CONNECTING,
    STREAM_HANDSHAKE, /* of TLS */
    STREAM_OPEN,
    STREAM_FINISHING, /* our side has ended, the peer's hasn't */
    STREAM_CLOSED,    /* its handles close */
};

struct wire_stream {
    struct wire_stream_options options; /* label is our copy */
    enum wire_stream_state state;
    int handles;          /* open uv handles and requests; the last one frees */
    struct kc_error *err; /* why it is CLOSED */

    uv_tcp_t tcp;
    bool tcp_open;   /* the handle is initialised, and not closing */
    uv_timer_t soon; /* for what mustn't happen within a call of the owner's */
    bool full;       /* `drained` is owed */

    char *host;       /* NULL: accepted */
    int connect_code; /* why the last address failed */
    uv_getaddrinfo_t resolve;
    struct addrinfo *addresses;
    struct addrinfo *next_address;
    uv_connect_t connect;

    struct wire_tls *tls; /* NULL: plain, or not begun */
    struct wire_frame_reader reader;
    struct kc_str rest; /* plaintext behind a pause */
    bool paused;
    bool trusted;
    int wake_at; /* SO_RCVLOWAT */

    struct wire_stream *pass_to; /* where the next bytes of the frame go unseen */
    size_t passing;              /* so many; 0: none */

    uv_shutdown_t shutdown;
    bool shut;       /* our end is sent */
    bool peer_ended; /* and the peer's is here */
};

/* stream.c */
struct wire_stream *wire_stream_new(const struct wire_stream_options *options);
void wire_stream_move(struct wire_stream *stream, enum wire_stream_state state);
/* Ends the stream, which says so later; takes err. Nothing when it is ending already. */
void wire_stream_fail(struct wire_stream *stream, struct kc_error *err);
struct kc_error *wire_stream_error(const struct wire_stream *stream, const char *doing, int code);
void wire_stream_release(struct wire_stream *stream); /* one handle less */
void wire_stream_handle_closed(uv_handle_t *handle);  /* the same, of a handle's data */

/* stream_pass.c */
/* Whether what comes next passes unseen. */
bool wire_stream_passes(const struct wire_stream *stream);
/* Passes on what there is. libuv's code: the stream has ended; 0: it goes on. */
int wire_stream_pass(struct wire_stream *stream);

/* stream_io.c */
void wire_stream_begin(struct wire_stream *stream); /* the socket is connected */

#endif
