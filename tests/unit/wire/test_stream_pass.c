/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes that pass from one stream to another: a frame comes in by a socket, its parts are sent on
 * by the owner, the rest passes, and at another socket's end all of it must be there, in order.
 */
#include "wire/stream.h"

#include "base/run_suite.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_MS 20000
#define FRAME       ((size_t)9 << 20)
#define PACE        ((size_t)1 << 20) /* bytes that a peer sends or receives in a turn */
#define STRETCH     ((size_t)1 << 20) /* that may pass, then a part is looked at */

static uv_loop_t loop;
static struct wire_stream_staging staging;
static struct wire_stream *from, *to; /* NULL: closed */
static struct kc_error *from_error, *to_error;
static int source, sink; /* our ends of the two */
static uint8_t *sent, *got;
static size_t sent_len, got_len; /* of the frame and its length, of the frame alone */
static size_t passed;
static bool heedless;     /* it goes on reading however much is queued */
static int opened, ended; /* streams, frames */

/* ---- The owner ---- */

static void on_opened(void *arg)
{
    (void)arg;
    opened++;
}

static bool on_in_parts(void *arg, size_t size)
{
    (void)arg;
    return size == FRAME;
}

static void on_part(void *arg, uint8_t *part, size_t cap, size_t len, size_t left)
{
    const uv_buf_t piece = uv_buf_init((char *)part, (unsigned int)len);

    (void)arg;
    if (to && !wire_stream_send(to, &piece, 1, NULL, NULL) && !heedless)
        wire_stream_pause(from);
    wire_frame_free(part, cap);
    ended += !left;
    if (to && left)
        wire_stream_let_pass(from, to, left - 1 < STRETCH ? left - 1 : STRETCH);
}

static void on_passed(void *arg, size_t len, bool full)
{
    (void)arg;
    passed += len;
    if (full && !heedless)
        wire_stream_pause(from);
}

static void on_frame(void *arg, uint8_t *frame, size_t cap, size_t len)
{
    (void)arg;
    (void)len;
    wire_frame_free(frame, cap);
}

static void on_drained(void *arg)
{
    (void)arg;
    wire_stream_resume(from);
}

static void on_from_closed(void *arg, struct kc_error *err)
{
    (void)arg;
    from = NULL;
    from_error = err;
}

/* As an owner must: the other one ends in the same call. */
static void on_to_closed(void *arg, struct kc_error *err)
{
    (void)arg;
    to = NULL;
    to_error = err;
    if (from)
        wire_stream_close(from);
}

static const struct wire_stream_events from_events = {.opened = on_opened,
                                                      .in_parts = on_in_parts,
                                                      .part = on_part,
                                                      .passed = on_passed,
                                                      .frame = on_frame,
                                                      .closed = on_from_closed};
static const struct wire_stream_events to_events = {
    .opened = on_opened, .frame = on_frame, .drained = on_drained, .closed = on_to_closed};

/* ---- Sockets ---- */

static struct wire_stream *take(const struct wire_stream_events *events, int fd)
{
    const struct wire_stream_options options = {
        .loop = &loop,
        .events = events,
        .label = "the peer",
        .staging = &staging,
        .frame_max = (size_t)64 << 20,
        .high_water = (size_t)1 << 20,
        .low_water = (size_t)1 << 18,
    };

    return wire_stream_accept(&options, fd);
}

static void pair(bool by_tcp, int fds[2])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(address);

    if (!by_tcp) {
        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    } else {
        const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
        ck_assert_int_eq(listen(listener, 1), 0);
        ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&address, &len), 0);
        fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ck_assert_int_eq(connect(fds[0], (struct sockaddr *)&address, sizeof(address)), 0);
        fds[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        close(listener);
    }
    ck_assert_int_eq(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
}

static void open_both(bool by_tcp)
{
    int fds[2];

    pair(by_tcp, fds);
    source = fds[0];
    from = take(&from_events, fds[1]);
    pair(by_tcp, fds);
    sink = fds[0];
    to = take(&to_events, fds[1]);
}

/* ---- Running ---- */

static void make_frame(void)
{
    sent_len = 4 + FRAME;
    sent = kc_malloc(sent_len);
    got = kc_malloc(sent_len);
    for (size_t i = 0; i < sent_len; i++)
        sent[i] = (uint8_t)(i < 4 ? FRAME >> (24 - 8 * i) : i * 31 + (i >> 12));
}

static void set_up(void)
{
    signal(SIGPIPE, SIG_IGN);
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    staging = (struct wire_stream_staging){0};
    from_error = to_error = NULL;
    got_len = passed = 0;
    opened = ended = 0;
    heedless = false;
    make_frame();
}

