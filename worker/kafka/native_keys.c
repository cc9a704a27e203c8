/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Java client settings as a table: name, librdkafka's name, who it is for, range and default.
 *
 * client_conf.c walks it. It has defaults only where librdkafka's differs from Java's in meaning,
 * or would use more memory than a mirror should. Pure; any thread.
 */
#include "kafka/native_keys_priv.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define P KC_FOR_PRODUCER
#define C KC_FOR_CONSUMER

#define INT_MAX_MS 2147483647

static const char *const offset_resets[] = {"earliest=smallest", "latest=largest", "none=error",
                                            NULL};
static const char *const isolation_levels[] = {"read_committed=read_committed",
                                               "read_uncommitted=read_uncommitted", NULL};
static const char *const protocols[] = {"PLAINTEXT=plaintext", "SSL=ssl",
                                        "SASL_PLAINTEXT=sasl_plaintext", "SASL_SSL=sasl_ssl", NULL};
static const char *const acks[] = {"all=all", "-1=all", "0=0", "1=1", NULL};
static const char *const compressions[] = {"none=none", "gzip=gzip", "snappy=snappy",
                                           "lz4=lz4",   "zstd=zstd", NULL};
/* murmur2_random: murmur2 of the key, sticky random batches without one, as Java's built-in. */
static const char *const partitioners[] = {
    "org.apache.kafka.clients.producer.internals.DefaultPartitioner=murmur2_random",
    "org.apache.kafka.clients.producer.RoundRobinPartitioner=random",
    "org.apache.kafka.clients.producer.UniformStickyPartitioner=random",
    "murmur2_random=murmur2_random",
    "=murmur2_random",
    NULL,
};

#define TEXT(java, native, roles)                                                                  \
    {                                                                                              \
        java, native, roles, KC_KEY_TEXT, 0, 0, 0, NULL, NULL                                      \
    }
#define BOOL(java, native, roles, fallback)                                                        \
    {                                                                                              \
        java, native, roles, KC_KEY_BOOL, 0, 0, 0, fallback, NULL                                  \
    }
#define NUMBER(java, native, roles, java_min, min, max, fallback)                                  \
    {                                                                                              \
        java, native, roles, KC_KEY_INT, java_min, min, max, fallback, NULL                        \
    }
#define CHOICE(java, native, roles, fallback, choices)                                             \
    {                                                                                              \
        java, native, roles, KC_KEY_CHOICE, 0, 0, 0, fallback, choices                             \
    }
#define SPECIAL(java)                                                                              \
    {                                                                                              \
        java, NULL, KC_FOR_ALL, KC_KEY_SPECIAL, 0, 0, 0, NULL, NULL                                \
    }
#define NONE(java)                                                                                 \
    {                                                                                              \
        java, NULL, KC_FOR_ALL, KC_KEY_NONE, 0, 0, 0, NULL, NULL                                   \
    }

