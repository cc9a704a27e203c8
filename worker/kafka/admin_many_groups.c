/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Offsets and states of many groups at once, over wire, because librdkafka asks for one group at a
 * time, in three round trips. Any thread, several at once.
 */
#include "connect/hash.h"
#include "kafka/admin_priv.h"
#include "wire/wire_groups.h"

#include <stdlib.h>
#include <string.h>

/* ---- reading ---- */

static void add_offset(void *arg, size_t group, const struct kc_wire_group_offset *offset)
{
    rd_kafka_topic_partition_list_t **lists = arg;
    if (!lists[group]) /* one that is full grows to 32 more at least */
        lists[group] = rd_kafka_topic_partition_list_new(16);
    rd_kafka_topic_partition_t *place =
        rd_kafka_topic_partition_list_add(lists[group], offset->topic, offset->partition);
    place->offset = offset->offset;
    place->metadata_size = offset->metadata ? strlen(offset->metadata) : 0;
    /* librdkafka frees it with the list. */
    place->metadata = place->metadata_size ? kc_strdup(offset->metadata) : NULL;
}

struct kc_error *kc_admin_groups_offsets(struct kc_admin *admin, const struct kc_strings *groups,
                                         rd_kafka_topic_partition_list_t **offsets,
                                         struct kc_error **errors)
{
    struct kc_wire_admin *wire = NULL;
    memset(offsets, 0, groups->count * sizeof(*offsets));
    memset(errors, 0, groups->count * sizeof(*errors));
    struct kc_error *err = kc_admin_wire(admin, &wire);
    if (!err)
        err = kc_wire_groups_offsets(wire, (const char *const *)groups->items, groups->count,
                                     add_offset, offsets, admin->timeout_ms, errors);
    for (size_t i = 0; !err && i < groups->count; i++) {
        if (errors[i])
            errors[i] = kc_error_prefix(errors[i], "Reading the offsets failed");
        else if (!offsets[i])
            offsets[i] = rd_kafka_topic_partition_list_new(0);
    }
    return err;
}

/* ---- offsets of groups, for wire ---- */

static int by_topic(const void *a, const void *b)
{
    const struct kc_wire_group_offset *x = a, *y = b;
    int order = strcmp(x->topic, y->topic);
    return order ? order : (x->partition > y->partition) - (x->partition < y->partition);
}

static char *metadata_of(const rd_kafka_topic_partition_t *place)
{
    return place->metadata ? kc_strndup(place->metadata, place->metadata_size) : NULL;
}

static void fill_group(struct kc_wire_group_offsets *filled, const char *group,
                       const rd_kafka_topic_partition_list_t *offsets)
{
    struct kc_wire_group_offset *items = kc_calloc((size_t)offsets->cnt, sizeof(*items));
    for (int i = 0; i < offsets->cnt; i++) {
        const rd_kafka_topic_partition_t *place = &offsets->elems[i];
        items[i] = (struct kc_wire_group_offset){place->topic, place->partition, place->offset,
                                                 metadata_of(place)};
    }
    qsort(items, (size_t)offsets->cnt, sizeof(*items), by_topic);
    *filled = (struct kc_wire_group_offsets){group, items, (size_t)offsets->cnt};
}

/* The groups of a call that have some. */
struct group_list {
    struct kc_wire_group_offsets *items;
    size_t *whose; /* the place of each in the call */
    size_t count;
};

static void list_groups(struct group_list *list, const struct kc_strings *groups,
                        rd_kafka_topic_partition_list_t *const *offsets)
{
    *list = (struct group_list){
        .items = kc_calloc(groups->count + 1, sizeof(*list->items)),
        .whose = kc_calloc(groups->count + 1, sizeof(*list->whose)),
    };
    for (size_t i = 0; i < groups->count; i++) {
        if (!offsets[i] || offsets[i]->cnt == 0)
            continue;
        fill_group(&list->items[list->count], groups->items[i], offsets[i]);
        list->whose[list->count++] = i;
    }
}

static void clear_groups(struct group_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        for (size_t j = 0; j < list->items[i].count; j++)
            free((char *)list->items[i].offsets[j].metadata);
        free((struct kc_wire_group_offset *)list->items[i].offsets);
    }
    free(list->items);
    free(list->whose);
}

/* ---- offsets in open transactions ---- */

