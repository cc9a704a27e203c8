/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registry of plugins: see plugins.h.
 *
 * Filled once at start, read by everybody. A plugin of a shared object is checked and copied before
 * it is used (plugin_check_priv.h). Objects stay loaded until the process ends: their code may
 * still run on an abandoned thread. So do the copies, which kc_plugin_find() looks through.
 */
#include "data/plugins.h"

#include "config/version_range.h"
#include "connect/log.h"
#include "data/plugin_check_priv.h"

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
    struct kc_plugins *hidden; /* the FileStream connectors, if they aren't enabled; or NULL */
    bool has_file_jar;         /* plugin.path has Apache's connect-file-*.jar */
    size_t jars;               /* on plugin.path, left out */
};

/* Those that are linked in; set once, by main. */
static const struct kc_plugin *const none[] = {NULL};
static const struct kc_plugin *const *builtin_plugins = none;

/* The descriptors of shared objects, of all registries of the process; they are never freed. */
static pthread_mutex_t loaded_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct kc_plugins loaded;

/* By enum kc_plugin_kind: REST's name, and the suffix that an alias drops (NULL: none). */
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

const char *kc_plugin_kind_name(enum kc_plugin_kind kind)
{
    return kinds[kind].name;
}

/* ---- adding ---- */

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

/* The plugin's copy, if one can be made, and the reason why it can't be used (NULL: it can); both
 * the caller's. */
static struct kc_plugin *checked_copy(const struct kc_plugins *plugins,
                                      const struct kc_plugin *plugin, char **why)
{
    *why = kc_plugin_check_version(plugin);
    if (*why)
        return NULL;
    struct kc_plugin *copy = kc_plugin_copy(plugin);
    *why = kc_plugin_check(copy);
    if (!*why && known(plugins, copy))
        *why = kc_asprintf("is the second %s plugin of its class: one is built in, or came from "
                           "an earlier file of plugin.path",
                           kinds[copy->kind].name);
    return copy;
}

/* number: of the plugin in its file, for those whose name can't be read. */
static void offer(struct kc_plugins *plugins, const struct kc_plugin *plugin, size_t number,
                  const char *file)
{
    char *why = NULL;
    struct kc_plugin *copy = checked_copy(plugins, plugin, &why);
    bool named = copy && copy->class_name && *copy->class_name;
    char *name = named ? kc_strdup(copy->class_name) : kc_asprintf("number %zu", number);
    if (copy && !why) {
        append(plugins, copy);
        keep_loaded(copy);
        kc_info("Loaded %s plugin %s from %s", kinds[copy->kind].name, name, file);
    } else {
        kc_warn("Left out: plugin %s of %s %s", name, file, why);
        free(copy);
    }
    free(name);
    free(why);
}

/* ---- plugin.path ---- */

static void load_object(struct kc_plugins *plugins, const char *file)
{
    void *handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        kc_warn("Can't load plugins of %s: %s. (This worker has plugin API %d.%d, and exports only "
                "what the headers of connect/ declare.)",
                file, dlerror(), KC_API_MAJOR, KC_API_MINOR);
        return;
    }
    const struct kc_plugin *const *list = dlsym(handle, KC_PLUGINS_SYMBOL);
    if (!list) {
        kc_warn("Can't load plugins of %s: it has no symbol " KC_PLUGINS_SYMBOL
                "; list its plugins by KC_PLUGINS()",
                file);
        dlclose(handle);
        return;
    }
    char *why = kc_plugin_check_list(list);
    if (why)
        kc_warn("Can't load plugins of %s: its " KC_PLUGINS_SYMBOL
                " %s; list its plugins by KC_PLUGINS()",
                file, why);
    for (size_t i = 0; !why && list[i]; i++)
        offer(plugins, list[i], i + 1, file);
    free(why);
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

/* The versions of a class, one for each of its kinds. Owned by the caller. */
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

/* The plugin whose full class name is name, or else whose class without the package is. */
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
