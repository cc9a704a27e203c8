/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registry of plugins: see plugins.h.
 *
 * Filled once by main, read by everybody. What a shared object offers is copied into a descriptor
 * of our own size, so that one made for an older minor API reads as if the new fields were NULL.
 * Objects stay loaded until the process ends: their code may still run on an abandoned thread. So
 * do those copies, which kc_plugin_find() looks through.
 */
#include "data/plugins.h"

#include "config/version_range.h"
#include "connect/log.h"

#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.runtime.isolation.PluginScanner");

struct kc_plugins {
    const struct kc_plugin **items;
    size_t count;
    size_t cap;
    struct kc_plugins *hidden; /* the FileStream connectors, where they aren't enabled; or NULL */
    bool has_file_jar;         /* plugin.path has Apache's connect-file-*.jar */
    size_t jars;               /* on plugin.path, left out */
};

/* Those that are linked in; set once, by main. */
static const struct kc_plugin *const none[] = {NULL};
static const struct kc_plugin *const *builtin_plugins = none;

/* The descriptors of shared objects, of all registries of the process; they are never freed. */
static pthread_mutex_t loaded_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct kc_plugins loaded;

/* By enum kc_plugin_kind: REST's name, and the suffix that an alias leaves out (NULL: none). */
static const struct {
    const char *name;
    const char *suffix;
} kinds[] = {
    [KC_PLUGIN_SINK] = {"sink", "Connector"},
    [KC_PLUGIN_SOURCE] = {"source", "Connector"},
    [KC_PLUGIN_TRANSFORMATION] = {"transformation", "Transformation"},
    [KC_PLUGIN_PREDICATE] = {"predicate", "Predicate"},
    [KC_PLUGIN_CONVERTER] = {"converter", "Converter"},
    [KC_PLUGIN_HEADER_CONVERTER] = {"header_converter", "HeaderConverter"},
    [KC_PLUGIN_REPLICATION_POLICY] = {"replication_policy", NULL},
    [KC_PLUGIN_TOPIC_FILTER] = {"topic_filter", NULL},
    [KC_PLUGIN_GROUP_FILTER] = {"group_filter", NULL},
    [KC_PLUGIN_CONFIG_PROPERTY_FILTER] = {"config_property_filter", NULL},
};
enum { KIND_COUNT = sizeof(kinds) / sizeof(kinds[0]) };

const char *kc_plugin_kind_name(enum kc_plugin_kind kind)
{
    return kinds[kind].name;
}

/* ---- checking and adding ---- */

static bool has_policy(const struct kc_replication_policy_ops *ops)
{
    return ops && ops->create && ops->destroy && ops->remote_topic && ops->topic_source &&
           ops->upstream_topic;
}

static bool has_filter(const struct kc_name_filter_ops *ops)
{
    return ops && ops->create && ops->destroy && ops->accepts;
}

static bool has_operations(const struct kc_plugin *plugin)
{
    switch (plugin->kind) {
    case KC_PLUGIN_SINK:
        return plugin->connector && plugin->sink_task && plugin->task_class;
    case KC_PLUGIN_SOURCE:
        return plugin->connector && plugin->source_task && plugin->task_class;
    case KC_PLUGIN_TRANSFORMATION:
        return plugin->transform;
    case KC_PLUGIN_PREDICATE:
        return plugin->predicate;
    case KC_PLUGIN_CONVERTER:
    case KC_PLUGIN_HEADER_CONVERTER:
        return plugin->converter;
    case KC_PLUGIN_REPLICATION_POLICY:
        return has_policy(plugin->policy);
    case KC_PLUGIN_TOPIC_FILTER:
    case KC_PLUGIN_GROUP_FILTER:
    case KC_PLUGIN_CONFIG_PROPERTY_FILTER:
        return has_filter(plugin->filter);
    }
    return false;
}

