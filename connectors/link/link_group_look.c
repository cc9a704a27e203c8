/* SPDX-License-Identifier: Apache-2.0 */
/* How mirror groups are now: see link_group_look_priv.h. */
#include "link/link_group_look_priv.h"

#include "connect/admin.h"

#include <stdlib.h>
#include <string.h>

/* ---- members ---- */

static bool is_ours(const struct link_mirror_group *mirror,
                    const struct kc_member_description *member)
{
    if (json_object_get(mirror->state.members, member->member_id))
        return true;
    return mirror->state.instance_id && member->instance_id &&
           strcmp(mirror->state.instance_id, member->instance_id) == 0;
}

static int64_t count_members(const struct link_mirror_group *mirror,
                             const struct kc_group_description *group)
{
    int64_t count = 0;
    if (group->error)
        return kc_error_kafka_code(group->error) == 69 ? 0 : -1; /* GROUP_ID_NOT_FOUND */
    for (size_t i = 0; i < group->member_count; i++)
        count += !is_ours(mirror, &group->members[i]);
    return count;
}

static const char *group_on(const struct link_mirror_group *mirror, enum link_side side)
{
    return side == LINK_SOURCE ? mirror->order.source_group : mirror->name;
}

static struct kc_error *look_members(struct kc_admin *admin, enum link_side side,
                                     const struct link_mirror_group *mirrors,
                                     const struct kc_strings *ids, struct link_group_looks *looks)
{
    struct kc_group_descriptions found = {0};
    struct kc_error *err = kc_admin_group_members(admin, ids, &found);
    for (size_t i = 0; i < found.count && !err; i++) {
        int64_t count = count_members(&mirrors[i], &found.items[i]);
        if (side == LINK_SOURCE)
            looks->items[i].source_members = count;
        else
            looks->items[i].target_members = count;
    }
    kc_group_descriptions_destroy(&found);
    return err;
}

/* ---- offsets ---- */

static int by_place(const void *left, const void *right)
{
    const struct link_group_offset *a = left, *b = right;
    int order = strcmp(a->topic, b->topic);
    return order ? order : (a->partition > b->partition) - (a->partition < b->partition);
}

static void sort(struct link_group_look *look)
{
    if (look->count)
        qsort(look->offsets, look->count, sizeof(*look->offsets), by_place);
}

static struct link_group_offset *add_place(struct link_group_look *look, const char *topic,
                                           int32_t partition)
{
    look->offsets = kc_realloc(look->offsets, (look->count + 1) * sizeof(*look->offsets));
    struct link_group_offset *place = &look->offsets[look->count++];
    *place = (struct link_group_offset){kc_strdup(topic), partition, -1, -1, -1, false, -1, false};
    return place;
}

/* Among the first `sorted` ones, or a new one. */
static struct link_group_offset *find_place(struct link_group_look *look, size_t sorted,
                                            const rd_kafka_topic_partition_t *wanted)
{
    const struct link_group_offset key = {.topic = wanted->topic, .partition = wanted->partition};
    struct link_group_offset *place =
        sorted ? bsearch(&key, look->offsets, sorted, sizeof(key), by_place) : NULL;
    return place ? place : add_place(look, wanted->topic, wanted->partition);
}

/* The link's mirror topic of a source topic; else the name itself. The caller's. */
static char *mirror_of(struct link_control *control, const char *source_topic, bool *mirrored)
{
    char *name = link_target_topic(control->config, source_topic);
    json_t *order = name ? link_store_get(control->store, KC_LINK_TOPIC_ORDER, name) : NULL;
    *mirrored = order != NULL;
    json_decref(order);
    if (*mirrored)
        return name;
    free(name);
    return kc_strdup(source_topic);
}

static void take_source(struct link_control *control, struct link_group_look *look,
                        const rd_kafka_topic_partition_list_t *offsets)
{
    for (int i = 0; i < offsets->cnt; i++) {
        bool mirrored = false;
        if (offsets->elems[i].offset < 0)
            continue;
        char *topic = mirror_of(control, offsets->elems[i].topic, &mirrored);
        struct link_group_offset *place = add_place(look, topic, offsets->elems[i].partition);
        place->source_offset = offsets->elems[i].offset;
        place->mirrored = mirrored;
        free(topic);
    }
    sort(look);
}

static void take_target(struct link_control *control, struct link_group_look *look,
                        const rd_kafka_topic_partition_list_t *offsets)
{
    size_t sorted = look->count;
    for (int i = 0; i < offsets->cnt; i++) {
        const rd_kafka_topic_partition_t *offset = &offsets->elems[i];
        json_t *order = offset->offset < 0
                            ? NULL
                            : link_store_get(control->store, KC_LINK_TOPIC_ORDER, offset->topic);
        if (order) {
            struct link_group_offset *place = find_place(look, sorted, offset);
            place->target_offset = offset->offset;
            place->mirrored = true;
        }
        json_decref(order);
    }
    sort(look);
}

