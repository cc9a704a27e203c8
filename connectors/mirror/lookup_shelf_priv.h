/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps what the look-ups of a flow have found for the task's successor in the same process.
 *
 * A checkpoint task is made anew whenever its groups change, and thousands of offsets would have to
 * be looked up again. So a few tables are kept, for half a minute. Any thread.
 */
#ifndef CONNECTORS_MIRROR_LOOKUP_SHELF_PRIV_H
#define CONNECTORS_MIRROR_LOOKUP_SHELF_PRIV_H

#include "mirror/lookup_table.h"

enum { KC_LOOKUP_SHELF_MOST = 4 };

/* Takes table and keeps it for the next task of the flow. */
void kc_lookup_shelf_put(const char *flow, struct kc_lookup_table *table, int64_t now_ms);
/* The caller's; NULL: there is none. */
struct kc_lookup_table *kc_lookup_shelf_take(const char *flow, int64_t now_ms);

#endif
