/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the look-ups of a flow have found, between a task and its successor in the same process.
 *
 * A checkpoint task is made anew whenever it is given other groups; thousands of offsets would have
 * to be looked up again. A few tables are kept, for half a minute. Any thread.
 */
#ifndef CONNECTORS_MIRROR_LOOKUP_SHELF_PRIV_H
#define CONNECTORS_MIRROR_LOOKUP_SHELF_PRIV_H

#include "mirror/lookup_table.h"

enum { KC_LOOKUP_SHELF_MOST = 4 };

/* Keeps table, which is taken, for whoever asks for the flow next. */
void kc_lookup_shelf_put(const char *flow, struct kc_lookup_table *table, int64_t now_ms);
/* The caller's; NULL: there is none. */
struct kc_lookup_table *kc_lookup_shelf_take(const char *flow, int64_t now_ms);

#endif
