/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The records of one link in the state topic, as they are now (link_store_priv.h).
 *
 * Records are kept as text and parsed when they are asked for: ten thousand topics take a few
 * megabytes, and no JSON object is shared between threads. The log's thread applies records; the
 * mutex guards the table.
 *
 * The connector and the tasks of a link that run in one worker share a store: its records are there
 * once, and the topic is read once. Whoever comes first opens it; the others wait for that.
 */
#include "link/link_store_priv.h"
#include "link/link_table_priv.h"

#include "connect/hash.h"
#include "connect/log.h"
#include "connect/topic_log.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define STOP_MS 100 /* how soon a stop is noticed */

static struct kc_logger log = KC_LOGGER("org.isthmus.connect.link.LinkState");

/* Of two records the first one may count (kc_link_record_counts()). So a reader that starts must
 * see both as long as such a pair can come about: until what a frozen task had under way is lost.
 * Leases are renewed all the time: small segments let the cleaner remove those. */
#define COMPACTION_LAG_MS "3600000"
#define SEGMENT_BYTES     "52428800"

/* A topic that another link mirrors to the same cluster. */
struct link_foreign_topic {
    char *topic;
    char *link;
    UT_hash_handle hh;
};

struct link_store {
    char *key; /* link, and settings of the client; who has the same shares it */
    size_t users;
    bool open; /* false: being opened. These and the next are guarded by `sharing` */
    struct link_store *prev, *next;

    char *link;
    struct kc_topic_log *topic;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    uint64_t version;
    struct link_table table;
    struct link_foreign_topic *foreign;
};

/* ---- topics of other links; with the mutex held ---- */

static void drop_foreign(struct link_store *store, struct link_foreign_topic *topic)
{
    HASH_DEL(store->foreign, topic);
    free(topic->topic);
    free(topic->link);
    free(topic);
}

/* The link that ordered last counts; its tombstone alone frees the topic. */
static void note_foreign(struct link_store *store, const struct kc_link_key *key, bool gone)
{
    struct link_foreign_topic *topic = NULL;
    HASH_FIND_STR(store->foreign, key->name, topic);
    if (topic && (!gone || strcmp(topic->link, key->link) == 0))
        drop_foreign(store, topic);
    if (gone)
        return;
    topic = kc_calloc(1, sizeof(*topic));
    topic->topic = kc_strdup(key->name);
    topic->link = kc_strdup(key->link);
    HASH_ADD_KEYPTR(hh, store->foreign, topic->topic, strlen(topic->topic), topic);
}

/* ---- reading ---- */

/* Whether the record takes effect; value NULL: it goes away. */
static bool takes_effect(struct link_store *store, const struct kc_link_key *key,
                         const json_t *value)
{
    json_t *now = value ? link_table_get(&store->table, key->resource, key->name) : NULL;
    bool counts = !now || kc_link_record_counts(key->resource, now, value);
    json_decref(now);
    return counts;
}

static void apply(struct link_store *store, const struct kc_link_key *key,
                  const struct kc_log_record *from, const json_t *value)
{
    pthread_mutex_lock(&store->mutex);
    store->version++;
    if (takes_effect(store, key, value))
        link_table_set(&store->table, key->resource, key->name,
                       value ? kc_memdup(from->value, from->value_len) : NULL,
                       value ? from->value_len : 0, store->version);
    pthread_cond_broadcast(&store->changed);
    pthread_mutex_unlock(&store->mutex);
}

static void apply_foreign(struct link_store *store, const struct kc_link_key *key, bool gone)
{
    if (key->resource != KC_LINK_TOPIC_ORDER)
        return;
    pthread_mutex_lock(&store->mutex);
    note_foreign(store, key, gone);
    pthread_mutex_unlock(&store->mutex);
}

/* Listener of the topic's log. What can't be read is left out: a newer worker may have written it,
 * or a person. */
static void on_record(void *opaque, const struct kc_log_record *record)
{
    struct link_store *store = opaque;
    struct kc_link_key key = {0};
    json_t *value = NULL;
    struct kc_error *err = record->key ? kc_link_key_parse(record->key, record->key_len, &key)
                                       : kc_error_new(KC_ERR_SCHEMA, "It has no key");
    if (!err && key.link && strcmp(key.link, store->link) != 0) {
        apply_foreign(store, &key, !record->value);
        goto out;
    }
    if (!err && record->value) {
        value = json_loadb(record->value, record->value_len, 0, NULL);
        if (!value)
            err = kc_error_new(KC_ERR_SCHEMA, "Its value isn't JSON");
    }
    if (!err)
        apply(store, &key, record, value);
    else
        kc_warn("The record at offset %lld of topic %s is left out: %s", (long long)record->offset,
                KC_LINK_STATE_TOPIC, kc_error_text(err));
out:
    kc_error_destroy(err);
    json_decref(value);
    kc_link_key_clear(&key);
}

