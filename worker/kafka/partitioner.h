/* SPDX-License-Identifier: Apache-2.0 */
/* Which partition a record with a key goes to, as Java's producer has it. Any thread. */
#ifndef WORKER_KAFKA_PARTITIONER_H
#define WORKER_KAFKA_PARTITIONER_H

#include <stddef.h>
#include <stdint.h>

/* BuiltInPartitioner.partitionForKey; count above 0. */
int32_t kc_partition_for_key(const void *key, size_t len, int32_t count);

#endif
