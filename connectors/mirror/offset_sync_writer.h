/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides when an offset sync is worth writing (MM2's OffsetSyncWriter). offset_sync_producer.h
 * writes it.
 *
 * A source task reports each acknowledged record. The writer queues a sync at once if the
 * difference between the offsets changed or the last sync grew old. Otherwise it remembers the
 * newest position until the next commit. At most ten syncs are under way. For each partition the
 * newest sync waits, and before it each one at which the difference changed: without those, a
 * translation would be inexact for the records between (Java drops them in a burst). Any thread may
 * call. `send` is called by one thread at a time, in the order of a partition's offsets. It may
 * call back only kc_offset_sync_writer_sent().
 */
#ifndef CONNECTORS_MIRROR_OFFSET_SYNC_WRITER_H
#define CONNECTORS_MIRROR_OFFSET_SYNC_WRITER_H

#include "mirror/mirror_records.h"

#include <sys/queue.h>

#define KC_MAX_OUTSTANDING_SYNCS 10
#define KC_MAX_WAITING_SYNCS     16 /* of one partition; beyond it the newest replaces the last */

/* What the writer knows of one source partition. Lives in the task's own partition object and
 * outlives the writer; only the writer looks inside. */
struct kc_sync_partition {
    char *topic; /* borrowed */
    int32_t partition;
    int64_t previous_upstream;
    int64_t previous_downstream;
    int64_t last_sync_downstream;
    bool synced;
    int64_t difference; /* downstream - upstream of the newest sync, when synced */
    struct kc_waiting_sync {
        int64_t upstream, downstream;
        bool kept; /* the first of its difference */
    } waiting[KC_MAX_WAITING_SYNCS];
    size_t waiting_count;
    bool delayed;
    int64_t delayed_upstream, delayed_downstream;
    TAILQ_ENTRY(kc_sync_partition) pending_link;
    TAILQ_ENTRY(kc_sync_partition) delayed_link;
};

struct kc_offset_sync_writer;

/* Sends sync; false: it couldn't be queued. Otherwise kc_offset_sync_writer_sent() follows. */
typedef bool (*kc_offset_sync_send)(void *arg, const struct kc_offset_sync *sync);

struct kc_offset_sync_writer *kc_offset_sync_writer_new(int64_t max_lag, kc_offset_sync_send send,
                                                        void *arg);
void kc_offset_sync_writer_destroy(struct kc_offset_sync_writer *writer);

void kc_sync_partition_init(struct kc_sync_partition *partition, char *topic, int32_t number);

/* A record of partition was acknowledged by the target. Hot path. */
void kc_offset_sync_writer_update(struct kc_offset_sync_writer *writer,
                                  struct kc_sync_partition *partition, int64_t upstream,
                                  int64_t downstream);
/* count records of partition, consecutive on both sides from these offsets on, were acknowledged
 * together. Works as an update for each, except that a sync for the first and one for the last are
 * enough. */
void kc_offset_sync_writer_update_run(struct kc_offset_sync_writer *writer,
                                      struct kc_sync_partition *partition, int64_t upstream,
                                      int64_t downstream, int32_t count);
/* Queues the remembered syncs. Call it at each offset commit, so that quiet topics don't lag for
 * ever. */
void kc_offset_sync_writer_promote(struct kc_offset_sync_writer *writer);
/* Sends queued syncs, as far as the limit allows. */
void kc_offset_sync_writer_fire(struct kc_offset_sync_writer *writer);
/* One send is done, well or badly. */
void kc_offset_sync_writer_sent(struct kc_offset_sync_writer *writer);
/* Syncs queued or under way. */
size_t kc_offset_sync_writer_waiting(struct kc_offset_sync_writer *writer);

#endif
