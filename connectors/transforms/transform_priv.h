/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared by the transforms: sides of a record, requirements, edited maps and structs, cached
 * schemas, descriptors.
 *
 * A transform that works on keys or on values has one class for each, Class$Key and Class$Value,
 * which differ in the side only. Objects are used by one thread.
 */
#ifndef CONNECTORS_TRANSFORMS_TRANSFORM_PRIV_H
#define CONNECTORS_TRANSFORMS_TRANSFORM_PRIV_H

#include "connect/plugin.h"

#define TRANSFORM_VERSION "4.1.0" /* of Connect's transforms whose behaviour these have */

/* ---- sides ---- */

struct kc_side {
    const struct kc_schema **schema;
    struct kc_value *value;
};

static inline struct kc_side kc_record_side(struct kc_record *record, bool is_key)
{
    return is_key ? (struct kc_side){&record->key_schema, &record->key}
                  : (struct kc_side){&record->value_schema, &record->value};
}

/* Requirements: KC_ERR_DATA with Java's text unless value is a map, or a struct of schema. */
struct kc_error *kc_require_map(const struct kc_value *value, const char *purpose) KC_MUST_CHECK;
struct kc_error *kc_require_struct(const struct kc_schema *schema, const struct kc_value *value,
                                   const char *purpose) KC_MUST_CHECK;

/* ---- maps ---- */

/* The value under key of a MAP with string keys, NULL when there is none. */
const struct kc_value *kc_map_value(const struct kc_value *map, const char *key);

/* A map that is being made; its result has the order of a Java HashMap, unless linked is set. Put
 * after remove of the same key isn't provided for. */
struct kc_map_edit {
    struct kc_batch *batch;
    struct kc_pair *pairs;
    uint32_t count, cap;
    uint32_t table;
    bool linked; /* a LinkedHashMap: keeps its order */
};
/* A copy of map (NULL: an empty one) as `new HashMap<>(map)`. */
struct kc_map_edit kc_map_edit(struct kc_batch *batch, const struct kc_value *map);
/* An empty one as `new HashMap<>(capacity)`. */
struct kc_map_edit kc_map_edit_sized(struct kc_batch *batch, uint32_t capacity);
/* key and what value points to live as long as the batch. */
void kc_map_edit_put(struct kc_map_edit *edit, struct kc_value key, struct kc_value value);
void kc_map_edit_put_name(struct kc_map_edit *edit, const char *key, struct kc_value value);
void kc_map_edit_remove(struct kc_map_edit *edit, const char *key);
struct kc_value kc_map_edit_done(struct kc_map_edit *edit);

/* ---- structs and schemas ---- */

/* Field index of value, with its schema's default in place of null when replace. */
struct kc_value kc_field_value(const struct kc_schema *schema, const struct kc_value *value,
                               size_t index, bool replace);
/* A STRUCT of schema whose fields are null. *items is where they are set. */
struct kc_value kc_struct_new(struct kc_batch *batch, const struct kc_schema *schema,
                              struct kc_value **items);
/* Struct.put: checks value against the field. */
struct kc_error *kc_struct_put(const struct kc_schema *schema, struct kc_value *items, size_t index,
                               struct kc_value value) KC_MUST_CHECK;
/* A builder with schema's name, version, doc and parameters (SchemaUtil.copySchemaBasics). */
struct kc_schema *kc_schema_basics(const struct kc_schema *schema, enum kc_type type);
/* A logical schema of version 1 (Date, Time, Timestamp); a new reference. */
const struct kc_schema *kc_logical_schema(enum kc_type type, const char *name, bool optional);

/* Updated schemas by original ones; up to 16, the oldest go. Zero-initialise it. */
struct kc_schema_cache {
    struct {
        const struct kc_schema *from, *to;
    } entries[16];
    unsigned next;
};
const struct kc_schema *kc_schema_cache_get(const struct kc_schema_cache *cache,
                                            const struct kc_schema *from); /* NULL: unknown */
/* Takes the reference on to. */
void kc_schema_cache_put(struct kc_schema_cache *cache, const struct kc_schema *from,
                         const struct kc_schema *to);
void kc_schema_cache_clear(struct kc_schema_cache *cache);

/* Sets side; schema is kept by batch. */
void kc_side_set(struct kc_side side, struct kc_batch *batch, const struct kc_schema *schema,
                 struct kc_value value);

/* ---- configuration ---- */

struct kc_error *kc_transform_config(const struct kc_config_key *keys, size_t count,
                                     const struct kc_map *config,
                                     struct kc_config **parsed) KC_MUST_CHECK;
/* NonEmptyListValidator. */
struct kc_error *kc_check_non_empty_list(const char *name, const char *value);
/* "[a, b]" of a configured list, as Java prints it; owned by the caller. */
char *kc_print_list(const struct kc_strings *list);

#define TRANSFORM_KEY(name_, type_, default_, validator_, importance_, doc_)                       \
    {                                                                                              \
        .name = (name_), .type = KC_CONFIG_##type_, .default_value = (default_),                   \
        .validator = (validator_), .importance = KC_IMPORTANCE_##importance_, .order = -1,         \
        .documentation = (doc_),                                                                   \
    }
#define REPLACE_NULL_KEY                                                                           \
    TRANSFORM_KEY("replace.null.with.default", BOOLEAN, "true", NULL, MEDIUM,                      \
                  "Whether a field that is null and has a default counts as its default.")

/* ---- descriptors ---- */

#define TRANSFORM_PLUGIN(symbol, class_, keys_, count_, ops_, ...)                                 \
    const struct kc_plugin symbol = {KC_PLUGIN_HEAD,                                               \
                                     .kind = KC_PLUGIN_TRANSFORMATION,                             \
                                     .class_name = "org.apache.kafka.connect.transforms." class_,  \
                                     .version = TRANSFORM_VERSION,                                 \
                                     .config_keys = (keys_),                                       \
                                     .config_key_count = (count_),                                 \
                                     .transform = (ops_),                                          \
                                     __VA_ARGS__}

/* Defines kc_<name>_key and kc_<name>_value for a file's create(config, is_key, &object), destroy()
 * and apply(). */
#define TRANSFORM_SIDES(name, class_, keys_, count_)                                               \
    static struct kc_error *create_key(const struct kc_map *config, void **object)                 \
    {                                                                                              \
        return create(config, true, object);                                                       \
    }                                                                                              \
    static struct kc_error *create_value(const struct kc_map *config, void **object)               \
    {                                                                                              \
        return create(config, false, object);                                                      \
    }                                                                                              \
    static const struct kc_transform_ops key_ops = {create_key, destroy, apply};                   \
    static const struct kc_transform_ops value_ops = {create_value, destroy, apply};               \
    TRANSFORM_PLUGIN(kc_##name##_key, class_ "$Key", keys_, count_, &key_ops);                     \
    TRANSFORM_PLUGIN(kc_##name##_value, class_ "$Value", keys_, count_, &value_ops)

#endif
