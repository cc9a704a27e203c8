/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A gateway, put together: ports, brokers, loops. See gateway.h.
 *
 * A start goes from the ports to the loops, so that an error of the configuration is told before
 * anything is asked of the clusters; a stop goes the other way.
 */
#include "gateway/gateway.h"

#include "connect/log.h"
#include "connect/thread.h"
#include "gateway/gateway_brokers_priv.h"
#include "gateway/gateway_census_priv.h"
#include "gateway/gateway_doors_priv.h"
#include "gateway/gateway_guard_priv.h"
#include "gateway/gateway_http_priv.h"
#include "gateway/gateway_limits_priv.h"
#include "gateway/gateway_loop_priv.h"
#include "gateway/gateway_metrics_priv.h"
#include "gateway/gateway_source_priv.h"
#include "gateway/gateway_upstream_priv.h"
#include "gateway/gateway_watch_priv.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.gateway");

#define LOOK_MS     20   /* how often a stop looks whether all is answered */
#define DESCRIBE_MS 2000 /* that a description waits for a loop */
#define VERSIONS_MS 5000 /* that the start waits for the source's versions */

struct gateway {
    struct gateway_config *config;
    struct gateway_common common;
    struct gateway_doors *doors;
    struct gateway_brokers *brokers;
    struct gateway_loop **loops;
    int loop_count;
    struct gateway_router router;
    struct gateway_upstream *upstream; /* NULL: there is no source */
    struct gateway_watch *watch;       /* NULL: it goes on relaying */
    struct gateway_census *census;     /* NULL: there is no source */
    struct gateway_http *http;         /* NULL: it isn't wanted */
    const char *_Atomic health;        /* for /health; static storage */
};

/* ---- The start ---- */

/* A client's connection has no login of ours: the gateway's own key must not speak for others. */
static void read_target_security(struct gateway *gateway)
{
    const struct kc_map *target = gateway->config->target;
    const char *protocol = kc_map_get_or(target, "security.protocol", "PLAINTEXT");

    gateway->common.target_tls =
        strcasecmp(protocol, "SSL") == 0 || strcasecmp(protocol, "SASL_SSL") == 0;
    gateway->common.check_hostname =
        *kc_map_get_or(target, "ssl.endpoint.identification.algorithm", "https") != 0;
    gateway->common.target_ssl = gateway_guard_client_settings(gateway->config);
}

static struct kc_error *start_loops(struct gateway *gateway)
{
    struct kc_error *err = NULL;

    gateway->loops = kc_calloc((size_t)gateway->config->threads, sizeof(struct gateway_loop *));
    while (!err && gateway->loop_count < gateway->config->threads) {
        err = gateway_loop_new(&gateway->common, gateway->loop_count,
                               &gateway->loops[gateway->loop_count]);
        if (!err)
            gateway->loop_count++;
    }
    return err;
}

static void say_where(const struct gateway *gateway)
{
    for (size_t i = 0; i < gateway->config->listener_count; i++) {
        const struct gateway_listener_config *listener = &gateway->config->listeners[i];
        char *brokers = listener->broker_port
                            ? kc_asprintf("brokers at ports %d to %d", listener->broker_port,
                                          listener->broker_port + listener->broker_ports - 1)
                            : kc_asprintf("brokers as %s", listener->broker_host);

        kc_info("Gateway %s serves %s at %s:%d, told to clients as %s:%d; %s",
                gateway->config->name, listener->name, *listener->host ? listener->host : "*",
                listener->port, listener->advertised, listener->advertised_port, brokers);
        free(brokers);
    }
}

static const char *health_of(void *arg)
{
    const struct gateway *gateway = arg;

    return gateway->health;
}

static struct kc_error *start_http(struct gateway *gateway)
{
    const struct gateway_http_sight sight = {health_of, gateway};

    gateway_metrics_begin();
    return gateway_http_start(gateway->config->metrics_listener, &sight, &gateway->http);
}

/* What is routed must be understood by the source as well. A source that isn't reached is taken for
 * one of old, as far as transactions go: their calls are in an order that every version takes. */
