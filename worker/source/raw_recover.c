/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sends again what the target sent back: unchanged, in pieces, rebuilt, or opened into records. See
 * raw_lane_priv.h. The task's thread; `mutex` is held only around the lists of results.
 */
#include "base/kafka_errors.h"
#include "connect/log.h"
#include "source/raw_lane_state_priv.h"

#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.runtime.raw_lane");

enum { WARN_INTERVAL_MS = 30000 };

enum remedy { AGAIN, SPLIT, OPEN, REBUILD, FAIL, LEAVE_OUT, SET_APART };

/* Errors that concern one batch or topic. Any other final error concerns the appender, which can't
 * be used any more. */
static bool is_about_batch(int code)
{
    return code == KC_KAFKA_INVALID_TOPIC_EXCEPTION ||
           code == KC_KAFKA_TOPIC_AUTHORIZATION_FAILED || kc_kafka_error_about_batch(code);
}

static bool is_too_large(int code)
{
    return code == KC_KAFKA_MESSAGE_TOO_LARGE || code == KC_KAFKA_RECORD_LIST_TOO_LARGE;
}

/* Within a transaction: what leaves it whole is mended, anything else ends it. */
static enum remedy remedy_in_transaction(const struct kc_raw_span *span)
{
    int code = kc_error_kafka_code(span->error);
    if (span->skipped)
        return AGAIN;
    if (is_too_large(code) && span->count > 1)
        return SPLIT;
    return kc_kafka_error_about_batch(code) && !is_too_large(code) && !span->rebuilt ? REBUILD
                                                                                     : FAIL;
}

static bool is_about_topic(int code)
{
    return code == KC_KAFKA_INVALID_TOPIC_EXCEPTION || code == KC_KAFKA_TOPIC_AUTHORIZATION_FAILED;
}

/* Errors that may be due to a batch's bytes although its records are fine. */
static bool is_about_form(int code)
{
    return code == KC_KAFKA_CORRUPT_MESSAGE || code == KC_KAFKA_UNSUPPORTED_COMPRESSION_TYPE ||
           code == KC_KAFKA_UNSUPPORTED_FOR_MESSAGE_FORMAT;
}

/* Only refused records are left out, none that were in a batch with them. */
static enum remedy remedy_that_leaves_out(struct kc_raw_lane *lane, const struct kc_raw_span *span)
{
    int code = kc_error_kafka_code(span->error);
    if (span->skipped || kc_error_retriable(span->error))
        return AGAIN;
    if (is_about_topic(code))
        return LEAVE_OUT;
    if (!kc_kafka_error_about_batch(code)) {
        kc_raw_target_spoil(lane->target);
        return FAIL;
    }
    if (span->record_errors && !is_too_large(code))
        return SET_APART;
    if (!is_too_large(code) && !span->rebuilt && (span->count == 1 || is_about_form(code)))
        return REBUILD;
    return span->count > 1 ? SPLIT : LEAVE_OUT;
}

static enum remedy remedy_of(struct kc_raw_lane *lane, const struct kc_raw_span *span)
{
    if (lane->transactional)
        return remedy_in_transaction(span);
    if (lane->refused)
        return remedy_that_leaves_out(lane, span);
    int code = kc_error_kafka_code(span->error);
    if (atomic_load(&lane->broken))
        return OPEN;
    if (span->skipped || kc_error_retriable(span->error))
        return AGAIN;
    if (is_too_large(code))
        return span->count > 1 ? SPLIT : OPEN;
    if (!is_about_batch(code)) {
        atomic_store(&lane->broken, "the target refused the raw lane's producer");
        kc_raw_target_spoil(lane->target);
        return OPEN;
    }
    return OPEN;
}

static void explain(const struct kc_raw_span *span, enum remedy remedy)
{
    static const char *const texts[] = {"it is sent again",
                                        "it is sent in pieces",
                                        "its records are sent one by one",
                                        "it is built anew from its records",
                                        "the task fails",
                                        "it is left out",
                                        "the records that it names are left out"};
    struct raw_part *part = span->part;
    int64_t now = kc_mono_ms();
    if (span->skipped)
        return;
    if (part->warned && now - part->warned_ms < WARN_INTERVAL_MS) {
        part->unwarned++;
        return;
    }
    kc_warn("The target didn't take the batch of %d records at source offset %lld for %s-%d: "
            "%s; %s. %zu more since the last such line.",
            span->count, (long long)span->runs[0].source_offset, span->raw->topic,
            span->raw->partition, kc_error_text(span->error), texts[remedy], part->unwarned);
    part->warned = true;
    part->warned_ms = now;
    part->unwarned = 0;
}

static void release_batch(void *batch)
{
    kc_batch_unref(batch);
}

/* Keeps what must outlive the old slot, above all the bytes. It doesn't keep everything made from
 * them since, because that would grow with each refusal. Spans of one batch are neighbours. */
