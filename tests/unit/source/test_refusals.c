/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tasks with errors.tolerance=all, from poll to committed offset, against a broker that refuses
 * some records and with them, as Kafka does, the batches that they are in. Every other record must
 * arrive, once and in order, and each offset must count when what is before it has been dealt with.
 */
#define FAKE_CONNECTIONS 64

#include "base/kafka_errors.h"
#include "batch/batch_builder.h"
#include "batch/record_reader.h"
#include "runtime/fake_worker.h"
#include "wire/fake_broker.h"

#include <malloc.h>

enum { LOG = 8192, POLLED = 100, LARGE = 1200000 };

/* ---- the broker ---- */

static struct fakes cluster;

static struct {
    pthread_mutex_t mutex;
    int64_t epoch, sequence; /* of the producer; the sequence that is next */
    int log[LOG];            /* the numbers of the records that it has */
    int end;
    int requests;
    int refusal; /* the error for a batch with a refused record */
    bool (*refuses)(int number);
    int most_records; /* in a batch; 0: any */
    bool plain;       /* a producer id is a mistake */
    int losses;       /* so many times it hangs up on a request that it hasn't looked at */
    enum { NAMES_NONE, NAMES_REFUSED, NAMES_NONSENSE } names; /* in its answer (KIP-467) */
    const char *reason;                                       /* of those that it names */
    int named[LOG];                                           /* in the batch; of the last one */
    int named_count;
} broker = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static int number_of(const struct kc_wire_record *record)
{
    char text[16] = "";
    memcpy(text, record->value.data, record->value.len < 15 ? (size_t)record->value.len : 15);
    return atoi(text);
}

static int check_records(const struct kc_record_batch *batch, int *numbers)
{
    struct kc_record_reader reader = {0};
    struct kc_wire_record record;
    const char *why = kc_record_reader_open(&reader, batch, KC_BATCH_PLAIN_LIMIT);
    int code = KC_KAFKA_NONE, count = 0;
    broker.named_count = 0;
    while (!why && kc_record_reader_next(&reader, &record, &why)) {
        numbers[count] = number_of(&record);
        if (broker.refuses(numbers[count])) {
            broker.named[broker.named_count++] = count;
            code = broker.refusal;
        }
        count++;
    }
    ck_assert_msg(!why, "%s", why);
    kc_record_reader_close(&reader);
    return broker.most_records && count > broker.most_records ? KC_KAFKA_MESSAGE_TOO_LARGE : code;
}

/* Refused is what LogValidator refuses, before the producer's state is looked at. */
static int take(const struct kc_record_batch *batch, int64_t *offset)
{
    int numbers[LOG];
    int code = check_records(batch, numbers);
    *offset = broker.end;
    if (code)
        return code;
    if (broker.plain) {
        ck_assert_int_eq(batch->producer_id, -1);
    } else if (batch->producer_epoch > broker.epoch) {
        broker.epoch = batch->producer_epoch;
        broker.sequence = 0;
    }
    if (!broker.plain && batch->base_sequence != broker.sequence)
        return KC_KAFKA_OUT_OF_ORDER_SEQUENCE_NUMBER;
    broker.sequence += batch->count;
    for (int i = 0; i < batch->count; i++) {
        ck_assert_int_lt(broker.end, LOG);
        broker.log[broker.end++] = numbers[i];
    }
    return KC_KAFKA_NONE;
}

static void name(struct kc_produce_response_partition *answer, struct kc_arena *arena, int count)
{
    KC_WIRE_LIST_NEW(arena, &answer->record_errors, kc_produce_response_record_error,
                     broker.named_count);
    for (int i = 0; i < broker.named_count; i++) {
        struct kc_produce_response_record_error *error = &answer->record_errors.items[i];
        error->batch_index = broker.named[broker.named_count - 1 - i]; /* in any order */
        error->batch_index_error_message =
            broker.reason ? kc_wire_str(broker.reason) : (struct kc_wire_str){.len = -1};
        if (broker.names == NAMES_NONSENSE)
            error->batch_index = i % 2 ? -1 : count + i;
    }
}

