/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream of frames to one peer: socket, TLS and frames, connected or accepted, without a
 * protocol. Client connections stand on it (conn.c), and so does the server side of the protocol.
 *
 * It lives on its owner's libuv loop, and all calls are for that loop's thread. Callbacks come from
 * the loop, never from within a call of the owner's. A stream ends by itself (an error, the peer)
 * or because its owner ends it; either way `closed` is the last callback, exactly once, and the
 * stream is gone with it.
 */
#ifndef WORKER_WIRE_STREAM_H
#define WORKER_WIRE_STREAM_H

#include "security/tls.h"
#include "wire/frames.h"

#include <uv.h>

struct wire_stream;

struct wire_stream_events {
    /* TCP is up, and TLS where wanted: frames may be sent. */
    void (*opened)(void *arg);
    /* A frame of so many bytes begins. False: it isn't taken, and the stream ends before any of it
     * is kept; the owner knows why. Optional: without it, frame_max is the limit. */
    bool (*begins)(void *arg, size_t size);
    /* A frame of so many bytes begins, which are more than a part's (256 KB). True: it comes part
     * by part as it arrives, by the next callback. Optional: all frames come whole. */
    bool (*in_parts)(void *arg, size_t size);
    /* A part of a frame; left: bytes of the frame behind it. It is the callback's, as a frame. */
    void (*part)(void *arg, uint8_t *part, size_t cap, size_t len, size_t left);
    /* So many bytes have passed, see wire_stream_let_pass(). full: the other stream's `drained`
     * follows, and nothing should be read until then. */
    void (*passed)(void *arg, size_t len, bool full);
    /* A complete frame, without its length. It is the callback's: wire_frame_free(frame, cap). */
    void (*frame)(void *arg, uint8_t *frame, size_t cap, size_t len);
    /* After wire_stream_send() has returned false: the queue has shrunk to low_water. Optional. */
    void (*drained)(void *arg);
    /* err says why it ended and is the callback's; NULL: the owner ended it. */
    void (*closed)(void *arg, struct kc_error *err);
};

/* The buffer for bytes read from sockets, before they are frames, and a pipe for those that pass
 * unseen; all streams of a loop share it. Zero-initialise. */
struct wire_stream_staging {
    char bytes[65536];
    enum { WIRE_PIPE_NONE, WIRE_PIPE_OPEN, WIRE_PIPE_REFUSED } piping;
    int pipe[2];
};

/* After the last stream. */
void wire_stream_staging_close(struct wire_stream_staging *staging);

/* Pointers are borrowed and must outlive the stream, except label and the content of events. */
struct wire_stream_options {
    uv_loop_t *loop;
    const struct wire_stream_events *events;
    void *arg;
    const char *label;            /* the peer, for texts: "broker:9092 (id: 1)"; copied */
    struct wire_tls_context *tls; /* of the stream's side; NULL: plain */
    struct wire_stream_staging *staging;
    size_t frame_max;    /* bytes that a frame may have, if there is no `begins` */
    size_t high_water;   /* bytes queued beyond which wire_stream_send() returns false; 0: never */
    size_t low_water;    /* see `drained` */
    int send_buffer;     /* SO_SNDBUF; 0: the kernel's */
    int receive_buffer;  /* SO_RCVBUF */
    int user_timeout_ms; /* TCP_USER_TIMEOUT */
    bool canonical;      /* the peer's canonical name is the one that TLS checks */
};

/* Resolves host and tries its addresses one after the other. There is no time limit: the owner has
 * one, and closes. */
struct wire_stream *wire_stream_connect(const struct wire_stream_options *options, const char *host,
                                        int port);
/* Makes a stream of a connected socket, which the stream owns from now on, also after an error. TLS
 * is the server's side. */
struct wire_stream *wire_stream_accept(const struct wire_stream_options *options, int fd);

/* Sends the pieces in order; the caller has put the frame's length into them. Without release,
 * bytes that the socket doesn't take at once are copied. With it, nothing is copied: the bytes stay
 * where they are, and release(arg) runs once when they aren't needed any more (sent, encrypted, or
 * the stream has ended). That may be within this call. Call it after `opened`. Bytes sent while the
 * stream is ending are dropped. False: more than high_water is queued. */
bool wire_stream_send(struct wire_stream *stream, const uv_buf_t *pieces, unsigned int count,
                      void (*release)(void *arg), void *arg);
/* Bytes that the kernel hasn't taken yet. */
size_t wire_stream_queued(const struct wire_stream *stream);

/* No frame or part is handed over between pause and resume, and the peer is slowed down by TCP. */
void wire_stream_pause(struct wire_stream *stream);
void wire_stream_resume(struct wire_stream *stream);

/* Within `part`: the next len bytes of the frame, fewer than are left, go to `to` as they are, and
 * `passed` tells of them. It is a wish: where a side has TLS, or the bytes are few, they come as
 * parts. It holds until the next `part`. Both streams are of one loop and have one owner, who ends
 * this one when `to` has closed. */
void wire_stream_let_pass(struct wire_stream *stream, struct wire_stream *to, size_t len);

/* The peer is known to be one of ours: large frames get their memory at once. */
void wire_stream_trust(struct wire_stream *stream);

/* Ends gracefully: sends the queue, tells the peer that nothing follows, drops further input, and
 * waits for the peer to end as well. The owner's patience is the limit: wire_stream_close(). */
void wire_stream_finish(struct wire_stream *stream);
/* Ends at once. */
void wire_stream_close(struct wire_stream *stream);
/* The same; the peer is told that the connection is broken, not that it has ended. */
void wire_stream_reset(struct wire_stream *stream);

/* Its present activity, for texts: "connecting", "the TLS handshake". Static storage. */
const char *wire_stream_doing(const struct wire_stream *stream);
/* The peer's name, as connected to; NULL where accepted. */
const char *wire_stream_host(const struct wire_stream *stream);
/* The host name that an accepted peer asked for (TLS's SNI); NULL: none. After `opened`. */
const char *wire_stream_server_name(const struct wire_stream *stream);
/* The distinguished name of the peer's certificate, see wire_tls_peer_name(). After `opened`. */
char *wire_stream_peer_name(const struct wire_stream *stream);

#endif
