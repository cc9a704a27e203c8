/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A mirror sink task's side of the offset index. Partitions come and go with the worker's consumer
 * group, and another task may have pushed a partition in between. So whenever partitions come, the
 * index is read again for all of the task's partitions. On the task's thread.
 */
#ifndef CONNECTORS_MIRROR_SINK_PUSHED_INDEX_PRIV_H
#define CONNECTORS_MIRROR_SINK_PUSHED_INDEX_PRIV_H

#include "mirror/offset_index_log.h"
#include "mirror_sink/pushed_topics_priv.h"

/* Zero-initialise it, except the borrowed members, which must outlive it. */
struct kc_pushed_index {
    const struct kc_mirror_config *config;
    struct kc_offset_sync_producer *producer;
    struct kc_pushed_topics *topics;
    struct kc_offset_index_log *log;   /* NULL: the task has no partitions */
    struct kc_index_partition **known; /* those of the log's, sorted */
    size_t count;
};

/* Adds these partitions to the task's; offset: where it begins. */
void kc_pushed_index_open(struct kc_pushed_index *index,
                          const struct kc_topic_partition *partitions, size_t count);
/* Takes these partitions away, after writing the entries of acknowledged records. */
void kc_pushed_index_leave(struct kc_pushed_index *index,
                           const struct kc_topic_partition *partitions, size_t count);
/* A record was acknowledged; downstream -1: its offset is unknown. Hot path. */
void kc_pushed_index_add(struct kc_pushed_index *index, struct kc_pushed_partition *partition,
                         int64_t upstream, int64_t downstream);
/* As kc_offset_index_log_serve(). */
void kc_pushed_index_serve(struct kc_pushed_index *index);
void kc_pushed_index_close(struct kc_pushed_index *index); /* empties */

#endif
