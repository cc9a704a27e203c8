/* SPDX-License-Identifier: Apache-2.0 */
/* The records that a mirror sink task has pushed, see pushed_topics_priv.h. */
#include "mirror_sink/pushed_topics_priv.h"

#include <stdlib.h>
#include <string.h>

/* ---- finding ---- */

static struct kc_pushed_topic *topic_new(const struct kc_flow *flow, const char *name)
{
    struct kc_pushed_topic *made = kc_calloc(1, sizeof(*made));
    made->name = kc_strdup(name);
    if (kc_flow_replicates(flow, name))
        made->remote = kc_policy_remote_topic(flow->config->policy, flow->config->source, name);
    return made;
}

static struct kc_pushed_topic *find_topic(struct kc_pushed_topics *topics, const char *name)
{
    struct kc_pushed_topic *topic = topics->last_found;
    if (topic && strcmp(topic->name, name) == 0)
        return topic;
    for (topic = topics->first; topic && strcmp(topic->name, name) != 0; topic = topic->next)
        ;
    if (!topic) {
        topic = topic_new(topics->flow, name);
        topic->next = topics->first;
        topics->first = topic;
    }
    topics->last_found = topic;
    return topic;
}

static struct kc_pushed_partition *partition_new(struct kc_pushed_topic *topic, int32_t number)
{
    struct kc_pushed_partition *made = kc_calloc(1, sizeof(*made));
    made->topic = topic;
    made->number = number;
    made->sent = made->acked = made->refused = made->waiting = -1;
    kc_sync_partition_init(&made->sync, topic->name, number);
    kc_index_partition_init(&made->index, topic->name, number);
    return made;
}

static void partition_destroy(struct kc_pushed_partition *partition)
{
    if (!partition)
        return;
    kc_series_unref(partition->series);
    kc_index_partition_clear(&partition->index);
    free(partition);
}

struct kc_pushed_partition *kc_pushed_find(struct kc_pushed_topics *topics, const char *name,
                                           int32_t partition)
{
    struct kc_pushed_topic *topic = find_topic(topics, name);
    if (partition >= topic->limit) {
        int32_t limit = partition + 16;
        topic->partitions = kc_realloc(topic->partitions, sizeof(void *) * (size_t)limit);
        memset(topic->partitions + topic->limit, 0,
               sizeof(void *) * (size_t)(limit - topic->limit));
        topic->limit = limit;
    }
    if (!topic->partitions[partition])
        topic->partitions[partition] = partition_new(topic, partition);
    return topic->partitions[partition];
}

void kc_pushed_destroy(struct kc_pushed_topics *topics)
{
    while (topics->first) {
        struct kc_pushed_topic *topic = topics->first;
        topics->first = topic->next;
        for (int32_t i = 0; i < topic->limit; i++)
            partition_destroy(topic->partitions[i]);
        free(topic->partitions);
        free(topic->name);
        free(topic->remote);
        free(topic);
    }
    topics->last_found = NULL;
}

/* ---- offsets ---- */

void kc_pushed_open(struct kc_pushed_partition *partition)
{
    partition->sent = partition->acked = partition->refused = partition->waiting = -1;
}

bool kc_pushed_is_due(const struct kc_pushed_partition *partition, int64_t offset)
{
    return offset >= partition->sent;
}

void kc_pushed_sent(struct kc_pushed_partition *partition, int64_t offset)
{
    partition->sent = offset + 1;
    partition->pending++;
    if (partition->acked < 0)
        partition->acked = offset; /* what lies before it is no business of ours */
}

void kc_pushed_acked(struct kc_pushed_partition *partition, int64_t offset)
{
    partition->pending--;
    if (offset + 1 > partition->acked)
        partition->acked = offset + 1;
}

void kc_pushed_refused(struct kc_pushed_partition *partition, int64_t offset)
{
    partition->pending--;
    if (partition->refused < 0 || offset < partition->refused)
        partition->refused = offset;
}

static int64_t at_most(int64_t limit, int64_t offset)
{
    return offset >= 0 && offset < limit ? offset : limit;
}

int64_t kc_pushed_commit(const struct kc_pushed_partition *partition, int64_t offset)
{
    int64_t limit = partition->pending > 0 ? at_most(offset, partition->acked) : offset;
    limit = at_most(limit, partition->refused);
    return at_most(limit, partition->waiting);
}
