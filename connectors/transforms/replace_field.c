/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ReplaceField: leaves out fields, or all but some, and renames them.
 *
 * Called by the task's chain of transforms, on the task's thread.
 */
#include "transforms/transform_priv.h"

#include <stdlib.h>
#include <string.h>

struct replace_field {
    bool is_key;
    bool replace_null;
    struct kc_strings exclude, include;
    struct kc_map *renames;  /* old name to new */
    struct kc_map *reversed; /* new name to old */
    struct kc_schema_cache cache;
};

static const char purpose[] = "field replacement";

/* Adds "old:new" to renames as Java's split(":") sees it: empty pieces at the end don't count. */
static bool add_rename(struct kc_map *renames, const char *mapping)
{
    const char *colon = strchr(mapping, ':');
    if (!colon || !colon[1] || colon[1] == ':' || strchr(colon + 1, ':')) {
        /* "a:b:" is two pieces as well. */
        size_t len = strlen(mapping);
        while (len && mapping[len - 1] == ':')
            len--;
        char *cut = kc_strndup(mapping, len);
        colon = strchr(cut, ':');
        bool two = colon && !strchr(colon + 1, ':') && colon[1];
        if (two) {
            cut[colon - cut] = '\0';
            kc_map_set(renames, cut, colon + 1);
        }
        free(cut);
        return two;
    }
    char *old = kc_strndup(mapping, (size_t)(colon - mapping));
    kc_map_set(renames, old, colon + 1);
    free(old);
    return true;
}

static struct kc_error *parse_renames(const struct kc_strings *list, struct kc_map *renames)
{
    for (size_t i = 0; i < list->count; i++) {
        if (add_rename(renames, list->items[i]))
            continue;
        char *all = kc_print_list(list);
        struct kc_error *err = kc_error_new(
            KC_ERR_CONFIG, "Invalid value %s for configuration renames: Invalid rename mapping: %s",
            all, list->items[i]);
        free(all);
        return err;
    }
    return NULL;
}

static struct kc_error *check_renames(const char *name, const char *value)
{
    struct kc_strings list = {0};
    struct kc_map *renames = kc_map_new();
    if (value)
        kc_strings_split(&list, value);
    struct kc_error *err = parse_renames(&list, renames);
    kc_map_destroy(renames);
    kc_strings_destroy(&list);
    return err;
}

static const struct kc_config_key keys[] = {
    TRANSFORM_KEY("exclude", LIST, "", NULL, MEDIUM,
                  "Fields to leave out; they are left out even when include has them."),
    TRANSFORM_KEY("include", LIST, "", NULL, MEDIUM,
                  "Fields to keep. When any is given, no others are kept."),
    TRANSFORM_KEY("renames", LIST, "", check_renames, MEDIUM,
                  "Fields to rename, each as <code>old:new</code>."),
    REPLACE_NULL_KEY,
};
enum { KEY_COUNT = sizeof(keys) / sizeof(keys[0]) };

static void destroy(void *object)
{
    struct replace_field *replace = object;
    if (!replace)
        return;
    kc_strings_destroy(&replace->exclude);
    kc_strings_destroy(&replace->include);
    kc_map_destroy(replace->renames);
    kc_map_destroy(replace->reversed);
    kc_schema_cache_clear(&replace->cache);
    free(replace);
}

static struct kc_error *create(const struct kc_map *config, bool is_key, void **object)
{
    struct kc_config *parsed = NULL;
    struct kc_error *err = kc_transform_config(keys, KEY_COUNT, config, &parsed);
    if (err)
        return err;
    struct replace_field *replace = kc_calloc(1, sizeof(*replace));
    replace->is_key = is_key;
    replace->replace_null = kc_config_bool(parsed, "replace.null.with.default");
    replace->renames = kc_map_new();
    replace->reversed = kc_map_new();
    kc_strings_copy(&replace->exclude, kc_config_list(parsed, "exclude"));
    kc_strings_copy(&replace->include, kc_config_list(parsed, "include"));
    err = parse_renames(kc_config_list(parsed, "renames"), replace->renames);
    kc_map_foreach (replace->renames, entry)
        kc_map_set(replace->reversed, entry->value, entry->key);
    kc_config_destroy(parsed);
    if (err)
        destroy(replace);
    else
        *object = replace;
    return err;
}

