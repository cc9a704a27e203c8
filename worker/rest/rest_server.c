/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP server: libmicrohttpd's side of worker/rest.
 *
 * One event thread per listener reads requests and writes answers. Quick requests are handled on
 * it; the others suspend their connection and go to the request pool, whose thread resumes it when
 * the answer is there. A request belongs to the event thread, but for the time that it is in the
 * pool.
 */
#include "rest/rest_server.h"

#include "connect/log.h"
#include "herder/http_client.h"
#include "rest/http_daemon.h"
#include "rest/request_pool.h"
#include "rest/rest_auth.h"
#include "rest/rest_filter.h"
#include "rest/router.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.runtime.rest.RestServer");

#define MAX_LISTENERS       16
#define MAX_MOUNTS          256
#define MAX_REQUEST_THREADS 64
#define DRAIN_MS            2000

struct endpoint { /* a listener and its event thread */
    struct kc_rest_server *server;
    struct kc_listener listener;
    struct kc_http_daemon *daemon;
};

struct kc_rest_server {
    const struct kc_worker_config *config;
    struct endpoint endpoints[MAX_LISTENERS];
    size_t count;
    char *url;
    char *worker_id;
    unsigned main_excluded; /* route flags that the main listeners don't serve */
    struct kc_rest_filter *filter;
    struct kc_rest_auth *auth;
    struct kc_request_pool *pool;
    struct kc_connection_guard *guard;
    size_t max_body;
    _Atomic(struct kc_herder *) herder;
    struct kc_rest_flow mounts[MAX_MOUNTS];
    atomic_size_t mount_count;
    atomic_int open_requests; /* whose answers haven't been sent */
};

/* A request between its first byte and its last. */
struct exchange {
    struct kc_rest_request *request;
    const struct kc_route *route;
    struct endpoint *endpoint;
    struct MHD_Connection *connection;
    int64_t started_ms;
    bool too_large;
    bool done;    /* the pool has answered; read again only after the connection was resumed */
    bool counted; /* among open_requests */
    char client[INET6_ADDRSTRLEN];
};

/* ---- requests ---- */

static enum MHD_Result take_header(void *opaque, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
    struct kc_map *headers = opaque;
    char *lower = kc_strdup(name);
    for (char *c = lower; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c + 'a' - 'A');
    kc_map_set(headers, lower, value ? value : "");
    free(lower);
    return MHD_YES;
}

static void note_client(struct exchange *exchange)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *address = info ? info->client_addr : NULL;
    if (address && address->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, exchange->client,
                  sizeof(exchange->client));
    else if (address && address->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)address)->sin6_addr, exchange->client,
                  sizeof(exchange->client));
    if (strncmp(exchange->client, "::ffff:", 7) == 0)
        memmove(exchange->client, exchange->client + 7, strlen(exchange->client + 7) + 1);
}

/* The first call for a request: libmicrohttpd gives the raw URI here, query and all. */
static void *exchange_new(void *opaque, const char *uri, struct MHD_Connection *connection)
{
    struct endpoint *endpoint = opaque;
    struct exchange *exchange = kc_calloc(1, sizeof(*exchange));
    struct kc_rest_request *request = kc_calloc(1, sizeof(*request));
    kc_rest_request_set_uri(request, uri);
    request->headers = kc_map_new();
    request->config = endpoint->server->config;
    exchange->request = request;
    exchange->endpoint = endpoint;
    exchange->connection = connection;
    exchange->started_ms = kc_mono_ms();
    note_client(exchange);
    kc_http_daemon_phase(endpoint->daemon, connection, KC_HTTP_READING);
    return exchange;
}

static void exchange_destroy(void *opaque, struct MHD_Connection *connection, void **context,
                             enum MHD_RequestTerminationCode why)
{
    struct exchange *exchange = *context;
    if (!exchange)
        return;
    if (exchange->counted)
        atomic_fetch_sub(&exchange->endpoint->server->open_requests, 1);
    kc_rest_request_destroy(exchange->request);
    free(exchange);
    *context = NULL;
}

