/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several who append through one appender, of whom one leaves: none of its callbacks runs any more,
 * its bytes are kept while they are in flight, and the partition's sequences go on without a gap.
 */
#include "append/appender.h"
#include "batch/batch_builder.h"
#include "wire/fake_broker.h"

enum { BATCHES = 4 };

/* Appends batches of one record; in the order of their numbers. */
struct user {
    struct batch {
        struct user *user;
        struct kc_str bytes;
        atomic_int results;
        atomic_bool skipped, failed;
        atomic_int_least64_t base_offset;
    } batches[BATCHES];
    int count;
    atomic_int kept, dropped;
};

static atomic_bool shut;        /* produce requests aren't answered */
static atomic_int refusals;     /* of the next requests, with an error that passes */
static atomic_int sequences[8]; /* of the batches that arrived */
static atomic_int arrived;

static bool broker(struct fake *fake, int asked, int api, const void *request, void *response,
                   struct kc_arena *arena)
{
    const struct kc_produce_request *produce = request;
    struct kc_produce_response *answer = response;
    struct kc_record_batch batch;
    const char *why;

    if (api == KC_API_INIT_PRODUCER_ID) {
        ((struct kc_init_producer_id_response *)response)->producer_id = 77;
        return true;
    }
    const struct kc_wire_bytes *records =
        &produce->topic_data.items[0].partition_data.items[0].records;
    ck_assert_int_eq(kc_record_batch_parse(records->data, (size_t)records->len, &batch, &why),
                     KC_BATCH_OK);
    ck_assert(kc_record_batch_intact(&batch));
    atomic_store(&sequences[atomic_load(&arrived)], batch.base_sequence);
    atomic_fetch_add(&arrived, 1);
    while (atomic_load(&shut))
        usleep(1000);
    KC_WIRE_LIST_NEW(arena, &answer->responses, kc_produce_response_topic, 1);
    answer->responses.items[0].name = kc_wire_str(FAKE_TOPIC);
    answer->responses.items[0].topic_id = fake->cluster->topic_id;
    KC_WIRE_LIST_NEW(arena, &answer->responses.items[0].partition_responses,
                     kc_produce_response_partition, 1);
    struct kc_produce_response_partition *partition =
        &answer->responses.items[0].partition_responses.items[0];
    partition->current_leader.leader_id = partition->current_leader.leader_epoch = -1;
    partition->base_offset = batch.base_sequence;
    if (atomic_load(&refusals) > 0 && atomic_fetch_sub(&refusals, 1) > 0)
        partition->error_code = KC_KAFKA_NOT_LEADER_OR_FOLLOWER;
    return true;
}

static struct fakes cluster;
static struct kc_wire_client *client;
static struct kc_appender *appender;
static struct user leaver, other;

static void setup(void)
{
    const struct kc_appender_options options = {.block_failed = true};

    atomic_store(&shut, false);
    atomic_store(&refusals, 0);
    atomic_store(&arrived, 0);
    memset(&leaver, 0, sizeof(leaver));
    memset(&other, 0, sizeof(other));
    cluster = (struct fakes){.answer = broker, .topic_id = {{1}}, .leader = 1, .epoch = 4};
    fake_start(&cluster, 1, true);
    struct kc_map *settings = fakes_settings(&cluster, "20");
    ck_assert_ptr_null(kc_wire_client_new(settings, "test", &client));
    kc_map_destroy(settings);
    appender = kc_appender_new(client, &options);
}

static void clear(struct user *user)
{
    for (int i = 0; i < user->count; i++)
        kc_str_destroy(&user->batches[i].bytes);
}

static void teardown(void)
{
    kc_appender_destroy(appender);
    kc_wire_client_destroy(client);
    fakes_stop(&cluster);
    clear(&leaver);
    clear(&other);
}

static void on_result(void *arg, const struct kc_append_result *result)
{
    struct batch *batch = arg;

    atomic_store(&batch->skipped, result->skipped);
    atomic_store(&batch->failed, result->error != NULL);
    atomic_store(&batch->base_offset, result->base_offset);
    atomic_fetch_add(&batch->results, 1);
}

