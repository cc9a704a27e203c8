/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The acknowledgement thread of a source task: serves the task's lanes, so that outcomes never wait
 * for the source's poll(), nor polls for them. It knows lanes and nothing of what is behind them.
 */
#ifndef WORKER_SOURCE_ACKS_PRIV_H
#define WORKER_SOURCE_ACKS_PRIV_H

#include "source/lane_priv.h"

struct kc_acks;

/* Starts the thread, which hears from now on when a lane has moved. lanes must outlive it.
 * served: after each round, on the thread; true: something is under way, so that the next round is
 * in 100 ms at most, else it may take 500. NULL: nothing to do. log_context is what lines carry. */
struct kc_error *kc_acks_start(struct kc_lanes *lanes, bool (*served)(void *opaque), void *opaque,
                               const char *log_context, struct kc_acks **acks) KC_MUST_CHECK;
/* Ends the thread after a last round. NULL is fine. */
void kc_acks_stop(struct kc_acks *acks);

#endif