static void read_head(struct exchange *exchange, const char *method, const char *version)
{
    struct kc_rest_request *request = exchange->request;
    static const char *const methods[] = {"GET",    "HEAD",  "POST",    "PUT",
                                          "DELETE", "PATCH", "OPTIONS", "TRACE"};
    request->method = "?";
    request->version = strcmp(version, "HTTP/1.0") == 0 ? "HTTP/1.0" : "HTTP/1.1";
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
        if (strcmp(method, methods[i]) == 0)
            request->method = methods[i];
    MHD_get_connection_values(exchange->connection, MHD_HEADER_KIND, take_header, request->headers);
    request->authority =
        kc_asprintf("%s://%s", exchange->endpoint->listener.https ? "https" : "http",
                    kc_map_get_or(request->headers, "host", exchange->endpoint->server->worker_id));
}

/* ---- dispatch ---- */

/* The herder that answers under /{source}/{target}/ in dedicated mode. */
static struct kc_herder *mounted(struct kc_rest_server *server,
                                 const struct kc_rest_request *request)
{
    size_t count = atomic_load(&server->mount_count);
    for (size_t i = 0; request->param_count == 3 && i < count; i++)
        if (strcmp(server->mounts[i].source, request->params[0]) == 0 &&
            strcmp(server->mounts[i].target, request->params[1]) == 0)
            return server->mounts[i].herder;
    return NULL;
}

static bool find_herder(struct exchange *exchange)
{
    struct kc_rest_request *request = exchange->request;
    struct kc_rest_server *server = exchange->endpoint->server;
    if (atomic_load(&server->mount_count) == 0) {
        request->herder = atomic_load(&server->herder);
        return true;
    }
    request->flows = server->mounts;
    request->flow_count = atomic_load(&server->mount_count);
    if (exchange->route->flags & KC_ROUTE_TEXT)
        return true;
    request->herder = mounted(server, request);
    if (!request->herder)
        kc_rest_answer_status(request, 404,
                              "No replication flow found for source '%s' and target '%s'",
                              request->param_count ? request->params[0] : "",
                              request->param_count > 1 ? request->params[1] : "");
    return request->herder != NULL;
}

static const struct kc_route *route_of(struct exchange *exchange)
{
    static const struct kc_route *const main_tables[] = {kc_connectors_routes,
                                                         kc_root_routes,
                                                         kc_plugins_routes,
                                                         kc_logging_routes,
                                                         kc_internal_routes,
                                                         kc_metrics_routes,
                                                         NULL};
    static const struct kc_route *const admin_tables[] = {kc_logging_routes, NULL};
    static const struct kc_route *const mount_tables[] = {kc_internal_routes, kc_metrics_routes,
                                                          NULL};
    struct kc_rest_server *server = exchange->endpoint->server;
    bool dedicated = atomic_load(&server->mount_count) > 0;
    const struct kc_route *const *tables = dedicated                            ? mount_tables
                                           : exchange->endpoint->listener.admin ? admin_tables
                                                                                : main_tables;
    unsigned excluded = exchange->endpoint->listener.admin ? 0 : server->main_excluded;
    return kc_router_find(tables, excluded, exchange->request);
}

/* Jetty's own page while no resource is registered. */
static void answer_starting(struct kc_rest_request *request)
{
    static const char page[] =
        "<html>\n<head>\n<meta http-equiv=\"Content-Type\" content=\"text/html;charset=utf-8\"/>\n"
        "<title>Error 404 Not Found</title>\n</head>\n<body><h2>HTTP ERROR 404 Not Found</h2>\n"
        "</body>\n</html>\n";
    request->status = 404;
    request->answer = kc_strdup(page);
    request->content_type = "text/html;charset=utf-8";
}

/* As in Java, whose worker looks the cluster up before it registers a resource: who gets an answer
 * can rely on the worker having found its brokers. */
static bool serving(struct kc_rest_server *server)
{
    struct kc_herder *herder = atomic_load(&server->herder);
    return herder ? *kc_herder_cluster_id(herder) != '\0' : atomic_load(&server->mount_count) > 0;
}

static void run_in_pool(void *job)
{
    struct exchange *exchange = job;
    exchange->route->handle(exchange->request);
    exchange->done = true;
    MHD_resume_connection(exchange->connection);
}

