/* SPDX-License-Identifier: Apache-2.0 */
/*
 * No sequence is given out twice: whatever becomes of requests and answers, a batch that is
 * reported as written is in the log, once and in order.
 *
 * The brokers here keep one partition's log with Kafka's state of producers (the last five batches
 * of each, by their first and last sequence). Each request meets what `fate` says. The user of the
 * appender does what a source task with errors.tolerance=all does: what was skipped it appends
 * again, what was refused it drops or replaces. Every append has an identity of its own, which is
 * in its records, so that the log tells what became of each.
 */
#define FAKE_CONNECTIONS 512

#include "append/appender.h"
#include "batch/batch_builder.h"
#include "batch/record_reader.h"
#include "wire/fake_broker.h"

#include "connect/thread.h"

#include <stdio.h>

enum {
    APPENDS = 400,  /* of one run, at most */
    PLANNED = 60,   /* of which so many aren't repetitions */
    LOG = 4000,     /* records */
    REMEMBERED = 5, /* batches by which a broker knows duplicates */
    PRODUCERS = 8,
    LATE = 8,
    NO_ANSWER = -2,
};

/* ---- the brokers ---- */

enum fate {
    TAKEN,
    LOST_BEFORE, /* the connection ends, nothing is written */
    LOST_AFTER,  /* it ends, but the batch is written */
    LOST_LATE,   /* it ends, and the batch is written after a later request */
    REFUSED,     /* with `refusal`, before the producer's state is looked at */
    DEPOSED,     /* written, and then the broker leads no more: NOT_LEADER_OR_FOLLOWER */
    UNSURE,      /* written, and answered with an error */
    LEFT_OUT,    /* written, and the answer names no partition */
    FATES
};

struct producer {
    int64_t id;
    int16_t epoch;
    int32_t last; /* sequence */
    struct {
        int32_t first, last;
        int64_t offset;
    } batches[REMEMBERED];
    int count;
};

static struct {
    pthread_mutex_t mutex;
    struct producer producers[PRODUCERS];
    int producer_count;
    int32_t log[LOG]; /* which append a record comes from */
    int64_t end;
    struct kc_str late[LATE];
    int late_count;
    int inits;
    int16_t first_epoch;
    bool refuses_ids; /* CLUSTER_AUTHORIZATION_FAILED */
    enum fate (*fate)(int *refusal);
} broker;

static uint64_t fates_seed, user_seed; /* with the broker's mutex; the test's thread */

static uint32_t random_below(uint64_t *seed, uint32_t limit)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33) % limit;
}

static struct producer *producer_of(int64_t id, int16_t epoch)
{
    for (int i = 0; i < broker.producer_count; i++) {
        if (broker.producers[i].id == id)
            return &broker.producers[i];
    }
    ck_assert_int_lt(broker.producer_count, PRODUCERS);
    broker.producers[broker.producer_count] =
        (struct producer){.id = id, .epoch = epoch, .last = -1};
    return &broker.producers[broker.producer_count++];
}

static void write_records(const struct kc_record_batch *batch)
{
    struct kc_record_reader reader = {0};
    struct kc_wire_record record;
    const char *why = kc_record_reader_open(&reader, batch, KC_BATCH_PLAIN_LIMIT);

    while (!why && kc_record_reader_next(&reader, &record, &why)) {
        ck_assert_int_lt(broker.end, LOG);
        memcpy(&broker.log[broker.end++], record.value.data, sizeof(int32_t));
    }
    ck_assert_msg(!why, "%s", why);
    kc_record_reader_close(&reader);
}

/* As ProducerAppendInfo and UnifiedLog: the error, or where the batch is. */
static int append_to_log(const struct kc_record_batch *batch, int64_t *offset)
{
    int32_t last = batch->base_sequence + batch->last_offset_delta;

    *offset = broker.end;
    if (batch->producer_id < 0) {
        ck_assert_int_eq(batch->base_sequence, -1);
        write_records(batch);
        return KC_KAFKA_NONE;
    }
    if (broker.refuses_ids)
        return KC_KAFKA_CLUSTER_AUTHORIZATION_FAILED;
    struct producer *producer = producer_of(batch->producer_id, batch->producer_epoch);
    for (int i = 0; batch->producer_epoch == producer->epoch && i < producer->count; i++) {
        if (producer->batches[i].first == batch->base_sequence &&
            producer->batches[i].last == last) {
            *offset = producer->batches[i].offset;
            return KC_KAFKA_NONE;
        }
    }
    if (batch->producer_epoch < producer->epoch)
        return KC_KAFKA_INVALID_PRODUCER_EPOCH;
    if (batch->producer_epoch > producer->epoch) {
        if (batch->base_sequence != 0)
            return KC_KAFKA_OUT_OF_ORDER_SEQUENCE_NUMBER;
        producer->epoch = batch->producer_epoch;
        producer->count = 0;
    } else if (batch->base_sequence != producer->last + 1) {
        return KC_KAFKA_OUT_OF_ORDER_SEQUENCE_NUMBER;
    }
    *offset = broker.end;
    write_records(batch);
    producer->last = last;
    if (producer->count == REMEMBERED)
        memmove(producer->batches, producer->batches + 1,
                sizeof(producer->batches) - sizeof(producer->batches[0]));
    else
        producer->count++;
    producer->batches[producer->count - 1].first = batch->base_sequence;
    producer->batches[producer->count - 1].last = last;
    producer->batches[producer->count - 1].offset = *offset;
    return KC_KAFKA_NONE;
}

