/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The raw lane of a source task: record batches to the target as bytes (DESIGN, "The way of the
 * data").
 *
 * Stands beside the task's producer. The task's thread sends spans (raw_span.h); the client's
 * thread learns what became of them; kc_raw_lane_serve() hands the acknowledged ones to the task's
 * acknowledgement thread, in order within a partition. A batch that the target refuses comes back
 * together with all behind it in its partition: kc_raw_lane_recover() makes a batch of them that is
 * to be sent before anything else, with the refused one in pieces or as records.
 */
#ifndef WORKER_SOURCE_RAW_LANE_PRIV_H
#define WORKER_SOURCE_RAW_LANE_PRIV_H

#include "data/conversion.h"
#include "source/raw_expand_priv.h"

#define KC_RAW_LANE_SETTING "raw.lane.enabled" /* of a connector; default true */

/* What the choice of the lane depends on. */
struct kc_raw_choice {
    struct kc_conversion *conversion; /* lasting as long as the rules */
    const struct kc_map *connector_config;
    const struct kc_map *producer; /* its Java properties */
};
/* The one place that decides whether a task's batches may pass as bytes: NULL, and *rules, which is
 * zeroed, says what is asked of each; or why not (static, or owned by the conversion). */
const char *kc_raw_lane_refusal(const struct kc_raw_choice *choice, struct kc_raw_rules *rules);

struct kc_raw_lane;

/* producer: Java producer properties; with transactional.id, everything is in transactions, and
 * what can't be mended within one fails kc_raw_lane_recover(); without, lanes of the same worker,
 * name and properties share client and appender (raw_target_priv.h), and mustn't append to the same
 * partitions. worker: any address that stands for it, for a process may have several.
 * wake: on the client's thread; there is something for kc_raw_lane_serve(). */
struct kc_error *kc_raw_lane_new(const struct kc_map *producer, const void *worker,
                                 const char *name, void (*wake)(void *opaque), void *opaque,
                                 struct kc_raw_lane **lane) KC_MUST_CHECK;
/* What the target has finally refused, each record of it, and why. It has the span's slot from now
 * on; the span stays until that has an outcome. On the task's thread; an error fails the task. */
typedef struct kc_error *(*kc_raw_refused)(void *opaque, const struct kc_raw_span *span,
                                           const struct kc_error *why);
/* For a task that leaves out what the target refuses: kc_raw_lane_recover() opens nothing, but
 * divides a refused batch, by the records that the broker names or until only refused ones are
 * left, which are handed to refused when their turn is there. All else arrives, in order. Before
 * the first send. */
void kc_raw_lane_leave_out(struct kc_raw_lane *lane, kc_raw_refused refused, void *opaque);
/* Any thread: whatever waits returns. */
void kc_raw_lane_cancel(struct kc_raw_lane *lane);
/* Gives up what isn't acknowledged, ends the client; no span is touched afterwards. NULL is fine.
 */
void kc_raw_lane_close(struct kc_raw_lane *lane);
void kc_raw_lane_destroy(struct kc_raw_lane *lane); /* after close; NULL is fine */

/* ---- the task's thread ---- */

/* Appends a span; waits while too much is in flight. The span and its batch stay until it has been
 * served or recovered. KC_ERR_WAKEUP: cancelled. */
struct kc_error *kc_raw_lane_send(struct kc_raw_lane *lane, struct kc_raw_span *span,
                                  struct kc_slot *slot) KC_MUST_CHECK;
/* Asks the cluster for the topic, which it may create where brokers do so, as Java's producer does.
 * For a topic that nobody has made: one that a transform names. An error fails the task: nobody
 * who waits would see the topic come. */
struct kc_error *kc_raw_lane_ask_for(struct kc_raw_lane *lane, const char *topic) KC_MUST_CHECK;
/* Looks, after ten seconds and then ever less often, whether those that weren't there are now, and
 * says so. */
void kc_raw_lane_look_for_missing(struct kc_raw_lane *lane);
/* tell hears which aren't there whenever that changes. */
void kc_raw_lane_on_missing(struct kc_raw_lane *lane,
                            void (*tell)(void *opaque, const struct kc_strings *topics));
/* A record to the partition goes to the producer. Whoever sends a span to it next must wait for the
 * producer first: kc_raw_lane_follows_record(), which forgets. */
void kc_raw_lane_note_record(struct kc_raw_lane *lane, const char *topic, int32_t partition);
bool kc_raw_lane_follows_record(struct kc_raw_lane *lane, const char *topic, int32_t partition);
/* What slots of batches that are built for the partition are queued by: their outcomes have an
 * order of their own, and wait for no record's. Lasts as long as the lane. */
struct kc_source_partition *kc_raw_lane_queue(struct kc_raw_lane *lane, const char *topic,
                                              int32_t partition);

/* Why no batch may go this way any more (static); NULL: the lane works. */
const char *kc_raw_lane_broken(struct kc_raw_lane *lane);
/* Waits until nothing is in flight; false: something has come back, or the deadline (kc_mono_ms())
 * has passed, or cancelled. */
bool kc_raw_lane_drain(struct kc_raw_lane *lane, int64_t deadline_ms);

/* Splits what is larger than the target was found to take in its partition. Takes *batch, which
 * holds spans or records, and replaces it. */
struct kc_error *kc_raw_lane_fit(struct kc_raw_lane *lane, struct kc_batch **batch) KC_MUST_CHECK;

/* What came back, to be sent next: *batch NULL when there is nothing. give_up runs for each slot
 * whose span is in *batch in another form. Waits for what is behind a refused batch. */
struct kc_error *kc_raw_lane_recover(struct kc_raw_lane *lane,
                                     void (*give_up)(void *opaque, struct kc_slot *slot),
                                     void *opaque, struct kc_raw_counts *counts,
                                     struct kc_batch **batch) KC_MUST_CHECK;

/* ---- transactions: raw_transaction.c; the task's thread ---- */

struct kc_appender *kc_raw_lane_appender(struct kc_raw_lane *lane);
struct kc_wire_client *kc_raw_lane_client(struct kc_raw_lane *lane);
/* Whether nobody has called prepared for the topic yet. */
bool kc_raw_lane_first_use(struct kc_raw_lane *lane, const char *topic);
void kc_raw_lane_prepared(struct kc_raw_lane *lane, const char *topic);
/* Waits until there is something to serve or to recover, nothing is in flight, or the deadline
 * (kc_mono_ms()). */
void kc_raw_lane_await(struct kc_raw_lane *lane, int64_t deadline_ms);
/* Nothing is in flight, to be served or to be recovered. */
bool kc_raw_lane_idle(struct kc_raw_lane *lane);
/* After an abort: what came back isn't sent again. */
void kc_raw_lane_discard(struct kc_raw_lane *lane,
                         void (*give_up)(void *opaque, struct kc_slot *slot), void *opaque);

/* ---- the acknowledgement thread; with transactions, which have none, the task's ---- */

/* Calls acked for each span that was acknowledged since. */
void kc_raw_lane_serve(struct kc_raw_lane *lane,
                       void (*acked)(void *opaque, const struct kc_raw_span *span), void *opaque);
/* The topic of an acknowledged span when it is time to tell of its use, else NULL. */
const char *kc_raw_lane_announce(const struct kc_raw_span *span);
/* Any thread: whether something waits for kc_raw_lane_recover(). */
bool kc_raw_lane_has_returned(struct kc_raw_lane *lane);
/* Any thread: bytes in flight. */
size_t kc_raw_lane_bytes(struct kc_raw_lane *lane);
/* Any thread: records in flight beyond their slots, which is less than none where built spans are;
 * to be added to the number of slots. */
uint64_t kc_raw_lane_extra(struct kc_raw_lane *lane);

#endif
