/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The REST server over real sockets, with a standalone herder behind it: limits on sizes,
 * connections and time, CORS, configured headers, basic authentication, admin listeners, TLS.
 */
#include "http/http_client.h"
#include "rest/served.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/socket.h>

#define STORES "tests/unit/data/wire/stores/"

static void lives(const struct served *served)
{
    ck_assert_int_eq(status_of(served->port, "GET /connectors", NULL, NULL), 200);
}

/* Whether the other side closes within patience. */
static bool closes(int fd)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    char byte;
    return poll(&wait, 1, PATIENCE_MS) == 1 && recv(fd, &byte, 1, 0) <= 0;
}

/* The same behind an answer, which may come first. */
static bool ends(int fd)
{
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    char bytes[256];
    while (poll(&wait, 1, PATIENCE_MS) == 1)
        if (recv(fd, bytes, sizeof(bytes), 0) <= 0)
            return true;
    return false;
}

/* ---- sizes ---- */

START_TEST(large_bodies_are_refused)
{
    static const char *const settings[][2] = {{"rest.request.body.max.bytes", "100000"},
                                              {NULL, NULL}};
    struct served served;
    struct answer answer;
    struct kc_str body = {0};
    serve(&served, settings);
    kc_str_append(&body, "{\"a\":\"");
    while (body.len < 3000000)
        kc_str_append(&body, "0123456789");
    kc_str_append(&body, "\"}");
    ask(served.port, "PUT /connectors/c/config", "Content-Type: application/json", body.data,
        &answer);
    ck_assert_int_eq(answer.status, 413);
    ck_assert_ptr_nonnull(strstr(answer.body.data, "rest.request.body.max.bytes"));
    kc_str_destroy(&answer.body);
    kc_str_destroy(&body);
    lives(&served);
    served_end(&served);
}
END_TEST

START_TEST(large_heads_are_refused)
{
    struct served served;
    struct kc_str text = {0};
    serve(&served, NULL);
    kc_str_append(&text, "X-Large: ");
    while (text.len < 200000)
        kc_str_append(&text, "0123456789");
    ck_assert_int_eq(status_of(served.port, "GET /", text.data, NULL), 431);
    kc_str_clear(&text);
    kc_str_append(&text, "GET /connectors/");
    while (text.len < 200000)
        kc_str_append(&text, "0123456789");
    int status = status_of(served.port, text.data, NULL, NULL);
    ck_assert_msg(status == 414 || status == 431 || status == 0, "%d", status);
    kc_str_destroy(&text);
    ck_assert_int_eq(status_of(served.port, "NONSENSE", NULL, NULL), 400);
    lives(&served);
    served_end(&served);
}
END_TEST

/* Where a request ends, or whom it is for, must be told in one way only: a proxy in front may
 * choose the other. Nothing behind such a head is a request. */
/* libmicrohttpd keeps each parameter beside the head, and doesn't answer when they don't fit. */
START_TEST(thousands_of_parameters_are_answered)
{
    static const struct {
        const char *parameter;
        size_t count;
        int status;
    } cases[] = {{"a&", 100, 200},    {"a=b&", 1000, 200}, {"a&", 8000, 200},
                 {"&", 16000, 200},   {"a&", 9000, 414},   {"&", 17000, 414},
                 {"a=b&", 5000, 414}, {"a&", 30000, 414},  {"a=b&", 14000, 414}};
    struct served served;
    serve(&served, NULL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kc_str line = {0};
        kc_str_append(&line, "GET /?");
        for (size_t k = 0; k < cases[i].count; k++)
            kc_str_append(&line, cases[i].parameter);
        int status = status_of(served.port, line.data, "", NULL);
        ck_assert_msg(status == cases[i].status, "%zu: %d", i, status);
        kc_str_destroy(&line);
    }
    lives(&served);
    served_end(&served);
}
END_TEST

START_TEST(thousands_of_headers_are_answered)
{
    static const struct {
        const char *first, *each, *last;
        size_t count;
    } cases[] = {{"", "a:b\r\n", "c:d", 1000},      {"", "a:b\r\n", "c:d", 4000},
                 {"", "a:\r\n", "c:d", 12000},      {"Cookie: ", "a=b;", "c=d", 1000},
                 {"Cookie: ", "a=b;", "c=d", 5000}, {"Cookie: ", "a;", "c=d", 20000}};
    struct served served;
    serve(&served, NULL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kc_str head = {0};
        kc_str_append(&head, cases[i].first);
        for (size_t k = 0; k < cases[i].count; k++)
            kc_str_append(&head, cases[i].each);
        kc_str_append(&head, cases[i].last);
        int status = status_of(served.port, "GET /", head.data, NULL);
        ck_assert_msg(status == 431, "%zu: %d", i, status);
        kc_str_destroy(&head);
    }
    lives(&served);
    served_end(&served);
}
END_TEST

