/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request from its first byte to the last byte of its answer: libmicrohttpd's callbacks.
 *
 * The request's head is judged first: who asks, for what, signed by whom. The body of a refused
 * request, or one that nobody needs, is read and not kept. A kept body counts against the server's
 * budget, and so does the answer until the client has it. Quick requests are handled on the event
 * thread. The others suspend their connection and go to a request pool, whose thread resumes it
 * when the answer is there. A request belongs to the event thread, except while it is in the pool.
 */
#include "rest/rest_server_priv.h"

#include <arpa/inet.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define URI_MAX    16384 /* Jetty takes 8,192 bytes, and so can't delete what a body created */
#define FIRST_BODY ((size_t)4 << 10)
#define DRAIN_MAX  ((size_t)256 << 20) /* of an unwanted body; then the connection ends */
#define TRIM_FROM  ((size_t)1 << 20)   /* a request after which memory goes back to the system */

struct exchange {
    struct kc_rest_request *request;
    const struct kc_route *route;
    struct kc_endpoint *endpoint;
    struct MHD_Connection *connection;
    int64_t started_ms;
    size_t content_length; /* as its header says; 0: not known */
    bool long_uri;         /* and so not kept */
    bool malformed;        /* the head: where the request ends is uncertain */
    bool answered;         /* decided at the head: the body isn't needed */
    bool last;             /* of its connection */
    bool done;    /* the pool has answered; read again only after the connection was resumed */
    bool counted; /* among open_requests */
    char client[INET6_ADDRSTRLEN];
};

/* ---- life ---- */

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

/* libmicrohttpd would keep a struct for each parameter, which nobody reads, in the head's memory.
 * If they don't fit, it neither answers nor closes (0.9.75). It looks for them behind the question
 * mark in its own buffer; this is a part of that buffer. So the question mark is hidden, and it
 * finds none. */
static void hide_query(const char *uri)
{
    char *query = (char *)strchr(uri, '?');
    if (query && query[1])
        query[1] = '\0';
}

/* The first call for a request: libmicrohttpd gives the raw URI here, query and all. */
static void *exchange_new(void *opaque, const char *uri, struct MHD_Connection *connection)
{
    struct kc_endpoint *endpoint = opaque;
    struct exchange *exchange = kc_calloc(1, sizeof(*exchange));
    struct kc_rest_request *request = kc_calloc(1, sizeof(*request));
    exchange->long_uri = strlen(uri) > URI_MAX;
    kc_rest_request_set_uri(request, exchange->long_uri ? "/" : uri);
    hide_query(uri);
    request->headers = kc_map_new();
    request->config = endpoint->server->config;
    request->share.budget = endpoint->server->budget;
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
    kc_http_daemon_large(connection, false);
    kc_http_daemon_phase(exchange->endpoint->daemon, connection, KC_HTTP_IDLE);
    kc_byte_share_shrink(&exchange->request->share, 0);
    kc_rest_request_destroy(exchange->request);
    free(exchange);
    *context = NULL;
}

/* ---- memory ---- */

static void note_size(struct exchange *exchange)
{
    kc_http_daemon_large(exchange->connection, exchange->request->share.held > KC_SMALL_SHARE);
}

/* Enlarges the request's share of the server's memory; a failure is answered. */
static bool reserve(struct exchange *exchange, size_t bytes)
{
    struct kc_rest_request *request = exchange->request;
    struct kc_error *err = kc_byte_share_resize(&request->share, bytes);
    if (err)
        kc_rest_answer_error(request, err);
    note_size(exchange);
    return !err;
}

