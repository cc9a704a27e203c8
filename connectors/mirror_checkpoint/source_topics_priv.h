/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The source topics in which groups have offsets, and their partitions, collected as a checkpoint
 * task meets them. The task's thread.
 */
#ifndef CONNECTORS_MIRROR_CHECKPOINT_SOURCE_TOPICS_PRIV_H
#define CONNECTORS_MIRROR_CHECKPOINT_SOURCE_TOPICS_PRIV_H

#include "connect/hash.h"
#include "mirror/name_filter.h"
#include "mirror_checkpoint/lag_watch_priv.h"

#include <librdkafka/rdkafka.h>

struct kc_source_topic {
    char *name;
    char *remote;  /* on the target */
    bool accepted; /* by the topic filter */
    double record_bytes;
    struct kc_watched *partitions; /* by number; not met: NULLs */
    int32_t limit;                 /* of them */
    UT_hash_handle hh;
};

struct kc_source_topics;

/* All are borrowed. */
struct kc_source_topics *kc_source_topics_new(const struct kc_mirror_config *config,
                                              struct kc_name_filter *filter,
                                              struct kc_lag_watch *watch);
void kc_source_topics_destroy(struct kc_source_topics *topics); /* NULL is fine */

/* The partition of the committed offset, valid until the next call; *of is its topic, valid as long
 * as topics. NULL: no checkpoint, because there is no offset or the topic isn't mirrored. */
struct kc_watched *kc_source_topics_meet(struct kc_source_topics *topics,
                                         const rd_kafka_topic_partition_t *committed,
                                         struct kc_source_topic **of);
/* Sets record_bytes of all by what the flow knows. */
void kc_source_topics_size(struct kc_source_topics *topics);

#endif
