/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The acknowledgement thread of a source task: serves the task's lanes, so that outcomes never wait
 * for the source's poll(), and polls never wait for outcomes. It knows lanes, and nothing behind
 * them.
 */
#ifndef WORKER_SOURCE_ACKS_PRIV_H
#define WORKER_SOURCE_ACKS_PRIV_H

#include "source/lane_priv.h"

struct kc_acks;

/* Starts the thread. From now on it wakes when a lane has moved. lanes must outlive it. It calls
 * served after each round. If that returns true, something is under way: the next round comes
 * within 100 ms, otherwise within 500. NULL: nothing to do. log_context stands in its log lines. */
struct kc_error *kc_acks_start(struct kc_lanes *lanes, bool (*served)(void *opaque), void *opaque,
                               const char *log_context, struct kc_acks **acks) KC_MUST_CHECK;
/* Ends the thread after a last round. NULL is fine. */
void kc_acks_stop(struct kc_acks *acks);

#endif
