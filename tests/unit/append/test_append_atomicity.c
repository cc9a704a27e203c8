/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A transaction that was committed holds all of its batches, once and in order; one that wasn't
 * holds none of them for readers of committed records.
 *
 * The coordinator here loses requests and answers and fails them, at random. The user of the
 * appender does what an exactly-once task does: what is refused for its content is replaced and
 * what is behind it appended again; after anything else the transaction is aborted.
 */
#define FAKE_CONNECTIONS 4096

#include "append/appender.h"
#include "batch/batch_builder.h"
#include "batch/record_reader.h"
#include "wire/fake_coordinator.h"

#include "base/logging.h"

enum {
    PATIENCE_MS = 30000,
    TRANSACTIONS = 25,
    MOST = 5,   /* batches of a transaction */
    TRIES = 12, /* of one, with those that take another's place */
    APPENDS = TRANSACTIONS * TRIES,
    RECORDS = 3, /* of a batch, at most */
    LOG = APPENDS * RECORDS,
};

/* ---- the broker's side; with its mutex ---- */

static struct {
    struct log {
        int32_t open[LOG], committed[LOG]; /* the append that a record comes from */
        int open_count, committed_count;
    } logs[FAKE_PARTITIONS];
    uint64_t seed;
} broker;

static uint32_t random_below(uint64_t *seed, uint32_t limit)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33) % limit;
}

/* One of those that API's requests may meet; 0: none. */
static int error_for(int api)
{
    static const int produce[] = {
        KC_KAFKA_NOT_LEADER_OR_FOLLOWER,  KC_KAFKA_NOT_ENOUGH_REPLICAS,
        KC_KAFKA_CONCURRENT_TRANSACTIONS, KC_KAFKA_INVALID_RECORD,
        KC_KAFKA_MESSAGE_TOO_LARGE,       KC_KAFKA_TOPIC_AUTHORIZATION_FAILED};
    static const int coordinator[] = {KC_KAFKA_CONCURRENT_TRANSACTIONS, KC_KAFKA_NOT_COORDINATOR,
                                      KC_KAFKA_COORDINATOR_NOT_AVAILABLE,
                                      KC_KAFKA_COORDINATOR_LOAD_IN_PROGRESS};

    if (api == KC_API_PRODUCE)
        return produce[random_below(&broker.seed, sizeof(produce) / sizeof(*produce))];
    if (api == KC_API_INIT_PRODUCER_ID || api == KC_API_ADD_PARTITIONS_TO_TXN ||
        api == KC_API_END_TXN)
        return coordinator[random_below(&broker.seed, sizeof(coordinator) / sizeof(*coordinator))];
    return 0;
}

/* The next batch is written, but its broker can't say so. */
static void be_unsure(void)
{
    static const int codes[] = {KC_KAFKA_REQUEST_TIMED_OUT, KC_KAFKA_UNKNOWN_SERVER_ERROR,
                                KC_KAFKA_NOT_LEADER_OR_FOLLOWER,
                                KC_KAFKA_NOT_ENOUGH_REPLICAS_AFTER_APPEND};

    fake.unsure = codes[random_below(&broker.seed, sizeof(codes) / sizeof(*codes))];
}

static enum fake_fate fate(int api)
{
    int code = error_for(api);

    if (!code)
        return FAKE_ANSWERED;
    switch (random_below(&broker.seed, 12)) {
    case 0:
        return FAKE_LOST_BEFORE;
    case 1:
        return FAKE_LOST_AFTER;
    case 2:
        fake.errors[api][0] = code;
        return FAKE_ANSWERED;
    case 3:
        be_unsure();
        return FAKE_ANSWERED;
    default:
        return FAKE_ANSWERED;
    }
}

static void appended(int32_t partition, const struct kc_record_batch *batch)
{
    struct log *log = &broker.logs[partition];
    struct kc_record_reader reader = {0};
    struct kc_wire_record record;
    const char *why = kc_record_reader_open(&reader, batch, KC_BATCH_PLAIN_LIMIT);

    while (!why && kc_record_reader_next(&reader, &record, &why)) {
        ck_assert_int_lt(log->open_count, LOG);
        memcpy(&log->open[log->open_count++], record.value.data, sizeof(int32_t));
    }
    ck_assert_msg(!why, "%s", why);
    kc_record_reader_close(&reader);
}

