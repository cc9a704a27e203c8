/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Record batches as Kafka keeps them (KIP-98, magic 2): what a fetcher brings (connect/fetch.h) and
 * an appender takes (connect/append.h). Headers are read and rewritten, records walked, batches
 * built, fillers among them (API 1.3).
 *
 * A struct kc_batch (connect/record.h) is another thing: it owns records that are converted.
 *
 * Pure functions, any thread, unless an object says otherwise. Bytes are untrusted: faults are
 * reported, and nothing outside of them is read. In place of an error object, which would cost more
 * than a batch, functions return NULL or a static text that says what is wrong.
 */
#ifndef CONNECT_RECORD_BATCH_H
#define CONNECT_RECORD_BATCH_H

#include "connect/mem.h"

KC_API_BEGIN

/* ---- codecs ---- */

/* The value in a batch's attributes. */
enum kc_codec { KC_CODEC_NONE, KC_CODEC_GZIP, KC_CODEC_SNAPPY, KC_CODEC_LZ4, KC_CODEC_ZSTD };
#define KC_CODECS 5

/* "none", "gzip", ...; as compression.type. "unknown" for others. */
const char *kc_codec_name(int codec);
/* False when name is none of them. */
bool kc_codec_parse(const char *name, enum kc_codec *codec);
/* The level that the codec has unless it is set: compression.gzip.level and its kin (KIP-390). */
int kc_codec_level(enum kc_codec codec);

/* The limit for the decompressed records of one batch, for callers without a limit of their own. */
#define KC_RECORDS_LIMIT ((size_t)128 << 20)

/* ---- headers ---- */

#define KC_BATCH_HEADER 61 /* bytes before the records of a magic 2 batch */

/* A header, parsed once and carried along with its bytes. Never grows. */
struct kc_record_batch {
    const uint8_t *data; /* the whole of it; borrowed */
    size_t size;
    int64_t base_offset;
    int32_t leader_epoch; /* -1: none */
    int8_t magic;
    uint32_t crc;
    int16_t attributes;
    int32_t last_offset_delta;
    int64_t base_timestamp; /* ms; magic 0: -1 */
    int64_t max_timestamp;
    int64_t producer_id; /* -1: none; magic below 2 always */
    int16_t producer_epoch;
    int32_t base_sequence;
    int32_t count; /* number of records that it claims; magic below 2: 1, or more when compressed */
};

enum kc_record_batch_result {
    KC_BATCH_OK,
    KC_BATCH_PARTIAL, /* the last one of a fetch may be cut off */
    KC_BATCH_BAD,
};

/* Reads the header at data. KC_BATCH_BAD: *why is a static text. The CRC isn't looked at. Batches
 * follow each other: the next one begins batch->size further. */
enum kc_record_batch_result kc_record_batch_parse(const uint8_t *data, size_t len,
                                                  struct kc_record_batch *batch, const char **why);

/* Whether the CRC is right: CRC-32C over attributes and behind; CRC-32 for magic 0 and 1. */
bool kc_record_batch_intact(const struct kc_record_batch *batch);

static inline int kc_record_batch_codec(const struct kc_record_batch *batch)
{
    return batch->attributes & 7;
}
static inline bool kc_record_batch_log_append_time(const struct kc_record_batch *batch)
{
    return batch->attributes & 8;
}
static inline bool kc_record_batch_transactional(const struct kc_record_batch *batch)
{
    return batch->magic >= 2 && batch->attributes & 16;
}
/* Markers of transactions and other records of the brokers: see kc_control_read(). */
static inline bool kc_record_batch_control(const struct kc_record_batch *batch)
{
    return batch->magic >= 2 && batch->attributes & 32;
}
static inline int64_t kc_record_batch_last_offset(const struct kc_record_batch *batch)
{
    return batch->base_offset + batch->last_offset_delta;
}
/* Whether compaction left gaps: not as many records as offsets. A broker doesn't take such a batch
 * (INVALID_RECORD). */
