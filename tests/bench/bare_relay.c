/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What any relay costs on this machine: bytes from socket to pipe to socket, nobody looks at them.
 *
 * bare_relay PORT TO_PORT, on loopback, until it is terminated. Connections that have ended keep
 * their few descriptors: a run has few.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define PIPE_BYTES (1 << 20)
#define AT_ONCE    64

struct side;

/* One direction of a connection. */
struct way {
    struct side *to;
    int pipe[2];
    size_t piped;
    bool ended; /* nothing comes any more */
    bool told;  /* and the other socket knows */
};

/* One of the two sockets. */
struct side {
    int fd;
    struct way out; /* of what comes from this socket */
};

static int epoll;

static _Noreturn void give_up(const char *what)
{
    perror(what);
    exit(1);
}

static int socket_on(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0)
        give_up("socket");
    return fd;
}

static struct sockaddr_in loopback(int port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int listen_on(int port)
{
    struct sockaddr_in address = loopback(port);
    int fd = socket_on();
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(fd, 128) != 0)
        give_up("listen");
    return fd;
}

static struct side *side_new(int fd)
{
    struct side *side = calloc(1, sizeof(*side));
    int yes = 1;
    if (!side || pipe2(side->out.pipe, O_CLOEXEC | O_NONBLOCK) != 0)
        give_up("pipe");
    side->fd = fd;
    (void)fcntl(side->out.pipe[1], F_SETPIPE_SZ, PIPE_BYTES);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    (void)fcntl(fd, F_SETFL, O_NONBLOCK);
    return side;
}

static void watch(struct side *side)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = side};
    if (epoll_ctl(epoll, EPOLL_CTL_ADD, side->fd, &event) != 0)
        give_up("epoll_ctl");
}

static void take(int listener, int to_port)
{
    struct sockaddr_in address = loopback(to_port);
    int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC), broker = socket_on();
    if (client < 0 || connect(broker, (struct sockaddr *)&address, sizeof(address)) != 0)
        give_up("connect");
    struct side *a = side_new(client), *b = side_new(broker);
    a->out.to = b;
    b->out.to = a;
    watch(a);
    watch(b);
}

/* As much as goes without waiting. */
static void pump(struct side *from)
{
    struct way *way = &from->out;
    for (;;) {
        ssize_t got = way->ended ? 0
                                 : splice(from->fd, NULL, way->pipe[1], NULL,
                                          PIPE_BYTES - way->piped, SPLICE_F_NONBLOCK);
        way->ended = way->ended || got == 0 || (got < 0 && errno != EAGAIN);
        way->piped += got > 0 ? (size_t)got : 0;
        ssize_t put = way->piped ? splice(way->pipe[0], NULL, way->to->fd, NULL, way->piped,
                                          SPLICE_F_NONBLOCK)
                                 : 0;
        way->piped -= put > 0 ? (size_t)put : 0;
        if (way->ended && !way->piped && !way->told) {
            (void)shutdown(way->to->fd, SHUT_WR);
            way->told = true;
        }
        if (put <= 0)
            return;
    }
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "bare_relay PORT TO_PORT\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    int listener = listen_on(atoi(argv[1]));
    struct epoll_event events[AT_ONCE], first = {.events = EPOLLIN};
    epoll = epoll_create1(EPOLL_CLOEXEC);
    if (epoll < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &first) != 0)
        give_up("epoll");
    for (;;) {
        int count = epoll_wait(epoll, events, AT_ONCE, -1);
        for (int i = 0; i < count; i++) {
            struct side *side = events[i].data.ptr;
            if (!side) {
                take(listener, atoi(argv[2]));
                continue;
            }
            pump(side);
            pump(side->out.to);
        }
    }
}