/* NULL when the descriptor can be used, else why not (static or owned by *text). */
static const char *refusal(const struct kc_plugin *plugin, char **text)
{
    if (plugin->api_major != KC_API_MAJOR || plugin->api_minor > KC_API_MINOR)
        return *text =
                   kc_asprintf("it was built for plugin API %u.%u, this worker has %d.%d",
                               plugin->api_major, plugin->api_minor, KC_API_MAJOR, KC_API_MINOR);
    if (plugin->size < offsetof(struct kc_plugin, config_keys))
        return "its descriptor is too short";
    if ((size_t)plugin->kind >= KIND_COUNT || !plugin->class_name)
        return "its descriptor has no class name or an unknown kind";
    return NULL;
}

static void append(struct kc_plugins *plugins, const struct kc_plugin *plugin)
{
    if (plugins->count == plugins->cap) {
        plugins->cap = plugins->cap ? 2 * plugins->cap : 32;
        plugins->items = kc_realloc(plugins->items, plugins->cap * sizeof(*plugins->items));
    }
    plugins->items[plugins->count++] = plugin;
}

static bool known(const struct kc_plugins *plugins, const struct kc_plugin *plugin)
{
    for (size_t i = 0; i < plugins->count; i++)
        if (plugins->items[i]->kind == plugin->kind &&
            strcmp(plugins->items[i]->class_name, plugin->class_name) == 0)
            return true;
    return false;
}

static void keep_loaded(const struct kc_plugin *plugin)
{
    pthread_mutex_lock(&loaded_mutex);
    append(&loaded, plugin);
    pthread_mutex_unlock(&loaded_mutex);
}

static void offer(struct kc_plugins *plugins, const struct kc_plugin *plugin, const char *file)
{
    char *text = NULL;
    struct kc_plugin *copy = NULL;
    const char *why = refusal(plugin, &text);
    if (!why) {
        copy = kc_calloc(1, sizeof(*copy));
        memcpy(copy, plugin, plugin->size < sizeof(*copy) ? plugin->size : sizeof(*copy));
        if (!has_operations(copy))
            why = "its descriptor lacks the functions of its kind";
        else if (known(plugins, copy))
            why = "a plugin of that class has been loaded already";
    }
    if (why) {
        kc_warn("Leaving out plugin %s of %s: %s",
                why == text || !plugin->class_name ? "(unnamed)" : plugin->class_name, file, why);
        free(copy);
    } else {
        append(plugins, copy);
        keep_loaded(copy);
        kc_info("Loaded %s plugin %s from %s", kinds[copy->kind].name, copy->class_name, file);
    }
    free(text);
}

/* ---- plugin.path ---- */

static void load_object(struct kc_plugins *plugins, const char *file)
{
    void *handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        kc_warn("Can't load plugins of %s: %s", file, dlerror());
        return;
    }
    const struct kc_plugin *const *list = dlsym(handle, KC_PLUGINS_SYMBOL);
    if (!list) {
        kc_warn("Can't load plugins of %s: it has no symbol " KC_PLUGINS_SYMBOL, file);
        dlclose(handle);
        return;
    }
    for (; *list; list++)
        offer(plugins, *list, file);
}

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);
    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

static bool is_file_jar(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    return strncmp(name, "connect-file-", strlen("connect-file-")) == 0 && ends_with(name, ".jar");
}

/* A location of plugin.path is a shared object, or a directory of them or of directories. */
static void load_location(struct kc_plugins *plugins, const char *path, int depth)
{
    struct stat info;
    if (stat(path, &info) != 0) {
        kc_warn("Can't read plugin location %s of plugin.path", path);
        return;
    }
    if (!S_ISDIR(info.st_mode)) {
        if (ends_with(path, ".so"))
            load_object(plugins, path);
        else if (is_file_jar(path))
            plugins->has_file_jar = true;
        else if (ends_with(path, ".jar"))
            plugins->jars++;
        return;
    }
    struct dirent **names = NULL;
    int count = depth > 0 ? scandir(path, &names, NULL, alphasort) : 0;
    for (int i = 0; i < count; i++) {
        if (names[i]->d_name[0] != '.') {
            char *child = kc_asprintf("%s/%s", path, names[i]->d_name);
            load_location(plugins, child, depth - 1);
            free(child);
        }
        free(names[i]);
    }
    free(names);
}

