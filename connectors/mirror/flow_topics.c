/* SPDX-License-Identifier: Apache-2.0 */
/* Discovery and creation of mirrored topics, see flow_topics.h. */
#include "mirror/flow_topics.h"

#include "connect/log.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.mirror.MirrorSourceConnector");

/* How many topics go into one request. */
#define TOPICS_PER_REQUEST 500

/* ---- the flow ---- */

static struct kc_error *make_filters(struct kc_flow *flow)
{
    const struct kc_map *properties = flow->config->properties;
    struct kc_error *err = kc_name_filter_new(properties, KC_FILTER_TOPICS, &flow->topics);
    if (!err)
        err = kc_name_filter_new(properties, KC_FILTER_GROUPS, &flow->groups);
    return err ? err : kc_name_filter_new(properties, KC_FILTER_PROPERTIES, &flow->properties);
}

struct kc_error *kc_flow_new(struct kc_mirror_config *config, struct kc_flow **flow)
{
    struct kc_flow *made = kc_calloc(1, sizeof(*made));
    made->config = config;
    made->heartbeats = kc_mirror_bool(config, "heartbeats.replication.enabled");
    struct kc_error *err = make_filters(made);
    if (!err)
        err = kc_mirror_admin_new(config, KC_MIRROR_SOURCE, "replication-source-admin",
                                  &made->source);
    if (!err)
        err = kc_mirror_admin_new(config, KC_MIRROR_TARGET, "replication-target-admin",
                                  &made->target);
    if (err) {
        kc_flow_destroy(made);
        return err;
    }
    *flow = made;
    return NULL;
}

struct kc_error *kc_flow_subscribed_new(struct kc_mirror_config *config, struct kc_flow **flow)
{
    struct kc_flow *made = NULL;
    const char *pattern = kc_map_get_or(config->properties, "topics.regex", "");
    struct kc_error *err = kc_flow_new(config, &made);
    if (!err && *pattern)
        err = kc_regex_new(pattern, &made->subscription);
    else if (!err) /* by names, which the filter knows; heartbeats must be one of them */
        made->heartbeats = false;
    if (err) {
        kc_flow_destroy(made);
        return err;
    }
    *flow = made;
    return NULL;
}

void kc_flow_destroy(struct kc_flow *flow)
{
    if (!flow)
        return;
    kc_name_filter_destroy(flow->topics);
    kc_regex_destroy(flow->subscription);
    kc_name_filter_destroy(flow->groups);
    kc_name_filter_destroy(flow->properties);
    if (flow->source)
        kc_admin_destroy(flow->source);
    if (flow->target)
        kc_admin_destroy(flow->target);
    free(flow);
}

bool kc_flow_replicates(const struct kc_flow *flow, const char *topic)
{
    const struct kc_replication_policy *policy = flow->config->policy;
    bool chosen = kc_name_filter_accepts(flow->topics, topic) ||
                  (flow->heartbeats && kc_policy_is_heartbeats(policy, topic));
    if (flow->subscription && !kc_regex_matches(flow->subscription, topic))
        return false;
    return chosen && !kc_policy_is_internal(policy, topic) &&
           !kc_policy_is_cycle(policy, topic, flow->config->target);
}

/* ---- listing ---- */

struct kc_error *kc_flow_list_source(const struct kc_flow *flow, struct kc_flow_topics *topics)
{
    struct kc_topic_infos all = {0};
    struct kc_error *err = kc_admin_topics(flow->source, NULL, &all);
    if (err)
        return kc_error_prefix(err, "Could not list topics on %s cluster", flow->config->source);
    topics->items = kc_calloc(all.count ? all.count : 1, sizeof(*topics->items));
    topics->count = 0;
    for (size_t i = 0; i < all.count; i++) {
        const struct kc_topic_info *info = &all.items[i];
        if (info->partitions <= 0 || !kc_flow_replicates(flow, info->name))
            continue;
        char *remote =
            kc_policy_remote_topic(flow->config->policy, flow->config->source, info->name);
        if (!remote) /* the policy has no name for it */
            continue;
        topics->items[topics->count++] = (struct kc_flow_topic){
            .name = kc_strdup(info->name),
            .remote = remote,
            .partitions = info->partitions,
        };
    }
    kc_topic_infos_destroy(&all);
    return NULL;
}

