/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes of a frame that go from one stream to another unseen: see wire_stream_let_pass().
 *
 * They move from socket to pipe to socket (splice(2)), so that the kernel hands pages on and
 * copies nothing. The pipe is the loop's, and empty between calls. Therefore no more is moved than
 * the other socket seems to have room for; what it doesn't take after all is copied and queued. A
 * socket that is full gets a little that is queued as well: when that has gone, there is room.
 * Loop thread.
 */
#include "wire/stream_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define PIPE_BYTES (1 << 20)   /* as much as anybody may ask for: fs.pipe-max-size */
#define WORTH_FROM (64 * 1024) /* bytes; fewer are read as parts */
#define ROOM_FROM  (64 * 1024) /* bytes of the other socket; less is none */
#define LITTLE     (16 * 1024) /* bytes for a socket that is full */
#define SHORT_PART (16 * 1024) /* of the frame, behind what passes */

/* ---- The pipe ---- */

/* A system that doesn't let us is no error: bytes are copied then. */
static bool has_pipe(struct wire_stream_staging *staging)
{
    if (staging->piping == WIRE_PIPE_NONE) {
        staging->piping =
            pipe2(staging->pipe, O_CLOEXEC | O_NONBLOCK) == 0 ? WIRE_PIPE_OPEN : WIRE_PIPE_REFUSED;
        if (staging->piping == WIRE_PIPE_OPEN)
            (void)fcntl(staging->pipe[1], F_SETPIPE_SZ, PIPE_BYTES);
    }
    return staging->piping == WIRE_PIPE_OPEN;
}

void wire_stream_staging_close(struct wire_stream_staging *staging)
{
    if (staging->piping == WIRE_PIPE_OPEN) {
        close(staging->pipe[0]);
        close(staging->pipe[1]);
    }
    staging->piping = WIRE_PIPE_NONE;
}

static void refuse(struct wire_stream_staging *staging)
{
    wire_stream_staging_close(staging);
    staging->piping = WIRE_PIPE_REFUSED;
}

/* ---- Sockets ---- */

static bool is_plain(const struct wire_stream *stream)
{
    return stream->state == STREAM_OPEN && stream->tcp_open && !stream->tls;
}

static int socket_of(const struct wire_stream *stream)
{
    uv_os_fd_t fd;

    return uv_fileno((const uv_handle_t *)&stream->tcp, &fd) == 0 ? fd : -1;
}

/* Bytes that a socket will take now, as far as it tells. What is queued must go first. */
static size_t room_of(const struct wire_stream *stream)
{
    const int fd = socket_of(stream);
    int size = 0, queued = 0;
    socklen_t len = sizeof(size);

    if (wire_stream_queued(stream) || getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, &len) != 0 ||
        ioctl(fd, SIOCOUTQ, &queued) != 0 || queued >= size)
        return 0;
    return (size_t)(size - queued);
}

/* ---- Moving ---- */

/* Bytes that are too many for the socket wait in its stream's queue. */
static void queue(struct wire_stream *to, char *bytes, size_t len)
{
    const uv_buf_t buf = uv_buf_init(bytes, (unsigned int)len);

    wire_stream_send(to, &buf, 1, free, bytes);
    if (wire_stream_queued(to))
        to->full = true;
}

/* Empties the pipe. */
static void queue_piped(struct wire_stream *to, int from, size_t len)
{
    char *bytes = kc_malloc(len);
    size_t got = 0;
    ssize_t part = 0;

    while (got < len &&
           ((part = read(from, bytes + got, len - got)) > 0 || (part < 0 && errno == EINTR)))
        got += part > 0 ? (size_t)part : 0;
    queue(to, bytes, got);
}

static void pour(struct wire_stream *to, int from, size_t len)
{
    const int fd = socket_of(to);
    ssize_t part = 0;

    while (len && ((part = splice(from, NULL, fd, NULL, len, SPLICE_F_NONBLOCK)) > 0 ||
                   (part < 0 && errno == EINTR)))
        len -= part > 0 ? (size_t)part : 0;
    if (len)
        queue_piped(to, from, len);
}

/* Bytes that were moved; 0: the stream has ended; negative: errno's. */
static ssize_t move(struct wire_stream *stream, size_t len)
{
    struct wire_stream_staging *staging = stream->options.staging;
    const ssize_t moved =
        splice(socket_of(stream), NULL, staging->pipe[1], NULL, len, SPLICE_F_NONBLOCK);

    if (moved > 0)
        pour(stream->pass_to, staging->pipe[0], (size_t)moved);
    return moved < 0 ? -errno : moved;
}

/* The same by a copy, of a little. */
static ssize_t copy(struct wire_stream *stream, size_t len)
{
    char *bytes = kc_malloc(LITTLE);
    const ssize_t got = recv(socket_of(stream), bytes, len < LITTLE ? len : LITTLE, MSG_DONTWAIT);
    const int code = errno;

    if (got > 0)
        queue(stream->pass_to, bytes, (size_t)got);
    else
        free(bytes);
    return got < 0 ? -code : got;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

int wire_stream_pass(struct wire_stream *stream)
{
    const size_t room = room_of(stream->pass_to), wanted = stream->passing;
    const ssize_t moved = room < ROOM_FROM ? copy(stream, wanted)
                                           : move(stream, least(wanted, least(room, PIPE_BYTES)));

    if (moved == -EAGAIN || moved == -EINTR)
        return 0;
    if (moved == -EINVAL || moved == -ENOSYS || moved == -EPERM) {
        refuse(stream->options.staging);
        return 0;
    }
    if (moved <= 0)
        return moved ? (int)moved : UV_EOF;
    stream->passing -= (size_t)moved;
    wire_frame_reader_skip(&stream->reader, (size_t)moved);
    stream->options.events->passed(stream->options.arg, (size_t)moved, stream->pass_to->full);
    return 0;
}

/* ---- The owner's wish ---- */

bool wire_stream_passes(const struct wire_stream *stream)
{
    return stream->passing && wire_frame_reader_may_skip(&stream->reader) &&
           is_plain(stream->pass_to) && stream->options.staging->piping == WIRE_PIPE_OPEN;
}

void wire_stream_let_pass(struct wire_stream *stream, struct wire_stream *to, size_t len)
{
    const bool can =
        len >= WORTH_FROM && is_plain(stream) && is_plain(to) && has_pipe(stream->options.staging);

    stream->pass_to = can ? to : NULL;
    stream->passing = can ? len : 0;
    if (can)
        stream->reader.part = SHORT_PART;
}
