/* SPDX-License-Identifier: Apache-2.0 */
/* The settings that Kafka's Java clients declare: see client_definitions.c. */
#ifndef WORKER_CONFIG_CLIENT_DEFINITIONS_H
#define WORKER_CONFIG_CLIENT_DEFINITIONS_H

#include "connect/config_def.h"
#include "connect/kafka.h"

/* The definition of the setting, NULL where that client has none. */
const struct kc_config_key *kc_client_definition(enum kc_client_role role, const char *name);

/* A value as REST shows it, parsed by the type of its key: "[hidden]" for PASSWORD. A value that
 * can't be parsed is shown as it stands, and *err says why. Owned by the caller; NULL for NULL. */
char *kc_client_setting_text(const struct kc_config_key *key, const char *raw,
                             struct kc_error **err);

#endif
