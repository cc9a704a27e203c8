/* SPDX-License-Identifier: Apache-2.0 */
/* Links and their topics, as the state topic tells them; see gateway_table_priv.h. */
#include "gateway/gateway_table_priv.h"

#include "connect/log.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.gateway.links");

/* ---- links and topics ---- */

void gateway_table_init(struct gateway_table *table, const char *gateway,
                        const struct kc_strings *links)
{
    *table =
        (struct gateway_table){.gateway = kc_strdup(gateway), .source_tag = -1, .target_tag = -1};
    kc_strings_copy(&table->chosen, links);
}

static void clear_order(struct gateway_topic *topic)
{
    free(topic->source_topic);
    topic->source_topic = NULL;
    topic->target_id = (struct kc_uuid){{0}};
    topic->ordered = topic->refused = false;
}

static void clear_flips(struct gateway_topic *topic)
{
    for (int32_t i = 0; i < topic->flip_count; i++)
        gateway_flip_table_unref(topic->flips[i]);
    free(topic->flips);
    topic->flips = NULL;
    topic->flip_count = 0;
}

static bool is_active(const struct gateway_way *way)
{
    return way && (way->place == GATEWAY_SOURCE || way->place == GATEWAY_HELD);
}

/* Takes way, which may be NULL. */
static void set_way(struct gateway_topic *topic, struct gateway_way *way)
{
    struct gateway_table *table = topic->link->table;
    struct gateway_topic *other = NULL;

    table->active += (size_t)is_active(way);
    table->active -= (size_t)is_active(topic->way);
    if (topic->in_ids)
        HASH_DELETE(hh_id, table->by_id, topic);
    topic->in_ids = false;
    gateway_way_unref(topic->way);
    topic->way = way;
    if (way && way->place == GATEWAY_HELD)
        topic->link->lease.dirty = true; /* its record is to say so at once */
    if (!way || kc_uuid_is_zero(&topic->target_id))
        return;
    HASH_FIND(hh_id, table->by_id, &topic->target_id, sizeof(topic->target_id), other);
    if (other)
        return;
    HASH_ADD(hh_id, table->by_id, target_id, sizeof(topic->target_id), topic);
    topic->in_ids = true;
}

static void drop_topic(struct gateway_followed *link, struct gateway_topic *topic)
{
    set_way(topic, NULL);
    HASH_DEL(link->topics, topic);
    clear_order(topic);
    clear_flips(topic);
    json_decref(topic->state_json);
    free(topic->name);
    free(topic);
}

static void drop_writer(struct gateway_followed *link, struct gateway_writer *writer)
{
    HASH_DEL(link->writers, writer);
    free(writer);
}

static void free_writers(struct gateway_writer *all)
{
    struct gateway_writer *writer = all, *next;

    HASH_CLEAR(hh, all);
    for (; writer; writer = next) {
        next = writer->hh.next;
        free(writer);
    }
}

void gateway_table_clear(struct gateway_table *table)
{
    struct gateway_followed *link = table->links, *next;
    struct gateway_topic *topic, *after;

    HASH_CLEAR(hh, table->links);
    for (; link; link = next) {
        next = link->hh.next;
        HASH_ITER (hh, link->topics, topic, after)
            drop_topic(link, topic);
        free_writers(link->writers);
        free(link->name);
        free(link->source_id);
        free(link->target_id);
        free(link);
    }
    kc_strings_destroy(&table->chosen);
    free(table->gateway);
    free(table->source_id);
    *table = (struct gateway_table){0};
}

static struct gateway_followed *find_link(struct gateway_table *table, const char *name)
{
    struct gateway_followed *link = NULL;

    HASH_FIND_STR(table->links, name, link);
    if (link)
        return link;
    link = kc_calloc(1, sizeof(*link));
    link->table = table;
    link->name = kc_strdup(name);
    HASH_ADD_KEYPTR(hh, table->links, link->name, strlen(link->name), link);
    return link;
}

static struct gateway_topic *find_topic(struct gateway_followed *link, const char *name)
{
    struct gateway_topic *topic = NULL;