static void produce(const struct kc_produce_request *request, struct kc_produce_response *response,
                    struct kc_arena *arena)
{
    struct kc_record_batch batch;
    const char *why;
    KC_WIRE_LIST_NEW(arena, &response->responses, kc_produce_response_topic, 1);
    struct kc_produce_response_topic *topic = &response->responses.items[0];
    topic->name = kc_wire_str(FAKE_TOPIC);
    KC_WIRE_LIST_NEW(arena, &topic->partition_responses, kc_produce_response_partition, 1);
    struct kc_produce_response_partition *answer = &topic->partition_responses.items[0];
    const struct kc_produce_request_partition *part =
        &request->topic_data.items[0].partition_data.items[0];
    ck_assert_int_eq(
        kc_record_batch_parse(part->records.data, (size_t)part->records.len, &batch, &why),
        KC_BATCH_OK);
    pthread_mutex_lock(&broker.mutex);
    broker.requests++;
    answer->error_code = (int16_t)take(&batch, &answer->base_offset);
    if (answer->error_code && broker.names)
        name(answer, arena, batch.count);
    pthread_mutex_unlock(&broker.mutex);
    answer->log_append_time_ms = -1;
    answer->current_leader.leader_id = answer->current_leader.leader_epoch = -1;
}

static bool answer(struct fake *fake, int asked, int api, const void *request, void *response,
                   struct kc_arena *arena)
{
    if (api == KC_API_PRODUCE && asked % 7 == 3 && asked < 7 * broker.losses)
        return false;
    if (api == KC_API_PRODUCE) {
        produce(request, response, arena);
        return true;
    }
    ck_assert_int_eq(api, KC_API_INIT_PRODUCER_ID);
    ck_assert(!broker.plain);
    struct kc_init_producer_id_response *init = response;
    init->producer_id = 5;
    init->producer_epoch = (int16_t)asked;
    return true;
}

/* ---- the source ---- */

static struct {
    atomic_int limit;
    atomic_int next;
    atomic_int unsent; /* records told without metadata */
    atomic_int told;   /* all of them, or where raw batches end */
    atomic_bool disorder;
    bool raw;
    enum kc_codec codec;
    int large;        /* the number of a record that no producer sends; 0: none */
    size_t memory[2]; /* in use when the first records were told of, and most of all later */
} source;

struct numbers {
    struct kc_source_context *context;
    struct kc_source_partition *partition;
    atomic_bool stopped;
};

static void *task_create(struct kc_source_context *context)
{
    struct numbers *task = calloc(1, sizeof(*task));
    json_t *map = json_pack("{s:s,s:i}", "topic", "from", "partition", 3);
    task->context = context;
    task->partition = kc_source_partition_new(map);
    json_decref(map);
    return task;
}

static struct kc_error *task_start(void *object, const struct kc_map *config)
{
    const char *reason;
    struct numbers *task = object;
    ck_assert_int_eq(kc_source_context_takes_raw(task->context, &reason), source.raw);
    return NULL;
}

static void add_record(struct numbers *task, struct kc_batch *batch, int number)
{
    struct kc_record *record = kc_batch_add(batch);
    size_t len = source.large && number == source.large ? LARGE : 16;
    char *text = kc_batch_alloc(batch, len);
    memset(text, ' ', len);
    snprintf(text, 16, "%d", number);
    record->topic = FAKE_TOPIC;
    record->partition = 0;
    record->timestamp = 1000 + number;
    record->value = kc_value_bytes(text, len);
    record->source_partition = task->partition;
    record->source_offset = (struct kc_source_offset){"offset", number, NULL};
}

static void add_raw(struct numbers *task, struct kc_batch *batch, int first, int count)
{
    struct kc_batch_builder builder = {.codec = source.codec};
    struct kc_str data = {0};
    for (int number = first; number < first + count; number++) {
        char text[16];
        snprintf(text, sizeof(text), "%d", number);
        const struct kc_wire_record record = {.offset = number,
                                              .timestamp = 1000 + number,
                                              .key = {.len = -1},
                                              .value = kc_wire_bytes(text, sizeof(text))};
        ck_assert_ptr_null(kc_batch_builder_add(&builder, &record));
    }
    ck_assert_ptr_null(kc_batch_builder_finish(&builder, &data));
    kc_batch_builder_destroy(&builder);
    kc_batch_own(batch, data.data, free);
    *kc_batch_add_raw(batch) = (struct kc_raw){.topic = FAKE_TOPIC,
                                               .data = (uint8_t *)data.data,
                                               .len = data.len,
                                               .first_offset = first,
                                               .source_partition = task->partition,
                                               .offset_field = "offset"};
}

static struct kc_error *task_poll(void *object, struct kc_batch **batch)
{
    int first = source.next, left = source.limit - first;
    int count = left < POLLED ? left : POLLED;
    if (count <= 0) {
        usleep(1000);
        return NULL;
    }
    *batch = kc_batch_new(POLLED);
    source.next += count;
    if (source.raw)
        add_raw(object, *batch, first, count);
    for (int number = first; !source.raw && number < first + count; number++)
        add_record(object, *batch, number);
    return NULL;
}

