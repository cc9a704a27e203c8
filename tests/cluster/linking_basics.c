/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What keeping offsets the same on an unmodified cluster rests on, done with the public headers
 * alone: conditional appends, offsets without records, the position asked of the leader. Run by
 * test_linking_basics.py:
 *
 *     linking_basics BOOTSTRAP TOPIC STORY
 *
 * Prints what it saw. Exits 1 with the line that failed.
 */
#include "connect/admin.h"
#include "connect/append.h"
#include "connect/fetch.h"
#include "connect/thread.h"
#include "connect/topic_log.h"
#include "linking_check.h"

#include <string.h>

#define ID         ((INT64_C(1) << 62) + (INT64_C(5) << 42) + 1) /* that no broker issues */
#define MAX_BYTES  ((size_t)8 << 20)
#define FILLERS    100000
#define BATCHES    20
#define MARKERS    500
#define MARKER_IDS (INT64_C(3) << 61)

static struct kc_map *properties;
static struct kc_admin *admin;
static const char *topic;

static int code_of(struct kc_error *err)
{
    int code = kc_error_kafka_code(err);
    kc_error_destroy(err);
    return code;
}

/* ---- topics and offsets ---- */

static void create(int32_t partitions, const char *policy)
{
    struct kc_map *config = kc_map_new();
    struct kc_error *error = NULL;
    kc_map_set(config, "cleanup.policy", policy);
    ok(kc_admin_create_topics(admin, &(struct kc_new_topic){topic, partitions, 1, config}, 1,
                              &error));
    ok(error);
    kc_map_destroy(config);
}

static int64_t bound(int32_t partition, int64_t timestamp)
{
    struct kc_partition_offset item = {
        .topic = topic, .partition = partition, .timestamp = timestamp};
    ok(kc_admin_list_offsets(admin, &item, 1, false));
    ok(item.error);
    return item.offset;
}

static int64_t end_of(int32_t partition)
{
    return bound(partition, KC_OFFSET_LATEST);
}

/* ---- appending ---- */

struct outcome {
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    int waiting;
    int code;
    int64_t base_offset;
};

static void on_appended(void *arg, const struct kc_append_result *result)
{
    struct outcome *outcome = arg;
    pthread_mutex_lock(&outcome->mutex);
    if (!outcome->code)
        outcome->code = result->error && !kc_error_kafka_code(result->error)
                            ? -1
                            : kc_error_kafka_code(result->error);
    outcome->base_offset = result->base_offset;
    if (--outcome->waiting == 0)
        pthread_cond_signal(&outcome->cond);
    pthread_mutex_unlock(&outcome->mutex);
}

static void begin(struct outcome *outcome, int waiting)
{
    *outcome = (struct outcome){.waiting = waiting, .base_offset = -2};
    pthread_mutex_init(&outcome->mutex, NULL);
    kc_cond_init(&outcome->cond);
}

static int finish(struct outcome *outcome)
{
    int64_t until = kc_mono_ms() + PATIENCE;
    pthread_mutex_lock(&outcome->mutex);
    while (outcome->waiting && kc_cond_wait_until(&outcome->cond, &outcome->mutex, until))
        continue;
    CHECK(outcome->waiting == 0);
    pthread_mutex_unlock(&outcome->mutex);
    return outcome->code;
}

static void filler(int32_t count, struct kc_str *out)
{
    const struct kc_filler how = {.key = {(const uint8_t *)"K", 1},
                                  .timestamp = kc_now_ms(),
                                  .codec = KC_CODEC_ZSTD,
                                  .level = kc_codec_level(KC_CODEC_ZSTD)};
    fine(kc_filler_batch(&how, count, out));
}

/* Kafka's code; the offset in *base_offset. */
static int append(struct kc_appender *appender, int32_t sequence, int32_t count,
                  int64_t *base_offset)
{
    struct kc_str data = {0};
    struct outcome outcome;
    filler(count, &data);
    kc_record_batch_set_producer((uint8_t *)data.data, data.len, ID, 0, sequence);
    begin(&outcome, 1);
    CHECK(kc_appender_submit(appender, &(struct kc_append){.topic = topic,
                                                           .data = (uint8_t *)data.data,
                                                           .len = data.len,
                                                           .done = on_appended,
                                                           .arg = &outcome}));
    int code = finish(&outcome);
    *base_offset = outcome.base_offset;
    kc_str_destroy(&data);
    return code;
}

