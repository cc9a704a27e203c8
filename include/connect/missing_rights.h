/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may use topics at a source cluster, and not what they become at the target: for proposals of
 * waves and for the check of a gateway (API 1.3). Pure functions, any thread.
 */
#ifndef CONNECT_MISSING_RIGHTS_H
#define CONNECT_MISSING_RIGHTS_H

#include "connect/kafka.h"

KC_API_BEGIN

/* A topic, a group or a transactional id, by its names on the two sides. Never grows. */
struct kc_two_names {
    const char *source;
    const char *target;
};
/* Never grows. */
struct kc_missing_right {
    char *name; /* at the target */
    char *principal;
    char *operation; /* "READ", "WRITE", "ALL" */
};
/* Zero-initialise it. Never grows. */
struct kc_missing_rights {
    struct kc_missing_right *items;
    size_t count;
};
/* Appends what ACLs of the source allow (READ, WRITE and ALL), and those of the target don't, each
 * once. denials: who is denied something at the target hasn't the right to it, either. */
void kc_missing_rights_find(const struct kc_two_names *names, size_t count,
                            const struct kc_acls *source, const struct kc_acls *target,
                            bool denials, struct kc_missing_rights *missing);
void kc_missing_rights_clear(struct kc_missing_rights *missing);

/* Whether an ACL is for a resource of that name. */
bool kc_acl_is_for(const struct kc_acl *acl, const char *name);

KC_API_END

#endif
