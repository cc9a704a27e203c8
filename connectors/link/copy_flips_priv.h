/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last five batches of each producer that wrote to a partition of the source: what a broker
 * knows to recognise a batch that is sent again (KIP-98). Whoever takes the producers over answers
 * them from it. One thread.
 */
#ifndef CONNECTORS_LINK_COPY_FLIPS_PRIV_H
#define CONNECTORS_LINK_COPY_FLIPS_PRIV_H

#include "connect/admin.h"
#include "connect/link.h"
#include "connect/record_batch.h"
#include "link/link_map_priv.h"

struct link_flips;

struct link_flips *link_flips_new(void);
void link_flips_free(struct link_flips *flips); /* NULL is fine */
/* A batch of the source, as it was fetched. */
void link_flips_note(struct link_flips *flips, const struct kc_record_batch *batch, int64_t now_ms);
/* Producers as the source's leader tells them: those that wrote before the task began, so that none
 * of their batches was fetched. What they wrote up to the last sequence is known then, but not
 * where. end: of the source's log. */
void link_flips_learn(struct link_flips *flips, const struct kc_partition_producer *producers,
                      size_t count, int64_t end, int64_t now_ms);
/* The flip table (epoch 0) of those who have written since; map: where records are on the target,
 * NULL: where they are on the source; end: of the target's log. NULL: nobody has. New reference. */
json_t *link_flips_json(const struct link_flips *flips, int32_t partition,
                        const struct link_map *map, int64_t end, int64_t since_ms);

#endif
