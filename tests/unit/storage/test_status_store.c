/* SPDX-License-Identifier: Apache-2.0 */
/* Statuses as Java's bytes, and the rules of the cache. */
#include "storage/status_cache_priv.h"
#include "storage/status_codec_priv.h"
#include "storage/tsv.h"

#include <pthread.h>
#include <unistd.h>

static struct kc_status_cache *cache;

static int overruled;

static void on_overruled(void *opaque, const char *connector, int task,
                         const struct kc_status_entry *entry)
{
    ck_assert_str_eq(connector, "c");
    ck_assert_str_eq(entry->said.worker_id, "w1");
    overruled++;
}

static void set_up(void)
{
    overruled = 0;
    cache = kc_status_cache_new(on_overruled, NULL);
}

static void tear_down(void)
{
    kc_status_cache_destroy(cache);
}

static bool apply(const char *key, const char *value)
{
    struct kc_error *err =
        kc_status_cache_apply(cache, key, strlen(key), value, value ? strlen(value) : 0);
    bool fine = !err;
    kc_error_destroy(err);
    return fine;
}

static void apply_state(const char *key, const char *state, const char *worker, int generation)
{
    char *value =
        kc_asprintf("{\"state\":\"%s\",\"trace\":null,\"worker_id\":\"%s\",\"generation\":%d}",
                    state, worker, generation);
    ck_assert(apply(key, value));
    free(value);
}

static const char *state_of(const char *connector, int task)
{
    const struct kc_status_entry *entry = kc_status_cache_entry(cache, connector, task, false);
    return entry && entry->known ? kc_state_name(entry->status.state) : "none";
}

START_TEST(test_java_bytes)
{
    struct tsv_record records[64];
    size_t count = tsv_load("tests/unit/data/storage/status.tsv", records, 64);
    for (size_t i = 0; i < count; i++) {
        struct kc_status_key key = {0};
        kc_status_key_parse(records[i].key, strlen(records[i].key), &key);
        ck_assert_int_ne(key.kind, KC_STATUS_UNKNOWN);
        char *again = key.topic ? kc_status_topic_key_write(key.connector, key.topic)
                                : kc_status_key_write(key.connector, key.task);
        ck_assert_str_eq(again, records[i].key);
        if (records[i].value && !key.topic) {
            struct kc_status status = {0};
            ck_assert_ptr_null(kc_status_read(records[i].value, strlen(records[i].value), &status));
            char *value = kc_status_write(&status);
            ck_assert_str_eq(value, records[i].value);
            kc_status_clear(&status);
            free(value);
        }
        ck_assert(apply(records[i].key, records[i].value));
        free(again);
        kc_status_key_clear(&key);
    }
    ck_assert_str_eq(state_of("fs-a-1", 0), "RUNNING");
    ck_assert_str_eq(state_of("fs-a-1", KC_CONNECTOR_STATUS), "RUNNING");
    ck_assert_str_eq(state_of("gone", KC_CONNECTOR_STATUS), "none");
    ck_assert(kc_status_cache_has_topic(cache, "fs-a-1", "ft"));
    tsv_free(records, count);
}
END_TEST

START_TEST(test_topic_bytes)
{
    char *value = kc_status_topic_write("fs2", 0, "ft", 1795461395710);
    ck_assert_str_eq(value, "{\"topic\":{\"name\":\"ft\",\"connector\":\"fs2\",\"task\":0,"
                            "\"discoverTimestamp\":1795461395710}}");
    ck_assert_ptr_null(kc_status_topic_check(value, strlen(value)));
    free(value);
}
END_TEST

START_TEST(test_status_without_version)
{
    apply_state("status-task-c-0", "FAILED", "w", 3);
    ck_assert_str_eq(state_of("c", 0), "FAILED");
}
END_TEST

static const char *const bad_keys[] = {"status-task-c",
                                       "status-task-c-x",
                                       "status-connector-",
                                       "status-topic-:connector-c",
                                       "status-topic-t",
                                       "status-topic-t:connector-",
                                       "other",
                                       ""};

START_TEST(test_bad_keys)
{
    ck_assert(!apply(bad_keys[_i], NULL));
}
END_TEST

static const char *const bad_values[] = {"{", "[]", "{\"state\":\"RUNNING\",\"worker_id\":\"w\"}",
                                         "{\"state\":\"ODD\",\"worker_id\":\"w\",\"generation\":1}",
                                         "{\"state\":\"RUNNING\",\"generation\":1}"};

START_TEST(test_bad_values)
{
    apply_state("status-task-c-0", "RUNNING", "w", 3);
    ck_assert(!apply("status-task-c-0", bad_values[_i]));
    ck_assert_str_eq(state_of("c", 0), "RUNNING");
}
END_TEST

