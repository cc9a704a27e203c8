/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection's socket: names to addresses, connecting to one after the other, frames in, bytes
 * out, through TLS where wanted. See conn_priv.h.
 *
 * A frame's memory grows with what has arrived, so a length from someone who isn't a broker costs
 * nothing; large frames are read straight to where they stay. Loop thread.
 */
#include "wire/conn_priv.h"

#include "wire/frames.h"
#include "wire/security_priv.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define FRAME_MAX     (128 * 1024 * 1024) /* where the request says nothing of its answer */
#define FRAME_SETUP   (1024 * 1024)       /* before the broker has shown that it is one */
#define FRAME_FIRST   (64 * 1024)         /* allocated before anything has arrived */
#define FRAME_TRUSTED (16 * 1024 * 1024)  /* the same, from a broker that we know to be one */
#define LOW_WATER     (1024 * 1024)       /* bytes of a large frame that are worth waking up for */

static struct kc_logger log = KC_LOGGER("org.isthmus.wire.connection");

static struct kc_error *io_error(const struct wire_conn *conn, const char *doing, int code)
{
    return kc_error_retriable_new(KC_ERR_IO, "%s %s: %s", doing, conn->label, uv_strerror(code));
}

/* ---- Frames ---- */

/* What the next answer may have, by what was asked for. */
static size_t frame_max(const struct wire_conn *conn)
{
    if (conn->state < CONN_READY)
        return FRAME_SETUP;
    return conn->in_flight && conn->in_flight->reply_max ? conn->in_flight->reply_max : FRAME_MAX;
}

static struct kc_error *frame_error(const struct wire_conn *conn, uint32_t size)
{
    const struct wire_pending *pending = conn->in_flight;

    if (conn->state < CONN_READY || size < 4 || size > INT32_MAX || !pending)
        return kc_error_retriable_new(KC_ERR_IO,
                                      "%s sent a frame of %u bytes: is it a Kafka broker, and "
                                      "does security.protocol fit its listener?",
                                      conn->label, size);
    return kc_error_retriable_new(KC_ERR_IO,
                                  "%s began an answer of %u bytes to a %s request, for which at "
                                  "most %zu are taken%s",
                                  conn->label, size, kc_api_name(pending->api), frame_max(conn),
                                  pending->api == KC_API_FETCH
                                      ? ". If its topics hold batches as large as that, raise "
                                        "fetch.max.bytes of this consumer"
                                      : "");
}

/* Closes the connection, whose request fails and may be tried again. */
static bool frame_too_large(struct wire_conn *conn, size_t size)
{
    const struct wire_pending *pending = conn->in_flight;

    wire_conn_close(conn, kc_error_memory(size, "%s answers a %s request", conn->label,
                                          pending ? kc_api_name(pending->api) : "first"));
    return false;
}

static bool frame_begin(struct wire_conn *conn)
{
    uint32_t size = (uint32_t)conn->head[0] << 24 | (uint32_t)conn->head[1] << 16 |
                    (uint32_t)conn->head[2] << 8 | conn->head[3];
    size_t first;

    if (size < 4 || size > frame_max(conn)) {
        wire_conn_close(conn, frame_error(conn, size));
        return false;
    }
    first = conn->state == CONN_READY ? FRAME_TRUSTED : FRAME_FIRST;
    conn->frame_size = size;
    conn->frame_len = 0;
    conn->frame = wire_frame_new(size < first ? size : first, &conn->frame_cap);
    return conn->frame || frame_too_large(conn, size);
}

/* The kernel wakes us when so much of the frame is there, not for each segment. */
static void set_low_water(struct wire_conn *conn)
{
    size_t left = conn->frame ? conn->frame_size - conn->frame_len : 0;
    int want = left >= LOW_WATER ? LOW_WATER : left > FRAME_FIRST ? (int)left : 1;
    uv_os_fd_t fd;

    if (conn->tls || want == conn->low_water || uv_fileno((uv_handle_t *)&conn->tcp, &fd) != 0)
        return;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &want, sizeof want) == 0)
        conn->low_water = want;
}

static bool frame_grow(struct wire_conn *conn)
{
    size_t cap = conn->frame_cap * 4 < conn->frame_size ? conn->frame_cap * 4 : conn->frame_size;
    uint8_t *larger = wire_frame_new(cap, &cap);

    if (!larger)
        return false;
    memcpy(larger, conn->frame, conn->frame_len);
    wire_frame_free(conn->frame, conn->frame_cap);
    conn->frame = larger;
    conn->frame_cap = cap;
    return true;
}

