/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which of two records of one key counts. Every reader decides by these rules, in the order of the
 * state topic, so that all come to the same. Pure functions, any thread.
 */
#include "connect/link.h"

#include <string.h>

/* False: there is no such number. */
static bool number_of(const json_t *json, const char *name, int64_t *number)
{
    const json_t *value = json_object_get(json, name);

    *number = json_integer_value(value);
    return json_is_integer(value);
}

/* Two tasks that ask for a lease at the same time write the same epoch: the first counts. */
static bool lease_counts(const json_t *now, const json_t *next)
{
    struct kc_link_lease before = {0}, after = {0};
    struct kc_error *bad = kc_link_lease_parse(now, &before);
    struct kc_error *err = kc_link_lease_parse(next, &after);
    bool counts = !err && (bad || after.epoch > before.epoch ||
                           (after.epoch == before.epoch &&
                            (strcmp(after.holder, before.holder) == 0 || !*after.holder)));

    kc_error_destroy(bad);
    kc_error_destroy(err);
    kc_link_lease_clear(&before);
    kc_link_lease_clear(&after);
    return counts;
}

/* False: it can't be read. */
static bool read_epochs(enum kc_link_resource resource, const json_t *json, int64_t *epoch,
                        int64_t *lease_epoch)
{
    struct kc_link_topic topic = {0};
    struct kc_link_group group = {0};
    bool is_topic = resource == KC_LINK_TOPIC;
    struct kc_error *err =
        is_topic ? kc_link_topic_parse(json, &topic) : kc_link_group_parse(json, &group);
    bool fine = !err;

    *epoch = is_topic ? topic.epoch : group.epoch;
    *lease_epoch = is_topic ? topic.lease_epoch : group.lease_epoch;
    kc_error_destroy(err);
    kc_link_topic_clear(&topic);
    kc_link_group_clear(&group);
    return fine;
}

/* A state that is damaged gives way to any other. */
static bool state_counts(enum kc_link_resource resource, const json_t *now, const json_t *next)
{
    int64_t epoch, lease, next_epoch, next_lease;

    if (!read_epochs(resource, next, &next_epoch, &next_lease))
        return false;
    if (!read_epochs(resource, now, &epoch, &lease))
        return true;
    return kc_link_state_follows(epoch, lease, next_epoch, next_lease);
}

static bool epoch_counts(const json_t *now, const json_t *next)
{
    int64_t epoch, next_epoch;

    if (!number_of(next, "epoch", &next_epoch))
        return false;
    return !number_of(now, "epoch", &epoch) || next_epoch >= epoch;
}

bool kc_link_record_counts(enum kc_link_resource resource, const json_t *now, const json_t *next)
{
    switch (resource) {
    case KC_LINK_LEASE:
        return lease_counts(now, next);
    case KC_LINK_TOPIC:
    case KC_LINK_GROUP:
        return state_counts(resource, now, next);
    case KC_LINK_FLIP:
    case KC_LINK_RECEIPT:
    case KC_LINK_GATEWAY:
    case KC_LINK_CLIENTS:
        return epoch_counts(now, next);
    default:
        return true;
    }
}
