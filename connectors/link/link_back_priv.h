/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way back: after a topic was promoted or failed over, the source's topic goes on as a mirror
 * of the target's, so that producers and consumers can return until people finalize the move.
 *
 * Who does it. A link is one connector, with one direction. So a way back is a second link, with
 * the sides swapped; its setting link.reverse.of names the first one. People create it as any link
 * (`isthmus link create --reverse-of` swaps the settings as they were given, so that secrets stay
 * references). It has an identity, a producer id, leases and a state topic of its own, on the
 * cluster that was the source. Groups are held by it as by any link, and a promotion by it is the
 * return.
 *
 * How the two meet. A verb on the first link checks both clusters, and writes what people want as
 * KC_LINK_BACK into its own state topic. The second link reads that topic, which is on its source,
 * each second, and orders the mirror topic. So each record has one writer; a verb may come before
 * the second link is created; and whoever is killed in between does the rest later.
 *
 * What holds. Let E be the end of the partition in the receipt: the offset at which the target was
 * cut from the source. What lies below E is the same on both sides, at the same offsets, because
 * the target's log was a mirror, and no other log (topic ids, and the log's ends, tell). So the
 * source's log is a beginning of the target's, and the second link copies from E on: its sequence
 * begins with E, as if it had written the records before (copy_position_priv.h). Its saved state
 * says `checked` = E, so that each look reads the log from there, and whatever isn't the link's own
 * is found and named. Nothing that lies below E is deleted before the target's own log begins
 * behind E.
 *
 * reverse-and-start refuses what would not be equal:
 *
 *     SOURCE_HAS_MORE      the source's log ends behind E: somebody wrote after the cut, or a
 *                          failover left records behind
 *     SOURCE_CUT_SHORT     it ends before E: its history was cut off
 *     SOURCE_RECREATED     it is another topic
 *     OPEN_TRANSACTION     one that began before the cut: its marker would shift what follows
 *     HISTORIES_DIFFER     the last records before E differ. History that is rewritten is so up to
 *                          its end: who loses a suffix and writes another one differs there
 *     TARGET_STARTS_LATER  retention has deleted records from E on at the target
 *
 * truncate-and-restore is for these. Kafka can't cut a log's end (DeleteRecords moves its
 * beginning), so the topic at the source is deleted by its id, made anew, aligned to the target's
 * log start and filled from there. What that gives up is read before, told, and kept in the record;
 * it needs force. The id makes it safe to do twice: a topic that was made anew is another one.
 *
 * The same is done where a mirror topic has what the source hasn't: `repair` with force
 * (link_repair.c).
 */
#ifndef CONNECTORS_LINK_LINK_BACK_PRIV_H
#define CONNECTORS_LINK_LINK_BACK_PRIV_H

#include "link/link_control_priv.h"
#include "link/link_mirror_priv.h"

struct kc_resource_request;

/* ---- link_back_orders.c: verbs, on the first link ---- */

/* Checks both sides and writes what is wanted, for topics by their names on the target. */
struct kc_error *link_order_back(struct link_control *control, const struct kc_strings *topics,
                                 enum kc_link_back_wish wish, const struct link_request *request,
                                 struct link_outcomes *outcomes) KC_MUST_CHECK;
/* link_back_find.c. Whether no link is known that is the reverse of this one. False: there is one,
 * or its topic can't be read. Blocks. */
bool link_back_is_missing(struct link_control *control);
/* How the topic goes back, for people: {wish, by, since_ms, given_up}. New reference; null: it
 * doesn't. */
json_t *link_back_view(struct link_control *control, const char *topic);

/* ---- link_back_checks.c: what speaks against it ---- */

struct link_back_partition {
    int64_t cut;   /* E; -1: not known */
    int64_t begin; /* of the source's log, and what follows */
    int64_t end;
    int64_t stable;
    int64_t target_begin;
    bool differs; /* the last records before the cut */
};
/* A topic that is to go back. Zero-initialise it. */
struct link_back_case {
    const char *topic;
    struct link_mirror mirror;
    bool gone;         /* the source has no such topic */
    bool another;      /* it has another one of this name */
    struct kc_uuid id; /* of the topic at the source */
    struct link_back_partition *partitions;
    size_t count;
};
/* Reads what the link knows, and asks both sides. False: it can't go back whatever people give up,
 * and the outcome says why. */
bool link_back_look(struct link_control *control, const char *topic, struct link_back_case *back,
                    struct link_outcome *outcome);
/* Blocks what would not be equal; pure. */
void link_back_check(const struct link_back_case *back, struct link_outcome *outcome);
/* Up to where the partition's log at the source is known to be the target's; pure. */
int64_t link_back_common(const struct link_back_case *back, size_t partition);
void link_back_clear(struct link_back_case *back);

