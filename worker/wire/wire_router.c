/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which connection a request takes.
 *
 * A target resolves to a node (broker and channel, or a bootstrap server); a node has at most one
 * connection. A request whose leader or coordinator isn't known is parked until the metadata says
 * it, or its time is up. A node that failed isn't tried again before its back-off is over: requests
 * for it fail with the reason, retriably, and the sender decides. Loop thread.
 */
#include "wire/conn_priv.h"
#include "wire/wire_client_priv.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.wire.router");

static int64_t node_key(int32_t id, int channel)
{
    return (int64_t)id * KC_WIRE_CHANNELS + channel;
}

struct wire_node *wire_node_find(struct kc_wire_client *client, int32_t id, int channel)
{
    int64_t key = node_key(id, channel);
    struct wire_node *node;

    HASH_FIND(hh, client->nodes, &key, sizeof(key), node);
    return node;
}

static struct wire_node *node_get(struct kc_wire_client *client, int32_t id, int channel)
{
    struct wire_node *node = wire_node_find(client, id, channel);

    if (node)
        return node;
    node = kc_calloc(1, sizeof(*node));
    node->key = node_key(id, channel);
    node->id = id;
    node->channel = channel;
    node->client = client;
    HASH_ADD(hh, client->nodes, key, sizeof(node->key), node);
    return node;
}

/* The node's connection ended: err says why, NULL when idle. */
static void node_closed(void *arg, const struct kc_error *err, bool was_ready)
{
    struct wire_node *node = arg;
    struct kc_wire_client *client = node->client;
    const struct kc_wire_settings *settings = client->settings;

    node->conn = NULL;
    if (!err)
        return;
    kc_error_destroy(node->last_error);
    node->last_error = kc_error_copy(err);
    node->retry_at_ms = kc_mono_ms() + kc_wire_jittered(settings->reconnect_backoff_ms,
                                                        settings->reconnect_backoff_max_ms,
                                                        was_ready ? 0 : node->failures);
    node->failures = was_ready ? 1 : node->failures + 1;
    if (client->stopping)
        return;
    if (node->id >= 0)
        wire_coordinators_lost(client->coordinators, node->id);
    kc_wire_refresh(client);
}

static void node_ready(void *arg)
{
    struct wire_node *node = arg;
    int16_t version = wire_conn_transaction_version(node->conn);

    node->failures = 0;
    kc_error_clear(&node->last_error);
    if (version >= 0)
        node->client->transaction_version = version;
}

const struct wire_conn_events wire_node_events = {.ready = node_ready, .closed = node_closed};

/* The address of a node; false when the metadata has lost it. */
static bool node_address(struct kc_wire_client *client, const struct wire_node *node,
                         const char **host, int *port)
{
    if (node->id >= 0)
        return wire_metadata_address(client->metadata, node->id, host, port);
    size_t index = (size_t)(-1 - node->id);
    *host = client->settings->bootstrap[index].host;
    *port = client->settings->bootstrap[index].port;
    return true;
}

static bool node_usable(struct kc_wire_client *client, int32_t id, int64_t now)
{
    struct wire_node *node = wire_node_find(client, id, KC_WIRE_CHANNEL_MAIN);

    return !node || node->conn || now >= node->retry_at_ms;
}

/* Hands the request to the node's connection, opening one when there is none. */
static void submit(struct kc_wire_client *client, struct wire_node *node,
                   struct wire_pending *pending)
{
    const char *host = NULL;
    int port = 0;

    if (!node->conn && kc_mono_ms() < node->retry_at_ms && node->last_error) {
        wire_pending_fail(pending, kc_error_copy(node->last_error));
        return;
    }
    if (!node->conn) {
        if (!node_address(client, node, &host, &port)) {
            kc_wire_refresh(client);
            wire_pending_fail(pending, kc_error_retriable_new(
                                           KC_ERR_KAFKA, "broker %d isn't in the metadata of %s",
                                           node->id, client->name));
            return;
        }
        node->conn = wire_conn_open(&client->conns, &(struct wire_conn_peer){host, port, node->id},
                                    node->failures, node);
    }
    wire_conn_submit(node->conn, pending);
}

