/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The target's brokers and their places at the gateway, see gateway_nodes_priv.h.
 *
 * A place is an index into a listener's range of ports. Places are worked out anew, for all
 * brokers, when a broker is new; clients that were told a former place ask the wrong broker then,
 * and refresh their metadata. A broker that is gone keeps its place, because it may come back,
 * until another one needs a port.
 */
#include "gateway/gateway_nodes_priv.h"

#include "connect/log.h"
#include "wire/settings.h"

#include <ctype.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.gateway.nodes");

#define ID_MARK   "{id}"
#define NODES_MAX 10000 /* brokers; the target is trusted, what it sends isn't */
#define GONE_FROM 4     /* rounds in a row in which a broker is missing */

struct gateway_node {
    int32_t id;
    char *host;
    int port;
    int missing; /* rounds in which the target didn't name it */
};

/* What is behind each port of a listener: -1, nothing. */
struct gateway_places {
    int32_t *ids;
    int count;
};

struct gateway_nodes {
    const struct gateway_config *config;
    struct kc_wire_address *bootstrap;
    size_t bootstrap_count;

    pthread_mutex_t mutex;
    struct gateway_node *nodes; /* guarded, as all below; sorted by id */
    size_t count;
    struct gateway_places *places; /* one per listener */
    size_t next_bootstrap;
    enum gateway_aside aside;
};

static void read_bootstrap(struct gateway_nodes *nodes)
{
    struct kc_strings list = {0};

    kc_strings_split(&list, kc_map_get_or(nodes->config->target, "bootstrap.servers", ""));
    nodes->bootstrap = kc_calloc(list.count + 1, sizeof(*nodes->bootstrap));
    for (size_t i = 0; i < list.count; i++) {
        if (kc_wire_address_parse(list.items[i], &nodes->bootstrap[nodes->bootstrap_count]))
            nodes->bootstrap_count++;
    }
    kc_strings_destroy(&list);
}

struct gateway_nodes *gateway_nodes_new(const struct gateway_config *config)
{
    struct gateway_nodes *nodes = kc_calloc(1, sizeof(*nodes));

    nodes->config = config;
    pthread_mutex_init(&nodes->mutex, NULL);
    read_bootstrap(nodes);
    nodes->places = kc_calloc(config->listener_count + 1, sizeof(*nodes->places));
    for (size_t i = 0; i < config->listener_count; i++) {
        struct gateway_places *places = &nodes->places[i];

        places->count = config->listeners[i].broker_ports;
        places->ids = kc_malloc(sizeof(*places->ids) * (size_t)(places->count + 1));
        for (int j = 0; j < places->count; j++)
            places->ids[j] = -1;
    }
    return nodes;
}

void gateway_nodes_destroy(struct gateway_nodes *nodes)
{
    if (!nodes)
        return;
    for (size_t i = 0; i < nodes->count; i++)
        free(nodes->nodes[i].host);
    for (size_t i = 0; i < nodes->bootstrap_count; i++)
        free(nodes->bootstrap[i].host);
    for (size_t i = 0; i < nodes->config->listener_count; i++)
        free(nodes->places[i].ids);
    free(nodes->places);
    free(nodes->bootstrap);
    free(nodes->nodes);
    pthread_mutex_destroy(&nodes->mutex);
    free(nodes);
}

/* ---- Brokers; with the mutex held ---- */