    HASH_FIND_STR(link->topics, name, topic);
    if (topic)
        return topic;
    topic = kc_calloc(1, sizeof(*topic));
    topic->name = kc_strdup(name);
    topic->link = link;
    HASH_ADD_KEYPTR(hh, link->topics, topic->name, strlen(topic->name), topic);
    return topic;
}

/* ---- ways ---- */

/* True: the topic's way is another one now. */
static bool renew_way(struct gateway_topic *topic)
{
    bool mirrored = topic->link->routed && topic->ordered;
    struct gateway_way *way = mirrored ? gateway_way_new(topic) : NULL;

    if (gateway_way_same(way, topic->way)) {
        gateway_way_unref(way);
        return false;
    }
    set_way(topic, way);
    return true;
}

static bool renew_ways(struct gateway_followed *link)
{
    bool changed = false;

    for (struct gateway_topic *topic = link->topics; topic; topic = topic->hh.next)
        changed = renew_way(topic) || changed;
    return changed;
}

/* ---- records ---- */

static bool wants(const struct gateway_table *table, const struct gateway_followed *link)
{
    return link->source_id &&
           (table->chosen.count == 0 || kc_strings_contain(&table->chosen, link->name));
}

/* A gateway has one source. The first link that it routes says which one that is. */
static bool decide_routing(struct gateway_table *table, struct gateway_followed *link)
{
    bool routed = wants(table, link);

    if (routed && !table->source_id) {
        table->source_id = kc_strdup(link->source_id);
        table->source_tag = kc_link_tag(link->source_id);
        table->target_tag = kc_link_tag(link->target_id);
    }
    if (routed && strcmp(table->source_id, link->source_id) != 0) {
        if (!link->told)
            kc_warn("Gateway '%s' doesn't route for link '%s': its source is cluster %s, but the "
                    "gateway's is %s. Name the links that it is for in gateway.links, and start "
                    "another gateway for the others.",
                    table->gateway, link->name, link->source_id, table->source_id);
        link->told = true;
        routed = false;
    }
    if (routed == link->routed)
        return false;
    link->routed = routed;
    return renew_ways(link);
}

static void set_text(char **text, const json_t *json, const char *field)
{
    free(*text);
    *text = kc_strdup(json_string_value(json_object_get(json, field)));
}

static bool apply_self(struct gateway_table *table, struct gateway_followed *link,
                       const json_t *value)
{
    set_text(&link->source_id, value, "source_cluster_id");
    set_text(&link->target_id, value, "target_cluster_id");
    if (!link->source_id || !link->target_id) {
        free(link->source_id);
        link->source_id = NULL;
    }
    return decide_routing(table, link);
}

static struct kc_error *apply_order(struct gateway_topic *topic, const json_t *value)
{
    struct kc_link_topic_order order = {0};
    struct kc_error *err = value ? kc_link_topic_order_parse(value, &order) : NULL;

    if (err)
        return err;
    if (topic->in_ids && !(value && kc_uuid_equal(&topic->target_id, &order.target_id)))
        set_way(topic, NULL); /* it is in a table by the former id */
    clear_order(topic);
    if (value) {
        topic->ordered = true;
        topic->refused = order.refusal != NULL;
        topic->source_topic = kc_strdup(order.source_topic);
        topic->target_id = order.target_id;
    }
    kc_link_topic_order_clear(&order);
    return NULL;
}

static struct kc_error *apply_state(struct gateway_topic *topic, json_t *value)
{
    struct kc_link_topic state = {0};

    if (value && topic->state_json &&
        !kc_link_record_counts(KC_LINK_TOPIC, topic->state_json, value))
        return NULL;
    struct kc_error *err = value ? kc_link_topic_parse(value, &state) : NULL;
    if (err)
        return err;
    json_decref(topic->state_json);
    topic->state_json = json_incref(value);
    topic->state = value ? state.state : KC_LINK_PENDING;
    topic->state_epoch = value ? state.epoch : 0;
    topic->state_since_ms = value ? state.since_ms : 0;
    kc_link_topic_clear(&state);
    return NULL;
}

