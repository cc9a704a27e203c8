/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of a stream: pieces out, frames in, through TLS where wanted. See stream.h.
 *
 * Bytes that the socket takes are written at once; the loop writes the rest. Large frames are read
 * straight to where they stay. Loop thread.
 */
#include "wire/stream_priv.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define FRAME_FIRST   (64 * 1024)        /* allocated before anything has arrived */
#define FRAME_TRUSTED (16 * 1024 * 1024) /* the same, from a peer that we know */
#define TLS_PART      (64 * 1024)        /* bytes that are encrypted before they are sent */
#define LOW_WATER     (1024 * 1024)      /* bytes of a large frame that are worth waking up for */
#define DIRECT_FROM   16384              /* room in a frame from which on we read into it */
#define PART          (256 * 1024) /* of a frame that comes in parts: a core's cache holds it */
#define FIRST_PART    (16 * 1024)  /* what follows may pass unseen */

/* ---- Sending ---- */

/* The bytes that the socket didn't take at once. */
struct stream_write {
    uv_write_t uv;
    struct wire_stream *stream;
    void (*release)(void *arg);
    void *arg;
};

static void tell_drained(struct wire_stream *stream)
{
    if (stream->state != STREAM_OPEN || !stream->full ||
        wire_stream_queued(stream) > stream->options.low_water)
        return;
    stream->full = false;
    if (stream->options.events->drained)
        stream->options.events->drained(stream->options.arg);
}

static void on_written(uv_write_t *uv, int status)
{
    struct stream_write *write = (struct stream_write *)uv;
    struct wire_stream *stream = write->stream;

    write->release(write->arg);
    free(write);
    if (status < 0 && status != UV_ECANCELED)
        wire_stream_fail(stream, wire_stream_error(stream, "writing to", status));
    else
        tell_drained(stream);
    wire_stream_release(stream);
}

/* The pieces behind the first `skip` bytes, which bufs has room for; how many. */
static unsigned int behind(const uv_buf_t *pieces, unsigned int count, size_t skip, uv_buf_t *bufs)
{
    unsigned int left = 0;

    for (unsigned int i = 0; i < count; i++) {
        const size_t part = skip < pieces[i].len ? skip : pieces[i].len;

        skip -= part;
        if (part < pieces[i].len)
            bufs[left++] = uv_buf_init(pieces[i].base + part, (unsigned int)(pieces[i].len - part));
    }
    return left;
}

/* One piece of memory with all bytes of bufs, in their place. */
static void *copy_bufs(uv_buf_t *bufs, unsigned int *count)
{
    struct kc_str copy = {0};

    for (unsigned int i = 0; i < *count; i++)
        kc_str_append_n(&copy, bufs[i].base, bufs[i].len);
    bufs[0] = uv_buf_init(copy.data, (unsigned int)copy.len);
    *count = 1;
    return copy.data;
}

/* Leaves what the socket didn't take to the loop. */
static void send_later(struct wire_stream *stream, uv_buf_t *bufs, unsigned int count,
                       void (*release)(void *arg), void *arg)
{
    struct stream_write *write = kc_calloc(1, sizeof(*write));

    if (!release) {
        arg = copy_bufs(bufs, &count);
        release = free;
    }
    write->stream = stream;
    write->release = release;
    write->arg = arg;
    stream->handles++;
    int code = uv_write(&write->uv, (uv_stream_t *)&stream->tcp, bufs, count, on_written);
    if (code == 0)
        return;
    release(arg);
    free(write);
    wire_stream_fail(stream, wire_stream_error(stream, "writing to", code));
    wire_stream_release(stream);
}

static void send_plain(struct wire_stream *stream, const uv_buf_t *pieces, unsigned int count,
                       void (*release)(void *arg), void *arg)
{
    const int written = uv_try_write((uv_stream_t *)&stream->tcp, pieces, count);
    uv_buf_t few[8];
    uv_buf_t *bufs = count <= sizeof(few) / sizeof(*few) ? few : kc_calloc(count, sizeof(*bufs));
    const unsigned int left = behind(pieces, count, written > 0 ? (size_t)written : 0, bufs);

    if (left)
        send_later(stream, bufs, left, release, arg);
    else if (release)
        release(arg);
    if (bufs != few)
        free(bufs);
}

