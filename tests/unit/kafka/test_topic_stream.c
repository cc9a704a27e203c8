/* SPDX-License-Identifier: Apache-2.0 */
/* What a topic's reader sees of a log that begins late, has gaps, aborted transactions and a batch
 * that can't be read at first. */
#include "batch/batch_builder.h"
#include "connect/topic_stream.h"
#include "wire/fake_broker.h"

#define PATIENCE_MS 20000
#define LOG_START   10
#define LOG_END     21
#define PRODUCER    5

static struct fakes cluster;
static atomic_int truncations; /* fetches of the last batch that say so instead */
static atomic_int refusals;    /* fetches of the last batch that don't get it */

/* ---- the log ---- */

static void add(struct kc_batch_builder *builder, int64_t offset, const char *key,
                const char *value)
{
    struct kc_wire_record record = {.offset = offset, .timestamp = 1700000000000LL};
    record.key = key ? kc_wire_bytes(key, strlen(key)) : (struct kc_wire_bytes){NULL, -1};
    record.value = value ? kc_wire_bytes(value, strlen(value)) : (struct kc_wire_bytes){NULL, -1};
    ck_assert_ptr_null(kc_batch_builder_add(builder, &record));
}

/* Appends what was added; attributes: of the header. */
static void finish(struct kc_batch_builder *builder, struct kc_str *log, int16_t attributes)
{
    struct kc_record_batch batch;
    const char *why = NULL;
    int64_t base = builder->base_offset;
    size_t at = log->len;
    ck_assert_ptr_null(kc_batch_builder_finish(builder, log));
    kc_batch_builder_destroy(builder);
    uint8_t *data = (uint8_t *)log->data + at;
    ck_assert_int_eq(kc_record_batch_parse(data, log->len - at, &batch, &why), KC_BATCH_OK);
    batch.attributes = (int16_t)(batch.attributes | attributes);
    kc_batch_put_header(data, batch.size, &batch);
    const struct kc_record_batch_identity identity = {
        .base_offset = base,
        .leader_epoch = 1,
        .producer_id = attributes ? PRODUCER : -1,
        .producer_epoch = attributes ? 0 : -1,
        .base_sequence = -1,
        .transactional = attributes & 16,
    };
    kc_record_batch_rebase(data, batch.size, &identity);
}

static void gaps_and_nulls(struct kc_str *log)
{
    struct kc_batch_builder builder = {0};
    add(&builder, 10, NULL, "a");
    add(&builder, 12, "k", NULL);
    add(&builder, 13, "", "");
    finish(&builder, log, 0);
}

static void transactions(struct kc_str *log)
{
    struct kc_batch_builder builder = {0};
    static const char abort_marker[] = {0, 0, 0, 0};
    add(&builder, 14, NULL, "aborted");
    add(&builder, 15, NULL, "aborted");
    finish(&builder, log, 16);
    add(&builder, 16, NULL, "b");
    add(&builder, 17, NULL, "c");
    finish(&builder, log, 0);
    struct kc_wire_record marker = {.offset = 18,
                                    .timestamp = 1700000000000LL,
                                    .key = kc_wire_bytes(abort_marker, sizeof(abort_marker)),
                                    .value = {NULL, -1}};
    ck_assert_ptr_null(kc_batch_builder_add(&builder, &marker));
    finish(&builder, log, 16 | 32);
    add(&builder, 19, NULL, "d");
    finish(&builder, log, 16);
}

static void last(struct kc_str *log, bool readable)
{
    struct kc_batch_builder builder = {0};
    struct kc_record_batch batch;
    const char *why = NULL;
    add(&builder, 20, NULL, "e");
    finish(&builder, log, 0);
    ck_assert_int_eq(kc_record_batch_parse((uint8_t *)log->data, log->len, &batch, &why),
                     KC_BATCH_OK);
    if (readable)
        return;
    /* Its CRC is right and its codec isn't: what its producer did. */
    batch.attributes = KC_CODEC_GZIP;
    kc_batch_put_header((uint8_t *)log->data, batch.size, &batch);
}

/* ---- the broker ---- */

