/* SPDX-License-Identifier: Apache-2.0 */
/* The mirrored topics as groups need them: see link_group_topics_priv.h. */
#include "link/link_group_topics_priv.h"

#include "connect/log.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.connect.link.LinkGroups");

enum { FEW_PARTITIONS = 1000 }; /* 20 KB of an answer about a group */

static struct link_group_topic *find_or_add(struct link_group_topics *topics, const char *name)
{
    struct link_group_topic *topic = NULL;
    HASH_FIND_STR(topics->by_target, name, topic);
    if (topic)
        return topic;
    topic = kc_calloc(1, sizeof(*topic));
    topic->target = kc_strdup(name);
    HASH_ADD_KEYPTR(hh, topics->by_target, topic->target, strlen(topic->target), topic);
    return topic;
}

static void unlist(struct link_group_topics *topics, struct link_group_topic *topic)
{
    if (topic->mirrored)
        HASH_DELETE(by_source, topics->by_source, topic);
    topic->mirrored = false;
}

static void list(struct link_group_topics *topics, struct link_group_topic *topic,
                 const char *source)
{
    if (!topic->source || strcmp(topic->source, source) != 0) {
        free(topic->source);
        topic->source = kc_strdup(source);
    }
    topic->mirrored = true;
    HASH_ADD_KEYPTR(by_source, topics->by_source, topic->source, strlen(topic->source), topic);
}

/* ---- what the store says; a record that is damaged counts as none ---- */

static bool read_order(struct link_store *store, const char *name,
                       struct kc_link_topic_order *order, bool *gone)
{
    json_t *json = link_store_get(store, KC_LINK_TOPIC_ORDER, name);
    struct kc_error *err = json ? kc_link_topic_order_parse(json, order) : NULL;
    bool found = json && !err;
    *gone = !json;
    if (err)
        kc_warn("The order for topic %s can't be read, so that groups do without it: %s", name,
                kc_error_text(err));
    kc_error_destroy(err);
    json_decref(json);
    return found;
}

static bool read_state(struct link_store *store, const char *name, struct kc_link_topic *state)
{
    json_t *json = link_store_get(store, KC_LINK_TOPIC, name);
    struct kc_error *err = json ? kc_link_topic_parse(json, state) : NULL;
    bool found = json && !err;
    kc_error_destroy(err);
    json_decref(json);
    return found;
}

static void take_state(struct link_group_topic *topic, const struct kc_link_topic *state)
{
    topic->over = kc_link_topic_is_final(state->state);
    if (state->partitions > topic->partitions)
        topic->partitions = state->partitions;
}

static bool is_another(const struct kc_uuid *before, const struct kc_uuid *now)
{
    return !kc_uuid_is_zero(before) && !kc_uuid_equal(before, now);
}

/* True: it is another than before. */
static bool refresh_one(struct link_group_topics *topics, struct link_store *store,
                        const char *name)
{
    struct kc_link_topic_order order = {0};
    struct kc_link_topic state = {0};
    struct link_group_topic *topic = find_or_add(topics, name);
    struct link_group_topic before = *topic;
    bool ordered = read_order(store, name, &order, &topic->gone);
    unlist(topics, topic);
    topic->over = false;
    if (ordered && !order.refusal) {
        topic->partitions = order.partitions;
        topic->anew = topic->anew || is_another(&topic->target_id, &order.target_id);
        topic->target_id = order.target_id;
        topic->translate = order.offsets == KC_LINK_TRANSLATE;
        list(topics, topic, order.source_topic);
        if (read_state(store, name, &state))
            take_state(topic, &state);
    }
    kc_link_topic_order_clear(&order);
    kc_link_topic_clear(&state);
    return before.mirrored != topic->mirrored || before.partitions != topic->partitions ||
           before.over != topic->over || before.translate != topic->translate || topic->anew;
}