static inline bool kc_record_batch_has_gaps(const struct kc_record_batch *batch)
{
    return batch->magic >= 2 && batch->count - 1 != batch->last_offset_delta;
}

/* ---- rewriting ---- */

/* What differs at another cluster. Never grows. */
struct kc_record_batch_identity {
    int64_t base_offset;
    int32_t leader_epoch; /* -1 for what is produced */
    int64_t producer_id;  /* -1, -1, -1: not idempotent */
    int16_t producer_epoch;
    int32_t base_sequence;
    bool transactional;
};

/* Rewrites the header of a magic 2 batch in place. The new CRC is computed from the change, without
 * a look at the records. So a damaged batch keeps a wrong CRC, and its reader notices. */
void kc_record_batch_rebase(uint8_t *data, size_t size,
                            const struct kc_record_batch_identity *identity);
/* The producer's fields alone: they lie inside of what the CRC covers, which follows. The
 * transactional attribute stays. */
void kc_record_batch_set_producer(uint8_t *data, size_t size, int64_t producer_id,
                                  int16_t producer_epoch, int32_t base_sequence);
/* CRC-32C over the records of magic 2 batches in a row, as they lie there (compressed): goes on
 * from crc, which is 0 at first. It follows from the batch's own CRC, without a look at the
 * records. */
uint32_t kc_record_batch_records_crc(const uint8_t *data, size_t size, uint32_t crc);
/* Base offset and leader epoch, which the CRC doesn't cover. */
void kc_record_batch_set_place(uint8_t *data, int64_t base_offset, int32_t leader_epoch);
/* The sequence behind count records that began with sequence: from 2^31-1 on it begins anew with 0,
 * as brokers count (DefaultRecordBatch.incrementSequence). */
int32_t kc_sequence_after(int32_t sequence, int64_t count);

/* ---- records ---- */

/* Bytes, or null. Never grows. */
struct kc_bytes {
    const uint8_t *data;
    int32_t len; /* -1: null */
};

/* Never grows. */
struct kc_plain_header {
    struct kc_bytes key; /* UTF-8, never null */
    struct kc_bytes value;
};

/* A record in a batch: bytes, without schemas. Never grows. */
struct kc_plain_record {
    int64_t offset;
    int64_t timestamp; /* ms; -1: none (magic 0). Of the log where the batch has such times */
    struct kc_bytes key;
    struct kc_bytes value;
    const struct kc_plain_header *headers;
    int32_t header_count;
};

/*
 * A walk over the records of one batch of any magic, decompressed where needed.
 *
 *     why = kc_record_walk_begin(&batch, KC_RECORDS_LIMIT, &walk);
 *     while (!why && kc_record_walk_next(walk, &record, &why))
 *         ...
 *     kc_record_walk_end(walk);
 *
 * One thread. The batch's bytes stay until the end. A record's pointers are valid until the end,
 * its headers until the next record.
 */
struct kc_record_walk;
/* limit: bytes that the records may take decompressed. *walk is set in any case. */
const char *kc_record_walk_begin(const struct kc_record_batch *batch, size_t limit,
                                 struct kc_record_walk **walk) KC_MUST_CHECK;
/* False at the end, or when *why is set. */
bool kc_record_walk_next(struct kc_record_walk *walk, struct kc_plain_record *record,
                         const char **why);
void kc_record_walk_end(struct kc_record_walk *walk); /* NULL is fine */

/* ---- control records ---- */

/* ControlRecordType (KIP-98, KIP-595). */
enum kc_control_type {
    KC_CONTROL_UNKNOWN = -1,
    KC_CONTROL_ABORT = 0,
    KC_CONTROL_COMMIT = 1,
    KC_CONTROL_LEADER_CHANGE = 2,
    KC_CONTROL_SNAPSHOT_HEADER = 3,
    KC_CONTROL_SNAPSHOT_FOOTER = 4,
    KC_CONTROL_KRAFT_VERSION = 5,
    KC_CONTROL_KRAFT_VOTERS = 6,
};

