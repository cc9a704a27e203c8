/* SPDX-License-Identifier: Apache-2.0 */
/* The records of one link, see link_table_priv.h. */
#include "link/link_table_priv.h"

#include "connect/hash.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* A resource that has a record, or had one. */
struct link_record {
    char *id;         /* resource and name, as record_id() makes it */
    const char *name; /* within id */
    char *value;      /* NULL: gone */
    size_t len;
    uint64_t version;
    int64_t set_ms;
    struct link_record *prev, *next;
    UT_hash_handle hh;
};

static char *record_id(enum kc_link_resource resource, const char *name)
{
    return kc_asprintf("%d:%s", (int)resource, name);
}

static struct link_record *find(const struct link_table *table, const char *id)
{
    struct link_record *record = NULL;
    HASH_FIND_STR(table->records, id, record);
    return record;
}

/* Takes id. The record is in no list. */
static struct link_record *add(struct link_table *table, char *id)
{
    struct link_record *record = kc_calloc(1, sizeof(*record));
    record->id = id;
    record->name = strchr(id, ':') + 1;
    HASH_ADD_KEYPTR(hh, table->records, record->id, strlen(record->id), record);
    return record;
}

void link_table_set(struct link_table *table, enum kc_link_resource resource, const char *name,
                    char *value, size_t len, uint64_t version)
{
    char *id = record_id(resource, name);
    struct link_record *record = find(table, id);
    if (record) {
        free(id);
        DL_DELETE(table->by_change[resource], record);
    } else {
        record = add(table, id);
    }
    free(record->value);
    record->value = value;
    record->len = len;
    record->version = version;
    record->set_ms = kc_mono_ms();
    DL_APPEND(table->by_change[resource], record);
}

json_t *link_table_get(const struct link_table *table, enum kc_link_resource resource,
                       const char *name)
{
    char *id = record_id(resource, name);
    const struct link_record *record = find(table, id);
    free(id);
    return record && record->value ? json_loadb(record->value, record->len, 0, NULL) : NULL;
}

int64_t link_table_set_ms(const struct link_table *table, enum kc_link_resource resource,
                          const char *name)
{
    char *id = record_id(resource, name);
    const struct link_record *record = find(table, id);
    free(id);
    return record && record->value ? record->set_ms : -1;
}

void link_table_names(const struct link_table *table, enum kc_link_resource resource,
                      struct kc_strings *names)
{
    const struct link_record *record;
    DL_FOREACH (table->by_change[resource], record) {
        if (record->value)
            kc_strings_add(names, record->name);
    }
}

void link_table_changed(const struct link_table *table, enum kc_link_resource resource,
                        uint64_t since, struct kc_strings *names)
{
    const struct link_record *first = table->by_change[resource];
    const struct link_record *record = first ? first->prev : NULL;
    while (record && record->version > since) {
        kc_strings_add(names, record->name);
        record = record == first ? NULL : record->prev;
    }
}

void link_table_unchanged(const struct link_table *table, enum kc_link_resource resource,
                          uint64_t since, struct kc_strings *names)
{
    const struct link_record *record;
    DL_FOREACH (table->by_change[resource], record) {
        if (record->version > since)
            return;
        if (record->value)
            kc_strings_add(names, record->name);
    }
}

void link_table_clear(struct link_table *table)
{
    struct link_record *record, *next;
    HASH_ITER (hh, table->records, record, next) {
        HASH_DEL(table->records, record);
        free(record->id);
        free(record->value);
        free(record);
    }
    memset(table->by_change, 0, sizeof(table->by_change));
}
