/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Results come on the appender's thread, and wait in a list for the task's. Waking it for each
 * would cost more than the batch. It is woken where it may wait for them: they have become many, a
 * partition has nothing else under way, or something went wrong. Otherwise it finds them when it
 * wakes up for what it fetches.
 */
#include "link/copy_priv.h"

#include <utlist.h>

enum { MANY = 8, BYTES_MANY = 1 << 20 };

void link_results_init(struct copy_results *results)
{
    *results = (struct copy_results){.list = NULL};
    pthread_mutex_init(&results->mutex, NULL);
}

void link_results_destroy(struct copy_results *results)
{
    pthread_mutex_destroy(&results->mutex);
}

void link_results_expect(struct copy_send *send)
{
    atomic_fetch_add(&send->partition->unanswered, 1);
}

void link_results_forget(struct copy_send *send)
{
    atomic_fetch_sub(&send->partition->unanswered, 1);
}

/* Locked. */
static bool are_many(const struct copy_results *results)
{
    return results->count >= MANY || results->bytes >= BYTES_MANY;
}

bool link_results_add(struct copy_results *results, struct copy_send *send)
{
    bool last = atomic_fetch_sub(&send->partition->unanswered, 1) == 1;
    bool as_expected = !send->error && send->base_offset == send->offset;
    pthread_mutex_lock(&results->mutex);
    bool were_many = are_many(results);
    DL_APPEND(results->list, send);
    results->count++;
    results->bytes += send->len;
    bool become_many = !were_many && are_many(results);
    pthread_mutex_unlock(&results->mutex);
    return last || !as_expected || become_many;
}

struct copy_send *link_results_take(struct copy_results *results)
{
    pthread_mutex_lock(&results->mutex);
    struct copy_send *list = results->list;
    results->list = NULL;
    results->count = 0;
    results->bytes = 0;
    pthread_mutex_unlock(&results->mutex);
    return list;
}
