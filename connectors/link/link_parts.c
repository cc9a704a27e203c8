/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of a link that are paused one by one: see link_parts_priv.h. */
#include "link/link_parts_priv.h"

#include "link/link_connector_priv.h"
#include "link/link_resource_priv.h"
#include "link/link_view_priv.h"

#include "connect/log.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.connect.link.Orders");

enum { WRITE_MS = 15000 };

static const char *const names[LINK_PARTS] = {"topics", "configs", "acls", "groups"};

const char *link_part_name(enum link_part part)
{
    return names[part];
}

bool link_part_is_paused(struct link_store *store, enum link_part part)
{
    struct link_self self = {0};
    bool paused = link_self_load(store, &self) && kc_strings_contain(&self.paused, names[part]);
    link_self_clear(&self);
    return paused;
}

/* ---- changing it ---- */

/* Only what one of the parts is called may be asked for. */
static bool are_parts(struct kc_resource_request *request, const struct kc_strings *asked)
{
    for (size_t i = 0; i < asked->count; i++) {
        int part = 0;
        while (part < LINK_PARTS && strcmp(names[part], asked->items[i]) != 0)
            part++;
        if (part < LINK_PARTS)
            continue;
        kc_resource_answer_status(request, 400,
                                  "task_names: there is no task %s. Tasks are topics, configs, "
                                  "acls and groups",
                                  asked->items[i]);
        return false;
    }
    return true;
}

static struct kc_error *change(struct link_control *control, const struct kc_strings *asked,
                               bool pause)
{
    struct link_self self = {0};
    struct kc_strings paused = {0};
    struct kc_error *err = link_check_open(control);
    if (!err && !link_self_load(control->store, &self))
        err = kc_error_retriable_new(KC_ERR_UNAVAILABLE, "Its own record isn't there yet");
    for (int i = 0; i < LINK_PARTS; i++) {
        bool before = kc_strings_contain(&self.paused, names[i]);
        if (kc_strings_contain(asked, names[i]) ? pause : before)
            kc_strings_add(&paused, names[i]);
    }
    kc_strings_destroy(&self.paused);
    self.paused = paused;
    if (!err)
        err = link_self_save(control->store, &self, WRITE_MS);
    link_self_clear(&self);
    return err;
}

static void answer(struct kc_resource_request *request, struct link_control *control, int status)
{
    struct link_mirrors mirrors = {0};
    link_mirrors_load(control, NULL, &mirrors);
    kc_resource_answer_json(request, status, link_view_tasks(control, &mirrors));
    link_mirrors_clear(&mirrors);
}

static void post(void *connector, struct kc_resource_request *request, bool pause)
{
    struct link_ask ask;
    struct kc_error *err = NULL;
    struct link_control *control = link_resource_control(connector, request);
    if (!control || !link_resource_ask(request, LINK_ASK_TASKS, &ask))
        return;
    if (are_parts(request, &ask.names)) {
        pthread_mutex_lock(&control->ordering);
        if (!ask.dry_run)
            err = change(control, &ask.names, pause);
        pthread_mutex_unlock(&control->ordering);
        char *list = kc_strings_join(&ask.names, ", ");
        if (!err && !ask.dry_run)
            kc_info("Link '%s': %s: %s.", control->config->name, pause ? "paused" : "resumed",
                    list);
        free(list);
        if (err)
            kc_resource_answer_error(request, err);
        else
            answer(request, control, ask.dry_run ? 200 : 202);
    }
    link_ask_clear(&ask);
}

void link_post_tasks_pause(void *connector, struct kc_resource_request *request)
{
    post(connector, request, true);
}

void link_post_tasks_resume(void *connector, struct kc_resource_request *request)
{
    post(connector, request, false);
}