/* Room for more of the frame; 0: there is no memory for it. */
static size_t frame_room(struct wire_conn *conn, uint8_t **to)
{
    if (conn->frame_len == conn->frame_cap && conn->frame_cap < conn->frame_size &&
        !frame_grow(conn))
        return 0;
    *to = conn->frame + conn->frame_len;
    return (conn->frame_cap < conn->frame_size ? conn->frame_cap : conn->frame_size) -
           conn->frame_len;
}

/* Hands over a complete frame. False: the connection is closed. */
static bool frame_advance(struct wire_conn *conn, size_t len)
{
    uint8_t *frame = conn->frame;
    size_t cap = conn->frame_cap;

    conn->frame_len += len;
    if (conn->frame_len < conn->frame_size)
        return true;
    conn->frame = NULL;
    conn->head_len = 0;
    wire_conn_frame(conn, frame, cap, conn->frame_size);
    return conn->state != CONN_CLOSED;
}

/* Takes plaintext. */
static bool feed(struct wire_conn *conn, const uint8_t *data, size_t len)
{
    while (len > 0) {
        size_t part;
        uint8_t *to;

        if (conn->head_len < sizeof conn->head) {
            part = sizeof conn->head - conn->head_len;
            part = part < len ? part : len;
            memcpy(conn->head + conn->head_len, data, part);
            conn->head_len += part;
            data += part;
            len -= part;
            if (conn->head_len == sizeof conn->head && !frame_begin(conn))
                return false;
            continue;
        }
        part = frame_room(conn, &to);
        if (part == 0)
            return frame_too_large(conn, conn->frame_size);
        part = part < len ? part : len;
        memcpy(to, data, part);
        data += part;
        len -= part;
        if (!frame_advance(conn, part))
            return false;
    }
    return true;
}

/* ---- Writing ---- */

struct write {
    uv_write_t uv;
    struct kc_wire_out out;
};

static void on_written(uv_write_t *uv, int status)
{
    struct write *write = (struct write *)uv;
    struct wire_conn *conn = uv->data;

    kc_wire_out_destroy(&write->out);
    free(write);
    if (status < 0 && status != UV_ECANCELED && conn->state != CONN_CLOSED)
        wire_conn_close(conn, io_error(conn, "writing to", status));
    wire_conn_release(conn);
}

/* The pieces of out in order: bytes up to a reference, the reference, and so on. */
static unsigned int gather(const struct kc_wire_out *out, uv_buf_t *bufs)
{
    unsigned int count = 0;
    size_t at = 0;

    for (size_t i = 0; i < out->ref_count; i++) {
        const struct kc_wire_ref *ref = &out->refs[i];

        if (ref->at > at)
            bufs[count++] = uv_buf_init(out->bytes.data + at, (unsigned int)(ref->at - at));
        at = ref->at;
        bufs[count++] = uv_buf_init((char *)ref->data, (unsigned int)ref->len);
    }
    if (out->bytes.len > at)
        bufs[count++] = uv_buf_init(out->bytes.data + at, (unsigned int)(out->bytes.len - at));
    return count;
}

/* Writes what the socket takes at once, and leaves the rest in bufs. False: that was all of it. */
static bool write_now(struct wire_conn *conn, uv_buf_t **bufs, unsigned int *count)
{
    int written = uv_try_write((uv_stream_t *)&conn->tcp, *bufs, *count);
    size_t left = written > 0 ? (size_t)written : 0;

    for (; *count && left >= (*bufs)->len; (*bufs)++, (*count)--)
        left -= (*bufs)->len;
    if (!*count)
        return false;
    (*bufs)->base += left;
    (*bufs)->len -= left;
    return true;
}

/* Takes what out holds. A request is rarely more than the socket takes at once; only the rest costs
 * a turn of the loop. */
static bool send_bufs(struct wire_conn *conn, struct kc_wire_out *out, uv_buf_t *bufs,
                      unsigned int count)
{
    struct write *write;
    int code;

    if (!write_now(conn, &bufs, &count)) {
        kc_wire_out_destroy(out);
        return true;
    }
    write = kc_calloc(1, sizeof *write);
    write->out = *out;
    write->uv.data = conn;
    conn->handles++;
    code = uv_write(&write->uv, (uv_stream_t *)&conn->tcp, bufs, count, on_written);
    if (code == 0)
        return true;
    kc_wire_out_destroy(&write->out);
    free(write);
    wire_conn_close(conn, io_error(conn, "writing to", code));
    wire_conn_release(conn);
    return false;
}