static void load_path(struct kc_plugins *plugins, const char *plugin_path)
{
    enum { DEPTH = 2 };
    struct kc_strings locations = {0};
    kc_strings_split(&locations, plugin_path);
    for (size_t i = 0; i < locations.count; i++)
        load_location(plugins, locations.items[i], DEPTH);
    if (plugins->jars)
        kc_info("plugin.path has %zu jars, none of which is loaded: this worker runs no Java. Its "
                "connectors are built in, or shared objects; GET /connector-plugins lists them",
                plugins->jars);
    kc_strings_destroy(&locations);
}

static int by_kind_and_class(const void *a, const void *b)
{
    const struct kc_plugin *left = *(const struct kc_plugin *const *)a;
    const struct kc_plugin *right = *(const struct kc_plugin *const *)b;
    if (left->kind != right->kind)
        return left->kind < right->kind ? -1 : 1;
    return strcmp(left->class_name, right->class_name);
}

void kc_plugins_set_builtin(const struct kc_plugin *const *builtin)
{
    builtin_plugins = builtin;
}

struct kc_plugins *kc_plugins_new(const struct kc_plugin *const *builtin, const char *plugin_path)
{
    struct kc_plugins *plugins = kc_calloc(1, sizeof(*plugins));
    for (; *builtin; builtin++)
        append(plugins, *builtin);
    if (plugin_path)
        load_path(plugins, plugin_path);
    if (plugins->count)
        qsort(plugins->items, plugins->count, sizeof(*plugins->items), by_kind_and_class);
    return plugins;
}

static bool is_file_plugin(const struct kc_plugin *plugin)
{
    static const char prefix[] = "org.apache.kafka.connect.file.";
    return strncmp(plugin->class_name, prefix, sizeof(prefix) - 1) == 0;
}

static void hide_file_plugins(struct kc_plugins *plugins)
{
    size_t kept = 0;
    plugins->hidden = kc_calloc(1, sizeof(*plugins->hidden));
    for (size_t i = 0; i < plugins->count; i++) {
        if (is_file_plugin(plugins->items[i]))
            append(plugins->hidden, plugins->items[i]);
        else
            plugins->items[kept++] = plugins->items[i];
    }
    plugins->count = kept;
}

struct kc_plugins *kc_plugins_of_worker(const struct kc_map *settings)
{
    const char *plugin_path = kc_map_get(settings, "plugin.path");
    struct kc_plugins *plugins = kc_plugins_new(builtin_plugins, plugin_path);
    bool enabled = strcasecmp(kc_map_get_or(settings, KC_FILE_PLUGINS, "false"), "true") == 0;
    if (!enabled && !plugins->has_file_jar)
        hide_file_plugins(plugins);
    return plugins;
}

bool kc_plugins_hides(const struct kc_plugins *plugins, const char *name)
{
    return plugins->hidden && kc_plugins_find(plugins->hidden, name, KC_CONNECTOR_KINDS);
}

void kc_plugins_destroy(struct kc_plugins *plugins)
{
    if (!plugins)
        return;
    kc_plugins_destroy(plugins->hidden);
    free(plugins->items);
    free(plugins);
}

/* ---- lookup ---- */

static const char *simple_name(const struct kc_plugin *plugin)
{
    const char *dot = strrchr(plugin->class_name, '.');
    return dot ? dot + 1 : plugin->class_name;
}

static const char *last_occurrence(const char *text, const char *part)
{
    const char *last = NULL;
    for (const char *at = strstr(text, part); at; at = strstr(at + 1, part))
        last = at;
    return last;
}

