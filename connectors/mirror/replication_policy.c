/* SPDX-License-Identifier: Apache-2.0 */
/* Topic naming by a policy plugin, see replication_policy.h. */
#include "mirror/replication_policy.h"

#include <stdlib.h>
#include <string.h>

/* A topic's name has at most 249 characters, so this bounds its way. */
#define MAX_HOPS 250

struct kc_replication_policy {
    const struct kc_replication_policy_ops *ops;
    void *object;
    bool keeps_names;
};

static bool starts_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool ends_with(const char *text, const char *suffix)
{
    size_t text_len = strlen(text), suffix_len = strlen(suffix);
    return text_len >= suffix_len && strcmp(text + text_len - suffix_len, suffix) == 0;
}

/* ---- making ---- */

const struct kc_plugin *kc_replication_policy_find(const char *class_name)
{
    return kc_plugin_find(KC_PLUGIN_REPLICATION_POLICY, class_name);
}

/* Whether an example keeps its name on the other cluster. */
static bool keeps_names(const struct kc_replication_policy *policy)
{
    static const char example[] = "example";
    char *remote = policy->ops->remote_topic(policy->object, "source", example);
    bool keeps = remote && strcmp(remote, example) == 0;
    free(remote);
    return keeps;
}

/* The plugin of the class that properties name, and an object of it. */
static struct kc_error *make_object(const struct kc_map *properties, const char *name,
                                    const struct kc_plugin **plugin, void **object)
{
    *plugin = kc_replication_policy_find(name);
    if (!*plugin)
        return kc_error_new(KC_ERR_CONFIG,
                            "Invalid value %s for configuration replication.policy.class: Class %s "
                            "could not be found. Isthmus has DefaultReplicationPolicy and "
                            "IdentityReplicationPolicy, and those of shared objects on plugin.path",
                            name, name);
    struct kc_error *err = (*plugin)->policy->create(properties, object);
    return err ? kc_error_prefix(err, "Could not make the replication policy %s", name) : NULL;
}

struct kc_error *kc_replication_policy_new(const struct kc_map *properties,
                                           struct kc_replication_policy **policy)
{
    const struct kc_plugin *plugin = NULL;
    void *object = NULL;
    char *name =
        kc_trimmed(kc_map_get_or(properties, "replication.policy.class",
                                 "org.apache.kafka.connect.mirror.DefaultReplicationPolicy"));
    struct kc_error *err = make_object(properties, name, &plugin, &object);
    free(name);
    if (err)
        return err;
    struct kc_replication_policy *made = kc_calloc(1, sizeof(*made));
    made->ops = plugin->policy;
    made->object = object;
    made->keeps_names = keeps_names(made);
    *policy = made;
    return NULL;
}

void kc_replication_policy_destroy(struct kc_replication_policy *policy)
{
    if (!policy)
        return;
    policy->ops->destroy(policy->object);
    free(policy);
}

bool kc_policy_is_identity(const struct kc_replication_policy *policy)
{
    return policy->keeps_names;
}

/* ---- names ---- */

char *kc_policy_remote_topic(const struct kc_replication_policy *policy, const char *source,
                             const char *topic)
{
    return policy->ops->remote_topic(policy->object, source, topic);
}

char *kc_policy_topic_source(const struct kc_replication_policy *policy, const char *topic)
{
    return policy->ops->topic_source(policy->object, topic);
}

char *kc_policy_upstream_topic(const struct kc_replication_policy *policy, const char *topic)
{
    return policy->ops->upstream_topic(policy->object, topic);
}

char *kc_policy_original_topic(const struct kc_replication_policy *policy, const char *topic)
{
    char *name = kc_strdup(topic);
    for (int hop = 0; hop < MAX_HOPS; hop++) {
        char *upstream = kc_policy_upstream_topic(policy, name);
        if (!upstream || strcmp(upstream, name) == 0) {
            free(upstream);
            break;
        }
        free(name);
        name = upstream;
    }
    return name;
}

char *kc_policy_offset_syncs_topic(const struct kc_replication_policy *policy, const char *cluster)
{
    if (policy->ops->offset_syncs_topic)
        return policy->ops->offset_syncs_topic(policy->object, cluster);
    return kc_asprintf("mm2-offset-syncs.%s.internal", cluster);
}

/* Named as the policy names the offset-syncs topic, so that it is internal, too. */
char *kc_policy_offset_index_topic(const struct kc_replication_policy *policy, const char *cluster)
{
    static const char syncs[] = "mm2-offset-syncs", index[] = "mm2-offset-index";
    char *topic = kc_policy_offset_syncs_topic(policy, cluster);
    if (strncmp(topic, syncs, sizeof(syncs) - 1) == 0) {
        memcpy(topic, index, sizeof(index) - 1);
        return topic;
    }
    free(topic);
    return kc_asprintf("%s.%s.internal", index, cluster);
}

char *kc_policy_checkpoints_topic(const struct kc_replication_policy *policy, const char *cluster)
{
    if (policy->ops->checkpoints_topic)
        return policy->ops->checkpoints_topic(policy->object, cluster);
    return kc_asprintf("%s.checkpoints.internal", cluster);
}

bool kc_policy_is_heartbeats(const struct kc_replication_policy *policy, const char *topic)
{
    char *original = kc_policy_original_topic(policy, topic);
    bool is = strcmp(original, KC_HEARTBEATS_TOPIC) == 0;
    free(original);
    return is;
}

bool kc_policy_is_checkpoints(const struct kc_replication_policy *policy, const char *topic)
{
    if (policy->ops->is_checkpoints)
        return policy->ops->is_checkpoints(policy->object, topic);
    return ends_with(topic, ".checkpoints.internal");
}

bool kc_policy_is_mm2_internal(const struct kc_replication_policy *policy, const char *topic)
{
    if (policy->ops->is_mm2_internal)
        return policy->ops->is_mm2_internal(policy->object, topic);
    return (starts_with(topic, "mm2") && ends_with(topic, ".internal")) ||
           kc_policy_is_checkpoints(policy, topic);
}

bool kc_policy_is_internal(const struct kc_replication_policy *policy, const char *topic)
{
    if (policy->ops->is_internal)
        return policy->ops->is_internal(policy->object, topic);
    return starts_with(topic, "__") || starts_with(topic, ".") ||
           kc_policy_is_mm2_internal(policy, topic);
}

bool kc_policy_is_cycle(const struct kc_replication_policy *policy, const char *topic,
                        const char *cluster)
{
    char *name = kc_strdup(topic);
    bool cycle = false, last = false;
    for (int hop = 0; !last && hop < MAX_HOPS; hop++) {
        char *source = kc_policy_topic_source(policy, name);
        char *upstream = source ? kc_policy_upstream_topic(policy, name) : NULL;
        cycle = source && strcmp(source, cluster) == 0;
        last = cycle || !upstream || strcmp(upstream, name) == 0;
        free(source);
        free(name);
        name = upstream;
    }
    free(name);
    return cycle;
}
