/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers mirror groups (link_control_priv.h): what speaks against each is asked of both clusters
 * (link_group_obstacle()), and the orders are written.
 */
#include "link/link_control_priv.h"
#include "link/link_groups_priv.h"

#include "connect/log.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.connect.link.KafkaLinkConnector");

#define PUT_MS 30000

struct link_registration {
    struct link_control *control;
    const struct link_request *request;
    struct link_outcomes *outcomes;
    struct kc_strings sources; /* groups that have no order yet, and their outcomes in turn */
    struct kc_strings targets;
    size_t *places;
    int64_t *epochs;
};

/* A group that was released is registered anew; any other order is as good as a new one. */
static bool is_registered(struct link_control *control, const char *group, int64_t *epoch)
{
    struct kc_link_group_order order = {0};
    json_t *json = link_store_get(control->store, KC_LINK_GROUP_ORDER, group);
    struct kc_error *err =
        json ? kc_link_group_order_parse(json, &order) : kc_error_new(KC_ERR_NOT_FOUND, "none");
    bool registered = !err && order.wish != KC_LINK_GROUP_RELEASE;
    *epoch = err ? 1 : order.epoch + 1;
    kc_error_destroy(err);
    json_decref(json);
    kc_link_group_order_clear(&order);
    return registered;
}

static void add_group(struct link_registration *registration, const char *source)
{
    struct link_control *control = registration->control;
    int64_t epoch = 0;
    char *target = link_target_group(control->config, source);
    size_t place = registration->outcomes->count;
    struct link_outcome *outcome = link_outcomes_add(registration->outcomes, target);
    if (is_registered(control, target, &epoch)) {
        link_outcome_refuse(outcome, registration->request->dry_run ? 200 : 202,
                            "Group %s is a mirror group of this link already", target);
        free(target);
        return;
    }
    registration->places[registration->targets.count] = place;
    registration->epochs[registration->targets.count] = epoch;
    kc_strings_add(&registration->sources, source);
    kc_strings_take(&registration->targets, target);
}

static struct kc_error *check_groups(struct link_registration *registration)
{
    size_t count = registration->targets.count;
    struct link_obstacle *obstacles = kc_calloc(count + 1, sizeof(*obstacles));
    struct kc_error *err =
        link_group_obstacle(registration->control->source, registration->control->target,
                            &registration->sources, &registration->targets, obstacles);
    for (size_t i = 0; !err && i < count; i++)
        if (obstacles[i].code)
            link_outcome_block(&registration->outcomes->items[registration->places[i]],
                               obstacles[i].code, obstacles[i].warning, "%s", obstacles[i].message);
    link_obstacles_clear(obstacles, err ? 0 : count);
    free(obstacles);
    return err;
}

/* What was asked for by a pattern has nobody who reads an answer: its order is written in any case,
 * and the group's state says why it can't be held. */
static bool is_written(const struct link_registration *registration, struct link_outcome *outcome)
{
    if (link_outcome_settle(outcome, registration->request))
        return true;
    return outcome->status == 409 && !registration->request->dry_run &&
           strcmp(registration->request->by, "pattern") == 0;
}

static struct kc_error *write_orders(struct link_registration *registration)
{
    size_t count = registration->targets.count, n = 0;
    struct link_change *changes = kc_calloc(count + 1, sizeof(*changes));
    for (size_t i = 0; i < count; i++) {
        if (!is_written(registration, &registration->outcomes->items[registration->places[i]]))
            continue;
        const struct kc_link_group_order order = {
            .epoch = registration->epochs[i],
            .source_group = registration->sources.items[i],
            .wish = KC_LINK_GROUP_HOLD,
            .automatic = registration->control->config->promote_groups,
            .by = (char *)registration->request->by,
            .since_ms = kc_now_ms(),
        };
        changes[n++] = (struct link_change){KC_LINK_GROUP_ORDER, registration->targets.items[i],
                                            kc_link_group_order_json(&order)};
    }
    struct kc_error *err =
        n ? link_store_put(registration->control->store, changes, n, PUT_MS) : NULL;
    if (!err && n > 0)
        kc_info("Link '%s': %zu more mirror groups.", registration->control->config->name, n);
    free(changes);
    return err;
}

struct kc_error *link_create_groups(struct link_control *control,
                                    const struct kc_strings *source_groups,
                                    const struct link_request *request,
                                    struct link_outcomes *outcomes)
{
    struct link_registration registration = {
        .control = control,
        .request = request,
        .outcomes = outcomes,
        .places = kc_calloc(source_groups->count + 1, sizeof(*registration.places)),
        .epochs = kc_calloc(source_groups->count + 1, sizeof(*registration.epochs)),
    };
    pthread_mutex_lock(&control->ordering);
    for (size_t i = 0; i < source_groups->count; i++)
        add_group(&registration, source_groups->items[i]);
    struct kc_error *err = link_check_open(control);
    if (!err && registration.targets.count)
        err = check_groups(&registration);
    if (!err)
        err = write_orders(&registration);
    pthread_mutex_unlock(&control->ordering);
    kc_strings_destroy(&registration.sources);
    kc_strings_destroy(&registration.targets);
    free(registration.places);
    free(registration.epochs);
    return err ? kc_error_prefix(err, "Link '%s'", control->config->name) : NULL;
}
