/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a mirror group does next, by its order, its state and what is known of both sides.
 *
 * Pure functions, any thread. Where a group may move is kc_link_group_may_move()'s to say.
 */
#ifndef CONNECTORS_LINK_LINK_GROUP_STEP_PRIV_H
#define CONNECTORS_LINK_LINK_GROUP_STEP_PRIV_H

#include "connect/link.h"

/* The link's membership on the target, as this process knows it. */
enum link_hold_state {
    LINK_HOLD_NONE, /* not begun; a predecessor's may still be in place */
    LINK_HOLD_JOINING,
    LINK_HOLD_HELD, /* all partitions are the link's */
    LINK_HOLD_LOST, /* others have partitions, or may have */
    LINK_HOLD_LEFT, /* it has left */
};

struct link_group_facts {
    const struct kc_link_group_order *order; /* of a group that is forgotten: to release it */
    bool newer;                              /* the order is newer than the state's */
    bool paused;                             /* people have paused what groups do by themselves */
    enum link_hold_state hold;
    const char *hold_error; /* why it isn't held; NULL: nothing is known */

    bool target_known;    /* what follows was asked */
    size_t strangers;     /* members on the target that aren't the link's */
    bool ours;            /* the link's are among them, or a predecessor's */
    const char *obstacle; /* to holding it; NULL: none */

    bool source_known;
    bool source_active;     /* has members */
    int64_t source_idle_ms; /* for how long it has had none */
    int64_t idle_ms;        /* link.group.idle.ms */
    bool final_offsets;     /* they were read after its last member had left */
    bool unsettled;         /* some were committed in transactions that aren't over */
    bool begun;             /* the target has nothing of another history any more */
    const char *behind;  /* a topic whose mirror hasn't reached the group's offsets; NULL: none */
    const char *refused; /* why the last commit or leaving failed; NULL: it didn't */
};

enum link_group_action {
    LINK_GROUP_WAIT,
    LINK_GROUP_JOIN,   /* take the hold, or come back to it */
    LINK_GROUP_GATHER, /* the promotion is a moment away: have the members ready */
    LINK_GROUP_FINISH, /* commit the final offsets, then leave */
    LINK_GROUP_LEAVE,  /* give the hold up */
};

struct link_group_step {
    enum kc_link_group_state state; /* the same, or one that it may move to */
    enum link_group_action action;
    char *reason; /* the caller's; NULL: as it is. Doesn't change while the cause is the same */
};
struct link_group_step link_group_step(const struct kc_link_group *group,
                                       const struct link_group_facts *facts);
/* Whether others than the link may have committed on the target before the second state began: what
 * was known of that is void. Members of a lost hold go on until the group is held again. */
bool link_group_others_committed(enum kc_link_group_state before, enum kc_link_group_state now);

#endif
