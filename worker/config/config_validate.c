/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Validation of a whole configuration, and the validators that tables name (ConfigDef.validateAll
 * and its Validator classes).
 *
 * Called by the herder for REST's validate and create calls, on any of its threads; pure. Every
 * message is Java's, because clients and tests match on them.
 */
#include "config/config_def_priv.h"
#include "config/definition.h"
#include "config/version_range.h"
#include "connect/map.h"
#include "connect/regex.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

struct kc_error *kc_config_non_empty(const char *name, const char *value)
{
    return value && !*value ? kc_config_invalid(name, value, "String must be non-empty") : NULL;
}

/* The ISO control character that begins at *at (UTF-8), or -1; steps over the character. */
static int control_at(const unsigned char **at)
{
    const unsigned char *c = *at;

    if (c[0] == 0xC2 && c[1] >= 0x80 && c[1] <= 0x9F) {
        *at += 2;
        return c[1];
    }
    *at += 1;
    return c[0] < 0x20 || c[0] == 0x7F ? c[0] : -1;
}

struct kc_error *kc_config_non_empty_without_control(const char *name, const char *value)
{
    struct kc_str found = {0};
    struct kc_error *err = NULL;

    if (!value)
        return NULL;
    if (!*value)
        return kc_config_invalid(name, value, "String may not be empty");
    for (const unsigned char *at = (const unsigned char *)value; *at;) {
        int code = control_at(&at);

        if (code >= 0)
            kc_str_appendf(&found, "%s%d", found.len ? ", " : "", code);
    }
    if (found.len) {
        char *why = kc_asprintf("String may not contain control sequences but had the following "
                                "ASCII chars: %s",
                                found.data);
        err = kc_config_invalid(name, value, why);
        free(why);
    }
    kc_str_destroy(&found);
    return err;
}

static struct kc_error *at_least(const char *name, const char *value, double min, const char *why)
{
    if (!value)
        return kc_config_invalid(name, NULL, "Value must be non-null");
    return strtod(value, NULL) < min ? kc_config_invalid(name, value, why) : NULL;
}

struct kc_error *kc_config_at_least_0(const char *name, const char *value)
{
    return at_least(name, value, 0, "Value must be at least 0");
}

struct kc_error *kc_config_at_least_1(const char *name, const char *value)
{
    return at_least(name, value, 1, "Value must be at least 1");
}

struct kc_error *kc_config_non_null(const char *name, const char *value)
{
    return value ? NULL : kc_config_invalid(name, NULL, "entry must be non null");
}

/* Java prints the list as it prints lists. */
struct kc_error *kc_config_unique_aliases(const char *name, const char *value)
{
    struct kc_strings list = {0};
    struct kc_error *err = kc_config_non_null(name, value);

    if (err)
        return err;
    struct kc_map *seen = kc_map_new();
    kc_strings_split(&list, value);
    for (size_t i = 0; i < list.count; i++)
        kc_map_set(seen, list.items[i], NULL);
    bool twice = kc_map_size(seen) < list.count;
    kc_map_destroy(seen);
    if (twice) {
        char *joined = kc_strings_join(&list, ", ");
        char *printed = kc_asprintf("[%s]", joined);

        err = kc_config_invalid(name, printed, "Duplicate alias provided.");
        free(printed);
        free(joined);
    }
    kc_strings_destroy(&list);
    return err;
}

struct kc_error *kc_config_valid_version(const char *name, const char *value)
{
    struct kc_version_range *range = NULL;
    struct kc_error *err = kc_version_range_parse(value, &range);

    kc_version_range_destroy(range);
    return err;
}

struct kc_error *kc_config_is_regex(const char *name, const char *value)
{
    struct kc_regex *regex = NULL;

    if (!value)
        return kc_config_invalid(name, NULL, "Invalid regex: there is none");
    struct kc_error *err = kc_regex_new(value, &regex);
    kc_regex_destroy(regex);
    if (!err)
        return NULL;
    char *why = kc_asprintf("Invalid regex: %s", kc_error_text(err));
    struct kc_error *invalid = kc_config_invalid(name, value, why);
    free(why);
    kc_error_destroy(err);
    return invalid;
}

struct kc_error *kc_config_one_of(const char *name, const char *value, const char *const *options,
                                  bool ignore_case)
{
    struct kc_str why = {0};

    for (size_t i = 0; value && options[i]; i++) {
        if ((ignore_case ? strcasecmp : strcmp)(value, options[i]) == 0)
            return NULL;
    }
    kc_str_append(&why, ignore_case ? "String must be one of (case insensitive): "
                                    : "String must be one of: ");
    for (size_t i = 0; options[i]; i++)
        kc_str_appendf(&why, "%s%s", i ? ", " : "", options[i]);
    struct kc_error *err = kc_config_invalid(name, value, why.data);
    kc_str_destroy(&why);
    return err;
}