static struct kc_record_batch parse(const void *data, size_t len)
{
    struct kc_record_batch batch;
    const char *why;

    ck_assert_int_eq(kc_record_batch_parse(data, len, &batch, &why), KC_BATCH_OK);
    ck_assert(kc_record_batch_intact(&batch));
    return batch;
}

static void write_late(void)
{
    for (int i = 0; i < broker.late_count; i++) {
        struct kc_record_batch batch = parse(broker.late[i].data, broker.late[i].len);
        int64_t offset;

        append_to_log(&batch, &offset);
        kc_str_destroy(&broker.late[i]);
    }
    broker.late_count = 0;
}

/* The answer's error, or NO_ANSWER. */
static int meet(const struct kc_wire_bytes *records, enum fate fate, int refusal, int64_t *offset)
{
    struct kc_record_batch batch = parse(records->data, (size_t)records->len);

    if (fate == LOST_LATE && broker.late_count < LATE) {
        struct kc_str *late = &broker.late[broker.late_count++];

        *late = (struct kc_str){0};
        kc_str_append_n(late, records->data, (size_t)records->len);
        return NO_ANSWER;
    }
    if (fate == LOST_BEFORE || fate == LOST_LATE)
        return NO_ANSWER;
    if (fate == REFUSED)
        return refusal;
    int code = append_to_log(&batch, offset);
    if (fate == LOST_AFTER)
        return NO_ANSWER;
    if (fate == UNSURE)
        return refusal;
    return fate == DEPOSED ? KC_KAFKA_NOT_LEADER_OR_FOLLOWER : code;
}

static void answer_produce(struct fakes *cluster, struct kc_produce_response *produce, int code,
                           int64_t offset, struct kc_arena *arena)
{
    KC_WIRE_LIST_NEW(arena, &produce->responses, kc_produce_response_topic, 1);
    produce->responses.items[0].name = kc_wire_str(FAKE_TOPIC);
    produce->responses.items[0].topic_id = cluster->topic_id;
    KC_WIRE_LIST_NEW(arena, &produce->responses.items[0].partition_responses,
                     kc_produce_response_partition, 1);
    struct kc_produce_response_partition *partition =
        &produce->responses.items[0].partition_responses.items[0];
    partition->error_code = (int16_t)code;
    partition->base_offset = code == KC_KAFKA_NONE ? offset : -1;
    partition->current_leader.leader_id = partition->current_leader.leader_epoch = -1;
}

static bool is_leader(const struct fake *fake)
{
    return fake->id == atomic_load(&fake->cluster->leader);
}

static void move_leader(struct fakes *cluster)
{
    atomic_store(&cluster->leader, 3 - atomic_load(&cluster->leader));
    atomic_fetch_add(&cluster->epoch, 1);
}

static bool produce(struct fake *fake, const struct kc_produce_request *request,
                    struct kc_produce_response *response, struct kc_arena *arena)
{
    const struct kc_wire_bytes *records =
        &request->topic_data.items[0].partition_data.items[0].records;
    int refusal = KC_KAFKA_NONE, code = KC_KAFKA_NOT_LEADER_OR_FOLLOWER;
    enum fate fate = is_leader(fake) ? broker.fate(&refusal) : TAKEN;
    bool late = broker.late_count > 0;
    int64_t offset = -1;

    if (is_leader(fake))
        code = meet(records, fate, refusal, &offset);
    if (fate == DEPOSED)
        move_leader(fake->cluster);
    if (fate != LEFT_OUT && code != NO_ANSWER)
        answer_produce(fake->cluster, response, code, offset, arena);
    if (late)
        write_late();
    return code != NO_ANSWER;
}

