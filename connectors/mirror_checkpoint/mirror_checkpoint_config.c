/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MirrorCheckpointConnector as the worker sees it: its descriptor, its keys, and the rules between
 * them (MirrorCheckpointConfig). Pure tables and functions, any thread.
 */
#include "mirror/mirror_series.h"
#include "mirror/own_settings.h"
#include "mirror_checkpoint/mirror_checkpoint_priv.h"

#include <string.h>

/* clang-format off */
static const struct kc_config_key keys[] = {
#include "mirror/mirror_base_keys.inc"
    KC_MIRROR_KEY("consumer.poll.timeout.ms", LONG, "1000", LOW, NULL,
     "How long one look at the source cluster waits for something new."),
    KC_MIRROR_KEY("groups", LIST, ".*", HIGH, NULL,
     "Which consumer groups get checkpoints: names and regular expressions, separated by "
     "commas."),
    KC_MIRROR_KEY("groups.exclude", LIST, "console-consumer-.*,connect-.*,__.*", HIGH, NULL,
     "Which groups are left out, even when groups names them."),
    KC_MIRROR_KEY("group.filter.class", CLASS,
     "org.apache.kafka.connect.mirror.DefaultGroupFilter", LOW, NULL,
     "The class that chooses groups: DefaultGroupFilter, or that of a plugin."),
    KC_MIRROR_KEY("refresh.groups.enabled", BOOLEAN, "true", LOW, NULL,
     "Whether groups that appear later get checkpoints, too."),
    KC_MIRROR_KEY("refresh.groups.interval.seconds", LONG, "600", LOW, NULL,
     "How often the groups are listed again."),
    KC_MIRROR_KEY("emit.checkpoints.enabled", BOOLEAN, "true", LOW, NULL,
     "Whether translated offsets of consumer groups are written to the target cluster."),
    KC_MIRROR_KEY("emit.checkpoints.interval.seconds", LONG, "60", LOW, NULL,
     "How often checkpoints are written."),
    KC_MIRROR_KEY("sync.group.offsets.enabled", BOOLEAN, "false", LOW, NULL,
     "Whether translated offsets are also committed for the group on the target cluster, "
     "as long as it has no members there."),
    KC_MIRROR_KEY("sync.group.offsets.interval.seconds", LONG, "60", LOW, NULL,
     "How often they are committed."),
    KC_MIRROR_KEY("checkpoints.topic.replication.factor", SHORT, "3", LOW, NULL,
     "The replication factor of the checkpoints topic, where it is created."),
    KC_MIRROR_KEY("offset-syncs.topic.location", STRING, "source", LOW, kc_mirror_valid_option,
     "The cluster that holds the offset-syncs topic: source or target."),
    KC_MIRROR_KEY("topic.filter.class", CLASS,
     "org.apache.kafka.connect.mirror.DefaultTopicFilter", LOW, NULL,
     "The class that chooses topics: DefaultTopicFilter, or that of a plugin."),
};
/* clang-format on */

const struct kc_plugin kc_mirror_checkpoint_plugin = {
    KC_PLUGIN_HEAD,
    .kind = KC_PLUGIN_SOURCE,
    .class_name = "org.apache.kafka.connect.mirror.MirrorCheckpointConnector",
    .task_class = "org.apache.kafka.connect.mirror.MirrorCheckpointTask",
    .version = KC_VERSION,
    .config_keys = keys,
    .config_key_count = sizeof(keys) / sizeof(keys[0]),
    .connector = &kc_mirror_checkpoint_connector_ops,
    .source_task = &kc_mirror_checkpoint_task_ops,
};

void kc_mirror_checkpoint_validate(const struct kc_map *config, struct kc_config_values *values)
{
    static const char emit[] = "emit.checkpoints.enabled";
    static const char syncs[] = "emit.offset-syncs.enabled";
    kc_metric_names_validate(config, values);
    kc_mirror_validate_classes(config, values);
    kc_mirror_validate_own_settings(config, values);
    if (kc_mirror_is_false(config, "enabled"))
        return;
    if (kc_mirror_is_false(config, emit))
        kc_config_value_add_error(kc_config_values_get(values, emit),
                                  "MirrorCheckpointConnector can't run with %s set to false", emit);
    if (kc_mirror_is_false(config, syncs))
        kc_config_value_add_error(kc_config_values_get(values, syncs),
                                  "MirrorCheckpointConnector can't run without offset syncs");
}
