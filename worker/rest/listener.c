/* SPDX-License-Identifier: Apache-2.0 */
/* Listeners: see listener_priv.h. Start-up only, one thread. */
#include "rest/listener_priv.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

struct kc_error *kc_listener_parse(const char *text, struct kc_listener *listener)
{
    const char *host = strstr(text, "://");
    const char *colon = strrchr(text, ':');
    char *end = NULL;
    if (!host || colon <= host + 2 || !colon[1])
        return kc_error_new(KC_ERR_CONFIG,
                            "Listener doesn't have the right format (protocol://hostname:port).");
    long port = strtol(colon + 1, &end, 10);
    if (*end || port < 0 || port > 65535)
        return kc_error_new(KC_ERR_CONFIG,
                            "Listener doesn't have the right format (protocol://hostname:port).");
    size_t protocol = (size_t)(host - text);
    bool https = protocol == 5 && strncasecmp(text, "https", 5) == 0;
    if (!https && !(protocol == 4 && strncasecmp(text, "http", 4) == 0))
        return kc_error_new(KC_ERR_CONFIG,
                            "Listener protocol must be either \"http\" or \"https\".");
    host += 3;
    size_t len = (size_t)(colon - host);
    if (len > 1 && host[0] == '[' && host[len - 1] == ']') { /* an IPv6 address */
        host++;
        len -= 2;
    }
    listener->https = https;
    listener->host = kc_strndup(host, len);
    listener->port = (int)port;
    listener->fd = -1;
    return NULL;
}

static int open_socket(const struct addrinfo *address)
{
    int on = 1;
    int off = 0;
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (address->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    if (bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, 511) == 0)
        return fd;
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

static int bound_port(int fd)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof(address);
    memset(&address, 0, sizeof(address));
    if (getsockname(fd, (struct sockaddr *)&address, &len) != 0)
        return 0;
    if (address.ss_family == AF_INET6)
        return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
    return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

struct kc_error *kc_listener_bind(struct kc_listener *listener)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    struct addrinfo *addresses = NULL;
    char port[16];
    snprintf(port, sizeof(port), "%d", listener->port);
    int rc = getaddrinfo(*listener->host ? listener->host : NULL, port, &hints, &addresses);
    if (rc != 0)
        return kc_error_new(KC_ERR_IO,
                            "Can't listen on %s:%d: the host is unknown (%s). Correct "
                            "'listeners'",
                            listener->host, listener->port, gai_strerror(rc));
    int why = EADDRNOTAVAIL;
    for (int pass = 0; pass < 2 && listener->fd < 0; pass++) { /* IPv6 takes IPv4 along: first */
        for (struct addrinfo *a = addresses; a && listener->fd < 0; a = a->ai_next) {
            if ((a->ai_family == AF_INET6) != (pass == 0))
                continue;
            listener->fd = open_socket(a);
            why = errno;
        }
    }
    freeaddrinfo(addresses);
    if (listener->fd < 0)
        return kc_error_new(KC_ERR_IO,
                            "Can't listen on %s:%d: %s. Stop what uses the port, or change "
                            "'listeners'",
                            *listener->host ? listener->host : "*", listener->port, strerror(why));
    listener->port = bound_port(listener->fd);
    return NULL;
}

void kc_listener_close(struct kc_listener *listener)
{
    if (listener->fd >= 0)
        close(listener->fd);
    listener->fd = -1;
    free(listener->host);
    listener->host = NULL;
}

/* The address of this host's own name, as Java's InetAddress.getLocalHost(). */
static char *local_address(void)
{
    char name[256];
    char text[INET6_ADDRSTRLEN] = "127.0.0.1";
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    struct addrinfo *addresses = NULL;
    if (gethostname(name, sizeof(name)) == 0 && getaddrinfo(name, NULL, &hints, &addresses) == 0)
        inet_ntop(AF_INET, &((struct sockaddr_in *)addresses->ai_addr)->sin_addr, text,
                  sizeof(text));
    if (addresses)
        freeaddrinfo(addresses);
    return kc_strdup(text);
}

static const struct kc_listener *first_of(const struct kc_listener *listeners, size_t count,
                                          bool https)
{
    for (size_t i = 0; i < count; i++)
        if (!listeners[i].admin && listeners[i].https == https)
            return &listeners[i];
    return NULL;
}

void kc_listener_advertise(const struct kc_worker_config *config,
                           const struct kc_listener *listeners, size_t count, bool *https,
                           char **host, int *port)
{
    const char *protocol = kc_config_string(config->values, "rest.advertised.listener");
    const char *name = kc_config_string(config->values, "rest.advertised.host.name");
    *https = protocol ? strcasecmp(protocol, "https") == 0 : !first_of(listeners, count, false);
    const struct kc_listener *listener = first_of(listeners, count, *https);
    if (name && *name)
        *host = kc_strdup(name);
    else if (listener && *listener->host)
        *host = kc_strdup(listener->host);
    else
        *host = local_address();
    if (!kc_config_is_null(config->values, "rest.advertised.port"))
        *port = (int)kc_config_long(config->values, "rest.advertised.port");
    else
        *port = listener ? listener->port : 8083;
}
