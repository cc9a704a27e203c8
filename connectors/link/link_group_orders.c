/* SPDX-License-Identifier: Apache-2.0 */
/* Orders for mirror groups: see link_control_priv.h, and link_orders.c for the manner. */
#include "link/link_blockers_priv.h"

#include "connect/log.h"

#include <stdlib.h>
#include <string.h>

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

static void check_state(const struct link_mirror_group *mirror, enum kc_link_group_wish wish,
                        const struct link_request *request, struct link_outcome *outcome)
{
    const struct kc_link_group_order *order = &mirror->order;
    enum kc_link_group_state state = link_mirror_group_effective(mirror);
    if (is_under_way(mirror, wish, request)) {
        link_outcome_refuse(outcome, request->dry_run ? 200 : 202,
                            "%s is %s; the last order (%s) was given %lld s ago by %s. Nothing new "
                            "was ordered",
                            mirror->name, kc_link_group_state_name(mirror->state.state),
                            kc_link_group_wish_name(order->wish),
                            (long long)(kc_now_ms() - order->since_ms) / 1000, order->by);
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

/* ---- writing ---- */

struct group_batch {
    struct link_control *control;
    struct link_mirror_group *mirrors;
    struct link_outcome *outcomes;
    size_t count;
    enum kc_link_group_wish wish;
    const struct link_request *request;
};

static json_t *new_order(const struct group_batch *batch, struct link_mirror_group *mirror)
{
    struct kc_link_group_order *order = &mirror->order;
    order->epoch++;
    order->wish = batch->wish;
    order->force = batch->request->force;
    order->since_ms = kc_now_ms();
    free(order->by);
    order->by = kc_strdup(batch->request->by);
    return kc_link_group_order_json(order);
}

static bool is_unchanged(struct link_control *control, const struct link_mirror_group *mirror,
                         struct link_outcome *outcome)
{
    struct link_mirror_group now = {0};
    struct kc_error *err =
        link_mirror_group_load(control->store, control->config->name, mirror->name, &now);
    bool same = !err && now.order.epoch == mirror->order.epoch;
    if (err)
        link_outcome_refuse(outcome, 404, "%s", kc_error_text(err));
    else if (!same)
        link_outcome_refuse(outcome, 409,
                            "Somebody else (%s) has ordered %s for group %s at the same time. Look "
                            "at its state, and ask again if that isn't what you want",
                            now.order.by, kc_link_group_wish_name(now.order.wish), mirror->name);
    kc_error_destroy(err);
    link_mirror_group_clear(&now);
    return same;
}

static void log_order(const struct group_batch *batch, const struct link_mirror_group *mirror)
{
    kc_info("Link %s: mirror group %s is to be %s, asked by %s%s", batch->control->config->name,
            mirror->name, rules[batch->wish].done, batch->request->by,
            batch->request->force ? ", by force" : "");
}

/* Holds the lock. */
static struct kc_error *write_locked(const struct group_batch *batch)
{
    struct link_change *changes = kc_calloc(batch->count + 1, sizeof(*changes));
    size_t count = 0;
    for (size_t i = 0; i < batch->count; i++) {
        struct link_mirror_group *mirror = &batch->mirrors[i];
        struct link_outcome *outcome = &batch->outcomes[i];
        if (!link_outcome_settle(outcome, batch->request) ||
            !is_unchanged(batch->control, mirror, outcome))
            continue;
        changes[count++] =
            (struct link_change){KC_LINK_GROUP_ORDER, mirror->name, new_order(batch, mirror)};
    }
    struct kc_error *err =
        count ? link_store_put(batch->control->store, changes, count, WRITE_MS) : NULL;
    for (size_t i = 0; i < batch->count && !err; i++)
        if (batch->outcomes[i].status == 202 && !batch->outcomes[i].message)
            log_order(batch, &batch->mirrors[i]);
    free(changes);
    return err;
}

static struct kc_error *write_orders(const struct group_batch *batch)
{
    pthread_mutex_lock(&batch->control->ordering);
    struct kc_error *err = write_locked(batch);
    pthread_mutex_unlock(&batch->control->ordering);
    return err ? kc_error_prefix(err, "The orders can't be stored") : NULL;
}

/* ---- all of it ---- */

static void load(struct group_batch *batch)
{
    struct link_control *control = batch->control;
    for (size_t i = 0; i < batch->count; i++) {
        struct link_outcome *outcome = &batch->outcomes[i];
        struct kc_error *err = link_mirror_group_load(control->store, control->config->name,
                                                      outcome->name, &batch->mirrors[i]);
        if (err)
            link_outcome_refuse(outcome, kc_error_code(err) == KC_ERR_NOT_FOUND ? 404 : 500, "%s",
                                kc_error_text(err));
        else
            check_state(&batch->mirrors[i], batch->wish, batch->request, outcome);
        kc_error_destroy(err);
    }
}

/* Looks at both sides for those that can be promoted by their state. */
static void check_promotions(const struct group_batch *batch)
{
    struct link_mirror_group *mirrors = kc_calloc(batch->count + 1, sizeof(*mirrors));
    struct link_outcome *outcomes = kc_calloc(batch->count + 1, sizeof(*outcomes));
    size_t *places = kc_calloc(batch->count + 1, sizeof(*places));
    size_t count = 0;
    for (size_t i = 0; i < batch->count; i++) {
        if (batch->outcomes[i].status || link_outcome_blocked(&batch->outcomes[i]))
            continue;
        places[count] = i;
        mirrors[count] = batch->mirrors[i];
        outcomes[count++] = batch->outcomes[i];
    }
    if (count)
        link_block_group_promotions(batch->control, mirrors, outcomes, count, batch->request);
    for (size_t k = 0; k < count; k++)
        batch->outcomes[places[k]] = outcomes[k];
    free(places);
    free(outcomes);
    free(mirrors);
}

struct kc_error *link_order_groups(struct link_control *control, const struct kc_strings *groups,
                                   enum kc_link_group_wish wish, const struct link_request *request,
                                   struct link_outcomes *outcomes)
{
    size_t first = outcomes->count;
    for (size_t i = 0; i < groups->count; i++)
        link_outcomes_add(outcomes, groups->items[i]);
    if (groups->count == 0)
        return NULL;
    struct group_batch batch = {control,
                                kc_calloc(groups->count, sizeof(struct link_mirror_group)),
                                &outcomes->items[first],
                                groups->count,
                                wish,
                                request};
    load(&batch);
    if (wish == KC_LINK_GROUP_PROMOTE)
        check_promotions(&batch);
    struct kc_error *err = write_orders(&batch);
    for (size_t i = 0; i < batch.count; i++)
        link_mirror_group_clear(&batch.mirrors[i]);
    free(batch.mirrors);
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
    pthread_mutex_lock(&control->ordering);
    struct kc_error *err =
        link_mirror_group_load(control->store, control->config->name, group, &mirror);
    if (!err)
        err = check_end(control, &mirror);
    if (!err)
        err = link_store_put(control->store, changes, 2, WRITE_MS);
    pthread_mutex_unlock(&control->ordering);
    if (!err)
        kc_info("Link %s: mirror group %s is forgotten; the group stays", control->config->name,
                group);
    link_mirror_group_clear(&mirror);
    return err;
}
