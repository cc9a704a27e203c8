/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The handlers of the REST resource /links, and what they share. On the connector's thread.
 */
#ifndef CONNECTORS_LINK_LINK_RESOURCE_PRIV_H
#define CONNECTORS_LINK_LINK_RESOURCE_PRIV_H

#include "connect/resource.h"
#include "link/link_ask_priv.h"
#include "link/link_control_priv.h"

struct kc_resource_request;

/* The connector's control; NULL: it isn't there, and that has been answered (409). */
struct link_control *link_resource_control(void *connector, struct kc_resource_request *request);
/* Whether the request says ?validate_only=true or ?dry_run=true. */
bool link_resource_is_dry(const struct kc_resource_request *request);
/* Reads the body. False: it is wrong, and that has been answered. */
bool link_resource_ask(struct kc_resource_request *request, enum link_ask_kind kind,
                       struct link_ask *ask);
/* The mirror topics, or groups, that the request names or its pattern matches. False: none match,
 * and that has been answered. */
bool link_resource_names(struct kc_resource_request *request, struct link_control *control,
                         enum kc_link_resource resource, const struct link_ask *ask,
                         struct kc_strings *names);

/* The status of an answer about several names. */
int link_resource_status(const struct link_outcomes *outcomes, bool dry_run);
/* Answers a list of views, one for each outcome: as it is, or within an error that has Connect's
 * form. Takes list; field names it in an error. */
void link_resource_answer(struct kc_resource_request *request, const struct link_outcomes *outcomes,
                          bool dry_run, const char *field, json_t *list);

/* Mirror topics of outcomes, with their state and lags, in the order of the outcomes. */
json_t *link_resource_view_topics(struct link_control *control,
                                  const struct link_outcomes *outcomes);
json_t *link_resource_view_groups(struct link_control *control,
                                  const struct link_outcomes *outcomes);

/* Carries out a verb, or a dry run of it. False: it failed as a whole, and that has been answered.
 * outcomes are the caller's. */
bool link_resource_order_topics(struct kc_resource_request *request, struct link_control *control,
                                enum kc_link_wish wish, bool *dry_run,
                                struct link_outcomes *outcomes);

/* ---- link_end.c ---- */

void link_delete(void *connector, struct kc_resource_request *request);

/* ---- link_resource_verbs.c ---- */

void link_post_mirrors(void *connector, struct kc_resource_request *request);
void link_post_promote(void *connector, struct kc_resource_request *request);
void link_post_failover(void *connector, struct kc_resource_request *request);
void link_post_pause(void *connector, struct kc_resource_request *request);
void link_post_resume(void *connector, struct kc_resource_request *request);
void link_post_repair(void *connector, struct kc_resource_request *request);
void link_delete_mirror(void *connector, struct kc_resource_request *request);
void link_post_groups(void *connector, struct kc_resource_request *request);
void link_post_groups_promote(void *connector, struct kc_resource_request *request);
void link_post_groups_release(void *connector, struct kc_resource_request *request);
void link_delete_group(void *connector, struct kc_resource_request *request);

#endif