static void put_batches(struct kc_fetch_response_partition *partition, int64_t offset,
                        struct kc_str *log, struct kc_arena *arena)
{
    if (offset == LOG_START) {
        gaps_and_nulls(log);
    } else if (offset == 14) {
        transactions(log);
        KC_WIRE_LIST_NEW(arena, &partition->aborted_transactions,
                         kc_fetch_response_aborted_transaction, 1);
        partition->aborted_transactions.items[0] =
            (struct kc_fetch_response_aborted_transaction){PRODUCER, 14};
    } else if (offset == 20 && atomic_fetch_sub(&truncations, 1) > 0) {
        partition->diverging_epoch.epoch = 1;
        partition->diverging_epoch.end_offset = 14;
    } else if (offset == 20) {
        int refused = atomic_fetch_sub(&refusals, 1);
        if (refused > 1)
            partition->error_code = KC_KAFKA_TOPIC_AUTHORIZATION_FAILED;
        else
            last(log, refused < 1);
    } else if (offset < LOG_START) {
        partition->error_code = KC_KAFKA_OFFSET_OUT_OF_RANGE;
    } else {
        usleep(10000); /* the end */
    }
}

static void answer_fetch(const struct kc_fetch_request *request, struct kc_fetch_response *response,
                         struct kc_arena *arena)
{
    struct kc_fetch_response_topic *topic;
    struct kc_str log = {0};
    if (request->topics.count == 0)
        return;
    KC_WIRE_LIST_NEW(arena, &response->responses, kc_fetch_response_topic, 1);
    topic = &response->responses.items[0];
    topic->topic = kc_wire_str(FAKE_TOPIC);
    topic->topic_id = cluster.topic_id;
    KC_WIRE_LIST_NEW(arena, &topic->partitions, kc_fetch_response_partition, 1);
    put_batches(&topic->partitions.items[0],
                request->topics.items[0].partitions.items[0].fetch_offset, &log, arena);
    uint8_t *data = kc_arena_alloc(arena, log.len + 1);
    memcpy(data, log.data ? log.data : "", log.len);
    topic->partitions.items[0].records = kc_wire_bytes(data, log.len);
    kc_str_destroy(&log);
}

static void answer_offsets(const struct kc_list_offsets_request *request,
                           struct kc_list_offsets_response *response, struct kc_arena *arena)
{
    int64_t timestamp = request->topics.items[0].partitions.items[0].timestamp;
    KC_WIRE_LIST_NEW(arena, &response->topics, kc_list_offsets_response_topic, 1);
    response->topics.items[0].name = kc_wire_str(FAKE_TOPIC);
    KC_WIRE_LIST_NEW(arena, &response->topics.items[0].partitions,
                     kc_list_offsets_response_partition, 1);
    response->topics.items[0].partitions.items[0].offset = timestamp == -2 ? LOG_START : LOG_END;
}

static bool answer(struct fake *fake, int asked, int api, const void *request, void *response,
                   struct kc_arena *arena)
{
    if (api == KC_API_FETCH)
        answer_fetch(request, response, arena);
    else
        answer_offsets(request, response, arena);
    return true;
}

/* ---- the reader ---- */

static void note(void *opaque, const struct kc_log_record *record)
{
    ck_assert_int_eq(record->partition, 0);
    ck_assert_int_eq(record->timestamp, 1700000000000LL);
    kc_str_appendf(opaque, "%lld %.*s=%.*s\n", (long long)record->offset,
                   record->key ? (int)record->key_len : 4, record->key ? record->key : "null",
                   record->value ? (int)record->value_len : 4,
                   record->value ? record->value : "null");
}

/* Polls to the end; errors are counted and their texts noted. */
static void read_all(struct kc_topic_stream *stream, struct kc_str *seen, struct kc_str *errors)
{
    int64_t deadline = kc_mono_ms() + PATIENCE_MS;
    while (kc_topic_stream_position(stream, 0) < LOG_END) {
        bool progress = false;
        struct kc_error *err = kc_topic_stream_poll(stream, deadline, note, seen, &progress);
        ck_assert_msg(kc_mono_ms() < deadline, "stuck at %lld",
                      (long long)kc_topic_stream_position(stream, 0));
        if (err)
            kc_str_appendf(errors, "%s\n", kc_error_text(err));
        kc_error_destroy(err);
    }
}

static struct kc_topic_stream *begin_with(const char *isolation, bool missing)
{
    struct kc_topic_stream *stream = NULL;
    cluster = (struct fakes){
        .answer = answer, .topic_id = {{1}}, .leader = 1, .epoch = 1, .missing = missing};
    fake_start(&cluster, 1, true);
    struct kc_map *settings = fakes_settings(&cluster, "10");
    kc_map_set(settings, "isolation.level", isolation);
    ck_assert_ptr_null(kc_topic_stream_open(settings, FAKE_TOPIC, 1, &stream));
    kc_map_destroy(settings);
    return stream;
}

static struct kc_topic_stream *begin(const char *isolation)
{
    return begin_with(isolation, false);
}

