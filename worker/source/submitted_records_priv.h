/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps what a source task has sent until it may be committed: SubmittedRecords and the offsets
 * side of WorkerSourceTask.
 *
 * There is a queue per source partition. Its leading run of acknowledged records may be committed,
 * so a stuck record holds back only its own partition. Three threads take part: the task's pushes,
 * the acknowledgement thread settles and advances, the committer flushes. A record costs no lock
 * and no hash look-up (a change of source partition may), and no allocation while many are under
 * way.
 */
#ifndef WORKER_SOURCE_SUBMITTED_RECORDS_PRIV_H
#define WORKER_SOURCE_SUBMITTED_RECORDS_PRIV_H

#include "connect/connector.h"
#include "storage/offset_store.h"

struct kc_submitted;
struct kc_slot;   /* one record */
struct kc_flight; /* one batch under way */

/* Called by kc_submitted_advance(), in order within a source partition; metadata NULL: not sent. */
typedef void (*kc_record_done)(void *opaque, const struct kc_record *record,
                               const struct kc_record_metadata *metadata);

struct kc_submitted *kc_submitted_new(kc_record_done done, void *opaque);
/* Call it when no other thread uses it any more; gives up unacknowledged records. */
void kc_submitted_destroy(struct kc_submitted *submitted);

/* ---- the task's thread ---- */

/* Begins a batch (taken): it is freed when each of its records has been pushed and has left. */
struct kc_flight *kc_submitted_begin(struct kc_submitted *submitted, struct kc_batch *batch);

enum kc_slot_state {
    KC_SLOT_SENT,    /* not acknowledged yet */
    KC_SLOT_ACKED,   /* by the target */
    KC_SLOT_SKIPPED, /* couldn't be sent, which is tolerated: its offset counts */
    KC_SLOT_DROPPED, /* never sent (transform, tolerance): its offset doesn't count */
};
/* Queues the next record of flight, as KC_SLOT_SENT or KC_SLOT_DROPPED. */
struct kc_slot *kc_submitted_push(struct kc_submitted *submitted, struct kc_flight *flight,
                                  const struct kc_record *record, enum kc_slot_state state);
/* Gives up the rest of a batch that wasn't pushed completely. No other thread may be at work. */
void kc_submitted_abandon(struct kc_submitted *submitted, struct kc_flight *flight);

/* Records that have been pushed and have no outcome yet. Any thread. */
uint64_t kc_submitted_pending(const struct kc_submitted *submitted);

/* ---- outcomes ---- */

/* The acknowledgement thread. */
void kc_slot_ack(struct kc_slot *slot, int64_t offset, int32_t partition, int64_t timestamp);
/* The same, as KC_SLOT_DROPPED: the slot's records have outcomes of their own. */
void kc_slot_drop(struct kc_slot *slot);
/* Any thread, before the slot has another outcome. */
void kc_slot_skip(struct kc_submitted *submitted, struct kc_slot *slot);
/* The same, as KC_SLOT_DROPPED: the record is sent again in another slot, or another slot's offset
 * stands for it. */
void kc_slot_retract(struct kc_submitted *submitted, struct kc_slot *slot);
const struct kc_record *kc_slot_record(const struct kc_slot *slot);

/* Takes the finished leading runs off all changed queues. The acknowledgement thread. */
void kc_submitted_advance(struct kc_submitted *submitted);

/* ---- offsets; one thread at a time ---- */

/* A snapshot of the committable offsets that aren't committed yet: count writes, valid until
 * kc_submitted_end_flush(). 0: nothing to write, and no flush has begun. If there are very many
 * partitions, a flush takes a part of them, and the next one continues. */
size_t kc_submitted_begin_flush(struct kc_submitted *submitted,
                                const struct kc_offset_write **writes);
/* Whether there are partitions that the flush didn't look at. */
bool kc_submitted_flush_goes_on(const struct kc_submitted *submitted);
/* Ends the flush. After a failure its offsets are merged back (newer ones win), and the next flush
 * begins with the first partition. */
void kc_submitted_end_flush(struct kc_submitted *submitted, bool succeeded);

#endif