/* Sends the ciphertext that there is. */
static bool flush_tls(struct wire_conn *conn)
{
    struct kc_wire_out out = {0};
    uv_buf_t buf;

    wire_tls_drain(conn->tls, &out.bytes);
    if (!out.bytes.len) {
        kc_wire_out_destroy(&out);
        return true;
    }
    buf = uv_buf_init(out.bytes.data, (unsigned int)out.bytes.len);
    return send_bufs(conn, &out, &buf, 1);
}

static bool encrypt(struct wire_conn *conn, const uv_buf_t *bufs, unsigned int count)
{
    struct kc_error *err = NULL;

    for (unsigned int i = 0; i < count && !err; i++)
        err = wire_tls_write(conn->tls, bufs[i].base, bufs[i].len);
    if (err) {
        wire_conn_close(conn, kc_error_prefix(err, "%s", conn->label));
        return false;
    }
    return flush_tls(conn);
}

bool wire_conn_write(struct wire_conn *conn, struct kc_wire_out *out)
{
    uv_buf_t *bufs = kc_calloc(2 * out->ref_count + 1, sizeof *bufs);
    unsigned int count = gather(out, bufs);
    bool sent;

    if (conn->tls) {
        sent = encrypt(conn, bufs, count);
        kc_wire_out_destroy(out);
    } else {
        sent = send_bufs(conn, out, bufs, count);
        *out = (struct kc_wire_out){0};
    }
    free(bufs);
    return sent;
}

/* ---- Reading ---- */

#define DIRECT_FROM 16384 /* room in a frame from which on we read into it */

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct wire_conn *conn = handle->data;
    uint8_t *to;
    size_t room;

    *buf = uv_buf_init(conn->client->staging, sizeof conn->client->staging);
    if (conn->tls || !conn->frame)
        return;
    room = frame_room(conn, &to);
    if (room >= DIRECT_FROM)
        *buf = uv_buf_init((char *)to, (unsigned int)room);
}

static void read_plaintext(struct wire_conn *conn)
{
    uint8_t buffer[16384];
    struct kc_error *err = NULL;
    long len;

    while ((len = wire_tls_read(conn->tls, buffer, sizeof buffer, &err)) > 0) {
        if (!feed(conn, buffer, (size_t)len))
            return;
    }
    if (len < 0)
        wire_conn_close(conn, kc_error_prefix(err, "%s", conn->label));
    else
        flush_tls(conn);
}

static void handshake(struct wire_conn *conn)
{
    bool done = false;
    struct kc_error *err = wire_tls_handshake(conn->tls, &done);

    /* What there is to send goes out even on failure: the alert tells the broker why. */
    if (!flush_tls(conn)) {
        kc_error_destroy(err);
        return;
    }
    if (err)
        wire_conn_close(conn, kc_error_prefix(err, "TLS with %s", conn->label));
    else if (done)
        wire_conn_connected(conn);
    if (!err && done && conn->state != CONN_CLOSED)
        read_plaintext(conn);
}

static void receive_tls(struct wire_conn *conn, const char *data, size_t len)
{
    wire_tls_receive(conn->tls, data, len);
    if (conn->state == CONN_TLS)
        handshake(conn);
    else
        read_plaintext(conn);
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
    struct wire_conn *conn = stream->data;

    if (conn->state == CONN_CLOSED || len == 0)
        return;
    if (len < 0) {
        const char *hint = "";

        if (len == UV_EOF && conn->state == (conn->tls ? CONN_TLS : CONN_VERSIONS))
            hint = ": does security.protocol fit its listener?";
        wire_conn_close(conn, kc_error_retriable_new(KC_ERR_IO, "%s closed the connection (%s)%s",
                                                     conn->label, uv_strerror((int)len), hint));
    } else if (conn->tls) {
        receive_tls(conn, buf->base, (size_t)len);
    } else if (buf->base == conn->client->staging) {
        if (feed(conn, (const uint8_t *)buf->base, (size_t)len))
            set_low_water(conn);
    } else if (frame_advance(conn, (size_t)len)) {
        set_low_water(conn);
    }
}

/* ---- Connecting ---- */

static void connect_next(struct wire_conn *conn, int last_code);

static void start_tls(struct wire_conn *conn)
{
    struct kc_error *err = wire_tls_new(conn->client->security->tls, conn->host, &conn->tls);

    if (err) {
        wire_conn_close(conn, err);
        return;
    }
    wire_conn_move(conn, CONN_TLS);
    handshake(conn);
}

