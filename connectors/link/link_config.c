/* SPDX-License-Identifier: Apache-2.0 */
/*
 * KafkaLinkConnector's settings: the table, the parsing, and what clients and names follow from
 * them (link_config_priv.h).
 *
 * What means the same as in MirrorMaker 2 has MirrorMaker 2's name, and clients are configured as
 * there: source.cluster.*, then consumer.*, then source.consumer.*. Pure but for
 * link_admin_new().
 */
#include "link/link_config_priv.h"

#include "mirror/mirror_config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- validators ---- */

struct link_option_set {
    const char *key;
    const char *const *options;
};

static const char *const offset_options[] = {"preserve", "translate", NULL};
static const char *const gap_options[] = {"auto", "markers", "translate", NULL};
static const char *const promotion_options[] = {"auto", "manual", NULL};
static const char *const protocol_options[] = {"auto", "classic", "consumer", NULL};
static const char *const guard_options[] = {"detect", "acl", NULL};
static const char *const marker_options[] = {"auto", "coordinator", "direct", NULL};

static const struct link_option_set option_sets[] = {
    {"link.offsets", offset_options},
    {"link.gaps", gap_options},
    {"link.groups.promotion", promotion_options},
    {"link.group.protocol", protocol_options},
    {"link.write.guard", guard_options},
    {"link.markers", marker_options},
};

static struct kc_error *valid_option(const char *name, const char *value)
{
    for (size_t i = 0; i < sizeof(option_sets) / sizeof(option_sets[0]); i++)
        if (strcmp(option_sets[i].key, name) == 0)
            return kc_config_one_of(name, value, option_sets[i].options, false);
    return NULL;
}

static bool parse_start(const char *value, int64_t *start)
{
    char *end = NULL;
    if (!value)
        return false;
    if (strcmp(value, "earliest") == 0 || strcmp(value, "latest") == 0) {
        *start = *value == 'e' ? -2 : -1;
        return true;
    }
    errno = 0;
    *start = strtoll(value, &end, 10);
    return end != value && !*end && !errno && *start >= 0;
}

static struct kc_error *valid_start(const char *name, const char *value)
{
    int64_t start = 0;
    return parse_start(value, &start)
               ? NULL
               : kc_config_invalid(name, value,
                                   "Value must be earliest, latest, or a time in milliseconds "
                                   "since 1970");
}

/* -1, or at least 1. */
static struct kc_error *valid_rate(const char *name, const char *value)
{
    long long rate = value ? strtoll(value, NULL, 10) : 0;
    return rate == -1 || rate >= 1
               ? NULL
               : kc_config_invalid(name, value, "Value must be -1 (no limit) or at least 1");
}

/* -1, or at least 1. Kafka has nothing else, and would refuse each mirror topic. */
static struct kc_error *valid_factor(const char *name, const char *value)
{
    long factor = value ? strtol(value, NULL, 10) : 0;
    return factor == -1 || factor >= 1
               ? NULL
               : kc_config_invalid(name, value,
                                   "Value must be -1 (the target's default) or at least 1");
}

/* Shorter leases would be lost to a slow broker; longer ones only make take-overs slow. */
static struct kc_error *valid_lease(const char *name, const char *value)
{
    long long ms = value ? strtoll(value, NULL, 10) : 0;
    return ms >= 1000 && ms <= 600000
               ? NULL
               : kc_config_invalid(name, value, "Value must be between 1000 and 600000");
}