/* A control record; the producer is that of the batch. Never grows. */
struct kc_control_record {
    enum kc_control_type type;
    int64_t offset;
    int64_t timestamp;
    int32_t coordinator_epoch; /* of ABORT and COMMIT; -1: none */
};

/* The first record of a control batch, which has one; a type that is newer than this version is
 * KC_CONTROL_UNKNOWN. */
const char *kc_control_read(const struct kc_record_batch *batch,
                            struct kc_control_record *control) KC_MUST_CHECK;

/* ---- building ---- */

/* Builds magic 2 batches without producer from records. One thread at a time. */
struct kc_record_batch_builder;

/* level: of the codec, see kc_codec_level(). close_gaps: offsets count up from the first record's
 * by one, as brokers demand; otherwise they ascend as given. */
struct kc_record_batch_builder *kc_record_batch_builder_new(enum kc_codec codec, int level,
                                                            bool close_gaps);
/* Copies record. A text: it can't be in the same batch; finish this one, and add it again. */
const char *kc_record_batch_builder_add(struct kc_record_batch_builder *builder,
                                        const struct kc_plain_record *record) KC_MUST_CHECK;
int32_t kc_record_batch_builder_count(const struct kc_record_batch_builder *builder);
/* The uncompressed size that the batch would have with one more record. */
size_t kc_record_batch_builder_size_with(const struct kc_record_batch_builder *builder,
                                         const struct kc_plain_record *record);
/* Appends the finished batch to out, and begins the next one. Nothing when there are no records. */
const char *kc_record_batch_builder_finish(struct kc_record_batch_builder *builder,
                                           struct kc_str *out) KC_MUST_CHECK;
void kc_record_batch_builder_destroy(struct kc_record_batch_builder *builder); /* NULL is fine */

/*
 * Fillers: records that stand for offsets at which there is nothing to see. In a compacted topic
 * the cleaner removes fillers of key K, which have null values, once a later record has key K.
 * Never grows.
 */
struct kc_filler {
    struct kc_bytes key; /* may be null where the topic isn't compacted */
    bool empty;          /* a value of no bytes; false: null */
    int64_t timestamp;   /* ms */
    enum kc_codec codec; /* zstd: 100,000 take less than one byte each */
    int level;
};

/* Appends to out one batch of count fillers (1 to KC_FILLERS_MAX) at base offset 0 and without
 * producer. To write many, build one, and for each append a copy with its own sequence
 * (kc_record_batch_set_producer()): millions of offsets a second. */
#define KC_FILLERS_MAX 1000000
const char *kc_filler_batch(const struct kc_filler *filler, int32_t count,
                            struct kc_str *out) KC_MUST_CHECK;

/* ---- whole batches anew ---- */

/* Appends to out batch with its records in another codec, without producer, at base offset 0.
 * limit: as kc_record_walk_begin(). Not for control batches. */
const char *kc_record_batch_recompress(const struct kc_record_batch *batch, enum kc_codec codec,
                                       int level, size_t limit, struct kc_str *out) KC_MUST_CHECK;

/* Appends the records of batch to out as batches of at most max_size bytes uncompressed each (one
 * record may exceed it), with the same codec and offsets. limit: as kc_record_walk_begin(). Not for
 * control batches. */
const char *kc_record_batch_split(const struct kc_record_batch *batch, size_t max_size,
                                  size_t limit, struct kc_str *out) KC_MUST_CHECK;

/* Whether the batch may be part of a merged one: magic 2 with data, uncompressed, times of the
 * producer, offsets without gaps. */
bool kc_record_batch_mergeable(const struct kc_record_batch *batch);

/* Appends to out the batch that holds the records of all of them in order, without producer; its
 * base offset is 0. Keys, values, headers, record attributes and times are kept. A text: out is as
 * it was. */
const char *kc_record_batch_merge(const struct kc_record_batch *batches, size_t count,
                                  struct kc_str *out) KC_MUST_CHECK;

KC_API_END

#endif
