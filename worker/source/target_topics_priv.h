/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The topics that a task writes to, found by the address of their name: a record costs one probe of
 * a small cache and no comparison of text. One per task; the task's thread.
 */
#ifndef WORKER_SOURCE_TARGET_TOPICS_PRIV_H
#define WORKER_SOURCE_TARGET_TOPICS_PRIV_H

#include "connect/hash.h"

#include <librdkafka/rdkafka.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct kc_target_topic {
    char *name;
    bool ready;               /* its first record may be sent */
    rd_kafka_topic_t *handle; /* the record lane's; NULL: not made */
    _Atomic int64_t
        used_ms; /* when its use was last reported; of the thread that serves the record lane */
    UT_hash_handle hh;
};

struct kc_target_topics;

struct kc_target_topics *kc_target_topics_new(void);
void kc_target_topics_destroy(struct kc_target_topics *topics); /* NULL is fine */

/* The names of the next topics belong to another batch, and a name's address has a meaning only
 * within one batch. */
void kc_target_topics_begin_batch(struct kc_target_topics *topics);
/* The topic called name; made if necessary; valid as long as topics. */
struct kc_target_topic *kc_target_topics_get(struct kc_target_topics *topics, const char *name);

/* Whether a topic can be called so, as the brokers see it. Sending to another fails at once. */
bool kc_is_topic_name(const char *name);

#endif