/* The request has been handled: frees its memory and keeps its answer. */
static void settle(struct exchange *exchange)
{
    struct kc_rest_request *request = exchange->request;
    bool large = request->share.held >= TRIM_FROM;
    kc_rest_revalidate(request);
    size_t len = request->answer ? request->answer_len : 0;
    kc_str_destroy(&request->body);
    struct kc_error *err = kc_byte_share_resize(&request->share, len);
    if (err) {
        kc_byte_share_shrink(&request->share, 0);
        kc_rest_answer_error(request, err);
    }
    note_size(exchange); /* who holds nothing is nobody to cut off */
    if (request->share.refused)
        kc_connection_guard_relieve(exchange->endpoint->server->guard);
    if (large)
        malloc_trim(0);
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
    static const struct kc_route *const admin_tables[] = {kc_logging_routes, NULL};
    static const struct kc_route *const mount_tables[] = {kc_internal_routes, kc_metrics_routes,
                                                          NULL};
    struct kc_rest_server *server = exchange->endpoint->server;
    struct kc_rest_request *request = exchange->request;
    bool dedicated = atomic_load(&server->mount_count) > 0;
    const struct kc_route *const *tables = dedicated ? mount_tables
                                           : exchange->endpoint->listener.admin
                                               ? admin_tables
                                               : kc_mounts_tables(server->resources);
    unsigned excluded = exchange->endpoint->listener.admin ? 0 : server->main_excluded;
    request->mounts = server->resources;
    request->route = kc_router_find(tables, excluded, request);
    return request->route;
}

/* Jetty's own page while no resource is registered. */
static void answer_starting(struct kc_rest_request *request)
{
    static const char page[] =
        "<html>\n<head>\n<meta http-equiv=\"Content-Type\" content=\"text/html;charset=utf-8\"/>\n"
        "<title>Error 404 Not Found</title>\n</head>\n<body><h2>HTTP ERROR 404 Not Found</h2>\n"
        "</body>\n</html>\n";
    kc_rest_answer_text(request, 404, "text/html;charset=utf-8", kc_strdup(page));
}

/* As in Java, where the worker looks up the cluster before it registers a resource. So an answer
 * means that the worker has found its brokers. */
static bool serving(struct kc_rest_server *server)
{
    struct kc_herder *herder = atomic_load(&server->herder);
    return herder ? *kc_herder_cluster_id(herder) != '\0' : atomic_load(&server->mount_count) > 0;
}

static void answer_too_large(struct exchange *exchange)
{
    kc_rest_answer_status(exchange->request, 413,
                          "The request's body is larger than %zu bytes "
                          "(rest.request.body.max.bytes)",
                          exchange->endpoint->server->max_body);
}

/* Answers GET /health before a broker has answered: the worker is starting, and at which stage. */
static bool is_early(struct kc_rest_server *server, const struct kc_rest_request *request)
{
    return atomic_load(&server->herder) && strcmp(request->path, "/health") == 0 &&
           (strcmp(request->method, "GET") == 0 || strcmp(request->method, "HEAD") == 0);
}

/* Whether the request may go on, judged by its head; if not, it has been answered. */
static bool admit(struct exchange *exchange)
{
    struct kc_rest_server *server = exchange->endpoint->server;
    struct kc_rest_request *request = exchange->request;
    if (!serving(server) && !is_early(server, request)) {
        answer_starting(request);
        return false;
    }
    exchange->route = route_of(exchange);
    if (!exchange->route && request->status != 200)
        return false; /* there is nothing to guard, as in Java */
    if (!exchange->endpoint->listener.admin && !kc_rest_auth_admit(server->auth, request))
        return false; /* extensions guard the main listeners only, as in Java */
    if (!exchange->route || !find_herder(exchange) ||
        !kc_rest_filter_negotiate(exchange->route, request))
        return false;
    if ((exchange->route->flags & KC_ROUTE_INTERNAL) && !kc_internal_admit(request))
        return false;
    if (exchange->content_length > server->max_body) {
        answer_too_large(exchange);
        return false;
    }
    return true;
}

void kc_exchange_run(void *opaque)
{
    struct exchange *exchange = opaque;
    exchange->route->handle(exchange->request);
    settle(exchange);
    exchange->done = true;
    MHD_resume_connection(exchange->connection);
}

static struct kc_request_pool *pool_of(const struct exchange *exchange)
{
    unsigned flags = exchange->route->flags;
    return exchange->endpoint->server->pools[flags & KC_ROUTE_SIGHT     ? KC_POOL_SIGHT
                                             : flags & KC_ROUTE_OUTSIDE ? KC_POOL_OUTSIDE
                                                                        : KC_POOL_HERDER];
}

