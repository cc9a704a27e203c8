/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Look-ups in the background, and what they have found.
 *
 * A caller gets what is known and never waits. What isn't known is looked up on the queue's own
 * threads, and is known at a later call. More threads run when many offsets wait. What could not be
 * found is looked for again after a while. The next queue of the flow also knows what was found
 * (lookup_shelf_priv.h). One thread asks.
 */
#ifndef CONNECTORS_MIRROR_LOOKUP_QUEUE_H
#define CONNECTORS_MIRROR_LOOKUP_QUEUE_H

#include "mirror/lookup_client.h"

struct kc_lookup_queue;

/* config is borrowed. */
struct kc_lookup_queue *kc_lookup_queue_new(const struct kc_mirror_config *config);
void kc_lookup_queue_destroy(struct kc_lookup_queue *queue); /* NULL is fine */

/* Whether the offset is known. If not, it is looked up, delay_ms after the first call. */
bool kc_lookup_queue_ask(struct kc_lookup_queue *queue, const struct kc_lookup *lookup,
                         int64_t delay_ms, int64_t *downstream);
/* How many wait or are under way. */
size_t kc_lookup_queue_waiting(struct kc_lookup_queue *queue);

#endif
