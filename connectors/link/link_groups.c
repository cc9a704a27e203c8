/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread of a task's mirror groups: orders in, states out. See link_groups_priv.h.
 *
 * Each turn takes up new orders and what has become of the holds, asks both clusters when a round
 * is due, decides by link_group_step() and does what that says. A state is written before what it
 * announces is done. Without the lease nothing is written and nothing is held any longer.
 */
#include "link/link_kept_group_priv.h"

#include "connect/log.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.connect.link.LinkGroups");

enum {
    TURN_MS = 100,
    QUICK_ROUND_MS = 250,    /* while a promotion is near */
    LONGEST_ROUND_MS = 1000, /* members that leave the source are seen so soon */
    ADMIN_TIMEOUT_MS = 10000,
    WRITE_TIMEOUT_MS = 10000,
};

/* ---- one group ---- */

static void clear_facts(struct link_kept_group *group)
{
    group->target_known = group->ours = false;
    group->strangers = 0;
    free(group->obstacle);
    group->obstacle = NULL;
}

static void destroy_group(struct link_kept_group *group)
{
    link_hold_close(group->hold);
    kc_link_group_order_clear(&group->order);
    kc_link_group_clear(&group->state);
    link_offset_table_destroy(&group->offsets);
    link_offset_table_destroy(&group->back);
    kc_strings_destroy(&group->subscribed);
    free(group->assignor);
    free(group->obstacle);
    free(group->complaint);
    free(group->hold_error);
    free(group->name);
    free(group);
}

static void set_reason(struct link_kept_group *group, char *reason)
{
    bool same = group->state.reason && strcmp(group->state.reason, reason) == 0;
    if (same) {
        free(reason);
        return;
    }
    free(group->state.reason);
    group->state.reason = reason;
    group->dirty = true;
}

/* The one mover. */
static void move(struct link_groups *groups, struct link_kept_group *group,
                 enum kc_link_group_state state)
{
    assert(kc_link_group_may_move(group->state.state, state));
    kc_info("Link '%s': group %s goes from %s to %s%s%s", groups->config->name, group->name,
            kc_link_group_state_name(group->state.state), kc_link_group_state_name(state),
            *group->state.reason ? ": " : "", group->state.reason);
    group->state.state = state;
    group->state.since_ms = kc_now_ms();
    group->dirty = true;
    clear_facts(group);
}

/* ---- orders and states of the store ---- */

static void note_stored(struct link_kept_group *group)
{
    group->stored_state = group->state.state;
    group->stored_epoch = group->state.epoch;
    group->stored_lease = group->state.lease_epoch;
}

static void read_state(struct link_groups *groups, struct link_kept_group *group)
{
    json_t *json = link_store_get(groups->store, KC_LINK_GROUP, group->name);
    struct kc_error *err = json ? kc_link_group_parse(json, &group->state) : NULL;
    group->stored = json && !err;
    if (err)
        kc_warn("Link '%s': the state of group %s can't be read and is made anew: %s",
                groups->config->name, group->name, kc_error_text(err));
    kc_error_destroy(err);
    json_decref(json);
    note_stored(group);
    if (!group->state.reason)
        group->state.reason = kc_strdup("");
}

static struct link_kept_group *add_group(struct link_groups *groups, const char *name)
{
    struct link_kept_group *group = kc_calloc(1, sizeof(*group));
    group->name = kc_strdup(name);
    HASH_ADD_KEYPTR(hh, groups->groups, group->name, strlen(group->name), group);
    read_state(groups, group);
    group->dirty = group->stored; /* a former holder's is claimed: see write_states() */
    group->was_free = group->state.state == KC_LINK_HOLD_LOST;
    if (group->stored)
        return group;
    group->state.state = KC_LINK_REGISTERED;
    group->state.since_ms = kc_now_ms();
    group->dirty = true;
    return group;
}

static void read_order(struct link_groups *groups, struct link_kept_group *group, json_t *json)
{
    struct kc_link_group_order order = {0};
    struct kc_error *err = kc_link_group_order_parse(json, &order);
    if (err) {
        kc_warn("Link '%s': the order for group %s can't be read, so that the former one stands: "
                "%s",
                groups->config->name, group->name, kc_error_text(err));
        kc_error_destroy(err);
        return;
    }
    kc_link_group_order_clear(&group->order);
    group->order = order;
    group->forgotten = false;
}

/* The order has gone: nobody wants the group any more. */
static void order_release(struct link_kept_group *group)
{
    group->forgotten = true;
    group->order.wish = KC_LINK_GROUP_RELEASE;
    group->order.force = false;
    group->order.epoch++;
    if (!group->order.source_group)
        group->order.source_group = kc_strdup("");
}

