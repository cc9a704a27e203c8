/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of ssl.* and sasl.* settings, as Kafka 4.1's clients and workers define them.
 * Constant. */
#include "config/config_keys.h"

#include <stddef.h>

static const struct kc_config_key ssl_keys[] = {
    KC_KEY("ssl.protocol", STRING, "TLSv1.3", NULL, MEDIUM,
           "The TLS version to ask for first; ssl.enabled.protocols says which are accepted."),
    KC_KEY("ssl.provider", STRING, NULL, NULL, MEDIUM, "A security provider of the JVM."),
    KC_KEY("ssl.cipher.suites", LIST, NULL, NULL, LOW,
           "Cipher suites to offer, by their IANA names. Default: all that OpenSSL offers."),
    KC_KEY("ssl.enabled.protocols", LIST, "TLSv1.2,TLSv1.3", NULL, MEDIUM,
           "TLS versions that a connection may use."),
    KC_KEY("ssl.keystore.type", STRING, "JKS", NULL, MEDIUM,
           "Format of the key store: PKCS12, PEM or JKS."),
    KC_KEY("ssl.keystore.location", STRING, NULL, NULL, HIGH,
           "File with this side's key and certificate."),
    KC_KEY("ssl.keystore.password", PASSWORD, NULL, NULL, HIGH, "Password of the key store file."),
    KC_KEY("ssl.key.password", PASSWORD, NULL, NULL, HIGH, "Password of the private key."),
    KC_KEY("ssl.keystore.key", PASSWORD, NULL, NULL, HIGH,
           "The private key itself, PEM with PKCS#8, in place of a file."),
    KC_KEY("ssl.keystore.certificate.chain", PASSWORD, NULL, NULL, HIGH,
           "The certificate chain itself, PEM, in place of a file."),
    KC_KEY("ssl.truststore.certificates", PASSWORD, NULL, NULL, HIGH,
           "The trusted certificates themselves, PEM, in place of a file."),
    KC_KEY("ssl.truststore.type", STRING, "JKS", NULL, MEDIUM,
           "Format of the trust store: PKCS12, PEM or JKS."),
    KC_KEY("ssl.truststore.location", STRING, NULL, NULL, HIGH,
           "File with the certificates to trust."),
    KC_KEY("ssl.truststore.password", PASSWORD, NULL, NULL, HIGH,
           "Password of the trust store file."),
    KC_KEY("ssl.keymanager.algorithm", STRING, "SunX509", NULL, LOW,
           "Key manager factory of the JVM."),
    KC_KEY("ssl.trustmanager.algorithm", STRING, "PKIX", NULL, LOW,
           "Trust manager factory of the JVM."),
    KC_KEY("ssl.endpoint.identification.algorithm", STRING, "https", NULL, LOW,
           "https checks that the certificate names the host; empty turns the check off."),
    KC_KEY("ssl.secure.random.implementation", STRING, NULL, NULL, LOW,
           "Random number generator of the JVM."),
    KC_KEY("ssl.engine.factory.class", CLASS, NULL, NULL, LOW, "TLS engine factory of the JVM."),
};
const struct kc_key_table kc_ssl_keys = KC_KEY_TABLE(ssl_keys);

static struct kc_error *refresh_window(const char *name, const char *value)
{
    return kc_config_in_range(name, value, "0.5", "1.0");
}

static struct kc_error *refresh_jitter(const char *name, const char *value)
{
    return kc_config_in_range(name, value, "0.0", "0.25");
}

static struct kc_error *refresh_period(const char *name, const char *value)
{
    return kc_config_in_range(name, value, "0", "900");
}

static struct kc_error *up_to_an_hour(const char *name, const char *value)
{
    return kc_config_in_range(name, value, "0", "3600");
}

static struct kc_error *up_to_a_day(const char *name, const char *value)
{
    return kc_config_in_range(name, value, "0", "86400");
}