/* Handles the request, or hands it to the pool (false: the answer comes later). */
static bool dispatch(struct exchange *exchange)
{
    struct kc_rest_server *server = exchange->endpoint->server;
    struct kc_rest_request *request = exchange->request;
    atomic_fetch_add(&server->open_requests, 1);
    exchange->counted = true;
    if (exchange->too_large) {
        kc_rest_answer_status(request, 413,
                              "The request's body is larger than %zu bytes "
                              "(rest.request.body.max.bytes)",
                              server->max_body);
        return true;
    }
    if (!serving(server)) {
        answer_starting(request);
        return true;
    }
    exchange->route = route_of(exchange);
    if (!exchange->route && request->status != 200)
        return true; /* there is nothing to guard, as in Java */
    if (!exchange->endpoint->listener.admin && !kc_rest_auth_admit(server->auth, request))
        return true; /* extensions guard the main listeners only, as in Java */
    if (!exchange->route || !find_herder(exchange) ||
        !kc_rest_filter_negotiate(exchange->route, request))
        return true;
    if (exchange->route->flags & KC_ROUTE_QUICK) {
        exchange->route->handle(request);
        return true;
    }
    kc_http_daemon_phase(exchange->endpoint->daemon, exchange->connection, KC_HTTP_HANDLING);
    MHD_suspend_connection(exchange->connection);
    if (!kc_request_pool_submit(server->pool, exchange)) {
        kc_rest_answer_status(request, 503, "The worker is shutting down or out of threads");
        exchange->done = true;
        MHD_resume_connection(exchange->connection);
    }
    return false;
}

static enum MHD_Result send_answer(struct exchange *exchange)
{
    struct kc_rest_request *request = exchange->request;
    struct kc_map *headers = kc_map_new();
    kc_http_daemon_phase(exchange->endpoint->daemon, exchange->connection, KC_HTTP_ANSWERING);
    size_t len = request->answer ? strlen(request->answer) : 0;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(len, request->answer, MHD_RESPMEM_MUST_COPY);
    if (request->content_type && len)
        kc_map_set(headers, MHD_HTTP_HEADER_CONTENT_TYPE, request->content_type);
    if (request->location)
        kc_map_set(headers, MHD_HTTP_HEADER_LOCATION, request->location);
    if (request->allow)
        kc_map_set(headers, MHD_HTTP_HEADER_ALLOW, request->allow);
    if (exchange->endpoint->listener.admin == false)
        kc_rest_filter_headers(exchange->endpoint->server->filter, request, headers);
    kc_map_foreach (headers, entry)
        MHD_add_response_header(response, entry->key, entry->value);
    enum MHD_Result rc =
        MHD_queue_response(exchange->connection, (unsigned)request->status, response);
    MHD_destroy_response(response);
    kc_map_destroy(headers);
    kc_rest_filter_access_log(request, exchange->client, kc_mono_ms() - exchange->started_ms);
    return rc;
}

static enum MHD_Result on_request(void *opaque, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *size, void **context)
{
    struct exchange *exchange = *context;
    struct kc_rest_request *request = exchange->request;
    if (!request->method) { /* headers are there, the body isn't */
        read_head(exchange, method, version);
        return MHD_YES;
    }
    if (*size) {
        exchange->too_large |= request->body.len + *size > exchange->endpoint->server->max_body;
        if (!exchange->too_large)
            kc_str_append_n(&request->body, data, *size);
        *size = 0;
        return MHD_YES;
    }
    if (exchange->done)
        return send_answer(exchange);
    return dispatch(exchange) ? send_answer(exchange) : MHD_YES;
}

/* ---- life ---- */

static struct kc_error *start_endpoint(struct endpoint *endpoint)
{
    struct kc_rest_server *server = endpoint->server;
    const struct kc_http_handlers handlers = {on_request, exchange_new, exchange_destroy, endpoint};
    return kc_http_daemon_start(server->config, server->guard, &endpoint->listener, &handlers,
                                &endpoint->daemon);
}

static struct kc_error *add_listeners(struct kc_rest_server *server, const struct kc_strings *texts,
                                      bool admin)
{
    for (size_t i = 0; i < texts->count; i++) {
        if (server->count == MAX_LISTENERS)
            return kc_error_new(KC_ERR_CONFIG, "More than %d listeners are configured",
                                MAX_LISTENERS);
        struct endpoint *endpoint = &server->endpoints[server->count];
        endpoint->server = server;
        struct kc_error *err = kc_listener_parse(texts->items[i], &endpoint->listener);
        if (err)
            return err;
        server->count++;
        endpoint->listener.admin = admin;
        err = kc_listener_bind(&endpoint->listener);
        if (err)
            return err;
        kc_info("Added %sconnector for %s", admin ? "admin " : "", texts->items[i]);
    }
    return NULL;
}

