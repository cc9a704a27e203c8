/* SPDX-License-Identifier: Apache-2.0 */
/* See gateway_census_priv.h. */
#include "gateway/gateway_census_priv.h"

#include "gateway/gateway_clients_priv.h"

#include <stdlib.h>

#define MANY    1000  /* connections, of which a description takes long */
#define SLOW_MS 60000 /* how often these are counted */

struct gateway_census {
    struct gateway *gateway;
    struct gateway_links *links;
    struct kc_thread *thread;
};

static void gather(const json_t *described, struct gateway_clients *clients)
{
    const json_t *client;
    size_t i;

    json_array_foreach (described, i, client)
        gateway_clients_add_json(clients, client);
}

/* Returns how many connections there are. */
static size_t count(const struct gateway_census *census)
{
    struct gateway_clients *clients = gateway_clients_new();
    json_t *description = gateway_describe(census->gateway);
    const json_t *described = json_object_get(description, "clients");
    const size_t connections = json_array_size(described);

    gather(described, clients);
    gateway_clients_set_state(clients,
                              json_string_value(json_object_get(description, "gateway_state")));
    gateway_links_tell(census->links, clients);
    json_decref(description);
    gateway_clients_destroy(clients);
    return connections;
}

static void run(void *arg, struct kc_stop *stop)
{
    const struct gateway_census *census = arg;
    int64_t wait_ms = GATEWAY_CLIENTS_MS;

    while (!kc_stop_wait_until(stop, kc_mono_ms() + wait_ms))
        wait_ms = count(census) > MANY ? SLOW_MS : GATEWAY_CLIENTS_MS;
}

struct kc_error *gateway_census_start(struct gateway *gateway, struct gateway_links *links,
                                      struct gateway_census **out)
{
    struct gateway_census *census = kc_calloc(1, sizeof(*census));

    *out = NULL;
    census->gateway = gateway;
    census->links = links;
    struct kc_error *err = kc_thread_new("gateway-census", run, census, &census->thread);
    if (err) {
        free(census);
        return err;
    }
    *out = census;
    return NULL;
}

void gateway_census_stop(struct gateway_census *census)
{
    if (!census)
        return;
    kc_thread_destroy(census->thread);
    free(census);
}
