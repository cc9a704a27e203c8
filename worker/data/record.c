/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records and the batch that owns them.
 *
 * Called by source and sink tasks, transforms and the task loops. A batch is filled by one thread;
 * references may be dropped by any, and the last one frees everything: first the attached
 * resources, the newest first (a message may lie in an event that was attached before it), then the
 * arena. Adding a record allocates nothing while the batch stays within its expected count.
 */
#include "connect/record.h"

#include "data/batch_read.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_CHUNK = 16 * 1024, MIN_RECORDS = 16, MAX_EXPECTED = 65536 };

struct owned {
    void *resource;
    void (*destroy)(void *);
};

struct kc_batch {
    atomic_uint refs;
    struct kc_record *records;
    size_t count;
    size_t cap;
    struct kc_raw *raws;
    size_t raw_count;
    size_t raw_cap;
    struct kc_arena *arena; /* made when first needed */
    struct owned *owned;
    size_t owned_count;
    size_t owned_cap;
};

struct kc_source_partition {
    atomic_uint refs;
    json_t *map;
};

/* ---- source partitions ---- */

struct kc_source_partition *kc_source_partition_new(json_t *map)
{
    struct kc_source_partition *partition = kc_calloc(1, sizeof(*partition));
    atomic_init(&partition->refs, 1);
    partition->map = json_incref(map);
    return partition;
}

struct kc_source_partition *kc_source_partition_ref(struct kc_source_partition *partition)
{
    if (partition)
        atomic_fetch_add_explicit(&partition->refs, 1, memory_order_relaxed);
    return partition;
}

void kc_source_partition_unref(struct kc_source_partition *partition)
{
    if (!partition || atomic_fetch_sub_explicit(&partition->refs, 1, memory_order_acq_rel) != 1)
        return;
    json_decref(partition->map);
    free(partition);
}

json_t *kc_source_partition_map(const struct kc_source_partition *partition)
{
    return partition ? partition->map : NULL;
}

/* ---- batches ---- */

struct kc_batch *kc_batch_new(size_t expected_records)
{
    struct kc_batch *batch = kc_calloc(1, sizeof(*batch));
    atomic_init(&batch->refs, 1);
    /* The expected number is only a hint; the number of added records counts. */
    batch->cap = expected_records < MAX_EXPECTED ? expected_records : MAX_EXPECTED;
    if (batch->cap)
        batch->records = kc_malloc(batch->cap * sizeof(*batch->records));
    return batch;
}

struct kc_batch *kc_batch_ref(struct kc_batch *batch)
{
    atomic_fetch_add_explicit(&batch->refs, 1, memory_order_relaxed);
    return batch;
}

void kc_batch_unref(struct kc_batch *batch)
{
    if (!batch || atomic_fetch_sub_explicit(&batch->refs, 1, memory_order_acq_rel) != 1)
        return;
    while (batch->owned_count) {
        struct owned *last = &batch->owned[--batch->owned_count];
        last->destroy(last->resource);
    }
    free(batch->owned);
    free(batch->records);
    free(batch->raws);
    kc_arena_destroy(batch->arena);
    free(batch);
}

static void grow(struct kc_batch *batch)
{
    batch->cap = batch->cap < MIN_RECORDS ? MIN_RECORDS : 2 * batch->cap;
    batch->records = kc_realloc(batch->records, batch->cap * sizeof(*batch->records));
}

struct kc_record *kc_batch_add(struct kc_batch *batch)
{
    if (batch->count == batch->cap)
        grow(batch);
    struct kc_record *record = &batch->records[batch->count++];
    memset(record, 0, sizeof(*record));
    record->partition = KC_NO_PARTITION;
    record->timestamp = KC_NO_TIMESTAMP;
    record->original_partition = KC_NO_PARTITION;
    record->timestamp_type = -1;
    return record;
}

size_t kc_batch_count(const struct kc_batch *batch)
{
    return batch->count;
}

struct kc_record *kc_batch_at(struct kc_batch *batch, size_t index)
{
    assert(index < batch->count);
    return &batch->records[index];
}

struct kc_raw *kc_batch_add_raw(struct kc_batch *batch)
{
    if (batch->raw_count == batch->raw_cap) {
        batch->raw_cap = batch->raw_cap ? 2 * batch->raw_cap : MIN_RECORDS;
        batch->raws = kc_realloc(batch->raws, batch->raw_cap * sizeof(*batch->raws));
    }
    struct kc_raw *raw = &batch->raws[batch->raw_count++];
    memset(raw, 0, sizeof(*raw));
    return raw;
}

size_t kc_batch_raw_count(const struct kc_batch *batch)
{
    return batch->raw_count;
}

struct kc_raw *kc_batch_raw_at(struct kc_batch *batch, size_t index)
{
    assert(index < batch->raw_count);
    return &batch->raws[index];
}

static size_t value_bytes(const struct kc_value *value)
{
    size_t total = 0;
    switch (value->type) {
    case KC_TYPE_NULL:
        return 0;
    case KC_TYPE_STRING:
    case KC_TYPE_BYTES:
        return value->u.bytes.len;
    case KC_TYPE_ARRAY:
    case KC_TYPE_STRUCT:
        for (uint32_t i = 0; i < value->count; i++)
            total += value_bytes(&value->u.items[i]);
        return total;
    case KC_TYPE_MAP:
        for (uint32_t i = 0; i < value->count; i++)
            total += value_bytes(&value->u.pairs[i].key) + value_bytes(&value->u.pairs[i].value);
        return total;
    default:
        return sizeof(value->u.i);
    }
}

size_t kc_batch_bytes(const struct kc_batch *batch)
{
    size_t total = 0;
    for (size_t i = 0; i < batch->count; i++)
        total += value_bytes(&batch->records[i].key) + value_bytes(&batch->records[i].value);
    return total;
}

/* ---- what a batch owns ---- */

struct kc_arena *kc_batch_arena(struct kc_batch *batch)
{
    if (!batch->arena)
        batch->arena = kc_arena_new(ARENA_CHUNK);
    return batch->arena;
}

void *kc_batch_alloc(struct kc_batch *batch, size_t size)
{
    return kc_arena_alloc(kc_batch_arena(batch), size);
}

void *kc_batch_dup(struct kc_batch *batch, const void *data, size_t size)
{
    return kc_arena_dup(kc_batch_arena(batch), data, size);
}

void kc_batch_own(struct kc_batch *batch, void *resource, void (*destroy)(void *))
{
    if (batch->owned_count == batch->owned_cap) {
        batch->owned_cap = batch->owned_cap ? 2 * batch->owned_cap : batch->cap + 4;
        batch->owned = kc_realloc(batch->owned, batch->owned_cap * sizeof(*batch->owned));
    }
    batch->owned[batch->owned_count++] = (struct owned){resource, destroy};
}

static void release_json(void *map)
{
    json_decref(map);
}

void kc_batch_own_json(struct kc_batch *batch, json_t *map)
{
    if (map)
        kc_batch_own(batch, json_incref(map), release_json);
}

static void release_schema(void *schema)
{
    kc_schema_unref(schema);
}

void kc_batch_own_schema(struct kc_batch *batch, const struct kc_schema *schema)
{
    if (!schema)
        return;
    /* Usually all records have the same few schemas: kept once. */
    size_t newest = batch->owned_count;
    for (size_t i = newest; i > 0 && newest - i < 4; i--)
        if (batch->owned[i - 1].resource == schema)
            return;
    kc_batch_own(batch, (void *)kc_schema_ref(schema), release_schema);
}
