/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session between a client and a broker that are both this test: sockets, frames by hand. And a
 * router that keeps what it takes, and is told by the test what to do with it.
 */
#include "gateway/gateway_life_priv.h"

#include "gateway_settings.h"

#include "connect/thread.h"
#include "wire/api.h"
#include "wire/messages_cluster.h"
#include "wire/messages_data.h"
#include "wire/messages_txn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_MS 20000
#define SHORT_MS    100 /* for what must not come */
#define BYTES_MAX   65536

static struct gateway_config *config;
static struct gateway_common common;
static struct gateway_loop *loop;
static int listening, client, broker;

/* ---- The router ---- */

#define TAKEN_MAX 16
static _Atomic(struct gateway_exchange *) taken[TAKEN_MAX];
static atomic_int taken_count, ended_count, asked_count, asked_null;
static atomic_bool takes;

static bool reads(int api)
{
    return api == KC_API_INIT_PRODUCER_ID || api == KC_API_PRODUCE;
}

static bool take(void *router, struct gateway_exchange *exchange)
{
    ck_assert_ptr_nonnull(exchange->message);
    if (!atomic_load(&takes))
        return false;
    atomic_store(&taken[atomic_load(&taken_count)], gateway_exchange_ref(exchange));
    atomic_fetch_add(&taken_count, 1);
    return true;
}

/* Producer ids that pass are doubled. */
static bool passes(void *router, struct gateway_exchange *exchange, void *response,
                   struct kc_arena *in)
{
    if (exchange->header.api != KC_API_INIT_PRODUCER_ID)
        return false;
    ((struct kc_init_producer_id_response *)response)->producer_id *= 2;
    return true;
}

static void ended(void *router, struct gateway_session *session)
{
    atomic_fetch_add(&ended_count, 1);
}

static const struct gateway_router router = {
    .reads = reads, .take = take, .passes = passes, .ended = ended};

static void wait_count(atomic_int *count, int wanted)
{
    const int64_t deadline = kc_mono_ms() + PATIENCE_MS;

    while (atomic_load(count) < wanted) {
        ck_assert_msg(kc_mono_ms() < deadline, "%d of %d", atomic_load(count), wanted);
        usleep(1000);
    }
}

static struct gateway_exchange *wait_taken(int number)
{
    wait_count(&taken_count, number + 1);
    return atomic_load(&taken[number]);
}

static struct kc_init_producer_id_response producer_id(int64_t id)
{
    return (struct kc_init_producer_id_response){
        .producer_id = id, .ongoing_txn_producer_id = -1, .ongoing_txn_producer_epoch = -1};
}

static void answer_id(struct gateway_exchange *exchange, int64_t id)
{
    const struct kc_init_producer_id_response response = producer_id(id);

    gateway_exchange_answer(exchange, &response);
}

/* ---- Sockets ---- */

static void read_fully(int fd, void *data, size_t len)
{
    for (size_t got = 0; got < len;) {
        struct pollfd wait = {fd, POLLIN, 0};

        ck_assert_int_eq(poll(&wait, 1, PATIENCE_MS), 1);
        const ssize_t part = read(fd, (char *)data + got, len - got);
        ck_assert_int_gt(part, 0);
        got += (size_t)part;
    }
}

static void write_fully(int fd, const void *data, size_t len)
{
    ck_assert_int_eq(send(fd, data, len, MSG_NOSIGNAL), (ssize_t)len);
}

static void send_frame(int fd, const struct kc_str *frame)
{
    struct kc_str out = {0};

    kc_str_append_i32(&out, (int32_t)frame->len);
    kc_str_append_n(&out, frame->data, frame->len);
    write_fully(fd, out.data, out.len);
    kc_str_destroy(&out);
}

static int32_t be32(const char *data)
{
    const uint8_t *at = (const uint8_t *)data;

    return (int32_t)((uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3]);
}

static struct kc_str read_frame(int fd)
{
    struct kc_str frame = {0};
    char head[4];

    read_fully(fd, head, 4);
    const size_t len = (size_t)be32(head);
    char *data = kc_malloc(len + 1);
    read_fully(fd, data, len);
    kc_str_append_n(&frame, data, len);
    free(data);
    return frame;
}

static bool is_silent(int fd)
{
    struct pollfd wait = {fd, POLLIN, 0};

    return poll(&wait, 1, SHORT_MS) == 0;
}

static bool is_closed(int fd)
{
    struct pollfd wait = {fd, POLLIN, 0};
    char byte;

    ck_assert_int_eq(poll(&wait, 1, PATIENCE_MS), 1);
    return read(fd, &byte, 1) <= 0;
}

