/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared by the converters: their plugin descriptors, and reading their configuration.
 *
 * Java's classes serve as converter and as header converter; each kind has a descriptor of its own.
 */
#ifndef CONNECTORS_CONVERTERS_CONVERTER_PRIV_H
#define CONNECTORS_CONVERTERS_CONVERTER_PRIV_H

#include "connect/plugin.h"

/* The version of Connect whose behaviour these plugins have, as Java's AppInfoParser tells it. */
#define CONVERTER_VERSION "4.1.0"

#define CONVERTER_PLUGIN(symbol, kind_, class_, keys_, count_, ops_)                               \
    const struct kc_plugin symbol = {                                                              \
        KC_PLUGIN_HEAD,         .kind = (kind_),                                                   \
        .class_name = (class_), .version = CONVERTER_VERSION,                                      \
        .config_keys = (keys_), .config_key_count = (count_),                                      \
        .converter = (ops_),                                                                       \
    }
/* Defines kc_<name>_converter and kc_<name>_header_converter. */
#define CONVERTER_PLUGINS(name, class_, keys_, count_, ops_)                                       \
    CONVERTER_PLUGIN(kc_##name##_converter, KC_PLUGIN_CONVERTER, class_, keys_, count_, ops_);     \
    CONVERTER_PLUGIN(kc_##name##_header_converter, KC_PLUGIN_HEADER_CONVERTER, class_, keys_,      \
                     count_, ops_)

/* The key that each converter has: converter.type. */
struct kc_error *kc_converter_check_type(const char *name, const char *value);
#define CONVERTER_TYPE_KEY                                                                         \
    {                                                                                              \
        .name = "converter.type", .type = KC_CONFIG_STRING, .default_value = kc_config_required,   \
        .validator = kc_converter_check_type, .importance = KC_IMPORTANCE_LOW, .order = -1,        \
        .documentation = "What the converter is used for: key, value or header.",                  \
    }

/* Parses config by keys; converter.type is what is_key says, unless config has it as
 * header (Converter.configure does so). */
struct kc_error *kc_converter_config(const struct kc_config_key *keys, size_t count,
                                     const struct kc_map *config, bool is_key,
                                     struct kc_config **parsed) KC_MUST_CHECK;

#endif
