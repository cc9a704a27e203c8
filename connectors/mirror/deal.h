/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sharing work out to tasks again: each keeps what it has.
 *
 * As long as the number of tasks stays, nothing changes hands: tasks then take up new work one by
 * one, without a rebalance of the worker group. Pure functions, any thread.
 */
#ifndef CONNECTORS_MIRROR_DEAL_H
#define CONNECTORS_MIRROR_DEAL_H

#include "connect/mem.h"

/* What each task had, and is to have: one list for each task. */
struct kc_deal {
    struct kc_strings *tasks;
    size_t count;
};
void kc_deal_clear(struct kc_deal *deal);

/* Shares items, which are distinct, out to count tasks: what one of them had in before stays there,
 * what is new goes to whoever has least. False, and nothing is done, when before has another number
 * of tasks. *deal is empty at first. */
bool kc_deal_again(const struct kc_deal *before, const struct kc_strings *items, size_t count,
                   struct kc_deal *deal);
/* From scratch. Round: one after the other goes round the tasks; else contiguous parts, the first
 * ones longer by one (ConnectorUtils.groupPartitions). */
void kc_deal_round(const struct kc_strings *items, size_t count, struct kc_deal *deal);
void kc_deal_parts(const struct kc_strings *items, size_t count, struct kc_deal *deal);

/* ---- by load: loads has one for each item, one task after the other ---- */

/* Whether one task has more than one and a half times its share, and giving something away would
 * help. */
bool kc_deal_is_uneven(const struct kc_deal *deal, const double *loads);
/* Moves as few items as it takes to bring each task near its share; how many. *balanced is empty at
 * first, and a copy of deal when nothing is moved. */
size_t kc_deal_balance(const struct kc_deal *deal, const double *loads, struct kc_deal *balanced);

void kc_deal_copy(struct kc_deal *to, const struct kc_deal *from); /* *to is empty at first */
bool kc_deal_equal(const struct kc_deal *a, const struct kc_deal *b);

#endif
