/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of keys: worker, security, connectors, Java's clients. For the .c files of this
 * folder. Constant.
 */
#ifndef WORKER_CONFIG_CONFIG_KEYS_H
#define WORKER_CONFIG_CONFIG_KEYS_H

#include "connect/config_def.h"

struct kc_key_table {
    const struct kc_config_key *keys;
    size_t count;
};
#define KC_KEY_TABLE(array)                                                                        \
    {                                                                                              \
        (array), sizeof(array) / sizeof((array)[0])                                                \
    }

/* A row of a worker's table: no group, order or width. */
#define KC_KEY(key, kind, fallback, check, rank, text)                                             \
    {                                                                                              \
        .name = (key), .type = KC_CONFIG_##kind, .default_value = (fallback),                      \
        .validator = (check), .importance = KC_IMPORTANCE_##rank, .order = -1,                     \
        .width = KC_WIDTH_NONE, .documentation = (text)                                            \
    }

extern const struct kc_key_table kc_worker_base_keys; /* WorkerConfig, up to ssl.* */
extern const struct kc_key_table kc_ssl_keys;         /* SslConfigs */
extern const struct kc_key_table kc_sasl_keys;        /* SaslConfigs, 4.1 */
extern const struct kc_key_table kc_rest_keys;        /* topic tracking, RestServerConfig */
extern const struct kc_key_table kc_group_keys;       /* DistributedConfig before sasl.* */
extern const struct kc_key_table kc_distributed_keys; /* DistributedConfig behind sasl.* */
extern const struct kc_key_table kc_standalone_keys;  /* StandaloneConfig */
extern const struct kc_key_table kc_isthmus_keys;     /* ours */
extern const struct kc_key_table kc_connector_keys;   /* ConnectorConfig */
extern const struct kc_key_table kc_source_keys;      /* SourceConnectorConfig */
extern const struct kc_key_table kc_sink_keys;        /* SinkConnectorConfig */

/* Whether one of Java's clients (4.1: producer, consumer, admin) knows key. */
bool kc_client_key_known(const char *key);
/* Whether key means something to a JVM only: accepted, without effect. */
bool kc_client_key_java_only(const char *key);

/* Validators that several tables name. */
struct kc_error *kc_config_at_least_minus_1(const char *name, const char *value);
/* Java's Range of min..max, printed as given; NULL max: none. */
struct kc_error *kc_config_in_range(const char *name, const char *value, const char *min,
                                    const char *max);

#endif
