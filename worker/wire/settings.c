/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Java's client keys into struct kc_wire_settings: names, defaults and limits are
 * CommonClientConfigs'. Called once when a client is made; pure except for the random jitter.
 */
#include "wire/settings.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

struct number_key {
    const char *key;
    size_t offset;
    int32_t fallback;
    int32_t min;
};

#define NUMBER(key, member, fallback, min)                                                         \
    {                                                                                              \
        key, offsetof(struct kc_wire_settings, member), fallback, min                              \
    }
static const struct number_key numbers[] = {
    NUMBER("request.timeout.ms", request_timeout_ms, 30000, 1),
    NUMBER("metadata.max.age.ms", metadata_max_age_ms, 300000, 0),
    NUMBER("reconnect.backoff.ms", reconnect_backoff_ms, 50, 0),
    NUMBER("reconnect.backoff.max.ms", reconnect_backoff_max_ms, 1000, 0),
    NUMBER("retry.backoff.ms", retry_backoff_ms, 100, 0),
    NUMBER("retry.backoff.max.ms", retry_backoff_max_ms, 1000, 0),
    NUMBER("connections.max.idle.ms", connections_max_idle_ms, 540000, -1),
    NUMBER("socket.connection.setup.timeout.ms", connect_timeout_ms, 10000, 1),
    NUMBER("socket.connection.setup.timeout.max.ms", connect_timeout_max_ms, 30000, 1),
    NUMBER("max.in.flight.requests.per.connection", max_in_flight, 5, 1),
    /* Java's defaults aren't used, because the kernel finds better sizes by itself. */
    NUMBER("send.buffer.bytes", send_buffer, -1, -1),
    NUMBER("receive.buffer.bytes", receive_buffer, -1, -1),
    /* Our own: how long sent bytes may stay unacknowledged before the connection ends. */
    NUMBER("tcp.user.timeout.ms", tcp_user_timeout_ms, 0, 0),
};

static struct kc_error *read_number(struct kc_wire_settings *settings,
                                    const struct number_key *number)
{
    const char *text = kc_map_get(settings->map, number->key);
    int32_t *member = (int32_t *)(void *)((char *)settings + number->offset);
    char *end;

    *member = number->fallback;
    if (!text || !*text)
        return NULL;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno || *end || value > INT_MAX || value < number->min)
        return kc_error_new(
            KC_ERR_CONFIG,
            "Invalid value %s for configuration %s: a number of at least %d is needed", text,
            number->key, number->min);
    *member = (int32_t)value;
    return NULL;
}

bool kc_wire_address_parse(const char *text, struct kc_wire_address *address)
{
    const char *colon = strrchr(text, ':'), *scheme = strstr(text, "://");
    char *end;

    if (scheme)
        text = scheme + 3;
    if (!colon || colon < text || !colon[1])
        return false;
    errno = 0;
    long port = strtol(colon + 1, &end, 10);
    size_t host_len = (size_t)(colon - text);
    if (errno || *end || port < 1 || port > 65535 || host_len == 0)
        return false;
    if (text[0] == '[' && host_len > 2 && text[host_len - 1] == ']') {
        text++;
        host_len -= 2;
    } else if (memchr(text, ':', host_len)) {
        return false;
    }
    address->host = kc_strndup(text, host_len);
    address->port = (int)port;
    return true;
}

static struct kc_error *read_bootstrap(struct kc_wire_settings *settings)
{
    const char *text = kc_map_get_or(settings->map, "bootstrap.servers", "");
    struct kc_strings list = {0};
    struct kc_error *err = NULL;

    kc_strings_split(&list, text);
    settings->bootstrap = kc_calloc(list.count + 1, sizeof(*settings->bootstrap));
    for (size_t i = 0; i < list.count && !err; i++) {
        if (!list.items[i][0])
            continue;
        if (kc_wire_address_parse(list.items[i], &settings->bootstrap[settings->bootstrap_count]))
            settings->bootstrap_count++;
        else
            err = kc_error_new(KC_ERR_CONFIG,
                               "Invalid url in bootstrap.servers: %s: host:port is needed",
                               list.items[i]);
    }
    if (!err && settings->bootstrap_count == 0)
        err =
            kc_error_new(KC_ERR_CONFIG, "No resolvable bootstrap urls given in bootstrap.servers");
    kc_strings_destroy(&list);
    return err;
}

static struct kc_error *read_protocol(struct kc_wire_settings *settings)
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
    const char *text = kc_map_get_or(settings->map, "security.protocol", "PLAINTEXT");

    for (size_t i = 0; i < sizeof(protocols) / sizeof(*protocols); i++) {
        if (strcasecmp(text, protocols[i].name) == 0) {
            settings->use_tls = protocols[i].tls;
            settings->use_sasl = protocols[i].sasl;
            return NULL;
        }
    }
    return kc_error_new(
        KC_ERR_CONFIG,
        "Invalid value %s for configuration security.protocol: String must be one of "
        "(case insensitive): PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL",
        text);
}

static struct kc_error *read_dns(struct kc_wire_settings *settings)
{
    const char *text = kc_map_get_or(settings->map, "client.dns.lookup", "use_all_dns_ips");

    settings->resolve_canonical = strcmp(text, "resolve_canonical_bootstrap_servers_only") == 0;
    if (settings->resolve_canonical || strcmp(text, "use_all_dns_ips") == 0 ||
        strcmp(text, "default") == 0)
        return NULL;
    return kc_error_new(
        KC_ERR_CONFIG,
        "Invalid value %s for configuration client.dns.lookup: String must be one of: "
        "use_all_dns_ips, resolve_canonical_bootstrap_servers_only",
        text);
}

struct kc_error *kc_wire_settings_new(const struct kc_map *map, struct kc_wire_settings **out)
{
    struct kc_wire_settings *settings = kc_calloc(1, sizeof(*settings));
    struct kc_error *err = NULL;

    *out = NULL;
    settings->map = kc_map_copy(map);
    settings->client_id = kc_map_get_or(settings->map, "client.id", "isthmus");
    settings->rack = kc_map_get_or(settings->map, "client.rack", "");
    settings->sasl_mechanism = kc_map_get_or(settings->map, "sasl.mechanism", "GSSAPI");
    settings->check_hostname =
        kc_map_get_or(settings->map, "ssl.endpoint.identification.algorithm", "https")[0] != 0;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers) && !err; i++)
        err = read_number(settings, &numbers[i]);
    if (!err)
        err = read_bootstrap(settings);
    if (!err)
        err = read_protocol(settings);
    if (!err)
        err = read_dns(settings);
    if (err) {
        kc_wire_settings_destroy(settings);
        return err;
    }
    *out = settings;
    return NULL;
}

void kc_wire_settings_destroy(struct kc_wire_settings *settings)
{
    if (!settings)
        return;
    for (size_t i = 0; i < settings->bootstrap_count; i++)
        free(settings->bootstrap[i].host);
    free(settings->bootstrap);
    kc_map_destroy(settings->map);
    free(settings);
}

int64_t kc_wire_jittered(int64_t base, int64_t max, int attempt)
{
    double delay = (double)base, share;
    uint32_t random = 0;

    for (int i = 0; i < attempt && delay < (double)max; i++)
        delay *= 2;
    if (delay > (double)max)
        delay = (double)(max > base ? max : base);
    if (getrandom(&random, sizeof(random), 0) != sizeof(random))
        random = (uint32_t)kc_mono_ms();
    share = 0.8 + 0.4 * ((double)random / (double)UINT32_MAX);
    return (int64_t)(delay * share);
}