static struct kc_appender *open_appender(void)
{
    struct kc_appender *appender = NULL;
    ok(kc_appender_open(properties, "linking", MAX_BYTES, &appender));
    return appender;
}

/* The last sequence of the id; -1: the leader doesn't know it. */
static int32_t last_sequence(void)
{
    struct kc_partition_producers item = {.topic = topic};
    int32_t last = -1;
    ok(kc_admin_describe_producers(admin, &item, 1));
    ok(item.error);
    for (size_t i = 0; i < item.count; i++)
        if (item.producers[i].producer_id == ID)
            last = item.producers[i].last_sequence;
    kc_partition_producers_clear(&item, 1);
    return last;
}

/* ---- stories ---- */

/* The sequence is the condition: in its place a batch is taken, again it is known, else refused. */
static void conditional(void)
{
    struct kc_appender *appender = open_appender(), *other = open_appender();
    int64_t offset;
    create(1, "delete");
    CHECK(last_sequence() == -1);
    CHECK(append(appender, 0, 3, &offset) == 0 && offset == 0);
    CHECK(append(appender, 0, 3, &offset) == 0 && offset == 0);
    CHECK(end_of(0) == 3);
    CHECK(last_sequence() == 2);
    /* Another writer that believes to be somewhere else does no harm. */
    CHECK(append(other, 7, 3, &offset) == 45);
    kc_appender_unblock(other, topic, 0);
    CHECK(append(other, 0, 2, &offset) == 45);
    CHECK(end_of(0) == 3);
    CHECK(append(appender, 3, 5, &offset) == 0 && offset == 3);
    CHECK(last_sequence() == 7);
    CHECK(end_of(0) == 8);
    kc_appender_close(appender);
    kc_appender_close(other);
}

/* To begin at an offset, fill up to it and cut. */
static void leading(void)
{
    const int64_t start = (int64_t)FILLERS * BATCHES;
    struct kc_str data[BATCHES] = {{0}};
    struct kc_appender *appender = open_appender();
    struct kc_records_before before = {.topic = topic, .before_offset = start};
    struct outcome outcome;
    int64_t offset;
    create(1, "delete");
    int64_t began = kc_mono_ms();
    begin(&outcome, BATCHES);
    for (int i = 0; i < BATCHES; i++) {
        filler(FILLERS, &data[i]);
        kc_record_batch_set_producer((uint8_t *)data[i].data, data[i].len, ID, 0, FILLERS * i);
        const struct kc_append batch = {.topic = topic,
                                        .data = (uint8_t *)data[i].data,
                                        .len = data[i].len,
                                        .done = on_appended,
                                        .arg = &outcome};
        while (!kc_appender_submit(appender, &batch))
            CHECK(kc_appender_wait(appender, MAX_BYTES / 2, kc_mono_ms() + PATIENCE));
    }
    CHECK(finish(&outcome) == 0);
    int64_t took = kc_mono_ms() - began;
    ok(kc_admin_delete_records(admin, &before, 1));
    ok(before.error);
    CHECK(before.low_watermark == start);
    CHECK(bound(0, KC_OFFSET_EARLIEST) == start && end_of(0) == start);
    CHECK(append(appender, (int32_t)start, 1, &offset) == 0 && offset == start);
    printf("%lld offsets in %lld ms, %zu bytes a batch\n", (long long)start, (long long)took,
           data[0].len);
    for (int i = 0; i < BATCHES; i++)
        kc_str_destroy(&data[i]);
    kc_appender_close(appender);
}