/* The node with the fewest requests in flight on its main connection, among the ready ones, or
 * among those that aren't ready yet. */
static struct wire_node *least_busy(struct kc_wire_client *client, bool ready)
{
    struct wire_node *node, *next, *best = NULL;
    int least = INT_MAX;

    HASH_ITER (hh, client->nodes, node, next) {
        if (node->channel != KC_WIRE_CHANNEL_MAIN || !node->conn ||
            (node->conn->state == CONN_READY) != ready)
            continue;
        if (node->conn->in_flight_count < least) {
            best = node;
            least = node->conn->in_flight_count;
        }
    }
    return best;
}

#define BROKERS_TRIED 64

/* A connected node; otherwise one that is connecting; otherwise a broker or bootstrap server that
 * may be tried now. NULL: all are backing off. */
static struct wire_node *any_node(struct kc_wire_client *client)
{
    struct wire_node *node = least_busy(client, true);
    int32_t ids[BROKERS_TRIED];
    size_t brokers, bootstrap = client->settings->bootstrap_count;
    int64_t now = kc_mono_ms();

    if (!node)
        node = least_busy(client, false);
    if (node)
        return node;
    brokers = wire_metadata_brokers(client->metadata, ids, BROKERS_TRIED);
    unsigned int turn = client->round_robin++;
    for (size_t i = 0; i < brokers; i++) {
        int32_t id = ids[(turn + i) % brokers];

        if (node_usable(client, id, now))
            return node_get(client, id, KC_WIRE_CHANNEL_MAIN);
    }
    for (size_t i = 0; i < bootstrap; i++) {
        int32_t id = -1 - (int32_t)((turn + i) % bootstrap);

        if (node_usable(client, id, now))
            return node_get(client, id, KC_WIRE_CHANNEL_MAIN);
    }
    return NULL;
}

/* Why there is nobody to ask. */
static struct kc_error *nobody(struct kc_wire_client *client)
{
    struct wire_node *node, *next;
    const struct kc_error *why = NULL;

    HASH_ITER (hh, client->nodes, node, next) {
        if (node->last_error && (!why || !kc_error_retriable(node->last_error)))
            why = node->last_error;
    }
    if (why)
        return kc_error_copy(why);
    return kc_error_retriable_new(KC_ERR_IO, "no broker of bootstrap.servers can be reached now");
}

static void park(struct kc_wire_client *client, struct wire_pending *pending)
{
    DL_APPEND(client->parked, pending);
}

static void route_any(struct kc_wire_client *client, struct wire_pending *pending)
{
    struct wire_node *node = any_node(client);

    if (node)
        submit(client, node, pending);
    else
        wire_pending_fail(pending, nobody(client));
}

/* Resolves the target to a broker id; -1: park it. */
static int32_t resolve(struct kc_wire_client *client, const struct kc_wire_target *target)
{
    struct kc_wire_leader leader;

    switch (target->kind) {
    case KC_WIRE_BROKER:
        return target->broker_id;
    case KC_WIRE_LEADER:
        if (kc_wire_leader(client, target->topic, target->partition, &leader) &&
            leader.broker_id >= 0)
            return leader.broker_id;
        wire_metadata_want(client->metadata, target->topic);
        return -1;
    case KC_WIRE_CONTROLLER:
        return wire_metadata_controller(client->metadata);
    default:
        return wire_coordinator_find(client->coordinators, target->kind, target->key);
    }
}

void wire_route(struct kc_wire_client *client, struct wire_pending *pending)
{
    const struct kc_wire_target *target = &pending->request->target;
    const char *host;
    int port;

    if (target->kind == KC_WIRE_ANY) {
        route_any(client, pending);
        return;
    }
    int32_t id = resolve(client, target);
    if (id < 0 && target->kind == KC_WIRE_CONTROLLER)
        route_any(client, pending);
    else if (id < 0)
        park(client, pending);
    else if (!wire_node_find(client, id, pending->request->channel) &&
             !wire_metadata_address(client->metadata, id, &host, &port)) {
        kc_wire_refresh(client);
        park(client, pending);
    } else
        submit(client, node_get(client, id, pending->request->channel), pending);
}

