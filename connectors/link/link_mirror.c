/* SPDX-License-Identifier: Apache-2.0 */
/* Mirror topics and groups as the store has them: see link_mirror_priv.h. */
#include "link/link_mirror_priv.h"

#include <stdlib.h>

/* Takes err. */
static struct kc_error *damaged(const char *what, const char *name, struct kc_error *err)
{
    struct kc_error *outer =
        kc_error_new(KC_ERR_DATA,
                     "The %s of %s in topic " KC_LINK_STATE_TOPIC " is damaged: %s. Somebody else "
                     "has written it; let links alone write to that topic. Delete the mirror and "
                     "create it anew",
                     what, name, kc_error_text(err));
    kc_error_destroy(err);
    return outer;
}

/* ---- topics ---- */

static void begin_state(struct link_mirror *mirror)
{
    const struct kc_link_topic_order *order = &mirror->order;
    mirror->state = (struct kc_link_topic){
        .state = order->refusal ? KC_LINK_FAILED : KC_LINK_PENDING,
        .since_ms = order->since_ms,
        .reason = kc_strdup(order->refusal ? order->refusal : ""),
        .offsets = kc_link_offsets_at_first(order),
        .partitions = order->partitions,
        .lane = kc_strdup(""),
    };
}

struct kc_error *link_mirror_load(struct link_store *store, const char *link, const char *topic,
                                  struct link_mirror *mirror)
{
    json_t *order = link_store_get(store, KC_LINK_TOPIC_ORDER, topic);
    json_t *state = link_store_get(store, KC_LINK_TOPIC, topic);
    struct kc_error *err = NULL;
    if (!order)
        err = kc_error_new(KC_ERR_NOT_FOUND, "Link %s has no mirror topic %s", link, topic);
    if (!err) {
        err = kc_link_topic_order_parse(order, &mirror->order);
        if (err)
            err = damaged("order", topic, err);
    }
    if (!err && state) {
        err = kc_link_topic_parse(state, &mirror->state);
        if (err)
            err = damaged("state", topic, err);
    }
    if (!err) {
        mirror->name = kc_strdup(topic);
        mirror->followed = state && mirror->state.order_epoch >= mirror->order.epoch;
        if (!state || (mirror->order.refusal && !mirror->followed)) {
            kc_link_topic_clear(&mirror->state);
            begin_state(mirror);
        }
    } else {
        link_mirror_clear(mirror);
    }
    json_decref(order);
    json_decref(state);
    return err;
}

void link_mirror_clear(struct link_mirror *mirror)
{
    free(mirror->name);
    kc_link_topic_order_clear(&mirror->order);
    kc_link_topic_clear(&mirror->state);
    *mirror = (struct link_mirror){0};
}

enum kc_link_topic_state link_mirror_effective(const struct link_mirror *mirror)
{
    if (mirror->followed || mirror->order.refusal || kc_link_topic_is_final(mirror->state.state))
        return mirror->state.state;
    switch (mirror->order.wish) {
    case KC_LINK_WISH_PROMOTE:
        return KC_LINK_PROMOTING;
    case KC_LINK_WISH_FAILOVER:
        return KC_LINK_FAILED_OVER;
    case KC_LINK_WISH_PAUSE:
        return KC_LINK_PAUSED;
    case KC_LINK_WISH_LINK:
    case KC_LINK_WISH_REPAIR:
        break;
    }
    return mirror->state.state;
}

/* ---- groups ---- */

struct kc_error *link_mirror_group_load(struct link_store *store, const char *link,
                                        const char *group, struct link_mirror_group *mirror)
{
    json_t *order = link_store_get(store, KC_LINK_GROUP_ORDER, group);
    json_t *state = link_store_get(store, KC_LINK_GROUP, group);
    struct kc_error *err = NULL;
    if (!order)
        err = kc_error_new(KC_ERR_NOT_FOUND, "Link %s has no mirror group %s", link, group);
    if (!err) {
        err = kc_link_group_order_parse(order, &mirror->order);
        if (err)
            err = damaged("order", group, err);
    }
    if (!err && state) {
        err = kc_link_group_parse(state, &mirror->state);
        if (err)
            err = damaged("state", group, err);
    }
    if (!err) {
        mirror->name = kc_strdup(group);
        mirror->followed = state && mirror->state.order_epoch >= mirror->order.epoch;
        if (!state)
            mirror->state = (struct kc_link_group){.state = KC_LINK_REGISTERED,
                                                   .since_ms = mirror->order.since_ms,
                                                   .reason = kc_strdup("")};
    } else {
        link_mirror_group_clear(mirror);
    }
    json_decref(order);
    json_decref(state);
    return err;
}

void link_mirror_group_clear(struct link_mirror_group *mirror)
{
    free(mirror->name);
    kc_link_group_order_clear(&mirror->order);
    kc_link_group_clear(&mirror->state);
    *mirror = (struct link_mirror_group){0};
}

enum kc_link_group_state link_mirror_group_effective(const struct link_mirror_group *mirror)
{
    if (mirror->followed)
        return mirror->state.state;
    switch (mirror->order.wish) {
    case KC_LINK_GROUP_PROMOTE:
        return KC_LINK_GROUP_PROMOTING;
    case KC_LINK_GROUP_RELEASE:
        return KC_LINK_GROUP_RELEASED;
    case KC_LINK_GROUP_HOLD:
        break;
    }
    return mirror->state.state;
}
