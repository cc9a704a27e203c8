/* SPDX-License-Identifier: Apache-2.0 */
/* Sharing work out, see deal.h. */
#include "mirror/deal.h"

#include "connect/hash.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct holder {
    const char *item; /* of a list that outlives the table */
    size_t task;
    UT_hash_handle hh;
};

void kc_deal_clear(struct kc_deal *deal)
{
    for (size_t i = 0; i < deal->count; i++)
        kc_strings_destroy(&deal->tasks[i]);
    free(deal->tasks);
    *deal = (struct kc_deal){0};
}

static void begin(struct kc_deal *deal, size_t count)
{
    deal->tasks = kc_calloc(count ? count : 1, sizeof(*deal->tasks));
    deal->count = count;
}

static struct holder *list_holders(const struct kc_deal *before)
{
    struct holder *holders = NULL;
    for (size_t task = 0; task < before->count; task++)
        for (size_t i = 0; i < before->tasks[task].count; i++) {
            struct holder *holder = kc_calloc(1, sizeof(*holder));
            holder->item = before->tasks[task].items[i];
            holder->task = task;
            HASH_ADD_KEYPTR(hh, holders, holder->item, strlen(holder->item), holder);
        }
    return holders;
}

static void free_holders(struct holder *holders)
{
    struct holder *holder, *next;
    HASH_ITER (hh, holders, holder, next) {
        HASH_DEL(holders, holder);
        free(holder);
    }
}

static size_t least(const struct kc_deal *deal)
{
    size_t found = 0;
    for (size_t i = 1; i < deal->count; i++)
        if (deal->tasks[i].count < deal->tasks[found].count)
            found = i;
    return found;
}

bool kc_deal_again(const struct kc_deal *before, const struct kc_strings *items, size_t count,
                   struct kc_deal *deal)
{
    if (before->count != count || count == 0)
        return false;
    struct holder *holders = list_holders(before), *holder;
    begin(deal, count);
    for (size_t i = 0; i < items->count; i++) {
        HASH_FIND_STR(holders, items->items[i], holder);
        if (holder)
            kc_strings_add(&deal->tasks[holder->task], items->items[i]);
    }
    for (size_t i = 0; i < items->count; i++) {
        HASH_FIND_STR(holders, items->items[i], holder);
        if (!holder)
            kc_strings_add(&deal->tasks[least(deal)], items->items[i]);
    }
    free_holders(holders);
    return true;
}

void kc_deal_round(const struct kc_strings *items, size_t count, struct kc_deal *deal)
{
    begin(deal, count);
    for (size_t i = 0; count > 0 && i < items->count; i++)
        kc_strings_add(&deal->tasks[i % count], items->items[i]);
}

void kc_deal_parts(const struct kc_strings *items, size_t count, struct kc_deal *deal)
{
    size_t next = 0;
    begin(deal, count);
    for (size_t task = 0; task < count; task++) {
        size_t share = items->count / count + (task < items->count % count ? 1 : 0);
        while (deal->tasks[task].count < share)
            kc_strings_add(&deal->tasks[task], items->items[next++]);
    }
}

void kc_deal_copy(struct kc_deal *to, const struct kc_deal *from)
{
    begin(to, from->count);
    for (size_t i = 0; i < from->count; i++)
        kc_strings_copy(&to->tasks[i], &from->tasks[i]);
}

bool kc_deal_equal(const struct kc_deal *a, const struct kc_deal *b)
{
    if (a->count != b->count)
        return false;
    for (size_t t = 0; t < a->count; t++) {
        if (a->tasks[t].count != b->tasks[t].count)
            return false;
        for (size_t i = 0; i < a->tasks[t].count; i++)
            if (strcmp(a->tasks[t].items[i], b->tasks[t].items[i]) != 0)
                return false;
    }
    return true;
}

/* ---- by load ---- */

/* An item on its way from task to task. */
struct deal_share {
    const char *item;
    double load;
    size_t task;
};

struct shares {
    struct deal_share *items;
    size_t count;
    double *sums; /* of tasks */
    size_t tasks;
    double mean;
};

static struct shares shares_of(const struct kc_deal *deal, const double *loads)
{
    struct shares shares = {.tasks = deal->count};
    size_t total = 0;
    for (size_t t = 0; t < deal->count; t++)
        total += deal->tasks[t].count;
    shares.items = kc_calloc(total + 1, sizeof(*shares.items));
    shares.sums = kc_calloc(deal->count + 1, sizeof(*shares.sums));
    for (size_t t = 0; t < deal->count; t++)
        for (size_t i = 0; i < deal->tasks[t].count; i++, shares.count++) {
            double load = loads[shares.count];
            shares.items[shares.count] = (struct deal_share){deal->tasks[t].items[i], load, t};
            shares.sums[t] += load;
            shares.mean += load / (double)deal->count;
        }
    return shares;
}

static void shares_free(struct shares *shares)
{
    free(shares->items);
    free(shares->sums);
}

/* The best item to move from the fullest task to the emptiest: it is nearest to half their
 * difference, and makes the difference smaller. NULL: none does. */
static struct deal_share *best_move(const struct shares *shares, size_t *to)
{
    size_t from = 0;
    *to = 0;
    for (size_t t = 1; t < shares->tasks; t++) {
        from = shares->sums[t] > shares->sums[from] ? t : from;
        *to = shares->sums[t] < shares->sums[*to] ? t : *to;
    }
    double gap = shares->sums[from] - shares->sums[*to];
    struct deal_share *best = NULL;
    double best_distance = gap / 2;
    for (size_t i = 0; i < shares->count; i++) {
        struct deal_share *share = &shares->items[i];
        double distance = share->load > gap / 2 ? share->load - gap / 2 : gap / 2 - share->load;
        if (share->task != from || share->load <= 0 || share->load >= gap ||
            distance >= best_distance)
            continue;
        best = share;
        best_distance = distance;
    }
    return best;
}

static double fullest(const struct shares *shares)
{
    double most = 0;
    for (size_t t = 0; t < shares->tasks; t++)
        most = shares->sums[t] > most ? shares->sums[t] : most;
    return most;
}

bool kc_deal_is_uneven(const struct kc_deal *deal, const double *loads)
{
    static const double limit = 1.5;
    if (deal->count < 2)
        return false;
    struct shares shares = shares_of(deal, loads);
    size_t to;
    bool uneven = shares.mean > 0 && fullest(&shares) > limit * shares.mean &&
                  best_move(&shares, &to) != NULL;
    shares_free(&shares);
    return uneven;
}

size_t kc_deal_balance(const struct kc_deal *deal, const double *loads, struct kc_deal *balanced)
{
    static const double enough = 1.1;
    struct shares shares = shares_of(deal, loads);
    size_t moved = 0, to;
    struct deal_share *share;
    while (deal->count > 1 && moved < shares.count && fullest(&shares) > enough * shares.mean &&
           (share = best_move(&shares, &to))) {
        shares.sums[share->task] -= share->load;
        shares.sums[to] += share->load;
        share->task = to;
        moved++;
    }
    begin(balanced, deal->count);
    for (size_t i = 0; i < shares.count; i++)
        kc_strings_add(&balanced->tasks[shares.items[i].task], shares.items[i].item);
    shares_free(&shares);
    return moved;
}
