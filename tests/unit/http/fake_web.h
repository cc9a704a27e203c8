/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An HTTP server on loopback that answers each request with what a table says, in order, and keeps
 * what it was asked. One thread; connections one after another.
 */
#ifndef TESTS_UNIT_WIRE_FAKE_WEB_H
#define TESTS_UNIT_WIRE_FAKE_WEB_H

#include "connect/mem.h"

#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

struct fake_web_answer {
    const char *path;    /* what the request line's path begins with */
    const char *status;  /* "200 OK" */
    const char *headers; /* "Name: value\r\n"; NULL: none */
    const char *body;
};

struct fake_web {
    const struct fake_web_answer *answers;
    size_t count;
    struct kc_strings requests; /* head and body of each; read after fake_web_stop() */
    int listener;
    int port;
    pthread_t thread;
};

static inline const struct fake_web_answer *fake_web_find(const struct fake_web *web,
                                                          const char *request)
{
    const char *path = strchr(request, ' ');

    for (size_t i = 0; path && i < web->count; i++) {
        if (strncmp(path + 1, web->answers[i].path, strlen(web->answers[i].path)) == 0)
            return &web->answers[i];
    }
    return NULL;
}

/* Reads until head and body are there. */
static inline void fake_web_read(int fd, struct kc_str *request)
{
    char buffer[4096];
    ssize_t len;

    while ((len = read(fd, buffer, sizeof(buffer))) > 0) {
        const char *end, *length;

        kc_str_append_n(request, buffer, (size_t)len);
        end = strstr(request->data, "\r\n\r\n");
        length = strcasestr(request->data, "content-length:");
        if (end &&
            request->len >= (size_t)(end + 4 - request->data) +
                                (length && length < end ? strtoul(length + 15, NULL, 10) : 0))
            return;
    }
}

static inline void fake_web_answer(struct fake_web *web, int fd)
{
    struct kc_str request = {0};
    const struct fake_web_answer *answer;
    char *text;

    fake_web_read(fd, &request);
    if (request.len) {
        kc_strings_add(&web->requests, request.data);
        answer = fake_web_find(web, request.data);
        text = kc_asprintf("HTTP/1.1 %s\r\n%sContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
                           answer ? answer->status : "404 Not Found",
                           answer && answer->headers ? answer->headers : "",
                           answer ? strlen(answer->body) : 0, answer ? answer->body : "");
        (void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
        free(text);
    }
    kc_str_destroy(&request);
}

static inline void *fake_web_run(void *arg)
{
    struct fake_web *web = arg;
    int fd;

    while ((fd = accept(web->listener, NULL, NULL)) >= 0) {
        fake_web_answer(web, fd);
        close(fd);
    }
    return NULL;
}

static inline void fake_web_start(struct fake_web *web, const struct fake_web_answer *answers,
                                  size_t count)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);

    *web = (struct fake_web){.answers = answers, .count = count};
    web->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(web->listener, (struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(listen(web->listener, 16), 0);
    getsockname(web->listener, (struct sockaddr *)&address, &len);
    web->port = ntohs(address.sin_port);
    ck_assert_int_eq(pthread_create(&web->thread, NULL, fake_web_run, web), 0);
}

static inline void fake_web_stop(struct fake_web *web)
{
    shutdown(web->listener, SHUT_RDWR);
    pthread_join(web->thread, NULL);
    close(web->listener);
}

#endif
