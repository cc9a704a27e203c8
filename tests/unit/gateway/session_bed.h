/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session between a client and a broker that are both the test: sockets, frames by hand. And a
 * router that keeps what it takes, and is told by the test what to do with it.
 */
#ifndef TESTS_UNIT_GATEWAY_SESSION_BED_H
#define TESTS_UNIT_GATEWAY_SESSION_BED_H

#include "gateway/gateway_life_priv.h"

#include "base/run_suite.h"
#include "gateway_settings.h"

#include "connect/thread.h"
#include "wire/api.h"
#include "wire/messages_cluster.h"
#include "wire/messages_data.h"
#include "wire/messages_group.h"
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
static atomic_int taken_count, ended_count;
static atomic_bool takes;

static inline bool reads(int api)
{
    return api == KC_API_INIT_PRODUCER_ID || api == KC_API_PRODUCE;
}

static inline bool take(void *router, struct gateway_exchange *exchange)
{
    ck_assert_ptr_nonnull(exchange->message);
    if (!atomic_load(&takes))
        return false;
    atomic_store(&taken[atomic_load(&taken_count)], gateway_exchange_ref(exchange));
    atomic_fetch_add(&taken_count, 1);
    return true;
}

/* Producer ids that pass are doubled. */
static inline bool passes(void *router, struct gateway_exchange *exchange, void *response,
                          struct kc_arena *in)
{
    if (exchange->header.api != KC_API_INIT_PRODUCER_ID)
        return false;
    ((struct kc_init_producer_id_response *)response)->producer_id *= 2;
    return true;
}

static inline void ended(void *router, struct gateway_session *session)
{
    atomic_fetch_add(&ended_count, 1);
}

static const struct gateway_router router = {
    .reads = reads, .take = take, .passes = passes, .ended = ended};

static inline void wait_count(atomic_int *count, int wanted)
{
    const int64_t deadline = kc_mono_ms() + PATIENCE_MS;

    while (atomic_load(count) < wanted) {
        ck_assert_msg(kc_mono_ms() < deadline, "%d of %d", atomic_load(count), wanted);
        usleep(1000);
    }
}

static inline struct gateway_exchange *wait_taken(int number)
{
    wait_count(&taken_count, number + 1);
    return atomic_load(&taken[number]);
}

static inline struct kc_init_producer_id_response producer_id(int64_t id)
{
    return (struct kc_init_producer_id_response){
        .producer_id = id, .ongoing_txn_producer_id = -1, .ongoing_txn_producer_epoch = -1};
}

static inline void answer_id(struct gateway_exchange *exchange, int64_t id)
{
    const struct kc_init_producer_id_response response = producer_id(id);

    gateway_exchange_answer(exchange, &response);
}

/* ---- Sockets ---- */

static inline void read_fully(int fd, void *data, size_t len)
{
    for (size_t got = 0; got < len;) {
        struct pollfd wait = {fd, POLLIN, 0};

        ck_assert_int_eq(poll(&wait, 1, PATIENCE_MS), 1);
        const ssize_t part = read(fd, (char *)data + got, len - got);
        ck_assert_int_gt(part, 0);
        got += (size_t)part;
    }
}

static inline void write_fully(int fd, const void *data, size_t len)
{
    ck_assert_int_eq(send(fd, data, len, MSG_NOSIGNAL), (ssize_t)len);
}

static inline void send_frame(int fd, const struct kc_str *frame)
{
    struct kc_str out = {0};

    kc_str_append_i32(&out, (int32_t)frame->len);
    kc_str_append_n(&out, frame->data, frame->len);
    write_fully(fd, out.data, out.len);
    kc_str_destroy(&out);
}

static inline int32_t be32(const char *data)
{
    const uint8_t *at = (const uint8_t *)data;

    return (int32_t)((uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3]);
}

static inline struct kc_str read_frame(int fd)
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

static inline bool is_silent(int fd)
{
    struct pollfd wait = {fd, POLLIN, 0};

    return poll(&wait, 1, SHORT_MS) == 0;
}

static inline bool is_closed(int fd)
{
    struct pollfd wait = {fd, POLLIN, 0};
    char byte;

    ck_assert_int_eq(poll(&wait, 1, PATIENCE_MS), 1);
    return read(fd, &byte, 1) <= 0;
}

/* ---- Frames ---- */

static inline void ask(int api, int version, int32_t correlation, const void *message)
{
    struct kc_wire_out out = {0};
    const struct kc_wire_request_header header = {(int16_t)api, (int16_t)version, correlation,
                                                  kc_wire_str("tester")};

    kc_wire_write_request_header(&out, &header);
    ck_assert_ptr_null(kc_wire_encode(api, KC_WIRE_REQUEST, version, message, &out));
    send_frame(client, &out.bytes);
    kc_wire_out_destroy(&out);
}

/* A request whose body nobody reads. */
static inline void ask_unread(int16_t api, int32_t correlation)
{
    struct kc_str frame = {0};

    kc_str_append_i16(&frame, api);
    kc_str_append_i16(&frame, 3);
    kc_str_append_i32(&frame, correlation);
    kc_str_append_i16(&frame, -1);
    kc_str_append(&frame, "whatever");
    send_frame(client, &frame);
    kc_str_destroy(&frame);
}

static inline void ask_heartbeat(int32_t correlation)
{
    ask_unread(KC_API_HEARTBEAT, correlation);
}

static inline void ask_producer_id(int32_t correlation)
{
    const struct kc_init_producer_id_request request = {.transactional_id = {NULL, -1},
                                                        .transaction_timeout_ms = 60000,
                                                        .producer_id = -1,
                                                        .producer_epoch = -1};

    ask(KC_API_INIT_PRODUCER_ID, 1, correlation, &request);
}

/* The broker's next request has that API; its correlation id. */
static inline int32_t broker_gets(int api)
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

static inline void broker_answers(int32_t correlation, const char *text)
{
    struct kc_str frame = {0};

    kc_str_append_i32(&frame, correlation);
    kc_str_append(&frame, text);
    send_frame(broker, &frame);
    kc_str_destroy(&frame);
}

static inline void broker_answers_with(int api, int version, int32_t correlation,
                                       const void *message)
{
    struct kc_wire_out out = {0};

    kc_wire_write_response_header(&out, api, version, correlation);
    ck_assert_ptr_null(kc_wire_encode(api, KC_WIRE_RESPONSE, version, message, &out));
    send_frame(broker, &out.bytes);
    kc_wire_out_destroy(&out);
}

static inline void client_gets(int32_t correlation, const char *text)
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

static inline void client_gets_id(int32_t correlation, int64_t id)
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

static inline int listen_somewhere(int *port)
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

static inline void connect_client_alone(void)
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
}

static inline void connect_client(void)
{
    connect_client_alone();
    struct pollfd wait = {listening, POLLIN, 0};
    ck_assert_int_eq(poll(&wait, 1, PATIENCE_MS), 1);
    broker = accept(listening, NULL, NULL);
    ck_assert_int_ge(broker, 0);
}

static inline void start(const char *protocol)
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

static inline void set_up(void)
{
    atomic_store(&takes, true);
    start("PLAINTEXT");
}

static inline void tear_down(void)
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

#define RUN_TESTS(name, ...)                                                                       \
    int main(void)                                                                                 \
    {                                                                                              \
        const TTest *const tests[] = {__VA_ARGS__};                                                \
        signal(SIGPIPE, SIG_IGN);                                                                  \
        return run_suite_with(name, tests, sizeof(tests) / sizeof(*tests), 60, set_up, tear_down); \
    }

#endif
