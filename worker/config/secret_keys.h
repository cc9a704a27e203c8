/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells by name which settings are secret: Java's keys of type PASSWORD under any prefix, and names
 * like them if there is no definition. Pure, any thread.
 */
#ifndef WORKER_CONFIG_SECRET_KEYS_H
#define WORKER_CONFIG_SECRET_KEYS_H

#include "connect/map.h"

bool kc_config_is_secret(const char *key);

/* "{a=b, c=[hidden]}": as kc_map_print(), with secrets hidden; owned by the caller. */
char *kc_config_print(const struct kc_map *config);

#endif