/* Handles the request, or hands it to a pool (false: the answer comes later). */
static bool dispatch(struct exchange *exchange)
{
    struct kc_rest_request *request = exchange->request;
    if (exchange->answered || !kc_rest_filter_negotiate(exchange->route, request))
        return true;
    if (exchange->route->flags & KC_ROUTE_QUICK) {
        exchange->route->handle(request);
        settle(exchange);
        return true;
    }
    kc_http_daemon_phase(exchange->endpoint->daemon, exchange->connection, KC_HTTP_HANDLING);
    MHD_suspend_connection(exchange->connection);
    if (!kc_request_pool_submit(pool_of(exchange), exchange)) {
        kc_rest_answer_status(request, 503,
                              "The worker is shutting down, or has too many requests of this kind "
                              "under way. Try again later");
        exchange->done = true;
        MHD_resume_connection(exchange->connection);
    }
    return false;
}

/* ---- libmicrohttpd's calls ---- */

/* A repeated header counts as one list. */
static enum MHD_Result take_header(void *opaque, enum MHD_ValueKind kind, const char *name,
                                   const char *value)
{
    struct exchange *exchange = opaque;
    struct kc_map *headers = exchange->request->headers;
    char *lower = kc_strdup(name);
    for (char *c = lower; *c; c++) {
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c + 'a' - 'A');
        exchange->malformed |= (unsigned char)*c <= ' ' || *c == 0x7f;
    }
    const char *before = kc_map_get(headers, lower);
    char *joined = before ? kc_asprintf("%s, %s", before, value ? value : "") : NULL;
    kc_map_set(headers, lower, joined ? joined : value ? value : "");
    free(joined);
    free(lower);
    return MHD_YES;
}

/* Whether a proxy may disagree with libmicrohttpd about where the request ends, so that one
 * client's bytes count as another's request (RFC 9112, 6.3), or about the host (3.2). */
static bool is_ambiguous(const struct kc_rest_request *request)
{
    const char *length = kc_map_get(request->headers, "content-length");
    const char *encoding = kc_map_get(request->headers, "transfer-encoding");
    const char *host = kc_map_get(request->headers, "host");
    return (length && (encoding || strchr(length, ','))) ||
           (encoding && strcasecmp(encoding, "chunked") != 0) ||
           (host ? strchr(host, ',') != NULL : strcmp(request->version, "HTTP/1.1") == 0);
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
    MHD_get_connection_values(exchange->connection, MHD_HEADER_KIND, take_header, exchange);
    request->authority =
        kc_asprintf("%s://%s", exchange->endpoint->listener.https ? "https" : "http",
                    kc_map_get_or(request->headers, "host", exchange->endpoint->server->worker_id));
    exchange->content_length =
        (size_t)strtoull(kc_map_get_or(request->headers, "content-length", "0"), NULL, 10);
    exchange->malformed |= is_ambiguous(request);
}

static void count(struct exchange *exchange)
{
    if (exchange->counted)
        return;
    atomic_fetch_add(&exchange->endpoint->server->open_requests, 1);
    exchange->counted = true;
}

static enum MHD_Result send_answer(struct exchange *exchange)
{
    struct kc_rest_request *request = exchange->request;
    struct kc_map *headers = kc_map_new();
    kc_http_daemon_phase(exchange->endpoint->daemon, exchange->connection, KC_HTTP_ANSWERING);
    note_size(exchange);
    size_t len = request->answer ? request->answer_len : 0;
    kc_rest_filter_access_log(request, exchange->client, kc_mono_ms() - exchange->started_ms);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(len, request->answer, MHD_RESPMEM_MUST_FREE);
    request->answer = NULL; /* the response's */
    if (request->replies)
        kc_map_merge(headers, request->replies);
    if (request->content_type && len)
        kc_map_set(headers, MHD_HTTP_HEADER_CONTENT_TYPE, request->content_type);
    if (request->location)
        kc_map_set(headers, MHD_HTTP_HEADER_LOCATION, request->location);
    if (request->allow)
        kc_map_set(headers, MHD_HTTP_HEADER_ALLOW, request->allow);
    if (exchange->last)
        kc_map_set(headers, MHD_HTTP_HEADER_CONNECTION, "close");
    if (exchange->endpoint->listener.admin == false)
        kc_rest_filter_headers(exchange->endpoint->server->filter, request, headers);
    kc_map_foreach (headers, entry)
        MHD_add_response_header(response, entry->key, entry->value);
    enum MHD_Result rc =
        MHD_queue_response(exchange->connection, (unsigned)request->status, response);
    MHD_destroy_response(response);
    kc_map_destroy(headers);
    return rc;
}

