/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Offsets of mirror groups in topics whose offsets are translated: see link_kept_group_priv.h.
 *
 * What a group has committed on the source is translated once the mirror has come there. The ends
 * of the target's logs are asked first, then the offset index is read to its end: so it has the
 * place of each record before those ends.
 */
#include "link/link_kept_group_priv.h"

#include <stdlib.h>
#include <string.h>

/* Offsets that wait for their translation, by place. */
struct pending_offsets {
    struct link_offset **items;
    size_t count, cap;
};

static void collect(const struct link_kept_group *group, struct pending_offsets *pending)
{
    for (size_t i = 0; i < group->offsets.count; i++) {
        struct link_offset *offset = &group->offsets.items[i];
        if (!link_offset_needs_translation(offset))
            continue;
        if (pending->count == pending->cap) {
            pending->cap = pending->cap ? pending->cap * 2 : 64;
            pending->items =
                kc_realloc(pending->items, pending->cap * sizeof(struct link_offset *));
        }
        pending->items[pending->count++] = offset;
    }
}

static int by_place(const void *a, const void *b)
{
    const struct link_offset *x = *(struct link_offset *const *)a;
    const struct link_offset *y = *(struct link_offset *const *)b;
    int order = strcmp(x->topic, y->topic);
    return order ? order : (x->partition > y->partition) - (x->partition < y->partition);
}

/* The place of a pending offset among the ends, which has each place once. */
static bool is_another(const struct pending_offsets *pending, size_t i)
{
    return i == 0 || by_place(&pending->items[i - 1], &pending->items[i]) != 0;
}

static void take_place(struct link_groups *groups, struct link_offset *offset, int64_t end)
{
    const struct link_group_topic *topic =
        link_group_topic_of_target(&groups->topics, offset->topic);
    if (!topic)
        return;
    const struct link_index_place place = {topic->target, topic->target_id, offset->partition};
    link_offset_translate(offset, link_index_target(groups->index, &place, offset->upstream), end);
}

/* False: a cluster doesn't answer; all stays as it is. */
static bool ask(struct link_groups *groups, struct kc_partition_offset *ends, size_t count)
{
    struct kc_error *err = kc_admin_list_offsets(groups->target, ends, count, false);
    if (!err)
        err = link_index_refresh(groups->index, groups->stop);
    return link_groups_answered(groups, LINK_TARGET, err);
}

static void translate(struct link_groups *groups, struct pending_offsets *pending)
{
    struct kc_partition_offset *ends = kc_calloc(pending->count, sizeof(*ends));
    size_t count = 0, at = 0;
    qsort(pending->items, pending->count, sizeof(struct link_offset *), by_place);
    for (size_t i = 0; i < pending->count; i++) {
        if (is_another(pending, i))
            ends[count++] = (struct kc_partition_offset){.topic = pending->items[i]->topic,
                                                         .partition = pending->items[i]->partition,
                                                         .timestamp = KC_OFFSET_LATEST};
    }
    bool answered = ask(groups, ends, count);
    for (size_t i = 0; answered && i < pending->count; i++) {
        at += i > 0 && is_another(pending, i);
        if (!ends[at].error)
            take_place(groups, pending->items[i], ends[at].offset);
    }
    for (size_t i = 0; i < count; i++)
        kc_error_destroy(ends[i].error);
    free(ends);
}

void link_groups_translate(struct link_groups *groups)
{
    struct pending_offsets pending = {0};
    for (struct link_kept_group *group = groups->groups; group; group = group->hh.next)
        collect(group, &pending);
    if (pending.count > 0)
        translate(groups, &pending);
    free(pending.items);
}