/* Sends the ciphertext that there is. */
static void flush_tls(struct wire_stream *stream)
{
    struct kc_str out = {0};

    if (stream->state > STREAM_OPEN)
        return;
    wire_tls_drain(stream->tls, &out);
    uv_buf_t buf = uv_buf_init(out.data, (unsigned int)out.len);
    if (out.len)
        send_plain(stream, &buf, 1, free, out.data);
    else
        kc_str_destroy(&out);
}

/* Sends ciphertext as it grows, so that never much of it is kept. */
static struct kc_error *encrypt(struct wire_stream *stream, const char *data, size_t len)
{
    struct kc_error *err = NULL;

    while (len && !err && stream->state == STREAM_OPEN) {
        const size_t part = len < TLS_PART ? len : TLS_PART;

        err = wire_tls_write(stream->tls, data, part);
        data += part;
        len -= part;
        if (!err && wire_tls_pending(stream->tls) >= TLS_PART)
            flush_tls(stream);
    }
    return err;
}

static void send_encrypted(struct wire_stream *stream, const uv_buf_t *pieces, unsigned int count)
{
    struct kc_error *err = NULL;

    for (unsigned int i = 0; i < count && !err; i++)
        err = encrypt(stream, pieces[i].base, pieces[i].len);
    if (err)
        wire_stream_fail(stream, kc_error_prefix(err, "%s", stream->options.label));
    else
        flush_tls(stream);
}

bool wire_stream_send(struct wire_stream *stream, const uv_buf_t *pieces, unsigned int count,
                      void (*release)(void *arg), void *arg)
{
    assert(stream->state >= STREAM_OPEN);
    if (stream->state == STREAM_OPEN && !stream->tls) {
        send_plain(stream, pieces, count, release, arg);
    } else {
        if (stream->state == STREAM_OPEN)
            send_encrypted(stream, pieces, count);
        if (release)
            release(arg);
    }
    if (stream->options.high_water && wire_stream_queued(stream) > stream->options.high_water)
        stream->full = true;
    return !stream->full;
}

/* ---- Frames ---- */

/* Whether the owner takes a frame of this size. If not, the stream ends. */
static bool accepts(struct wire_stream *stream, size_t size)
{
    const struct wire_stream_options *options = &stream->options;

    if (options->events->begins) {
        if (options->events->begins(options->arg, size))
            return true;
        wire_stream_close(stream);
        return false;
    }
    if (size <= options->frame_max)
        return true;
    wire_stream_fail(stream,
                     kc_error_retriable_new(
                         KC_ERR_IO, "%s began a frame of %zu bytes, of which at most %zu are taken",
                         options->label, size, options->frame_max));
    return false;
}

static void no_memory(struct wire_stream *stream)
{
    wire_stream_fail(stream, kc_error_memory(wire_frame_reader_size(&stream->reader),
                                             "%s sends a frame", stream->options.label));
}

static bool comes_in_parts(const struct wire_stream *stream, size_t size)
{
    const struct wire_stream_events *events = stream->options.events;

    return size > PART && events->in_parts && events->in_parts(stream->options.arg, size);
}

static void begin_frame(struct wire_stream *stream)
{
    const size_t size = wire_frame_reader_size(&stream->reader);
    bool begun;

    if (!accepts(stream, size))
        return;
    if (comes_in_parts(stream, size))
        begun = wire_frame_reader_begin_parts(&stream->reader, FIRST_PART);
    else
        begun =
            wire_frame_reader_begin(&stream->reader, stream->trusted ? FRAME_TRUSTED : FRAME_FIRST);
    if (!begun)
        no_memory(stream);
}

static void hand_over_part(struct wire_stream *stream)
{
    size_t cap, len;
    uint8_t *part = wire_frame_reader_take_part(&stream->reader, PART, &cap, &len);

    stream->passing = 0;
    if (part)
        stream->options.events->part(stream->options.arg, part, cap, len, stream->reader.size);
    else
        no_memory(stream);
}

/* A whole frame, or the last part of one. */
static void hand_over(struct wire_stream *stream)
{
    size_t cap, len;
    uint8_t *frame = wire_frame_reader_take(&stream->reader, &cap, &len);

    if (stream->reader.part)
        stream->options.events->part(stream->options.arg, frame, cap, len, 0);
    else
        stream->options.events->frame(stream->options.arg, frame, cap, len);
}

