/* SPDX-License-Identifier: Apache-2.0 */
/* Refused records: see refusals_priv.h. */
#include "source/refusals_priv.h"

#include <stdlib.h>

struct kc_refusals {
    struct kc_source_task *task;
    struct kc_submitted *submitted;
    struct kc_quarantine *quarantine; /* NULL: refused records are skipped */
    void (*failed)(void *opaque, struct kc_error *err);
    void *opaque;
};

/* A slot whose records are being handled; it is done when all of them are. */
struct refusal_share {
    struct kc_refusals *refusals;
    struct kc_slot *slot;
    bool early;            /* the slot's offset doesn't count */
    atomic_size_t holders; /* the records under way, and who hands them over */
    atomic_bool failed;    /* one of them isn't in quarantine: the slot stays as it is */
};

static struct refusal_share *share_new(struct kc_refusals *refusals, struct kc_slot *slot)
{
    struct refusal_share *share = kc_calloc(1, sizeof(*share));
    share->refusals = refusals;
    share->slot = slot;
    atomic_store(&share->holders, 1);
    return share;
}

static void share_release(struct refusal_share *share)
{
    if (atomic_fetch_sub(&share->holders, 1) > 1)
        return;
    if (!atomic_load(&share->failed) && share->early)
        kc_slot_retract(share->refusals->submitted, share->slot);
    else if (!atomic_load(&share->failed))
        kc_slot_skip(share->refusals->submitted, share->slot);
    free(share);
}

static void on_done(void *opaque, void *owner, bool written)
{
    struct refusal_share *share = owner;
    (void)opaque;
    if (!written)
        atomic_store(&share->failed, true);
    share_release(share);
}

static void on_failed(void *opaque, struct kc_error *err)
{
    struct kc_refusals *refusals = opaque;
    refusals->failed(refusals->opaque, err);
}

struct kc_refusals *kc_refusals_new(struct kc_source_task *task, struct kc_submitted *submitted,
                                    void (*failed)(void *opaque, struct kc_error *err),
                                    void *opaque)
{
    struct kc_refusals *refusals = kc_calloc(1, sizeof(*refusals));
    refusals->task = task;
    refusals->submitted = submitted;
    refusals->failed = failed;
    refusals->opaque = opaque;
    return refusals;
}

void kc_refusals_destroy(struct kc_refusals *refusals)
{
    if (!refusals)
        return;
    kc_quarantine_destroy(refusals->quarantine);
    free(refusals);
}

struct kc_error *kc_refusals_open(struct kc_refusals *refusals, const struct kc_map *producer)
{
    struct kc_source_task *task = refusals->task;
    if (!kc_quarantine_wanted(task->core.settings))
        return NULL;
    struct kc_map *admin =
        kc_task_core_client_properties(&task->core, "admin", "connector-quarantine-adminclient-");
    const struct kc_quarantine_settings settings = {
        .host = task->core.host,
        .config = task->core.settings,
        .source_alias = kc_map_get(task->core.connector_config, "source.cluster.alias"),
        .admin = admin,
        .producer = producer,
        .done = on_done,
        .failed = on_failed,
        .opaque = refusals,
    };
    struct kc_error *err = kc_quarantine_new(&settings, &refusals->quarantine);
    kc_map_destroy(admin);
    return err;
}

/* ---- one record ---- */

static void report(struct kc_refusals *refusals, const struct kc_refused_record *record,
                   const struct kc_error *why)
{
    const struct kc_record shown = {.topic = record->topic,
                                    .partition = record->partition,
                                    .timestamp = record->sent.timestamp};
    struct kc_processing processing = {.source = &shown};
    struct kc_error *none = kc_error_policy_report(
        refusals->task->core.policy, &processing, KC_STAGE_KAFKA_PRODUCE,
        "org.apache.kafka.connect.runtime.WorkerSourceTask", kc_error_copy(why));
    kc_error_destroy(none);
    kc_processing_clear(&processing);
}

static struct kc_error *deal_with(struct refusal_share *share,
                                  const struct kc_refused_record *record,
                                  const struct kc_error *why)
{
    struct kc_refusals *refusals = share->refusals;
    report(refusals, record, why);
    if (!refusals->quarantine)
        return NULL;
    atomic_fetch_add(&share->holders, 1);
    struct kc_error *err = kc_quarantine_add(refusals->quarantine, record, why, share);
    if (err)
        on_done(refusals, share, false);
    return err;
}

struct kc_error *kc_refusals_record(void *opaque, const struct kc_refused_record *record,
                                    const struct kc_error *why)
{
    struct refusal_share *share = share_new(opaque, record->slot);
    struct kc_error *err = deal_with(share, record, why);
    on_done(opaque, share, err == NULL);
    return err;
}

/* ---- a batch ---- */

struct visit {
    struct kc_refusals *refusals;
    struct refusal_share *share; /* NULL: each record has a slot */
    const struct kc_error *why;
};

static struct kc_error *visit(void *opaque, const struct kc_refused_record *record)
{
    struct visit *self = opaque;
    return self->share ? deal_with(self->share, record, self->why)
                       : kc_refusals_record(self->refusals, record, self->why);
}

struct kc_error *kc_refusals_span(void *opaque, const struct kc_raw_span *span,
                                  const struct kc_error *why)
{
    struct visit self = {.refusals = opaque, .why = why};
    if (!span->built) {
        self.share = share_new(opaque, span->slot);
        self.share->early = span->early;
        kc_slot_record(span->slot)->span->dropped = !span->early; /* the plugin is told of it */
    }
    struct kc_error *err = kc_refused_each(span, visit, &self);
    if (self.share)
        on_done(opaque, self.share, err == NULL);
    else if (!err)
        kc_slot_retract(self.refusals->submitted, span->slot);
    return err;
}

bool kc_refusals_serve(struct kc_refusals *refusals)
{
    return refusals->quarantine && kc_quarantine_serve(refusals->quarantine, 0);
}

void kc_refusals_await(struct kc_refusals *refusals)
{
    enum { WAIT_MS = 20 };
    if (refusals->quarantine)
        kc_quarantine_serve(refusals->quarantine, WAIT_MS);
}
