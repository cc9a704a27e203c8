/* SPDX-License-Identifier: Apache-2.0 */
/* A gateway's listening sockets, see gateway_doors_priv.h. */
#include "gateway/gateway_doors_priv.h"

#include "connect/log.h"
#include "connect/thread.h"
#include "gateway/gateway_limits_priv.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.gateway.listeners");

#define BACKLOG   1024
#define EACH_TIME 64 /* connections that are taken before others have their turn */

struct gateway_door {
    struct gateway_doors *doors;
    size_t listener;
    int index; /* of the brokers' ports; -1: bootstrap */
    int port;
    int fd;
    uv_poll_t poll;
};

struct gateway_doors {
    struct gateway_config *config;
    struct gateway_door *doors;
    size_t count;
    struct gateway_loop **loops; /* NULL: not open */
    int loop_count;
    bool resting; /* without a free descriptor */
    struct gateway_say say_refused;
    size_t open; /* uv handles */
    pthread_mutex_t mutex;
    pthread_cond_t closed;
    bool gone; /* guarded by mutex */
};

/* ---- Binding ---- */

static struct kc_error *bind_failed(const struct gateway_listener_config *listener, int port,
                                    const char *why)
{
    return kc_error_new(KC_ERR_IO,
                        "can't listen on %s:%d for gateway.listeners' %s: %s. Another process may "
                        "have the port: see gateway.listeners and gateway.broker.ports",
                        *listener->host ? listener->host : "*", port, listener->name, why);
}

