/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An ordered map from string to string or null: every configuration is one.
 *
 * Entries keep the order in which their keys were first set. Lookups are O(1). Not thread-safe:
 * share it const, or copy it.
 */
#ifndef CONNECT_MAP_H
#define CONNECT_MAP_H

#include "connect/mem.h"

KC_API_BEGIN

struct kc_map;
/* Never grows. */
struct kc_map_entry {
    const char *key;
    const char *value; /* NULL is a null value, which differs from an absent key */
};

struct kc_map *kc_map_new(void);
struct kc_map *kc_map_copy(const struct kc_map *map);
void kc_map_destroy(struct kc_map *map);

void kc_map_set(struct kc_map *map, const char *key, const char *value);
void kc_map_setf(struct kc_map *map, const char *key, const char *fmt, ...) KC_PRINTF(3, 4);
void kc_map_set_default(struct kc_map *map, const char *key,
                        const char *value); /* unless present */
void kc_map_trim(struct kc_map *map);       /* each value as ConfigDef reads it: kc_trimmed() */
void kc_map_remove(struct kc_map *map, const char *key);
void kc_map_merge(struct kc_map *map, const struct kc_map *from); /* from's entries win */

const char *kc_map_get(const struct kc_map *map, const char *key); /* NULL when absent or null */
const char *kc_map_get_or(const struct kc_map *map, const char *key, const char *fallback);
bool kc_map_has(const struct kc_map *map, const char *key);
size_t kc_map_size(const struct kc_map *map);
bool kc_map_equal(const struct kc_map *a, const struct kc_map *b); /* order doesn't count */

/* A new map of the entries whose key begins with prefix, the prefix cut off when strip. */
struct kc_map *kc_map_subset(const struct kc_map *map, const char *prefix, bool strip);

/* Iteration in order: start with NULL; NULL at the end. The map must not change meanwhile. */
const struct kc_map_entry *kc_map_next(const struct kc_map *map, const struct kc_map_entry *entry);
#define kc_map_foreach(map, entry)                                                                 \
    for (const struct kc_map_entry *entry = kc_map_next(map, NULL); entry;                         \
         entry = kc_map_next(map, entry))

/* "{a=1, b=null}", as Java prints a map in messages. Owned by the caller. */
char *kc_map_print(const struct kc_map *map);
/* The same without one of the keys, so that maps that differ only in it print alike. */
char *kc_map_print_without(const struct kc_map *map, const char *key);

/* A list of owned maps, as connectors return task configs. Zero-initialise it. Never grows. */
struct kc_maps {
    struct kc_map **items;
    size_t count;
    size_t cap;
};
void kc_maps_take(struct kc_maps *list, struct kc_map *map);
void kc_maps_destroy(struct kc_maps *list);

KC_API_END

#endif
