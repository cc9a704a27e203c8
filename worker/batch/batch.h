/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Record batches (KIP-98, magic 2) as bytes: what a header says, whether the bytes are whole, and
 * the rewriting of what differs between source and target. Messages of magic 0 and 1 are read, not
 * written.
 *
 * The struct is not the runtime's kc_batch, which owns records.
 *
 * Pure functions, any thread; input is untrusted. Hot path: codes and static texts, no error
 * objects.
 */
#ifndef WORKER_BATCH_BATCH_H
#define WORKER_BATCH_BATCH_H

#include "batch/compress.h"

#define KC_BATCH_HEADER 61 /* bytes before the records of a magic 2 batch */

struct kc_wire_batch {
    const uint8_t *data; /* the whole of it */
    size_t size;
    int64_t base_offset;
    int32_t leader_epoch;
    int8_t magic;
    uint32_t crc;
    int16_t attributes;
    int32_t last_offset_delta;
    int64_t base_timestamp; /* magic 0: -1 */
    int64_t max_timestamp;
    int64_t producer_id; /* -1: none; magic below 2 always */
    int16_t producer_epoch;
    int32_t base_sequence;
    int32_t count; /* records that it claims; magic below 2: 1, or more when compressed */
};

enum kc_batch_result {
    KC_BATCH_OK,
    KC_BATCH_PARTIAL, /* the last one of a fetch may be cut off */
    KC_BATCH_BAD,
};

/* Reads the header at data. KC_BATCH_BAD: *why is a static text. The CRC isn't looked at. */
enum kc_batch_result kc_batch_parse(const uint8_t *data, size_t len, struct kc_wire_batch *batch,
                                    const char **why);

/* CRC-32C over attributes and behind; CRC-32 for magic 0 and 1. */
bool kc_batch_intact(const struct kc_wire_batch *batch);

static inline int kc_batch_codec(const struct kc_wire_batch *batch)
{
    return batch->attributes & 7;
}
static inline bool kc_batch_log_append_time(const struct kc_wire_batch *batch)
{
    return batch->attributes & 8;
}
static inline bool kc_batch_transactional(const struct kc_wire_batch *batch)
{
    return batch->magic >= 2 && batch->attributes & 16;
}
static inline bool kc_batch_control(const struct kc_wire_batch *batch)
{
    return batch->magic >= 2 && batch->attributes & 32;
}
static inline int64_t kc_batch_last_offset(const struct kc_wire_batch *batch)
{
    return batch->base_offset + batch->last_offset_delta;
}
/* Whether compaction or a transaction's marker left gaps: not as many records as offsets. */
static inline bool kc_batch_has_gaps(const struct kc_wire_batch *batch)
{
    return batch->magic >= 2 && batch->count - 1 != batch->last_offset_delta;
}

/* What differs at the target. */
struct kc_batch_identity {
    int64_t base_offset;
    int32_t leader_epoch; /* -1 for what is produced */
    int64_t producer_id;  /* -1, -1, -1: not idempotent */
    int16_t producer_epoch;
    int32_t base_sequence;
    bool transactional;
};

/* Rewrites the header of a magic 2 batch in place, its CRC too. The records aren't read: a batch
 * that was damaged stays so, and whoever gets it sees that. */
void kc_batch_rebase(uint8_t *data, size_t size, const struct kc_batch_identity *identity);
/* Writes the header of a magic 2 batch whose records lie behind it, size bytes in all, without
 * producer: attributes, times, last_offset_delta and count are header's; and the CRC. */
void kc_batch_put_header(uint8_t *data, size_t size, const struct kc_wire_batch *header);
/* Rewrites the base offset only, which the CRC doesn't cover. */
void kc_batch_set_base_offset(uint8_t *data, int64_t base_offset);

#endif
