// SPDX-License-Identifier: Apache-2.0
// The other reference of `make bench`: what it takes at least to copy a topic as record batches.
// Fetches and produces with the worker's encoder but none of its client: two sockets, one thread,
// one fetch and up to five produce requests (acks=all) at a time, headers and CRCs rewritten.
//
//     raw_loop SOURCE TARGET TOPIC REMOTE-TOPIC PARTITIONS RECORDS
//
// SOURCE and TARGET are host:port of brokers that lead every partition. It ends with status 0 once
// RECORDS have been acknowledged; any error ends it with status 1.

#include "base/kafka_errors.h"
#include "batch/batch.h"
#include "wire/api.h"
#include "wire/messages_data.h"

#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define FETCH_VERSION   12
#define PRODUCE_VERSION 9
#define BUFFERS         3
#define IN_FLIGHT       5
#define FETCH_BYTES     (8 << 20)
#define PARTITION_BYTES (1 << 20)

// An answer to a fetch; free when no batch of it is left.
struct buffer {
    uint8_t *data;
    size_t cap;
    int batches;
};

struct piece {
    uint8_t *data;
    size_t len;
    int32_t count;
    struct buffer *buffer;
    struct piece *next;
};

struct partition {
    int64_t offset;
    struct piece *first, **last;
};

struct flight {
    struct piece **pieces;
    int *indexes; // of their partitions
    int count;
};

static const char *topic, *remote;
static int partition_count, source, target;
static struct partition *partitions;
static struct buffer buffers[BUFFERS];
static struct flight flights[IN_FLIGHT];
static int sent, answered; // produce requests
static bool settled;       // one of them succeeded in all its partitions
static int64_t acknowledged;
static struct buffer *reading; // the answer on its way; NULL: no fetch is out
static uint8_t head[4];
static size_t head_len, frame_len, frame_size;

static void die(const char *doing, const char *why)
{
    fprintf(stderr, "raw_loop: %s: %s\n", doing, why);
    exit(1);
}

static void check(struct kc_error *err, const char *doing)
{
    if (err)
        die(doing, kc_error_text(err));
}

static int open_socket(const char *address)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    const char *colon = strrchr(address, ':');
    struct addrinfo *found;
    char *host = colon ? strndup(address, (size_t)(colon - address)) : NULL;
    int one = 1;

    if (!host || getaddrinfo(host, colon + 1, &hints, &found) != 0)
        die(address, "no address of a broker");
    free(host);
    int fd = socket(found->ai_family, found->ai_socktype, 0);
    if (fd < 0 || connect(fd, found->ai_addr, found->ai_addrlen) != 0)
        die(address, strerror(errno));
    freeaddrinfo(found);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    return fd;
}

// ---- Requests -------------------------------------------------------------------------------

static void write_all(int fd, struct iovec *parts, int count)
{
    while (count > 0) {
        ssize_t written = writev(fd, parts, count > 64 ? 64 : count);

        if (written < 0)
            die("writing", strerror(errno));
        while (count > 0 && (size_t)written >= parts->iov_len) {
            written -= (ssize_t)parts->iov_len;
            parts++;
            count--;
        }
        if (count > 0) {
            parts->iov_base = (char *)parts->iov_base + written;
            parts->iov_len -= (size_t)written;
        }
    }
}

static void send_request(int fd, enum kc_api api, int version, const void *message)
{
    struct kc_wire_out out = {.refs_min = 1024};
    const struct kc_wire_request_header header = {(int16_t)api, (int16_t)version, 1,
                                                  kc_wire_str("raw-loop")};

    kc_str_append_i32(&out.bytes, 0);
    kc_wire_write_request_header(&out, &header);
    check(kc_wire_encode((int)api, KC_WIRE_REQUEST, version, message, &out), "encoding");
    size_t size = kc_wire_out_size(&out) - 4, at = 0;
    for (int i = 0; i < 4; i++)
        out.bytes.data[i] = (char)(size >> (24 - 8 * i));
    struct iovec *parts = kc_calloc(2 * out.ref_count + 1, sizeof(*parts));
    int count = 0;
    for (size_t i = 0; i < out.ref_count; i++) {
        parts[count++] = (struct iovec){out.bytes.data + at, out.refs[i].at - at};
        at = out.refs[i].at;
        parts[count++] = (struct iovec){(void *)out.refs[i].data, out.refs[i].len};
    }
    parts[count++] = (struct iovec){out.bytes.data + at, out.bytes.len - at};
    write_all(fd, parts, count);
    free(parts);
    kc_wire_out_destroy(&out);
}

