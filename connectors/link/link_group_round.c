/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the groups' next steps depend on, asked in bulk: see link_kept_group_priv.h.
 *
 * One list of the source's groups tells which have members; the offsets of those that have are read
 * in one call. A group at rest costs its line in the list. That it has no member any more is asked
 * of its coordinator once, and once more before it is promoted: a list may lack it while
 * coordinators move. Its members on the target are asked for only when the hold has seen a change
 * among them.
 */
#include "link/link_kept_group_priv.h"
#include "link/link_parts_priv.h"

#include <stdlib.h>
#include <string.h>

enum {
    LOOK_AGAIN_MS = 2000,     /* at members on the target that the link waits for */
    IDLE_OFFSETS_MS = 10000,  /* offsets of groups that have no member */
    SETTLED_AT_ONCE = 200000, /* partitions that are asked for open transactions */
};

static bool is_held_state(const struct link_kept_group *group)
{
    switch (group->state.state) {
    case KC_LINK_STANDBY:
    case KC_LINK_GROUP_PROMOTING:
    case KC_LINK_HOLD_LOST:
        return true;
    case KC_LINK_REGISTERED:
        return true;
    default:
        return false;
    }
}

/* ---- the source's members ---- */

static bool watched(const struct link_groups *groups, const struct link_kept_group *group)
{
    return is_held_state(group) ||
           (group->state.state == KC_LINK_GROUP_PROMOTED && !group->at_home);
}

static bool has_members(const struct kc_group_info *info)
{
    return info && strcmp(info->state, "Empty") != 0 && strcmp(info->state, "Dead") != 0;
}

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct kc_group_info *)a)->id, ((const struct kc_group_info *)b)->id);
}

static void take_members(struct link_kept_group *group, const struct kc_group_infos *infos)
{
    const struct kc_group_info wanted = {.id = group->order.source_group};
    const struct kc_group_info *info =
        bsearch(&wanted, infos->items, infos->count, sizeof(wanted), by_id);
    group->source_known = true;
    group->source_active = has_members(info);
    if (group->source_active)
        group->idle_since_ms = 0;
}

/* Brokers before Kafka 2.6 list groups without their states. */
static bool tells_states(const struct kc_group_infos *infos)
{
    for (size_t i = 0; i < infos->count; i++)
        if (!*infos->items[i].state || strcmp(infos->items[i].state, "Unknown") == 0)
            return false;
    return true;
}

static struct kc_error *list_source(struct link_groups *groups, const struct kc_strings *names,
                                    struct kc_group_infos *infos)
{
    struct kc_error *err = kc_admin_groups(groups->source, infos);
    if (err || tells_states(infos))
        return err;
    kc_group_infos_destroy(infos);
    return kc_admin_groups_states(groups->source, names, infos);
}

static void ask_source_members(struct link_groups *groups)
{
    struct kc_strings names = {0};
    struct kc_group_infos infos = {0};
    struct link_kept_group **chosen = link_groups_choose(groups, watched, LINK_SOURCE, &names);
    if (names.count) {
        struct kc_error *err = list_source(groups, &names, &infos);
        bool answered = link_groups_answered(groups, LINK_SOURCE, err);
        if (answered)
            qsort(infos.items, infos.count, sizeof(*infos.items), by_id);
        for (size_t i = 0; i < names.count; i++) {
            chosen[i]->source_known = answered;
            if (answered)
                take_members(chosen[i], &infos);
        }
        kc_group_infos_destroy(&infos);
    }
    free(chosen);
    kc_strings_destroy(&names);
}

/* What a group's coordinator says of its members; NULL: it isn't known. */
typedef void (*members_taker)(struct link_kept_group *group,
                              const struct kc_group_description *seen);

static void ask_members(struct link_groups *groups, link_group_choice choice, enum link_side side,
                        members_taker take)
{
    struct kc_strings names = {0};
    struct kc_group_descriptions seen = {0};
    struct link_kept_group **chosen = link_groups_choose(groups, choice, side, &names);
    struct kc_admin *admin = side == LINK_SOURCE ? groups->source : groups->target;
    struct kc_error *err = names.count ? kc_admin_group_members(admin, &names, &seen) : NULL;
    bool answered = !names.count || link_groups_answered(groups, side, err);
    for (size_t i = 0; i < names.count; i++)
        take(chosen[i], answered && !seen.items[i].error ? &seen.items[i] : NULL);
    kc_group_descriptions_destroy(&seen);
    free(chosen);
    kc_strings_destroy(&names);
}

