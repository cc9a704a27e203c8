/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The appender's transactions, of both versions: what a refused batch leaves of a transaction,
 * fencing, being ended.
 */
#include "append/appender.h"
#include "batch/batch_builder.h"
#include "wire/fake_coordinator.h"

enum { BATCHES = 8, PATIENCE_MS = 20000 };

static struct kc_wire_client *client;
static struct kc_appender *appender;

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    int results;
    struct kc_error *errors[BATCHES]; /* by batch */
    bool skipped[BATCHES];
    bool ended;
    struct kc_error *end_error;
} seen;

static void on_result(void *arg, const struct kc_append_result *result)
{
    size_t batch = (size_t)(uintptr_t)arg;

    pthread_mutex_lock(&seen.mutex);
    seen.errors[batch] = kc_error_copy(result->error);
    seen.skipped[batch] = result->skipped;
    seen.results++;
    pthread_cond_signal(&seen.cond);
    pthread_mutex_unlock(&seen.mutex);
}

static void on_end(void *arg, const struct kc_error *err)
{
    pthread_mutex_lock(&seen.mutex);
    seen.ended = true;
    seen.end_error = kc_error_copy(err);
    pthread_cond_signal(&seen.cond);
    pthread_mutex_unlock(&seen.mutex);
}

static void await_results(int count)
{
    int64_t deadline = kc_mono_ms() + PATIENCE_MS;

    pthread_mutex_lock(&seen.mutex);
    while (seen.results < count)
        ck_assert_msg(kc_cond_wait_until(&seen.cond, &seen.mutex, deadline), "%d results of %d",
                      seen.results, count);
    pthread_mutex_unlock(&seen.mutex);
}

/* Waits for the end of a call; the caller frees the error. */
static struct kc_error *end(void (*call)(struct kc_appender *, kc_appender_done, void *))
{
    int64_t deadline = kc_mono_ms() + PATIENCE_MS;

    seen.ended = false;
    call(appender, on_end, NULL);
    pthread_mutex_lock(&seen.mutex);
    while (!seen.ended)
        ck_assert_msg(kc_cond_wait_until(&seen.cond, &seen.mutex, deadline), "no end");
    struct kc_error *err = seen.end_error;
    seen.end_error = NULL;
    pthread_mutex_unlock(&seen.mutex);
    return err;
}

static void must(struct kc_error *err)
{
    ck_assert_msg(!err, "%s", err ? kc_error_text(err) : "");
}

/* ---- batches ---- */

static struct kc_str bytes[BATCHES];

static void append(size_t number, int32_t partition)
{
    struct kc_batch_builder builder = {0};
    struct kc_wire_record record = {
        .offset = 0, .timestamp = 1, .key = {.len = -1}, .value = kc_wire_bytes("value", 5)};

    kc_str_destroy(&bytes[number]);
    ck_assert_ptr_null(kc_batch_builder_add(&builder, &record));
    ck_assert_ptr_null(kc_batch_builder_finish(&builder, &bytes[number]));
    kc_batch_builder_destroy(&builder);
    ck_assert(
        kc_appender_submit(appender, &(struct kc_append){.topic = "out",
                                                         .partition = partition,
                                                         .data = (uint8_t *)bytes[number].data,
                                                         .len = bytes[number].len,
                                                         .done = on_result,
                                                         .arg = (void *)(uintptr_t)number}));
}

static struct kc_record_batch sent(size_t number)
{
    struct kc_record_batch batch;
    const char *why;

    ck_assert_int_eq(
        kc_record_batch_parse((uint8_t *)bytes[number].data, bytes[number].len, &batch, &why),
        KC_BATCH_OK);
    return batch;
}

/* ---- fixture ---- */

static void start(int transaction_version)
{
    struct kc_map *settings = kc_map_new();

    memset(&seen, 0, sizeof(seen));
    pthread_mutex_init(&seen.mutex, NULL);
    kc_cond_init(&seen.cond);
    kc_map_set(settings, "bootstrap.servers", fake_start(transaction_version));
    must(kc_wire_client_new(settings, "test", &client));
    kc_map_destroy(settings);
    appender = kc_appender_new(
        client, &(struct kc_appender_options){.transactional_id = "id", .block_failed = true});
}

static void setup_v1(void)
{
    start(1);
}

static void setup_v2(void)
{
    start(2);
}

static void teardown(void)
{
    kc_appender_destroy(appender);
    kc_wire_client_destroy(client);
    fake_stop();
    for (size_t i = 0; i < BATCHES; i++) {
        kc_error_clear(&seen.errors[i]);
        kc_str_destroy(&bytes[i]);
    }
}

/* ---- tests ---- */

START_TEST(batches_get_the_producer_and_the_transactional_bit)
{
    must(end(kc_appender_init));
    append(0, 0);
    append(1, 1);
    await_results(2);
    must(end(kc_appender_commit));
    append(2, 0);
    await_results(3);
    must(end(kc_appender_commit));
    for (size_t i = 0; i < 3; i++) {
        ck_assert_ptr_null(seen.errors[i]);
        struct kc_record_batch batch = sent(i);
        ck_assert(kc_record_batch_transactional(&batch));
        ck_assert_int_ge(batch.producer_id, 0);
        ck_assert(kc_record_batch_intact(&batch));
    }
    /* Without an abort, version 1 goes on; version 2 begins a new epoch. */
    bool goes_on = fake.transaction_version == 1;
    ck_assert_int_eq(sent(2).base_sequence, goes_on);
    ck_assert_int_eq(sent(2).producer_epoch, sent(0).producer_epoch + !goes_on);
    ck_assert_int_eq(fake.commits, 2);
    ck_assert_int_eq(fake.inits, 1);
}
END_TEST

