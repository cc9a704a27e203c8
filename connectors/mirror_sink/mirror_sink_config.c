/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MirrorSinkConnector as the worker sees it: its descriptor and its keys. These are
 * MirrorSourceConnector's, except `topics`, which is a sink's. Pure tables and functions, any
 * thread.
 */
#include "mirror/mirror_config.h"
#include "mirror/own_settings.h"
#include "mirror_sink/mirror_sink_priv.h"

#include <string.h>

/* clang-format off */
static const struct kc_config_key keys[] = {
#include "mirror/mirror_base_keys.inc"
#include "mirror/mirror_flow_keys.inc"
};
/* clang-format on */

const struct kc_plugin kc_mirror_sink_plugin = {
    KC_PLUGIN_HEAD,
    .kind = KC_PLUGIN_SINK,
    .class_name = "org.apache.kafka.connect.mirror.MirrorSinkConnector",
    .task_class = "org.apache.kafka.connect.mirror.MirrorSinkTask",
    .version = KC_VERSION,
    .config_keys = keys,
    .config_key_count = sizeof(keys) / sizeof(keys[0]),
    .connector = &kc_mirror_sink_connector_ops,
    .sink_task = &kc_mirror_sink_task_ops,
};

/* A topic's name, rather than a pattern. */
static bool is_name(const char *text)
{
    static const char legal[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    return text[strspn(text, legal)] == '\0';
}

void kc_mirror_sink_validate(const struct kc_map *config, struct kc_config_values *values)
{
    struct kc_strings topics = {0};
    kc_mirror_validate_classes(config, values);
    kc_mirror_validate_own_settings(config, values);
    kc_mirror_validate_offset_syncs("MirrorSinkConnector", config, values);
    kc_strings_split(&topics, kc_map_get_or(config, "topics", ""));
    for (size_t i = 0; i < topics.count; i++)
        if (!is_name(topics.items[i]))
            kc_config_value_add_error(kc_config_values_get(values, "topics"),
                                      "Invalid value %s for configuration topics: "
                                      "MirrorSinkConnector reads topics by their names, as every "
                                      "sink; set topics.regex to choose them by a pattern",
                                      topics.items[i]);
    kc_strings_destroy(&topics);
}
