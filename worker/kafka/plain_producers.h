/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which users have no right to a producer id, remembered for the process.
 *
 * Brokers before 2.8 give one only to who has IdempotentWrite on the cluster. Connect's producers
 * in Java do without by default, ours don't; so where a cluster refuses, and nobody has insisted on
 * enable.idempotence=true, the next producer of that user does without, too. Any thread.
 */
#ifndef WORKER_KAFKA_PLAIN_PRODUCERS_H
#define WORKER_KAFKA_PLAIN_PRODUCERS_H

#include "connect/map.h"

#include <stdbool.h>

/* What explain says of a task whose producer does without an id. */
extern const char kc_producers_plain_note[];

/* properties: a producer's, as a Java client's. Whether it may do without an id when it gets none:
 * not with transactions, nor with enable.idempotence=true. */
bool kc_producers_may_be_plain(const struct kc_map *properties);
/* The cluster has refused an id: says so once, and remembers it. */
void kc_producers_make_plain(const struct kc_map *properties);
/* Whether it was, and these properties take the consequence. */
bool kc_producers_were_refused(const struct kc_map *properties);
/* Whether a producer of these properties is to do without, for that reason or by its settings. */
bool kc_producers_are_plain(const struct kc_map *properties);

#endif
