/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From Java client properties to a librdkafka configuration: kc_client_conf().
 *
 * Walks the table of native_keys.c, then sets what needs more than a new name. Any thread; the only
 * state is the set of things that have been logged once.
 */
#include "connect/log.h"
#include "kafka/client_group.h"
#include "kafka/client_priv.h"
#include "kafka/native_keys_priv.h"
#include "kafka/plain_producers.h"
#include "wire/bootstrap.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <syslog.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.clients");

/* A stand-in group id for a consumer with assigned partitions, which never joins a group. */
#define NO_GROUP "isthmus-no-group"

#define SEEN_MAX  1000 /* names that are remembered; configurations hold any others */
#define NAME_SEEN 200  /* bytes of one */

static pthread_mutex_t seen_lock = PTHREAD_MUTEX_INITIALIZER;
static struct kc_map *seen;

bool kc_client_first_time(const char *text)
{
    char *name = kc_strndup(text, NAME_SEEN);
    pthread_mutex_lock(&seen_lock);
    bool first = !seen || !kc_map_has(seen, name);
    if (first && seen && kc_map_size(seen) >= SEEN_MAX) { /* some are said again, then */
        kc_map_destroy(seen);
        seen = NULL;
    }
    if (!seen)
        seen = kc_map_new();
    if (first)
        kc_map_set(seen, name, NULL);
    pthread_mutex_unlock(&seen_lock);
    free(name);
    return first;
}

static struct kc_error *conf_set_number(rd_kafka_conf_t *conf, const char *native, int64_t number,
                                        const char *java)
{
    char text[24];
    snprintf(text, sizeof(text), "%lld", (long long)number);
    return kc_conf_set(conf, native, text, java);
}

/* ---- logging ---- */

static enum kc_log_level level_of(int syslog_level)
{
    if (syslog_level <= LOG_ERR)
        return KC_LOG_ERROR;
    if (syslog_level == LOG_WARNING)
        return KC_LOG_WARN;
    return syslog_level == LOG_DEBUG ? KC_LOG_DEBUG : KC_LOG_INFO;
}

/* Lines that come with each attempt to connect, up to forty times a second. kc_access logs the same
 * once a minute. Only the certificate's issuer isn't known elsewhere, so that line is kept once a
 * minute. */
static bool says_it_again(const char *facility, const char *text)
{
    static _Atomic int64_t next_certificate;
    int64_t now = kc_mono_ms(), next = atomic_load(&next_certificate);

    if (strcmp(facility, "ERROR") == 0)
        return strstr(text, "brokers are down") != NULL;
    if (strcmp(facility, "SSLCERTVRFY") != 0)
        return false;
    return now < next || !atomic_compare_exchange_strong(&next_certificate, &next, now + 60000);
}

/* Any of librdkafka's threads. Without an error callback librdkafka logs client errors here, too,
 * and so needs nobody to poll for them. */
static void on_log(const rd_kafka_t *client, int level, const char *facility, const char *text)
{
    enum kc_log_level at = level_of(level);
    /* Hints about settings of the other role, which a table for all roles causes. */
    if (strcmp(facility, "CONFWARN") == 0 || says_it_again(facility, text))
        at = KC_LOG_DEBUG;
    /* Idle connections closed by brokers and other everyday news. */
    if (at == KC_LOG_ERROR && strcmp(facility, "FAIL") == 0)
        at = KC_LOG_WARN;
    if (strcmp(facility, "FAIL") == 0)
        kc_client_access_log(client, text);
    KC_LOG_AT(&log, at, "[%s] %s: %s", client ? rd_kafka_name(client) : "librdkafka", facility,
              text);
}

/* ---- the table ---- */

static void note_without_meaning(const char *java, bool known)
{
    if (!kc_client_first_time(java))
        return;
    if (known)
        kc_debug("Client setting %s has no meaning here and is left out", java);
    else
        kc_info("Setting %.*s is no client setting known here and is left out", NAME_SEEN, java);
}