static void on_connect(uv_connect_t *req, int status)
{
    struct wire_conn *conn = req->data;

    if (conn->state == CONN_CLOSED) {
        wire_conn_release(conn);
        return;
    }
    if (status != 0) {
        connect_next(conn, status);
    } else {
        uv_read_start((uv_stream_t *)&conn->tcp, on_alloc, on_read);
        if (conn->client->settings->use_tls)
            start_tls(conn);
        else
            wire_conn_connected(conn);
    }
    wire_conn_release(conn);
}

static void on_tcp_closed(uv_handle_t *handle)
{
    struct wire_conn *conn = handle->data;

    wire_conn_release(conn);
}

static void set_options(struct wire_conn *conn)
{
    int send = conn->client->settings->send_buffer,
        receive = conn->client->settings->receive_buffer;

    uv_tcp_nodelay(&conn->tcp, 1);
    uv_tcp_keepalive(&conn->tcp, 1, 60);
    if (send > 0)
        uv_send_buffer_size((uv_handle_t *)&conn->tcp, &send);
    if (receive > 0)
        uv_recv_buffer_size((uv_handle_t *)&conn->tcp, &receive);
}

static int connect_to(struct wire_conn *conn, const struct addrinfo *address)
{
    int code = uv_tcp_init_ex(&conn->client->loop, &conn->tcp, (unsigned int)address->ai_family);

    conn->tcp.data = conn;
    if (code != 0)
        return code;
    conn->tcp_open = true;
    conn->handles++;
    set_options(conn);
    conn->connect.data = conn;
    code = uv_tcp_connect(&conn->connect, &conn->tcp, address->ai_addr, on_connect);
    if (code == 0)
        conn->handles++;
    return code;
}

/* A socket whose connect failed has closed: its handle may serve for the next address. */
static void on_retry_closed(uv_handle_t *handle)
{
    struct wire_conn *conn = handle->data;

    if (conn->state != CONN_CLOSED)
        connect_next(conn, conn->connect_code);
    wire_conn_release(conn);
}

static void connect_next(struct wire_conn *conn, int last_code)
{
    const struct addrinfo *address = conn->next_address;

    if (!address) {
        wire_conn_close(conn, io_error(conn, "connecting to", last_code));
        return;
    }
    if (!conn->tcp_open) {
        conn->next_address = address->ai_next;
        last_code = connect_to(conn, address);
        if (last_code == 0)
            return;
    }
    if (!conn->tcp_open) {
        wire_conn_close(conn, io_error(conn, "connecting to", last_code));
        return;
    }
    conn->tcp_open = false;
    conn->connect_code = last_code;
    uv_close((uv_handle_t *)&conn->tcp, on_retry_closed);
}

static void use_canonical_name(struct wire_conn *conn)
{
    if (!conn->client->settings->resolve_canonical || !conn->node || conn->node->id >= 0 ||
        !conn->addresses->ai_canonname)
        return;
    free(conn->host);
    conn->host = kc_strdup(conn->addresses->ai_canonname);
}

static void on_resolved(uv_getaddrinfo_t *req, int status, struct addrinfo *addresses)
{
    struct wire_conn *conn = req->data;

    conn->addresses = addresses;
    if (conn->state == CONN_CLOSED) {
        wire_conn_release(conn);
        return;
    }
    if (status != 0) {
        wire_conn_close(conn,
                        kc_error_retriable_new(KC_ERR_IO, "can't resolve the host name %s: %s",
                                               conn->host, uv_strerror(status)));
    } else {
        use_canonical_name(conn);
        conn->next_address = addresses;
        wire_conn_move(conn, CONN_CONNECTING);
        connect_next(conn, UV_EADDRNOTAVAIL);
    }
    wire_conn_release(conn);
}

void wire_conn_resolve(struct wire_conn *conn)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_protocol = IPPROTO_TCP};
    char port[8];
    int code;

    if (conn->client->settings->resolve_canonical)
        hints.ai_flags = AI_CANONNAME;
    snprintf(port, sizeof port, "%d", conn->port);
    conn->resolve.data = conn;
    code =
        uv_getaddrinfo(&conn->client->loop, &conn->resolve, on_resolved, conn->host, port, &hints);
    if (code == 0)
        conn->handles++;
    else
        conn->setup_deadline_ms = 0; /* the next tick says that it took too long */
}

void wire_conn_destroy_io(struct wire_conn *conn)
{
    kc_trace("[%s] closing the socket to %s", conn->client->name, conn->label);
    if (!conn->tcp_open)
        return;
    conn->tcp_open = false;
    uv_close((uv_handle_t *)&conn->tcp, on_tcp_closed);
}
