/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What fetchers ask a broker for: everything once, then only what changed; what is paused is taken
 * out; a lost session begins anew; little at a time of a broker that is near; together, unless it
 * is far. The broker is made here and keeps what it was asked.
 */
#include "batch/batch_builder.h"
#include "fetch/fetcher.h"
#include "wire/messages_cluster.h"
#include "wire/messages_data.h"

#include <arpa/inet.h>
#include <check.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PARTITIONS     200
#define PATIENCE_MS    20000
#define BROKER_ID      7
#define SESSION_ID     11
#define REQUESTS_KEPT  4096
#define NEAR_MS        5
#define FAR_MS         40
#define DESCRIPTORS    256
#define LARGEST_RECORD (20 << 20)

/* What one fetch request said. */
struct asked {
    int32_t epoch, partitions, forgotten;
    int32_t partition; /* the first of them, as the next three */
    int64_t offset;
    int32_t first_forgotten;
    int32_t max_wait_ms, max_bytes;
    int connection;
};

static struct {
    int fd, port;
    int versions_max; /* of Fetch */
    int answers_after_ms;
    bool keeps_no_sessions;
    pthread_t thread;
    pthread_mutex_t mutex; /* guards what follows */
    atomic_bool told; /* the fetcher has been told all its partitions: it may know their leaders */
    struct asked asked[REQUESTS_KEPT];
    int requests;
    int data_for; /* the partition that the next answer has a record of; -1: none */
    int feeds;    /* the first of the partitions that always have a megabyte more */
    int fed;      /* the last of them that an answer was of */
    /* The offset that a connection asked for, of those in its session; else -1. */
    int64_t known[DESCRIPTORS][PARTITIONS];
    bool lose_session;      /* once */
    int refuses;            /* this partition, once, as one that is elsewhere; -1: none */
    int record_bytes;       /* of the record of data_for */
    int fetch_answer_bytes; /* as the head of each says, whatever follows; 0: the truth */
    atomic_int hung_up;     /* connections that ended after such a head */
} broker = {.answers_after_ms = NEAR_MS};

static const struct kc_uuid topic_id = {{1, 2, 3}};

static bool read_full(int fd, void *data, size_t len)
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

/* ---- The broker ---- */

static void answer_versions(struct kc_arena *arena, struct kc_wire_out *out,
                            const struct kc_wire_request_header *header)
{
    struct kc_api_versions_response *response = kc_wire_new(arena, &kc_api_versions_response_type);

    KC_WIRE_LIST_NEW(arena, &response->api_keys, kc_api_versions_response_api_key, 3);
    response->api_keys.items[0] = (struct kc_api_versions_response_api_key){KC_API_METADATA, 0, 12};
    response->api_keys.items[1] =
        (struct kc_api_versions_response_api_key){KC_API_API_VERSIONS, 0, 3};
    response->api_keys.items[2] =
        (struct kc_api_versions_response_api_key){KC_API_FETCH, 4, (int16_t)broker.versions_max};
    ck_assert_ptr_null(
        kc_wire_encode(header->api, KC_WIRE_RESPONSE, header->version, response, out));
}

static void answer_metadata(struct kc_arena *arena, struct kc_wire_out *out,
                            const struct kc_wire_request_header *header)
{
    struct kc_metadata_response *response = kc_wire_new(arena, &kc_metadata_response_type);

    while (!atomic_load(&broker.told))
        usleep(1000);
    KC_WIRE_LIST_NEW(arena, &response->brokers, kc_metadata_response_broker, 1);
    response->brokers.items[0].node_id = BROKER_ID;
    response->brokers.items[0].host = kc_wire_str("127.0.0.1");
    response->brokers.items[0].port = broker.port;
    KC_WIRE_LIST_NEW(arena, &response->topics, kc_metadata_response_topic, 1);
    struct kc_metadata_response_topic *topic = response->topics.items;
    topic->name = kc_wire_str("t");
    topic->topic_id = topic_id;
    KC_WIRE_LIST_NEW(arena, &topic->partitions, kc_metadata_response_partition, PARTITIONS);
    for (int i = 0; i < PARTITIONS; i++) {
        topic->partitions.items[i].partition_index = i;
        topic->partitions.items[i].leader_id = BROKER_ID;
        topic->partitions.items[i].leader_epoch = 3;
    }
    ck_assert_ptr_null(
        kc_wire_encode(header->api, KC_WIRE_RESPONSE, header->version, response, out));
}

