/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lease of a task: the right to write for its topics and groups.
 *
 * A lease is a record of the state topic that its holder renews. Clocks of machines aren't
 * compared: a successor waits for the duration in which the record doesn't change, by its own
 * clock; the holder counts from the moment before its last renewal that was acknowledged.
 */
#ifndef CONNECTORS_LINK_LINK_LEASE_PRIV_H
#define CONNECTORS_LINK_LINK_LEASE_PRIV_H

#include "link/link_store_priv.h"

struct link_lease;

/* Waits for the lease of config's task; KC_ERR_WAKEUP when stop is set. Renews it by a thread from
 * then on. */
struct kc_error *link_lease_take(struct link_store *store, const struct link_config *config,
                                 struct kc_stop *stop, struct link_lease **lease) KC_MUST_CHECK;
/* Until when (kc_mono_ms() units) this task may write; 0: no longer, somebody else has it. Any
 * thread, without waiting. A batch is given this as its deadline_ms. */
int64_t link_lease_until(const struct link_lease *lease);
bool link_lease_holds(const struct link_lease *lease);
int64_t link_lease_epoch(const struct link_lease *lease);
/* Names ("0/2": which task, of how many) of the leases that tasks of another number have had;
 * appended. What those have begun under their own names may be under way still. Any thread. */
void link_lease_former(const struct link_lease *lease, struct kc_strings *names);
/* Gives the lease back, so that a successor needn't wait. NULL is fine. */
void link_lease_release(struct link_lease *lease);

#endif