static void limit_versions(struct gateway *gateway)
{
    static const int16_t routed[] = {KC_API_PRODUCE,
                                     KC_API_INIT_PRODUCER_ID,
                                     KC_API_ADD_PARTITIONS_TO_TXN,
                                     KC_API_ADD_OFFSETS_TO_TXN,
                                     KC_API_END_TXN,
                                     KC_API_TXN_OFFSET_COMMIT};
    struct gateway_versions *versions = &gateway->common.versions;
    int16_t max[sizeof(versions->max) / sizeof(*versions->max)] = {0};
    struct gateway_source *source = gateway_upstream_source(gateway->upstream);
    struct kc_error *err = gateway_source_versions(
        source, VERSIONS_MS, max, sizeof(max) / sizeof(*max), &versions->transaction_version);

    if (err) {
        kc_warn("%s. Until the next start, clients use transactions as before KIP-890",
                kc_error_text(err));
        kc_error_destroy(err);
        versions->transaction_version = 0;
        return;
    }
    for (size_t i = 0; i < sizeof(routed) / sizeof(*routed); i++) {
        if (max[routed[i]] < versions->max[routed[i]])
            versions->max[routed[i]] = max[routed[i]];
    }
}

/* Without a source there is nothing to route to. */
static struct kc_error *start_routing(struct gateway *gateway, const struct kc_stop *stop)
{
    const struct gateway_listener_config *first = &gateway->config->listeners[0];

    if (kc_map_size(gateway->config->source) == 0) {
        kc_info("Gateway %s has no source.cluster.bootstrap.servers: it relays everything",
                gateway->config->name);
        return NULL;
    }
    char *address = kc_asprintf("%s:%d", first->advertised, first->advertised_port);
    struct kc_error *err =
        gateway_upstream_open(gateway->config, address, stop, &gateway->router, &gateway->upstream);
    free(address);
    if (err)
        return err;
    gateway->common.router = &gateway->router;
    limit_versions(gateway);
    return NULL;
}

/* Whether any listener's clients can be sent to the brokers themselves. */
static bool can_step_aside(const struct gateway_config *config)
{
    for (size_t i = 0; i < config->listener_count; i++) {
        if (config->listeners[i].steps_aside)
            return config->after == GATEWAY_ADVERTISE;
    }
    return false;
}

static struct kc_error *start_watch(struct gateway *gateway)
{
    if (!gateway->upstream || !can_step_aside(gateway->config))
        return NULL;
    return gateway_watch_start(&gateway->common, gateway_upstream_links(gateway->upstream),
                               &gateway->watch);
}

static void say_warnings(const struct gateway_config *config)
{
    struct kc_strings warnings = {0};

    gateway_guard_warnings(config, &warnings);
    for (size_t i = 0; i < warnings.count; i++)
        kc_warn("%s", warnings.items[i]);
    kc_strings_destroy(&warnings);
}

static struct kc_error *start(struct gateway *gateway, const struct kc_stop *stop)
{
    struct kc_error *err = gateway_doors_bind(gateway->config, &gateway->doors);

    if (!err)
        err = start_http(gateway);
    if (err)
        return err;
    say_warnings(gateway->config);
    gateway->common.limits = gateway_limits_new(gateway->config);
    gateway->common.nodes = gateway_nodes_new(gateway->config);
    read_target_security(gateway);
    gateway_versions_own(&gateway->common.versions);
    err = start_loops(gateway);
    if (!err)
        err =
            gateway_brokers_start(gateway->config, gateway->common.nodes, stop, &gateway->brokers);
    if (!err)
        err = start_routing(gateway, stop);
    if (!err)
        err = start_watch(gateway);
    if (!err && gateway->upstream)
        err = gateway_census_start(gateway, gateway_upstream_links(gateway->upstream),
                                   &gateway->census);
    if (err)
        return err;
    gateway_doors_open(gateway->doors, gateway->loops, gateway->loop_count);
    say_where(gateway);
    gateway->health = "healthy";
    return NULL;
}

/* ---- The end ---- */

static void drain(struct gateway *gateway)
{
    const int64_t deadline = kc_deadline_ms(gateway->config->drain_ms);
    struct kc_stop *pause = kc_stop_new();

    for (int i = 0; i < gateway->loop_count; i++)
        gateway_loop_drain(gateway->loops[i]);
    while (atomic_load(&gateway->common.sessions) > 0 && kc_mono_ms() < deadline)
        kc_stop_wait_until(pause, kc_mono_ms() + LOOK_MS);
    const int left = atomic_load(&gateway->common.sessions);
    if (left > 0)
        kc_info("%d connections had requests under way after gateway.drain.ms=%d", left,
                gateway->config->drain_ms);
    kc_stop_destroy(pause);
}

