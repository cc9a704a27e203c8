/* SPDX-License-Identifier: Apache-2.0 */
/* The mounts of resources: see mounts_priv.h. */
#include "rest/mounts_priv.h"

#include "connect/log.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.runtime.rest.RestServer");

static const struct kc_route *const own_tables[] = {kc_connectors_routes,
                                                    kc_root_routes,
                                                    kc_plugins_routes,
                                                    kc_logging_routes,
                                                    kc_internal_routes,
                                                    kc_metrics_routes,
                                                    NULL};
enum { OWN = sizeof(own_tables) / sizeof(own_tables[0]) - 1 };

/* A resource with its routes. rows[i] is what routes[i] was made of. */
struct mount {
    const struct kc_plugin *plugin; /* NULL: of all connectors */
    const struct kc_resource *resource;
    struct kc_route *routes; /* ended by one without a method */
    const struct kc_resource_route **rows;
    size_t count;
};

struct kc_mounts {
    void (*handle)(struct kc_rest_request *request);
    struct mount *items;
    size_t count;
    const struct kc_route **tables; /* NULL-terminated */
};

/* ---- what a plugin may mount ---- */

static size_t placeholders(const char *pattern)
{
    size_t count = 0;
    for (const char *at = pattern; (at = strstr(at, "{}")); at += 2)
        count++;
    return count;
}

static bool is_method(const char *text)
{
    static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
    for (size_t i = 0; text && i < sizeof(methods) / sizeof(methods[0]); i++)
        if (strcmp(text, methods[i]) == 0)
            return true;
    return false;
}

/* NULL: the row is as it must be. room: for its parameters. */
static const char *row_fault(const struct kc_resource_route *row, size_t room)
{
    if (!is_method(row->method))
        return "its method is none of GET, POST, PUT, PATCH and DELETE";
    if (!row->pattern || (*row->pattern && *row->pattern != '/'))
        return "its pattern is neither empty nor begins with a slash";
    if (placeholders(row->pattern) > room)
        return "with its prefix, its pattern has more than three {}";
    if ((row->flags & KC_RESOURCE_ALL) && strcmp(row->method, "GET") != 0)
        return "KC_RESOURCE_ALL is for GET alone";
    return row->handle ? NULL : "it has no handle function";
}

/* One segment of a path, as "/things". */
static bool is_prefix(const char *text)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";
    return text && *text == '/' && text[1] && text[1 + strspn(text + 1, allowed)] == '\0';
}

/* As "/other/v1/areas/{}/things", beginning with a word. */
static bool is_long_prefix(const char *text)
{
    size_t len = 0;
    for (const char *at = text; at && *at; at += len) {
        char segment[64];
        len = 1 + strcspn(at + 1, "/");
        if (*at != '/' || len >= sizeof(segment))
            return false;
        memcpy(segment, at, len);
        segment[len] = '\0';
        if (!is_prefix(segment) && (at == text || strcmp(segment, "/{}") != 0))
            return false;
    }
    return text && *text;
}

/* Whether a pattern's first segment is prefix's. */
static bool begins_with(const char *pattern, const char *prefix)
{
    size_t len = 1 + strcspn(prefix + 1, "/");
    return strncmp(pattern, prefix, len) == 0 && (!pattern[len] || pattern[len] == '/');
}

static bool is_taken(const struct kc_mounts *mounts, const char *prefix)
{
    for (size_t i = 0; i < OWN; i++)
        for (const struct kc_route *route = own_tables[i]; route->method; route++)
            if (begins_with(route->pattern, prefix))
                return true;
    for (size_t i = 0; i < mounts->count; i++)
        if (mounts->items[i].plugin && strcmp(mounts->items[i].resource->prefix, prefix) == 0)
            return true;
    return false;
}

/* Whether all routes can be mounted; if not, the log says why. */
static bool admit_routes(const struct kc_plugin *plugin, const struct kc_resource *resource)
{
    size_t taken = 1 + placeholders(resource->prefix);
    if (resource->route_count && !resource->routes) {
        kc_log_error("%s has no REST resource: it has a route_count of %zu, and no routes",
                     plugin->class_name, resource->route_count);
        return false;
    }
    for (size_t i = 0; i < resource->route_count; i++) {
        const char *fault = taken > KC_REST_MAX_PARAMS
                                ? "its prefix has too many {}"
                                : row_fault(&resource->routes[i], KC_REST_MAX_PARAMS - taken);
        if (!fault)
            continue;
        kc_log_error("%s has no REST resource: of route %zu of %s, %s", plugin->class_name, i,
                     resource->prefix, fault);
        return false;
    }
    return true;
}

/* Whether a resource can be mounted; if not, the log says why. */
static bool admit(const struct kc_mounts *mounts, const struct kc_plugin *plugin,
                  const struct kc_resource *resource, bool is_alias)
{
    if (resource->size < offsetof(struct kc_resource, route_count) + sizeof(size_t)) {
        kc_log_error("%s has no REST resource: its size isn't sizeof(struct kc_resource)",
                     plugin->class_name);
        return false;
    }
    bool fine = is_alias ? is_long_prefix(resource->prefix) : is_prefix(resource->prefix);
    if (!fine || is_taken(mounts, resource->prefix)) {
        kc_log_error("%s has no REST resource: its prefix %s is taken, or isn't %s of small "
                     "letters, digits and dashes, as %s",
                     plugin->class_name, resource->prefix ? resource->prefix : "NULL",
                     is_alias ? "made of segments" : "one segment",
                     is_alias ? "/other/v1/areas/{}/things" : "/things");
        return false;
    }
    return admit_routes(plugin, resource);
}