/* Whether a group that isn't listed with members has none: a broker that has just become its
 * coordinator may not list it yet. */
static bool is_doubtful(const struct link_groups *groups, const struct link_kept_group *group)
{
    bool final = group->state.state == KC_LINK_GROUP_PROMOTING && !group->order.force;
    return !groups->source_complaint && watched(groups, group) && group->source_known &&
           !group->source_active && (!group->idle_since_ms || (final && !group->confirmed_ms));
}

static void take_confirmation(struct link_kept_group *group,
                              const struct kc_group_description *seen)
{
    group->source_known = seen != NULL;
    group->source_active = seen && seen->member_count > 0;
    group->confirmed_ms = seen && !group->source_active ? kc_mono_ms() : 0;
    if (group->source_active)
        group->idle_since_ms = 0;
    else if (group->source_known && !group->idle_since_ms)
        group->idle_since_ms = group->confirmed_ms;
}

/* ---- what kind of group it is, once ---- */

static bool is_unknown(const struct link_groups *groups, const struct link_kept_group *group)
{
    return !groups->source_complaint && is_held_state(group) && !group->assignor;
}

static void take_kind(struct link_kept_group *group, const struct kc_group_description *seen)
{
    if (!seen)
        return;
    group->source_consumer = seen->consumer;
    group->assignor = kc_strdup(seen->consumer ? "" : seen->assignor);
    for (size_t i = 0; i < seen->member_count; i++)
        kc_strings_copy_distinct(&group->subscribed, &seen->members[i].topics);
}

/* ---- the target's members ---- */

/* Whether the next step needs them, and they may have changed since. */
static bool needs_target(const struct link_groups *groups, const struct link_kept_group *group)
{
    bool alone = group->hold_state == LINK_HOLD_NONE;
    int64_t now = kc_mono_ms();
    switch (group->state.state) {
    case KC_LINK_REGISTERED:
    case KC_LINK_HOLD_LOST:
    case KC_LINK_GROUP_PROMOTING:
        return alone && (!group->target_known || now - group->asked_ms >= LOOK_AGAIN_MS);
    case KC_LINK_STANDBY:
        if (alone)
            return group->order.wish == KC_LINK_GROUP_RELEASE && !group->target_known;
        return group->order.automatic && group->idle_since_ms &&
               (!group->target_known || group->asked_round != group->hold_round);
    default:
        return false;
    }
}

static void take_target(struct link_kept_group *group, const struct kc_group_description *seen)
{
    if (!seen)
        return;
    group->asked_round = group->hold_round;
    group->asked_ms = kc_mono_ms();
    group->target_known = true;
    group->strangers = 0;
    group->ours = false;
    for (size_t i = 0; i < seen->member_count; i++)
        if (link_hold_is_ours(&seen->members[i]))
            group->ours = true;
        else
            group->strangers++;
}

static bool may_have_obstacle(const struct link_groups *groups, const struct link_kept_group *group)
{
    return group->state.state == KC_LINK_REGISTERED && group->hold_state == LINK_HOLD_NONE &&
           group->target_known && !group->obstacle;
}

/* Warnings were for the one who registered the group. */
static void ask_obstacles(struct link_groups *groups)
{
    struct kc_strings names = {0}, sources = {0};
    struct link_kept_group **chosen =
        link_groups_choose(groups, may_have_obstacle, LINK_TARGET, &names);
    for (size_t i = 0; i < names.count; i++)
        kc_strings_add(&sources, chosen[i]->order.source_group);
    struct link_obstacle *found = kc_calloc(names.count + 1, sizeof(*found));
    struct kc_error *err = NULL;
    if (names.count)
        err = link_group_obstacle(groups->source, groups->target, &sources, &names, found);
    bool answered = !names.count || link_groups_answered(groups, LINK_SOURCE, err);
    for (size_t i = 0; i < names.count; i++) {
        if (!answered)
            chosen[i]->target_known = false; /* nothing is decided on half a picture */
        else if (found[i].code && !found[i].warning)
            chosen[i]->obstacle = kc_strdup(found[i].message);
    }
    link_obstacles_clear(found, names.count);
    free(found);
    free(chosen);
    kc_strings_destroy(&names);
    kc_strings_destroy(&sources);
}

