/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client's life: it is made, looks for due work, and is closed. See wire_client.h.
 *
 * It stands above its parts, and only it knows all of them: metadata and coordinators call the
 * router through `calls`.
 */
#include "wire/wire_client_priv.h"

#include "wire/access.h"
#include "wire/bootstrap.h"
#include "wire/security_priv.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.wire.client");

static void on_tick(uv_timer_t *tick)
{
    struct kc_wire_client *client = tick->data;
    int64_t now = kc_mono_ms();

    wire_router_tick(client, now);
    wire_coordinators_tick(client->coordinators, now);
    wire_metadata_tick(client->metadata, now);
    wire_frames_trim(now);
    if (client->stopping)
        return;
    if (wire_metadata_refreshes(client->metadata) ||
        wire_router_due(client, now + WIRE_QUIET_TICK_MS))
        wire_client_hurry(client);
    else
        wire_client_rest(client);
}

static void client_free(struct kc_wire_client *client)
{
    kc_access_destroy(client->access);
    wire_metadata_destroy(client->metadata);
    wire_coordinators_destroy(client->coordinators);
    wire_security_destroy(client->security);
    kc_wire_settings_destroy(client->settings);
    pthread_mutex_destroy(&client->mutex);
    free(client->name);
    free(client);
}

static const struct wire_client_calls calls = {
    .route = wire_route,
    .metadata_changed = wire_route_parked,
    .coordinator_failed = wire_route_fail,
};

/* Shared by all connections of the client. */
static void set_up_connections(struct kc_wire_client *client)
{
    client->conns.name = client->name;
    client->conns.loop = &client->loop;
    client->conns.settings = client->settings;
    client->conns.tls = client->security->tls;
    client->conns.access = client->access;
    client->conns.events = &wire_node_events;
}

struct kc_error *kc_wire_client_new(const struct kc_map *settings, const char *name,
                                    struct kc_wire_client **out)
{
    struct kc_wire_client *client = kc_calloc(1, sizeof(*client));

    *out = NULL;
    client->name = kc_strdup(name);
    pthread_mutex_init(&client->mutex, NULL);
    struct kc_error *err = kc_wire_settings_new(settings, &client->settings);
    if (!err)
        err = kc_bootstrap_check(kc_map_get_or(settings, "bootstrap.servers", ""), NULL);
    if (!err)
        err = wire_security_new(client->settings, &client->security);
    if (!err) {
        client->calls = &calls;
        client->access = kc_access_of(name, settings);
        client->coordinators = wire_coordinators_new(client);
        client->metadata = wire_metadata_new(client);
        set_up_connections(client);
        err = wire_loop_start(client, on_tick);
    }
    if (err) {
        client_free(client);
        return err;
    }
    *out = client;
    return NULL;
}

/* Posted by kc_wire_client_destroy(); the loop's last task. */
static void stop_loop(void *arg)
{
    struct kc_wire_client *client = arg;

    client->stopping = client->conns.stopping = true;
    wire_router_close(client);
    wire_loop_stop(client);
}

void kc_wire_client_destroy(struct kc_wire_client *client)
{
    if (!client)
        return;
    kc_debug("[%s] closing", client->name);
    kc_wire_post(client, stop_loop, client);
    wire_loop_join(client);
    client_free(client);
}

void kc_wire_client_join(struct kc_wire_client *client)
{
    kc_access_join(client->access);
}

int kc_wire_transaction_version(const struct kc_wire_client *client)
{
    return client->transaction_version;
}

const char *kc_wire_rack(const struct kc_wire_client *client)
{
    return client->settings->rack;
}
