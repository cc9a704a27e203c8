/* SPDX-License-Identifier: Apache-2.0 */
/* A task's topics, found by the addresses of their names: see target_topics_priv.h. */
#include "source/target_topics_priv.h"

#include "connect/mem.h"

#include <stdlib.h>
#include <string.h>

enum { CACHE = 32, TOPIC_NAME_MAX = 249 };

struct cached_topic {
    const char *name; /* an address, valid within batch number `batch` */
    uint64_t batch;
    struct kc_target_topic *topic;
};

struct kc_target_topics {
    struct kc_target_topic *by_name;
    struct cached_topic cache[CACHE];
    uint64_t batch;
};

struct kc_target_topics *kc_target_topics_new(void)
{
    struct kc_target_topics *topics = kc_calloc(1, sizeof(*topics));
    topics->batch = 1;
    return topics;
}

void kc_target_topics_destroy(struct kc_target_topics *topics)
{
    struct kc_target_topic *topic, *next;
    if (!topics)
        return;
    HASH_ITER (hh, topics->by_name, topic, next) {
        HASH_DEL(topics->by_name, topic);
        free(topic->name);
        free(topic);
    }
    free(topics);
}

void kc_target_topics_begin_batch(struct kc_target_topics *topics)
{
    topics->batch++;
}

static struct kc_target_topic *make_topic(struct kc_target_topics *topics, const char *name)
{
    struct kc_target_topic *topic = kc_calloc(1, sizeof(*topic));
    topic->name = kc_strdup(name);
    topic->used_ms = INT64_MIN / 2;
    HASH_ADD_KEYPTR(hh, topics->by_name, topic->name, strlen(topic->name), topic);
    return topic;
}

struct kc_target_topic *kc_target_topics_get(struct kc_target_topics *topics, const char *name)
{
    uintptr_t address = (uintptr_t)name;
    struct cached_topic *cached = &topics->cache[(address >> 4 ^ address >> 9) % CACHE];
    if (cached->name != name || cached->batch != topics->batch) {
        struct kc_target_topic *topic = NULL;
        HASH_FIND_STR(topics->by_name, name, topic);
        *cached =
            (struct cached_topic){name, topics->batch, topic ? topic : make_topic(topics, name)};
    }
    return cached->topic;
}

bool kc_is_topic_name(const char *name)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t len = strnlen(name, TOPIC_NAME_MAX + 1);
    return len > 0 && len <= TOPIC_NAME_MAX && strspn(name, allowed) == len &&
           strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}
