/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lanes: the ways of a source task's records and record batches to the target. There is one table
 * of functions. Behind it are librdkafka's producer (record_lane.c) and the appender of batches as
 * bytes (raw_lane.c). source_task_lanes.c decides which lanes a task has when it opens them;
 * nothing else asks.
 *
 * The way of an acknowledgement: a lane's client learns of it on its own thread and wakes the
 * thread that serves the lane (acks_priv.h). serve() hands it to the delivery, with the slot that
 * the delivery passed when it sent.
 */
#ifndef WORKER_SOURCE_LANE_PRIV_H
#define WORKER_SOURCE_LANE_PRIV_H

#include "data/conversion.h"
#include "source/raw_span.h"
#include "source/target_topics_priv.h"

struct kc_eos_channel;
struct kc_lane;
struct kc_raw_counts;

/* ---- what a delivery is told ---- */

/* An acknowledged record or span. */
struct kc_lane_ack {
    int64_t offset; /* on the target, of the first record; -1: unknown */
    int32_t partition;
    int64_t timestamp; /* ms; for a span, -1 if the topic keeps the producer's times */
    uint64_t records;
    size_t bytes;
    const struct kc_raw_span *span; /* NULL: a record */
};

/* Why something wasn't sent. */
struct kc_lane_failure {
    const char *topic; /* on the target; may be any text */
    rd_kafka_resp_err_t code;
    bool given_up; /* by us: the lane was cancelled or closed, or its client has ended */
    rd_kafka_resp_err_t fatal; /* why the lane's client has ended of its own accord; 0: it lives */
};

/* A slot is the delivery's own and comes back as it was given. */
struct kc_lane_events {
    /* Within serve(). A span may be gone afterwards. */
    void (*acked)(void *delivery, void *slot, const struct kc_lane_ack *ack);
    void (*failed)(void *delivery, void *slot, const struct kc_lane_failure *failure);
    /* The slot kept a batch that was built from records, and each of these has had its outcome. */
    void (*released)(void *delivery, void *slot);
    /* The task's thread. The slot's record or span is sent again with another slot, or given up
     * with its transaction. */
    void (*retracted)(void *delivery, void *slot);
    /* The task's thread, within send_record(): the client refused it at once. An error fails the
     * task. */
    struct kc_error *(*rejected)(void *delivery, void *slot, const struct kc_lane_failure *failure);
};

/* Whose lane it is. */
struct kc_lane_owner {
    const struct kc_lane_events *events;
    void *delivery;
    /* Within serve(), at a topic's first acknowledgement and again every few seconds of use. */
    void (*topic_used)(void *opaque, const char *topic);
    void *opaque;
};

/* ---- the table ---- */

/* The task's thread, unless stated otherwise. lane.c has a function for each optional one. */
struct kc_lane_ops {
    const struct kc_eos_channel *transactions; /* how they are done on this lane */
    /* Makes the client, once, before the first send_record(). Optional. */
    struct kc_error *(*open)(struct kc_lane *lane);
    /* Called before the first record or span to the topic, on a task's lane for batches. Optional.
     */
    struct kc_error *(*prepare_topic)(struct kc_lane *lane, const char *topic);
    /* Sends; waits while too much is in flight. KC_ERR_WAKEUP: cancelled. The record's memory or
     * the span stays until the slot has its outcome. */
    struct kc_error *(*send_record)(struct kc_lane *lane, struct kc_target_topic *topic,
                                    const struct kc_producer_record *record, void *slot);
    struct kc_error *(*send_span)(struct kc_lane *lane, struct kc_raw_span *span, void *slot);
    /* A record to the partition takes another lane; the next span waits for it. Optional. */
    void (*note_record)(struct kc_lane *lane, const char *topic, int32_t partition);
    /* Waits until everything has its outcome. False: something has come back, the deadline
     * (kc_mono_ms()) has passed, or the lane was cancelled. */
    bool (*drain)(struct kc_lane *lane, int64_t deadline_ms);
    /* Why no record batch may take this lane any more (static); NULL: it may. Optional. */
    const char *(*broken)(struct kc_lane *lane);
    /* Splits batches that are known to be too large for the target. Takes *batch and replaces it.
     * Optional. */
    struct kc_error *(*fit)(struct kc_lane *lane, struct kc_batch **batch);
    /* The batch that came back from the target and must be sent next; *batch NULL: none. Calls
     * retracted() for its slots. Optional. */
    struct kc_error *(*recover)(struct kc_lane *lane, struct kc_raw_counts *counts,
                                struct kc_batch **batch);
    /* Periodic checks. Optional. */
    void (*tend)(struct kc_lane *lane);
    /* Whether it now works without a producer id. Optional. */
    bool (*is_plain)(struct kc_lane *lane);

