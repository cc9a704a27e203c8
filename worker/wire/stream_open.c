/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a stream gets its socket: it resolves a name and tries its addresses one after the other, or
 * takes an accepted socket. See stream.h. Loop thread.
 */
#include "wire/stream_priv.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void set_options(struct wire_stream *stream)
{
    int send = stream->options.send_buffer;
    int receive = stream->options.receive_buffer;
    const int user_timeout = stream->options.user_timeout_ms;
    uv_os_fd_t fd;

    uv_tcp_nodelay(&stream->tcp, 1);
    uv_tcp_keepalive(&stream->tcp, 1, 60);
    if (send > 0)
        uv_send_buffer_size((uv_handle_t *)&stream->tcp, &send);
    if (receive > 0)
        uv_recv_buffer_size((uv_handle_t *)&stream->tcp, &receive);
    if (user_timeout > 0 && uv_fileno((uv_handle_t *)&stream->tcp, &fd) == 0)
        setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout, sizeof(user_timeout));
}

static void own_socket(struct wire_stream *stream)
{
    stream->tcp.data = stream;
    stream->tcp_open = true;
    stream->handles++;
}

/* ---- Connecting ---- */

static void connect_next(struct wire_stream *stream, int last_code);

static void on_connect(uv_connect_t *req, int status)
{
    struct wire_stream *stream = req->data;

    if (stream->state == STREAM_CONNECTING && status != 0)
        connect_next(stream, status);
    else if (stream->state == STREAM_CONNECTING)
        wire_stream_begin(stream);
    wire_stream_release(stream);
}

static int connect_to(struct wire_stream *stream, const struct addrinfo *address)
{
    int code = uv_tcp_init_ex(stream->options.loop, &stream->tcp, (unsigned int)address->ai_family);

    if (code != 0)
        return code;
    own_socket(stream);
    set_options(stream);
    stream->connect.data = stream;
    code = uv_tcp_connect(&stream->connect, &stream->tcp, address->ai_addr, on_connect);
    if (code == 0)
        stream->handles++;
    return code;
}

/* A socket whose connect failed has closed; its handle is used again for the next address. */
static void on_retry_closed(uv_handle_t *handle)
{
    struct wire_stream *stream = handle->data;

    if (stream->state != STREAM_CLOSED)
        connect_next(stream, stream->connect_code);
    wire_stream_release(stream);
}

static void connect_next(struct wire_stream *stream, int last_code)
{
    const struct addrinfo *address = stream->next_address;

    if (address && !stream->tcp_open) {
        stream->next_address = address->ai_next;
        last_code = connect_to(stream, address);
        if (last_code == 0)
            return;
    }
    if (!address || !stream->tcp_open) {
        wire_stream_fail(stream, wire_stream_error(stream, "connecting to", last_code));
        return;
    }
    stream->tcp_open = false;
    stream->connect_code = last_code;
    uv_close((uv_handle_t *)&stream->tcp, on_retry_closed);
}

static void use_canonical_name(struct wire_stream *stream)
{
    if (!stream->options.canonical || !stream->addresses->ai_canonname)
        return;
    free(stream->host);
    stream->host = kc_strdup(stream->addresses->ai_canonname);
}

static void on_resolved(uv_getaddrinfo_t *req, int status, struct addrinfo *addresses)
{
    struct wire_stream *stream = req->data;

    stream->addresses = addresses;
    if (stream->state == STREAM_RESOLVING && status != 0) {
        wire_stream_fail(stream,
                         kc_error_retriable_new(KC_ERR_IO, "can't resolve the host name %s: %s",
                                                stream->host, uv_strerror(status)));
    } else if (stream->state == STREAM_RESOLVING) {
        use_canonical_name(stream);
        stream->next_address = addresses;
        wire_stream_move(stream, STREAM_CONNECTING);
        connect_next(stream, UV_EADDRNOTAVAIL);
    }
    wire_stream_release(stream);
}

struct wire_stream *wire_stream_connect(const struct wire_stream_options *options, const char *host,
                                        int port)
{
    struct wire_stream *stream = wire_stream_new(options);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_protocol = IPPROTO_TCP};
    char service[12];

    stream->host = kc_strdup(host);
    if (options->canonical)
        hints.ai_flags = AI_CANONNAME;
    snprintf(service, sizeof(service), "%d", port);
    stream->resolve.data = stream;
    int code = uv_getaddrinfo(options->loop, &stream->resolve, on_resolved, host, service, &hints);
    if (code == 0)
        stream->handles++;
    else
        wire_stream_fail(stream, wire_stream_error(stream, "resolving the name of", code));
    return stream;
}

/* ---- Accepting ---- */

static void on_accepted(uv_timer_t *soon)
{
    wire_stream_begin(soon->data);
}

struct wire_stream *wire_stream_accept(const struct wire_stream_options *options, int fd)
{
    struct wire_stream *stream = wire_stream_new(options);

    wire_stream_move(stream, STREAM_CONNECTING);
    int code = uv_tcp_init(options->loop, &stream->tcp);
    if (code == 0) {
        own_socket(stream);
        code = uv_tcp_open(&stream->tcp, fd);
    }
    if (code != 0) {
        close(fd);
        wire_stream_fail(stream, wire_stream_error(stream, "taking the connection of", code));
        return stream;
    }
    set_options(stream);
    uv_timer_start(&stream->soon, on_accepted, 0, 0);
    return stream;
}
