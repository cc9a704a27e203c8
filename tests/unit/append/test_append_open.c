/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batches that go with the identity that they have: what a connector that writes conditionally
 * relies on (connect/append.h).
 */
#include "connect/append.h"
#include "connect/thread.h"
#include "wire/fake_broker.h"

#define ID      ((INT64_C(1) << 62) + 77)
#define WAIT_MS 30000

/* ---- the broker ---- */

enum { SEEN = 64 };

static struct {
    pthread_mutex_t mutex;
    int count;
    int32_t sequences[SEEN]; /* of the batches that came */
    int64_t producer_id, base_offset;
    int32_t leader_epoch;
    bool intact;
    int codes[SEEN]; /* answers, by number of the request; 0: taken */
    bool silent;     /* nothing is answered */
    int64_t end;
} broker = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void see(const struct kc_produce_request *request, struct kc_produce_response_partition *to)
{
    const struct kc_produce_request_partition *from =
        &request->topic_data.items[0].partition_data.items[0];
    struct kc_record_batch batch;
    const char *why = NULL;

    ck_assert_int_eq(
        kc_record_batch_parse(from->records.data, (size_t)from->records.len, &batch, &why),
        KC_BATCH_OK);
    ck_assert_int_lt(broker.count, SEEN);
    broker.intact = kc_record_batch_intact(&batch);
    broker.producer_id = batch.producer_id;
    broker.base_offset = batch.base_offset;
    broker.leader_epoch = batch.leader_epoch;
    to->error_code = (int16_t)broker.codes[broker.count];
    to->base_offset = to->error_code ? -1 : broker.end;
    to->log_append_time_ms = -1;
    to->log_start_offset = 3;
    broker.sequences[broker.count++] = batch.base_sequence;
    if (!to->error_code)
        broker.end += batch.count;
}

static bool answer(struct fake *fake, int asked, int api, const void *request, void *response,
                   struct kc_arena *arena)
{
    struct kc_produce_response *produce = response;

    ck_assert_int_eq(api, KC_API_PRODUCE);
    KC_WIRE_LIST_NEW(arena, &produce->responses, kc_produce_response_topic, 1);
    produce->responses.items[0].name = kc_wire_str(FAKE_TOPIC);
    produce->responses.items[0].topic_id = fake->cluster->topic_id;
    KC_WIRE_LIST_NEW(arena, &produce->responses.items[0].partition_responses,
                     kc_produce_response_partition, 1);
    pthread_mutex_lock(&broker.mutex);
    see(request, &produce->responses.items[0].partition_responses.items[0]);
    bool silent = broker.silent;
    pthread_mutex_unlock(&broker.mutex);
    return !silent;
}

static int batches_seen(void)
{
    pthread_mutex_lock(&broker.mutex);
    int count = broker.count;
    pthread_mutex_unlock(&broker.mutex);
    return count;
}

/* ---- the connector ---- */

struct outcome {
    bool done;
    int code; /* of Kafka */
    int kind; /* enum kc_error_code */
    bool skipped, unknown;
    int64_t base_offset, log_start_offset;
    struct kc_str data;
};

static struct {
    struct fakes cluster;
    struct kc_appender *appender;
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    struct outcome outcomes[SEEN];
    int order[SEEN], done;
} test;

static void setup(void)
{
    memset(&test, 0, sizeof(test));
    test.cluster = (struct fakes){.answer = answer, .topic_id = {{9}}, .leader = 1, .epoch = 4};
    pthread_mutex_init(&test.mutex, NULL);
    kc_cond_init(&test.cond);
    fake_start(&test.cluster, 1, true);
    struct kc_map *settings = fakes_settings(&test.cluster, "10");
    ck_assert_ptr_null(kc_appender_open(settings, "test", 1000, &test.appender));
    kc_map_destroy(settings);
}

static void teardown(void)
{
    kc_appender_close(test.appender);
    fakes_stop(&test.cluster);
    for (int i = 0; i < SEEN; i++)
        kc_str_destroy(&test.outcomes[i].data);
}

static void on_appended(void *arg, const struct kc_append_result *result)
{
    struct outcome *outcome = arg;

    pthread_mutex_lock(&test.mutex);
    ck_assert(!outcome->done);
    outcome->done = true;
    outcome->code = kc_error_kafka_code(result->error);
    outcome->kind = result->error ? (int)kc_error_code(result->error) : 0;
    outcome->skipped = result->skipped;
    outcome->unknown = result->unknown;
    outcome->base_offset = result->base_offset;
    outcome->log_start_offset = result->log_start_offset;
    test.order[test.done++] = (int)(outcome - test.outcomes);
    pthread_cond_broadcast(&test.cond);
    pthread_mutex_unlock(&test.mutex);
}

