/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Offsets in memory (the maps of KafkaOffsetBackingStore and MemoryOffsetBackingStore).
 *
 * Filled by a log's thread or from a file; asked by tasks and by REST.
 */
#include "storage/offset_table_priv.h"

#include "connect/hash.h"
#include "connect/log.h"
#include "storage/offset_codec_priv.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.storage.OffsetUtils");

struct offset_entry {
    char *key; /* terminated besides its length */
    size_t key_len;
    char *value;
    size_t value_len;
    char *connector; /* NULL: a foreign key, or the null partition */
    UT_hash_handle hh;
};

struct kc_offset_table {
    pthread_mutex_t lock;
    struct offset_entry *entries;
};

struct kc_offset_table *kc_offset_table_new(void)
{
    struct kc_offset_table *table = kc_calloc(1, sizeof(*table));
    pthread_mutex_init(&table->lock, NULL);
    return table;
}

static void entry_destroy(struct offset_entry *entry)
{
    free(entry->key);
    free(entry->value);
    free(entry->connector);
    free(entry);
}

void kc_offset_table_destroy(struct kc_offset_table *table)
{
    if (!table)
        return;
    struct offset_entry *entry = NULL;
    struct offset_entry *next = NULL;
    HASH_ITER (hh, table->entries, entry, next) {
        HASH_DEL(table->entries, entry);
        entry_destroy(entry);
    }
    pthread_mutex_destroy(&table->lock);
    free(table);
}

static char *copy_bytes(const char *data, size_t len)
{
    char *copy = kc_calloc(1, len + 1);
    memcpy(copy, data, len);
    return copy;
}

/* The connector of the partition that the key names. NULL if a look-up of that partition wouldn't
 * find this key: offsets are found only by raw bytes. */
static char *connector_of(const char *key, size_t len)
{
    char *connector = NULL;
    json_t *partition = NULL;
    struct kc_error *err = kc_offset_key_read(key, len, &connector, &partition);
    if (err) {
        kc_warn("Ignoring offset partition key %.*s: %s", (int)(len > 300 ? 300 : len), key,
                kc_error_text(err));
        kc_error_destroy(err);
        return NULL;
    }
    char *ours = json_is_null(partition) ? NULL : kc_offset_key(connector, partition);
    if (!ours || strlen(ours) != len || memcmp(ours, key, len) != 0) {
        free(connector);
        connector = NULL;
    }
    free(ours);
    json_decref(partition);
    return connector;
}

static struct offset_entry *entry_new(const char *key, size_t len)
{
    struct offset_entry *entry = kc_calloc(1, sizeof(*entry));
    entry->key = copy_bytes(key, len);
    entry->key_len = len;
    entry->connector = connector_of(key, len);
    return entry;
}

void kc_offset_table_put(struct kc_offset_table *table, const char *key, size_t key_len,
                         const char *value, size_t value_len)
{
    struct offset_entry *entry = NULL;
    if (!key)
        return;
    pthread_mutex_lock(&table->lock);
    HASH_FIND(hh, table->entries, key, key_len, entry);
    pthread_mutex_unlock(&table->lock);
    /* One thread fills a table, so the entry can't appear or vanish until below. */
    struct offset_entry *fresh = !entry && value ? entry_new(key, key_len) : NULL;
    char *copy = value ? copy_bytes(value, value_len) : NULL;
    pthread_mutex_lock(&table->lock);
    if (fresh) {
        entry = fresh;
        HASH_ADD_KEYPTR(hh, table->entries, entry->key, entry->key_len, entry);
    }
    if (copy) {
        free(entry->value);
        entry->value = copy;
        entry->value_len = value_len;
    } else if (entry) {
        HASH_DEL(table->entries, entry);
        entry_destroy(entry);
    }
    pthread_mutex_unlock(&table->lock);
}

char *kc_offset_table_get(struct kc_offset_table *table, const char *key)
{
    struct offset_entry *entry = NULL;
    pthread_mutex_lock(&table->lock);
    HASH_FIND(hh, table->entries, key, strlen(key), entry);
    char *value = entry ? copy_bytes(entry->value, entry->value_len) : NULL;
    pthread_mutex_unlock(&table->lock);
    return value;
}

void kc_offset_table_keys(struct kc_offset_table *table, const char *connector,
                          struct kc_strings *keys)
{
    pthread_mutex_lock(&table->lock);
    for (struct offset_entry *entry = table->entries; entry; entry = entry->hh.next) {
        if (entry->connector && strcmp(entry->connector, connector) == 0)
            kc_strings_add(keys, entry->key);
    }
    pthread_mutex_unlock(&table->lock);
}

void kc_offset_table_serialize(struct kc_offset_table *table, struct kc_str *out)
{
    size_t count = 0;
    pthread_mutex_lock(&table->lock);
    struct kc_serial_pair *pairs = kc_calloc(HASH_COUNT(table->entries) + 1, sizeof(*pairs));
    for (struct offset_entry *entry = table->entries; entry; entry = entry->hh.next)
        pairs[count++] =
            (struct kc_serial_pair){entry->key, entry->key_len, entry->value, entry->value_len};
    kc_serial_write(out, pairs, count);
    pthread_mutex_unlock(&table->lock);
    free(pairs);
}