static const struct kc_client_key keys[] = {
    /* every client */
    TEXT("bootstrap.servers", "bootstrap.servers", KC_FOR_ALL),
    TEXT("client.id", "client.id", KC_FOR_ALL),
    CHOICE("security.protocol", "security.protocol", KC_FOR_ALL, NULL, protocols),
    NUMBER("request.timeout.ms", "socket.timeout.ms", KC_FOR_ALL, 0, 1500, 300000, "30000"),
    NUMBER("retry.backoff.ms", "retry.backoff.ms", KC_FOR_ALL, 0, 1, 300000, NULL),
    NUMBER("retry.backoff.max.ms", "retry.backoff.max.ms", KC_FOR_ALL, 0, 1, 300000, NULL),
    NUMBER("reconnect.backoff.ms", "reconnect.backoff.ms", KC_FOR_ALL, 0, 0, 3600000, "50"),
    NUMBER("reconnect.backoff.max.ms", "reconnect.backoff.max.ms", KC_FOR_ALL, 0, 0, 3600000,
           "1000"),
    NUMBER("connections.max.idle.ms", "connections.max.idle.ms", KC_FOR_ALL, INT64_MIN, 0,
           INT_MAX_MS, "540000"),
    NUMBER("metadata.max.age.ms", "topic.metadata.refresh.interval.ms", KC_FOR_ALL, 0, 10, 3600000,
           NULL),
    NUMBER("receive.buffer.bytes", "socket.receive.buffer.bytes", KC_FOR_ALL, -1, 0, 100000000,
           NULL),
    NUMBER("send.buffer.bytes", "socket.send.buffer.bytes", KC_FOR_ALL, -1, 0, 100000000, NULL),
    NUMBER("socket.connection.setup.timeout.ms", "socket.connection.setup.timeout.ms", KC_FOR_ALL,
           0, 1000, INT_MAX_MS, "10000"),
    TEXT("client.rack", "client.rack", KC_FOR_ALL),
    TEXT("client.dns.lookup", "client.dns.lookup", KC_FOR_ALL),

    /* producers */
    CHOICE("acks", "acks", P, NULL, acks),
    NUMBER("linger.ms", "queue.buffering.max.ms", P, 0, 0, 900000, "5"),
    NUMBER("batch.size", "batch.size", P, 0, 1, INT_MAX_MS, "1000000"),
    {"buffer.memory", "queue.buffering.max.kbytes", P, KC_KEY_KIB, 0, 1, INT_MAX_MS, "33554432",
     NULL},
    CHOICE("compression.type", "compression.codec", P, NULL, compressions),
    NUMBER("max.in.flight.requests.per.connection", "max.in.flight.requests.per.connection", P, 1,
           1, 1000000, "5"),
    BOOL("enable.idempotence", "enable.idempotence", P, NULL),
    TEXT("transactional.id", "transactional.id", P),
    NUMBER("transaction.timeout.ms", "transaction.timeout.ms", P, 0, 1000, INT_MAX_MS, NULL),
    NUMBER("delivery.timeout.ms", "delivery.timeout.ms", P, 0, 1, INT_MAX_MS, "120000"),
    NUMBER("retries", "message.send.max.retries", P, 0, 0, INT_MAX_MS, NULL),
    NUMBER("max.request.size", "message.max.bytes", P, 0, 1000, 1000000000, "1048576"),
    CHOICE("partitioner.class", "partitioner", P, "murmur2_random", partitioners),

    /* consumers */
    TEXT("group.id", "group.id", C),
    TEXT("group.instance.id", "group.instance.id", C),
    NUMBER("session.timeout.ms", "session.timeout.ms", C, 0, 1, 3600000, NULL),
    NUMBER("heartbeat.interval.ms", "heartbeat.interval.ms", C, 0, 1, 3600000, NULL),
    NUMBER("max.poll.interval.ms", "max.poll.interval.ms", C, 1, 1, 86400000, NULL),
    BOOL("enable.auto.commit", "enable.auto.commit", C, "true"),
    NUMBER("auto.commit.interval.ms", "auto.commit.interval.ms", C, 0, 1, 86400000, NULL),
    CHOICE("auto.offset.reset", "auto.offset.reset", C, "latest", offset_resets),
    CHOICE("isolation.level", "isolation.level", C, "read_uncommitted", isolation_levels),
    BOOL("check.crcs", "check.crcs", C, "true"),
    BOOL("allow.auto.create.topics", "allow.auto.create.topics", C, "true"),
    NUMBER("fetch.min.bytes", "fetch.min.bytes", C, 0, 1, 100000000, NULL),
    /* Less than Java's 50 MiB: a mirror is as fast with this, and stays small. */
    NUMBER("fetch.max.bytes", "fetch.max.bytes", C, 0, 1000, 2147483135, "8388608"),
    NUMBER("max.partition.fetch.bytes", "fetch.message.max.bytes", C, 0, 1, 1000000000, "1048576"),
    NUMBER("fetch.max.wait.ms", "fetch.wait.max.ms", C, 0, 0, 300000, NULL),

    /* looked at by hand: they need more than a new name */
    SPECIAL("partition.assignment.strategy"),
    SPECIAL("group.protocol"),
    SPECIAL("group.remote.assignor"),
    SPECIAL("partitioner.ignore.keys"),
    SPECIAL("compression.gzip.level"),
    SPECIAL("compression.lz4.level"),
    SPECIAL("compression.zstd.level"),
    SPECIAL("sasl.mechanism"),
    SPECIAL("sasl.jaas.config"),
    SPECIAL("sasl.kerberos.service.name"),
    SPECIAL("sasl.login.callback.handler.class"),
    SPECIAL("sasl.oauthbearer.token.endpoint.url"),
    SPECIAL("sasl.oauthbearer.client.credentials.client.id"),
    SPECIAL("sasl.oauthbearer.client.credentials.client.secret"),
    SPECIAL("sasl.oauthbearer.scope"),
    SPECIAL("sasl.oauthbearer.jwt.retriever.class"),
    SPECIAL("sasl.oauthbearer.header.urlencode"),
    SPECIAL("sasl.oauthbearer.assertion.algorithm"),
    SPECIAL("sasl.oauthbearer.assertion.claim.aud"),
    SPECIAL("sasl.oauthbearer.assertion.claim.exp.seconds"),
    SPECIAL("sasl.oauthbearer.assertion.claim.iss"),
    SPECIAL("sasl.oauthbearer.assertion.claim.jti.include"),
    SPECIAL("sasl.oauthbearer.assertion.claim.nbf.seconds"),
    SPECIAL("sasl.oauthbearer.assertion.claim.sub"),
    SPECIAL("sasl.oauthbearer.assertion.file"),
    SPECIAL("sasl.oauthbearer.assertion.private.key.file"),
    SPECIAL("sasl.oauthbearer.assertion.private.key.passphrase"),
    SPECIAL("sasl.oauthbearer.assertion.template.file"),
    SPECIAL("sasl.login.connect.timeout.ms"),
    SPECIAL("sasl.login.read.timeout.ms"),
    SPECIAL("sasl.login.retry.backoff.ms"),
    SPECIAL("sasl.login.retry.backoff.max.ms"),
    SPECIAL("ssl.truststore.type"),
    SPECIAL("ssl.truststore.location"),
    SPECIAL("ssl.truststore.password"),
    SPECIAL("ssl.truststore.certificates"),
    SPECIAL("ssl.keystore.type"),
    SPECIAL("ssl.keystore.location"),
    SPECIAL("ssl.keystore.password"),
    SPECIAL("ssl.keystore.key"),
    SPECIAL("ssl.keystore.certificate.chain"),
    SPECIAL("ssl.key.password"),
    SPECIAL("ssl.endpoint.identification.algorithm"),
    SPECIAL("ssl.cipher.suites"),

    /* of Java's machinery only */
    NONE("key.serializer"),
    NONE("value.serializer"),
    NONE("key.deserializer"),
    NONE("value.deserializer"),
    NONE("interceptor.classes"),
    NONE("metric.reporters"),
    NONE("metrics.num.samples"),
    NONE("metrics.sample.window.ms"),
    NONE("metrics.recording.level"),
    NONE("auto.include.jmx.reporter"),
    NONE("enable.metrics.push"),
    NONE("security.providers"),
    NONE("max.block.ms"),
    NONE("max.poll.records"),
    NONE("default.api.timeout.ms"),
    NONE("exclude.internal.topics"),
    NONE("metadata.max.idle.ms"),
    NONE("metadata.recovery.strategy"),
    NONE("metadata.recovery.rebootstrap.trigger.ms"),
    NONE("partitioner.adaptive.partitioning.enable"),
    NONE("partitioner.availability.timeout.ms"),
    NONE("socket.connection.setup.timeout.max.ms"),
    NONE("transaction.two.phase.commit.enable"),
    NONE("share.acknowledgement.mode"),
    NONE("bootstrap.controllers"),
    NONE("config.providers"),
    NONE("ssl.protocol"),
    NONE("ssl.provider"),
    NONE("ssl.enabled.protocols"),
    NONE("ssl.keymanager.algorithm"),
    NONE("ssl.trustmanager.algorithm"),
    NONE("ssl.secure.random.implementation"),
    NONE("ssl.engine.factory.class"),
    /* Tickets come by GSSAPI's calls; kinit is never run. */
    NONE("sasl.kerberos.kinit.cmd"),
    NONE("sasl.kerberos.min.time.before.relogin"),
    NONE("sasl.kerberos.ticket.renew.jitter"),
    NONE("sasl.kerberos.ticket.renew.window.factor"),
    NONE("sasl.client.callback.handler.class"),
    NONE("sasl.login.class"),
    NONE("sasl.login.refresh.buffer.seconds"),
    NONE("sasl.login.refresh.min.period.seconds"),
    NONE("sasl.login.refresh.window.factor"),
    NONE("sasl.login.refresh.window.jitter"),
    NONE("sasl.oauthbearer.clock.skew.seconds"),
    NONE("sasl.oauthbearer.expected.audience"),
    NONE("sasl.oauthbearer.expected.issuer"),
    NONE("sasl.oauthbearer.jwt.validator.class"),
    NONE("sasl.oauthbearer.jwks.endpoint.refresh.ms"),
    NONE("sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms"),
    NONE("sasl.oauthbearer.jwks.endpoint.retry.backoff.ms"),
    NONE("sasl.oauthbearer.jwks.endpoint.url"),
    NONE("sasl.oauthbearer.scope.claim.name"),
    NONE("sasl.oauthbearer.sub.claim.name"),
    NONE("metrics.context.connect.kafka.cluster.id"),
    NONE("metrics.context.connect.group.id"),
};