static void look_at_memory(int64_t told)
{
    enum { SETTLED = 200 };
    size_t used = mallinfo2().uordblks;
    size_t *memory = &source.memory[told > SETTLED];
    if (used > *memory)
        *memory = used;
}

static void tell(int64_t first, int64_t end)
{
    look_at_memory(end);
    if (first < source.told)
        source.disorder = true;
    source.told = (int)end;
}

static void task_record_committed(void *object, const struct kc_record *record,
                                  const struct kc_record_metadata *metadata)
{
    int64_t number = record->source_offset.number;
    source.unsent += !metadata;
    if (metadata && broker.log[metadata->offset] != number)
        source.disorder = true;
    tell(number, number + 1);
}

static void task_raw_committed(void *object, const struct kc_raw *raw, const struct kc_raw_run *run)
{
    for (int i = 0; i < run->count; i++)
        if (broker.log[run->target_offset + i] != run->source_offset + i)
            source.disorder = true;
    tell(run->source_offset, run->source_offset + run->count);
}

static void task_stop(void *object)
{
    ((struct numbers *)object)->stopped = true;
}

static void task_wake(void *object)
{
}

static void task_destroy(void *object)
{
    struct numbers *task = object;
    kc_source_partition_unref(task->partition);
    free(task);
}

static const struct kc_source_task_ops task_ops = {
    .create = task_create,
    .start = task_start,
    .poll = task_poll,
    .record_committed = task_record_committed,
    .stop = task_stop,
    .destroy = task_destroy,
    .wake = task_wake,
    .raw_committed = task_raw_committed,
};

static void *connector_create(struct kc_connector_context *context)
{
    return context;
}
static const struct kc_connector_ops connector_ops = {.create = connector_create};

static const struct kc_plugin numbers = {
    KC_PLUGIN_HEAD,
    .kind = KC_PLUGIN_SOURCE,
    .class_name = "test.NumbersConnector",
    .task_class = "test.NumbersTask",
    .version = "1",
    .connector = &connector_ops,
    .source_task = &task_ops,
};

/* Fails for a number, and sends two where nothing can go. */
static struct kc_error *picky_create(const struct kc_map *config, void **transform)
{
    return NULL;
}
static void picky_destroy(void *transform)
{
}
static char *long_name(struct kc_batch *batch)
{
    enum { LEN = 100000 };
    char *name = kc_batch_alloc(batch, LEN + 1);
    memset(name, 'x', LEN);
    name[LEN] = '\0';
    return name;
}
static struct kc_error *picky_apply(void *transform, struct kc_batch *batch,
                                    struct kc_record *record, bool *keep)
{
    if (record->source_offset.number == 61)
        record->topic = "no topic's name";
    if (record->source_offset.number == 62)
        record->topic = long_name(batch);
    return record->source_offset.number == 60
               ? kc_error_new(KC_ERR_DATA, "a number that nobody likes")
               : NULL;
}
static const struct kc_transform_ops picky_ops = {picky_create, picky_destroy, picky_apply};
static const struct kc_plugin picky = {
    KC_PLUGIN_HEAD, .kind = KC_PLUGIN_TRANSFORMATION, .class_name = "test.Picky",
    .version = "1", .transform = &picky_ops,
};

static const struct kc_plugin *const fakes[] = {&numbers, &picky, NULL};

/* ---- fixture ---- */

static struct fake_worker worker;
static const struct kc_task_id id = {"src", 0};

static void setup(void)
{
    memset(&source, 0, sizeof(source));
    broker.epoch = -1;
    broker.end = broker.requests = broker.most_records = 0;
    broker.refusal = KC_KAFKA_INVALID_RECORD;
    broker.plain = false;
    broker.losses = 0;
    broker.names = NAMES_NONE;
    broker.reason = NULL;
    cluster = (struct fakes){.leader = 1, .epoch = 1, .answer = answer, .hang_up = true};
    fake_start(&cluster, 1, true);
    struct kc_map *extra = fakes_settings(&cluster, "10");
    start_worker(&worker, fakes, extra);
    kc_map_destroy(extra);
}

static void teardown(void)
{
    stop_worker(&worker);
    fakes_stop(&cluster);
}

static void launch(struct kc_map *extra)
{
    struct kc_map *config =
        CONFIG("name", "src", "connector.class", "test.NumbersConnector", "errors.tolerance", "all",
               "raw.lane.enabled", source.raw ? "true" : "false");
    struct kc_map *task = CONFIG("task.class", "test.NumbersTask");
    if (extra)
        kc_map_merge(config, extra);
    kc_map_destroy(extra);
    ck_assert_ptr_null(kc_worker_start_task(worker.worker, id, config, task, KC_TARGET_STARTED, 0));
    kc_map_destroy(config);
    kc_map_destroy(task);
}

