/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request as a plugin's resource sees it (connect/resource.h): a copy that lives on when the one
 * that came isn't waited for any more.
 */
#ifndef WORKER_REST_MOUNTED_REQUEST_PRIV_H
#define WORKER_REST_MOUNTED_REQUEST_PRIV_H

#include "rest/mounts_priv.h"

struct kc_resource_request {
    struct kc_rest_request *rest; /* the question and the answer */
    struct kc_mounted mounted;
    char *connector;
    char *url;                      /* that was asked for, without the query */
    const struct kc_plugin *plugin; /* the connector's; set where the route is ANYWHERE */
    struct kc_map *config;          /* the same */
    bool deletes;                   /* the connector, behind the answer */
    struct kc_map *changes;         /* of its configuration, the same; NULL: none */
};

/* The question of from, for one connector; its body is taken. The parameter that names a
 * connector isn't among the new one's. */
struct kc_resource_request *kc_mounted_request_new(struct kc_rest_request *from,
                                                   const struct kc_mounted *mounted,
                                                   const char *connector);
void kc_mounted_request_destroy(void *request); /* NULL is fine */
/* Runs the route's function; as kc_connector_call. */
void kc_mounted_request_run(void *connector, void *request);
/* Moves the answer to a request. */
void kc_mounted_request_answer(struct kc_resource_request *request, struct kc_rest_request *to);

#endif