START_TEST(ambiguous_heads_are_refused)
{
    static const char *const heads[] = {
        "Host: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        "Host: h\r\nContent-Length: 2\r\nContent-Length: 3\r\n",
        "Host: h\r\nTransfer-Encoding: gzip\r\n",
        "Host: h\r\nTransfer-Encoding: chunked, chunked\r\n",
        "Host: h\r\nContent-Length : 80\r\n",
        "Host: h\r\nContent-Length: 9223372036854775807\r\n",
        "Host: a\r\nHost: b\r\n",
        "X: y\r\n",
    };
    struct served served;
    struct answer answer;
    serve(&served, NULL);
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        char *text = kc_asprintf("POST /connectors HTTP/1.1\r\nContent-Type: application/json\r\n"
                                 "%s\r\nGET /connectors HTTP/1.1\r\nHost: h\r\n\r\n",
                                 heads[i]);
        int fd = dial(served.port);
        put_text(fd, text);
        read_answer(fd, true, &answer);
        ck_assert_msg(answer.status == 400 || answer.status == 413, "%s: %d", heads[i],
                      answer.status);
        ck_assert_str_eq(header(&answer, "Connection"), "close");
        kc_str_destroy(&answer.body);
        read_answer(fd, true, &answer);
        ck_assert_msg(answer.status == 0, "%s: %d", heads[i], answer.status);
        close(fd);
        free(text);
    }
    lives(&served);
    served_end(&served);
}
END_TEST

/* ---- connections ---- */