static void send_fetch(void)
{
    struct kc_arena *arena = kc_arena_new(4096);
    struct kc_fetch_request *request = kc_wire_new(arena, &kc_fetch_request_type);

    request->max_wait_ms = 500;
    request->min_bytes = 1;
    request->max_bytes = FETCH_BYTES;
    request->session_epoch = -1;
    KC_WIRE_LIST_NEW(arena, &request->topics, kc_fetch_request_topic, 1);
    request->topics.items[0].topic = kc_wire_str(topic);
    KC_WIRE_LIST_NEW(arena, &request->topics.items[0].partitions, kc_fetch_request_partition,
                     partition_count);
    for (int i = 0; i < partition_count; i++) {
        struct kc_fetch_request_partition *to = &request->topics.items[0].partitions.items[i];

        to->partition = i;
        to->fetch_offset = partitions[i].offset;
        to->partition_max_bytes = PARTITION_BYTES;
    }
    send_request(source, KC_API_FETCH, FETCH_VERSION, request);
    kc_arena_destroy(arena);
    head_len = frame_len = 0;
}

static void fetch_if_room(void)
{
    for (int i = 0; i < BUFFERS && !reading; i++)
        if (buffers[i].batches == 0)
            reading = &buffers[i];
    if (reading)
        send_fetch();
}

static bool produce_if_any(void)
{
    struct kc_arena *arena = kc_arena_new(4096);
    struct kc_produce_request *request = kc_wire_new(arena, &kc_produce_request_type);
    struct flight *flight = &flights[sent % IN_FLIGHT];

    flight->count = 0;
    request->acks = -1;
    request->timeout_ms = 30000;
    KC_WIRE_LIST_NEW(arena, &request->topic_data, kc_produce_request_topic, 1);
    struct kc_produce_request_topic *to = request->topic_data.items;
    to->name = kc_wire_str(remote);
    KC_WIRE_LIST_NEW(arena, &to->partition_data, kc_produce_request_partition, partition_count);
    for (int i = 0; i < partition_count; i++) {
        struct piece *piece = partitions[i].first;

        if (!piece)
            continue;
        partitions[i].first = piece->next;
        if (!piece->next)
            partitions[i].last = &partitions[i].first;
        to->partition_data.items[flight->count].index = i;
        to->partition_data.items[flight->count].records = kc_wire_bytes(piece->data, piece->len);
        flight->indexes[flight->count] = i;
        flight->pieces[flight->count++] = piece;
    }
    to->partition_data.count = flight->count;
    if (flight->count) {
        send_request(target, KC_API_PRODUCE, PRODUCE_VERSION, request);
        sent++;
    }
    kc_arena_destroy(arena);
    return flight->count > 0;
}

// ---- Answers --------------------------------------------------------------------------------

static void add_batches(int index, const struct kc_wire_bytes *records)
{
    struct partition *partition = &partitions[index];
    struct kc_record_batch batch;
    const char *why = NULL;

    for (size_t at = 0, len = records->len > 0 ? (size_t)records->len : 0;
         at < len &&
         kc_record_batch_parse(records->data + at, len - at, &batch, &why) == KC_BATCH_OK;
         at += batch.size) {
        struct piece *piece = kc_malloc(sizeof(*piece));

        if (!kc_record_batch_intact(&batch))
            die("fetching", "a batch is damaged");
        *piece = (struct piece){(uint8_t *)batch.data, batch.size, batch.count, reading, NULL};
        partition->offset = kc_record_batch_last_offset(&batch) + 1;
        kc_record_batch_rebase(piece->data, piece->len,
                               &(struct kc_record_batch_identity){0, -1, -1, -1, -1, false});
        *partition->last = piece;
        partition->last = &piece->next;
        reading->batches++;
    }
    if (why)
        die("fetching", why);
}

static void take_fetched(void)
{
    struct kc_arena *arena = kc_arena_new(4096);
    struct kc_fetch_response *response;
    int32_t correlation;
    size_t used;

    check(kc_wire_read_response_header(KC_API_FETCH, FETCH_VERSION, reading->data, frame_size,
                                       &correlation, &used),
          "fetching");
    check(kc_wire_decode(KC_API_FETCH, KC_WIRE_RESPONSE, FETCH_VERSION, reading->data + used,
                         frame_size - used, arena, (void **)&response),
          "fetching");
    for (int32_t t = 0; t < response->responses.count; t++) {
        const struct kc_fetch_response_topic *from = &response->responses.items[t];

        for (int32_t i = 0; i < from->partitions.count; i++) {
            if (from->partitions.items[i].error_code)
                die("fetching", kc_kafka_error_name(from->partitions.items[i].error_code));
            add_batches(from->partitions.items[i].partition_index,
                        &from->partitions.items[i].records);
        }
    }
    kc_arena_destroy(arena);
    reading = NULL;
}

