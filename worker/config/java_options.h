/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Java's system properties: -Dname=value in the variables from which Apache's scripts and the JVM
 * read options, or name=value in the worker's own file.
 *
 * Only the person who starts the worker can set them; a connector's configuration can't. So what
 * connectors must not decide stands here.
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
