/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is done for mirror groups: joining, committing, leaving. See link_kept_group_priv.h.
 *
 * Holds do it on their own threads (link_hold_pool.c); what has become of it is collected at the
 * next turn.
 */
#include "link/link_kept_group_priv.h"

#include "connect/log.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.connect.link.LinkGroups");

enum { SOURCE_PATIENCE_MS = 10000 };

bool link_group_is_imminent(const struct link_kept_group *group)
{
    if (group->state.state == KC_LINK_GROUP_PROMOTING)
        return true;
    if (group->state.state != KC_LINK_STANDBY || !group->idle_since_ms)
        return false;
    return group->order.wish == KC_LINK_GROUP_PROMOTE ||
           (group->order.automatic && group->target_known && group->strangers);
}

const char *link_group_behind(const struct link_kept_group *group)
{
    if (!link_group_is_imminent(group))
        return NULL;
    for (size_t i = 0; i < group->offsets.count; i++)
        if (link_offset_behind(&group->offsets.items[i]))
            return group->offsets.items[i].topic;
    return NULL;
}

/* ---- topics ---- */

/* Whether a classic group reads it: it has an offset there, or a member that subscribes to it. */
static bool reads(const struct link_kept_group *group, const struct link_group_topic *topic)
{
    return link_offset_has_topic(&group->offsets, topic->target) ||
           kc_strings_contain(&group->subscribed, topic->source);
}

void link_group_held_topics(const struct link_groups *groups, const struct link_kept_group *group,
                            struct link_held_topics *topics)
{
    if (group->state.consumer) {
        link_held_topics_copy(topics, &groups->held);
        return;
    }
    for (const struct link_group_topic *topic = groups->topics.by_target; topic;
         topic = topic->hh.next)
        if (topic->mirrored && reads(group, topic))
            link_held_topics_add(topics, topic->target, topic->partitions);
}

void link_groups_show_topics(struct link_groups *groups)
{
    for (struct link_kept_group *group = groups->groups; group; group = group->hh.next) {
        struct link_held_topics topics = {0};
        if (!group->hold || !(groups->topics_changed || group->reads_more))
            continue;
        group->reads_more = false;
        link_group_held_topics(groups, group, &topics);
        link_hold_show(group->hold, &topics);
        link_held_topics_clear(&topics);
    }
    groups->topics_changed = false;
}

/* ---- what has become of it ---- */

static void take_hold_state(struct link_kept_group *group, struct link_hold_view *view)
{
    group->hold_state = view->state;
    group->hold_round = view->round;
    free(group->hold_error);
    group->hold_error = view->error;
    view->error = NULL;
    if (!view->members)
        return;
    json_decref(group->state.members);
    group->state.members = view->members;
    view->members = NULL;
    group->dirty = true;
}

/* The log has each complaint once. */
static void complain(struct link_kept_group *group, const char *why)
{
    bool same = group->complaint && why && strcmp(group->complaint, why) == 0;
    if (why && !same)
        kc_warn("Offsets of group %s: %s", group->name, why);
    free(group->complaint);
    group->complaint = kc_strdup(why);
}

/* What was committed isn't committed again where leaving behind it failed: members that go on by
 * then have committed more. */
static void take_job(struct link_kept_group *group, struct link_hold_view *view)
{
    const char *why = view->job_error ? kc_error_text(view->job_error) : NULL;
    for (size_t i = 0; !why && view->errors && i < view->committed.count; i++)
        if (view->errors[i])
            why = kc_error_text(view->errors[i]);
    if (view->commit_done || view->state == LINK_HOLD_LEFT)
        link_commit_note(&view->committed, view->errors, &group->offsets);
    complain(group, why);
}

/* A hold that is over is closed; its last state stays known. */
static void end_hold(struct link_kept_group *group)
{
    link_hold_close(group->hold);
    group->hold = NULL;
    group->target_known = false;
    if (group->hold_state == LINK_HOLD_LEFT) {
        json_decref(group->state.members);
        group->state.members = NULL;
        group->dirty = true;
    }
}

