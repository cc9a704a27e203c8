/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a gateway gets out of the way: a while after the last topic of its links has been promoted.
 * The while is for producers that send a batch again which they had sent before: only the gateway
 * knows whether the source has it. A topic that is linked later brings the gateway back.
 */
#ifndef WORKER_GATEWAY_GATEWAY_WATCH_PRIV_H
#define WORKER_GATEWAY_GATEWAY_WATCH_PRIV_H

#include "connect/thread.h"
#include "gateway/gateway_links_priv.h"
#include "gateway/gateway_loop_priv.h"

struct gateway_watch;

/* Looks at the links on a thread of its own. */
struct kc_error *gateway_watch_start(struct gateway_common *common, struct gateway_links *links,
                                     struct gateway_watch **watch) KC_MUST_CHECK;
void gateway_watch_stop(struct gateway_watch *watch); /* NULL is fine */

#endif
