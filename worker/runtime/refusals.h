/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of records that the target has refused, in a task with errors.tolerance=all: they
 * are reported, and skipped. Their offsets count once that is done. The task's thread.
 */
#ifndef WORKER_RUNTIME_REFUSALS_H
#define WORKER_RUNTIME_REFUSALS_H

#include "runtime/refused_record.h"
#include "runtime/source_task_priv.h"
#include "runtime/submitted_records.h"

struct kc_refusals;

struct kc_refusals *kc_refusals_new(struct kc_source_task *task, struct kc_submitted *submitted);
/* When no other thread uses it any more. NULL is fine. */
void kc_refusals_destroy(struct kc_refusals *refusals);

/* A kc_record_refused. */
struct kc_error *kc_refusals_record(void *refusals, const struct kc_refused_record *record,
                                    const struct kc_error *why) KC_MUST_CHECK;
/* A kc_raw_refused. */
struct kc_error *kc_refusals_span(void *refusals, const struct kc_raw_span *span,
                                  const struct kc_error *why) KC_MUST_CHECK;

#endif