struct kc_error *kc_admin_groups_open_offsets(struct kc_admin *admin,
                                              const struct kc_strings *groups,
                                              rd_kafka_topic_partition_list_t *const *partitions,
                                              bool *open, struct kc_error **errors)
{
    struct kc_error **results = kc_calloc(groups->count + 1, sizeof(struct kc_error *));
    bool *found = kc_calloc(groups->count + 1, sizeof(*found));
    struct kc_wire_admin *wire = NULL;
    struct group_list list;
    memset(open, 0, groups->count * sizeof(*open));
    memset(errors, 0, groups->count * sizeof(*errors));
    list_groups(&list, groups, partitions);
    struct kc_error *err = list.count ? kc_admin_wire(admin, &wire) : NULL;
    if (!err && list.count)
        err = kc_wire_groups_open_offsets(wire, list.items, list.count, found, admin->timeout_ms,
                                          results);
    for (size_t i = 0; i < list.count; i++) {
        open[list.whose[i]] = found[i];
        errors[list.whose[i]] = results[i];
    }
    clear_groups(&list);
    free(found);
    free(results);
    return err;
}

/* ---- writing ---- */

struct kc_error *kc_admin_alter_groups_offsets(struct kc_admin *admin,
                                               const struct kc_strings *groups,
                                               rd_kafka_topic_partition_list_t *const *offsets,
                                               struct kc_error **errors)
{
    struct kc_error **results = kc_calloc(groups->count + 1, sizeof(struct kc_error *));
    struct kc_wire_admin *wire = NULL;
    struct group_list list;
    memset(errors, 0, groups->count * sizeof(*errors));
    list_groups(&list, groups, offsets);
    struct kc_error *err = list.count ? kc_admin_wire(admin, &wire) : NULL;
    if (!err && list.count)
        err = kc_wire_groups_commit(wire, list.items, list.count, admin->timeout_ms, results);
    for (size_t i = 0; i < list.count; i++)
        errors[list.whose[i]] = results[i];
    clear_groups(&list);
    free(results);
    return err;
}

/* ---- states ---- */

struct wanted {
    const char *id;
    struct kc_group_info info;
    size_t place; /* in the answer */
    UT_hash_handle hh;
};

struct listing {
    struct wanted *by_id;
    bool stateless; /* a broker before Kafka 2.6 */
};

static void take_listed(void *arg, const char *group, const char *protocol_type, const char *state)
{
    struct listing *listing = arg;
    struct wanted *wanted = NULL;
    listing->stateless = listing->stateless || !*state;
    HASH_FIND_STR(listing->by_id, group, wanted);
    if (!wanted || wanted->info.id)
        return;
    wanted->info =
        (struct kc_group_info){kc_strdup(group), kc_strdup(state), kc_strdup(protocol_type), 0};
}

static bool has_members(const struct kc_group_info *info)
{
    return strcmp(info->state, "Empty") != 0 && strcmp(info->state, "Dead") != 0;
}

/* How many members the groups have that have some. */
static struct kc_error *count_members(struct kc_admin *admin, struct listing *listing,
                                      const struct kc_group_infos *groups)
{
    struct kc_strings active = {0};
    struct kc_group_infos described = {0};
    for (size_t i = 0; i < groups->count; i++)
        if (has_members(&groups->items[i]))
            kc_strings_add(&active, groups->items[i].id);
    struct kc_error *err =
        active.count ? kc_admin_describe_groups(admin, &active, &described) : NULL;
    for (size_t i = 0; i < described.count; i++) {
        struct wanted *wanted = NULL;
        HASH_FIND_STR(listing->by_id, described.items[i].id, wanted);
        if (wanted)
            groups->items[wanted->place].member_count = described.items[i].member_count;
    }
    kc_group_infos_destroy(&described);
    kc_strings_destroy(&active);
    return err;
}

static void collect(struct wanted *all, size_t count, struct kc_group_infos *groups)
{
    groups->items = kc_calloc(count + 1, sizeof(*groups->items));
    for (size_t i = 0; i < count; i++)
        if (all[i].info.id) {
            all[i].place = groups->count;
            groups->items[groups->count++] = all[i].info;
        }
}

struct kc_error *kc_admin_groups_states(struct kc_admin *admin, const struct kc_strings *ids,
                                        struct kc_group_infos *groups)
{
    struct listing listing = {0};
    struct wanted *all = kc_calloc(ids->count + 1, sizeof(*all));
    struct kc_wire_admin *wire = NULL;
    *groups = (struct kc_group_infos){0};
    for (size_t i = 0; i < ids->count; i++) {
        struct wanted *wanted = &all[i];
        wanted->id = ids->items[i];
        HASH_ADD_KEYPTR(hh, listing.by_id, wanted->id, strlen(wanted->id), wanted);
    }
    struct kc_error *err = kc_admin_wire(admin, &wire);
    if (!err)
        err = kc_wire_list_groups(wire, take_listed, &listing, admin->timeout_ms);
    collect(all, ids->count, groups);
    if (!err && listing.stateless) {
        kc_group_infos_destroy(groups);
        err = kc_admin_describe_groups(admin, ids, groups);
    } else if (!err) {
        err = count_members(admin, &listing, groups);
    }
    HASH_CLEAR(hh, listing.by_id);
    free(all);
    if (err)
        kc_group_infos_destroy(groups);
    return err;
}
