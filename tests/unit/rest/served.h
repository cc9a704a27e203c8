/* SPDX-License-Identifier: Apache-2.0 */
/* A REST server with a standalone herder behind it, and a client over real sockets, for tests. */
#ifndef TESTS_UNIT_REST_SERVED_H
#define TESTS_UNIT_REST_SERVED_H

#include "herder/fixture.h"
#include "rest/rest_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <strings.h>
#include <sys/socket.h>

struct served {
    struct fixture herder;
    struct kc_worker_config *config;
    struct kc_rest_server *server;
    int port;
};

struct answer {
    int status; /* 0: the connection was closed without an answer */
    char head[8192];
    struct kc_str body;
};

/* ---- server ---- */

static inline struct kc_error *try_serve(struct served *served, const char *const settings[][2])
{
    struct kc_map *properties = kc_map_copy(served->herder.config->originals);
    kc_map_set(properties, "listeners", "http://127.0.0.1:0");
    for (size_t i = 0; settings && settings[i][0]; i++)
        kc_map_set(properties, settings[i][0], settings[i][1]);
    must(kc_worker_config_new(KC_WORKER_STANDALONE, properties, "test", NULL, &served->config));
    kc_map_destroy(properties);
    return kc_rest_server_new(served->config, &served->server);
}

static inline void serve(struct served *served, const char *const settings[][2])
{
    *served = (struct served){0};
    standalone(&served->herder);
    must(try_serve(served, settings));
    served->port = atoi(strrchr(kc_rest_server_url(served->server), ':') + 1);
    kc_rest_server_serve(served->server, served->herder.herder);
}

static inline void served_end(struct served *served)
{
    kc_rest_server_destroy(served->server);
    kc_worker_config_destroy(served->config);
    fixture_end(&served->herder);
}

/* ---- client ---- */

static inline int dial_from(int port, const char *own_address)
{
    struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = inet_addr(own_address)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&own, sizeof(own)), 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static inline int dial(int port)
{
    return dial_from(port, "127.0.0.1");
}

static inline bool put_text(int fd, const char *text)
{
    size_t len = strlen(text);
    while (len) {
        ssize_t n = send(fd, text, len, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        text += n;
        len -= (size_t)n;
    }
    return true;
}

static inline size_t read_head(int fd, struct answer *answer)
{
    size_t len = 0;
    while (len < sizeof(answer->head) - 1) {
        ssize_t n = recv(fd, answer->head + len, 1, 0);
        ck_assert_msg(n >= 0 || errno == ECONNRESET, "%s", strerror(errno));
        if (n <= 0)
            return 0;
        len++;
        answer->head[len] = '\0';
        if (len >= 4 && strcmp(answer->head + len - 4, "\r\n\r\n") == 0)
            return len;
    }
    return len;
}

/* The value of a header of the answer; "" when it isn't there. Static storage. */
static inline const char *header(const struct answer *answer, const char *name)
{
    static char value[512];
    size_t len = strlen(name);
    *value = '\0';
    for (const char *line = answer->head; (line = strstr(line, "\r\n")); line += 2) {
        if (strncasecmp(line + 2, name, len) == 0 && line[2 + len] == ':') {
            const char *from = line + 3 + len + strspn(line + 3 + len, " ");
            snprintf(value, sizeof(value), "%.*s", (int)strcspn(from, "\r"), from);
        }
    }
    return value;
}

static inline void read_answer(int fd, bool body, struct answer *answer)
{
    char data[4096];
    *answer = (struct answer){0};
    if (!read_head(fd, answer))
        return;
    answer->status = atoi(answer->head + strlen("HTTP/1.1 "));
    long left = body ? atol(header(answer, "Content-Length")) : 0;
    while (left > 0) {
        ssize_t n = recv(fd, data, left < 4096 ? (size_t)left : 4096, 0);
        ck_assert_int_gt((int)n, 0);
        kc_str_append_n(&answer->body, data, (size_t)n);
        left -= n;
    }
}

/* One request on a connection of its own; head: the lines after the request line, or NULL. */
static inline void ask(int port, const char *line, const char *head, const char *body,
                       struct answer *answer)
{
    int fd = dial(port);
    char *text = kc_asprintf("%s HTTP/1.1\r\nHost: h:1\r\n%s%sContent-Length: %zu\r\n\r\n%s", line,
                             head ? head : "", head && *head ? "\r\n" : "", body ? strlen(body) : 0,
                             body ? body : "");
    put_text(fd, text);
    read_answer(fd, strncmp(line, "HEAD", 4) != 0, answer);
    free(text);
    close(fd);
}

static inline int status_of(int port, const char *line, const char *head, const char *body)
{
    struct answer answer;
    ask(port, line, head, body, &answer);
    kc_str_destroy(&answer.body);
    return answer.status;
}

#endif