/* The head is complete. A client that waits for leave to send its body, or whose body is too large,
 * gets its refusal now, and the connection ends. For any other client the body is read first,
 * because a client that is still sending doesn't look for an answer. */
static enum MHD_Result on_head(struct exchange *exchange)
{
    struct kc_rest_request *request = exchange->request;
    if (exchange->malformed)
        kc_rest_answer_status(request, 400, "HTTP 400 Bad Request: the head is malformed");
    else if (exchange->long_uri)
        kc_rest_answer_status(request, 414, "HTTP 414 URI Too Long: at most %d bytes are taken",
                              URI_MAX);
    bool refused = exchange->malformed || exchange->long_uri;
    exchange->answered = refused || !admit(exchange);
    bool awaited = kc_map_has(request->headers, "expect") && exchange->content_length;
    exchange->last =
        exchange->answered && (refused || awaited || exchange->content_length > DRAIN_MAX);
    if (!exchange->last)
        return MHD_YES;
    count(exchange);
    return send_answer(exchange);
}

/* Makes room for more of the body: twice as much as before, or the announced length once half of it
 * has come. False: answered. */
static bool grow_body(struct exchange *exchange, size_t more)
{
    struct kc_str *body = &exchange->request->body;
    size_t need = body->len + more + 1;
    size_t cap = body->cap ? body->cap * 2 : FIRST_BODY;
    if (need <= body->cap)
        return true;
    cap = cap < need ? need : cap;
    if (exchange->content_length >= need - 1 && cap > exchange->content_length + 1)
        cap = exchange->content_length + 1;
    if (!reserve(exchange, cap))
        return false;
    char *data = kc_try_realloc(body->data, cap);
    if (!data) {
        kc_rest_answer_error(exchange->request,
                             kc_error_memory(cap, "The request's body can't be kept"));
        return false;
    }
    body->data = data;
    body->cap = cap;
    return true;
}

static void take_body(struct exchange *exchange, const char *data, size_t size)
{
    struct kc_rest_request *request = exchange->request;
    request->body_size += size;
    if (exchange->answered)
        return;
    if (request->body_size > exchange->endpoint->server->max_body) {
        answer_too_large(exchange);
        exchange->answered = true;
    } else if (exchange->route->flags & KC_ROUTE_BODY) {
        exchange->answered = !grow_body(exchange, size);
        if (!exchange->answered)
            kc_str_append_n(&request->body, data, size);
    }
    if (exchange->answered)
        settle(exchange);
}

static enum MHD_Result on_request(void *opaque, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *size, void **context)
{
    struct exchange *exchange = *context;
    if (!exchange->request->method) { /* headers are there, the body isn't */
        read_head(exchange, method, version);
        return on_head(exchange);
    }
    if (*size) {
        take_body(exchange, data, *size);
        *size = 0;
        return exchange->request->body_size > DRAIN_MAX + exchange->endpoint->server->max_body
                   ? MHD_NO
                   : MHD_YES;
    }
    count(exchange);
    if (exchange->done)
        return send_answer(exchange);
    return dispatch(exchange) ? send_answer(exchange) : MHD_YES;
}

struct kc_http_handlers kc_exchange_handlers(struct kc_endpoint *endpoint)
{
    return (struct kc_http_handlers){on_request, exchange_new, exchange_destroy, endpoint};
}
