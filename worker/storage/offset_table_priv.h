/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Offsets in memory: raw key bytes to raw value bytes, and the partitions of each connector.
 *
 * Thread-safe; its lock is held only for the time of a look.
 */
#ifndef WORKER_STORAGE_OFFSET_TABLE_PRIV_H
#define WORKER_STORAGE_OFFSET_TABLE_PRIV_H

#include "storage/java_serial_priv.h"

#include <jansson.h>

struct kc_offset_table;

struct kc_offset_table *kc_offset_table_new(void);
void kc_offset_table_destroy(struct kc_offset_table *table);

/* Sets or, with value NULL, removes. A key of unknown shape is kept, so that the file keeps it,
 * with one warning. */
void kc_offset_table_put(struct kc_offset_table *table, const char *key, size_t key_len,
                         const char *value, size_t value_len);

/* The value as text, owned by the caller; NULL when there is none. */
char *kc_offset_table_get(struct kc_offset_table *table, const char *key);

/* Appends the keys of all of connector's partitions, as we would write them. */
void kc_offset_table_keys(struct kc_offset_table *table, const char *connector,
                          struct kc_strings *keys);

/* Everything as a Java serialization stream. */
void kc_offset_table_serialize(struct kc_offset_table *table, struct kc_str *out);

#endif
