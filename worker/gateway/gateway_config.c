/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A gateway's settings from its file: see gateway_config.h. gateway_addresses.c reads the listeners
 * and the brokers' ports. Called once at start; pure but for the host's name.
 */
#include "gateway/gateway_config.h"

#include "config/config_keys.h"
#include "connect/config_def.h"
#include "gateway/gateway_addresses_priv.h"
#include "gateway/gateway_guard_priv.h"
#include "wire/settings.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MIB (1024 * 1024)

/* ---- Numbers ---- */

struct gateway_number_key {
    const char *key;
    size_t offset;
    bool wide; /* a size_t, not an int */
    int fallback;
    int min;
};

#define COUNT(name, member, fallback, least)                                                       \
    {                                                                                              \
        (name), offsetof(struct gateway_config, member), false, (fallback), (least)                \
    }
#define SIZE(name, member, fallback, least)                                                        \
    {                                                                                              \
        (name), offsetof(struct gateway_config, member), true, (fallback), (least)                 \
    }
static const struct gateway_number_key numbers[] = {
    COUNT("gateway.threads", threads, 0, 0),
    COUNT("gateway.aside.ms", aside_ms, 120000, 0),
    COUNT("gateway.lease.ms", lease_ms, 10000, 1000),
    COUNT("gateway.connections.max", connections_max, 20000, 1),
    COUNT("gateway.connections.per.address.max", connections_per_address_max, INT_MAX, 1),
    SIZE("gateway.request.max.bytes", frame_max, 100 * MIB, 1024),
    SIZE("gateway.client.bytes.max", client_bytes_max, 8 * MIB, 65536),
    COUNT("gateway.idle.ms", idle_ms, 660000, 1000),
    COUNT("gateway.slow.ms", slow_ms, 60000, 1000),
    COUNT("gateway.drain.ms", drain_ms, 10000, 0),
    COUNT("gateway.login.timeout.ms", login_ms, 30000, 100),
    COUNT("gateway.rights.cache.ms", rights_ms, 5000, 10),
};
#define NUMBERS (sizeof(numbers) / sizeof(*numbers))

static struct kc_error *read_number(const struct kc_map *settings, struct gateway_config *config,
                                    const struct gateway_number_key *number)
{
    const char *text = kc_map_get(settings, number->key);
    char *member = (char *)config + number->offset;
    long value = number->fallback;
    char *end = NULL;

    errno = 0;
    if (text && *text)
        value = strtol(text, &end, 10);
    if (errno || (end && *end) || value > INT_MAX || value < number->min)
        return kc_error_new(
            KC_ERR_CONFIG,
            "Invalid value %s for configuration %s: a number of at least %d is needed", text,
            number->key, number->min);
    if (number->wide)
        *(size_t *)(void *)member = (size_t)value;
    else
        *(int *)(void *)member = (int)value;
    return NULL;
}

static struct kc_error *read_numbers(const struct kc_map *settings, struct gateway_config *config,
                                     const char **key)
{
    struct kc_error *err = NULL;

    for (size_t i = 0; i < NUMBERS && !err; i++) {
        *key = numbers[i].key;
        err = read_number(settings, config, &numbers[i]);
    }
    if (config->threads == 0) {
        const long processors = sysconf(_SC_NPROCESSORS_ONLN);

        config->threads = processors < 1 ? 1 : processors > 4 ? 4 : (int)processors;
    }
    return err;
}

/* ---- The clusters ---- */

static bool begins_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* The file's own client settings: what isn't the gateway's, the source's or the program's. */
static struct kc_map *target_settings(const struct kc_map *settings)
{
    static const char *const others[] = {"gateway.", "source.cluster.", "config.providers", "log."};
    struct kc_map *target = kc_map_new();

    kc_map_foreach (settings, entry) {
        bool own = true;

        for (size_t i = 0; i < sizeof(others) / sizeof(*others) && own; i++)
            own = !begins_with(entry->key, others[i]);
        if (own)
            kc_map_set(target, entry->key, entry->value);
    }
    kc_map_set_default(target, "client.id", "isthmus-gateway");
    kc_map_trim(target);
    return target;
}

/* Whether wire takes the settings. */
static struct kc_error *check_client(const struct kc_map *settings, const char *whose)
{
    struct kc_wire_settings *read = NULL;
    struct kc_error *err = kc_wire_settings_new(settings, &read);

    if (err)
        return kc_error_prefix(err, "the %s cluster", whose);
    kc_wire_settings_destroy(read);
    return NULL;
}

