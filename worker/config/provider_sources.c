/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sources of variables: files of properties, directories of files, the environment (KIP-297,
 * KIP-421, KIP-887).
 *
 * Called by providers.c only, on any thread. allowed.paths or allowlist.pattern bound what a
 * provider may read. As in Java, a path outside is treated as empty, with a warning.
 */
#include "config/provider_sources_priv.h"

#include "config/properties.h"
#include "connect/config_def.h"
#include "connect/log.h"
#include "connect/regex.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.common.config.provider");

struct source;

struct kc_provider {
    char *name;
    const struct source *source;
    bool restricted;                 /* allowed.paths is set */
    struct kc_strings allowed_paths; /* normalised */
    struct kc_regex *allowlist;
};

struct source {
    const char *class_name;
    struct kc_error *(*configure)(struct kc_provider *provider, const struct kc_map *params);
    struct kc_error *(*open)(struct kc_provider_lookup *lookup);
    struct kc_error *(*get)(const struct kc_provider_lookup *lookup, const char *key, char **value);
};

/* Path.normalize(): without ".", "..", doubled and trailing slashes. */
static char *normalize(const char *path)
{
    struct kc_strings parts = {0};
    bool absolute = *path == '/';

    for (const char *at = path; *at;) {
        size_t len = strcspn(at, "/");
        char *part = kc_strndup(at, len);
        bool up = strcmp(part, "..") == 0;

        at += len + (at[len] == '/');
        if (!*part || strcmp(part, ".") == 0 || (up && absolute && !parts.count)) {
            free(part);
        } else if (up && parts.count && strcmp(parts.items[parts.count - 1], "..") != 0) {
            free(part);
            free(parts.items[--parts.count]);
        } else {
            kc_strings_take(&parts, part);
        }
    }
    char *joined = kc_strings_join(&parts, "/");
    char *normal = kc_asprintf("%s%s", absolute ? "/" : "", joined);
    free(joined);
    kc_strings_destroy(&parts);
    return normal;
}

/* Path.startsWith(): by whole names. */
static bool path_within(const char *path, const char *root)
{
    size_t len = strlen(root);

    if (strcmp(root, "/") == 0)
        return *path == '/';
    return strncmp(path, root, len) == 0 && (path[len] == '\0' || path[len] == '/');
}

static struct kc_error *allow_path(struct kc_provider *provider, const char *text, size_t len)
{
    char *raw = kc_strndup(text, len);
    char *path = normalize(raw);
    struct kc_error *err = NULL;

    free(raw);
    if (*path != '/')
        err = kc_error_new(KC_ERR_CONFIG, "Path %s is not absolute", path);
    else if (access(path, F_OK) != 0)
        err = kc_error_new(KC_ERR_CONFIG, "Path %s does not exist", path);
    if (err) {
        free(path);
        return kc_error_prefix(err, "allowed.paths of config provider '%s'", provider->name);
    }
    kc_strings_take(&provider->allowed_paths, path);
    return NULL;
}

static struct kc_error *configure_paths(struct kc_provider *provider, const struct kc_map *params)
{
    const char *at = kc_map_get_or(params, "allowed.paths", "");
    struct kc_error *err = NULL;

    provider->restricted = *at != '\0';
    while (!err && *at) {
        size_t len = strcspn(at, ",");

        err = allow_path(provider, at, len);
        at += len + (at[len] == ',');
    }
    return err;
}

/* AllowedPaths.parseUntrustedPath: the path to read, NULL when it isn't allowed. */
static char *allowed_path(const struct kc_provider *provider, const char *path)
{
    if (!provider->restricted)
        return kc_strdup(path);
    char *normal = normalize(path);
    for (size_t i = 0; i < provider->allowed_paths.count; i++) {
        if (path_within(normal, provider->allowed_paths.items[i]))
            return normal;
    }
    free(normal);
    kc_warn("The path %s is not allowed to be accessed", path);
    return NULL;
}

static struct kc_error *open_file(struct kc_provider_lookup *lookup)
{
    struct kc_str text = {0};

    lookup->data = kc_map_new();
    if (*lookup->path)
        lookup->real_path = allowed_path(lookup->provider, lookup->path);
    if (!lookup->real_path)
        return NULL;
    struct kc_error *err = kc_file_read(lookup->real_path, KC_PROPERTIES_MAX_FILE, &text);
    if (!err && text.len)
        err = kc_properties_parse(text.data, text.len, lookup->path, lookup->data, NULL);
    kc_str_destroy(&text);
    return err ? kc_error_prefix(err, "Could not read properties from file %s", lookup->path)
               : NULL;
}

static struct kc_error *get_from_file(const struct kc_provider_lookup *lookup, const char *key,
                                      char **value)
{
    *value = kc_strdup(kc_map_get(lookup->data, key));
    return NULL;
}

static struct kc_error *open_directory(struct kc_provider_lookup *lookup)
{
    struct stat info;

