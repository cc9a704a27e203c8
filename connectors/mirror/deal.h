/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deals work to tasks again. Each task keeps what it has.
 *
 * While the number of tasks stays the same, nothing changes hands: tasks take up new work one by
 * one, without a rebalance of the worker group. Pure functions, any thread.
 */
#ifndef CONNECTORS_MIRROR_DEAL_H
#define CONNECTORS_MIRROR_DEAL_H

#include "connect/mem.h"

/* Each task's items before and after: one list for each task. */
struct kc_deal {
    struct kc_strings *tasks;
    size_t count;
};
void kc_deal_clear(struct kc_deal *deal);

/* Deals items, which are distinct, to count tasks. An item stays with the task that has it in
 * before; a new one goes to the task with the fewest. False, and nothing is done, if before has
 * another number of tasks. *deal is empty at first. */
bool kc_deal_again(const struct kc_deal *before, const struct kc_strings *items, size_t count,
                   struct kc_deal *deal);
/* Deals from scratch. round: items go to the tasks in turn. Otherwise each task gets a contiguous
 * part, the first ones longer by one (ConnectorUtils.groupPartitions). */
void kc_deal_round(const struct kc_strings *items, size_t count, struct kc_deal *deal);
void kc_deal_parts(const struct kc_strings *items, size_t count, struct kc_deal *deal);

/* ---- by load: loads has one for each item, one task after the other ---- */

/* Whether a task has more than one and a half times its share, and moving an item would help. */
bool kc_deal_is_uneven(const struct kc_deal *deal, const double *loads);
/* Moves as few items as possible to bring each task near its share. Returns how many. *balanced is
 * empty at first, and a copy of deal when nothing is moved. */
size_t kc_deal_balance(const struct kc_deal *deal, const double *loads, struct kc_deal *balanced);

void kc_deal_copy(struct kc_deal *to, const struct kc_deal *from); /* *to is empty at first */
bool kc_deal_equal(const struct kc_deal *a, const struct kc_deal *b);

#endif
