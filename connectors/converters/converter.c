/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the converters: see converter_priv.h. */
#include "converters/converter_priv.h"

#include <string.h>

struct kc_error *kc_converter_check_type(const char *name, const char *value)
{
    static const char *const types[] = {"key", "value", "header", NULL};
    return kc_config_one_of(name, value, types, false);
}

struct kc_error *kc_converter_config(const struct kc_config_key *keys, size_t count,
                                     const struct kc_map *config, bool is_key,
                                     struct kc_config **parsed)
{
    struct kc_map *full = config ? kc_map_copy(config) : kc_map_new();
    const char *type = kc_map_get(full, "converter.type");
    if (!type || strcmp(type, "header") != 0)
        kc_map_set(full, "converter.type", is_key ? "key" : "value");
    struct kc_config_def *def = kc_config_def_new(keys, count);
    struct kc_error *err = kc_config_parse(def, full, parsed);
    kc_config_def_destroy(def);
    kc_map_destroy(full);
    return err;
}
