/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Definitions of configurations: Kafka's ConfigDef as a table.
 *
 * A plugin declares its keys once; validation, `/connector-plugins/X/config`, defaults and the
 * reference docs all come from the table. Messages are those of Java's ConfigDef, letter by letter.
 * Tables are static const; parsed values are immutable and may be read from any thread.
 */
#ifndef CONNECT_CONFIG_DEF_H
#define CONNECT_CONFIG_DEF_H

#include "connect/map.h"

KC_API_BEGIN

enum kc_config_type {
    KC_CONFIG_BOOLEAN,
    KC_CONFIG_STRING,
    KC_CONFIG_INT,
    KC_CONFIG_SHORT,
    KC_CONFIG_LONG,
    KC_CONFIG_DOUBLE,
    KC_CONFIG_LIST,
    KC_CONFIG_CLASS,
    KC_CONFIG_PASSWORD,
};

enum kc_importance { KC_IMPORTANCE_HIGH, KC_IMPORTANCE_MEDIUM, KC_IMPORTANCE_LOW };
enum kc_width { KC_WIDTH_NONE, KC_WIDTH_SHORT, KC_WIDTH_MEDIUM, KC_WIDTH_LONG };

struct kc_config_value;

/* Checks one value (NULL is null) of key `name`. An error has the text of Java's ConfigException:
 * "Invalid value x for configuration y: why" (see kc_config_invalid()). */
typedef struct kc_error *(*kc_config_validator)(const char *name, const char *value);

/* Adds the recommended values for key `name`, given the whole configuration; sets *visible. */
typedef void (*kc_config_recommender)(const char *name, const struct kc_map *config,
                                      struct kc_strings *values, bool *visible);

/* default_value of a required key. Compared by address. */
extern const char kc_config_required[];

/* Never grows. */
struct kc_config_key {
    const char *name;
    enum kc_config_type type;
    const char *default_value; /* kc_config_required: none; NULL: null */
    kc_config_validator validator;
    enum kc_importance importance;
    const char *group; /* NULL: undeclared */
    int order;         /* -1: undeclared */
    enum kc_width width;
    const char *display_name;      /* NULL: the name */
    const char *const *dependents; /* NULL-terminated, or NULL */
    kc_config_recommender recommender;
    const char *documentation;
    bool internal; /* accepted and defaulted, never shown */
};

/* A set of keys, in order of definition. Keys are borrowed and must outlive it. */
struct kc_config_def;
struct kc_config_def *kc_config_def_new(const struct kc_config_key *keys, size_t count);
/* Adds keys that def doesn't have; later tables don't override earlier ones. */
void kc_config_def_add(struct kc_config_def *def, const struct kc_config_key *keys, size_t count);
void kc_config_def_destroy(struct kc_config_def *def);

/* Built-in validators. */
struct kc_error *kc_config_non_empty(const char *name, const char *value); /* non-null, non-blank */
struct kc_error *kc_config_non_empty_without_control(const char *name, const char *value);
struct kc_error *kc_config_at_least_0(const char *name, const char *value);
struct kc_error *kc_config_at_least_1(const char *name, const char *value);
/* A list of names, none of them twice (ConnectorConfig.aliasValidator). */
struct kc_error *kc_config_unique_aliases(const char *name, const char *value);
/* A valid version or range of versions (KIP-891, PluginVersionValidator). */
struct kc_error *kc_config_valid_version(const char *name, const char *value);
struct kc_error *kc_config_non_null(const char *name, const char *value);
struct kc_error *kc_config_is_regex(const char *name, const char *value);
/* value must be one of the NULL-terminated options: "String must be one of: a, b". The caller
 * decides whether null is allowed. */
struct kc_error *kc_config_one_of(const char *name, const char *value, const char *const *options,
                                  bool ignore_case);
/* "Invalid value <value> for configuration <name>: <why>" (why NULL: without the tail). */
struct kc_error *kc_config_invalid(const char *name, const char *value, const char *why);

/* One key's outcome of validation (ConfigValue). Never grows. */
struct kc_config_value {
    const char *name;
    char *value; /* as REST shows it: PASSWORD is "[hidden]"; NULL for null */
    struct kc_strings recommended;
    struct kc_strings errors;
    bool visible;
};

/* The outcome of validating a map: values in order of definition, then those added. A plugin gets
 * at them by the functions below. Never grows. */
struct kc_config_values {
    struct kc_config_value *items;
    size_t count;
    size_t cap;
    struct kc_config_place *places; /* by name; of kc_config_values_get() */
};

/* The value called name, added (with no value) when it isn't there; borrowed until the next
 * addition. */
struct kc_config_value *kc_config_values_get(struct kc_config_values *values, const char *name);
void kc_config_value_add_error(struct kc_config_value *value, const char *fmt, ...) KC_PRINTF(2, 3);

/* A parsed configuration: typed values, all defaults filled in. */
struct kc_config;

/* Parses config by def; the first error is returned (KC_ERR_CONFIG), as AbstractConfig throws. Keys
 * that def doesn't know are kept as originals. config is copied. */
struct kc_error *kc_config_parse(const struct kc_config_def *def, const struct kc_map *config,
                                 struct kc_config **parsed) KC_MUST_CHECK;
void kc_config_destroy(struct kc_config *config);

/* Values by key, borrowed from config. An unknown key or a wrong type is a programming error. A
 * null STRING, CLASS or PASSWORD is NULL. */
const char *kc_config_string(const struct kc_config *config, const char *name);
bool kc_config_bool(const struct kc_config *config, const char *name);
int64_t kc_config_long(const struct kc_config *config, const char *name); /* INT, SHORT, LONG */
bool kc_config_is_null(const struct kc_config *config, const char *name);
double kc_config_double(const struct kc_config *config, const char *name);
const struct kc_strings *kc_config_list(const struct kc_config *config, const char *name);
const struct kc_map *kc_config_originals(const struct kc_config *config);

KC_API_END

#endif