static void expect(const char *isolation, const char *records)
{
    struct kc_str seen = {0}, errors = {0};
    struct kc_topic_stream *stream = begin(isolation);
    read_all(stream, &seen, &errors);
    ck_assert_str_eq(seen.data, records);
    ck_assert_ptr_null(errors.data);
    kc_topic_stream_close(stream);
    fakes_stop(&cluster);
    kc_str_destroy(&seen);
    kc_str_destroy(&errors);
}

START_TEST(committed_records_from_where_the_log_begins)
{
    expect("read_committed", "10 null=a\n12 k=null\n13 =\n16 null=b\n17 null=c\n19 null=d\n"
                             "20 null=e\n");
}
END_TEST

START_TEST(all_records_but_markers)
{
    expect("read_uncommitted", "10 null=a\n12 k=null\n13 =\n14 null=aborted\n15 null=aborted\n"
                               "16 null=b\n17 null=c\n19 null=d\n20 null=e\n");
}
END_TEST

START_TEST(what_fails_is_said_and_read_again)
{
    struct kc_str seen = {0}, errors = {0};
    struct kc_topic_stream *stream = begin("read_committed");
    atomic_store(&refusals, 2);
    read_all(stream, &seen, &errors);
    ck_assert_ptr_nonnull(strstr(errors.data, "TOPIC_AUTHORIZATION_FAILED"));
    ck_assert_ptr_nonnull(strstr(errors.data, "The batch of t-0 at offset 20 can't be read: "));
    ck_assert_ptr_nonnull(strstr(seen.data, "20 null=e\n"));
    kc_topic_stream_close(stream);
    fakes_stop(&cluster);
    kc_str_destroy(&seen);
    kc_str_destroy(&errors);
}
END_TEST

START_TEST(what_was_cut_off_is_read_again)
{
    struct kc_str seen = {0}, errors = {0};
    struct kc_topic_stream *stream = begin("read_committed");
    atomic_store(&truncations, 1);
    read_all(stream, &seen, &errors);
    ck_assert_str_eq(seen.data, "10 null=a\n12 k=null\n13 =\n16 null=b\n17 null=c\n19 null=d\n"
                                "16 null=b\n17 null=c\n19 null=d\n20 null=e\n");
    ck_assert_ptr_null(errors.data);
    kc_topic_stream_close(stream);
    fakes_stop(&cluster);
    kc_str_destroy(&seen);
}
END_TEST

/* Once the topic is looked for; what is waited for would take PATIENCE_MS. */
START_TEST(a_missing_topic_is_said_at_once)
{
    int64_t end = -1, began = kc_mono_ms();
    struct kc_topic_stream *stream = begin_with("read_committed", true);
    struct kc_error *err = kc_topic_stream_ends(stream, &end, PATIENCE_MS);
    ck_assert_int_eq(kc_error_kafka_code(err), KC_KAFKA_UNKNOWN_TOPIC_OR_PARTITION);
    ck_assert(kc_error_retriable(err));
    ck_assert_int_lt(kc_mono_ms() - began, PATIENCE_MS);
    kc_error_destroy(err);
    kc_topic_stream_close(stream);
    fakes_stop(&cluster);
}
END_TEST

START_TEST(ends_are_asked_for)
{
    int64_t end = -1;
    struct kc_topic_stream *stream = begin("read_committed");
    ck_assert_ptr_null(kc_topic_stream_ends(stream, &end, PATIENCE_MS));
    ck_assert_int_eq(end, LOG_END);
    kc_topic_stream_close(stream);
    fakes_stop(&cluster);
}
END_TEST

START_TEST(a_wrong_setting_is_named)
{
    struct kc_topic_stream *stream = NULL;
    struct kc_map *settings = kc_map_new();
    kc_map_set(settings, "bootstrap.servers", "127.0.0.1:1");
    kc_map_set(settings, "fetch.max.bytes", "much");
    struct kc_error *err = kc_topic_stream_open(settings, FAKE_TOPIC, 1, &stream);
    ck_assert_int_eq(kc_error_code(err), KC_ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(kc_error_text(err), "fetch.max.bytes"));
    kc_error_destroy(err);
    kc_map_destroy(settings);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("topic_stream");
    TCase *tests = tcase_create("reading");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, committed_records_from_where_the_log_begins);
    tcase_add_test(tests, all_records_but_markers);
    tcase_add_test(tests, what_fails_is_said_and_read_again);
    tcase_add_test(tests, what_was_cut_off_is_read_again);
    tcase_add_test(tests, a_missing_topic_is_said_at_once);
    tcase_add_test(tests, ends_are_asked_for);
    tcase_add_test(tests, a_wrong_setting_is_named);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