static int by_name(const void *key, const void *info)
{
    return strcmp(key, ((const struct kc_topic_info *)info)->name);
}

struct kc_error *kc_flow_list_target(const struct kc_flow *flow, struct kc_flow_topics *topics)
{
    struct kc_topic_infos all = {0};
    struct kc_error *err = kc_admin_topics(flow->target, NULL, &all);
    if (err)
        return kc_error_prefix(err, "Could not list topics on %s cluster", flow->config->target);
    for (size_t i = 0; all.count > 0 && i < topics->count; i++) {
        struct kc_flow_topic *topic = &topics->items[i];
        const struct kc_topic_info *info =
            bsearch(topic->remote, all.items, all.count, sizeof(*all.items), by_name);
        if (info && info->partitions > topic->remote_partitions)
            topic->remote_partitions = info->partitions;
    }
    kc_topic_infos_destroy(&all);
    return NULL;
}

/* ---- settings ---- */

bool kc_flow_copies_entry(const struct kc_flow *flow, const struct kc_config_entry *entry)
{
    return !entry->is_read_only && !entry->is_sensitive &&
           entry->source != RD_KAFKA_CONFIG_SOURCE_STATIC_BROKER_CONFIG &&
           kc_name_filter_accepts(flow->properties, entry->name);
}

struct kc_map *kc_flow_creation_config(const struct kc_flow *flow,
                                       const struct kc_config_entries *entries)
{
    struct kc_map *config = kc_map_new();
    for (size_t i = 0; i < entries->count; i++) {
        const struct kc_config_entry *entry = &entries->items[i];
        bool wanted =
            !entry->is_default || kc_name_filter_keeps_default(flow->properties, entry->name);
        if (wanted && entry->value && kc_flow_copies_entry(flow, entry))
            kc_map_set(config, entry->name, entry->value);
    }
    return config;
}

/* ---- creation ---- */

/* A slice of the missing topics, on its way through one round of requests. */
struct creation {
    const struct kc_flow *flow;
    struct kc_flow_topic *topics[TOPICS_PER_REQUEST];
    struct kc_new_topic wanted[TOPICS_PER_REQUEST];
    struct kc_map *configs[TOPICS_PER_REQUEST];
    size_t count;
    struct kc_config_entries known; /* settings on the target; empty: not asked for yet */
};

static bool replication_factor_is_default(const struct kc_flow *flow)
{
    return !kc_map_has(flow->config->properties, "replication.factor");
}

/* The settings that the target's topics have, by those of any topic there. */
static struct kc_error *learn_settings(struct creation *creation)
{
    struct kc_admin *target = creation->flow->target;
    struct kc_topic_infos topics = {0};
    struct kc_strings name = {0};
    struct kc_error *failed = NULL;
    if (creation->known.count > 0)
        return NULL;
    struct kc_error *err = kc_admin_topics(target, NULL, &topics);
    if (!err && topics.count > 0) {
        kc_strings_add(&name, topics.items[0].name);
        err = kc_admin_topic_configs(target, &name, &creation->known, &failed);
        err = err ? err : failed;
    }
    kc_strings_destroy(&name);
    kc_topic_infos_destroy(&topics);
    return err;
}

static bool is_known(const struct creation *creation, const char *setting)
{
    for (size_t i = 0; i < creation->known.count; i++)
        if (strcmp(creation->known.items[i].name, setting) == 0)
            return true;
    return false;
}

/* Leaves out settings that the target's version of Kafka lacks. Returns whether there were any. */
static bool drop_unknown(struct creation *creation, size_t index)
{
    struct kc_strings unknown = {0};
    struct kc_map *config = creation->configs[index];
    struct kc_error *err = learn_settings(creation);
    if (err)
        kc_debug("Could not learn the settings of topics on %s: %s", creation->flow->config->target,
                 kc_error_text(err));
    kc_error_destroy(err);
    kc_map_foreach (config, entry) {
        if (creation->known.count > 0 && !is_known(creation, entry->key))
            kc_strings_add(&unknown, entry->key);
    }
    for (size_t i = 0; i < unknown.count; i++) {
        kc_warn("Creating %s on %s without the setting %s=%s, which brokers there don't know.",
                creation->wanted[index].name, creation->flow->config->target, unknown.items[i],
                kc_map_get(config, unknown.items[i]));
        kc_map_remove(config, unknown.items[i]);
    }
    bool any = unknown.count > 0;
    kc_strings_destroy(&unknown);
    return any;
}

