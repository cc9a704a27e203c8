/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bounds the bytes of requests and answers that the REST server holds at once, all connections
 * together.
 *
 * Each request has a share, which grows with its body, with what parsing takes, and with its
 * answer. The last part of the budget is for small shares only. So a client that fills the rest
 * with large bodies or unread answers can't keep a short request from being answered. Any thread; a
 * share belongs to one thread at a time.
 */
#ifndef WORKER_REST_BYTE_BUDGET_H
#define WORKER_REST_BYTE_BUDGET_H

#include "connect/error.h"

#include <stdbool.h>
#include <stddef.h>

#define KC_SMALL_SHARE ((size_t)64 << 10) /* what may use the last part of the budget */

struct kc_byte_budget;

struct kc_byte_share { /* zero-initialised: one that nothing limits */
    struct kc_byte_budget *budget;
    size_t held;
    bool refused; /* it wanted more than there was */
};

struct kc_byte_budget *kc_byte_budget_new(size_t total);
struct kc_byte_budget *kc_byte_budget_ref(struct kc_byte_budget *budget); /* NULL is fine */
/* When the last reference goes, no share may hold anything. NULL is fine. */
void kc_byte_budget_unref(struct kc_byte_budget *budget);

/* Sets the share to bytes. KC_ERR_BAD_REQUEST: no request can ever have so much;
 * KC_ERR_UNAVAILABLE: not now. After an error the share stays as it was. Shrinking always succeeds.
 */
struct kc_error *kc_byte_share_resize(struct kc_byte_share *share, size_t bytes) KC_MUST_CHECK;
struct kc_error *kc_byte_share_grow(struct kc_byte_share *share, size_t more) KC_MUST_CHECK;
/* Shrinks the share to `bytes`; this can't fail. */
void kc_byte_share_shrink(struct kc_byte_share *share, size_t bytes);

#endif
