/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of the three connectors, field by field but for the words, against Java 4.1.0. */
#include "config/config_json.h"
#include "config/definition.h"
#include "config/mirror_maker_config.h"
#include "mirror/acl_sync_priv.h"
#include "mirror/client_limits_priv.h"
#include "mirror/flow_loads.h"
#include "mirror/mirror_check.h"
#include "mirror/mirror_series.h"
#include "mirror/provenance.h"
#include "mirror_checkpoint/mirror_checkpoint_priv.h"
#include "mirror_heartbeat/mirror_heartbeat_priv.h"
#include "mirror_sink/mirror_sink_priv.h"
#include "mirror_source/history_priv.h"
#include "mirror_source/mirror_source_priv.h"
#include "source/quarantine.h"
#include "source/raw_lane_priv.h"

static void compare(const struct kc_plugin *plugin)
{
    const char *simple = strrchr(plugin->class_name, '.') + 1;
    char *path = kc_asprintf("tests/unit/data/mirror/%s.json", simple);
    json_error_t why;
    json_t *golden = json_load_file(path, 0, &why);
    ck_assert_msg(golden != NULL, "%s: %s", path, why.text);
    ck_assert_uint_eq(plugin->config_key_count, json_array_size(golden));
    for (size_t i = 0; i < plugin->config_key_count; i++) {
        json_t *got = kc_config_key_json(&plugin->config_keys[i]);
        json_t *want = json_array_get(golden, i);
        ck_assert(json_string_length(json_object_get(got, "documentation")) > 0);
        json_object_del(got, "documentation");
        if (!json_equal(got, want))
            ck_abort_msg("%s, %zu:\n got %s\nJava %s", simple, i, json_dumps(got, 0),
                         json_dumps(want, 0));
        json_decref(got);
    }
    json_decref(golden);
    free(path);
}

START_TEST(source_keys_are_javas)
{
    compare(&kc_mirror_source_plugin);
}
END_TEST

START_TEST(checkpoint_keys_are_javas)
{
    compare(&kc_mirror_checkpoint_plugin);
}
END_TEST

START_TEST(heartbeat_keys_are_javas)
{
    compare(&kc_mirror_heartbeat_plugin);
}
END_TEST

static size_t count_declared(const struct kc_plugin *plugin, struct kc_map *seen)
{
    for (size_t i = 0; i < plugin->config_key_count; i++) {
        const char *name = plugin->config_keys[i].name;
        ck_assert_msg(kc_mm2_declares(name), "kc_mm2_keys lacks %s", name);
        kc_map_set(seen, name, "");
    }
    return kc_map_size(seen);
}

START_TEST(dedicated_mode_knows_exactly_these_keys)
{
    struct kc_map *seen = kc_map_new();
    size_t known = 0;
    count_declared(&kc_mirror_source_plugin, seen);
    count_declared(&kc_mirror_checkpoint_plugin, seen);
    size_t declared = count_declared(&kc_mirror_heartbeat_plugin, seen);
    while (kc_mm2_keys[known])
        known++;
    ck_assert_uint_eq(known, declared);
    kc_map_destroy(seen);
}
END_TEST

START_TEST(dedicated_mode_knows_the_settings_beyond_javas)
{
    static const char *const keys[] = {
        KC_OFFSET_INDEX_SETTING,     KC_SYNC_GROUP_ACLS,  KC_SYNC_TXN_ACLS,
        KC_SYNC_ACLS_DELETE,         KC_SYNC_QUOTAS,      KC_SYNC_GROUP_CONFIGS,
        KC_BALANCE_SETTING,          KC_BALANCE_INTERVAL, KC_METRIC_NAMES_FORMATS,
        KC_PROVENANCE_SETTING,       KC_HISTORY_POLICY,   KC_RAW_LANE_SETTING,
        KC_QUARANTINE_TOPIC_SETTING,
    };
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        ck_assert_msg(kc_mm2_declares(keys[i]), "kc_mm2_own_keys lacks %s", keys[i]);
}
END_TEST

/* The errors of one key after validate() alone. */
static char *errors_of(const struct kc_plugin *plugin, struct kc_map *config, const char *key)
{
    struct kc_config_values values = {0};
    plugin->connector->validate(config, &values);
    char *text = kc_strings_join(&kc_config_values_get(&values, key)->errors, "|");
    kc_config_values_destroy(&values);
    kc_map_destroy(config);
    return text;
}

static void assert_errors(const struct kc_plugin *plugin, struct kc_map *config, const char *key,
                          const char *want)
{
    char *got = errors_of(plugin, config, key);
    ck_assert_str_eq(got, want);
    free(got);
}

START_TEST(exactly_once_needs_read_committed)
{
    const struct kc_plugin *plugin = &kc_mirror_source_plugin;
    assert_errors(plugin, MAP("exactly.once.support", "required"), "exactly.once.support",
                  "MirrorSourceConnector can only provide exactly-once guarantees when its source "
                  "consumer is configured with isolation.level set to 'read_committed'; otherwise, "
                  "records from aborted and uncommitted transactions will be replicated from the "
                  "source cluster to the target cluster.");
    assert_errors(
        plugin,
        MAP("exactly.once.support", "required", "consumer.isolation.level", "read_committed"),
        "exactly.once.support", "");
    assert_errors(plugin, MAP("exactly.once.support", "requested"), "exactly.once.support", "");
    struct kc_map *config = MAP("source.consumer.isolation.level", "read_committed");
    ck_assert_int_eq(plugin->connector->exactly_once_support(config), KC_SUPPORT_SUPPORTED);
    kc_map_set(config, "source.consumer.isolation.level", "read_uncommitted");
    ck_assert_int_eq(plugin->connector->exactly_once_support(config), KC_SUPPORT_UNSUPPORTED);
    kc_map_destroy(config);
}
END_TEST

