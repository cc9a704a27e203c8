/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings of Kafka's Java clients as their ConfigDef declares them in 4.1: names, types,
 * importance and defaults. Validation shows them with a connector's overrides, and parses an
 * override by its type (AbstractHerder.validateClientOverrides).
 *
 * A constant table, sorted by name; any thread.
 */
#include "config/client_definitions.h"

#include "config/config_def_priv.h"

#include <stdlib.h>
#include <string.h>

enum {
    P = 1 << KC_CLIENT_PRODUCER,
    C = 1 << KC_CLIENT_CONSUMER,
    A = 1 << KC_CLIENT_ADMIN,
};

struct definition {
    unsigned roles;
    struct kc_config_key key;
};

#define KEY(of, called, kind, rank, fallback)                                                      \
    {                                                                                              \
        (of),                                                                                      \
        {                                                                                          \
            .name = (called), .type = KC_CONFIG_##kind, .default_value = (fallback),               \
            .importance = KC_IMPORTANCE_##rank, .order = -1, .display_name = (called),             \
            .documentation = "The setting of Kafka's Java client of this name."                    \
        }                                                                                          \
    }

static const struct definition definitions[] = {
    KEY(P, "acks", STRING, LOW, "all"),
    KEY(C, "allow.auto.create.topics", BOOLEAN, MEDIUM, "true"),
    KEY(C, "auto.commit.interval.ms", INT, LOW, "5000"),
    KEY(C, "auto.offset.reset", STRING, MEDIUM, "latest"),
    KEY(P, "batch.size", INT, MEDIUM, "16384"),
    KEY(A, "bootstrap.controllers", LIST, HIGH, ""),
    KEY(P | C | A, "bootstrap.servers", LIST, HIGH, ""),
    KEY(P, "buffer.memory", LONG, HIGH, "33554432"),
    KEY(C, "check.crcs", BOOLEAN, LOW, "true"),
    KEY(P | C | A, "client.dns.lookup", STRING, MEDIUM, "use_all_dns_ips"),
    KEY(C, "client.id", STRING, LOW, ""),
    KEY(P | A, "client.id", STRING, MEDIUM, ""),
    KEY(C, "client.rack", STRING, LOW, ""),
    KEY(P, "compression.gzip.level", INT, MEDIUM, "-1"),
    KEY(P, "compression.lz4.level", INT, MEDIUM, "9"),
    KEY(P, "compression.type", STRING, HIGH, "none"),
    KEY(P, "compression.zstd.level", INT, MEDIUM, "3"),
    KEY(A, "connections.max.idle.ms", LONG, MEDIUM, "300000"),
    KEY(P | C, "connections.max.idle.ms", LONG, MEDIUM, "540000"),
    KEY(C | A, "default.api.timeout.ms", INT, MEDIUM, "60000"),
    KEY(P, "delivery.timeout.ms", INT, MEDIUM, "120000"),
    KEY(C, "enable.auto.commit", BOOLEAN, MEDIUM, "true"),
    KEY(P, "enable.idempotence", BOOLEAN, LOW, "true"),
    KEY(A, "enable.metrics.push", BOOLEAN, LOW, "false"),
    KEY(P | C, "enable.metrics.push", BOOLEAN, LOW, "true"),
    KEY(C, "exclude.internal.topics", BOOLEAN, MEDIUM, "true"),
    KEY(C, "fetch.max.bytes", INT, MEDIUM, "52428800"),
    KEY(C, "fetch.max.wait.ms", INT, LOW, "500"),
    KEY(C, "fetch.min.bytes", INT, HIGH, "1"),
    KEY(C, "group.id", STRING, HIGH, NULL),
    KEY(C, "group.instance.id", STRING, MEDIUM, NULL),
    KEY(C, "group.protocol", STRING, HIGH, "classic"),
    KEY(C, "group.remote.assignor", STRING, MEDIUM, NULL),
    KEY(C, "heartbeat.interval.ms", INT, HIGH, "3000"),
    KEY(P | C, "interceptor.classes", LIST, LOW, ""),
    KEY(C, "internal.leave.group.on.close", BOOLEAN, LOW, "true"),
    KEY(C, "internal.throw.on.fetch.stable.offset.unsupported", BOOLEAN, LOW, "false"),
    KEY(C, "isolation.level", STRING, MEDIUM, "read_uncommitted"),
    KEY(C, "key.deserializer", CLASS, HIGH, kc_config_required),
    KEY(P, "key.serializer", CLASS, HIGH, kc_config_required),
    KEY(P, "linger.ms", LONG, MEDIUM, "5"),
    KEY(P, "max.block.ms", LONG, MEDIUM, "60000"),
    KEY(P, "max.in.flight.requests.per.connection", INT, LOW, "5"),
    KEY(C, "max.partition.fetch.bytes", INT, HIGH, "1048576"),
    KEY(C, "max.poll.interval.ms", INT, MEDIUM, "300000"),
    KEY(C, "max.poll.records", INT, MEDIUM, "500"),
    KEY(P, "max.request.size", INT, MEDIUM, "1048576"),
    KEY(P | C | A, "metadata.max.age.ms", LONG, LOW, "300000"),
    KEY(P, "metadata.max.idle.ms", LONG, LOW, "300000"),
    KEY(P | C | A, "metadata.recovery.rebootstrap.trigger.ms", LONG, LOW, "300000"),
    KEY(P | C | A, "metadata.recovery.strategy", STRING, LOW, "rebootstrap"),
    KEY(P | C | A, "metric.reporters", LIST, LOW, "org.apache.kafka.common.metrics.JmxReporter"),
    KEY(P | C | A, "metrics.num.samples", INT, LOW, "2"),
    KEY(P | C | A, "metrics.recording.level", STRING, LOW, "INFO"),
    KEY(P | C | A, "metrics.sample.window.ms", LONG, LOW, "30000"),
    KEY(C, "partition.assignment.strategy", LIST, MEDIUM,
        "class org.apache.kafka.clients.consumer.RangeAssignor,class "
        "org.apache.kafka.clients.consumer.CooperativeStickyAssignor"),
    KEY(P, "partitioner.adaptive.partitioning.enable", BOOLEAN, LOW, "true"),
    KEY(P, "partitioner.availability.timeout.ms", LONG, LOW, "0"),
    KEY(P, "partitioner.class", CLASS, MEDIUM, NULL),
    KEY(P, "partitioner.ignore.keys", BOOLEAN, MEDIUM, "false"),
    KEY(P, "receive.buffer.bytes", INT, MEDIUM, "32768"),
    KEY(C | A, "receive.buffer.bytes", INT, MEDIUM, "65536"),
    KEY(P | C | A, "reconnect.backoff.max.ms", LONG, LOW, "1000"),
    KEY(P | C | A, "reconnect.backoff.ms", LONG, LOW, "50"),
    KEY(P | C | A, "request.timeout.ms", INT, MEDIUM, "30000"),
    KEY(P, "retries", INT, HIGH, "2147483647"),
    KEY(A, "retries", INT, LOW, "2147483647"),
    KEY(P | C | A, "retry.backoff.max.ms", LONG, LOW, "1000"),
    KEY(P | C | A, "retry.backoff.ms", LONG, LOW, "100"),
    KEY(P | C | A, "sasl.client.callback.handler.class", CLASS, MEDIUM, NULL),
    KEY(P | C | A, "sasl.jaas.config", PASSWORD, MEDIUM, NULL),
    KEY(P | C | A, "sasl.kerberos.kinit.cmd", STRING, LOW, "/usr/bin/kinit"),
    KEY(P | C | A, "sasl.kerberos.min.time.before.relogin", LONG, LOW, "60000"),
    KEY(P | C | A, "sasl.kerberos.service.name", STRING, MEDIUM, NULL),
    KEY(P | C | A, "sasl.kerberos.ticket.renew.jitter", DOUBLE, LOW, "0.05"),
    KEY(P | C | A, "sasl.kerberos.ticket.renew.window.factor", DOUBLE, LOW, "0.8"),
    KEY(P | C | A, "sasl.login.callback.handler.class", CLASS, MEDIUM, NULL),
    KEY(P | C | A, "sasl.login.class", CLASS, MEDIUM, NULL),
    KEY(P | C | A, "sasl.login.connect.timeout.ms", INT, LOW, NULL),
    KEY(P | C | A, "sasl.login.read.timeout.ms", INT, LOW, NULL),
    KEY(P | C | A, "sasl.login.refresh.buffer.seconds", SHORT, LOW, "300"),
    KEY(P | C | A, "sasl.login.refresh.min.period.seconds", SHORT, LOW, "60"),
    KEY(P | C | A, "sasl.login.refresh.window.factor", DOUBLE, LOW, "0.8"),
    KEY(P | C | A, "sasl.login.refresh.window.jitter", DOUBLE, LOW, "0.05"),
    KEY(P | C | A, "sasl.login.retry.backoff.max.ms", LONG, LOW, "10000"),
    KEY(P | C | A, "sasl.login.retry.backoff.ms", LONG, LOW, "100"),
    KEY(P | C | A, "sasl.mechanism", STRING, MEDIUM, "GSSAPI"),
    KEY(P | C | A, "sasl.oauthbearer.assertion.algorithm", STRING, MEDIUM, "RS256"),
    KEY(P | C | A, "sasl.oauthbearer.assertion.claim.aud", STRING, MEDIUM, NULL),
    KEY(P | C | A, "sasl.oauthbearer.assertion.claim.exp.seconds", INT, LOW, "300"),
    KEY(P | C | A, "sasl.oauthbearer.assertion.claim.iss", STRING, MEDIUM, NULL),
    KEY(P | C | A, "sasl.oauthbearer.assertion.claim.jti.include", BOOLEAN, MEDIUM, "false"),
    KEY(P | C | A, "sasl.oauthbearer.assertion.claim.nbf.seconds", INT, LOW, "60"),
    KEY(P | C | A, "sasl.oauthbearer.assertion.claim.sub", STRING, MEDIUM, NULL),
    KEY(P | C | A, "sasl.oauthbearer.assertion.file", STRING, MEDIUM, NULL),
    KEY(P | C | A, "sasl.oauthbearer.assertion.private.key.file", STRING, MEDIUM, NULL),
    KEY(P | C | A, "sasl.oauthbearer.assertion.private.key.passphrase", PASSWORD, MEDIUM, NULL),
    KEY(P | C | A, "sasl.oauthbearer.assertion.template.file", STRING, MEDIUM, NULL),
    KEY(P | C | A, "sasl.oauthbearer.client.credentials.client.id", STRING, MEDIUM, NULL),
    KEY(P | C | A, "sasl.oauthbearer.client.credentials.client.secret", PASSWORD, MEDIUM, NULL),
    KEY(P | C | A, "sasl.oauthbearer.clock.skew.seconds", INT, LOW, "30"),
    KEY(P | C | A, "sasl.oauthbearer.expected.audience", LIST, LOW, NULL),
    KEY(P | C | A, "sasl.oauthbearer.expected.issuer", STRING, LOW, NULL),
    KEY(P | C | A, "sasl.oauthbearer.header.urlencode", BOOLEAN, LOW, "false"),
    KEY(P | C | A, "sasl.oauthbearer.jwks.endpoint.refresh.ms", LONG, LOW, "3600000"),
    KEY(P | C | A, "sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms", LONG, LOW, "10000"),
    KEY(P | C | A, "sasl.oauthbearer.jwks.endpoint.retry.backoff.ms", LONG, LOW, "100"),
    KEY(P | C | A, "sasl.oauthbearer.jwks.endpoint.url", STRING, MEDIUM, NULL),
    KEY(P | C | A, "sasl.oauthbearer.jwt.retriever.class", CLASS, MEDIUM,
        "org.apache.kafka.common.security.oauthbearer.DefaultJwtRetriever"),
    KEY(P | C | A, "sasl.oauthbearer.jwt.validator.class", CLASS, MEDIUM,
        "org.apache.kafka.common.security.oauthbearer.DefaultJwtValidator"),
    KEY(P | C | A, "sasl.oauthbearer.scope", STRING, MEDIUM, NULL),
    KEY(P | C | A, "sasl.oauthbearer.scope.claim.name", STRING, LOW, "scope"),
    KEY(P | C | A, "sasl.oauthbearer.sub.claim.name", STRING, LOW, "sub"),
    KEY(P | C | A, "sasl.oauthbearer.token.endpoint.url", STRING, MEDIUM, NULL),
    KEY(P | C | A, "security.protocol", STRING, MEDIUM, "PLAINTEXT"),
    KEY(P | C | A, "security.providers", STRING, LOW, NULL),
    KEY(P | C | A, "send.buffer.bytes", INT, MEDIUM, "131072"),
    KEY(C, "session.timeout.ms", INT, HIGH, "45000"),
    KEY(C, "share.acknowledgement.mode", STRING, MEDIUM, "implicit"),
    KEY(P | C | A, "socket.connection.setup.timeout.max.ms", LONG, MEDIUM, "30000"),
    KEY(P | C | A, "socket.connection.setup.timeout.ms", LONG, MEDIUM, "10000"),
    KEY(P | C | A, "ssl.cipher.suites", LIST, LOW, NULL),
    KEY(P | C | A, "ssl.enabled.protocols", LIST, MEDIUM, "TLSv1.2,TLSv1.3"),
    KEY(P | C | A, "ssl.endpoint.identification.algorithm", STRING, LOW, "https"),
    KEY(P | C | A, "ssl.engine.factory.class", CLASS, LOW, NULL),
    KEY(P | C | A, "ssl.key.password", PASSWORD, HIGH, NULL),
    KEY(P | C | A, "ssl.keymanager.algorithm", STRING, LOW, "SunX509"),
    KEY(P | C | A, "ssl.keystore.certificate.chain", PASSWORD, HIGH, NULL),
    KEY(P | C | A, "ssl.keystore.key", PASSWORD, HIGH, NULL),
    KEY(P | C | A, "ssl.keystore.location", STRING, HIGH, NULL),
    KEY(P | C | A, "ssl.keystore.password", PASSWORD, HIGH, NULL),
    KEY(P | C | A, "ssl.keystore.type", STRING, MEDIUM, "JKS"),
    KEY(P | C | A, "ssl.protocol", STRING, MEDIUM, "TLSv1.3"),
    KEY(P | C | A, "ssl.provider", STRING, MEDIUM, NULL),
    KEY(P | C | A, "ssl.secure.random.implementation", STRING, LOW, NULL),
    KEY(P | C | A, "ssl.trustmanager.algorithm", STRING, LOW, "PKIX"),
    KEY(P | C | A, "ssl.truststore.certificates", PASSWORD, HIGH, NULL),
    KEY(P | C | A, "ssl.truststore.location", STRING, HIGH, NULL),
    KEY(P | C | A, "ssl.truststore.password", PASSWORD, HIGH, NULL),
    KEY(P | C | A, "ssl.truststore.type", STRING, MEDIUM, "JKS"),
    KEY(P, "transaction.timeout.ms", INT, LOW, "60000"),
    KEY(P, "transaction.two.phase.commit.enable", BOOLEAN, LOW, "false"),
    KEY(P, "transactional.id", STRING, LOW, NULL),
    KEY(C, "value.deserializer", CLASS, HIGH, kc_config_required),
    KEY(P, "value.serializer", CLASS, HIGH, kc_config_required),
};

const struct kc_config_key *kc_client_definition(enum kc_client_role role, const char *name)
{
    for (size_t i = 0; i < sizeof(definitions) / sizeof(definitions[0]); i++)
        if (definitions[i].roles & (1u << role) && strcmp(definitions[i].key.name, name) == 0)
            return &definitions[i].key;
    return NULL;
}

char *kc_client_setting_text(const struct kc_config_key *key, const char *raw,
                             struct kc_error **err)
{
    struct kc_parsed parsed = {.is_null = true};
    *err = kc_config_parse_type(key->name, key->type, raw, &parsed);
    const char *text = *err ? raw : parsed.text;
    char *shown = kc_strdup(key->type == KC_CONFIG_PASSWORD && text ? "[hidden]" : text);
    kc_parsed_destroy(&parsed);
    return shown;
}
