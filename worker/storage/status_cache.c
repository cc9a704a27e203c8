/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contents of the status topic, in memory (the tables of KafkaStatusBackingStore).
 *
 * Owned and locked by status_store.c.
 */
#include "storage/status_cache_priv.h"

#include "connect/hash.h"
#include "connect/log.h"
#include "storage/status_codec_priv.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.storage.KafkaStatusBackingStore");

struct status_task {
    int id;
    struct kc_status_entry entry;
    UT_hash_handle hh;
};

struct status_topic {
    char *name;
    bool read_back;
    UT_hash_handle hh;
};

struct status_connector {
    char *name;
    bool has_entry;
    struct kc_status_entry entry;
    struct status_task *tasks;
    struct status_topic *topics;
    UT_hash_handle hh;
};

struct kc_status_cache {
    struct status_connector *connectors;
    uint64_t last_number;
    kc_status_overruled overruled;
    void *opaque;
};

struct kc_status_cache *kc_status_cache_new(kc_status_overruled overruled, void *opaque)
{
    struct kc_status_cache *cache = kc_calloc(1, sizeof(*cache));
    cache->overruled = overruled;
    cache->opaque = opaque;
    return cache;
}

/* ---- connectors ---- */

static struct status_connector *find(struct kc_status_cache *cache, const char *name)
{
    struct status_connector *connector = NULL;
    HASH_FIND_STR(cache->connectors, name, connector);
    return connector;
}

static struct status_connector *find_or_add(struct kc_status_cache *cache, const char *name)
{
    struct status_connector *connector = find(cache, name);
    if (connector)
        return connector;
    connector = kc_calloc(1, sizeof(*connector));
    connector->name = kc_strdup(name);
    HASH_ADD_KEYPTR(hh, cache->connectors, connector->name, strlen(connector->name), connector);
    return connector;
}

static void remove_task(struct status_connector *connector, struct status_task *task)
{
    HASH_DEL(connector->tasks, task);
    kc_status_clear(&task->entry.status);
    kc_status_clear(&task->entry.said);
    free(task);
}

static void remove_topic(struct status_connector *connector, struct status_topic *topic)
{
    HASH_DEL(connector->topics, topic);
    free(topic->name);
    free(topic);
}

static void remove_tasks(struct status_connector *connector)
{
    struct status_task *task = NULL;
    struct status_task *next = NULL;
    HASH_ITER (hh, connector->tasks, task, next) {
        remove_task(connector, task);
    }
}

/* Frees the connector when nothing is known about it any more. */
static void drop_if_empty(struct kc_status_cache *cache, struct status_connector *connector)
{
    if (connector->has_entry || connector->tasks || connector->topics)
        return;
    HASH_DEL(cache->connectors, connector);
    free(connector->name);
    free(connector);
}

static void clear_entry(struct status_connector *connector)
{
    kc_status_clear(&connector->entry.status);
    kc_status_clear(&connector->entry.said);
    connector->entry = (struct kc_status_entry){0};
    connector->has_entry = false;
}

void kc_status_cache_destroy(struct kc_status_cache *cache)
{
    struct status_connector *connector = NULL;
    struct status_connector *next_connector = NULL;
    HASH_ITER (hh, cache->connectors, connector, next_connector) {
        struct status_topic *topic = NULL;
        struct status_topic *next = NULL;
        HASH_ITER (hh, connector->topics, topic, next) {
            remove_topic(connector, topic);
        }
        remove_tasks(connector);
        clear_entry(connector);
        drop_if_empty(cache, connector);
    }
    free(cache);
}

/* ---- entries ---- */

static struct kc_status_entry *task_entry(struct kc_status_cache *cache,
                                          struct status_connector *connector, int id, bool create)
{
    struct status_task *task = NULL;
    HASH_FIND_INT(connector->tasks, &id, task);
    if (!task && create) {
        task = kc_calloc(1, sizeof(*task));
        task->id = id;
        task->entry.number = ++cache->last_number;
        HASH_ADD_INT(connector->tasks, id, task);
    }
    return task ? &task->entry : NULL;
}

