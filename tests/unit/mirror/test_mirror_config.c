/* SPDX-License-Identifier: Apache-2.0 */
/* Client properties, labels and intervals: the scenarios of Java's MirrorConnectorConfigTest. */
#include "mirror/mirror_check.h"
#include "mirror/mirror_config.h"
#include "mirror/name_filter.h"
#include "mirror_checkpoint/mirror_checkpoint_priv.h"
#include "mirror_source/mirror_source_priv.h"

static struct kc_mirror_config *parse(const struct kc_plugin *plugin, struct kc_map *more,
                                      bool is_task)
{
    struct kc_map *properties = MAP("name", "mm", "connector.class", plugin->class_name,
                                    "source.cluster.alias", "A", "target.cluster.alias", "B");
    struct kc_mirror_config *config = NULL;
    kc_map_merge(properties, more);
    assert_ok(kc_mirror_config_new(plugin, properties, is_task, &config));
    kc_map_destroy(properties);
    kc_map_destroy(more);
    return config;
}

static void assert_client(const struct kc_mirror_config *config, enum kc_mirror_cluster cluster,
                          enum kc_client_role role, struct kc_map *want)
{
    struct kc_map *got = kc_mirror_client_properties(config, cluster, role, "use");
    char *got_text = kc_map_print(got), *want_text = kc_map_print(want);
    ck_assert_msg(kc_map_equal(got, want), "got %s, want %s", got_text, want_text);
    free(got_text);
    free(want_text);
    kc_map_destroy(got);
    kc_map_destroy(want);
}

START_TEST(later_layers_of_client_settings_win)
{
    struct kc_mirror_config *config =
        parse(&kc_mirror_source_plugin,
              MAP("source.cluster.bootstrap.servers", "a:1", "source.cluster.sasl.mechanism",
                  "PLAIN", "source.cluster.not.of.clients", "x", "consumer.fetch.min.bytes", "1",
                  "consumer.sasl.mechanism", "GSSAPI", "source.consumer.fetch.min.bytes", "2",
                  "target.cluster.bootstrap.servers", "b:1", "target.producer.acks", "1",
                  "producer.acks", "all", "admin.retries", "3", "source.admin.client.id", "mine"),
              false);
    assert_client(config, KC_MIRROR_SOURCE, KC_CLIENT_CONSUMER,
                  MAP("bootstrap.servers", "a:1", "sasl.mechanism", "GSSAPI", "fetch.min.bytes",
                      "2", "enable.auto.commit", "false", "auto.offset.reset", "earliest",
                      "client.id", "A->B|mm|use"));
    assert_client(config, KC_MIRROR_TARGET, KC_CLIENT_PRODUCER,
                  MAP("bootstrap.servers", "b:1", "acks", "1", "client.id", "A->B|mm|use"));
    assert_client(config, KC_MIRROR_SOURCE, KC_CLIENT_ADMIN,
                  MAP("bootstrap.servers", "a:1", "sasl.mechanism", "PLAIN", "retries", "3",
                      "client.id", "mine|A->B|mm|use"));
    kc_mirror_config_destroy(config);
}
END_TEST

START_TEST(consumers_keep_what_must_not_change)
{
    struct kc_mirror_config *config = parse(
        &kc_mirror_source_plugin,
        MAP("consumer.enable.auto.commit", "true", "consumer.auto.offset.reset", "latest"), false);
    assert_client(config, KC_MIRROR_TARGET, KC_CLIENT_CONSUMER,
                  MAP("enable.auto.commit", "false", "auto.offset.reset", "latest", "client.id",
                      "A->B|mm|use"));
    kc_mirror_config_destroy(config);
}
END_TEST

START_TEST(tasks_are_told_apart_in_labels)
{
    struct kc_mirror_config *config = parse(&kc_mirror_source_plugin, MAP("task.index", "3"), true);
    ck_assert_str_eq(config->label, "A->B|mm-3");
    kc_mirror_config_destroy(config);
    config = parse(&kc_mirror_source_plugin, MAP("x", "y"), true);
    ck_assert_str_eq(config->label, "A->B|mm-?");
    kc_mirror_config_destroy(config);
}
END_TEST

START_TEST(offset_syncs_have_one_place)
{
    struct kc_mirror_config *config = parse(&kc_mirror_checkpoint_plugin, MAP("x", "y"), false);
    char *topic = kc_mirror_offset_syncs_topic(config);
    ck_assert_int_eq(kc_mirror_offset_syncs_cluster(config), KC_MIRROR_SOURCE);
    ck_assert_str_eq(topic, "mm2-offset-syncs.B.internal");
    free(topic);
    kc_mirror_config_destroy(config);
    config =
        parse(&kc_mirror_checkpoint_plugin, MAP("offset-syncs.topic.location", "target"), false);
    topic = kc_mirror_offset_syncs_topic(config);
    ck_assert_int_eq(kc_mirror_offset_syncs_cluster(config), KC_MIRROR_TARGET);
    ck_assert_str_eq(topic, "mm2-offset-syncs.A.internal");
    free(topic);
    kc_mirror_config_destroy(config);
}
END_TEST

