/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handles records that the target has refused, in a task with errors.tolerance=all: they are
 * reported, and either skipped or put in quarantine (quarantine.h). Then their offsets count.
 */
#ifndef WORKER_SOURCE_REFUSALS_PRIV_H
#define WORKER_SOURCE_REFUSALS_PRIV_H

#include "source/quarantine.h"
#include "source/source_task_priv.h"
#include "source/submitted_records_priv.h"

struct kc_refusals;

/* failed: a record can't be put in quarantine; takes err; any thread. */
struct kc_refusals *kc_refusals_new(struct kc_source_task *task, struct kc_submitted *submitted,
                                    void (*failed)(void *opaque, struct kc_error *err),
                                    void *opaque);
/* Call it when no other thread uses it any more. NULL is fine. */
void kc_refusals_destroy(struct kc_refusals *refusals);

/* ---- the task's thread ---- */

/* Makes the quarantine, if the connector has one. */
struct kc_error *kc_refusals_open(struct kc_refusals *refusals,
                                  const struct kc_map *producer) KC_MUST_CHECK;
/* A kc_record_refused. */
struct kc_error *kc_refusals_record(void *refusals, const struct kc_refused_record *record,
                                    const struct kc_error *why) KC_MUST_CHECK;
/* A kc_raw_refused. */
struct kc_error *kc_refusals_span(void *refusals, const struct kc_raw_span *span,
                                  const struct kc_error *why) KC_MUST_CHECK;

/* Waits a moment for records on their way into quarantine. */
void kc_refusals_await(struct kc_refusals *refusals);

/* ---- the acknowledgement thread ---- */

/* True: records are on their way into quarantine. */
bool kc_refusals_serve(struct kc_refusals *refusals);

#endif
