/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often a cluster is looked at, by how long a look takes: for flow_keeper.c. Pure functions of
 * the caller's clock (ms).
 */
#ifndef CONNECTORS_MIRROR_WATCH_PACE_PRIV_H
#define CONNECTORS_MIRROR_WATCH_PACE_PRIV_H

#include <stdbool.h>
#include <stdint.h>

struct kc_watch_pace { /* zero-initialised: nothing was looked at, and a look is due */
    int64_t next_ms;
    int64_t took_ms; /* the last look */
};

bool kc_watch_pace_due(const struct kc_watch_pace *pace, int64_t now_ms);
/* A look began at start_ms and has ended. */
void kc_watch_pace_looked(struct kc_watch_pace *pace, int64_t start_ms, int64_t now_ms);

#endif
