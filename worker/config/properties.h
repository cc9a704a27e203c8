/* SPDX-License-Identifier: Apache-2.0 */
/* Java .properties files, with all of java.util.Properties' syntax, and where each key stood. */
#ifndef WORKER_CONFIG_PROPERTIES_H
#define WORKER_CONFIG_PROPERTIES_H

#include "connect/map.h"

/* Reads text (len bytes; UTF-8, as Connect's Utils.loadProps reads it) into map: the last of equal
 * keys wins, in the place of the first. lines, when not NULL, gets for each key the number of its
 * line as text. source names the text in errors ("<source>:<line>: ..."), KC_ERR_CONFIG. */
struct kc_error *kc_properties_parse(const char *text, size_t len, const char *source,
                                     struct kc_map *map, struct kc_map *lines) KC_MUST_CHECK;

/* The same from a file. KC_ERR_IO when it can't be read. Files beyond 16 MiB are refused. */
struct kc_error *kc_properties_load(const char *path, struct kc_map *map,
                                    struct kc_map *lines) KC_MUST_CHECK;

#endif
