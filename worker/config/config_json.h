/* SPDX-License-Identifier: Apache-2.0 */
/* Config definitions and validation results as REST's JSON (ConfigKeyInfo, ConfigInfos). Pure. */
#ifndef WORKER_CONFIG_CONFIG_JSON_H
#define WORKER_CONFIG_CONFIG_JSON_H

#include "connect/config_def.h"

#include <jansson.h>

/* One key, fields in Java's order: name, type, required, default_value, importance, documentation,
 * group, width, display_name, dependents, order. New reference. */
json_t *kc_config_key_json(const struct kc_config_key *key);

/* {"definition":..|null, "value":{...}}; key NULL for an unknown key; prefix (may be "") goes
 * before the names. New reference. */
json_t *kc_config_info_json(const struct kc_config_key *key, const struct kc_config_value *value,
                            const char *prefix);

#endif
