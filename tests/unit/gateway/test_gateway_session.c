/* SPDX-License-Identifier: Apache-2.0 */
/* What a session relays: frames and their order, the router's part, and limits on both sides. */
#include "session_bed.h"

START_TEST(frames_are_relayed_as_they_are)
{
    for (int32_t i = 0; i < 100; i++)
        ask_heartbeat(-5 + i);
    for (int32_t i = 0; i < 100; i++)
        ck_assert_int_eq(broker_gets(KC_API_HEARTBEAT), -5 + i);
    for (int32_t i = 0; i < 100; i++)
        broker_answers(-5 + i, "fine");
    for (int32_t i = 0; i < 100; i++)
        client_gets(-5 + i, "fine");
}
END_TEST

START_TEST(answers_keep_the_clients_order)
{
    ask_producer_id(1);
    ask_heartbeat(2);
    ask_producer_id(3);
    ask_heartbeat(4);
    ck_assert_int_eq(broker_gets(KC_API_HEARTBEAT), 2);
    ck_assert_int_eq(broker_gets(KC_API_HEARTBEAT), 4);
    broker_answers(2, "two");
    broker_answers(4, "four");
    answer_id(wait_taken(1), 33);
    ck_assert(is_silent(client));
    answer_id(wait_taken(0), 11);
    client_gets_id(1, 11);
    client_gets(2, "two");
    client_gets_id(3, 33);
    client_gets(4, "four");
}
END_TEST

START_TEST(a_taken_request_may_be_relayed_later)
{
    ask_producer_id(1);
    ask_heartbeat(2);
    ck_assert_int_eq(broker_gets(KC_API_HEARTBEAT), 2);
    gateway_exchange_relay(wait_taken(0));
    ck_assert_int_eq(broker_gets(KC_API_INIT_PRODUCER_ID), 1);
    broker_answers(2, "two");
    const struct kc_init_producer_id_response response = producer_id(21);
    broker_answers_with(KC_API_INIT_PRODUCER_ID, 1, 1, &response);
    client_gets_id(1, 42); /* the router has seen it pass */
    client_gets(2, "two");
}
END_TEST

START_TEST(what_the_router_does_not_take_is_relayed)
{
    const struct kc_init_producer_id_response response = producer_id(8);

    atomic_store(&takes, false);
    ask_producer_id(9);
    ck_assert_int_eq(broker_gets(KC_API_INIT_PRODUCER_ID), 9);
    broker_answers_with(KC_API_INIT_PRODUCER_ID, 1, 9, &response);
    client_gets_id(9, 16);
}
END_TEST

static atomic_int asked_count, asked_null;

static void on_metadata(void *arg, struct gateway_exchange *exchange, void *response,
                        struct kc_arena *arena)
{
    const struct kc_metadata_response *metadata = response;

    if (response)
        answer_id(exchange, metadata->controller_id);
    else
        atomic_fetch_add(&asked_null, 1);
    atomic_fetch_add(&asked_count, 1);
}

static void ask_metadata(struct gateway_exchange *exchange)
{
    const struct kc_metadata_request request = {.allow_auto_topic_creation = true};

    gateway_exchange_ask(exchange, KC_API_METADATA, 4, &request, on_metadata, NULL);
}

START_TEST(own_requests_go_between_the_clients)
{
    const struct kc_metadata_response response = {.controller_id = 77,
                                                  .cluster_authorized_operations = INT32_MIN};

    ask_heartbeat(1);
    ask_producer_id(2);
    ask_metadata(wait_taken(0));
    ck_assert_int_eq(broker_gets(KC_API_HEARTBEAT), 1);
    const int32_t own = broker_gets(KC_API_METADATA);
    ask_heartbeat(3);
    ck_assert_int_eq(broker_gets(KC_API_HEARTBEAT), 3);
    broker_answers(1, "one");
    broker_answers_with(KC_API_METADATA, 4, own, &response);
    broker_answers(3, "three");
    client_gets(1, "one");
    client_gets_id(2, 77);
    client_gets(3, "three");
    ck_assert_int_eq(atomic_load(&asked_count), 1);
}
END_TEST

