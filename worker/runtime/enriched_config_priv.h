/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The framework's keys of a connector with those of its transforms and predicates:
 * ConnectorConfig.enrich. Pure; any thread.
 */
#ifndef WORKER_RUNTIME_ENRICHED_CONFIG_PRIV_H
#define WORKER_RUNTIME_ENRICHED_CONFIG_PRIV_H

#include "config/definition.h"
#include "config/worker_config.h"
#include "data/plugins.h"

/* The definition for config on a worker of these values; the caller destroys it. */
struct kc_config_def *kc_enriched_config_def(const struct kc_plugins *plugins,
                                             const struct kc_config *worker, bool is_source,
                                             const struct kc_map *config);

/* The common keys of sources and sinks, for a connector whose version is missing. */
struct kc_config_def *kc_enriched_config_common(const struct kc_plugins *plugins,
                                                const struct kc_map *config);
void kc_enriched_config_validate_common(const struct kc_plugins *plugins,
                                        const struct kc_config_def *def,
                                        const struct kc_map *config,
                                        struct kc_config_values *values);

/* Parses config as a connector's start does (ConnectorConfig, SourceConnectorConfig): an error
 * fails the connector. */
struct kc_error *kc_enriched_config_check(const struct kc_plugins *plugins,
                                          const struct kc_worker_config *worker, bool is_source,
                                          const struct kc_map *config) KC_MUST_CHECK;

/* Validates config by def, and what only the plugin registry knows: classes of converters,
 * transforms and predicates. Appends. */
void kc_enriched_config_validate(const struct kc_plugins *plugins, const struct kc_config_def *def,
                                 const struct kc_map *config, struct kc_config_values *values);

/* The same for converters that a connector's own definition repeats, as MM2's do: without defaults
 * and recommendations. values: as kc_config_validate() has left them. */
void kc_enriched_config_check_own(const struct kc_plugins *plugins, const struct kc_config_def *def,
                                  struct kc_config_values *values);

#endif
