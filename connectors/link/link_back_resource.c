/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /links/{link}/mirrors:reverse-and-start, :truncate-and-restore and :finalize, and the same
 * under Confluent's names (link_back_priv.h). On the connector's thread.
 */
#include "link/link_alias_priv.h"
#include "link/link_back_priv.h"
#include "link/link_resource_priv.h"

/* False: it failed as a whole, and that has been answered. */
static bool order(struct kc_resource_request *request, struct link_control *control,
                  enum kc_link_back_wish wish, bool *dry_run, struct link_outcomes *outcomes)
{
    struct link_ask ask;
    struct kc_strings names = {0};
    struct kc_error *err = NULL;
    if (!link_resource_ask(request, LINK_ASK_BACK, &ask))
        return false;
    const struct link_request how = {.by = "rest",
                                     .dry_run = ask.dry_run,
                                     .force = ask.force,
                                     .link_back_follows = ask.link_back_follows};
    bool found = link_resource_names(request, control, KC_LINK_TOPIC_ORDER, &ask, &names);
    if (found)
        err = link_order_back(control, &names, wish, &how, outcomes);
    *dry_run = ask.dry_run;
    if (err)
        kc_resource_answer_error(request, err);
    kc_strings_destroy(&names);
    link_ask_clear(&ask);
    return found && !err;
}

static void post(void *connector, struct kc_resource_request *request, enum kc_link_back_wish wish)
{
    bool dry_run = false;
    struct link_outcomes outcomes = {0};
    struct link_control *control = link_resource_control(connector, request);
    if (control && order(request, control, wish, &dry_run, &outcomes))
        link_resource_answer(request, &outcomes, dry_run, "mirrors",
                             link_resource_view_topics(control, &outcomes));
    link_outcomes_clear(&outcomes);
}

void link_post_reverse(void *connector, struct kc_resource_request *request)
{
    post(connector, request, KC_LINK_BACK_MIRROR);
}

void link_post_restore(void *connector, struct kc_resource_request *request)
{
    post(connector, request, KC_LINK_BACK_RESTORE);
}

void link_post_finalize(void *connector, struct kc_resource_request *request)
{
    post(connector, request, KC_LINK_BACK_END);
}

/* ---- Confluent's names ---- */

static void post_alias(void *connector, struct kc_resource_request *request,
                       enum kc_link_back_wish wish)
{
    bool dry_run = false;
    struct link_outcomes outcomes = {0};
    struct link_control *control = link_alias_control(connector, request);
    if (control && order(request, control, wish, &dry_run, &outcomes))
        link_alias_answer(request, control, &outcomes);
    link_outcomes_clear(&outcomes);
}

void link_alias_reverse(void *connector, struct kc_resource_request *request)
{
    post_alias(connector, request, KC_LINK_BACK_MIRROR);
}

void link_alias_restore(void *connector, struct kc_resource_request *request)
{
    post_alias(connector, request, KC_LINK_BACK_RESTORE);
}