static void read_some(int fd, void *to, size_t len, size_t *got)
{
    ssize_t count = recv(fd, to, len, 0);

    if (count <= 0)
        die("reading", count < 0 ? strerror(errno) : "the broker closed the connection");
    *got += (size_t)count;
}

static void read_fetched(void)
{
    if (head_len < sizeof(head)) {
        read_some(source, head + head_len, sizeof(head) - head_len, &head_len);
        frame_size = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
        if (head_len == sizeof(head) && frame_size > reading->cap) {
            free(reading->data);
            reading->cap = frame_size;
            reading->data = kc_malloc(reading->cap);
        }
        return;
    }
    read_some(source, reading->data + frame_len, frame_size - frame_len, &frame_len);
    if (frame_len == frame_size)
        take_fetched();
}

// A topic that was just made may not have its leaders yet: until the first success one request is
// out at a time, and what fails is sent again.
static void take_result(const struct flight *flight, int index, int code)
{
    int i = 0;

    while (i < flight->count && flight->indexes[i] != index)
        i++;
    if (i == flight->count) {
        die("producing", "an answer for another partition");
        return;
    }
    struct piece *piece = flight->pieces[i];
    if (code == 0) {
        acknowledged += piece->count;
        piece->buffer->batches--;
        free(piece);
        return;
    }
    if (settled || !kc_kafka_error_retriable(code))
        die("producing", kc_kafka_error_name(code));
    piece->next = partitions[index].first;
    partitions[index].first = piece;
    if (!piece->next)
        partitions[index].last = &piece->next;
    usleep(20000);
}

static void take_produced(const uint8_t *frame, size_t size)
{
    struct kc_arena *arena = kc_arena_new(4096);
    struct kc_produce_response *response;
    struct flight *flight = &flights[answered++ % IN_FLIGHT];
    int32_t correlation;
    size_t used;

    check(kc_wire_read_response_header(KC_API_PRODUCE, PRODUCE_VERSION, frame, size, &correlation,
                                       &used),
          "producing");
    check(kc_wire_decode(KC_API_PRODUCE, KC_WIRE_RESPONSE, PRODUCE_VERSION, frame + used,
                         size - used, arena, (void **)&response),
          "producing");
    const struct kc_produce_response_topic *from = response->responses.items;
    bool good = true;
    for (int32_t i = 0; i < from->partition_responses.count; i++) {
        const struct kc_produce_response_partition *one = &from->partition_responses.items[i];

        take_result(flight, one->index, one->error_code);
        good = good && one->error_code == 0;
    }
    settled = settled || good;
    kc_arena_destroy(arena);
}

static void read_produced(void)
{
    uint8_t frame[16384];
    size_t got = 0;

    while (got < 4)
        read_some(target, frame + got, 4 - got, &got);
    size_t size =
        (size_t)frame[0] << 24 | (size_t)frame[1] << 16 | (size_t)frame[2] << 8 | frame[3];
    if (size > sizeof(frame))
        die("producing", "an answer is too long");
    for (got = 0; got < size;)
        read_some(target, frame + got, size - got, &got);
    take_produced(frame, size);
}

int main(int argc, char **argv)
{
    if (argc != 7) {
        fprintf(stderr, "usage: raw_loop SOURCE TARGET TOPIC REMOTE PARTITIONS RECORDS\n");
        return 2;
    }
    topic = argv[3];
    remote = argv[4];
    partition_count = (int)strtol(argv[5], NULL, 10);
    int64_t records = strtoll(argv[6], NULL, 10);
    partitions = kc_calloc((size_t)partition_count, sizeof(*partitions));
    for (int i = 0; i < partition_count; i++)
        partitions[i].last = &partitions[i].first;
    for (int i = 0; i < IN_FLIGHT; i++) {
        flights[i].pieces = kc_calloc((size_t)partition_count, sizeof(struct piece *));
        flights[i].indexes = kc_calloc((size_t)partition_count, sizeof(*flights[i].indexes));
    }
    source = open_socket(argv[1]);
    target = open_socket(argv[2]);
    while (acknowledged < records) {
        struct pollfd polled[] = {{source, POLLIN, 0}, {target, POLLIN, 0}};

        if (!reading)
            fetch_if_room();
        while (sent - answered < (settled ? IN_FLIGHT : 1) && produce_if_any())
            continue;
        if (poll(polled, 2, -1) < 0)
            die("waiting", strerror(errno));
        if (polled[0].revents && reading)
            read_fetched();
        if (polled[1].revents)
            read_produced();
    }
    printf("%" PRId64 " records\n", acknowledged);
    return 0;
}