static void take_order(struct link_groups *groups, const char *name)
{
    struct link_kept_group *group = NULL;
    json_t *json = link_store_get(groups->store, KC_LINK_GROUP_ORDER, name);
    HASH_FIND_STR(groups->groups, name, group);
    if (json && !group)
        group = add_group(groups, name);
    if (json)
        read_order(groups, group, json);
    else if (group)
        order_release(group);
    json_decref(json);
}

/* States without an order are of groups that were forgotten while nobody ran. */
static void take_leftover(struct link_groups *groups, const char *name)
{
    struct link_kept_group *group = NULL;
    HASH_FIND_STR(groups->groups, name, group);
    if (!group)
        order_release(add_group(groups, name));
}

static bool is_ours(const struct link_groups *groups, const char *name)
{
    return link_task_of(name, groups->config->tasks) == groups->config->task;
}

static void take_orders(struct link_groups *groups)
{
    struct kc_strings names = {0}, states = {0};
    uint64_t version = link_store_version(groups->store);
    if (version == groups->version)
        return;
    link_store_changed(groups->store, groups->version, KC_LINK_GROUP_ORDER, &names);
    if (!groups->version)
        link_store_names(groups->store, KC_LINK_GROUP, &states);
    groups->version = version;
    for (size_t i = 0; i < names.count; i++)
        if (is_ours(groups, names.items[i]))
            take_order(groups, names.items[i]);
    for (size_t i = 0; i < states.count; i++)
        if (is_ours(groups, states.items[i]))
            take_leftover(groups, states.items[i]);
    kc_strings_destroy(&states);
    kc_strings_destroy(&names);
}

static int by_target(const struct link_group_topic *a, const struct link_group_topic *b)
{
    return strcmp(a->target, b->target);
}

/* What groups had committed in it is committed again. */
static void take_anew(struct link_groups *groups, struct link_group_topic *topic)
{
    for (struct link_kept_group *group = groups->groups; group; group = group->hh.next)
        link_offset_made_anew(&group->offsets, topic->target);
    topic->anew = false;
}

/* Nobody waits for a topic that is mirrored no longer. One that is made anew is waited for. */
static void drop_topic(struct link_groups *groups, const struct link_group_topic *topic)
{
    for (struct link_kept_group *group = groups->groups; group; group = group->hh.next)
        link_offset_drop_topic(&group->offsets, topic->target);
}

/* Without groups there is no use for what may be ten thousand topics. */
static void take_topics(struct link_groups *groups)
{
    if (!groups->groups || !link_group_topics_refresh(&groups->topics, groups->store))
        return;
    link_held_topics_clear(&groups->held);
    HASH_SORT(groups->topics.by_target, by_target);
    for (struct link_group_topic *topic = groups->topics.by_target; topic; topic = topic->hh.next) {
        if (topic->anew)
            take_anew(groups, topic);
        if (topic->mirrored)
            link_held_topics_add(&groups->held, topic->target, topic->partitions);
        else if (topic->gone)
            drop_topic(groups, topic);
    }
    groups->topics_changed = true;
}

/* ---- writing ---- */

/* The state as it is written: with one epoch more for a move, and for a new holder of the lease,
 * after whose record nothing of the former holder takes effect. */
static json_t *state_to_write(struct link_groups *groups, struct link_kept_group *group)
{
    group->state.lease_epoch = link_lease_epoch(groups->lease);
    bool next = !group->stored || group->state.state != group->stored_state ||
                group->state.lease_epoch != group->stored_lease;
    group->state.epoch = group->stored_epoch + next;
    return kc_link_group_json(&group->state);
}

static bool took_effect(struct link_groups *groups, const struct link_kept_group *group)
{
    struct kc_link_group now = {0};
    json_t *json = link_store_get(groups->store, KC_LINK_GROUP, group->name);
    struct kc_error *err = json ? kc_link_group_parse(json, &now) : NULL;
    bool ours = json && !err && now.epoch == group->state.epoch &&
                now.lease_epoch == group->state.lease_epoch;
    kc_error_destroy(err);
    json_decref(json);
    kc_link_group_clear(&now);
    return ours;
}

/* A former holder may have written at the same time, and before: then its state is the group's, and
 * what was decided is void. */
static void note_written(struct link_groups *groups, struct link_kept_group *group)
{
    group->stored = true;
    group->dirty = !took_effect(groups, group);
    if (!group->dirty) {
        note_stored(group);
        return;
    }
    kc_info("Link '%s': the state of group %s was changed by another worker, and is read again.",
            groups->config->name, group->name);
    kc_link_group_clear(&group->state);
    read_state(groups, group);
    clear_facts(group);
}

