/* SPDX-License-Identifier: Apache-2.0 */
/* The gateway's logins in clients' names, against a broker that answers from a script. */
#include "gateway/gateway_login_priv.h"

#include "base/kafka_errors.h"
#include "link/link_check.h"
#include "wire/api.h"
#include "wire/messages_cluster.h"

static uv_loop_t loop;
static struct gateway_login *login;
static struct kc_map *settings;
static char sent[256];
static int sent_api, sent_count, done_count;
static struct kc_error *done_error;
static int64_t done_again_ms;

static void on_send(void *arg, int api, int version_max, const void *message)
{
    sent_api = api;
    sent_count++;
    if (api == KC_API_SASL_HANDSHAKE) {
        const struct kc_sasl_handshake_request *request = message;
        snprintf(sent, sizeof(sent), "%s", request->mechanism.data);
    } else {
        const struct kc_sasl_authenticate_request *request = message;
        memcpy(sent, request->auth_bytes.data, (size_t)request->auth_bytes.len);
        sent[request->auth_bytes.len] = 0;
    }
}

static void on_done(void *arg, struct kc_error *err, int64_t again_ms)
{
    done_count++;
    done_error = err;
    done_again_ms = again_ms;
}

static const struct gateway_login_events events = {on_send, on_done};

static void open_login(void)
{
    uv_loop_init(&loop);
    settings = kc_map_new();
    kc_map_set(settings, "sasl.mechanism", "PLAIN");
    kc_map_set(settings, "sasl.jaas.config",
               "PlainLoginModule required username=alice password=a1;");
    login =
        gateway_login_new(&loop, settings, "localhost", "localhost:9092 (id: 1)", &events, NULL);
}

static void close_login(void)
{
    gateway_login_destroy(login);
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    kc_map_destroy(settings);
    kc_error_destroy(done_error);
}

static void answer_handshake(int16_t code)
{
    struct kc_wire_str mechanisms[] = {kc_wire_str("SCRAM-SHA-512"), kc_wire_str("GSSAPI")};
    struct kc_sasl_handshake_response response = {code, {mechanisms, 2}};
    gateway_login_answer(login, KC_API_SASL_HANDSHAKE, &response);
    uv_run(&loop, UV_RUN_DEFAULT);
}

static void answer_token(int16_t code, const char *message, int64_t lifetime_ms)
{
    struct kc_sasl_authenticate_response response = {
        .error_code = code,
        .error_message = kc_wire_str(message),
        .session_lifetime_ms = lifetime_ms,
    };
    gateway_login_answer(login, KC_API_SASL_AUTHENTICATE, &response);
    uv_run(&loop, UV_RUN_DEFAULT);
}

START_TEST(it_logs_in_and_again_before_the_end)
{
    open_login();
    for (int round = 1; round <= 2; round++) {
        gateway_login_begin(login);
        ck_assert_int_eq(sent_api, KC_API_SASL_HANDSHAKE);
        ck_assert_str_eq(sent, "PLAIN");
        answer_handshake(0);
        ck_assert_int_eq(sent_api, KC_API_SASL_AUTHENTICATE);
        ck_assert_mem_eq(sent, "\0alice\0a1", 9);
        ck_assert_int_eq(done_count, round - 1);
        answer_token(0, NULL, 1000);
        ck_assert_int_eq(done_count, round);
        ck_assert_ptr_null(done_error);
        ck_assert_int_ge(done_again_ms, 850);
        ck_assert_int_le(done_again_ms, 950);
    }
    close_login();
}
END_TEST

START_TEST(a_login_without_an_end_needs_no_second_one)
{
    open_login();
    gateway_login_begin(login);
    answer_handshake(0);
    answer_token(0, NULL, 0);
    ck_assert_int_eq(done_count, 1);
    ck_assert_int_eq(done_again_ms, 0);
    close_login();
}
END_TEST

START_TEST(what_the_broker_refuses_is_told)
{
    open_login();
    gateway_login_begin(login);
    answer_handshake(KC_KAFKA_UNSUPPORTED_SASL_MECHANISM);
    ck_assert_int_eq(done_count, 1);
    ck_assert_ptr_nonnull(strstr(kc_error_text(done_error), "SCRAM-SHA-512, GSSAPI"));
    kc_error_clear(&done_error);
    gateway_login_begin(login);
    answer_handshake(0);
    answer_token(KC_KAFKA_SASL_AUTHENTICATION_FAILED, "Authentication failed", 0);
    ck_assert_int_eq(done_count, 2);
    ck_assert_ptr_nonnull(strstr(kc_error_text(done_error), "Authentication failed"));
    ck_assert_ptr_nonnull(strstr(kc_error_text(done_error), "localhost:9092"));
    ck_assert_ptr_null(strstr(kc_error_text(done_error), "a1"));
    close_login();
}
END_TEST

START_TEST(answers_out_of_turn_do_nothing)
{
    struct kc_sasl_authenticate_response token = {0};
    open_login();
    gateway_login_answer(login, KC_API_SASL_AUTHENTICATE, &token);
    gateway_login_begin(login);
    gateway_login_answer(login, KC_API_SASL_AUTHENTICATE, &token);
    ck_assert_int_eq(done_count, 0);
    ck_assert_int_eq(sent_count, 1);
    close_login();
}
END_TEST

START_TEST(one_that_is_given_up_calls_nobody)
{
    struct kc_sasl_handshake_response response = {0};
    open_login();
    gateway_login_begin(login);
    gateway_login_answer(login, KC_API_SASL_HANDSHAKE, &response); /* its step runs */
    gateway_login_destroy(login);
    login = NULL;
    uv_run(&loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(sent_count, 1);
    ck_assert_int_eq(done_count, 0);
    close_login();
}
END_TEST

RUN_TESTS("gateway_login", 20, it_logs_in_and_again_before_the_end,
          a_login_without_an_end_needs_no_second_one, what_the_broker_refuses_is_told,
          answers_out_of_turn_do_nothing, one_that_is_given_up_calls_nobody)
