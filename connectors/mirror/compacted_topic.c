/* SPDX-License-Identifier: Apache-2.0 */
/* Creation of internal topics, see compacted_topic.h. */
#include "mirror/compacted_topic.h"

#include "connect/log.h"

#include <string.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.mirror.MirrorUtils");

/* After these errors the topic is taken to exist, or to be created by somebody else. */
static const struct {
    int code;
    const char *why;
} tolerated[] = {
    {RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS, "it exists already"},
    {RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION, "the brokers can't create topics"},
    {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, "it isn't allowed to"},
    {RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, "it isn't allowed to"},
};

static const char *tolerated_reason(const struct kc_error *err)
{
    for (size_t i = 0; i < sizeof(tolerated) / sizeof(tolerated[0]); i++)
        if (tolerated[i].code == kc_error_kafka_code(err))
            return tolerated[i].why;
    return kc_error_code(err) == KC_ERR_UNSUPPORTED ? tolerated[1].why : NULL;
}

static struct kc_error *explain(const char *topic, struct kc_error *cause)
{
    struct kc_error *outer = NULL;
    int code = kc_error_kafka_code(cause);
    if (code == RD_KAFKA_RESP_ERR_INVALID_CONFIG)
        outer = kc_error_new(KC_ERR_CONNECT, "Unable to create topic '%s': %s", topic,
                             kc_error_text(cause));
    else if (kc_error_code(cause) == KC_ERR_TIMEOUT || code == RD_KAFKA_RESP_ERR__TIMED_OUT)
        outer = kc_error_new(KC_ERR_CONNECT,
                             "Timed out while checking for or creating topic '%s'. This could "
                             "indicate a connectivity issue, unavailable topic partitions, or if "
                             "this is your first use of the topic it may have taken too long to "
                             "create.",
                             topic);
    else
        outer = kc_error_new(KC_ERR_CONNECT, "Error while attempting to create/find topic '%s': %s",
                             topic, kc_error_text(cause));
    return kc_error_caused(outer, cause);
}

struct kc_error *kc_compacted_topic_create(struct kc_admin *admin, const char *topic,
                                           int64_t replication_factor)
{
    struct kc_map *config = kc_map_new();
    kc_map_set(config, "cleanup.policy", "compact");
    struct kc_new_topic wanted = {topic, 1, (int16_t)replication_factor, config};
    struct kc_error *refusal = NULL;
    struct kc_error *err = kc_admin_create_topics(admin, &wanted, 1, &refusal);
    kc_map_destroy(config);
    if (!err)
        err = refusal;
    if (!err) {
        kc_info("Created topic '%s'", topic);
        return NULL;
    }
    const char *why = tolerated_reason(err);
    if (!why)
        return explain(topic, err);
    kc_debug("Topic '%s' was not created: %s", topic, why);
    kc_error_destroy(err);
    return NULL;
}

/* ---- keeping ---- */

static struct kc_error *is_there(struct kc_admin *admin, const char *topic, bool *there)
{
    struct kc_topic_infos infos = {0};
    struct kc_strings names = {0};
    kc_strings_add(&names, topic);
    struct kc_error *err = kc_admin_topics(admin, &names, &infos);
    *there = infos.count > 0;
    kc_topic_infos_destroy(&infos);
    kc_strings_destroy(&names);
    return err;
}

static bool is_compacted(const struct kc_config_entries *entries)
{
    for (size_t i = 0; i < entries->count; i++)
        if (strcmp(entries->items[i].name, "cleanup.policy") == 0)
            return !entries->items[i].value || strstr(entries->items[i].value, "compact");
    return true; /* not known */
}

static struct kc_error *keep_compacted(struct kc_admin *admin, const char *topic)
{
    static const struct kc_config_op compact = {"cleanup.policy", "compact"};
    struct kc_config_entries entries = {0};
    struct kc_error *err = kc_admin_topic_config(admin, topic, &entries);
    bool compacted = err || is_compacted(&entries);
    kc_config_entries_destroy(&entries);
    if (err && kc_error_kafka_code(err) == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) {
        kc_error_destroy(err);
        return NULL;
    }
    if (compacted)
        return err;
    kc_warn("Topic '%s' isn't compacted, and would lose its records in time: its cleanup.policy is "
            "set to compact. Brokers make topics like that for producers "
            "(auto.create.topics.enable).",
            topic);
    return kc_admin_alter_topic_config(admin, topic, &compact, 1);
}

struct kc_error *kc_compacted_topic_keep(struct kc_admin *admin, const char *topic,
                                         int64_t replication_factor, const char *what_is_lost)
{
    bool there = false;
    struct kc_error *err = is_there(admin, topic, &there);
    if (err)
        return err;
    if (there)
        return keep_compacted(admin, topic);
    kc_warn("Topic '%s' isn't there any more; it is made again. %s", topic, what_is_lost);
    return kc_compacted_topic_create(admin, topic, replication_factor);
}
