/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mirror groups of one task: holds them on the target, brings their offsets over, promotes
 * them.
 *
 * A thread of its own works through the groups; it reads orders from the store and writes states
 * there as long as the lease holds. What is held stays held when the task ends: the successor comes
 * back under the same instance id, or the same member ids and epochs.
 */
#ifndef CONNECTORS_LINK_LINK_GROUPS_PRIV_H
#define CONNECTORS_LINK_LINK_GROUPS_PRIV_H

#include "link/link_lease_priv.h"

struct link_groups;

/* Starts the thread for the groups that belong to config's task. All are borrowed until the end. */
struct kc_error *link_groups_open(const struct link_config *config, struct link_store *store,
                                  const struct link_lease *lease,
                                  struct link_groups **groups) KC_MUST_CHECK;
/* Doesn't leave the groups. NULL is fine. */
void link_groups_close(struct link_groups *groups);

#endif