/* PluginUtils.simpleName and prunedName. */
static bool has_alias(const struct kc_plugin *plugin, const char *name)
{
    const char *simple = simple_name(plugin);
    if (strcmp(simple, name) == 0)
        return true;
    const char *ending = kinds[plugin->kind].suffix;
    const char *suffix = ending ? last_occurrence(simple, ending) : NULL;
    size_t len = suffix && suffix > simple ? (size_t)(suffix - simple) : strlen(simple);
    return strlen(name) == len && strncmp(simple, name, len) == 0;
}

const struct kc_plugin *kc_plugins_find(const struct kc_plugins *plugins, const char *name,
                                        unsigned kind_mask)
{
    const struct kc_plugin *found = NULL;
    bool ambiguous = false;
    for (size_t i = 0; i < plugins->count; i++) {
        const struct kc_plugin *plugin = plugins->items[i];
        if (!(kind_mask & (1u << plugin->kind)))
            continue;
        if (strcmp(plugin->class_name, name) == 0)
            return plugin;
        if (!has_alias(plugin, name))
            continue;
        if (found && strcmp(found->class_name, plugin->class_name) != 0)
            ambiguous = true;
        if (!found)
            found = plugin;
    }
    return ambiguous ? NULL : found;
}

/* The versions of a class, once for each kind that it is. Owned by the caller. */
static char *list_versions(const struct kc_plugins *plugins, const char *class_name)
{
    struct kc_strings versions = {0};
    for (size_t i = 0; i < kc_plugins_count(plugins); i++) {
        const struct kc_plugin *plugin = kc_plugins_at(plugins, i);
        if (strcmp(plugin->class_name, class_name) == 0)
            kc_strings_add(&versions, plugin->version);
    }
    char *list = kc_strings_join(&versions, ", ");
    kc_strings_destroy(&versions);
    return list;
}

struct kc_error *kc_plugins_check_version(const struct kc_plugins *plugins,
                                          const struct kc_plugin *plugin, const char *wanted)
{
    struct kc_version_range *range = NULL;
    struct kc_error *err = kc_version_range_parse(wanted, &range);
    const char *version = plugin->version ? plugin->version : "undefined";
    if (!err && range && !kc_version_range_contains(range, version)) {
        char *printed = kc_version_range_print(range);
        char *known = list_versions(plugins, plugin->class_name);
        err = kc_error_new(KC_ERR_CONFIG,
                           "Plugin %s not found that matches the version range %s, available "
                           "versions: [%s]",
                           plugin->class_name, printed, known);
        free(known);
        free(printed);
    }
    kc_version_range_destroy(range);
    return err;
}

size_t kc_plugins_count(const struct kc_plugins *plugins)
{
    return plugins->count;
}

const struct kc_plugin *kc_plugins_at(const struct kc_plugins *plugins, size_t index)
{
    return plugins->items[index];
}

/* One that is called name in full, or else whose class without the package is. */
static const struct kc_plugin *match(const struct kc_plugin *plugin, enum kc_plugin_kind kind,
                                     const char *name, const struct kc_plugin *found)
{
    if (plugin->kind != kind)
        return found;
    bool in_full = strcmp(plugin->class_name, name) == 0;
    return in_full || (!found && strcmp(simple_name(plugin), name) == 0) ? plugin : found;
}

const struct kc_plugin *kc_plugin_find(enum kc_plugin_kind kind, const char *name)
{
    const struct kc_plugin *found = NULL;
    for (size_t i = 0; builtin_plugins[i]; i++)
        found = match(builtin_plugins[i], kind, name, found);
    pthread_mutex_lock(&loaded_mutex);
    for (size_t i = 0; i < loaded.count; i++)
        found = match(loaded.items[i], kind, name, found);
    pthread_mutex_unlock(&loaded_mutex);
    return found;
}
