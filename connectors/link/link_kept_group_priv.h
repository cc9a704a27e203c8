/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mirror group as its task keeps it, and the parts of a round over all of them. The groups'
 * thread alone.
 *
 * link_groups.c has the thread, orders and states; link_group_round.c asks both clusters in bulk;
 * link_group_act.c does what a step says; link_group_return.c brings offsets back to the source;
 * link_group_sessions.c lengthens the sessions of KIP-848 groups.
 */
#ifndef CONNECTORS_LINK_LINK_KEPT_GROUP_PRIV_H
#define CONNECTORS_LINK_LINK_KEPT_GROUP_PRIV_H

#include "link/link_group_topics_priv.h"
#include "link/link_groups_priv.h"
#include "link/link_hold_priv.h"
#include "link/link_index_priv.h"

struct link_kept_group {
    char *name; /* on the target */
    struct kc_link_group_order order;
    bool forgotten; /* the order has gone: the group is released, then its state goes, too */
    struct kc_link_group state;
    bool stored; /* the state topic has one, with these: */
    enum kc_link_group_state stored_state;
    int64_t stored_epoch;
    int64_t stored_lease;
    bool dirty; /* ... and another one than this */
    struct link_hold *hold;
    enum link_hold_state hold_state;
    char *hold_error;
    int64_t hold_round;
    enum link_group_action action; /* of the last step, to be done */

    /* The target's members. */
    bool target_known;
    size_t strangers;
    bool ours;
    char *obstacle;      /* NULL: none */
    int64_t asked_round; /* hold_round when they were asked */
    int64_t asked_ms;

    /* The source's members. */
    bool source_known;
    bool source_active;
    int64_t idle_since_ms;        /* seen without a member since then; 0: it has some */
    int64_t confirmed_ms;         /* when its coordinator said so; 0: not in this state */
    char *assignor;               /* of a classic group; NULL: not asked yet */
    bool source_consumer;         /* a KIP-848 group */
    struct kc_strings subscribed; /* by its members, on the source */

    struct link_offset_table offsets;
    bool reads_more;        /* topics than its hold was shown */
    int64_t offsets_ms;     /* when those of the source were read; 0: never */
    int64_t settled_ms;     /* when none of them was in a transaction; 0: never */
    bool unsettled;         /* some are */
    bool committed_known;   /* those of the target are in the table */
    bool committed_checked; /* ... and the target had them still when the promotion began */
    bool was_free;          /* its members may have gone on by themselves, and have committed */
    char *complaint;        /* of the last commit, which the log has; NULL: none */

    struct link_offset_table back; /* of a promoted group: from the target to the source */
    bool at_home;                  /* all its topics are promoted: nothing goes back any more */
    UT_hash_handle hh;
};

struct link_groups {
    const struct link_config *config;
    struct link_store *store;
    const struct link_lease *lease;
    struct kc_admin *source;
    struct kc_admin *target;
    struct link_hold_pool *pool;
    struct link_index *index; /* of topics whose offsets differ */
    struct kc_stop *stop;     /* of the thread */
    struct link_group_topics topics;
    struct link_held_topics held; /* all topics of the link, for KIP-848 groups */
    bool topics_changed;
    bool paused; /* only what is ordered is done: link_parts_priv.h */
    struct link_kept_group *groups;
    struct kc_thread *thread;
    uint64_t version; /* of the store, that orders were read at */
    int64_t began_ms;
    int64_t next_round_ms;
    int64_t next_back_ms;
    bool back_indexed;      /* the index was read in this round back */
    int longest_session_ms; /* that the target lets KIP-848 groups have; 0: not asked yet */
    char *source_complaint; /* that the log has; NULL: none */
    char *target_complaint;
};

/* A choice among the groups. */
typedef bool (*link_group_choice)(const struct link_groups *groups,
                                  const struct link_kept_group *group);
/* Those chosen, in a new array that ends with NULL; the caller's. names are the target's or the
 * source's, in the same order. */
struct link_kept_group **link_groups_choose(struct link_groups *groups, link_group_choice choice,
                                            enum link_side side, struct kc_strings *names);

/* Takes err. Logs it once until the side answers again; err NULL: it did. True: it did. */
bool link_groups_answered(struct link_groups *groups, enum link_side side, struct kc_error *err);

/* Has the offsets that a group has committed on one side. asked_ms: kc_mono_ms() before the side
 * was asked. */
typedef void (*link_group_offsets_taker)(struct link_groups *groups, struct link_kept_group *group,
                                         const rd_kafka_topic_partition_list_t *list,
                                         int64_t asked_ms);
/* Reads the offsets of the chosen groups in few requests. False: the side doesn't answer. */
bool link_groups_read_offsets(struct link_groups *groups, link_group_choice choice,
                              enum link_side side, link_group_offsets_taker take);

/* Where logs begin and end: ends[i] and starts[i] are of the same partition. A request names a
 * partition once, so that there are two calls. */
struct kc_error *link_groups_list_bounds(struct kc_admin *admin, struct kc_partition_offset *starts,
                                         struct kc_partition_offset *ends,
                                         size_t count) KC_MUST_CHECK;

/* Whether the group's next step is near, so that rounds come quickly. */
bool link_group_is_imminent(const struct link_kept_group *group);

/* ---- link_group_round.c ---- */

/* Asks both sides what the groups' next steps depend on. */
void link_groups_ask(struct link_groups *groups);

/* ---- link_group_translate.c ---- */

/* Translates what groups have committed on the source in topics whose offsets differ. */
void link_groups_translate(struct link_groups *groups);

/* ---- link_group_act.c ---- */

/* The topic whose mirror is behind the group's offsets; NULL: none. */
const char *link_group_behind(const struct link_kept_group *group);
/* Commits through the holds what is new. */
void link_groups_sync(struct link_groups *groups);
/* Does what the steps said. */
void link_groups_act(struct link_groups *groups);
/* What became of the holds and their jobs. */
void link_groups_collect(struct link_groups *groups);
/* The topics of a classic group that are mirrored, or all of the link's for a KIP-848 group. */
void link_group_held_topics(const struct link_groups *groups, const struct link_kept_group *group,
                            struct link_held_topics *topics);
/* Shows holds their topics, where they have changed. */
void link_groups_show_topics(struct link_groups *groups);

/* ---- link_group_return.c ---- */

/* Commits on the source what promoted groups have committed on the target. */
void link_groups_return(struct link_groups *groups);

/* ---- link_group_sessions.c ---- */

/* Reads the sessions of KIP-848 groups that are to be held, to be put back later: their states get
 * session_before, which is to be stored before link_groups_raise_sessions(). */
void link_groups_note_sessions(struct link_groups *groups);
void link_groups_raise_sessions(struct link_groups *groups);
/* Puts the sessions of groups back that aren't held any more. */
void link_groups_restore_sessions(struct link_groups *groups);

#endif