/* Hands in the batch number i, of 3 records, with the sequence. */
static bool submit(int i, int32_t sequence, int64_t deadline_ms)
{
    const struct kc_filler filler = {.key = {(const uint8_t *)"K", 1}, .timestamp = 1000};
    struct outcome *outcome = &test.outcomes[i];

    kc_str_clear(&outcome->data);
    ck_assert_ptr_null(kc_filler_batch(&filler, 3, &outcome->data));
    kc_record_batch_set_producer((uint8_t *)outcome->data.data, outcome->data.len, ID, 0, sequence);
    kc_record_batch_set_place((uint8_t *)outcome->data.data, 4711, 12);
    return kc_appender_submit(test.appender,
                              &(struct kc_append){.topic = FAKE_TOPIC,
                                                  .data = (uint8_t *)outcome->data.data,
                                                  .len = outcome->data.len,
                                                  .deadline_ms = deadline_ms,
                                                  .done = on_appended,
                                                  .arg = outcome});
}

static void await(int count)
{
    int64_t until = kc_mono_ms() + WAIT_MS;

    pthread_mutex_lock(&test.mutex);
    while (test.done < count && kc_cond_wait_until(&test.cond, &test.mutex, until))
        continue;
    ck_assert_int_ge(test.done, count);
    pthread_mutex_unlock(&test.mutex);
}

/* ---- what happens ---- */

START_TEST(a_batch_goes_as_it_is)
{
    ck_assert(submit(0, INT32_MAX - 1, 0));
    await(1);
    ck_assert_int_eq(test.outcomes[0].kind, 0);
    ck_assert_int_eq(test.outcomes[0].base_offset, 0);
    ck_assert_int_eq(test.outcomes[0].log_start_offset, 3);
    ck_assert_int_eq(broker.producer_id, ID);
    ck_assert_int_eq(broker.sequences[0], INT32_MAX - 1);
    ck_assert_int_eq(broker.base_offset, 0);
    ck_assert_int_eq(broker.leader_epoch, -1);
    ck_assert(broker.intact);
    ck_assert_uint_eq(kc_appender_bytes(test.appender), 0);
}
END_TEST

/* A partition takes any sequence of an id that it doesn't know: the second batch would be let in
 * where the first was refused. */
START_TEST(the_first_batch_of_a_producer_is_alone_until_it_is_taken)
{
    broker.codes[0] = KC_KAFKA_NOT_ENOUGH_REPLICAS;
    broker.codes[1] = KC_KAFKA_NOT_ENOUGH_REPLICAS;
    ck_assert(submit(0, 100, 0));
    ck_assert(submit(1, 103, 0));
    ck_assert(submit(2, 106, 0));
    await(3);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(test.outcomes[i].kind, 0);
        ck_assert_int_eq(test.outcomes[i].base_offset, 3 * i);
        ck_assert_int_eq(test.order[i], i);
    }
    ck_assert_int_eq(broker.count, 5);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(broker.sequences[i], 100);
}
END_TEST

START_TEST(out_of_turn_is_final_and_stops_the_partition)
{
    broker.codes[0] = KC_KAFKA_OUT_OF_ORDER_SEQUENCE_NUMBER;
    ck_assert(submit(0, 100, 0));
    ck_assert(submit(1, 103, 0));
    await(2);
    ck_assert_int_eq(test.outcomes[0].code, KC_KAFKA_OUT_OF_ORDER_SEQUENCE_NUMBER);
    ck_assert(!test.outcomes[0].skipped && !test.outcomes[0].unknown);
    ck_assert(test.outcomes[1].skipped);
    ck_assert(submit(2, 106, 0));
    await(3);
    ck_assert(test.outcomes[2].skipped);
    ck_assert_int_eq(broker.count, 1);
    kc_appender_unblock(test.appender, FAKE_TOPIC, 0);
    ck_assert(submit(3, 100, 0));
    await(4);
    ck_assert_int_eq(test.outcomes[3].kind, 0);
}
END_TEST

START_TEST(a_duplicate_counts_as_appended)
{
    broker.codes[0] = KC_KAFKA_DUPLICATE_SEQUENCE_NUMBER;
    ck_assert(submit(0, 100, 0));
    await(1);
    ck_assert_int_eq(test.outcomes[0].kind, 0);
    ck_assert_int_eq(test.outcomes[0].base_offset, -1);
}
END_TEST