/* A compacted topic refuses the cut until its policy is another. */
static void compacted(void)
{
    const struct kc_config_op ops[] = {
        {"cleanup.policy", "delete"}, {"retention.ms", "-1"}, {"retention.bytes", "-1"}};
    struct kc_config_alteration change = {KC_CONFIG_OF_TOPIC, topic, ops, 3, NULL};
    struct kc_records_before before = {.topic = topic, .before_offset = 10};
    struct kc_appender *appender = open_appender();
    int64_t offset;
    create(1, "compact");
    CHECK(append(appender, 0, 10, &offset) == 0);
    ok(kc_admin_delete_records(admin, &before, 1));
    CHECK(code_of(before.error) == 44);
    ok(kc_admin_alter_configs(admin, &change, 1, false));
    ok(change.error);
    /* The broker learns of it a moment later. */
    int64_t until = kc_mono_ms() + PATIENCE;
    do {
        ok(kc_admin_delete_records(admin, &before, 1));
    } while (code_of(before.error) == 44 && kc_mono_ms() < until);
    CHECK(bound(0, KC_OFFSET_EARLIEST) == 10);
    kc_appender_close(appender);
}

/* An empty transaction makes each of its partitions longer by one. */
static void transactions(void)
{
    struct kc_producer_identity producer, successor;
    struct kc_txn_partition parts[3];
    create(3, "delete");
    ok(kc_admin_init_producer(admin, topic, PATIENCE, &producer));
    for (int round = 1; round <= 3; round++) {
        for (int i = 0; i < 3; i++)
            parts[i] = (struct kc_txn_partition){.topic = topic, .partition = i};
        ok(kc_admin_add_partitions_to_txn(admin, topic, &producer, parts, 3));
        for (int i = 0; i < 3; i++) {
            ok(parts[i].error);
            CHECK(end_of(i) == round - 1); /* the former marker is in the log */
        }
        ok(kc_admin_end_txn(admin, topic, &producer, true));
    }
    /* A successor waits for what is under way, and ends its predecessor for good. */
    ok(kc_admin_init_producer(admin, topic, PATIENCE, &successor));
    CHECK(end_of(0) == 3 && end_of(1) == 3 && end_of(2) == 3);
    parts[0] = (struct kc_txn_partition){.topic = topic};
    struct kc_error *err = kc_admin_add_partitions_to_txn(admin, topic, &producer, parts, 1);
    CHECK(kc_error_code(err) == KC_ERR_FENCED);
    kc_error_destroy(err);
}

/* A marker that is written directly is in the log when it is answered. */
static void markers(void)
{
    struct kc_appender *appender = open_appender();
    struct kc_txn_marker *list = kc_calloc(MARKERS, sizeof(*list));
    int64_t offset;
    create(1, "delete");
    CHECK(append(appender, 0, 4, &offset) == 0);
    for (int i = 0; i < MARKERS; i++)
        list[i] =
            (struct kc_txn_marker){.topic = topic, .producer_id = MARKER_IDS + i, .commit = true};
    int64_t began = kc_mono_ms();
    ok(kc_admin_write_markers(admin, list, MARKERS));
    int64_t took = kc_mono_ms() - began;
    for (int i = 0; i < MARKERS; i++) {
        ok(list[i].error);
        CHECK(!list[i].unknown);
    }
    CHECK(end_of(0) == 4 + MARKERS);
    CHECK(append(appender, 4, 1, &offset) == 0 && offset == 4 + MARKERS);
    printf("%d markers in %lld ms\n", MARKERS, (long long)took);
    free(list);
    kc_appender_close(appender);
}

