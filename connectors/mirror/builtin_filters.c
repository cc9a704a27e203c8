/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The filters that are linked in: DefaultTopicFilter, DefaultGroupFilter and
 * DefaultConfigPropertyFilter, which have include and exclude lists of names and Java regular
 * expressions. See connect/mirror.h.
 */
#include "connect/plugin.h"
#include "connect/regex.h"

#include <stdlib.h>
#include <string.h>

struct list_filter {
    struct kc_regex *include; /* NULL: everything is in */
    struct kc_regex *exclude;
    bool keeps_defaults;
};

#define LIST(key, fallback)                                                                        \
    {                                                                                              \
        .name = (key), .type = KC_CONFIG_LIST, .default_value = (fallback)                         \
    }
static const struct kc_config_key topics = LIST("topics", ".*");
static const struct kc_config_key topics_exclude =
    LIST("topics.exclude", "mm2.*\\.internal,.*\\.replica,__.*");
static const struct kc_config_key groups = LIST("groups", ".*");
static const struct kc_config_key groups_exclude =
    LIST("groups.exclude", "console-consumer-.*,connect-.*,__.*");
static const struct kc_config_key properties_exclude =
    LIST("config.properties.exclude", "follower\\.replication\\.throttled\\.replicas,"
                                      "leader\\.replication\\.throttled\\.replicas,"
                                      "message\\.timestamp\\.difference\\.max\\.ms,"
                                      "message\\.timestamp\\.type,"
                                      "unclean\\.leader\\.election\\.enable,"
                                      "min\\.insync\\.replicas");

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

static void filter_destroy(void *arg)
{
    struct list_filter *filter = arg;
    kc_regex_destroy(filter->include);
    kc_regex_destroy(filter->exclude);
    free(filter);
}

static struct kc_error *create(const struct kc_map *properties, const struct kc_config_key *include,
                               const struct kc_config_key *exclude, void **filter)
{
    struct list_filter *made = kc_calloc(1, sizeof(*made));
    struct kc_error *err = include ? compile(properties, include, &made->include) : NULL;
    if (!err)
        err = compile(properties, exclude, &made->exclude);
    made->keeps_defaults =
        strcmp(kc_map_get_or(properties, "use.defaults.from", "target"), "source") == 0;
    if (err) {
        filter_destroy(made);
        return err;
    }
    *filter = made;
    return NULL;
}

static struct kc_error *create_topics(const struct kc_map *properties, void **filter)
{
    return create(properties, &topics, &topics_exclude, filter);
}

static struct kc_error *create_groups(const struct kc_map *properties, void **filter)
{
    return create(properties, &groups, &groups_exclude, filter);
}

static struct kc_error *create_properties(const struct kc_map *properties, void **filter)
{
    return create(properties, NULL, &properties_exclude, filter);
}

static bool accepts(void *arg, const char *name)
{
    const struct list_filter *filter = arg;
    bool included = !filter->include || kc_regex_matches(filter->include, name);
    return included && !kc_regex_matches(filter->exclude, name);
}

static bool keeps_default(void *arg, const char *name)
{
    const struct list_filter *filter = arg;
    return filter->keeps_defaults;
}

static const struct kc_name_filter_ops topic_ops = {create_topics, filter_destroy, accepts, NULL};
static const struct kc_name_filter_ops group_ops = {create_groups, filter_destroy, accepts, NULL};
static const struct kc_name_filter_ops property_ops = {create_properties, filter_destroy, accepts,
                                                       keeps_default};

#define FILTER(symbol, class, of, table)                                                           \
    extern const struct kc_plugin symbol;                                                          \
    const struct kc_plugin symbol = {                                                              \
        KC_PLUGIN_HEAD,                                                                            \
        .kind = (of),                                                                              \
        .class_name = "org.apache.kafka.connect.mirror." class,                                    \
        .version = KC_VERSION,                                                                     \
        .filter = &(table),                                                                        \
    }
FILTER(kc_default_topic_filter, "DefaultTopicFilter", KC_PLUGIN_TOPIC_FILTER, topic_ops);
FILTER(kc_default_group_filter, "DefaultGroupFilter", KC_PLUGIN_GROUP_FILTER, group_ops);
FILTER(kc_default_config_property_filter, "DefaultConfigPropertyFilter",
       KC_PLUGIN_CONFIG_PROPERTY_FILTER, property_ops);
