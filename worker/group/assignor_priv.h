/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The leader's part of a rebalance: it decides which member gets which work (ConnectAssignor).
 *
 * An assignor belongs to one worker, which uses it whenever it leads. Its memory of the last round
 * counts only if that round was completed. It has no clock and no broker; everything is passed in,
 * so that scenarios can be replayed. One thread.
 */
#ifndef WORKER_GROUP_ASSIGNOR_PRIV_H
#define WORKER_GROUP_ASSIGNOR_PRIV_H

#include "group/work.h"

/* One member in a round; members are in the order in which the broker named them. */
struct kc_round_member {
    char *id;
    char *url;
    bool native;             /* in: it runs native work, too */
    struct kc_work owned;    /* in: the work that it reports */
    struct kc_work assigned; /* out: its new work (eager: all) */
    struct kc_work revoked;  /* out */
    struct kc_work all;      /* out: its work after this round */
};

struct kc_round {
    struct kc_round_member *members;
    size_t count;
    const struct kc_work *configured; /* of the snapshot, sorted */
    const struct kc_work *native;     /* of that, what Java's workers can't run; NULL: none */
    int last_completed_generation;    /* of this worker */
    int generation;                   /* of this round */
    int64_t now_ms;
    int32_t delay_ms; /* out: when the group has to rebalance again, 0: no need */
};
void kc_round_clear(struct kc_round *round); /* frees members */

/* IncrementalCooperativeAssignor. */
struct kc_assignor;
struct kc_assignor *kc_assignor_new(int max_delay_ms);
void kc_assignor_destroy(struct kc_assignor *assignor);
void kc_assignor_assign(struct kc_assignor *assignor, struct kc_round *round);

/* The same where members differ in what they can run: native work goes to native members, if there
 * are any. A leader has one of these. */
struct kc_assignors;
struct kc_assignors *kc_assignors_new(int max_delay_ms);
void kc_assignors_destroy(struct kc_assignors *assignors);
void kc_assignors_assign(struct kc_assignors *assignors, struct kc_round *round);

/* EagerAssignor: deals everything anew, in turn over members sorted by id. Stateless. */
void kc_assign_eagerly(struct kc_round *round);

#endif
