/* SPDX-License-Identifier: Apache-2.0 */
/* The ordered string map: see connect/map.h. uthash iterates in order of insertion. */
#include "connect/map.h"
#include "connect/hash.h"

#include <stdlib.h>
#include <string.h>

/* Most maps are small and there are many, because a configuration has a dozen keys. */
#undef HASH_INITIAL_NUM_BUCKETS
#undef HASH_INITIAL_NUM_BUCKETS_LOG2
#define HASH_INITIAL_NUM_BUCKETS      8U
#define HASH_INITIAL_NUM_BUCKETS_LOG2 3U

struct map_item {
    struct kc_map_entry entry; /* first: an entry is its item */
    UT_hash_handle hh;
};

struct kc_map {
    struct map_item *items;
};

struct kc_map *kc_map_new(void)
{
    return kc_calloc(1, sizeof(struct kc_map));
}

static struct map_item *find(const struct kc_map *map, const char *key)
{
    struct map_item *item = NULL;
    HASH_FIND(hh, map->items, key, strlen(key), item);
    return item;
}

void kc_map_set(struct kc_map *map, const char *key, const char *value)
{
    char *copy = kc_strdup(value);
    struct map_item *item = find(map, key);
    if (item) {
        free((char *)item->entry.value);
    } else {
        item = kc_calloc(1, sizeof(*item));
        item->entry.key = kc_strdup(key);
        HASH_ADD_KEYPTR(hh, map->items, item->entry.key, strlen(item->entry.key), item);
    }
    item->entry.value = copy;
}

void kc_map_setf(struct kc_map *map, const char *key, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *value = kc_vasprintf(fmt, args);
    va_end(args);
    kc_map_set(map, key, value);
    free(value);
}

void kc_map_trim(struct kc_map *map)
{
    for (struct map_item *item = map->items; item; item = item->hh.next) {
        char *trimmed = kc_trimmed(item->entry.value);
        free((char *)item->entry.value);
        item->entry.value = trimmed;
    }
}

void kc_map_set_default(struct kc_map *map, const char *key, const char *value)
{
    if (!find(map, key))
        kc_map_set(map, key, value);
}

static void free_item(struct map_item *item)
{
    free((char *)item->entry.key);
    free((char *)item->entry.value);
    free(item);
}

void kc_map_remove(struct kc_map *map, const char *key)
{
    struct map_item *item = find(map, key);
    if (!item)
        return;
    HASH_DEL(map->items, item);
    free_item(item);
}

void kc_map_merge(struct kc_map *map, const struct kc_map *from)
{
    kc_map_foreach (from, entry)
        kc_map_set(map, entry->key, entry->value);
}

struct kc_map *kc_map_copy(const struct kc_map *map)
{
    struct kc_map *copy = kc_map_new();
    kc_map_merge(copy, map);
    return copy;
}

void kc_map_destroy(struct kc_map *map)
{
    if (!map)
        return;
    struct map_item *item;
    struct map_item *next;
    HASH_ITER (hh, map->items, item, next) {
        HASH_DEL(map->items, item);
        free_item(item);
    }
    free(map);
}

const char *kc_map_get(const struct kc_map *map, const char *key)
{
    struct map_item *item = find(map, key);
    return item ? item->entry.value : NULL;
}

const char *kc_map_get_or(const struct kc_map *map, const char *key, const char *fallback)
{
    const char *value = kc_map_get(map, key);
    return value ? value : fallback;
}

bool kc_map_has(const struct kc_map *map, const char *key)
{
    return find(map, key) != NULL;
}

size_t kc_map_size(const struct kc_map *map)
{
    return HASH_COUNT(map->items);
}

static bool same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

bool kc_map_equal(const struct kc_map *a, const struct kc_map *b)
{
    if (kc_map_size(a) != kc_map_size(b))
        return false;
    kc_map_foreach (a, entry) {
        struct map_item *other = find(b, entry->key);
        if (!other || !same(entry->value, other->entry.value))
            return false;
    }
    return true;
}

struct kc_map *kc_map_subset(const struct kc_map *map, const char *prefix, bool strip)
{
    struct kc_map *subset = kc_map_new();
    size_t len = strlen(prefix);
    kc_map_foreach (map, entry) {
        if (strncmp(entry->key, prefix, len) == 0)
            kc_map_set(subset, entry->key + (strip ? len : 0), entry->value);
    }
    return subset;
}

const struct kc_map_entry *kc_map_next(const struct kc_map *map, const struct kc_map_entry *entry)
{
    const struct map_item *item = entry ? ((const struct map_item *)entry)->hh.next : map->items;
    return item ? &item->entry : NULL;
}

char *kc_map_print(const struct kc_map *map)
{
    return kc_map_print_without(map, NULL);
}

char *kc_map_print_without(const struct kc_map *map, const char *key)
{
    struct kc_str out = {0};
    kc_str_append_char(&out, '{');
    kc_map_foreach (map, entry) {
        if (key && strcmp(entry->key, key) == 0)
            continue;
        if (out.len > 1)
            kc_str_append(&out, ", ");
        kc_str_append(&out, entry->key);
        kc_str_append_char(&out, '=');
        kc_str_append(&out, entry->value ? entry->value : "null");
    }
    kc_str_append_char(&out, '}');
    return kc_str_take(&out);
}

void kc_maps_take(struct kc_maps *list, struct kc_map *map)
{
    if (list->count == list->cap) {
        list->cap = list->cap ? list->cap * 2 : 8;
        list->items = kc_realloc(list->items, list->cap * sizeof(struct kc_map *));
    }
    list->items[list->count++] = map;
}

void kc_maps_destroy(struct kc_maps *list)
{
    for (size_t i = 0; i < list->count; i++)
        kc_map_destroy(list->items[i]);
    free(list->items);
    *list = (struct kc_maps){0};
}
