/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Remembers, for the whole process, which users have no right to a producer id.
 *
 * Brokers before 2.8 give one only to users with IdempotentWrite on the cluster. By default
 * Connect's producers in Java work without one, and ours with one. So if a cluster refuses, and
 * enable.idempotence=true isn't set, the next producer of that user works without, too. Any thread.
 */
#ifndef WORKER_KAFKA_PLAIN_PRODUCERS_H
#define WORKER_KAFKA_PLAIN_PRODUCERS_H

#include "connect/map.h"

#include <stdbool.h>

/* The note in explain for a task whose producer works without an id. */
extern const char kc_producers_plain_note[];

/* properties: those of a Java producer. Whether it may work without an id: not with transactions,
 * and not with enable.idempotence=true. */
bool kc_producers_may_be_plain(const struct kc_map *properties);
/* The cluster has refused an id: logs it once, and remembers it. */
void kc_producers_make_plain(const struct kc_map *properties);
/* Whether it was, and these properties take the consequence. */
bool kc_producers_were_refused(const struct kc_map *properties);
/* Whether a producer of these properties works without an id, for that reason or by its settings.
 */
bool kc_producers_are_plain(const struct kc_map *properties);

#endif
