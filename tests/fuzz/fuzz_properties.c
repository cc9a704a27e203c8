/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes the readers of configuration text: .properties, ${provider:path:key}, patterns.
 *
 * Whatever comes in, each either returns an error or something that can be read back.
 */
#include "config/properties.h"
#include "config/providers.h"
#include "connect/regex.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct kc_providers *environment(void)
{
    struct kc_map *config = kc_map_new();
    struct kc_providers *providers = NULL;

    kc_map_set(config, "config.providers", "e");
    kc_map_set(config, "config.providers.e.class",
               "org.apache.kafka.common.config.provider.EnvVarConfigProvider");
    kc_map_set(config, "config.providers.e.param.allowlist.pattern", "[A-Z]+");
    kc_error_destroy(kc_providers_new(config, &providers));
    kc_map_destroy(config);
    return providers;
}

static void resolve(const struct kc_map *map)
{
    static struct kc_providers *providers;
    struct kc_map *resolved = NULL;

    if (!providers)
        providers = environment();
    struct kc_error *err = kc_providers_resolve(providers, map, &resolved);
    if (!err && kc_map_size(resolved) != kc_map_size(map))
        abort();
    kc_error_destroy(err);
    kc_map_destroy(resolved);
}

static void match(const struct kc_map *map)
{
    kc_map_foreach (map, entry) {
        struct kc_regex *regex = NULL;
        struct kc_error *err = kc_regex_new(entry->value, &regex);

        if (!err == !regex)
            abort();
        if (regex) {
            char *replaced = NULL;
            err = kc_regex_replace(regex, entry->key, "$0$1${n}\\", &replaced);
            free(replaced);
        }
        kc_error_destroy(err);
        kc_regex_destroy(regex);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kc_map *map = kc_map_new();
    struct kc_map *lines = kc_map_new();
    struct kc_error *err =
        kc_properties_parse((const char *)data, size, "fuzz.properties", map, lines);

    if (kc_map_size(map) != kc_map_size(lines))
        abort();
    resolve(map);
    match(map);
    kc_error_destroy(err);
    kc_map_destroy(map);
    kc_map_destroy(lines);
    return 0;
}
