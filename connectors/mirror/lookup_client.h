/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Look-ups (offset_lookup.h) in the topics themselves, by a reader of each cluster
 * (mark_reader_priv.h).
 *
 * Look-ups are fastest in the order of partitions and offsets, because near ones share what was
 * fetched. One thread at a time.
 */
#ifndef CONNECTORS_MIRROR_LOOKUP_CLIENT_H
#define CONNECTORS_MIRROR_LOOKUP_CLIENT_H

#include "mirror/lookup_table.h"
#include "mirror/mirror_config.h"

struct kc_lookup_client;

/* config is borrowed. */
struct kc_lookup_client *kc_lookup_client_new(const struct kc_mirror_config *config);
void kc_lookup_client_destroy(struct kc_lookup_client *client); /* NULL is fine */

struct kc_error *kc_lookup_client_find(struct kc_lookup_client *client,
                                       const struct kc_lookup *lookup, int64_t deadline_ms,
                                       enum kc_lookup_result *result,
                                       int64_t *downstream) KC_MUST_CHECK;
/* The look-up under way fails soon, and each later one. Any thread. */
void kc_lookup_client_abort(struct kc_lookup_client *client);
/* Call it when no look-up waits: stops fetching ahead, and ends consumers that haven't been used
 * for a while. */
void kc_lookup_client_rest(struct kc_lookup_client *client);

#endif
