/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Remembers which ACLs on the target a connector has created, because it may delete only those.
 *
 * Kept in the compacted topic mm2-acls.SOURCE.internal on the target, whose keys name the connector
 * and the ACL. An ACL is entered before it is created, so that none is forgotten. On the
 * connector's scheduler thread.
 */
#ifndef CONNECTORS_MIRROR_ACL_LEDGER_PRIV_H
#define CONNECTORS_MIRROR_ACL_LEDGER_PRIV_H

#include "mirror/flow_topics.h"

struct kc_acl_ledger;

struct kc_error *kc_acl_ledger_new(const struct kc_flow *flow,
                                   struct kc_acl_ledger **ledger) KC_MUST_CHECK;
void kc_acl_ledger_destroy(struct kc_acl_ledger *ledger); /* NULL is fine */

/* Creates the topic if it is missing, and reads its new records. Call it first. */
struct kc_error *kc_acl_ledger_load(struct kc_acl_ledger *ledger) KC_MUST_CHECK;
/* Enters (created) or strikes out count ACLs, and waits until that is written. */
struct kc_error *kc_acl_ledger_write(struct kc_acl_ledger *ledger, const struct kc_acl *acls,
                                     size_t count, bool created) KC_MUST_CHECK;
/* All that are entered. kc_acls_destroy() them. */
void kc_acl_ledger_list(const struct kc_acl_ledger *ledger, struct kc_acls *acls);

/* Keys, for tests: from an ACL to a new text, and back (texts are new). False: the key is another
 * connector's, or no key. */
char *kc_acl_ledger_key(const char *connector, const struct kc_acl *acl);
bool kc_acl_ledger_parse(const char *key, const char *connector, struct kc_acl *acl);

#endif
