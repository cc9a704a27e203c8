/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies topics of one task: record batches as bytes, each to its own offset.
 *
 * The position is what the target's log says: DescribeProducers gives the records that the link has
 * written, and what the link knows of its markers gives the rest. Batches are appended under the
 * link's producer id with the count of records as sequence, so that a broker takes each only at its
 * place. Partitions move by a table (link_copy.c).
 *
 * All functions but link_copy_wake() and those that say so: the task's thread.
 */
#ifndef CONNECTORS_LINK_LINK_COPY_PRIV_H
#define CONNECTORS_LINK_LINK_COPY_PRIV_H

#include "connect/admin.h"
#include "link/link_lease_priv.h"

struct link_copy;

struct kc_error *link_copy_open(const struct link_config *config, const struct link_lease *lease,
                                int64_t producer_id, struct link_copy **copy) KC_MUST_CHECK;
/* Ends the connections at once; what is under way may have been written. NULL is fine. */
void link_copy_close(struct link_copy *copy);

/* Begins with a topic, or goes on with it where the target's log and `topic` (its last state; a
 * fresh one has no partition states) say. order is copied. */
void link_copy_add(struct link_copy *copy, const char *topic,
                   const struct kc_link_topic_order *order, const struct kc_link_topic *state);
/* Ends the copying of a topic: what isn't sent is dropped, and this waits for what is. */
void link_copy_remove(struct link_copy *copy, const char *topic);
/* Removes what the offset index has of a topic that isn't mirrored any more. */
void link_copy_forget(struct link_copy *copy, const char *topic);
void link_copy_pause(struct link_copy *copy, const char *topic, bool paused);
/* More partitions at both sides. */
void link_copy_grow(struct link_copy *copy, const char *topic, int32_t partitions);
/* Finishes the topic for a promotion: copies up to the source's end, transactions that hang being
 * taken for aborted where force is set. link_copy_status() tells when it is done. */
void link_copy_finish(struct link_copy *copy, const char *topic, bool force);

enum link_copy_state {
    LINK_COPY_LOOKING,  /* asks both sides where it is */
    LINK_COPY_ALIGNING, /* writes leading fillers and cuts them */
    LINK_COPY_COPYING,
    LINK_COPY_PAUSED,
    LINK_COPY_FINISHED, /* the source's end is reached and everything acknowledged */
    LINK_COPY_AWAY,     /* the source can't be reached, or refuses */
    LINK_COPY_DIVERGED, /* somebody else has written, or the source's history was changed */
    LINK_COPY_FAILED,
};

struct link_copy_partition {
    int32_t partition;
    enum link_copy_state state;
    int64_t source_start; /* offsets; -1: not known yet */
    int64_t source_end;   /* the last stable offset */
    int64_t source_high;  /* the high watermark */
    int64_t target_end;   /* acknowledged */
    int64_t copied_bytes;
    int64_t fillers;        /* written in place of records that aren't there */
    uint32_t checksum;      /* CRC-32C over what was copied since the task began; see receipts */
    int64_t checked;        /* records that the checksum covers, without fillers */
    int64_t written;        /* that lie on the target by any task of the link: records, and fillers
                               among them, but for those in front of the first one */
    int64_t foreign_offset; /* of DIVERGED: the first that isn't the link's; -1 */
    struct kc_link_partition saved; /* what a successor must know */
};

/* A topic's state: the worst of its partitions'. */
struct link_copy_status {
    enum link_copy_state state;
    char *reason; /* "" : none */
    enum kc_link_offsets offsets;
    int64_t lag; /* records; -1: not known */
    int64_t bytes_per_second;
    int64_t last_source_time_ms; /* of the last batch that was copied */
    bool must_save; /* a partition's `saved` has changed: the state is to be written before the
                       partition goes on (link_copy_saved()) */
    struct link_copy_partition *partitions;
    size_t count;
};
/* Fills in status, whose former content is freed. */
void link_copy_status(struct link_copy *copy, const char *topic, struct link_copy_status *status);
void link_copy_status_clear(struct link_copy_status *status);
/* The partition states that were last asked for are in the state topic. */
void link_copy_saved(struct link_copy *copy, const char *topic);

/* Works until deadline_ms (kc_mono_ms() units) or until woken: fetches, appends, looks at answers.
 * An error is of the task as a whole. */
struct kc_error *link_copy_run(struct link_copy *copy, int64_t deadline_ms) KC_MUST_CHECK;
void link_copy_wake(struct link_copy *copy); /* any thread */

/* The last five batches of each producer that wrote to the topic in the last minutes: an array of
 * flip tables (kc_link_flip_json()), one for each partition that has any, with epoch 0, which the
 * caller sets. New reference. */
json_t *link_copy_flip_table(struct link_copy *copy, const char *topic);
/* Whether the copying of a partition began so lately that the table lacks batches that were copied
 * before. Then the source is to be asked which producers it knows, and this is told of them. */
bool link_copy_flips_are_young(struct link_copy *copy, const char *topic);
void link_copy_learn_flips(struct link_copy *copy, const char *topic,
                           const struct kc_partition_producers *items, size_t count);

#endif
