/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commits translated offsets for groups on the target, while they have no members there.
 *
 * Never moves an idle group back. Leaves groups alone that have members or that could not be asked.
 * (Java's task commits for those as well and may rewind a group that has just become idle.) One
 * thread at a time; the decision is a pure function.
 */
#ifndef CONNECTORS_MIRROR_CHECKPOINT_GROUP_SYNC_PRIV_H
#define CONNECTORS_MIRROR_CHECKPOINT_GROUP_SYNC_PRIV_H

#include "mirror/mirror_config.h"
#include "mirror_checkpoint/checkpoint_store_priv.h"

struct kc_group_sync;

/* All are borrowed; series[i] belongs to groups->items[i]. */
struct kc_group_sync *kc_group_sync_new(struct kc_admin *target, const struct kc_strings *groups,
                                        struct kc_series *const *series,
                                        const struct kc_mirror_config *config);
void kc_group_sync_destroy(struct kc_group_sync *sync);

/* Asks the target which groups are idle and for their offsets, then commits what is ahead of these.
 * Trouble with single groups is logged. */
struct kc_error *kc_group_sync_run(struct kc_group_sync *sync,
                                   const struct kc_checkpoint_store *store) KC_MUST_CHECK;

/* The offsets to commit for one group: those of its checkpoints that are ahead of idle (NULL: the
 * target doesn't know the group). Owned by the caller; may be empty. */
rd_kafka_topic_partition_list_t *kc_group_sync_offsets(const struct kc_checkpoint_store *store,
                                                       const char *group,
                                                       const rd_kafka_topic_partition_list_t *idle);

#endif
