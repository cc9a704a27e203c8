/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spans: record batches as bytes on their way to the target. raw_expand_priv.h makes them from what
 * a connector handed over.
 *
 * A span is one finished batch of magic 2. A record of its kc_batch stands for it, so slots,
 * offsets and order work as for records. Pure functions of their input, on the task's thread; the
 * bytes are untrusted.
 */
#ifndef WORKER_SOURCE_RAW_SPAN_H
#define WORKER_SOURCE_RAW_SPAN_H

#include "batch/batch.h"
#include "connect/connector.h"

struct raw_part;
struct kc_raw_lane;
struct kc_record_errors;

/* Lives in the arena of its kc_batch. The members after `lane` belong to the raw lane. */
struct kc_raw_span {
    const struct kc_raw *raw;
    struct kc_batch *batch; /* that it belongs to; borrowed */
    struct kc_batch *home;  /* whose memory raw, data and runs are; that one, or an earlier one */
    uint8_t *data;
    size_t len;
    struct kc_record_batch header; /* of data, as it was before the appender gave it its identity */
    int32_t count;                 /* records */
    const struct kc_raw_run *runs; /* where they come from; target_offset unset */
    int32_t run_count;
    bool again;   /* it was sent before, maybe in another form */
    bool rebuilt; /* the target has refused its records in a batch of the source's making */
    bool dropped; /* by a transform: it has no bytes, and stands for all records up to its last
                     offset */
    bool built;   /* of records (raw_builder.h): runs count from the first of them */
    const struct kc_error *refusal; /* the target won't have its record: it isn't sent, but left
                                       out; the batch's; NULL: none */
    bool early; /* with refusal: left out before its predecessors were sent, so that its slot's
                   offset means nothing */

    struct kc_raw_lane *lane;
    struct raw_part *part;
    void *slot;                             /* the delivery's */
    uint64_t sequence;                      /* within part */
    struct kc_error *error;                 /* why it came back */
    struct kc_record_errors *record_errors; /* which records are why; NULL: the broker names none */
    bool skipped;                           /* because one before it failed */
    int64_t base_offset;                    /* on the target; -1: unknown */
    int64_t log_append_time_ms;             /* -1: none */
    struct kc_raw_span *next;
};

/* Facts from a span's header, for metrics. */
struct kc_raw_facts {
    size_t bytes;
    int64_t base_timestamp; /* ms; -1: none */
    int64_t max_timestamp;
};
/* Any thread. */
struct kc_raw_facts kc_raw_span_facts(const struct kc_raw_span *span);

/* Adds the span's records to batch, which must keep the span's home. */
struct kc_error *kc_raw_open(const struct kc_raw_span *span, struct kc_batch *batch) KC_MUST_CHECK;
/* Adds the span to batch again, with the same home: as one span, or as several of about `size`
 * bytes. */
void kc_raw_again(const struct kc_raw_span *span, struct kc_batch *batch);
struct kc_error *kc_raw_split(const struct kc_raw_span *span, size_t size,
                              struct kc_batch *batch) KC_MUST_CHECK;
/* Or adds some of its records, in spans; `pick` decides for each by its index. */
enum kc_raw_pick { KC_PICK_NOT, KC_PICK_JOINED, KC_PICK_ALONE };
typedef enum kc_raw_pick (*kc_raw_picker)(void *opaque, int32_t index);
struct kc_error *kc_raw_pick_records(const struct kc_raw_span *span, kc_raw_picker pick,
                                     void *opaque, struct kc_batch *batch) KC_MUST_CHECK;
/* Or built anew from its records, without compression. */
struct kc_error *kc_raw_rebuild(const struct kc_raw_span *span,
                                struct kc_batch *batch) KC_MUST_CHECK;

/* Adds a span of `count` records that were built into a batch (raw_builder.h), whose bytes live as
 * long as batch, as raw does. */
struct kc_raw_span *kc_raw_add_built(struct kc_batch *batch, const struct kc_raw *raw,
                                     const struct kc_str *made, int32_t count);

#endif
