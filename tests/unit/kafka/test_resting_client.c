/* SPDX-License-Identifier: Apache-2.0 */
/* When a resting client is made and ended. No broker is needed. */
#include "connect/resting_client.h"

#include <check.h>
#include <stdlib.h>

static int made;

static void on_made(rd_kafka_t *client)
{
    made++;
}

static struct kc_resting_client *resting_producer(void)
{
    rd_kafka_conf_t *conf = NULL;
    struct kc_map *properties = kc_map_new();
    kc_map_set(properties, "bootstrap.servers", "127.0.0.1:1");
    ck_assert_ptr_null(kc_client_conf(KC_CLIENT_PRODUCER, properties, &conf));
    kc_map_destroy(properties);
    return kc_resting_client_new(KC_CLIENT_PRODUCER, conf, on_made);
}

static rd_kafka_t *hold(struct kc_resting_client *resting)
{
    rd_kafka_t *client = NULL;
    ck_assert_ptr_null(kc_resting_client_hold(resting, &client));
    ck_assert_ptr_nonnull(client);
    return client;
}

static bool is_awake(struct kc_resting_client *resting)
{
    bool awake = kc_resting_client_hold_awake(resting) != NULL;
    if (awake)
        kc_resting_client_let_go(resting);
    return awake;
}

/* Serves the client, which may have errors of its connections to tell, until it rests. */
static void expect_rest(struct kc_resting_client *resting)
{
    int64_t deadline = kc_mono_ms() + 10000;
    while (is_awake(resting) && kc_mono_ms() < deadline) {
        rd_kafka_t *client = kc_resting_client_hold_awake(resting);
        rd_kafka_poll(client, 10);
        kc_resting_client_let_go(resting);
        kc_resting_client_rest(resting, 0);
    }
    ck_assert(!is_awake(resting));
}

START_TEST(client_is_made_for_the_first_who_needs_it_and_held_by_several)
{
    struct kc_resting_client *resting = resting_producer();
    ck_assert(!is_awake(resting));
    ck_assert_int_eq(made, 0);
    rd_kafka_t *client = hold(resting);
    ck_assert_ptr_eq(hold(resting), client);
    ck_assert_int_eq(made, 1);
    kc_resting_client_let_go(resting);
    kc_resting_client_rest(resting, 0);
    ck_assert(is_awake(resting)); /* one still holds it */
    kc_resting_client_let_go(resting);
    expect_rest(resting);
    hold(resting);
    ck_assert_int_eq(made, 2);
    kc_resting_client_let_go(resting);
    kc_resting_client_destroy(resting);
}
END_TEST

START_TEST(client_rests_only_after_the_time_and_with_nothing_in_flight)
{
    struct kc_resting_client *resting = resting_producer();
    rd_kafka_t *client = hold(resting);
    kc_resting_client_let_go(resting);
    kc_resting_client_rest(resting, 60000);
    ck_assert(is_awake(resting));
    ck_assert_int_eq(rd_kafka_producev(client, RD_KAFKA_V_TOPIC("topic"),
                                       RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                                       RD_KAFKA_V_VALUE((char *)(uintptr_t) "v", 1),
                                       RD_KAFKA_V_END),
                     RD_KAFKA_RESP_ERR_NO_ERROR);
    kc_resting_client_rest(resting, 0);
    ck_assert(is_awake(resting));
    rd_kafka_purge(client, RD_KAFKA_PURGE_F_QUEUE);
    expect_rest(resting);
    kc_resting_client_destroy(resting);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("resting_client");
    TCase *tests = tcase_create("rest");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, client_is_made_for_the_first_who_needs_it_and_held_by_several);
    tcase_add_test(tests, client_rests_only_after_the_time_and_with_nothing_in_flight);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