/* Takes plaintext. Bytes after a pause are kept. */
static void feed(struct wire_stream *stream, const uint8_t *data, size_t len)
{
    while (stream->state == STREAM_OPEN && !stream->paused) {
        switch (wire_frame_reader_feed(&stream->reader, &data, &len)) {
        case WIRE_FRAME_MORE:
            return;
        case WIRE_FRAME_BEGINS:
            begin_frame(stream);
            break;
        case WIRE_FRAME_PART:
            hand_over_part(stream);
            break;
        case WIRE_FRAME_COMPLETE:
            hand_over(stream);
            break;
        case WIRE_FRAME_NO_MEMORY:
            no_memory(stream);
            break;
        }
    }
    if (stream->state == STREAM_OPEN && len)
        kc_str_append_n(&stream->rest, data, len);
}

static size_t passing_part(const struct wire_stream *stream)
{
    return stream->passing < PART ? stream->passing : PART;
}

/* The kernel wakes us when so much of the frame has arrived, not for each segment. */
static void set_wake(struct wire_stream *stream)
{
    const size_t left =
        wire_stream_passes(stream) ? passing_part(stream) : wire_frame_reader_left(&stream->reader);
    int want = left >= LOW_WATER ? LOW_WATER : left > FRAME_FIRST ? (int)left : 1;
    uv_os_fd_t fd;

    if (stream->state != STREAM_OPEN || stream->tls || want == stream->wake_at ||
        uv_fileno((uv_handle_t *)&stream->tcp, &fd) != 0)
        return;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &want, sizeof(want)) == 0)
        stream->wake_at = want;
}

/* ---- Receiving ---- */

static void read_plaintext(struct wire_stream *stream)
{
    uint8_t buffer[16384];
    struct kc_error *err = NULL;
    long len = 0;

    while (stream->state == STREAM_OPEN && !stream->paused &&
           (len = wire_tls_read(stream->tls, buffer, sizeof(buffer), &err)) > 0)
        feed(stream, buffer, (size_t)len);
    if (len < 0)
        wire_stream_fail(stream, kc_error_prefix(err, "%s", stream->options.label));
    else
        flush_tls(stream);
}

static void open_up(struct wire_stream *stream)
{
    wire_stream_move(stream, STREAM_OPEN);
    if (stream->paused)
        uv_read_stop((uv_stream_t *)&stream->tcp);
    stream->options.events->opened(stream->options.arg);
}

static void shake_hands(struct wire_stream *stream)
{
    bool done = false;
    struct kc_error *err = wire_tls_handshake(stream->tls, &done);

    /* Pending output is sent even after a failure, because the alert tells the peer the reason. */
    flush_tls(stream);
    if (err) {
        wire_stream_fail(stream, kc_error_prefix(err, "TLS with %s", stream->options.label));
    } else if (done && stream->state == STREAM_HANDSHAKE) {
        open_up(stream);
        read_plaintext(stream);
    }
}

static void peer_ended(struct wire_stream *stream, int code)
{
    const char *hint = "";

    if (stream->state == STREAM_FINISHING && code == UV_EOF) {
        stream->peer_ended = true;
        uv_read_stop((uv_stream_t *)&stream->tcp);
        if (stream->shut)
            wire_stream_close(stream);
        return;
    }
    if (code == UV_EOF && stream->state == STREAM_HANDSHAKE && stream->host)
        hint = ": does security.protocol fit its listener?";
    wire_stream_fail(stream,
                     kc_error_retriable_new(KC_ERR_IO, "%s closed the connection (%s)%s",
                                            stream->options.label, uv_strerror(code), hint));
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct wire_stream *stream = handle->data;
    struct wire_stream_staging *staging = stream->options.staging;
    uint8_t *to = NULL;

    *buf = uv_buf_init(staging->bytes, sizeof(staging->bytes));
    if (stream->tls || stream->state != STREAM_OPEN)
        return;
    if (wire_stream_passes(stream)) {
        *buf = uv_buf_init(NULL, 0); /* on_read() gets UV_ENOBUFS */
        return;
    }
    const size_t room = wire_frame_reader_room(&stream->reader, &to);
    if (room >= DIRECT_FROM || (room && stream->passing)) /* not a byte of what passes */
        *buf = uv_buf_init((char *)to, (unsigned int)room);
}

