/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A source task's side of the offset index topic. First it reads the topic's records of the task's
 * partitions. Then it writes the task's new entries, with the client of the offset syncs.
 *
 * The topic is on the cluster of the offset-syncs topic. Nothing is written before the connector
 * has created it. Belongs to one task.
 */
#ifndef CONNECTORS_MIRROR_OFFSET_INDEX_LOG_H
#define CONNECTORS_MIRROR_OFFSET_INDEX_LOG_H

#include "mirror/offset_index_writer.h"
#include "mirror/offset_sync_producer.h"

struct kc_offset_index_log;

/* The task's state of a partition; NULL: it isn't the task's. On the thread that reads. */
typedef struct kc_index_partition *(*kc_index_partition_find)(void *arg, const char *topic,
                                                              int32_t partition);

/* Starts reading at once, on a thread of its own. producer is borrowed and must outlive the log. */
struct kc_offset_index_log *kc_offset_index_log_open(const struct kc_mirror_config *config,
                                                     struct kc_offset_sync_producer *producer,
                                                     kc_index_partition_find find, void *arg);
/* Hands the rest to the producer. NULL is fine. */
void kc_offset_index_log_close(struct kc_offset_index_log *log);

/* Whether everything written before is known, so that writing has begun. */
bool kc_offset_index_log_known(const struct kc_offset_index_log *log);
struct kc_offset_index_writer *kc_offset_index_log_writer(struct kc_offset_index_log *log);
/* Writes changed chunks, about once a second; doesn't block. On the task's thread. */
void kc_offset_index_log_serve(struct kc_offset_index_log *log);

#endif
