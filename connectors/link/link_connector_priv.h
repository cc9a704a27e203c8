/* SPDX-License-Identifier: Apache-2.0 */
/*
 * KafkaLinkConnector as the worker sees it: what its files give each other.
 */
#ifndef CONNECTORS_LINK_LINK_CONNECTOR_PRIV_H
#define CONNECTORS_LINK_LINK_CONNECTOR_PRIV_H

#include "connect/plugin.h"
#include "link/link_control_priv.h"

/* link_connector.c */
extern const struct kc_plugin link_plugin;
/* link_task.c */
extern const struct kc_source_task_ops link_task_ops;

/* link_check.c: what can't be seen from the settings alone. Logs in on both sides, each within some
 * seconds, and adds what is wrong to values. Any thread. */
void link_check(const struct kc_map *properties, struct kc_config_values *values);

/* A link's record of itself in the state topic. */
struct link_self {
    char *identity; /* its producer id follows from it: kc_link_producer_id() */
    char *source_cluster_id;
    char *target_cluster_id;
    char
        *source_servers; /* its bootstrap servers, as it was last reached by; NULL: not noted yet */
    char *reverse_of; /* of a link back: the link that it is the reverse of, as noted last; NULL */
    int64_t since_ms;
    struct kc_strings paused; /* parts that people have paused: link_parts_priv.h */
};
/* link_self.c. False: there is none yet, or it can't be read. */
bool link_self_load(struct link_store *store, struct link_self *self);
struct kc_error *link_self_save(struct link_store *store, const struct link_self *self,
                                int timeout_ms) KC_MUST_CHECK;
void link_self_clear(struct link_self *self);

#endif
