/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which settings nobody may be shown, by their names: Java's keys of the type PASSWORD under any
 * prefix, and what looks like one where there is no definition. Pure, any thread.
 */
#ifndef WORKER_CONFIG_SECRET_KEYS_H
#define WORKER_CONFIG_SECRET_KEYS_H

#include "connect/map.h"

bool kc_config_is_secret(const char *key);

/* "{a=b, c=[hidden]}", as kc_map_print() but for secrets; owned by the caller. */
char *kc_config_print(const struct kc_map *config);

#endif
