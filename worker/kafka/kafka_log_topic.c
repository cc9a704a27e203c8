/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The topic beneath a replayed log: created when missing, checked when not
 * (KafkaTopicBasedBackingStore, TopicAdmin).
 *
 * On the thread that starts the log. Messages are Connect's, because operators know them.
 */
#include "connect/log.h"
#include "kafka/kafka_log_priv.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.util.TopicAdmin");

#define ATTEMPT_MS         10000
#define METADATA_WAIT_MS   30000
#define METADATA_PAUSE_MS  1000
#define DEFAULT_BACKOFF_MS 100

struct kc_error *kc_kafka_log_pause(const atomic_bool *cancel, int64_t ms)
{
    int64_t end = kc_mono_ms() + ms;
    for (;;) {
        if (cancel && atomic_load(cancel))
            return kc_error_new(KC_ERR_WAKEUP, "Stopped while starting");
        int64_t left = end - kc_mono_ms();
        if (left <= 0)
            return NULL;
        usleep((useconds_t)(left < 50 ? left : 50) * 1000);
    }
}

static int64_t setting_ms(const struct kc_map *properties, const char *key, int64_t fallback)
{
    const char *text = properties ? kc_map_get(properties, key) : NULL;
    long long number = text ? strtoll(text, NULL, 10) : 0;
    return number > 0 ? number : fallback;
}

/* ---- creation ---- */

enum outcome { CREATED, FOUND, UNKNOWN };

/* After these codes Connect continues, because the topic may exist or be created by a broker. */
static bool tolerable(int code)
{
    return code == RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION ||
           code == RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE ||
           code == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED ||
           code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
}

/* Too few brokers yet, or none that answers. */
static bool worth_waiting(const struct kc_error *err)
{
    int code = kc_error_kafka_code(err);
    return code == RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR || kc_error_retriable(err);
}

static struct kc_error *try_create(struct kc_kafka_log *this, const struct kc_new_topic *topic,
                                   enum outcome *outcome)
{
    struct kc_error *of_topic = NULL;
    struct kc_error *err = kc_admin_create_topics(this->admin, topic, 1, &of_topic);
    if (!err)
        err = of_topic;
    *outcome = CREATED;
    if (!err)
        return NULL;
    int code = kc_error_kafka_code(err);
    if (code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS || tolerable(code)) {
        *outcome = code == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS ? FOUND : UNKNOWN;
        kc_debug("Assuming that topic '%s' exists: %s", topic->name, kc_error_text(err));
        kc_error_clear(&err);
    }
    return err;
}

static struct kc_error *create_retrying(struct kc_kafka_log *this, const struct kc_new_topic *topic,
                                        const atomic_bool *cancel, enum outcome *outcome)
{
    int64_t deadline =
        kc_mono_ms() + setting_ms(this->settings.admin, "default.api.timeout.ms", 60000);
    int64_t backoff = setting_ms(this->settings.admin, "retry.backoff.ms", DEFAULT_BACKOFF_MS);
    for (;;) {
        struct kc_error *err = try_create(this, topic, outcome);
        int64_t left = deadline - kc_mono_ms();
        if (!err)
            return NULL;
        if (!worth_waiting(err) || left <= 0)
            return kc_error_prefix(err, "Error while attempting to create/find topic(s) '%s'",
                                   topic->name);
        kc_info("'%s' topic creation failed due to '%s', retrying, %lldms remaining", topic->name,
                kc_error_text(err), (long long)left);
        kc_error_clear(&err);
        err = kc_kafka_log_pause(cancel, backoff);
        if (err)
            return err;
    }
}

static struct kc_error *create(struct kc_kafka_log *this, const atomic_bool *cancel,
                               enum outcome *outcome)
{
    struct kc_map *config =
        this->settings.topic_config ? kc_map_copy(this->settings.topic_config) : kc_map_new();
    kc_map_set(config, "cleanup.policy", "compact");
    struct kc_new_topic topic = {
        .name = this->settings.topic,
        .partitions = this->settings.single_partition ? 1 : this->settings.partitions,
        .replication_factor = this->settings.replication_factor,
        .config = config,
    };
    struct kc_error *err = create_retrying(this, &topic, cancel, outcome);
    if (!err && *outcome == CREATED)
        kc_info("Created topic '%s' for %s", topic.name,
                this->settings.purpose ? this->settings.purpose : "a log");
    kc_map_destroy(config);
    return err;
}