START_TEST(a_batch_refused_for_its_content_may_be_replaced)
{
    must(end(kc_appender_init));
    append(0, 0);
    await_results(1);
    fake_fail(KC_API_PRODUCE, KC_KAFKA_MESSAGE_TOO_LARGE);
    append(1, 0);
    await_results(2);
    ck_assert_int_eq(kc_error_kafka_code(seen.errors[1]), KC_KAFKA_MESSAGE_TOO_LARGE);
    append(2, 0); /* too early */
    await_results(3);
    ck_assert(seen.skipped[2]);

    /* Committing would lose it. */
    struct kc_error *err = end(kc_appender_commit);
    ck_assert_ptr_nonnull(err);
    ck_assert_ptr_nonnull(strstr(kc_error_text(err), "nothing has taken its place"));
    kc_error_destroy(err);

    kc_appender_unblock(appender, "out", 0);
    append(3, 0);
    await_results(4);
    append(4, 0);
    await_results(5);
    ck_assert_ptr_null(seen.errors[3]);
    ck_assert_ptr_null(seen.errors[4]);
    ck_assert_int_eq(sent(3).base_sequence, 1); /* the refused one's */
    ck_assert_int_eq(sent(4).base_sequence, 2);
    must(end(kc_appender_commit));
    ck_assert_int_eq(fake.commits, 1);
    ck_assert_int_eq(fake.aborts, 0);
}
END_TEST

START_TEST(a_batch_that_fails_otherwise_leaves_an_abort_only)
{
    must(end(kc_appender_init));
    append(0, 0);
    await_results(1);
    int16_t epoch = sent(0).producer_epoch;
    fake_fail(KC_API_PRODUCE, KC_KAFKA_TOPIC_AUTHORIZATION_FAILED);
    append(1, 1);
    await_results(2);
    kc_appender_unblock(appender, "out", 1);
    append(2, 1);
    await_results(3);
    ck_assert_ptr_nonnull(seen.errors[2]);
    struct kc_error *err = end(kc_appender_commit);
    ck_assert_ptr_nonnull(err);
    ck_assert_int_eq(kc_error_kafka_code(err), KC_KAFKA_TOPIC_AUTHORIZATION_FAILED);
    kc_error_destroy(err);
    must(end(kc_appender_abort));
    ck_assert_int_eq(fake.aborts, 1);
    /* A new epoch, and sequences from the beginning. */
    append(3, 0);
    append(4, 1);
    await_results(5);
    ck_assert_ptr_null(seen.errors[3]);
    ck_assert_ptr_null(seen.errors[4]);
    ck_assert_int_eq(sent(3).producer_epoch, epoch + 1);
    ck_assert_int_eq(sent(3).base_sequence, 0);
    ck_assert_int_eq(sent(4).base_sequence, 0);
    must(end(kc_appender_commit));
}
END_TEST

START_TEST(an_abort_lets_blocked_partitions_go)
{
    must(end(kc_appender_init));
    fake_fail(KC_API_PRODUCE, KC_KAFKA_MESSAGE_TOO_LARGE);
    append(0, 0);
    await_results(1);
    must(end(kc_appender_abort));
    append(1, 0);
    await_results(2);
    ck_assert_ptr_null(seen.errors[1]);
    must(end(kc_appender_commit));
}
END_TEST

START_TEST(being_fenced_is_final)
{
    must(end(kc_appender_init));
    append(0, 0);
    await_results(1);
    fake_fail(KC_API_PRODUCE, KC_KAFKA_INVALID_PRODUCER_EPOCH);
    append(1, 0);
    await_results(2);
    ck_assert_ptr_nonnull(seen.errors[1]);
    struct kc_error *err = end(kc_appender_commit);
    ck_assert_int_eq(kc_error_code(err), KC_ERR_FENCED);
    kc_error_destroy(err);
    err = end(kc_appender_abort);
    ck_assert_int_eq(kc_error_code(err), KC_ERR_FENCED);
    kc_error_destroy(err);
}
END_TEST

START_TEST(an_end_that_another_producer_forestalls)
{
    must(end(kc_appender_init));
    append(0, 0);
    await_results(1);
    fake_fail(KC_API_END_TXN, KC_KAFKA_NOT_COORDINATOR);
    fake_fail(KC_API_END_TXN, KC_KAFKA_PRODUCER_FENCED);
    struct kc_error *err = end(kc_appender_commit);
    ck_assert_int_eq(kc_error_code(err), KC_ERR_FENCED);
    kc_error_destroy(err);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("append_txn");
    void (*const setups[])(void) = {setup_v1, setup_v2};

    for (int i = 0; i < 2; i++) {
        TCase *tests = tcase_create(i ? "transaction.version 2" : "transaction.version 1");

        tcase_add_checked_fixture(tests, setups[i], teardown);
        tcase_set_timeout(tests, 120);
        tcase_add_test(tests, batches_get_the_producer_and_the_transactional_bit);
        tcase_add_test(tests, a_batch_refused_for_its_content_may_be_replaced);
        tcase_add_test(tests, a_batch_that_fails_otherwise_leaves_an_abort_only);
        tcase_add_test(tests, an_abort_lets_blocked_partitions_go);
        tcase_add_test(tests, being_fenced_is_final);
        tcase_add_test(tests, an_end_that_another_producer_forestalls);
        suite_add_tcase(suite, tests);
    }
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
