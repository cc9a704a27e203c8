/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From mm2.properties to workers and connectors, against Java's MirrorMakerConfig 4.1.0: the same
 * files (tests/unit/data/mirror/mm2), the same maps.
 */
#include "config/mirror_maker_check.h"
#include "config/mirror_maker_config.h"
#include "config/properties.h"
#include "mirror/mirror_check.h"

#include <jansson.h>

static struct kc_mm2_config *parse_file(const char *name)
{
    struct kc_map *file = kc_map_new();
    struct kc_mm2_config *config = NULL;
    char *path = kc_asprintf("tests/unit/data/mirror/mm2/%s.properties", name);
    assert_ok(kc_properties_load(path, file, NULL));
    assert_ok(kc_mm2_parse(file, NULL, &config));
    kc_map_destroy(file);
    free(path);
    return config;
}

static void compare_map(const char *where, const json_t *want, const struct kc_map *got)
{
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)want, key, value) {
        const char *mine = kc_map_get(got, key);
        ck_assert_msg(mine != NULL, "%s: %s is missing", where, key);
        ck_assert_msg(strcmp(mine, json_string_value(value)) == 0, "%s: %s is %s, Java has %s",
                      where, key, mine, json_string_value(value));
    }
    kc_map_foreach (got, entry)
        ck_assert_msg(json_object_get(want, entry->key) != NULL, "%s: Java has no %s", where,
                      entry->key);
}

static void compare_file(const char *name)
{
    char *path = kc_asprintf("tests/unit/data/mirror/mm2/%s.json", name);
    json_error_t why;
    json_t *golden = json_load_file(path, 0, &why);
    ck_assert_msg(golden != NULL, "%s: %s", path, why.text);
    struct kc_mm2_config *config = parse_file(name);
    ck_assert_uint_eq(config->count, json_object_size(golden));
    for (size_t i = 0; i < config->count; i++) {
        struct kc_mm2_flow *flow = &config->flows[i];
        char *pair = kc_asprintf("%s->%s", flow->source, flow->target);
        json_t *want = json_object_get(golden, pair);
        ck_assert_msg(want != NULL, "Java has no flow %s", pair);
        compare_map(pair, json_object_get(want, "worker"), flow->worker);
        for (int c = 0; c < KC_MM2_CONNECTORS; c++)
            compare_map(kc_mm2_connector_name(c), json_object_get(want, kc_mm2_connector_name(c)),
                        flow->connectors[c]);
        free(pair);
    }
    kc_mm2_config_destroy(config);
    json_decref(golden);
    free(path);
}

START_TEST(everything_at_once_is_mapped_as_in_java)
{
    compare_file("full");
}
END_TEST

START_TEST(flows_follow_enabled_and_heartbeats)
{
    compare_file("central");
    compare_file("defaults");
}
END_TEST

static size_t count_flows(struct kc_map *file, const char *target)
{
    struct kc_strings targets = {0};
    struct kc_mm2_config *config = NULL;
    if (target)
        kc_strings_add(&targets, target);
    struct kc_error *err = kc_mm2_parse(file, target ? &targets : NULL, &config);
    size_t count = config ? config->count : 0;
    kc_error_destroy(err);
    kc_mm2_config_destroy(config);
    kc_strings_destroy(&targets);
    kc_map_destroy(file);
    return count;
}

START_TEST(pairs_are_counted_as_in_java)
{
    ck_assert_uint_eq(count_flows(MAP("clusters", "a, b, c"), NULL), 6);
    ck_assert_uint_eq(
        count_flows(MAP("clusters", "a, b, c", "emit.heartbeats.enabled", "false"), NULL), 0);
    ck_assert_uint_eq(count_flows(MAP("clusters", "a, b, c", "a->b.emit.heartbeats.enabled",
                                      "false", "a->c.emit.heartbeats.enabled", "false"),
                                  NULL),
                      4);
    ck_assert_uint_eq(
        count_flows(MAP("clusters", "a, b, c, d, e, f", "emit.heartbeats.enabled", "false",
                        "a->b.enabled", "true", "a->c.enabled", "true", "a->d.enabled", "true",
                        "a->e.enabled", "false", "a->f.enabled", "false"),
                    NULL),
        3);
}
END_TEST

START_TEST(clusters_option_keeps_flows_to_these_targets)
{
    ck_assert_uint_eq(count_flows(MAP("clusters", "a, b, c"), "b"), 2);
    ck_assert_uint_eq(count_flows(MAP("clusters", "a, b, c"), "x"), 0);
}
END_TEST

START_TEST(wrong_files_are_refused)
{
    struct kc_mm2_config *config = NULL;
    struct kc_map *file = MAP("a.bootstrap.servers", "x:1");
    assert_error(kc_mm2_parse(file, NULL, &config),
                 "Missing required configuration \"clusters\" which has no default value.");
    kc_map_destroy(file);
    file = MAP("clusters", "a, b", "security.protocol", "abc");
    struct kc_error *err = kc_mm2_parse(file, NULL, &config);
    ck_assert_ptr_nonnull(err);
    ck_assert_ptr_nonnull(strstr(kc_error_text(err), "security.protocol"));
    kc_error_destroy(err);
    kc_map_destroy(file);
    file = MAP("clusters", "a");
    err = kc_mm2_parse(file, NULL, &config);
    ck_assert_ptr_nonnull(err);
    ck_assert_ptr_nonnull(strstr(kc_error_text(err), "No source->target replication flows."));
    kc_error_destroy(err);
    struct kc_strings targets = {0};
    kc_strings_add(&targets, "x");
    kc_map_set(file, "clusters", "a, b");
    err = kc_mm2_parse(file, &targets, &config);
    ck_assert_ptr_nonnull(strstr(kc_error_text(err), "--clusters"));
    kc_error_destroy(err);
    kc_strings_destroy(&targets);
    kc_map_destroy(file);
}
END_TEST