START_TEST(connections_are_kept_alive)
{
    struct served served;
    serve(&served, NULL);
    int fd = dial(served.port);
    for (int i = 0; i < 3; i++) {
        struct answer answer;
        put_text(fd, i == 1 ? "GET /health HTTP/1.1\r\nHost: h\r\n\r\n"
                            : "GET /connectors HTTP/1.1\r\nHost: h\r\n\r\n");
        read_answer(fd, true, &answer);
        ck_assert_int_eq(answer.status, 200);
        kc_str_destroy(&answer.body);
    }
    struct answer last;
    put_text(fd, "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    read_answer(fd, true, &last);
    ck_assert_int_eq(last.status, 200);
    kc_str_destroy(&last.body);
    ck_assert(closes(fd));
    close(fd);
    served_end(&served);
}
END_TEST

/* Two requests sent at once, one of them for the pool: two answers, in order. */
START_TEST(pipelined_requests_are_answered_in_order)
{
    struct served served;
    struct answer answer;
    serve(&served, NULL);
    int fd = dial(served.port);
    put_text(fd, "GET /connectors/nobody HTTP/1.1\r\nHost: h\r\n\r\n"
                 "GET /connectors HTTP/1.1\r\nHost: h\r\n\r\n");
    read_answer(fd, true, &answer);
    ck_assert_int_eq(answer.status, 404);
    kc_str_destroy(&answer.body);
    read_answer(fd, true, &answer);
    ck_assert_int_eq(answer.status, 200);
    ck_assert_str_eq(answer.body.data, "[]");
    kc_str_destroy(&answer.body);
    close(fd);
    served_end(&served);
}
END_TEST

/* Beyond the limit the one that has been silent for longest makes room. */
START_TEST(the_number_of_connections_is_bounded)
{
    static const char *const settings[][2] = {{"rest.connections.max", "4"}, {NULL, NULL}};
    struct served served;
    struct answer answer;
    int fds[5];
    serve(&served, settings);
    for (int i = 0; i < 5; i++) {
        fds[i] = dial(served.port);
        put_text(fds[i], "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        read_answer(fds[i], true, &answer);
        ck_assert_int_eq(answer.status, 200);
        kc_str_destroy(&answer.body);
    }
    ck_assert(closes(fds[0]));
    for (int i = 1; i < 5; i++) {
        put_text(fds[i], "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
        read_answer(fds[i], true, &answer);
        ck_assert_int_eq(answer.status, 200);
        kc_str_destroy(&answer.body);
    }
    for (int i = 0; i < 5; i++)
        close(fds[i]);
    served_end(&served);
}
END_TEST

/* Requests of which only a part comes, from one address: others are served all the while, and from
 * another address even one that is slow. */
START_TEST(half_sent_requests_dont_keep_others_out)
{
    enum { HALF_SENT = 300 };
    static const char *const settings[][2] = {{"rest.connections.max", "50"}, {NULL, NULL}};
    static const char *const halves[] = {"", "GET /conn", "GET / HTTP/1.1\r\nHost: h\r\nX: ",
                                         "PUT /connectors/c/config HTTP/1.1\r\nHost: h\r\n"
                                         "Content-Type: application/json\r\n"
                                         "Content-Length: 100\r\n\r\n{"};
    struct served served;
    struct answer answer;
    int fds[HALF_SENT];
    serve(&served, settings);
    int slow = dial_from(served.port, "127.0.0.2");
    put_text(slow, "GET /connectors HTTP/1.1\r\n");
    for (int i = 0; i < HALF_SENT; i++) {
        fds[i] = dial(served.port);
        put_text(fds[i], halves[i % 4]);
        if (i % 10 == 0)
            lives(&served);
    }
    put_text(slow, "Host: h\r\n\r\n");
    read_answer(slow, true, &answer);
    ck_assert_int_eq(answer.status, 200);
    kc_str_destroy(&answer.body);
    for (int i = 0; i < HALF_SENT; i++)
        close(fds[i]);
    close(slow);
    served_end(&served);
}
END_TEST

/* ---- memory ---- */

/* Sends the beginning of a request whose body is of len bytes, and all of them but one. */
static bool put_half(int fd, const char *line, size_t len)
{
    char *head = kc_asprintf("%s HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
                             "Content-Length: %zu\r\n\r\n",
                             line, len);
    char *body = kc_malloc(len);
    memset(body, '[', len);
    body[len - 1] = '\0';
    bool sent = put_text(fd, head) && put_text(fd, body);
    free(head);
    free(body);
    return sent;
}

/* Large bodies share a budget; who wants more is told so, and short requests go on. */
/* Half a request on one connection, and a whole one on another. The server may read the second one
 * first. */
static void ask_beside_another(int port, int *first, int *second, struct answer *answer)
{
    *first = dial(port);
    ck_assert(put_half(*first, "PUT /connectors/c/config", 600000));
    *second = dial(port);
    ck_assert(put_half(*second, "PUT /connectors/c/config", 600000));
    put_text(*second, "]");
    read_answer(*second, true, answer);
}

START_TEST(bodies_share_a_budget)
{
    static const char *const settings[][2] = {{"rest.memory.max.bytes", "1000000"}, {NULL, NULL}};
    struct served served;
    struct answer answer;
    serve(&served, settings);
    int first = -1, second = -1;
    int64_t deadline = kc_mono_ms() + PATIENCE_MS;
    ask_beside_another(served.port, &first, &second, &answer);
    while (answer.status != 503 && kc_mono_ms() < deadline) {
        close(first);
        close(second);
        kc_str_destroy(&answer.body);
        ask_beside_another(served.port, &first, &second, &answer);
    }
    ck_assert_int_eq(answer.status, 503);
    ck_assert_ptr_nonnull(strstr(answer.body.data, "rest.memory.max.bytes"));
    kc_str_destroy(&answer.body);
    lives(&served);
    ck_assert_int_eq(
        status_of(served.port, "PUT /connectors/c/config", "Content-Type: application/json", "{"),
        500);
    close(first);
    for (int64_t end = kc_mono_ms() + PATIENCE_MS; answer.status != 500 && kc_mono_ms() < end;) {
        int third = dial(served.port);
        put_half(third, "PUT /connectors/c/config", 100000);
        put_text(third, "]");
        read_answer(third, true, &answer);
        kc_str_destroy(&answer.body);
        close(third);
    }
    ck_assert_int_eq(answer.status, 500); /* too deep; there is room again */
    close(second);
    served_end(&served);
}
END_TEST

/* Begins a body that one request can't have, and goes on until it is refused. */
static int begin_refused(const struct served *served, size_t len)
{
    int fd = dial(served->port);
    char *head = kc_asprintf("PUT /connectors/c/config HTTP/1.1\r\nHost: h\r\n"
                             "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
                             len + 1);
    char *body = kc_calloc(1, len + 1);
    memset(body, '[', len);
    ck_assert(put_text(fd, head) && put_text(fd, body));
    free(head);
    free(body);
    return fd;
}

/* A refused client that is slow to send the rest holds no memory: it isn't cut off for others. */
START_TEST(who_was_refused_gets_the_answer)
{
    static const char *const settings[][2] = {{"rest.memory.max.bytes", "1000000"}, {NULL, NULL}};
    struct served served;
    struct answer answer;
    serve(&served, settings);
    int first = begin_refused(&served, 950000);
    /* Longer than a client may be slow while others want memory. */
    for (int64_t end = kc_mono_ms() + 6000; kc_mono_ms() < end; usleep(100000))
        close(begin_refused(&served, 950000));
    put_text(first, "]");
    read_answer(first, true, &answer);
    /* 503 where another one held memory when this one wanted more of it. */
    ck_assert(answer.status == 400 || answer.status == 503);
    kc_str_destroy(&answer.body);
    close(first);
    served_end(&served);
}
END_TEST

/* Who has no use for a body doesn't keep it, and a refusal doesn't wait for it. */
START_TEST(unwanted_bodies_are_not_kept)
{
    static const char *const settings[][2] = {{"rest.memory.max.bytes", "100000"}, {NULL, NULL}};
    static const struct {
        const char *line;
        int status;
    } cases[] = {{"GET /connectors", 200},
                 {"GET /nothing", 404},
                 {"POST /nothing", 404},
                 {"DELETE /connectors/nobody", 404},
                 {"PUT /connectors/nobody/pause", 404}};
    struct served served;
    struct answer answer;
    serve(&served, settings);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int fd = dial(served.port);
        ck_assert(put_half(fd, cases[i].line, 500000));
        put_text(fd, "]");
        read_answer(fd, true, &answer);
        ck_assert_msg(answer.status == cases[i].status, "%s: %d", cases[i].line, answer.status);
        kc_str_destroy(&answer.body);
        close(fd);
    }
    int fd = dial(served.port);
    put_text(fd, "PUT /nothing HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
                 "Content-Type: application/json\r\nContent-Length: 500000\r\n\r\n");
    read_answer(fd, true, &answer);
    ck_assert_int_eq(answer.status, 404);
    kc_str_destroy(&answer.body);
    close(fd);
    served_end(&served);
}
END_TEST

/* A body that is short, and whose tree wouldn't be. */
START_TEST(expensive_bodies_are_refused)
{
    static const char *const settings[][2] = {{"rest.memory.max.bytes", "20000000"}, {NULL, NULL}};
    struct served served;
    struct answer answer;
    struct kc_str body = {0};
    serve(&served, settings);
    kc_str_append(&body, "[[]");
    while (body.len < 400000)
        kc_str_append(&body, ",[]");
    kc_str_append(&body, "]");
    ask(served.port, "PUT /connectors/c/config", "Content-Type: application/json", body.data,
        &answer);
    ck_assert_int_eq(answer.status, 400);
    ck_assert_ptr_nonnull(strstr(answer.body.data, "rest.memory.max.bytes"));
    kc_str_destroy(&answer.body);
    while (body.len < 2000000)
        kc_str_append(&body, ",[]");
    ask(served.port, "PUT /connectors/c/config", "Content-Type: application/json", body.data,
        &answer);
    ck_assert_int_eq(answer.status, 400);
    ck_assert_ptr_nonnull(strstr(answer.body.data, "JSON values"));
    kc_str_destroy(&answer.body);
    kc_str_destroy(&body);
    lives(&served);
    served_end(&served);
}
END_TEST

/* ---- threads ---- */

/* As many validations as there are threads for them, and more, wait for ever: what is asked about
 * the worker is answered. */
START_TEST(requests_that_hang_dont_stop_others)
{
    enum { HANGING = 100 };
    static const char body[] =
        "{\"connector.class\":\"org.isthmus.test.ScriptedConnector\",\"fail\":\"hang\"}";
    struct served served;
    struct answer answer;
    int fds[HANGING];
    serve(&served, NULL);
    atomic_store(&scripted_hang, true);
    for (int i = 0; i < HANGING; i++) {
        char *text = kc_asprintf("PUT /connector-plugins/ScriptedConnector/config/validate "
                                 "HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
                                 "Content-Length: %zu\r\n\r\n%s",
                                 strlen(body), body);
        fds[i] = dial(served.port);
        put_text(fds[i], text);
        free(text);
    }
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(status_of(served.port, "GET /health", NULL, NULL), 200);
        ck_assert_int_eq(status_of(served.port, "GET /metrics", NULL, NULL), 200);
        ck_assert_int_eq(status_of(served.port, "GET /connectors/nobody", NULL, NULL), 404);
    }
    struct pollfd wait = {.fd = fds[0], .events = POLLIN};
    ck_assert_int_eq(poll(&wait, 1, 0), 0); /* they do hang */
    atomic_store(&scripted_hang, false);
    for (int i = 0; i < HANGING; i++) {
        read_answer(fds[i], true, &answer);
        ck_assert_int_eq(answer.status, 200);
        kc_str_destroy(&answer.body);
        close(fds[i]);
    }
    served_end(&served);
}
END_TEST

/* Connections are a part of the files that may be open: the others are there for the rest. */
START_TEST(connections_leave_descriptors)
{
    enum { IDLE = 250, FILES = 400 };
    const struct rlimit few = {FILES, FILES};
    struct served served;
    int fds[IDLE];
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
    serve(&served, NULL);
    for (int i = 0; i < IDLE; i++) /* these are our own descriptors, too */
        fds[i] = dial(served.port);
    lives(&served);
    for (int i = 0; i < 20; i++)
        ck_assert_int_ge(open("/dev/null", O_RDONLY | O_CLOEXEC), 0);
    for (int i = 0; i < IDLE; i++)
        close(fds[i]);
    served_end(&served);
}
END_TEST

/* ---- time ---- */

static const char *const hasty[][2] = {{"rest.request.read.timeout.ms", "600"},
                                       {"rest.connection.idle.timeout.ms", "1000"},
                                       {NULL, NULL}};

/* Feeds a byte now and then until the server has had enough of it; true when it has. What it says
 * before goes to *said. */
static bool cut_off(int fd, const char *begin, struct kc_str *said)
{
    int64_t deadline = kc_mono_ms() + PATIENCE_MS;
    put_text(fd, begin);
    while (kc_mono_ms() < deadline) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        char data[512];
        ssize_t len = poll(&wait, 1, 50) == 1 ? recv(fd, data, sizeof(data), 0) : 0;
        if (len > 0)
            kc_str_append_n(said, data, (size_t)len);
        else if (wait.revents)
            return true;
        put_text(fd, "a");
    }
    return false;
}

