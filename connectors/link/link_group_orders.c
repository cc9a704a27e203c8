/* SPDX-License-Identifier: Apache-2.0 */
/* Orders for mirror groups: see link_control_priv.h, and link_order_batch_priv.h for the manner. */
#include "link/link_blockers_priv.h"
#include "link/link_order_batch_priv.h"

#include "connect/log.h"

#include <stdlib.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.connect.link.Orders");

enum { WRITE_MS = 15000, WISHES = 3 };

/* ---- which wish is for which state ---- */

struct group_rule {
    const char *done; /* "promoted", in messages */
    enum kc_link_group_state goal;
    unsigned under_way; /* states in which there is nothing to order */
};

static const struct group_rule rules[WISHES] = {
    [KC_LINK_GROUP_HOLD] = {"held", KC_LINK_REGISTERED,
                            1u << KC_LINK_REGISTERED | 1u << KC_LINK_STANDBY},
    [KC_LINK_GROUP_PROMOTE] = {"promoted", KC_LINK_GROUP_PROMOTING, 1u << KC_LINK_GROUP_PROMOTING},
    [KC_LINK_GROUP_RELEASE] = {"released", KC_LINK_GROUP_RELEASED, 1u << KC_LINK_GROUP_RELEASED},
};

static const char *const remedies[KC_LINK_GROUP_STATES] = {
    [KC_LINK_REGISTERED] = "Wait until it is STANDBY",
    [KC_LINK_STANDBY] = "",
    [KC_LINK_GROUP_PROMOTING] = "Wait for the promotion",
    [KC_LINK_GROUP_PROMOTED] = "Its members read on the target already",
    [KC_LINK_HOLD_LOST] = "Wait until it is STANDBY again",
    [KC_LINK_GROUP_FAILED] = "Do what the reason says, and register it again",
    [KC_LINK_GROUP_RELEASED] = "Register it again first",
};

static bool is_under_way(const struct link_mirror_group *mirror, enum kc_link_group_wish wish,
                         const struct link_request *request)
{
    enum kc_link_group_state state = link_mirror_group_effective(mirror);
    bool asked = mirror->order.wish == wish && !mirror->followed;
    bool more = wish == KC_LINK_GROUP_PROMOTE && request->force && !mirror->order.force;
    return (asked || (rules[wish].under_way >> state & 1)) && !more;
}

static void check_state(const struct link_order_batch *batch, const void *of,
                        struct link_outcome *outcome)
{
    const struct link_mirror_group *mirror = of;
    enum kc_link_group_wish wish = (enum kc_link_group_wish)batch->wish;
    enum kc_link_group_state state = link_mirror_group_effective(mirror);
    if (is_under_way(mirror, wish, batch->request)) {
        link_order_batch_say_under_way(batch, mirror, outcome);
        return;
    }
    bool more = state == KC_LINK_GROUP_PROMOTING && wish == KC_LINK_GROUP_PROMOTE;
    if (more || kc_link_group_may_move(state, rules[wish].goal))
        return;
    const char *reason = mirror->state.reason ? mirror->state.reason : "";
    link_outcome_block(
        outcome, state == KC_LINK_GROUP_PROMOTED ? "ALREADY_PROMOTED" : "WRONG_STATE", false,
        "Group %s is %s%s%s%s, it can't be %s. %s", mirror->name, kc_link_group_state_name(state),
        *reason ? " (" : "", reason, *reason ? ")" : "", rules[wish].done, remedies[state]);
}

static void block_promotions(const struct link_order_batch *batch, const void *mirrors,
                             struct link_outcome *outcomes, size_t count)
{
    link_block_group_promotions(batch->control, mirrors, outcomes, count, batch->request);
}

/* ---- the kind of orders ---- */

static struct kc_error *load(struct link_control *control, const char *name, void *mirror)
{
    return link_mirror_group_load(control->store, control->config->name, name, mirror);
}

static void clear(void *mirror)
{
    link_mirror_group_clear(mirror);
}

