/* SPDX-License-Identifier: Apache-2.0 */
/* The records of a transaction: see eos_records_priv.h. */
#include "source/eos_records_priv.h"

#include "connect/hash.h"

#include <stdlib.h>
#include <string.h>

enum { ARENA = 4096 };

/* Tells the plugin about the batches of a source partition. */
struct kept_raw {
    struct kc_source_partition *partition; /* counted */
    struct kc_raw raw;
    UT_hash_handle hh;
};

/* Tells the plugin about one of them. */
struct kept_span {
    const struct kc_raw *raw;
    int64_t target_offset;
    struct kc_raw_facts facts;
    int32_t run_count;
    struct kc_raw_run runs[];
};

struct kc_txn_entry {
    struct kc_txn_batch *batch;
    const struct kc_record *record; /* not a span's */
    const struct kept_span *span;   /* once acknowledged */
    struct kc_record_metadata metadata;
    atomic_bool acked;
    bool dropped;
};

struct kc_txn_batch {
    struct kc_batch *batch; /* NULL: not needed any more */
    struct kc_txn_batch *next;
    size_t left;    /* records that haven't been added */
    size_t flying;  /* spans without an outcome */
    size_t records; /* entries that refer to the batch until the end */
    size_t used;
    struct kc_txn_entry entries[];
};

struct kc_txn_records {
    struct kc_source_task *task;
    struct kc_txn_batch *first;
    struct kc_txn_batch *last;
    struct kc_txn_batch *current;
    atomic_uint_fast64_t acked; /* records, and their bytes: kc_txn_records_take_count() */
    atomic_uint_fast64_t acked_bytes;
    struct kc_arena *arena; /* what is kept of spans */
    struct kept_raw *raws;
};

struct kc_txn_records *kc_txn_records_new(struct kc_source_task *task)
{
    struct kc_txn_records *records = kc_calloc(1, sizeof(*records));
    records->task = task;
    return records;
}

static void batch_destroy(struct kc_txn_batch *batch)
{
    kc_batch_unref(batch->batch);
    free(batch);
}

static void forget(struct kc_txn_records *records)
{
    for (struct kc_txn_batch *batch = records->first; batch;) {
        struct kc_txn_batch *next = batch->next;
        batch_destroy(batch);
        batch = next;
    }
    records->first = records->last = records->current = NULL;
    struct kept_raw *kept, *next_kept;
    HASH_ITER (hh, records->raws, kept, next_kept) {
        HASH_DEL(records->raws, kept);
        kc_source_partition_unref(kept->partition);
    }
    kc_arena_destroy(records->arena);
    records->arena = NULL;
}

void kc_txn_records_destroy(struct kc_txn_records *records)
{
    if (!records)
        return;
    forget(records);
    free(records);
}

/* ---- adding ---- */

static void append(struct kc_txn_records *records, struct kc_txn_batch *batch)
{
    if (records->last)
        records->last->next = batch;
    else
        records->first = batch;
    records->last = batch;
}

static struct kc_txn_batch *batch_new(struct kc_batch *batch, size_t count)
{
    struct kc_txn_batch *made = kc_calloc(1, sizeof(*made) + count * sizeof(made->entries[0]));
    made->batch = batch;
    made->left = count;
    return made;
}

struct kc_txn_batch *kc_txn_records_begin(struct kc_txn_records *records, struct kc_batch *batch)
{
    struct kc_txn_batch *before = records->current;
    records->current = batch_new(batch, kc_batch_count(batch));
    append(records, records->current);
    return before;
}

void kc_txn_records_resume(struct kc_txn_records *records, struct kc_txn_batch *current)
{
    records->current = current;
}

struct kc_txn_entry *kc_txn_records_add(struct kc_txn_records *records,
                                        const struct kc_record *record, bool is_dropped)
{
    struct kc_txn_batch *batch = records->current;
    struct kc_txn_entry *entry = &batch->entries[batch->used++];
    batch->left--;
    entry->batch = batch;
    bool is_span = record->span && !is_dropped;
    entry->record = is_span ? NULL : record;
    entry->dropped = is_dropped;
    if (is_span)
        batch->flying++;
    else
        batch->records++;
    return entry;
}

/* ---- outcomes ---- */

static void record_acked(struct kc_txn_entry *entry, const struct kc_lane_ack *ack)
{
    entry->metadata = (struct kc_record_metadata){ack->offset, ack->partition, ack->timestamp};
    atomic_store_explicit(&entry->acked, true, memory_order_release);
}

