/* SPDX-License-Identifier: Apache-2.0 */
/* Sharing work out, see deal.h. */
#include "common/deal.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define uthash_fatal(msg) abort()
#include <uthash.h>

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
