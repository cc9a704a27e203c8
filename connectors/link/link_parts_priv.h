/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a link does besides copying, in four parts that people may pause one by one; REST calls them
 * tasks, as Cluster Linking does. What is paused stands in the link's own record, so that it stays
 * so across restarts. Any thread.
 *
 * Whatever keeps records or groups safe goes on: copying (which is paused topic by topic), holds,
 * the write guard, the look for topics that were made again, and what people order.
 */
#ifndef CONNECTORS_LINK_LINK_PARTS_PRIV_H
#define CONNECTORS_LINK_LINK_PARTS_PRIV_H

#include "link/link_store_priv.h"

struct kc_resource_request;

enum link_part {
    LINK_PART_TOPICS,  /* topics that match later, and partitions that are added */
    LINK_PART_CONFIGS, /* topic settings that change */
    LINK_PART_ACLS,    /* ACLs and quotas */
    LINK_PART_GROUPS,  /* groups that match later, offsets of held groups, automatic promotions */
};
#define LINK_PARTS 4

const char *link_part_name(enum link_part part); /* "topics", ... */
bool link_part_is_paused(struct link_store *store, enum link_part part);

/* POST /links/{link}/tasks:pause and tasks:resume, by the connector alone. */
void link_post_tasks_pause(void *connector, struct kc_resource_request *request);
void link_post_tasks_resume(void *connector, struct kc_resource_request *request);

#endif
