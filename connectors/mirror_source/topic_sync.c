/* SPDX-License-Identifier: Apache-2.0 */
/* Settings and ACLs of remote topics, see topic_sync.h. */
#include "mirror_source/topic_sync.h"

#include "connect/log.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.mirror.MirrorSourceConnector");

#define TOPICS_PER_REQUEST 200

/* ---- settings ---- */

static const struct kc_config_entry *find_entry(const struct kc_config_entries *entries,
                                                const char *name)
{
    for (size_t i = 0; entries && i < entries->count; i++)
        if (strcmp(entries->items[i].name, name) == 0)
            return &entries->items[i];
    return NULL;
}

/* Whether the remote topic already has what op would give it. */
static bool is_done(const struct kc_config_entry *remote, const struct kc_config_op *op)
{
    /* A value that comes from the broker isn't the topic's own. */
    bool own = remote && remote->source == RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG;
    if (!remote)
        return false;
    if (!op->value)
        return !own;
    return own && remote->value && strcmp(remote->value, op->value) == 0;
}

size_t kc_sync_config_ops(const struct kc_flow *flow, const struct kc_config_entries *source,
                          const struct kc_config_entries *target, struct kc_config_op *ops)
{
    size_t count = 0;
    for (size_t i = 0; i < source->count; i++) {
        const struct kc_config_entry *entry = &source->items[i];
        bool reset =
            entry->is_default && !kc_name_filter_keeps_default(flow->properties, entry->name);
        struct kc_config_op op = {entry->name, reset ? NULL : entry->value};
        const struct kc_config_entry *remote = find_entry(target, entry->name);
        if (!kc_flow_copies_entry(flow, entry) || (!reset && !entry->value))
            continue;
        /* One setting that the target's version hasn't would have all of them refused. */
        if (target && target->count > 0 && !remote)
            continue;
        if (!is_done(remote, &op))
            ops[count++] = op;
    }
    return count;
}

/* One request's worth of topics. */
struct config_slice {
    const struct kc_flow *flow;
    struct kc_strings names;
    struct kc_strings remotes;
    struct kc_config_entries source[TOPICS_PER_REQUEST];
    struct kc_config_entries target[TOPICS_PER_REQUEST];
    struct kc_error *source_errors[TOPICS_PER_REQUEST];
    struct kc_error *target_errors[TOPICS_PER_REQUEST];
    size_t changed; /* of the whole run */
};

static struct kc_error *sync_topic(struct config_slice *slice, size_t i)
{
    const char *remote = slice->remotes.items[i];
    if (slice->source_errors[i]) {
        kc_warn("Could not read the settings of topic %s on %s: %s", slice->names.items[i],
                slice->flow->config->source, kc_error_text(slice->source_errors[i]));
        return NULL;
    }
    const struct kc_config_entries *source = &slice->source[i];
    const struct kc_config_entries *target = slice->target_errors[i] ? NULL : &slice->target[i];
    struct kc_config_op *ops = kc_calloc(source->count ? source->count : 1, sizeof(*ops));
    size_t count = kc_sync_config_ops(slice->flow, source, target, ops);
    struct kc_error *err =
        count ? kc_admin_alter_topic_config(slice->flow->target, remote, ops, count) : NULL;
    free(ops);
    if (!err) {
        slice->changed += count > 0;
        return NULL;
    }
    if (kc_error_code(err) == KC_ERR_UNSUPPORTED)
        return err;
    kc_warn("Could not alter configuration of topic %s: %s", remote, kc_error_text(err));
    kc_error_destroy(err);
    return NULL;
}

static void reset_slice(struct config_slice *slice)
{
    for (size_t i = 0; i < slice->names.count; i++) {
        kc_config_entries_destroy(&slice->source[i]);
        kc_config_entries_destroy(&slice->target[i]);
        slice->source[i] = slice->target[i] = (struct kc_config_entries){0};
        kc_error_clear(&slice->source_errors[i]);
        kc_error_clear(&slice->target_errors[i]);
    }
    kc_strings_destroy(&slice->names);
    kc_strings_destroy(&slice->remotes);
}

static struct kc_error *sync_slice(struct config_slice *slice)
{
    struct kc_error *err = kc_admin_topic_configs(slice->flow->source, &slice->names, slice->source,
                                                  slice->source_errors);
    if (!err)
        err = kc_admin_topic_configs(slice->flow->target, &slice->remotes, slice->target,
                                     slice->target_errors);
    for (size_t i = 0; !err && i < slice->names.count; i++)
        err = sync_topic(slice, i);
    reset_slice(slice);
    return err;
}

