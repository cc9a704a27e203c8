/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The offset index on a log in memory: chunks of several writers make a map, and others' records
 * count for nothing.
 */
#include "connect/topic_log.h"
#include "data/plugins.h"
#include "link/link_index_priv.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* ---- the topic: functions of topic_log.c and of the admin, which the linker leaves out then ----
 */

struct kc_topic_log {
    kc_log_listener listener;
    void *opaque;
};

static struct {
    int opened;
    int written;
    int32_t partitions;
    const char *policy;
} topic;
static struct kc_topic_log *opened;

struct kc_error *kc_topic_log_open(const struct kc_topic_log_settings *settings,
                                   const struct kc_stop *stop, struct kc_topic_log **log)
{
    ck_assert_str_eq(settings->topic, LINK_INDEX_TOPIC);
    topic.opened++;
    if (strcmp(topic.policy, "compact") != 0)
        return kc_error_new(KC_ERR_CONFIG, "the topic has cleanup.policy=%s", topic.policy);
    *log = kc_calloc(1, sizeof(**log));
    **log = (struct kc_topic_log){settings->listener, settings->opaque};
    opened = *log;
    return NULL;
}

void kc_topic_log_close(struct kc_topic_log *log)
{
    free(log);
}

int32_t kc_topic_log_partitions(const struct kc_topic_log *log)
{
    return topic.partitions;
}

struct kc_error *kc_topic_log_read_to_end(struct kc_topic_log *log, int timeout_ms)
{
    return NULL;
}

struct kc_error *kc_topic_log_write(struct kc_topic_log *log, const struct kc_log_record *records,
                                    size_t count, int timeout_ms)
{
    for (size_t i = 0; i < count; i++)
        log->listener(log->opaque, &records[i]);
    topic.written += (int)count;
    return NULL;
}

/* ---- a link ---- */

static struct link_config *config;
static struct link_index *indexed;

static void begin(void)
{
    struct kc_map *properties = kc_map_new();
    memset(&topic, 0, sizeof(topic));
    topic.partitions = 1;
    topic.policy = "compact";
    kc_plugins_set_builtin(kc_builtin_plugins);
    kc_map_set(properties, "name", "move");
    kc_map_set(properties, "connector.class", "KafkaLinkConnector");
    kc_map_set(properties, "source.cluster.bootstrap.servers", "a:1");
    kc_map_set(properties, "target.cluster.bootstrap.servers", "b:2");
    struct kc_error *err = link_config_new(properties, false, &config);
    ck_assert_msg(!err, "%s", err ? kc_error_text(err) : "");
    kc_map_destroy(properties);
    indexed = link_index_new(config, "test");
    ck_assert_int_eq(topic.opened, 0); /* a link may have no use for it */
}

static void end(void)
{
    link_index_close(indexed);
    link_config_destroy(config);
}

static void must(struct kc_error *err)
{
    ck_assert_msg(!err, "%s", err ? kc_error_text(err) : "");
}

/* Takes err, which says this. */
static void expect(struct kc_error *err, const char *text)
{
    ck_assert(err);
    ck_assert_msg(strstr(kc_error_text(err), text), "%s", kc_error_text(err));
    kc_error_destroy(err);
}

static const struct link_index_place place = {"orders", {{7}}, 0};

/* Writes a chunk; pieces NULL: takes it away. */
static void put(int64_t era, int64_t chunk, const char *pieces)
{
    struct link_index_changes changes = {0};
    link_index_add(&changes, &(struct link_index_change){
                                 .place = place,
                                 .era = era,
                                 .chunk = chunk,
                                 .pieces = pieces ? json_loads(pieces, 0, NULL) : NULL});
    must(link_index_put(indexed, &changes));
    ck_assert_uint_eq(changes.count, 0);
}

