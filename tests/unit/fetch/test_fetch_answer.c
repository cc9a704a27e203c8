/* SPDX-License-Identifier: Apache-2.0 */
/* Whom the fetcher asks next after an answer that is none: a named leader, or the leader in the
 * place of a follower. */
#include "connect/fetch.h"
#include "wire/fake_broker.h"

#define PATIENCE_MS 20000

static struct kc_fetch_response_partition *
one_partition(const struct fake *fake, struct kc_fetch_response *response, struct kc_arena *arena)
{
    KC_WIRE_LIST_NEW(arena, &response->responses, kc_fetch_response_topic, 1);
    struct kc_fetch_response_topic *topic = &response->responses.items[0];
    topic->topic = kc_wire_str(FAKE_TOPIC);
    topic->topic_id = fake->cluster->topic_id;
    KC_WIRE_LIST_NEW(arena, &topic->partitions, kc_fetch_response_partition, 1);
    return &topic->partitions.items[0];
}

/* Broker 1 says that 2 leads and where it is; 2 says, as a sign, that the offset isn't there. */
static bool moved(struct fake *fake, int asked, int api, const void *request, void *response,
                  struct kc_arena *arena)
{
    struct kc_fetch_response *fetch = response;
    struct kc_fetch_response_partition *partition = one_partition(fake, fetch, arena);
    const struct fake *leader = &fake->cluster->brokers[1];

    ck_assert_int_eq(api, KC_API_FETCH);
    partition->error_code = KC_KAFKA_OFFSET_OUT_OF_RANGE;
    if (fake->id == leader->id)
        return true;
    partition->error_code = KC_KAFKA_NOT_LEADER_OR_FOLLOWER;
    partition->current_leader = (struct kc_fetch_response_current_leader){leader->id, 5};
    KC_WIRE_LIST_NEW(arena, &fetch->node_endpoints, kc_fetch_response_node_endpoint, 1);
    fetch->node_endpoints.items[0].node_id = leader->id;
    fetch->node_endpoints.items[0].host = kc_wire_str("127.0.0.1");
    fetch->node_endpoints.items[0].port = leader->port;
    return true;
}

/* The leader, 1, sends to the follower, 2, which isn't there; asked again it gives the sign. */
static bool sends_to_follower(struct fake *fake, int asked, int api, const void *request,
                              void *response, struct kc_arena *arena)
{
    struct kc_fetch_response_partition *partition = one_partition(fake, response, arena);

    ck_assert_int_eq(api, KC_API_FETCH);
    if (asked == 0)
        partition->preferred_read_replica = 2;
    else
        partition->error_code = KC_KAFKA_OFFSET_OUT_OF_RANGE;
    return true;
}

static void expect_sign(const struct fakes *cluster, const char *back_off_ms)
{
    struct kc_map *settings = fakes_settings(cluster, back_off_ms);
    struct kc_fetcher *fetcher;

    kc_map_set(settings, "client.rack", "here");
    ck_assert_ptr_null(kc_fetcher_open(settings, "test", 1 << 20, &fetcher));
    kc_fetcher_add(fetcher, FAKE_TOPIC, 0, 100, -1);
    struct kc_fetched *fetched = kc_fetcher_next(fetcher, kc_mono_ms() + PATIENCE_MS);
    ck_assert_ptr_nonnull(fetched);
    ck_assert_int_eq(fetched->kind, KC_FETCHED_OUT_OF_RANGE);
    kc_fetched_release(fetched);
    kc_fetcher_close(fetcher);
    kc_map_destroy(settings);
}

START_TEST(a_named_leader_is_asked_at_once)
{
    struct fakes cluster = {.answer = moved, .topic_id = {{1}}, .leader = 1, .epoch = 4};

    fake_start(&cluster, 1, true);
    fake_start(&cluster, 2, true);
    expect_sign(&cluster, "600000");
    ck_assert_int_eq(atomic_load(&cluster.brokers[0].asked[KC_API_FETCH]), 1);
    ck_assert_int_eq(atomic_load(&cluster.brokers[1].asked[KC_API_FETCH]), 1);
    ck_assert_int_eq(atomic_load(&cluster.brokers[0].asked[KC_API_METADATA]) +
                         atomic_load(&cluster.brokers[1].asked[KC_API_METADATA]),
                     1);
    fakes_stop(&cluster);
}
END_TEST

START_TEST(a_follower_that_is_gone_is_left)
{
    struct fakes cluster = {
        .answer = sends_to_follower, .topic_id = {{1}}, .leader = 1, .epoch = 4};

    fake_start(&cluster, 1, true);
    fake_start(&cluster, 2, false);
    expect_sign(&cluster, "100");
    fakes_stop(&cluster);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fetch_answer");
    TCase *tcase = tcase_create("answers");

    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_named_leader_is_asked_at_once);
    tcase_add_test(tcase, a_follower_that_is_gone_is_left);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
