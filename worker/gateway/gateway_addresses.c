/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway.listeners and what belongs to each: protocol, advertised address, the brokers' ports or
 * host names, ssl.* settings. Names and forms are those of a broker's settings where it has such.
 */
#include "gateway/gateway_addresses_priv.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define LISTENERS  "gateway.listeners"
#define ADVERTISED "gateway.advertised.listeners"
#define PROTOCOLS  "gateway.listener.security.protocol.map"
#define PORTS      "gateway.broker.ports"
#define HOSTS      "gateway.broker.hosts"
#define ID_MARK    "{id}"

static struct kc_error *invalid(const char *key, const char *value, const char *why)
{
    return kc_error_new(KC_ERR_CONFIG, "Invalid value %s for configuration %s: %s", value, key,
                        why);
}

static bool read_port(const char *text, const char *end, long least, int *port)
{
    char *stop = NULL;

    errno = 0;
    const long value = isdigit((unsigned char)*text) ? strtol(text, &stop, 10) : -1;
    if (errno || stop != end || value < least || value > 65535)
        return false;
    *port = (int)value;
    return true;
}

/* ---- "NAME://host:port" ---- */

struct gateway_endpoint {
    char *name;
    char *host; /* without brackets; "" for none */
    int port;
};

static void endpoint_clear(struct gateway_endpoint *endpoint)
{
    free(endpoint->name);
    free(endpoint->host);
    *endpoint = (struct gateway_endpoint){0};
}

static char *upper(const char *text, size_t len)
{
    char *copy = kc_strndup(text, len);

    for (char *at = copy; *at; at++)
        *at = (char)toupper((unsigned char)*at);
    return copy;
}

static bool parse_endpoint(const char *text, long least_port, struct gateway_endpoint *endpoint)
{
    const char *scheme = strstr(text, "://");
    const char *host = scheme ? scheme + 3 : text;
    const char *colon = strrchr(host, ':');
    int port = 0;

    if (!scheme || scheme == text || !colon ||
        !read_port(colon + 1, colon + strlen(colon), least_port, &port))
        return false;
    const bool bracketed = host[0] == '[' && colon > host + 1 && colon[-1] == ']';
    if (!bracketed && memchr(host, ':', (size_t)(colon - host)))
        return false;
    endpoint->name = upper(text, (size_t)(scheme - text));
    endpoint->host = bracketed ? kc_strndup(host + 1, (size_t)(colon - host) - 2)
                               : kc_strndup(host, (size_t)(colon - host));
    endpoint->port = port;
    return true;
}

static struct gateway_listener_config *find(const struct gateway_config *config, const char *name)
{
    for (size_t i = 0; i < config->listener_count; i++) {
        if (strcasecmp(config->listeners[i].name, name) == 0)
            return &config->listeners[i];
    }
    return NULL;
}

static struct kc_error *add_listener(struct gateway_config *config, const char *text)
{
    struct gateway_endpoint endpoint = {0};

    if (!parse_endpoint(text, 0, &endpoint))
        return invalid(LISTENERS, text, "NAME://host:port is needed, as in PLAINTEXT://:9192");
    if (find(config, endpoint.name)) {
        endpoint_clear(&endpoint);
        return invalid(LISTENERS, text, "each listener needs a name of its own");
    }
    struct gateway_listener_config *listener = &config->listeners[config->listener_count++];
    listener->name = endpoint.name;
    listener->host = endpoint.host;
    listener->port = endpoint.port;
    return NULL;
}

static struct kc_error *read_listeners(const struct kc_map *settings, struct gateway_config *config)
{
    struct kc_strings list = {0};
    struct kc_error *err = NULL;

    kc_strings_split(&list, kc_map_get_or(settings, LISTENERS, ""));
    config->listeners = kc_calloc(list.count + 1, sizeof(*config->listeners));
    for (size_t i = 0; i < list.count && !err; i++) {
        if (list.items[i][0])
            err = add_listener(config, list.items[i]);
    }
    kc_strings_destroy(&list);
    if (!err && config->listener_count == 0)
        err = kc_error_new(KC_ERR_CONFIG, "Missing required configuration \"" LISTENERS
                                          "\": clients connect there, as in PLAINTEXT://:9192");
    return err;
}

/* ---- Protocols ---- */

/* The protocol's name in the map for the listener, owned by the caller; NULL: it isn't there. */
static char *mapped_protocol(const struct kc_map *settings, const char *name)
{
    struct kc_strings list = {0};
    char *found = NULL;

    kc_strings_split(&list, kc_map_get_or(settings, PROTOCOLS, ""));
    for (size_t i = 0; i < list.count && !found; i++) {
        const char *colon = strchr(list.items[i], ':');

        if (colon && strlen(name) == (size_t)(colon - list.items[i]) &&
            strncasecmp(list.items[i], name, strlen(name)) == 0)
            found = kc_strdup(colon + 1);
    }
    kc_strings_destroy(&list);
    return found;
}