struct kc_error *kc_sync_topic_configs(const struct kc_flow *flow,
                                       const struct kc_flow_topics *topics)
{
    struct kc_error *err = NULL;
    struct config_slice *slice = kc_calloc(1, sizeof(*slice));
    slice->flow = flow;
    for (size_t i = 0; !err && i < topics->count; i++) {
        if (topics->items[i].remote_partitions == 0)
            continue;
        kc_strings_add(&slice->names, topics->items[i].name);
        kc_strings_add(&slice->remotes, topics->items[i].remote);
        if (slice->names.count == TOPICS_PER_REQUEST)
            err = sync_slice(slice);
    }
    if (!err && slice->names.count > 0)
        err = sync_slice(slice);
    if (slice->changed > 0)
        kc_info("Changed the settings of %zu topics on %s.", slice->changed, flow->config->target);
    reset_slice(slice);
    free(slice);
    return err;
}

/* ---- ACLs ---- */

bool kc_sync_acl(const struct kc_flow *flow, const struct kc_acl *source, struct kc_acl *target)
{
    bool allows = source->permission == RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW;
    if (source->resource_type != RD_KAFKA_RESOURCE_TOPIC ||
        source->pattern_type != RD_KAFKA_RESOURCE_PATTERN_LITERAL)
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

static int compare_acls(const void *a_arg, const void *b_arg)
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

/* Those of wanted that existing (sorted) lacks, and each once, at the front of wanted. */
static size_t keep_missing(struct kc_acl *wanted, size_t count, const struct kc_acls *existing)
{
    size_t kept = 0;
    qsort(wanted, count, sizeof(*wanted), compare_acls);
    for (size_t i = 0; i < count; i++) {
        bool repeated = kept > 0 && compare_acls(&wanted[kept - 1], &wanted[i]) == 0;
        bool there = existing->count > 0 && bsearch(&wanted[i], existing->items, existing->count,
                                                    sizeof(*existing->items), compare_acls);
        if (repeated || there)
            free(wanted[i].name);
        else
            wanted[kept++] = wanted[i];
    }
    return kept;
}

static struct kc_error *list_source_acls(const struct kc_flow *flow, bool *no_authorizer,
                                         struct kc_acls *acls)
{
    struct kc_error *err = kc_admin_topic_acls(flow->source, acls);
    if (!err || kc_error_kafka_code(err) != RD_KAFKA_RESP_ERR_SECURITY_DISABLED)
        return err ? kc_error_prefix(err, "Could not describe ACLs on %s cluster",
                                     flow->config->source)
                   : NULL;
    if (!*no_authorizer)
        kc_info("No ACL authorizer is configured on the source Kafka cluster, so no topic ACL "
                "syncing will take place. Consider disabling topic ACL syncing by setting "
                "sync.topic.acls.enabled to 'false'.");
    *no_authorizer = true;
    kc_error_destroy(err);
    return NULL;
}

struct kc_error *kc_sync_topic_acls(const struct kc_flow *flow, bool *no_authorizer)
{
    struct kc_acls source = {0}, target = {0}, missing = {0};
    struct kc_error *err = list_source_acls(flow, no_authorizer, &source);
    if (err || source.count == 0)
        goto out;
    missing.items = kc_calloc(source.count, sizeof(*missing.items));
    for (size_t i = 0; i < source.count; i++)
        if (kc_sync_acl(flow, &source.items[i], &missing.items[missing.count]))
            missing.count++;
    err = kc_admin_topic_acls(flow->target, &target);
    if (err) { /* then all are written, as Java does each time */
        kc_debug("Could not describe ACLs on %s cluster: %s", flow->config->target,
                 kc_error_text(err));
        kc_error_clear(&err);
    }
    if (target.count > 0)
        qsort(target.items, target.count, sizeof(*target.items), compare_acls);
    missing.count = keep_missing(missing.items, missing.count, &target);
    if (missing.count > 0)
        err = kc_admin_create_acls(flow->target, &missing);
    if (err)
        err = kc_error_prefix(err, "Could not sync %zu topic ACLs to %s cluster", missing.count,
                              flow->config->target);
    else if (missing.count > 0)
        kc_info("Copied %zu topic ACLs to %s.", missing.count, flow->config->target);
out:
    for (size_t i = 0; i < missing.count; i++)
        free(missing.items[i].name); /* the other texts belong to source */
    free(missing.items);
    kc_acls_destroy(&source);
    kc_acls_destroy(&target);
    return err;
}
