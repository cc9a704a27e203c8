/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers GET and POST /connectors/X/translate for MM2's connectors: what offsets of the source are
 * on the target, and how that is known.
 *
 * Each request reads the topics anew, so that any worker can answer. Any thread.
 */
#ifndef CONNECTORS_COMMON_TRANSLATE_REQUEST_H
#define CONNECTORS_COMMON_TRANSLATE_REQUEST_H

#include "common/mirror_config.h"

/* As kc_connector_ops.translate, with the plugin whose configuration it is. */
struct kc_error *kc_mirror_translate(const struct kc_plugin *plugin, const struct kc_map *config,
                                     const json_t *offsets, json_t **answer) KC_MUST_CHECK;

#endif