/* Sarama with an older protocol version, librdkafka without api.version.request. */
static void on_versions(void *arg, struct gateway_exchange *exchange, void *response,
                        struct kc_arena *arena)
{
    answer_id(exchange, gateway_session_version(exchange->session, KC_API_METADATA));
}

START_TEST(versions_are_learned_from_own_requests_too)
{
    const struct kc_api_versions_request request = {{NULL, 0}, {NULL, 0}};
    struct kc_api_versions_response_api_key key = {KC_API_METADATA, 0, 9};
    const struct kc_api_versions_response response = {.api_keys = {&key, 1},
                                                      .finalized_features_epoch = -1};

    ask_producer_id(1);
    gateway_exchange_ask(wait_taken(0), KC_API_API_VERSIONS, 0, &request, on_versions, NULL);
    broker_answers_with(KC_API_API_VERSIONS, 0, broker_gets(KC_API_API_VERSIONS), &response);
    client_gets_id(1, 9);
}
END_TEST

static void ask_produce(int32_t correlation, int16_t acks, size_t size)
{
    struct kc_arena *arena = kc_arena_new(1024);
    struct kc_produce_request *request = kc_wire_new(arena, &kc_produce_request_type);
    char *records = kc_calloc(1, size + 1);

    request->acks = acks;
    KC_WIRE_LIST_NEW(arena, &request->topic_data, kc_produce_request_topic, 1);
    request->topic_data.items[0].name = kc_wire_str("orders");
    KC_WIRE_LIST_NEW(arena, &request->topic_data.items[0].partition_data,
                     kc_produce_request_partition, 1);
    request->topic_data.items[0].partition_data.items[0].records = kc_wire_bytes(records, size);
    ask(KC_API_PRODUCE, 9, correlation, request);
    free(records);
    kc_arena_destroy(arena);
}

START_TEST(without_acks_there_is_no_answer)
{
    atomic_store(&takes, false);
    ask_produce(1, 0, 10);
    ask_heartbeat(2);
    ck_assert_int_eq(broker_gets(KC_API_PRODUCE), 1);
    ck_assert_int_eq(broker_gets(KC_API_HEARTBEAT), 2);
    broker_answers(2, "two");
    client_gets(2, "two");
}
END_TEST

START_TEST(nor_is_there_where_the_router_takes_it)
{
    atomic_store(&takes, true);
    ask_produce(1, 0, 10);
    ask_heartbeat(2);
    ck_assert(wait_taken(0)->silent);
    gateway_exchange_relay(wait_taken(0));
    ck_assert_int_eq(broker_gets(KC_API_HEARTBEAT), 2);
    ck_assert_int_eq(broker_gets(KC_API_PRODUCE), 1);
    broker_answers(2, "two");
    client_gets(2, "two");
}
END_TEST

static void expect_end(void)
{
    ck_assert(is_closed(client));
    ck_assert(is_closed(broker));
    wait_count(&ended_count, 1);
}

START_TEST(a_broker_that_answers_twice_ends_the_session)
{
    ask_heartbeat(1);
    ck_assert_int_eq(broker_gets(KC_API_HEARTBEAT), 1);
    broker_answers(1, "");
    client_gets(1, "");
    broker_answers(1, "once more");
    expect_end();
}
END_TEST

START_TEST(a_broker_out_of_turn_ends_the_session)
{
    ask_heartbeat(1);
    ck_assert_int_eq(broker_gets(KC_API_HEARTBEAT), 1);
    broker_answers(2, "");
    expect_end();
}
END_TEST

START_TEST(a_client_that_goes_leaves_its_exchanges)
{
    ask_producer_id(1);
    ask_producer_id(2);
    struct gateway_exchange *first = wait_taken(0), *second = wait_taken(1);
    ask_metadata(first);
    (void)broker_gets(KC_API_METADATA);
    close(client);
    client = -1;
    wait_count(&ended_count, 1);
    wait_count(&asked_null, 1);
    answer_id(first, 1);
    gateway_exchange_relay(second);
    ask_metadata(second);
    wait_count(&asked_null, 2);
    ck_assert(is_closed(broker));
}
END_TEST