static void keep_home(struct kc_batch *batch, const struct kc_raw_span *span,
                      struct kc_batch **last)
{
    if (*last == span->home)
        return;
    *last = span->home;
    kc_batch_own(batch, kc_batch_ref(span->home), release_batch);
}

static bool too_large(const struct raw_part *part, const struct kc_raw_span *span)
{
    return part->too_large && span->len >= part->too_large && span->count > 1;
}

/* In pieces of half the refused size, if necessary, until they are small enough. */
static struct kc_error *add_fitting(const struct raw_part *part, const struct kc_raw_span *span,
                                    struct kc_batch *batch)
{
    if (too_large(part, span))
        return kc_raw_split(span, part->too_large / 2, batch);
    kc_raw_again(span, batch);
    return NULL;
}

struct kc_error *kc_raw_lane_fit(struct kc_lane *base, struct kc_batch **batch)
{
    struct kc_raw_lane *lane = kc_raw_lane_of(base);
    size_t count = kc_batch_count(*batch), large = 0;
    for (size_t i = 0; lane->any_too_large && i < count; i++) {
        const struct kc_raw_span *span = kc_batch_at(*batch, i)->span;
        large +=
            span && too_large(kc_raw_part_get(lane, span->raw->topic, span->raw->partition), span);
    }
    if (!large)
        return NULL;
    struct kc_batch *from = *batch;
    struct kc_error *err = NULL;
    *batch = kc_batch_new(count + large);
    kc_batch_own(*batch, from, release_batch);
    for (size_t i = 0; !err && i < count; i++) {
        const struct kc_raw_span *span = kc_batch_at(from, i)->span;
        size_t before = kc_batch_count(*batch);
        err = add_fitting(kc_raw_part_get(lane, span->raw->topic, span->raw->partition), span,
                          *batch);
        for (; before < kc_batch_count(*batch); before++)
            kc_batch_at(*batch, before)->span->built = span->built;
    }
    return err;
}

/* ---- records that the broker names ---- */

/* The records of a divided span, in the order of the new spans. */
enum apart {
    EARLY, /* refused, before others that are sent */
    SENT,
    LATE, /* refused records behind everything sent, because offsets are committed in this order */
    APARTS
};

struct setting_apart {
    const struct kc_raw_span *span;
    int32_t late; /* the index of the first that is LATE */
    enum apart apart;
};

/* One wrong timestamp refuses a whole batch. Other named records may have another error, which they
 * get when they are sent alone. */
static bool is_out(const struct kc_raw_span *span, const struct kc_record_error *named)
{
    return named && (kc_error_kafka_code(span->error) != KC_KAFKA_INVALID_TIMESTAMP ||
                     span->count == 1 || !named->why || strstr(named->why, "imestamp"));
}

static enum kc_raw_pick pick(void *opaque, int32_t index)
{
    const struct setting_apart *self = opaque;
    const struct kc_record_error *named = kc_record_errors_find(self->span->record_errors, index);
    bool out = is_out(self->span, named);
    if (self->apart == SENT)
        return out ? KC_PICK_NOT : named ? KC_PICK_ALONE : KC_PICK_JOINED;
    return out && (index >= self->late) == (self->apart == LATE) ? KC_PICK_ALONE : KC_PICK_NOT;
}

static void destroy_error(void *err)
{
    kc_error_destroy(err);
}

/* The batch's spans from index `at` on belong to the records that pick() has just picked. */
static void mark_refused(struct setting_apart *self, struct kc_batch *batch, size_t at)
{
    const struct kc_raw_span *span = self->span;
    for (size_t i = 0; i < span->record_errors->count && at < kc_batch_count(batch); i++) {
        const struct kc_record_error *named = &span->record_errors->items[i];
        if (pick(self, named->index) == KC_PICK_NOT)
            continue;
        struct kc_raw_span *made = kc_batch_at(batch, at++)->span;
        struct kc_error *why =
            kc_kafka_error_new(kc_error_kafka_code(span->error), named->why, "appending to %s-%d",
                               span->raw->topic, span->raw->partition);
        kc_batch_own(batch, why, destroy_error);
        made->refusal = why;
        made->early = self->apart == EARLY;
    }
}

/* The other records go in one batch. Records that were built into the batch have slots of their
 * own, so refused ones may all be left out before it. */
static struct kc_error *set_apart(const struct kc_raw_span *span, struct kc_batch *batch)
{
    struct setting_apart self = {.span = span, .late = span->count};
    struct kc_error *err = NULL;
    while (!span->built && self.late > 0 &&
           is_out(span, kc_record_errors_find(span->record_errors, self.late - 1)))
        self.late--;
    for (self.apart = EARLY; !err && self.apart < APARTS; self.apart++) {
        size_t at = kc_batch_count(batch);
        err = kc_raw_pick_records(span, pick, &self, batch);
        if (!err && self.apart != SENT)
            mark_refused(&self, batch, at);
    }
    return err;
}

