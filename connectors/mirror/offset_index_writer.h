/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A source task's entries for the offset index; offset_index_log.h writes them.
 *
 * Acknowledged runs extend the newest chunk of their partition. Changed chunks are handed out about
 * once a second; a full one is complete before the next begins. Nothing is handed out until the
 * chunks written earlier are known (kc_offset_index_writer_known()), because the writer continues
 * the newest chunk. So a restart adds no chunk. Any thread may call.
 */
#ifndef CONNECTORS_MIRROR_OFFSET_INDEX_WRITER_H
#define CONNECTORS_MIRROR_OFFSET_INDEX_WRITER_H

#include "mirror/offset_index_store.h"

#include <sys/queue.h>

/* What the writer knows of one source partition. Lives in the task's own partition object and
 * outlives the writer; only the writer looks inside. */
struct kc_index_partition {
    const char *topic; /* borrowed */
    int32_t partition;
    int64_t from;                /* of the next run; -1: it begins at its own first record */
    int64_t end_downstream;      /* behind the last run */
    struct kc_index_chunk chunk; /* the newest */
    struct kc_index_chunk *full; /* before it, and not handed out yet */
    size_t full_count;
    bool changed, met; /* is in the writer's lists */
    TAILQ_ENTRY(kc_index_partition) link, all;
};

struct kc_offset_index_writer;

/* Writes one record of the topic; false: it could not be queued; try again. */
typedef bool (*kc_offset_index_send)(void *arg, struct kc_index_partition *partition,
                                     const struct kc_str *key, const struct kc_str *value);

/* flow: kc_mirror_flow(). */
struct kc_offset_index_writer *kc_offset_index_writer_new(const char *flow,
                                                          kc_offset_index_send send, void *arg);
void kc_offset_index_writer_destroy(struct kc_offset_index_writer *writer);

void kc_index_partition_init(struct kc_index_partition *partition, const char *topic,
                             int32_t number);
void kc_index_partition_clear(struct kc_index_partition *partition);
/* Reading begins at offset: before the first call of add(). */
void kc_index_partition_begin(struct kc_index_partition *partition, int64_t offset);

/* The partition's writer has ended. written: it had handed out everything. If not, the rest stays.
 */
void kc_index_partition_leave(struct kc_index_partition *partition, bool written);
/* The partition comes from another writer; what that one left will be handed out. */
void kc_offset_index_writer_join(struct kc_offset_index_writer *writer,
                                 struct kc_index_partition *partition);

/* count records, consecutive on both sides, were acknowledged. downstream -1: their place is
 * unknown, and the index has a hole there. Hot path. */
void kc_offset_index_writer_add(struct kc_offset_index_writer *writer,
                                struct kc_index_partition *partition, int64_t upstream,
                                int64_t downstream, int64_t count);

/* Takes the newest chunk of one partition that was written before. */
void kc_offset_index_writer_past(struct kc_offset_index_writer *writer,
                                 struct kc_index_partition *partition,
                                 struct kc_index_chunk *chunk);
/* Everything written before is known; writing may begin. */
void kc_offset_index_writer_known(struct kc_offset_index_writer *writer);

/* Hands out what has changed. */
void kc_offset_index_writer_flush(struct kc_offset_index_writer *writer);
/* The topic has lost its records: the newest chunks are handed out again. Returns of how many
 * partitions. */
size_t kc_offset_index_writer_again(struct kc_offset_index_writer *writer);
/* The partition's last record was lost: it is written again. */
void kc_offset_index_writer_lost(struct kc_offset_index_writer *writer,
                                 struct kc_index_partition *partition);

#endif