static void tear_down(void)
{
    if (from)
        wire_stream_close(from);
    if (to)
        wire_stream_close(to);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    wire_stream_staging_close(&staging);
    kc_error_destroy(from_error);
    kc_error_destroy(to_error);
    close(source);
    close(sink);
    free(sent);
    free(got);
}

/* A turn of the loop, beside which the peers send and receive at most so much. */
static void turn(size_t *at, size_t most)
{
    const size_t left = sent_len - *at;
    ssize_t part = send(source, sent + *at, left < most ? left : most, MSG_NOSIGNAL);

    *at += part > 0 ? (size_t)part : 0;
    part = recv(sink, got + got_len, most < FRAME - got_len ? most : FRAME - got_len, 0);
    got_len += part > 0 ? (size_t)part : 0;
    uv_run(&loop, UV_RUN_NOWAIT);
}

static void run(size_t most)
{
    const int64_t by_ms = kc_mono_ms() + PATIENCE_MS;
    size_t at = 0;

    while (got_len < FRAME && from && to) {
        ck_assert_int_lt(kc_mono_ms(), by_ms);
        turn(&at, most);
    }
}

static void check_all(void)
{
    ck_assert_uint_eq(got_len, FRAME);
    ck_assert_int_eq(memcmp(got, sent + 4, FRAME), 0);
    ck_assert_int_eq(ended, 1);
}

/* ---- Tests ---- */

START_TEST(they_arrive_as_they_are_and_in_order)
{
    static const size_t paces[] = {PACE, 100000, 9000};

    for (int i = 0; i < 6; i++) {
        if (i > 0) {
            tear_down();
            set_up();
        }
        open_both(i % 2);
        run(paces[i / 2]);
        check_all();
        ck_assert_uint_gt(passed, FRAME / 2);
    }
}
END_TEST

/* What passes doesn't overtake what is queued, however much that is. */
START_TEST(a_slow_receiver_gets_them_in_order)
{
    const int64_t by_ms = kc_mono_ms() + PATIENCE_MS;
    const uv_buf_t before = uv_buf_init((char *)sent + 4, (unsigned int)FRAME);
    size_t at = 0, begun = 0;

    heedless = true;
    open_both(true);
    while (opened < 2)
        turn(&at, 0);
    wire_stream_send(to, &before, 1, NULL, NULL);
    while (begun + got_len < 2 * FRAME) {
        ck_assert_int_lt(kc_mono_ms(), by_ms);
        turn(&at, PACE);
        if (!begun && got_len == FRAME) {
            ck_assert_int_eq(memcmp(got, sent + 4, FRAME), 0);
            begun = FRAME;
            got_len = 0;
        }
    }
    check_all();
}
END_TEST

START_TEST(without_a_pipe_they_come_as_parts)
{
    open_both(true);
    staging.piping = WIRE_PIPE_REFUSED;
    run(PACE);
    check_all();
    ck_assert_uint_eq(passed, 0);
}
END_TEST

/* As where the system's rules don't let us. */
START_TEST(a_pipe_that_does_not_work_is_given_up)
{
    open_both(true);
    staging.piping = WIRE_PIPE_OPEN;
    staging.pipe[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    staging.pipe[1] = open("/dev/null", O_WRONLY | O_CLOEXEC);
    run(PACE);
    check_all();
    ck_assert_int_eq(staging.piping, WIRE_PIPE_REFUSED);
}
END_TEST

START_TEST(a_sender_that_ends_in_between_is_told)
{
    size_t at = 0;

    open_both(true);
    while (passed < FRAME / 4)
        turn(&at, PACE);
    shutdown(source, SHUT_RDWR);
    run(PACE);
    ck_assert_ptr_null(from);
    ck_assert_ptr_nonnull(from_error);
    ck_assert_ptr_nonnull(to);
    ck_assert_int_eq(memcmp(got, sent + 4, got_len), 0);
}
END_TEST

START_TEST(a_receiver_that_goes_in_between_is_told)
{
    size_t at = 0;

    open_both(true);
    while (passed < FRAME / 4)
        turn(&at, PACE);
    close(sink);
    sink = -1;
    run(PACE);
    ck_assert_ptr_null(to);
    ck_assert_ptr_nonnull(to_error);
    ck_assert_int_eq(ended, 0);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        they_arrive_as_they_are_and_in_order,  a_slow_receiver_gets_them_in_order,
        without_a_pipe_they_come_as_parts,     a_pipe_that_does_not_work_is_given_up,
        a_sender_that_ends_in_between_is_told, a_receiver_that_goes_in_between_is_told};

    return run_suite_with("stream pass", tests, sizeof(tests) / sizeof(*tests), 60, set_up,
                          tear_down);
}