/* Whether to try again to create the topic; if so, the try is prepared. */
static bool prepare_retry(struct creation *creation, size_t index, int code)
{
    struct kc_new_topic *wanted = &creation->wanted[index];
    if (code == RD_KAFKA_RESP_ERR_INVALID_CONFIG)
        return drop_unknown(creation, index);
    if (code != RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR || wanted->replication_factor == -1 ||
        !replication_factor_is_default(creation->flow))
        return false;
    kc_warn("%s has too few brokers for the default replication.factor of %d: creating %s with the "
            "brokers' own default. Set replication.factor to choose.",
            creation->flow->config->target, wanted->replication_factor, wanted->name);
    wanted->replication_factor = -1;
    return true;
}

/* Handles the result for one topic; takes err. True: try again. */
static bool note_created(struct creation *creation, size_t index, struct kc_error *err)
{
    struct kc_flow_topic *topic = creation->topics[index];
    int code = err ? kc_error_kafka_code(err) : 0;
    bool retry = err && prepare_retry(creation, index, code);
    if (!err) {
        topic->remote_partitions = topic->partitions;
        kc_info("Created remote topic %s with %d partitions.", topic->remote, topic->partitions);
    } else if (code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
        topic->unlisted = true;
    } else if (!retry) {
        topic->not_ours_to_create = code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
                                    code == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED;
        kc_warn("Could not create topic %s on %s: %s. Its records %s.", topic->remote,
                creation->flow->config->target, kc_error_text(err),
                topic->not_ours_to_create ? "are mirrored all the same, in case it is created by "
                                            "someone else"
                                          : "wait on the source until it exists");
    }
    kc_error_destroy(err);
    return retry;
}

static struct kc_error *request_creation(struct creation *creation)
{
    struct kc_error *errors[TOPICS_PER_REQUEST] = {0};
    size_t again = 0;
    struct kc_error *err =
        kc_admin_create_topics(creation->flow->target, creation->wanted, creation->count, errors);
    if (err)
        return kc_error_prefix(err, "Could not create %zu topics on %s cluster", creation->count,
                               creation->flow->config->target);
    for (size_t i = 0; i < creation->count; i++) {
        if (!note_created(creation, i, errors[i]))
            continue;
        struct kc_map *config = creation->configs[i];
        creation->topics[again] = creation->topics[i];
        creation->wanted[again] = creation->wanted[i];
        creation->configs[i] = creation->configs[again]; /* all of them are destroyed in the end */
        creation->configs[again++] = config;
    }
    creation->count = again;
    return again > 0 ? request_creation(creation) : NULL;
}

/* Reads the source topics' settings and fills in what to create. */
static struct kc_error *prepare_creation(struct creation *creation)
{
    const struct kc_flow *flow = creation->flow;
    struct kc_strings names = {0};
    struct kc_config_entries entries[TOPICS_PER_REQUEST] = {0};
    struct kc_error *errors[TOPICS_PER_REQUEST] = {0};
    size_t kept = 0;
    for (size_t i = 0; i < creation->count; i++)
        kc_strings_add(&names, creation->topics[i]->name);
    struct kc_error *err = kc_admin_topic_configs(flow->source, &names, entries, errors);
    for (size_t i = 0; !err && i < creation->count; i++) {
        struct kc_flow_topic *topic = creation->topics[i];
        if (errors[i]) {
            kc_warn("Could not read the settings of topic %s on %s, so it isn't created yet: %s",
                    topic->name, flow->config->source, kc_error_text(errors[i]));
            kc_error_destroy(errors[i]);
            continue;
        }
        creation->configs[kept] = kc_flow_creation_config(flow, &entries[i]);
        creation->topics[kept] = topic;
        creation->wanted[kept] = (struct kc_new_topic){
            topic->remote, topic->partitions,
            (int16_t)kc_mirror_long(flow->config, "replication.factor"), creation->configs[kept]};
        kept++;
    }
    for (size_t i = 0; i < names.count; i++)
        kc_config_entries_destroy(&entries[i]);
    kc_strings_destroy(&names);
    creation->count = kept;
    return err ? kc_error_prefix(err, "Could not read topic settings on %s cluster",
                                 flow->config->source)
               : NULL;
}

