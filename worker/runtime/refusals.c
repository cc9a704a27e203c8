/* SPDX-License-Identifier: Apache-2.0 */
/* Refused records: see refusals.h. */
#include "runtime/refusals.h"

#include <stdlib.h>

struct kc_refusals {
    struct kc_source_task *task;
    struct kc_submitted *submitted;
};

struct kc_refusals *kc_refusals_new(struct kc_source_task *task, struct kc_submitted *submitted)
{
    struct kc_refusals *refusals = kc_calloc(1, sizeof(*refusals));
    refusals->task = task;
    refusals->submitted = submitted;
    return refusals;
}

void kc_refusals_destroy(struct kc_refusals *refusals)
{
    free(refusals);
}

static void report(struct kc_refusals *refusals, const struct kc_refused_record *record,
                   const struct kc_error *why)
{
    const struct kc_record shown = {.topic = record->topic,
                                    .partition = record->partition,
                                    .timestamp = record->sent.timestamp};
    struct kc_processing processing = {.source = &shown};
    struct kc_error *none = kc_error_policy_report(
        refusals->task->policy, &processing, KC_STAGE_KAFKA_PRODUCE,
        "org.apache.kafka.connect.runtime.WorkerSourceTask", kc_error_copy(why));
    kc_error_destroy(none);
    kc_processing_clear(&processing);
}

struct kc_error *kc_refusals_record(void *opaque, const struct kc_refused_record *record,
                                    const struct kc_error *why)
{
    struct kc_refusals *refusals = opaque;
    report(refusals, record, why);
    kc_slot_skip(refusals->submitted, record->slot);
    return NULL;
}

struct visit {
    struct kc_refusals *refusals;
    bool built; /* each record has a slot */
    const struct kc_error *why;
};

static struct kc_error *visit(void *opaque, const struct kc_refused_record *record)
{
    struct visit *self = opaque;
    if (self->built)
        return kc_refusals_record(self->refusals, record, self->why);
    report(self->refusals, record, self->why);
    return NULL;
}

struct kc_error *kc_refusals_span(void *opaque, const struct kc_raw_span *span,
                                  const struct kc_error *why)
{
    struct visit self = {.refusals = opaque, .built = span->built, .why = why};
    struct kc_error *err = kc_refused_each(span, visit, &self);
    if (err)
        return err;
    if (self.built) {
        kc_slot_retract(self.refusals->submitted, span->slot);
        return NULL;
    }
    kc_slot_record(span->slot)->span->dropped = true; /* so the plugin is told of the slot */
    kc_slot_skip(self.refusals->submitted, span->slot);
    return NULL;
}
