/* SPDX-License-Identifier: Apache-2.0 */
/* Choosing names by a filter plugin, see name_filter.h. */
#include "mirror/name_filter.h"

#include <stdlib.h>

struct kc_name_filter {
    const struct kc_name_filter_ops *ops;
    void *object;
};

static const struct {
    const char *key;
    enum kc_plugin_kind plugin;
    const char *fallback;
} kinds[] = {
    [KC_FILTER_TOPICS] = {"topic.filter.class", KC_PLUGIN_TOPIC_FILTER, "DefaultTopicFilter"},
    [KC_FILTER_GROUPS] = {"group.filter.class", KC_PLUGIN_GROUP_FILTER, "DefaultGroupFilter"},
    [KC_FILTER_PROPERTIES] = {"config.property.filter.class", KC_PLUGIN_CONFIG_PROPERTY_FILTER,
                              "DefaultConfigPropertyFilter"},
};

const struct kc_plugin *kc_name_filter_find(enum kc_filter_kind kind, const char *class_name)
{
    return kc_plugin_find(kinds[kind].plugin, class_name);
}

static struct kc_error *make_object(const struct kc_map *properties, enum kc_filter_kind kind,
                                    const char *name, const struct kc_plugin **plugin,
                                    void **object)
{
    *plugin = kc_name_filter_find(kind, name);
    if (*plugin)
        return (*plugin)->filter->create(properties, object);
    return kc_error_new(KC_ERR_CONFIG,
                        "Invalid value %s for configuration %s: Class %s could not be found. "
                        "Isthmus has %s, and those of shared objects on plugin.path",
                        name, kinds[kind].key, name, kinds[kind].fallback);
}

struct kc_error *kc_name_filter_new(const struct kc_map *properties, enum kc_filter_kind kind,
                                    struct kc_name_filter **filter)
{
    const struct kc_plugin *plugin = NULL;
    void *object = NULL;
    char *name = kc_trimmed(kc_map_get_or(properties, kinds[kind].key, kinds[kind].fallback));
    struct kc_error *err = make_object(properties, kind, name, &plugin, &object);
    free(name);
    if (err)
        return err;
    *filter = kc_calloc(1, sizeof(**filter));
    **filter = (struct kc_name_filter){plugin->filter, object};
    return NULL;
}

void kc_name_filter_destroy(struct kc_name_filter *filter)
{
    if (!filter)
        return;
    filter->ops->destroy(filter->object);
    free(filter);
}

bool kc_name_filter_accepts(const struct kc_name_filter *filter, const char *name)
{
    return filter->ops->accepts(filter->object, name);
}

bool kc_name_filter_keeps_default(const struct kc_name_filter *filter, const char *name)
{
    return filter->ops->keeps_default && filter->ops->keeps_default(filter->object, name);
}
