/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An example of a plugin with a replication policy and a topic filter, built outside the worker:
 *
 *     cc -shared -fPIC -I<prefix>/include suffix_policy.c -o suffix_policy.so
 *
 * The policy puts the source's alias behind the name (orders is orders_at_west on the target); the
 * filter takes topics that begin with example.topics.prefix.
 */
#include "connect/plugin.h"

#include <stdlib.h>
#include <string.h>

#define SUFFIX "_at_"

/* ---- the policy: it has nothing to remember ---- */

static struct kc_error *policy_create(const struct kc_map *properties, void **policy)
{
    *policy = NULL;
    return NULL;
}

static void policy_destroy(void *policy)
{
}

static char *remote_topic(void *policy, const char *source, const char *topic)
{
    return strcmp(topic, "nameless") == 0 ? NULL : kc_asprintf("%s" SUFFIX "%s", topic, source);
}

/* The last suffix of topic; NULL: it has none. */
static const char *find_suffix(const char *topic)
{
    const char *found = NULL;
    for (const char *at = strstr(topic, SUFFIX); at; at = strstr(at + 1, SUFFIX))
        found = at;
    return found;
}

static char *topic_source(void *policy, const char *topic)
{
    const char *suffix = find_suffix(topic);
    return suffix ? kc_strdup(suffix + strlen(SUFFIX)) : NULL;
}

static char *upstream_topic(void *policy, const char *topic)
{
    const char *suffix = find_suffix(topic);
    return suffix ? kc_strndup(topic, (size_t)(suffix - topic)) : NULL;
}

static const struct kc_replication_policy_ops policy_ops = {
    .create = policy_create,
    .destroy = policy_destroy,
    .remote_topic = remote_topic,
    .topic_source = topic_source,
    .upstream_topic = upstream_topic,
};

/* ---- the filter ---- */

static struct kc_error *filter_create(const struct kc_map *properties, void **filter)
{
    const char *prefix = kc_map_get(properties, "example.topics.prefix");
    if (!prefix)
        return kc_error_new(KC_ERR_CONFIG, "Set example.topics.prefix: topics that begin with it "
                                           "are mirrored");
    *filter = kc_strdup(prefix);
    return NULL;
}

static bool filter_accepts(void *filter, const char *name)
{
    return strncmp(name, filter, strlen(filter)) == 0;
}

static const struct kc_name_filter_ops filter_ops = {
    .create = filter_create,
    .destroy = free,
    .accepts = filter_accepts,
};

/* ---- what the worker looks for ---- */

static const struct kc_plugin policy = {
    KC_PLUGIN_HEAD,
    .kind = KC_PLUGIN_REPLICATION_POLICY,
    .class_name = "org.example.SuffixReplicationPolicy",
    .version = "1.0",
    .policy = &policy_ops,
};

static const struct kc_plugin filter = {
    KC_PLUGIN_HEAD,   .kind = KC_PLUGIN_TOPIC_FILTER, .class_name = "org.example.PrefixTopicFilter",
    .version = "1.0", .filter = &filter_ops,
};

/* No policy: the worker has to refuse it by name. */
static const struct kc_plugin incomplete = {
    KC_PLUGIN_HEAD,
    .kind = KC_PLUGIN_REPLICATION_POLICY,
    .class_name = "org.example.IncompletePolicy",
};

KC_PLUGINS(&policy, &filter, &incomplete);
