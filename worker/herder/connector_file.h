/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connectors in files, as connect-standalone takes them on its command line: .properties, or JSON
 * (a flat object of strings, or a create request; KIP-745).
 *
 * Called by the role, on the main thread; nothing is kept.
 */
#ifndef WORKER_HERDER_CONNECTOR_FILE_H
#define WORKER_HERDER_CONNECTOR_FILE_H

#include "storage/cluster_state.h"

/* Reads the connector's settings, including its name, into config, and its initial state
 * (KC_TARGET_NONE: not given). KC_ERR_IO, KC_ERR_CONFIG, KC_ERR_DATA. */
struct kc_error *kc_connector_file_load(const char *path, struct kc_map *config,
                                        enum kc_target_state *state) KC_MUST_CHECK;
/* The same of JSON in memory; path is for errors. */
struct kc_error *kc_connector_file_parse(const char *path, const char *text, size_t len,
                                         struct kc_map *config,
                                         enum kc_target_state *state) KC_MUST_CHECK;

#endif
