/* SPDX-License-Identifier: Apache-2.0 */
/* Who is cut off when memory is wanted: who neither sends nor takes, and nobody else. */
#include "rest/connection_guard_priv.h"

#include "connect/mem.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PATIENCE_MS = 30000, CHUNK = 300000 };

/* A connection of loopback, whose one end is the guard's. */
struct pair {
    int theirs;
    int ours;
    struct kc_guarded *guarded;
};

static void no_wait(int fd)
{
    ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
}

static void connect_pair(struct pair *pair)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int listening = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(listening, (struct sockaddr *)&address, size), 0);
    ck_assert_int_eq(listen(listening, 1), 0);
    ck_assert_int_eq(getsockname(listening, (struct sockaddr *)&address, &size), 0);
    pair->theirs = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(pair->theirs, (struct sockaddr *)&address, size), 0);
    pair->ours = accept(listening, NULL, NULL);
    ck_assert_int_ge(pair->ours, 0);
    close(listening);
    no_wait(pair->theirs);
    no_wait(pair->ours);
}

static void open_pair(struct pair *pair, struct kc_connection_guard *guard,
                      enum kc_guard_phase phase)
{
    connect_pair(pair);
    pair->guarded = kc_guarded_new(guard, pair->ours, NULL, INT64_MAX);
    kc_guarded_move(pair->guarded, phase, INT64_MAX);
    kc_guarded_set_large(pair->guarded, true);
}

static void close_pair(struct pair *pair)
{
    kc_guarded_destroy(pair->guarded);
    close(pair->ours);
    close(pair->theirs);
}

static void fill(int from)
{
    static char data[65536];
    while (send(from, data, sizeof(data), MSG_NOSIGNAL) > 0)
        ;
    ck_assert_int_eq(errno, EAGAIN);
}

/* Everything arrives before this returns. */
static void carry(int from, int to)
{
    static char data[65536];
    size_t sent = 0, taken = 0;
    while (taken < CHUNK) {
        size_t left = CHUNK - sent < sizeof(data) ? CHUNK - sent : sizeof(data);
        ssize_t n = left ? send(from, data, left, MSG_NOSIGNAL) : 0;
        sent += n > 0 ? (size_t)n : 0;
        n = recv(to, data, sizeof(data), 0);
        ck_assert_msg(n != 0, "cut off");
        taken += n > 0 ? (size_t)n : 0;
    }
}

static bool is_cut(const struct pair *pair)
{
    char byte;
    return send(pair->ours, "", 1, MSG_NOSIGNAL) < 0 && errno == EPIPE &&
           recv(pair->ours, &byte, 1, MSG_PEEK) <= 0;
}

START_TEST(who_moves_on_or_waits_for_us_stays)
{
    struct kc_connection_guard *guard = NULL;
    struct pair sending, taking, unread, silent, deaf;
    ck_assert_ptr_null(kc_connection_guard_new(100, &guard));
    open_pair(&sending, guard, KC_GUARD_READING);
    open_pair(&taking, guard, KC_GUARD_ANSWERING);
    open_pair(&unread, guard, KC_GUARD_READING);
    open_pair(&silent, guard, KC_GUARD_READING);
    open_pair(&deaf, guard, KC_GUARD_ANSWERING);
    ck_assert_int_eq(send(unread.theirs, "[", 1, 0), 1);
    fill(deaf.ours);
    int64_t end = kc_mono_ms() + PATIENCE_MS;
    while (!(is_cut(&silent) && is_cut(&deaf)) && kc_mono_ms() < end) {
        carry(sending.theirs, sending.ours);
        carry(taking.ours, taking.theirs);
        kc_connection_guard_relieve(guard);
        usleep(20000);
    }
    ck_assert(is_cut(&silent) && is_cut(&deaf));
    kc_connection_guard_relieve(guard);
    ck_assert(!is_cut(&sending) && !is_cut(&taking) && !is_cut(&unread));
    close_pair(&sending);
    close_pair(&taking);
    close_pair(&unread);
    close_pair(&silent);
    close_pair(&deaf);
    kc_connection_guard_destroy(guard);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("connection_guard");
    TCase *cases = tcase_create("relief");
    tcase_set_timeout(cases, 2 * PATIENCE_MS / 1000);
    tcase_add_test(cases, who_moves_on_or_waits_for_us_stays);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
