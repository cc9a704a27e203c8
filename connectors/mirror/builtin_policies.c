/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The replication policies that are linked in: Java's two, and three that others published for
 * clusters that keep topic names. They differ in which names they keep, and in what a kept name
 * means to them. See connect/mirror.h.
 */
#include "connect/log.h"
#include "connect/plugin.h"
#include "mirror/replication_policy.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.mirror.DefaultReplicationPolicy");

enum naming {
    PREFIXED, /* source alias, separator, topic */
    IDENTITY, /* the topic's own name, except heartbeats, which are PREFIXED */
    BARE,     /* the topic's own name without exception; there is no upstream topic */
};

struct named_policy {
    enum naming naming;
    char *separator;
    const char *internal_separator; /* separator or "." */
    char *internal_suffix;
    char *checkpoints_suffix;
    char *source; /* source.cluster.alias; NULL when unset */
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

static struct named_policy *policy_new(const struct kc_map *properties, enum naming naming)
{
    struct named_policy *made = kc_calloc(1, sizeof(*made));
    const char *separator = kc_map_get(properties, "replication.policy.separator");
    const char *own_internal =
        kc_map_get(properties, "replication.policy.internal.topic.separator.enabled");
    made->naming = naming;
    made->separator = kc_strdup(separator ? separator : ".");
    made->internal_separator = made->separator;
    /* As in Java, the flag counts only if a separator is set. */
    if (separator && own_internal && strcasecmp(own_internal, "true") != 0)
        made->internal_separator = ".";
    if (separator)
        kc_info("Remote topics are named with the separator '%s', internal ones with '%s'",
                made->separator, made->internal_separator);
    made->internal_suffix = kc_asprintf("%sinternal", made->internal_separator);
    made->checkpoints_suffix =
        kc_asprintf("%scheckpoints%s", made->internal_separator, made->internal_suffix);
    made->source = kc_strdup(kc_map_get(properties, "source.cluster.alias"));
    return made;
}

static struct kc_error *create_prefixed(const struct kc_map *properties, void **policy)
{
    *policy = policy_new(properties, PREFIXED);
    return NULL;
}

static struct kc_error *create_identity(const struct kc_map *properties, void **policy)
{
    *policy = policy_new(properties, IDENTITY);
    return NULL;
}

static struct kc_error *create_bare(const struct kc_map *properties, void **policy)
{
    if (!kc_map_get(properties, "source.cluster.alias"))
        return kc_error_new(KC_ERR_CONFIG, "Property source.cluster.alias not found");
    *policy = policy_new(properties, BARE);
    return NULL;
}

static void policy_destroy(void *arg)
{
    struct named_policy *policy = arg;
    free(policy->separator);
    free(policy->internal_suffix);
    free(policy->checkpoints_suffix);
    free(policy->source);
    free(policy);
}

static bool keeps_name(const struct named_policy *policy, const char *topic)
{
    return policy->naming == BARE ||
           (policy->naming == IDENTITY && !ends_with(topic, KC_HEARTBEATS_TOPIC));
}

static char *remote_topic(void *arg, const char *source, const char *topic)
{
    const struct named_policy *policy = arg;
    if (keeps_name(policy, topic))
        return kc_strdup(topic);
    return kc_asprintf("%s%s%s", source, policy->separator, topic);
}

/* Bytes of the first character of UTF-8 text. */
static size_t first_char_len(const char *text)
{
    size_t len = *text ? 1 : 0;
    while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
        len++;
    return len;
}

/*
 * The length of the alias in front of topic, or -1 for none. As Java's split(): there must be
 * something other than separators behind the first one. An empty separator splits at each
 * character.
 */
static ptrdiff_t alias_len(const struct named_policy *policy, const char *topic)
{
    size_t separator_len = strlen(policy->separator);
    if (separator_len == 0) {
        size_t len = first_char_len(topic);
        return len && topic[len] ? (ptrdiff_t)len : -1;
    }
    const char *end = strstr(topic, policy->separator);
    if (!end)
        return -1;
    const char *rest = end;
    while (strncmp(rest, policy->separator, separator_len) == 0)
        rest += separator_len;
    return *rest ? end - topic : -1;
}

static char *topic_source(void *arg, const char *topic)
{
    const struct named_policy *policy = arg;
    if (keeps_name(policy, topic))
        return kc_strdup(policy->source);
    ptrdiff_t len = alias_len(policy, topic);
    return len < 0 ? NULL : kc_strndup(topic, (size_t)len);
}

static char *upstream_topic(void *arg, const char *topic)
{
    const struct named_policy *policy = arg;
    if (keeps_name(policy, topic))
        return policy->naming == BARE ? NULL : kc_strdup(topic);
    ptrdiff_t len = alias_len(policy, topic);
    return len < 0 ? NULL : kc_strdup(topic + len + strlen(policy->separator));
}

static char *offset_syncs_topic(void *arg, const char *cluster)
{
    const struct named_policy *policy = arg;
    return kc_asprintf("mm2-offset-syncs%s%s%s", policy->internal_separator, cluster,
                       policy->internal_suffix);
}

static char *checkpoints_topic(void *arg, const char *cluster)
{
    const struct named_policy *policy = arg;
    return kc_asprintf("%s%s", cluster, policy->checkpoints_suffix);
}

static bool is_checkpoints(void *arg, const char *topic)
{
    const struct named_policy *policy = arg;
    return ends_with(topic, policy->checkpoints_suffix);
}

static bool is_mm2_internal(void *arg, const char *topic)
{
    const struct named_policy *policy = arg;
    return (starts_with(topic, "mm2") && ends_with(topic, policy->internal_suffix)) ||
           is_checkpoints(arg, topic);
}

/* A table of operations for each way of naming, and the plugin that has it. */
#define POLICY_OPS(symbol, maker)                                                                  \
    static const struct kc_replication_policy_ops symbol = {                                       \
        .create = (maker),                                                                         \
        .destroy = policy_destroy,                                                                 \
        .remote_topic = remote_topic,                                                              \
        .topic_source = topic_source,                                                              \
        .upstream_topic = upstream_topic,                                                          \
        .offset_syncs_topic = offset_syncs_topic,                                                  \
        .checkpoints_topic = checkpoints_topic,                                                    \
        .is_checkpoints = is_checkpoints,                                                          \
        .is_mm2_internal = is_mm2_internal,                                                        \
    }
POLICY_OPS(prefixed_ops, create_prefixed);
POLICY_OPS(identity_ops, create_identity);
POLICY_OPS(bare_ops, create_bare);

#define POLICY(symbol, class, table)                                                               \
    extern const struct kc_plugin symbol;                                                          \
    const struct kc_plugin symbol = {                                                              \
        KC_PLUGIN_HEAD,        .kind = KC_PLUGIN_REPLICATION_POLICY,                               \
        .class_name = (class), .version = KC_VERSION,                                              \
        .policy = &(table),                                                                        \
    }
POLICY(kc_default_replication_policy, "org.apache.kafka.connect.mirror.DefaultReplicationPolicy",
       prefixed_ops);
POLICY(kc_identity_replication_policy, "org.apache.kafka.connect.mirror.IdentityReplicationPolicy",
       identity_ops);
/* It dates from before Kafka 3.0, when there was no IdentityReplicationPolicy. */
POLICY(kc_strimzi_identity_policy, "io.strimzi.kafka.connect.mirror.IdentityReplicationPolicy",
       bare_ops);
POLICY(kc_aws_custom_policy, "com.amazonaws.kafka.samples.CustomMM2ReplicationPolicy", bare_ops);
POLICY(kc_mawileo_prefixless_policy, "ch.mawileo.kafka.mm2.PrefixlessReplicationPolicy",
       identity_ops);
