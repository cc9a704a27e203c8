/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The offset index of a link in memory, as its topic has it: see link_index_priv.h. The log's
 * thread applies records; the mutex guards the table.
 */
#include "link/link_index_priv.h"

#include "link/link_own_topic_priv.h"

#include "connect/hash.h"
#include "connect/log.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.connect.link.LinkIndex");

enum { INDEX_MS = 20000 }; /* for reading to the end, or a write */

struct index_chunk {
    int64_t era, chunk;
    struct link_map pieces;
};

/* A partition. */
struct index_entry {
    char *id;                   /* topic, topic's id and partition */
    struct index_chunk *chunks; /* by era and number */
    size_t count, cap;
    struct link_map map; /* of all of them */
    bool stale;          /* map is of former chunks */
    char *topic;
    struct kc_uuid topic_id;
    int32_t partition;
    UT_hash_handle hh;
};

struct link_index {
    const struct link_config *config;
    struct link_own_topic *topic;
    pthread_mutex_t mutex; /* guards what follows */
    struct index_entry *entries;
};

/* ---- keys ---- */

static char *format_key(const char *link, const struct link_index_change *change)
{
    char id[KC_UUID_TEXT_SIZE];
    json_t *json = json_pack("{s:s, s:s, s:s, s:i, s:I, s:I}", "link", link, "topic",
                             change->place.topic, "id", kc_uuid_print(&change->place.topic_id, id),
                             "partition", (int)change->place.partition, "era",
                             (json_int_t)change->era, "chunk", (json_int_t)change->chunk);
    char *text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    return text;
}

/* The texts are json's. False: it is no key. */
static bool read_key(const json_t *json, const char **link, struct link_index_change *key)
{
    const char *id = NULL;
    int partition = -1;
    json_int_t era = -1, chunk = -1;
    if (!json || json_unpack((json_t *)json, "{s:s, s:s, s:s, s:i, s:I, s:I}", "link", link,
                             "topic", &key->place.topic, "id", &id, "partition", &partition, "era",
                             &era, "chunk", &chunk) != 0)
        return false;
    key->place.partition = partition;
    key->era = era;
    key->chunk = chunk;
    return partition >= 0 && era >= 0 && chunk >= 0 && kc_uuid_parse(id, &key->place.topic_id);
}

/* ---- the table; all with the mutex held ---- */

static char *entry_id(const struct link_index_place *place)
{
    char id[KC_UUID_TEXT_SIZE];
    return kc_asprintf("%s/%s/%d", place->topic, kc_uuid_print(&place->topic_id, id),
                       (int)place->partition);
}

static struct index_entry *find(const struct link_index *index,
                                const struct link_index_place *place)
{
    struct index_entry *entry = NULL;
    char *id = entry_id(place);
    HASH_FIND_STR(index->entries, id, entry);
    free(id);
    return entry;
}

static struct index_entry *find_or_add(struct link_index *index,
                                       const struct link_index_place *place)
{
    struct index_entry *entry = find(index, place);
    if (entry)
        return entry;
    entry = kc_calloc(1, sizeof(*entry));
    entry->id = entry_id(place);
    entry->topic = kc_strdup(place->topic);
    entry->topic_id = place->topic_id;
    entry->partition = place->partition;
    HASH_ADD_KEYPTR(hh, index->entries, entry->id, strlen(entry->id), entry);
    return entry;
}

static void drop_entry(struct link_index *index, struct index_entry *entry)
{
    HASH_DEL(index->entries, entry);
    for (size_t i = 0; i < entry->count; i++)
        link_map_clear(&entry->chunks[i].pieces);
    free(entry->chunks);
    link_map_clear(&entry->map);
    free(entry->topic);
    free(entry->id);
    free(entry);
}

/* Where the chunk is, or would be. */
static size_t place_of(const struct index_entry *entry, int64_t era, int64_t chunk)
{
    size_t low = 0, high = entry->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct index_chunk *one = &entry->chunks[middle];
        if (one->era < era || (one->era == era && one->chunk < chunk))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct index_entry *entry, size_t at, int64_t era, int64_t chunk)
{
    return at < entry->count && entry->chunks[at].era == era && entry->chunks[at].chunk == chunk;
}

/* Takes pieces. */
static void set_chunk(struct index_entry *entry, int64_t era, int64_t chunk,
                      struct link_map *pieces)
{
    size_t at = place_of(entry, era, chunk);
    entry->stale = true;
    if (!is_at(entry, at, era, chunk)) {
        if (entry->count == entry->cap) {
            entry->cap = entry->cap ? entry->cap * 2 : 1;
            entry->chunks = kc_realloc(entry->chunks, entry->cap * sizeof(*entry->chunks));
        }
        memmove(&entry->chunks[at + 1], &entry->chunks[at],
                (entry->count - at) * sizeof(*entry->chunks));
        entry->count++;
        entry->chunks[at] = (struct index_chunk){.era = era, .chunk = chunk};
    }
    link_map_clear(&entry->chunks[at].pieces);
    entry->chunks[at].pieces = *pieces;
    *pieces = (struct link_map){0};
}

