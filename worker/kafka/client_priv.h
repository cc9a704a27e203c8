/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared by the files that build a client's configuration.
 *
 * Only for worker/kafka/client*.c and admin_client.c.
 */
#ifndef WORKER_KAFKA_CLIENT_PRIV_H
#define WORKER_KAFKA_CLIENT_PRIV_H

#include "connect/kafka.h"

/* Sets one librdkafka property; java is the Java key that it came from, for the message. Values
 * never appear in messages, because some are secret. A property that this librdkafka doesn't know
 * is skipped. */
struct kc_error *kc_conf_set(rd_kafka_conf_t *conf, const char *native, const char *value,
                             const char *java) KC_MUST_CHECK;

/* The value of native in conf, "" if unset; owned by the caller. */
char *kc_conf_get(const rd_kafka_conf_t *conf, const char *native);
int64_t kc_conf_number(const rd_kafka_conf_t *conf, const char *native);

/* True for the first call with this text in the process, for messages that are logged once. Any
 * thread. The last thousand texts are remembered. */
bool kc_client_first_time(const char *text);

/* Watches why a client made with conf can't use its cluster, from now on (client_access.c). */
void kc_conf_access(rd_kafka_conf_t *conf);
/* A line that librdkafka logged of a client's connection. */
void kc_client_access_log(const rd_kafka_t *client, const char *text);
/* There is no token for it to log in with. */
void kc_client_access_token_failed(const rd_kafka_t *client, const struct kc_error *err);
/* An answer came: the client gets through. */
void kc_client_access_ready(const rd_kafka_t *client);
/* The calling thread's connector or task uses the client, too. */
void kc_client_access_join(const rd_kafka_t *client);

/* An admin client, shared by all users whose settings differ only in client.id; it lives until the
 * last kc_client_unshare() (client_shared.c). Any thread. */
struct kc_error *kc_client_share(const struct kc_map *properties,
                                 rd_kafka_t **client) KC_MUST_CHECK;
void kc_client_unshare(rd_kafka_t *client);

/* sasl.* (client_sasl.c) and ssl.* (client_ssl.c). */
struct kc_error *kc_conf_sasl(rd_kafka_conf_t *conf, const struct kc_map *properties) KC_MUST_CHECK;
struct kc_error *kc_conf_ssl(rd_kafka_conf_t *conf, const struct kc_map *properties) KC_MUST_CHECK;

/* Kerberos credentials for the options of a Krb5LoginModule (client_kerberos.c). KC_ERR_CONFIG when
 * the keytab can't be used. */
struct kc_error *kc_conf_kerberos(rd_kafka_conf_t *conf,
                                  const struct kc_map *options) KC_MUST_CHECK;

/* OAUTHBEARER with tokens from sasl.oauthbearer.token.endpoint.url (client_oauth.c): checks the
 * settings and sets the refresh callback on conf. properties is copied. */
struct kc_error *kc_conf_oauth(rd_kafka_conf_t *conf,
                               const struct kc_map *properties) KC_MUST_CHECK;

#endif