static void ended(bool committed)
{
    for (int i = 0; i < FAKE_PARTITIONS; i++) {
        struct log *log = &broker.logs[i];

        for (int j = 0; committed && j < log->open_count; j++)
            log->committed[log->committed_count++] = log->open[j];
        log->open_count = 0;
    }
}

/* ---- the appender's user ---- */

enum outcome { PENDING, APPENDED, REFUSED, SKIPPED, FAILED };

struct append {
    struct kc_str bytes;
    int32_t partition;
    int records;
    enum outcome outcome;
};

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    struct append appends[APPENDS];
    int count;
    int results;
    bool ended;
    struct kc_error *end_error;
    uint64_t seed;
    /* What readers are to find, by partition: appends. */
    int32_t expected[FAKE_PARTITIONS][APPENDS];
    int expected_count[FAKE_PARTITIONS];
} user;

static struct kc_wire_client *client;
static struct kc_appender *appender;

static enum outcome outcome_of(const struct kc_append_result *result)
{
    if (!result->error)
        return APPENDED;
    if (result->skipped)
        return SKIPPED;
    return kc_kafka_error_about_batch(kc_error_kafka_code(result->error)) && !result->unknown
               ? REFUSED
               : FAILED;
}

static void on_result(void *arg, const struct kc_append_result *result)
{
    struct append *append = arg;

    pthread_mutex_lock(&user.mutex);
    ck_assert_int_eq(append->outcome, PENDING);
    append->outcome = outcome_of(result);
    user.results++;
    pthread_cond_signal(&user.cond);
    pthread_mutex_unlock(&user.mutex);
}

static void append(int32_t partition, int records)
{
    struct append *made = &user.appends[user.count];
    struct kc_batch_builder builder = {0};
    int32_t number = user.count++;

    ck_assert_int_lt(number, APPENDS);
    made->partition = partition;
    made->records = records;
    for (int i = 0; i < records; i++) {
        const struct kc_wire_record record = {.offset = i,
                                              .timestamp = 1000,
                                              .key = {NULL, -1},
                                              .value = kc_wire_bytes(&number, sizeof(number))};

        ck_assert_ptr_null(kc_batch_builder_add(&builder, &record));
    }
    ck_assert_ptr_null(kc_batch_builder_finish(&builder, &made->bytes));
    kc_batch_builder_destroy(&builder);
    ck_assert(kc_appender_submit(appender, &(struct kc_append){.topic = "out",
                                                               .partition = partition,
                                                               .data = (uint8_t *)made->bytes.data,
                                                               .len = made->bytes.len,
                                                               .done = on_result,
                                                               .arg = made}));
}

static void await_results(void)
{
    int64_t deadline = kc_mono_ms() + PATIENCE_MS;

    pthread_mutex_lock(&user.mutex);
    while (user.results < user.count)
        ck_assert_msg(kc_cond_wait_until(&user.cond, &user.mutex, deadline), "%d results of %d",
                      user.results, user.count);
    pthread_mutex_unlock(&user.mutex);
}

static void on_end(void *arg, const struct kc_error *err)
{
    pthread_mutex_lock(&user.mutex);
    user.ended = true;
    user.end_error = kc_error_copy(err);
    pthread_cond_signal(&user.cond);
    pthread_mutex_unlock(&user.mutex);
}

/* Whether the call came to its end without an error. */
static bool end(void (*call)(struct kc_appender *, kc_appender_done, void *))
{
    int64_t deadline = kc_mono_ms() + PATIENCE_MS;

    user.ended = false;
    call(appender, on_end, NULL);
    pthread_mutex_lock(&user.mutex);
    while (!user.ended)
        ck_assert_msg(kc_cond_wait_until(&user.cond, &user.mutex, deadline), "no end");
    bool done = !user.end_error;
    kc_error_clear(&user.end_error);
    pthread_mutex_unlock(&user.mutex);
    return done;
}

static bool any_failed(int first)
{
    for (int i = first; i < user.count; i++) {
        if (user.appends[i].outcome == FAILED)
            return true;
    }
    return false;
}

