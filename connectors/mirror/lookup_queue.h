/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Look-ups in the background, and their results.
 *
 * A caller gets the known results and never waits. The queue's own threads look up the others, so
 * that a later call knows them. More threads run when many offsets wait. A failed look-up is
 * repeated after a while. The flow's next queue also knows the results (lookup_shelf_priv.h). One
 * thread asks.
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
