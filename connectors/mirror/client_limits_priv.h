/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a cluster knows of its clients beside ACLs: quotas, settings of groups, SCRAM users.
 *
 * What the target lacks of them is listed, in the log and for explain, and copied where a setting
 * says so: quotas (sync.quotas.enabled) and settings of the groups that the group filter chooses
 * (sync.group.configs.enabled). Nothing is ever removed. Credentials can't be read from a cluster,
 * so that their users are only named. On the connector's scheduler thread, but for the note.
 */
#ifndef CONNECTORS_MIRROR_CLIENT_LIMITS_PRIV_H
#define CONNECTORS_MIRROR_CLIENT_LIMITS_PRIV_H

#include "connect/rights.h"
#include "mirror/flow_topics.h"

/* Settings beyond Java's; false unless set. */
#define KC_SYNC_QUOTAS        "sync.quotas.enabled"
#define KC_SYNC_GROUP_CONFIGS "sync.group.configs.enabled"

struct kc_client_limits;
struct kc_client_limits *kc_client_limits_new(const struct kc_flow *flow);
void kc_client_limits_destroy(struct kc_client_limits *limits); /* NULL is fine */

/* How often to compare: as ACLs, and also without those where something is copied; -1: never. */
int64_t kc_client_limits_interval_ms(const struct kc_client_limits *limits);
/* One comparison, and what follows from it. What a cluster doesn't have or tell is left out. */
struct kc_error *kc_client_limits_run(struct kc_client_limits *limits) KC_MUST_CHECK;
/* What the target lacks, for people: a new text, NULL for nothing. Any thread. */
char *kc_client_limits_note(struct kc_client_limits *limits);

/* Those of source that target has not, or with another value: moved to the front; how many. */
size_t kc_quotas_select(struct kc_quotas *source, const struct kc_quotas *target);
/* "user alice, client-id default: producer_byte_rate=1024"; new. */
char *kc_quota_print(const struct kc_quota *quota);

#endif
