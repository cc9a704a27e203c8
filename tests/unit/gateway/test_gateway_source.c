/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes to the source, with brokers made here: to the leader, in order, one try each, and what
 * clients are told of failures.
 */
#include "gateway/gateway_source_priv.h"
#include "gateway/route_check.h"
#include "wire/fake_broker.h"

#include "connect/link.h"

static struct fakes cluster;
static atomic_int produce_code;
static atomic_int silent;
static atomic_int timeout_ms; /* of the last Produce request */

static bool answer(struct fake *fake, int asked, int api, const void *request, void *response,
                   struct kc_arena *arena)
{
    const struct kc_produce_request *produce = request;
    struct kc_produce_response *to = response;

    if (api != KC_API_PRODUCE || atomic_load(&silent))
        return false;
    ck_assert_int_ne(produce->acks, 0);
    atomic_store(&timeout_ms, produce->timeout_ms);
    KC_WIRE_LIST_NEW(arena, &to->responses, kc_produce_response_topic, 1);
    to->throttle_time_ms = 7;
    to->responses.items[0].name = produce->topic_data.items[0].name;
    to->responses.items[0].topic_id = produce->topic_data.items[0].topic_id;
    KC_WIRE_LIST_NEW(arena, &to->responses.items[0].partition_responses,
                     kc_produce_response_partition, 1);
    struct kc_produce_response_partition *partition =
        &to->responses.items[0].partition_responses.items[0];
    partition->error_code = (int16_t)atomic_load(&produce_code);
    partition->base_offset = 1000 + asked;
    if (partition->error_code != KC_KAFKA_INVALID_RECORD)
        return true;
    partition->error_message = kc_wire_str_copy(arena, "two are bad");
    KC_WIRE_LIST_NEW(arena, &partition->record_errors, kc_produce_response_record_error, 2);
    partition->record_errors.items[0].batch_index = 1;
    partition->record_errors.items[0].batch_index_error_message = kc_wire_str_copy(arena, "no key");
    partition->record_errors.items[1].batch_index = 9; /* of a batch of three */
    return true;
}

/* ---- a write that is waited for ---- */

struct sent {
    struct gateway_write write;
    struct gateway_batch batch;
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    bool done;
};

static void on_done(void *arg, struct gateway_write *write)
{
    struct sent *sent = arg;

    pthread_mutex_lock(&sent->mutex);
    sent->done = true;
    pthread_cond_signal(&sent->cond);
    pthread_mutex_unlock(&sent->mutex);
}

static void send_one(struct gateway_source *source, struct sent *sent, const char *topic,
                     int patience_ms)
{
    *sent = (struct sent){.mutex = PTHREAD_MUTEX_INITIALIZER, .cond = PTHREAD_COND_INITIALIZER};
    sent->batch = (struct gateway_batch){
        .topic = topic, .partition = 0, .records = (const uint8_t *)"records", .len = 7};
    sent->write = (struct gateway_write){.acks = 0,
                                         .timeout_ms = 1000,
                                         .source_tag = kc_link_tag("fake"),
                                         .deadline_ms = kc_mono_ms() + patience_ms,
                                         .channel = gateway_source_channel(source),
                                         .batches = &sent->batch,
                                         .count = 1,
                                         .done = on_done,
                                         .arg = sent};
    gateway_source_write(source, &sent->write);
}

static void await(struct sent *sent)
{
    pthread_mutex_lock(&sent->mutex);
    while (!sent->done)
        pthread_cond_wait(&sent->cond, &sent->mutex);
    pthread_mutex_unlock(&sent->mutex);
}

static struct gateway_source *begin(bool there)
{
    struct gateway_config config = {.name = (char *)"g"};
    struct gateway_source *source = NULL;

    memset(&cluster, 0, sizeof(cluster));
    atomic_store(&produce_code, 0);
    atomic_store(&silent, 0);
    cluster.answer = answer;
    atomic_store(&cluster.leader, 1);
    fake_start(&cluster, 1, there);
    config.source = fakes_settings(&cluster, "50");
    ck_assert_ptr_null(gateway_source_new(&config, &source));
    kc_map_destroy(config.source);
    return source;
}