START_TEST(test_stale_unassigned)
{
    apply_state("status-task-c-0", "RUNNING", "new", 5);
    apply_state("status-task-c-0", "UNASSIGNED", "old", 5);
    ck_assert_str_eq(state_of("c", 0), "RUNNING");
    apply_state("status-task-c-0", "UNASSIGNED", "old", 6);
    ck_assert_str_eq(state_of("c", 0), "UNASSIGNED");
    apply_state("status-connector-c", "RUNNING", "new", 5);
    apply_state("status-connector-c", "UNASSIGNED", "old", 4);
    ck_assert_str_eq(state_of("c", KC_CONNECTOR_STATUS), "UNASSIGNED");
}
END_TEST

static void say(int task, enum kc_state state, int generation)
{
    const struct kc_status status = {
        .state = state, .worker_id = (char *)"w1", .generation = generation};
    kc_status_entry_say(kc_status_cache_entry(cache, "c", task, true), &status);
}

/* A worker that was frozen wakes up, still believes that it has the task, and loses it. */
START_TEST(test_a_zombies_word_is_overruled)
{
    say(0, KC_STATE_RUNNING, 5);
    apply_state("status-task-c-0", "UNASSIGNED", "w2", 4); /* the former owner, in time */
    ck_assert_int_eq(overruled, 0);
    apply_state("status-task-c-0", "RUNNING", "w1", 5);
    apply_state("status-task-c-0", "RUNNING", "w2", 4);
    ck_assert_int_eq(overruled, 1);
    apply_state("status-task-c-0", "RUNNING", "w1", 5);
    apply_state("status-task-c-0", "UNASSIGNED", "w2", 4);
    ck_assert_int_eq(overruled, 2);
}
END_TEST

START_TEST(test_a_new_owners_word_is_not_overruled)
{
    say(0, KC_STATE_RUNNING, 5);
    apply_state("status-task-c-0", "RUNNING", "w1", 5);
    apply_state("status-task-c-0", "RUNNING", "w2", 6);
    apply_state("status-task-c-0", "RESTARTING", "w3", 6); /* the leader's, in between */
    apply_state("status-task-c-0", "RUNNING", "w1", 5);
    say(0, KC_STATE_UNASSIGNED, 6);
    apply_state("status-task-c-0", "RUNNING", "w2", 4);
    say(KC_CONNECTOR_STATUS, KC_STATE_RESTARTING, 6); /* by a plan, of another worker's */
    apply_state("status-connector-c", "RESTARTING", "w1", 6);
    apply_state("status-connector-c", "RUNNING", "w2", 5);
    ck_assert_int_eq(overruled, 0);
}
END_TEST

/* What a worker was frozen for, others had meanwhile and gave up; it is given to it again. */
START_TEST(test_what_is_kept_is_claimed)
{
    struct kc_status_entry *entry = kc_status_cache_entry(cache, "c", 0, true);
    ck_assert(!kc_status_entry_claim(entry, 4)); /* nothing was said */
    say(0, KC_STATE_RUNNING, 5);
    apply_state("status-task-c-0", "RUNNING", "w1", 5);
    ck_assert(!kc_status_entry_claim(entry, 6)); /* the topic says so */
    ck_assert_int_eq(entry->said.generation, 6);
    apply_state("status-task-c-0", "RUNNING", "w2", 7);
    apply_state("status-task-c-0", "UNASSIGNED", "w2", 8);
    ck_assert(!kc_status_entry_claim(entry, 6)); /* no new generation */
    ck_assert(kc_status_entry_claim(entry, 9));
    ck_assert(!kc_status_entry_heard(entry));
    apply_state("status-task-c-0", "RUNNING", "w1", 9);
    ck_assert(kc_status_entry_heard(entry));
    apply_state("status-task-c-0", "UNASSIGNED", "w2", 8); /* a late word of it */
    ck_assert_int_eq(overruled, 1);
    say(0, KC_STATE_UNASSIGNED, 9);
    apply_state("status-task-c-0", "RUNNING", "w2", 10);
    ck_assert(!kc_status_entry_claim(entry, 11)); /* it was given up */
}
END_TEST

START_TEST(test_safe_writes)
{
    char mine[] = "mine";
    struct kc_status status = {KC_STATE_FAILED, NULL, mine, 4, NULL};
    struct kc_status_entry *entry = kc_status_cache_entry(cache, "c", 0, true);
    ck_assert(kc_status_entry_safe(entry, &status));
    apply_state("status-task-c-0", "RUNNING", "other", 5);
    ck_assert(!kc_status_entry_safe(entry, &status));
    status.generation = 5;
    ck_assert(kc_status_entry_safe(entry, &status));
    apply_state("status-task-c-0", "RUNNING", "mine", 9);
    ck_assert(kc_status_entry_safe(entry, &status));
}
END_TEST

