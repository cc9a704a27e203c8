/* SPDX-License-Identifier: Apache-2.0 */
/* Topic naming, see replication_policy.h. */
#include "common/replication_policy.h"

#include "connect/log.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.mirror.DefaultReplicationPolicy");

struct kc_replication_policy {
    bool identity;
    char *separator;
    const char *internal_separator; /* separator or "." */
    char *internal_suffix;
    char *checkpoints_suffix;
    char *source; /* source.cluster.alias, for identity; NULL when unset */
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

/* The class called name, with or without its package; identity tells which. */
static struct kc_error *parse_class(const char *name, bool *identity)
{
    static const char package[] = "org.apache.kafka.connect.mirror.";
    const char *simple = starts_with(name, package) ? name + sizeof(package) - 1 : name;
    *identity = strcmp(simple, "IdentityReplicationPolicy") == 0;
    if (*identity || strcmp(simple, "DefaultReplicationPolicy") == 0)
        return NULL;
    return kc_error_new(KC_ERR_CONFIG,
                        "Invalid value %s for configuration replication.policy.class: Class %s "
                        "could not be found. Isthmus has DefaultReplicationPolicy and "
                        "IdentityReplicationPolicy",
                        name, name);
}

struct kc_error *kc_replication_policy_new(const struct kc_map *properties,
                                           struct kc_replication_policy **policy)
{
    bool identity = false;
    struct kc_error *err = parse_class(
        kc_map_get_or(properties, "replication.policy.class", "DefaultReplicationPolicy"),
        &identity);
    if (err)
        return err;
    struct kc_replication_policy *made = kc_calloc(1, sizeof(*made));
    const char *separator = kc_map_get(properties, "replication.policy.separator");
    const char *own_internal =
        kc_map_get(properties, "replication.policy.internal.topic.separator.enabled");
    made->identity = identity;
    made->separator = kc_strdup(separator ? separator : ".");
    made->internal_separator = made->separator;
    /* The flag counts only beside a separator that is set, as in Java. */
    if (separator && own_internal && strcasecmp(own_internal, "true") != 0)
        made->internal_separator = ".";
    if (separator)
        kc_info("Remote topics are named with the separator '%s', internal ones with '%s'",
                made->separator, made->internal_separator);
    made->internal_suffix = kc_asprintf("%sinternal", made->internal_separator);
    made->checkpoints_suffix =
        kc_asprintf("%scheckpoints%s", made->internal_separator, made->internal_suffix);
    made->source = kc_strdup(kc_map_get(properties, "source.cluster.alias"));
    *policy = made;
    return NULL;
}

void kc_replication_policy_destroy(struct kc_replication_policy *policy)
{
    if (!policy)
        return;
    free(policy->separator);
    free(policy->internal_suffix);
    free(policy->checkpoints_suffix);
    free(policy->source);
    free(policy);
}

bool kc_policy_is_identity(const struct kc_replication_policy *policy)
{
    return policy->identity;
}

/* Identity keeps names, but heartbeats are told apart by theirs. */
static bool keeps_name(const struct kc_replication_policy *policy, const char *topic)
{
    return policy->identity && !ends_with(topic, KC_HEARTBEATS_TOPIC);
}

char *kc_policy_remote_topic(const struct kc_replication_policy *policy, const char *source,
                             const char *topic)
{
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
static ptrdiff_t alias_len(const struct kc_replication_policy *policy, const char *topic)
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

char *kc_policy_topic_source(const struct kc_replication_policy *policy, const char *topic)
{
    if (keeps_name(policy, topic))
        return kc_strdup(policy->source);
    ptrdiff_t len = alias_len(policy, topic);
    return len < 0 ? NULL : kc_strndup(topic, (size_t)len);
}

char *kc_policy_upstream_topic(const struct kc_replication_policy *policy, const char *topic)
{
    if (keeps_name(policy, topic))
        return kc_strdup(topic);
    ptrdiff_t len = alias_len(policy, topic);
    return len < 0 ? NULL : kc_strdup(topic + len + strlen(policy->separator));
}

char *kc_policy_original_topic(const struct kc_replication_policy *policy, const char *topic)
{
    char *name = kc_strdup(topic);
    for (;;) {
        char *upstream = kc_policy_upstream_topic(policy, name);
        if (!upstream || strcmp(upstream, name) == 0) {
            free(upstream);
            return name;
        }
        free(name);
        name = upstream;
    }
}

char *kc_policy_offset_syncs_topic(const struct kc_replication_policy *policy, const char *cluster)
{
    return kc_asprintf("mm2-offset-syncs%s%s%s", policy->internal_separator, cluster,
                       policy->internal_suffix);
}

char *kc_policy_checkpoints_topic(const struct kc_replication_policy *policy, const char *cluster)
{
    return kc_asprintf("%s%s", cluster, policy->checkpoints_suffix);
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
    return ends_with(topic, policy->checkpoints_suffix);
}

bool kc_policy_is_mm2_internal(const struct kc_replication_policy *policy, const char *topic)
{
    return (starts_with(topic, "mm2") && ends_with(topic, policy->internal_suffix)) ||
           kc_policy_is_checkpoints(policy, topic);
}

bool kc_policy_is_internal(const struct kc_replication_policy *policy, const char *topic)
{
    return starts_with(topic, "__") || starts_with(topic, ".") ||
           kc_policy_is_mm2_internal(policy, topic);
}

bool kc_policy_is_cycle(const struct kc_replication_policy *policy, const char *topic,
                        const char *cluster)
{
    char *name = kc_strdup(topic);
    bool cycle = false;
    for (;;) {
        char *source = kc_policy_topic_source(policy, name);
        char *upstream = source ? kc_policy_upstream_topic(policy, name) : NULL;
        cycle = source && strcmp(source, cluster) == 0;
        bool last = cycle || !upstream || strcmp(upstream, name) == 0;
        free(source);
        free(name);
        name = upstream;
        if (last)
            break;
    }
    free(name);
    return cycle;
}