/* What the session has in it, as the broker has been told. */
static void keep_known(const struct kc_fetch_request *request, int64_t *known)
{
    for (int i = 0; i < PARTITIONS && request->session_epoch <= 0; i++)
        known[i] = -1;
    for (int32_t t = 0; t < request->forgotten_topics_data.count; t++) {
        const struct kc_fetch_request_forgotten_topics_data *topic =
            &request->forgotten_topics_data.items[t];

        for (int32_t i = 0; i < topic->partitions.count; i++)
            known[topic->partitions.items[i]] = -1;
    }
    for (int32_t t = 0; t < request->topics.count; t++) {
        const struct kc_fetch_request_topic *topic = &request->topics.items[t];

        for (int32_t i = 0; i < topic->partitions.count; i++)
            known[topic->partitions.items[i].partition] = topic->partitions.items[i].fetch_offset;
    }
}

static void note(const struct kc_fetch_request *request, int connection)
{
    struct asked *asked = &broker.asked[broker.requests < REQUESTS_KEPT ? broker.requests : 0];

    *asked = (struct asked){.epoch = request->session_epoch,
                            .partition = -1,
                            .first_forgotten = -1,
                            .max_wait_ms = request->max_wait_ms,
                            .max_bytes = request->max_bytes,
                            .connection = connection};
    for (int32_t t = 0; t < request->topics.count; t++)
        asked->partitions += request->topics.items[t].partitions.count;
    for (int32_t t = 0; t < request->forgotten_topics_data.count; t++)
        asked->forgotten += request->forgotten_topics_data.items[t].partitions.count;
    if (asked->partitions) {
        asked->partition = request->topics.items[0].partitions.items[0].partition;
        asked->offset = request->topics.items[0].partitions.items[0].fetch_offset;
    }
    if (asked->forgotten)
        asked->first_forgotten = request->forgotten_topics_data.items[0].partitions.items[0];
    broker.requests++;
    keep_known(request, broker.known[connection]);
}

static struct kc_fetch_response_partition *
put_partition(struct kc_arena *arena, struct kc_fetch_response *response, int index)
{
    KC_WIRE_LIST_NEW(arena, &response->responses, kc_fetch_response_topic, 1);
    struct kc_fetch_response_topic *topic = &response->responses.items[0];
    topic->topic = kc_wire_str("t");
    topic->topic_id = topic_id;
    KC_WIRE_LIST_NEW(arena, &topic->partitions, kc_fetch_response_partition, 1);
    topic->partitions.items[0].partition_index = index;
    return topic->partitions.items;
}

static void put_record(struct kc_arena *arena, struct kc_fetch_response *response, int index,
                       int64_t offset, size_t len, struct kc_str *batch)
{
    static const char value[LARGEST_RECORD];
    struct kc_batch_builder builder = {0};
    struct kc_wire_record record = {.offset = offset,
                                    .timestamp = 1700000000000LL,
                                    .key = {NULL, -1},
                                    .value = kc_wire_bytes(value, len)};

    ck_assert_ptr_null(kc_batch_builder_add(&builder, &record));
    ck_assert_ptr_null(kc_batch_builder_finish(&builder, batch));
    kc_batch_builder_destroy(&builder);
    struct kc_fetch_response_partition *partition = put_partition(arena, response, index);
    partition->records = kc_wire_bytes(batch->data, batch->len);
}

/* The next partition that always has more and is asked for; -1: none. */
static int next_fed(const int64_t *known)
{
    for (int i = 1; i <= PARTITIONS && broker.feeds >= 0; i++) {
        int index = (broker.fed + i) % PARTITIONS;

        if (index >= broker.feeds && known[index] >= 0)
            return index;
    }
    return -1;
}