#define PARTITIONS_MOST 1000000 /* of a topic; more is a mistake in a record */

static struct kc_error *apply_flip(struct gateway_topic *topic, int32_t partition,
                                   const json_t *value)
{
    struct kc_link_flip flip = {0};
    struct kc_error *err = value ? kc_link_flip_parse(value, &flip) : NULL;

    if (!err && partition >= PARTITIONS_MOST)
        err = kc_error_new(KC_ERR_SCHEMA, "partition %d is too large", partition);
    if (err) {
        kc_link_flip_clear(&flip);
        return err;
    }
    if (partition >= topic->flip_count) {
        topic->flips =
            kc_realloc(topic->flips, ((size_t)partition + 1) * sizeof(struct gateway_flip_table *));
        while (topic->flip_count <= partition)
            topic->flips[topic->flip_count++] = NULL;
    }
    struct gateway_flip_table **place = &topic->flips[partition];
    bool overtaken = value && *place && gateway_flip_table_epoch(*place) > flip.epoch;
    if (!overtaken) {
        gateway_flip_table_unref(*place);
        *place = value ? gateway_flip_table_new(&flip) : NULL;
    }
    kc_link_flip_clear(&flip);
    return NULL;
}

static struct kc_error *apply_gateway(const struct gateway_table *table,
                                      struct gateway_followed *link, const char *name,
                                      const json_t *value)
{
    struct kc_link_gateway record = {0};

    if (strcmp(name, table->gateway) != 0)
        return NULL;
    struct kc_error *err = value ? kc_link_gateway_parse(value, &record) : NULL;
    if (!err && (!value || record.epoch >= link->lease.read_epoch))
        gateway_lease_read(&link->lease, record.epoch, record.renewals);
    kc_link_gateway_clear(&record);
    return err;
}

static struct kc_error *apply_to_topic(struct gateway_followed *link, const struct kc_link_key *key,
                                       json_t *value, bool *changed)
{
    char *name = NULL;
    int32_t partition = 0;
    struct kc_error *err = NULL;

    if (key->resource == KC_LINK_FLIP && !kc_link_flip_name_parse(key->name, &name, &partition))
        return kc_error_new(KC_ERR_SCHEMA, "%s is no flip table's name", key->name);
    struct gateway_topic *topic = find_topic(link, name ? name : key->name);
    bool had_way = topic->way;
    free(name);
    if (key->resource == KC_LINK_TOPIC_ORDER)
        err = apply_order(topic, value);
    else if (key->resource == KC_LINK_TOPIC)
        err = apply_state(topic, value);
    else
        err = apply_flip(topic, partition, value);
    if (!err)
        *changed = renew_way(topic) || (had_way && !topic->way);
    if (!topic->ordered && !topic->state_json && topic->under_way == 0 && topic->flip_count == 0)
        drop_topic(link, topic);
    return err;
}

static struct kc_error *apply(struct gateway_table *table, const struct kc_link_key *key,
                              json_t *value, bool *changed)
{
    struct gateway_followed *link = find_link(table, key->link);

    switch (key->resource) {
    case KC_LINK_SELF:
        *changed = apply_self(table, link, value);
        return NULL;
    case KC_LINK_TOPIC_ORDER:
    case KC_LINK_TOPIC:
    case KC_LINK_FLIP:
        return apply_to_topic(link, key, value, changed);
    case KC_LINK_GATEWAY:
        return apply_gateway(table, link, key->name, value);
    default:
        return NULL;
    }
}

