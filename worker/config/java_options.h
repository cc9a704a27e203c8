/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a JVM would know as system properties: -Dname=value in the variables that Apache's scripts
 * and the JVM itself read options from, or name=value in the worker's own file.
 *
 * Only who starts the worker can set them. A connector's configuration never can, which is why what
 * connectors may not decide for themselves stands here.
 */
#ifndef WORKER_CONFIG_JAVA_OPTIONS_H
#define WORKER_CONFIG_JAVA_OPTIONS_H

#include "connect/map.h"

/* Keeps the worker's own file, for names that the environment doesn't set. Before threads start. */
void kc_java_options_take_file(const struct kc_map *properties);

/* The value of the system property, owned by the caller; NULL: not set. The environment wins over
 * the file. Any thread. */
char *kc_java_property(const char *name);

#endif