static struct kc_error *open_listeners(struct kc_rest_server *server)
{
    const struct kc_config *values = server->config->values;
    struct kc_error *err = add_listeners(server, kc_config_list(values, "listeners"), false);
    if (err || kc_config_is_null(values, "admin.listeners"))
        return err;
    server->main_excluded = KC_ROUTE_ADMIN;
    return add_listeners(server, kc_config_list(values, "admin.listeners"), true);
}

static void note_address(struct kc_rest_server *server)
{
    struct kc_listener listeners[MAX_LISTENERS];
    bool https;
    char *host;
    int port;
    for (size_t i = 0; i < server->count; i++)
        listeners[i] = server->endpoints[i].listener;
    kc_listener_advertise(server->config, listeners, server->count, &https, &host, &port);
    const char *brackets[] = {strchr(host, ':') ? "[" : "", strchr(host, ':') ? "]" : ""};
    server->url = kc_asprintf("%s://%s%s%s:%d/", https ? "https" : "http", brackets[0], host,
                              brackets[1], port);
    server->worker_id = kc_asprintf("%s%s%s:%d", brackets[0], host, brackets[1], port);
    free(host);
}

struct kc_error *kc_rest_server_new(const struct kc_worker_config *config,
                                    struct kc_rest_server **server)
{
    struct kc_rest_server *made = kc_calloc(1, sizeof(*made));
    made->config = config;
    kc_http_init();
    made->max_body = (size_t)kc_config_long(config->values, "rest.request.body.max.bytes");
    made->pool = kc_request_pool_new(MAX_REQUEST_THREADS, run_in_pool);
    struct kc_error *err = kc_rest_filter_new(config, &made->filter);
    if (!err)
        err = kc_rest_auth_new(config, &made->auth);
    if (!err)
        err = kc_connection_guard_new(&made->guard);
    if (!err)
        err = open_listeners(made);
    if (!err)
        note_address(made);
    for (size_t i = 0; !err && i < made->count; i++)
        err = start_endpoint(&made->endpoints[i]);
    if (err) {
        kc_rest_server_destroy(made);
        return err;
    }
    kc_info("REST server listening at %s, advertising URL %s", made->url, made->url);
    *server = made;
    return NULL;
}

const char *kc_rest_server_url(const struct kc_rest_server *server)
{
    return server->url;
}

const char *kc_rest_server_worker_id(const struct kc_rest_server *server)
{
    return server->worker_id;
}

void kc_rest_server_serve(struct kc_rest_server *server, struct kc_herder *herder)
{
    atomic_store(&server->herder, herder);
    kc_info("REST resources initialized; server is started and ready to handle requests");
}

void kc_rest_server_mount(struct kc_rest_server *server, const char *source, const char *target,
                          struct kc_herder *herder)
{
    size_t count = atomic_load(&server->mount_count);
    if (count == MAX_MOUNTS) {
        kc_fail("No internal REST for %s->%s: more than %d flows", source, target, MAX_MOUNTS);
        return;
    }
    server->mounts[count] = (struct kc_rest_flow){kc_strdup(source), kc_strdup(target), herder};
    atomic_store(&server->mount_count, count + 1);
}

void kc_rest_server_destroy(struct kc_rest_server *server)
{
    if (!server)
        return;
    for (size_t i = 0; i < server->count; i++)
        kc_http_daemon_quiesce(server->endpoints[i].daemon);
    kc_request_pool_destroy(server->pool);
    int64_t deadline = kc_mono_ms() + DRAIN_MS;
    while (atomic_load(&server->open_requests) > 0 && kc_mono_ms() < deadline)
        usleep(1000); /* the event threads are sending the last answers */
    for (size_t i = 0; i < server->count; i++) {
        kc_http_daemon_stop(server->endpoints[i].daemon);
        kc_listener_close(&server->endpoints[i].listener);
    }
    for (size_t i = 0; i < atomic_load(&server->mount_count); i++) {
        free(server->mounts[i].source);
        free(server->mounts[i].target);
    }
    kc_connection_guard_destroy(server->guard);
    kc_rest_auth_destroy(server->auth);
    kc_rest_filter_destroy(server->filter);
    free(server->url);
    free(server->worker_id);
    free(server);
}
