/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values by type, and whole configurations parsed by a definition (ConfigDef.parseType,
 * AbstractConfig).
 *
 * Called by everything that reads settings: the worker at start, connectors and tasks when they are
 * started. Numbers are read as Java reads them: no octal, no blanks inside, "+5" is 5.
 */
#include "config/config_def_priv.h"
#include "config/definition.h"
#include "connect/java_json.h"
#include "connect/map.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct config_item {
    char *name;
    enum kc_config_type type;
    struct kc_parsed value;
    UT_hash_handle hh;
};

struct kc_config {
    struct config_item *items;
    struct kc_map *originals;
};

static const char *const type_names[] = {"BOOLEAN", "STRING", "INT",   "SHORT",   "LONG",
                                         "DOUBLE",  "LIST",   "CLASS", "PASSWORD"};

static bool parse_integer(const char *text, int64_t min, int64_t max, int64_t *value)
{
    const char *digits = text + (*text == '-' || *text == '+');
    char *end = NULL;

    if (!*digits || digits[strspn(digits, "0123456789")] != '\0')
        return false;
    errno = 0;
    *value = strtoll(text, &end, 10);
    return errno == 0 && *value >= min && *value <= max;
}

/* Double.parseDouble: strtod's language, less "inf", "nan" and "infinity" in other spellings, plus
 * a type suffix. Hexadecimal needs its exponent. */
static bool parse_double(const char *text, double *value)
{
    const char *body = text + (*text == '-' || *text == '+');
    bool hex = body[0] == '0' && (body[1] == 'x' || body[1] == 'X');
    char *end = NULL;

    if (strcmp(body, "NaN") == 0 || strcmp(body, "Infinity") == 0) {
        *value = strtod(text, NULL);
        return true;
    }
    if (body[strspn(body, hex ? "0123456789abcdefABCDEFxX.pP+-" : "0123456789.eE+-fFdD")] != '\0')
        return false;
    if (hex && !strpbrk(body, "pP"))
        return false;
    *value = strtod(text, &end);
    if (end == text)
        return false;
    if (*end && strchr("fFdD", *end))
        end++;
    return *end == '\0';
}

static struct kc_error *parse_boolean(const char *name, const char *raw, struct kc_parsed *parsed)
{
    if (strcasecmp(parsed->text, "true") != 0 && strcasecmp(parsed->text, "false") != 0)
        return kc_config_invalid(name, raw, "Expected value to be either true or false");
    parsed->flag = strcasecmp(parsed->text, "true") == 0;
    free(parsed->text);
    parsed->text = kc_strdup(parsed->flag ? "true" : "false");
    return NULL;
}

static bool parse_number(enum kc_config_type type, struct kc_parsed *parsed)
{
    static const struct {
        int64_t min;
        int64_t max;
    } limits[] = {
        [KC_CONFIG_INT] = {INT32_MIN, INT32_MAX},
        [KC_CONFIG_SHORT] = {INT16_MIN, INT16_MAX},
        [KC_CONFIG_LONG] = {INT64_MIN, INT64_MAX},
    };
    struct kc_str canonical = {0};

    if (type == KC_CONFIG_DOUBLE) {
        if (!parse_double(parsed->text, &parsed->number))
            return false;
        if (isfinite(parsed->number))
            kc_json_write_double(&canonical, parsed->number);
        else
            kc_str_append(&canonical, isnan(parsed->number)  ? "NaN"
                                      : parsed->number > 0.0 ? "Infinity"
                                                             : "-Infinity");
    } else {
        if (!parse_integer(parsed->text, limits[type].min, limits[type].max, &parsed->integer))
            return false;
        parsed->number = (double)parsed->integer;
        kc_str_appendf(&canonical, "%lld", (long long)parsed->integer);
    }
    free(parsed->text);
    parsed->text = kc_str_take(&canonical);
    return true;
}

static void parse_list(struct kc_parsed *parsed)
{
    kc_strings_split(&parsed->list, parsed->text);
    free(parsed->text);
    parsed->text = kc_strings_join(&parsed->list, ",");
}

struct kc_error *kc_config_parse_type(const char *name, enum kc_config_type type, const char *raw,
                                      struct kc_parsed *parsed)
{
    struct kc_error *err = NULL;
    char why[64];

    memset(parsed, 0, sizeof(*parsed));
    parsed->is_null = raw == NULL;
    if (!raw)
        return NULL;
    parsed->text = kc_trimmed(raw);
    switch (type) {
    case KC_CONFIG_BOOLEAN:
        err = parse_boolean(name, raw, parsed);
        break;
    case KC_CONFIG_INT:
    case KC_CONFIG_SHORT:
    case KC_CONFIG_LONG:
    case KC_CONFIG_DOUBLE:
        if (!parse_number(type, parsed)) {
            snprintf(why, sizeof(why), "Not a number of type %s", type_names[type]);
            err = kc_config_invalid(name, raw, why);
        }
        break;
    case KC_CONFIG_LIST:
        parse_list(parsed);
        break;
    case KC_CONFIG_STRING:
    case KC_CONFIG_CLASS:
    case KC_CONFIG_PASSWORD:
        break;
    }
    if (err) {
        kc_parsed_destroy(parsed);
        parsed->is_null = true;
    }
    return err;
}