/* ---- the source's offsets ---- */

/* An application that has ended may have committed its last offsets in a transaction, whose marker
 * isn't there yet. So it is asked whether there are such before the offsets are read for good. The
 * partitions are named, because brokers don't tell of a first commit otherwise: those that a first
 * reading of the offsets has shown. */
static bool is_to_settle(const struct link_groups *groups, const struct link_kept_group *group)
{
    return !groups->source_complaint && is_held_state(group) && group->idle_since_ms &&
           group->offsets_ms &&
           (group->settled_ms < group->idle_since_ms || group->settled_ms < group->confirmed_ms);
}

/* Makes a list for each of the first groups, as many as may be asked at once; returns how many. */
static size_t name_partitions(const struct link_groups *groups,
                              struct link_kept_group *const *chosen, size_t count,
                              rd_kafka_topic_partition_list_t **lists)
{
    size_t n = 0;
    for (int64_t named = 0; n < count && named < SETTLED_AT_ONCE; n++) {
        lists[n] = link_group_topics_partitions(&groups->topics, &chosen[n]->offsets,
                                                &chosen[n]->subscribed);
        named += lists[n]->cnt;
    }
    return n;
}

/* names: those of the chosen groups; empties lists. False: the source doesn't answer. */
static bool settle_some(struct link_groups *groups, struct link_kept_group *const *chosen,
                        const struct kc_strings *names, rd_kafka_topic_partition_list_t **lists)
{
    bool *open = kc_calloc(names->count + 1, sizeof(*open));
    struct kc_error **errors = kc_calloc(names->count + 1, sizeof(struct kc_error *));
    int64_t asked_ms = kc_mono_ms();
    struct kc_error *err = kc_admin_groups_open_offsets(groups->source, names, lists, open, errors);
    bool answered = link_groups_answered(groups, LINK_SOURCE, err);
    for (size_t i = 0; i < names->count; i++) {
        bool known = answered && !errors[i];
        if (known)
            chosen[i]->unsettled = open[i];
        if (known && !open[i])
            chosen[i]->settled_ms = asked_ms;
        kc_error_destroy(errors[i]);
        rd_kafka_topic_partition_list_destroy(lists[i]);
    }
    free(errors);
    free(open);
    return answered;
}

static void ask_settled(struct link_groups *groups)
{
    struct kc_strings names = {0};
    struct link_kept_group **chosen = link_groups_choose(groups, is_to_settle, LINK_SOURCE, &names);
    rd_kafka_topic_partition_list_t **lists =
        kc_calloc(names.count + 1, sizeof(rd_kafka_topic_partition_list_t *));
    bool answered = true;
    for (size_t i = 0; answered && i < names.count;) {
        size_t n = name_partitions(groups, &chosen[i], names.count - i, lists);
        const struct kc_strings some = {.items = &names.items[i], .count = n};
        answered = settle_some(groups, &chosen[i], &some, lists);
        i += n;
    }
    free(lists);
    free(chosen);
    kc_strings_destroy(&names);
}

static bool needs_offsets(const struct link_groups *groups, const struct link_kept_group *group)
{
    bool paused = groups->paused && group->order.wish != KC_LINK_GROUP_PROMOTE;
    if (groups->source_complaint || !is_held_state(group) || paused)
        return false;
    int64_t age = kc_mono_ms() - group->offsets_ms;
    if (!group->offsets_ms || group->offsets_ms < group->idle_since_ms ||
        group->offsets_ms < group->confirmed_ms || group->offsets_ms < group->settled_ms)
        return true;
    return age >= (group->source_active ? groups->config->group_sync_ms : IDLE_OFFSETS_MS);
}

static char *metadata_of(const rd_kafka_topic_partition_t *place)
{
    return place->metadata_size ? kc_strndup(place->metadata, place->metadata_size) : NULL;
}

