/* SPDX-License-Identifier: Apache-2.0 */
/* Restarts of a connector with its tasks (KIP-745): RestartRequest and RestartPlan. */
#ifndef WORKER_HERDER_RESTART_PLAN_PRIV_H
#define WORKER_HERDER_RESTART_PLAN_PRIV_H

#include "storage/status_store.h"

#include <jansson.h>

struct kc_restart_request {
    char *connector;
    bool include_tasks;
    bool only_failed;
};
/* 0 (least) to 3: of two requests for one connector the one of higher impact is kept. */
int kc_restart_impact(const struct kc_restart_request *request);

struct kc_restart_plan {
    bool restart_connector;
    int *tasks; /* to restart */
    size_t task_count;
    json_t *state; /* ConnectorStateInfo with RESTARTING where that will be */
};
/* Plans by the statuses in store. False: the connector has no status. Any thread. */
bool kc_restart_plan_make(struct kc_restart_plan *plan, const struct kc_restart_request *request,
                          struct kc_status_store *store, const char *type);
void kc_restart_plan_clear(struct kc_restart_plan *plan);

#endif