/* ---- opening ---- */

static struct kc_error *open_topic(struct kc_map *client, const struct link_config *config,
                                   const struct kc_stop *stop, struct link_store *store)
{
    struct kc_map *fresh = kc_map_new();
    kc_map_set(fresh, "min.compaction.lag.ms", COMPACTION_LAG_MS);
    kc_map_set(fresh, "segment.bytes", SEGMENT_BYTES);
    const struct kc_topic_log_settings settings = {
        .topic = KC_LINK_STATE_TOPIC,
        .client = client,
        .partitions = 1,
        .replication_factor = (int16_t)kc_config_long(config->values, "replication.factor"),
        .topic_config = fresh,
        .listener = on_record,
        .opaque = store,
    };
    struct kc_error *err = kc_topic_log_open(&settings, stop, &store->topic);
    kc_map_destroy(fresh);
    if (!err && kc_topic_log_partitions(store->topic) != 1)
        err = kc_error_new(KC_ERR_CONFIG,
                           "Topic %s on the target cluster has %d partitions, but its records are "
                           "in one order only if it has one. Stop all links to that cluster, "
                           "delete the topic, and let a link make it again",
                           KC_LINK_STATE_TOPIC, (int)kc_topic_log_partitions(store->topic));
    return err;
}

/* Takes key. */
static struct link_store *store_new(const struct link_config *config, char *key)
{
    struct link_store *store = kc_calloc(1, sizeof(*store));
    store->key = key;
    store->users = 1;
    store->link = kc_strdup(config->name);
    pthread_mutex_init(&store->mutex, NULL);
    kc_cond_init(&store->changed);
    return store;
}

static void store_free(struct link_store *store)
{
    struct link_foreign_topic *topic, *after;
    kc_topic_log_close(store->topic);
    HASH_ITER (hh, store->foreign, topic, after)
        drop_foreign(store, topic);
    link_table_clear(&store->table);
    pthread_cond_destroy(&store->changed);
    pthread_mutex_destroy(&store->mutex);
    free(store->link);
    free(store->key);
    free(store);
}

/* ---- sharing ---- */

static pthread_mutex_t sharing = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t opened; /* or not: an opening is over */
static pthread_once_t sharing_once = PTHREAD_ONCE_INIT;
static struct link_store *shared; /* guarded by sharing */

static void begin_sharing(void)
{
    kc_cond_init(&opened);
}

/* The rest with sharing held. */
static struct link_store *find_shared(const char *key)
{
    struct link_store *store;
    DL_FOREACH (shared, store) {
        if (strcmp(store->key, key) == 0)
            return store;
    }
    return NULL;
}

/* The store that is open, with another user; NULL in *store: nobody opens it. */
static struct kc_error *join(const char *key, const struct kc_stop *stop, struct link_store **store)
{
    while ((*store = find_shared(key)) && !(*store)->open) {
        if (stop && kc_stop_is_set(stop))
            return kc_error_new(KC_ERR_WAKEUP, "Stopped while the link's state was read");
        kc_cond_wait_until(&opened, &sharing, kc_mono_ms() + STOP_MS);
    }
    if (*store)
        (*store)->users++;
    return NULL;
}

/* Whoever waits for a store whose opening failed opens it then. */
static void end_opening(struct link_store *store, bool is_open)
{
    pthread_mutex_lock(&sharing);
    store->open = is_open;
    if (!is_open)
        DL_DELETE(shared, store);
    pthread_cond_broadcast(&opened);
    pthread_mutex_unlock(&sharing);
}

struct kc_error *link_store_open(const struct link_config *config, const struct kc_stop *stop,
                                 struct link_store **store)
{
    struct kc_map *client =
        link_client_properties(config, LINK_TARGET, KC_CLIENT_PRODUCER, "state");
    char *settings = kc_map_print_without(client, "client.id");
    char *key = kc_asprintf("%s %s", config->name, settings);
    struct link_store *found = NULL;
    pthread_once(&sharing_once, begin_sharing);
    pthread_mutex_lock(&sharing);
    struct kc_error *err = join(key, stop, &found);
    bool is_first = !err && !found;
    if (is_first) {
        found = store_new(config, key);
        key = NULL;
        DL_APPEND(shared, found);
    }
    pthread_mutex_unlock(&sharing);
    if (is_first) {
        err = open_topic(client, config, stop, found);
        end_opening(found, !err);
        if (err)
            store_free(found);
    }
    if (!err)
        *store = found;
    kc_map_destroy(client);
    free(settings);
    free(key);
    return err ? kc_error_prefix(err, "Link '%s' can't read its state", config->name) : NULL;
}

