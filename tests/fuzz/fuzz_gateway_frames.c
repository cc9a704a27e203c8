/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session between a client and a broker that both send what they like. The input is pieces: a
 * byte that says who sends (the lowest bit) and how many bytes (the others), and the bytes. A
 * router takes what it can, asks the broker, and answers or relays.
 */
#include "gateway/gateway_life_priv.h"
#include "wire/messages_cluster.h"
#include "wire/messages_txn.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct gateway_config *config;
static struct gateway_common common;
static struct gateway_loop *loop;
static int listening;

/* ---- The router ---- */

static bool reads(int api)
{
    return api == KC_API_INIT_PRODUCER_ID || api == KC_API_PRODUCE || api == KC_API_END_TXN;
}

static void asked(void *arg, struct gateway_exchange *exchange, void *response,
                  struct kc_arena *arena)
{
    const struct kc_init_producer_id_response answer = {
        .producer_id = 1, .ongoing_txn_producer_id = -1, .ongoing_txn_producer_epoch = -1};

    if (exchange->header.api == KC_API_INIT_PRODUCER_ID)
        gateway_exchange_answer(exchange, &answer);
    else
        gateway_exchange_relay(exchange);
}

static bool take(void *router, struct gateway_exchange *exchange)
{
    const struct kc_metadata_request request = {.topics = {NULL, 0}};

    if (exchange->header.correlation & 1)
        return false;
    gateway_exchange_ask(exchange, KC_API_METADATA, 4, &request, asked, NULL);
    return true;
}

static bool passes(void *router, struct gateway_exchange *exchange, void *response,
                   struct kc_arena *arena)
{
    return exchange->header.correlation & 4;
}

static const struct gateway_router router = {.reads = reads, .take = take, .passes = passes};

/* ---- One loop for all runs ---- */

static int listen_somewhere(char *servers, size_t size)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t address_len = sizeof(address);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(fd, 8) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &address_len) != 0)
        abort();
    snprintf(servers, size, "127.0.0.1:%d", ntohs(address.sin_port));
    return fd;
}

static void set_up(void)
{
    struct kc_map *settings = kc_map_new();
    char servers[32];

    signal(SIGPIPE, SIG_IGN); /* as the worker does */
    listening = listen_somewhere(servers, sizeof(servers));
    kc_map_set(settings, "bootstrap.servers", servers);
    kc_map_set(settings, "gateway.listeners", "PLAINTEXT://localhost:9192");
    kc_map_set(settings, "gateway.broker.ports", "9193-9195");
    kc_map_set(settings, "gateway.client.bytes.max", "65536");
    struct kc_error *err = gateway_config_new(settings, &config);
    kc_map_destroy(settings);
    if (err)
        abort();
    common.config = config;
    common.nodes = gateway_nodes_new(config);
    common.router = &router;
    gateway_versions_own(&common.versions);
    loop = kc_calloc(1, sizeof(*loop));
    loop->common = &common;
    loop->listener_tls = kc_calloc(1, sizeof(struct wire_tls_context *));
    if (uv_loop_init(&loop->uv) != 0)
        abort();
}

/* The loop isn't run by a thread of its own, so this one is it. */
static void turn(void)
{
    uv_run(&loop->uv, UV_RUN_NOWAIT);
}

static int accept_broker(void)
{
    int fd;

    while ((fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK)) < 0)
        uv_run(&loop->uv, UV_RUN_ONCE);
    while (loop->sessions && loop->sessions->state == SESSION_CONNECTING)
        uv_run(&loop->uv, UV_RUN_ONCE);
    return fd;
}

static void drop_input(int fd)
{
    char bytes[4096];

    while (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
        ;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    int pair[2];

    if (!loop)
        set_up();
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) != 0)
        abort();
    gateway_loop_own(loop);
    gateway_session_begin(loop, 0, -1, pair[1], kc_strdup("fuzzer"));
    const int broker = accept_broker();
    while (len > 1) {
        const int fd = data[0] & 1 ? broker : pair[0];
        const size_t most = data[0] >> 1, part = most < len - 1 ? most : len - 1;

        (void)!send(fd, data + 1, part, MSG_NOSIGNAL | MSG_DONTWAIT);
        data += 1 + part;
        len -= 1 + part;
        turn();
        drop_input(pair[0]);
        drop_input(broker);
    }
    turn();
    close(pair[0]);
    close(broker);
    while (loop->sessions)
        uv_run(&loop->uv, UV_RUN_ONCE);
    return 0;
}