static struct kc_error *set_key(rd_kafka_conf_t *conf, const struct kc_client_key *key,
                                const char *value)
{
    char *native = NULL;
    int64_t back;
    /* The reader looks up the offsets of that time, as sinks do (sink_reset.c). */
    if (strcmp(key->java, "auto.offset.reset") == 0 && kc_reset_by_duration(value, &back))
        value = "earliest";
    struct kc_error *err = kc_client_key_translate(key, value, &native);
    if (!err && *native)
        err = kc_conf_set(conf, key->native, native, key->java);
    free(native);
    return err;
}

static struct kc_error *set_given(rd_kafka_conf_t *conf, enum kc_client_role role,
                                  const struct kc_map *properties)
{
    kc_map_foreach (properties, entry) {
        const struct kc_client_key *key = kc_client_key_find(entry->key);
        if (!key || key->kind == KC_KEY_NONE) {
            note_without_meaning(entry->key, key != NULL);
            continue;
        }
        if (key->kind == KC_KEY_SPECIAL || !(key->roles & (1u << role)) || !entry->value ||
            (role == KC_CLIENT_CONSUMER && kc_group_leaves_out(properties, key->java)))
            continue;
        struct kc_error *err = set_key(conf, key, entry->value);
        if (err)
            return err;
    }
    return NULL;
}

static struct kc_error *set_defaults(rd_kafka_conf_t *conf, enum kc_client_role role,
                                     const struct kc_map *properties)
{
    const struct kc_client_key *keys = NULL;
    size_t count = kc_client_keys(&keys);
    for (size_t i = 0; i < count; i++) {
        if (!keys[i].fallback || !(keys[i].roles & (1u << role)) ||
            kc_map_get(properties, keys[i].java))
            continue;
        struct kc_error *err = set_key(conf, &keys[i], keys[i].fallback);
        if (err)
            return err;
    }
    return NULL;
}

/* ---- producers ---- */

static bool is(const struct kc_map *properties, const char *key, const char *value)
{
    return strcasecmp(kc_map_get_or(properties, key, ""), value) == 0;
}

/* Java's default is true if nothing contradicts it (ProducerConfig, KIP-679). */
static bool idempotent_by_default(const struct kc_map *properties)
{
    const char *acks = kc_map_get_or(properties, "acks", "all");
    return !kc_map_get(properties, "enable.idempotence") && !kc_producers_are_plain(properties) &&
           (strcasecmp(acks, "all") == 0 || strcmp(acks, "-1") == 0) &&
           strtoll(kc_map_get_or(properties, "max.in.flight.requests.per.connection", "5"), NULL,
                   10) <= 5 &&
           !is(properties, "retries", "0");
}

static struct kc_error *set_compression_level(rd_kafka_conf_t *conf,
                                              const struct kc_map *properties)
{
    char *key =
        kc_asprintf("compression.%s.level", kc_map_get_or(properties, "compression.type", "none"));
    const char *level = kc_map_get(properties, key);
    struct kc_error *err = NULL;
    if (level) {
        char *end = NULL;
        long number = strtol(level, &end, 10);
        if (end == level || *end)
            err = kc_error_new(
                KC_ERR_CONFIG,
                "Invalid value %s for configuration %s: Not a number; give a whole number", level,
                key);
        else
            err = conf_set_number(conf, "compression.level",
                                  number < -1   ? -1
                                  : number > 12 ? 12
                                                : number,
                                  key);
    }
    free(key);
    return err;
}

static struct kc_error *finish_producer(rd_kafka_conf_t *conf, const struct kc_map *properties)
{
    struct kc_error *err = set_compression_level(conf, properties);
    if (!err && idempotent_by_default(properties))
        err = kc_conf_set(conf, "enable.idempotence", "true", "enable.idempotence");
    if (!err && is(properties, "partitioner.ignore.keys", "true"))
        err = kc_conf_set(conf, "partitioner", "random", "partitioner.ignore.keys");
    /* librdkafka wants a message to time out with its transaction at the latest. */
    if (!err && kc_map_get(properties, "transactional.id")) {
        int64_t limit = kc_conf_number(conf, "transaction.timeout.ms");
        if (kc_conf_number(conf, "delivery.timeout.ms") > limit)
            err = conf_set_number(conf, "delivery.timeout.ms", limit, "transaction.timeout.ms");
    }
    return err;
}

/* ---- consumers ---- */

