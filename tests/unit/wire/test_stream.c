/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two streams against each other on one loop: over a socket pair and over loopback, plain and by
 * TLS, and against a peer that is only a socket.
 */
#include "wire/stream.h"

#include "security/made_certificate.h"

#include <arpa/inet.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_MS 20000
#define FRAMES_MAX  64

/* One end of a connection, and what it has seen. */
struct end {
    struct wire_stream *stream;
    bool opened, closed;
    struct kc_error *err;
    size_t lens[FRAMES_MAX]; /* of the frames that came */
    int frames;
    int drained;
    int pause_after; /* frames; 0: never */
    int close_after;
    bool judges; /* by `begins`, which takes at most frame_max */
    bool splits; /* takes frames in parts */
    size_t size; /* of the frame that comes in parts */
    int parts;
};

static uv_loop_t loop;
static struct wire_stream_staging staging;
static struct end left, right; /* right is the one that accepts */
static struct made_certificate server_certificate, client_certificate;
static struct kc_map *server_settings, *client_settings;
static struct wire_tls_context *server_tls, *client_tls;
static size_t frame_max, high_water;
static int released;

/* ---- What streams call ---- */

static void on_opened(void *arg)
{
    ((struct end *)arg)->opened = true;
}

static bool on_begins(void *arg, size_t size)
{
    return size <= frame_max;
}

/* Byte i of a frame of len bytes. */
static uint8_t pattern(size_t len, size_t i)
{
    return (uint8_t)(len * 31 + i * 7);
}

static void on_frame(void *arg, uint8_t *frame, size_t cap, size_t len)
{
    struct end *end = arg;

    ck_assert(!end->closed);
    size_t fine = 0;
    while (fine < len && frame[fine] == pattern(len, fine))
        fine++;
    ck_assert_uint_eq(fine, len);
    wire_frame_free(frame, cap);
    ck_assert_int_lt(end->frames, FRAMES_MAX);
    end->lens[end->frames++] = len;
    if (end->frames == end->pause_after)
        wire_stream_pause(end->stream);
    if (end->frames == end->close_after)
        wire_stream_close(end->stream);
}

static bool on_in_parts(void *arg, size_t size)
{
    ((struct end *)arg)->size = size;
    return true;
}

static void on_part(void *arg, uint8_t *part, size_t cap, size_t len, size_t behind)
{
    struct end *end = arg;
    const size_t at = end->size - behind - len;
    size_t fine = 0;

    while (fine < len && part[fine] == pattern(end->size, at + fine))
        fine++;
    ck_assert_uint_eq(fine, len);
    wire_frame_free(part, cap);
    end->parts++;
    if (!behind)
        end->lens[end->frames++] = end->size;
    else if (end->parts % 3 == 0)
        wire_stream_pause(end->stream);
}

static void on_drained(void *arg)
{
    ((struct end *)arg)->drained++;
}

static void on_closed(void *arg, struct kc_error *err)
{
    struct end *end = arg;

    ck_assert(!end->closed);
    end->closed = true;
    end->err = err;
    end->stream = NULL;
}

static const struct wire_stream_events events = {
    .opened = on_opened, .frame = on_frame, .drained = on_drained, .closed = on_closed};
static const struct wire_stream_events judging = {.opened = on_opened,
                                                  .begins = on_begins,
                                                  .frame = on_frame,
                                                  .drained = on_drained,
                                                  .closed = on_closed};
static const struct wire_stream_events splitting = {.opened = on_opened,
                                                    .in_parts = on_in_parts,
                                                    .part = on_part,
                                                    .frame = on_frame,
                                                    .drained = on_drained,
                                                    .closed = on_closed};

/* ---- Making and running them ---- */

static struct wire_stream_options options(struct end *end, const char *label,
                                          struct wire_tls_context *tls)
{
    return (struct wire_stream_options){
        .loop = &loop,
        .events = end->judges   ? &judging
                  : end->splits ? &splitting
                                : &events,
        .arg = end,
        .label = label,
        .tls = tls,
        .staging = &staging,
        .frame_max = frame_max,
        .high_water = high_water,
        .low_water = high_water / 4,
    };
}

static void accept_end(struct end *end, int fd, struct wire_tls_context *tls)
{
    struct wire_stream_options chosen = options(end, "the client", tls);

    end->stream = wire_stream_accept(&chosen, fd);
}

static void connect_end(struct end *end, int port, struct wire_tls_context *tls)
{
    struct wire_stream_options chosen = options(end, "the broker", tls);

    end->stream = wire_stream_connect(&chosen, "localhost", port);
    ck_assert_str_eq(wire_stream_host(end->stream), "localhost");
}