static struct kc_error *read_protocol(const struct kc_map *settings,
                                      struct gateway_listener_config *listener)
{
    static const struct {
        const char *name;
        bool tls, sasl;
    } protocols[] = {
        {"PLAINTEXT", false, false},
        {"SSL", true, false},
        {"SASL_PLAINTEXT", false, true},
        {"SASL_SSL", true, true},
    };
    char *protocol = mapped_protocol(settings, listener->name);
    const char *name = protocol ? protocol : listener->name;
    struct kc_error *err = NULL;
    size_t i = 0;

    while (i < 4 && strcasecmp(name, protocols[i].name) != 0)
        i++;
    if (i < 4) {
        listener->tls = protocols[i].tls;
        listener->sasl = protocols[i].sasl;
    } else {
        err = kc_error_new(KC_ERR_CONFIG,
                           "Invalid value %s for configuration " PROTOCOLS
                           ": the protocol of listener %s must be one of: PLAINTEXT, SSL, "
                           "SASL_PLAINTEXT, SASL_SSL",
                           name, listener->name);
    }
    free(protocol);
    return err;
}

/* ---- Advertised addresses ---- */

static bool is_everywhere(const char *host)
{
    return !*host || strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
}

static void advertise_bound(struct gateway_listener_config *listener)
{
    char name[256] = "localhost";

    if (is_everywhere(listener->host))
        gethostname(name, sizeof(name) - 1);
    listener->advertised = kc_strdup(is_everywhere(listener->host) ? name : listener->host);
    listener->advertised_port = listener->port;
}

static struct kc_error *advertise(struct gateway_config *config, const char *text)
{
    struct gateway_endpoint endpoint = {0};
    struct kc_error *err = NULL;

    if (!parse_endpoint(text, 1, &endpoint))
        return invalid(ADVERTISED, text, "NAME://host:port is needed");
    struct gateway_listener_config *listener = find(config, endpoint.name);
    if (!listener) {
        err = invalid(ADVERTISED, text, LISTENERS " has no listener of that name");
    } else if (is_everywhere(endpoint.host)) {
        err = invalid(ADVERTISED, text, "clients can't connect to that host");
    } else {
        free(listener->advertised);
        listener->advertised = kc_strdup(endpoint.host);
        listener->advertised_port = endpoint.port;
    }
    endpoint_clear(&endpoint);
    return err;
}

static struct kc_error *read_advertised(const struct kc_map *settings,
                                        struct gateway_config *config)
{
    struct kc_strings list = {0};
    struct kc_error *err = NULL;

    for (size_t i = 0; i < config->listener_count; i++)
        advertise_bound(&config->listeners[i]);
    kc_strings_split(&list, kc_map_get_or(settings, ADVERTISED, ""));
    for (size_t i = 0; i < list.count && !err; i++) {
        if (list.items[i][0])
            err = advertise(config, list.items[i]);
    }
    kc_strings_destroy(&list);
    return err;
}

/* ---- One value per listener ---- */

/* Calls read for each item "NAME:value", or "value" where there is one listener. */
static struct kc_error *
read_each(const struct kc_map *settings, const char *key, struct gateway_config *config,
          struct kc_error *(*read)(struct gateway_listener_config *listener, const char *value))
{
    struct kc_strings list = {0};
    struct kc_error *err = NULL;

    kc_strings_split(&list, kc_map_get_or(settings, key, ""));
    for (size_t i = 0; i < list.count && !err; i++) {
        const char *item = list.items[i], *colon = strchr(item, ':');
        char *name = kc_strndup(item, colon ? (size_t)(colon - item) : 0);
        struct gateway_listener_config *listener = colon ? find(config, name)
                                                   : config->listener_count == 1 ? config->listeners
                                                                                 : NULL;

        if (listener)
            err = read(listener, colon ? colon + 1 : item);
        else
            err = invalid(key, item,
                          colon ? LISTENERS " has no listener of that name"
                                : "with several listeners each needs its own, as in "
                                  "PLAINTEXT:9193-9292,SSL:9293-9392");
        free(name);
    }
    kc_strings_destroy(&list);
    return err;
}

static struct kc_error *read_range(struct gateway_listener_config *listener, const char *value)
{
    const char *dash = strchr(value, '-');
    int first = 0, last = 0;