/* ---- Frames ---- */

static void ask(int api, int version, int32_t correlation, const void *message)
{
    struct kc_wire_out out = {0};
    const struct kc_wire_request_header header = {(int16_t)api, (int16_t)version, correlation,
                                                  kc_wire_str("tester")};

    kc_wire_write_request_header(&out, &header);
    ck_assert_ptr_null(kc_wire_encode(api, KC_WIRE_REQUEST, version, message, &out));
    send_frame(client, &out.bytes);
    kc_wire_out_destroy(&out);
}

/* A request of an API that nobody reads. */
static void ask_heartbeat(int32_t correlation)
{
    struct kc_str frame = {0};

    kc_str_append_i16(&frame, KC_API_HEARTBEAT);
    kc_str_append_i16(&frame, 3);
    kc_str_append_i32(&frame, correlation);
    kc_str_append_i16(&frame, -1);
    kc_str_append(&frame, "whatever");
    send_frame(client, &frame);
    kc_str_destroy(&frame);
}

static void ask_producer_id(int32_t correlation)
{
    const struct kc_init_producer_id_request request = {.transactional_id = {NULL, -1},
                                                        .transaction_timeout_ms = 60000,
                                                        .producer_id = -1,
                                                        .producer_epoch = -1};

    ask(KC_API_INIT_PRODUCER_ID, 1, correlation, &request);
}

/* The broker's next request has that API; its correlation id. */
static int32_t broker_gets(int api)
{
    struct kc_str frame = read_frame(broker);
    struct kc_wire_request_header header = {0};
    size_t used = 0;

    ck_assert_ptr_null(
        kc_wire_read_request_header((const uint8_t *)frame.data, frame.len, &header, &used));
    ck_assert_int_eq(header.api, api);
    kc_str_destroy(&frame);
    return header.correlation;
}

static void broker_answers(int32_t correlation, const char *text)
{
    struct kc_str frame = {0};

    kc_str_append_i32(&frame, correlation);
    kc_str_append(&frame, text);
    send_frame(broker, &frame);
    kc_str_destroy(&frame);
}

static void broker_answers_with(int api, int version, int32_t correlation, const void *message)
{
    struct kc_wire_out out = {0};

    kc_wire_write_response_header(&out, api, version, correlation);
    ck_assert_ptr_null(kc_wire_encode(api, KC_WIRE_RESPONSE, version, message, &out));
    send_frame(broker, &out.bytes);
    kc_wire_out_destroy(&out);
}

static void client_gets(int32_t correlation, const char *text)
{
    struct kc_str frame = read_frame(client);

    ck_assert_uint_ge(frame.len, 4);
    ck_assert_int_eq(be32(frame.data), correlation);
    if (text) {
        ck_assert_uint_eq(frame.len, 4 + strlen(text));
        ck_assert_mem_eq(frame.data + 4, text, strlen(text));
    }
    kc_str_destroy(&frame);
}

static void client_gets_id(int32_t correlation, int64_t id)
{
    struct kc_str frame = read_frame(client);
    struct kc_arena *arena = kc_arena_new(1024);
    void *message = NULL;

    ck_assert_int_eq(be32(frame.data), correlation);
    ck_assert_ptr_null(kc_wire_decode(KC_API_INIT_PRODUCER_ID, KC_WIRE_RESPONSE, 1,
                                      (const uint8_t *)frame.data + 4, frame.len - 4, arena,
                                      &message));
    ck_assert_int_eq(((struct kc_init_producer_id_response *)message)->producer_id, id);
    kc_arena_destroy(arena);
    kc_str_destroy(&frame);
}

/* ---- The test bed ---- */