/* What may stand in a topic's name (Topic.LEGAL_CHARS), because the prefix becomes part of it. */
static struct kc_error *valid_prefix(const char *name, const char *value)
{
    size_t len = value ? strlen(value) : 0;
    for (size_t i = 0; i < len; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-", value[i]))
            return kc_config_invalid(name, value,
                                     "Value may have letters, digits, '.', '_' and '-'");
    return len > 200 ? kc_config_invalid(name, value, "Value may have 200 characters") : NULL;
}

/* ---- keys ---- */

/* clang-format off */
const struct kc_config_key link_config_keys[LINK_CONFIG_KEYS] = {
    KC_MIRROR_KEY("source.cluster.bootstrap.servers", LIST, kc_config_required, HIGH, NULL,
     "Brokers of the cluster that topics and groups come from. Security settings stand beside it: "
     "source.cluster.security.protocol, source.cluster.sasl.mechanism, ..."),
    KC_MIRROR_KEY("target.cluster.bootstrap.servers", LIST, kc_config_required, HIGH, NULL,
     "Brokers of the cluster that topics and groups move to, with its security settings beside "
     "it. State topic and mirror topics are there."),
    KC_MIRROR_KEY("source.cluster.alias", STRING, "source", HIGH, NULL,
     "The name of the source cluster in messages and metrics."),
    KC_MIRROR_KEY("target.cluster.alias", STRING, "target", HIGH, NULL,
     "The name of the target cluster in messages and metrics."),
    KC_MIRROR_KEY("topics", LIST, "", HIGH, NULL,
     "Which topics are mirrored by themselves, now and when they appear: names and regular "
     "expressions. None by default: name them here, or one by one over REST."),
    KC_MIRROR_KEY("topics.exclude", LIST, "mm2.*\\.internal,.*\\.replica,__.*", HIGH, NULL,
     "Which topics are left out, even when topics names them: names and regular expressions."),
    KC_MIRROR_KEY("groups", LIST, "", HIGH, NULL,
     "Which consumer groups are registered by themselves: names and regular expressions. None by "
     "default."),
    KC_MIRROR_KEY("groups.exclude", LIST, "console-consumer-.*,connect-.*,__.*", HIGH, NULL,
     "Which groups are left out, even when groups names them: names and regular expressions."),
    KC_MIRROR_KEY("config.properties.exclude", LIST,
     "follower\\.replication\\.throttled\\.replicas,"
     "leader\\.replication\\.throttled\\.replicas,"
     "unclean\\.leader\\.election\\.enable,"
     "min\\.insync\\.replicas", HIGH, NULL,
     "Which topic settings aren't copied: names and regular expressions."),
    KC_MIRROR_KEY("topic.filter.class", CLASS,
     "org.apache.kafka.connect.mirror.DefaultTopicFilter", LOW, NULL,
     "The class that chooses topics: DefaultTopicFilter, or that of a plugin."),
    KC_MIRROR_KEY("group.filter.class", CLASS,
     "org.apache.kafka.connect.mirror.DefaultGroupFilter", LOW, NULL,
     "The class that chooses groups: DefaultGroupFilter, or that of a plugin."),
    KC_MIRROR_KEY("config.property.filter.class", CLASS,
     "org.apache.kafka.connect.mirror.DefaultConfigPropertyFilter", LOW, NULL,
     "The class that chooses topic settings: DefaultConfigPropertyFilter, or that of a plugin."),
    KC_MIRROR_KEY("replication.factor", SHORT, "-1", LOW, valid_factor,
     "The replication factor of mirror topics and of the state topic, where the link makes them; "
     "-1: the target's default."),
    KC_MIRROR_KEY("refresh.topics.enabled", BOOLEAN, "true", LOW, NULL,
     "Whether topics that match later, and partitions that are added, are taken up, too."),
    KC_MIRROR_KEY("refresh.topics.interval.seconds", LONG, "5", LOW, kc_config_at_least_1,
     "How often the source is looked at for topics that match and for more partitions."),
    KC_MIRROR_KEY("sync.topic.configs.enabled", BOOLEAN, "true", LOW, NULL,
     "Whether changes of topic settings are copied to mirror topics."),
    KC_MIRROR_KEY("sync.topic.configs.interval.seconds", LONG, "60", LOW, kc_config_at_least_1,
     "How often topic settings are compared."),
    KC_MIRROR_KEY("sync.topic.acls.enabled", BOOLEAN, "true", LOW, NULL,
     "Whether ACLs of mirror topics are copied, additively. Rights to write follow when a topic "
     "is promoted."),
    KC_MIRROR_KEY("sync.group.acls.enabled", BOOLEAN, "true", LOW, NULL,
     "Whether ACLs of mirror groups are copied, additively."),
    KC_MIRROR_KEY("sync.quotas.enabled", BOOLEAN, "false", LOW, NULL,
     "Whether quotas of the users that copied ACLs name are copied, where the target has none."),
    KC_MIRROR_KEY("sync.topic.acls.interval.seconds", LONG, "600", LOW, kc_config_at_least_1,
     "How often ACLs and quotas are compared."),
    KC_MIRROR_KEY("admin.timeout.ms", LONG, "60000", LOW, kc_config_at_least_1,
     "How long one administrative call may take."),
    KC_MIRROR_KEY("link.offsets", STRING, "preserve", MEDIUM, valid_option,
     "preserve: records have the source's offsets. translate: records are appended one after the "
     "other, and an index (topic isthmus-link-index) says exactly which offset became which."),
    KC_MIRROR_KEY("link.start", STRING, "earliest", MEDIUM, valid_start,
     "Where new mirror topics begin: earliest, latest, or a time in milliseconds since 1970."),
    KC_MIRROR_KEY("link.gaps", STRING, "auto", LOW, valid_option,
     "How preserve fills offsets that hold no visible record: auto (records of the next key "
     "without value in compacted topics, markers elsewhere), markers, or translate (a partition has "
     "the source's offsets up to the first such offset, and translated ones from there on)."),
    KC_MIRROR_KEY("link.groups.promotion", STRING, "auto", MEDIUM, valid_option,
     "auto: a group is promoted when its last member has left the source. manual: on request."),
    KC_MIRROR_KEY("link.group.idle.ms", LONG, "5000", LOW, kc_config_at_least_0,
     "How long a group must have had no member at the source before it is promoted."),
    KC_MIRROR_KEY("link.group.protocol", STRING, "auto", LOW, valid_option,
     "How groups are held on the target: auto: as they are on the source. classic. consumer: by the "
     "protocol of KIP-848, which a target of Kafka 4.0 takes; consumers of both protocols can wait."),
    KC_MIRROR_KEY("link.group.sync.ms", LONG, "1000", LOW, kc_config_at_least_1,
     "How often offsets of held groups are brought over."),
    KC_MIRROR_KEY("link.write.guard", STRING, "detect", MEDIUM, valid_option,
     "detect: writes of others to mirror topics are found. acl: they are denied by ACLs, which "
     "the link makes and removes."),
    KC_MIRROR_KEY("link.write.guard.principal", STRING, "", LOW, NULL,
     "The link's own principal on the target, as User:link, where it doesn't follow from a name in "
     "its login. It is needed for link.write.guard=acl, which mustn't deny the link itself."),
    KC_MIRROR_KEY("link.markers", STRING, "auto", LOW, valid_option,
     "How offsets without a record are made: coordinator (empty transactions), direct "
     "(WriteTxnMarkers, which needs CLUSTER_ACTION), or auto: direct where the right is there."),
    KC_MIRROR_KEY("link.throttle.bytes.per.second", LONG, "-1", MEDIUM, valid_rate,
     "Bytes a second of the whole link, at most; -1: no limit. History gives way to what is "
     "written now."),
    KC_MIRROR_KEY("link.verify.interval.ms", LONG, "0", LOW, kc_config_at_least_0,
     "How often checksums of source and target are compared; 0: never."),
    KC_MIRROR_KEY("link.topic.prefix", STRING, "", MEDIUM, valid_prefix,
     "What mirror topics have in front of the source's name, where clusters are merged."),
    KC_MIRROR_KEY("link.group.prefix", STRING, "", MEDIUM, valid_prefix,
     "The same for mirror groups."),
    KC_MIRROR_KEY("link.reverse.of", STRING, "", LOW, NULL,
     "Of a link back: the name of the link whose promoted topics go on as mirror topics of this "
     "one. Source and target are that link's target and source."),
    KC_MIRROR_KEY("link.lease.ms", LONG, "10000", LOW, valid_lease,
     "How long a task's right to write lasts without being renewed. A successor of a task that "
     "ended without notice waits for half as long again."),
};
/* clang-format on */

/* ---- parsing ---- */

static struct kc_error *make_filters(struct link_config *config)
{
    static const char *const keys[] = {"topics", "topics.exclude", "groups", "groups.exclude",
                                       "config.properties.exclude"};
    struct kc_map *properties = kc_map_copy(config->properties);
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        char *list = kc_strings_join(kc_config_list(config->values, keys[i]), ",");
        kc_map_set(properties, keys[i], list);
        free(list);
    }
    struct kc_error *err = kc_name_filter_new(properties, KC_FILTER_TOPICS, &config->topics);
    if (!err)
        err = kc_name_filter_new(properties, KC_FILTER_GROUPS, &config->groups);
    if (!err)
        err = kc_name_filter_new(properties, KC_FILTER_PROPERTIES, &config->settings);
    kc_map_destroy(properties);
    return err;
}

