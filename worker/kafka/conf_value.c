/* SPDX-License-Identifier: Apache-2.0 */
/* One value of librdkafka's configuration, written and read, see client_priv.h. Any thread. */
#include "connect/log.h"
#include "kafka/client_priv.h"

#include <stdlib.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.clients");

struct kc_error *kc_conf_set(rd_kafka_conf_t *conf, const char *native, const char *value,
                             const char *java)
{
    char reason[512];
    switch (rd_kafka_conf_set(conf, native, value, reason, sizeof(reason))) {
    case RD_KAFKA_CONF_OK:
        return NULL;
    case RD_KAFKA_CONF_UNKNOWN:
        kc_debug("%s: this librdkafka has no %s", java, native);
        return NULL;
    default:
        return kc_error_new(KC_ERR_CONFIG,
                            "Invalid value for configuration %s: %s; correct or remove it", java,
                            reason);
    }
}

char *kc_conf_get(const rd_kafka_conf_t *conf, const char *native)
{
    size_t size = 0;
    if (rd_kafka_conf_get(conf, native, NULL, &size) != RD_KAFKA_CONF_OK || size == 0)
        return kc_strdup("");
    char *value = kc_calloc(1, size + 1);
    rd_kafka_conf_get(conf, native, value, &size);
    return value;
}

int64_t kc_conf_number(const rd_kafka_conf_t *conf, const char *native)
{
    char *text = kc_conf_get(conf, native);
    int64_t number = strtoll(text, NULL, 10);
    free(text);
    return number;
}
