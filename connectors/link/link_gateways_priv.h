/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gateways that may send writes to the source: which of them live, and what they hold.
 *
 * A gateway that doesn't renew its record holds by itself, so it needn't be waited for after the
 * duration of its lease. As with leases, clocks of machines aren't compared. One thread.
 */
#ifndef CONNECTORS_LINK_LINK_GATEWAYS_PRIV_H
#define CONNECTORS_LINK_LINK_GATEWAYS_PRIV_H

#include "link/link_store_priv.h"

struct link_gateways;

struct link_gateways *link_gateways_new(void);
void link_gateways_destroy(struct link_gateways *gateways); /* NULL is fine */

/* Takes what a gateway's record says; NULL: it is gone. now_ms: kc_mono_ms(). */
void link_gateways_note(struct link_gateways *gateways, const char *name,
                        const struct kc_link_gateway *record, int64_t now_ms);
/* The same of all that the store has. */
void link_gateways_read(struct link_gateways *gateways, struct link_store *store, int64_t now_ms);

/* Whether a gateway may live: its record was renewed within the duration of its lease and a half.
 * Any thread. */
bool link_gateway_lives(struct link_store *store, const char *name);

/* Whether any lives. */
bool link_gateways_live(const struct link_gateways *gateways, int64_t now_ms);
/* The first that lives and doesn't hold the topic since that epoch of its state; NULL: none. */
const char *link_gateways_waited(const struct link_gateways *gateways, const char *topic,
                                 int64_t epoch, int64_t now_ms);

#endif