static bool is_set(const struct link_config *config, const char *key, const char *option)
{
    const char *value = kc_config_string(config->values, key);
    return value && strcmp(value, option) == 0;
}

static void read_values(struct link_config *config)
{
    const struct kc_config *values = config->values;
    config->gaps = is_set(config, "link.gaps", "markers")     ? KC_LINK_GAPS_MARKERS
                   : is_set(config, "link.gaps", "translate") ? KC_LINK_GAPS_TRANSLATE
                                                              : KC_LINK_GAPS_AUTO;
    bool translates = is_set(config, "link.offsets", "translate");
    config->offsets =
        translates || config->gaps == KC_LINK_GAPS_TRANSLATE ? KC_LINK_TRANSLATE : KC_LINK_PRESERVE;
    if (translates && config->gaps == KC_LINK_GAPS_TRANSLATE)
        config->gaps = KC_LINK_GAPS_AUTO; /* there are none on the target */
    parse_start(kc_config_string(values, "link.start"), &config->start);
    config->promote_groups = is_set(config, "link.groups.promotion", "auto");
    config->group_idle_ms = kc_config_long(values, "link.group.idle.ms");
    config->group_sync_ms = kc_config_long(values, "link.group.sync.ms");
    config->guard = is_set(config, "link.write.guard", "acl") ? LINK_GUARD_ACL : LINK_GUARD_DETECT;
    config->markers = is_set(config, "link.markers", "coordinator") ? LINK_MARKERS_COORDINATOR
                      : is_set(config, "link.markers", "direct")    ? LINK_MARKERS_DIRECT
                                                                    : LINK_MARKERS_AUTO;
    config->throttle = kc_config_long(values, "link.throttle.bytes.per.second");
    config->verify_interval_ms = kc_config_long(values, "link.verify.interval.ms");
    config->lease_ms = kc_config_long(values, "link.lease.ms");
    config->topic_prefix = kc_config_string(values, "link.topic.prefix");
    config->group_prefix = kc_config_string(values, "link.group.prefix");
    config->reverse_of = kc_config_string(values, "link.reverse.of");
}

