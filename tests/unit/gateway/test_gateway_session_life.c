/* SPDX-License-Identifier: Apache-2.0 */
/* How a session's client logs in, and how it is sent away: by a drain, or to the brokers. */
#include "session_bed.h"

#include "base/kafka_errors.h"

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

/* A broker answers what came before a login. So does the gateway, though the router has it: what it
 * asks the target for it can't go between the steps of the login. */
static void on_metadata(void *arg, struct gateway_exchange *exchange, void *response,
                        struct kc_arena *arena)
{
    const struct kc_metadata_response *metadata = response;

    if (response)
        answer_id(exchange, metadata->controller_id);
}

START_TEST(a_login_anew_waits_for_what_the_router_has)
{
    static const char plain[] = "\0alice\0secret";
    const struct kc_metadata_request request = {.allow_auto_topic_creation = true};
    const struct kc_metadata_response response = {.controller_id = 77,
                                                  .cluster_authorized_operations = INT32_MIN};
    const struct kc_sasl_handshake_request handshake = {kc_wire_str("PLAIN")};
    const struct kc_sasl_handshake_response welcome = {.mechanisms = {NULL, 0}};

    tear_down();
    atomic_store(&taken_count, 0);
    start("SASL_PLAINTEXT");
    log_in("PLAIN", plain, sizeof(plain) - 1, 0);
    ask_heartbeat(4);
    ck_assert_int_eq(broker_gets(KC_API_HEARTBEAT), 4);
    ask_producer_id(5);
    struct gateway_exchange *exchange = wait_taken(0);
    ask(KC_API_SASL_HANDSHAKE, 1, 6, &handshake);
    ask_heartbeat(7); /* none of it overtakes the login */
    ck_assert(is_silent(broker));
    gateway_exchange_ask(exchange, KC_API_METADATA, 4, &request, on_metadata, NULL);
    const int32_t own = broker_gets(KC_API_METADATA);
    ck_assert(is_silent(broker));
    broker_answers(4, "four");
    client_gets(4, "four");
    broker_answers_with(KC_API_METADATA, 4, own, &response);
    client_gets_id(5, 77);
    broker_answers_with(KC_API_SASL_HANDSHAKE, 1, broker_gets(KC_API_SASL_HANDSHAKE), &welcome);
    client_gets(6, NULL);
    ck_assert_int_eq(broker_gets(KC_API_HEARTBEAT), 7);
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
    atomic_fetch_sub(&common.all_ms, 60000);
}

START_TEST(aside_clients_are_sent_away)
{
    ask_producer_id(1); /* a client would miss its answer */
    struct gateway_exchange *exchange = wait_taken(0);
    gateway_step_aside(&common, GATEWAY_ASIDE_ALL);
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
    gateway_step_aside(&common, GATEWAY_ASIDE_ALL);
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

    ask_unread(KC_API_LIST_OFFSETS, 1);
    ask_unread(KC_API_LIST_OFFSETS, 2);
    gateway_step_aside(&common, GATEWAY_ASIDE_ALL);
    gateway_loop_post(loop, age, NULL);
    for (int32_t i = 1; !has_ended(broker); i++) {
        ck_assert_int_lt(kc_mono_ms(), deadline);
        ck_assert_int_eq(broker_gets(KC_API_LIST_OFFSETS), i);
        ask_unread(KC_API_LIST_OFFSETS, i + 2);
        broker_answers(i, "fine");
        client_gets(i, "fine");
    }
    ck_assert(is_closed(client));
}
END_TEST

/* ---- Members leave first ---- */

static void wait_members(int wanted)
{
    const int64_t deadline = kc_mono_ms() + PATIENCE_MS;

    while (atomic_load(&common.members) != wanted) {
        ck_assert_int_lt(kc_mono_ms(), deadline);
        usleep(1000);
    }
}

START_TEST(aside_a_heartbeat_ends_its_connection)
{
    ask_heartbeat(1);
    ck_assert_int_eq(broker_gets(KC_API_HEARTBEAT), 1);
    wait_members(1);
    broker_answers(1, "fine");
    client_gets(1, "fine");
    ask_producer_id(2); /* a client would miss its answer */
    struct gateway_exchange *exchange = wait_taken(0);
    gateway_step_aside(&common, GATEWAY_ASIDE_MEMBERS);
    ask_heartbeat(3);
    ck_assert(is_silent(client));
    answer_id(exchange, 2);
    client_gets_id(2, 2);
    ck_assert(is_closed(client));
    ck_assert(is_closed(broker)); /* without the heartbeat */
    wait_members(0);
}
END_TEST

