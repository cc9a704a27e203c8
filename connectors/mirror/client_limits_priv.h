/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cluster's facts about its clients, without ACLs: quotas, settings of groups, SCRAM users.
 *
 * The log and explain list the facts that the target lacks. It is copied if a setting says so:
 * quotas (sync.quotas.enabled) and settings of the groups that the group filter chooses
 * (sync.group.configs.enabled). Nothing is ever removed. Credentials can't be read from a cluster,
 * so their users are only named. On the connector's scheduler thread, except the note.
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

/* How often to compare: as often as ACLs. If something is copied, also without ACLs. -1: never. */
int64_t kc_client_limits_interval_ms(const struct kc_client_limits *limits);
/* Compares once and acts on it. Facts that a cluster doesn't have or doesn't tell are left out. */
struct kc_error *kc_client_limits_run(struct kc_client_limits *limits) KC_MUST_CHECK;
/* A text for people that says what the target lacks: new; NULL: nothing. Any thread. */
char *kc_client_limits_note(struct kc_client_limits *limits);

/* Moves those of source to the front that target lacks or has with another value. Returns how many.
 */
size_t kc_quotas_select(struct kc_quotas *source, const struct kc_quotas *target);
/* "user alice, client-id default: producer_byte_rate=1024"; new. */
char *kc_quota_print(const struct kc_quota *quota);

#endif
