/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The topics and partitions that a mirror sink task pushes: their sent and acknowledged offsets,
 * and therefore the offsets to commit. On the task's thread.
 */
#ifndef CONNECTORS_MIRROR_SINK_PUSHED_TOPICS_PRIV_H
#define CONNECTORS_MIRROR_SINK_PUSHED_TOPICS_PRIV_H

#include "connect/measure.h"
#include "mirror/flow_topics.h"
#include "mirror/offset_index_writer.h"
#include "mirror/offset_sync_writer.h"

struct kc_pushed_topic;

struct kc_pushed_partition {
    struct kc_pushed_topic *topic;
    int32_t number;
    int64_t sent;    /* everything before it was sent since the partition was opened; -1: nothing */
    int64_t acked;   /* all before it was acknowledged; -1: nothing is known */
    size_t pending;  /* sent and not yet acknowledged */
    int64_t refused; /* the first record that the target refused; -1: none was */
    int64_t waiting; /* the first record that waits for its topic on the target; -1: none does */
    bool assigned;   /* to this task */
    struct kc_sync_partition sync;
    struct kc_index_partition index;
    struct kc_series *series;
};

struct kc_pushed_topic {
    char *name;
    char *remote;                            /* NULL: not mirrored */
    int32_t remote_partitions;               /* that are known to exist on the target */
    struct kc_pushed_partition **partitions; /* by number; NULL: not seen */
    int32_t limit;
    struct kc_pushed_topic *next;
};

struct kc_pushed_topics {
    const struct kc_flow *flow;
    struct kc_pushed_topic *first;
    struct kc_pushed_topic *last_found;
};

/* Made where it isn't there; lives as long as topics. */
struct kc_pushed_partition *kc_pushed_find(struct kc_pushed_topics *topics, const char *topic,
                                           int32_t partition);
void kc_pushed_destroy(struct kc_pushed_topics *topics); /* empties */

/* The partition was assigned anew: send what comes, whatever was sent before. */
void kc_pushed_open(struct kc_pushed_partition *partition);
/* Whether the record at offset is yet to be sent. */
bool kc_pushed_is_due(const struct kc_pushed_partition *partition, int64_t offset);
void kc_pushed_sent(struct kc_pushed_partition *partition, int64_t offset);
void kc_pushed_acked(struct kc_pushed_partition *partition, int64_t offset);
/* The record won't be acknowledged: it and what follows are never committed. */
void kc_pushed_refused(struct kc_pushed_partition *partition, int64_t offset);
/* The offset that may be committed when the worker wants to commit `offset`; -1: none. */
int64_t kc_pushed_commit(const struct kc_pushed_partition *partition, int64_t offset);

#endif
