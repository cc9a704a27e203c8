/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings of a worker: WorkerConfig, DistributedConfig and StandaloneConfig as tables.
 *
 * Made once from the worker's file and immutable: any thread may read it. Values are read by key
 * with kc_config_*() on `values`. `originals` is the file after providers have been resolved.
 */
#ifndef WORKER_CONFIG_WORKER_CONFIG_H
#define WORKER_CONFIG_WORKER_CONFIG_H

#include "config/providers.h"
#include "connect/config_def.h"

enum kc_worker_mode { KC_WORKER_STANDALONE, KC_WORKER_DISTRIBUTED };

struct kc_worker_config {
    enum kc_worker_mode mode;
    struct kc_config *values;
    struct kc_map *originals;       /* variables resolved */
    struct kc_providers *providers; /* for connector configurations */
};

/* properties: as read from the file; lines: from kc_properties_load(), NULL when there is no file.
 * Checks what Java checks at start (missing keys, algorithms, listeners). A key that has no effect
 * in C is logged once at INFO. An unknown key (unknown to Java's clients, Connect, converters and
 * prefixes) is logged at WARN with file and line. Errors name key, file and line. */
struct kc_error *kc_worker_config_new(enum kc_worker_mode mode, const struct kc_map *properties,
                                      const char *file, const struct kc_map *lines,
                                      struct kc_worker_config **config) KC_MUST_CHECK;
void kc_worker_config_destroy(struct kc_worker_config *config);

/* The definitions themselves, borrowed for ever. */
const struct kc_config_def *kc_worker_config_def(enum kc_worker_mode mode);

/* Client properties as Connect makes them from the worker's (ConnectUtils, Worker); new maps. */
/* Worker's own clients (internal topics, shared admin): everything unprefixed that isn't a worker
 * key, bootstrap.servers, and client_id. */
struct kc_map *kc_worker_client_properties(const struct kc_worker_config *config,
                                           const char *client_id);
/* A task's producer, consumer or admin: Connect's defaults, then the worker's "producer."… prefix,
 * then the connector's "producer.override."… keys (connector_config may be NULL), then client_id
 * unless set. */
struct kc_map *kc_task_client_properties(const struct kc_worker_config *config, const char *kind,
                                         const struct kc_map *connector_config,
                                         const char *client_id);
/* The ssl.* settings of HTTPS listeners and of the client to other workers' ones: those with the
 * prefix ("listeners.https.", "admin.listeners.https."), or, where none has it, the plain ones
 * (AbstractConfig.valuesWithPrefixAllOrNothing). A new map; keys without the prefix. */
struct kc_map *kc_worker_ssl_settings(const struct kc_worker_config *config, const char *prefix);
/* ConnectUtils.clientIdBase: "<group.id>-" or "<group.id>-<client.id>-". Owned by the caller. */
char *kc_worker_client_id_base(const struct kc_worker_config *config);

/* The framework's keys of connectors (ConnectorConfig, SourceConnectorConfig, SinkConnectorConfig):
 * tables in the order that 4.1.0 reports; borrowed for ever. */
const struct kc_config_def *kc_connector_config_def(bool source);

/* connector.client.config.override.policy: whether a connector may override key (without its
 * "producer.override." or such). */
bool kc_override_allowed(const struct kc_worker_config *config, const char *key);
/* The policy's name as messages have it: All, None or Principal. Constant. */
const char *kc_override_policy_name(const struct kc_worker_config *config);
/* Whether name is such a policy, or its Java class. */
bool kc_override_policy_known(const char *name);

#endif