/* Where the broker is, or would be. */
static size_t position(const struct gateway_nodes *nodes, int32_t id)
{
    size_t low = 0, high = nodes->count;

    while (low < high) {
        const size_t middle = (low + high) / 2;

        if (nodes->nodes[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct gateway_node *find(const struct gateway_nodes *nodes, int32_t id)
{
    const size_t at = position(nodes, id);

    return at < nodes->count && nodes->nodes[at].id == id ? &nodes->nodes[at] : NULL;
}

static bool set_address(struct gateway_node *node, const char *host, int port)
{
    if (node->port == port && strcmp(node->host, host) == 0)
        return false;
    free(node->host);
    node->host = kc_strdup(host);
    node->port = port;
    return true;
}

static void place(struct gateway_places *places, int32_t id)
{
    const int wanted = (int)((uint32_t)id % (uint32_t)places->count);

    for (int i = 0; i < places->count; i++) {
        int32_t *at = &places->ids[(wanted + i) % places->count];

        if (*at == -1) {
            *at = id;
            return;
        }
    }
}

static void place_all(struct gateway_nodes *nodes)
{
    for (size_t i = 0; i < nodes->config->listener_count; i++) {
        struct gateway_places *places = &nodes->places[i];

        for (int j = 0; j < places->count; j++)
            places->ids[j] = -1;
        for (size_t j = 0; places->count > 0 && j < nodes->count; j++)
            place(places, nodes->nodes[j].id);
    }
}

static bool add(struct gateway_nodes *nodes, int32_t id, const char *host, int port)
{
    const size_t at = position(nodes, id);

    if (nodes->count >= NODES_MAX)
        return false;
    nodes->nodes = kc_realloc(nodes->nodes, (nodes->count + 1) * sizeof(*nodes->nodes));
    memmove(&nodes->nodes[at + 1], &nodes->nodes[at], (nodes->count - at) * sizeof(*nodes->nodes));
    nodes->nodes[at] = (struct gateway_node){id, kc_strdup(host), port, 0};
    nodes->count++;
    place_all(nodes);
    return true;
}

static bool is_short_of_ports(const struct gateway_nodes *nodes)
{
    for (size_t i = 0; i < nodes->config->listener_count; i++) {
        if (nodes->places[i].count > 0 && nodes->count > (size_t)nodes->places[i].count)
            return true;
    }
    return false;
}

static void forget_gone(struct gateway_nodes *nodes)
{
    size_t kept = 0;

    for (size_t i = 0; i < nodes->count; i++) {
        if (nodes->nodes[i].missing < GONE_FROM)
            nodes->nodes[kept++] = nodes->nodes[i];
        else
            free(nodes->nodes[i].host);
    }
    if (kept == nodes->count)
        return;
    nodes->count = kept;
    place_all(nodes);
}

/* ---- For all ---- */

/* The first broker without a port is told of once, because its partitions can't be reached. */
static void warn_of_ports(const struct gateway_nodes *nodes, size_t count)
{
    for (size_t i = 0; i < nodes->config->listener_count; i++) {
        const struct gateway_listener_config *listener = &nodes->config->listeners[i];

        if (listener->broker_ports > 0 && count == (size_t)listener->broker_ports + 1)
            kc_log_error("The target has more brokers than listener %s has ports "
                         "(gateway.broker.ports=%d-%d): clients can't reach all of them. Give it "
                         "more ports, on every gateway alike",
                         listener->name, listener->broker_port,
                         listener->broker_port + listener->broker_ports - 1);
    }
}

bool gateway_nodes_note(struct gateway_nodes *nodes, int32_t id, const char *host, int port)
{
    if (id < 0 || !host || !*host || port < 1 || port > 65535)
        return false;
    pthread_mutex_lock(&nodes->mutex);
    struct gateway_node *node = find(nodes, id);
    const bool fresh = !node;
    const bool changed = node ? set_address(node, host, port) : add(nodes, id, host, port);
    if (node)
        node->missing = 0;
    const size_t count = nodes->count;
    pthread_mutex_unlock(&nodes->mutex);
    if (changed)
        kc_info("Broker %d of the target is at %s:%d", (int)id, host, port);
    if (changed && fresh)
        warn_of_ports(nodes, count);
    return changed;
}

void gateway_nodes_end_round(struct gateway_nodes *nodes)
{
    pthread_mutex_lock(&nodes->mutex);
    if (is_short_of_ports(nodes))
        forget_gone(nodes);
    for (size_t i = 0; i < nodes->count; i++)
        nodes->nodes[i].missing++;
    pthread_mutex_unlock(&nodes->mutex);
}

bool gateway_nodes_broker(struct gateway_nodes *nodes, int32_t id, char **host, int *port)
{
    bool known = false;

    *host = NULL;
    pthread_mutex_lock(&nodes->mutex);
    const struct gateway_node *node = find(nodes, id);
    if (id == -1 && nodes->bootstrap_count) {
        const struct kc_wire_address *server =
            &nodes->bootstrap[nodes->next_bootstrap++ % nodes->bootstrap_count];

        *host = kc_strdup(server->host);
        *port = server->port;
        known = true;
    } else if (node) {
        *host = kc_strdup(node->host);
        *port = node->port;
        known = true;
    }
    pthread_mutex_unlock(&nodes->mutex);
    return known;
}

/* The template with the broker's id in place of each mark. */
static char *host_of(const char *template, int32_t id)
{
    struct kc_str host = {0};
    const char *mark;

    while ((mark = strstr(template, ID_MARK))) {
        kc_str_append_n(&host, template, (size_t)(mark - template));
        kc_str_appendf(&host, "%d", (int)id);
        template = mark + strlen(ID_MARK);
    }
    kc_str_append(&host, template);
    return kc_str_take(&host);
}

/* The broker's port of the listener; 0: it has none. Locked. */
static int port_of(const struct gateway_nodes *nodes, size_t listener, int32_t id)
{
    const struct gateway_listener_config *config = &nodes->config->listeners[listener];
    const struct gateway_places *places = &nodes->places[listener];

    for (int i = 0; i < places->count; i++) {
        if (places->ids[i] == id)
            return config->broker_port + i;
    }
    return places->count ? 0 : config->advertised_port;
}

bool gateway_nodes_advertised(struct gateway_nodes *nodes, size_t listener, int32_t id,
                              bool coordinator, char **host, int *port)
{
    const struct gateway_listener_config *config = &nodes->config->listeners[listener];

    *host = NULL;
    pthread_mutex_lock(&nodes->mutex);
    const struct gateway_node *node = find(nodes, id);
    const bool aside = nodes->aside >= (coordinator ? GATEWAY_ASIDE_MEMBERS : GATEWAY_ASIDE_ALL);
    if (node && aside && config->steps_aside) {
        *host = kc_strdup(node->host);
        *port = node->port;
    } else if (node && (*port = port_of(nodes, listener, id)) > 0) {
        *host =
            config->broker_host ? host_of(config->broker_host, id) : kc_strdup(config->advertised);
    }
    pthread_mutex_unlock(&nodes->mutex);
    return *host != NULL;
}

int32_t gateway_nodes_of_port(struct gateway_nodes *nodes, size_t listener, int index)
{
    const struct gateway_places *places = &nodes->places[listener];

    if (index < 0 || index >= places->count)
        return -1;
    pthread_mutex_lock(&nodes->mutex);
    const int32_t id = places->ids[index];
    pthread_mutex_unlock(&nodes->mutex);
    return id;
}

/* The number that stands in host where the template has its mark; -1: it doesn't fit. */
static int32_t id_in(const char *template, const char *host)
{
    const char *mark = strstr(template, ID_MARK);
    const size_t before = (size_t)(mark - template);
    char *end = NULL;

    if (strncasecmp(host, template, before) != 0 || strlen(host) <= before ||
        !isdigit((unsigned char)host[before]))
        return -1;
    const long id = strtol(host + before, &end, 10);
    if (end - (host + before) > 10 || id > INT32_MAX)
        return -1;
    char *whole = host_of(template, (int32_t)id);
    const bool fits = strcasecmp(whole, host) == 0;
    free(whole);
    return fits ? (int32_t)id : -1;
}

int32_t gateway_nodes_of_host(struct gateway_nodes *nodes, size_t listener, const char *host)
{
    const char *template = nodes->config->listeners[listener].broker_host;

    return template && host ? id_in(template, host) : -1;
}

void gateway_nodes_step_aside(struct gateway_nodes *nodes, enum gateway_aside aside)
{
    pthread_mutex_lock(&nodes->mutex);
    nodes->aside = aside;
    pthread_mutex_unlock(&nodes->mutex);
}