START_TEST(aside_others_of_its_connections_stay)
{
    gateway_step_aside(&common, GATEWAY_ASIDE_MEMBERS);
    gateway_loop_post(loop, age, NULL);
    ask_unread(KC_API_OFFSET_COMMIT, 1);
    ck_assert_int_eq(broker_gets(KC_API_OFFSET_COMMIT), 1);
    broker_answers(1, "fine");
    client_gets(1, "fine");
    ck_assert(is_silent(client));
}
END_TEST

static void ask_group_heartbeat(int32_t correlation, int32_t epoch)
{
    const struct kc_consumer_group_heartbeat_request request = {
        .group_id = kc_wire_str("group"),
        .member_id = kc_wire_str("me"),
        .member_epoch = epoch,
        .instance_id = {NULL, -1},
        .rack_id = {NULL, -1},
        .rebalance_timeout_ms = -1,
        .subscribed_topic_names = {.count = -1},
        .subscribed_topic_regex = {NULL, -1},
        .server_assignor = {NULL, -1},
        .topic_partitions = {.count = -1},
    };

    ask(KC_API_CONSUMER_GROUP_HEARTBEAT, 0, correlation, &request);
}

START_TEST(aside_a_member_says_good_bye)
{
    gateway_step_aside(&common, GATEWAY_ASIDE_MEMBERS);
    ask_group_heartbeat(1, -1);
    ck_assert_int_eq(broker_gets(KC_API_CONSUMER_GROUP_HEARTBEAT), 1);
    ask_group_heartbeat(2, 7);
    ck_assert(is_silent(broker)); /* the answer to the first one is under way */
    broker_answers(1, "fine");
    client_gets(1, "fine");
    ck_assert(is_closed(client));
}
END_TEST

static void come_back(void *arg)
{
    loop->sessions->since_ms = atomic_load(&common.aside_ms) + 1;
}

START_TEST(aside_a_member_that_comes_back_is_served)
{
    gateway_step_aside(&common, GATEWAY_ASIDE_MEMBERS);
    gateway_loop_post(loop, come_back, NULL);
    ask_heartbeat(1);
    ck_assert_int_eq(broker_gets(KC_API_HEARTBEAT), 1);
    broker_answers(1, "fine");
    client_gets(1, "fine");
    ck_assert_int_eq(atomic_load(&common.members), 0);
}
END_TEST

static void ask_coordinator(int version, int32_t correlation, int8_t type)
{
    struct kc_wire_str key = kc_wire_str("group");
    const struct kc_find_coordinator_request request = {
        .key = version < 4 ? key : kc_wire_str(""),
        .key_type = type,
        .coordinator_keys = {&key, version < 4 ? 0 : 1},
    };

    ask(KC_API_FIND_COORDINATOR, version, correlation, &request);
}

static void client_gets_no_coordinator(int version, int32_t wanted)
{
    struct kc_str frame = read_frame(client);
    struct kc_arena *arena = kc_arena_new(1024);
    int32_t correlation = 0;
    void *message = NULL;
    size_t used = 0;

    ck_assert_ptr_null(kc_wire_read_response_header(KC_API_FIND_COORDINATOR, version,
                                                    (const uint8_t *)frame.data, frame.len,
                                                    &correlation, &used));
    ck_assert_int_eq(correlation, wanted);
    ck_assert_ptr_null(kc_wire_decode(KC_API_FIND_COORDINATOR, KC_WIRE_RESPONSE, version,
                                      (const uint8_t *)frame.data + used, frame.len - used, arena,
                                      &message));
    const struct kc_find_coordinator_response *response = message;
    ck_assert_int_eq(version < 4 ? response->error_code
                                 : response->coordinators.items[0].error_code,
                     KC_KAFKA_COORDINATOR_NOT_AVAILABLE);
    if (version >= 4)
        ck_assert(kc_wire_str_is(response->coordinators.items[0].key, "group"));
    kc_arena_destroy(arena);
    kc_str_destroy(&frame);
}

static void broker_finds(int version, int32_t correlation)
{
    struct kc_find_coordinator_response_coordinator coordinator = {
        .key = kc_wire_str("group"), .node_id = 1, .host = kc_wire_str("one"), .port = 99};
    struct kc_find_coordinator_response response = {0};

    if (version < 4) {
        response.node_id = 1;
        response.host = coordinator.host;
        response.port = coordinator.port;
    } else {
        response.coordinators.items = &coordinator;
        response.coordinators.count = 1;
    }
    broker_answers_with(KC_API_FIND_COORDINATOR, version, correlation, &response);
}