/* ---- link_back_follow.c: on the second link ---- */

struct link_back_follower;

/* What is to be done about a wish. */
enum link_back_step {
    LINK_BACK_NOTHING,
    LINK_BACK_MAKE,   /* make the mirror topic, of what is there or anew */
    LINK_BACK_DELETE, /* delete the topic that is given up, if it is still that one; then make it */
    LINK_BACK_UNMAKE, /* the same of one that is a mirror topic already: end the copying first */
    LINK_BACK_FORGET, /* end the mirroring */
};
/* mirror: of the link back; NULL: it has none. returned: the link back has promoted the topic
 * since: the source is the truth again, and nothing of it is given up. Pure. */
enum link_back_step link_back_decide(const struct kc_link_back *back,
                                     const struct link_mirror *mirror, bool returned);

/* The link that this one is the reverse of, as far as its name and its clusters are concerned. */
struct kc_error *link_back_forward(const struct link_config *config,
                                   struct link_config **forward) KC_MUST_CHECK;
/* NULL where the link's link.reverse.of is empty. */
struct link_back_follower *link_back_follower_new(struct link_control *control);
/* Takes up what the first link was asked for. An error may pass. By the watch, each second. */
struct kc_error *link_back_follower_step(struct link_back_follower *follower) KC_MUST_CHECK;
/* Ends a step that waits for a cluster; any thread. NULL is fine. */
void link_back_follower_stop(struct link_back_follower *follower);
void link_back_follower_destroy(struct link_back_follower *follower); /* NULL is fine */
/* The state with which a mirror topic begins whose log is there already. New reference. */
json_t *link_back_first_state(const struct link_control *control, const char *topic,
                              const struct kc_link_back *back);

/* ---- link_given_up.c: what a log has that is given up ---- */

#define LINK_GIVEN_UP_KEYS 5 /* that are told of each partition */

struct link_given_up_partition {
    int32_t partition;
    int64_t from;  /* in: everything from here on is given up */
    int64_t to;    /* in: the log's end */
    int64_t look;  /* in: from here on, what `ours` hasn't written is given up, too; -1: no */
    int64_t first; /* out: the first offset that is given up; -1: none */
    int64_t records;
    int64_t first_ms; /* the least and the largest timestamp; -1 */
    int64_t last_ms;
    struct kc_strings keys; /* of the first records, for people */
    bool complete;          /* it was read to its end in time */
};
/* Reads the partitions' logs on one side, until then (kc_mono_ms() units). ours: a producer id. */
struct kc_error *link_given_up_read(const struct link_config *config, enum link_side side,
                                    const char *topic, int64_t ours,
                                    struct link_given_up_partition *partitions, size_t count,
                                    int64_t until) KC_MUST_CHECK;
/* [{partition, from, to, records, first_timestamp, last_timestamp, keys, complete}] of partitions
 * that give something up. New reference. */
json_t *link_given_up_json(const struct link_given_up_partition *partitions, size_t count);
/* "12 records of 2 partitions (partition 0 from offset 90 on, ...)": the caller's. */
char *link_given_up_text(const struct link_given_up_partition *partitions, size_t count);
void link_given_up_clear(struct link_given_up_partition *partitions, size_t count); /* frees */

/* ---- link_repair.c: mirror topics that are made anew ---- */

/* Deletes the target's topic if it is still the one with this id, and waits until brokers have
 * forgotten it. */
struct kc_error *link_delete_topic(struct link_control *control, const char *topic,
                                   const struct kc_uuid *id) KC_MUST_CHECK;
/* Ends the copying to a mirror topic and deletes the target's topic. Until it is made anew
 * (link_create_topics()) the mirror is FAILED, or stays DIVERGED, and its reason says so. */
struct kc_error *link_unmake(struct link_control *control, struct link_mirror *mirror,
                             const char *by) KC_MUST_CHECK;
/* For a repair: tells what making the topic anew would give up, and with force does it. Those that
 * are to be made have a refusal in their order then. */
struct kc_error *link_repair_unmake(struct link_control *control, struct link_mirror *mirror,
                                    const struct link_request *request,
                                    struct link_outcome *outcome) KC_MUST_CHECK;

/* ---- link_back_resource.c: POST /links/{link}/mirrors:VERB ---- */

void link_post_reverse(void *connector, struct kc_resource_request *request);
void link_post_restore(void *connector, struct kc_resource_request *request);
void link_post_finalize(void *connector, struct kc_resource_request *request);
/* The same under Confluent's names. */
void link_alias_reverse(void *connector, struct kc_resource_request *request);
void link_alias_restore(void *connector, struct kc_resource_request *request);

#endif
