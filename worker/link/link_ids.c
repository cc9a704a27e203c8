/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Producer ids that no broker issues. Brokers count up from zero, so that bit 62 is never set in
 * theirs. Below it lies a tag: of the cluster that issued the id, or of the link.
 *
 * Hashes are kept for ever: ids lie in logs. So the function must not change. Pure, any thread.
 */
#include "connect/link.h"

#define LOW_BITS (((int64_t)1 << KC_LINK_TAG_SHIFT) - 1)

/* FNV-1a, mixed at the end as SplitMix64 does it, because FNV's high bits hardly depend on the last
 * characters. */
static uint64_t hash_of(const char *text)
{
    uint64_t hash = 0xCBF29CE484222325;

    for (; *text; text++)
        hash = (hash ^ (uint8_t)*text) * 0x100000001B3;
    hash = (hash ^ hash >> 30) * 0xBF58476D1CE4E5B9;
    hash = (hash ^ hash >> 27) * 0x94D049BB133111EB;
    return hash ^ hash >> 31;
}

int64_t kc_link_tag(const char *text)
{
    return (int64_t)(hash_of(text) >> KC_LINK_TAG_SHIFT) & KC_LINK_TAG_MASK;
}

/* Keeps links' ids away from the virtual ids of a cluster with the same tag: no cluster has issued
 * so many. */
#define LINK_BIT ((int64_t)1 << (KC_LINK_TAG_SHIFT - 1))

int64_t kc_link_producer_id(const char *link_identity)
{
    int64_t low = (int64_t)(hash_of(link_identity) & (uint64_t)LOW_BITS);

    return KC_LINK_ID_MARK | kc_link_tag(link_identity) << KC_LINK_TAG_SHIFT | low | LINK_BIT;
}

bool kc_link_id_is_links(int64_t id)
{
    return id > 0 && (id & KC_LINK_ID_MARK) && (id & LINK_BIT);
}

int64_t kc_link_virtual_id(int64_t tag, int64_t id)
{
    if (id < 0 || id > LOW_BITS)
        return id;
    return KC_LINK_ID_MARK | (tag & KC_LINK_TAG_MASK) << KC_LINK_TAG_SHIFT | id;
}

int64_t kc_link_real_id(int64_t tag, int64_t id)
{
    if (id < 0 || !(id & KC_LINK_ID_MARK) || (id >> KC_LINK_TAG_SHIFT & KC_LINK_TAG_MASK) != tag)
        return id;
    return id & LOW_BITS;
}
