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

/* ---- before a group is registered ---- */

/* What speaks against a mirror group. Texts are malloc'ed; code NULL: nothing does. */
struct link_obstacle {
    char *code;    /* "STREAMS_GROUP", "TARGET_GROUP_ACTIVE", ... */
    char *message; /* names the group, and what to do */
    bool warning;  /* the group can be registered all the same */
};

/* Looks at groups of the source and at those that are to mirror them: obstacles[i] is of
 * source_groups->items[i] and target_groups->items[i]. Asks in bulk; any thread, blocks. After an
 * error there are no obstacles. The connector asks before it writes orders, and link_groups asks
 * again before it joins. */
struct kc_error *link_group_obstacle(struct kc_admin *source, struct kc_admin *target,
                                     const struct kc_strings *source_groups,
                                     const struct kc_strings *target_groups,
                                     struct link_obstacle *obstacles) KC_MUST_CHECK;
void link_obstacles_clear(struct link_obstacle *obstacles, size_t count);

#endif
