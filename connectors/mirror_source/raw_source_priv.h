/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading for a mirror task as record batches: the raw lane's counterpart of
 * source_consumer_priv.h.
 *
 * Chunks go to the worker as they were fetched. A reset, a truncation or a topic that was created
 * again is reported; then source.history.policy or auto.offset.reset decides. All calls come from
 * the task's thread, except _wake() (any thread).
 */
#ifndef CONNECTORS_MIRROR_SOURCE_RAW_SOURCE_PRIV_H
#define CONNECTORS_MIRROR_SOURCE_RAW_SOURCE_PRIV_H

#include "mirror_source/assignment_priv.h"

struct kc_raw_source;

/* context and config are borrowed. assignment is ref'ed. opened: the worker will open the batches,
 * so less is fetched ahead. Sends no request. */
struct kc_error *kc_raw_source_new(struct kc_source_context *context,
                                   const struct kc_mirror_config *config,
                                   struct kc_mirror_assignment *assignment, bool opened,
                                   struct kc_raw_source **source) KC_MUST_CHECK;
/* What was handed out stays valid. NULL is fine. */
void kc_raw_source_destroy(struct kc_raw_source *source);

/* Starts reading every partition at its next_offset, or where auto.offset.reset says. */
struct kc_error *kc_raw_source_start(struct kc_raw_source *source) KC_MUST_CHECK;

/* Waits up to timeout_ms for batches; *batch NULL when there were none. Trouble that may pass is
 * logged, not returned. */
struct kc_error *kc_raw_source_poll(struct kc_raw_source *source, int timeout_ms,
                                    struct kc_batch **batch) KC_MUST_CHECK;

/* Ends a wait, the running one or the next. */
void kc_raw_source_wake(struct kc_raw_source *source);

#endif