static struct kc_error *read_task(struct link_config *config)
{
    const char *index = kc_map_get(config->properties, "task.index");
    const char *count = kc_map_get(config->properties, "task.count");
    config->task = index ? (int)strtol(index, NULL, 10) : -1;
    config->tasks = count ? (int)strtol(count, NULL, 10) : 0;
    if (config->task < 0 || config->task >= config->tasks)
        return kc_error_new(KC_ERR_CONFIG,
                            "Task %s of %s isn't a task of link '%s': task.index and task.count "
                            "are set by the connector, not by hand",
                            index ? index : "?", count ? count : "?", config->name);
    return NULL;
}

struct kc_error *link_config_new(const struct kc_map *properties, bool is_task,
                                 struct link_config **config)
{
    struct link_config *made = kc_calloc(1, sizeof(*made));
    struct kc_config_def *def = kc_config_def_new(link_config_keys, LINK_CONFIG_KEYS);
    struct kc_error *err = kc_config_parse(def, properties, &made->values);
    kc_config_def_destroy(def);
    if (err)
        goto out;
    made->properties = kc_config_originals(made->values);
    made->name = kc_map_get_or(made->properties, "name", "");
    made->task = -1;
    read_values(made);
    if (is_task)
        err = read_task(made);
    if (!err)
        err = make_filters(made);
    if (err)
        goto out;
    *config = made;
    made = NULL;
out:
    link_config_destroy(made);
    return err;
}

void link_config_destroy(struct link_config *config)
{
    if (!config)
        return;
    kc_name_filter_destroy(config->topics);
    kc_name_filter_destroy(config->groups);
    kc_name_filter_destroy(config->settings);
    kc_config_destroy(config->values);
    free(config);
}

/* ---- clients ---- */

struct kc_map *link_client_properties(const struct link_config *config, enum link_side side,
                                      enum kc_client_role role, const char *use)
{
    char *label = config->task < 0 ? kc_strdup(config->name)
                                   : kc_asprintf("%s-%d", config->name, config->task);
    const struct kc_mirror_config mirror = {.properties = config->properties, .label = label};
    struct kc_map *properties = kc_mirror_client_properties(
        &mirror, side == LINK_SOURCE ? KC_MIRROR_SOURCE : KC_MIRROR_TARGET, role, use);
    free(label);
    return properties;
}

struct kc_error *link_admin_new(const struct link_config *config, enum link_side side,
                                const char *use, struct kc_admin **admin)
{
    struct kc_map *properties = link_client_properties(config, side, KC_CLIENT_ADMIN, use);
    struct kc_error *err = kc_admin_new(properties, admin);
    kc_map_destroy(properties);
    if (err)
        return kc_error_prefix(err, "Link '%s' can't make its client of the %s cluster",
                               config->name, side == LINK_SOURCE ? "source" : "target");
    kc_admin_set_timeout(*admin, kc_timeout_ms(kc_config_long(config->values, "admin.timeout.ms")));
    return NULL;
}

/* ---- names ---- */

char *link_target_topic(const struct link_config *config, const char *source_topic)
{
    return kc_asprintf("%s%s", config->topic_prefix, source_topic);
}

char *link_target_group(const struct link_config *config, const char *source_group)
{
    return kc_asprintf("%s%s", config->group_prefix, source_group);
}

static char *without(const char *prefix, const char *name)
{
    size_t len = strlen(prefix);
    return strncmp(name, prefix, len) == 0 && name[len] ? kc_strdup(name + len) : NULL;
}

char *link_source_topic(const struct link_config *config, const char *target_topic)
{
    return without(config->topic_prefix, target_topic);
}

char *link_source_group(const struct link_config *config, const char *target_group)
{
    return without(config->group_prefix, target_group);
}

/* FNV-1a: every worker gets the same number, unlike with kc_hash(). */
int link_task_of(const char *name, int tasks)
{
    uint32_t hash = 2166136261U;
    for (const char *c = name; *c; c++)
        hash = (hash ^ (uint8_t)*c) * 16777619U;
    return tasks > 0 ? (int)(hash % (uint32_t)tasks) : 0;
}
