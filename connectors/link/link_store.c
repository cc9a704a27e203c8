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
 *
 * People may delete the topic while links run. What it had is in memory still, and is written again
 * by the store that the connector watches. Records that came since stand: of two, the one that
 * counts stays in memory, and only what the new topic lacks is written, the link's own record last.
 * So other workers' stores know by that record when all is there again. Meanwhile nothing is
 * written, because it wouldn't be kept.
 */
#include "link/link_own_topic_priv.h"
#include "link/link_store_priv.h"
#include "link/link_table_priv.h"

#include "connect/hash.h"
#include "connect/log.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define STOP_MS  100   /* how soon a stop is noticed */
#define OPEN_MS  30000 /* for the topic's end, when it was opened before */
#define WATCH_MS 2000  /* between two looks whether the topic is still there */
#define AGAIN_MS 30000 /* for a write of what it had */

enum { AGAIN_AT_ONCE = 500 };

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
    struct link_own_topic *topic;
    pthread_mutex_t watching; /* held by who looks at the topic */
    int64_t watch_ms[2];      /* when that is due, of those who don't write it again, and who do */

    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t changed;
    uint64_t version;
    struct link_table table;
    struct link_foreign_topic *foreign;
    char *trouble;         /* why nothing that is written would be kept; NULL: it is */
    uint64_t lost_version; /* what has a later one is in the topic that is there now */
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

/* Takes key. */
static struct link_store *store_new(const struct link_config *config, char *key)
{
    struct link_store *store = kc_calloc(1, sizeof(*store));
    struct kc_map *made = kc_map_new();
    kc_map_set(made, "min.compaction.lag.ms", COMPACTION_LAG_MS);
    kc_map_set(made, "segment.bytes", SEGMENT_BYTES);
    store->key = key;
    store->users = 1;
    store->link = kc_strdup(config->name);
    store->topic =
        link_own_topic_new(config, &(struct link_own_topic_settings){.name = KC_LINK_STATE_TOPIC,
                                                                     .use = "state",
                                                                     .made = made,
                                                                     .listener = on_record,
                                                                     .opaque = store});
    pthread_mutex_init(&store->watching, NULL);
    pthread_mutex_init(&store->mutex, NULL);
    kc_cond_init(&store->changed);
    kc_map_destroy(made);
    return store;
}

