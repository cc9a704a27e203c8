/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The records of one link in the state topic as text, by resource and name. For link_store.c alone,
 * which guards it.
 *
 * Tasks ask many times a second what has changed, and there may be tens of thousands of records. So
 * those of a resource are in the order of their last change, and only what is newer is looked at.
 */
#ifndef CONNECTORS_LINK_LINK_TABLE_PRIV_H
#define CONNECTORS_LINK_LINK_TABLE_PRIV_H

#include "connect/link.h"

#include <stdint.h>

struct link_record;

struct link_table {
    struct link_record *records;                      /* by resource and name */
    struct link_record *by_change[KC_LINK_RESOURCES]; /* the last one changed last */
};

/* Takes value; NULL: the record goes away. That counts as a change, too. version: higher than all
 * before. */
void link_table_set(struct link_table *table, enum kc_link_resource resource, const char *name,
                    char *value, size_t len, uint64_t version);
/* A new reference; NULL: there is none. */
json_t *link_table_get(const struct link_table *table, enum kc_link_resource resource,
                       const char *name);
/* When it was set (kc_mono_ms()); -1: there is none. */
int64_t link_table_set_ms(const struct link_table *table, enum kc_link_resource resource,
                          const char *name);
/* Adds the names of those that are there, in no order. */
void link_table_names(const struct link_table *table, enum kc_link_resource resource,
                      struct kc_strings *names);
/* Adds the names of those that have changed since that version, in no order. */
void link_table_changed(const struct link_table *table, enum kc_link_resource resource,
                        uint64_t since, struct kc_strings *names);
/* Adds the names of those that are there and haven't changed since, in the order of their last
 * change. */
void link_table_unchanged(const struct link_table *table, enum kc_link_resource resource,
                          uint64_t since, struct kc_strings *names);
void link_table_clear(struct link_table *table);

#endif