static json_int_t stored(void)
{
    json_t *map = json_pack("{s:s,s:i}", "topic", "from", "partition", 3), *offset = NULL;
    ck_assert_ptr_null(kc_offset_store_get(worker.offsets, "src", &map, 1, &offset, 1000));
    json_int_t number = offset ? json_integer_value(json_object_get(offset, "offset")) : -1;
    json_decref(offset);
    json_decref(map);
    return number;
}

static void count_skipped(void *opaque, const struct kc_task_info *info)
{
    *(uint64_t *)opaque = atomic_load(&info->metrics->records_skipped);
}

/* Everything that isn't refused is there, once and in order, and all of it is committed. */
static void check_all(int count)
{
    uint64_t skipped = 0;
    int want = 0, refused = 0;
    await(stored() == count - 1);
    for (int number = 0; number < count; number++) {
        if (broker.refuses(number) || (source.large && number == source.large)) {
            refused++;
            continue;
        }
        ck_assert_int_lt(want, broker.end);
        ck_assert_int_eq(broker.log[want], number);
        want++;
    }
    ck_assert_int_eq(broker.end, want);
    ck_assert(!source.disorder);
    ck_assert_int_eq(source.told, count);
    kc_worker_each_task(worker.worker, count_skipped, &skipped);
    ck_assert_uint_eq(skipped, (uint64_t)refused);
}

static void stop(void)
{
    kc_worker_stop_tasks(worker.worker, &id, 1);
    ck_assert_ptr_null(heard_state(0, KC_STATE_FAILED));
}

/* A task's whole life with so many records. */
static void passes(int count, struct kc_map *extra)
{
    source.limit = count;
    launch(extra);
    check_all(count);
    stop();
}

static bool refuses_some(int number)
{
    return number % 97 == 13 || (number >= 500 && number < 512) || number == 999;
}

static bool refuses_none(int number)
{
    return false;
}

static bool refuses_all(int number)
{
    return true;
}

/* Codes for which a broker refuses a batch because of one record. */
static const int codes[] = {
    KC_KAFKA_INVALID_RECORD,        KC_KAFKA_INVALID_TIMESTAMP,
    KC_KAFKA_POLICY_VIOLATION,      KC_KAFKA_MESSAGE_TOO_LARGE,
    KC_KAFKA_RECORD_LIST_TOO_LARGE, KC_KAFKA_UNSUPPORTED_FOR_MESSAGE_FORMAT};
enum { CODES = sizeof(codes) / sizeof(*codes) };

/* ---- tests ---- */

START_TEST(refused_records_go_alone)
{
    broker.refusal = codes[_i];
    broker.refuses = refuses_some;
    passes(1000, NULL);
}
END_TEST

START_TEST(refused_records_of_raw_batches_go_alone)
{
    broker.refusal = codes[_i];
    broker.refuses = refuses_some;
    source.raw = true;
    source.codec = _i % 2 ? KC_CODEC_LZ4 : KC_CODEC_NONE;
    passes(1000, NULL);
}
END_TEST

/* What else may be the matter while some records are refused. */
static const struct {
    int count;   /* of records */
    int refusal; /* 0: KC_KAFKA_INVALID_RECORD */
    int most_records;
    int losses;
    int names;
    const char *reason;
    bool plain;
} troubles[] = {
    {1000, .plain = true},           /* there is no producer id */
    {1000, .most_records = 7},       /* batches are too large */
    {1000, .names = NAMES_NONSENSE}, /* the answer names records that aren't in the batch */
    /* In a batch refused for timestamps, another record may be refused for something else. */
    {1000, KC_KAFKA_INVALID_TIMESTAMP, .names = NAMES_REFUSED,
     .reason = "Compacted topic cannot accept message without key"},
    /* The broker refuses again and again while more comes: nothing overtakes. */
    {.count = 5000},
    {5000, .names = NAMES_REFUSED},
    /* A lost batch is sent again, merged with others: its refusal isn't each of theirs. */
    {2000, .losses = 20},
    {2000, .losses = 20, .names = NAMES_REFUSED},
};
enum { TROUBLES = sizeof(troubles) / sizeof(*troubles) };