static bool answer(struct fake *fake, int asked, int api, const void *request, void *response,
                   struct kc_arena *arena)
{
    bool answered = true;

    pthread_mutex_lock(&broker.mutex);
    if (api == KC_API_INIT_PRODUCER_ID) {
        struct kc_init_producer_id_response *init = response;

        if (broker.refuses_ids)
            init->error_code = KC_KAFKA_CLUSTER_AUTHORIZATION_FAILED;
        init->producer_id = 77 + broker.inits;
        init->producer_epoch = broker.inits++ ? 0 : broker.first_epoch;
    } else {
        answered = produce(fake, request, response, arena);
    }
    pthread_mutex_unlock(&broker.mutex);
    return answered;
}

/* ---- the appender's user ---- */

struct
try {
    struct kc_str bytes;
    int records;
    bool done, skipped, failed, unknown;
    int64_t base_offset;
};

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    struct try tries[APPENDS];
    int count;
    int results;
} user;

static bool may_be_plain;
static struct fakes cluster;
static struct kc_wire_client *client;
static struct kc_appender *appender;

static void on_result(void *arg, const struct kc_append_result *result)
{
    struct try *try = arg;

    pthread_mutex_lock(&user.mutex);
    ck_assert(!try->done);
    try->done = true;
    try->skipped = result->skipped;
    try->failed = result->error != NULL;
    try->unknown = result->unknown;
    try->base_offset = result->base_offset;
    user.results++;
    pthread_cond_signal(&user.cond);
    pthread_mutex_unlock(&user.mutex);
}

static struct try *append(int records)
{
    struct try *try = &user.tries[user.count];
    struct kc_batch_builder builder = {0};
    int32_t number = user.count++;

    ck_assert_int_lt(number, APPENDS);
    try->records = records;
    for (int i = 0; i < records; i++) {
        struct kc_wire_record record = {.offset = i,
                                        .timestamp = 1000,
                                        .key = {NULL, -1},
                                        .value = kc_wire_bytes(&number, sizeof(number))};

        ck_assert_ptr_null(kc_batch_builder_add(&builder, &record));
    }
    ck_assert_ptr_null(kc_batch_builder_finish(&builder, &try->bytes));
    kc_batch_builder_destroy(&builder);
    ck_assert(kc_appender_submit(appender, &(struct kc_append){.topic = FAKE_TOPIC,
                                                               .data = (uint8_t *)try->bytes.data,
                                                               .len = try->bytes.len,
                                                               .done = on_result,
                                                               .arg = try}));
    return try;
}

static void await_results(int left)
{
    pthread_mutex_lock(&user.mutex);
    while (user.results + left < user.count) /* the test's time-out ends it */
        kc_cond_wait_until(&user.cond, &user.mutex, INT64_MAX);
    pthread_mutex_unlock(&user.mutex);
}

static bool any_failed(int from)
{
    bool any = false;

    pthread_mutex_lock(&user.mutex);
    for (int i = from; i < user.count; i++)
        any = any || user.tries[i].failed;
    pthread_mutex_unlock(&user.mutex);
    return any;
}

/* Appends again what was skipped, in order; what was refused is dropped, or replaced by as many
 * records or by a batch of each. Returns the first append that isn't looked at yet. */
static int recover(int from)
{
    if (!any_failed(from))
        return from;
    await_results(0);
    kc_appender_unblock(appender, FAKE_TOPIC, 0);
    int to = user.count;
    for (int i = from; i < to; i++) {
        const struct try *try = &user.tries[i];

        if (try->failed && !try->skipped && random_below(&user_seed, 2))
            continue;
        if (try->failed && !try->skipped && random_below(&user_seed, 2)) {
            for (int j = 0; j < try->records; j++)
                append(1);
        } else if (try->failed) {
            append(try->records);
        }
    }
    return to;
}

static void start(enum fate (*fate)(int *), int16_t first_epoch)
{
    const struct kc_appender_options options = {.block_failed = true, .may_be_plain = may_be_plain};

    memset(&broker, 0, sizeof(broker));
    memset(&user, 0, sizeof(user));
    pthread_mutex_init(&broker.mutex, NULL);
    pthread_mutex_init(&user.mutex, NULL);
    kc_cond_init(&user.cond);
    broker.fate = fate;
    broker.first_epoch = first_epoch;
    cluster = (struct fakes){
        .answer = answer, .topic_id = {{1}}, .leader = 1, .epoch = 4, .hang_up = true};
    fake_start(&cluster, 1, true);
    fake_start(&cluster, 2, true);
    struct kc_map *settings = fakes_settings(&cluster, "1");
    kc_map_set(settings, "reconnect.backoff.ms", "1");
    kc_map_set(settings, "reconnect.backoff.max.ms", "1");
    ck_assert_ptr_null(kc_wire_client_new(settings, "test", &client));
    kc_map_destroy(settings);
    appender = kc_appender_new(client, &options);
}