void kc_parsed_destroy(struct kc_parsed *parsed)
{
    free(parsed->text);
    kc_strings_destroy(&parsed->list);
    memset(parsed, 0, sizeof(*parsed));
}

struct kc_error *kc_config_check(const struct kc_def_entry *entry, const struct kc_parsed *parsed)
{
    if (!entry->key->validator)
        return NULL;
    return entry->key->validator(entry->name + entry->prefix_len, parsed->text);
}

static struct kc_error *parse_entry(const struct kc_def_entry *entry, const struct kc_map *config,
                                    struct kc_parsed *parsed)
{
    const struct kc_config_key *key = entry->key;
    const char *raw = key->default_value;

    if (kc_map_has(config, key->name))
        raw = kc_map_get(config, key->name);
    else if (key->default_value == kc_config_required)
        return kc_error_new(KC_ERR_CONFIG,
                            "Missing required configuration \"%s\" which has no default value.",
                            key->name);
    struct kc_error *err = kc_config_parse_type(key->name, key->type, raw, parsed);
    return err ? err : kc_config_check(entry, parsed);
}

struct kc_error *kc_config_parse_named(const struct kc_config_def *def, const struct kc_map *config,
                                       struct kc_config **parsed, const char **key)
{
    struct kc_config *made = kc_calloc(1, sizeof(*made));

    *parsed = NULL;
    made->originals = kc_map_copy(config);
    for (size_t i = 0; i < kc_config_def_size(def); i++) {
        const struct kc_def_entry *entry = kc_config_def_entry(def, i);
        struct config_item *item = kc_calloc(1, sizeof(*item));
        struct kc_error *err;

        item->name = kc_strdup(entry->name);
        item->type = entry->key->type;
        HASH_ADD_KEYPTR(hh, made->items, item->name, strlen(item->name), item);
        err = parse_entry(entry, config, &item->value);
        if (err) {
            *key = entry->name;
            kc_config_destroy(made);
            return err;
        }
    }
    *parsed = made;
    return NULL;
}

struct kc_error *kc_config_parse(const struct kc_config_def *def, const struct kc_map *config,
                                 struct kc_config **parsed)
{
    const char *key = NULL;

    return kc_config_parse_named(def, config, parsed, &key);
}

void kc_config_destroy(struct kc_config *config)
{
    struct config_item *item = NULL;
    struct config_item *next = NULL;

    if (!config)
        return;
    HASH_ITER (hh, config->items, item, next) {
        HASH_DEL(config->items, item);
        kc_parsed_destroy(&item->value);
        free(item->name);
        free(item);
    }
    kc_map_destroy(config->originals);
    free(config);
}

#define TYPE(type)   (1U << KC_CONFIG_##type)
#define TYPE_TEXT    (TYPE(STRING) | TYPE(CLASS) | TYPE(PASSWORD))
#define TYPE_INTEGER (TYPE(INT) | TYPE(SHORT) | TYPE(LONG))
#define TYPE_ANY     (~0U)

/* The value called name, which the definition must have with one of types. */
static const struct kc_parsed *value_of(const struct kc_config *config, const char *name,
                                        unsigned types)
{
    struct config_item *item = NULL;

    HASH_FIND_STR(config->items, name, item);
    if (!item || !(types & (1U << item->type))) {
        fprintf(stderr, "isthmus: configuration '%s' is not defined with the type asked for\n",
                name);
        abort();
    }
    return &item->value;
}

const char *kc_config_string(const struct kc_config *config, const char *name)
{
    return value_of(config, name, TYPE_TEXT)->text;
}

bool kc_config_bool(const struct kc_config *config, const char *name)
{
    return value_of(config, name, TYPE(BOOLEAN))->flag;
}

int64_t kc_config_long(const struct kc_config *config, const char *name)
{
    return value_of(config, name, TYPE_INTEGER)->integer;
}

bool kc_config_is_null(const struct kc_config *config, const char *name)
{
    return value_of(config, name, TYPE_ANY)->is_null;
}

double kc_config_double(const struct kc_config *config, const char *name)
{
    return value_of(config, name, TYPE(DOUBLE))->number;
}

const struct kc_strings *kc_config_list(const struct kc_config *config, const char *name)
{
    return &value_of(config, name, TYPE(LIST))->list;
}

const struct kc_map *kc_config_originals(const struct kc_config *config)
{
    return config->originals;
}