    /* Reports the acknowledgements and failures since the last call. Returns whether anything is
     * under way. The acknowledgement thread; without one, the task's. */
    bool (*serve)(struct kc_lane *lane);
    /* KC_ERR_KAFKA if the cluster has lately refused the login; then everything in flight is given
     * up. The same thread. Optional. */
    struct kc_error *(*refusal)(struct kc_lane *lane);

    /* Any thread. */
    bool (*has_returned)(struct kc_lane *lane); /* something waits for recover(); optional */
    size_t (*bytes)(struct kc_lane *lane);      /* in flight */
    uint64_t (*extra)(struct kc_lane *lane);    /* records in flight beyond slots, which may be less
                                                   than none: to be added to these; optional */
    void (*cancel)(struct kc_lane *lane);       /* whatever waits returns */

    /* If it can, waits up to timeout_ms for the records in flight; then gives up the rest. The lane
     * is served meanwhile. */
    void (*close)(struct kc_lane *lane, int timeout_ms);
    void (*destroy)(struct kc_lane *lane); /* after close, when nobody serves it any more */
};

/* The first member of each lane. */
struct kc_lane {
    const struct kc_lane_ops *ops;
    struct kc_lane_owner owner;
    /* Called when there is something for serve() or recover(); any thread, no lock held. Set it
     * before open() and the first send. */
    void (*moved)(void *opaque);
    void *moved_opaque;
};

/* ---- a task's lanes: lane.c ---- */

enum { KC_LANES_MAX = 2 };

struct kc_lanes {
    struct kc_lane *records; /* takes them */
    struct kc_lane *batches; /* takes spans, if any lane does; may be the same */
    struct kc_lane *all[KC_LANES_MAX];
    size_t count; /* of all; 0: they aren't open */
};

void kc_lanes_add(struct kc_lanes *lanes, struct kc_lane *lane);
/* Opens an only lane at once. If there are two lanes, each is opened for its first record. */
struct kc_error *kc_lanes_open(struct kc_lanes *lanes) KC_MUST_CHECK;
struct kc_error *kc_lane_open(struct kc_lane *lane) KC_MUST_CHECK;
/* The listener that hears that a lane must be served. */
void kc_lanes_on_moved(struct kc_lanes *lanes, void (*moved)(void *opaque), void *opaque);
void kc_lane_moved(struct kc_lane *lane);

/* Sends by the lane for records, and notes it on the lane for batches if that is another one. */
struct kc_error *kc_lanes_send_record(struct kc_lanes *lanes, struct kc_target_topic *topic,
                                      const struct kc_producer_record *record,
                                      void *slot) KC_MUST_CHECK;
/* Whether records of an opened batch could overtake batches. */
bool kc_lanes_differ(const struct kc_lanes *lanes);
bool kc_lanes_drain(struct kc_lanes *lanes, int64_t deadline_ms);

/* The optional functions of a lane. */
struct kc_error *kc_lane_prepare_topic(struct kc_lane *lane, const char *topic) KC_MUST_CHECK;
const char *kc_lane_broken(struct kc_lane *lane);
struct kc_error *kc_lane_fit(struct kc_lane *lane, struct kc_batch **batch) KC_MUST_CHECK;
struct kc_error *kc_lane_recover(struct kc_lane *lane, struct kc_raw_counts *counts,
                                 struct kc_batch **batch) KC_MUST_CHECK;
void kc_lane_tend(struct kc_lane *lane);
bool kc_lane_is_plain(struct kc_lane *lane);
bool kc_lane_has_returned(struct kc_lane *lane);

/* Of all. */
struct kc_error *kc_lanes_refusal(struct kc_lanes *lanes) KC_MUST_CHECK;
size_t kc_lanes_bytes(const struct kc_lanes *lanes);
uint64_t kc_lanes_extra(const struct kc_lanes *lanes);
void kc_lanes_cancel(struct kc_lanes *lanes);
void kc_lanes_close(struct kc_lanes *lanes, int timeout_ms);
void kc_lanes_destroy(struct kc_lanes *lanes);

#endif