/* False: states are still to be written, so that nothing may be done yet. */
static bool write_states(struct link_groups *groups)
{
    size_t count = 0, all = HASH_COUNT(groups->groups);
    bool written = true;
    if (!link_lease_holds(groups->lease))
        return false; /* it was lost in this turn */
    struct link_change *changes = kc_calloc(all + 1, sizeof(*changes));
    struct link_kept_group **whose = kc_calloc(all + 1, sizeof(struct link_kept_group *));
    for (struct link_kept_group *group = groups->groups; group; group = group->hh.next) {
        if (!group->dirty)
            continue;
        changes[count] =
            (struct link_change){KC_LINK_GROUP, group->name, state_to_write(groups, group)};
        whose[count++] = group;
    }
    if (count) {
        struct kc_error *err = link_store_put(groups->store, changes, count, WRITE_TIMEOUT_MS);
        written = link_groups_answered(groups, LINK_TARGET, err);
        for (size_t i = 0; written && i < count; i++)
            note_written(groups, whose[i]);
    }
    for (size_t i = 0; i < count; i++)
        written = written && !whose[i]->dirty;
    free(whose);
    free(changes);
    return written;
}

/* ---- deciding ---- */

/* The kind of the hold, once it is needed: as the source's, unless the link's setting says. */
static void choose_kind(struct link_groups *groups, struct link_kept_group *group)
{
    const char *protocol = kc_config_string(groups->config->values, "link.group.protocol");
    if (group->state.state != KC_LINK_REGISTERED || group->hold || !group->assignor)
        return;
    bool consumer =
        strcmp(protocol, "auto") == 0 ? group->source_consumer : strcmp(protocol, "consumer") == 0;
    if (!consumer && !group->state.instance_id) {
        group->state.instance_id = kc_asprintf(LINK_HOLDER_PREFIX "%s", groups->config->name);
        group->dirty = true;
    }
    if (consumer != group->state.consumer) {
        group->state.consumer = consumer;
        group->dirty = true;
    }
}

/* What was read before its coordinator said that the last member had left may not be the last. */
static bool has_final_offsets(const struct link_kept_group *group)
{
    bool promoting = group->state.state == KC_LINK_GROUP_PROMOTING;
    if (promoting && (!group->confirmed_ms || group->offsets_ms < group->confirmed_ms))
        return false;
    if (promoting && (!group->committed_checked || group->settled_ms < group->confirmed_ms))
        return false;
    return group->committed_known && group->offsets_ms >= group->idle_since_ms &&
           group->settled_ms >= group->idle_since_ms && group->offsets_ms >= group->settled_ms;
}

static struct link_group_facts facts_of(const struct link_groups *groups,
                                        const struct link_kept_group *group)
{
    return (struct link_group_facts){
        .order = &group->order,
        .newer = group->order.epoch > group->state.order_epoch,
        .hold = group->hold_state,
        .hold_error = group->hold_error,
        .target_known = group->target_known,
        .strangers = group->strangers,
        .ours = group->ours,
        .obstacle = group->obstacle,
        .source_known = group->source_known,
        .source_active = group->source_active,
        .source_idle_ms = group->idle_since_ms ? kc_mono_ms() - group->idle_since_ms : 0,
        .idle_ms = groups->config->group_idle_ms,
        .final_offsets = has_final_offsets(group),
        .unsettled = group->unsettled,
        .begun = group->committed_known && !link_offset_has_former(&group->offsets),
        .behind = link_group_behind(group),
        .refused = group->complaint,
        .paused = groups->paused,
    };
}

/* What a state doesn't take over from the one before. The phantoms of a KIP-848 group that was lost
 * go on; in a classic one the link is no member any more. */
static void begin_state(struct link_kept_group *group, enum kc_link_group_state before)
{
    bool lost = group->state.state == KC_LINK_HOLD_LOST && !group->state.consumer;
    if (group->state.state == KC_LINK_REGISTERED)
        group->was_free = false; /* in a former life */
    group->was_free = group->was_free || group->state.state == KC_LINK_HOLD_LOST;
    group->confirmed_ms = 0;
    group->committed_checked = false;
    if (group->hold_state == LINK_HOLD_LEFT || lost) {
        link_hold_close(group->hold);
        group->hold = NULL;
        group->hold_state = LINK_HOLD_NONE;
    }
    if (link_group_others_committed(before, group->state.state)) {
        group->committed_known = false;
        link_offset_forget_committed(&group->offsets);
    }
}

