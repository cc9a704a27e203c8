/* SPDX-License-Identifier: Apache-2.0 */
/* Include and exclude lists, see name_filter.h. */
#include "common/name_filter.h"

#include "connect/regex.h"

#include <stdlib.h>
#include <string.h>

struct kc_name_filter {
    bool all;
    struct kc_regex *include;
    struct kc_regex *exclude;
};

/* Two keys of each kind: include, exclude. No include: everything is in. */
static const struct kc_config_key filter_keys[][2] = {
    [KC_FILTER_TOPICS] = {{.name = "topics", .type = KC_CONFIG_LIST, .default_value = ".*"},
                          {.name = "topics.exclude",
                           .type = KC_CONFIG_LIST,
                           .default_value = "mm2.*\\.internal,.*\\.replica,__.*"}},
    [KC_FILTER_GROUPS] = {{.name = "groups", .type = KC_CONFIG_LIST, .default_value = ".*"},
                          {.name = "groups.exclude",
                           .type = KC_CONFIG_LIST,
                           .default_value = "console-consumer-.*,connect-.*,__.*"}},
    [KC_FILTER_PROPERTIES] = {{.name = NULL},
                              {.name = "config.properties.exclude",
                               .type = KC_CONFIG_LIST,
                               .default_value = "follower\\.replication\\.throttled\\.replicas,"
                                                "leader\\.replication\\.throttled\\.replicas,"
                                                "message\\.timestamp\\.difference\\.max\\.ms,"
                                                "message\\.timestamp\\.type,"
                                                "unclean\\.leader\\.election\\.enable,"
                                                "min\\.insync\\.replicas"}},
};

static struct kc_error *compile(const struct kc_map *properties, const struct kc_config_key *key,
                                struct kc_regex **regex)
{
    struct kc_config *values = NULL;
    struct kc_config_def *def = kc_config_def_new(key, 1);
    struct kc_error *err = kc_config_parse(def, properties, &values);
    if (!err)
        err = kc_regex_list_new(kc_config_list(values, key->name), regex);
    kc_config_destroy(values);
    kc_config_def_destroy(def);
    return err ? kc_error_prefix(err, "Invalid value for configuration %s", key->name) : NULL;
}

struct kc_error *kc_name_filter_new(const struct kc_map *properties, enum kc_filter_kind kind,
                                    struct kc_name_filter **filter)
{
    const struct kc_config_key *include = &filter_keys[kind][0], *exclude = &filter_keys[kind][1];
    struct kc_name_filter *made = kc_calloc(1, sizeof(*made));
    made->all = !include->name;
    struct kc_error *err = include->name ? compile(properties, include, &made->include) : NULL;
    if (!err)
        err = compile(properties, exclude, &made->exclude);
    if (err) {
        kc_name_filter_destroy(made);
        return err;
    }
    *filter = made;
    return NULL;
}

void kc_name_filter_destroy(struct kc_name_filter *filter)
{
    if (!filter)
        return;
    kc_regex_destroy(filter->include);
    kc_regex_destroy(filter->exclude);
    free(filter);
}

bool kc_name_filter_accepts(const struct kc_name_filter *filter, const char *name)
{
    bool included = filter->all || kc_regex_matches(filter->include, name);
    return included && !kc_regex_matches(filter->exclude, name);
}

struct kc_error *kc_name_filter_check_class(const struct kc_config *config, const char *key,
                                            const char *class_name)
{
    const char *value = kc_config_string(config, key);
    const char *dot = strrchr(class_name, '.');
    if (!value || strcmp(value, class_name) == 0 || strcmp(value, dot + 1) == 0)
        return NULL;
    return kc_error_new(KC_ERR_CONFIG,
                        "Invalid value %s for configuration %s: Class %s could not be found. "
                        "Isthmus has %s",
                        value, key, value, class_name);
}
