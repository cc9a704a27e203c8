/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way back: what a promoted group commits on the target is committed on the source, as long as
 * one of its topics isn't promoted and the group has no member there. So its consumers can return
 * and go on where they stopped. Offsets are clamped to the source's log and never go back.
 *
 * The table is that of the way there with the sides exchanged: `source` is what the target has
 * committed, `committed` what the source has, `start` and `end` are of the source's log.
 */
#include "link/link_kept_group_priv.h"

#include "connect/log.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.connect.link.LinkGroups");

enum { CAN_RETURN_AGAIN_MS = 1000 };

static bool may_return(const struct link_groups *groups, const struct link_kept_group *group)
{
    return group->state.state == KC_LINK_GROUP_PROMOTED && !group->at_home && group->source_known &&
           !group->source_active;
}

/* ---- reading ---- */

/* The source's offset of one that was committed on the target; -1: it isn't known now. The index
 * has the place of each record that a member can have read. */
static int64_t source_of(struct link_groups *groups, const struct link_group_topic *topic,
                         const rd_kafka_topic_partition_t *place)
{
    const struct link_index_place there = {topic->target, topic->target_id, place->partition};
    if (!topic->translate)
        return place->offset;
    if (!groups->back_indexed) {
        struct kc_error *err = link_index_refresh(groups->index, groups->stop);
        if (!link_groups_answered(groups, LINK_TARGET, err))
            return -1;
        groups->back_indexed = true;
    }
    return link_index_source(groups->index, &there, place->offset);
}

static void take_target(struct link_groups *groups, struct link_kept_group *group,
                        const rd_kafka_topic_partition_list_t *list, int64_t asked_ms)
{
    bool open = false, reads = false;
    link_offset_round_begin(&group->back);
    for (int i = 0; i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *place = &list->elems[i];
        const struct link_group_topic *topic =
            link_group_topic_of_target(&groups->topics, place->topic);
        if (!topic || place->offset < 0)
            continue;
        reads = true;
        open = open || !topic->over;
        int64_t offset = topic->over ? -1 : source_of(groups, topic, place);
        if (offset < 0)
            continue;
        char *metadata =
            place->metadata_size ? kc_strndup(place->metadata, place->metadata_size) : NULL;
        link_offset_set_source(&group->back, topic->target, place->partition, offset, metadata);
        free(metadata);
    }
    link_offset_round_end(&group->back);
    group->at_home = reads && !open;
    if (group->at_home)
        kc_info("All topics of group %s are promoted: its offsets aren't brought back to the "
                "source any more",
                group->name);
}

static void take_source(struct link_groups *groups, struct link_kept_group *group,
                        const rd_kafka_topic_partition_list_t *list, int64_t asked_ms)
{
    link_offset_round_begin(&group->back);
    for (int i = 0; i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *place = &list->elems[i];
        const struct link_group_topic *topic =
            link_group_topic_of_source(&groups->topics, place->topic);
        if (!topic)
            continue;
        link_offset_at(&group->back, topic->target, place->partition)->committed = place->offset;
        link_offset_found(&group->back, topic->target, place->partition);
    }
    link_offset_found_end(&group->back);
}

/* ---- writing ---- */

/* Partitions with news, under the source's names. Returns how many there are. */
static size_t list_news(struct link_groups *groups, struct link_kept_group *group,
                        struct link_offset **entries, struct kc_partition_offset *starts,
                        struct kc_partition_offset *ends)
{
    size_t count = 0;
    for (size_t i = 0; i < group->back.count; i++) {
        struct link_offset *entry = &group->back.items[i];
        const struct link_group_topic *topic =
            link_group_topic_of_target(&groups->topics, entry->topic);
        entry->start = entry->end = -1;
        if (!topic || entry->source <= entry->committed)
            continue;
        starts[count] = (struct kc_partition_offset){
            .topic = topic->source, .partition = entry->partition, .timestamp = KC_OFFSET_EARLIEST};
        ends[count] = starts[count];
        ends[count].timestamp = KC_OFFSET_LATEST;
        entries[count++] = entry;
    }
    return count;
}

