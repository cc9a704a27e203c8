/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checking descriptors of shared objects: see plugin_check_priv.h.
 *
 * The tables below say which functions each kind of plugin must have; the sizes, how far a table of
 * functions reached in each minor version of the API.
 */
#include "data/plugin_check_priv.h"

#include "connect/kafka.h"

#include <dlfcn.h>
#include <link.h>
#include <string.h>

/* ---- the list ---- */

/* How many pointers the object's symbol has room for; SIZE_MAX: it doesn't say. */
static size_t list_room(const void *list)
{
    Dl_info info;
    void *entry = NULL;
    if (!dladdr1(list, &info, &entry, RTLD_DL_SYMENT) || !entry)
        return SIZE_MAX;
    const ElfW(Sym) *symbol = entry;
    return symbol->st_size ? symbol->st_size / sizeof(void *) : SIZE_MAX;
}

/* Descriptors are static data, so each lies in a loaded object. */
char *kc_plugin_check_list(const struct kc_plugin *const *list)
{
    size_t room = list_room(list);
    for (size_t i = 0; i < room; i++) {
        Dl_info info;
        if (!list[i])
            return NULL;
        if (!dladdr(list[i], &info))
            return kc_asprintf("has something else than a static descriptor in place %zu", i + 1);
    }
    return kc_strdup("doesn't end with NULL");
}

/* ---- version and size ---- */

/* API 1.0 ended before the policy. */
#define OLDEST_SIZE offsetof(struct kc_plugin, policy)

/* How far the descriptor reached in a minor version. */
static size_t plugin_size(unsigned minor)
{
    return minor < 3 ? OLDEST_SIZE : sizeof(struct kc_plugin);
}

char *kc_plugin_check_version(const struct kc_plugin *plugin)
{
    if (plugin->api_major != KC_API_MAJOR)
        return kc_asprintf("was built for plugin API %u.%u, and this worker has %d.%d: build it "
                           "with this worker's headers",
                           plugin->api_major, plugin->api_minor, KC_API_MAJOR, KC_API_MINOR);
    if (plugin->api_minor > KC_API_MINOR)
        return kc_asprintf("was built for the newer plugin API %u.%u, and this worker has %d.%d: "
                           "take a newer worker, or build it with this worker's headers",
                           plugin->api_major, plugin->api_minor, KC_API_MAJOR, KC_API_MINOR);
    if (plugin->size < OLDEST_SIZE)
        return kc_asprintf("has a descriptor of %u bytes, and the shortest that there was has %zu: "
                           "begin it with KC_PLUGIN_HEAD",
                           plugin->size, OLDEST_SIZE);
    if (plugin->size < plugin_size(plugin->api_minor))
        return kc_asprintf("has a descriptor of %u bytes, and that of plugin API %u.%u has %zu: "
                           "begin it with KC_PLUGIN_HEAD",
                           plugin->size, plugin->api_major, plugin->api_minor,
                           plugin_size(plugin->api_minor));
    return NULL;
}

static char *check_library(const char *name, unsigned theirs, unsigned ours)
{
    if (!theirs || theirs == ours)
        return NULL;
    return kc_asprintf("was built with %s %u, and this worker has %s %u: both share its objects, "
                       "so build it with %s %u",
                       name, theirs, name, ours, name, ours);
}

/* ---- copying ---- */

/* How far the tables that have grown reached in a minor version. */
static size_t connector_size(unsigned minor)
{
    return minor < 3 ? offsetof(struct kc_connector_ops, translate)
                     : sizeof(struct kc_connector_ops);
}

static size_t source_task_size(unsigned minor)
{
    return minor < 1 ? offsetof(struct kc_source_task_ops, raw_committed)
                     : sizeof(struct kc_source_task_ops);
}

/* A plugin with the tables that may be shorter than ours; one piece of memory. */
struct copy {
    struct kc_plugin plugin;
    struct kc_connector_ops connector;
    struct kc_source_task_ops source_task;
};

