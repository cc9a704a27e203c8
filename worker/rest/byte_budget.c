/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes in flight: see byte_budget.h. */
#include "rest/byte_budget.h"

#include "connect/mem.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define RESERVED_PART 8 /* an eighth is for small shares */

struct kc_byte_budget {
    atomic_int refs;
    pthread_mutex_t lock;
    size_t total;
    size_t held;
};

struct kc_byte_budget *kc_byte_budget_new(size_t total)
{
    struct kc_byte_budget *budget = kc_calloc(1, sizeof(*budget));
    atomic_init(&budget->refs, 1);
    pthread_mutex_init(&budget->lock, NULL);
    budget->total = total;
    return budget;
}

struct kc_byte_budget *kc_byte_budget_ref(struct kc_byte_budget *budget)
{
    if (budget)
        atomic_fetch_add(&budget->refs, 1);
    return budget;
}

void kc_byte_budget_unref(struct kc_byte_budget *budget)
{
    if (!budget || atomic_fetch_sub(&budget->refs, 1) != 1)
        return;
    pthread_mutex_destroy(&budget->lock);
    free(budget);
}

static struct kc_error *refuse(const struct kc_byte_budget *budget, size_t bytes, size_t limit)
{
    if (bytes > limit)
        return kc_error_new(KC_ERR_BAD_REQUEST,
                            "The request needs %zu bytes of memory, the REST server has %zu for "
                            "one request. Send less at once, or raise rest.memory.max.bytes "
                            "(now %zu)",
                            bytes, limit, budget->total);
    return kc_error_new(KC_ERR_UNAVAILABLE,
                        "The REST server holds as many bytes of requests and answers as "
                        "rest.memory.max.bytes=%zu allows. Try again in a few seconds, or raise "
                        "it",
                        budget->total);
}

struct kc_error *kc_byte_share_resize(struct kc_byte_share *share, size_t bytes)
{
    struct kc_byte_budget *budget = share->budget;
    struct kc_error *err = NULL;
    if (!budget)
        return NULL;
    pthread_mutex_lock(&budget->lock);
    size_t limit = budget->total;
    if (bytes > KC_SMALL_SHARE)
        limit -= limit / RESERVED_PART;
    if (bytes > share->held && budget->held - share->held + bytes > limit)
        err = refuse(budget, bytes, limit);
    else if (bytes > share->held && !kc_mem_has_room(bytes - share->held))
        err = kc_error_memory(bytes, "The request can't be handled");
    if (!err) {
        budget->held = budget->held - share->held + bytes;
        share->held = bytes;
    }
    share->refused |= err != NULL;
    pthread_mutex_unlock(&budget->lock);
    return err;
}

struct kc_error *kc_byte_share_grow(struct kc_byte_share *share, size_t more)
{
    return kc_byte_share_resize(share, share->held + more);
}

void kc_byte_share_shrink(struct kc_byte_share *share, size_t bytes)
{
    if (bytes < share->held)
        kc_error_destroy(kc_byte_share_resize(share, bytes));
}