static char *shared_group(struct kc_map *file)
{
    struct kc_mm2_config *config = NULL;
    assert_ok(kc_mm2_parse(file, NULL, &config));
    char *text = kc_mm2_shared_group(config);
    kc_mm2_config_destroy(config);
    kc_map_destroy(file);
    return text;
}

/* As a published file has it: the group of the cluster's consumers, for whoever wrote it. */
START_TEST(two_flows_of_one_group_are_told_of)
{
    char *text = shared_group(MAP("clusters", "a, b, c", "a->c.enabled", "true", "b->c.enabled",
                                  "true", "c.group.id", "mirrors", "c.bootstrap.servers", "c:1",
                                  "emit.heartbeats.enabled", "false"));
    ck_assert_ptr_nonnull(text);
    ck_assert_ptr_nonnull(strstr(text, "a->c and b->c have one group.id on cluster c, mirrors"));
    ck_assert_ptr_nonnull(strstr(text, "Remove c.group.id"));
    free(text);
    ck_assert_ptr_null(shared_group(MAP("clusters", "a, b, c", "a->c.enabled", "true",
                                        "b->c.enabled", "true", "c.bootstrap.servers", "c:1")));
    ck_assert_ptr_null(shared_group(MAP("clusters", "a, b", "a->b.enabled", "true", "b->a.enabled",
                                        "true", "group.id", "mirrors", "a.bootstrap.servers", "a:1",
                                        "b.bootstrap.servers", "b:1")));
}
END_TEST

/* errors.tolerance counts for the whole file, so what it spares has to be kept by the whole file.
 */
START_TEST(own_settings_count_for_the_whole_file_as_javas_do)
{
    struct kc_mm2_config *config = NULL;
    struct kc_map *file = MAP("clusters", "a, b", "a->b.enabled", "true", "errors.tolerance", "all",
                              "errors.quarantine.topic.name", "kept", "source.history.policy",
                              "fail", "a->b.source.history.policy", "skip");
    assert_ok(kc_mm2_parse(file, NULL, &config));
    const struct kc_map *source = config->flows[0].connectors[KC_MM2_SOURCE];
    ck_assert_str_eq(kc_map_get(source, "errors.tolerance"), "all");
    ck_assert_str_eq(kc_map_get(source, "errors.quarantine.topic.name"), "kept");
    ck_assert_str_eq(kc_map_get(source, "source.history.policy"), "skip");
    kc_mm2_config_destroy(config);
    kc_map_destroy(file);
}
END_TEST

static void assert_effect(const char *key, const char *why)
{
    struct kc_strings clusters = {0};
    kc_strings_split(&clusters, "a, b, b.west");
    char *text = kc_mm2_without_effect(&clusters, key);
    ck_assert_msg(!text == !why, "%s: %s", key, text ? text : "has an effect");
    if (why)
        ck_assert_msg(strstr(text, why) != NULL, "%s: %s", key, text);
    free(text);
    kc_strings_destroy(&clusters);
}

START_TEST(settings_without_effect_are_told_of)
{
    assert_effect("a->b.topcis", "knows 'topcis'");
    assert_effect("a->c.enabled", "both ends");
    assert_effect("A->b.enabled", "both ends");
    assert_effect("sync.group.offset.enabled", "check its spelling");
    assert_effect("c.bootstrap.servers", "check its spelling");
    assert_effect("consumer.auto.offset.reset", "write <alias>.consumer.auto.offset.reset");
    assert_effect("producer.override.acks", "write <source>-><target>.producer.override.acks");
    assert_effect("topics.blacklist", "write topics.exclude");
    assert_effect("a->b.groups.blacklist", "write groups.exclude");
    assert_effect("group.id", "write <alias>.group.id");
    assert_effect("topic.creation.default.partitions",
                  "write <source>-><target>.topic.creation.default.partitions");
}
END_TEST

START_TEST(settings_with_an_effect_are_passed_over)
{
    static const char *const keys[] = {
        "clusters",
        "a.bootstrap.servers",
        "bootstrap.servers",
        "b.west.consumer.max.poll.records",
        "a->b.enabled",
        "a->b.west.topics",
        "a->b.transforms.filter.type",
        "a->b.producer.override.linger.ms",
        "a->b.exactly.once.support",
        "sync.topic.acls.enabled",
        "sync.quotas.enabled",
        "security.protocol",
        "ssl.truststore.location",
        "replication.policy.separator",
        "config.storage.replication.factor",
        "config.providers.env.class",
        "listeners",
        "rest.advertised.port",
        "log.level",
        "dedicated.mode.enable.internal.rest",
    };
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        assert_effect(keys[i], NULL);
}
END_TEST

RUN_TESTS("mirror_maker_config", everything_at_once_is_mapped_as_in_java,
          flows_follow_enabled_and_heartbeats, pairs_are_counted_as_in_java,
          clusters_option_keeps_flows_to_these_targets, wrong_files_are_refused,
          two_flows_of_one_group_are_told_of, own_settings_count_for_the_whole_file_as_javas_do,
          settings_without_effect_are_told_of, settings_with_an_effect_are_passed_over)
