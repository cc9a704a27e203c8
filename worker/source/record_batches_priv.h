/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds records into batches of our own for the task's raw lane, in a task that leaves refused
 * records out (errors.tolerance=all).
 *
 * When a producer learns that a batch is refused, it has already sent the next ones. So the good
 * records of the refused batch could only be sent behind the others, or not at all. A raw lane
 * stops a partition at a refused batch, divides it, and continues where it stopped.
 *
 * Each record has its slot, and each batch one that keeps it until it has a result: the lane tells
 * of both. The task's thread.
 */
#ifndef WORKER_SOURCE_RECORD_BATCHES_PRIV_H
#define WORKER_SOURCE_RECORD_BATCHES_PRIV_H

#include "source/refused_record.h"
#include "source/source_task_priv.h"
#include "source/submitted_records_priv.h"

struct kc_record_batches;

/* A record that isn't sent at all, and why. */
typedef struct kc_error *(*kc_record_refused)(void *opaque, const struct kc_refused_record *record,
                                              const struct kc_error *why);

/* The task's lane for records is a raw lane, and gives them to the batches from now on. producer:
 * Java producer properties. */
struct kc_record_batches *kc_record_batches_new(struct kc_source_task *task,
                                                struct kc_submitted *submitted,
                                                const struct kc_map *producer,
                                                kc_record_refused refused, void *opaque);
void kc_record_batches_destroy(struct kc_record_batches *batches); /* NULL is fine */

/* Sends a batch (taken) of spans that came back from the lane. */
struct kc_error *kc_record_batches_send(struct kc_record_batches *batches,
                                        struct kc_batch *batch) KC_MUST_CHECK;
/* Sends what has been added. */
struct kc_error *kc_record_batches_flush(struct kc_record_batches *batches) KC_MUST_CHECK;

#endif