static void answer_fetch(struct kc_arena *arena, struct kc_wire_out *out,
                         const struct kc_wire_request_header *header,
                         const struct kc_fetch_request *request, int connection)
{
    struct kc_fetch_response *response = kc_wire_new(arena, &kc_fetch_response_type);
    struct kc_str batch = {0};

    ck_assert_int_lt(connection, DESCRIPTORS);
    const int64_t *known = broker.known[connection];
    pthread_mutex_lock(&broker.mutex);
    note(request, connection);
    response->session_id = broker.keeps_no_sessions ? 0 : SESSION_ID;
    if (broker.lose_session && request->session_epoch > 0) {
        response->error_code = KC_KAFKA_FETCH_SESSION_ID_NOT_FOUND;
        response->session_id = 0;
        broker.lose_session = false;
    } else if (broker.refuses >= 0) {
        put_partition(arena, response, broker.refuses)->error_code =
            KC_KAFKA_NOT_LEADER_OR_FOLLOWER;
        broker.refuses = -1;
    } else if (broker.data_for >= 0 && known[broker.data_for] >= 0) {
        put_record(arena, response, broker.data_for, 0, (size_t)broker.record_bytes, &batch);
        broker.data_for = -1;
    } else if (next_fed(known) >= 0) {
        broker.fed = next_fed(known);
        put_record(arena, response, broker.fed, known[broker.fed], 1 << 20, &batch);
    }
    pthread_mutex_unlock(&broker.mutex);
    usleep(1000 * (useconds_t)broker.answers_after_ms);
    ck_assert_ptr_null(
        kc_wire_encode(header->api, KC_WIRE_RESPONSE, header->version, response, out));
    kc_str_destroy(&batch);
}

static int claimed_size(int api, const struct kc_wire_out *out)
{
    return api == KC_API_FETCH && broker.fetch_answer_bytes ? broker.fetch_answer_bytes
                                                            : (int)out->bytes.len - 4;
}

static void answer(const uint8_t *frame, size_t len, int connection, struct kc_wire_out *out)
{
    struct kc_arena *arena = kc_arena_new(1024);
    struct kc_wire_request_header header;
    void *request;
    size_t used;

    ck_assert_ptr_null(kc_wire_read_request_header(frame, len, &header, &used));
    kc_str_append_i32(&out->bytes, 0);
    kc_wire_write_response_header(out, header.api, header.version, header.correlation);
    ck_assert_ptr_null(kc_wire_decode(header.api, KC_WIRE_REQUEST, header.version, frame + used,
                                      len - used, arena, &request));
    if (header.api == KC_API_FETCH)
        answer_fetch(arena, out, &header, request, connection);
    else if (header.api == KC_API_METADATA)
        answer_metadata(arena, out, &header);
    else
        answer_versions(arena, out, &header);
    for (int i = 0; i < 4; i++)
        out->bytes.data[i] = (char)(claimed_size(header.api, out) >> (24 - 8 * i));
    kc_arena_destroy(arena);
}

static void *serve(void *arg)
{
    int fd = (int)(intptr_t)arg;
    uint8_t head[4];

    while (read_full(fd, head, 4)) {
        size_t len = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
        uint8_t *frame = kc_malloc(len);
        struct kc_wire_out out = {0};

        if (read_full(fd, frame, len)) {
            answer(frame, len, fd, &out);
            send(fd, out.bytes.data, out.bytes.len, MSG_NOSIGNAL);
        }
        kc_wire_out_destroy(&out);
        free(frame);
    }
    if (broker.fetch_answer_bytes)
        atomic_fetch_add(&broker.hung_up, 1);
    close(fd);
    return NULL;
}

static void *run(void *arg)
{
    pthread_t threads[16];
    int count = 0, fd;

    while (count < 16 && (fd = accept(broker.fd, NULL, NULL)) >= 0)
        ck_assert_int_eq(pthread_create(&threads[count++], NULL, serve, (void *)(intptr_t)fd), 0);
    while (count > 0)
        pthread_join(threads[--count], NULL);
    return NULL;
}

/* ---- Fetchers ---- */

