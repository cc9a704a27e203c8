/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings of the mirror connectors beyond Java's. They aren't among the declared keys, which are
 * Java's, so the worker doesn't check their types. Any thread.
 */
#ifndef CONNECTORS_MIRROR_OWN_SETTINGS_H
#define CONNECTORS_MIRROR_OWN_SETTINGS_H

#include "connect/config_def.h"

/* Adds an error for each whose value its type doesn't allow. Settings of a single connector
 * (source.history.policy, metric.names.formats) are checked by that connector. */
void kc_mirror_validate_own_settings(const struct kc_map *config, struct kc_config_values *values);

#endif
