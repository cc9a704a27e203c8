/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The records and batches that an exactly-once task has dispatched in its transaction. The plugin
 * is told of them after the commit, in the order of dispatch.
 *
 * Batches of records stay until then. A batch of spans is freed as soon as the target has
 * acknowledged it; only the arguments of raw_committed() are kept. So a long transaction holds a
 * few bytes per record batch, not its data. The task's thread, except kc_txn_records_acked().
 */
#ifndef WORKER_SOURCE_EOS_RECORDS_PRIV_H
#define WORKER_SOURCE_EOS_RECORDS_PRIV_H

#include "source/source_task_priv.h"

struct kc_txn_records;
struct kc_txn_entry; /* a record, or a span */
struct kc_txn_batch;

struct kc_txn_records *kc_txn_records_new(struct kc_source_task *task);
/* Call it when nothing is in flight any more. */
void kc_txn_records_destroy(struct kc_txn_records *records);

/* Begins a batch (taken), whose records are added one by one; returns the one that was current. */
struct kc_txn_batch *kc_txn_records_begin(struct kc_txn_records *records, struct kc_batch *batch);
/* Goes on with a batch that was current before. */
void kc_txn_records_resume(struct kc_txn_records *records, struct kc_txn_batch *current);
/* The next record of the current batch. */
struct kc_txn_entry *kc_txn_records_add(struct kc_txn_records *records,
                                        const struct kc_record *record, bool is_dropped);

/* The target has acknowledged a record, or a span, which may be gone afterwards. A record: any
 * thread. */
void kc_txn_records_acked(struct kc_txn_records *records, struct kc_txn_entry *entry,
                          const struct kc_lane_ack *ack);
/* How many records were acknowledged, and their bytes, since they were last taken. */
uint64_t kc_txn_records_count(struct kc_txn_records *records);
void kc_txn_records_take_count(struct kc_txn_records *records, uint64_t *acked, uint64_t *bytes);
/* The plugin isn't told of the span: it is sent again in another entry, or its transaction was
 * aborted. It may be gone afterwards. */
void kc_txn_span_gone(struct kc_txn_records *records, struct kc_txn_entry *entry);

/* Everything sent has had its outcome: tells the plugin, and forgets everything except the batch
 * that is still being sent (sending). */
void kc_txn_records_end(struct kc_txn_records *records, bool sending);

#endif
