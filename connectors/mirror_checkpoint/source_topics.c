/* SPDX-License-Identifier: Apache-2.0 */
/* Topics in which groups have offsets, see source_topics_priv.h. */
#include "mirror_checkpoint/source_topics_priv.h"

#include "mirror/flow_loads.h"
#include "mirror/mirror_config.h"

#include <stdlib.h>
#include <string.h>

/* No topic has so many. The bound keeps a broker's number from deciding how much memory is taken.
 */
#define MOST_PARTITIONS 100000

struct kc_source_topics {
    const struct kc_mirror_config *config;
    struct kc_name_filter *filter;
    struct kc_lag_watch *watch;
    struct kc_source_topic *by_name;
};

struct kc_source_topics *kc_source_topics_new(const struct kc_mirror_config *config,
                                              struct kc_name_filter *filter,
                                              struct kc_lag_watch *watch)
{
    struct kc_source_topics *topics = kc_calloc(1, sizeof(*topics));
    *topics = (struct kc_source_topics){config, filter, watch, NULL};
    return topics;
}

void kc_source_topics_destroy(struct kc_source_topics *topics)
{
    struct kc_source_topic *topic, *next;
    if (!topics)
        return;
    HASH_ITER (hh, topics->by_name, topic, next) {
        HASH_DEL(topics->by_name, topic);
        free(topic->name);
        free(topic->remote);
        free(topic->partitions);
        free(topic);
    }
    free(topics);
}

/* Made when it is first met. */
static struct kc_source_topic *topic_of(struct kc_source_topics *topics, const char *name)
{
    struct kc_source_topic *topic = NULL;
    HASH_FIND_STR(topics->by_name, name, topic);
    if (topic)
        return topic;
    topic = kc_calloc(1, sizeof(*topic));
    topic->name = kc_strdup(name);
    topic->remote = kc_mirror_target_topic(topics->config, name);
    topic->accepted = topic->remote && kc_name_filter_accepts(topics->filter, name);
    HASH_ADD_KEYPTR(hh, topics->by_name, topic->name, strlen(topic->name), topic);
    return topic;
}

static struct kc_watched *partition_of(struct kc_source_topic *topic, int32_t partition)
{
    if (partition < 0 || partition >= MOST_PARTITIONS)
        return NULL;
    if (partition >= topic->limit) {
        int32_t limit = partition + 16;
        topic->partitions =
            kc_realloc(topic->partitions, (size_t)limit * sizeof(struct kc_watched));
        memset(topic->partitions + topic->limit, 0,
               (size_t)(limit - topic->limit) * sizeof(struct kc_watched));
        topic->limit = limit;
    }
    return &topic->partitions[partition];
}

struct kc_watched *kc_source_topics_meet(struct kc_source_topics *topics,
                                         const rd_kafka_topic_partition_t *committed,
                                         struct kc_source_topic **of)
{
    struct kc_source_topic *topic =
        committed->offset < 0 ? NULL : topic_of(topics, committed->topic);
    struct kc_watched *partition =
        topic && topic->accepted ? partition_of(topic, committed->partition) : NULL;
    if (partition && !partition->source)
        *partition =
            kc_lag_watch_meet(topics->watch, topic->name, topic->remote, committed->partition);
    *of = topic;
    return partition;
}

void kc_source_topics_size(struct kc_source_topics *topics)
{
    for (struct kc_source_topic *topic = topics->by_name; topic; topic = topic->hh.next)
        topic->record_bytes = kc_flow_record_bytes(topics->config, topic->name);
}
