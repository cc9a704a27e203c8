/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Results of the raw lane's batches, see raw_lane_priv.h. Results come on the client's thread and
 * are listed; the thread that serves the lane reports acknowledged ones to the delivery.
 */
#include "connect/thread.h"
#include "source/raw_builder.h"
#include "source/raw_lane_state_priv.h"

#include <utlist.h>

enum {
    ROOM_BYTES = KC_RAW_IN_FLIGHT_BYTES / 2, /* in flight: who waits for room is woken no sooner */
    ANNOUNCE_MS = 5000,
    SERVE_BYTES = 1 << 20,
    TELL_MS = 20, /* between requests to serve less */
};

/* ---- the client's thread ---- */

static int by_sequence(const struct kc_raw_span *a, const struct kc_raw_span *b)
{
    return (a->sequence > b->sequence) - (a->sequence < b->sequence);
}

void kc_raw_part_return(struct kc_raw_lane *lane, struct kc_raw_span *span)
{
    LL_INSERT_INORDER(span->part->returned, span, by_sequence);
    lane->returned++;
}

/* Locked. */
static void came_back(struct kc_raw_lane *lane, struct kc_raw_span *span,
                      const struct kc_append_result *result)
{
    span->error = kc_error_copy(result->error);
    /* Refused records must be known to be left out, so the batch is sent alone. */
    span->skipped = result->skipped || (result->merged && lane->refused);
    span->record_errors = span->skipped ? NULL : kc_record_errors_ref(result->record_errors);
    kc_raw_part_return(lane, span);
    lane->unserved--;
}

/* Locked. Whether to ask for serving, now that nothing else is under way. */
static bool tell_quiet(struct kc_raw_lane *lane)
{
    int64_t now = kc_mono_ms();
    if (lane->in_flight > 0 || (!lane->drainers && now - lane->told_ms < TELL_MS))
        return false;
    lane->told_ms = now;
    return true;
}

/* Locked. True: serve them now, because they are many or nothing else is under way. Otherwise the
 * acknowledgement thread finds them at its next look; waking it for each batch would cost more than
 * the batch. */
static bool acknowledged(struct kc_raw_lane *lane, struct kc_raw_span *span,
                         const struct kc_append_result *result)
{
    bool few = lane->acked_bytes < SERVE_BYTES;
    span->base_offset = result->base_offset;
    span->log_append_time_ms = result->log_append_time_ms;
    span->next = NULL;
    if (!lane->acked)
        lane->acked = span;
    else
        lane->newest->next = span;
    lane->newest = span;
    lane->acked_bytes += span->len;
    return tell_quiet(lane) || (few && lane->acked_bytes >= SERVE_BYTES);
}

uint64_t kc_raw_lane_extra_of(const struct kc_raw_span *span)
{
    return span->built ? (uint64_t)-1 : (uint64_t)span->count - 1;
}

void kc_raw_lane_result(void *arg, const struct kc_append_result *result)
{
    struct kc_raw_span *span = arg;
    struct raw_part *part = span->part;
    struct kc_raw_lane *lane = span->lane;
    bool wake = true;
    size_t left = atomic_fetch_sub(&lane->bytes, span->len) - span->len;
    atomic_fetch_sub(&lane->extra, kc_raw_lane_extra_of(span));
    pthread_mutex_lock(&lane->mutex);
    part->in_flight--;
    lane->in_flight--;
    if (result->error)
        came_back(lane, span, result);
    else
        wake = acknowledged(lane, span, result);
    pthread_cond_broadcast(&lane->moved);
    if (left <= ROOM_BYTES)
        pthread_cond_broadcast(&lane->room);
    pthread_mutex_unlock(&lane->mutex);
    if (wake)
        kc_lane_moved(&lane->lane);
}

/* ---- whoever serves ---- */

static void tell_topic(const struct kc_lane_owner *owner, const struct kc_raw_span *span)
{
    struct raw_part *part = span->part;
    int64_t now = kc_mono_ms();
    if (now - part->announced_ms < ANNOUNCE_MS)
        return;
    part->announced_ms = now;
    owner->topic_used(owner->opaque, part->topic);
}

/* Records that were built into the batch have slots of their own; source offsets have none. */
static void tell_built(const struct kc_lane_owner *owner, const struct kc_raw_span *span)
{
    const struct kc_built *built = span->raw->task_data;
    struct kc_lane_ack ack = {.offset = span->base_offset,
                              .partition = span->raw->partition,
                              .timestamp = span->log_append_time_ms,
                              .records = 1,
                              .bytes = span->len}; /* counted with the first */
    for (int32_t i = 0; i < span->run_count; i++) {
        const struct kc_raw_run *run = &span->runs[i];
        for (int32_t k = 0; k < run->count; k++) {
            void *slot = built->owners[run->source_offset + k];
            if (slot) {
                owner->events->acked(owner->delivery, slot, &ack);
                ack.bytes = 0;
            }
            ack.offset += ack.offset >= 0;
        }
    }
    if (built->owners[0])
        tell_topic(owner, span);
    if (span->slot)
        owner->events->released(owner->delivery, span->slot);
}

static void tell_acked(const struct kc_lane_owner *owner, const struct kc_raw_span *span)
{
    const struct kc_lane_ack ack = {.offset = span->base_offset,
                                    .partition = span->raw->partition,
                                    .timestamp = span->log_append_time_ms,
                                    .records = (uint64_t)span->count,
                                    .bytes = span->len,
                                    .span = span};
    tell_topic(owner, span);
    owner->events->acked(owner->delivery, span->slot, &ack);
}

static size_t serve_list(struct kc_raw_lane *lane, struct kc_raw_span *span)
{
    size_t served = 0;
    while (span) {
        struct kc_raw_span *next = span->next; /* the span may be gone afterwards */
        (span->built ? tell_built : tell_acked)(&lane->lane.owner, span);
        served++;
        span = next;
    }
    return served;
}

bool kc_raw_lane_serve(struct kc_lane *base)
{
    struct kc_raw_lane *lane = kc_raw_lane_of(base);
    pthread_mutex_lock(&lane->mutex);
    struct kc_raw_span *span = lane->acked;
    bool busy = lane->unserved > 0;
    lane->acked = lane->newest = NULL;
    lane->acked_bytes = 0;
    pthread_mutex_unlock(&lane->mutex);
    if (!span)
        return busy;
    size_t served = serve_list(lane, span);
    pthread_mutex_lock(&lane->mutex);
    lane->unserved -= served;
    busy = lane->unserved > 0;
    pthread_cond_broadcast(&lane->moved);
    pthread_mutex_unlock(&lane->mutex);
    return busy;
}

bool kc_raw_lane_has_returned(struct kc_lane *base)
{
    struct kc_raw_lane *lane = kc_raw_lane_of(base);
    pthread_mutex_lock(&lane->mutex);
    bool any = lane->returned > 0;
    pthread_mutex_unlock(&lane->mutex);
    return any;
}