/* ---- checks ---- */

static struct kc_error *wrong_policy(const struct kc_kafka_log *this, const char *policy)
{
    const struct kc_kafka_log_settings *s = &this->settings;
    return kc_error_new(
        KC_ERR_CONFIG,
        "Topic '%s' supplied via the '%s' property is required to have 'cleanup.policy=compact' to "
        "guarantee consistency and durability of %s, but found the topic currently has "
        "'cleanup.policy=%s'. Continuing would likely result in eventually losing %s and problems "
        "restarting this Connect cluster in the future. Change the '%s' property in the Connect "
        "worker "
        "configurations to use a topic with 'cleanup.policy=compact'.",
        s->topic, s->config_key, s->purpose, policy, s->purpose, s->config_key);
}

static struct kc_error *check_policy(struct kc_kafka_log *this)
{
    struct kc_config_entries entries = {0};
    struct kc_error *err = kc_admin_topic_config(this->admin, this->settings.topic, &entries);
    const char *policy = NULL;
    for (size_t i = 0; i < entries.count; i++) {
        if (strcmp(entries.items[i].name, "cleanup.policy") == 0)
            policy = entries.items[i].value;
    }
    if (err || !policy) {
        kc_info("Unable to verify that the cleanup policy of topic '%s' is 'compact': %s",
                this->settings.topic, err ? kc_error_text(err) : "the broker doesn't tell it");
        kc_error_clear(&err);
    } else if (strcmp(policy, "compact") != 0) {
        err = wrong_policy(this, policy);
    }
    kc_config_entries_destroy(&entries);
    return err;
}

/* ---- partitions ---- */

static struct kc_error *look_up(struct kc_kafka_log *this, int32_t *partitions)
{
    struct kc_strings names = {0};
    struct kc_topic_infos topics = {0};
    kc_strings_add(&names, this->settings.topic);
    struct kc_error *err = kc_admin_topics(this->admin, &names, &topics);
    *partitions = !err && topics.count && !topics.items[0].error ? topics.items[0].partitions : 0;
    kc_topic_infos_destroy(&topics);
    kc_strings_destroy(&names);
    return err;
}

static struct kc_error *find_partitions(struct kc_kafka_log *this, const atomic_bool *cancel)
{
    int64_t deadline = kc_mono_ms() + METADATA_WAIT_MS;
    int64_t pause = 100;
    for (;;) {
        struct kc_error *err = look_up(this, &this->partitions);
        if (err && !kc_error_retriable(err))
            return err;
        kc_error_clear(&err);
        if (this->partitions > 0)
            return NULL;
        if (kc_mono_ms() >= deadline)
            return kc_error_retriable_new(KC_ERR_CONNECT,
                                          "Could not look up partition metadata for topic '%s' in "
                                          "the allotted period. This could "
                                          "indicate a connectivity issue, unavailable topic "
                                          "partitions, or if this is your first "
                                          "use of the topic it may have taken too long to create.",
                                          this->settings.topic);
        err = kc_kafka_log_pause(cancel, pause);
        if (err)
            return err;
        pause = 2 * pause < METADATA_PAUSE_MS ? 2 * pause : METADATA_PAUSE_MS;
    }
}

struct kc_error *kc_kafka_log_prepare_topic(struct kc_kafka_log *this, const atomic_bool *cancel)
{
    const struct kc_kafka_log_settings *s = &this->settings;
    enum outcome outcome = UNKNOWN;
    struct kc_error *err = NULL;
    kc_admin_set_timeout(this->admin, ATTEMPT_MS);
    if (s->create)
        err = create(this, cancel, &outcome);
    if (!err && s->create && outcome != CREATED)
        err = check_policy(this);
    if (!err)
        err = find_partitions(this, cancel);
    if (!err && s->single_partition && this->partitions > 1)
        err = kc_error_new(
            KC_ERR_CONFIG,
            "Topic '%s' supplied via the '%s' property is required to have a single "
            "partition in order to guarantee consistency of %s, but found %d partitions.",
            s->topic, s->config_key, s->purpose, this->partitions);
    return err;
}