/* Appends again what was refused since `from`, or skipped for it. Whether there was anything. */
static bool replace(int from)
{
    int until = user.count;
    bool unblocked[FAKE_PARTITIONS] = {false};

    for (int i = from; i < until; i++) {
        const struct append *was = &user.appends[i];

        if (was->outcome == APPENDED)
            continue;
        if (!unblocked[was->partition])
            kc_appender_unblock(appender, "out", was->partition);
        unblocked[was->partition] = true;
        append(was->partition, was->records);
    }
    return user.count > until;
}

/* All that can be is appended; false: the transaction is to be aborted. */
static bool fill(int first)
{
    int from = first;

    for (uint32_t i = 1 + random_below(&user.seed, MOST); i > 0; i--)
        append((int32_t)random_below(&user.seed, FAKE_PARTITIONS),
               1 + (int)random_below(&user.seed, RECORDS));
    if (random_below(&user.seed, 3) == 0)
        return true; /* the commit waits, and fails where one of them does */
    for (;;) {
        int until = user.count;

        await_results();
        if (any_failed(first) || random_below(&user.seed, 10) == 0 ||
            user.count + MOST > first + TRIES)
            return false;
        if (!replace(from))
            return true;
        from = until;
    }
}

static void expect(int first)
{
    for (int i = first; i < user.count; i++) {
        const struct append *done = &user.appends[i];

        for (int j = 0; done->outcome == APPENDED && j < done->records; j++)
            user.expected[done->partition][user.expected_count[done->partition]++] = i;
    }
}

static void compare(void)
{
    pthread_mutex_lock(&fake.mutex);
    for (int i = 0; i < FAKE_PARTITIONS; i++) {
        const struct log *log = &broker.logs[i];

        ck_assert_int_eq(log->committed_count, user.expected_count[i]);
        for (int j = 0; j < log->committed_count; j++)
            ck_assert_msg(log->committed[j] == user.expected[i][j],
                          "record %d of partition %d: append %d for %d", j, i, log->committed[j],
                          user.expected[i][j]);
    }
    pthread_mutex_unlock(&fake.mutex);
}

/* ---- the runs ---- */

static void start(int transaction_version, int seed)
{
    struct kc_map *settings = kc_map_new();

    memset(&user, 0, sizeof(user));
    memset(&broker, 0, sizeof(broker));
    user.seed = (uint64_t)seed;
    broker.seed = (uint64_t)seed + 1000;
    pthread_mutex_init(&user.mutex, NULL);
    kc_cond_init(&user.cond);
    kc_map_set(settings, "bootstrap.servers", fake_start(transaction_version));
    fake.fate = fate;
    fake.appended = appended;
    fake.ended = ended;
    for (const char *const *key =
             (const char *const[]){"retry.backoff.ms", "retry.backoff.max.ms",
                                   "reconnect.backoff.ms", "reconnect.backoff.max.ms", NULL};
         *key; key++)
        kc_map_set(settings, *key, "1");
    ck_assert_ptr_null(kc_wire_client_new(settings, "test", &client));
    kc_map_destroy(settings);
    appender = kc_appender_new(
        client, &(struct kc_appender_options){.transactional_id = "id", .block_failed = true});
}

static void stop(void)
{
    kc_appender_destroy(appender);
    kc_wire_client_destroy(client);
    fake_stop();
    for (int i = 0; i < user.count; i++)
        kc_str_destroy(&user.appends[i].bytes);
}

static void run(int transaction_version, int seed)
{
    int commits = 0;

    start(transaction_version, seed);
    for (int i = 0; i < TRANSACTIONS; i++) {
        int first = user.count;

        if (fill(first) && end(kc_appender_commit)) {
            expect(first);
            commits++;
        } else {
            ck_assert_msg(end(kc_appender_abort), "transaction %d can't be aborted", i);
        }
        await_results();
        compare();
    }
    ck_assert_int_gt(commits, 0);
    stop();
}

START_TEST(all_or_nothing_before_version_2)
{
    run(1, _i);
}
END_TEST

START_TEST(all_or_nothing)
{
    run(2, _i);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("append_atomicity");
    TCase *tests = tcase_create("transactions");

    kc_logging_set_level("root", KC_LOG_OFF, NULL); /* hundreds of connections end */
    tcase_set_timeout(tests, 60);
    tcase_add_loop_test(tests, all_or_nothing_before_version_2, 0, 20);
    tcase_add_loop_test(tests, all_or_nothing, 0, 20);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
