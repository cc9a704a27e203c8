/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Structs as JSON objects, by tables: each row names a member, its kind and its limits. Writing,
 * reading and freeing walk the same table, so that they can't differ. Pure functions, any thread.
 */
#ifndef WORKER_LINK_LINK_FIELDS_PRIV_H
#define WORKER_LINK_LINK_FIELDS_PRIV_H

#include "connect/link.h"

#include <stddef.h>

enum kc_link_field_kind {
    KC_LINK_FIELD_INT64,
    KC_LINK_FIELD_INT32,
    KC_LINK_FIELD_UINT32,
    KC_LINK_FIELD_BOOL,
    KC_LINK_FIELD_ENUM,   /* by the name of its value */
    KC_LINK_FIELD_UUID,   /* Kafka's text form */
    KC_LINK_FIELD_TEXT,   /* NULL is written as "" */
    KC_LINK_FIELD_OPTION, /* a text; NULL isn't written */
    KC_LINK_FIELD_MAP,    /* struct kc_map *: strings and nulls; NULL isn't written */
    KC_LINK_FIELD_ARRAY,  /* json_t *, as it is; NULL isn't written */
    KC_LINK_FIELD_OBJECT, /* the same */
    KC_LINK_FIELD_TEXTS,  /* struct kc_strings */
    KC_LINK_FIELD_ITEMS,  /* an array of structs that have a table themselves */
};

struct kc_link_names {
    const char *const *names; /* by value */
    size_t count;
};

struct kc_link_field {
    const char *name;
    enum kc_link_field_kind kind;
    size_t offset;
    int64_t least; /* of integers */
    int64_t most;
    const struct kc_link_names *names;  /* of ENUM */
    const struct kc_link_layout *items; /* of ITEMS */
    size_t count_offset;                /* of ITEMS: where their number (size_t) is */
};

struct kc_link_layout {
    const char *what; /* in errors: "topic order" */
    size_t size;      /* of the struct */
    const struct kc_link_field *fields;
    size_t count;
    bool is_row; /* an array of the values in the table's order: short, where there are many */
};

/* Rows of a table. The member's name is the field's. */
#define KC_LINK_ROW(type, member, kind_)                                                           \
    .name = #member, .kind = KC_LINK_FIELD_##kind_, .offset = offsetof(struct type, member)
#define KC_LINK_NUMBER(type, member, width, least_, most_)                                         \
    {                                                                                              \
        KC_LINK_ROW(type, member, width), .least = (least_), .most = (most_)                       \
    }
#define KC_LINK_VALUE(type, member, kind_)                                                         \
    {                                                                                              \
        KC_LINK_ROW(type, member, kind_)                                                           \
    }
#define KC_LINK_NAMED(type, member, names_)                                                        \
    {                                                                                              \
        KC_LINK_ROW(type, member, ENUM), .names = &(names_)                                        \
    }
#define KC_LINK_LIST(type, member, count_, items_)                                                 \
    {                                                                                              \
        KC_LINK_ROW(type, member, ITEMS), .items = &(items_),                                      \
                                          .count_offset = offsetof(struct type, count_)            \
    }
/* Limits of numbers that many records have. */
#define KC_LINK_MAX_PARTITIONS                                                                     \
    1000000 /* more than a cluster has, less than is dangerous to have                             \
             */
#define KC_LINK_COUNT(type, member) KC_LINK_NUMBER(type, member, INT64, 0, INT64_MAX)
#define KC_LINK_PARTITIONS(type, member)                                                           \
    KC_LINK_NUMBER(type, member, INT32, 0, KC_LINK_MAX_PARTITIONS)
#define KC_LINK_LAYOUT_OF(text, type, rows)                                                        \
    .what = (text), .size = sizeof(struct type), .fields = (rows),                                 \
    .count = sizeof(rows) / sizeof((rows)[0])
#define KC_LINK_LAYOUT(text, type, rows)                                                           \
    {                                                                                              \
        KC_LINK_LAYOUT_OF(text, type, rows)                                                        \
    }
#define KC_LINK_ROWS(text, type, rows)                                                             \
    {                                                                                              \
        KC_LINK_LAYOUT_OF(text, type, rows), .is_row = true                                        \
    }

/* A new object, or array of a row. Bytes that aren't UTF-8 become U+FFFD. */
json_t *kc_link_fields_write(const struct kc_link_layout *layout, const void *object);
/* KC_ERR_SCHEMA, which names the field; *object is empty then. Whatever was in it is overwritten.
 */
struct kc_error *kc_link_fields_read(const struct kc_link_layout *layout, const json_t *json,
                                     void *object) KC_MUST_CHECK;
/* Frees what the members have and empties the struct. */
void kc_link_fields_clear(const struct kc_link_layout *layout, void *object);

/* The text as a JSON string, whatever its bytes. A new reference. */
json_t *kc_link_text(const char *text);
bool kc_link_names_find(const struct kc_link_names *names, const char *text, unsigned *value);
/* "?" beyond the last. */
const char *kc_link_names_get(const struct kc_link_names *names, unsigned value);

extern const struct kc_link_names kc_link_topic_state_names;
extern const struct kc_link_names kc_link_wish_names;
extern const struct kc_link_names kc_link_group_state_names;
extern const struct kc_link_names kc_link_group_wish_names;
extern const struct kc_link_names kc_link_wave_state_names;

#endif