struct kc_status_entry *kc_status_cache_entry(struct kc_status_cache *cache, const char *name,
                                              int task, bool create)
{
    struct status_connector *connector = create ? find_or_add(cache, name) : find(cache, name);
    if (!connector)
        return NULL;
    if (task != KC_CONNECTOR_STATUS)
        return task_entry(cache, connector, task, create);
    if (!connector->has_entry && create) {
        connector->has_entry = true;
        connector->entry.number = ++cache->last_number;
    }
    return connector->has_entry ? &connector->entry : NULL;
}

void kc_status_entry_say(struct kc_status_entry *entry, const struct kc_status *status)
{
    kc_status_clear(&entry->said);
    kc_status_copy(&entry->said, status);
}

/* Whether said means that its worker has the connector or task. */
static bool says_mine(const struct kc_status *said)
{
    return said->worker_id && (said->state == KC_STATE_RUNNING || said->state == KC_STATE_PAUSED ||
                               said->state == KC_STATE_FAILED || said->state == KC_STATE_STOPPED);
}

bool kc_status_entry_heard(const struct kc_status_entry *entry)
{
    const struct kc_status *said = &entry->said;
    return entry->known && said->worker_id && entry->status.state == said->state &&
           strcmp(entry->status.worker_id, said->worker_id) == 0;
}

bool kc_status_entry_claim(struct kc_status_entry *entry, int generation)
{
    if (!says_mine(&entry->said) || entry->said.generation >= generation)
        return false;
    entry->said.generation = generation;
    return !kc_status_entry_heard(entry);
}

bool kc_status_entry_safe(const struct kc_status_entry *entry, const struct kc_status *status)
{
    return !entry->known || strcmp(entry->status.worker_id, status->worker_id) == 0 ||
           entry->status.generation <= status->generation;
}

/* ---- records ---- */

/* A connector's tombstone says nothing of its tasks. They have their own tombstones in other
 * partitions, and the order between partitions is unknown. (In Java it removes the tasks, too, so a
 * worker that starts misses those of a connector that was deleted and made anew.) */
static void remove_status(struct kc_status_cache *cache, const struct kc_status_key *key)
{
    struct status_connector *connector = find(cache, key->connector);
    if (!connector)
        return;
    if (key->kind == KC_STATUS_OF_CONNECTOR) {
        clear_entry(connector);
    } else {
        struct status_task *task = NULL;
        HASH_FIND_INT(connector->tasks, &key->task, task);
        if (task)
            remove_task(connector, task);
    }
    drop_if_empty(cache, connector);
}

/* A worker that lost a task may report that after its new owner has reported RUNNING. */
static bool stale(const struct kc_status_entry *entry, const struct kc_status *status)
{
    return status->state == KC_STATE_UNASSIGNED && entry->known &&
           entry->status.state == KC_STATE_RUNNING &&
           entry->status.generation >= status->generation;
}

/* This worker has the connector or task, and its report has been read back. Now a former owner
 * reports it. (In Java that report stays until the next change of state.) */
static bool overrules(const struct kc_status *status, const struct kc_status_entry *entry)
{
    const struct kc_status *said = &entry->said;
    return says_mine(said) && entry->known &&
           strcmp(entry->status.worker_id, said->worker_id) == 0 &&
           strcmp(status->worker_id, said->worker_id) != 0 && status->generation < said->generation;
}

static struct kc_error *apply_status(struct kc_status_cache *cache, const struct kc_status_key *key,
                                     const char *value, size_t len)
{
    struct kc_status status = {0};
    struct kc_error *err = kc_status_read(value, len, &status);
    if (err)
        return err;
    struct kc_status_entry *entry = kc_status_cache_entry(cache, key->connector, key->task, true);
    if (cache->overruled && overrules(&status, entry))
        cache->overruled(cache->opaque, key->connector, key->task, entry);
    if (key->kind == KC_STATUS_OF_TASK && stale(entry, &status)) {
        kc_trace("Ignoring a stale UNASSIGNED of task %s-%d", key->connector, key->task);
        kc_status_clear(&status);
        return NULL;
    }
    kc_status_clear(&entry->status);
    entry->status = status;
    entry->known = true;
    return NULL;
}

static struct status_topic *find_topic(struct status_connector *connector, const char *name)
{
    struct status_topic *topic = NULL;
    HASH_FIND_STR(connector->topics, name, topic);
    return topic;
}