static void end(struct gateway_source *source)
{
    gateway_source_destroy(source);
    fakes_stop(&cluster);
}

START_TEST(a_write_reaches_the_leader)
{
    struct gateway_source *source = begin(true);
    struct sent sent;

    send_one(source, &sent, FAKE_TOPIC, 10000);
    await(&sent);
    ck_assert_int_eq(sent.batch.error_code, 0);
    ck_assert_int_eq(sent.batch.base_offset, 1000);
    ck_assert_int_eq(sent.write.throttle_time_ms, 7);
    char *id = gateway_source_cluster_id(source, 10000);
    ck_assert_str_eq(id, "fake");
    free(id);
    end(source);
}
END_TEST

/* Else the connection would end first, which others share. */
START_TEST(the_broker_gives_up_before_the_gateway_does)
{
    struct gateway_source *source = begin(true);
    struct sent sent = {.mutex = PTHREAD_MUTEX_INITIALIZER, .cond = PTHREAD_COND_INITIALIZER};

    sent.batch = (struct gateway_batch){
        .topic = FAKE_TOPIC, .partition = 0, .records = (const uint8_t *)"records", .len = 7};
    sent.write = (struct gateway_write){.acks = -1,
                                        .timeout_ms = 30000, /* as Java's */
                                        .source_tag = kc_link_tag("fake"),
                                        .deadline_ms = kc_mono_ms() + 26000,
                                        .channel = gateway_source_channel(source),
                                        .batches = &sent.batch,
                                        .count = 1,
                                        .done = on_done,
                                        .arg = &sent};
    gateway_source_write(source, &sent.write);
    await(&sent);
    ck_assert_int_gt(atomic_load(&timeout_ms), 10000);
    ck_assert_int_lt(atomic_load(&timeout_ms), 25000);
    end(source);
}
END_TEST

START_TEST(a_failure_is_not_tried_again)
{
    struct gateway_source *source = begin(true);
    struct sent sent;

    atomic_store(&produce_code, KC_KAFKA_NOT_ENOUGH_REPLICAS);
    send_one(source, &sent, FAKE_TOPIC, 10000);
    await(&sent);
    ck_assert_int_eq(sent.batch.error_code, KC_KAFKA_NOT_ENOUGH_REPLICAS);
    ck_assert_int_eq(atomic_load(&cluster.brokers[0].asked[KC_API_PRODUCE]), 1);
    atomic_store(&produce_code, KC_KAFKA_TOPIC_AUTHORIZATION_FAILED);
    send_one(source, &sent, FAKE_TOPIC, 10000);
    await(&sent);
    ck_assert_int_eq(sent.batch.error_code, KC_KAFKA_NOT_LEADER_OR_FOLLOWER);
    end(source);
}
END_TEST

/* The answer is kept until the last batch of the write has its own. */
START_TEST(records_that_the_source_refuses_are_named)
{
    struct gateway_source *source = begin(true);
    struct sent sent = {.mutex = PTHREAD_MUTEX_INITIALIZER, .cond = PTHREAD_COND_INITIALIZER};
    struct gateway_batch batches[2] = {
        {.topic = FAKE_TOPIC, .records = (const uint8_t *)"records", .len = 7, .count = 3},
        {.topic = "nowhere", .records = (const uint8_t *)"records", .len = 7, .count = 3}};

    atomic_store(&produce_code, KC_KAFKA_INVALID_RECORD);
    sent.write = (struct gateway_write){.acks = -1,
                                        .timeout_ms = 1000,
                                        .source_tag = kc_link_tag("fake"),
                                        .deadline_ms = kc_mono_ms() + 1000,
                                        .channel = gateway_source_channel(source),
                                        .batches = batches,
                                        .count = 2,
                                        .done = on_done,
                                        .arg = &sent};
    gateway_source_write(source, &sent.write);
    await(&sent);
    ck_assert_int_eq(batches[0].error_code, KC_KAFKA_INVALID_RECORD);
    ck_assert_str_eq(batches[0].error_message, "two are bad");
    ck_assert_uint_eq(batches[0].record_errors->count, 1);
    ck_assert_int_eq(batches[0].record_errors->items[0].index, 1);
    ck_assert_str_eq(batches[0].record_errors->items[0].why, "no key");
    ck_assert_int_eq(batches[1].error_code, KC_KAFKA_NOT_LEADER_OR_FOLLOWER);
    ck_assert_ptr_null(batches[1].record_errors);
    free(batches[0].error_message);
    kc_record_errors_unref(batches[0].record_errors);
    end(source);
}
END_TEST

