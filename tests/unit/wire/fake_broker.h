/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Brokers made here, for tests of what a client does with answers: each listens on a loopback port,
 * a thread per connection, and a test's function fills the answers.
 *
 * Metadata answers name the brokers of `cluster` that have a port, and one topic, which is led by
 * fakes_leader() in its epoch.
 */
#ifndef TESTS_UNIT_WIRE_FAKE_BROKER_H
#define TESTS_UNIT_WIRE_FAKE_BROKER_H

#include "wire/messages_cluster.h"
#include "wire/messages_data.h"
#include "wire/messages_txn.h"
#include "wire/wire_client.h"

#include <arpa/inet.h>
#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FAKE_TOPIC "t"
#ifndef FAKE_CONNECTIONS
#define FAKE_CONNECTIONS 16 /* that a broker takes in its life */
#endif

struct fakes;

struct fake {
    struct fakes *cluster;
    int32_t id;
    int fd;
    int port;
    pthread_t thread;
    pthread_t servers[FAKE_CONNECTIONS];
    int sockets[FAKE_CONNECTIONS];
    int count;
    atomic_int asked[KC_API_KEYS]; /* requests so far */
};

struct fakes {
    struct fake brokers[3]; /* ids 1, 2, ... */
    int size;
    atomic_int leader, epoch; /* what Metadata says */
    struct kc_uuid topic_id;
    atomic_int partitions; /* 0: one */
    bool missing;          /* there is no such topic */
    atomic_int refusal;    /* that Metadata has for the topic */
    bool hang_up;          /* where there is no answer, the connection ends */
    atomic_bool fenced;    /* Metadata names no broker and no topic */
    atomic_bool old;       /* before Kafka 3.0: of groups, it is asked for one at a time */
    /* Fills response for a request that is neither ApiVersions nor Metadata; asked: how many of
     * that API this broker has had before. False: no answer. */
    bool (*answer)(struct fake *fake, int asked, int api, const void *request, void *response,
                   struct kc_arena *arena);
};

static bool fake_read(int fd, void *data, size_t len)
{
    for (char *at = data; len > 0;) {
        ssize_t got = read(fd, at, len);

        if (got <= 0)
            return false;
        at += got;
        len -= (size_t)got;
    }
    return true;
}

static int16_t fake_max_version(struct fakes *cluster, int api)
{
    bool old = atomic_load(&cluster->old);

    if (old && api == KC_API_FIND_COORDINATOR)
        return 3;
    if (old && api == KC_API_OFFSET_FETCH)
        return 7;
    return kc_api_find(api)->client_max;
}

static void fake_versions(struct fakes *cluster, struct kc_api_versions_response *response,
                          struct kc_arena *arena)
{
    static const int apis[] = {KC_API_API_VERSIONS,
                               KC_API_METADATA,
                               KC_API_FETCH,
                               KC_API_PRODUCE,
                               KC_API_INIT_PRODUCER_ID,
                               KC_API_LIST_OFFSETS,
                               KC_API_CREATE_TOPICS,
                               KC_API_FIND_COORDINATOR,
                               KC_API_DESCRIBE_GROUPS,
                               KC_API_DELETE_RECORDS,
                               KC_API_ADD_PARTITIONS_TO_TXN,
                               KC_API_END_TXN,
                               KC_API_WRITE_TXN_MARKERS,
                               KC_API_DESCRIBE_CONFIGS,
                               KC_API_INCREMENTAL_ALTER_CONFIGS,
                               KC_API_DESCRIBE_PRODUCERS,
                               KC_API_DESCRIBE_TRANSACTIONS,
                               KC_API_LIST_TRANSACTIONS,
                               KC_API_CONSUMER_GROUP_DESCRIBE,
                               KC_API_JOIN_GROUP,
                               KC_API_SYNC_GROUP,
                               KC_API_HEARTBEAT,
                               KC_API_LEAVE_GROUP,
                               KC_API_OFFSET_COMMIT,
                               KC_API_OFFSET_FETCH,
                               KC_API_CONSUMER_GROUP_HEARTBEAT};
    const int count = sizeof(apis) / sizeof(*apis);

    KC_WIRE_LIST_NEW(arena, &response->api_keys, kc_api_versions_response_api_key, count);
    for (int i = 0; i < count; i++) {
        response->api_keys.items[i] = (struct kc_api_versions_response_api_key){
            (int16_t)apis[i], kc_api_find(apis[i])->min, fake_max_version(cluster, apis[i])};
    }
}

static void fake_metadata(struct fakes *cluster, struct kc_metadata_response *response,
                          struct kc_arena *arena)
{
    int32_t count = 0;