static struct kc_error *mend(struct kc_raw_lane *lane, const struct kc_raw_span *span,
                             enum remedy remedy, struct kc_raw_counts *counts,
                             struct kc_batch *batch)
{
    struct raw_part *part = span->part;
    bool by_size = remedy == SPLIT && is_too_large(kc_error_kafka_code(span->error));
    if (remedy == SET_APART)
        return set_apart(span, batch);
    if (remedy == SPLIT && !by_size)
        return kc_raw_split(span, span->len / 2, batch);
    if (by_size && (!part->too_large || span->len < part->too_large))
        part->too_large = span->len;
    lane->any_too_large = lane->any_too_large || part->too_large;
    if (remedy == REBUILD) {
        counts->last_reason = "a batch refused by the target";
        counts->records[KC_RAW_REPACKED] += (uint64_t)span->count;
        counts->batches[KC_RAW_REPACKED]++;
        return kc_raw_rebuild(span, batch);
    }
    if (remedy != OPEN) {
        if (too_large(part, span))
            counts->last_reason = "a batch too large for the target";
        return add_fitting(part, span, batch);
    }
    counts->last_reason = "a batch refused by the target";
    counts->records[KC_RAW_OPENED] += (uint64_t)span->count;
    counts->batches[KC_RAW_OPENED]++;
    return kc_raw_open(span, batch);
}

/* Spans of the batch from index `from` on replace span. */
static void mark_again(struct kc_batch *batch, size_t from, const struct kc_raw_span *span,
                       enum remedy remedy)
{
    for (size_t i = from; i < kc_batch_count(batch); i++) {
        struct kc_raw_span *made = kc_batch_at(batch, i)->span;
        if (!made)
            continue;
        made->again = true;
        /* Pieces are new batches, too. */
        made->rebuilt = span->rebuilt || remedy == REBUILD || remedy == SET_APART ||
                        (remedy == SPLIT && !is_too_large(kc_error_kafka_code(span->error)));
        made->built = span->built;
    }
}

/* The first that came back has been taken care of. */
static void take_off(struct kc_raw_lane *lane, struct raw_part *part, struct kc_raw_span *next)
{
    pthread_mutex_lock(&lane->mutex);
    part->returned = next;
    lane->returned--;
    pthread_mutex_unlock(&lane->mutex);
}

static struct kc_error *leave_out(struct kc_raw_lane *lane, struct kc_raw_span *span)
{
    struct kc_error *why = span->error;
    span->error = NULL;
    kc_raw_lane_clear(span);
    take_off(lane, span->part, span->next);
    struct kc_error *err = lane->refused(lane->refused_opaque, span, why);
    kc_error_destroy(why);
    return err;
}

/* Takes the first batch that came back, and those skipped because of it. The rest waits its turn.
 */
static struct kc_error *recover_part(struct kc_raw_lane *lane, struct raw_part *part,
                                     struct kc_raw_counts *counts, struct kc_batch *batch)
{
    const struct kc_lane_owner *owner = &lane->lane.owner;
    struct kc_error *err = NULL;
    struct kc_batch *kept = NULL;
    pthread_mutex_lock(&lane->mutex);
    while (part->in_flight > 0 && !atomic_load(&lane->cancelled))
        kc_raw_lane_wait_moved(lane);
    struct kc_raw_span *span = part->in_flight ? NULL : part->returned;
    pthread_mutex_unlock(&lane->mutex);
    for (bool first = true; span && !err; first = false) {
        enum remedy remedy = remedy_of(lane, span);
        if (!first && remedy != AGAIN && !atomic_load(&lane->broken))
            break;
        struct kc_raw_span *next = span->next;
        explain(span, remedy);
        if (remedy == FAIL)
            return kc_error_copy(span->error);
        if (remedy == LEAVE_OUT) {
            err = leave_out(lane, span); /* the span may be gone afterwards */
            span = next;
            continue;
        }
        keep_home(batch, span, &kept);
        size_t before = kc_batch_count(batch);
        err = mend(lane, span, remedy, counts, batch);
        mark_again(batch, before, span, remedy);
        kc_raw_lane_clear(span);
        take_off(lane, part, next);
        owner->events->retracted(owner->delivery, span->slot); /* the span may be gone then */
        span = next;
    }
    kc_appender_unblock(lane->target->appender, part->topic, part->partition);
    return err;
}

struct kc_error *kc_raw_lane_recover(struct kc_lane *base, struct kc_raw_counts *counts,
                                     struct kc_batch **batch)
{
    struct kc_raw_lane *lane = kc_raw_lane_of(base);
    struct kc_error *err = NULL;
    *batch = NULL;
    if (!kc_raw_lane_has_returned(base))
        return NULL;
    struct kc_batch *made = kc_batch_new(16);
    for (struct raw_part *part = lane->parts; part && !err; part = part->hh.next) {
        pthread_mutex_lock(&lane->mutex);
        bool has = part->returned != NULL;
        pthread_mutex_unlock(&lane->mutex);
        if (has)
            err = recover_part(lane, part, counts, made);
    }
    if (err || kc_batch_count(made) == 0)
        kc_batch_unref(made);
    else
        *batch = made;
    return err;
}