void link_groups_collect(struct link_groups *groups)
{
    for (struct link_kept_group *group = groups->groups; group; group = group->hh.next) {
        struct link_hold_view view;
        if (!group->hold)
            continue;
        link_hold_look(group->hold, &view);
        take_hold_state(group, &view);
        if (view.job_done)
            take_job(group, &view);
        link_hold_view_clear(&view);
        if (group->hold_state == LINK_HOLD_LEFT)
            end_hold(group);
    }
}

/* ---- doing it ---- */

static void join(struct link_groups *groups, struct link_kept_group *group)
{
    struct link_held_topics topics = {0};
    const struct link_hold_settings settings = {
        .group = group->name,
        .consumer = group->state.consumer,
        .instance_id = group->state.instance_id,
        .assignor = group->assignor,
        .members = group->state.members,
    };
    link_group_held_topics(groups, group, &topics);
    kc_info("Link '%s' holds group %s on the target, as a %s group", groups->config->name,
            group->name, group->state.consumer ? "KIP-848" : "classic");
    struct kc_error *err = link_hold_open(groups->pool, &settings, &topics, &group->hold);
    if (err)
        complain(group, kc_error_text(err));
    else
        group->hold_state = LINK_HOLD_JOINING;
    kc_error_destroy(err);
    link_held_topics_clear(&topics);
}

/* What the group reads is to be known first. A hold that is taken up again doesn't wait for a
 * source that is away. */
static bool may_join(const struct link_groups *groups, const struct link_kept_group *group)
{
    if (group->hold)
        return false;
    if (group->offsets_ms && group->assignor)
        return true;
    return group->state.state != KC_LINK_REGISTERED &&
           kc_mono_ms() - groups->began_ms >= SOURCE_PATIENCE_MS;
}

/* Where it isn't known what the target has, a commit might go back: a promotion by force goes on
 * from there. */
static void submit(struct link_kept_group *group, bool leave, bool force)
{
    struct link_hold_job job = {.leave = leave, .force = force};
    if (!group->hold || link_hold_busy(group->hold))
        return;
    if (group->committed_known && (!leave || group->action == LINK_GROUP_FINISH))
        link_commit_collect(&group->offsets, &job.commit);
    if (!leave && !job.commit.count)
        link_commit_destroy(&job.commit);
    else
        link_hold_submit(group->hold, &job);
}

static void leave(struct link_kept_group *group)
{
    if (group->hold)
        submit(group, true, true);
}

static bool has_news(const struct link_kept_group *group)
{
    for (size_t i = 0; i < group->offsets.count; i++)
        if (link_offset_wanted(&group->offsets.items[i]) >= 0)
            return true;
    return false;
}

/* Nothing can be committed once the members are gathered. What was gathered for a promotion stays
 * so until it is done. */
static void gather(struct link_kept_group *group)
{
    bool wanted = group->action == LINK_GROUP_GATHER;
    if (!group->hold || group->action == LINK_GROUP_FINISH)
        return;
    if (wanted && has_news(group))
        submit(group, false, false);
    else
        link_hold_gather(group->hold, wanted && !link_hold_busy(group->hold));
}

void link_groups_act(struct link_groups *groups)
{
    for (struct link_kept_group *group = groups->groups; group; group = group->hh.next) {
        gather(group);
        switch (group->action) {
        case LINK_GROUP_JOIN:
            if (may_join(groups, group))
                join(groups, group);
            break;
        case LINK_GROUP_FINISH:
            submit(group, true, group->order.force);
            break;
        case LINK_GROUP_LEAVE:
            leave(group);
            break;
        default:
            break;
        }
    }
}

void link_groups_sync(struct link_groups *groups)
{
    for (struct link_kept_group *group = groups->groups; group; group = group->hh.next)
        if (group->hold_state == LINK_HOLD_HELD && group->committed_known &&
            group->action == LINK_GROUP_WAIT)
            submit(group, false, false);
}
