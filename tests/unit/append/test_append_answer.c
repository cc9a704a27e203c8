/* SPDX-License-Identifier: Apache-2.0 */
/* Where the appender goes with a batch that a broker has refused. */
#include "append/appender.h"
#include "batch/batch_builder.h"
#include "wire/fake_broker.h"
#include "wire/wire_admin.h"

#include "connect/thread.h"

struct outcome {
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    bool done;
    char *error;
    int64_t base_offset;
};

static void on_appended(void *arg, const struct kc_append_result *result)
{
    struct outcome *outcome = arg;

    pthread_mutex_lock(&outcome->mutex);
    outcome->error = result->error ? kc_strdup(kc_error_text(result->error)) : NULL;
    outcome->base_offset = result->base_offset;
    outcome->done = true;
    pthread_cond_signal(&outcome->cond);
    pthread_mutex_unlock(&outcome->mutex);
}

/* Broker 1 says that 2 leads and where it is; 2 takes the batch. */
static bool moved(struct fake *fake, int asked, int api, const void *request, void *response,
                  struct kc_arena *arena)
{
    struct kc_produce_response *produce = response;
    const struct fake *leader = &fake->cluster->brokers[1];

    if (api == KC_API_INIT_PRODUCER_ID) {
        ((struct kc_init_producer_id_response *)response)->producer_id = 77;
        return true;
    }
    KC_WIRE_LIST_NEW(arena, &produce->responses, kc_produce_response_topic, 1);
    produce->responses.items[0].name = kc_wire_str(FAKE_TOPIC);
    produce->responses.items[0].topic_id = fake->cluster->topic_id;
    KC_WIRE_LIST_NEW(arena, &produce->responses.items[0].partition_responses,
                     kc_produce_response_partition, 1);
    struct kc_produce_response_partition *partition =
        &produce->responses.items[0].partition_responses.items[0];
    partition->base_offset = 42;
    if (fake->id == leader->id)
        return true;
    partition->error_code = KC_KAFKA_NOT_LEADER_OR_FOLLOWER;
    partition->current_leader = (struct kc_produce_response_current_leader){leader->id, 5};
    KC_WIRE_LIST_NEW(arena, &produce->node_endpoints, kc_produce_response_node_endpoint, 1);
    produce->node_endpoints.items[0].node_id = leader->id;
    produce->node_endpoints.items[0].host = kc_wire_str("127.0.0.1");
    produce->node_endpoints.items[0].port = leader->port;
    return true;
}

/* What becomes of a batch; its error is the caller's. */
static void append_batch(struct kc_appender *appender, struct outcome *result)
{
    struct outcome outcome = {.mutex = PTHREAD_MUTEX_INITIALIZER};
    struct kc_batch_builder builder = {0};
    struct kc_wire_record record = {.timestamp = 1000};
    struct kc_str batch = {0};

    kc_cond_init(&outcome.cond);
    ck_assert_ptr_null(kc_batch_builder_add(&builder, &record));
    ck_assert_ptr_null(kc_batch_builder_finish(&builder, &batch));
    ck_assert(kc_appender_submit(appender, &(struct kc_append){.topic = FAKE_TOPIC,
                                                               .data = (uint8_t *)batch.data,
                                                               .len = batch.len,
                                                               .done = on_appended,
                                                               .arg = &outcome}));
    pthread_mutex_lock(&outcome.mutex);
    while (!outcome.done)
        kc_cond_wait_until(&outcome.cond, &outcome.mutex, INT64_MAX);
    pthread_mutex_unlock(&outcome.mutex);
    kc_batch_builder_destroy(&builder);
    kc_str_destroy(&batch);
    *result = outcome;
}

static void append_one(struct kc_wire_client *client)
{
    struct kc_appender_options options = {0};
    struct kc_appender *appender = kc_appender_new(client, &options);
    struct outcome outcome;

    append_batch(appender, &outcome);
    ck_assert_msg(!outcome.error, "%s", outcome.error);
    ck_assert_int_eq(outcome.base_offset, 42);
    kc_appender_destroy(appender);
}

