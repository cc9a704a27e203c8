/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The target of a raw lane: a client and an appender. Some tasks of a connector share one, because
 * a request takes one batch of each partition. So more partitions mean fewer requests, which are
 * the lane's main cost. Lanes with transactions have one each.
 *
 * Any thread.
 */
#ifndef WORKER_SOURCE_RAW_TARGET_PRIV_H
#define WORKER_SOURCE_RAW_TARGET_PRIV_H

#include "append/appender.h"

enum {
    KC_RAW_TARGET_TASKS = 16
}; /* the most tasks that share one; a thread appends a gigabyte in a third of a second */

struct kc_raw_target {
    struct kc_wire_client *client;
    struct kc_appender *appender;
    bool shared;
};

/* producer: Java producer properties. Lanes with the same worker (an address), name and properties
 * share one. client.id may differ; the first one's counts. */
struct kc_error *kc_raw_target_join(const struct kc_map *producer, const void *worker,
                                    const char *name, struct kc_raw_target **target) KC_MUST_CHECK;
/* The appender can't be used any more; no lane joins it. */
void kc_raw_target_spoil(struct kc_raw_target *target);
/* Call it after leaving a shared appender (kc_appender_abandon()). The last user closes both, and
 * waits for batches in flight. */
void kc_raw_target_leave(struct kc_raw_target *target);

#endif