    if (*lookup->path)
        lookup->real_path = allowed_path(lookup->provider, lookup->path);
    if (!lookup->real_path)
        return NULL;
    if (stat(lookup->real_path, &info) == 0 && S_ISDIR(info.st_mode))
        return NULL;
    kc_warn("The path %s is not a directory", lookup->path);
    free(lookup->real_path);
    lookup->real_path = NULL;
    return NULL;
}

static struct kc_error *get_from_directory(const struct kc_provider_lookup *lookup, const char *key,
                                           char **value)
{
    struct kc_str text = {0};
    struct kc_error *err = NULL;
    struct stat info;

    if (!lookup->real_path || !*key || strchr(key, '/'))
        return NULL;
    char *path = kc_asprintf("%s/%s", lookup->real_path, key);
    if (stat(path, &info) == 0 && S_ISREG(info.st_mode)) {
        err = kc_file_read(path, KC_PROPERTIES_MAX_FILE, &text);
        if (!err && text.len && memchr(text.data, '\0', text.len))
            err = kc_error_new(KC_ERR_CONFIG, "it is not a text file");
        if (err)
            err = kc_error_prefix(err, "Could not read file %s for property %s", path, key);
        else
            *value = kc_str_take(&text);
        kc_str_destroy(&text);
    }
    free(path);
    return err;
}

static struct kc_error *configure_environment(struct kc_provider *provider,
                                              const struct kc_map *params)
{
    const char *pattern = kc_map_get(params, "allowlist.pattern");

    if (!pattern) {
        kc_info("Config provider '%s' may read every environment variable: it has no "
                "allowlist.pattern",
                provider->name);
        return NULL;
    }
    struct kc_error *err = kc_regex_new(pattern, &provider->allowlist);
    return err ? kc_error_prefix(err, "allowlist.pattern of config provider '%s'", provider->name)
               : NULL;
}

static struct kc_error *open_environment(struct kc_provider_lookup *lookup)
{
    if (!*lookup->path)
        return NULL;
    return kc_error_new(KC_ERR_CONFIG,
                        "Path is not supported for EnvVarConfigProvider, invalid value '%s'",
                        lookup->path);
}

static struct kc_error *get_from_environment(const struct kc_provider_lookup *lookup,
                                             const char *key, char **value)
{
    const struct kc_regex *allowlist = lookup->provider->allowlist;

    if (!allowlist || kc_regex_matches(allowlist, key))
        *value = kc_strdup(getenv(key));
    return NULL;
}

#define PACKAGE "org.apache.kafka.common.config.provider."

static const struct source sources[] = {
    {PACKAGE "FileConfigProvider", configure_paths, open_file, get_from_file},
    {PACKAGE "DirectoryConfigProvider", configure_paths, open_directory, get_from_directory},
    {PACKAGE "EnvVarConfigProvider", configure_environment, open_environment, get_from_environment},
};

static const struct source *source_find(const char *class_name)
{
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        if (strcmp(sources[i].class_name, class_name) == 0 ||
            strcmp(sources[i].class_name + strlen(PACKAGE), class_name) == 0)
            return &sources[i];
    }
    return NULL;
}

struct kc_error *kc_provider_new(const char *name, const char *class_key, const char *class_name,
                                 const struct kc_map *params, struct kc_provider **provider)
{
    struct kc_strings trimmed = {0};
    struct kc_provider *made;
    struct kc_error *err;

    *provider = NULL;
    kc_strings_split(&trimmed, class_name);
    made = kc_calloc(1, sizeof(*made));
    made->name = kc_strdup(name);
    made->source = trimmed.count == 1 ? source_find(trimmed.items[0]) : NULL;
    kc_strings_destroy(&trimmed);
    if (!made->source)
        err = kc_config_invalid(class_key, class_name,
                                "Could not load config provider class or one of its dependencies. "
                                "This worker has FileConfigProvider, DirectoryConfigProvider and "
                                "EnvVarConfigProvider of " PACKAGE "*.");
    else
        err = made->source->configure(made, params);
    if (err) {
        kc_provider_destroy(made);
        return err;
    }
    *provider = made;
    return NULL;
}

void kc_provider_destroy(struct kc_provider *provider)
{
    if (!provider)
        return;
    kc_strings_destroy(&provider->allowed_paths);
    kc_regex_destroy(provider->allowlist);
    free(provider->name);
    free(provider);
}

const char *kc_provider_name(const struct kc_provider *provider)
{
    return provider->name;
}

struct kc_error *kc_lookup_open(struct kc_provider_lookup *lookup)
{
    return lookup->provider->source->open(lookup);
}

struct kc_error *kc_lookup_get(const struct kc_provider_lookup *lookup, const char *key,
                               char **value)
{
    *value = NULL;
    return lookup->provider->source->get(lookup, key, value);
}

void kc_lookup_close(struct kc_provider_lookup *lookup)
{
    free(lookup->path);
    free(lookup->real_path);
    kc_map_destroy(lookup->data);
}
