/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of mirror topics: what is held while they are linked, and what they get afterwards. */
#include "link/link_settings_priv.h"
#include "mirror/mirror_check.h"

#define OWN     RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG
#define DEFAULT RD_KAFKA_CONFIG_SOURCE_DEFAULT_CONFIG

static struct kc_name_filter *filter;
static struct kc_map *now, *later;
static struct kc_config_entry source_items[16], target_items[16];
static struct kc_config_entries source, target;

static void setup(void)
{
    struct kc_map *properties = kc_map_new();
    kc_map_set(properties, "config.properties.exclude", "min\\.insync\\.replicas");
    ck_assert_ptr_null(kc_name_filter_new(properties, KC_FILTER_PROPERTIES, &filter));
    kc_map_destroy(properties);
    now = kc_map_new();
    later = kc_map_new();
    source = (struct kc_config_entries){source_items, 0};
    target = (struct kc_config_entries){target_items, 0};
}

static void teardown(void)
{
    kc_name_filter_destroy(filter);
    kc_map_destroy(now);
    kc_map_destroy(later);
}

static void add(struct kc_config_entries *entries, const char *name, const char *value, int from)
{
    entries->items[entries->count++] = (struct kc_config_entry){
        .name = (char *)name, .value = (char *)value, .is_default = from != OWN, .source = from};
}

static void know(const char *csv)
{
    static struct kc_strings names;
    kc_strings_split(&names, csv);
    for (size_t i = 0; i < names.count; i++)
        add(&target, names.items[i], "of the broker", DEFAULT);
}

static void assert_map(const struct kc_map *map, const char *expected)
{
    char *text = kc_map_print(map);
    ck_assert_str_eq(text, expected);
    free(text);
}

START_TEST(what_would_harm_records_is_held)
{
    setup();
    know("retention.ms,message.timestamp.type,max.message.bytes,segment.bytes,cleanup.policy");
    add(&source, "retention.ms", "1000", OWN);
    add(&source, "message.timestamp.type", "LogAppendTime", OWN);
    add(&source, "max.message.bytes", "2000", OWN);
    add(&source, "segment.bytes", "5000", OWN);
    add(&source, "cleanup.policy", "delete", DEFAULT);
    link_settings_plan(filter, &source, &target, now, later);
    assert_map(now, "{retention.ms=-1, message.timestamp.type=CreateTime, "
                    "max.message.bytes=104857600, segment.bytes=5000, cleanup.policy=delete}");
    assert_map(later, "{message.timestamp.type=LogAppendTime, retention.ms=1000, "
                      "max.message.bytes=2000, cleanup.policy=null}");
    teardown();
}
END_TEST

START_TEST(a_compacted_topic_can_be_cut)
{
    setup();
    know("cleanup.policy,min.compaction.lag.ms,retention.ms");
    add(&source, "cleanup.policy", "compact", OWN);
    ck_assert(link_settings_compacted(&source));
    link_settings_plan(filter, &source, &target, now, later);
    assert_map(now, "{cleanup.policy=compact,delete, retention.ms=-1, min.compaction.lag.ms=0}");
    assert_map(later, "{retention.ms=null, cleanup.policy=compact, min.compaction.lag.ms=null}");
    teardown();
}
END_TEST

/* What readers have a right to see at the source isn't taken away earlier, be it a broker's
 * default. */
START_TEST(records_are_kept_as_long_as_at_the_source)
{
    setup();
    know("min.compaction.lag.ms");
    add(&source, "cleanup.policy", "compact", OWN);
    add(&source, "min.compaction.lag.ms", "3600000", DEFAULT);
    link_settings_plan(filter, &source, &target, now, later);
    assert_map(now, "{min.compaction.lag.ms=3600000}");
    assert_map(later, "{min.compaction.lag.ms=null}");
    teardown();
}
END_TEST

/* Excluded ones, those that the target doesn't know, and tiered storage. */
START_TEST(what_is_not_copied)
{
    setup();
    know("min.insync.replicas,remote.storage.enable,flush.ms");
    add(&source, "min.insync.replicas", "2", OWN);
    add(&source, "remote.storage.enable", "true", OWN);
    add(&source, "unknown.setting", "1", OWN);
    add(&source, "flush.ms", "1", DEFAULT);
    link_settings_plan(filter, &source, &target, now, later);
    assert_map(now, "{}");
    assert_map(later, "{}");
    teardown();
}
END_TEST

START_TEST(only_differences_are_altered)
{
    struct kc_config_op ops[16];
    setup();
    add(&target, "retention.ms", "-1", OWN);
    add(&target, "segment.bytes", "1", OWN);           /* another value */
    add(&target, "flush.ms", "7", OWN);                /* gone at the source */
    add(&target, "min.insync.replicas", "2", OWN);     /* the target's own affair */
    add(&target, "cleanup.policy", "delete", DEFAULT); /* the broker's, which may change */
    kc_map_set(now, "retention.ms", "-1");
    kc_map_set(now, "segment.bytes", "2");
    kc_map_set(now, "cleanup.policy", "delete");
    ck_assert_uint_eq(link_settings_ops(filter, now, &target, ops), 3);
    ck_assert_str_eq(ops[0].name, "segment.bytes");
    ck_assert_str_eq(ops[0].value, "2");
    ck_assert_str_eq(ops[1].name, "cleanup.policy");
    ck_assert_str_eq(ops[2].name, "flush.ms");
    ck_assert_ptr_null(ops[2].value);
    teardown();
}
END_TEST

RUN_TESTS("link_settings", what_would_harm_records_is_held, a_compacted_topic_can_be_cut,
          records_are_kept_as_long_as_at_the_source, what_is_not_copied,
          only_differences_are_altered)
