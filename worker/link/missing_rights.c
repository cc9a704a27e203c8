/* SPDX-License-Identifier: Apache-2.0 */
/* Rights that one cluster gives and the other doesn't: see connect/missing_rights.h. */
#include "connect/missing_rights.h"

#include <stdlib.h>
#include <string.h>

enum { MOST = 10000 };

bool kc_acl_is_for(const struct kc_acl *acl, const char *name)
{
    if (acl->pattern_type == RD_KAFKA_RESOURCE_PATTERN_PREFIXED)
        return strncmp(name, acl->name, strlen(acl->name)) == 0;
    return strcmp(acl->name, "*") == 0 || strcmp(acl->name, name) == 0;
}

/* "READ", "WRITE"; NULL: an operation that clients don't need, or a denial. */
static const char *operation_of(const struct kc_acl *acl)
{
    if (acl->permission != RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW)
        return NULL;
    switch (acl->operation) {
    case RD_KAFKA_ACL_OPERATION_READ:
        return "READ";
    case RD_KAFKA_ACL_OPERATION_WRITE:
        return "WRITE";
    case RD_KAFKA_ACL_OPERATION_ALL:
        return "ALL";
    default:
        return NULL;
    }
}

static bool is_about(const struct kc_acl *acl, const struct kc_acl *wanted, const char *name)
{
    return kc_acl_is_for(acl, name) &&
           (acl->operation == wanted->operation || acl->operation == RD_KAFKA_ACL_OPERATION_ALL) &&
           (strcmp(acl->principal, wanted->principal) == 0 ||
            strcmp(acl->principal, "User:*") == 0);
}

/* A denial counts before what allows the same (StandardAuthorizer). */
static bool grants(const struct kc_acls *acls, const struct kc_acl *wanted, const char *name,
                   bool denials)
{
    bool allowed = false;
    for (size_t i = 0; i < acls->count; i++) {
        const struct kc_acl *acl = &acls->items[i];
        if (!is_about(acl, wanted, name))
            continue;
        if (acl->permission == RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW)
            allowed = true;
        else if (denials && acl->permission == RD_KAFKA_ACL_PERMISSION_TYPE_DENY)
            return false;
    }
    return allowed;
}

static void add(struct kc_missing_rights *missing, const char *name, const struct kc_acl *acl)
{
    for (size_t i = 0; i < missing->count; i++)
        if (strcmp(missing->items[i].name, name) == 0 &&
            strcmp(missing->items[i].principal, acl->principal) == 0 &&
            strcmp(missing->items[i].operation, operation_of(acl)) == 0)
            return;
    missing->items = kc_realloc(missing->items, (missing->count + 1) * sizeof(*missing->items));
    missing->items[missing->count++] = (struct kc_missing_right){
        kc_strdup(name), kc_strdup(acl->principal), kc_strdup(operation_of(acl))};
}

void kc_missing_rights_find(const struct kc_two_names *names, size_t count,
                            const struct kc_acls *source, const struct kc_acls *target,
                            bool denials, struct kc_missing_rights *missing)
{
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < source->count && missing->count < MOST; k++) {
            const struct kc_acl *acl = &source->items[k];
            if (operation_of(acl) && kc_acl_is_for(acl, names[i].source) &&
                !grants(target, acl, names[i].target, denials))
                add(missing, names[i].target, acl);
        }
}

void kc_missing_rights_clear(struct kc_missing_rights *missing)
{
    for (size_t i = 0; i < missing->count; i++) {
        free(missing->items[i].name);
        free(missing->items[i].principal);
        free(missing->items[i].operation);
    }
    free(missing->items);
    *missing = (struct kc_missing_rights){0};
}