START_TEST(a_client_is_read_no_further_than_it_may)
{
    size_t sent = 0;
    struct kc_str frame = {0};
    const int small = 16384;

    setsockopt(client, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
    ask_produce(0, 1, 50000);
    ask_produce(1, 1, 50000);
    wait_taken(1);
    kc_str_append_i32(&frame, 1 << 20);
    while (frame.len < (1 << 16))
        kc_str_append_n(&frame, "xxxxxxxx", 8);
    for (;;) {
        struct pollfd wait = {client, POLLOUT, 0};

        if (poll(&wait, 1, SHORT_MS) == 0)
            break;
        const ssize_t part = send(client, frame.data, frame.len, MSG_DONTWAIT | MSG_NOSIGNAL);
        ck_assert_int_gt(part, 0);
        sent += (size_t)part;
        ck_assert_uint_lt(sent, 32 << 20);
    }
    ck_assert_int_eq(atomic_load(&taken_count), 2);
    kc_str_destroy(&frame);
}
END_TEST

START_TEST(a_slow_client_holds_the_broker_up)
{
    struct kc_str frame = {0};
    size_t sent = 0;
    int32_t answers = 0;

    for (int32_t i = 0; i < 64; i++)
        ask_heartbeat(i);
    for (int32_t i = 0; i < 64; i++)
        ck_assert_int_eq(broker_gets(KC_API_HEARTBEAT), i);
    while (frame.len < (1 << 20))
        kc_str_append_n(&frame, "xxxxxxxx", 8);
    for (bool open = true; open && answers < 64; answers++) {
        struct kc_str head = {0};

        kc_str_append_i32(&head, (int32_t)frame.len + 4);
        kc_str_append_i32(&head, answers);
        struct pollfd wait = {broker, POLLOUT, 0};
        open = poll(&wait, 1, SHORT_MS) == 1;
        if (open) {
            write_fully(broker, head.data, head.len);
            for (size_t at = 0; at < frame.len && open;) {
                const ssize_t part =
                    send(broker, frame.data + at, frame.len - at, MSG_DONTWAIT | MSG_NOSIGNAL);

                at += part > 0 ? (size_t)part : 0;
                open = part > 0 || poll(&wait, 1, 2 * SHORT_MS) == 1;
            }
            sent += frame.len;
        }
        kc_str_destroy(&head);
    }
    ck_assert_int_lt(answers, 64);
    for (int32_t i = 0; i < answers - 2; i++) {
        struct kc_str got = read_frame(client);

        ck_assert_int_eq(be32(got.data), i);
        kc_str_destroy(&got);
    }
    kc_str_destroy(&frame);
}
END_TEST

/* ---- Large answers ---- */

#define LARGE ((size_t)3 << 20)

static void ask_fetch(int32_t correlation)
{
    struct kc_arena *arena = kc_arena_new(1024);

    ask(KC_API_FETCH, 16, correlation, kc_wire_new(arena, &kc_fetch_request_type));
    kc_arena_destroy(arena);
    ck_assert_int_eq(broker_gets(KC_API_FETCH), correlation);
}

/* The frame of an answer with so many bytes of records, its length before it. */
static struct kc_str fetch_answer(int32_t correlation, size_t size)
{
    struct kc_arena *arena = kc_arena_new(1024);
    struct kc_fetch_response *response = kc_wire_new(arena, &kc_fetch_response_type);
    struct kc_fetch_response_topic *topic;
    struct kc_wire_out out = {0};
    struct kc_str frame = {0};
    char *records = kc_malloc(size);

    for (size_t i = 0; i < size; i++)
        records[i] = (char)(i * 31);
    KC_WIRE_LIST_NEW(arena, &response->responses, kc_fetch_response_topic, 1);
    topic = &response->responses.items[0];
    KC_WIRE_LIST_NEW(arena, &topic->partitions, kc_fetch_response_partition, 1);
    topic->partitions.items[0].records = kc_wire_bytes(records, size);
    kc_wire_write_response_header(&out, KC_API_FETCH, 16, correlation);
    ck_assert_ptr_null(kc_wire_encode(KC_API_FETCH, KC_WIRE_RESPONSE, 16, response, &out));
    kc_str_append_i32(&frame, (int32_t)out.bytes.len);
    kc_str_append_n(&frame, out.bytes.data, out.bytes.len);
    kc_wire_out_destroy(&out);
    kc_arena_destroy(arena);
    free(records);
    return frame;
}

static void client_gets_bytes(const char *data, size_t len)
{
    char *got = kc_malloc(len);

    read_fully(client, got, len);
    ck_assert_mem_eq(got, data, len);
    free(got);
}

START_TEST(a_large_fetch_passes_as_it_comes)
{
    struct kc_str answer = fetch_answer(7, LARGE);
    const size_t first = (size_t)1 << 20, there = (size_t)3 << 18;

    ask_fetch(7);
    ask_heartbeat(8);
    (void)broker_gets(KC_API_HEARTBEAT);
    write_fully(broker, answer.data, first);
    client_gets_bytes(answer.data, there); /* before the rest is there */
    const size_t behind = answer.len - first;
    kc_str_append_i32(&answer, 4 + 5);
    kc_str_append_i32(&answer, 8);
    kc_str_append(&answer, "eight");
    write_fully(broker, answer.data + first, behind / 2);
    client_gets_bytes(answer.data + there, behind / 4);
    write_fully(broker, answer.data + first + behind / 2, answer.len - first - behind / 2);
    client_gets_bytes(answer.data + there + behind / 4, answer.len - there - behind / 4);
    kc_str_destroy(&answer);
}
END_TEST

START_TEST(a_large_fetch_waits_for_its_turn)
{
    struct kc_str answer = fetch_answer(2, LARGE / 8);

    ask_producer_id(1);
    struct gateway_exchange *first = wait_taken(0);
    ask_fetch(2);
    write_fully(broker, answer.data, answer.len);
    ck_assert(is_silent(client));
    answer_id(first, 11);
    client_gets_id(1, 11);
    client_gets_bytes(answer.data, answer.len);
    kc_str_destroy(&answer);
}
END_TEST

START_TEST(a_large_fetch_of_another_request_ends_the_session)
{
    struct kc_str answer = fetch_answer(3, LARGE / 8);

    ask_fetch(2);
    write_fully(broker, answer.data, answer.len);
    expect_end();
    kc_str_destroy(&answer);
}
END_TEST

START_TEST(a_large_fetch_that_is_none_ends_the_session)
{
    struct kc_str answer = fetch_answer(2, LARGE / 8);

    ask_fetch(2);
    memset(answer.data + 16, 0xff, 30);
    write_fully(broker, answer.data, answer.len);
    expect_end();
    kc_str_destroy(&answer);
}
END_TEST

/* What has passed can't be taken back: the client sees the end of its connection. */
START_TEST(a_broker_that_goes_in_the_middle_of_a_large_fetch_ends_the_session)
{
    struct kc_str answer = fetch_answer(2, LARGE);
    char byte;

    ask_fetch(2);
    write_fully(broker, answer.data, (size_t)1 << 20);
    client_gets_bytes(answer.data, (size_t)1 << 19);
    shutdown(broker, SHUT_RDWR);
    while (read(client, &byte, 1) == 1) {
    }
    wait_count(&ended_count, 1);
    kc_str_destroy(&answer);
}
END_TEST

RUN_TESTS("gateway session", frames_are_relayed_as_they_are, answers_keep_the_clients_order,
          a_taken_request_may_be_relayed_later, what_the_router_does_not_take_is_relayed,
          own_requests_go_between_the_clients, versions_are_learned_from_own_requests_too,
          without_acks_there_is_no_answer, nor_is_there_where_the_router_takes_it,
          a_broker_that_answers_twice_ends_the_session, a_broker_out_of_turn_ends_the_session,
          a_client_that_goes_leaves_its_exchanges, a_client_is_read_no_further_than_it_may,
          a_slow_client_holds_the_broker_up, a_large_fetch_passes_as_it_comes,
          a_large_fetch_waits_for_its_turn, a_large_fetch_of_another_request_ends_the_session,
          a_large_fetch_that_is_none_ends_the_session,
          a_broker_that_goes_in_the_middle_of_a_large_fetch_ends_the_session)
