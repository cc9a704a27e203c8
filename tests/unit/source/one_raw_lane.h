/* SPDX-License-Identifier: Apache-2.0 */
/* A task whose only lane is a raw one, for tests that drive the task themselves. */
#ifndef TESTS_UNIT_SOURCE_ONE_RAW_LANE_H
#define TESTS_UNIT_SOURCE_ONE_RAW_LANE_H

#include "host/idle_host.h"
#include "source/raw_lane_priv.h"
#include "source/source_task_priv.h"

static void hear_topic(void *opaque, const char *topic)
{
}

/* Owned by task->lanes. */
static inline struct kc_raw_lane *one_raw_lane(struct kc_source_task *task,
                                               const struct kc_map *producer,
                                               const struct kc_lane_events *events, void *delivery)
{
    const struct kc_lane_owner owner = {events, delivery, hear_topic, task};
    struct kc_raw_lane *lane = NULL;
    must(kc_raw_lane_new(producer, NULL, "test", &owner, &lane));
    task->lanes.records = task->lanes.batches = kc_raw_lane_base(lane);
    kc_lanes_add(&task->lanes, kc_raw_lane_base(lane));
    kc_lanes_on_moved(&task->lanes, no_wake, NULL);
    return lane;
}

#endif
