/* SPDX-License-Identifier: Apache-2.0 */
/* Ways and flip tables, immutable and shared by reference (gateway_table_priv.h). Any thread. */
#include "gateway/gateway_table_priv.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct gateway_flip_table {
    struct kc_link_flip flip;
    atomic_int refs;
};

struct gateway_flip_table *gateway_flip_table_new(struct kc_link_flip *flip)
{
    struct gateway_flip_table *table = kc_calloc(1, sizeof(*table));

    table->flip = *flip;
    *flip = (struct kc_link_flip){0};
    atomic_init(&table->refs, 1);
    return table;
}

struct gateway_flip_table *gateway_flip_table_ref(struct gateway_flip_table *table)
{
    atomic_fetch_add(&table->refs, 1);
    return table;
}

void gateway_flip_table_unref(struct gateway_flip_table *table)
{
    if (!table || atomic_fetch_sub(&table->refs, 1) > 1)
        return;
    kc_link_flip_clear(&table->flip);
    free(table);
}

int64_t gateway_flip_table_epoch(const struct gateway_flip_table *table)
{
    return table->flip.epoch;
}

/* ---- ways ---- */

struct gateway_own_way {
    struct gateway_way way; /* what others see */
    atomic_int refs;
    struct gateway_flip_table **flips; /* by partition */
    int32_t flip_count;
};

static struct gateway_own_way *own(const struct gateway_way *way)
{
    return (struct gateway_own_way *)way;
}

/* A topic that the link refused at the beginning is nobody's mirror: writes go where they went
 * before. */
static enum gateway_place place_of(const struct gateway_topic *topic)
{
    if (topic->refused)
        return GATEWAY_TARGET;
    if (!topic->state_json)
        return GATEWAY_SOURCE;
    if (kc_link_topic_is_final(topic->state))
        return GATEWAY_TARGET;
    return topic->state == KC_LINK_PROMOTING ? GATEWAY_HELD : GATEWAY_SOURCE;
}

/* Tables of an earlier promotion of a topic of that name say nothing about this one. */
static void take_flips(struct gateway_own_way *way, const struct gateway_topic *topic)
{
    way->flips = kc_calloc((size_t)topic->flip_count + 1, sizeof(*way->flips));
    way->flip_count = topic->flip_count;
    for (int32_t i = 0; i < topic->flip_count; i++) {
        if (!topic->flips[i] || gateway_flip_table_epoch(topic->flips[i]) != topic->state_epoch)
            continue;
        way->flips[i] = gateway_flip_table_ref(topic->flips[i]);
        way->way.place = GATEWAY_TARGET_FLIPPED;
    }
}

struct gateway_way *gateway_way_new(const struct gateway_topic *topic)
{
    struct gateway_own_way *way = kc_calloc(1, sizeof(*way));

    way->way = (struct gateway_way){
        .place = place_of(topic),
        .link = kc_strdup(topic->link->name),
        .topic = kc_strdup(topic->name),
        .source_topic = kc_strdup(topic->source_topic),
        .target_id = topic->target_id,
        .state_epoch = topic->state_epoch,
        .since_ms = topic->state_since_ms,
    };
    atomic_init(&way->refs, 1);
    if (topic->state_json && kc_link_topic_is_final(topic->state) && !topic->refused)
        take_flips(way, topic);
    return &way->way;
}

struct gateway_way *gateway_way_ref(struct gateway_way *way)
{
    if (way)
        atomic_fetch_add(&own(way)->refs, 1);
    return way;
}

void gateway_way_unref(struct gateway_way *way)
{
    if (!way || atomic_fetch_sub(&own(way)->refs, 1) > 1)
        return;
    for (int32_t i = 0; i < own(way)->flip_count; i++)
        gateway_flip_table_unref(own(way)->flips[i]);
    free(own(way)->flips);
    free(way->link);
    free(way->topic);
    free(way->source_topic);
    free(own(way));
}

static bool same_flips(const struct gateway_own_way *a, const struct gateway_own_way *b)
{
    if (a->flip_count != b->flip_count)
        return false;
    for (int32_t i = 0; i < a->flip_count; i++) {
        if (a->flips[i] != b->flips[i])
            return false;
    }
    return true;
}

bool gateway_way_same(const struct gateway_way *a, const struct gateway_way *b)
{
    if (!a || !b)
        return a == b;
    return a->place == b->place && a->state_epoch == b->state_epoch &&
           strcmp(a->source_topic, b->source_topic) == 0 &&
           kc_uuid_equal(&a->target_id, &b->target_id) && same_flips(own(a), own(b));
}

const struct kc_link_flip *gateway_way_flip(const struct gateway_way *way, int32_t partition)
{
    const struct gateway_own_way *mine = own(way);

    if (partition < 0 || partition >= mine->flip_count || !mine->flips[partition])
        return NULL;
    return &mine->flips[partition]->flip;
}