/* A connector was deleted and made anew; then its records are read, one partition after another. */
START_TEST(test_an_old_tombstone_of_the_connector)
{
    apply_state("status-task-c-0", "RUNNING", "w", 7);
    apply_state("status-connector-c", "RUNNING", "w", 1);
    ck_assert(apply("status-connector-c", NULL));
    apply_state("status-connector-c", "RUNNING", "w", 6);
    ck_assert_str_eq(state_of("c", 0), "RUNNING");
}
END_TEST

START_TEST(test_tombstones)
{
    int *tasks = NULL;
    apply_state("status-connector-c", "RUNNING", "w", 1);
    apply_state("status-task-c-1", "RUNNING", "w", 1);
    apply_state("status-task-c-0", "RUNNING", "w", 1);
    ck_assert_uint_eq(kc_status_cache_tasks(cache, "c", false, &tasks), 2);
    ck_assert_int_eq(tasks[0], 0);
    free(tasks);
    uint64_t number = kc_status_cache_entry(cache, "c", 1, false)->number;
    ck_assert(apply("status-task-c-1", NULL));
    ck_assert_str_eq(state_of("c", 1), "none");
    ck_assert_uint_ne(kc_status_cache_entry(cache, "c", 1, true)->number, number);
    struct kc_strings names = {0};
    ck_assert(apply("status-task-c-0", NULL));
    ck_assert(apply("status-connector-c", NULL));
    kc_status_cache_connectors(cache, &names);
    ck_assert_uint_eq(names.count, 0);
}
END_TEST

START_TEST(test_announced_topics)
{
    struct kc_strings topics = {0};
    kc_status_cache_announce_topic(cache, "c", "t");
    ck_assert(kc_status_cache_has_topic(cache, "c", "t"));
    kc_status_cache_topics(cache, "c", &topics);
    ck_assert_uint_eq(topics.count, 0);
    ck_assert(apply("status-topic-t:connector-c", "{\"topic\":{\"name\":\"t\",\"connector\":\"c\","
                                                  "\"task\":0,\"discoverTimestamp\":1}}"));
    kc_status_cache_topics(cache, "c", &topics);
    ck_assert_uint_eq(topics.count, 1);
    ck_assert(apply("status-topic-t:connector-c", NULL));
    ck_assert(!kc_status_cache_has_topic(cache, "c", "t"));
    kc_strings_destroy(&topics);
}
END_TEST

/* ---- what is sent, and in which order ---- */

static struct {
    pthread_mutex_t mutex; /* guards what follows */
    struct kc_str sent;    /* states, one a line */
    int hold;              /* this many sends aren't answered */
    kc_status_sent done;
    void *opaque;
} topic = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void send(void *to, const char *key, const char *value, kc_status_sent done, void *opaque)
{
    struct kc_status status = {0};
    if (value)
        ck_assert_ptr_null(kc_status_read(value, strlen(value), &status));
    pthread_mutex_lock(&topic.mutex);
    kc_str_appendf(&topic.sent, "%s\n", value ? kc_state_name(status.state) : "none");
    bool held = topic.hold > 0;
    if (held) {
        topic.hold--;
        topic.done = done;
        topic.opaque = opaque;
    }
    pthread_mutex_unlock(&topic.mutex);
    kc_status_clear(&status);
    if (!held)
        done(opaque, NULL);
}

static struct kc_status_store *sending_store(void)
{
    struct kc_status_store *store = kc_status_store_new(send, NULL);
    ck_assert_ptr_null(kc_status_store_start(store, NULL));
    return store;
}

static void put(struct kc_status_store *store, enum kc_state state, int generation)
{
    struct kc_status status = {
        .state = state, .worker_id = kc_strdup("w1"), .generation = generation};
    kc_status_store_put(store, "c", KC_CONNECTOR_STATUS, &status, false);
    kc_status_clear(&status);
}

static void expect_sent(struct kc_status_store *store, const char *states)
{
    kc_status_store_flush(store, 20000);
    kc_status_store_destroy(store);
    ck_assert_str_eq(topic.sent.data, states);
    kc_str_destroy(&topic.sent);
}

START_TEST(test_what_is_claimed_does_not_follow_what_is_newer)
{
    struct kc_status_store *store = sending_store();
    put(store, KC_STATE_STOPPED, 1);
    kc_status_store_claim(store, "c", KC_CONNECTOR_STATUS, 2);
    usleep(20000); /* the retry thread has it and waits */
    put(store, KC_STATE_RUNNING, 2);
    expect_sent(store, "STOPPED\nRUNNING\n");
}
END_TEST