bool link_group_topics_refresh(struct link_group_topics *topics, struct link_store *store)
{
    struct kc_strings names = {0};
    bool changed = false;
    uint64_t version = link_store_version(store);
    if (version == topics->version)
        return false;
    link_store_changed(store, topics->version, KC_LINK_TOPIC_ORDER, &names);
    link_store_changed(store, topics->version, KC_LINK_TOPIC, &names);
    topics->version = version;
    for (size_t i = 0; i < names.count; i++)
        changed = refresh_one(topics, store, names.items[i]) || changed;
    kc_strings_destroy(&names);
    return changed;
}

const struct link_group_topic *link_group_topic_of_source(const struct link_group_topics *topics,
                                                          const char *source)
{
    struct link_group_topic *topic = NULL;
    HASH_FIND(by_source, topics->by_source, source, strlen(source), topic);
    return topic;
}

const struct link_group_topic *link_group_topic_of_target(const struct link_group_topics *topics,
                                                          const char *target)
{
    struct link_group_topic *topic = NULL;
    HASH_FIND_STR(topics->by_target, target, topic);
    return topic && topic->mirrored ? topic : NULL;
}

/* ---- what a group may have committed in ---- */

static bool are_few(const struct link_group_topics *topics)
{
    int64_t count = 0;
    for (const struct link_group_topic *topic = topics->by_source; topic && count <= FEW_PARTITIONS;
         topic = topic->by_source.next)
        count += topic->partitions;
    return count <= FEW_PARTITIONS;
}

static void add_partitions(rd_kafka_topic_partition_list_t *list,
                           const struct link_group_topic *topic)
{
    for (int32_t i = 0; i < topic->partitions; i++)
        rd_kafka_topic_partition_list_add(list, topic->source, i);
}

/* The source's topic may have more by now than its mirror. */
static void add_partitions_beyond(rd_kafka_topic_partition_list_t *list,
                                  const struct link_group_topics *topics,
                                  const struct link_offset_table *offsets)
{
    for (size_t i = 0; i < offsets->count; i++) {
        const struct link_offset *offset = &offsets->items[i];
        const struct link_group_topic *topic = link_group_topic_of_target(topics, offset->topic);
        if (topic && offset->partition >= topic->partitions)
            rd_kafka_topic_partition_list_add(list, topic->source, offset->partition);
    }
}

/* The mirrored topics that a group is known to read, under the source's names. The caller's. */
static struct kc_map *known_topics(const struct link_group_topics *topics,
                                   const struct link_offset_table *offsets,
                                   const struct kc_strings *subscribed)
{
    struct kc_map *known = kc_map_new();
    const char *last = NULL; /* names are the topics' own */
    for (size_t i = 0; i < offsets->count; i++) {
        const char *name = offsets->items[i].topic;
        const struct link_group_topic *topic =
            name != last ? link_group_topic_of_target(topics, name) : NULL;
        last = name;
        if (topic)
            kc_map_set(known, topic->source, NULL);
    }
    for (size_t i = 0; i < subscribed->count; i++)
        if (link_group_topic_of_source(topics, subscribed->items[i]))
            kc_map_set(known, subscribed->items[i], NULL);
    return known;
}

rd_kafka_topic_partition_list_t *
link_group_topics_partitions(const struct link_group_topics *topics,
                             const struct link_offset_table *offsets,
                             const struct kc_strings *subscribed)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(16);
    struct kc_map *known = known_topics(topics, offsets, subscribed);
    if (kc_map_size(known) == 0 || are_few(topics))
        for (const struct link_group_topic *topic = topics->by_source; topic;
             topic = topic->by_source.next)
            add_partitions(list, topic);
    else
        kc_map_foreach (known, entry)
            add_partitions(list, link_group_topic_of_source(topics, entry->key));
    add_partitions_beyond(list, topics, offsets);
    kc_map_destroy(known);
    return list;
}

void link_group_topics_destroy(struct link_group_topics *topics)
{
    struct link_group_topic *topic, *next;
    HASH_CLEAR(by_source, topics->by_source);
    HASH_ITER (hh, topics->by_target, topic, next) {
        HASH_DEL(topics->by_target, topic);
        free(topic->target);
        free(topic->source);
        free(topic);
    }
    *topics = (struct link_group_topics){0};
}