/* Each partition of a topic that the group reads gets an entry. */
static void complete_topics(struct link_groups *groups, struct link_kept_group *group)
{
    const char *last = NULL; /* names are the topics' own */
    for (size_t i = 0; i < group->offsets.count; i++) {
        const char *name = group->offsets.items[i].topic;
        const struct link_group_topic *topic =
            name != last ? link_group_topic_of_target(&groups->topics, name) : NULL;
        last = name;
        if (topic)
            link_offset_complete(&group->offsets, topic->target, topic->partitions);
    }
}

static void take_offsets(struct link_groups *groups, struct link_kept_group *group,
                         const rd_kafka_topic_partition_list_t *list, int64_t asked_ms)
{
    size_t before = group->offsets.count;
    link_offset_round_begin(&group->offsets);
    for (int i = 0; i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *place = &list->elems[i];
        const struct link_group_topic *topic =
            link_group_topic_of_source(&groups->topics, place->topic);
        if (!topic || place->offset < 0)
            continue;
        char *metadata = metadata_of(place);
        if (topic->translate)
            link_offset_set_upstream(&group->offsets, topic->target, place->partition,
                                     place->offset, metadata);
        else
            link_offset_set_source(&group->offsets, topic->target, place->partition, place->offset,
                                   metadata);
        free(metadata);
    }
    link_offset_round_end(&group->offsets);
    complete_topics(groups, group);
    group->reads_more = group->reads_more || group->offsets.count != before;
    group->offsets_ms = asked_ms;
}

/* ---- the target's offsets, once, and again before a promotion ---- */

static bool needs_committed(const struct link_groups *groups, const struct link_kept_group *group)
{
    return is_held_state(group) && !group->committed_known && group->offsets_ms;
}

/* What a group has committed on the target before it was registered is of another history. An
 * offset ahead of the source's would make the group skip records. A group is REGISTERED until it is
 * replaced, so that a successor knows it. */
static bool counts(const struct link_kept_group *group)
{
    return group->state.state != KC_LINK_REGISTERED || group->was_free;
}

static void take_committed(struct link_groups *groups, struct link_kept_group *group,
                           const rd_kafka_topic_partition_list_t *list, int64_t asked_ms)
{
    for (int i = 0; i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *place = &list->elems[i];
        const struct link_group_topic *topic =
            link_group_topic_of_target(&groups->topics, place->topic);
        if (!topic || place->offset < 0)
            continue;
        if (counts(group))
            link_offset_at(&group->offsets, topic->target, place->partition)->committed =
                place->offset;
        else
            link_offset_set_former(&group->offsets, topic->target, place->partition, place->offset);
    }
    group->committed_known = true;
    group->committed_checked = group->state.state == KC_LINK_GROUP_PROMOTING;
}

/* Brokers remove the offsets of a topic that is deleted by its name, as they hear of it. One that
 * hears late removes those, too, that were committed for the topic that was made in its place. */
static bool needs_check(const struct link_groups *groups, const struct link_kept_group *group)
{
    return group->state.state == KC_LINK_GROUP_PROMOTING && group->committed_known &&
           !group->committed_checked;
}

static void check_committed(struct link_groups *groups, struct link_kept_group *group,
                            const rd_kafka_topic_partition_list_t *list, int64_t asked_ms)
{
    link_offset_round_begin(&group->offsets);
    for (int i = 0; i < list->cnt; i++)
        if (list->elems[i].offset >= 0)
            link_offset_found(&group->offsets, list->elems[i].topic, list->elems[i].partition);
    link_offset_found_end(&group->offsets);
    group->committed_checked = true;
}

/* ---- the bounds of the target's log ---- */

struct link_wanted_bounds {
    struct link_offset **entries; /* of all groups */
    size_t count;
    size_t cap;
};

static void want(struct link_wanted_bounds *wanted, struct link_offset *entry)
{
    if (wanted->count == wanted->cap) {
        wanted->cap = wanted->cap ? wanted->cap * 2 : 64;
        wanted->entries = kc_realloc(wanted->entries, wanted->cap * sizeof(struct link_offset *));
    }
    wanted->entries[wanted->count++] = entry;
}

