/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The offsets of one mirror group: what it has committed on the source, what the target has, and
 * what is to be committed there.
 *
 * An offset is clamped to the target's log and never goes back. Each partition of a topic in which
 * the group has an offset gets one, because a member would otherwise begin by auto.offset.reset.
 *
 * Pure; one thread at a time.
 */
#ifndef CONNECTORS_LINK_LINK_GROUP_OFFSETS_PRIV_H
#define CONNECTORS_LINK_LINK_GROUP_OFFSETS_PRIV_H

#include "connect/group.h"

/* One partition. Offsets are the target's; -1: none, or not known. */
struct link_offset {
    const char *topic; /* on the target; borrowed for the life of the table */
    int32_t partition;
    int64_t source;    /* committed on the source, translated */
    char *metadata;    /* that goes with it; NULL: none */
    int64_t committed; /* on the target */
    int64_t former;    /* that the target had before, until something is committed in its place */
    int64_t start;     /* of the target's log */
    int64_t end;
    bool seen; /* in the round under way */

    /* where offsets differ on both sides */
    int64_t upstream;        /* committed on the source, as it is there; -1: none */
    int64_t translated_from; /* the upstream that `source` is of; -1: none */
    bool ahead;              /* upstream is beyond what is mirrored, or isn't translated yet */
};

/* Sorted by topic and partition. Zero-initialise it. */
struct link_offset_table {
    struct link_offset *items;
    size_t count;
    size_t cap;
};
void link_offset_table_destroy(struct link_offset_table *table); /* empties */

/* The entry of a partition, made when it isn't there. Valid until the next one is made. */
struct link_offset *link_offset_at(struct link_offset_table *table, const char *topic,
                                   int32_t partition);
/* A round that reads the source's offsets: begin, set each, end. Partitions that have none after it
 * are at -1. */
void link_offset_round_begin(struct link_offset_table *table);
void link_offset_set_source(struct link_offset_table *table, const char *topic, int32_t partition,
                            int64_t offset, const char *metadata);
/* The same in a topic whose offsets differ: it is to be translated. */
void link_offset_set_upstream(struct link_offset_table *table, const char *topic, int32_t partition,
                              int64_t upstream, const char *metadata);
void link_offset_round_end(struct link_offset_table *table);
/* Makes entries for all partitions of a topic in which the group has an offset. */
void link_offset_complete(struct link_offset_table *table, const char *topic, int32_t partitions);
bool link_offset_has_topic(const struct link_offset_table *table, const char *topic);
/* The target's topic was made anew: brokers have deleted with the former one what was committed. */
void link_offset_made_anew(struct link_offset_table *table, const char *topic);
/* It is mirrored no longer, so that nothing in it concerns the group. */
void link_offset_drop_topic(struct link_offset_table *table, const char *topic);
/* What the target has of another history. It matters where the group has an entry, and doesn't
 * count as committed: it is replaced, also by an offset that lies before it. */
void link_offset_set_former(struct link_offset_table *table, const char *topic, int32_t partition,
                            int64_t offset);
bool link_offset_has_former(const struct link_offset_table *table);
/* Others may have committed since: what the target has isn't known any more. */
void link_offset_forget_committed(struct link_offset_table *table);
/* A look at what a cluster has committed still: link_offset_round_begin(), found each, end. What it
 * hasn't any more is wanted again. */
void link_offset_found(struct link_offset_table *table, const char *topic, int32_t partition);
void link_offset_found_end(struct link_offset_table *table);

bool link_offset_needs_translation(const struct link_offset *offset);
/* target: where the index has the offset, -1: nowhere; end: of the target's log, asked before the
 * index. Beyond that nothing is decided: then the end is as far as the group may be brought. */
void link_offset_translate(struct link_offset *offset, int64_t target, int64_t end);

/* Whether the target's log must be asked before anything can be said of the partition. */
bool link_offset_needs_bounds(const struct link_offset *offset);
/* What is to be committed on the target; -1: nothing. */
int64_t link_offset_wanted(const struct link_offset *offset);
/* Whether the target's log hasn't reached the group's offset yet. */
bool link_offset_behind(const struct link_offset *offset);

/* A list of offsets with texts of its own. Zero-initialise it. */
struct link_commit {
    struct kc_arena *arena;
    struct kc_group_offset *items;
    size_t count;
};
/* What the table wants to have committed. */
void link_commit_collect(const struct link_offset_table *table, struct link_commit *commit);
/* Notes in the table what was committed; errors[i] (NULL: none of them) speaks of items[i]. */
void link_commit_note(const struct link_commit *commit, struct kc_error *const *errors,
                      struct link_offset_table *table);
void link_commit_destroy(struct link_commit *commit); /* empties */

#endif