/* True: the group has moved, so that there may be a next step at once. */
static bool step_group(struct link_groups *groups, struct link_kept_group *group)
{
    choose_kind(groups, group);
    struct link_group_facts facts = facts_of(groups, group);
    struct link_group_step step = link_group_step(&group->state, &facts);
    enum kc_link_group_state before = group->state.state;
    bool moves = step.state != before;
    if (step.reason)
        set_reason(group, step.reason);
    if (moves)
        move(groups, group, step.state);
    if (facts.newer) {
        group->state.order_epoch = group->order.epoch;
        group->dirty = true;
    }
    if (moves)
        begin_state(group, before);
    if (moves && group->state.state == KC_LINK_GROUP_PROMOTING)
        groups->next_round_ms = 0; /* to ask the source for the last time */
    group->action = step.action;
    return moves;
}

static bool decide(struct link_groups *groups)
{
    bool moved = false;
    for (struct link_kept_group *group = groups->groups; group; group = group->hh.next)
        moved = step_group(groups, group) || moved;
    return moved;
}

/* ---- groups that are forgotten ---- */

static bool is_gone(const struct link_kept_group *group)
{
    enum kc_link_group_state state = group->state.state;
    return group->forgotten && !group->hold && !group->state.session_before &&
           (state == KC_LINK_GROUP_PROMOTED || state == KC_LINK_GROUP_RELEASED ||
            state == KC_LINK_GROUP_FAILED);
}

static void forget(struct link_groups *groups)
{
    struct link_kept_group *group, *next;
    HASH_ITER (hh, groups->groups, group, next) {
        struct link_change change = {KC_LINK_GROUP, group->name, NULL};
        if (!is_gone(group))
            continue;
        struct kc_error *err =
            group->stored ? link_store_put(groups->store, &change, 1, WRITE_TIMEOUT_MS) : NULL;
        if (!link_groups_answered(groups, LINK_TARGET, err))
            continue;
        kc_info("Link '%s' has forgotten group %s", groups->config->name, group->name);
        HASH_DEL(groups->groups, group);
        destroy_group(group);
    }
}

/* ---- for the parts ---- */

struct link_kept_group **link_groups_choose(struct link_groups *groups, link_group_choice choice,
                                            enum link_side side, struct kc_strings *names)
{
    struct link_kept_group **chosen =
        kc_calloc(HASH_COUNT(groups->groups) + 1, sizeof(struct link_kept_group *));
    for (struct link_kept_group *group = groups->groups; group; group = group->hh.next) {
        if (!choice(groups, group))
            continue;
        chosen[names->count] = group;
        kc_strings_add(names, side == LINK_SOURCE ? group->order.source_group : group->name);
    }
    return chosen;
}

bool link_groups_answered(struct link_groups *groups, enum link_side side, struct kc_error *err)
{
    char **complaint = side == LINK_SOURCE ? &groups->source_complaint : &groups->target_complaint;
    const char *name = side == LINK_SOURCE ? "source" : "target";
    if (err && !*complaint)
        kc_warn("Link '%s': the %s doesn't answer about mirror groups: %s", groups->config->name,
                name, kc_error_text(err));
    else if (!err && *complaint)
        kc_info("Link '%s': the %s answers about mirror groups again", groups->config->name, name);
    free(*complaint);
    *complaint = err ? kc_strdup(kc_error_text(err)) : NULL;
    kc_error_destroy(err);
    return !*complaint;
}

bool link_groups_read_offsets(struct link_groups *groups, link_group_choice choice,
                              enum link_side side, link_group_offsets_taker take)
{
    struct kc_strings names = {0};
    struct link_kept_group **chosen = link_groups_choose(groups, choice, side, &names);
    rd_kafka_topic_partition_list_t **lists =
        kc_calloc(names.count + 1, sizeof(rd_kafka_topic_partition_list_t *));
    struct kc_error **errors = kc_calloc(names.count + 1, sizeof(struct kc_error *));
    struct kc_admin *admin = side == LINK_SOURCE ? groups->source : groups->target;
    int64_t asked_ms = kc_mono_ms();
    struct kc_error *err =
        names.count ? kc_admin_groups_offsets(admin, &names, lists, errors) : NULL;
    bool answered = !names.count || link_groups_answered(groups, side, err);
    for (size_t i = 0; i < names.count; i++) {
        if (answered && lists[i])
            take(groups, chosen[i], lists[i], asked_ms);
        if (lists[i])
            rd_kafka_topic_partition_list_destroy(lists[i]);
        kc_error_destroy(errors[i]);
    }
    free(errors);
    free(lists);
    free(chosen);
    kc_strings_destroy(&names);
    return answered;
}

