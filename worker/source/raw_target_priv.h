/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What raw lanes append through: a client of the target and an appender. Some tasks of a connector
 * share one, for a request takes one batch of each partition: the more partitions, the fewer
 * requests, and these are what the lane costs. Lanes with transactions have one each.
 *
 * Any thread.
 */
#ifndef WORKER_SOURCE_RAW_TARGET_PRIV_H
#define WORKER_SOURCE_RAW_TARGET_PRIV_H

#include "append/appender.h"

enum {
    KC_RAW_TARGET_TASKS = 16
}; /* that share one at most: a thread appends a gigabyte in a third of a second */

struct kc_raw_target {
    struct kc_wire_client *client;
    struct kc_appender *appender;
    bool shared;
};

/* producer: Java producer properties. Those with the same worker (an address), name and properties,
 * but for client.id, share; the first one's id counts. */
struct kc_error *kc_raw_target_join(const struct kc_map *producer, const void *worker,
                                    const char *name, struct kc_raw_target **target) KC_MUST_CHECK;
/* The appender is of no more use: nobody joins it any more. */
void kc_raw_target_spoil(struct kc_raw_target *target);
/* After leaving the appender (kc_appender_abandon()) where it is shared. The last one closes both,
 * and waits for what is in flight. */
void kc_raw_target_leave(struct kc_raw_target *target);

#endif
