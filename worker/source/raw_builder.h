/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds records into batches for the raw lane, for tasks without another producer. There are two
 * such tasks. With exactly-once a transactional id has one producer, so records and offsets go with
 * the batches (eos_raw.c). With errors.tolerance=all, refused records can only be found in batches
 * that we have built ourselves (record_batches.c).
 *
 * One open batch per partition, in the order of their first records; taken all at once. The task's
 * thread.
 */
#ifndef WORKER_SOURCE_RAW_BUILDER_H
#define WORKER_SOURCE_RAW_BUILDER_H

#include "batch/recode.h"
#include "source/raw_span.h"

/* Everything is borrowed for the call. */
struct kc_build_header {
    const char *key; /* any bytes */
    size_t key_len;
    const void *data; /* NULL: null */
    size_t len;
};
struct kc_build_record {
    int64_t timestamp;
    const void *key; /* NULL: null */
    size_t key_len;
    const void *value; /* NULL: null */
    size_t value_len;
    const struct kc_build_header *headers;
    size_t header_count;
    struct kc_source_partition *source_partition; /* of the batch's slot; NULL: none */
};

/* A finished batch. */
struct kc_built {
    struct kc_raw raw; /* topic, partition, its first record's source; task_data is this */
    struct kc_batch *batch;
    struct kc_raw_span *span; /* the only one of batch */
    void **owners;            /* of its records, as add was given them */
    struct kc_built *next;
};
void kc_built_destroy(struct kc_built *built);
/* Returns its batch to the caller; takes and frees built. */
struct kc_batch *kc_built_take(struct kc_built *built);

struct kc_raw_builder;

/* batch_bytes: the size limit of a partition's batch, unless it is one record. */
struct kc_raw_builder *kc_raw_builder_new(size_t batch_bytes);
/* Batches are compressed, by recoder, which is borrowed. Before the first record. */
void kc_raw_builder_compress(struct kc_raw_builder *builder, const struct kc_compression *how,
                             struct kc_recoder *recoder);
void kc_raw_builder_destroy(struct kc_raw_builder *builder);

/* False: take what there is first. */
bool kc_raw_builder_fits(const struct kc_raw_builder *builder, const struct kc_build_record *record,
                         const char *topic, int32_t partition);
/* NULL, or a static text: the record can't be encoded. topic is copied. */
const char *kc_raw_builder_add(struct kc_raw_builder *builder, const struct kc_build_record *record,
                               const char *topic, int32_t partition, void *owner);
/* Finishes all batches: a list for the caller, NULL when there are none. */
const char *kc_raw_builder_take(struct kc_raw_builder *builder, struct kc_built **list);
void kc_raw_builder_drop(struct kc_raw_builder *builder); /* forgets what hasn't been taken */

#endif
