/* SPDX-License-Identifier: Apache-2.0 */
/* The ends of transactions, see copy_fates_priv.h. */
#include "link/copy_fates_priv.h"

#include "connect/hash.h"

/* The ends of one producer's transactions: its marker, and whether it committed. */
struct fate_end {
    int64_t offset;
    bool committed;
};

struct fate_producer {
    int64_t id;
    struct fate_end *ends; /* ascending */
    size_t count, cap;
    UT_hash_handle hh;
};

struct link_fates {
    struct fate_producer *producers;
};

struct link_fates *link_fates_new(void)
{
    return kc_calloc(1, sizeof(struct link_fates));
}

void link_fates_free(struct link_fates *fates)
{
    struct fate_producer *producer, *next;
    if (!fates)
        return;
    HASH_ITER (hh, fates->producers, producer, next) {
        HASH_DEL(fates->producers, producer);
        free(producer->ends);
        free(producer);
    }
    free(fates);
}

static struct fate_producer *find(const struct link_fates *fates, int64_t id)
{
    struct fate_producer *producer;
    HASH_FIND(hh, fates->producers, &id, sizeof(id), producer);
    return producer;
}

static void add_end(struct link_fates *fates, int64_t id, struct fate_end end)
{
    struct fate_producer *producer = find(fates, id);
    if (!producer) {
        producer = kc_calloc(1, sizeof(*producer));
        producer->id = id;
        HASH_ADD(hh, fates->producers, id, sizeof(producer->id), producer);
    }
    if (producer->count == producer->cap) {
        producer->cap = producer->cap ? producer->cap * 2 : 4;
        producer->ends = kc_realloc(producer->ends, producer->cap * sizeof(*producer->ends));
    }
    producer->ends[producer->count++] = end;
}

void link_fates_note(struct link_fates *fates, const struct kc_record_batch *batch)
{
    struct kc_control_record control;
    if (!kc_record_batch_control(batch) || kc_control_read(batch, &control))
        return;
    if (control.type == KC_CONTROL_COMMIT || control.type == KC_CONTROL_ABORT)
        add_end(fates, batch->producer_id,
                (struct fate_end){batch->base_offset, control.type == KC_CONTROL_COMMIT});
}

bool link_fates_admit(const struct link_fates *fates, const struct kc_record_batch *batch)
{
    if (kc_record_batch_control(batch))
        return false;
    if (!kc_record_batch_transactional(batch))
        return true;
    const struct fate_producer *producer = find(fates, batch->producer_id);
    size_t low = 0, high = producer ? producer->count : 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (producer->ends[middle].offset < batch->base_offset)
            low = middle + 1;
        else
            high = middle;
    }
    return producer && low < producer->count && producer->ends[low].committed;
}