static struct kc_error *read_clusters(const struct kc_map *settings, struct gateway_config *config,
                                      const char **key)
{
    config->target = target_settings(settings);
    *key = "bootstrap.servers";
    struct kc_error *err = check_client(config->target, "target");
    if (err)
        return err;
    *key = "source.cluster.bootstrap.servers";
    config->source = kc_map_subset(settings, "source.cluster.", true);
    kc_map_trim(config->source);
    if (kc_map_size(config->source) == 0)
        return NULL;
    kc_map_set_default(config->source, "client.id", "isthmus-gateway");
    return check_client(config->source, "source");
}

/* ---- What is left ---- */

static struct kc_error *read_after(const struct kc_map *settings, struct gateway_config *config)
{
    const char *text = kc_map_get_or(settings, "gateway.after.promotion", "advertise");

    config->after = GATEWAY_ADVERTISE;
    if (strcmp(text, "advertise") == 0)
        return NULL;
    config->after = GATEWAY_RELAY;
    if (strcmp(text, "relay") == 0)
        return NULL;
    return kc_error_new(KC_ERR_CONFIG,
                        "Invalid value %s for configuration gateway.after.promotion: String must "
                        "be one of: advertise, relay",
                        text);
}

/* The same after a restart, and another one for each gateway: where clients reach it. */
static void read_name(const struct kc_map *settings, struct gateway_config *config)
{
    const struct gateway_listener_config *first = &config->listeners[0];
    const char *text = kc_map_get(settings, "gateway.name");

    if (text && *text)
        config->name = kc_strdup(text);
    else if (first->advertised_port)
        config->name = kc_asprintf("%s:%d", first->advertised, first->advertised_port);
    else
        config->name = kc_asprintf("%s:%d", first->advertised, (int)getpid());
}

static struct kc_error *read_all(const struct kc_map *settings, struct gateway_config *config,
                                 const char **key)
{
    struct kc_error *err = read_numbers(settings, config, key);

    if (!err)
        err = read_clusters(settings, config, key);
    if (!err)
        err = gateway_addresses_read(settings, config, key);
    if (!err)
        err = gateway_guard_read(settings, config, key);
    if (err)
        return err;
    config->metrics_listener = kc_strdup(kc_map_get(settings, "gateway.metrics.listener"));
    *key = "gateway.after.promotion";
    err = read_after(settings, config);
    kc_strings_split(&config->links, kc_map_get_or(settings, "gateway.links", ""));
    read_name(settings, config);
    return err;
}

struct kc_error *gateway_config_new_named(const struct kc_map *settings,
                                          struct gateway_config **config, const char **key)
{
    struct gateway_config *made = kc_calloc(1, sizeof(*made));
    const char *about = NULL;
    struct kc_error *err = read_all(settings, made, &about);

    *config = NULL;
    if (key)
        *key = err ? about : NULL;
    if (err) {
        gateway_config_destroy(made);
        return err;
    }
    *config = made;
    return NULL;
}

struct kc_error *gateway_config_new(const struct kc_map *settings, struct gateway_config **config)
{
    return gateway_config_new_named(settings, config, NULL);
}

void gateway_config_destroy(struct gateway_config *config)
{
    if (!config)
        return;
    gateway_guard_free(config);
    gateway_addresses_free(config);
    free(config->metrics_listener);
    kc_strings_destroy(&config->links);
    kc_map_destroy(config->target);
    kc_map_destroy(config->source);
    free(config->name);
    free(config);
}

bool gateway_config_wanted(const struct kc_map *settings)
{
    const char *listeners = kc_map_get(settings, "gateway.listeners");

    return listeners && *listeners;
}

bool gateway_config_knows(const char *key)
{
    static const char *const others[] = {
        "gateway.name",
        "gateway.listeners",
        "gateway.advertised.listeners",
        "gateway.listener.security.protocol.map",
        "gateway.broker.ports",
        "gateway.broker.hosts",
        "gateway.links",
        "gateway.after.promotion",
        "gateway.metrics.listener",
        "sasl.enabled.mechanisms",
        "ssl.client.auth",
        "ssl.principal.mapping.rules",
    };

    for (size_t i = 0; i < NUMBERS; i++) {
        if (strcmp(key, numbers[i].key) == 0)
            return true;
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
        if (strcmp(key, others[i]) == 0)
            return true;
    }
    return begins_with(key, "gateway.listener.name.") || begins_with(key, "gateway.credentials.");
}
