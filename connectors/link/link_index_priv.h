/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The offset index of a link: the maps (link_map_priv.h) of all partitions whose offsets are
 * translated, in a compacted topic of one partition on the target.
 *
 * A record is a chunk of one map. Its key names link, topic, the topic's id, partition, era and
 * chunk; its value is the pieces. Each writer of a partition has an era, which is larger than those
 * before it. A later era's pieces replace the earlier ones that begin at or behind its first. So a
 * predecessor whose record arrives late overwrites nothing of its successor's.
 *
 * Whoever asks for the end of the target's log first, and reads the index to its end then, knows
 * the piece of each record before that end.
 *
 * Follows the topic by a thread of its own; any thread may call.
 */
#ifndef CONNECTORS_LINK_LINK_INDEX_PRIV_H
#define CONNECTORS_LINK_LINK_INDEX_PRIV_H

#include "connect/thread.h"
#include "link/link_config_priv.h"
#include "link/link_map_priv.h"

#define LINK_INDEX_TOPIC "isthmus-link-index"
#define LINK_INDEX_CHUNK 256 /* pieces of a record */

struct link_index;

/* Asks nobody yet: a link may have no topic that needs it. config is borrowed; use: of the client's
 * id. */
struct link_index *link_index_new(const struct link_config *config, const char *use);
void link_index_close(struct link_index *index); /* NULL is fine */
/* Reads to the topic's end. The first time it makes the topic unless it is there, and reads all of
 * it; that ends early when stop, which may be NULL, is set. */
struct kc_error *link_index_refresh(struct link_index *index,
                                    const struct kc_stop *stop) KC_MUST_CHECK;
/* Looks whether the topic keeps what it is given; one thread. *lost: some of it was deleted since
 * this was last asked, or all of it with the topic, which is there again then. */
struct kc_error *link_index_check(struct link_index *index, struct kc_admin *admin,
                                  const struct kc_stop *stop, bool *lost) KC_MUST_CHECK;

/* A partition of the target. topic_id: zero where the cluster has no ids. */
struct link_index_place {
    const char *topic;
    struct kc_uuid topic_id;
    int32_t partition;
};
/* The newest era that has written for it; -1: none. */
int64_t link_index_era(struct link_index *index, const struct link_index_place *place);
/* How many eras have records. */
size_t link_index_eras(struct link_index *index, const struct link_index_place *place);
/* The whole map, which is empty when there is none. map may hold another one before. */
void link_index_map(struct link_index *index, const struct link_index_place *place,
                    struct link_map *map);
/* As link_map_target() and link_map_source(). */
int64_t link_index_target(struct link_index *index, const struct link_index_place *place,
                          int64_t source);
int64_t link_index_source(struct link_index *index, const struct link_index_place *place,
                          int64_t target);

/* A chunk that is to be written. */
struct link_index_change {
    struct link_index_place place; /* borrowed */
    int64_t era, chunk;
    json_t *pieces; /* taken; NULL: the record goes away */
};
struct link_index_changes {
    struct link_index_change *items;
    size_t count, cap;
};
void link_index_add(struct link_index_changes *changes, const struct link_index_change *change);
/* Adds that all eras before this one go away. */
void link_index_drop_before(struct link_index *index, const struct link_index_place *place,
                            int64_t era, struct link_index_changes *changes);
/* The topics of which it has something. */
void link_index_topics(struct link_index *index, struct kc_strings *names);
/* Adds that everything of a topic goes away. topic must stay until the changes are written. */
void link_index_drop_topic(struct link_index *index, const char *topic,
                           struct link_index_changes *changes);
/* Writes in this order, and empties changes. After link_index_refresh(). */
struct kc_error *link_index_put(struct link_index *index,
                                struct link_index_changes *changes) KC_MUST_CHECK;
void link_index_changes_clear(struct link_index_changes *changes);

#endif