static void drop_chunk(struct index_entry *entry, int64_t era, int64_t chunk)
{
    size_t at = place_of(entry, era, chunk);
    if (!is_at(entry, at, era, chunk))
        return;
    link_map_clear(&entry->chunks[at].pieces);
    memmove(&entry->chunks[at], &entry->chunks[at + 1],
            (entry->count - at - 1) * sizeof(*entry->chunks));
    entry->count--;
    entry->stale = true;
}

/* A chunk that follows on a missing one is of a map that was rewritten: it doesn't count. */
static const struct link_map *map_of(struct index_entry *entry)
{
    int64_t era = -1, next = 0;
    if (!entry || !entry->stale)
        return entry ? &entry->map : NULL;
    entry->map.count = 0;
    for (size_t i = 0; i < entry->count; i++) {
        const struct index_chunk *chunk = &entry->chunks[i];
        if (chunk->era != era)
            next = 0;
        era = chunk->era;
        if (chunk->chunk != next)
            continue;
        next++;
        if (!link_map_overlay(&entry->map, chunk->pieces.pieces, chunk->pieces.count))
            kc_warn("Chunk %lld of %s in topic %s is left out: its offsets don't ascend",
                    (long long)chunk->chunk, entry->id, LINK_INDEX_TOPIC);
    }
    entry->stale = false;
    return &entry->map;
}

/* ---- reading ---- */

static void apply(struct link_index *index, const struct link_index_change *key,
                  struct link_map *pieces)
{
    pthread_mutex_lock(&index->mutex);
    struct index_entry *entry = pieces ? find_or_add(index, &key->place) : find(index, &key->place);
    if (pieces)
        set_chunk(entry, key->era, key->chunk, pieces);
    else if (entry)
        drop_chunk(entry, key->era, key->chunk);
    if (entry && entry->count == 0)
        drop_entry(index, entry);
    pthread_mutex_unlock(&index->mutex);
}

/* Listener of the topic's log. */
static void on_record(void *opaque, const struct kc_log_record *record)
{
    struct link_index *index = opaque;
    struct link_index_change key = {0};
    struct link_map pieces = {0};
    const char *link = NULL;
    json_t *json = record->key ? json_loadb(record->key, record->key_len, 0, NULL) : NULL;
    json_t *value = record->value ? json_loadb(record->value, record->value_len, 0, NULL) : NULL;
    bool good = read_key(json, &link, &key);
    if (good && strcmp(link, index->config->name) != 0)
        goto out; /* another link's */
    if (good && record->value)
        good = link_map_parse(value, &pieces);
    if (good)
        apply(index, &key, record->value ? &pieces : NULL);
    else
        kc_warn("The record at offset %lld of topic %s is left out: it isn't a part of an offset "
                "index",
                (long long)record->offset, LINK_INDEX_TOPIC);
out:
    link_map_clear(&pieces);
    json_decref(json);
    json_decref(value);
}

/* ---- opening ---- */

struct link_index *link_index_new(const struct link_config *config, const char *use)
{
    struct link_index *index = kc_calloc(1, sizeof(*index));
    index->config = config;
    char *client = kc_asprintf("index-%s", use);
    index->topic = link_own_topic_new(
        config,
        &(struct link_own_topic_settings){
            .name = LINK_INDEX_TOPIC, .use = client, .listener = on_record, .opaque = index});
    free(client);
    pthread_mutex_init(&index->mutex, NULL);
    return index;
}

void link_index_close(struct link_index *index)
{
    if (!index)
        return;
    link_own_topic_close(index->topic);
    while (index->entries)
        drop_entry(index, index->entries);
    pthread_mutex_destroy(&index->mutex);
    free(index);
}

struct kc_error *link_index_refresh(struct link_index *index, const struct kc_stop *stop)
{
    struct kc_error *err = link_own_topic_refresh(index->topic, INDEX_MS, stop);
    return err ? kc_error_prefix(err, "Link '%s' can't read its offset index", index->config->name)
               : NULL;
}

struct kc_error *link_index_check(struct link_index *index, struct kc_admin *admin,
                                  const struct kc_stop *stop, bool *lost)
{
    struct kc_error *err = link_own_topic_check(index->topic, admin, lost);
    if (!err)
        err = *lost ? link_own_topic_reopen(index->topic, stop)
                    : link_own_topic_refresh(index->topic, INDEX_MS, stop);
    return err ? kc_error_prefix(err, "Link '%s' can't keep its offset index", index->config->name)
               : NULL;
}

/* ---- asking ---- */

int64_t link_index_era(struct link_index *index, const struct link_index_place *place)
{
    pthread_mutex_lock(&index->mutex);
    const struct index_entry *entry = find(index, place);
    int64_t era = entry && entry->count ? entry->chunks[entry->count - 1].era : -1;
    pthread_mutex_unlock(&index->mutex);
    return era;
}

