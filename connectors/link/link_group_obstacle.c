/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What speaks against a mirror group: link_group_obstacle() of link_groups_priv.h. Any thread.
 *
 * A hold makes members of a consumer group wait. Kafka Streams takes no assignor but its own, share
 * groups have no members that could be held, and Connect's aren't consumers at all.
 */
#include "link/link_groups_priv.h"

#include "connect/admin.h"
#include "link/link_hold_priv.h"

#include <stdlib.h>
#include <string.h>

/* A group on one side, as the lists have it. Borrowed; either may be NULL. */
struct link_seen_group {
    const struct kc_group_info *info;
    const struct kc_group_description *description;
};

static void say(struct link_obstacle *obstacle, const char *code, bool warning, char *message)
{
    obstacle->code = kc_strdup(code);
    obstacle->warning = warning;
    obstacle->message = message;
}

/* ---- kinds of groups ---- */

/* Protocol types of groups that no consumer is in. */
static const struct {
    const char *type;
    const char *code;
    const char *why;
} kinds[] = {
    {"share", "SHARE_GROUP",
     "is a share group, whose state of single records can't be brought over. Let it drain on the "
     "source, then start its members on the target"},
    {"streams", "STREAMS_GROUP",
     "is a Kafka Streams group, which can't be held back. Move the whole application at once: stop "
     "it, register the group again once its members' session is over, promote the group and all "
     "topics of the application in one wave, start it on the target"},
    {"connect", "CONNECT_GROUP",
     "is a group of Connect workers. Move its connectors, not the group"},
};

static bool is_streams(const struct kc_group_description *group)
{
    if (strcmp(group->assignor, "stream") == 0)
        return true;
    for (size_t i = 0; i < group->member_count; i++)
        if (strstr(group->members[i].client_id, "-StreamThread-"))
            return true;
    return false;
}

/* The index into kinds; -1: it is a consumer group, or none. */
static int kind_of(const struct link_seen_group *seen)
{
    const char *type = seen->info ? seen->info->protocol_type : "";
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        if (strcmp(type, kinds[i].type) == 0)
            return (int)i;
    return seen->description && is_streams(seen->description) ? 1 : -1;
}

static bool is_other(const struct link_seen_group *seen)
{
    const char *type = seen->info ? seen->info->protocol_type : "";
    return *type && strcmp(type, "consumer") != 0;
}

/* ---- one group ---- */

/* A link that holds the group on this one's source waits until nobody is in it on its own source,
 * which is this one's target: each of the two would wait for the other one's members. */
static void judge_holder(const char *group, const struct link_seen_group *seen,
                         struct link_obstacle *obstacle)
{
    const struct kc_group_description *there = seen->description;
    for (size_t i = 0; there && i < there->member_count; i++) {
        if (!link_hold_is_ours(&there->members[i]))
            continue;
        char *link = link_hold_link_of(&there->members[i]);
        say(obstacle, "HELD_BY_OTHER_LINK", false,
            kc_asprintf("Group %s is held on the source by link '%s', and two links can't hold it: "
                        "each would wait for the other one. Promote the group there first "
                        "(isthmus group promote %s %s), or release it (isthmus group release %s "
                        "%s). The hold of a link that is gone ends by itself, after 30 minutes at "
                        "most.",
                        group, link, link, group, link, group));
        free(link);
        return;
    }
}

static void judge_source(const char *group, const struct link_seen_group *seen,
                         struct link_obstacle *obstacle)
{
    int kind = kind_of(seen);
    if (kind >= 0)
        say(obstacle, kinds[kind].code, false, kc_asprintf("Group %s %s.", group, kinds[kind].why));
    else if (is_other(seen))
        say(obstacle, "FOREIGN_GROUP", false,
            kc_asprintf("Group %s has the protocol type \"%s\", so that its members aren't "
                        "consumers. Move them by the means of their own software.",
                        group, seen->info->protocol_type));
    else if (!seen->info)
        say(obstacle, "SOURCE_GROUP_UNKNOWN", true,
            kc_asprintf("The source has no group %s yet. It is held all the same, and its offsets "
                        "are brought over as soon as there are some.",
                        group));
    else if (!*seen->info->protocol_type && seen->description && !seen->description->member_count &&
             !seen->description->consumer)
        say(obstacle, "GROUP_WITHOUT_MEMBERS", true,
            kc_asprintf("Group %s has offsets, but never had a member. Consumers that assign "
                        "partitions to themselves don't wait on the target, and can't commit there "
                        "while the group is held.",
                        group));
}