struct kc_plugin *kc_plugin_copy(const struct kc_plugin *theirs)
{
    struct copy *copy = kc_calloc(1, sizeof(*copy));
    struct kc_plugin *plugin = &copy->plugin;
    memcpy(plugin, theirs, plugin_size(theirs->api_minor));
    if (plugin->connector) {
        memcpy(&copy->connector, plugin->connector, connector_size(plugin->api_minor));
        plugin->connector = &copy->connector;
    }
    if (plugin->source_task) {
        memcpy(&copy->source_task, plugin->source_task, source_task_size(plugin->api_minor));
        plugin->source_task = &copy->source_task;
    }
    return plugin;
}

/* ---- functions ---- */

/* A function that must be there. */
struct function {
    const char *name;
    size_t table; /* in struct kc_plugin */
    size_t place; /* in the table */
};
#define FUNCTION(member, type, function)                                                           \
    {                                                                                              \
#member "." #function, offsetof(struct kc_plugin, member), offsetof(struct type, function) \
    }
#define CONNECTOR_FUNCTIONS                                                                        \
    FUNCTION(connector, kc_connector_ops, create), FUNCTION(connector, kc_connector_ops, start),   \
        FUNCTION(connector, kc_connector_ops, stop),                                               \
        FUNCTION(connector, kc_connector_ops, destroy),                                            \
        FUNCTION(connector, kc_connector_ops, task_configs)

static const struct function sink_functions[] = {
    CONNECTOR_FUNCTIONS,
    FUNCTION(sink_task, kc_sink_task_ops, create),
    FUNCTION(sink_task, kc_sink_task_ops, start),
    FUNCTION(sink_task, kc_sink_task_ops, put),
    FUNCTION(sink_task, kc_sink_task_ops, stop),
    FUNCTION(sink_task, kc_sink_task_ops, destroy),
    {NULL, 0, 0},
};
static const struct function source_functions[] = {
    CONNECTOR_FUNCTIONS,
    FUNCTION(source_task, kc_source_task_ops, create),
    FUNCTION(source_task, kc_source_task_ops, start),
    FUNCTION(source_task, kc_source_task_ops, poll),
    FUNCTION(source_task, kc_source_task_ops, stop),
    FUNCTION(source_task, kc_source_task_ops, destroy),
    {NULL, 0, 0},
};
static const struct function transform_functions[] = {
    FUNCTION(transform, kc_transform_ops, create),
    FUNCTION(transform, kc_transform_ops, destroy),
    FUNCTION(transform, kc_transform_ops, apply),
    {NULL, 0, 0},
};
static const struct function predicate_functions[] = {
    FUNCTION(predicate, kc_predicate_ops, create),
    FUNCTION(predicate, kc_predicate_ops, destroy),
    FUNCTION(predicate, kc_predicate_ops, test),
    {NULL, 0, 0},
};
static const struct function converter_functions[] = {
    FUNCTION(converter, kc_converter_ops, create),
    FUNCTION(converter, kc_converter_ops, destroy),
    FUNCTION(converter, kc_converter_ops, from_connect),
    FUNCTION(converter, kc_converter_ops, to_connect),
    {NULL, 0, 0},
};
static const struct function policy_functions[] = {
    FUNCTION(policy, kc_replication_policy_ops, create),
    FUNCTION(policy, kc_replication_policy_ops, destroy),
    FUNCTION(policy, kc_replication_policy_ops, remote_topic),
    FUNCTION(policy, kc_replication_policy_ops, topic_source),
    FUNCTION(policy, kc_replication_policy_ops, upstream_topic),
    {NULL, 0, 0},
};
static const struct function filter_functions[] = {
    FUNCTION(filter, kc_name_filter_ops, create),
    FUNCTION(filter, kc_name_filter_ops, destroy),
    FUNCTION(filter, kc_name_filter_ops, accepts),
    {NULL, 0, 0},
};

/* By enum kc_plugin_kind. */
static const struct function *const needed[] = {
    [KC_PLUGIN_SINK] = sink_functions,
    [KC_PLUGIN_SOURCE] = source_functions,
    [KC_PLUGIN_TRANSFORMATION] = transform_functions,
    [KC_PLUGIN_PREDICATE] = predicate_functions,
    [KC_PLUGIN_CONVERTER] = converter_functions,
    [KC_PLUGIN_HEADER_CONVERTER] = converter_functions,
    [KC_PLUGIN_REPLICATION_POLICY] = policy_functions,
    [KC_PLUGIN_TOPIC_FILTER] = filter_functions,
    [KC_PLUGIN_GROUP_FILTER] = filter_functions,
    [KC_PLUGIN_CONFIG_PROPERTY_FILTER] = filter_functions,
};
enum { KIND_COUNT = sizeof(needed) / sizeof(needed[0]) };

