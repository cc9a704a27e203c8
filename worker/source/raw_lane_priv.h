/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The raw lane of a source task: record batches to the target as bytes (docs/DESIGN.md, "A record
 * batch").
 *
 * A lane (lane_priv.h) through an appender. The task's thread sends spans (raw_span.h), the
 * client's thread gets their results, and serve() reports the acknowledged ones, in order within a
 * partition. A refused batch comes back together with all later ones of its partition. recover()
 * makes a batch of them, with the refused one in pieces or as records. It must be sent before
 * anything else. Records take this lane if batches are built from them
 * (kc_raw_lane_take_records()).
 *
 * The functions here are for callers that need more of a raw lane than the table of lanes has.
 */
#ifndef WORKER_SOURCE_RAW_LANE_PRIV_H
#define WORKER_SOURCE_RAW_LANE_PRIV_H

#include "source/lane_priv.h"
#include "source/raw_expand_priv.h"

#define KC_RAW_LANE_SETTING "raw.lane.enabled" /* of a connector; default true */

/* The facts that decide the choice of the lane. */
struct kc_raw_choice {
    struct kc_conversion *conversion; /* lasting as long as the rules */
    const struct kc_map *connector_config;
    const struct kc_map *producer; /* its Java properties */
};
/* The one place that decides whether a task's batches may pass as bytes. NULL: they may, and
 * *rules, zeroed before, says what each batch must fulfil. Otherwise why not (static, or owned by
 * the conversion). */
const char *kc_raw_lane_refusal(const struct kc_raw_choice *choice, struct kc_raw_rules *rules);

struct kc_raw_lane;

/* producer: Java producer properties. With transactional.id everything is in transactions, and a
 * failure that can't be mended within one fails recover(). Without it, lanes of the same worker,
 * name and properties share client and appender (raw_target_priv.h), and must not append to the
 * same partitions. worker: any address that identifies it, because a process may have several. */
struct kc_error *kc_raw_lane_new(const struct kc_map *producer, const void *worker,
                                 const char *name, const struct kc_lane_owner *owner,
                                 struct kc_raw_lane **lane) KC_MUST_CHECK;
struct kc_lane *kc_raw_lane_base(struct kc_raw_lane *lane);
/* The raw lane that lane is. */
struct kc_raw_lane *kc_raw_lane_of(struct kc_lane *lane);

/* ---- settings, before the first send ---- */

/* Called for each record that the target has finally refused, with the reason. It has the span's
 * slot from now on; the span stays until that has an outcome. On the task's thread; an error fails
 * the task. */
typedef struct kc_error *(*kc_raw_refused)(void *opaque, const struct kc_raw_span *span,
                                           const struct kc_error *why);
/* For a task that leaves refused records out: recover() opens nothing. It divides a refused batch
 * at the records that the broker names, or into halves until only refused records are left. These
 * are handed to refused in their turn. All others arrive, in order. */
void kc_raw_lane_leave_out(struct kc_raw_lane *lane, kc_raw_refused refused, void *opaque);
/* The lane's builder of record batches, which are sent as spans. Each record's slot is an owner of
 * kc_built; NULL: the delivery isn't told of it. */
typedef struct kc_error *(*kc_raw_take_record)(void *opaque,
                                               const struct kc_producer_record *record, void *slot);
void kc_raw_lane_take_records(struct kc_raw_lane *lane, kc_raw_take_record take, void *opaque);
/* Spans wait for the records of their partition on that lane, which note_record() announces. */
void kc_raw_lane_follow(struct kc_raw_lane *lane, struct kc_lane *records);
/* prepare_topic() asks the cluster for the topic, as Java's producer does; a broker may create it
 * then. After ten seconds, and then ever less often, tend() checks whether missing topics exist by
 * now, and reports it. For topics that may not exist: those that transforms name. An error fails
 * the task, because waiting wouldn't make the topic appear. */
void kc_raw_lane_ask_for_topics(struct kc_raw_lane *lane);
/* tell hears, with the owner's opaque, which aren't there whenever that changes. */
void kc_raw_lane_on_missing(struct kc_raw_lane *lane,
                            void (*tell)(void *opaque, const struct kc_strings *topics));

/* ---- the task's thread ---- */

/* As send_span(). */
struct kc_error *kc_raw_lane_send(struct kc_raw_lane *lane, struct kc_raw_span *span,
                                  void *slot) KC_MUST_CHECK;
/* The key that queues the slots of batches built for the partition: their outcomes have an order of
 * their own and don't wait for those of records. Lasts as long as the lane. */
struct kc_source_partition *kc_raw_lane_queue(struct kc_raw_lane *lane, const char *topic,
                                              int32_t partition);

/* ---- transactions: raw_transaction.c; the task's thread ---- */

struct kc_appender *kc_raw_lane_appender(struct kc_raw_lane *lane);
struct kc_wire_client *kc_raw_lane_client(struct kc_raw_lane *lane);
/* Waits until there is something to serve or to recover, nothing is in flight, or the deadline
 * (kc_mono_ms()). */
void kc_raw_lane_await(struct kc_raw_lane *lane, int64_t deadline_ms);
/* Nothing is in flight, to be served or to be recovered. */
bool kc_raw_lane_idle(struct kc_raw_lane *lane);
/* Call it after an abort: spans that came back aren't sent again, and their slots are retracted. */
void kc_raw_lane_discard(struct kc_raw_lane *lane);

#endif