static void make_contexts(const char *client_auth)
{
    server_settings = made_certificate_settings(&server_certificate, &client_certificate);
    client_settings = made_certificate_settings(NULL, &server_certificate);
    kc_map_set(server_settings, "ssl.client.auth", client_auth);
    ck_assert_ptr_null(wire_tls_context_new_server(server_settings, &server_tls));
    ck_assert_ptr_null(wire_tls_context_new(client_settings, true, &client_tls));
}

static void set_up(void)
{
    left = right = (struct end){0};
    frame_max = (size_t)64 << 20;
    high_water = 0;
    released = 0;
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    make_contexts("none");
}

static void tear_down(void)
{
    if (left.stream)
        wire_stream_close(left.stream);
    if (right.stream)
        wire_stream_close(right.stream);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    kc_error_destroy(left.err);
    kc_error_destroy(right.err);
    wire_tls_context_destroy(server_tls);
    wire_tls_context_destroy(client_tls);
    kc_map_destroy(server_settings);
    kc_map_destroy(client_settings);
}

/* Listens on a loopback port, without waiting in accept(). */
static int open_listener(int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(listen(fd, 4), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

/* One turn of the loop, in a row of turns that has its deadline. */
static void turn(int64_t deadline_ms)
{
    ck_assert_int_lt(kc_mono_ms(), deadline_ms);
    if (!uv_run(&loop, UV_RUN_NOWAIT))
        usleep(500);
}

#define RUN_UNTIL(condition)                                                                       \
    do {                                                                                           \
        const int64_t by_ms = kc_mono_ms() + PATIENCE_MS;                                          \
        while (!(condition))                                                                       \
            turn(by_ms);                                                                           \
    } while (0)

static int await_connection(int listener)
{
    int fd = -1;

    RUN_UNTIL((fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0);
    close(listener);
    return fd;
}

enum way { PAIR, PLAIN, TLS, WAYS };

/* Two ends that are open. */
static void open_ends(enum way way)
{
    int fds[2], port;

    if (way == PAIR) {
        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
        accept_end(&left, fds[0], NULL);
        accept_end(&right, fds[1], NULL);
    } else {
        int listener = open_listener(&port);

        connect_end(&left, port, way == TLS ? client_tls : NULL);
        accept_end(&right, await_connection(listener), way == TLS ? server_tls : NULL);
    }
    ck_assert(!left.opened && !right.opened);
    RUN_UNTIL(left.opened && right.opened);
}

/* An end whose peer is only a socket, which is returned. */
static int open_end(struct end *end)
{
    int fds[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    accept_end(end, fds[0], NULL);
    RUN_UNTIL(end->opened);
    return fds[1];
}

static void append_frame(struct kc_str *out, size_t len)
{
    kc_str_append_i32(out, (int32_t)len);
    for (size_t i = 0; i < len; i++)
        kc_str_append_char(out, (char)pattern(len, i));
}

static void release(void *arg)
{
    kc_str_destroy(arg);
    free(arg);
    released++;
}

/* In pieces, lent or copied. */
static bool send_frame(struct end *end, size_t len, bool lend)
{
    struct kc_str *frame = kc_calloc(1, sizeof(*frame));

    append_frame(frame, len);
    const size_t third = frame->len / 3;
    const uv_buf_t pieces[] = {
        uv_buf_init(frame->data, (unsigned int)third),
        uv_buf_init(frame->data + third, 0),
        uv_buf_init(frame->data + third, (unsigned int)(frame->len - third)),
    };
    bool room = wire_stream_send(end->stream, pieces, 3, lend ? release : NULL, frame);
    if (!lend)
        release(frame);
    return room;
}

static void check_error(const struct end *end, const char *text)
{
    ck_assert_ptr_nonnull(end->err);
    ck_assert_msg(strstr(kc_error_text(end->err), text) != NULL, "%s", kc_error_text(end->err));
}

/* ---- Tests ---- */

static const size_t sizes[] = {0, 1, 4, 1000, 65532, 65536, 300000, 3000000, 17};
#define SIZES ((int)(sizeof(sizes) / sizeof(*sizes)))

static void check_frames(const struct end *end)
{
    ck_assert_int_eq(end->frames, SIZES);
    for (int i = 0; i < SIZES; i++)
        ck_assert_uint_eq(end->lens[i], sizes[i]);
}

START_TEST(frames_arrive_whole_and_in_order)
{
    open_ends(_i % WAYS);
    for (int i = 0; i < SIZES; i++) {
        ck_assert(send_frame(&left, sizes[i], _i < WAYS));
        ck_assert(send_frame(&right, sizes[i], _i < WAYS));
    }
    RUN_UNTIL(left.frames == SIZES && right.frames == SIZES);
    check_frames(&left);
    check_frames(&right);
    ck_assert_int_eq(released, 2 * SIZES);
    ck_assert_uint_eq(wire_stream_queued(left.stream), 0);
}
END_TEST

/* What is queued is sent first; who has said that nothing follows waits for the other's end. */
/* However often the owner pauses in the middle of them. */
START_TEST(large_frames_may_come_in_parts)
{
    left.splits = true;
    open_ends(_i);
    for (int i = 0; i < SIZES; i++)
        ck_assert(send_frame(&right, sizes[i], false));
    const int64_t by_ms = kc_mono_ms() + PATIENCE_MS;
    while (left.frames < SIZES) {
        wire_stream_resume(left.stream);
        turn(by_ms);
    }
    check_frames(&left);
    ck_assert_int_eq(left.parts, 3 + 13); /* of the two that are over 256 KB: 16 KB, then 256 */
}
END_TEST

static size_t allocated(void)
{
    const struct mallinfo2 now = mallinfo2();

    return now.uordblks + now.hblkhd - wire_frames_kept();
}

START_TEST(a_session_at_rest_keeps_no_large_buffer)
{
    if (!mallinfo2().uordblks)
        return; /* a sanitizer's allocator tells nothing */
    open_ends(TLS);
    const size_t before = allocated();
    for (int i = 0; i < SIZES; i++) {
        ck_assert(send_frame(&left, sizes[i], true));
        ck_assert(send_frame(&right, sizes[i], true));
    }
    RUN_UNTIL(left.frames == SIZES && right.frames == SIZES);
    ck_assert_uint_lt(allocated(), before + 65536);
}
END_TEST

START_TEST(an_end_that_finishes_loses_nothing)
{
    open_ends(_i);
    send_frame(&left, 3000000, true);
    wire_stream_finish(left.stream);
    wire_stream_finish(left.stream);
    send_frame(&left, 5, true);
    ck_assert(!left.closed);
    RUN_UNTIL(right.closed);
    ck_assert_int_eq(right.frames, 1);
    ck_assert_uint_eq(right.lens[0], 3000000);
    check_error(&right, _i == TLS ? "ended the TLS session" : "closed the connection");
    RUN_UNTIL(left.closed);
    ck_assert_ptr_null(left.err);
    ck_assert_int_eq(released, 2);
}
END_TEST

/* A peer that has nothing more to say may still want to read. */
START_TEST(an_end_that_finishes_outlives_its_peers_last_word)
{
    const size_t len = 4 << 20;
    size_t got = 0;
    int fd = open_end(&right);
    static char buffer[65536];

    send_frame(&right, len, true);
    wire_stream_finish(right.stream);
    shutdown(fd, SHUT_WR);
    for (int i = 0; i < 20; i++)
        uv_run(&loop, UV_RUN_NOWAIT);
    ck_assert(!right.closed);
    while (got < len + 4) {
        ssize_t part = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);

        ck_assert_int_ne(part, 0);
        got += part > 0 ? (size_t)part : 0;
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    RUN_UNTIL(right.closed);
    ck_assert_ptr_null(right.err);
    ck_assert_int_eq(released, 1);
    close(fd);
}
END_TEST

START_TEST(fragments_of_one_byte_make_frames)
{
    struct kc_str bytes = {0};
    int fd = open_end(&right);

    append_frame(&bytes, 700);
    append_frame(&bytes, 0);
    append_frame(&bytes, 9);
    for (size_t i = 0; i < bytes.len; i++) {
        ck_assert_int_eq(write(fd, bytes.data + i, 1), 1);
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    RUN_UNTIL(right.frames == 3);
    ck_assert_uint_eq(right.lens[2], 9);
    kc_str_destroy(&bytes);
    close(fd);
}
END_TEST

/* Carries what waits at one socket to the other, one byte a turn; false: there was nothing. */
static bool carry_byte(int from, int to)
{
    char byte;

    if (recv(from, &byte, 1, MSG_DONTWAIT) != 1)
        return false;
    ck_assert_int_eq(send(to, &byte, 1, MSG_NOSIGNAL), 1);
    return true;
}

START_TEST(tls_in_fragments_of_one_byte)
{
    int fds[2], port, listener = open_listener(&port);
    const int64_t by_ms = kc_mono_ms() + PATIENCE_MS;

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    connect_end(&left, port, client_tls);
    accept_end(&right, fds[0], server_tls);
    int client = await_connection(listener);
    while (!left.frames || !right.frames) {
        if (left.opened && right.opened && !left.frames && !right.frames && !released) {
            send_frame(&left, 500, true);
            send_frame(&right, 500, true);
        }
        carry_byte(client, fds[1]);
        carry_byte(fds[1], client);
        turn(by_ms);
    }
    ck_assert_str_eq(wire_stream_server_name(right.stream), "localhost");
    close(client);
    close(fds[1]);
}
END_TEST

START_TEST(a_frame_beyond_the_limit_ends_the_stream)
{
    left.judges = right.judges = _i >= WAYS;
    frame_max = 1000;
    open_ends(_i % WAYS);
    send_frame(&left, 1000, true);
    send_frame(&left, 1001, true);
    RUN_UNTIL(right.closed && left.closed);
    ck_assert_int_eq(right.frames, 1);
    if (right.judges)
        ck_assert_ptr_null(right.err);
    else
        check_error(&right, "the client began a frame of 1001 bytes, of which at most 1000");
    ck_assert_ptr_nonnull(left.err);
}
END_TEST

START_TEST(a_peer_that_stops_reading_is_waited_for)
{
    int sent = 0;

    high_water = 1 << 20;
    open_ends(_i);
    wire_stream_pause(right.stream);
    while (send_frame(&left, 1 << 20, true))
        ck_assert_int_lt(sent++, FRAMES_MAX / 2);
    sent++;
    ck_assert_uint_gt(wire_stream_queued(left.stream), high_water);
    for (int i = 0; i < 20; i++)
        uv_run(&loop, UV_RUN_NOWAIT);
    ck_assert_int_eq(right.frames, 0);
    ck_assert_int_eq(left.drained, 0);
    wire_stream_resume(right.stream);
    ck_assert_int_eq(right.frames, 0);
    RUN_UNTIL(right.frames == sent);
    ck_assert_int_eq(left.drained, 1);
    ck_assert_int_eq(released, sent);
    ck_assert(send_frame(&left, 10, true));
    RUN_UNTIL(right.frames == sent + 1);
}
END_TEST

/* Frames that came in one piece. */
START_TEST(a_pause_holds_what_has_arrived_already)
{
    open_ends(_i);
    right.pause_after = 2;
    for (size_t len = 1; len <= 5; len++)
        send_frame(&left, len, false);
    RUN_UNTIL(right.frames == 2);
    for (int i = 0; i < 20; i++)
        uv_run(&loop, UV_RUN_NOWAIT);
    ck_assert_int_eq(right.frames, 2);
    wire_stream_resume(right.stream);
    wire_stream_pause(right.stream);
    for (int i = 0; i < 20; i++)
        uv_run(&loop, UV_RUN_NOWAIT);
    ck_assert_int_eq(right.frames, 2);
    wire_stream_resume(right.stream);
    RUN_UNTIL(right.frames == 5);
    for (int i = 0; i < 5; i++)
        ck_assert_uint_eq(right.lens[i], i + 1);
}
END_TEST

START_TEST(an_owner_may_close_while_it_is_handed_a_frame)
{
    open_ends(_i);
    right.close_after = 2;
    for (size_t len = 1; len <= 5; len++)
        send_frame(&left, len, false);
    RUN_UNTIL(left.closed && right.closed);
    ck_assert_int_eq(right.frames, 2);
    ck_assert_ptr_null(right.err);
    ck_assert_ptr_nonnull(left.err);
}
END_TEST

/* The peer goes while there is more to send than a socket takes. */
START_TEST(what_was_lent_comes_back_when_the_peer_goes)
{
    open_ends(_i);
    wire_stream_pause(right.stream);
    for (int i = 0; i < 8; i++)
        send_frame(&left, 4 << 20, true);
    ck_assert(_i == TLS || released < 8);
    wire_stream_close(right.stream);
    ck_assert(!right.closed);
    RUN_UNTIL(left.closed);
    ck_assert_int_eq(released, 8);
    ck_assert_ptr_nonnull(left.err);
    ck_assert_ptr_null(right.err);
}
END_TEST

START_TEST(what_was_lent_comes_back_when_the_owner_closes)
{
    open_ends(_i);
    wire_stream_pause(right.stream);
    for (int i = 0; i < 8; i++)
        send_frame(&left, 4 << 20, true);
    wire_stream_close(left.stream);
    send_frame(&left, 10, true);
    RUN_UNTIL(left.closed);
    ck_assert_int_eq(released, 9);
    ck_assert_ptr_null(left.err);
}
END_TEST

START_TEST(a_client_without_a_certificate_is_not_let_in)
{
    wire_tls_context_destroy(server_tls);
    wire_tls_context_destroy(client_tls);
    kc_map_destroy(server_settings);
    kc_map_destroy(client_settings);
    make_contexts("required");
    int port, listener = open_listener(&port);

    connect_end(&left, port, client_tls);
    accept_end(&right, await_connection(listener), server_tls);
    RUN_UNTIL(left.closed && right.closed);
    check_error(&right, "TLS with the client");
    check_error(&left, "ssl.keystore.location");
    ck_assert(!kc_error_retriable(left.err));
}
END_TEST

START_TEST(plain_and_tls_do_not_understand_each_other)
{
    int port, listener = open_listener(&port);

    connect_end(&left, port, _i ? client_tls : NULL);
    accept_end(&right, await_connection(listener), _i ? NULL : server_tls);
    RUN_UNTIL((_i ? right : left).opened);
    if (!_i)
        send_frame(&left, 100, false);
    RUN_UNTIL(left.closed && right.closed);
    ck_assert_ptr_nonnull(left.err);
    ck_assert_ptr_nonnull(right.err);
}
END_TEST

START_TEST(nobody_listens)
{
    int port, listener = open_listener(&port);

    close(listener);
    connect_end(&left, port, NULL);
    ck_assert(!left.closed);
    RUN_UNTIL(left.closed);
    check_error(&left, "connecting to the broker: connection refused");
    ck_assert(kc_error_retriable(left.err));
    ck_assert(!left.opened);
}
END_TEST

START_TEST(closed_before_it_is_open)
{
    int port, listener = open_listener(&port);

    connect_end(&left, port, NULL);
    ck_assert_str_eq(wire_stream_doing(left.stream), "resolving its name");
    if (_i)
        wire_stream_finish(left.stream);
    else
        wire_stream_close(left.stream);
    ck_assert_str_eq(wire_stream_doing(left.stream), "closed");
    RUN_UNTIL(left.closed);
    ck_assert_ptr_null(left.err);
    accept_end(&right, -1, NULL);
    RUN_UNTIL(right.closed);
    check_error(&right, "taking the connection of the client: bad file descriptor");
    close(listener);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, frames_arrive_whole_and_in_order, 0, 2 * WAYS);
    tcase_add_loop_test(tests, large_frames_may_come_in_parts, 0, WAYS);
    tcase_add_test(tests, a_session_at_rest_keeps_no_large_buffer);
    tcase_add_loop_test(tests, an_end_that_finishes_loses_nothing, 0, WAYS);
    tcase_add_test(tests, an_end_that_finishes_outlives_its_peers_last_word);
    tcase_add_test(tests, fragments_of_one_byte_make_frames);
    tcase_add_test(tests, tls_in_fragments_of_one_byte);
    tcase_add_loop_test(tests, a_frame_beyond_the_limit_ends_the_stream, 0, 2 * WAYS);
    tcase_add_loop_test(tests, a_peer_that_stops_reading_is_waited_for, 0, WAYS);
    tcase_add_loop_test(tests, a_pause_holds_what_has_arrived_already, 0, WAYS);
    tcase_add_loop_test(tests, an_owner_may_close_while_it_is_handed_a_frame, 0, WAYS);
    tcase_add_loop_test(tests, what_was_lent_comes_back_when_the_peer_goes, 0, WAYS);
    tcase_add_loop_test(tests, what_was_lent_comes_back_when_the_owner_closes, 0, WAYS);
    tcase_add_test(tests, a_client_without_a_certificate_is_not_let_in);
    tcase_add_loop_test(tests, plain_and_tls_do_not_understand_each_other, 0, 2);
    tcase_add_test(tests, nobody_listens);
    tcase_add_loop_test(tests, closed_before_it_is_open, 0, 2);
}

static void make_certificates(void)
{
    made_certificate_new("server", &server_certificate);
    made_certificate_new("client", &client_certificate);
}

static void drop_certificates(void)
{
    made_certificate_destroy(&server_certificate);
    made_certificate_destroy(&client_certificate);
}

int main(void)
{
    Suite *suite = suite_create("stream");
    TCase *tests = tcase_create("all");
    signal(SIGPIPE, SIG_IGN);
    tcase_set_timeout(tests, 60);
    tcase_add_unchecked_fixture(tests, make_certificates, drop_certificates);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    add_tests(tests);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
