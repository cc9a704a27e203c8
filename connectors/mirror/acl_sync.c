/* SPDX-License-Identifier: Apache-2.0 */
/* ACLs from source to target, see acl_sync_priv.h. */
#include "mirror/acl_sync_priv.h"

#include "connect/log.h"
#include "connect/rights.h"
#include "mirror/acl_ledger_priv.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.mirror.MirrorSourceConnector");

struct kc_acl_sync {
    const struct kc_flow *flow;
    struct kc_acl_ledger *ledger; /* NULL: nothing is deleted */
    int kinds[3];                 /* resource types */
    size_t kind_count;
    bool no_authorizer; /* the source has none, which was said */
};

/* ---- decisions ---- */

static bool sync_topic_acl(const struct kc_flow *flow, const struct kc_acl *source,
                           struct kc_acl *target)
{
    bool allows = source->permission == RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW;
    if (source->pattern_type != RD_KAFKA_RESOURCE_PATTERN_LITERAL)
        return false;
    /* Nobody but the mirror writes to a remote topic. */
    if (allows && source->operation == RD_KAFKA_ACL_OPERATION_WRITE)
        return false;
    if (!kc_flow_replicates(flow, source->name))
        return false;
    char *remote = kc_policy_remote_topic(flow->config->policy, flow->config->source, source->name);
    if (!remote)
        return false;
    *target = *source;
    target->name = remote;
    if (allows && source->operation == RD_KAFKA_ACL_OPERATION_ALL)
        target->operation = RD_KAFKA_ACL_OPERATION_READ;
    return true;
}

/* Groups and transactional ids have one name everywhere; so have their patterns. */
static bool sync_named_acl(const struct kc_acl *source, struct kc_acl *target)
{
    *target = *source;
    target->name = kc_strdup(source->name);
    return true;
}

bool kc_sync_acl(const struct kc_flow *flow, const struct kc_acl *source, struct kc_acl *target)
{
    switch (source->resource_type) {
    case KC_RESOURCE_TOPIC:
        return sync_topic_acl(flow, source, target);
    case KC_RESOURCE_GROUP:
        return kc_name_filter_accepts(flow->groups, source->name) && sync_named_acl(source, target);
    case KC_RESOURCE_TRANSACTIONAL_ID:
        return sync_named_acl(source, target);
    default:
        return false;
    }
}

int kc_acl_compare(const void *a_arg, const void *b_arg)
{
    const struct kc_acl *a = a_arg, *b = b_arg;
    int order = strcmp(a->name, b->name);
    order = order ? order : strcmp(a->principal, b->principal);
    order = order ? order : strcmp(a->host, b->host);
    order = order ? order : a->operation - b->operation;
    order = order ? order : a->permission - b->permission;
    order = order ? order : a->pattern_type - b->pattern_type;
    return order ? order : a->resource_type - b->resource_type;
}

size_t kc_acl_select(struct kc_acl *some, size_t count, const struct kc_acls *other, bool has)
{
    size_t kept = 0;
    if (count > 1)
        qsort(some, count, sizeof(*some), kc_acl_compare);
    for (size_t i = 0; i < count; i++) {
        bool repeated = kept > 0 && kc_acl_compare(&some[kept - 1], &some[i]) == 0;
        bool there = other->count > 0 && bsearch(&some[i], other->items, other->count,
                                                 sizeof(*other->items), kc_acl_compare);
        if (repeated || there != has)
            continue;
        struct kc_acl kept_one = some[i];
        some[i] = some[kept];
        some[kept++] = kept_one;
    }
    return kept;
}

/* ---- life ---- */

static bool is_on(const struct kc_flow *flow, const char *setting)
{
    return strcasecmp(kc_map_get_or(flow->config->properties, setting, "false"), "true") == 0;
}

struct kc_error *kc_acl_sync_new(const struct kc_flow *flow, struct kc_acl_sync **sync)
{
    struct kc_acl_sync *made = kc_calloc(1, sizeof(*made));
    struct kc_error *err = NULL;
    made->flow = flow;
    made->kinds[made->kind_count++] = KC_RESOURCE_TOPIC;
    if (is_on(flow, KC_SYNC_GROUP_ACLS))
        made->kinds[made->kind_count++] = KC_RESOURCE_GROUP;
    if (is_on(flow, KC_SYNC_TXN_ACLS))
        made->kinds[made->kind_count++] = KC_RESOURCE_TRANSACTIONAL_ID;
    if (is_on(flow, KC_SYNC_ACLS_DELETE))
        err = kc_acl_ledger_new(flow, &made->ledger);
    if (err) {
        kc_acl_sync_destroy(made);
        return err;
    }
    *sync = made;
    return NULL;
}

void kc_acl_sync_destroy(struct kc_acl_sync *sync)
{
    if (!sync)
        return;
    kc_acl_ledger_destroy(sync->ledger);
    free(sync);
}

/* ---- both sides ---- */

static void append(struct kc_acls *all, struct kc_acls *more)
{
    all->items = kc_realloc(all->items, (all->count + more->count + 1) * sizeof(*all->items));
    for (size_t i = 0; i < more->count; i++)
        all->items[all->count++] = more->items[i];
    free(more->items);
    *more = (struct kc_acls){0};
}