static struct kc_error *look_offsets(struct link_control *control, struct kc_admin *admin,
                                     enum link_side side, const struct kc_strings *ids,
                                     struct link_group_looks *looks)
{
    size_t count = ids->count;
    rd_kafka_topic_partition_list_t **offsets =
        kc_calloc(count + 1, sizeof(rd_kafka_topic_partition_list_t *));
    struct kc_error **errors = kc_calloc(count + 1, sizeof(struct kc_error *));
    struct kc_error *err = kc_admin_groups_offsets(admin, ids, offsets, errors);
    for (size_t i = 0; i < count; i++) {
        if (offsets[i] && !err && side == LINK_SOURCE)
            take_source(control, &looks->items[i], offsets[i]);
        else if (offsets[i] && !err)
            take_target(control, &looks->items[i], offsets[i]);
        if (offsets[i])
            rd_kafka_topic_partition_list_destroy(offsets[i]);
        kc_error_destroy(errors[i]);
    }
    free(offsets);
    free(errors);
    return err;
}

/* ---- where the mirror topics end ---- */

static struct kc_error *look_ends(struct kc_admin *admin, struct link_group_looks *looks)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(64);
    for (size_t i = 0; i < looks->count; i++)
        for (size_t k = 0; k < looks->items[i].count; k++) {
            const struct link_group_offset *offset = &looks->items[i].offsets[k];
            if (offset->mirrored &&
                !rd_kafka_topic_partition_list_find(list, offset->topic, offset->partition))
                rd_kafka_topic_partition_list_add(list, offset->topic, offset->partition);
        }
    struct kc_error *err = list->cnt ? kc_admin_end_offsets(admin, list, 5000) : NULL;
    for (size_t i = 0; i < looks->count && !err; i++)
        for (size_t k = 0; k < looks->items[i].count; k++) {
            struct link_group_offset *offset = &looks->items[i].offsets[k];
            const rd_kafka_topic_partition_t *found =
                rd_kafka_topic_partition_list_find(list, offset->topic, offset->partition);
            offset->target_end = found && !found->err ? found->offset : -1;
        }
    rd_kafka_topic_partition_list_destroy(list);
    return err;
}

/* ---- translation ---- */

/* The index is asked after the ends, so that it has all records before them. */
static struct kc_error *translate(struct link_control *control, struct link_group_look *look,
                                  bool *fresh)
{
    struct link_index *index = link_live_index(control->live);
    struct kc_error *err = NULL;
    for (size_t i = 0; !err && i < look->count; i++) {
        struct link_group_offset *offset = &look->offsets[i];
        struct link_mirror mirror = {0};
        if (!offset->mirrored || offset->source_offset < 0)
            continue;
        struct kc_error *gone =
            link_mirror_load(control->store, control->config->name, offset->topic, &mirror);
        bool preserved = mirror.order.offsets == KC_LINK_PRESERVE;
        if (!gone && !preserved && !*fresh)
            err = link_index_refresh(index, NULL);
        *fresh = *fresh || (!preserved && !err);
        const struct link_index_place place = {offset->topic, mirror.order.target_id,
                                               offset->partition};
        int64_t to = preserved ? offset->source_offset
                               : link_index_target(index, &place, offset->source_offset);
        offset->ahead =
            !gone && !err && offset->target_end >= 0 && (to < 0 || to > offset->target_end);
        offset->translated = gone || (offset->ahead && !preserved) ? -1 : to;
        kc_error_destroy(gone);
        link_mirror_clear(&mirror);
    }
    return err;
}

static struct kc_error *translate_all(struct link_control *control, struct link_group_looks *looks)
{
    bool fresh = false;
    struct kc_error *err = NULL;
    for (size_t i = 0; !err && i < looks->count; i++)
        err = translate(control, &looks->items[i], &fresh);
    return err;
}

/* ---- all of it ---- */

static char *look_side(struct link_control *control, enum link_side side,
                       const struct link_mirror_group *mirrors, struct link_group_looks *looks)
{
    char *why = NULL;
    struct kc_strings ids = {0};
    struct kc_admin *admin = link_live_admin(control->live, side, &why);
    if (!admin)
        return why;
    for (size_t i = 0; i < looks->count; i++)
        kc_strings_add(&ids, group_on(&mirrors[i], side));
    struct kc_error *err = look_members(admin, side, mirrors, &ids, looks);
    if (!err)
        err = look_offsets(control, admin, side, &ids, looks);
    if (!err && side == LINK_TARGET)
        err = look_ends(admin, looks);
    if (!err && side == LINK_TARGET)
        err = translate_all(control, looks);
    kc_strings_destroy(&ids);
    return link_live_failed(control->live, side, err);
}

void link_group_looks_make(struct link_control *control, const struct link_mirror_group *mirrors,
                           size_t count, struct link_group_looks *looks)
{
    *looks = (struct link_group_looks){.items = kc_calloc(count + 1, sizeof(*looks->items)),
                                       .count = count};
    for (size_t i = 0; i < count; i++)
        looks->items[i].source_members = looks->items[i].target_members = -1;
    if (count == 0)
        return;
    looks->source_error = look_side(control, LINK_SOURCE, mirrors, looks);
    looks->target_error = look_side(control, LINK_TARGET, mirrors, looks);
}

void link_group_looks_clear(struct link_group_looks *looks)
{
    for (size_t i = 0; i < looks->count; i++) {
        for (size_t k = 0; k < looks->items[i].count; k++)
            free(looks->items[i].offsets[k].topic);
        free(looks->items[i].offsets);
    }
    free(looks->items);
    free(looks->source_error);
    free(looks->target_error);
    *looks = (struct link_group_looks){0};
}