START_TEST(slow_requests_are_cut_off)
{
    static const char *const begins[] = {
        "",
        "GET /conn",
        "GET /connectors HTTP/1.1\r\nHost: h\r\nX-Slow: ",
        "PUT /connectors/c/config HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
        "Content-Length: 1000000\r\n\r\n{",
        "PUT /connectors/c/config HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        "fffff\r\n{",
    };
    struct served served;
    struct kc_str said = {0};
    serve(&served, hasty);
    int fd = dial(served.port);
    ck_assert_msg(cut_off(fd, begins[_i], &said), "%s", begins[_i]);
    ck_assert_msg(said.data && strncmp(said.data, "HTTP/1.1 408 ", 13) == 0, "%s: %s", begins[_i],
                  said.data);
    kc_str_destroy(&said);
    close(fd);
    lives(&served);
    served_end(&served);
}
END_TEST

START_TEST(idle_connections_are_closed)
{
    struct served served;
    struct answer answer;
    serve(&served, hasty);
    int silent = dial(served.port);
    int used = dial(served.port);
    put_text(used, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    read_answer(used, true, &answer);
    kc_str_destroy(&answer.body);
    ck_assert(closes(silent));
    ck_assert(closes(used));
    close(silent);
    close(used);
    served_end(&served);
}
END_TEST

/* A client that has said all it wants to say and closed its side still gets its answer. */
START_TEST(half_open_clients_are_answered)
{
    struct served served;
    struct answer answer;
    serve(&served, hasty);
    int fd = dial(served.port);
    put_text(fd, "GET /connectors/nobody HTTP/1.1\r\nHost: h\r\n\r\n");
    shutdown(fd, SHUT_WR);
    read_answer(fd, true, &answer);
    ck_assert_int_eq(answer.status, 404);
    kc_str_destroy(&answer.body);
    close(fd);
    fd = dial(served.port);
    put_text(fd, "PUT /connectors/c/config HTTP/1.1\r\nHost: h\r\nContent-Length: 50\r\n\r\n{");
    shutdown(fd, SHUT_WR);
    ck_assert(ends(fd));
    close(fd);
    fd = dial(served.port);
    put_text(fd, "GET /connectors/nobody HTTP/1.1\r\nHost: h\r\n\r\n");
    close(fd); /* gone before the answer */
    lives(&served);
    served_end(&served);
}
END_TEST

/* ---- headers ---- */

START_TEST(other_origins)
{
    static const char *const settings[][2] = {
        {"access.control.allow.origin",
         "http://a.example,http://*.b.example,https://[a-z]+[.]c[.]example"},
        {"access.control.allow.methods", "GET,PUT"},
        {"response.http.headers.config",
         "set X-One:1, \"add Cache-Control: no-cache, no-store\", setDate Expires:1000"},
        {NULL, NULL}};
    struct served served;
    struct answer answer;
    serve(&served, settings);
    ask(served.port, "GET /connectors", "Origin: http://a.example", NULL, &answer);
    ck_assert_int_eq(answer.status, 200);
    ck_assert_str_eq(header(&answer, "Access-Control-Allow-Origin"), "http://a.example");
    ck_assert_str_eq(header(&answer, "X-One"), "1");
    ck_assert_str_eq(header(&answer, "Cache-Control"), "no-cache, no-store");
    ck_assert_ptr_nonnull(strstr(header(&answer, "Expires"), "GMT"));
    kc_str_destroy(&answer.body);
    ask(served.port, "GET /connectors", "Origin: http://evil.example", NULL, &answer);
    ck_assert_int_eq(answer.status, 200);
    ck_assert_str_eq(header(&answer, "Access-Control-Allow-Origin"), "");
    ck_assert_str_eq(header(&answer, "Vary"), "Origin");
    kc_str_destroy(&answer.body);
    ask(served.port, "OPTIONS /connectors",
        "Origin: http://x.b.example\r\nAccess-Control-Request-Method: PUT", NULL, &answer);
    ck_assert_int_eq(answer.status, 200);
    ck_assert_str_eq(header(&answer, "Access-Control-Allow-Origin"), "http://x.b.example");
    ck_assert_ptr_nonnull(strstr(header(&answer, "Access-Control-Allow-Methods"), "PUT"));
    kc_str_destroy(&answer.body);
    ask(served.port, "OPTIONS /nothing",
        "Origin: https://x.c.example\r\nAccess-Control-Request-Method: GET", NULL, &answer);
    ck_assert_int_eq(answer.status, 404);
    ck_assert_str_eq(header(&answer, "Access-Control-Allow-Origin"), "https://x.c.example");
    kc_str_destroy(&answer.body);
    ask(served.port, "GET /nothing", NULL, NULL, &answer);
    ck_assert_int_eq(answer.status, 404);
    ck_assert_str_eq(header(&answer, "X-One"), "1");
    kc_str_destroy(&answer.body);
    served_end(&served);
}
END_TEST

START_TEST(users_and_their_passwords)
{
    static const char *const settings[][2] = {
        {"rest.extension.classes",
         "org.apache.kafka.connect.rest.basic.auth.extension.BasicAuthSecurityRestExtension"},
        {NULL, NULL}};
    char *jaas = kc_asprintf("/tmp/test-rest-server-%d.jaas", (int)getpid());
    char *users = kc_asprintf("/tmp/test-rest-server-%d.users", (int)getpid());
    char *options = kc_asprintf("-Xmx1g -Djava.security.auth.login.config=%s -Da=b", jaas);
    struct served served;
    struct answer answer;
    FILE *file = fopen(users, "w");
    fputs("admin=secret:1\nother=\n", file);
    fclose(file);
    file = fopen(jaas, "w");
    fprintf(file,
            "Other { x.Y required; };\nKafkaConnect {\n org.apache.kafka.connect.rest.basic.auth."
            "extension.PropertyFileLoginModule required\n file=\"%s\"; };\n",
            users);
    fclose(file);
    setenv("KAFKA_OPTS", options, 1);
    serve(&served, settings);
    ask(served.port, "GET /connectors", NULL, NULL, &answer);
    ck_assert_int_eq(answer.status, 401);
    ck_assert_str_eq(answer.body.data, "User cannot access the resource.");
    kc_str_destroy(&answer.body);
    static const struct {
        const char *line;
        const char *head;
        int status;
    } cases[] = {
        {"GET /connectors", "Authorization: Basic YWRtaW46c2VjcmV0OjE=", 200},
        {"GET /connectors", "Authorization: basic YWRtaW46c2VjcmV0OjE=", 200},
        {"GET /connectors", "Authorization: Basic YWRtaW46c2VjcmV0", 401},
        {"GET /connectors", "Authorization: Basic b3RoZXI6", 200},
        {"GET /connectors", "Authorization: Basic !!!!", 401},
        {"GET /connectors", "Authorization: Basic ", 401},
        {"GET /connectors", "Authorization: Bearer YWRtaW46c2VjcmV0OjE=", 401},
        {"GET /nothing", NULL, 404},
        {"DELETE /connectors", NULL, 405},
        {"OPTIONS /connectors", NULL, 401},
        {"PUT /connectors/nobody/pause", NULL, 401},
        {"POST /connectors/nobody/tasks", "Content-Type: application/json", 500},
        {"GET /connectors/nobody/tasks", NULL, 401},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int status = status_of(served.port, cases[i].line, cases[i].head, NULL);
        ck_assert_msg(status == cases[i].status, "%s %s: %d", cases[i].line,
                      cases[i].head ? cases[i].head : "", status);
    }
    served_end(&served);
    unlink(jaas);
    unlink(users);
    free(jaas);
    free(users);
    free(options);
}
END_TEST

/* ---- listeners ---- */

START_TEST(admin_resources_may_be_switched_off)
{
    static const char *const settings[][2] = {{"admin.listeners", ""}, {NULL, NULL}};
    struct served served;
    serve(&served, settings);
    ck_assert_int_eq(status_of(served.port, "GET /admin/loggers", NULL, NULL), 404);
    lives(&served);
    served_end(&served);
}
END_TEST

START_TEST(a_port_in_use_is_named)
{
    struct served served;
    struct served second = {0};
    char url[64];
    serve(&served, NULL);
    snprintf(url, sizeof(url), "http://127.0.0.1:%d", served.port);
    const char *settings[][2] = {{"listeners", url}, {NULL, NULL}};
    second.herder.config = served.herder.config;
    struct kc_error *err = try_serve(&second, (const char *const(*)[2])settings);
    ck_assert_ptr_nonnull(err);
    ck_assert_ptr_nonnull(strstr(kc_error_text(err), "Address already in use"));
    ck_assert_ptr_nonnull(strstr(kc_error_text(err), strrchr(url, ':')));
    kc_error_destroy(err);
    kc_worker_config_destroy(second.config);
    served_end(&served);
}
END_TEST

/* ---- TLS ---- */

#define KEY                                                                                        \
    {"listeners", "https://localhost:0"}, {"ssl.keystore.location", STORES "client.p12"},          \
    {                                                                                              \
        "ssl.keystore.password", "secret1"                                                         \
    }
#define TRUST                                                                                      \
    {"ssl.truststore.location", STORES "trust.p12"}, {"ssl.truststore.password", "secret1"},       \
    {                                                                                              \
        "ssl.endpoint.identification.algorithm", ""                                                \
    }

static struct kc_error *call(const struct served *served, const struct kc_worker_config *config,
                             long *status)
{
    struct kc_http_reply reply = {0};
    char *url = kc_asprintf("%sconnectors", kc_rest_server_url(served->server));
    struct kc_http_request request = {.method = "GET", .url = url, .max_reply = 10000};
    struct kc_error *err = kc_http_send(config, &request, &reply);
    *status = reply.status;
    kc_http_reply_clear(&reply);
    free(url);
    return err;
}

/* The client's settings are the listeners' own: it shows its certificate to whom asks for one. */
START_TEST(workers_show_each_other_certificates)
{
    static const char *const settings[][2] = {
        KEY, TRUST, {"ssl.client.auth", "required"}, {NULL, NULL}};
    static const char *const nobody[][2] = {TRUST, {NULL, NULL}};
    struct served served;
    struct served client = {0};
    long status;
    serve(&served, settings);
    must(call(&served, served.config, &status));
    ck_assert_int_eq(status, 200);
    client.herder.config = served.herder.config;
    must(try_serve(&client, nobody)); /* for its settings */
    struct kc_error *err = call(&served, client.config, &status);
    ck_assert_ptr_nonnull(err);
    kc_error_destroy(err);
    err = call(&served, served.herder.config, &status); /* trusts the system's authorities */
    ck_assert_ptr_nonnull(err);
    ck_assert_ptr_nonnull(strstr(kc_error_text(err), "IO Error trying to forward REST request"));
    kc_error_destroy(err);
    kc_rest_server_destroy(client.server);
    kc_worker_config_destroy(client.config);
    int fd = dial(served.port);
    put_text(fd, "GET / HTTP/1.1\r\nHost: h\r\n\r\n"); /* no TLS at all */
    closes(fd);
    close(fd);
    served_end(&served);
}
END_TEST

/* A handshake that never goes on is a slow request. */
START_TEST(slow_handshakes_are_cut_off)
{
    static const char *const settings[][2] = {
        KEY, {"rest.request.read.timeout.ms", "600"}, {NULL, NULL}};
    struct served served;
    struct kc_str said = {0};
    serve(&served, settings);
    int fd = dial(served.port);
    send(fd, "\x16\x03\x01\x02\x00\x01", 6, MSG_NOSIGNAL);
    ck_assert(cut_off(fd, "", &said));
    kc_str_destroy(&said);
    close(fd);
    served_end(&served);
}
END_TEST

/* Whether openssl's client agrees with the server on one of suites. */
static bool agrees(const struct served *served, const char *suites)
{
    char *command = kc_asprintf("openssl s_client -connect 127.0.0.1:%d -tls1_2 -cipher "
                                "'%s:@SECLEVEL=0' </dev/null 2>&1",
                                served->port, suites);
    FILE *client = popen(command, "r");
    char line[256];
    bool agreed = false;
    while (fgets(line, sizeof(line), client))
        agreed |= strstr(line, "Cipher is ") && !strstr(line, "(NONE)");
    pclose(client);
    free(command);
    return agreed;
}

/* By default neither SHA-1 nor RSA's key exchange; who needs them lists them. */
START_TEST(weak_suites_are_off_unless_listed)
{
    static const char *const settings[][2] = {KEY, {NULL, NULL}};
    static const char *const listed[][2] = {
        KEY,
        {"ssl.cipher.suites", "TLS_RSA_WITH_AES_128_CBC_SHA,TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"},
        {NULL, NULL}};
    struct served served;
    serve(&served, settings);
    ck_assert(agrees(&served, "ECDHE-RSA-AES128-GCM-SHA256"));
    ck_assert(!agrees(&served, "ECDHE-RSA-AES256-SHA:ECDHE-RSA-AES128-SHA:DHE-RSA-AES128-SHA"));
    ck_assert(!agrees(&served, "AES128-GCM-SHA256:AES256-GCM-SHA384:AES128-SHA256"));
    ck_assert(!agrees(&served, "AES128-SHA:AES256-SHA:DES-CBC3-SHA"));
    served_end(&served);
    serve(&served, listed);
    ck_assert(agrees(&served, "AES128-SHA"));
    ck_assert(agrees(&served, "ECDHE-RSA-AES256-SHA"));
    served_end(&served);
}
END_TEST

START_TEST(unusable_stores_are_named)
{
    static const char *const cases[][3] = {
        {"ssl.keystore.password", "wrong", "client.p12"},
        {"ssl.keystore.location", "/no/such.p12", "/no/such.p12"},
        {"ssl.cipher.suites", "TLS_ROT13", "TLS_ROT13"},
        {"ssl.enabled.protocols", "SSLv9", "SSLv9"},
        {"listeners.https.ssl.client.auth", "perhaps", "perhaps"},
        {"listeners.https.ssl.protocol", "TLSv1.3", "ssl.keystore.location"},
    };
    struct served served = {0};
    const char *settings[][2] = {KEY, {cases[_i][0], cases[_i][1]}, {NULL, NULL}};
    standalone(&served.herder);
    struct kc_error *err = try_serve(&served, (const char *const(*)[2])settings);
    ck_assert_ptr_nonnull(err);
    ck_assert_int_eq(kc_error_code(err), KC_ERR_CONFIG);
    ck_assert_msg(strstr(kc_error_text(err), cases[_i][2]), "%s", kc_error_text(err));
    kc_error_destroy(err);
    kc_worker_config_destroy(served.config);
    fixture_end(&served.herder);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("rest_server");
    TCase *cases = tcase_create("sockets");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, large_bodies_are_refused);
    tcase_add_test(cases, large_heads_are_refused);
    tcase_add_test(cases, thousands_of_parameters_are_answered);
    tcase_add_test(cases, thousands_of_headers_are_answered);
    tcase_add_test(cases, ambiguous_heads_are_refused);
    tcase_add_test(cases, connections_are_kept_alive);
    tcase_add_test(cases, pipelined_requests_are_answered_in_order);
    tcase_add_test(cases, the_number_of_connections_is_bounded);
    tcase_add_test(cases, half_sent_requests_dont_keep_others_out);
    tcase_add_test(cases, requests_that_hang_dont_stop_others);
    tcase_add_test(cases, connections_leave_descriptors);
    tcase_add_test(cases, bodies_share_a_budget);
    tcase_add_test(cases, who_was_refused_gets_the_answer);
    tcase_add_test(cases, unwanted_bodies_are_not_kept);
    tcase_add_test(cases, expensive_bodies_are_refused);
    tcase_add_loop_test(cases, slow_requests_are_cut_off, 0, 5);
    tcase_add_test(cases, idle_connections_are_closed);
    tcase_add_test(cases, half_open_clients_are_answered);
    tcase_add_test(cases, other_origins);
    tcase_add_test(cases, users_and_their_passwords);
    tcase_add_test(cases, admin_resources_may_be_switched_off);
    tcase_add_test(cases, a_port_in_use_is_named);
    tcase_add_test(cases, workers_show_each_other_certificates);
    tcase_add_test(cases, slow_handshakes_are_cut_off);
    tcase_add_test(cases, weak_suites_are_off_unless_listed);
    tcase_add_loop_test(cases, unusable_stores_are_named, 0, 6);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
