/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The topics that a link mirrors, as groups need them: names on both sides, and whether offsets can
 * be brought over. Follows the store. One thread.
 */
#ifndef CONNECTORS_LINK_LINK_GROUP_TOPICS_PRIV_H
#define CONNECTORS_LINK_LINK_GROUP_TOPICS_PRIV_H

#include "connect/hash.h"
#include "connect/kafka.h"
#include "link/link_group_offsets_priv.h"
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
/* The partitions, under the source's names, in which a group may have committed without having an
 * offset yet: of the topics in its table, and of those that its members were seen to subscribe to.
 * All that are mirrored where neither is known, and where they are few: a group may read more than
 * the link has seen. Without offsets; the caller's. */
rd_kafka_topic_partition_list_t *
link_group_topics_partitions(const struct link_group_topics *topics,
                             const struct link_offset_table *offsets,
                             const struct kc_strings *subscribed);
void link_group_topics_destroy(struct link_group_topics *topics); /* empties */

#endif
