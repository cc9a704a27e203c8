/* SPDX-License-Identifier: Apache-2.0 */
/* HashMap's order: see hash_order.h. */
#include "values/hash_order.h"

#include <stdlib.h>
#include <string.h>

struct hash_entry {
    struct kc_pair pair;
    uint32_t hash;
    uint32_t bucket;
    uint32_t index;
};

static uint32_t hash_long(uint64_t bits)
{
    return (uint32_t)(bits ^ (bits >> 32));
}

static uint32_t hash_string(const char *text, size_t len)
{
    uint32_t hash = 0;
    for (size_t i = 0; i < len;) {
        unsigned char c = (unsigned char)text[i++];
        int more = c < 0xc0 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
        uint32_t point = more ? c & (0x3fU >> more) : c;
        for (; more && i < len; more--)
            point = point << 6 | ((unsigned char)text[i++] & 0x3f);
        if (point > 0xffff) {
            hash = 31 * hash + 0xd7c0 + (point >> 10);
            point = 0xdc00 + (point & 0x3ff);
        }
        hash = 31 * hash + point;
    }
    return hash;
}

static uint32_t hash_value(const struct kc_value *value)
{
    uint64_t bits = 0;
    uint32_t hash = 1;
    switch (value->type) {
    case KC_TYPE_INT64:
        return hash_long((uint64_t)value->u.i);
    case KC_TYPE_INT8:
    case KC_TYPE_INT16:
    case KC_TYPE_INT32:
        return (uint32_t)value->u.i;
    case KC_TYPE_FLOAT32: {
        float single = (float)value->u.d;
        memcpy(&hash, &single, sizeof(hash));
        return hash;
    }
    case KC_TYPE_FLOAT64:
        memcpy(&bits, &value->u.d, sizeof(bits));
        return hash_long(bits);
    case KC_TYPE_BOOLEAN:
        return value->u.b ? 1231 : 1237;
    case KC_TYPE_STRING:
    case KC_TYPE_BYTES:
        return hash_string(value->u.bytes.data, value->u.bytes.len);
    case KC_TYPE_MAP:
        for (uint32_t i = 0; i < value->count; i++)
            bits += hash_value(&value->u.pairs[i].key) ^ hash_value(&value->u.pairs[i].value);
        return (uint32_t)bits;
    case KC_TYPE_ARRAY:
    case KC_TYPE_STRUCT:
        for (uint32_t i = 0; i < value->count; i++)
            hash = 31 * hash + hash_value(&value->u.items[i]);
        return hash;
    default:
        return 0;
    }
}

static int by_hash(const void *a, const void *b)
{
    const struct hash_entry *x = a;
    const struct hash_entry *y = b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return x->index < y->index ? -1 : 1;
}

/* A LinkedHashMap has one bucket, so to speak. */
static int by_bucket(const void *a, const void *b)
{
    const struct hash_entry *x = a;
    const struct hash_entry *y = b;
    if (x->bucket != y->bucket)
        return x->bucket < y->bucket ? -1 : 1;
    return x->index < y->index ? -1 : 1;
}

/* entries are sorted by hash: the first of equal keys stays, with the last value. */
static uint32_t drop_repeats(struct hash_entry *entries, uint32_t count)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t k = kept;
        while (k > 0 && entries[k - 1].hash == entries[i].hash &&
               !kc_value_equal(&entries[k - 1].pair.key, &entries[i].pair.key))
            k--;
        if (k > 0 && entries[k - 1].hash == entries[i].hash)
            entries[k - 1].pair.value = entries[i].pair.value;
        else
            entries[kept++] = entries[i];
    }
    return kept;
}

uint32_t kc_hash_table_of_copy(uint32_t count)
{
    uint32_t wanted = (uint32_t)((float)count / 0.75F + 1.0F);
    uint32_t size = 1;
    while (size < wanted)
        size *= 2;
    return size;
}

/* table 0: linked. */
static uint32_t order(struct kc_pair *pairs, uint32_t count, uint32_t table)
{
    if (count < 2)
        return count;
    struct hash_entry *entries = kc_malloc(count * sizeof(*entries));
    for (uint32_t i = 0; i < count; i++) {
        uint32_t hash = hash_value(&pairs[i].key);
        entries[i] = (struct hash_entry){pairs[i], hash ^ (hash >> 16), 0, i};
    }
    qsort(entries, count, sizeof(*entries), by_hash);
    count = drop_repeats(entries, count);
    uint32_t size = table;
    while (size && count > (uint32_t)((float)size * 0.75F))
        size *= 2;
    for (uint32_t i = 0; i < count && size; i++)
        entries[i].bucket = entries[i].hash & (size - 1);
    qsort(entries, count, sizeof(*entries), by_bucket);
    for (uint32_t i = 0; i < count; i++)
        pairs[i] = entries[i].pair;
    free(entries);
    return count;
}

uint32_t kc_hash_map_order(struct kc_pair *pairs, uint32_t count, uint32_t table)
{
    return order(pairs, count, table);
}

uint32_t kc_linked_map_order(struct kc_pair *pairs, uint32_t count)
{
    return order(pairs, count, 0);
}