/* Index of values by name, because a configuration may list thousands of transforms. */
struct kc_config_place {
    const char *name; /* the value's */
    size_t at;
    UT_hash_handle hh;
};

const struct kc_config_value *kc_config_values_find(const struct kc_config_values *values,
                                                    const char *name)
{
    struct kc_config_place *place = NULL;

    HASH_FIND_STR(values->places, name, place);
    return place ? &values->items[place->at] : NULL;
}

struct kc_config_value *kc_config_values_get(struct kc_config_values *values, const char *name)
{
    struct kc_config_place *place = NULL;

    HASH_FIND_STR(values->places, name, place);
    if (place)
        return &values->items[place->at];
    if (values->count == values->cap) {
        values->cap = values->cap ? 2 * values->cap : 32;
        values->items = kc_realloc(values->items, values->cap * sizeof(*values->items));
    }
    place = kc_calloc(1, sizeof(*place));
    place->at = values->count++;
    struct kc_config_value *value = &values->items[place->at];
    *value = (struct kc_config_value){.name = kc_strdup(name), .visible = true};
    place->name = value->name;
    HASH_ADD_KEYPTR(hh, values->places, place->name, strlen(place->name), place);
    return value;
}

void kc_config_value_add_error(struct kc_config_value *value, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    kc_strings_take(&value->errors, kc_vasprintf(fmt, args));
    va_end(args);
}

void kc_config_values_destroy(struct kc_config_values *values)
{
    struct kc_config_place *place = NULL, *next = NULL;

    HASH_ITER (hh, values->places, place, next) {
        HASH_DEL(values->places, place);
        free(place);
    }
    for (size_t i = 0; i < values->count; i++) {
        free((char *)values->items[i].name);
        free(values->items[i].value);
        kc_strings_destroy(&values->items[i].recommended);
        kc_strings_destroy(&values->items[i].errors);
    }
    free(values->items);
    *values = (struct kc_config_values){0};
}

/* Takes err, if any, as a message of value. */
static void add_taken(struct kc_config_value *value, struct kc_error *err)
{
    if (!err)
        return;
    kc_strings_add(&value->errors, kc_error_text(err));
    kc_error_destroy(err);
}

/* ConfigDef.parseForValidate: a value that can't be parsed goes to the validator as null, which may
 * complain a second time. */
static void validate_entry(const struct kc_def_entry *entry, const struct kc_map *config,
                           struct kc_config_value *value)
{
    const struct kc_config_key *key = entry->key;
    struct kc_parsed parsed = {.is_null = true};

    if (kc_map_has(config, key->name))
        add_taken(value, kc_config_parse_type(key->name, key->type, kc_map_get(config, key->name),
                                              &parsed));
    else if (key->default_value == kc_config_required)
        kc_config_value_add_error(
            value, "Missing required configuration \"%s\" which has no default value.", key->name);
    else
        add_taken(value, kc_config_parse_type(key->name, key->type, key->default_value, &parsed));
    add_taken(value, kc_config_check(entry, &parsed));
    free(value->value);
    value->value =
        kc_strdup(key->type == KC_CONFIG_PASSWORD && parsed.text ? "[hidden]" : parsed.text);
    kc_parsed_destroy(&parsed);
}

static void recommend(const struct kc_def_entry *entry, const struct kc_map *config,
                      struct kc_config_value *value)
{
    struct kc_map *own = NULL;
    char *prefix = NULL;

    if (!entry->key->recommender)
        return;
    if (entry->prefix_len) {
        prefix = kc_strndup(entry->name, entry->prefix_len);
        own = kc_map_subset(config, prefix, true);
    }
    kc_strings_destroy(&value->recommended);
    entry->key->recommender(entry->name + entry->prefix_len, own ? own : config,
                            &value->recommended, &value->visible);
    kc_map_destroy(own);
    free(prefix);
}

static void report_undefined_dependents(const struct kc_config_def *def,
                                        const struct kc_config_key *key,
                                        struct kc_config_values *values)
{
    for (size_t i = 0; key->dependents && key->dependents[i]; i++) {
        const char *name = key->dependents[i];
        struct kc_config_value *value;

        if (kc_config_def_find(def, name))
            continue;
        value = kc_config_values_get(values, name);
        if (value->errors.count)
            continue;
        kc_config_value_add_error(value, "%s is referred in the dependents, but not defined.",
                                  name);
        value->visible = false;
    }
}

void kc_config_validate(const struct kc_config_def *def, const struct kc_map *config,
                        struct kc_config_values *values)
{
    size_t count = kc_config_def_size(def);

    for (size_t i = 0; i < count; i++) {
        const struct kc_def_entry *entry = kc_config_def_entry(def, i);

        validate_entry(entry, config, kc_config_values_get(values, entry->name));
    }
    for (size_t i = 0; i < count; i++) {
        const struct kc_def_entry *entry = kc_config_def_entry(def, i);

        recommend(entry, config, kc_config_values_get(values, entry->name));
        report_undefined_dependents(def, entry->key, values);
    }
}
