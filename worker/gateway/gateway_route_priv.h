/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The router: Produce, InitProducerId and the calls of transactions, to source or target.
 *
 * It makes the table of gateway_session_priv.h. Writes to a partition are sent on in the order in
 * which a session's client sent them; behind a batch that failed retriably nothing of the same
 * producer and partition is sent on until the client has been told.
 */
#ifndef WORKER_GATEWAY_GATEWAY_ROUTE_PRIV_H
#define WORKER_GATEWAY_GATEWAY_ROUTE_PRIV_H

#include "gateway/gateway_links_priv.h"
#include "gateway/gateway_session_priv.h"

struct gateway_route;
struct gateway_source;
struct gateway_rights;
struct gateway_quotas;

/* What the router stands on; borrowed. */
struct gateway_route_base {
    const struct gateway_config *config;
    struct gateway_links *links;
    struct gateway_source *source;
    struct gateway_rights *rights;
    struct gateway_quotas *quotas; /* NULL: none are kept */
};
struct gateway_route *gateway_route_new(const struct gateway_route_base *base,
                                        struct gateway_router *router);
void gateway_route_destroy(struct gateway_route *route);
/* A topic's way has changed: what was held is looked at anew. Any thread. */
void gateway_route_changed(struct gateway_route *route);

#endif