static struct link_order_facts facts_of(const void *of)
{
    const struct link_mirror_group *mirror = of;
    return (struct link_order_facts){.name = mirror->name,
                                     .state = kc_link_group_state_name(mirror->state.state),
                                     .wish = kc_link_group_wish_name(mirror->order.wish),
                                     .epoch = mirror->order.epoch,
                                     .since_ms = mirror->order.since_ms,
                                     .by = mirror->order.by};
}

static const char *done(int wish)
{
    return rules[wish].done;
}

static json_t *renew(const struct link_order_batch *batch, void *mirror)
{
    struct kc_link_group_order *order = &((struct link_mirror_group *)mirror)->order;
    order->epoch++;
    order->wish = (enum kc_link_group_wish)batch->wish;
    order->force = batch->request->force;
    order->since_ms = kc_now_ms();
    free(order->by);
    order->by = kc_strdup(batch->request->by);
    return kc_link_group_order_json(order);
}

static const struct link_order_kind group_orders = {
    .resource = KC_LINK_GROUP_ORDER,
    .noun = "group",
    .what = "group ",
    .mirror_size = sizeof(struct link_mirror_group),
    .load = load,
    .clear = clear,
    .facts = facts_of,
    .done = done,
    .check = check_state,
    .block = block_promotions,
    .renew = renew,
};

struct kc_error *link_order_groups(struct link_control *control, const struct kc_strings *groups,
                                   enum kc_link_group_wish wish, const struct link_request *request,
                                   struct link_outcomes *outcomes)
{
    struct link_order_batch batch = {
        .kind = &group_orders, .control = control, .request = request, .wish = (int)wish};
    link_order_batch_open(&batch, groups, outcomes);
    if (wish == KC_LINK_GROUP_PROMOTE)
        link_order_batch_block(&batch);
    struct kc_error *err = link_order_batch_write(&batch);
    link_order_batch_close(&batch);
    return err;
}

/* ---- the end of a mirroring ---- */

/* A group that is held must be given up first, or its members would wait until the hold's session
 * ends. */
static struct kc_error *check_end(struct link_control *control,
                                  const struct link_mirror_group *mirror)
{
    enum kc_link_group_state state = mirror->state.state;
    bool held = state == KC_LINK_STANDBY || state == KC_LINK_HOLD_LOST ||
                state == KC_LINK_GROUP_PROMOTING || !mirror->followed;
    if (held)
        return kc_error_new(KC_ERR_CONFLICT,
                            "Group %s is %s. Release it or promote it first, so that its members "
                            "on the target don't wait",
                            mirror->name, kc_link_group_state_name(state));
    if (!atomic_load(&control->ended) &&
        kc_name_filter_accepts(control->config->groups, mirror->order.source_group))
        return kc_error_new(KC_ERR_CONFLICT,
                            "Group %s is mirrored because the link's groups name it or match it, "
                            "and would be registered again at once. Take it out of groups, or put "
                            "it into groups.exclude",
                            mirror->order.source_group);
    return NULL;
}

struct kc_error *link_forget_group(struct link_control *control, const char *group)
{
    struct link_mirror_group mirror = {0};
    struct link_change changes[] = {{KC_LINK_GROUP_ORDER, group, NULL},
                                    {KC_LINK_GROUP, group, NULL}};
    size_t count = 2;
    pthread_mutex_lock(&control->ordering);
    struct kc_error *err =
        link_mirror_group_load(control->store, control->config->name, group, &mirror);
    if (!err)
        err = check_end(control, &mirror);
    else if (kc_error_code(err) == KC_ERR_DATA) {
        /* Whether it is held isn't known: without an order the task lets go, and deletes the state.
         */
        kc_warn("Link %s: %s", control->config->name, kc_error_text(err));
        kc_error_clear(&err);
        count = 1;
    }
    if (!err)
        err = link_store_put(control->store, changes, count, WRITE_MS);
    pthread_mutex_unlock(&control->ordering);
    if (!err)
        kc_info("Link %s: mirror group %s is forgotten; the group stays", control->config->name,
                group);
    link_mirror_group_clear(&mirror);
    return err;
}
