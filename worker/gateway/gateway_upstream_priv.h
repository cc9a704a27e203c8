/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a gateway has behind its sessions: links, source, rights and the router, as one.
 */
#ifndef WORKER_GATEWAY_GATEWAY_UPSTREAM_PRIV_H
#define WORKER_GATEWAY_GATEWAY_UPSTREAM_PRIV_H

#include "gateway/gateway_links_priv.h"
#include "gateway/gateway_session_priv.h"

struct gateway_upstream;

/* Reads the links' states and takes the leases; blocks until then. address: what clients are told,
 * for the gateway's record. router is filled in. */
struct kc_error *gateway_upstream_open(const struct gateway_config *config, const char *address,
                                       const struct kc_stop *stop, struct gateway_router *router,
                                       struct gateway_upstream **upstream) KC_MUST_CHECK;
/* When all sessions have ended, and while their loops are still there: answers that are under way
 * come to them. NULL is fine. */
void gateway_upstream_close(struct gateway_upstream *upstream);

struct gateway_links *gateway_upstream_links(struct gateway_upstream *upstream);
struct gateway_source *gateway_upstream_source(struct gateway_upstream *upstream);
struct gateway_rights *gateway_upstream_rights(struct gateway_upstream *upstream);

#endif