/* libuv's code: the stream has ended; 0: it goes on. */
static int pass(struct wire_stream *stream)
{
    const int code = wire_stream_pass(stream);

    set_wake(stream);
    return code;
}

static void on_read(uv_stream_t *uv, ssize_t len, const uv_buf_t *buf)
{
    struct wire_stream *stream = uv->data;

    if (len == UV_ENOBUFS && wire_stream_passes(stream))
        len = pass(stream);
    if (stream->state == STREAM_CLOSED || len == 0)
        return;
    if (len < 0) {
        peer_ended(stream, (int)len);
    } else if (stream->state == STREAM_FINISHING) {
        return;
    } else if (stream->tls) {
        wire_tls_receive(stream->tls, buf->base, (size_t)len);
        if (stream->state == STREAM_HANDSHAKE)
            shake_hands(stream);
        else
            read_plaintext(stream);
    } else if (buf->base == stream->options.staging->bytes) {
        feed(stream, (const uint8_t *)buf->base, (size_t)len);
        set_wake(stream);
    } else {
        wire_frame_reader_advance(&stream->reader, (size_t)len);
        feed(stream, NULL, 0);
        set_wake(stream);
    }
}

static void start_reading(struct wire_stream *stream)
{
    uv_read_start((uv_stream_t *)&stream->tcp, on_alloc, on_read);
}

void wire_stream_begin(struct wire_stream *stream)
{
    start_reading(stream);
    if (!stream->options.tls) {
        open_up(stream);
        return;
    }
    struct kc_error *err = wire_tls_new(stream->options.tls, stream->host, &stream->tls);
    if (err) {
        wire_stream_fail(stream, err);
        return;
    }
    wire_stream_move(stream, STREAM_HANDSHAKE);
    shake_hands(stream);
}

/* ---- Pausing ---- */

void wire_stream_pause(struct wire_stream *stream)
{
    stream->paused = true;
    if (stream->state == STREAM_OPEN)
        uv_read_stop((uv_stream_t *)&stream->tcp);
}

static void on_resume(uv_timer_t *soon)
{
    struct wire_stream *stream = soon->data;
    struct kc_str rest = stream->rest;

    if (stream->state != STREAM_OPEN || stream->paused)
        return;
    stream->rest = (struct kc_str){0};
    feed(stream, (const uint8_t *)rest.data, rest.len);
    kc_str_destroy(&rest);
    if (stream->tls)
        read_plaintext(stream);
    if (stream->state == STREAM_OPEN && !stream->paused)
        start_reading(stream);
}

void wire_stream_resume(struct wire_stream *stream)
{
    stream->paused = false;
    if (stream->state == STREAM_OPEN)
        uv_timer_start(&stream->soon, on_resume, 0, 0);
}

/* ---- Ending ---- */

static void on_shutdown(uv_shutdown_t *req, int status)
{
    struct wire_stream *stream = req->data;

    stream->shut = true;
    if (status < 0 && status != UV_ECANCELED)
        wire_stream_fail(stream, wire_stream_error(stream, "ending the connection with", status));
    else if (stream->peer_ended)
        wire_stream_close(stream);
    wire_stream_release(stream);
}

void wire_stream_finish(struct wire_stream *stream)
{
    if (stream->state != STREAM_OPEN) {
        if (stream->state != STREAM_FINISHING)
            wire_stream_close(stream);
        return;
    }
    if (stream->tls) {
        wire_tls_finish(stream->tls);
        flush_tls(stream);
    }
    if (stream->state != STREAM_OPEN)
        return;
    wire_stream_move(stream, STREAM_FINISHING);
    stream->shutdown.data = stream;
    stream->handles++;
    int code = uv_shutdown(&stream->shutdown, (uv_stream_t *)&stream->tcp, on_shutdown);
    if (code != 0) {
        wire_stream_fail(stream, wire_stream_error(stream, "ending the connection with", code));
        wire_stream_release(stream);
        return;
    }
    start_reading(stream);
}