START_TEST(bytes_are_limited)
{
    int taken = 0;

    pthread_mutex_lock(&broker.mutex); /* answers wait */
    while (taken < SEEN / 2 && submit(taken, 100 + 3 * taken, 0))
        taken++;
    ck_assert_int_gt(taken, 1);
    ck_assert_int_lt(taken, SEEN / 2);
    ck_assert_uint_le(kc_appender_bytes(test.appender), 1000);
    ck_assert(!kc_appender_wait(test.appender, 0, kc_mono_ms() + 10));
    pthread_mutex_unlock(&broker.mutex);
    ck_assert(kc_appender_wait(test.appender, 0, kc_mono_ms() + WAIT_MS));
    await(taken);
    ck_assert(submit(taken, 100 + 3 * taken, 0));
    await(taken + 1);
}
END_TEST

START_TEST(nothing_is_sent_behind_its_deadline)
{
    ck_assert(submit(0, 100, kc_mono_ms() - 1));
    await(1);
    ck_assert_int_eq(test.outcomes[0].kind, KC_ERR_TIMEOUT);
    ck_assert(!test.outcomes[0].unknown);
    ck_assert_int_eq(batches_seen(), 0);
}
END_TEST

START_TEST(what_is_in_flight_at_its_deadline_may_be_in_the_log)
{
    broker.silent = true;
    ck_assert(submit(0, 100, kc_mono_ms() + 300));
    await(1);
    ck_assert_int_eq(test.outcomes[0].kind, KC_ERR_TIMEOUT);
    ck_assert(test.outcomes[0].unknown);
    ck_assert_int_eq(batches_seen(), 1);
}
END_TEST

START_TEST(closing_waits_for_no_broker)
{
    broker.silent = true;
    ck_assert(submit(0, 100, 0));
    ck_assert(submit(1, 103, 0));
    int64_t until = kc_mono_ms() + WAIT_MS;
    while (batches_seen() == 0 && kc_mono_ms() < until)
        usleep(1000);
    int64_t began = kc_mono_ms();
    kc_appender_close(test.appender);
    test.appender = NULL;
    ck_assert_int_lt(kc_mono_ms() - began, 10000); /* request.timeout.ms is more */
    ck_assert_int_eq(test.done, 2);
    ck_assert(test.outcomes[0].unknown);
    ck_assert_int_ne(test.outcomes[1].kind, 0);
    ck_assert_int_eq(test.order[0], 0);
}
END_TEST

START_TEST(a_partition_is_given_up)
{
    broker.codes[0] = KC_KAFKA_NOT_ENOUGH_REPLICAS;
    pthread_mutex_lock(&broker.mutex);
    ck_assert(submit(0, 100, 0));
    ck_assert(submit(1, 103, 0));
    kc_appender_cancel(test.appender, FAKE_TOPIC, 0);
    pthread_mutex_unlock(&broker.mutex);
    await(2);
    ck_assert_int_ne(test.outcomes[0].kind, 0);
    ck_assert_int_eq(test.outcomes[1].kind, KC_ERR_WAKEUP);
    ck_assert_int_le(batches_seen(), 1);
    ck_assert(submit(2, 103, 0));
    await(3);
    ck_assert(test.outcomes[2].skipped);
    kc_appender_unblock(test.appender, FAKE_TOPIC, 0);
    ck_assert(submit(3, 100, 0));
    await(4);
}
END_TEST

START_TEST(settings_are_checked)
{
    static const char *const keys[] = {"request.timeout.ms", "max.request.size",
                                       "delivery.timeout.ms", "tcp.user.timeout.ms"};
    struct kc_map *settings = fakes_settings(&test.cluster, "10");
    struct kc_appender *appender = NULL;

    kc_map_set(settings, keys[_i], "soon");
    struct kc_error *err = kc_appender_open(settings, "test", 1000, &appender);
    ck_assert_ptr_nonnull(err);
    ck_assert_int_eq(kc_error_code(err), KC_ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(kc_error_text(err), keys[_i]));
    kc_error_destroy(err);
    kc_map_destroy(settings);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("append_open");
    TCase *tcase = tcase_create("given identities");
    SRunner *runner = srunner_create(suite);

    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_batch_goes_as_it_is);
    tcase_add_test(tcase, the_first_batch_of_a_producer_is_alone_until_it_is_taken);
    tcase_add_test(tcase, out_of_turn_is_final_and_stops_the_partition);
    tcase_add_test(tcase, a_duplicate_counts_as_appended);
    tcase_add_test(tcase, bytes_are_limited);
    tcase_add_test(tcase, nothing_is_sent_behind_its_deadline);
    tcase_add_test(tcase, what_is_in_flight_at_its_deadline_may_be_in_the_log);
    tcase_add_test(tcase, closing_waits_for_no_broker);
    tcase_add_test(tcase, a_partition_is_given_up);
    tcase_add_loop_test(tcase, settings_are_checked, 0, 4);
    suite_add_tcase(suite, tcase);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