static void start_broker(int versions_max)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(address);

    pthread_mutex_init(&broker.mutex, NULL);
    broker.versions_max = versions_max;
    broker.data_for = broker.refuses = broker.feeds = -1;
    broker.record_bytes = 5;
    broker.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(broker.fd, (struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(listen(broker.fd, 16), 0);
    ck_assert_int_eq(getsockname(broker.fd, (struct sockaddr *)&address, &len), 0);
    broker.port = ntohs(address.sin_port);
    ck_assert_int_eq(pthread_create(&broker.thread, NULL, run, NULL), 0);
}

static struct kc_fetcher *open_fetcher(const char *client_id)
{
    struct kc_map *settings = kc_map_new();
    struct kc_fetcher *fetcher = NULL;

    kc_map_setf(settings, "bootstrap.servers", "127.0.0.1:%d", broker.port);
    kc_map_set(settings, "client.id", client_id);
    ck_assert_ptr_null(kc_fetcher_open(settings, "test", 8 << 20, &fetcher));
    kc_map_destroy(settings);
    return fetcher;
}

static void add(struct kc_fetcher *fetcher, int from, int to)
{
    for (int i = from; i < to; i++)
        kc_fetcher_add(fetcher, "t", i, 0, -1);
}

static struct kc_fetcher *start(int versions_max)
{
    start_broker(versions_max);
    struct kc_fetcher *fetcher = open_fetcher("one");
    add(fetcher, 0, PARTITIONS);
    atomic_store(&broker.told, true);
    return fetcher;
}

/* A second one, which has the partitions from `from` on. */
static struct kc_fetcher *start_two(int versions_max, int from, struct kc_fetcher **first)
{
    start_broker(versions_max);
    *first = open_fetcher("one");
    struct kc_fetcher *second = open_fetcher("two");
    add(*first, 0, from);
    add(second, from, PARTITIONS);
    atomic_store(&broker.told, true);
    return second;
}

static void stop(struct kc_fetcher *fetcher)
{
    kc_fetcher_close(fetcher);
    shutdown(broker.fd, SHUT_RDWR);
    pthread_join(broker.thread, NULL);
    close(broker.fd);
}

static int requests(void)
{
    pthread_mutex_lock(&broker.mutex);
    int count = broker.requests;
    pthread_mutex_unlock(&broker.mutex);
    return count;
}

/* Waits for a request from number `from` on of which found() holds; the number behind it. */
static int await(int from, bool (*found)(const struct asked *asked), struct asked *asked)
{
    int64_t deadline = kc_mono_ms() + PATIENCE_MS;

    for (; kc_mono_ms() < deadline; usleep(1000)) {
        for (; from < requests(); from++) {
            pthread_mutex_lock(&broker.mutex);
            *asked = broker.asked[from];
            pthread_mutex_unlock(&broker.mutex);
            if (found(asked))
                return from + 1;
        }
    }
    ck_abort_msg("no such request came");
}

static bool names_all(const struct asked *asked)
{
    return asked->epoch == 0 && asked->partitions == PARTITIONS;
}

static bool names_some(const struct asked *asked)
{
    return asked->epoch > 0 && asked->partitions > 0;
}

static bool forgets(const struct asked *asked)
{
    return asked->forgotten > 0;
}

static bool forgets_third(const struct asked *asked)
{
    return asked->forgotten == 1 && asked->first_forgotten == 3;
}

static bool names_third(const struct asked *asked)
{
    return asked->partitions == 1 && asked->partition == 3;
}

static bool is_quiet(const struct asked *asked)
{
    return asked->epoch > 0 && asked->partitions == 0 && asked->forgotten == 0;
}

/* Behind those that tell how far the broker is. */
static bool waits(const struct asked *asked)
{
    return is_quiet(asked) && asked->max_wait_ms > 0;
}

static void expect(struct kc_fetcher *fetcher, int partition)
{
    struct kc_fetched *fetched = kc_fetcher_next(fetcher, kc_mono_ms() + PATIENCE_MS);

    ck_assert_ptr_nonnull(fetched);
    ck_assert_int_eq(fetched->kind, KC_FETCHED_DATA);
    ck_assert_int_eq(fetched->partition, partition);
    kc_fetched_release(fetched);
}

static void give(int partition)
{
    pthread_mutex_lock(&broker.mutex);
    broker.data_for = partition;
    pthread_mutex_unlock(&broker.mutex);
}

static const int versions[] = {12, 17};

START_TEST(only_what_changed_is_asked_for)
{
    struct kc_fetcher *fetcher = start(versions[_i]);
    struct asked asked;
    int at = await(0, names_all, &asked);

    at = await(at, is_quiet, &asked);
    give(150);
    struct kc_fetched *fetched = kc_fetcher_next(fetcher, kc_mono_ms() + PATIENCE_MS);
    ck_assert_ptr_nonnull(fetched);
    ck_assert_int_eq(fetched->kind, KC_FETCHED_DATA);
    ck_assert_int_eq(fetched->partition, 150);
    ck_assert_int_eq(fetched->next_offset, 1);
    kc_fetched_release(fetched);
    at = await(at, names_some, &asked);
    ck_assert_int_eq(asked.partitions, 1);
    ck_assert_int_eq(asked.partition, 150);
    ck_assert_int_eq(asked.offset, 1);
    await(at, is_quiet, &asked);
    stop(fetcher);
}
END_TEST

START_TEST(what_is_paused_or_removed_is_taken_out)
{
    struct kc_fetcher *fetcher = start(versions[_i]);
    struct asked asked;
    int at = await(0, names_all, &asked);

    kc_fetcher_pause(fetcher, "t", 9, true);
    at = await(at, forgets, &asked);
    ck_assert_int_eq(asked.forgotten, 1);
    ck_assert_int_eq(asked.first_forgotten, 9);
    kc_fetcher_pause(fetcher, "t", 9, false);
    at = await(at, names_some, &asked);
    ck_assert_int_eq(asked.partitions, 1);
    ck_assert_int_eq(asked.partition, 9);
    kc_fetcher_remove(fetcher, "t", 10);
    at = await(at, forgets, &asked);
    ck_assert_int_eq(asked.first_forgotten, 10);
    kc_fetcher_seek(fetcher, "t", 11, 77, -1);
    await(at, names_some, &asked);
    ck_assert_int_eq(asked.partition, 11);
    ck_assert_int_eq(asked.offset, 77);
    stop(fetcher);
}
END_TEST

START_TEST(a_lost_session_begins_anew)
{
    struct kc_fetcher *fetcher = start(versions[_i]);
    struct asked asked;
    int at = await(0, names_all, &asked);

    at = await(at, is_quiet, &asked);
    pthread_mutex_lock(&broker.mutex);
    broker.lose_session = true;
    pthread_mutex_unlock(&broker.mutex);
    at = await(at, names_all, &asked);
    await(at, is_quiet, &asked);
    stop(fetcher);
}
END_TEST

/* Else the broker would hold the answer while a partition that isn't in the request waits. */
START_TEST(a_request_ends_when_a_refused_partition_is_due)
{
    struct kc_fetcher *fetcher = start(versions[_i]);
    struct asked asked;
    int at = await(0, waits, &asked);

    ck_assert_int_eq(asked.max_wait_ms, 500);
    pthread_mutex_lock(&broker.mutex);
    broker.refuses = 3;
    pthread_mutex_unlock(&broker.mutex);
    at = await(at, forgets_third, &asked);
    ck_assert_int_lt(asked.max_wait_ms, 200); /* the first back-off, with its jitter */
    await(at, names_third, &asked);
    stop(fetcher);
}
END_TEST

static bool asks_for_little(const struct asked *asked)
{
    return asked->max_bytes == 1 << 20;
}

static bool asks_for_much(const struct asked *asked)
{
    return asked->max_bytes == 8 << 20;
}

START_TEST(a_near_broker_is_asked_for_little)
{
    struct kc_fetcher *fetcher = start(versions[_i]);
    struct asked asked;

    await(0, asks_for_little, &asked);
    /* Its first answers have told by now where it is. */
    await(50, asks_for_little, &asked);
    stop(fetcher);
}
END_TEST

START_TEST(a_far_broker_is_asked_for_much)
{
    struct asked asked;

    broker.answers_after_ms = FAR_MS;
    struct kc_fetcher *fetcher = start(versions[_i]);
    await(0, asks_for_little, &asked);
    await(0, asks_for_much, &asked);
    stop(fetcher);
}
END_TEST

static bool begins_elsewhere(const struct asked *asked)
{
    return names_all(asked) && asked->partition == PARTITIONS / 4;
}

/* What is asked for may be less than its first partition has. */
START_TEST(without_a_session_each_partition_is_the_first_in_turn)
{
    struct asked asked;

    broker.keeps_no_sessions = true;
    struct kc_fetcher *fetcher = start(versions[_i]);
    await(0, begins_elsewhere, &asked);
    stop(fetcher);
}
END_TEST

/* ---- Several ---- */

static bool names_half(const struct asked *asked)
{
    return asked->epoch == 0 && asked->partitions == PARTITIONS / 2;
}

static bool forgets_half(const struct asked *asked)
{
    return asked->forgotten == PARTITIONS / 2;
}

START_TEST(what_several_read_from_a_near_broker_is_one_request)
{
    struct kc_fetcher *first, *second = start_two(versions[_i], PARTITIONS / 2, &first);
    struct asked asked;
    int at = await(0, names_all, &asked);

    give(150);
    expect(second, 150);
    give(3);
    expect(first, 3);
    ck_assert_ptr_null(kc_fetcher_next(second, 0));
    kc_fetcher_close(first);
    await(at, forgets_half, &asked);
    give(160);
    expect(second, 160);
    stop(second);
}
END_TEST

START_TEST(of_a_far_broker_each_reads_by_itself)
{
    struct kc_fetcher *first;
    struct asked asked;

    broker.answers_after_ms = FAR_MS;
    struct kc_fetcher *second = start_two(versions[_i], PARTITIONS / 2, &first);
    int at = await(0, names_half, &asked);
    int connection = asked.connection;
    at = await(at, names_half, &asked);
    ck_assert_int_ne(asked.connection, connection);
    give(150);
    expect(second, 150);
    kc_fetcher_close(first);
    give(160);
    expect(second, 160);
    stop(second);
}
END_TEST

/* Fetchers that take nothing, and the partitions of each, of which each may have two megabytes
 * queued. */
#define STUCK       3
#define STUCK_PARTS 20
#define FIRST_STUCK (PARTITIONS - 1 - STUCK * STUCK_PARTS)

/* Takes until each of its partitions has brought more than may have been queued. */
static void take_of_all(struct kc_fetcher *fetcher)
{
    int chunks[PARTITIONS] = {0};

    for (int ready = 0; ready < STUCK_PARTS;) {
        struct kc_fetched *fetched = kc_fetcher_next(fetcher, kc_mono_ms() + PATIENCE_MS);

        ck_assert_ptr_nonnull(fetched);
        ready += ++chunks[fetched->partition] == 4;
        kc_fetched_release(fetched);
    }
}

START_TEST(who_takes_nothing_holds_up_nobody)
{
    struct kc_fetcher *stuck[STUCK], *other;

    start_broker(versions[_i]);
    for (int i = 0; i < STUCK; i++)
        stuck[i] = open_fetcher("stuck");
    for (int i = 0; i < STUCK * STUCK_PARTS; i++)
        add(stuck[i % STUCK], FIRST_STUCK + i, FIRST_STUCK + i + 1);
    other = open_fetcher("other");
    add(other, PARTITIONS - 1, PARTITIONS);
    broker.feeds = FIRST_STUCK;
    atomic_store(&broker.told, true);
    for (int i = 0; i < 100; i++)
        expect(other, PARTITIONS - 1);
    for (int i = 0; i < STUCK; i++) {
        ck_assert_uint_ge(kc_fetcher_bytes(stuck[i]), 4 << 20);
        ck_assert_uint_le(kc_fetcher_bytes(stuck[i]), 13 << 20);
    }
    take_of_all(stuck[0]);
    kc_fetcher_close(other);
    for (int i = 1; i < STUCK; i++)
        kc_fetcher_close(stuck[i]);
    stop(stuck[0]);
}
END_TEST

static bool names_seventh(const struct asked *asked)
{
    return asked->partition == 7 && asked->offset == 77;
}

START_TEST(a_partition_belongs_to_who_added_it_last)
{
    struct kc_fetcher *first = start(versions[_i]), *second = open_fetcher("two");
    struct asked asked;
    int at = await(0, waits, &asked);

    kc_fetcher_add(second, "t", 7, 77, -1);
    await(at, names_seventh, &asked);
    ck_assert_int_eq(kc_fetcher_position(first, "t", 7), -1);
    kc_fetcher_seek(first, "t", 7, 1, -1);
    kc_fetcher_remove(first, "t", 7);
    ck_assert_int_eq(kc_fetcher_position(second, "t", 7), 77);
    kc_fetcher_close(first);
    ck_assert_int_eq(kc_fetcher_position(second, "t", 7), 77);
    stop(second);
}
END_TEST

/* Kafka sends a whole batch however little was asked for. */
START_TEST(a_batch_larger_than_what_is_asked_for_is_taken)
{
    struct kc_fetcher *fetcher;
    struct kc_map *settings = kc_map_new();

    start_broker(versions[0]);
    broker.data_for = 5;
    broker.record_bytes = LARGEST_RECORD;
    kc_map_setf(settings, "bootstrap.servers", "127.0.0.1:%d", broker.port);
    kc_map_set(settings, "fetch.max.bytes", "1000000");
    ck_assert_ptr_null(kc_fetcher_open(settings, "test", 8 << 20, &fetcher));
    kc_map_destroy(settings);
    add(fetcher, 0, PARTITIONS);
    atomic_store(&broker.told, true);
    struct kc_fetched *fetched = kc_fetcher_next(fetcher, kc_mono_ms() + PATIENCE_MS);
    ck_assert_ptr_nonnull(fetched);
    ck_assert_int_eq(fetched->kind, KC_FETCHED_DATA);
    ck_assert_uint_gt(fetched->len, LARGEST_RECORD);
    kc_fetched_release(fetched);
    stop(fetcher);
}
END_TEST

/* An answer larger than any that could be asked for is left at its head: the connection ends. */
START_TEST(a_frame_beyond_what_is_asked_for_is_refused)
{
    int64_t deadline = kc_mono_ms() + PATIENCE_MS;

    broker.fetch_answer_bytes = 100 << 20;
    struct kc_fetcher *fetcher = start(versions[0]);
    while (!atomic_load(&broker.hung_up) && kc_mono_ms() < deadline)
        usleep(1000);
    ck_assert_int_gt(atomic_load(&broker.hung_up), 0);
    stop(fetcher);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fetcher");
    TCase *tests = tcase_create("all");
    SRunner *runner = srunner_create(suite);

    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, only_what_changed_is_asked_for, 0, 2);
    tcase_add_loop_test(tests, what_is_paused_or_removed_is_taken_out, 0, 2);
    tcase_add_loop_test(tests, a_lost_session_begins_anew, 0, 2);
    tcase_add_loop_test(tests, a_request_ends_when_a_refused_partition_is_due, 0, 2);
    tcase_add_loop_test(tests, a_near_broker_is_asked_for_little, 0, 2);
    tcase_add_loop_test(tests, a_far_broker_is_asked_for_much, 0, 2);
    tcase_add_loop_test(tests, without_a_session_each_partition_is_the_first_in_turn, 0, 2);
    tcase_add_loop_test(tests, what_several_read_from_a_near_broker_is_one_request, 0, 2);
    tcase_add_loop_test(tests, of_a_far_broker_each_reads_by_itself, 0, 2);
    tcase_add_loop_test(tests, who_takes_nothing_holds_up_nobody, 0, 2);
    tcase_add_loop_test(tests, a_partition_belongs_to_who_added_it_last, 0, 2);
    tcase_add_test(tests, a_batch_larger_than_what_is_asked_for_is_taken);
    tcase_add_test(tests, a_frame_beyond_what_is_asked_for_is_refused);
    suite_add_tcase(suite, tests);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