static struct kc_error *list(const struct kc_acl_sync *sync, struct kc_admin *admin,
                             struct kc_acls *acls)
{
    struct kc_error *err = NULL;
    for (size_t i = 0; !err && i < sync->kind_count; i++) {
        struct kc_acls of_kind = {0};
        err = kc_admin_acls(admin, sync->kinds[i], &of_kind);
        if (!err)
            append(acls, &of_kind);
    }
    return err;
}

/* *there false: the source has no authorizer, so it has no ACLs. */
static struct kc_error *list_source(struct kc_acl_sync *sync, struct kc_acls *acls, bool *there)
{
    struct kc_error *err = list(sync, sync->flow->source, acls);
    *there = !err;
    if (!err || kc_error_kafka_code(err) != RD_KAFKA_RESP_ERR_SECURITY_DISABLED)
        return err ? kc_error_prefix(err, "Could not describe ACLs on %s cluster",
                                     sync->flow->config->source)
                   : NULL;
    if (!sync->no_authorizer)
        kc_info("No ACL authorizer is configured on the source Kafka cluster, so no topic ACL "
                "syncing will take place. Consider disabling topic ACL syncing by setting "
                "sync.topic.acls.enabled to 'false'.");
    sync->no_authorizer = true;
    kc_error_destroy(err);
    return NULL;
}

/* The target's ACLs, sorted. If they can't be read, none is known: all are written then, as Java
 * does each time, and none is deleted. */
static bool list_target(const struct kc_acl_sync *sync, struct kc_acls *acls)
{
    struct kc_error *err = list(sync, sync->flow->target, acls);
    bool known = !err;
    if (err)
        kc_debug("Could not describe ACLs on %s cluster: %s", sync->flow->config->target,
                 kc_error_text(err));
    kc_error_destroy(err);
    if (acls->count > 1)
        qsort(acls->items, acls->count, sizeof(*acls->items), kc_acl_compare);
    return known;
}

/* What the target must have. The names are its own; the other texts belong to source. */
static struct kc_acls wanted_of(const struct kc_flow *flow, const struct kc_acls *source)
{
    struct kc_acls wanted = {.items = kc_calloc(source->count + 1, sizeof(*wanted.items))};
    for (size_t i = 0; i < source->count; i++)
        if (kc_sync_acl(flow, &source->items[i], &wanted.items[wanted.count]))
            wanted.count++;
    return wanted;
}

/* ---- what follows ---- */

static struct kc_error *create_missing(struct kc_acl_sync *sync, struct kc_acls *wanted,
                                       const struct kc_acls *target)
{
    struct kc_acls missing = {wanted->items, 0};
    struct kc_error *err = NULL;
    missing.count = kc_acl_select(wanted->items, wanted->count, target, false);
    if (missing.count == 0)
        return NULL;
    if (sync->ledger)
        err = kc_acl_ledger_write(sync->ledger, missing.items, missing.count, true);
    if (!err)
        err = kc_admin_create_acls(sync->flow->target, &missing);
    if (err)
        return kc_error_prefix(err, "Could not sync %zu topic ACLs to %s cluster", missing.count,
                               sync->flow->config->target);
    kc_info("Copied %zu %s to %s.", missing.count, sync->kind_count > 1 ? "ACLs" : "topic ACLs",
            sync->flow->config->target);
    return NULL;
}

/* Our ACLs on the target that have no counterpart on the source any more. */
static struct kc_error *delete_stale(struct kc_acl_sync *sync, struct kc_acls *wanted,
                                     const struct kc_acls *target)
{
    struct kc_acls ours = {0};
    kc_acl_ledger_list(sync->ledger, &ours);
    if (wanted->count > 1)
        qsort(wanted->items, wanted->count, sizeof(*wanted->items), kc_acl_compare);
    size_t stale = kc_acl_select(ours.items, ours.count, wanted, false);
    struct kc_acls there = {ours.items, kc_acl_select(ours.items, stale, target, true)};
    struct kc_error *err = kc_admin_delete_acls(sync->flow->target, &there);
    if (!err)
        err = kc_acl_ledger_write(sync->ledger, ours.items, stale, false);
    if (!err && there.count > 0)
        kc_info("Deleted %zu ACLs on %s that this connector had created and that are gone on %s.",
                there.count, sync->flow->config->target, sync->flow->config->source);
    kc_acls_destroy(&ours);
    return err;
}

struct kc_error *kc_acl_sync_run(struct kc_acl_sync *sync)
{
    struct kc_acls source = {0}, target = {0}, wanted = {0};
    bool there = false;
    struct kc_error *err = list_source(sync, &source, &there);
    if (err || !there || (source.count == 0 && !sync->ledger))
        goto out;
    if (sync->ledger)
        err = kc_acl_ledger_load(sync->ledger);
    if (err)
        goto out;
    wanted = wanted_of(sync->flow, &source);
    bool known = list_target(sync, &target);
    err = create_missing(sync, &wanted, &target);
    if (!err && known && sync->ledger)
        err = delete_stale(sync, &wanted, &target);
out:
    for (size_t i = 0; i < wanted.count; i++)
        free(wanted.items[i].name);
    free(wanted.items);
    kc_acls_destroy(&source);
    kc_acls_destroy(&target);
    return err;
}