static void stop(void)
{
    kc_appender_destroy(appender);
    kc_wire_client_destroy(client);
    fakes_stop(&cluster);
    write_late();
    for (int i = 0; i < user.count; i++)
        kc_str_destroy(&user.tries[i].bytes);
}

/* Where append number's records are; -1: nowhere. They are together, and there once. */
static int64_t find(int number)
{
    int64_t at = -1;
    int found = 0;

    for (int64_t i = 0; i < broker.end; i++) {
        if (broker.log[i] != number)
            continue;
        if (found++ == 0)
            at = i;
        ck_assert_msg(at + found - 1 == i, "append %d is in the log at %lld and %lld", number,
                      (long long)at, (long long)i);
    }
    ck_assert_msg(found == 0 || found == user.tries[number].records,
                  "of append %d, %d records are in the log", number, found);
    return at;
}

static void assert_true_to_the_log(void)
{
    int64_t last = -1;

    for (int i = 0; i < user.count; i++) {
        const struct try *try = &user.tries[i];
        int64_t at = find(i);

        if (try->failed) {
            ck_assert_msg(try->unknown || at < 0, "append %d was refused and is in the log", i);
            continue;
        }
        ck_assert_msg(at >= 0, "append %d was reported as written and isn't in the log", i);
        ck_assert_msg(at > last, "append %d isn't behind the one before", i);
        if (try->base_offset >= 0)
            ck_assert_int_eq(try->base_offset, at);
        last = at;
    }
}

/* ---- tests ---- */

static const enum fate *script;
static int script_refusal;

static enum fate scripted(int *refusal)
{
    *refusal = script_refusal;
    return *script == TAKEN ? TAKEN : *script++;
}

/* Batches of as many records each: the first meets the script, the second is told its fate. */
static void refuse_and_go_on(const enum fate *fates, int refusal)
{
    script = fates;
    script_refusal = refusal;
    start(scripted, 0);
    struct try *first = append(3);
    await_results(0);
    ck_assert(first->failed);
    kc_appender_unblock(appender, FAKE_TOPIC, 0);
    append(3);
    append(3);
    await_results(0);
    ck_assert(!any_failed(1));
    stop();
    assert_true_to_the_log();
}

static const int refusals[] = {
    KC_KAFKA_TOPIC_AUTHORIZATION_FAILED, KC_KAFKA_MESSAGE_TOO_LARGE, KC_KAFKA_INVALID_RECORD,
    KC_KAFKA_INVALID_TIMESTAMP,          KC_KAFKA_POLICY_VIOLATION,
};
enum { REFUSALS = sizeof(refusals) / sizeof(*refusals) };

START_TEST(a_lost_answer_and_a_refused_retry)
{
    const enum fate fates[] = {LOST_AFTER, REFUSED, TAKEN};

    refuse_and_go_on(fates, refusals[_i]);
    ck_assert(user.tries[0].unknown);
}
END_TEST

START_TEST(a_deposed_leader_and_a_refused_retry)
{
    const enum fate fates[] = {DEPOSED, REFUSED, TAKEN};

    refuse_and_go_on(fates, refusals[_i]);
    ck_assert(user.tries[0].unknown);
}
END_TEST

START_TEST(an_answer_without_the_partition_and_a_refused_retry)
{
    const enum fate fates[] = {LEFT_OUT, REFUSED, TAKEN};

    refuse_and_go_on(fates, refusals[_i]);
}
END_TEST

START_TEST(an_error_after_the_write)
{
    const enum fate fates[] = {UNSURE, TAKEN};

    refuse_and_go_on(fates, KC_KAFKA_UNKNOWN_SERVER_ERROR);
    ck_assert(user.tries[0].unknown);
}
END_TEST

START_TEST(a_request_that_is_written_after_its_retry_was_refused)
{
    const enum fate fates[] = {LOST_LATE, REFUSED, TAKEN};

    refuse_and_go_on(fates, refusals[_i]);
}
END_TEST