static int listen_somewhere(int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    const int fd = socket(AF_INET, SOCK_STREAM, 0);

    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(listen(fd, 8), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static void connect_client(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int port = 0;
    const int door = listen_somewhere(&port);

    address.sin_port = htons((uint16_t)port);
    client = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(client, (struct sockaddr *)&address, sizeof(address)), 0);
    const int fd = accept(door, (struct sockaddr *)&address, &len);
    ck_assert_int_ge(fd, 0);
    close(door);
    gateway_loop_accept(loop, 0, -1, fd, "127.0.0.1:1");
    struct pollfd wait = {listening, POLLIN, 0};
    ck_assert_int_eq(poll(&wait, 1, PATIENCE_MS), 1);
    broker = accept(listening, NULL, NULL);
    ck_assert_int_ge(broker, 0);
}

static void start(const char *protocol)
{
    char servers[32], listeners[64], max[16];
    int port = 0;

    listening = listen_somewhere(&port);
    snprintf(servers, sizeof(servers), "127.0.0.1:%d", port);
    snprintf(listeners, sizeof(listeners), "%s://:9192", protocol);
    snprintf(max, sizeof(max), "%d", BYTES_MAX);
    const char *const more[] = {"bootstrap.servers",
                                servers,
                                "security.protocol",
                                protocol,
                                "sasl.mechanism",
                                "PLAIN",
                                "gateway.listeners",
                                listeners,
                                "gateway.advertised.listeners",
                                NULL,
                                "gateway.broker.ports",
                                "9193-9195",
                                "gateway.client.bytes.max",
                                max,
                                NULL};
    config = gateway_made_config(more);
    common = (struct gateway_common){.config = config, .router = &router};
    common.nodes = gateway_nodes_new(config);
    gateway_versions_own(&common.versions);
    struct kc_error *err = gateway_loop_new(&common, 0, &loop);
    ck_assert_msg(!err, "%s", err ? kc_error_text(err) : "");
    connect_client();
}

static void set_up(void)
{
    atomic_store(&takes, true);
    start("PLAINTEXT");
}

static void tear_down(void)
{
    gateway_loop_end(loop);
    for (int i = 0; i < atomic_load(&taken_count); i++)
        gateway_exchange_unref(atomic_load(&taken[i]));
    gateway_loop_destroy(loop);
    ck_assert_int_eq(atomic_load(&common.sessions), 0);
    gateway_nodes_destroy(common.nodes);
    gateway_config_destroy(config);
    close(client);
    close(broker);
    close(listening);
}

/* ---- Tests ---- */

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
    atomic_store(&takes, _i);
    ask_produce(1, 0, 10);
    ask_heartbeat(2);
    if (_i) {
        ck_assert(wait_taken(0)->silent);
        gateway_exchange_relay(wait_taken(0));
        ck_assert_int_eq(broker_gets(KC_API_HEARTBEAT), 2);
        ck_assert_int_eq(broker_gets(KC_API_PRODUCE), 1);
    } else {
        ck_assert_int_eq(broker_gets(KC_API_PRODUCE), 1);
        ck_assert_int_eq(broker_gets(KC_API_HEARTBEAT), 2);
    }
    broker_answers(2, "two");
    client_gets(2, "two");
}
END_TEST

START_TEST(a_broker_out_of_turn_ends_the_session)
{
    ask_heartbeat(1);
    ck_assert_int_eq(broker_gets(KC_API_HEARTBEAT), 1);
    broker_answers(_i ? 2 : 1, "");
    if (!_i) {
        client_gets(1, "");
        broker_answers(1, "once more");
    }
    ck_assert(is_closed(client));
    ck_assert(is_closed(broker));
    wait_count(&ended_count, 1);
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
    struct kc_str frame = {0};

    ask_producer_id(1); /* a client would miss its answer */
    struct gateway_exchange *exchange = wait_taken(0);
    gateway_step_aside(&common, true);
    gateway_loop_post(loop, age, NULL);
    struct pollfd wait = {client, POLLIN, 0};
    ck_assert_int_eq(poll(&wait, 1, 1200), 0); /* two looks of the loop */
    answer_id(exchange, 1);
    client_gets_id(1, 1);
    kc_str_append_i16(&frame, KC_API_FETCH); /* is sent again by the client */
    kc_str_append_i16(&frame, 11);
    kc_str_append_i32(&frame, 2);
    kc_str_append_i16(&frame, -1);
    send_frame(client, &frame);
    kc_str_destroy(&frame);
    ck_assert(is_closed(client));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gateway session");
    TCase *tests = tcase_create("all");
    SRunner *runner = srunner_create(suite);

    signal(SIGPIPE, SIG_IGN);
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, frames_are_relayed_as_they_are);
    tcase_add_test(tests, answers_keep_the_clients_order);
    tcase_add_test(tests, a_taken_request_may_be_relayed_later);
    tcase_add_test(tests, what_the_router_does_not_take_is_relayed);
    tcase_add_test(tests, own_requests_go_between_the_clients);
    tcase_add_loop_test(tests, without_acks_there_is_no_answer, 0, 2);
    tcase_add_loop_test(tests, a_broker_out_of_turn_ends_the_session, 0, 2);
    tcase_add_test(tests, a_client_that_goes_leaves_its_exchanges);
    tcase_add_test(tests, a_client_is_read_no_further_than_it_may);
    tcase_add_test(tests, a_slow_client_holds_the_broker_up);
    tcase_add_test(tests, logins_pass_and_show_the_principal);
    tcase_add_test(tests, aside_clients_are_sent_away);
    tcase_add_test(tests, a_drain_answers_what_is_under_way);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
