/* SPDX-License-Identifier: Apache-2.0 */
/* /metrics and /health of a gateway over libmicrohttpd: see gateway_http_priv.h. */
#include "gateway/gateway_http_priv.h"

#include "connect/log.h"
#include "gateway/gateway_metrics_priv.h"
#include "metrics/process_metrics.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.gateway.http");

#define KEY "gateway.metrics.listener"

enum { MOST_CONNECTIONS = 64, OF_AN_ADDRESS = 16, IDLE_S = 15, CONNECTION_MEMORY = 16384 };

struct gateway_http {
    struct gateway_http_sight sight;
    struct MHD_Daemon *daemon;
    int port;
};

/* ---- answers ---- */

/* Takes body. */
static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, const char *type,
                              char *body)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(strlen(body), body, MHD_RESPMEM_MUST_FREE);
    if (!response) {
        free(body);
        return MHD_NO;
    }
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static char *metrics_text(void)
{
    struct kc_exposition *exposition = kc_exposition_new();
    const struct kc_label build = {"version", KC_VERSION};
    kc_exposition_add(exposition, "isthmus_build_info", KC_METRIC_GAUGE,
                      "1; the label says which build this is", &build, 1, 1);
    kc_process_expose(exposition);
    char *text = kc_exposition_print(exposition, false);
    kc_exposition_destroy(exposition);
    return text;
}

static enum MHD_Result on_request(void *opaque, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **context)
{
    const struct gateway_http *http = opaque;
    static int seen;
    if (!*context) { /* the head alone is here */
        *context = &seen;
        return MHD_YES;
    }
    if (*upload_size) { /* dropped */
        *upload_size = 0;
        return MHD_YES;
    }
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        return answer(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "text/plain",
                      kc_strdup("GET alone\n"));
    if (strcmp(url, "/metrics") == 0)
        return answer(connection, MHD_HTTP_OK, KC_PROMETHEUS_TYPE, metrics_text());
    if (strcmp(url, "/health") != 0)
        return answer(connection, MHD_HTTP_NOT_FOUND, "text/plain",
                      kc_strdup("/metrics and /health are here\n"));
    const char *health = http->sight.health(http->sight.arg);
    bool fine = strcmp(health, "healthy") == 0;
    return answer(connection, fine ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE, "application/json",
                  kc_asprintf("{\"status\":\"%s\"}\n", health));
}

/* ---- binding ---- */

static struct kc_error *parse(const char *text, char **host, int *port)
{
    static const char scheme[] = "http://";
    const char *begin = text + strlen(scheme);
    const char *colon = strrchr(text, ':');
    char *end = NULL;
    *host = NULL;
    long number = colon ? strtol(colon + 1, &end, 10) : -1;
    if (strncasecmp(text, scheme, strlen(scheme)) != 0 || colon < begin || !colon[1] || *end ||
        number < 0 || number > 65535)
        return kc_error_new(
            KC_ERR_CONFIG, "Invalid value %s for configuration " KEY ": http://host:port is needed",
            text);
    size_t len = (size_t)(colon - begin);
    bool bracketed = len > 1 && begin[0] == '[' && begin[len - 1] == ']';
    *host = kc_strndup(begin + bracketed, len - 2 * (size_t)bracketed);
    *port = (int)number;
    return NULL;
}

static int bind_to(const struct addrinfo *address)
{
    const int on = 1;
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, address->ai_addr, address->ai_addrlen) == 0 && listen(fd, MOST_CONNECTIONS) == 0)
        return fd;
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

static struct kc_error *open_listener(const char *text, int *fd)
{
    char *host = NULL, service[16];
    int port = 0;
    struct addrinfo *addresses = NULL;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    *fd = -1;
    struct kc_error *err = parse(text, &host, &port);
    if (err)
        return err;
    snprintf(service, sizeof(service), "%d", port);
    int code = getaddrinfo(host && *host ? host : NULL, service, &hints, &addresses);
    if (code == 0)
        *fd = bind_to(addresses);
    const char *why = code ? gai_strerror(code) : strerror(errno);
    if (*fd < 0)
        err = kc_error_new(KC_ERR_IO, "Can't listen on " KEY "=%s: %s", text, why);
    if (addresses)
        freeaddrinfo(addresses);
    free(host);
    return err;
}

/* The port stands at the same place in both families' addresses. */
static int bound_port(int fd)
{
    struct sockaddr_in6 address = {0};
    socklen_t len = sizeof(address);
    if (getsockname(fd, (struct sockaddr *)&address, &len) != 0)
        return 0;
    return ntohs(address.sin6_port);
}

/* ---- life ---- */

struct kc_error *gateway_http_start(const char *text, const struct gateway_http_sight *sight,
                                    struct gateway_http **out)
{
    int fd = -1;
    *out = NULL;
    if (!text || !*text)
        return NULL;
    struct kc_error *err = open_listener(text, &fd);
    if (err)
        return err;
    struct gateway_http *http = kc_calloc(1, sizeof(*http));
    http->sight = *sight;
    http->port = bound_port(fd);
    http->daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, on_request, http,
                                    MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
                                    (unsigned)MOST_CONNECTIONS, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
                                    (unsigned)OF_AN_ADDRESS, MHD_OPTION_CONNECTION_TIMEOUT,
                                    (unsigned)IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                                    (size_t)CONNECTION_MEMORY, MHD_OPTION_END);
    if (!http->daemon) {
        close(fd);
        free(http);
        return kc_error_new(KC_ERR_IO,
                            "Can't serve " KEY "=%s: libmicrohttpd refused. Look for "
                            "limits on open files and memory",
                            text);
    }
    kc_info("/metrics and /health are served on port %d", http->port);
    *out = http;
    return NULL;
}

int gateway_http_port(const struct gateway_http *http)
{
    return http->port;
}

void gateway_http_stop(struct gateway_http *http)
{
    if (!http)
        return;
    MHD_stop_daemon(http->daemon);
    free(http);
}