START_TEST(an_unknown_outcome_is_told_as_such)
{
    struct gateway_source *source = begin(true);
    struct sent sent;

    atomic_store(&silent, 1);
    send_one(source, &sent, FAKE_TOPIC, 600);
    await(&sent);
    ck_assert_int_eq(sent.batch.error_code, KC_KAFKA_REQUEST_TIMED_OUT);
    end(source);
}
END_TEST

START_TEST(a_leader_is_waited_for)
{
    struct gateway_source *source = begin(true);
    struct sent sent, unknown;

    atomic_store(&cluster.leader, -1);
    send_one(source, &sent, FAKE_TOPIC, 20000);
    send_one(source, &unknown, "nowhere", 500);
    await(&unknown);
    ck_assert_int_eq(unknown.batch.error_code, KC_KAFKA_NOT_LEADER_OR_FOLLOWER);
    ck_assert(!sent.done);
    atomic_store(&cluster.epoch, 1);
    atomic_store(&cluster.leader, 1);
    await(&sent);
    ck_assert_int_eq(sent.batch.error_code, 0);
    end(source);
}
END_TEST

START_TEST(a_source_that_is_away_is_waited_for)
{
    struct gateway_source *source = begin(false);
    struct sent sent;

    send_one(source, &sent, FAKE_TOPIC, 700);
    await(&sent);
    ck_assert_int_eq(sent.batch.error_code, KC_KAFKA_NOT_LEADER_OR_FOLLOWER);
    ck_assert_ptr_null(gateway_source_cluster_id(source, 300));
    end(source);
}
END_TEST

START_TEST(another_cluster_gets_nothing)
{
    struct gateway_source *source = begin(true);
    struct sent sent;

    free(gateway_source_cluster_id(source, 10000));
    send_one(source, &sent, FAKE_TOPIC, 10000);
    await(&sent);
    ck_assert_int_eq(sent.batch.error_code, 0);
    struct gateway_batch batch = sent.batch;
    struct gateway_write write = sent.write;
    sent.done = false;
    write.batches = &batch;
    write.source_tag++;
    gateway_source_write(source, &write);
    await(&sent);
    ck_assert_int_eq(batch.error_code, KC_KAFKA_NOT_LEADER_OR_FOLLOWER);
    ck_assert_int_eq(atomic_load(&cluster.brokers[0].asked[KC_API_PRODUCE]), 1);
    end(source);
}
END_TEST

START_TEST(what_waits_is_answered_at_the_end)
{
    struct gateway_source *source = begin(false);
    struct sent sent;

    send_one(source, &sent, FAKE_TOPIC, 60000);
    end(source);
    ck_assert(sent.done);
    ck_assert_int_eq(sent.batch.error_code, KC_KAFKA_NOT_LEADER_OR_FOLLOWER);
}
END_TEST

START_TEST(versions_are_the_sources_own)
{
    struct gateway_source *source = begin(true);
    int16_t max[KC_API_KEYS], level = -1;

    ck_assert_ptr_null(gateway_source_versions(source, 10000, max, KC_API_KEYS, &level));
    ck_assert_int_eq(max[KC_API_PRODUCE], kc_api_find(KC_API_PRODUCE)->client_max);
    ck_assert_int_eq(max[KC_API_DELETE_TOPICS], -1);
    ck_assert_int_eq(level, 0);
    end(source);
}
END_TEST

RUN_TESTS("gateway_source", a_write_reaches_the_leader, the_broker_gives_up_before_the_gateway_does,
          a_failure_is_not_tried_again, records_that_the_source_refuses_are_named,
          an_unknown_outcome_is_told_as_such, a_leader_is_waited_for,
          a_source_that_is_away_is_waited_for, another_cluster_gets_nothing,
          what_waits_is_answered_at_the_end, versions_are_the_sources_own)