static int by_place(const void *a, const void *b)
{
    const struct link_offset *x = *(struct link_offset *const *)a;
    const struct link_offset *y = *(struct link_offset *const *)b;
    int order = strcmp(x->topic, y->topic);
    return order ? order : (x->partition > y->partition) - (x->partition < y->partition);
}

/* Before a promotion every partition is asked for. */
static void want_of_group(const struct link_kept_group *group, struct link_wanted_bounds *wanted)
{
    bool all = link_group_is_imminent(group);
    for (size_t i = 0; group->committed_known && i < group->offsets.count; i++)
        if (all || link_offset_needs_bounds(&group->offsets.items[i]))
            want(wanted, &group->offsets.items[i]);
}

/* Each place once. Returns how many there are. */
static size_t list_places(const struct link_wanted_bounds *wanted,
                          struct kc_partition_offset *items, int64_t timestamp)
{
    size_t places = 0;
    for (size_t i = 0; i < wanted->count; i++) {
        if (i && by_place(&wanted->entries[i - 1], &wanted->entries[i]) == 0)
            continue;
        items[places++] = (struct kc_partition_offset){.topic = wanted->entries[i]->topic,
                                                       .partition = wanted->entries[i]->partition,
                                                       .timestamp = timestamp};
    }
    return places;
}

static void take_bounds(const struct link_wanted_bounds *wanted,
                        const struct kc_partition_offset *starts,
                        const struct kc_partition_offset *ends)
{
    size_t place = 0;
    for (size_t i = 0; i < wanted->count; i++) {
        place += i && by_place(&wanted->entries[i - 1], &wanted->entries[i]) != 0;
        bool known = !starts[place].error && !ends[place].error;
        wanted->entries[i]->start = known ? starts[place].offset : -1;
        wanted->entries[i]->end = known ? ends[place].offset : -1;
    }
}

struct kc_error *link_groups_list_bounds(struct kc_admin *admin, struct kc_partition_offset *starts,
                                         struct kc_partition_offset *ends, size_t count)
{
    struct kc_error *err = kc_admin_list_offsets(admin, starts, count, false);
    return err ? err : kc_admin_list_offsets(admin, ends, count, false);
}

static void ask_bounds(struct link_groups *groups)
{
    struct link_wanted_bounds wanted = {0};
    for (struct link_kept_group *group = groups->groups; group; group = group->hh.next)
        if (is_held_state(group))
            want_of_group(group, &wanted);
    if (wanted.count) {
        struct kc_partition_offset *starts = kc_calloc(wanted.count, sizeof(*starts));
        struct kc_partition_offset *ends = kc_calloc(wanted.count, sizeof(*ends));
        qsort(wanted.entries, wanted.count, sizeof(struct link_offset *), by_place);
        size_t places = list_places(&wanted, starts, KC_OFFSET_EARLIEST);
        list_places(&wanted, ends, KC_OFFSET_LATEST);
        struct kc_error *err = link_groups_list_bounds(groups->target, starts, ends, places);
        if (link_groups_answered(groups, LINK_TARGET, err))
            take_bounds(&wanted, starts, ends);
        for (size_t i = 0; i < places; i++) {
            kc_error_destroy(starts[i].error);
            kc_error_destroy(ends[i].error);
        }
        free(starts);
        free(ends);
    }
    free(wanted.entries);
}

void link_groups_ask(struct link_groups *groups)
{
    groups->paused = link_part_is_paused(groups->store, LINK_PART_GROUPS);
    ask_source_members(groups);
    ask_members(groups, is_doubtful, LINK_SOURCE, take_confirmation);
    ask_members(groups, is_unknown, LINK_SOURCE, take_kind);
    ask_members(groups, needs_target, LINK_TARGET, take_target);
    ask_obstacles(groups);
    ask_settled(groups);
    link_groups_read_offsets(groups, needs_offsets, LINK_SOURCE, take_offsets);
    link_groups_read_offsets(groups, needs_committed, LINK_TARGET, take_committed);
    link_groups_read_offsets(groups, needs_check, LINK_TARGET, check_committed);
    link_groups_translate(groups);
    ask_bounds(groups);
}