static struct kc_error *assertion_algorithm(const char *name, const char *value)
{
    static const char *const options[] = {"ES256", "RS256", NULL};

    return kc_config_one_of(name, value, options, true);
}

static const struct kc_config_key sasl_keys[] = {
    KC_KEY("sasl.kerberos.service.name", STRING, NULL, NULL, MEDIUM,
           "The brokers' Kerberos principal name."),
    KC_KEY("sasl.kerberos.kinit.cmd", STRING, "/usr/bin/kinit", NULL, LOW,
           "Ignored: kinit is never run."),
    KC_KEY("sasl.kerberos.ticket.renew.window.factor", DOUBLE, "0.8", NULL, LOW,
           "Ignored: tickets are renewed when half of their life is over."),
    KC_KEY("sasl.kerberos.ticket.renew.jitter", DOUBLE, "0.05", NULL, LOW,
           "Ignored, as the window factor is."),
    KC_KEY("sasl.kerberos.min.time.before.relogin", LONG, "60000", NULL, LOW,
           "Ignored: tickets are renewed when half of their life is over."),
    KC_KEY("sasl.login.refresh.window.factor", DOUBLE, "0.8", refresh_window, LOW,
           "Part of a credential's life after which it is refreshed."),
    KC_KEY("sasl.login.refresh.window.jitter", DOUBLE, "0.05", refresh_jitter, LOW,
           "Part of the refresh time that is random."),
    KC_KEY("sasl.login.refresh.min.period.seconds", SHORT, "60", refresh_period, LOW,
           "Shortest time between two refreshes."),
    KC_KEY("sasl.login.refresh.buffer.seconds", SHORT, "300", up_to_an_hour, LOW,
           "Time before expiry in which a credential is refreshed at the latest."),
    KC_KEY("sasl.mechanism", STRING, "GSSAPI", NULL, MEDIUM,
           "How to authenticate: PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER or GSSAPI."),
    KC_KEY("sasl.jaas.config", PASSWORD, NULL, NULL, MEDIUM,
           "Login module and its options, in the syntax of a JAAS file."),
    KC_KEY("sasl.client.callback.handler.class", CLASS, NULL, NULL, MEDIUM,
           "A callback handler class of the JVM."),
    KC_KEY("sasl.login.callback.handler.class", CLASS, NULL, NULL, MEDIUM,
           "A login callback handler class of the JVM."),
    KC_KEY("sasl.login.class", CLASS, NULL, NULL, MEDIUM, "A login class of the JVM."),
    KC_KEY("sasl.login.connect.timeout.ms", INT, NULL, NULL, LOW,
           "Time to connect to the token endpoint."),
    KC_KEY("sasl.login.read.timeout.ms", INT, NULL, NULL, LOW,
           "Time to wait for the token endpoint's answer."),
    KC_KEY("sasl.login.retry.backoff.max.ms", LONG, "10000", NULL, LOW,
           "Longest wait between two attempts at the token endpoint."),
    KC_KEY("sasl.login.retry.backoff.ms", LONG, "100", NULL, LOW,
           "First wait between two attempts at the token endpoint."),
    KC_KEY("sasl.oauthbearer.jwt.retriever.class", CLASS,
           "org.apache.kafka.common.security.oauthbearer.DefaultJwtRetriever", NULL, MEDIUM,
           "How a token is got."),
    KC_KEY("sasl.oauthbearer.jwt.validator.class", CLASS,
           "org.apache.kafka.common.security.oauthbearer.DefaultJwtValidator", NULL, MEDIUM,
           "How a token is checked."),
    KC_KEY("sasl.oauthbearer.scope", STRING, NULL, NULL, MEDIUM, "Scope to ask a token for."),
    KC_KEY("sasl.oauthbearer.client.credentials.client.id", STRING, NULL, NULL, MEDIUM,
           "Client id of the client-credentials grant."),
    KC_KEY("sasl.oauthbearer.client.credentials.client.secret", PASSWORD, NULL, NULL, MEDIUM,
           "Client secret of the client-credentials grant."),
    KC_KEY("sasl.oauthbearer.assertion.algorithm", STRING, "RS256", assertion_algorithm, MEDIUM,
           "How a JWT assertion is signed."),
    KC_KEY("sasl.oauthbearer.assertion.claim.aud", STRING, NULL, NULL, MEDIUM,
           "Audience of a JWT assertion."),
    KC_KEY("sasl.oauthbearer.assertion.claim.exp.seconds", INT, "300", up_to_a_day, LOW,
           "Life of a JWT assertion."),
    KC_KEY("sasl.oauthbearer.assertion.claim.iss", STRING, NULL, NULL, MEDIUM,
           "Issuer of a JWT assertion."),
    KC_KEY("sasl.oauthbearer.assertion.claim.jti.include", BOOLEAN, "false", NULL, MEDIUM,
           "Whether a JWT assertion has an id."),
    KC_KEY("sasl.oauthbearer.assertion.claim.nbf.seconds", INT, "60", up_to_an_hour, LOW,
           "How far in the past a JWT assertion begins to be valid."),
    KC_KEY("sasl.oauthbearer.assertion.claim.sub", STRING, NULL, NULL, MEDIUM,
           "Subject of a JWT assertion."),
    KC_KEY("sasl.oauthbearer.assertion.file", STRING, NULL, NULL, MEDIUM,
           "File with a ready JWT assertion."),
    KC_KEY("sasl.oauthbearer.assertion.private.key.file", STRING, NULL, NULL, MEDIUM,
           "File with the key that signs JWT assertions."),
    KC_KEY("sasl.oauthbearer.assertion.private.key.passphrase", PASSWORD, NULL, NULL, MEDIUM,
           "Passphrase of that key."),
    KC_KEY("sasl.oauthbearer.assertion.template.file", STRING, NULL, NULL, MEDIUM,
           "File with a template for JWT assertions."),
    KC_KEY("sasl.oauthbearer.scope.claim.name", STRING, "scope", NULL, LOW,
           "Claim that holds a token's scope."),
    KC_KEY("sasl.oauthbearer.sub.claim.name", STRING, "sub", NULL, LOW,
           "Claim that holds a token's subject."),
    KC_KEY("sasl.oauthbearer.token.endpoint.url", STRING, NULL, NULL, MEDIUM,
           "URL of the identity provider's token endpoint."),
    KC_KEY("sasl.oauthbearer.jwks.endpoint.url", STRING, NULL, NULL, MEDIUM,
           "URL of the identity provider's keys."),
    KC_KEY("sasl.oauthbearer.jwks.endpoint.refresh.ms", LONG, "3600000", NULL, LOW,
           "How often those keys are fetched again."),
    KC_KEY("sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms", LONG, "10000", NULL, LOW,
           "Longest wait between two attempts to fetch them."),
    KC_KEY("sasl.oauthbearer.jwks.endpoint.retry.backoff.ms", LONG, "100", NULL, LOW,
           "First wait between two attempts to fetch them."),
    KC_KEY("sasl.oauthbearer.clock.skew.seconds", INT, "30", NULL, LOW,
           "How far the clocks may differ when a token is checked."),
    KC_KEY("sasl.oauthbearer.expected.audience", LIST, NULL, NULL, LOW,
           "Audiences, one of which a token must name."),
    KC_KEY("sasl.oauthbearer.expected.issuer", STRING, NULL, NULL, LOW,
           "Issuer that a token must name."),
    KC_KEY("sasl.oauthbearer.header.urlencode", BOOLEAN, "false", NULL, LOW,
           "Whether client id and secret are URL-encoded in the Authorization header."),
};
const struct kc_key_table kc_sasl_keys = KC_KEY_TABLE(sasl_keys);