/* What is fetched tells the topic's id and its records; markers are known as such. */
static void fetched(void)
{
    struct kc_topic_descriptions topics;
    struct kc_strings names = {0};
    struct kc_fetcher *fetcher = NULL;
    struct kc_appender *appender = open_appender();
    struct kc_txn_marker marker = {.producer_id = MARKER_IDS, .coordinator_epoch = 6};
    int64_t offset, position = 0, until = kc_mono_ms() + PATIENCE;
    int records = 0, aborts = 0;
    create(1, "delete");
    marker.topic = topic;
    kc_strings_add(&names, topic);
    ok(kc_admin_describe_topics(admin, &names, &topics));
    ok(topics.items[0].error);
    CHECK(topics.items[0].partition_count == 1 && topics.items[0].partitions[0].isr_count == 1);
    CHECK(append(appender, 0, 4, &offset) == 0);
    ok(kc_admin_write_markers(admin, &marker, 1));
    ok(marker.error);
    ok(kc_fetcher_open(properties, "linking", MAX_BYTES, &fetcher));
    kc_fetcher_add(fetcher, topic, 0, 0, -1);
    while (position < 5 && kc_mono_ms() < until) {
        struct kc_fetched *chunk = kc_fetcher_next(fetcher, until);
        struct kc_record_batch batch;
        const char *why = NULL;
        CHECK(chunk && chunk->kind == KC_FETCHED_DATA);
        CHECK(kc_uuid_equal(&chunk->topic_id, &topics.items[0].id));
        CHECK(chunk->current_leader_epoch == topics.items[0].partitions[0].leader_epoch);
        for (size_t at = 0; at < chunk->len; at += batch.size) {
            struct kc_control_record control;
            struct kc_record_walk *walk = NULL;
            struct kc_plain_record record;
            CHECK(kc_record_batch_parse(chunk->data + at, chunk->len - at, &batch, &why) ==
                  KC_BATCH_OK);
            position = kc_record_batch_last_offset(&batch) + 1;
            if (kc_record_batch_control(&batch)) {
                fine(kc_control_read(&batch, &control));
                CHECK(control.type == KC_CONTROL_ABORT && control.coordinator_epoch == 6);
                CHECK(batch.producer_id == MARKER_IDS && control.offset == 4);
                aborts++;
                continue;
            }
            fine(kc_record_walk_begin(&batch, KC_RECORDS_LIMIT, &walk));
            while (kc_record_walk_next(walk, &record, &why))
                CHECK(record.offset == records++ && record.value.len == -1);
            fine(why);
            kc_record_walk_end(walk);
        }
        kc_fetched_release(chunk);
    }
    CHECK(records == 4 && aborts == 1);
    kc_fetcher_close(fetcher);
    kc_appender_close(appender);
    kc_topic_descriptions_destroy(&topics);
    kc_strings_destroy(&names);
}

static void on_record(void *opaque, const struct kc_log_record *record)
{
    struct kc_map *state = opaque;
    char *key = kc_strndup(record->key, record->key_len),
         *value = record->value ? kc_strndup(record->value, record->value_len) : NULL;
    if (value)
        kc_map_set(state, key, value);
    else
        kc_map_remove(state, key);
    free(key);
    free(value);
}

static struct kc_topic_log *open_log(struct kc_map *state)
{
    const struct kc_topic_log_settings settings = {.topic = topic,
                                                   .client = properties,
                                                   .partitions = 1,
                                                   .replication_factor = 1,
                                                   .listener = on_record,
                                                   .opaque = state};
    struct kc_topic_log *log = NULL;
    ok(kc_topic_log_open(&settings, NULL, &log));
    return log;
}

/* State in a topic: what one writes one reads, and a successor reads it, too. */
static void state(void)
{
    const struct kc_log_record writes[] = {
        {.key = "link", .key_len = 4, .value = "LINKING", .value_len = 7},
        {.key = "gone", .key_len = 4, .value = "x", .value_len = 1},
        {.key = "gone", .key_len = 4}};
    struct kc_map *mine = kc_map_new(), *others = kc_map_new();
    struct kc_topic_log *log = open_log(mine);
    ok(kc_topic_log_write(log, writes, 3, PATIENCE));
    CHECK(kc_map_size(mine) == 1 && strcmp(kc_map_get(mine, "link"), "LINKING") == 0);
    struct kc_topic_log *other = open_log(others);
    CHECK(kc_map_equal(mine, others));
    kc_topic_log_close(log);
    kc_topic_log_close(other);
    kc_map_destroy(mine);
    kc_map_destroy(others);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } stories[] = {{"conditional", conditional},
                   {"leading", leading},
                   {"compacted", compacted},
                   {"transactions", transactions},
                   {"markers", markers},
                   {"fetched", fetched},
                   {"state", state}};
    CHECK(argc == 4);
    topic = argv[2];
    properties = kc_map_new();
    kc_map_set(properties, "bootstrap.servers", argv[1]);
    ok(kc_admin_new(properties, &admin));
    kc_admin_set_timeout(admin, PATIENCE);
    for (size_t i = 0; i < sizeof(stories) / sizeof(*stories); i++) {
        if (strcmp(stories[i].name, argv[3]) == 0)
            stories[i].run();
    }
    kc_admin_destroy(admin);
    kc_map_destroy(properties);
    return 0;
}
