/* SPDX-License-Identifier: Apache-2.0 */
/* A table of routes: it finds the resource that answers a request. */
#ifndef WORKER_REST_ROUTER_PRIV_H
#define WORKER_REST_ROUTER_PRIV_H

#include "rest/rest_request.h"

enum kc_route_flag {
    KC_ROUTE_QUICK = 1,     /* answered from memory: on the event thread */
    KC_ROUTE_ADMIN = 2,     /* on admin.listeners when those are set */
    KC_ROUTE_INTERNAL = 4,  /* between workers */
    KC_ROUTE_ANY_TYPE = 8,  /* the resource doesn't declare a content type */
    KC_ROUTE_TEXT = 16,     /* answers text, whatever is accepted */
    KC_ROUTE_BODY = 32,     /* reads the request's body */
    KC_ROUTE_SIGHT = 64,    /* how the worker is: answered whatever else hangs */
    KC_ROUTE_OUTSIDE = 128, /* waits for plugins, brokers, other workers: may hang */
    KC_ROUTE_SLASHES = 256  /* a parameter may hold a slash, %2F: names of groups do */
};

struct kc_route {
    const char *method;
    const char *pattern; /* "/connectors/{}/status" */
    unsigned flags;
    void (*handle)(struct kc_rest_request *request);
};

/* Tables of the resources, each ended by a NULL method. */
extern const struct kc_route kc_root_routes[];
extern const struct kc_route kc_connectors_routes[];
extern const struct kc_route kc_plugins_routes[];
extern const struct kc_route kc_logging_routes[];
extern const struct kc_route kc_internal_routes[];
extern const struct kc_route kc_metrics_routes[];

/* Whether an internal request may go on, judged by its signature's headers; if not, it has been
 * answered. */
bool kc_internal_admit(struct kc_rest_request *request);

/* Finds the route of request among tables (NULL-terminated) whose flags fit (all of none of
 * excluded) and fills its params. NULL: it has been answered (404, 405, OPTIONS, 400 for a
 * malformed path, and for one that hides a slash from a route that isn't KC_ROUTE_SLASHES). */
const struct kc_route *kc_router_find(const struct kc_route *const *tables, unsigned excluded,
                                      struct kc_rest_request *request);

#endif
