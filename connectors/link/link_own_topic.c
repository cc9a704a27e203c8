/* SPDX-License-Identifier: Apache-2.0 */
/* A topic of the link's own: see link_own_topic_priv.h. */
#include "link/link_own_topic_priv.h"

#include "connect/admin.h"
#include "connect/log.h"
#include "link/link_settings_priv.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.connect.link.LinkTopic");

enum { UNKNOWN = 3 }; /* Kafka's code: UNKNOWN_TOPIC_OR_PARTITION */

struct link_own_topic {
    char *name;
    struct kc_map *client;
    struct kc_map *made; /* NULL: none */
    int16_t replicas;
    kc_log_listener listener;
    void *opaque;
    pthread_rwlock_t lock;    /* held for writing while the log is opened or closed */
    struct kc_topic_log *log; /* NULL: not needed yet */
    struct kc_uuid id;        /* as it was looked at last; zero: never */
    int64_t start;            /* the same: where its log begins */
};

struct link_own_topic *link_own_topic_new(const struct link_config *config,
                                          const struct link_own_topic_settings *settings)
{
    struct link_own_topic *topic = kc_calloc(1, sizeof(*topic));
    topic->name = kc_strdup(settings->name);
    topic->client = link_client_properties(config, LINK_TARGET, KC_CLIENT_PRODUCER, settings->use);
    topic->made = settings->made ? kc_map_copy(settings->made) : NULL;
    topic->replicas = (int16_t)kc_config_long(config->values, "replication.factor");
    topic->listener = settings->listener;
    topic->opaque = settings->opaque;
    pthread_rwlock_init(&topic->lock, NULL);
    return topic;
}

void link_own_topic_close(struct link_own_topic *topic)
{
    if (!topic)
        return;
    kc_topic_log_close(topic->log);
    pthread_rwlock_destroy(&topic->lock);
    kc_map_destroy(topic->client);
    kc_map_destroy(topic->made);
    free(topic->name);
    free(topic);
}

/* ---- opening ---- */

static struct kc_error *not_compacted(const struct link_own_topic *topic, const char *policy)
{
    return kc_error_new(KC_ERR_CONFIG,
                        "Topic %s on the target isn't compacted%s%s, so that its records would be "
                        "deleted some time. Set cleanup.policy=compact on it; the link goes on "
                        "then",
                        topic->name, policy ? ", but has cleanup.policy=" : "",
                        policy ? policy : "");
}

/* Takes err. The log's own words are of a worker's topics. */
static struct kc_error *explain(const struct link_own_topic *topic, struct kc_error *err)
{
    if (kc_error_code(err) != KC_ERR_CONFIG || !strstr(kc_error_text(err), "cleanup.policy"))
        return err;
    kc_error_destroy(err);
    return not_compacted(topic, NULL);
}

/* Locked for writing. */
static struct kc_error *open_log(struct link_own_topic *topic, const struct kc_stop *stop)
{
    struct kc_topic_log *opened = NULL;
    const struct kc_topic_log_settings settings = {
        .topic = topic->name,
        .client = topic->client,
        .partitions = 1,
        .replication_factor = topic->replicas,
        .topic_config = topic->made,
        .listener = topic->listener,
        .opaque = topic->opaque,
    };
    struct kc_error *err = kc_topic_log_open(&settings, stop, &opened);
    if (!err && kc_topic_log_partitions(opened) != 1) {
        err = kc_error_new(KC_ERR_CONFIG,
                           "Topic %s on the target has %d partitions, but its records are in one "
                           "order only if it has one. Delete it; the link makes it again",
                           topic->name, (int)kc_topic_log_partitions(opened));
        kc_topic_log_close(opened);
        opened = NULL;
    }
    topic->log = opened;
    return err ? explain(topic, err) : NULL;
}

struct kc_error *link_own_topic_reopen(struct link_own_topic *topic, const struct kc_stop *stop)
{
    pthread_rwlock_wrlock(&topic->lock);
    kc_topic_log_close(topic->log);
    topic->log = NULL;
    struct kc_error *err = open_log(topic, stop);
    pthread_rwlock_unlock(&topic->lock);
    return err;
}

/* ---- reading and writing ---- */