static struct batch *append(struct user *user)
{
    struct batch *batch = &user->batches[user->count++];
    struct kc_batch_builder builder = {0};
    struct kc_wire_record record = {.timestamp = 1000};

    batch->user = user;
    ck_assert_ptr_null(kc_batch_builder_add(&builder, &record));
    ck_assert_ptr_null(kc_batch_builder_finish(&builder, &batch->bytes));
    kc_batch_builder_destroy(&builder);
    ck_assert(kc_appender_submit(appender, &(struct kc_append){.topic = FAKE_TOPIC,
                                                               .data = (uint8_t *)batch->bytes.data,
                                                               .len = batch->bytes.len,
                                                               .done = on_result,
                                                               .arg = batch}));
    return batch;
}

static bool owns(const void *who, const void *arg)
{
    return ((const struct batch *)arg)->user == who;
}

static void *keep(void *arg)
{
    struct batch *batch = arg;

    atomic_fetch_add(&batch->user->kept, 1);
    return batch->user;
}

static void dropped(void *arg, const struct kc_append_result *result)
{
    struct user *user = arg;

    atomic_fetch_add(&user->dropped, 1);
}

static void abandon(void)
{
    kc_appender_abandon(appender, &(struct kc_append_leaver){owns, keep, dropped, &leaver});
}

static void await(atomic_int *number, int value)
{
    while (atomic_load(number) < value) /* the test's time-out ends it */
        usleep(1000);
}

START_TEST(the_others_go_on)
{
    atomic_store(&shut, true);
    append(&leaver);
    await(&arrived, 1);
    append(&leaver);
    struct batch *behind = append(&other);
    abandon();
    ck_assert_int_eq(atomic_load(&leaver.kept), 2);
    ck_assert_int_eq(atomic_load(&leaver.dropped), 0);
    ck_assert_int_eq(atomic_load(&behind->results), 0);
    atomic_store(&shut, false);
    await(&leaver.dropped, 2);
    await(&behind->results, 1);
    ck_assert(atomic_load(&behind->skipped));
    kc_appender_unblock(appender, FAKE_TOPIC, 0);
    struct batch *again = append(&other);
    await(&again->results, 1);
    ck_assert(!atomic_load(&again->failed));
    ck_assert_int_eq(atomic_load(&again->base_offset), 1);
    ck_assert_int_eq(atomic_load(&arrived), 2);
    ck_assert_int_eq(atomic_load(&sequences[1]), 1);
    for (int i = 0; i < leaver.count; i++)
        ck_assert_int_eq(atomic_load(&leaver.batches[i].results), 0);
    ck_assert_uint_eq(kc_appender_bytes(appender), 0);
}
END_TEST

/* What waits to be tried again isn't, and its sequence is free. */
START_TEST(nothing_is_tried_again_for_who_has_left)
{
    atomic_store(&shut, true);
    atomic_store(&refusals, 1);
    append(&leaver);
    await(&arrived, 1);
    abandon();
    ck_assert_int_eq(atomic_load(&leaver.dropped), 0);
    atomic_store(&shut, false);
    await(&leaver.dropped, 1);
    kc_appender_unblock(appender, FAKE_TOPIC, 0);
    struct batch *next = append(&other);
    await(&next->results, 1);
    ck_assert(!atomic_load(&next->failed));
    ck_assert_int_eq(atomic_load(&arrived), 2);
    ck_assert_int_eq(atomic_load(&sequences[1]), 0);
    ck_assert_int_eq(atomic_load(&leaver.batches[0].results), 0);
}
END_TEST

START_TEST(who_has_nothing_in_flight_just_leaves)
{
    struct batch *batch = append(&other);

    await(&batch->results, 1);
    abandon();
    ck_assert_int_eq(atomic_load(&leaver.kept), 0);
    batch = append(&other);
    await(&batch->results, 1);
    ck_assert(!atomic_load(&batch->failed));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("append_abandon");
    TCase *tests = tcase_create("all");

    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, the_others_go_on);
    tcase_add_test(tests, nothing_is_tried_again_for_who_has_left);
    tcase_add_test(tests, who_has_nothing_in_flight_just_leaves);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
