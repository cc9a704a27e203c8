/* SPDX-License-Identifier: Apache-2.0 */
/* Restart plans: see restart_plan_priv.h. */
#include "herder/restart_plan_priv.h"

#include "herder/entities_priv.h"

#include <stdlib.h>
#include <string.h>

int kc_restart_impact(const struct kc_restart_request *request)
{
    return (request->only_failed ? 0 : 2) + (request->include_tasks ? 1 : 0);
}

static bool failed(const json_t *state)
{
    const char *name = json_string_value(json_object_get(state, "state"));
    return name && strcmp(name, kc_state_name(KC_STATE_FAILED)) == 0;
}

/* Worker and trace stay as they are, as in AbstractHerder.buildRestartPlan. */
static void mark_restarting(json_t *state)
{
    json_object_set_new(state, "state", json_string(kc_state_name(KC_STATE_RESTARTING)));
}

static void plan_tasks(struct kc_restart_plan *plan, const struct kc_restart_request *request)
{
    json_t *states = json_object_get(plan->state, "tasks");
    plan->tasks = kc_calloc(json_array_size(states), sizeof(*plan->tasks));
    size_t i;
    json_t *state;
    json_array_foreach (states, i, state) {
        if (!request->include_tasks || (request->only_failed && !failed(state)))
            continue;
        mark_restarting(state);
        plan->tasks[plan->task_count++] = (int)json_integer_value(json_object_get(state, "id"));
    }
}

bool kc_restart_plan_make(struct kc_restart_plan *plan, const struct kc_restart_request *request,
                          struct kc_status_store *store, const char *type)
{
    *plan = (struct kc_restart_plan){0};
    plan->state = kc_connector_state_json(store, request->connector, type);
    if (!plan->state)
        return false;
    json_t *connector = json_object_get(plan->state, "connector");
    plan->restart_connector = !request->only_failed || failed(connector);
    if (plan->restart_connector)
        mark_restarting(connector);
    plan_tasks(plan, request);
    return true;
}

void kc_restart_plan_clear(struct kc_restart_plan *plan)
{
    free(plan->tasks);
    json_decref(plan->state);
    *plan = (struct kc_restart_plan){0};
}