size_t link_index_eras(struct link_index *index, const struct link_index_place *place)
{
    size_t eras = 0;
    pthread_mutex_lock(&index->mutex);
    const struct index_entry *entry = find(index, place);
    for (size_t i = 0; entry && i < entry->count; i++)
        eras += i == 0 || entry->chunks[i].era != entry->chunks[i - 1].era;
    pthread_mutex_unlock(&index->mutex);
    return eras;
}

void link_index_map(struct link_index *index, const struct link_index_place *place,
                    struct link_map *map)
{
    static const struct link_map none = {0};
    pthread_mutex_lock(&index->mutex);
    const struct link_map *found = map_of(find(index, place));
    link_map_copy(map, found ? found : &none);
    pthread_mutex_unlock(&index->mutex);
}

int64_t link_index_target(struct link_index *index, const struct link_index_place *place,
                          int64_t source)
{
    pthread_mutex_lock(&index->mutex);
    const struct link_map *map = map_of(find(index, place));
    int64_t target = map ? link_map_target(map, source) : -1;
    pthread_mutex_unlock(&index->mutex);
    return target;
}

int64_t link_index_source(struct link_index *index, const struct link_index_place *place,
                          int64_t target)
{
    pthread_mutex_lock(&index->mutex);
    const struct link_map *map = map_of(find(index, place));
    int64_t source = map ? link_map_source(map, target) : -1;
    pthread_mutex_unlock(&index->mutex);
    return source;
}

/* ---- writing ---- */

void link_index_add(struct link_index_changes *changes, const struct link_index_change *change)
{
    if (changes->count == changes->cap) {
        changes->cap = changes->cap ? changes->cap * 2 : 8;
        changes->items = kc_realloc(changes->items, changes->cap * sizeof(*changes->items));
    }
    changes->items[changes->count++] = *change;
}

/* The newest first, so that what is left is a beginning. */
static void drop_chunks(const struct index_entry *entry, int64_t before, const char *topic,
                        struct link_index_changes *changes)
{
    const struct link_index_place place = {topic, entry->topic_id, entry->partition};
    for (size_t i = entry->count; i-- > 0;) {
        const struct index_chunk *chunk = &entry->chunks[i];
        if (chunk->era < before)
            link_index_add(changes, &(struct link_index_change){
                                        .place = place, .era = chunk->era, .chunk = chunk->chunk});
    }
}

void link_index_drop_before(struct link_index *index, const struct link_index_place *place,
                            int64_t era, struct link_index_changes *changes)
{
    pthread_mutex_lock(&index->mutex);
    const struct index_entry *entry = find(index, place);
    if (entry)
        drop_chunks(entry, era, place->topic, changes);
    pthread_mutex_unlock(&index->mutex);
}

void link_index_topics(struct link_index *index, struct kc_strings *names)
{
    struct kc_strings all = {0};
    pthread_mutex_lock(&index->mutex);
    for (const struct index_entry *entry = index->entries; entry; entry = entry->hh.next)
        kc_strings_add(&all, entry->topic);
    kc_strings_copy_distinct(names, &all);
    pthread_mutex_unlock(&index->mutex);
    kc_strings_destroy(&all);
}

void link_index_drop_topic(struct link_index *index, const char *topic,
                           struct link_index_changes *changes)
{
    pthread_mutex_lock(&index->mutex);
    for (const struct index_entry *entry = index->entries; entry; entry = entry->hh.next) {
        if (strcmp(entry->topic, topic) == 0)
            drop_chunks(entry, INT64_MAX, topic, changes);
    }
    pthread_mutex_unlock(&index->mutex);
}

void link_index_changes_clear(struct link_index_changes *changes)
{
    for (size_t i = 0; i < changes->count; i++)
        json_decref(changes->items[i].pieces);
    free(changes->items);
    *changes = (struct link_index_changes){0};
}

struct kc_error *link_index_put(struct link_index *index, struct link_index_changes *changes)
{
    struct kc_log_record *records = kc_calloc(changes->count + 1, sizeof(*records));
    for (size_t i = 0; i < changes->count; i++) {
        const struct link_index_change *change = &changes->items[i];
        char *key = format_key(index->config->name, change);
        char *value = change->pieces ? json_dumps(change->pieces, JSON_COMPACT) : NULL;
        records[i] = (struct kc_log_record){.timestamp = -1,
                                            .key = key,
                                            .key_len = strlen(key),
                                            .value = value,
                                            .value_len = value ? strlen(value) : 0};
    }
    struct kc_error *err =
        changes->count ? link_own_topic_write(index->topic, records, changes->count, INDEX_MS)
                       : NULL;
    for (size_t i = 0; i < changes->count; i++) {
        free((char *)records[i].key);
        free((char *)records[i].value);
    }
    free(records);
    link_index_changes_clear(changes);
    return err ? kc_error_prefix(err, "Link '%s' can't write its offset index", index->config->name)
               : NULL;
}
