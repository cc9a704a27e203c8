/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The links under the names of Confluent's REST API v3, so that scripts and clients that were
 * written for Cluster Linking drive them. On the connector's thread.
 */
#ifndef CONNECTORS_LINK_LINK_ALIAS_PRIV_H
#define CONNECTORS_LINK_LINK_ALIAS_PRIV_H

#include "link/link_resource_priv.h"

extern const struct kc_resource link_alias_resource;

/* The control, of a request to the link's target cluster; NULL: it was answered (404, 409). */
struct link_control *link_alias_control(void *connector, struct kc_resource_request *request);
/* An object's kind and metadata: url, or what stands behind url and name. New reference. */
json_t *link_alias_object(const char *kind, const char *url, const char *name);
/* A list in its envelope. Takes data. */
json_t *link_alias_list(const char *kind, const char *url, json_t *data);
/* "ACTIVE", ... */
const char *link_alias_status(enum kc_link_topic_state state);

/* link_alias_configs.c */
void link_alias_get_configs(void *connector, struct kc_resource_request *request);
void link_alias_get_config(void *connector, struct kc_resource_request *request);

/* link_alias_changes.c */
/* The link's name of a setting; the caller's, NULL: a link has none, and needs none. value NULL: it
 * goes away. KC_ERR_BAD_REQUEST: a link can't do that. */
struct kc_error *link_alias_setting(const char *theirs, const char *value,
                                    char **name) KC_MUST_CHECK;
struct kc_error *link_alias_create(struct kc_resource_request *request, char **name,
                                   struct kc_map **config) KC_MUST_CHECK;
void link_alias_delete(void *connector, struct kc_resource_request *request);
void link_alias_put_config(void *connector, struct kc_resource_request *request);
void link_alias_reset_config(void *connector, struct kc_resource_request *request);
void link_alias_alter_configs(void *connector, struct kc_resource_request *request);

/* link_alias_verbs.c */
void link_alias_post_mirror(void *connector, struct kc_resource_request *request);
void link_alias_promote(void *connector, struct kc_resource_request *request);
void link_alias_failover(void *connector, struct kc_resource_request *request);
void link_alias_pause(void *connector, struct kc_resource_request *request);
void link_alias_resume(void *connector, struct kc_resource_request *request);
/* Answers what became of the topics of a verb. */
void link_alias_answer(struct kc_resource_request *request, struct link_control *control,
                       const struct link_outcomes *outcomes);
/* Lags as this API has them: whole numbers, -1 where they aren't known. New reference. */
struct link_lags;
json_t *link_alias_lags(const struct link_lags *lags);

#endif
