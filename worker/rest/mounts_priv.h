/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mounted resources of connectors: routes from the tables of plugins, and from those that the
 * worker has for every connector.
 *
 * Made before requests are served, immutable afterwards.
 */
#ifndef WORKER_REST_MOUNTS_PRIV_H
#define WORKER_REST_MOUNTS_PRIV_H

#include "connect/resource.h"
#include "rest/router_priv.h"

struct kc_mounts;

/* A mounted route: of which plugin (NULL: of all connectors), and its row. */
struct kc_mounted {
    const struct kc_plugin *plugin;
    const struct kc_resource *resource;
    const struct kc_resource_route *row;
};

/* Mounts the resources of all connectors; handle answers their requests. One that is made wrongly,
 * or whose place is taken, is left out, and the log says why. */
struct kc_mounts *kc_mounts_new(const struct kc_plugins *plugins,
                                void (*handle)(struct kc_rest_request *request));
void kc_mounts_destroy(struct kc_mounts *mounts); /* NULL is fine */

/* Connect's own tables and the mounted ones, for kc_router_find(). mounts NULL: only the former. */
const struct kc_route *const *kc_mounts_tables(const struct kc_mounts *mounts);
/* The resource behind a route of these tables; false: the route is Connect's own. */
bool kc_mounts_find(const struct kc_mounts *mounts, const struct kc_route *route,
                    struct kc_mounted *mounted);

/* Whether it is the resource's create, which has no row of the plugin's. */
bool kc_mounted_creates(const struct kc_mounted *mounted);
/* Which of a request's parameters names the connector: the first behind those of the prefix. */
size_t kc_mounted_place(const struct kc_mounted *mounted);

/* Answers a request to a mounted route (resource_mounted.c). Request threads. */
void kc_rest_answer_mounted(struct kc_rest_request *request);

/* Translates offsets of a mirror's source, or of groups, to its target: resource_translate.c. */
extern const struct kc_resource kc_translate_resource;

#endif
