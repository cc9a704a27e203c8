/* SPDX-License-Identifier: Apache-2.0 */
/* The log's thread: who logs never waits, nothing is lost in silence, the order is kept. */
#include "base/log_sink.h"

#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATIENCE_MS = 20000 };

static void describe(struct kc_str *line, size_t dropped)
{
    kc_str_appendf(line, "dropped %zu\n", dropped);
}

static void start(int fds[2])
{
    ck_assert_int_eq(pipe2(fds, O_CLOEXEC), 0);
    kc_log_sink_set_fd(fds[1]);
    ck_assert_ptr_null(kc_log_sink_start(describe));
}

static void put(const char *text)
{
    kc_log_sink_write(text, strlen(text));
}

/* Reads until end has been read. */
static void read_until(int fd, const char *end, struct kc_str *text)
{
    char data[65536];
    int64_t deadline = kc_mono_ms() + PATIENCE_MS;
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    while (!text->data || !strstr(text->data, end)) {
        ck_assert_msg(kc_mono_ms() < deadline, "no %s", end);
        if (poll(&wait, 1, 100) == 1)
            kc_str_append_n(text, data, (size_t)read(fd, data, sizeof(data)));
    }
}

START_TEST(lines_arrive_in_order)
{
    int fds[2];
    struct kc_str text = {0};
    char line[32];
    start(fds);
    for (int i = 0; i < 1000; i++) {
        snprintf(line, sizeof(line), "%d\n", i);
        put(line);
    }
    read_until(fds[0], "\n999\n", &text);
    const char *at = text.data;
    for (int i = 0; i < 1000; i++)
        ck_assert_int_eq(strtol(at, (char **)&at, 10), i);
    ck_assert(kc_log_sink_flush(PATIENCE_MS));
    kc_str_destroy(&text);
    kc_log_sink_end(PATIENCE_MS);
    put("after\n"); /* at once */
    read_until(fds[0], "after\n", &text);
    kc_str_destroy(&text);
}
END_TEST

/* Nobody reads: writers go on, a flush has its deadline; then it is told where lines are missing.
 */
START_TEST(who_doesnt_read_stops_nobody)
{
    int fds[2];
    struct kc_str text = {0};
    char line[1001];
    size_t written = 3 * (KC_LOG_SINK_MAX / 1000);
    start(fds);
    memset(line, 'x', 999);
    strcpy(line + 999, "\n");
    for (size_t i = 0; i < written; i++)
        put(line);
    ck_assert(!kc_log_sink_flush(50));
    read_until(fds[0], "dropped ", &text);
    put("the last\n");
    read_until(fds[0], "the last\n", &text);
    size_t whole = 0;
    for (const char *at = text.data; (at = strstr(at, "x\n")); at++)
        whole++;
    size_t missing = (size_t)atol(strstr(text.data, "dropped ") + strlen("dropped "));
    ck_assert_uint_gt(missing, written / 5); /* two buffers and a pipe are full */
    ck_assert_uint_eq(whole + missing, written);
    ck_assert(strstr(text.data, "the last") > strstr(text.data, "dropped "));
    kc_str_destroy(&text);
    kc_log_sink_end(PATIENCE_MS);
}
END_TEST

START_TEST(the_end_waits_no_longer_than_it_may)
{
    int fds[2];
    char *large = kc_calloc(1, 500000);
    memset(large, 'x', 499999);
    start(fds);
    put(large);
    kc_log_sink_end(50); /* would never return if it waited for the reader */
    free(large);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("log_sink");
    TCase *cases = tcase_create("pipe");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, lines_arrive_in_order);
    tcase_add_test(cases, who_doesnt_read_stops_nobody);
    tcase_add_test(cases, the_end_waits_no_longer_than_it_may);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