START_TEST(offset_syncs_that_are_off_cannot_be_set_up)
{
    static const char text[] = "MirrorSourceConnector can't setup offset-syncs feature while "
                               "emit.offset-syncs.enabled set to false";
    const struct kc_plugin *plugin = &kc_mirror_source_plugin;
    const char *key = "emit.offset-syncs.enabled";
    assert_errors(plugin, MAP(key, "false", "offset-syncs.topic.replication.factor", "1"), key,
                  text);
    assert_errors(plugin, MAP(key, "false", "offset-syncs-x", "1"), key, text);
    assert_errors(plugin, MAP(key, "false", "offset-syncsx", "1"), key, "");
    assert_errors(plugin, MAP(key, "false"), key, "");
    assert_errors(plugin, MAP(key, "true", "offset-syncs.topic.location", "target"), key, "");
    assert_errors(&kc_mirror_sink_plugin,
                  MAP(key, "false", "offset-syncs.topic.location", "target"), key,
                  "MirrorSinkConnector can't setup offset-syncs feature while "
                  "emit.offset-syncs.enabled set to false");
    assert_errors(&kc_mirror_sink_plugin, MAP(key, "false"), key, "");
}
END_TEST

START_TEST(checkpoints_need_what_they_are_made_of)
{
    const struct kc_plugin *plugin = &kc_mirror_checkpoint_plugin;
    assert_errors(plugin, MAP("emit.checkpoints.enabled", "false"), "emit.checkpoints.enabled",
                  "MirrorCheckpointConnector can't run with emit.checkpoints.enabled set to false");
    assert_errors(plugin, MAP("emit.offset-syncs.enabled", "false"), "emit.offset-syncs.enabled",
                  "MirrorCheckpointConnector can't run without offset syncs");
    assert_errors(plugin, MAP("emit.offset-syncs.enabled", "false", "enabled", "false"),
                  "emit.offset-syncs.enabled", "");
}
END_TEST

START_TEST(metrics_have_two_formats_of_names)
{
    const struct kc_plugin *const plugins[] = {&kc_mirror_source_plugin,
                                               &kc_mirror_checkpoint_plugin};
    const char *key = "metric.names.formats";
    for (size_t i = 0; i < 2; i++) {
        assert_errors(plugins[i], MAP(key, "legacy"), key, "");
        assert_errors(plugins[i], MAP(key, "legacy, new"), key, "");
        assert_errors(plugins[i], MAP(key, "new,jmx"), key,
                      "Invalid value jmx for configuration metric.names.formats: String must be "
                      "one of: legacy, new");
        assert_errors(plugins[i], MAP(key, ""), key,
                      "Invalid value  for configuration metric.names.formats: List must not be "
                      "empty");
    }
}
END_TEST

START_TEST(settings_beyond_javas_have_types_too)
{
    static const char *const switches[] = {
        KC_RAW_LANE_SETTING,   KC_OFFSET_INDEX_SETTING, KC_BALANCE_SETTING,
        KC_PROVENANCE_SETTING, KC_SYNC_GROUP_ACLS,      KC_SYNC_TXN_ACLS,
        KC_SYNC_ACLS_DELETE,   KC_SYNC_GROUP_CONFIGS,   KC_SYNC_QUOTAS,
    };
    static const struct kc_plugin *const plugins[] = {
        &kc_mirror_source_plugin, &kc_mirror_checkpoint_plugin, &kc_mirror_sink_plugin};
    for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
        const struct kc_plugin *plugin = plugins[i % 3];
        char *want = kc_asprintf("Invalid value ture for configuration %s: Expected value to be "
                                 "either true or false",
                                 switches[i]);
        assert_errors(plugin, MAP(switches[i], "ture"), switches[i], want);
        assert_errors(plugin, MAP(switches[i], "True"), switches[i], "");
        free(want);
    }
    const struct kc_plugin *source = &kc_mirror_source_plugin;
    const char *key = KC_BALANCE_INTERVAL;
    assert_errors(source, MAP(key, "1m"), key,
                  "Invalid value 1m for configuration replication.balance.interval.ms: Not a "
                  "number of type LONG");
    assert_errors(source, MAP(key, "0"), key,
                  "Invalid value 0 for configuration replication.balance.interval.ms: Value must "
                  "be at least 1");
    assert_errors(source, MAP(key, "60000"), key, "");
    assert_errors(source, MAP(KC_HISTORY_POLICY, "nonsense"), KC_HISTORY_POLICY,
                  "Invalid value nonsense for configuration source.history.policy: String must be "
                  "one of: fail, rewind, skip");
    assert_errors(source, MAP(KC_HISTORY_POLICY, "skip"), KC_HISTORY_POLICY, "");
}
END_TEST

RUN_TESTS("mirror_keys", source_keys_are_javas, checkpoint_keys_are_javas, heartbeat_keys_are_javas,
          dedicated_mode_knows_exactly_these_keys, dedicated_mode_knows_the_settings_beyond_javas,
          exactly_once_needs_read_committed, offset_syncs_that_are_off_cannot_be_set_up,
          checkpoints_need_what_they_are_made_of, metrics_have_two_formats_of_names,
          settings_beyond_javas_have_types_too)