void wire_route_parked(struct kc_wire_client *client)
{
    struct wire_pending *list = client->parked, *pending, *next;

    client->parked = NULL;
    DL_FOREACH_SAFE (list, pending, next) {
        DL_DELETE(list, pending);
        wire_route(client, pending);
    }
}

static struct kc_error *parked_too_long(struct kc_wire_client *client,
                                        const struct kc_wire_request *request)
{
    const struct kc_wire_target *target = &request->target;
    struct kc_error *cause = wire_metadata_last_error(client->metadata), *err;

    if (target->kind == KC_WIRE_LEADER)
        err = kc_error_retriable_new(KC_ERR_TIMEOUT, "%s: no leader of %s-%d became known in time",
                                     kc_api_name(request->api), target->topic, target->partition);
    else if (target->kind == KC_WIRE_BROKER)
        err = kc_error_retriable_new(KC_ERR_TIMEOUT, "%s: broker %d isn't in the metadata",
                                     kc_api_name(request->api), target->broker_id);
    else
        err =
            kc_error_retriable_new(KC_ERR_TIMEOUT, "%s: no coordinator of %s became known in time",
                                   kc_api_name(request->api), target->key);
    return cause ? kc_error_caused(err, cause) : err;
}

/* A refusal that trying again won't change (authentication, a certificate) fails what waits for it.
 */
static const struct kc_error *final_error(struct kc_wire_client *client)
{
    struct wire_node *node, *next;

    if (least_busy(client, true))
        return NULL;
    HASH_ITER (hh, client->nodes, node, next) {
        if (node->last_error && !kc_error_retriable(node->last_error))
            return node->last_error;
    }
    return NULL;
}

static bool conn_due(const struct wire_conn *conn, int64_t then)
{
    const struct wire_pending *pending;

    if (conn->state != CONN_READY || conn->waiting)
        return true;
    DL_FOREACH (conn->in_flight, pending) {
        if (pending->deadline_ms && pending->deadline_ms <= then)
            return true;
    }
    return false;
}

bool wire_router_due(struct kc_wire_client *client, int64_t then)
{
    struct wire_node *node, *next;

    if (client->parked)
        return true;
    HASH_ITER (hh, client->nodes, node, next) {
        if (node->conn && conn_due(node->conn, then))
            return true;
    }
    return false;
}

void wire_router_tick(struct kc_wire_client *client, int64_t now)
{
    struct wire_node *node, *next_node;
    struct wire_pending *pending, *next;

    HASH_ITER (hh, client->nodes, node, next_node) {
        if (node->conn)
            wire_conn_tick(node->conn, now);
    }
    const struct kc_error *final = client->parked ? final_error(client) : NULL;
    DL_FOREACH_SAFE (client->parked, pending, next) {
        if (!final && now < pending->deadline_ms)
            continue;
        DL_DELETE(client->parked, pending);
        wire_pending_fail(pending,
                          final ? kc_error_copy(final) : parked_too_long(client, pending->request));
    }
}

void wire_route_fail(struct kc_wire_client *client, enum kc_wire_target_kind kind, const char *key,
                     const struct kc_error *err)
{
    struct wire_pending *pending, *next;

    DL_FOREACH_SAFE (client->parked, pending, next) {
        const struct kc_wire_target *target = &pending->request->target;

        if (target->kind != kind || strcmp(target->key, key) != 0)
            continue;
        DL_DELETE(client->parked, pending);
        wire_pending_fail(pending, kc_error_copy(err));
    }
}

void wire_router_close(struct kc_wire_client *client)
{
    struct wire_node *node, *next_node;
    struct wire_pending *pending, *next;

    kc_trace("[%s] closing every connection", client->name);
    HASH_ITER (hh, client->nodes, node, next_node) {
        if (node->conn)
            wire_conn_close(node->conn,
                            kc_error_new(KC_ERR_WAKEUP, "%s is being closed", client->name));
        HASH_DEL(client->nodes, node);
        kc_error_destroy(node->last_error);
        free(node);
    }
    DL_FOREACH_SAFE (client->parked, pending, next) {
        DL_DELETE(client->parked, pending);
        wire_pending_fail(pending, kc_error_new(KC_ERR_WAKEUP, "%s is being closed", client->name));
    }
}