static struct kc_error *set_fetch_limits(rd_kafka_conf_t *conf, const struct kc_map *properties)
{
    struct kc_error *err =
        kc_conf_set(conf, "queued.max.messages.kbytes", "8192", "fetch.max.bytes");
    int64_t partition = kc_conf_number(conf, "fetch.message.max.bytes");
    int64_t fetch = kc_conf_number(conf, "fetch.max.bytes");
    if (!err && !kc_map_get(properties, "fetch.max.bytes") && fetch < partition)
        err = conf_set_number(conf, "fetch.max.bytes", fetch = partition,
                              "max.partition.fetch.bytes");
    /* librdkafka refuses a fetch smaller than message.max.bytes, a producer's limit in Java. */
    if (!err)
        err = conf_set_number(conf, "message.max.bytes",
                              fetch < 1000      ? 1000
                              : fetch < 1000000 ? fetch
                                                : 1000000,
                              "fetch.max.bytes");
    if (!err && fetch > 100000000 - 1024)
        err = conf_set_number(conf, "receive.message.max.bytes",
                              fetch > 2147483647 - 1024 ? 2147483647 : fetch + 1024,
                              "fetch.max.bytes");
    int64_t wait = kc_conf_number(conf, "fetch.wait.max.ms");
    if (!err && kc_conf_number(conf, "socket.timeout.ms") < wait + 1000)
        err = conf_set_number(conf, "socket.timeout.ms",
                              wait + 1000 > 300000 ? 300000 : wait + 1000, "fetch.max.wait.ms");
    return err;
}

static struct kc_error *finish_consumer(rd_kafka_conf_t *conf, const struct kc_map *properties)
{
    struct kc_error *err = set_fetch_limits(conf, properties);
    if (!err)
        err = kc_conf_group(conf, properties);
    const char *group = kc_map_get(properties, "group.id");
    if (!err && (!group || !*group)) {
        err = kc_conf_set(conf, "group.id", NO_GROUP, "group.id");
        if (!err)
            err = kc_conf_set(conf, "enable.auto.commit", "false", "enable.auto.commit");
    }
    return err;
}

/* ---- all together ---- */

static struct kc_error *finish_role(rd_kafka_conf_t *conf, enum kc_client_role role,
                                    const struct kc_map *properties)
{
    switch (role) {
    case KC_CLIENT_PRODUCER:
        return finish_producer(conf, properties);
    case KC_CLIENT_CONSUMER:
        return finish_consumer(conf, properties);
    default:
        /* ListOffsets follows this setting, and librdkafka's default would give last stable
         * offsets. */
        return kc_conf_set(conf, "isolation.level", "read_uncommitted", "isolation.level");
    }
}

/* librdkafka would read a scheme as a protocol, and wouldn't refuse unknown names. */
static struct kc_error *set_servers(rd_kafka_conf_t *conf, const struct kc_map *properties)
{
    const char *given = kc_map_get(properties, "bootstrap.servers");
    char *servers = NULL;
    if (!given || !*given)
        return kc_error_new(KC_ERR_CONFIG,
                            "Missing required configuration \"bootstrap.servers\": give "
                            "host:port of at least one broker");
    struct kc_error *err = kc_bootstrap_check(given, &servers);
    if (!err)
        err = kc_conf_set(conf, "bootstrap.servers", servers, "bootstrap.servers");
    free(servers);
    return err;
}

struct kc_error *kc_client_conf(enum kc_client_role role, const struct kc_map *properties,
                                rd_kafka_conf_t **result)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_conf_set_log_cb(conf, on_log);
    struct kc_error *err =
        kc_conf_set(conf, "client.software.name", "isthmus", "client.software.name");
    if (!err)
        err = kc_conf_set(conf, "client.software.version", KC_VERSION, "client.software.version");
    if (!err)
        err = set_given(conf, role, properties);
    if (!err)
        err = set_servers(conf, properties);
    if (!err)
        err = set_defaults(conf, role, properties);
    if (!err)
        err = kc_conf_sasl(conf, properties);
    if (!err)
        err = kc_conf_ssl(conf, properties);
    if (!err)
        err = finish_role(conf, role, properties);
    if (err) {
        rd_kafka_conf_destroy(conf);
        return err;
    }
    *result = conf;
    return NULL;
}
