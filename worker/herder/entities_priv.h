/* SPDX-License-Identifier: Apache-2.0 */
/*
 * REST's entities from the herder's state, as Java prints them. Any thread.
 */
#ifndef WORKER_HERDER_ENTITIES_PRIV_H
#define WORKER_HERDER_ENTITIES_PRIV_H

#include "data/plugins.h"
#include "storage/cluster_state.h"
#include "storage/status_store.h"

/* "source", "sink" or "unknown", by connector.class; config may be NULL. */
const char *kc_connector_type(const struct kc_plugins *plugins, const struct kc_map *config);

json_t *kc_map_json(const struct kc_map *map); /* an object of strings and nulls */

/* ConnectorInfo, with config instead of the stored one unless config is NULL. NULL: unknown
 * connector. */
json_t *kc_connector_info_json(const struct kc_cluster_state *state,
                               const struct kc_plugins *plugins, const char *connector,
                               const struct kc_map *config);
/* [{"id":{"connector","task"},"config":{}}] in task order. */
json_t *kc_task_infos_json(const struct kc_cluster_state *state, const char *connector);

/* One task's state {"id",...}; id KC_CONNECTOR_STATUS: a connector's, without id. */
json_t *kc_state_json(int id, const struct kc_status *status);
/* ConnectorStateInfo; NULL without a connector status. type as kc_connector_type(). */
json_t *kc_connector_state_json(struct kc_status_store *store, const char *connector,
                                const char *type);
json_t *kc_active_topics_json(struct kc_status_store *store, const char *connector);

json_t *kc_plugin_list_json(const struct kc_plugins *plugins, bool connectors_only);
struct kc_error *kc_plugin_config_json(const struct kc_plugins *plugins, const char *name,
                                       json_t **keys) KC_MUST_CHECK;

#endif
