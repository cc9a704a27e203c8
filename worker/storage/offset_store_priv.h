/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared by the offset stores: raw keys and values behind a small vtable.
 *
 * Users see offset_store.h; implementers (offset_store_*.c) this.
 */
#ifndef WORKER_STORAGE_OFFSET_STORE_PRIV_H
#define WORKER_STORAGE_OFFSET_STORE_PRIV_H

#include "storage/offset_store.h"

#include <stdatomic.h>

struct kc_offset_pair {
    char *key;
    char *value; /* NULL: tombstone */
};

typedef void (*kc_offset_done)(void *opaque, struct kc_error *err); /* owns err */

struct kc_offset_ops {
    struct kc_error *(*start)(struct kc_offset_store *store, const atomic_bool *cancel);
    /* Reads to the end. */
    struct kc_error *(*refresh)(struct kc_offset_store *store, int timeout_ms);
    char *(*lookup)(struct kc_offset_store *store, const char *key); /* owned by the caller */
    void (*keys)(struct kc_offset_store *store, const char *connector, struct kc_strings *keys);
    /* Pairs are borrowed for the call. done is called once. */
    void (*set)(struct kc_offset_store *store, const struct kc_offset_pair *pairs, size_t count,
                kc_offset_done done, void *opaque);
    void (*destroy)(struct kc_offset_store *store);
};

/* What every store begins with. */
struct kc_offset_store {
    const struct kc_offset_ops *ops;
    atomic_int references;
};

/* Calls done once for count answers: with the first error, or when all are in. count 0 is done at
 * once. Each answer is given by kc_offset_answers_give(). */
struct kc_offset_answers;
struct kc_offset_answers *kc_offset_answers_new(size_t count, kc_offset_done done, void *opaque);
void kc_offset_answers_give(void *answers, struct kc_error *err);

#endif
