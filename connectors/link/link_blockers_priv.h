/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What speaks against a promotion. Each blocker has a code that scripts match on, and a message
 * that names the thing and the remedy. Any thread; they ask both clusters, and wait for a second
 * where it isn't known whether the source is quiet.
 */
#ifndef CONNECTORS_LINK_LINK_BLOCKERS_PRIV_H
#define CONNECTORS_LINK_LINK_BLOCKERS_PRIV_H

#include "link/link_control_priv.h"
#include "link/link_live_priv.h"
#include "link/link_mirror_priv.h"

#include "connect/admin.h"

/* mirrors[i] is what outcomes[i] is about; those that have a status already are left alone. look
 * has the lags of all mirrors, in their order; it is the caller's, too. */
void link_block_promotions(struct link_control *control, const struct link_mirror *mirrors,
                           struct link_outcome *outcomes, size_t count,
                           const struct link_request *request, struct link_look *look);
void link_block_group_promotions(struct link_control *control,
                                 const struct link_mirror_group *mirrors,
                                 struct link_outcome *outcomes, size_t count,
                                 const struct link_request *request);

/* The producer of these partitions at the source that wrote last, if that was lately, and not
 * through one of the gateways: an array of each one's writers; NULL: there are none. NULL: nobody.
 */
const struct kc_partition_producer *link_last_writer(const struct link_config *config,
                                                     const struct kc_partition_producers *items,
                                                     size_t count, const json_t *gateways,
                                                     int32_t *partition);

/* link_orders.c: begins a look at mirrors; names are borrowed from them. */
void link_look_begin(struct link_look *look, const struct link_mirror *mirrors, size_t count);

/* Committed offsets at the source of the link's groups, for many questions. Zero-initialise it. */
struct link_commits {
    struct kc_strings groups;                  /* on the source */
    struct kc_strings target_groups;           /* the same, on the target */
    bool *promoted;                            /* by group */
    rd_kafka_topic_partition_list_t **offsets; /* by group, sorted; NULL: not known */
};
/* Of all mirror groups of the link. Returns why not; the caller's. NULL: all is well. */
char *link_commits_load(struct link_control *control, struct link_commits *commits);
void link_commits_clear(struct link_commits *commits);
bool link_commits_has(const struct link_commits *commits, size_t group, const char *source_topic);

#endif