static struct status_topic *add_topic(struct kc_status_cache *cache, const char *name,
                                      const char *topic_name)
{
    struct status_connector *connector = find_or_add(cache, name);
    struct status_topic *topic = find_topic(connector, topic_name);
    if (topic)
        return topic;
    topic = kc_calloc(1, sizeof(*topic));
    topic->name = kc_strdup(topic_name);
    HASH_ADD_KEYPTR(hh, connector->topics, topic->name, strlen(topic->name), topic);
    return topic;
}

static struct kc_error *apply_topic(struct kc_status_cache *cache, const struct kc_status_key *key,
                                    const char *value, size_t len)
{
    if (!value) {
        kc_status_cache_retract_topic(cache, key->connector, key->topic);
        return NULL;
    }
    struct kc_error *err = kc_status_topic_check(value, len);
    if (!err)
        add_topic(cache, key->connector, key->topic)->read_back = true;
    return err;
}

struct kc_error *kc_status_cache_apply(struct kc_status_cache *cache, const char *text,
                                       size_t text_len, const char *value, size_t value_len)
{
    struct kc_status_key key = {0};
    struct kc_error *err = NULL;
    bool null = !value || (value_len == 4 && memcmp(value, "null", 4) == 0);
    kc_status_key_parse(text, text_len, &key);
    if (key.kind == KC_STATUS_UNKNOWN)
        err = kc_error_new(KC_ERR_DATA, "the key is none that Connect knows");
    else if (key.kind == KC_STATUS_OF_TOPIC)
        err = apply_topic(cache, &key, null ? NULL : value, value_len);
    else if (null)
        remove_status(cache, &key);
    else
        err = apply_status(cache, &key, value, value_len);
    kc_status_key_clear(&key);
    return err;
}

/* ---- questions ---- */

static int by_number(const void *a, const void *b)
{
    int x = *(const int *)a;
    int y = *(const int *)b;
    return x < y ? -1 : x > y;
}

static bool counts(const struct kc_status_entry *entry, bool said)
{
    return entry->known ||
           (said && entry->said.worker_id && entry->said.state != KC_STATE_DESTROYED);
}

size_t kc_status_cache_tasks(struct kc_status_cache *cache, const char *name, bool said,
                             int **tasks)
{
    struct status_connector *connector = find(cache, name);
    size_t count = 0;
    *tasks = kc_calloc((connector ? HASH_COUNT(connector->tasks) : 0) + 1, sizeof(**tasks));
    for (struct status_task *task = connector ? connector->tasks : NULL; task;
         task = task->hh.next) {
        if (counts(&task->entry, said))
            (*tasks)[count++] = task->id;
    }
    qsort(*tasks, count, sizeof(**tasks), by_number);
    return count;
}

static bool has_or_will_have_status(const struct status_connector *connector)
{
    if (connector->has_entry && counts(&connector->entry, true))
        return true;
    for (const struct status_task *task = connector->tasks; task; task = task->hh.next) {
        if (counts(&task->entry, true))
            return true;
    }
    return false;
}

void kc_status_cache_connectors(struct kc_status_cache *cache, struct kc_strings *connectors)
{
    for (struct status_connector *connector = cache->connectors; connector;
         connector = connector->hh.next) {
        if (has_or_will_have_status(connector))
            kc_strings_add(connectors, connector->name);
    }
}

/* ---- topics ---- */

bool kc_status_cache_has_topic(struct kc_status_cache *cache, const char *name, const char *topic)
{
    struct status_connector *connector = find(cache, name);
    return connector && find_topic(connector, topic);
}

void kc_status_cache_announce_topic(struct kc_status_cache *cache, const char *name,
                                    const char *topic)
{
    add_topic(cache, name, topic);
}

void kc_status_cache_retract_topic(struct kc_status_cache *cache, const char *name,
                                   const char *topic)
{
    struct status_connector *connector = find(cache, name);
    struct status_topic *found = connector ? find_topic(connector, topic) : NULL;
    if (!found)
        return;
    remove_topic(connector, found);
    drop_if_empty(cache, connector);
}

void kc_status_cache_topics(struct kc_status_cache *cache, const char *name,
                            struct kc_strings *topics)
{
    struct status_connector *connector = find(cache, name);
    for (struct status_topic *topic = connector ? connector->topics : NULL; topic;
         topic = topic->hh.next) {
        if (topic->read_back)
            kc_strings_add(topics, topic->name);
    }
}