START_TEST(disabled_intervals_are_negative)
{
    struct kc_mirror_config *config = parse(
        &kc_mirror_checkpoint_plugin,
        MAP("emit.checkpoints.interval.seconds", "5", "refresh.groups.enabled", "false"), false);
    ck_assert_int_eq(kc_mirror_interval_ms(config, "emit.checkpoints"), 5000);
    ck_assert_int_eq(kc_mirror_interval_ms(config, "refresh.groups"), -1);
    ck_assert_int_eq(kc_mirror_interval_ms(config, "sync.group.offsets"), -1);
    kc_mirror_config_destroy(config);
}
END_TEST

START_TEST(intervals_of_any_number)
{
    static const struct {
        const char *seconds;
        int64_t ms;
    } cases[] = {{"9223372036854775807", INT64_MAX},
                 {"9223372036854776", INT64_MAX},
                 {"9223372036854775", 9223372036854775000},
                 {"0", 1},
                 {"-1", -1},
                 {"-9223372036854775808", -1}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct kc_mirror_config *config =
            parse(&kc_mirror_checkpoint_plugin,
                  MAP("emit.checkpoints.interval.seconds", cases[i].seconds), false);
        ck_assert_int_eq(kc_mirror_interval_ms(config, "emit.checkpoints"), cases[i].ms);
        kc_mirror_config_destroy(config);
    }
    ck_assert_int_eq(kc_deadline_ms(INT64_MAX), INT64_MAX);
    ck_assert_int_ge(kc_deadline_ms(INT64_MIN), 0);
    ck_assert_int_le(kc_deadline_ms(INT64_MIN), kc_mono_ms());
    ck_assert_int_ge(kc_deadline_ms(1000), kc_mono_ms());
}
END_TEST

static bool accepts(const char *include, const char *exclude, const char *topic)
{
    struct kc_mirror_config *config =
        parse(&kc_mirror_source_plugin, MAP("topics", include, "topics.exclude", exclude), false);
    struct kc_name_filter *filter = NULL;
    assert_ok(kc_name_filter_new(config->properties, KC_FILTER_TOPICS, &filter));
    bool accepted = kc_name_filter_accepts(filter, topic);
    kc_name_filter_destroy(filter);
    kc_mirror_config_destroy(config);
    return accepted;
}

START_TEST(filters_match_whole_names_and_exclude_first)
{
    ck_assert(accepts("a, b.*", "", "a"));
    ck_assert(accepts("a, b.*", "", "bcd"));
    ck_assert(!accepts("a, b.*", "", "ab"));
    ck_assert(!accepts("a, b.*", "bc.*", "bcd"));
    ck_assert(!accepts("", "", "a"));
    ck_assert(accepts(".*", "mm2.*\\.internal,__.*", "x.internal"));
    ck_assert(!accepts(".*", "mm2.*\\.internal,__.*", "__consumer_offsets"));
}
END_TEST

START_TEST(validators_speak_as_java)
{
    assert_error(
        kc_mirror_valid_option("offset-syncs.topic.location", "elsewhere"),
        "Invalid value elsewhere for configuration offset-syncs.topic.location: String must "
        "be one of: source, target");
    assert_ok(kc_mirror_valid_option("security.protocol", "sasl_ssl"));
    assert_error(kc_mirror_valid_range("sasl.login.refresh.window.factor", "1.5"),
                 "Invalid value 1.5 for configuration sasl.login.refresh.window.factor: Value must "
                 "be no more than 1.0");
    assert_error(kc_mirror_valid_range("sasl.login.refresh.buffer.seconds", "-1"),
                 "Invalid value -1 for configuration sasl.login.refresh.buffer.seconds: Value must "
                 "be at least 0");
}
END_TEST

/* MirrorMaker 3.9 leaves the topics out, 4.0 mirrors them without a word. */
START_TEST(settings_that_kafka_4_removed_are_told_of)
{
    struct kc_map *old =
        MAP("topics.blacklist", "secret", "groups.blacklist", "x", "groups.exclude", "x");
    char *text = kc_mirror_removed_settings(old);
    ck_assert_ptr_nonnull(text);
    ck_assert_ptr_nonnull(strstr(text, "topics.blacklist (write topics.exclude)"));
    ck_assert_ptr_null(strstr(text, "groups"));
    free(text);
    kc_map_destroy(old);
    struct kc_map *now = MAP("topics.exclude", "secret");
    ck_assert_ptr_null(kc_mirror_removed_settings(now));
    kc_map_destroy(now);
}
END_TEST

RUN_TESTS("mirror_config", later_layers_of_client_settings_win, consumers_keep_what_must_not_change,
          tasks_are_told_apart_in_labels, offset_syncs_have_one_place,
          disabled_intervals_are_negative, intervals_of_any_number,
          filters_match_whole_names_and_exclude_first, validators_speak_as_java,
          settings_that_kafka_4_removed_are_told_of)