static size_t strangers(const struct kc_group_description *group)
{
    size_t count = 0;
    for (size_t i = 0; i < group->member_count; i++)
        count += !link_hold_is_ours(&group->members[i]);
    return count;
}

static void judge_target(const char *group, const struct link_seen_group *seen,
                         struct link_obstacle *obstacle)
{
    size_t others = seen->description ? strangers(seen->description) : 0;
    bool ours = seen->description && seen->description->member_count > others;
    if (kind_of(seen) >= 0 || is_other(seen))
        say(obstacle, "TARGET_GROUP_FOREIGN", false,
            kc_asprintf("The target has a group %s that isn't of consumers. Delete it, or give the "
                        "mirror groups a prefix (link.group.prefix).",
                        group));
    else if (others && !ours)
        say(obstacle, "TARGET_GROUP_ACTIVE", false,
            kc_asprintf("Group %s has %zu members on the target, which can't be held back. Stop "
                        "them, and register the group again.",
                        group, others));
}

/* ---- asking in bulk ---- */

struct link_group_lists {
    struct kc_group_infos infos;
    struct kc_group_descriptions descriptions;
};

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct kc_group_info *)a)->id, ((const struct kc_group_info *)b)->id);
}

static struct kc_error *list(struct kc_admin *admin, const struct kc_strings *names,
                             struct link_group_lists *lists)
{
    struct kc_error *err = kc_admin_groups_states(admin, names, &lists->infos);
    if (err)
        return err;
    qsort(lists->infos.items, lists->infos.count, sizeof(*lists->infos.items), by_id);
    return kc_admin_group_members(admin, names, &lists->descriptions);
}

static struct link_seen_group seen_at(const struct link_group_lists *lists, const char *name,
                                      size_t at)
{
    const struct kc_group_info wanted = {.id = (char *)name};
    const struct kc_group_description *description =
        at < lists->descriptions.count ? &lists->descriptions.items[at] : NULL;
    struct link_seen_group seen = {0};
    if (lists->infos.count)
        seen.info = bsearch(&wanted, lists->infos.items, lists->infos.count, sizeof(wanted), by_id);
    if (seen.info && strcmp(seen.info->state, "Dead") == 0)
        seen.info = NULL;
    seen.description = description && !description->error ? description : NULL;
    return seen;
}

static void free_lists(struct link_group_lists *lists)
{
    kc_group_infos_destroy(&lists->infos);
    kc_group_descriptions_destroy(&lists->descriptions);
}

struct kc_error *link_group_obstacle(struct kc_admin *source, struct kc_admin *target,
                                     const struct kc_strings *source_groups,
                                     const struct kc_strings *target_groups,
                                     struct link_obstacle *obstacles)
{
    struct link_group_lists there = {0}, here = {0};
    memset(obstacles, 0, source_groups->count * sizeof(*obstacles));
    struct kc_error *err = list(source, source_groups, &there);
    if (err)
        err = kc_error_prefix(err, "Looking at groups on the source");
    else if ((err = list(target, target_groups, &here)))
        err = kc_error_prefix(err, "Looking at groups on the target");
    for (size_t i = 0; !err && i < source_groups->count; i++) {
        struct link_seen_group on_source = seen_at(&there, source_groups->items[i], i);
        struct link_seen_group on_target = seen_at(&here, target_groups->items[i], i);
        judge_holder(source_groups->items[i], &on_source, &obstacles[i]);
        if (!obstacles[i].code)
            judge_target(target_groups->items[i], &on_target, &obstacles[i]);
        if (!obstacles[i].code)
            judge_source(source_groups->items[i], &on_source, &obstacles[i]);
    }
    free_lists(&there);
    free_lists(&here);
    return err;
}

void link_obstacles_clear(struct link_obstacle *obstacles, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(obstacles[i].code);
        free(obstacles[i].message);
        obstacles[i] = (struct link_obstacle){0};
    }
}