const struct kc_client_key *kc_client_key_find(const char *java)
{
    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
        if (strcmp(keys[i].java, java) == 0)
            return &keys[i];
    }
    return NULL;
}

size_t kc_client_keys(const struct kc_client_key **table)
{
    *table = keys;
    return sizeof(keys) / sizeof(*keys);
}

static struct kc_error *translate_bool(const struct kc_client_key *key, const char *value,
                                       char **native)
{
    if (strcasecmp(value, "true") != 0 && strcasecmp(value, "false") != 0)
        return kc_error_new(KC_ERR_CONFIG,
                            "Invalid value %s for configuration %s: Expected value to be either "
                            "true or false",
                            value, key->java);
    *native = kc_strdup(strcasecmp(value, "true") == 0 ? "true" : "false");
    return NULL;
}

static struct kc_error *translate_int(const struct kc_client_key *key, const char *value,
                                      char **native)
{
    char *end = NULL;
    errno = 0;
    long long number = strtoll(value, &end, 10);
    if (errno || end == value || *end)
        return kc_error_new(KC_ERR_CONFIG,
                            "Invalid value %s for configuration %s: Not a number; give a whole "
                            "number",
                            value, key->java);
    if (number < key->java_min)
        return kc_error_new(KC_ERR_CONFIG,
                            "Invalid value %s for configuration %s: Value must be at least %lld",
                            value, key->java, (long long)key->java_min);
    if (key->kind == KC_KEY_KIB)
        number = (number + 1023) / 1024;
    if (number < key->min)
        number = key->min;
    if (number > key->max)
        number = key->max;
    *native = kc_asprintf("%lld", number);
    return NULL;
}

