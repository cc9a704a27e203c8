/* SPDX-License-Identifier: Apache-2.0 */
/* Counts a gateway's clients from time to time, and writes who they are to the state topic, so that
 * GET /links/{link} shows them (gateway_clients_priv.h). A thread of its own. */
#ifndef WORKER_GATEWAY_GATEWAY_CENSUS_PRIV_H
#define WORKER_GATEWAY_GATEWAY_CENSUS_PRIV_H

#include "gateway/gateway.h"
#include "gateway/gateway_links_priv.h"

struct gateway_census;

/* gateway and links outlive it. */
struct kc_error *gateway_census_start(struct gateway *gateway, struct gateway_links *links,
                                      struct gateway_census **census) KC_MUST_CHECK;
void gateway_census_stop(struct gateway_census *census); /* NULL is fine */

#endif
