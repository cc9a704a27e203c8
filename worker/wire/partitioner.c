/* SPDX-License-Identifier: Apache-2.0 */
/* Keys to partitions: see partitioner.h. */
#include "wire/partitioner.h"

enum { SHIFT = 24 };

static const uint32_t multiplier = 0x5bd1e995;
static const uint32_t seed = 0x9747b28c;

static uint32_t mix(uint32_t word)
{
    word *= multiplier;
    word ^= word >> SHIFT;
    return word * multiplier;
}

uint32_t kc_murmur2(const void *data, size_t len)
{
    const uint8_t *at = data;
    uint32_t hash = seed ^ (uint32_t)len;

    for (; len >= 4; len -= 4, at += 4) {
        uint32_t word =
            (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;

        hash = hash * multiplier ^ mix(word);
    }
    if (len > 0) {
        for (size_t i = 0; i < len; i++)
            hash ^= (uint32_t)at[i] << (8 * i);
        hash *= multiplier;
    }
    hash ^= hash >> 13;
    hash *= multiplier;
    return hash ^ hash >> 15;
}

int32_t kc_partition_for_key(const void *key, size_t len, int32_t count)
{
    return (int32_t)(kc_murmur2(key, len) & INT32_MAX) % count;
}
