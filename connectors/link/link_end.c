/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DELETE /links/{link}: what a link has put on the target is taken away again, so that its
 * connector can be deleted. On the connector's thread.
 *
 * A connector can't tell whether Connect stops it for a moment or deletes it, and a stop must leave
 * holds and guards in place. So the end of a link is a call of its own, before DELETE
 * /connectors/{name}. Topics get the settings that were held back, groups are released and get
 * their own session time-out again, denials of the write guard and the link's part of the offset
 * index go away. Topics, records, copied ACLs and receipts stay. The call may be repeated; it is
 * done when it answers 204.
 */
#include "link/link_acls_priv.h"
#include "link/link_index_priv.h"
#include "link/link_live_priv.h"
#include "link/link_mirror_priv.h"
#include "link/link_resource_priv.h"

#include "connect/admin.h"
#include "connect/log.h"

#include <stdlib.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.connect.link.KafkaLinkConnector");

enum { PUT_MS = 15000 };

/* ---- what there is ---- */

static json_t *names_of(struct link_control *control, enum kc_link_resource resource)
{
    struct kc_strings names = {0};
    json_t *list = json_array();
    link_store_names(control->store, resource, &names);
    for (size_t i = 0; i < names.count; i++)
        json_array_append_new(list, json_string(names.items[i]));
    kc_strings_destroy(&names);
    return list;
}

static json_t *view(struct link_control *control, const char *message)
{
    return json_pack("{s:s, s:s, s:o, s:o, s:o}", "link_name", control->config->name, "message",
                     message, "mirror_topics", names_of(control, KC_LINK_TOPIC_ORDER), "groups",
                     names_of(control, KC_LINK_GROUP), "guarded_topics",
                     names_of(control, KC_LINK_GUARD));
}

/* A promotion that is under way comes to its end first. */
static struct kc_error *check_promotions(struct link_control *control)
{
    struct kc_strings topics = {0};
    struct kc_error *err = NULL;
    link_store_names(control->store, KC_LINK_TOPIC_ORDER, &topics);
    for (size_t i = 0; !err && i < topics.count; i++) {
        struct link_mirror mirror = {0};
        struct kc_error *lost =
            link_mirror_load(control->store, control->config->name, topics.items[i], &mirror);
        if (!lost && link_mirror_effective(&mirror) == KC_LINK_PROMOTING)
            err = kc_error_new(KC_ERR_CONFLICT,
                               "Topic %s is being promoted, so link %s can't end now. Wait for the "
                               "promotion, or take it back: resume",
                               topics.items[i], control->config->name);
        kc_error_destroy(lost);
        link_mirror_clear(&mirror);
    }
    kc_strings_destroy(&topics);
    return err;
}

/* Groups are left while the tasks release them. */
static bool has_groups(struct link_control *control)
{
    struct kc_strings groups = {0};
    link_store_names(control->store, KC_LINK_GROUP, &groups);
    bool any = groups.count > 0;
    kc_strings_destroy(&groups);
    return any;
}

/* ---- taking it away ---- */

static struct kc_error *end_topics(struct link_control *control)
{
    struct kc_strings topics = {0};
    link_store_names(control->store, KC_LINK_TOPIC_ORDER, &topics);
    struct kc_error *err = link_forget_topics(control, &topics);
    kc_strings_destroy(&topics);
    return err;
}

/* The task sees that the order is gone: it releases the group, puts its session time-out back, and
 * deletes the state then. */
static struct kc_error *end_groups(struct link_control *control)
{
    struct kc_strings groups = {0};
    link_store_names(control->store, KC_LINK_GROUP_ORDER, &groups);
    struct link_change *changes = kc_calloc(groups.count + 1, sizeof(*changes));
    for (size_t i = 0; i < groups.count; i++)
        changes[i] = (struct link_change){KC_LINK_GROUP_ORDER, groups.items[i], NULL};
    pthread_mutex_lock(&control->ordering);
    struct kc_error *err =
        groups.count ? link_store_put(control->store, changes, groups.count, PUT_MS) : NULL;
    pthread_mutex_unlock(&control->ordering);
    free(changes);
    kc_strings_destroy(&groups);
    return err;
}

static struct kc_error *end_guards(struct link_control *control)
{
    pthread_mutex_lock(&control->guarding);
    struct kc_error *err = link_guards_remove(control, NULL);
    pthread_mutex_unlock(&control->guarding);
    return err;
}

/* Whether the target has the topic at all: it isn't made for this. */
static struct kc_error *find_index(struct link_control *control, bool *there)
{
    struct kc_strings names = {0};
    struct kc_topic_descriptions found = {0};
    kc_strings_add(&names, LINK_INDEX_TOPIC);
    struct kc_error *err = kc_admin_describe_topics(control->target, &names, &found);
    *there = !err && !found.items[0].error;
    kc_topic_descriptions_destroy(&found);
    kc_strings_destroy(&names);
    return err;
}

/* Tasks remove what they have written when they see that a topic's order is gone. A task that was
 * killed may have left something. *empty: there was nothing any more. */
static struct kc_error *end_index(struct link_control *control, bool *empty)
{
    struct link_index *index = link_live_index(control->live);
    struct link_index_changes changes = {0};
    struct kc_strings topics = {0};
    bool there = false;
    struct kc_error *err = find_index(control, &there);
    if (!err && there)
        err = link_index_refresh(index, NULL);
    if (!err && there)
        link_index_topics(index, &topics);
    *empty = topics.count == 0;
    for (size_t i = 0; i < topics.count; i++)
        link_index_drop_topic(index, topics.items[i], &changes);
    if (!err && topics.count)
        err = link_index_put(index, &changes);
    link_index_changes_clear(&changes);
    kc_strings_destroy(&topics);
    return err;
}

struct kc_error *link_end(struct link_control *control)
{
    struct kc_error *err = check_promotions(control);
    if (err)
        return err;
    pthread_mutex_lock(&control->ordering); /* whoever writes orders is done with them */
    bool before = atomic_exchange(&control->ended, true);
    pthread_mutex_unlock(&control->ordering);
    if (!before)
        kc_info("Link '%s' ends: it takes up nothing any more. Its connector can be deleted then.",
                control->config->name);
    err = end_topics(control);
    if (!err)
        err = end_groups(control);
    if (!err)
        err = end_guards(control);
    return err;
}

struct kc_error *link_end_wholly(struct link_control *control, bool *done)
{
    bool empty = false;
    struct kc_error *err = link_end(control);
    if (!err)
        err = end_index(control, &empty);
    *done = !err && empty && !has_groups(control);
    return err;
}

void link_delete(void *connector, struct kc_resource_request *request)
{
    struct link_control *control = link_resource_control(connector, request);
    if (!control)
        return;
    if (link_resource_is_dry(request)) {
        struct kc_error *err = check_promotions(control);
        if (err)
            kc_resource_answer_error(request, err);
        else
            kc_resource_answer_json(request, 200, view(control, "This is what would end"));
        return;
    }
    bool done = false;
    struct kc_error *err = link_end_wholly(control, &done);
    if (err)
        kc_resource_answer_error(request, err);
    else if (done)
        kc_resource_answer_empty(request, 204);
    else
        kc_resource_answer_json(
            request, 202,
            view(control,
                 "Groups are being released, and the offset index is. Ask again until the answer "
                 "is 204"));
}
