/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Admin calls about what users and groups may do: ACLs of every kind of resource, client quotas,
 * SCRAM users, settings of groups (API 1.3).
 *
 * As in kafka.h, they block until they are done or time out; any thread, several at once. A broker
 * without such an API answers UNSUPPORTED_VERSION; without the right to it,
 * CLUSTER_AUTHORIZATION_FAILED.
 */
#ifndef CONNECT_RIGHTS_H
#define CONNECT_RIGHTS_H

#include "connect/kafka.h"

KC_API_BEGIN

/* resource_type of a kc_acl: the protocol's numbers. */
enum { KC_RESOURCE_TOPIC = 2, KC_RESOURCE_GROUP = 3, KC_RESOURCE_TRANSACTIONAL_ID = 5 };

/* All ACLs on resources of one type; as kc_admin_topic_acls(). */
struct kc_error *kc_admin_acls(struct kc_admin *admin, int resource_type,
                               struct kc_acls *acls) KC_MUST_CHECK;
/* Deletes exactly these. A missing one is no error. */
struct kc_error *kc_admin_delete_acls(struct kc_admin *admin,
                                      const struct kc_acls *acls) KC_MUST_CHECK;

/* One limit of one entity. Never grows. */
struct kc_quota {
    struct kc_map *entity; /* "user", "client-id", "ip" to a name; a null name: the default */
    char *key;             /* "producer_byte_rate", ... */
    double value;
};
/* Never grows. */
struct kc_quotas {
    struct kc_quota *items; /* those of one entity follow each other */
    size_t count;
};
struct kc_error *kc_admin_quotas(struct kc_admin *admin, struct kc_quotas *quotas) KC_MUST_CHECK;
/* Sets these limits and leaves others alone. */
struct kc_error *kc_admin_set_quotas(struct kc_admin *admin,
                                     const struct kc_quotas *quotas) KC_MUST_CHECK;
void kc_quotas_destroy(struct kc_quotas *quotas);

/* The users that have SCRAM credentials, each once for a mechanism: "alice (SCRAM-SHA-512)". */
struct kc_error *kc_admin_scram_users(struct kc_admin *admin,
                                      struct kc_strings *users) KC_MUST_CHECK;

/* The settings of groups (Kafka 4.0); entries[i] and errors[i] as kc_admin_topic_configs(). */
struct kc_error *kc_admin_group_configs(struct kc_admin *admin, const struct kc_strings *names,
                                        struct kc_config_entries *entries,
                                        struct kc_error **errors) KC_MUST_CHECK;
struct kc_error *kc_admin_alter_group_config(struct kc_admin *admin, const char *group,
                                             const struct kc_config_op *ops,
                                             size_t count) KC_MUST_CHECK;
/* source of an entry that is the group's own. */
enum { KC_CONFIG_SOURCE_GROUP = 8 };

KC_API_END

#endif
