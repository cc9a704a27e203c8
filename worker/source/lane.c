/* SPDX-License-Identifier: Apache-2.0 */
/* A task's lanes together, and the optional functions of each: see lane_priv.h. */
#include "source/lane_priv.h"

#include <assert.h>

void kc_lanes_add(struct kc_lanes *lanes, struct kc_lane *lane)
{
    assert(lanes->count < KC_LANES_MAX);
    lanes->all[lanes->count++] = lane;
}

struct kc_error *kc_lane_open(struct kc_lane *lane)
{
    return lane->ops->open ? lane->ops->open(lane) : NULL;
}

struct kc_error *kc_lanes_open(struct kc_lanes *lanes)
{
    return lanes->count == 1 ? kc_lane_open(lanes->all[0]) : NULL;
}

void kc_lanes_on_moved(struct kc_lanes *lanes, void (*moved)(void *opaque), void *opaque)
{
    for (size_t i = 0; i < lanes->count; i++) {
        lanes->all[i]->moved = moved;
        lanes->all[i]->moved_opaque = opaque;
    }
}

void kc_lane_moved(struct kc_lane *lane)
{
    lane->moved(lane->moved_opaque);
}

/* ---- sending ---- */

bool kc_lanes_differ(const struct kc_lanes *lanes)
{
    return lanes->records != lanes->batches;
}

struct kc_error *kc_lanes_send_record(struct kc_lanes *lanes, struct kc_target_topic *topic,
                                      const struct kc_producer_record *record, void *slot)
{
    struct kc_lane *batches = lanes->batches;
    if (kc_lanes_differ(lanes))
        batches->ops->note_record(batches, record->topic, record->partition);
    return lanes->records->ops->send_record(lanes->records, topic, record, slot);
}

bool kc_lanes_drain(struct kc_lanes *lanes, int64_t deadline_ms)
{
    for (size_t i = 0; i < lanes->count; i++)
        if (!lanes->all[i]->ops->drain(lanes->all[i], deadline_ms))
            return false;
    return true;
}

/* ---- what is optional ---- */

struct kc_error *kc_lane_prepare_topic(struct kc_lane *lane, const char *topic)
{
    return lane->ops->prepare_topic ? lane->ops->prepare_topic(lane, topic) : NULL;
}

const char *kc_lane_broken(struct kc_lane *lane)
{
    return lane->ops->broken ? lane->ops->broken(lane) : NULL;
}

struct kc_error *kc_lane_fit(struct kc_lane *lane, struct kc_batch **batch)
{
    return lane->ops->fit ? lane->ops->fit(lane, batch) : NULL;
}

struct kc_error *kc_lane_recover(struct kc_lane *lane, struct kc_raw_counts *counts,
                                 struct kc_batch **batch)
{
    *batch = NULL;
    return lane->ops->recover ? lane->ops->recover(lane, counts, batch) : NULL;
}

void kc_lane_tend(struct kc_lane *lane)
{
    if (lane->ops->tend)
        lane->ops->tend(lane);
}

bool kc_lane_is_plain(struct kc_lane *lane)
{
    return lane->ops->is_plain && lane->ops->is_plain(lane);
}

bool kc_lane_has_returned(struct kc_lane *lane)
{
    return lane->ops->has_returned && lane->ops->has_returned(lane);
}

/* ---- all of them ---- */

struct kc_error *kc_lanes_refusal(struct kc_lanes *lanes)
{
    struct kc_error *err = NULL;
    for (size_t i = 0; i < lanes->count && !err; i++)
        if (lanes->all[i]->ops->refusal)
            err = lanes->all[i]->ops->refusal(lanes->all[i]);
    return err;
}

size_t kc_lanes_bytes(const struct kc_lanes *lanes)
{
    size_t bytes = 0;
    for (size_t i = 0; i < lanes->count; i++)
        bytes += lanes->all[i]->ops->bytes(lanes->all[i]);
    return bytes;
}

uint64_t kc_lanes_extra(const struct kc_lanes *lanes)
{
    uint64_t extra = 0;
    for (size_t i = 0; i < lanes->count; i++)
        if (lanes->all[i]->ops->extra)
            extra += lanes->all[i]->ops->extra(lanes->all[i]);
    return extra;
}

void kc_lanes_cancel(struct kc_lanes *lanes)
{
    for (size_t i = 0; i < lanes->count; i++)
        lanes->all[i]->ops->cancel(lanes->all[i]);
}

void kc_lanes_close(struct kc_lanes *lanes, int timeout_ms)
{
    for (size_t i = lanes->count; i-- > 0;)
        lanes->all[i]->ops->close(lanes->all[i], timeout_ms);
}

void kc_lanes_destroy(struct kc_lanes *lanes)
{
    for (size_t i = lanes->count; i-- > 0;)
        lanes->all[i]->ops->destroy(lanes->all[i]);
    *lanes = (struct kc_lanes){0};
}