START_TEST(refused_records_go_alone_whatever_else_happens)
{
    int row = _i / 2;
    broker.refuses = refuses_some;
    if (troubles[row].refusal)
        broker.refusal = troubles[row].refusal;
    broker.most_records = troubles[row].most_records;
    broker.losses = troubles[row].losses;
    broker.names = troubles[row].names;
    broker.reason = troubles[row].reason;
    broker.plain = troubles[row].plain;
    source.raw = _i % 2;
    passes(troubles[row].count,
           broker.plain ? CONFIG("producer.override.enable.idempotence", "false") : NULL);
}
END_TEST

START_TEST(built_batches_have_the_producers_codec)
{
    broker.refuses = refuses_some;
    passes(1000, CONFIG("producer.override.compression.type", "zstd"));
}
END_TEST

START_TEST(a_topic_that_may_not_be_written_is_asked_once_for_each_batch)
{
    broker.refusal = KC_KAFKA_TOPIC_AUTHORIZATION_FAILED;
    broker.refuses = refuses_all;
    source.raw = _i;
    passes(1000, NULL);
    ck_assert_int_le(broker.requests, 20);
}
END_TEST

/* Ten batches, of which nearly all are refused: each of these is divided once. Without the names it
 * would take 300 to 400 requests. */
START_TEST(an_answer_that_names_the_refused_records_suffices)
{
    static const int of[] = {KC_KAFKA_INVALID_RECORD, KC_KAFKA_INVALID_TIMESTAMP};
    broker.refusal = of[_i / 2];
    broker.refuses = refuses_some;
    broker.names = NAMES_REFUSED;
    broker.reason = _i / 2 ? "Timestamp 1 of message with offset 0 is out of range" : NULL;
    source.raw = _i % 2;
    source.codec = KC_CODEC_LZ4;
    passes(1000, NULL);
    ck_assert_int_le(broker.requests, 80);
}
END_TEST

static bool refuses_most(int number)
{
    return number % 50;
}

/* What waits behind refused records is sent again with each of them. */
START_TEST(memory_grows_with_no_refusal)
{
    enum { ROOM = 8 << 20 };
    broker.refuses = refuses_most;
    source.raw = _i;
    passes(1500, NULL);
    ck_assert_uint_lt(source.memory[1], source.memory[0] + ROOM);
}
END_TEST

/* What came back when the task is stopped goes out before its end. */
START_TEST(a_stop_leaves_nothing_behind)
{
    broker.refuses = refuses_some;
    source.limit = 1000;
    launch(NULL);
    await(source.next == 1000);
    stop();
    ck_assert_int_eq(stored(), 999);
    ck_assert_int_eq(source.told, 1000);
}
END_TEST

START_TEST(records_that_cant_be_transformed_or_have_no_topic_are_left_out)
{
    broker.refuses = refuses_none;
    source.limit = 100;
    launch(CONFIG("transforms", "t", "transforms.t.type", "test.Picky"));
    await(stored() == 99);
    ck_assert_int_eq(source.unsent, 3);
    ck_assert_int_eq(broker.end, 97);
    stop();
}
END_TEST

START_TEST(a_record_larger_than_a_request_is_left_out)
{
    broker.refuses = refuses_none;
    source.large = 19;
    passes(100, NULL);
    ck_assert_int_eq(source.unsent, 1);
}
END_TEST

/* Not a matter of records: nothing is left out. */
START_TEST(a_refused_producer_fails_the_task)
{
    broker.refusal = KC_KAFKA_INVALID_REQUIRED_ACKS;
    broker.refuses = refuses_all;
    source.raw = _i;
    source.limit = 100;
    launch(NULL);
    await(heard_state(0, KC_STATE_FAILED));
    ck_assert_int_eq(stored(), -1);
    kc_worker_stop_tasks(worker.worker, &id, 1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("refusals");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, refused_records_go_alone, 0, CODES);
    tcase_add_loop_test(tests, refused_records_of_raw_batches_go_alone, 0, CODES);
    tcase_add_loop_test(tests, refused_records_go_alone_whatever_else_happens, 0, 2 * TROUBLES);
    tcase_add_test(tests, built_batches_have_the_producers_codec);
    tcase_add_loop_test(tests, a_topic_that_may_not_be_written_is_asked_once_for_each_batch, 0, 2);
    tcase_add_loop_test(tests, an_answer_that_names_the_refused_records_suffices, 0, 4);
    tcase_add_loop_test(tests, memory_grows_with_no_refusal, 0, 2);
    tcase_add_test(tests, a_stop_leaves_nothing_behind);
    tcase_add_test(tests, records_that_cant_be_transformed_or_have_no_topic_are_left_out);
    tcase_add_test(tests, a_record_larger_than_a_request_is_left_out);
    tcase_add_loop_test(tests, a_refused_producer_fails_the_task, 0, 2);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