START_TEST(a_named_leader_is_asked_at_once)
{
    struct fakes cluster = {.answer = moved, .topic_id = {{1}}, .leader = 1, .epoch = 4};
    struct kc_wire_admin *admin;

    fake_start(&cluster, 1, true);
    fake_start(&cluster, 2, true);
    struct kc_map *settings = fakes_settings(&cluster, "600000");
    ck_assert_ptr_null(kc_wire_admin_new(settings, "test", &admin));
    append_one(kc_wire_admin_client(admin));
    ck_assert_int_eq(atomic_load(&cluster.brokers[0].asked[KC_API_PRODUCE]), 1);
    ck_assert_int_eq(atomic_load(&cluster.brokers[1].asked[KC_API_PRODUCE]), 1);
    ck_assert_int_eq(atomic_load(&cluster.brokers[0].asked[KC_API_METADATA]) +
                         atomic_load(&cluster.brokers[1].asked[KC_API_METADATA]),
                     1);
    kc_wire_admin_destroy(admin);
    kc_map_destroy(settings);
    fakes_stop(&cluster);
}
END_TEST

static void refresh(void *client)
{
    kc_wire_refresh(client);
}

/* What metadata was asked for just before says nothing of the topic, and the next time may be far.
 */
START_TEST(a_new_topic_is_asked_about_at_once)
{
    struct fakes cluster = {.answer = moved, .topic_id = {{1}}, .leader = 2, .epoch = 4};
    struct kc_wire_admin *admin;

    fake_start(&cluster, 1, true);
    fake_start(&cluster, 2, true);
    struct kc_map *settings = fakes_settings(&cluster, "600000");
    ck_assert_ptr_null(kc_wire_admin_new(settings, "test", &admin));
    ck_assert(kc_wire_post(kc_wire_admin_client(admin), refresh, kc_wire_admin_client(admin)));
    while (!atomic_load(&cluster.brokers[0].asked[KC_API_METADATA]))
        usleep(1000);
    append_one(kc_wire_admin_client(admin));
    kc_wire_admin_destroy(admin);
    kc_map_destroy(settings);
    fakes_stop(&cluster);
}
END_TEST

/* Java's producer fails a send at once when Metadata has such an answer. It isn't kept: who has got
 * the right since can append. */
START_TEST(a_topic_that_may_not_be_seen_is_refused_at_once)
{
    static const int codes[] = {KC_KAFKA_TOPIC_AUTHORIZATION_FAILED,
                                KC_KAFKA_INVALID_TOPIC_EXCEPTION};
    struct fakes cluster = {.answer = moved, .topic_id = {{1}}, .leader = 2, .epoch = 4};
    struct kc_appender_options options = {.delivery_timeout_ms = 20000};
    struct kc_wire_admin *admin;
    struct outcome outcome;

    atomic_store(&cluster.refusal, codes[_i]);
    fake_start(&cluster, 1, true);
    fake_start(&cluster, 2, true);
    struct kc_map *settings = fakes_settings(&cluster, "50");
    ck_assert_ptr_null(kc_wire_admin_new(settings, "test", &admin));
    struct kc_appender *appender = kc_appender_new(kc_wire_admin_client(admin), &options);
    append_batch(appender, &outcome);
    ck_assert_ptr_nonnull(outcome.error);
    ck_assert_msg(strstr(outcome.error, kc_kafka_error_name(codes[_i])), "%s", outcome.error);
    ck_assert_ptr_null(strstr(outcome.error, "delivery.timeout.ms"));
    ck_assert_int_eq(atomic_load(&cluster.brokers[0].asked[KC_API_PRODUCE]) +
                         atomic_load(&cluster.brokers[1].asked[KC_API_PRODUCE]),
                     0);
    atomic_store(&cluster.refusal, KC_KAFKA_NONE);
    while (outcome.error) {
        free(outcome.error);
        append_batch(appender, &outcome);
    }
    ck_assert_int_eq(outcome.base_offset, 42);
    kc_appender_destroy(appender);
    kc_wire_admin_destroy(admin);
    kc_map_destroy(settings);
    fakes_stop(&cluster);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("append_answer");
    TCase *tcase = tcase_create("answers");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_named_leader_is_asked_at_once);
    tcase_add_test(tcase, a_new_topic_is_asked_about_at_once);
    tcase_add_loop_test(tcase, a_topic_that_may_not_be_seen_is_refused_at_once, 0, 2);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