static bool is_kept(const struct replace_field *replace, const char *name)
{
    return !kc_strings_contain(&replace->exclude, name) &&
           (!replace->include.count || kc_strings_contain(&replace->include, name));
}

static struct kc_error *make_schema(struct replace_field *replace, const struct kc_schema *schema,
                                    const struct kc_schema **updated)
{
    struct kc_schema *made = kc_schema_basics(schema, KC_TYPE_STRUCT);
    struct kc_error *err = NULL;
    for (size_t i = 0; i < kc_schema_field_count(schema) && !err; i++) {
        const char *name = kc_schema_field_name(schema, i);
        if (is_kept(replace, name))
            err = kc_schema_add_field(made, kc_map_get_or(replace->renames, name, name),
                                      kc_schema_field(schema, i));
    }
    if (err) {
        kc_schema_unref(made);
        return err;
    }
    kc_schema_cache_put(&replace->cache, schema, made);
    *updated = made;
    return NULL;
}

static struct kc_error *apply_struct(struct replace_field *replace, struct kc_batch *batch,
                                     struct kc_side side)
{
    const struct kc_schema *schema = *side.schema;
    struct kc_error *err = kc_require_struct(schema, side.value, purpose);
    if (err)
        return err;
    const struct kc_schema *updated = kc_schema_cache_get(&replace->cache, schema);
    if (!updated)
        err = make_schema(replace, schema, &updated);
    if (err)
        return err;
    struct kc_value *items;
    struct kc_value value = kc_struct_new(batch, updated, &items);
    for (size_t i = 0; i < value.count && !err; i++) {
        const char *name = kc_schema_field_name(updated, i);
        const char *old = kc_map_get_or(replace->reversed, name, name);
        int from = kc_schema_field_index(schema, old);
        if (from < 0)
            return kc_error_new(KC_ERR_DATA, "%s is not a valid field name", old);
        err =
            kc_struct_put(updated, items, i,
                          kc_field_value(schema, side.value, (size_t)from, replace->replace_null));
    }
    if (!err)
        kc_side_set(side, batch, updated, value);
    return err;
}

static struct kc_error *apply_map(const struct replace_field *replace, struct kc_batch *batch,
                                  struct kc_side side)
{
    struct kc_error *err = kc_require_map(side.value, purpose);
    if (err)
        return err;
    struct kc_map_edit edit = kc_map_edit_sized(batch, side.value->count);
    for (uint32_t i = 0; i < side.value->count; i++) {
        const struct kc_pair *pair = &side.value->u.pairs[i];
        if (pair->key.type != KC_TYPE_STRING)
            continue;
        char *name = kc_strndup(pair->key.u.bytes.data, pair->key.u.bytes.len);
        const char *renamed = kc_map_get(replace->renames, name);
        if (is_kept(replace, name) && renamed)
            kc_map_edit_put_name(&edit, renamed, pair->value);
        else if (is_kept(replace, name))
            kc_map_edit_put(&edit, pair->key, pair->value);
        free(name);
    }
    *side.value = kc_map_edit_done(&edit);
    return NULL;
}

static struct kc_error *apply(void *object, struct kc_batch *batch, struct kc_record *record,
                              bool *keep)
{
    struct replace_field *replace = object;
    struct kc_side side = kc_record_side(record, replace->is_key);
    *keep = true;
    if (side.value->type == KC_TYPE_NULL)
        return NULL;
    return *side.schema ? apply_struct(replace, batch, side) : apply_map(replace, batch, side);
}

TRANSFORM_SIDES(replace_field, "ReplaceField", keys, KEY_COUNT);
