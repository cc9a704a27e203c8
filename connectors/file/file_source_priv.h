/* SPDX-License-Identifier: Apache-2.0 */
/* FileStreamSource's two halves: the connector declares the keys, the task reads by them. */
#ifndef CONNECTORS_FILE_FILE_SOURCE_PRIV_H
#define CONNECTORS_FILE_FILE_SOURCE_PRIV_H

#include "connect/plugin.h"

#define FILE_VERSION "4.1.0" /* of Connect's file connectors whose behaviour these have */

extern const struct kc_config_key kc_file_source_keys[];
enum { KC_FILE_SOURCE_KEYS = 3 };

/* Parses config by the keys above. */
struct kc_error *kc_file_source_config(const struct kc_map *config,
                                       struct kc_config **parsed) KC_MUST_CHECK;

extern const struct kc_source_task_ops kc_file_source_task;

#endif
