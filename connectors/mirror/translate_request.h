/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers GET and POST /connectors/X/translate for MM2's connectors: the target's offsets for
 * offsets of the source, and how they are known.
 *
 * Each request reads the topics anew, so that any worker can answer. Any thread; a request belongs
 * to one.
 */
#ifndef CONNECTORS_MIRROR_TRANSLATE_REQUEST_H
#define CONNECTORS_MIRROR_TRANSLATE_REQUEST_H

#include "mirror/mirror_config.h"

/* As kc_connector_ops.translate; plugin is the one whose configuration it is. */
struct kc_error *kc_mirror_translate(const struct kc_plugin *plugin, const struct kc_map *config,
                                     const json_t *offsets, json_t **answer) KC_MUST_CHECK;

/* ---- the same in steps, for other questions ---- */

struct kc_translate_request;

/* config is borrowed. Errors say what is missing, where, and what to do. */
struct kc_error *kc_translate_request_open(const struct kc_mirror_config *config,
                                           struct kc_translate_request **request) KC_MUST_CHECK;
void kc_translate_request_close(struct kc_translate_request *request); /* NULL is fine */

/* {"topic", "partition", "offset", "translated", "by", "exact", "reason"} of one offset. */
json_t *kc_translate_request_answer(struct kc_translate_request *request, const char *topic,
                                    int32_t partition, int64_t upstream);
/* Takes back answers (each borrowed, changed in place) that are behind the end of the target's log,
 * because they can't be of this flow. */
void kc_translate_request_check_ends(struct kc_translate_request *request, json_t *const *answers,
                                     size_t count);

#endif
