/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps the target's ACLs like the source's: those of mirrored topics and, optionally, of groups
 * and transactional ids.
 *
 * Compares first and writes only what is missing. Nothing is deleted unless
 * sync.topic.acls.delete=true, and then only what the connector itself has created
 * (acl_ledger_priv.h). On the connector's scheduler thread; the decisions are pure functions.
 */
#ifndef CONNECTORS_MIRROR_ACL_SYNC_PRIV_H
#define CONNECTORS_MIRROR_ACL_SYNC_PRIV_H

#include "mirror/flow_topics.h"

/* Settings beyond Java's; false unless set. */
#define KC_SYNC_GROUP_ACLS  "sync.group.acls.enabled"
#define KC_SYNC_TXN_ACLS    "sync.transactional.id.acls.enabled"
#define KC_SYNC_ACLS_DELETE "sync.topic.acls.delete"

struct kc_acl_sync;
struct kc_error *kc_acl_sync_new(const struct kc_flow *flow,
                                 struct kc_acl_sync **sync) KC_MUST_CHECK;
void kc_acl_sync_destroy(struct kc_acl_sync *sync); /* NULL is fine */

/* One comparison, and what follows from it. */
struct kc_error *kc_acl_sync_run(struct kc_acl_sync *sync) KC_MUST_CHECK;

/* The ACL that the target must have; false: this one isn't copied. target->name is new, its other
 * texts are borrowed from source. */
bool kc_sync_acl(const struct kc_flow *flow, const struct kc_acl *source, struct kc_acl *target);

/* Orders ACLs by all that they say. */
int kc_acl_compare(const void *a, const void *b);
/* Sorts some (count ACLs). Moves to the front those that other (sorted) has, or lacks, each once.
 * Returns how many; the rest stands behind them. */
size_t kc_acl_select(struct kc_acl *some, size_t count, const struct kc_acls *other, bool has);

#endif
