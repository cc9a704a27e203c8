/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The consumer of a mirror task: reads assigned partitions and hands their messages on uncopied.
 *
 * Partitions are started one by one on a queue, without a consumer group. So no group coordinator
 * is asked, and no right to a group is needed. The messages' memory belongs to this object, which
 * each batch keeps alive by a reference; so it may outlive the task. All calls come from the task's
 * thread, except _wake() and _unref() (any thread).
 */
#ifndef CONNECTORS_MIRROR_SOURCE_SOURCE_CONSUMER_PRIV_H
#define CONNECTORS_MIRROR_SOURCE_SOURCE_CONSUMER_PRIV_H

#include "mirror_source/assignment_priv.h"

struct kc_source_consumer;

/* context and config are borrowed, assignment is ref'ed. */
struct kc_error *kc_source_consumer_new(struct kc_source_context *context,
                                        const struct kc_mirror_config *config,
                                        struct kc_mirror_assignment *assignment,
                                        struct kc_source_consumer **consumer) KC_MUST_CHECK;
struct kc_source_consumer *kc_source_consumer_ref(struct kc_source_consumer *consumer);
void kc_source_consumer_unref(struct kc_source_consumer *consumer); /* NULL is fine */

/* Starts reading every partition at its next_offset, or where auto.offset.reset says. */
struct kc_error *kc_source_consumer_start(struct kc_source_consumer *consumer) KC_MUST_CHECK;

/* Waits up to timeout_ms for messages; *batch NULL when there were none. Trouble that may pass is
 * logged, not returned. */
struct kc_error *kc_source_consumer_poll(struct kc_source_consumer *consumer, int timeout_ms,
                                         struct kc_batch **batch) KC_MUST_CHECK;

/* Ends a wait, the running one or the next. */
void kc_source_consumer_wake(struct kc_source_consumer *consumer);
/* Stops fetching. Batches that were handed out stay valid. */
void kc_source_consumer_stop(struct kc_source_consumer *consumer);

#endif