/* ---- routes ---- */

static unsigned flags_of(const struct kc_resource_route *row)
{
    return KC_ROUTE_OUTSIDE | KC_ROUTE_SLASHES |
           (row->flags & KC_RESOURCE_BODY ? KC_ROUTE_BODY : 0) |
           (row->flags & KC_RESOURCE_BYTES ? KC_ROUTE_TEXT : 0) |
           (row->flags & KC_RESOURCE_ANY_TYPE ? KC_ROUTE_ANY_TYPE : 0);
}

/* Takes pattern. */
static void add_route(const struct kc_mounts *mounts, struct mount *mount,
                      const struct kc_resource_route *row, char *pattern)
{
    mount->routes[mount->count] =
        (struct kc_route){row->method, pattern, flags_of(row), mounts->handle};
    mount->rows[mount->count++] = row;
}

static const struct kc_resource_route create_row = {"POST", "", KC_RESOURCE_BODY, NULL};

bool kc_mounted_creates(const struct kc_mounted *mounted)
{
    return mounted->row == &create_row;
}

/* Whether the plugin's struct has it, and isn't made for an older API. */
static bool can_create(const struct kc_resource *resource)
{
    return resource->size >= offsetof(struct kc_resource, create) + sizeof(resource->create) &&
           resource->create;
}

static void add_mount(struct kc_mounts *mounts, const struct kc_plugin *plugin,
                      const struct kc_resource *resource)
{
    size_t room = 2 * resource->route_count + 2;
    struct mount *mount = &mounts->items[mounts->count];
    *mount = (struct mount){.plugin = plugin,
                            .resource = resource,
                            .routes = kc_calloc(room, sizeof(*mount->routes)),
                            .rows = kc_calloc(room, sizeof(*mount->rows))};
    for (size_t i = 0; i < resource->route_count; i++) {
        const struct kc_resource_route *row = &resource->routes[i];
        add_route(mounts, mount, row, kc_asprintf("%s/{}%s", resource->prefix, row->pattern));
        if ((row->flags & KC_RESOURCE_ALL) && !*row->pattern)
            add_route(mounts, mount, row, kc_strdup(resource->prefix));
    }
    if (can_create(resource))
        add_route(mounts, mount, &create_row, kc_strdup(resource->prefix));
    mounts->tables[OWN + mounts->count++] = mount->routes;
}

/* What the plugin's struct is large enough for; NULL: it has none. */
static const struct kc_resource *alias_of(const struct kc_resource *resource)
{
    size_t known = offsetof(struct kc_resource, alias) + sizeof(resource->alias);
    return resource->size >= known ? resource->alias : NULL;
}

static void mount_plugin(struct kc_mounts *mounts, const struct kc_plugin *plugin)
{
    const struct kc_resource *resource = plugin->resource;
    for (bool is_alias = false; resource; is_alias = true) {
        if (!admit(mounts, plugin, resource, is_alias))
            return;
        add_mount(mounts, plugin, resource);
        kc_info("Mounted the REST resource %s of %s", resource->prefix, plugin->class_name);
        resource = is_alias ? NULL : alias_of(resource);
    }
}

struct kc_mounts *kc_mounts_new(const struct kc_plugins *plugins,
                                void (*handle)(struct kc_rest_request *request))
{
    size_t count = kc_plugins_count(plugins);
    struct kc_mounts *mounts = kc_calloc(1, sizeof(*mounts));
    mounts->handle = handle;
    mounts->items = kc_calloc(2 * count + 1, sizeof(*mounts->items));
    mounts->tables = kc_calloc(OWN + 2 * count + 2, sizeof(*mounts->tables));
    memcpy(mounts->tables, own_tables, sizeof(own_tables));
    add_mount(mounts, NULL, &kc_translate_resource);
    for (size_t i = 0; i < count; i++)
        if (kc_plugins_at(plugins, i)->resource)
            mount_plugin(mounts, kc_plugins_at(plugins, i));
    return mounts;
}

void kc_mounts_destroy(struct kc_mounts *mounts)
{
    if (!mounts)
        return;
    for (size_t i = 0; i < mounts->count; i++) {
        struct mount *mount = &mounts->items[i];
        for (size_t k = 0; k < mount->count; k++)
            free((char *)mount->routes[k].pattern);
        free(mount->routes);
        free(mount->rows);
    }
    free(mounts->items);
    free(mounts->tables);
    free(mounts);
}

const struct kc_route *const *kc_mounts_tables(const struct kc_mounts *mounts)
{
    return mounts ? (const struct kc_route *const *)mounts->tables : own_tables;
}

size_t kc_mounted_place(const struct kc_mounted *mounted)
{
    return placeholders(mounted->resource->prefix);
}

bool kc_mounts_find(const struct kc_mounts *mounts, const struct kc_route *route,
                    struct kc_mounted *mounted)
{
    for (size_t i = 0; mounts && i < mounts->count; i++) {
        const struct mount *mount = &mounts->items[i];
        for (size_t k = 0; k < mount->count; k++) {
            if (&mount->routes[k] != route)
                continue;
            *mounted = (struct kc_mounted){mount->plugin, mount->resource, mount->rows[k]};
            return true;
        }
    }
    return false;
}
