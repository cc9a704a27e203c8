/* SPDX-License-Identifier: Apache-2.0 */
/* The mirrored topics as groups need them: see link_group_topics_priv.h. */
#include "link/link_group_topics_priv.h"

#include "connect/log.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.connect.link.LinkGroups");

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