bool gateway_table_apply(struct gateway_table *table, const struct kc_log_record *record)
{
    struct kc_link_key key = {0};
    json_t *value = NULL;
    bool changed = false;
    struct kc_error *err = record->key ? kc_link_key_parse(record->key, record->key_len, &key)
                                       : kc_error_new(KC_ERR_SCHEMA, "it has no key");

    if (!err && record->value) {
        value = json_loadb(record->value, record->value_len, 0, NULL);
        if (!value)
            err = kc_error_new(KC_ERR_SCHEMA, "its value isn't JSON");
    }
    if (!err)
        err = apply(table, &key, value, &changed);
    if (err)
        kc_warn("The record at offset %lld of topic %s is left out: %s", (long long)record->offset,
                KC_LINK_STATE_TOPIC, kc_error_text(err));
    kc_error_destroy(err);
    json_decref(value);
    kc_link_key_clear(&key);
    return changed;
}

/* ---- asking ---- */

struct gateway_topic *gateway_table_topic(struct gateway_table *table, const char *link,
                                          const char *topic)
{
    struct gateway_followed *followed = NULL;
    struct gateway_topic *found = NULL;

    HASH_FIND_STR(table->links, link, followed);
    if (followed)
        HASH_FIND_STR(followed->topics, topic, found);
    return found;
}

static struct gateway_way *by_name(struct gateway_table *table, const char *name)
{
    for (struct gateway_followed *link = table->links; link; link = link->hh.next) {
        struct gateway_topic *topic = NULL;

        if (link->routed)
            HASH_FIND_STR(link->topics, name, topic);
        if (topic && topic->way)
            return topic->way;
    }
    return NULL;
}

struct gateway_way *gateway_table_way(struct gateway_table *table, const char *topic,
                                      const struct kc_uuid *id)
{
    struct gateway_topic *found = NULL;

    if (topic)
        return by_name(table, topic);
    HASH_FIND(hh_id, table->by_id, id, sizeof(*id), found);
    return found ? found->way : NULL;
}

bool gateway_table_active(const struct gateway_table *table)
{
    return table->active > 0;
}

bool gateway_table_over(const struct gateway_table *table)
{
    return table->active == 0 && HASH_CNT(hh_id, table->by_id) > 0;
}

struct kc_link_held *gateway_table_held(const struct gateway_followed *link, size_t *count)
{
    struct kc_link_held *held = kc_calloc(HASH_COUNT(link->topics) + 1, sizeof(*held));

    *count = 0;
    for (struct gateway_topic *topic = link->topics; topic; topic = topic->hh.next) {
        if (topic->way && topic->way->place == GATEWAY_HELD && topic->under_way == 0)
            held[(*count)++] = (struct kc_link_held){topic->name, topic->state_epoch};
    }
    return held;
}

void gateway_table_drop_tickets(struct gateway_followed *link)
{
    for (struct gateway_topic *topic = link->topics; topic; topic = topic->hh.next)
        topic->under_way = 0;
}

/* ---- writers ---- */

enum {
    WRITERS_MOST = 5000, /* of a link; those that wrote longest ago go first */
    WRITER_MS = 300000,  /* longer than a link looks back for writers that bypass gateways */
};

bool gateway_table_wrote(struct gateway_followed *link, int64_t producer_id, int64_t now_ms)
{
    struct gateway_writer *writer = NULL;

    HASH_FIND(hh, link->writers, &producer_id, sizeof(producer_id), writer);
    bool fresh = !writer;
    if (writer && now_ms - writer->seen_ms < 1000)
        return false;
    if (writer)
        HASH_DEL(link->writers, writer);
    else if (HASH_COUNT(link->writers) >= WRITERS_MOST)
        drop_writer(link, link->writers);
    if (fresh)
        writer = kc_calloc(1, sizeof(*writer));
    writer->id = producer_id;
    writer->seen_ms = now_ms;
    HASH_ADD(hh, link->writers, id, sizeof(writer->id), writer);
    return fresh;
}

json_t *gateway_table_writers(struct gateway_followed *link, int64_t now_ms)
{
    json_t *list = json_array();

    while (link->writers && now_ms - link->writers->seen_ms > WRITER_MS)
        drop_writer(link, link->writers);
    for (const struct gateway_writer *writer = link->writers; writer; writer = writer->hh.next)
        json_array_append_new(list, json_integer(writer->id));
    return list;
}