static void store_free(struct link_store *store)
{
    struct link_foreign_topic *topic, *after;
    link_own_topic_close(store->topic);
    HASH_ITER (hh, store->foreign, topic, after)
        drop_foreign(store, topic);
    link_table_clear(&store->table);
    pthread_cond_destroy(&store->changed);
    pthread_mutex_destroy(&store->mutex);
    pthread_mutex_destroy(&store->watching);
    free(store->trouble);
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
    assert(store != shared || store->next || store->prev == store);
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
        err = link_own_topic_refresh(found->topic, OPEN_MS, stop);
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

/* What is written while the topic isn't what it was is lost, or hides what will be written again.
 */
static struct kc_error *check_kept(struct link_store *store)
{
    char *trouble = link_store_trouble(store);
    struct kc_error *err =
        trouble ? kc_error_retriable_new(KC_ERR_UNAVAILABLE, "%s", trouble) : NULL;
    free(trouble);
    return err;
}

struct kc_error *link_store_read_to_end(struct link_store *store, int timeout_ms)
{
    struct kc_error *err = check_kept(store);
    if (!err)
        err = link_own_topic_refresh(store->topic, timeout_ms, NULL);
    return err ? kc_error_prefix(err, "Link '%s' can't read its state to the end", store->link)
               : NULL;
}

/* ---- writing ---- */

/* Takes the values. */
static struct kc_error *put(struct link_store *store, struct link_change *changes, size_t count,
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
        count ? link_own_topic_write(store->topic, records, count, timeout_ms) : NULL;
    for (size_t i = 0; i < count; i++) {
        free((char *)records[i].key);
        free((char *)records[i].value);
    }
    free(records);
    return err;
}

struct kc_error *link_store_put(struct link_store *store, struct link_change *changes, size_t count,
                                int timeout_ms)
{
    struct kc_error *err = check_kept(store);
    for (size_t i = 0; err && i < count; i++)
        json_decref(changes[i].value);
    if (!err)
        err = put(store, changes, count, timeout_ms);
    return err ? kc_error_prefix(err, "Link '%s' can't write its state to topic %s", store->link,
                                 KC_LINK_STATE_TOPIC)
               : NULL;
}

/* ---- a topic that was deleted ---- */

char *link_store_trouble(struct link_store *store)
{
    pthread_mutex_lock(&store->mutex);
    char *trouble = store->trouble ? kc_strdup(store->trouble) : NULL;
    pthread_mutex_unlock(&store->mutex);
    return trouble;
}

bool link_store_is_kept(struct link_store *store)
{
    pthread_mutex_lock(&store->mutex);
    bool kept = !store->trouble;
    pthread_mutex_unlock(&store->mutex);
    return kept;
}

/* Takes text; NULL: all is well again. Each change is told once. anew: what was read so far isn't
 * in the topic. */
static void set_trouble(struct link_store *store, char *text, bool anew)
{
    pthread_mutex_lock(&store->mutex);
    char *before = store->trouble;
    bool same = before && text && strcmp(before, text) == 0;
    if (anew || !before)
        store->lost_version = store->version;
    store->trouble = text;
    store->version++;
    pthread_cond_broadcast(&store->changed);
    pthread_mutex_unlock(&store->mutex);
    if (text && !same)
        kc_log_error("Link '%s': %s", store->link, text);
    free(before);
}

static char *lost_text(bool restores)
{
    return kc_asprintf("its state topic %s on the target was deleted, made again or emptied. What "
                       "it had is in this worker's memory, and %s. Don't stop the worker before "
                       "that. Until then nothing is promoted, no state changes and no order is "
                       "taken",
                       KC_LINK_STATE_TOPIC,
                       restores ? "is written again from there"
                                : "the link's connector writes it again");
}

static struct kc_error *write_some_again(struct link_store *store, enum kc_link_resource resource,
                                         char *const *names, size_t count)
{
    struct link_change *changes = kc_calloc(count, sizeof(*changes));
    for (size_t i = 0; i < count; i++)
        changes[i] =
            (struct link_change){resource, names[i], link_store_get(store, resource, names[i])};
    struct kc_error *err = put(store, changes, count, AGAIN_MS);
    free(changes);
    return err;
}

/* The names of what the topic that is there now lacks. */
static void list_lacking(struct link_store *store, enum kc_link_resource resource,
                         struct kc_strings *names)
{
    pthread_mutex_lock(&store->mutex);
    link_table_unchanged(&store->table, resource, store->lost_version, names);
    pthread_mutex_unlock(&store->mutex);
}

static struct kc_error *write_resource_again(struct link_store *store,
                                             enum kc_link_resource resource, size_t *written)
{
    struct kc_strings names = {0};
    struct kc_error *err = NULL;
    list_lacking(store, resource, &names);
    for (size_t i = 0; !err && i < names.count; i += AGAIN_AT_ONCE) {
        size_t left = names.count - i;
        size_t count = left < AGAIN_AT_ONCE ? left : AGAIN_AT_ONCE;
        err = write_some_again(store, resource, &names.items[i], count);
        *written += count;
    }
    kc_strings_destroy(&names);
    return err;
}

static struct kc_error *write_again(struct link_store *store, size_t *written)
{
    struct kc_error *err = NULL;
    for (int resource = 0; !err && resource < KC_LINK_RESOURCES; resource++)
        if (resource != KC_LINK_SELF)
            err = write_resource_again(store, (enum kc_link_resource)resource, written);
    return err ? err : write_resource_again(store, KC_LINK_SELF, written);
}

/* Whether the link's own record, which is written last, is in the topic that is there now. */
static bool is_whole(struct link_store *store)
{
    struct kc_strings lacking = {0};
    list_lacking(store, KC_LINK_SELF, &lacking);
    bool whole = lacking.count == 0;
    kc_strings_destroy(&lacking);
    return whole;
}

static void mend(struct link_store *store, bool restores, const struct kc_stop *stop)
{
    size_t written = 0;
    struct kc_error *err = link_own_topic_reopen(store->topic, stop);
    if (!err && restores)
        err = write_again(store, &written);
    if (err && kc_error_code(err) != KC_ERR_WAKEUP) {
        char *text = lost_text(restores);
        set_trouble(store, kc_asprintf("%s. That can't be done yet: %s", text, kc_error_text(err)),
                    false);
        free(text);
    } else if (!err && is_whole(store)) {
        set_trouble(store, NULL, false);
        kc_info("Link '%s': its state is whole again; %zu records were written to topic %s. The "
                "link goes on.",
                store->link, written, KC_LINK_STATE_TOPIC);
    }
    kc_error_destroy(err);
}

/* A topic that can't be looked at now may be as it was. */
void link_store_look(struct link_store *store, struct kc_admin *target, bool restores,
                     const struct kc_stop *stop)
{
    bool lost = false;
    struct kc_error *err = link_own_topic_check(store->topic, target, &lost);
    if (lost)
        set_trouble(store, lost_text(restores), true);
    if (err && kc_error_code(err) == KC_ERR_CONFIG)
        set_trouble(store, kc_strdup(kc_error_text(err)), false);
    else if (!err && !link_store_is_kept(store))
        mend(store, restores, stop);
    kc_error_destroy(err);
}

void link_store_watch(struct link_store *store, struct kc_admin *target, bool restores,
                      const struct kc_stop *stop)
{
    if (pthread_mutex_trylock(&store->watching) != 0)
        return;
    if (kc_mono_ms() >= store->watch_ms[restores]) {
        link_store_look(store, target, restores, stop);
        store->watch_ms[restores] = kc_mono_ms() + WATCH_MS;
    }
    pthread_mutex_unlock(&store->watching);
}
