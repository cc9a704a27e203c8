/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The REST server's life cycle: its listeners, and the threads and limits that they share.
 * exchange.c handles requests.
 */
#include "connect/log.h"
#include "http/http_client.h"
#include "rest/rest_server_priv.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.runtime.rest.RestServer");

#define DRAIN_MS 2000
/* REST's part of the descriptors; the rest is for Kafka's connections and for files. */
#define DESCRIPTORS_PART 4
#define CONNECTIONS_MIN  8

/* ---- life ---- */

static struct kc_error *start_endpoint(struct kc_endpoint *endpoint)
{
    struct kc_rest_server *server = endpoint->server;
    const struct kc_http_handlers handlers = kc_exchange_handlers(endpoint);
    return kc_http_daemon_start(server->config, server->guard, server->max_connections,
                                &endpoint->listener, &handlers, &endpoint->daemon);
}

static struct kc_error *add_listeners(struct kc_rest_server *server, const struct kc_strings *texts,
                                      bool admin)
{
    for (size_t i = 0; i < texts->count; i++) {
        if (server->count == KC_REST_MAX_LISTENERS)
            return kc_error_new(KC_ERR_CONFIG, "More than %d listeners are configured",
                                KC_REST_MAX_LISTENERS);
        struct kc_endpoint *endpoint = &server->endpoints[server->count];
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
    struct kc_listener listeners[KC_REST_MAX_LISTENERS];
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

static size_t max_connections(const struct kc_worker_config *config)
{
    size_t max = (size_t)kc_config_long(config->values, "rest.connections.max");
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ||
        limit.rlim_cur / DESCRIPTORS_PART >= max)
        return max;
    size_t share = (size_t)limit.rlim_cur / DESCRIPTORS_PART;
    share = share < CONNECTIONS_MIN ? CONNECTIONS_MIN : share;
    kc_info("At most %zu REST connections are open at once, not rest.connections.max=%zu: a "
            "quarter of the %llu files that the process may open (ulimit -n)",
            share, max, (unsigned long long)limit.rlim_cur);
    return share;
}

static void make_pools(struct kc_rest_server *server)
{
    static const struct {
        size_t threads;
        size_t waiting;
    } sizes[KC_POOLS] = {
        [KC_POOL_SIGHT] = {4, 256},
        [KC_POOL_HERDER] = {32, 4096},
        [KC_POOL_OUTSIDE] = {64, 1024},
    };
    for (size_t i = 0; i < KC_POOLS; i++)
        server->pools[i] = kc_request_pool_new(sizes[i].threads, sizes[i].waiting, kc_exchange_run);
}

struct kc_error *kc_rest_server_new(const struct kc_worker_config *config,
                                    struct kc_rest_server **server)
{
    struct kc_rest_server *made = kc_calloc(1, sizeof(*made));
    made->config = config;
    kc_http_init();
    made->max_body = (size_t)kc_config_long(config->values, "rest.request.body.max.bytes");
    made->max_connections = max_connections(config);
    made->budget =
        kc_byte_budget_new((size_t)kc_config_long(config->values, "rest.memory.max.bytes"));
    make_pools(made);
    struct kc_error *err = kc_rest_filter_new(config, &made->filter);
    if (!err)
        err = kc_rest_auth_new(config, &made->auth);
    if (!err)
        err = kc_connection_guard_new(made->max_connections, &made->guard);
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
    server->resources = kc_mounts_new(kc_herder_plugins(herder), kc_rest_answer_mounted);
    atomic_store(&server->herder, herder);
    kc_info("REST resources initialized; server is started and ready to handle requests");
}

void kc_rest_server_mount(struct kc_rest_server *server, const char *source, const char *target,
                          struct kc_herder *herder)
{
    size_t count = atomic_load(&server->mount_count);
    if (count == KC_REST_MAX_MOUNTS) {
        kc_log_error("No internal REST for %s->%s: more than %d flows", source, target,
                     KC_REST_MAX_MOUNTS);
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
    for (size_t i = 0; i < KC_POOLS; i++)
        kc_request_pool_destroy(server->pools[i]);
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
    kc_mounts_destroy(server->resources);
    kc_connection_guard_destroy(server->guard);
    kc_byte_budget_unref(server->budget);
    kc_rest_auth_destroy(server->auth);
    kc_rest_filter_destroy(server->filter);
    free(server->url);
    free(server->worker_id);
    free(server);
}