/* Each refusal takes an epoch; the last one isn't the end. */
START_TEST(used_up_epochs)
{
    const enum fate fates[] = {REFUSED, REFUSED, REFUSED, TAKEN};

    script = fates;
    script_refusal = KC_KAFKA_MESSAGE_TOO_LARGE;
    start(scripted, INT16_MAX - 1);
    for (int i = 0; i < 3; i++) {
        append(2);
        await_results(0);
        kc_appender_unblock(appender, FAKE_TOPIC, 0);
    }
    append(2);
    append(2);
    await_results(0);
    ck_assert(!any_failed(3));
    stop();
    ck_assert_int_eq(broker.inits, 2);
    assert_true_to_the_log();
}
END_TEST

/* Brokers before 2.8 give no id without a right to it. */
START_TEST(no_right_to_a_producer_id)
{
    const enum fate fates[] = {DEPOSED, LOST_BEFORE, DEPOSED, TAKEN};

    script = fates;
    may_be_plain = true;
    start(scripted, 0);
    broker.refuses_ids = true;
    for (int i = 0; i < 20; i++)
        append(1 + i % 2);
    await_results(0);
    ck_assert(kc_appender_is_plain(appender));
    ck_assert(!any_failed(0));
    stop();
    int32_t newest = -1;
    for (int64_t i = 0; i < broker.end; i++) { /* twice, maybe, but first in order */
        ck_assert_int_le(broker.log[i], newest + 1);
        newest = broker.log[i] > newest ? broker.log[i] : newest;
    }
    ck_assert_int_eq(newest, 19);
}
END_TEST

START_TEST(a_right_that_is_taken_away)
{
    const enum fate fates[] = {TAKEN};

    script = fates;
    may_be_plain = true;
    start(scripted, 0);
    append(1);
    await_results(0);
    pthread_mutex_lock(&broker.mutex);
    broker.refuses_ids = true;
    pthread_mutex_unlock(&broker.mutex);
    append(2);
    append(1);
    await_results(0);
    ck_assert(!any_failed(0));
    stop();
    assert_true_to_the_log();
}
END_TEST

START_TEST(who_insists_on_an_id_fails)
{
    const enum fate fates[] = {TAKEN};

    script = fates;
    start(scripted, 0);
    broker.refuses_ids = true;
    append(1);
    await_results(0);
    ck_assert(any_failed(0));
    ck_assert(!kc_appender_is_plain(appender));
    stop();
    ck_assert_int_eq(broker.end, 0);
}
END_TEST

static enum fate random_fate(int *refusal)
{
    static const int unsure[] = {KC_KAFKA_UNKNOWN_SERVER_ERROR, KC_KAFKA_REQUEST_TIMED_OUT,
                                 KC_KAFKA_NOT_ENOUGH_REPLICAS_AFTER_APPEND,
                                 KC_KAFKA_KAFKA_STORAGE_ERROR};
    uint32_t dice = random_below(&fates_seed, 100);
    enum fate fate = dice < 60 ? TAKEN : (enum fate)(1 + random_below(&fates_seed, FATES - 1));

    *refusal = fate == UNSURE ? unsure[random_below(&fates_seed, 4)]
                              : refusals[random_below(&fates_seed, REFUSALS)];
    return fate;
}

/* Seeds are numbers: a failure's can be run again by itself. */
START_TEST(whatever_happens)
{
    int from = 0;

    fates_seed = (uint64_t)_i * 7919 + 1;
    user_seed = ~fates_seed;
    start(random_fate, (int16_t)(_i % 10 == 0 ? INT16_MAX - 3 : 0));
    for (int planned = 0; planned < PLANNED; planned++) {
        append(1 + (int)random_below(&user_seed, 3));
        if (random_below(&user_seed, 4) == 0)
            await_results((int)random_below(&user_seed, 5));
        from = recover(from);
    }
    for (int before = -1; before != user.count;) {
        before = user.count;
        await_results(0);
        from = recover(from);
    }
    stop();
    assert_true_to_the_log();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("append_sequences");
    TCase *tests = tcase_create("all");

    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, a_lost_answer_and_a_refused_retry, 0, REFUSALS);
    tcase_add_loop_test(tests, a_deposed_leader_and_a_refused_retry, 0, REFUSALS);
    tcase_add_loop_test(tests, an_answer_without_the_partition_and_a_refused_retry, 0, REFUSALS);
    tcase_add_loop_test(tests, a_request_that_is_written_after_its_retry_was_refused, 0, REFUSALS);
    tcase_add_test(tests, an_error_after_the_write);
    tcase_add_test(tests, used_up_epochs);
    tcase_add_test(tests, no_right_to_a_producer_id);
    tcase_add_test(tests, a_right_that_is_taken_away);
    tcase_add_test(tests, who_insists_on_an_id_fails);
    tcase_add_loop_test(tests, whatever_happens, 0, 100);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