void link_store_close(struct link_store *store)
{
    if (!store)
        return;
    pthread_mutex_lock(&sharing);
    bool is_last = --store->users == 0;
    if (is_last)
        DL_DELETE(shared, store);
    pthread_mutex_unlock(&sharing);
    if (is_last)
        store_free(store);
}

/* ---- asking ---- */

json_t *link_store_get(struct link_store *store, enum kc_link_resource resource, const char *name)
{
    pthread_mutex_lock(&store->mutex);
    json_t *json = link_table_get(&store->table, resource, name);
    pthread_mutex_unlock(&store->mutex);
    return json;
}

int64_t link_store_age_ms(struct link_store *store, enum kc_link_resource resource,
                          const char *name)
{
    pthread_mutex_lock(&store->mutex);
    int64_t set_ms = link_table_set_ms(&store->table, resource, name);
    pthread_mutex_unlock(&store->mutex);
    return set_ms < 0 ? -1 : kc_mono_ms() - set_ms;
}

void link_store_names(struct link_store *store, enum kc_link_resource resource,
                      struct kc_strings *names)
{
    pthread_mutex_lock(&store->mutex);
    link_table_names(&store->table, resource, names);
    pthread_mutex_unlock(&store->mutex);
    kc_strings_sort(names);
}

char *link_store_other_link(struct link_store *store, const char *topic)
{
    struct link_foreign_topic *found = NULL;
    pthread_mutex_lock(&store->mutex);
    HASH_FIND_STR(store->foreign, topic, found);
    char *link = found ? kc_strdup(found->link) : NULL;
    pthread_mutex_unlock(&store->mutex);
    return link;
}

void link_store_changed(struct link_store *store, uint64_t since, enum kc_link_resource resource,
                        struct kc_strings *names)
{
    pthread_mutex_lock(&store->mutex);
    link_table_changed(&store->table, resource, since, names);
    pthread_mutex_unlock(&store->mutex);
    kc_strings_sort(names);
}

uint64_t link_store_version(struct link_store *store)
{
    pthread_mutex_lock(&store->mutex);
    uint64_t version = store->version;
    pthread_mutex_unlock(&store->mutex);
    return version;
}

uint64_t link_store_wait(struct link_store *store, uint64_t seen, int64_t deadline_ms)
{
    pthread_mutex_lock(&store->mutex);
    while (store->version == seen &&
           kc_cond_wait_until(&store->changed, &store->mutex, deadline_ms))
        continue;
    uint64_t version = store->version;
    pthread_mutex_unlock(&store->mutex);
    return version;
}

struct kc_error *link_store_read_to_end(struct link_store *store, int timeout_ms)
{
    struct kc_error *err = kc_topic_log_read_to_end(store->topic, timeout_ms);
    return err ? kc_error_prefix(err, "Link '%s' can't read its state to the end", store->link)
               : NULL;
}

/* ---- writing ---- */

struct kc_error *link_store_put(struct link_store *store, struct link_change *changes, size_t count,
                                int timeout_ms)
{
    struct kc_log_record *records = kc_calloc(count ? count : 1, sizeof(*records));
    for (size_t i = 0; i < count; i++) {
        char *key = kc_link_key_format(store->link, changes[i].resource, changes[i].name);
        char *value = changes[i].value ? json_dumps(changes[i].value, JSON_COMPACT) : NULL;
        records[i] = (struct kc_log_record){.timestamp = -1,
                                            .key = key,
                                            .key_len = strlen(key),
                                            .value = value,
                                            .value_len = value ? strlen(value) : 0};
        json_decref(changes[i].value);
        changes[i].value = NULL;
    }
    struct kc_error *err =
        count ? kc_topic_log_write(store->topic, records, count, timeout_ms) : NULL;
    for (size_t i = 0; i < count; i++) {
        free((char *)records[i].key);
        free((char *)records[i].value);
    }
    free(records);
    return err ? kc_error_prefix(err, "Link '%s' can't write its state to topic %s", store->link,
                                 KC_LINK_STATE_TOPIC)
               : NULL;
}