static void check_coordinator(int version)
{
    gateway_step_aside(&common, GATEWAY_ASIDE_MEMBERS);
    ask_coordinator(version, 1, 1); /* of transactions */
    ck_assert_int_eq(broker_gets(KC_API_FIND_COORDINATOR), 1);
    broker_finds(version, 1);
    client_gets(1, NULL);
    ask_coordinator(version, 2, 0);
    client_gets_no_coordinator(version, 2);
    ask_coordinator(version, 3, 0);
    ck_assert_int_eq(broker_gets(KC_API_FIND_COORDINATOR), 3);
    broker_finds(version, 3);
    struct kc_str frame = read_frame(client);
    ck_assert_ptr_nonnull(memmem(frame.data, frame.len, "one", 3)); /* the broker's own host */
    kc_str_destroy(&frame);
}

START_TEST(aside_a_coordinator_is_looked_for_twice)
{
    check_coordinator(2);
}
END_TEST

START_TEST(aside_a_coordinator_is_looked_for_twice_by_new_clients)
{
    check_coordinator(4);
}
END_TEST

static void ask_end(int32_t correlation)
{
    const struct kc_end_txn_request request = {
        .transactional_id = kc_wire_str("x"), .producer_id = 1, .committed = true};

    ask(KC_API_END_TXN, 3, correlation, &request);
}

START_TEST(aside_a_transaction_that_comes_back_ends_elsewhere)
{
    static const char answer[] = "\0\0\0\0\0\0\x10"; /* no tags, no throttling, NOT_COORDINATOR */

    gateway_step_aside(&common, GATEWAY_ASIDE_ALL);
    gateway_loop_post(loop, come_back, NULL);
    ask_end(1);
    struct kc_str frame = read_frame(client);
    ck_assert_uint_eq(frame.len, 4 + sizeof(answer));
    ck_assert_mem_eq(frame.data + 4, answer, sizeof(answer) - 1);
    kc_str_destroy(&frame);
    ask_end(2);
    ck_assert_int_eq(broker_gets(KC_API_END_TXN), 2); /* it has nowhere else to go */
}
END_TEST

/* As a broker's machine does. A client may take a connection that ends in order, before its first
 * answer, as a mistake in its own settings, and give up. */
START_TEST(a_client_whose_broker_is_away_is_reset)
{
    char byte;

    close(client);
    close(broker);
    broker = -1;
    close(listening);
    listening = -1;
    connect_client_alone();
    ask_heartbeat(1);
    struct pollfd wait = {client, POLLIN, 0};
    ck_assert_int_eq(poll(&wait, 1, PATIENCE_MS), 1);
    ck_assert_int_eq(read(client, &byte, 1), -1);
    ck_assert_int_eq(errno, ECONNRESET);
}
END_TEST

/* The same where its broker goes before it has answered anything. */
START_TEST(a_client_whose_broker_goes_at_once_is_reset)
{
    char byte;

    ask_heartbeat(1);
    struct pollfd asked = {broker, POLLIN, 0};
    ck_assert_int_eq(poll(&asked, 1, PATIENCE_MS), 1);
    shutdown(broker, SHUT_WR);
    struct pollfd wait = {client, POLLIN, 0};
    ck_assert_int_eq(poll(&wait, 1, PATIENCE_MS), 1);
    ck_assert_int_eq(read(client, &byte, 1), -1);
    ck_assert_int_eq(errno, ECONNRESET);
}
END_TEST

RUN_TESTS("gateway session's life", a_client_whose_broker_is_away_is_reset,
          a_client_whose_broker_goes_at_once_is_reset, aside_a_heartbeat_ends_its_connection,
          aside_a_transaction_that_comes_back_ends_elsewhere, aside_others_of_its_connections_stay,
          aside_a_member_says_good_bye, aside_a_member_that_comes_back_is_served,
          aside_a_coordinator_is_looked_for_twice,
          aside_a_coordinator_is_looked_for_twice_by_new_clients,
          logins_pass_and_show_the_principal, a_login_anew_waits_for_what_the_router_has,
          aside_clients_are_sent_away, aside_a_fetch_that_waits_is_cut,
          aside_a_busy_client_leaves_too, a_drain_answers_what_is_under_way)