static int try_socket(const struct addrinfo *address)
{
    const int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int on = 1, off = 0;

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (address->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    if (bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    const int code = errno;
    close(fd);
    errno = code;
    return -1;
}

/* All addresses means IPv6's, which takes IPv4 as well, where the machine has it. */
static int try_family(const struct addrinfo *list, int family)
{
    int fd = -1;

    errno = EADDRNOTAVAIL;
    for (const struct addrinfo *address = list; address && fd < 0; address = address->ai_next) {
        if (family == AF_UNSPEC || address->ai_family == family)
            fd = try_socket(address);
    }
    return fd;
}

static struct kc_error *listen_at(const struct gateway_listener_config *listener, int port, int *fd)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    char service[12];

    snprintf(service, sizeof(service), "%d", port);
    const int code = getaddrinfo(*listener->host ? listener->host : NULL, service, &hints, &list);
    if (code != 0)
        return bind_failed(listener, port, gai_strerror(code));
    *fd = *listener->host ? -1 : try_family(list, AF_INET6);
    if (*fd < 0)
        *fd = try_family(list, AF_UNSPEC);
    const int why = errno;
    freeaddrinfo(list);
    return *fd < 0 ? bind_failed(listener, port, strerror(why)) : NULL;
}

/* The port lies at the same place in an address of IPv4. */
static int port_of(int fd)
{
    struct sockaddr_in6 address = {0};
    socklen_t len = sizeof(address);

    return getsockname(fd, (struct sockaddr *)&address, &len) == 0 ? ntohs(address.sin6_port) : 0;
}

static struct kc_error *add_door(struct gateway_doors *doors, size_t listener, int index, int port)
{
    struct gateway_door *door = &doors->doors[doors->count];
    int fd = -1;
    struct kc_error *err = listen_at(&doors->config->listeners[listener], port, &fd);

    if (err)
        return err;
    door->fd = fd;
    door->doors = doors;
    door->listener = listener;
    door->index = index;
    door->port = port_of(door->fd);
    doors->count++;
    return NULL;
}

static struct kc_error *bind_listener(struct gateway_doors *doors, size_t index)
{
    struct gateway_listener_config *listener = &doors->config->listeners[index];
    struct kc_error *err = add_door(doors, index, -1, listener->port);

    if (!err && !listener->port) {
        listener->port = doors->doors[doors->count - 1].port;
        if (!listener->advertised_port)
            listener->advertised_port = listener->port;
    }
    for (int i = 0; i < listener->broker_ports && !err; i++)
        err = add_door(doors, index, i, listener->broker_port + i);
    return err;
}

struct kc_error *gateway_doors_bind(struct gateway_config *config, struct gateway_doors **out)
{
    struct gateway_doors *doors = kc_calloc(1, sizeof(*doors));
    struct kc_error *err = NULL;
    size_t count = config->listener_count;

    *out = NULL;
    doors->config = config;
    pthread_mutex_init(&doors->mutex, NULL);
    kc_cond_init(&doors->closed);
    for (size_t i = 0; i < config->listener_count; i++)
        count += (size_t)config->listeners[i].broker_ports;
    doors->doors = kc_calloc(count + 1, sizeof(*doors->doors));
    for (size_t i = 0; i < config->listener_count && !err; i++)
        err = bind_listener(doors, i);
    if (err) {
        gateway_doors_destroy(doors);
        return err;
    }
    *out = doors;
    return NULL;
}

void gateway_doors_destroy(struct gateway_doors *doors)
{
    if (!doors)
        return;
    for (size_t i = 0; i < doors->count && !doors->gone; i++)
        close(doors->doors[i].fd);
    pthread_mutex_destroy(&doors->mutex);
    pthread_cond_destroy(&doors->closed);
    free(doors->doors);
    free(doors);
}

/* ---- Accepting; the first loop's thread ---- */

static void on_readable(uv_poll_t *poll, int status, int events);

static void poll_all(struct gateway_doors *doors)
{
    for (size_t i = 0; i < doors->count; i++)
        uv_poll_start(&doors->doors[i].poll, UV_READABLE, on_readable);
}

/* Half a second later, on the loop's tick, there may be a descriptor. */
static void rest(struct gateway_doors *doors, int code)
{
    gateway_say(&doors->say_refused, &log, KC_LOG_ERROR,
                "can't take a client's connection: %s. Raise the limit on open files (ulimit -n): "
                "each client needs two",
                strerror(code));
    doors->resting = true;
    for (size_t i = 0; i < doors->count; i++)
        uv_poll_stop(&doors->doors[i].poll);
}

static void on_tick(void *arg)
{
    struct gateway_doors *doors = arg;

    if (!doors->resting)
        return;
    doors->resting = false;
    poll_all(doors);
}

static struct gateway_loop *least_busy(const struct gateway_doors *doors)
{
    struct gateway_loop *best = doors->loops[0];

    for (int i = 1; i < doors->loop_count; i++) {
        if (atomic_load(&doors->loops[i]->session_count) < atomic_load(&best->session_count))
            best = doors->loops[i];
    }
    return best;
}

static void print_address(const struct sockaddr_storage *address, socklen_t len, char *text,
                          size_t size)
{
    char host[64] = "?", port[12] = "?";

    getnameinfo((const struct sockaddr *)address, len, host, sizeof(host), port, sizeof(port),
                NI_NUMERICHOST | NI_NUMERICSERV);
    const char *plain = strncmp(host, "::ffff:", 7) == 0 && strchr(host, '.') ? host + 7 : host;
    snprintf(text, size, strchr(plain, ':') ? "[%s]:%s" : "%s:%s", plain, port);
}

static void turn_away(struct gateway_doors *doors, const char *address, int fd, const char *why)
{
    gateway_say(&doors->say_refused, &log, KC_LOG_WARN, "Refused the client %s: %s", address, why);
    close(fd);
}

static void welcome(struct gateway_door *door, int fd, const char *address)
{
    struct gateway_doors *doors = door->doors;
    struct gateway_common *common = doors->loops[0]->common;
    int32_t broker = -1;
    char why[160];

    if (door->index >= 0)
        broker = gateway_nodes_of_port(common->nodes, door->listener, door->index);
    if (door->index >= 0 && broker < 0) {
        snprintf(why, sizeof(why), "no broker of the target has port %d", door->port);
        turn_away(doors, address, fd, why);
        return;
    }
    const char *full = gateway_limits_enter(common->limits, address);
    if (full)
        turn_away(doors, address, fd, full);
    else
        gateway_loop_accept(least_busy(doors), door->listener, broker, fd, address);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct gateway_door *door = poll->data;

    for (int i = 0; i < EACH_TIME; i++) {
        struct sockaddr_storage address = {0};
        socklen_t len = sizeof(address);
        char text[96];
        const int fd =
            accept4(door->fd, (struct sockaddr *)&address, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
                rest(door->doors, errno);
            return;
        }
        print_address(&address, len, text, sizeof(text));
        welcome(door, fd, text);
    }
}

/* ---- Opening and closing ---- */

static void begin_polling(void *arg)
{
    struct gateway_doors *doors = arg;

    for (size_t i = 0; i < doors->count; i++) {
        struct gateway_door *door = &doors->doors[i];

        uv_poll_init(&doors->loops[0]->uv, &door->poll, door->fd);
        door->poll.data = door;
        doors->open++;
    }
    doors->loops[0]->ticked = on_tick;
    doors->loops[0]->ticked_arg = doors;
    poll_all(doors);
}

void gateway_doors_open(struct gateway_doors *doors, struct gateway_loop **loops, int count)
{
    doors->loops = loops;
    doors->loop_count = count;
    gateway_loop_post(loops[0], begin_polling, doors);
}

static void on_closed(uv_handle_t *handle)
{
    const struct gateway_door *door = handle->data;
    struct gateway_doors *doors = door->doors;

    close(door->fd);
    if (--doors->open > 0)
        return;
    pthread_mutex_lock(&doors->mutex);
    doors->gone = true;
    pthread_cond_signal(&doors->closed);
    pthread_mutex_unlock(&doors->mutex);
}

static void close_all(void *arg)
{
    struct gateway_doors *doors = arg;

    doors->loops[0]->ticked = NULL;
    for (size_t i = 0; i < doors->count; i++)
        uv_close((uv_handle_t *)&doors->doors[i].poll, on_closed);
}

void gateway_doors_close(struct gateway_doors *doors)
{
    if (!doors->loops || !gateway_loop_post(doors->loops[0], close_all, doors))
        return;
    pthread_mutex_lock(&doors->mutex);
    while (!doors->gone)
        kc_cond_wait_until(&doors->closed, &doors->mutex, INT64_MAX);
    pthread_mutex_unlock(&doors->mutex);
    doors->loops = NULL;
}
