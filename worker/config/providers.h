/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `${provider:[path:]key}` in configurations (KIP-297, KIP-421, KIP-887).
 *
 * One object per worker (WorkerConfigTransformer), made from its config.providers settings and
 * immutable afterwards: any thread may resolve. Files are read again at each resolution.
 */
#ifndef WORKER_CONFIG_PROVIDERS_H
#define WORKER_CONFIG_PROVIDERS_H

#include "connect/map.h"

struct kc_providers;

/* Reads config.providers and config.providers.<n>.class / .param.* from config: File-, Directory-
 * and EnvVarConfigProvider by their Java class names; another class is a KC_ERR_CONFIG. */
struct kc_error *kc_providers_new(const struct kc_map *config,
                                  struct kc_providers **providers) KC_MUST_CHECK;
void kc_providers_destroy(struct kc_providers *providers); /* NULL is fine */

/* A copy of config with every variable that a provider knows replaced; others stay as they are.
 * providers may be NULL (a plain copy). An unreadable file is an error naming it and the key. */
struct kc_error *kc_providers_resolve(const struct kc_providers *providers,
                                      const struct kc_map *config,
                                      struct kc_map **resolved) KC_MUST_CHECK;

/* Whether value holds a ${provider:...} variable (ConfigTransformer's pattern). */
bool kc_providers_has_variable(const char *value);

/* Puts the raw text back into tasks for each key whose value in the connector's config has a
 * variable (AbstractHerder.reverseTransform). */
void kc_providers_reverse(const struct kc_map *connector_config, struct kc_maps *task_configs);

#endif
