/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Java .properties files, with the whole syntax of java.util.Properties, and the line of each key.
 *
 * Java reads a file as ISO-8859-1 when it is a worker's or a connector's own (Utils.loadProps), and
 * as UTF-8 when a config provider opens it. So do we, with a warning for each line of the former
 * that isn't ASCII. A byte order mark is skipped. Pure except for reading files; any thread.
 */
#ifndef WORKER_CONFIG_PROPERTIES_H
#define WORKER_CONFIG_PROPERTIES_H

#include "connect/map.h"

#define KC_PROPERTIES_MAX_FILE ((size_t)16 * 1024 * 1024)

/* Reads text (len bytes of UTF-8) into map. A repeated key keeps its first place and gets its last
 * value. lines, if not NULL, gets the line number of each key, as text. source names the text in
 * errors ("<source>:<line>: ..."), KC_ERR_CONFIG. */
struct kc_error *kc_properties_parse(const char *text, size_t len, const char *source,
                                     struct kc_map *map, struct kc_map *lines) KC_MUST_CHECK;

/* The same from a worker's or connector's file, ISO-8859-1. KC_ERR_IO when it can't be read. Files
 * beyond KC_PROPERTIES_MAX_FILE are refused. */
struct kc_error *kc_properties_load(const char *path, struct kc_map *map,
                                    struct kc_map *lines) KC_MUST_CHECK;

/* Appends the bytes of a file to text; KC_ERR_IO names path when it can't be read or exceeds max.
 */
struct kc_error *kc_file_read(const char *path, size_t max, struct kc_str *text) KC_MUST_CHECK;

#endif
