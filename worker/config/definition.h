/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worker's functions for a definition, beyond connect/config_def.h: it walks the keys, puts a
 * plugin's keys under a prefix, and validates a whole configuration.
 *
 * A definition that is no longer added to may be read from any thread.
 */
#ifndef WORKER_CONFIG_DEFINITION_H
#define WORKER_CONFIG_DEFINITION_H

#include "connect/config_def.h"

/* As kc_config_def_add(), for one key with a name, group and display name made at run time
 * (transforms.<alias>.x); strings are copied. */
void kc_config_def_embed(struct kc_config_def *def, const char *prefix, const char *group,
                         int order_base, const struct kc_config_key *key);
size_t kc_config_def_size(const struct kc_config_def *def);
const struct kc_config_key *kc_config_def_at(const struct kc_config_def *def, size_t index);
const struct kc_config_key *kc_config_def_find(const struct kc_config_def *def, const char *name);

/* Validates every key of def against config, as ConfigDef.validate: never fails itself. Appends. */
void kc_config_validate(const struct kc_config_def *def, const struct kc_map *config,
                        struct kc_config_values *values);
/* The value called name, NULL when it isn't there. */
const struct kc_config_value *kc_config_values_find(const struct kc_config_values *values,
                                                    const char *name);
void kc_config_values_destroy(struct kc_config_values *values);

#endif
