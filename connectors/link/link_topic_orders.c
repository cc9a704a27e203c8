/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Orders for the topics of a task: what the store has of them, and how their work begins
 * (link_topics_priv.h).
 */
#include "link/link_metrics_priv.h"
#include "link/link_topics_priv.h"

#include "connect/log.h"

#include <stdlib.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.connect.link.KafkaLinkTask");

void link_topics_forget(struct link_topics *topics, struct link_topic_work *topic)
{
    HASH_DEL(topics->topics, topic);
    kc_link_topic_order_clear(&topic->order);
    kc_link_topic_clear(&topic->state);
    link_metrics_destroy(topic->metrics);
    free(topic->hindrance);
    free(topic->name);
    free(topic);
}

/* A topic that was promoted, forgotten and is mirrored again goes on with its epochs: receipts and
 * flip tables count by them. 0: it has no receipt. */
static int64_t receipt_epoch(const struct link_topics *topics, const char *name)
{
    json_t *json = link_store_get(topics->work.store, KC_LINK_RECEIPT, name);
    int64_t epoch = json_integer_value(json_object_get(json, "epoch"));
    json_decref(json);
    return epoch > 0 ? epoch : 0;
}

void link_topics_load_state(struct link_topics *topics, struct link_topic_work *topic)
{
    json_t *json = link_store_get(topics->work.store, KC_LINK_TOPIC, topic->name);
    struct kc_error *err = json ? kc_link_topic_parse(json, &topic->state) : NULL;
    topic->has_state = json && !err;
    if (err)
        kc_log_error("Link '%s': the state of topic %s is damaged, and is made anew from the "
                     "target's log: %s",
                     topics->work.config->name, topic->name, kc_error_text(err));
    kc_error_destroy(err);
    json_decref(json);
    json_decref(topic->state.partition_states);
    topic->state.partition_states = NULL;
    if (!topic->has_state)
        topic->state.epoch = receipt_epoch(topics, topic->name);
}

json_t *link_topics_saved(const struct link_topics *topics, const char *name)
{
    struct kc_link_topic state = {0};
    json_t *json = link_store_get(topics->work.store, KC_LINK_TOPIC, name);
    struct kc_error *err = json ? kc_link_topic_parse(json, &state) : NULL;
    json_t *partitions = err ? NULL : json_incref(state.partition_states);
    kc_error_destroy(err);
    json_decref(json);
    kc_link_topic_clear(&state);
    return partitions;
}

static struct link_topic_work *find_or_add(struct link_topics *topics, const char *name)
{
    struct link_topic_work *topic = NULL;
    HASH_FIND_STR(topics->topics, name, topic);
    if (topic)
        return topic;
    topic = kc_calloc(1, sizeof(*topic));
    topic->name = kc_strdup(name);
    HASH_ADD_KEYPTR(hh, topics->topics, topic->name, strlen(topic->name), topic);
    topic->metrics = link_metrics_new(topics->work.context, topics->work.config->name, name);
    link_topics_load_state(topics, topic);
    return topic;
}

/* Whether the target's topic is another one than that of the former order. */
static bool is_another(const struct link_topic_work *topic, const struct kc_link_topic_order *order)
{
    const struct kc_uuid *former = &topic->order.target_id;
    return !kc_uuid_is_zero(former) && !kc_uuid_is_zero(&order->target_id) &&
           !kc_uuid_equal(former, &order->target_id);
}

static void take_order(struct link_topics *topics, struct link_topic_work *topic,
                       struct kc_link_topic_order *order)
{
    bool grown = topic->ordered && order->partitions > topic->order.partitions;
    kc_map_destroy(order->settings);
    order->settings = NULL;
    kc_link_topic_order_clear(&topic->order);
    topic->order = *order;
    *order = (struct kc_link_topic_order){0};
    topic->ordered = true;
    topic->due_ms = 0;
    if (grown && topic->copying)
        link_copy_grow(topics->work.copy, topic->name, topic->order.partitions);
}

/* The topic comes to its end. Where it is replaced, its successor's order is followed then. */
static void drop_order(struct link_topic_work *topic, bool replaced)
{
    topic->ordered = false;
    topic->replaced = replaced;
    topic->due_ms = 0;
}

void link_topics_follow_one(struct link_topics *topics, const char *name)
{
    struct kc_link_topic_order order = {0};
    struct link_topic_work *topic = NULL;
    json_t *json = link_store_get(topics->work.store, KC_LINK_TOPIC_ORDER, name);
    struct kc_error *err = json ? kc_link_topic_order_parse(json, &order) : NULL;
    HASH_FIND_STR(topics->topics, name, topic);
    if (err)
        kc_log_error("Link '%s': the order for topic %s can't be followed: %s",
                     topics->work.config->name, name, kc_error_text(err));
    else if (json && topic && (topic->replaced || is_another(topic, &order)))
        drop_order(topic, true);
    else if (json)
        take_order(topics, find_or_add(topics, name), &order);
    else if (topic)
        drop_order(topic, false);
    kc_error_destroy(err);
    json_decref(json);
    kc_link_topic_order_clear(&order);
}

void link_topics_follow(struct link_topics *topics)
{
    struct kc_strings names = {0};
    struct link_store *store = topics->work.store;
    uint64_t version = link_store_version(store);
    if (!topics->followed)
        link_store_names(store, KC_LINK_TOPIC_ORDER, &names);
    else if (version != topics->seen)
        link_store_changed(store, topics->seen, KC_LINK_TOPIC_ORDER, &names);
    for (size_t i = 0; i < names.count; i++)
        if (link_task_of(names.items[i], topics->work.config->tasks) == topics->work.config->task)
            link_topics_follow_one(topics, names.items[i]);
    topics->followed = true;
    topics->seen = version;
    kc_strings_destroy(&names);
}
