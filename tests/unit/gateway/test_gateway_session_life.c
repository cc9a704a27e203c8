/* SPDX-License-Identifier: Apache-2.0 */
/* How a session's client logs in, and how it is sent away: by a drain, or to the brokers. */
#include "session_bed.h"

static json_t *described;
static atomic_int described_count;

static void describe(void *arg)
{
    described = json_array();
    gateway_loop_describe(loop, described);
    atomic_fetch_add(&described_count, 1);
}

static const char *about(const char *key)
{
    atomic_store(&described_count, 0);
    json_decref(described);
    gateway_loop_post(loop, describe, NULL);
    wait_count(&described_count, 1);
    return json_string_value(json_object_get(json_array_get(described, 0), key));
}

static void log_in(const char *mechanism, const char *token, size_t len, int verdict)
{
    const struct kc_sasl_handshake_request handshake = {kc_wire_str(mechanism)};
    const struct kc_sasl_handshake_response welcome = {.mechanisms = {NULL, 0}};
    const struct kc_sasl_authenticate_request login = {kc_wire_bytes(token, len)};
    const struct kc_sasl_authenticate_response answer = {
        .error_code = (int16_t)verdict, .error_message = {NULL, -1}, .auth_bytes = {NULL, 0}};

    ask(KC_API_SASL_HANDSHAKE, 1, 1, &handshake);
    broker_answers_with(KC_API_SASL_HANDSHAKE, 1, broker_gets(KC_API_SASL_HANDSHAKE), &welcome);
    client_gets(1, NULL);
    ask(KC_API_SASL_AUTHENTICATE, 1, 2, &login);
    broker_answers_with(KC_API_SASL_AUTHENTICATE, 1, broker_gets(KC_API_SASL_AUTHENTICATE),
                        &answer);
    client_gets(2, NULL);
}

START_TEST(logins_pass_and_show_the_principal)
{
    static const char plain[] = "\0alice\0secret";
    static const char bearer[] = "n,,\1auth=Bearer e30.eyJzdWIiOiJib2IifQ.sig\1\1";
    const struct kc_api_versions_request versions = {kc_wire_str("librdkafka"),
                                                     kc_wire_str("2.11")};
    const struct kc_api_versions_response none = {.finalized_features_epoch = -1};

    tear_down();
    atomic_store(&taken_count, 0);
    start("SASL_PLAINTEXT");
    ask(KC_API_API_VERSIONS, 3, 1, &versions);
    broker_answers_with(KC_API_API_VERSIONS, 3, broker_gets(KC_API_API_VERSIONS), &none);
    client_gets(1, NULL);
    ck_assert_str_eq(about("software"), "librdkafka 2.11");
    ck_assert_str_eq(about("client_id"), "tester");
    ck_assert_ptr_null(about("principal"));
    ask_producer_id(5); /* not logged in: none of the router's business */
    ck_assert_int_eq(broker_gets(KC_API_INIT_PRODUCER_ID), 5);
    broker_answers(5, "refused");
    client_gets(5, "refused");
    log_in("PLAIN", plain, sizeof(plain) - 1, 0);
    ck_assert_str_eq(about("principal"), "alice");
    ask_producer_id(6);
    answer_id(wait_taken(0), 1);
    client_gets_id(6, 1);
    log_in("OAUTHBEARER", bearer, sizeof(bearer) - 1, 0);
    ck_assert_str_eq(about("principal"), "bob");
    log_in("PLAIN", plain, sizeof(plain) - 1, 58);
    ck_assert_str_eq(about("principal"), "bob");
    json_decref(described);
}
END_TEST

START_TEST(a_drain_answers_what_is_under_way)
{
    ask_heartbeat(1);
    ask_producer_id(2);
    ck_assert_int_eq(broker_gets(KC_API_HEARTBEAT), 1);
    struct gateway_exchange *exchange = wait_taken(0);
    gateway_loop_drain(loop);
    ask_heartbeat(3);
    broker_answers(1, "one");
    client_gets(1, "one");
    answer_id(exchange, 2);
    client_gets_id(2, 2);
    ck_assert(is_closed(client));
    ck_assert(is_closed(broker));
}
END_TEST

static void age(void *arg)
{
    loop->sessions->since_ms -= 60000;
    atomic_fetch_sub(&common.aside_ms, 60000);
}

START_TEST(aside_clients_are_sent_away)
{
    ask_producer_id(1); /* a client would miss its answer */
    struct gateway_exchange *exchange = wait_taken(0);
    gateway_step_aside(&common, true);
    gateway_loop_post(loop, age, NULL);
    struct pollfd wait = {client, POLLIN, 0};
    ck_assert_int_eq(poll(&wait, 1, 1200), 0); /* two looks of the loop */
    answer_id(exchange, 1);
    client_gets_id(1, 1);
    ck_assert(is_closed(client));
}
END_TEST

START_TEST(aside_a_fetch_that_waits_is_cut)
{
    struct kc_str frame = {0};

    kc_str_append_i16(&frame, KC_API_FETCH); /* is sent again by the client */
    kc_str_append_i16(&frame, 11);
    kc_str_append_i32(&frame, 2);
    kc_str_append_i16(&frame, -1);
    send_frame(client, &frame);
    kc_str_destroy(&frame);
    ck_assert_int_eq(broker_gets(KC_API_FETCH), 2);
    gateway_step_aside(&common, true);
    gateway_loop_post(loop, age, NULL);
    ck_assert(is_closed(client));
}
END_TEST

/* Waits until there is something to read, or the end. */
static bool has_ended(int fd)
{
    struct pollfd wait = {fd, POLLIN, 0};
    char byte;

    ck_assert_int_eq(poll(&wait, 1, PATIENCE_MS), 1);
    return recv(fd, &byte, 1, MSG_PEEK) <= 0;
}

/* At each moment one of its requests is under way. */
START_TEST(aside_a_busy_client_leaves_too)
{
    const int64_t deadline = kc_mono_ms() + PATIENCE_MS;

    ask_heartbeat(1);
    ask_heartbeat(2);
    gateway_step_aside(&common, true);
    gateway_loop_post(loop, age, NULL);
    for (int32_t i = 1; !has_ended(broker); i++) {
        ck_assert_int_lt(kc_mono_ms(), deadline);
        ck_assert_int_eq(broker_gets(KC_API_HEARTBEAT), i);
        ask_heartbeat(i + 2);
        broker_answers(i, "fine");
        client_gets(i, "fine");
    }
    ck_assert(is_closed(client));
}
END_TEST

RUN_TESTS("gateway session's life", logins_pass_and_show_the_principal, aside_clients_are_sent_away,
          aside_a_fetch_that_waits_is_cut, aside_a_busy_client_leaves_too,
          a_drain_answers_what_is_under_way)
