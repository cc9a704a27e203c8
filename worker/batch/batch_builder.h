/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds magic 2 batches from records. It serves tests, repacks batches that the raw lane can't
 * pass, and cuts a batch that is too large for the target. One thread at a time.
 */
#ifndef WORKER_BATCH_BATCH_BUILDER_H
#define WORKER_BATCH_BATCH_BUILDER_H

#include "batch/recode.h"
#include "batch/record_reader.h"

/* Records as encoded so far. Zero-initialise, set codec. */
struct kc_batch_builder {
    enum kc_codec codec;
    bool log_append_time;       /* record timestamps are the log's: kept as they are */
    int level;                  /* of the codec, if there is a recoder */
    struct kc_recoder *recoder; /* compresses; borrowed; NULL: by kc_compress() */
    bool close_gaps;            /* number the offsets one after the other from the first on */
    struct kc_str records;
    int32_t count;
    int64_t base_offset;
    int64_t last_offset;
    int64_t base_timestamp;
    int64_t max_timestamp;
};

/* Appends a record; its offset must be above the last one's. NULL, or a static text: the record
 * can't be in the same batch (offset too far away). */
const char *kc_batch_builder_add(struct kc_batch_builder *builder,
                                 const struct kc_wire_record *record);
/* The uncompressed size that the batch would have with one more record. */
size_t kc_batch_builder_size_with(const struct kc_batch_builder *builder,
                                  const struct kc_wire_record *record);
/* Appends the finished batch to out, without producer, and resets the builder except its settings.
 * NULL, or a static text. Adds nothing when there are no records. */
const char *kc_batch_builder_finish(struct kc_batch_builder *builder, struct kc_str *out);
void kc_batch_builder_destroy(struct kc_batch_builder *builder);

#endif
