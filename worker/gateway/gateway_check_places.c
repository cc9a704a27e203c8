/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a gateway can be where its file says: addresses that it binds, ports for all brokers,
 * names that clients are told. See gateway_check_priv.h.
 */
#include "gateway/gateway_check_priv.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ID_MARK "{id}"

/* ---- binding ---- */

static struct addrinfo *resolve(const char *host, int port, int flags, int *code)
{
    char service[16];
    struct addrinfo *found = NULL;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags};
    snprintf(service, sizeof(service), "%d", port);
    *code = getaddrinfo(host && *host ? host : NULL, service, &hints, &found);
    return *code ? NULL : found;
}

/* 0, or errno of why the address can't be bound now. */
static int try_bind(const struct addrinfo *address)
{
    const int on = 1;
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    int code =
        bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, 1) == 0 ? 0 : errno;
    close(fd);
    return code;
}

/* True: it is free. */
static bool check_port(struct check_run *run, const struct gateway_listener_config *listener,
                       int port)
{
    int code;
    struct addrinfo *address = resolve(listener->host, port, AI_PASSIVE | AI_NUMERICSERV, &code);
    if (!address) {
        check_find(run->findings, CHECK_MISSING, "CANT_BIND", listener->name,
                   "the host %s of gateway.listeners isn't known here: %s", listener->host,
                   gai_strerror(code));
        return false;
    }
    code = try_bind(address);
    freeaddrinfo(address);
    if (code == EADDRINUSE)
        check_find(run->findings, CHECK_WARNING, "IN_USE", listener->name,
                   "port %d is in use, by this gateway if it runs already, or by another program",
                   port);
    else if (code)
        check_find(run->findings, CHECK_MISSING, "CANT_BIND", listener->name,
                   "port %d of %s can't be bound: %s", port,
                   *listener->host ? listener->host : "all addresses", strerror(code));
    return code == 0;
}

/* Stops at the first port that isn't free: the others are told by the same program. */
static void check_ports(struct check_run *run, const struct gateway_listener_config *listener)
{
    bool free_so_far = check_port(run, listener, listener->port);
    for (int i = 0; i < listener->broker_ports && free_so_far && listener->broker_port; i++)
        free_so_far = check_port(run, listener, listener->broker_port + i);
    if (free_so_far)
        check_find(run->findings, CHECK_OK, "BOUND", listener->name, "its ports can be bound");
}

/* ---- brokers ---- */

static void check_brokers(struct check_run *run, const struct gateway_listener_config *listener)
{
    size_t brokers = run->target.info.broker_count;
    if (listener->broker_host || (size_t)listener->broker_ports >= brokers)
        return;
    check_find(
        run->findings, CHECK_MISSING, "TOO_FEW_PORTS", listener->name,
        "the target has %zu brokers, but gateway.broker.ports has %d ports: clients couldn't "
        "reach all of them. Give it a larger range, with some to spare",
        brokers, listener->broker_ports);
}

/* ---- names ---- */

static void check_name(struct check_run *run, const struct gateway_listener_config *listener,
                       const char *host)
{
    int code;
    struct addrinfo *address = resolve(host, listener->advertised_port, AI_NUMERICSERV, &code);
    if (address)
        freeaddrinfo(address);
    else
        check_find(run->findings, CHECK_MISSING, "UNKNOWN_NAME", listener->name,
                   "clients are told the host %s, which isn't known here: %s", host,
                   gai_strerror(code));
}

static char *broker_host(const char *pattern, int32_t id)
{
    const char *mark = strstr(pattern, ID_MARK);
    return mark
               ? kc_asprintf("%.*s%d%s", (int)(mark - pattern), pattern, id, mark + strlen(ID_MARK))
               : kc_strdup(pattern);
}

static void check_names(struct check_run *run, const struct gateway_listener_config *listener)
{
    check_name(run, listener, listener->advertised);
    for (size_t i = 0; listener->broker_host && i < run->target.info.broker_count; i++) {
        char *host = broker_host(listener->broker_host, run->target.info.brokers[i].id);
        check_name(run, listener, host);
        free(host);
    }
}

void check_places(struct check_run *run)
{
    for (size_t i = 0; i < run->config->listener_count; i++) {
        const struct gateway_listener_config *listener = &run->config->listeners[i];
        check_ports(run, listener);
        check_brokers(run, listener);
        check_names(run, listener);
    }
}
