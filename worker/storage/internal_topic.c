/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes the logs of the internal topics from the worker's settings (KafkaConfig-, KafkaOffset- and
 * KafkaStatusBackingStore.configure).
 *
 * On the thread that makes a store.
 */
#include "storage/internal_topic.h"

#include "connect/log.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static struct kc_logger log =
    KC_LOGGER("org.apache.kafka.connect.runtime.distributed.DistributedConfig");

static const struct checked_topic {
    const char *prefix; /* of its settings */
    const char *topic_key;
    const char *client;  /* the end of its clients' id */
    const char *purpose; /* in messages */
    bool single_partition;
    const char *retries;          /* of the producer; NULL: the default */
    const char *delivery_timeout; /* of the producer; NULL: the default */
} topics[] = {
    [KC_TOPIC_CONFIG] = {"config.storage.", "config.storage.topic", "configs",
                         "connector configurations", true, NULL, "2147483647"},
    [KC_TOPIC_OFFSET] = {"offset.storage.", "offset.storage.topic", "offsets",
                         "source connector offsets", false, NULL, "2147483647"},
    /* The status store retries by itself, because it may have a newer status by then. */
    [KC_TOPIC_STATUS] = {"status.storage.", "status.storage.topic", "statuses",
                         "connector and task statuses", false, "0", NULL},
};

static const char *exactly_once(const struct kc_worker_config *config)
{
    if (config->mode != KC_WORKER_DISTRIBUTED)
        return "disabled";
    const char *support = kc_config_string(config->values, "exactly.once.source.support");
    return support ? support : "disabled";
}

bool kc_exactly_once_leader(const struct kc_worker_config *config)
{
    return strcasecmp(exactly_once(config), "preparing") == 0 || kc_exactly_once_enabled(config);
}

bool kc_exactly_once_enabled(const struct kc_worker_config *config)
{
    return strcasecmp(exactly_once(config), "enabled") == 0;
}

struct kc_error *kc_internal_topic_name(const struct kc_worker_config *config,
                                        enum kc_internal_topic which, const char **name)
{
    static const char *const subjects[] = {"connector configuration", "connector offsets",
                                           "connector status"};
    *name = kc_config_string(config->values, topics[which].topic_key);
    if (*name && (*name)[strspn(*name, " \t")])
        return NULL;
    return kc_error_new(KC_ERR_CONFIG, "Must specify topic for %s. Set %s", subjects[which],
                        topics[which].topic_key);
}

struct kc_map *kc_internal_topic_client(const struct kc_worker_config *config,
                                        enum kc_internal_topic which)
{
    char *base = kc_worker_client_id_base(config);
    char *client_id = kc_asprintf("%s%s", base, topics[which].client);
    struct kc_map *properties = kc_worker_client_properties(config, client_id);
    kc_map_set(properties, "client.id", client_id);
    free(client_id);
    free(base);
    return properties;
}

/* Every other setting with the prefix is one of the topic, except those that Connect decides. */
static struct kc_map *topic_settings(const struct kc_worker_config *config,
                                     enum kc_internal_topic which)
{
    const struct checked_topic *topic = &topics[which];
    struct kc_map *settings = kc_map_subset(config->originals, topic->prefix, true);
    if (topic->single_partition && kc_map_has(settings, "partitions"))
        kc_warn("Ignoring '%spartitions=%s' setting, since config topic partitions is always 1",
                topic->prefix, kc_map_get_or(settings, "partitions", ""));
    if (kc_map_has(settings, "cleanup.policy"))
        kc_warn("Ignoring '%scleanup.policy=%s' setting, since compaction is always used",
                topic->prefix, kc_map_get_or(settings, "cleanup.policy", ""));
    kc_map_remove(settings, "cleanup.policy");
    kc_map_remove(settings, "topic");
    kc_map_remove(settings, "partitions");
    kc_map_remove(settings, "replication.factor");
    return settings;
}

static int64_t topic_number(const struct kc_worker_config *config,
                            const struct checked_topic *topic, const char *name)
{
    if (config->mode != KC_WORKER_DISTRIBUTED)
        return -1; /* the broker's default */
    char *key = kc_asprintf("%s%s", topic->prefix, name);
    int64_t number = kc_config_long(config->values, key);
    free(key);
    return number;
}

static void set_common(const struct kc_worker_config *config, enum kc_internal_topic which,
                       struct kc_kafka_log_settings *settings)
{
    const struct checked_topic *topic = &topics[which];
    settings->create = true;
    settings->config_key = topic->topic_key;
    settings->purpose = topic->purpose;
    settings->single_partition = topic->single_partition;
    settings->partitions =
        topic->single_partition ? 1 : (int32_t)topic_number(config, topic, "partitions");
    settings->replication_factor = (int16_t)topic_number(config, topic, "replication.factor");
}

struct kc_error *kc_internal_topic_log(const struct kc_worker_config *config,
                                       enum kc_internal_topic which, kc_log_listener listener,
                                       void *opaque, struct kc_kafka_log **result)
{
    const struct checked_topic *topic = &topics[which];
    struct kc_kafka_log_settings settings = {.listener = listener, .opaque = opaque};
    struct kc_error *err = kc_internal_topic_name(config, which, &settings.topic);
    if (err)
        return err;
    struct kc_map *client = kc_internal_topic_client(config, which);
    struct kc_map *producer = kc_map_copy(client), *consumer = kc_map_copy(client);
    struct kc_map *topic_config = topic_settings(config, which);
    kc_map_set(producer, "enable.idempotence", "false");
    if (topic->retries)
        kc_map_set(producer, "retries", topic->retries);
    if (topic->delivery_timeout)
        kc_map_set(producer, "delivery.timeout.ms", topic->delivery_timeout);
    /* Exactly-once may have been turned off after a crash. Records of aborted transactions aren't
     * offsets. (Java reads them, and then loses the source records up to there.) */
    if (which == KC_TOPIC_OFFSET)
        kc_map_set_default(consumer, "isolation.level", "read_committed");
    set_common(config, which, &settings);
    settings.producer = producer;
    settings.consumer = consumer;
    settings.admin = client;
    settings.topic_config = topic_config;
    settings.read_committed = which != KC_TOPIC_STATUS && kc_exactly_once_enabled(config);
    err = kc_kafka_log_new(&settings, result);
    kc_map_destroy(client);
    kc_map_destroy(producer);
    kc_map_destroy(consumer);
    kc_map_destroy(topic_config);
    return err;
}

struct kc_error *kc_internal_topic_offsets_log(const struct kc_worker_config *config,
                                               const char *topic, const struct kc_map *producer,
                                               const struct kc_map *consumer,
                                               const struct kc_map *admin, bool read_committed,
                                               kc_log_listener listener, void *opaque,
                                               struct kc_kafka_log **result)
{
    struct kc_map *topic_config = topic_settings(config, KC_TOPIC_OFFSET);
    struct kc_kafka_log_settings settings = {.listener = listener, .opaque = opaque};
    set_common(config, KC_TOPIC_OFFSET, &settings);
    settings.topic = topic;
    settings.producer = producer;
    settings.consumer = consumer;
    settings.admin = admin;
    settings.topic_config = topic_config;
    settings.read_only = producer == NULL;
    settings.config_key = "offsets.storage.topic";
    settings.read_committed = read_committed;
    struct kc_error *err = kc_kafka_log_new(&settings, result);
    kc_map_destroy(topic_config);
    return err;
}
