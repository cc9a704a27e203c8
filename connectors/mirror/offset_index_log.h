/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A source task's side of the offset index topic: reads once what is there of the task's
 * partitions, then writes what the task adds, with the client of the offset syncs.
 *
 * The topic lies beside the offset-syncs topic and isn't written before it exists: the connector
 * makes it. Belongs to one task.
 */
#ifndef CONNECTORS_MIRROR_OFFSET_INDEX_LOG_H
#define CONNECTORS_MIRROR_OFFSET_INDEX_LOG_H

#include "mirror/offset_index_writer.h"
#include "mirror/offset_sync_producer.h"

struct kc_offset_index_log;

/* The task's state of a partition; NULL: it isn't the task's. On the thread that reads. */
typedef struct kc_index_partition *(*kc_index_partition_find)(void *arg, const char *topic,
                                                              int32_t partition);

/* Reading begins at once, on a thread of its own. producer is borrowed and must last longer. */
struct kc_offset_index_log *kc_offset_index_log_open(const struct kc_mirror_config *config,
                                                     struct kc_offset_sync_producer *producer,
                                                     kc_index_partition_find find, void *arg);
/* Hands the rest to the producer. NULL is fine. */
void kc_offset_index_log_close(struct kc_offset_index_log *log);

/* Whether what was written before is known: writing has begun. */
bool kc_offset_index_log_known(const struct kc_offset_index_log *log);
struct kc_offset_index_writer *kc_offset_index_log_writer(struct kc_offset_index_log *log);
/* Writes what has changed, about once a second; doesn't block. On the task's thread. */
void kc_offset_index_log_serve(struct kc_offset_index_log *log);

#endif