static void span_ended(struct kc_txn_entry *entry)
{
    struct kc_txn_batch *batch = entry->batch;
    batch->flying--;
    if (batch->flying > 0 || batch->left > 0 || batch->records > 0)
        return;
    kc_batch_unref(batch->batch);
    batch->batch = NULL;
}

/* Usually a batch has the same target as the last one of its source partition. */
static bool alike(const struct kc_raw *a, const struct kc_raw *b)
{
    return a->partition == b->partition && a->task_data == b->task_data &&
           a->offset_field == b->offset_field && strcmp(a->topic, b->topic) == 0;
}

static const struct kc_raw *keep_raw(struct kc_txn_records *records, const struct kc_raw *raw)
{
    struct kept_raw *kept = NULL;
    HASH_FIND_PTR(records->raws, &raw->source_partition, kept);
    if (kept && alike(&kept->raw, raw))
        return &kept->raw;
    if (kept)
        HASH_DEL(records->raws, kept);
    struct kept_raw *made = kc_arena_alloc(records->arena, sizeof(*made));
    /* The same reference serves all that is kept of the partition. */
    made->partition = kept ? kept->partition : kc_source_partition_ref(raw->source_partition);
    made->raw = (struct kc_raw){.topic = kc_arena_strdup(records->arena, raw->topic),
                                .partition = raw->partition,
                                .first_offset = raw->first_offset,
                                .read_committed = raw->read_committed,
                                .source_partition = raw->source_partition,
                                .offset_field = raw->offset_field,
                                .task_data = raw->task_data};
    HASH_ADD_PTR(records->raws, partition, made);
    return &made->raw;
}

static const struct kept_span *keep_span(struct kc_txn_records *records,
                                         const struct kc_raw_span *span)
{
    size_t runs_size = (size_t)span->run_count * sizeof(span->runs[0]);
    if (!records->arena)
        records->arena = kc_arena_new(ARENA);
    struct kept_span *kept = kc_arena_alloc(records->arena, sizeof(*kept) + runs_size);
    kept->raw = keep_raw(records, span->raw);
    kept->target_offset = span->base_offset;
    kept->facts = kc_raw_span_facts(span);
    kept->run_count = span->run_count;
    memcpy(kept->runs, span->runs, runs_size);
    return kept;
}

static void span_acked(struct kc_txn_records *records, struct kc_txn_entry *entry,
                       const struct kc_raw_span *span)
{
    entry->span = keep_span(records, span);
    span_ended(entry);
}

void kc_txn_records_acked(struct kc_txn_records *records, struct kc_txn_entry *entry,
                          const struct kc_lane_ack *ack)
{
    atomic_fetch_add_explicit(&records->acked, ack->records, memory_order_relaxed);
    atomic_fetch_add_explicit(&records->acked_bytes, ack->bytes, memory_order_relaxed);
    if (ack->span)
        span_acked(records, entry, ack->span);
    else
        record_acked(entry, ack);
}

uint64_t kc_txn_records_count(struct kc_txn_records *records)
{
    return atomic_load(&records->acked);
}

void kc_txn_records_take_count(struct kc_txn_records *records, uint64_t *acked, uint64_t *bytes)
{
    *acked = atomic_exchange(&records->acked, 0);
    *bytes = atomic_exchange(&records->acked_bytes, 0);
}

void kc_txn_span_gone(struct kc_txn_records *records, struct kc_txn_entry *entry)
{
    (void)records;
    span_ended(entry);
}

/* ---- the end ---- */

static void tell(struct kc_source_task *task, struct kc_txn_entry *entry)
{
    const struct kept_span *span = entry->span;
    if (span)
        kc_source_task_raw_committed(task, span->raw, span->runs, span->run_count,
                                     span->target_offset, &span->facts);
    else if (entry->dropped)
        kc_source_task_record_committed(task, entry->record, NULL);
    else if (atomic_load_explicit(&entry->acked, memory_order_acquire))
        kc_source_task_record_committed(task, entry->record, &entry->metadata);
}

/* The rest of the batch goes into the next transaction. */
static struct kc_txn_batch *rest_of(struct kc_txn_batch *batch)
{
    struct kc_txn_batch *rest = batch_new(batch->batch, batch->left);
    batch->batch = NULL;
    return rest;
}

void kc_txn_records_end(struct kc_txn_records *records, bool sending)
{
    for (struct kc_txn_batch *batch = records->first; batch; batch = batch->next)
        for (size_t i = 0; i < batch->used; i++)
            tell(records->task, &batch->entries[i]);
    struct kc_txn_batch *rest = sending ? rest_of(records->current) : NULL;
    forget(records);
    if (rest)
        append(records, rest);
    records->current = rest;
}
