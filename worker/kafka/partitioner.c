/* SPDX-License-Identifier: Apache-2.0 */
/* Keys to partitions: see partitioner.h. */
#include "kafka/partitioner.h"

#include <librdkafka/rdkafka.h>
#include <string.h>
#include <strings.h>

int32_t kc_partition_for_key(const void *key, size_t len, int32_t count)
{
    /* Only partitioners that look for an available partition ask the topic. */
    return rd_kafka_msg_partitioner_murmur2(NULL, key, len, count, NULL, NULL);
}

bool kc_partitioner_ignores_keys(const struct kc_map *producer)
{
    const char *class_name = kc_map_get_or(producer, "partitioner.class", "");
    return strcasecmp(kc_map_get_or(producer, "partitioner.ignore.keys", "false"), "true") == 0 ||
           strstr(class_name, "RoundRobin") || strstr(class_name, "UniformSticky");
}
