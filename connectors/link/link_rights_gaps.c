/* SPDX-License-Identifier: Apache-2.0 */
/* Who may use a topic at the source, and not on the target: see link_propose_priv.h. */
#include "link/link_propose_priv.h"

#include "connect/rights.h"

#include <stdlib.h>
#include <string.h>

enum { SECURITY_DISABLED = 54, MOST = 10000 };

static bool is_for(const struct kc_acl *acl, const char *topic)
{
    if (acl->pattern_type == RD_KAFKA_RESOURCE_PATTERN_PREFIXED)
        return strncmp(topic, acl->name, strlen(acl->name)) == 0;
    return strcmp(acl->name, "*") == 0 || strcmp(acl->name, topic) == 0;
}

/* "READ", "WRITE"; NULL: an operation that clients don't need. */
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

static bool grants(const struct kc_acls *acls, const struct kc_acl *wanted, const char *topic)
{
    for (size_t i = 0; i < acls->count; i++) {
        const struct kc_acl *acl = &acls->items[i];
        if (acl->permission == RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW && is_for(acl, topic) &&
            (acl->operation == wanted->operation || acl->operation == RD_KAFKA_ACL_OPERATION_ALL) &&
            (strcmp(acl->principal, wanted->principal) == 0 ||
             strcmp(acl->principal, "User:*") == 0))
            return true;
    }
    return false;
}

static void add_gap(struct link_rights_gaps *gaps, const char *topic, const struct kc_acl *acl)
{
    for (size_t i = 0; i < gaps->count; i++)
        if (strcmp(gaps->items[i].topic, topic) == 0 &&
            strcmp(gaps->items[i].principal, acl->principal) == 0 &&
            strcmp(gaps->items[i].operation, operation_of(acl)) == 0)
            return;
    gaps->items = kc_realloc(gaps->items, (gaps->count + 1) * sizeof(*gaps->items));
    gaps->items[gaps->count++] = (struct link_rights_gap){
        kc_strdup(topic), kc_strdup(acl->principal), kc_strdup(operation_of(acl))};
}

void link_rights_gaps_find(const struct link_mirror *mirrors, size_t count,
                           const struct kc_acls *source, const struct kc_acls *target,
                           struct link_rights_gaps *gaps)
{
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < source->count && gaps->count < MOST; k++) {
            const struct kc_acl *acl = &source->items[k];
            if (operation_of(acl) && is_for(acl, mirrors[i].order.source_topic) &&
                !grants(target, acl, mirrors[i].name))
                add_gap(gaps, mirrors[i].name, acl);
        }
}

/* The ACLs on topics of a side; none where it has no authorizer. Returns why not; NULL: known. */
static char *ask_acls(struct link_control *control, enum link_side side, struct kc_acls *acls,
                      bool *open)
{
    char *why = NULL;
    struct kc_admin *admin = link_live_admin(control->live, side, &why);
    struct kc_error *err = admin ? kc_admin_acls(admin, KC_RESOURCE_TOPIC, acls) : NULL;
    *open = kc_error_kafka_code(err) == SECURITY_DISABLED;
    if (*open)
        kc_error_clear(&err);
    return err ? link_live_failed(control->live, side, err) : why;
}

/* ---- users ---- */

void link_scram_gaps_find(const struct kc_strings *source, const struct kc_strings *target,
                          struct link_rights_gaps *gaps)
{
    for (size_t i = 0; i < source->count && gaps->users.count < MOST; i++)
        if (!kc_strings_contain(target, source->items[i]))
            kc_strings_add(&gaps->users, source->items[i]);
}

static char *ask_users(struct link_control *control, enum link_side side, struct kc_strings *users)
{
    char *why = NULL;
    struct kc_admin *admin = link_live_admin(control->live, side, &why);
    struct kc_error *err = admin ? kc_admin_scram_users(admin, users) : NULL;
    return err ? link_live_failed(control->live, side, err) : why;
}

static void load_users(struct link_control *control, struct link_rights_gaps *gaps)
{
    struct kc_strings source = {0}, target = {0};
    gaps->users_unknown = ask_users(control, LINK_SOURCE, &source);
    if (!gaps->users_unknown)
        gaps->users_unknown = ask_users(control, LINK_TARGET, &target);
    if (!gaps->users_unknown)
        link_scram_gaps_find(&source, &target, gaps);
    kc_strings_destroy(&source);
    kc_strings_destroy(&target);
}

/* ---- all of it ---- */

void link_rights_gaps_load(struct link_control *control, const struct link_mirror *mirrors,
                           size_t count, struct link_rights_gaps *gaps)
{
    load_users(control, gaps);
    struct kc_acls source = {0}, target = {0};
    bool source_open = false, target_open = false;
    gaps->unknown = ask_acls(control, LINK_SOURCE, &source, &source_open);
    if (!gaps->unknown)
        gaps->unknown = ask_acls(control, LINK_TARGET, &target, &target_open);
    /* A target without an authorizer lets everybody in. */
    if (!gaps->unknown && !target_open)
        link_rights_gaps_find(mirrors, count, &source, &target, gaps);
    kc_acls_destroy(&source);
    kc_acls_destroy(&target);
}

void link_rights_gaps_clear(struct link_rights_gaps *gaps)
{
    for (size_t i = 0; i < gaps->count; i++) {
        free(gaps->items[i].topic);
        free(gaps->items[i].principal);
        free(gaps->items[i].operation);
    }
    free(gaps->items);
    free(gaps->unknown);
    kc_strings_destroy(&gaps->users);
    free(gaps->users_unknown);
    *gaps = (struct link_rights_gaps){0};
}

void link_rights_gaps_view(const struct link_rights_gaps *gaps, const char *topic, json_t *list)
{
    for (size_t i = 0; i < gaps->count; i++) {
        const struct link_rights_gap *gap = &gaps->items[i];
        if (strcmp(gap->topic, topic) != 0)
            continue;
        char *message = kc_asprintf("%s has %s on the source's topic, and not on %s at the target. "
                                    "Grant it there before its clients move",
                                    gap->principal, gap->operation, topic);
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:s, s:b}", "mirror_topic_name", topic, "code",
                                        "MISSING_CLIENT_RIGHTS", "message", message, "warning", 1));
        free(message);
    }
}