static void take_apart(struct gateway *gateway)
{
    gateway_http_stop(gateway->http);
    gateway_census_stop(gateway->census);
    gateway_watch_stop(gateway->watch);
    gateway_brokers_stop(gateway->brokers);
    for (int i = 0; i < gateway->loop_count; i++)
        gateway_loop_end(gateway->loops[i]);
    gateway_upstream_close(gateway->upstream);
    for (int i = 0; i < gateway->loop_count; i++)
        gateway_loop_destroy(gateway->loops[i]);
    free(gateway->loops);
    gateway_doors_destroy(gateway->doors);
    gateway_nodes_destroy(gateway->common.nodes);
    gateway_limits_destroy(gateway->common.limits);
    kc_map_destroy(gateway->common.target_ssl);
    gateway_config_destroy(gateway->config);
    free(gateway);
}

struct kc_error *gateway_start(struct gateway_config *config, const struct kc_stop *stop,
                               struct gateway **out)
{
    struct gateway *gateway = kc_calloc(1, sizeof(*gateway));

    *out = NULL;
    gateway->config = config;
    gateway->common.config = config;
    gateway->health = "starting";
    struct kc_error *err = start(gateway, stop);
    if (err) {
        take_apart(gateway);
        return err;
    }
    *out = gateway;
    return NULL;
}

void gateway_stop(struct gateway *gateway)
{
    if (!gateway)
        return;
    gateway->health = "draining";
    gateway_doors_close(gateway->doors);
    drain(gateway);
    kc_info("Gateway %s stopped", gateway->config->name);
    take_apart(gateway);
}

/* ---- What runs ---- */

/* A description that the loops fill one after the other. Whoever is last frees it. */
struct gateway_survey {
    pthread_mutex_t mutex;
    pthread_cond_t done;
    int users;
    bool over;
    const struct gateway_loop *loop;
    json_t *clients;
};

static struct gateway_survey *survey_new(const struct gateway_loop *loop)
{
    struct gateway_survey *survey = kc_calloc(1, sizeof(*survey));

    pthread_mutex_init(&survey->mutex, NULL);
    kc_cond_init(&survey->done);
    survey->users = 2;
    survey->loop = loop;
    return survey;
}

static void survey_leave(struct gateway_survey *survey)
{
    pthread_mutex_lock(&survey->mutex);
    const bool last = --survey->users == 0;
    pthread_mutex_unlock(&survey->mutex);
    if (!last)
        return;
    json_decref(survey->clients);
    pthread_mutex_destroy(&survey->mutex);
    pthread_cond_destroy(&survey->done);
    free(survey);
}

static void run_survey(void *arg)
{
    struct gateway_survey *survey = arg;
    json_t *clients = json_array();

    gateway_loop_describe(survey->loop, clients);
    pthread_mutex_lock(&survey->mutex);
    survey->clients = clients;
    survey->over = true;
    pthread_cond_signal(&survey->done);
    pthread_mutex_unlock(&survey->mutex);
    survey_leave(survey);
}

/* Appends what the loop has, if it answers in time. */
static void ask_loop(struct gateway_loop *loop, json_t *clients)
{
    struct gateway_survey *survey = survey_new(loop);
    const int64_t deadline = kc_deadline_ms(DESCRIBE_MS);
    bool in_time = true;

    if (!gateway_loop_post(loop, run_survey, survey)) {
        survey_leave(survey);
        survey_leave(survey);
        return;
    }
    pthread_mutex_lock(&survey->mutex);
    while (!survey->over && in_time)
        in_time = kc_cond_wait_until(&survey->done, &survey->mutex, deadline);
    if (survey->over)
        json_array_extend(clients, survey->clients);
    pthread_mutex_unlock(&survey->mutex);
    survey_leave(survey);
}

static const char *state_of(const struct gateway *gateway)
{
    if (atomic_load(&gateway->common.left))
        return "LEFT";
    return atomic_load(&gateway->common.aside) ? "ASIDE" : "SERVING";
}

json_t *gateway_describe(struct gateway *gateway)
{
    json_t *listeners = json_array(), *clients = json_array();

    for (size_t i = 0; i < gateway->config->listener_count; i++) {
        const struct gateway_listener_config *listener = &gateway->config->listeners[i];

        json_array_append_new(listeners, json_pack("{s:s, s:i, s:s, s:i, s:b, s:b}", "name",
                                                   listener->name, "port", listener->port,
                                                   "advertised_host", listener->advertised,
                                                   "advertised_port", listener->advertised_port,
                                                   "tls", listener->tls, "sasl", listener->sasl));
    }
    for (int i = 0; i < gateway->loop_count; i++)
        ask_loop(gateway->loops[i], clients);
    return json_pack("{s:s, s:s, s:o, s:o}", "gateway", gateway->config->name, "gateway_state",
                     state_of(gateway), "listeners", listeners, "clients", clients);
}
