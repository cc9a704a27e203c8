/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of remote topics, see topic_sync_priv.h. */
#include "mirror/topic_sync_priv.h"

#include "connect/log.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.mirror.MirrorSourceConnector");

#define TOPICS_PER_REQUEST 200

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
        /* If one setting is unknown to the target's version, it refuses all of them. */
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