static struct kc_error *choice_error(const struct kc_client_key *key, const char *value)
{
    struct kc_strings options = {0};
    for (size_t i = 0; key->choices[i]; i++) {
        size_t len = strcspn(key->choices[i], "=");
        if (len)
            kc_strings_take(&options, kc_strndup(key->choices[i], len));
    }
    char *list = kc_strings_join(&options, ", ");
    struct kc_error *err =
        kc_error_new(KC_ERR_CONFIG, "Invalid value %s for configuration %s: must be one of %s",
                     value, key->java, list);
    free(list);
    kc_strings_destroy(&options);
    return err;
}

static struct kc_error *translate_choice(const struct kc_client_key *key, const char *value,
                                         char **native)
{
    for (size_t i = 0; key->choices[i]; i++) {
        const char *choice = key->choices[i];
        size_t len = strcspn(choice, "=");
        if (strlen(value) == len && strncasecmp(choice, value, len) == 0) {
            *native = kc_strdup(choice + len + 1);
            return NULL;
        }
    }
    return choice_error(key, value);
}

/* Java's ConfigDef trims before it parses. */
static char *trimmed(const char *value)
{
    while (isspace((unsigned char)*value))
        value++;
    size_t len = strlen(value);
    while (len && isspace((unsigned char)value[len - 1]))
        len--;
    return kc_strndup(value, len);
}

struct kc_error *kc_client_key_translate(const struct kc_client_key *key, const char *value,
                                         char **native)
{
    struct kc_error *err = NULL;
    char *text = trimmed(value);
    switch (key->kind) {
    case KC_KEY_BOOL:
        err = translate_bool(key, text, native);
        break;
    case KC_KEY_INT:
    case KC_KEY_KIB:
        err = translate_int(key, text, native);
        break;
    case KC_KEY_CHOICE:
        err = translate_choice(key, text, native);
        break;
    default:
        *native = kc_strdup(text);
        break;
    }
    free(text);
    return err;
}