    response->cluster_id = kc_wire_str("fake");
    KC_WIRE_LIST_NEW(arena, &response->brokers, kc_metadata_response_broker, cluster->size);
    for (int i = 0; i < cluster->size; i++) {
        if (!cluster->brokers[i].port || atomic_load(&cluster->fenced))
            continue;
        response->brokers.items[count].node_id = cluster->brokers[i].id;
        response->brokers.items[count].host = kc_wire_str("127.0.0.1");
        response->brokers.items[count++].port = cluster->brokers[i].port;
    }
    response->brokers.count = count;
    response->controller_id = count ? response->brokers.items[0].node_id : -1;
    if (count == 0)
        return;
    KC_WIRE_LIST_NEW(arena, &response->topics, kc_metadata_response_topic, 1);
    struct kc_metadata_response_topic *topic = &response->topics.items[0];
    topic->name = kc_wire_str(FAKE_TOPIC);
    topic->topic_id = cluster->topic_id;
    if (cluster->missing) {
        topic->error_code = KC_KAFKA_UNKNOWN_TOPIC_OR_PARTITION;
        return;
    }
    topic->error_code = (int16_t)atomic_load(&cluster->refusal);
    if (topic->error_code)
        return;
    const int partitions = atomic_load(&cluster->partitions);
    KC_WIRE_LIST_NEW(arena, &topic->partitions, kc_metadata_response_partition,
                     partitions ? partitions : 1);
    for (int32_t i = 0; i < topic->partitions.count; i++)
        topic->partitions.items[i] =
            (struct kc_metadata_response_partition){.partition_index = i,
                                                    .leader_id = atomic_load(&cluster->leader),
                                                    .leader_epoch = atomic_load(&cluster->epoch)};
}

/* False: no answer. */
static bool fake_answer(struct fake *fake, const uint8_t *frame, size_t len,
                        struct kc_wire_out *out)
{
    struct kc_arena *arena = kc_arena_new(1024);
    struct kc_wire_request_header header;
    void *request = NULL, *response;
    size_t used;
    bool send = true;

    ck_assert_ptr_null(kc_wire_read_request_header(frame, len, &header, &used));
    ck_assert_ptr_null(kc_wire_decode(header.api, KC_WIRE_REQUEST, header.version, frame + used,
                                      len - used, arena, &request));
    response = kc_wire_new(arena, kc_api_find(header.api)->response);
    int asked = atomic_fetch_add(&fake->asked[header.api], 1);
    if (header.api == KC_API_API_VERSIONS)
        fake_versions(fake->cluster, response, arena);
    else if (header.api == KC_API_METADATA)
        fake_metadata(fake->cluster, response, arena);
    else
        send = fake->cluster->answer(fake, asked, header.api, request, response, arena);
    kc_str_append_i32(&out->bytes, 0);
    kc_wire_write_response_header(out, header.api, header.version, header.correlation);
    ck_assert_ptr_null(kc_wire_encode(header.api, KC_WIRE_RESPONSE, header.version, response, out));
    for (int i = 0; i < 4; i++)
        out->bytes.data[i] = (char)((out->bytes.len - 4) >> (24 - 8 * i));
    kc_arena_destroy(arena);
    return send;
}

struct fake_server {
    struct fake *fake;
    int fd;
};

static void *fake_serve(void *arg)
{
    struct fake_server server = *(struct fake_server *)arg;
    uint8_t head[4];

    free(arg);
    while (fake_read(server.fd, head, 4)) {
        size_t len = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
        uint8_t *frame = kc_malloc(len);
        struct kc_wire_out out = {0};

        if (fake_read(server.fd, frame, len) && fake_answer(server.fake, frame, len, &out))
            send(server.fd, out.bytes.data, out.bytes.len, MSG_NOSIGNAL);
        else if (server.fake->cluster->hang_up)
            shutdown(server.fd, SHUT_RDWR);
        kc_wire_out_destroy(&out);
        free(frame);
    }
    return NULL;
}

static void *fake_accept(void *arg)
{
    struct fake *fake = arg;
    int fd;

    while (fake->count < FAKE_CONNECTIONS && (fd = accept(fake->fd, NULL, NULL)) >= 0) {
        struct fake_server *server = kc_malloc(sizeof(*server));

        *server = (struct fake_server){fake, fd};
        fake->sockets[fake->count] = fd;
        ck_assert_int_eq(pthread_create(&fake->servers[fake->count++], NULL, fake_serve, server),
                         0);
    }
    return NULL;
}

/* Listening, or with a port that nobody listens on. */
static void fake_start(struct fakes *cluster, int32_t id, bool there)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct fake *fake = &cluster->brokers[id - 1];
    socklen_t len = sizeof(address);

    fake->cluster = cluster;
    fake->id = id;
    fake->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fake->fd, (struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(getsockname(fake->fd, (struct sockaddr *)&address, &len), 0);
    fake->port = ntohs(address.sin_port);
    cluster->size = id > cluster->size ? id : cluster->size;
    if (!there)
        return;
    ck_assert_int_eq(listen(fake->fd, 16), 0);
    ck_assert_int_eq(pthread_create(&fake->thread, NULL, fake_accept, fake), 0);
}

/* After the client is gone. */
static void fakes_stop(struct fakes *cluster)
{
    for (int i = 0; i < cluster->size; i++) {
        struct fake *fake = &cluster->brokers[i];

        shutdown(fake->fd, SHUT_RDWR);
        if (fake->thread)
            pthread_join(fake->thread, NULL);
        for (int j = 0; j < fake->count; j++) {
            shutdown(fake->sockets[j], SHUT_RDWR);
            pthread_join(fake->servers[j], NULL);
            close(fake->sockets[j]);
        }
        close(fake->fd);
    }
}

/* Settings of a client that would wait for ever where it backs off. */
static struct kc_map *fakes_settings(const struct fakes *cluster, const char *back_off_ms)
{
    struct kc_map *settings = kc_map_new();

    kc_map_setf(settings, "bootstrap.servers", "127.0.0.1:%d", cluster->brokers[0].port);
    kc_map_set(settings, "retry.backoff.ms", back_off_ms);
    kc_map_set(settings, "retry.backoff.max.ms", back_off_ms);
    return settings;
}

#endif
