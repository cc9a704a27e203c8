/* SPDX-License-Identifier: Apache-2.0 */
/* The partition of a record, as Java's producer chooses it. Any thread. */
#ifndef WORKER_KAFKA_PARTITIONER_H
#define WORKER_KAFKA_PARTITIONER_H

#include "connect/map.h"

#include <stddef.h>
#include <stdint.h>

/* BuiltInPartitioner.partitionForKey; count above 0. */
int32_t kc_partition_for_key(const void *key, size_t len, int32_t count);

/* Whether the producer's partitioner gives records to all partitions, whatever their keys. */
bool kc_partitioner_ignores_keys(const struct kc_map *producer);

#endif