static struct kc_error *create_slice(struct creation *creation)
{
    struct kc_error *err = prepare_creation(creation);
    size_t configs = err ? 0 : creation->count;
    if (!err && creation->count > 0)
        err = request_creation(creation);
    for (size_t i = 0; i < configs; i++)
        kc_map_destroy(creation->configs[i]);
    creation->count = 0;
    return err;
}

static struct kc_error *create_topics(const struct kc_flow *flow, struct kc_flow_topics *topics)
{
    struct kc_error *err = NULL;
    struct creation *creation = kc_calloc(1, sizeof(*creation));
    creation->flow = flow;
    for (size_t i = 0; !err && i < topics->count; i++) {
        if (topics->items[i].remote_partitions == 0)
            creation->topics[creation->count++] = &topics->items[i];
        if (creation->count == TOPICS_PER_REQUEST)
            err = create_slice(creation);
    }
    if (!err && creation->count > 0)
        err = create_slice(creation);
    kc_config_entries_destroy(&creation->known);
    free(creation);
    return err;
}

static void extend_topic(const struct kc_flow *flow, struct kc_flow_topic *topic)
{
    struct kc_error *err =
        kc_admin_create_partitions(flow->target, topic->remote, topic->partitions);
    if (!err) {
        kc_info("Increased size of %s to %d partitions.", topic->remote, topic->partitions);
        topic->remote_partitions = topic->partitions;
    } else if (kc_error_kafka_code(err) != RD_KAFKA_RESP_ERR_INVALID_PARTITIONS) {
        topic->not_ours_to_create =
            kc_error_kafka_code(err) == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
        kc_warn("Could not create topic-partitions for %s: %s", topic->remote, kc_error_text(err));
    }
    kc_error_destroy(err);
}

struct kc_error *kc_flow_create_missing(const struct kc_flow *flow, struct kc_flow_topics *topics)
{
    struct kc_error *err = create_topics(flow, topics);
    for (size_t i = 0; i < topics->count; i++) {
        struct kc_flow_topic *topic = &topics->items[i];
        if (topic->remote_partitions > 0 && topic->remote_partitions < topic->partitions)
            extend_topic(flow, topic);
    }
    return err;
}

/* ---- lists ---- */

bool kc_flow_topics_equal_source(const struct kc_flow_topics *a, const struct kc_flow_topics *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (a->items[i].partitions != b->items[i].partitions ||
            strcmp(a->items[i].name, b->items[i].name) != 0)
            return false;
    return true;
}

void kc_flow_topics_inherit(struct kc_flow_topics *topics, const struct kc_flow_topics *from,
                            bool only_unlisted)
{
    size_t at = 0;
    for (size_t i = 0; i < topics->count; i++) {
        struct kc_flow_topic *topic = &topics->items[i];
        if (only_unlisted && !topic->unlisted)
            continue;
        while (at < from->count && strcmp(from->items[at].name, topic->name) < 0)
            at++;
        if (at == from->count || strcmp(from->items[at].name, topic->name) != 0)
            continue;
        topic->remote_partitions = from->items[at].remote_partitions;
        topic->not_ours_to_create = from->items[at].not_ours_to_create;
    }
}

int32_t kc_flow_topic_ready(const struct kc_flow_topic *topic)
{
    if (topic->not_ours_to_create || topic->remote_partitions > topic->partitions)
        return topic->partitions;
    return topic->remote_partitions;
}

size_t kc_flow_topics_ready(const struct kc_flow_topics *topics)
{
    size_t ready = 0;
    for (size_t i = 0; i < topics->count; i++)
        ready += (size_t)kc_flow_topic_ready(&topics->items[i]);
    return ready;
}

void kc_flow_topics_clear(struct kc_flow_topics *topics)
{
    for (size_t i = 0; i < topics->count; i++) {
        free(topics->items[i].name);
        free(topics->items[i].remote);
    }
    free(topics->items);
    *topics = (struct kc_flow_topics){0};
}