/* ---- the thread ---- */

static bool is_near(const struct link_groups *groups)
{
    for (const struct link_kept_group *group = groups->groups; group; group = group->hh.next)
        if (link_group_is_imminent(group) ||
            (group->state.state == KC_LINK_REGISTERED && !group->hold))
            return true;
    return false;
}

static int64_t round_interval(const struct link_groups *groups)
{
    int64_t ms = groups->config->group_sync_ms;
    if (ms > LONGEST_ROUND_MS)
        ms = LONGEST_ROUND_MS;
    return is_near(groups) && ms > QUICK_ROUND_MS ? QUICK_ROUND_MS : ms;
}

/* True: offsets that were read are to be committed. */
static bool ask_if_due(struct link_groups *groups)
{
    if (!groups->groups || kc_mono_ms() < groups->next_round_ms)
        return false;
    link_groups_ask(groups);
    groups->next_round_ms = kc_mono_ms() + round_interval(groups);
    return true;
}

/* True: the next turn is to follow at once. */
static bool turn(struct link_groups *groups)
{
    take_orders(groups);
    take_topics(groups);
    link_groups_collect(groups);
    bool asked = ask_if_due(groups);
    bool moved = decide(groups);
    link_groups_note_sessions(groups);
    if (!write_states(groups))
        return false;
    if (moved)
        return true; /* what a new state asks for is done once it is written */
    forget(groups);
    link_groups_raise_sessions(groups);
    link_groups_act(groups);
    link_groups_show_topics(groups);
    if (asked) {
        link_groups_sync(groups);
        link_groups_return(groups);
        link_groups_restore_sessions(groups);
    }
    return false;
}

static void drop_holds(struct link_groups *groups)
{
    for (struct link_kept_group *group = groups->groups; group; group = group->hh.next) {
        link_hold_close(group->hold);
        group->hold = NULL;
        group->hold_state = LINK_HOLD_NONE;
    }
}

static void run(void *arg, struct kc_stop *stop)
{
    struct link_groups *groups = arg;
    groups->stop = stop;
    while (!kc_stop_is_set(stop)) {
        if (!link_lease_holds(groups->lease)) {
            drop_holds(groups);
            kc_stop_wait_until(stop, kc_mono_ms() + TURN_MS);
        } else if (!link_store_is_kept(groups->store)) {
            kc_stop_wait_until(stop, kc_mono_ms() + TURN_MS);
        } else if (!turn(groups)) {
            link_store_wait(groups->store, groups->version, kc_mono_ms() + TURN_MS);
        }
    }
}

static struct kc_error *open_admins(struct link_groups *groups)
{
    struct kc_error *err = link_admin_new(groups->config, LINK_SOURCE, "groups", &groups->source);
    if (!err)
        err = link_admin_new(groups->config, LINK_TARGET, "groups", &groups->target);
    if (err)
        return err;
    kc_admin_set_timeout(groups->source, ADMIN_TIMEOUT_MS);
    kc_admin_set_timeout(groups->target, ADMIN_TIMEOUT_MS);
    return NULL;
}

struct kc_error *link_groups_open(const struct link_config *config, struct link_store *store,
                                  const struct link_lease *lease, struct link_groups **groups)
{
    struct link_groups *made = kc_calloc(1, sizeof(*made));
    made->config = config;
    made->store = store;
    made->lease = lease;
    made->began_ms = kc_mono_ms();
    made->index = link_index_new(config, "groups");
    struct kc_error *err = open_admins(made);
    if (!err)
        err = link_hold_pool_new(config, lease, &made->pool);
    if (!err)
        err = kc_thread_new("link-groups", run, made, &made->thread);
    if (err) {
        link_groups_close(made);
        return kc_error_prefix(err, "Link '%s' can't work for its mirror groups", config->name);
    }
    *groups = made;
    return NULL;
}

void link_groups_close(struct link_groups *groups)
{
    struct link_kept_group *group, *next;
    if (!groups)
        return;
    kc_thread_destroy(groups->thread);
    HASH_ITER (hh, groups->groups, group, next) {
        HASH_DEL(groups->groups, group);
        destroy_group(group);
    }
    link_hold_pool_destroy(groups->pool);
    link_held_topics_clear(&groups->held);
    link_group_topics_destroy(&groups->topics);
    link_index_close(groups->index);
    kc_admin_destroy(groups->source);
    kc_admin_destroy(groups->target);
    free(groups->source_complaint);
    free(groups->target_complaint);
    free(groups);
}
