/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream's states and its life. See stream.h.
 *
 * A stream first closes its handles, whatever ends it. `closed` is called when the last one has
 * closed, so it never runs within a call of the owner's, and no handle is left that could call
 * back.
 */
#include "wire/stream_priv.h"

#include <assert.h>
#include <stdlib.h>

static const char *const doing[] = {
    [STREAM_RESOLVING] = "resolving its name",  [STREAM_CONNECTING] = "connecting",
    [STREAM_HANDSHAKE] = "the TLS handshake",   [STREAM_OPEN] = "open",
    [STREAM_FINISHING] = "waiting for its end", [STREAM_CLOSED] = "closed",
};

#define MOVE(state) (1u << (state))
static const unsigned int moves[] = {
    [STREAM_RESOLVING] = MOVE(STREAM_CONNECTING) | MOVE(STREAM_CLOSED),
    [STREAM_CONNECTING] = MOVE(STREAM_HANDSHAKE) | MOVE(STREAM_OPEN) | MOVE(STREAM_CLOSED),
    [STREAM_HANDSHAKE] = MOVE(STREAM_OPEN) | MOVE(STREAM_CLOSED),
    [STREAM_OPEN] = MOVE(STREAM_FINISHING) | MOVE(STREAM_CLOSED),
    [STREAM_FINISHING] = MOVE(STREAM_CLOSED),
    [STREAM_CLOSED] = 0,
};

void wire_stream_move(struct wire_stream *stream, enum wire_stream_state state)
{
    assert(moves[stream->state] & MOVE(state));
    stream->state = state;
}

struct wire_stream *wire_stream_new(const struct wire_stream_options *options)
{
    struct wire_stream *stream = kc_calloc(1, sizeof(*stream));

    stream->options = *options;
    stream->options.label = kc_strdup(options->label);
    stream->wake_at = 1;
    stream->handles = 1;
    uv_timer_init(options->loop, &stream->soon);
    stream->soon.data = stream;
    return stream;
}

void wire_stream_release(struct wire_stream *stream)
{
    if (--stream->handles > 0)
        return;
    const struct wire_stream_options options = stream->options;
    struct kc_error *err = stream->err;
    wire_tls_destroy(stream->tls);
    wire_frame_reader_destroy(&stream->reader);
    kc_str_destroy(&stream->rest);
    if (stream->addresses)
        uv_freeaddrinfo(stream->addresses);
    free(stream->host);
    free((char *)options.label);
    free(stream);
    options.events->closed(options.arg, err);
}

void wire_stream_handle_closed(uv_handle_t *handle)
{
    wire_stream_release(handle->data);
}

void wire_stream_close(struct wire_stream *stream)
{
    if (stream->state == STREAM_CLOSED)
        return;
    wire_stream_move(stream, STREAM_CLOSED);
    uv_close((uv_handle_t *)&stream->soon, wire_stream_handle_closed);
    if (!stream->tcp_open)
        return;
    stream->tcp_open = false;
    uv_close((uv_handle_t *)&stream->tcp, wire_stream_handle_closed);
}

void wire_stream_reset(struct wire_stream *stream)
{
    const bool open = stream->state == STREAM_OPEN && stream->tcp_open;

    if (open && uv_tcp_close_reset(&stream->tcp, wire_stream_handle_closed) == 0)
        stream->tcp_open = false;
    wire_stream_close(stream);
}

void wire_stream_fail(struct wire_stream *stream, struct kc_error *err)
{
    if (stream->state == STREAM_CLOSED) {
        kc_error_destroy(err);
        return;
    }
    stream->err = err;
    wire_stream_close(stream);
}

struct kc_error *wire_stream_error(const struct wire_stream *stream, const char *what, int code)
{
    return kc_error_retriable_new(KC_ERR_IO, "%s %s: %s", what, stream->options.label,
                                  uv_strerror(code));
}

size_t wire_stream_queued(const struct wire_stream *stream)
{
    return stream->tcp_open ? uv_stream_get_write_queue_size((const uv_stream_t *)&stream->tcp) : 0;
}

void wire_stream_trust(struct wire_stream *stream)
{
    stream->trusted = true;
}

const char *wire_stream_doing(const struct wire_stream *stream)
{
    return doing[stream->state];
}

const char *wire_stream_host(const struct wire_stream *stream)
{
    return stream->host;
}

const char *wire_stream_server_name(const struct wire_stream *stream)
{
    return stream->tls ? wire_tls_server_name(stream->tls) : NULL;
}

char *wire_stream_peer_name(const struct wire_stream *stream)
{
    return stream->tls ? wire_tls_peer_name(stream->tls) : NULL;
}
