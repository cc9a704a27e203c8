/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MirrorSourceConnector as the worker sees it: its descriptor, its keys, and the rules between them
 * (MirrorSourceConfig). Pure tables and functions, any thread.
 */
#include "mirror/mirror_series.h"
#include "mirror/own_settings.h"
#include "mirror_source/history_priv.h"
#include "mirror_source/mirror_source_priv.h"

#include <string.h>

/* clang-format off */
static const struct kc_config_key keys[] = {
#include "mirror/mirror_base_keys.inc"
    KC_MIRROR_KEY("topics", LIST, ".*", HIGH, NULL,
     "Which topics are mirrored: names and regular expressions, separated by commas."),
#include "mirror/mirror_flow_keys.inc"
};
/* clang-format on */

const struct kc_plugin kc_mirror_source_plugin = {
    KC_PLUGIN_HEAD,
    .kind = KC_PLUGIN_SOURCE,
    .class_name = "org.apache.kafka.connect.mirror.MirrorSourceConnector",
    .task_class = "org.apache.kafka.connect.mirror.MirrorSourceTask",
    .version = KC_VERSION,
    .config_keys = keys,
    .config_key_count = sizeof(keys) / sizeof(keys[0]),
    .connector = &kc_mirror_source_connector_ops,
    .source_task = &kc_mirror_source_task_ops,
};

enum kc_support kc_mirror_source_exactly_once(const struct kc_map *config)
{
    struct kc_map *consumer = kc_mirror_source_consumer_properties(config);
    bool committed = strcmp(kc_map_get_or(consumer, "isolation.level", "read_uncommitted"),
                            "read_committed") == 0;
    kc_map_destroy(consumer);
    return committed ? KC_SUPPORT_SUPPORTED : KC_SUPPORT_UNSUPPORTED;
}

/* Sinks can begin at a time (KIP-1106), a mirror can't. */
static void validate_reset(const struct kc_map *config, struct kc_config_values *values)
{
    static const char *const resets[] = {"source.consumer.auto.offset.reset",
                                         "consumer.auto.offset.reset"};
    for (size_t i = 0; i < sizeof(resets) / sizeof(resets[0]); i++) {
        const char *reset = kc_map_get_or(config, resets[i], "");
        if (strncmp(reset, "by_duration:", 12) != 0)
            continue;
        struct kc_config_value *value = kc_config_values_get(values, resets[i]);
        if (!value->value)
            value->value = kc_strdup(reset);
        kc_config_value_add_error(value,
                                  "Invalid value %s for configuration %s: a mirror begins at the "
                                  "earliest or latest offset, or at none; set offsets with PATCH "
                                  "/connectors/NAME/offsets to begin elsewhere",
                                  reset, resets[i]);
    }
}

static void validate_history(const struct kc_map *config, struct kc_config_values *values)
{
    struct kc_error *err = kc_history_check(config);
    if (!err)
        return;
    struct kc_config_value *value = kc_config_values_get(values, KC_HISTORY_POLICY);
    if (!value->value)
        value->value = kc_strdup(kc_map_get(config, KC_HISTORY_POLICY));
    kc_config_value_add_error(value, "%s", kc_error_text(err));
    kc_error_destroy(err);
}

void kc_mirror_source_validate(const struct kc_map *config, struct kc_config_values *values)
{
    kc_mirror_validate_classes(config, values);
    kc_mirror_validate_own_settings(config, values);
    validate_history(config, values);
    validate_reset(config, values);
    if (strcmp(kc_map_get_or(config, "exactly.once.support", ""), "required") == 0 &&
        kc_mirror_source_exactly_once(config) != KC_SUPPORT_SUPPORTED)
        kc_config_value_add_error(
            kc_config_values_get(values, "exactly.once.support"),
            "MirrorSourceConnector can only provide exactly-once guarantees when its source "
            "consumer is configured with isolation.level set to 'read_committed'; otherwise, "
            "records from aborted and uncommitted transactions will be replicated from the source "
            "cluster to the target cluster.");
    kc_mirror_validate_offset_syncs("MirrorSourceConnector", config, values);
    kc_metric_names_validate(config, values);
}
