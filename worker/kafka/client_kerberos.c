/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kerberos for librdkafka, which knows only kinit and the default credentials.
 *
 * kinit is switched off. Instead an interceptor gives librdkafka's broker thread the client's own
 * credentials, after it has sent SaslHandshake and before it begins with GSSAPI. This works because
 * GSSAPI's default ticket cache belongs to one thread. The interceptor may block, because nothing
 * else can be sent to the broker before the login.
 */
#include "connect/log.h"
#include "kafka/client_priv.h"
#include "security/kerberos.h"

static struct kc_logger log = KC_LOGGER("org.apache.kafka.common.security.kerberos");

#define NAME           "isthmus-kerberos"
#define SASL_HANDSHAKE 17

static rd_kafka_resp_err_t on_request_sent(rd_kafka_t *client, int socket, const char *broker,
                                           int32_t broker_id, int16_t api, int16_t version,
                                           int32_t correlation, size_t size, void *opaque)
{
    struct kc_error *err = api == SASL_HANDSHAKE ? kc_kerberos_use(opaque) : NULL;
    if (err) {
        kc_warn("[%s] Logging in to %s by Kerberos: %s", rd_kafka_name(client), broker,
                kc_error_text(err));
        kc_error_destroy(err);
    }
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t on_new(rd_kafka_t *client, const rd_kafka_conf_t *conf, void *opaque,
                                  char *reason, size_t size)
{
    return rd_kafka_interceptor_add_on_request_sent(client, NAME, on_request_sent, opaque);
}

/* Interceptors aren't copied with a configuration. */
static rd_kafka_resp_err_t on_dup(rd_kafka_conf_t *copy, const rd_kafka_conf_t *conf,
                                  size_t filters, const char **filter, void *opaque)
{
    rd_kafka_conf_interceptor_add_on_new(copy, NAME, on_new, opaque);
    return rd_kafka_conf_interceptor_add_on_conf_dup(copy, NAME, on_dup, opaque);
}

struct kc_error *kc_conf_kerberos(rd_kafka_conf_t *conf, const struct kc_map *options)
{
    struct kc_kerberos *login = kc_kerberos_find(options);
    struct kc_error *err = login ? kc_kerberos_check(login) : NULL;
    if (err || !login)
        return err;
    rd_kafka_conf_interceptor_add_on_new(conf, NAME, on_new, login);
    rd_kafka_conf_interceptor_add_on_conf_dup(conf, NAME, on_dup, login);
    return NULL;
}
