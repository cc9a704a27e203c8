/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The topics that a link mirrors, as groups need them: names on both sides, and whether offsets can
 * be brought over. Follows the store. One thread.
 */
#ifndef CONNECTORS_LINK_LINK_GROUP_TOPICS_PRIV_H
#define CONNECTORS_LINK_LINK_GROUP_TOPICS_PRIV_H

#include "connect/hash.h"
#include "link/link_store_priv.h"

/* Lives as long as the table, so that its names can be borrowed. */
struct link_group_topic {
    char *target;
    char *source;
    struct kc_uuid target_id;
    int32_t partitions;
    bool mirrored;            /* false: it has no order any more, or one that was refused */
    bool gone;                /* it has no order any more */
    bool translate;           /* offsets differ on both sides */
    bool over;                /* promoted, or failed over: the source is no longer its truth */
    bool anew;                /* it was made anew on the target: whoever has seen that clears it */
    UT_hash_handle hh;        /* by target */
    UT_hash_handle by_source; /* of those that are mirrored */
};

/* Zero-initialise it. */
struct link_group_topics {
    struct link_group_topic *by_target;
    struct link_group_topic *by_source;
    uint64_t version; /* of the store */
};
/* Reads what has changed in the store. True: something that groups need has. */
bool link_group_topics_refresh(struct link_group_topics *topics, struct link_store *store);
/* The mirrored topic of that name; NULL: there is none. */
const struct link_group_topic *link_group_topic_of_source(const struct link_group_topics *topics,
                                                          const char *source);
const struct link_group_topic *link_group_topic_of_target(const struct link_group_topics *topics,
                                                          const char *target);
void link_group_topics_destroy(struct link_group_topics *topics); /* empties */

#endif