START_TEST(test_what_failed_does_not_follow_what_is_newer)
{
    struct kc_status_store *store = sending_store();
    topic.hold = 1;
    put(store, KC_STATE_STOPPED, 1);
    put(store, KC_STATE_RUNNING, 1);
    topic.done(topic.opaque, kc_error_retriable_new(KC_ERR_TIMEOUT, "late"));
    expect_sent(store, "STOPPED\nRUNNING\n");
}
END_TEST

START_TEST(test_what_failed_is_sent_again)
{
    struct kc_status_store *store = sending_store();
    topic.hold = 1;
    put(store, KC_STATE_RUNNING, 1);
    topic.done(topic.opaque, kc_error_retriable_new(KC_ERR_TIMEOUT, "late"));
    expect_sent(store, "RUNNING\nRUNNING\n");
}
END_TEST

START_TEST(test_what_is_claimed_is_said_again)
{
    struct kc_status_store *store = sending_store();
    put(store, KC_STATE_RUNNING, 1);
    kc_status_store_claim(store, "c", KC_CONNECTOR_STATUS, 2);
    expect_sent(store, "RUNNING\nRUNNING\n");
}
END_TEST

START_TEST(test_whoever_cleans_up_sees_what_was_said)
{
    int *tasks = NULL;
    struct kc_strings names = {0};
    struct kc_status_store *store = sending_store();
    struct kc_status status = {.state = KC_STATE_RUNNING, .worker_id = kc_strdup("w1")};
    kc_status_store_put(store, "c", 0, &status, false);
    ck_assert_uint_eq(kc_status_store_tasks(store, "c", false, &tasks), 0);
    free(tasks);
    ck_assert_uint_eq(kc_status_store_tasks(store, "c", true, &tasks), 1);
    free(tasks);
    kc_status_store_connectors(store, &names);
    ck_assert_uint_eq(names.count, 1);
    kc_strings_destroy(&names);
    status.state = KC_STATE_DESTROYED;
    kc_status_store_put(store, "c", 0, &status, false);
    ck_assert_uint_eq(kc_status_store_tasks(store, "c", true, &tasks), 0);
    free(tasks);
    kc_status_clear(&status);
    expect_sent(store, "RUNNING\nnone\n");
}
END_TEST

START_TEST(test_memory_store)
{
    char worker[] = "w";
    struct kc_status_store *store = kc_status_store_memory_new();
    struct kc_status put = {KC_STATE_RUNNING, NULL, worker, 0, NULL};
    struct kc_status got = {0};
    ck_assert_ptr_null(kc_status_store_start(store, NULL));
    kc_status_store_put(store, "c", 0, &put, false);
    ck_assert(kc_status_store_get(store, "c", 0, &got));
    ck_assert_int_eq(got.state, KC_STATE_RUNNING);
    kc_status_clear(&got);
    put.state = KC_STATE_DESTROYED;
    kc_status_store_put(store, "c", 0, &put, false);
    ck_assert(!kc_status_store_get(store, "c", 0, &got));
    kc_status_store_add_topic(store, "c", 0, "t");
    ck_assert(kc_status_store_has_topic(store, "c", "t"));
    kc_status_store_reset_topics(store, "c");
    ck_assert(!kc_status_store_has_topic(store, "c", "t"));
    kc_status_store_flush(store, 100);
    kc_status_store_destroy(store);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("status_store");
    TCase *tcase = tcase_create("all");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, test_java_bytes);
    tcase_add_test(tcase, test_topic_bytes);
    tcase_add_test(tcase, test_status_without_version);
    tcase_add_loop_test(tcase, test_bad_keys, 0, sizeof(bad_keys) / sizeof(*bad_keys));
    tcase_add_loop_test(tcase, test_bad_values, 0, sizeof(bad_values) / sizeof(*bad_values));
    tcase_add_test(tcase, test_stale_unassigned);
    tcase_add_test(tcase, test_a_zombies_word_is_overruled);
    tcase_add_test(tcase, test_what_is_kept_is_claimed);
    tcase_add_test(tcase, test_what_is_claimed_does_not_follow_what_is_newer);
    tcase_add_test(tcase, test_what_failed_does_not_follow_what_is_newer);
    tcase_add_test(tcase, test_what_failed_is_sent_again);
    tcase_add_test(tcase, test_what_is_claimed_is_said_again);
    tcase_add_test(tcase, test_whoever_cleans_up_sees_what_was_said);
    tcase_add_test(tcase, test_a_new_owners_word_is_not_overruled);
    tcase_add_test(tcase, test_safe_writes);
    tcase_add_test(tcase, test_tombstones);
    tcase_add_test(tcase, test_an_old_tombstone_of_the_connector);
    tcase_add_test(tcase, test_announced_topics);
    tcase_add_test(tcase, test_memory_store);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
