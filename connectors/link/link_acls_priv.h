/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may do what on the target: ACLs and quotas that come over from the source, and the guard,
 * which keeps others from writing to mirror topics (link.write.guard=acl).
 *
 * Additive: nothing that the link has copied is ever taken away. A right to write comes over when
 * the topic is promoted, not before.
 *
 * Kafka can't deny a right to all but one: a denial of everybody would deny the link, too. So the
 * guard denies WRITE to each principal that an ACL of the target allows it, but not to the link's
 * own one. These denials are recorded in the state topic before they are made (KC_LINK_GUARD), so
 * that none is left behind, and no other denial is ever removed.
 */
#ifndef CONNECTORS_LINK_LINK_ACLS_PRIV_H
#define CONNECTORS_LINK_LINK_ACLS_PRIV_H

#include "connect/rights.h"
#include "link/link_control_priv.h"

/* ---- link_acls.c: what follows from what; pure, any thread ---- */

/* Names on the target, sorted. */
struct link_acl_names {
    struct kc_strings linked;   /* topics that the link writes */
    struct kc_strings promoted; /* topics that it has let go */
    struct kc_strings groups;
};
void link_acl_names_clear(struct link_acl_names *names);

/* Order of ACLs, for qsort() and bsearch(). */
int link_acl_compare(const void *a, const void *b);
/* Whether an ACL of the source has a counterpart on the target. *target's name is the caller's, its
 * other texts are source's. */
bool link_acl_map(const struct link_config *config, const struct link_acl_names *names,
                  const struct kc_acl *source, struct kc_acl *target);

/* The principal as which the link logs in on the target; the caller's. NULL: it can't be told. */
char *link_guard_principal(const struct link_config *config);
/* Whom the ACLs of the target allow to write to topic; not own. Sorted. */
void link_guard_writers(const struct kc_acls *target, const char *topic, const char *own,
                        struct kc_strings *writers);
/* Denials for those writers that can be denied and aren't yet, added to acls (the caller's, to be
 * destroyed). record: what the link has denied so far; NULL: nothing. Returns the record as it is
 * to be, with "denied" and "reason", which names who isn't kept out. */
json_t *link_guard_plan(const char *topic, const struct kc_strings *writers,
                        const struct kc_acls *target, const json_t *record, struct kc_acls *acls);
/* The denials of a record, added to acls. */
void link_guard_denials(const char *topic, const json_t *record, struct kc_acls *acls);

/* ---- link_acl_keeper.c: on the watch's thread ---- */

struct link_acl_keeper;
struct link_acl_keeper *link_acl_keeper_new(struct link_control *control);
void link_acl_keeper_destroy(struct link_acl_keeper *keeper); /* NULL is fine */
/* To be called every second. Asks clusters when a topic or group has come or moved, and every
 * sync.topic.acls.interval.seconds. */
struct kc_error *link_acl_keeper_step(struct link_acl_keeper *keeper) KC_MUST_CHECK;
/* Removes the guards of topics that aren't in linked (NULL: of all). Any thread. */
struct kc_error *link_guards_remove(struct link_control *control,
                                    const struct kc_strings *linked) KC_MUST_CHECK;

#endif