/* False: there is no news, or the source doesn't answer. */
static bool ask_bounds(struct link_groups *groups, struct link_kept_group *group)
{
    size_t most = group->back.count + 1;
    struct link_offset **entries = kc_calloc(most, sizeof(struct link_offset *));
    struct kc_partition_offset *starts = kc_calloc(most, sizeof(*starts));
    struct kc_partition_offset *ends = kc_calloc(most, sizeof(*ends));
    size_t count = list_news(groups, group, entries, starts, ends);
    struct kc_error *err =
        count ? link_groups_list_bounds(groups->source, starts, ends, count) : NULL;
    bool answered = count && link_groups_answered(groups, LINK_SOURCE, err);
    for (size_t i = 0; i < count; i++) {
        if (answered && !starts[i].error && !ends[i].error) {
            entries[i]->start = starts[i].offset;
            entries[i]->end = ends[i].offset;
        }
        kc_error_destroy(starts[i].error);
        kc_error_destroy(ends[i].error);
    }
    free(ends);
    free(starts);
    free(entries);
    return answered;
}

/* Offsets under the source's names. */
static rd_kafka_topic_partition_list_t *list_of(struct link_groups *groups,
                                                const struct link_commit *commit)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)commit->count);
    for (size_t i = 0; i < commit->count; i++) {
        const struct kc_group_offset *item = &commit->items[i];
        const struct link_group_topic *topic =
            link_group_topic_of_target(&groups->topics, item->topic);
        rd_kafka_topic_partition_t *place =
            rd_kafka_topic_partition_list_add(list, topic->source, item->partition);
        place->offset = item->offset;
        /* librdkafka frees it with the list. */
        place->metadata_size = item->metadata ? strlen(item->metadata) : 0;
        place->metadata = kc_strdup(item->metadata);
    }
    return list;
}

struct link_homecoming {
    struct kc_strings names; /* on the source */
    rd_kafka_topic_partition_list_t **lists;
};

static void collect(struct link_groups *groups, struct link_kept_group *group,
                    struct link_homecoming *home)
{
    struct link_commit commit = {0};
    if (ask_bounds(groups, group))
        link_commit_collect(&group->back, &commit);
    if (commit.count) {
        home->lists = kc_realloc(home->lists, (home->names.count + 1) *
                                                  sizeof(rd_kafka_topic_partition_list_t *));
        home->lists[home->names.count] = list_of(groups, &commit);
        kc_strings_add(&home->names, group->order.source_group);
    }
    link_commit_destroy(&commit);
}

/* Takes what is in home. A member that has just come back makes a commit fail: it is right. */
static void write_home(struct link_groups *groups, struct link_homecoming *home)
{
    struct kc_error **errors = kc_calloc(home->names.count + 1, sizeof(struct kc_error *));
    struct kc_error *err = NULL;
    if (home->names.count && link_lease_holds(groups->lease))
        err = kc_admin_alter_groups_offsets(groups->source, &home->names, home->lists, errors);
    if (home->names.count)
        link_groups_answered(groups, LINK_SOURCE, err);
    for (size_t i = 0; i < home->names.count; i++) {
        if (errors[i])
            kc_debug("The offsets of group %s aren't brought back: %s", home->names.items[i],
                     kc_error_text(errors[i]));
        kc_error_destroy(errors[i]);
        rd_kafka_topic_partition_list_destroy(home->lists[i]);
    }
    free(errors);
    free(home->lists);
    kc_strings_destroy(&home->names);
}

void link_groups_return(struct link_groups *groups)
{
    struct link_homecoming home = {0};
    int64_t now = kc_mono_ms();
    if (now < groups->next_back_ms)
        return;
    groups->next_back_ms =
        now + (groups->config->group_sync_ms > CAN_RETURN_AGAIN_MS ? groups->config->group_sync_ms
                                                                   : CAN_RETURN_AGAIN_MS);
    groups->back_indexed = false;
    if (!link_groups_read_offsets(groups, may_return, LINK_TARGET, take_target) ||
        !link_groups_read_offsets(groups, may_return, LINK_SOURCE, take_source))
        return;
    for (struct link_kept_group *group = groups->groups; group; group = group->hh.next)
        if (may_return(groups, group))
            collect(groups, group, &home);
    write_home(groups, &home);
}