START_TEST(chunks_make_a_map)
{
    begin();
    must(link_index_refresh(indexed, NULL));
    must(link_index_refresh(indexed, NULL));
    ck_assert_int_eq(topic.opened, 1);
    ck_assert_int_eq(link_index_target(indexed, &place, 5), -1);
    ck_assert_int_eq(link_index_era(indexed, &place), -1);
    put(1, 1, "[30, 20]"); /* what follows on nothing doesn't count */
    ck_assert_int_eq(link_index_target(indexed, &place, 35), -1);
    put(1, 0, "[0, 0, 12, 10]");
    ck_assert_int_eq(link_index_target(indexed, &place, 5), 5);
    ck_assert_int_eq(link_index_target(indexed, &place, 11), 10);
    ck_assert_int_eq(link_index_target(indexed, &place, 35), 25);
    ck_assert_int_eq(link_index_source(indexed, &place, 25), 35);
    /* A later writer's pieces replace those from its first on; a predecessor that is late changes
     * nothing. */
    put(2, 0, "[14, 11]");
    put(1, 1, "[40, 20]");
    ck_assert_int_eq(link_index_target(indexed, &place, 35), 32);
    ck_assert_int_eq(link_index_era(indexed, &place), 2);
    ck_assert_uint_eq(link_index_eras(indexed, &place), 2);
    const struct link_index_place other = {"orders", {{8}}, 0}; /* made anew */
    ck_assert_int_eq(link_index_target(indexed, &other, 5), -1);
    end();
}
END_TEST

START_TEST(what_is_not_ours_counts_for_nothing)
{
    static const char *const keys[] = {
        "x", "[]", "{\"link\":\"move\"}",
        "{\"link\":\"other\",\"topic\":\"orders\",\"id\":\"BwAAAAAAAAAAAAAAAAAAAA\","
        "\"partition\":0,\"era\":1,\"chunk\":0}"};
    begin();
    must(link_index_refresh(indexed, NULL));
    put(1, 0, "[0, 0]");
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const struct kc_log_record record = {
            .key = keys[i], .key_len = strlen(keys[i]), .value = "[5, 0]", .value_len = 6};
        must(kc_topic_log_write(opened, &record, 1, 0));
    }
    put(1, 1, "\"pieces\"");
    put(1, 2, "[1, 2, 3]");
    ck_assert_int_eq(link_index_target(indexed, &place, 9), 9);
    end();
}
END_TEST

START_TEST(what_is_over_goes_away)
{
    struct link_index_changes changes = {0};
    struct kc_strings names = {0};
    begin();
    must(link_index_refresh(indexed, NULL));
    put(1, 0, "[0, 0]");
    put(2, 0, "[0, 0, 12, 10]");
    link_index_drop_before(indexed, &place, 2, &changes);
    ck_assert_uint_eq(changes.count, 1);
    must(link_index_put(indexed, &changes));
    ck_assert_uint_eq(link_index_eras(indexed, &place), 1);
    ck_assert_int_eq(link_index_target(indexed, &place, 12), 10);
    link_index_topics(indexed, &names);
    ck_assert_uint_eq(names.count, 1);
    link_index_drop_topic(indexed, "bills", &changes);
    ck_assert_uint_eq(changes.count, 0);
    link_index_drop_topic(indexed, names.items[0], &changes);
    must(link_index_put(indexed, &changes));
    kc_strings_destroy(&names);
    link_index_topics(indexed, &names);
    ck_assert_uint_eq(names.count, 0);
    end();
}
END_TEST

START_TEST(a_topic_that_would_lose_records_is_refused)
{
    begin();
    topic.policy = "delete";
    expect(link_index_refresh(indexed, NULL), "Set cleanup.policy=compact");
    topic.policy = "compact";
    topic.partitions = 3;
    expect(link_index_refresh(indexed, NULL), "has 3 partitions");
    topic.partitions = 1;
    must(link_index_refresh(indexed, NULL));
    end();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("link_index");
    TCase *cases = tcase_create("all");
    tcase_add_test(cases, chunks_make_a_map);
    tcase_add_test(cases, what_is_not_ours_counts_for_nothing);
    tcase_add_test(cases, what_is_over_goes_away);
    tcase_add_test(cases, a_topic_that_would_lose_records_is_refused);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
