/* SPDX-License-Identifier: Apache-2.0 */
/* What people hand in: configurations from files and --set, bodies as JSON. */
#ifndef WORKER_CLI_CLI_INPUT_PRIV_H
#define WORKER_CLI_CLI_INPUT_PRIV_H

#include "cli/cli_priv.h"

/* A file of JSON; "-" is the standard input. KC_ERR_BAD_REQUEST names file, line and reason. */
struct kc_error *cli_read_json(const char *path, json_t **json) KC_MUST_CHECK;

/* The same of YAML or JSON. */
struct kc_error *cli_read_document(const char *path, json_t **json) KC_MUST_CHECK;
/* cli_yaml_read.c: text as JSON; KC_ERR_BAD_REQUEST names source and line. Duplicate keys, tabs and
 * what isn't read here (anchors, tags, block texts) are errors. */
struct kc_error *cli_yaml_parse(const char *text, const char *source, json_t **json) KC_MUST_CHECK;

/* A connector's configuration out of a file, changed by --set: .properties as Java has them, or
 * JSON, {"KEY": VALUE} or {"name": NAME, "config": {...}}. path NULL: by --set alone. *name, which
 * may be NULL: the file's name for it, the caller's. New map. */
struct kc_error *cli_read_config(const struct cli *cli, const char *path, struct kc_map **config,
                                 char **name) KC_MUST_CHECK;
json_t *cli_config_json(const struct kc_map *config);

#endif