/* The pointer at offset place of object. */
static const void *pointer_at(const void *object, size_t place)
{
    const void *pointer;
    memcpy(&pointer, (const char *)object + place, sizeof(pointer));
    return pointer;
}

static char *check_functions(const struct kc_plugin *plugin)
{
    for (const struct function *function = needed[plugin->kind]; function->name; function++) {
        const void *table = pointer_at(plugin, function->table);
        if (!table)
            return kc_asprintf("has no %.*s", (int)strcspn(function->name, "."), function->name);
        if (!pointer_at(table, function->place))
            return kc_asprintf("has no %s", function->name);
    }
    bool has_tasks = plugin->kind == KC_PLUGIN_SINK || plugin->kind == KC_PLUGIN_SOURCE;
    return has_tasks && !plugin->task_class ? kc_strdup("has no task_class") : NULL;
}

/* ---- configuration keys ---- */

/* The default as a configuration that leaves the key out would get it. */
static char *check_default(const struct kc_config_key *key)
{
    struct kc_config_key bare = {
        .name = key->name, .type = key->type, .default_value = key->default_value};
    if (!key->default_value || key->default_value == kc_config_required)
        return NULL;
    struct kc_config_def *def = kc_config_def_new(&bare, 1);
    struct kc_map *empty = kc_map_new();
    struct kc_config *parsed = NULL;
    struct kc_error *err = kc_config_parse(def, empty, &parsed);
    char *why =
        err ? kc_asprintf("has a default of another type than its key: %s", kc_error_text(err))
            : NULL;
    kc_error_destroy(err);
    kc_config_destroy(parsed);
    kc_map_destroy(empty);
    kc_config_def_destroy(def);
    return why;
}

static char *check_key(const struct kc_config_key *keys, size_t index)
{
    const struct kc_config_key *key = &keys[index];
    if (!key->name || !*key->name)
        return kc_asprintf("has no name for key %zu of its config_keys", index + 1);
    if ((unsigned)key->type > KC_CONFIG_PASSWORD)
        return kc_asprintf("has the key %s of an unknown type, %d", key->name, (int)key->type);
    if ((unsigned)key->importance > KC_IMPORTANCE_LOW)
        return kc_asprintf("has the key %s of an unknown importance, %d", key->name,
                           (int)key->importance);
    if ((unsigned)key->width > KC_WIDTH_LONG)
        return kc_asprintf("has the key %s of an unknown width, %d", key->name, (int)key->width);
    for (size_t i = 0; i < index; i++)
        if (strcmp(keys[i].name, key->name) == 0)
            return kc_asprintf("has the key %s twice in its config_keys", key->name);
    return check_default(key);
}

static char *check_keys(const struct kc_plugin *plugin)
{
    char *why = NULL;
    if (plugin->config_key_count && !plugin->config_keys)
        return kc_asprintf("has no config_keys, and a config_key_count of %zu",
                           plugin->config_key_count);
    for (size_t i = 0; !why && i < plugin->config_key_count; i++)
        why = check_key(plugin->config_keys, i);
    return why;
}

char *kc_plugin_check(const struct kc_plugin *plugin)
{
    if ((size_t)plugin->kind >= KIND_COUNT)
        return kc_asprintf("has a kind that this worker doesn't know, %d", (int)plugin->kind);
    if (!plugin->class_name || !*plugin->class_name)
        return kc_strdup("has no class_name");
    char *why = check_library("jansson", plugin->jansson_major, JANSSON_MAJOR_VERSION);
    if (!why)
        why = check_library("librdkafka", plugin->rdkafka_major, KC_RDKAFKA_MAJOR);
    if (!why)
        why = check_functions(plugin);
    return why ? why : check_keys(plugin);
}
