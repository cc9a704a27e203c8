/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings of the mirror connectors that Java's don't have. They aren't among the declared keys,
 * which are Java's, so the worker doesn't check them by their types. Any thread.
 */
#ifndef CONNECTORS_MIRROR_OWN_SETTINGS_H
#define CONNECTORS_MIRROR_OWN_SETTINGS_H

#include "connect/config_def.h"

/* Says of each that is set to something else than its type allows. Those of one connector alone
 * (source.history.policy, metric.names.formats) are that one's business. */
void kc_mirror_validate_own_settings(const struct kc_map *config, struct kc_config_values *values);

#endif