    if (!dash || !read_port(value, dash, 1, &first) ||
        !read_port(dash + 1, dash + strlen(dash), 1, &last) || last < first)
        return invalid(PORTS, value, "a range of ports is needed, as in 9193-9292");
    listener->broker_port = first;
    listener->broker_ports = last - first + 1;
    return NULL;
}

static struct kc_error *read_host(struct gateway_listener_config *listener, const char *value)
{
    if (!strstr(value, ID_MARK) || strlen(value) > 200)
        return invalid(HOSTS, value,
                       "a host name with " ID_MARK " in it is needed, as in "
                       "broker-" ID_MARK ".example.com");
    free(listener->broker_host);
    listener->broker_host = kc_strdup(value);
    return NULL;
}

static struct kc_error *check_brokers(const struct gateway_listener_config *listener,
                                      const char **key)
{
    if (listener->broker_port)
        return NULL;
    *key = PORTS;
    if (!listener->broker_host)
        return kc_error_new(KC_ERR_CONFIG,
                            "Missing required configuration \"" PORTS
                            "\" for listener %s: each broker of the target has a port here, as in "
                            "9193-9292; a TLS listener may have " HOSTS " in their place",
                            listener->name);
    if (listener->tls)
        return NULL;
    *key = HOSTS;
    return kc_error_new(KC_ERR_CONFIG,
                        "Invalid value %s for configuration " HOSTS
                        ": listener %s has no TLS, by which a client says which host it asks for; "
                        "set " PORTS,
                        listener->broker_host, listener->name);
}

/* Ports that are bound twice would fail later, with a text that doesn't name the settings. */
static struct kc_error *check_overlap(const struct gateway_config *config)
{
    for (size_t i = 0; i < config->listener_count; i++) {
        const struct gateway_listener_config *range = &config->listeners[i];

        for (size_t j = 0; j < config->listener_count && range->broker_port; j++) {
            const struct gateway_listener_config *other = &config->listeners[j];
            const int end = range->broker_port + range->broker_ports;
            const bool own = other->port >= range->broker_port && other->port < end;
            const bool both = j != i && other->broker_port < end &&
                              other->broker_port + other->broker_ports > range->broker_port;

            if (own || both)
                return kc_error_new(KC_ERR_CONFIG,
                                    "Invalid value %d-%d for configuration " PORTS
                                    ": listener %s has the same port; each needs its own",
                                    range->broker_port, end - 1, other->name);
        }
    }
    return NULL;
}

/* ---- ssl.* ---- */

/* The file's, and over them gateway.listener.name.NAME.ssl.*, the name in lower case as a broker's
 * file has it. */
static void read_ssl(const struct kc_map *settings, struct gateway_listener_config *listener)
{
    char *prefix = kc_asprintf("gateway.listener.name.%s.", listener->name);

    for (char *at = prefix; *at; at++)
        *at = (char)tolower((unsigned char)*at);
    struct kc_map *own = kc_map_subset(settings, prefix, true);
    listener->ssl = kc_map_subset(settings, "ssl.", false);
    kc_map_merge(listener->ssl, own);
    kc_map_trim(listener->ssl);
    kc_map_destroy(own);
    free(prefix);
}

static struct kc_error *finish_listeners(const struct kc_map *settings,
                                         struct gateway_config *config, const char **key)
{
    struct kc_error *err = NULL;

    for (size_t i = 0; i < config->listener_count && !err; i++) {
        struct gateway_listener_config *listener = &config->listeners[i];

        *key = PROTOCOLS;
        err = read_protocol(settings, listener);
        if (!err)
            err = check_brokers(listener, key);
        read_ssl(settings, listener);
    }
    *key = err ? *key : PORTS;
    return err ? err : check_overlap(config);
}

struct kc_error *gateway_addresses_read(const struct kc_map *settings,
                                        struct gateway_config *config, const char **key)
{
    *key = LISTENERS;
    struct kc_error *err = read_listeners(settings, config);
    if (err)
        return err;
    *key = ADVERTISED;
    err = read_advertised(settings, config);
    if (err)
        return err;
    *key = PORTS;
    err = read_each(settings, PORTS, config, read_range);
    if (err)
        return err;
    *key = HOSTS;
    err = read_each(settings, HOSTS, config, read_host);
    return err ? err : finish_listeners(settings, config, key);
}

void gateway_addresses_free(struct gateway_config *config)
{
    for (size_t i = 0; i < config->listener_count; i++) {
        struct gateway_listener_config *listener = &config->listeners[i];

        free(listener->name);
        free(listener->host);
        free(listener->advertised);
        free(listener->broker_host);
        kc_map_destroy(listener->ssl);
    }
    free(config->listeners);
}
