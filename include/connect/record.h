/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records, and the batch that they travel in.
 *
 * A batch is what a source task hands over and a sink task receives. It owns everything that its
 * records point to: an arena, and attached resources (the client's messages, so that payloads are
 * never copied). It is reference-counted; a batch is filled by one thread and immutable once handed
 * over.
 */
#ifndef CONNECT_RECORD_H
#define CONNECT_RECORD_H

#include "connect/data.h"
#include "connect/fetch.h"
#include "connect/map.h"

#include <jansson.h>

KC_API_BEGIN

#define KC_NO_TIMESTAMP INT64_MIN /* the producer's clock decides */
#define KC_TIMELESS     (-1)      /* none, and none is given: what old producers leave */
#define KC_NO_PARTITION (-1)

/* Never grows. */
struct kc_header {
    const char *key; /* terminated; a zero byte in it is the bytes C0 80 (modified UTF-8) */
    const struct kc_schema *schema;
    struct kc_value value;
};

/*
 * The source partition of a record. One per source partition and task, made once and used by all of
 * its records: identity is the pointer. Reference-counted, thread-safe.
 */
struct kc_source_partition;
/* partition: the source partition map, ref'ed; NULL is the null partition. */
struct kc_source_partition *kc_source_partition_new(json_t *partition);
struct kc_source_partition *kc_source_partition_ref(struct kc_source_partition *partition);
void kc_source_partition_unref(struct kc_source_partition *partition);
json_t *kc_source_partition_map(const struct kc_source_partition *partition); /* borrowed */

/* The source offset map. Most are one number (field and number), which needs no allocation. Never
 * grows. */
struct kc_source_offset {
    const char *field; /* static text, or NULL: see map */
    int64_t number;
    json_t *map; /* when field is NULL; borrowed from the batch (kc_batch_own_json()); NULL: null */
};

/* May grow. */
struct kc_record {
    const char *topic;                  /* terminated; lives as long as the batch */
    int32_t partition;                  /* KC_NO_PARTITION: the producer's partitioner decides */
    int64_t timestamp;                  /* ms since the epoch, or one of the above */
    const struct kc_schema *key_schema; /* NULL: schemaless */
    struct kc_value key;
    const struct kc_schema *value_schema;
    struct kc_value value;
    const struct kc_header *headers;
    uint32_t header_count;

    /* Source records. */
    struct kc_source_partition *source_partition; /* borrowed from the task that made it */
    struct kc_source_offset source_offset;
    void *task_data; /* the task's own, comes back in record_committed() */

    /* Sink records. */
    int64_t kafka_offset;
    const char *original_topic; /* before transforms */
    int32_t original_partition;
    int64_t original_offset;
    int timestamp_type; /* -1 none, 0 create time, 1 log append time */

    struct kc_raw_span *span; /* the worker's own: the record stands for a whole record batch */
    bool converted; /* the worker's own: has been through transforms and converters already */
};

struct kc_batch;

struct kc_batch *kc_batch_new(size_t expected_records);
struct kc_batch *kc_batch_ref(struct kc_batch *batch);
void kc_batch_unref(struct kc_batch *batch); /* NULL is fine */

/* A new zeroed record at the end (timestamp, partition unset); borrowed until the next addition. */
struct kc_record *kc_batch_add(struct kc_batch *batch);
size_t kc_batch_count(const struct kc_batch *batch);
struct kc_record *kc_batch_at(struct kc_batch *batch, size_t index);
/*
 * Record batches as bytes (API 1.1). A source task may hand them over in place of records if
 * kc_source_context_takes_raw() is true. The worker passes them on as bytes if it can, and opens
 * the others into records as Java's MirrorSourceTask makes them: KC_OPTIONAL_BYTES keys, KC_BYTES
 * values and headers. A batch holds raw parts or records, not both. May grow.
 */
struct kc_raw {
    const char *topic;    /* on the target; terminated; lives as long as the batch */
    int32_t partition;    /* on the target */
    uint8_t *data;        /* whole record batches of one partition, in order; owned by the batch */
    size_t len;           /* (kc_batch_own()); they may be rewritten in place */
    int64_t first_offset; /* on the source: records before it aren't wanted */
    const struct kc_aborted *aborted; /* transactions to leave out; ascending by first_offset */
    int32_t aborted_count;
    bool read_committed; /* leave out what aborted names; false: every transaction's records are
                            wanted */
    struct kc_source_partition *source_partition; /* borrowed from the task that made it */
    const char *offset_field; /* static: the name of the number in the source offset */
    void *task_data; /* the task's own, lasting as long as it: comes back in raw_committed() */
};
/* A new zeroed part at the end; borrowed until the next addition. */
struct kc_raw *kc_batch_add_raw(struct kc_batch *batch);

/* Memory that lives as long as the batch. */
void *kc_batch_alloc(struct kc_batch *batch, size_t size);
void *kc_batch_dup(struct kc_batch *batch, const void *data, size_t size);
struct kc_arena *kc_batch_arena(struct kc_batch *batch);
/* Hands resource over: destroy(resource) runs when the batch ends, on whichever thread ends it. */
void kc_batch_own(struct kc_batch *batch, void *resource, void (*destroy)(void *));
/* Takes a reference of map and keeps it as long as the batch. */
void kc_batch_own_json(struct kc_batch *batch, json_t *map);
/* Keeps a reference on schema as long as the batch. */
void kc_batch_own_schema(struct kc_batch *batch, const struct kc_schema *schema);

KC_API_END

#endif