static struct kc_error *open_once(struct link_own_topic *topic, const struct kc_stop *stop,
                                  bool *fresh)
{
    struct kc_error *err = NULL;
    pthread_rwlock_wrlock(&topic->lock);
    *fresh = !topic->log;
    if (*fresh)
        err = open_log(topic, stop);
    pthread_rwlock_unlock(&topic->lock);
    return err;
}

static bool is_open(struct link_own_topic *topic)
{
    pthread_rwlock_rdlock(&topic->lock);
    bool open = topic->log;
    pthread_rwlock_unlock(&topic->lock);
    return open;
}

static struct kc_error *not_open(const struct link_own_topic *topic)
{
    return kc_error_retriable_new(KC_ERR_CONNECT, "Topic %s is being opened anew", topic->name);
}

struct kc_error *link_own_topic_refresh(struct link_own_topic *topic, int timeout_ms,
                                        const struct kc_stop *stop)
{
    bool fresh = false;
    struct kc_error *err = is_open(topic) ? NULL : open_once(topic, stop, &fresh);
    if (err || fresh)
        return err;
    pthread_rwlock_rdlock(&topic->lock);
    err = topic->log ? kc_topic_log_read_to_end(topic->log, timeout_ms) : not_open(topic);
    pthread_rwlock_unlock(&topic->lock);
    return err;
}

struct kc_error *link_own_topic_write(struct link_own_topic *topic,
                                      const struct kc_log_record *records, size_t count,
                                      int timeout_ms)
{
    pthread_rwlock_rdlock(&topic->lock);
    struct kc_error *err =
        topic->log ? kc_topic_log_write(topic->log, records, count, timeout_ms) : not_open(topic);
    pthread_rwlock_unlock(&topic->lock);
    return err;
}

/* ---- watching ---- */

static struct kc_error *look_up(const struct link_own_topic *topic, struct kc_admin *admin,
                                struct kc_uuid *id, bool *there)
{
    struct kc_strings names = {0};
    struct kc_topic_descriptions found = {0};
    kc_strings_add(&names, topic->name);
    struct kc_error *err = kc_admin_describe_topics(admin, &names, &found);
    if (!err && found.items[0].error && kc_error_kafka_code(found.items[0].error) != UNKNOWN)
        err = kc_error_copy(found.items[0].error);
    *there = !err && !found.items[0].error;
    if (*there)
        *id = found.items[0].id;
    kc_topic_descriptions_destroy(&found);
    kc_strings_destroy(&names);
    return err;
}

/* Who may read a topic may not always see its settings. */
static struct kc_error *check_policy(const struct link_own_topic *topic, struct kc_admin *admin)
{
    struct kc_config_entries entries = {0};
    struct kc_error *err = kc_admin_topic_config(admin, topic->name, &entries);
    const struct kc_config_entry *policy =
        err ? NULL : link_settings_find(&entries, "cleanup.policy");
    bool good = !policy || !policy->value || strcmp(policy->value, "compact") == 0;
    if (err)
        kc_debug("%s", kc_error_text(err));
    kc_error_destroy(err);
    err = good ? NULL : not_compacted(topic, policy->value);
    kc_config_entries_destroy(&entries);
    return err;
}

static struct kc_error *find_start(const struct link_own_topic *topic, struct kc_admin *admin,
                                   int64_t *start)
{
    struct kc_partition_offset asked = {
        .topic = topic->name, .partition = 0, .timestamp = KC_OFFSET_EARLIEST};
    struct kc_error *err = kc_admin_list_offsets(admin, &asked, 1, false);
    if (!err)
        err = asked.error;
    *start = asked.offset;
    return err;
}

struct kc_error *link_own_topic_check(struct link_own_topic *topic, struct kc_admin *admin,
                                      bool *lost)
{
    struct kc_uuid id = {{0}};
    int64_t start = 0;
    bool there = false, known = !kc_uuid_is_zero(&topic->id);
    struct kc_error *err = look_up(topic, admin, &id, &there);
    if (!err && there)
        err = check_policy(topic, admin);
    if (!err && there)
        err = find_start(topic, admin, &start);
    if (err)
        return err;
    *lost = known ? !kc_uuid_equal(&topic->id, &id) || start > topic->start : topic->log && !there;
    topic->id = id;
    topic->start = start;
    return NULL;
}
