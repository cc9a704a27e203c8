/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A broker for tests of transactions: leader of every partition of "out", and coordinator. It
 * checks epochs and sequences as a broker does, fails requests as told, and speaks
 * transaction.version 1 or 2. One thread per connection; everything behind one mutex.
 */
#ifndef TESTS_UNIT_WIRE_FAKE_COORDINATOR_H
#define TESTS_UNIT_WIRE_FAKE_COORDINATOR_H

#include "base/kafka_errors.h"
#include "batch/batch.h"
#include "connect/thread.h"
#include "wire/api.h"
#include "wire/messages_cluster.h"
#include "wire/messages_data.h"
#include "wire/messages_group.h"
#include "wire/messages_txn.h"

#include <arpa/inet.h>
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef FAKE_CONNECTIONS
#define FAKE_CONNECTIONS 32 /* that it takes in its life */
#endif

enum {
    FAKE_NODE = 7,
    FAKE_PARTITIONS = 4,
    FAKE_ERRORS = 8,
    FAKE_APIS = 128,
    FAKE_REMEMBERED = 5, /* batches by which a broker knows duplicates */
};

/* What becomes of a request. */
enum fake_fate {
    FAKE_ANSWERED,
    FAKE_LOST_BEFORE, /* the connection ends, and nothing has happened */
    FAKE_LOST_AFTER,  /* it ends, and what was asked for is done */
};

struct fake_partition {
    int64_t end_offset;
    int16_t epoch;
    int32_t next_sequence;
    bool in_transaction;
    struct fake_batch {
        int32_t first, next; /* sequences */
        int64_t offset;
    } batches[FAKE_REMEMBERED];
    int batch_count;
    uint8_t last[2048]; /* the beginning of the last batch */
    size_t last_len;
};

static struct {
    int fd, port;
    int transaction_version;
    pthread_t thread;
    pthread_t connections[FAKE_CONNECTIONS];
    int connection_count;
    pthread_mutex_t mutex;
    int16_t epoch;  /* of producer 1 */
    bool ongoing;   /* a transaction */
    bool committed; /* the last one that ended */
    int unsure;     /* the next batch is written, and answered with that error */
    /* Optional. Called locked, as answers are made. */
    enum fake_fate (*fate)(int api);
    void (*appended)(int32_t partition, const struct kc_record_batch *batch);
    void (*ended)(bool committed);
    struct fake_partition partitions[FAKE_PARTITIONS];
    int errors[FAKE_APIS][FAKE_ERRORS]; /* for the next requests */
    int commits, aborts, inits;
} fake = {.mutex = PTHREAD_MUTEX_INITIALIZER};

/* The next request of the API fails so. */
static inline void fake_fail(int api, int code)
{
    pthread_mutex_lock(&fake.mutex);
    int i = 0;
    while (fake.errors[api][i])
        i++;
    ck_assert_int_lt(i, FAKE_ERRORS - 1);
    fake.errors[api][i] = code;
    pthread_mutex_unlock(&fake.mutex);
}

static inline int fake_next_error(int api)
{
    int code = fake.errors[api][0];
    memmove(fake.errors[api], fake.errors[api] + 1, sizeof(int) * (FAKE_ERRORS - 1));
    return code;
}

/* ---- answers; locked ---- */

static inline void *fake_versions(struct kc_arena *arena)
{
    const struct kc_api_versions_response_api_key keys[] = {
        {KC_API_PRODUCE, 3, fake.transaction_version == 2 ? 12 : 11},
        {KC_API_METADATA, 0, 9},
        {KC_API_FIND_COORDINATOR, 0, 3},
        {KC_API_API_VERSIONS, 0, 3},
        {KC_API_INIT_PRODUCER_ID, 0, 4},
        {KC_API_ADD_PARTITIONS_TO_TXN, 0, 3},
        {KC_API_END_TXN, 0, fake.transaction_version == 2 ? 5 : 3},
        {KC_API_DESCRIBE_TRANSACTIONS, 0, 0},
    };
    struct kc_api_versions_response *response = kc_wire_new(arena, &kc_api_versions_response_type);
    KC_WIRE_LIST_NEW(arena, &response->api_keys, kc_api_versions_response_api_key,
                     sizeof(keys) / sizeof(keys[0]));
    memcpy(response->api_keys.items, keys, sizeof(keys));
    KC_WIRE_LIST_NEW(arena, &response->finalized_features,
                     kc_api_versions_response_finalized_feature, 1);
    response->finalized_features.items[0] = (struct kc_api_versions_response_finalized_feature){
        kc_wire_str("transaction.version"), (int16_t)fake.transaction_version, 0};
    response->finalized_features_epoch = 1;
    return response;
}

static inline void *fake_metadata(struct kc_arena *arena)
{
    struct kc_metadata_response *response = kc_wire_new(arena, &kc_metadata_response_type);
    response->cluster_id = kc_wire_str("fake");
    response->controller_id = FAKE_NODE;
    KC_WIRE_LIST_NEW(arena, &response->brokers, kc_metadata_response_broker, 1);
    response->brokers.items[0].node_id = FAKE_NODE;
    response->brokers.items[0].host = kc_wire_str("127.0.0.1");
    response->brokers.items[0].port = fake.port;
    KC_WIRE_LIST_NEW(arena, &response->topics, kc_metadata_response_topic, 1);
    struct kc_metadata_response_topic *topic = &response->topics.items[0];
    topic->name = kc_wire_str("out");
    KC_WIRE_LIST_NEW(arena, &topic->partitions, kc_metadata_response_partition, FAKE_PARTITIONS);
    for (int i = 0; i < FAKE_PARTITIONS; i++) {
        topic->partitions.items[i].partition_index = i;
        topic->partitions.items[i].leader_id = FAKE_NODE;
        topic->partitions.items[i].leader_epoch = 1;
    }
    return response;
}

static inline void *fake_coordinator(struct kc_arena *arena)
{
    struct kc_find_coordinator_response *response =
        kc_wire_new(arena, &kc_find_coordinator_response_type);
    response->node_id = FAKE_NODE;
    response->host = kc_wire_str("127.0.0.1");
    response->port = fake.port;
    return response;
}

static inline void fake_end_transaction(bool committed)
{
    committed ? fake.commits++ : fake.aborts++;
    fake.committed = committed;
    fake.ongoing = false;
    for (int i = 0; i < FAKE_PARTITIONS; i++) {
        fake.partitions[i].end_offset += fake.partitions[i].in_transaction; /* the marker */
        fake.partitions[i].in_transaction = false;
    }
    if (fake.transaction_version == 2)
        fake.epoch++;
    if (fake.ended)
        fake.ended(committed);
}

static inline void *fake_init(struct kc_arena *arena)
{
    struct kc_init_producer_id_response *response =
        kc_wire_new(arena, &kc_init_producer_id_response_type);
    response->error_code = (int16_t)fake_next_error(KC_API_INIT_PRODUCER_ID);
    if (response->error_code)
        return response;
    fake.inits++;
    fake.epoch++;
    if (fake.ongoing && fake.ended)
        fake.ended(false);
    for (int i = 0; i < FAKE_PARTITIONS; i++)
        fake.partitions[i].in_transaction = false;
    fake.ongoing = false;
    response->producer_id = 1;
    response->producer_epoch = fake.epoch;
    return response;
}

static inline void *fake_add(struct kc_arena *arena,
                             const struct kc_add_partitions_to_txn_request *request)
{
    struct kc_add_partitions_to_txn_response *response =
        kc_wire_new(arena, &kc_add_partitions_to_txn_response_type);
    int32_t count = request->v3_and_below_topics.count;
    int code = fake_next_error(KC_API_ADD_PARTITIONS_TO_TXN);
    KC_WIRE_LIST_NEW(arena, &response->results_by_topic_v3_and_below,
                     kc_add_partitions_to_txn_response_topic, count);
    for (int32_t i = 0; i < count; i++) {
        struct kc_add_partitions_to_txn_response_topic *topic =
            &response->results_by_topic_v3_and_below.items[i];
        int32_t partition = request->v3_and_below_topics.items[i].partitions.items[0];
        topic->name = kc_wire_str("out");
        KC_WIRE_LIST_NEW(arena, &topic->results_by_partition,
                         kc_add_partitions_to_txn_response_partition, 1);
        topic->results_by_partition.items[0].partition_index = partition;
        topic->results_by_partition.items[0].partition_error_code = (int16_t)code;
        if (!code)
            fake.partitions[partition].in_transaction = fake.ongoing = true;
    }
    return response;
}

static inline void *fake_end(struct kc_arena *arena, const struct kc_end_txn_request *request)
{
    struct kc_end_txn_response *response = kc_wire_new(arena, &kc_end_txn_response_type);
    response->error_code = (int16_t)fake_next_error(KC_API_END_TXN);
    bool v2 = fake.transaction_version == 2;
    /* Asked once more, since the answer was lost. */
    bool again = !fake.ongoing && fake.commits + fake.aborts > 0 &&
                 request->committed == fake.committed && request->producer_epoch == fake.epoch - v2;
    if (!response->error_code && request->producer_epoch != fake.epoch && !again)
        response->error_code = KC_KAFKA_PRODUCER_FENCED;
    bool may_be_empty = fake.transaction_version == 2 && !request->committed; /* KIP-890 */
    if (!response->error_code && !fake.ongoing && !may_be_empty && !again)
        response->error_code = KC_KAFKA_INVALID_TXN_STATE;
    if (response->error_code)
        return response;
    if (!again)
        fake_end_transaction(request->committed);
    response->producer_id = v2 ? 1 : -1;
    response->producer_epoch = v2 ? fake.epoch : -1;
    return response;
}

static inline void *fake_describe(struct kc_arena *arena,
                                  const struct kc_describe_transactions_request *request)
{
    struct kc_describe_transactions_response *response =
        kc_wire_new(arena, &kc_describe_transactions_response_type);
    KC_WIRE_LIST_NEW(arena, &response->transaction_states, kc_describe_transactions_response_state,
                     1);
    struct kc_describe_transactions_response_state *state = &response->transaction_states.items[0];
    state->error_code = (int16_t)fake_next_error(KC_API_DESCRIBE_TRANSACTIONS);
    state->transactional_id = request->transactional_ids.items[0];
    state->transaction_state = kc_wire_str(fake.ongoing ? "Ongoing" : "Empty");
    state->transaction_timeout_ms = 45000;
    state->producer_id = 1;
    state->producer_epoch = fake.epoch;
    return response;
}

/* Where it is in the log; -1: it isn't. */
static inline int64_t fake_duplicate(const struct fake_partition *partition,
                                     const struct kc_record_batch *batch)
{
    for (int i = 0; i < partition->batch_count; i++) {
        const struct fake_batch *known = &partition->batches[i];
        if (partition->epoch == batch->producer_epoch && known->first == batch->base_sequence &&
            known->next == batch->base_sequence + batch->count)
            return known->offset;
    }
    return -1;
}

static inline void fake_remember(struct fake_partition *partition,
                                 const struct kc_record_batch *batch)
{
    if (partition->epoch != batch->producer_epoch)
        partition->batch_count = 0;
    if (partition->batch_count == FAKE_REMEMBERED)
        memmove(partition->batches, partition->batches + 1,
                sizeof(partition->batches[0]) * --partition->batch_count);
    partition->batches[partition->batch_count++] = (struct fake_batch){
        batch->base_sequence, batch->base_sequence + batch->count, partition->end_offset};
}

static inline int fake_append(struct fake_partition *partition, const struct kc_record_batch *batch,
                              int64_t *offset)
{
    int code = fake_next_error(KC_API_PRODUCE);
    if (code)
        return code;
    if (!kc_record_batch_intact(batch) || !kc_record_batch_transactional(batch) ||
        batch->producer_id != 1)
        return KC_KAFKA_INVALID_RECORD;
    if (batch->producer_epoch != fake.epoch)
        return KC_KAFKA_INVALID_PRODUCER_EPOCH;
    if (fake.transaction_version == 2)
        partition->in_transaction = fake.ongoing = true;
    if (!partition->in_transaction)
        return KC_KAFKA_INVALID_TXN_STATE;
    *offset = fake_duplicate(partition, batch);
    if (*offset >= 0)
        return KC_KAFKA_NONE;
    *offset = partition->end_offset;
    int32_t expected = partition->epoch == batch->producer_epoch ? partition->next_sequence : 0;
    if (batch->base_sequence != expected)
        return KC_KAFKA_OUT_OF_ORDER_SEQUENCE_NUMBER;
    partition->last_len =
        batch->size < sizeof(partition->last) ? batch->size : sizeof(partition->last);
    memcpy(partition->last, batch->data, partition->last_len);
    fake_remember(partition, batch);
    partition->epoch = batch->producer_epoch;
    partition->next_sequence = expected + batch->count;
    partition->end_offset += batch->count;
    if (fake.appended)
        fake.appended((int32_t)(partition - fake.partitions), batch);
    code = fake.unsure;
    fake.unsure = 0;
    return code;
}

static inline void fake_produce_one(const struct kc_produce_request_partition *request,
                                    struct kc_produce_response_partition *response)
{
    struct kc_record_batch batch;
    const char *why;
    struct fake_partition *partition = &fake.partitions[request->index];
    ck_assert_int_eq(
        kc_record_batch_parse(request->records.data, (size_t)request->records.len, &batch, &why),
        KC_BATCH_OK);
    response->index = request->index;
    response->error_code = (int16_t)fake_append(partition, &batch, &response->base_offset);
    response->log_append_time_ms = -1;
    response->current_leader.leader_id = response->current_leader.leader_epoch = -1;
}

static inline void *fake_produce(struct kc_arena *arena, const struct kc_produce_request *request)
{
    struct kc_produce_response *response = kc_wire_new(arena, &kc_produce_response_type);
    KC_WIRE_LIST_NEW(arena, &response->responses, kc_produce_response_topic,
                     request->topic_data.count);
    for (int32_t i = 0; i < request->topic_data.count; i++) {
        const struct kc_produce_request_topic *topic = &request->topic_data.items[i];
        struct kc_produce_response_topic *answer = &response->responses.items[i];
        answer->name = topic->name;
        KC_WIRE_LIST_NEW(arena, &answer->partition_responses, kc_produce_response_partition,
                         topic->partition_data.count);
        for (int32_t j = 0; j < topic->partition_data.count; j++)
            fake_produce_one(&topic->partition_data.items[j],
                             &answer->partition_responses.items[j]);
    }
    return response;
}

static inline void *fake_respond(int api, const void *request, struct kc_arena *arena)
{
    switch (api) {
    case KC_API_API_VERSIONS:
        return fake_versions(arena);
    case KC_API_METADATA:
        return fake_metadata(arena);
    case KC_API_FIND_COORDINATOR:
        return fake_coordinator(arena);
    case KC_API_INIT_PRODUCER_ID:
        return fake_init(arena);
    case KC_API_ADD_PARTITIONS_TO_TXN:
        return fake_add(arena, request);
    case KC_API_END_TXN:
        return fake_end(arena, request);
    case KC_API_DESCRIBE_TRANSACTIONS:
        return fake_describe(arena, request);
    default:
        ck_assert_int_eq(api, KC_API_PRODUCE);
        return fake_produce(arena, request);
    }
}

/* ---- frames ---- */

static inline bool fake_read(int fd, void *data, size_t len)
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

/* False: the connection is to end. */
static inline bool fake_answer(int fd, const uint8_t *frame, size_t len)
{
    struct kc_arena *arena = kc_arena_new(4096);
    struct kc_wire_request_header header;
    struct kc_wire_out out = {0};
    void *request;
    size_t used;
    ck_assert_ptr_null(kc_wire_read_request_header(frame, len, &header, &used));
    int version = header.version;
    ck_assert_ptr_null(kc_wire_decode(header.api, KC_WIRE_REQUEST, version, frame + used,
                                      len - used, arena, &request));
    kc_str_append_i32(&out.bytes, 0);
    kc_wire_write_response_header(&out, header.api, version, header.correlation);
    pthread_mutex_lock(&fake.mutex);
    enum fake_fate fate = fake.fate ? fake.fate(header.api) : FAKE_ANSWERED;
    if (fate != FAKE_LOST_BEFORE)
        ck_assert_ptr_null(kc_wire_encode(header.api, KC_WIRE_RESPONSE, version,
                                          fake_respond(header.api, request, arena), &out));
    pthread_mutex_unlock(&fake.mutex);
    for (int i = 0; i < 4; i++)
        out.bytes.data[i] = (char)((out.bytes.len - 4) >> (24 - 8 * i));
    if (fate == FAKE_ANSWERED)
        send(fd, out.bytes.data, out.bytes.len, MSG_NOSIGNAL);
    kc_wire_out_destroy(&out);
    kc_arena_destroy(arena);
    return fate == FAKE_ANSWERED;
}

static inline void *fake_serve(void *arg)
{
    int fd = (int)(intptr_t)arg;
    uint8_t head[4];
    while (fake_read(fd, head, 4)) {
        size_t len = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
        uint8_t *frame = kc_malloc(len);
        if (fake_read(fd, frame, len) && !fake_answer(fd, frame, len))
            shutdown(fd, SHUT_RDWR);
        free(frame);
    }
    close(fd);
    return NULL;
}

static inline void *fake_run(void *arg)
{
    for (;;) {
        int fd = accept(fake.fd, NULL, NULL);
        if (fd < 0)
            return NULL;
        ck_assert_int_lt(fake.connection_count, FAKE_CONNECTIONS);
        ck_assert_int_eq(pthread_create(&fake.connections[fake.connection_count++], NULL,
                                        fake_serve, (void *)(intptr_t)fd),
                         0);
    }
}

/* Returns "127.0.0.1:<port>". */
static inline const char *fake_start(int transaction_version)
{
    static char address_text[32];
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof(address);
    memset(fake.partitions, 0, sizeof(fake.partitions));
    memset(fake.errors, 0, sizeof(fake.errors));
    fake.commits = fake.aborts = fake.inits = fake.unsure = fake.connection_count = 0;
    fake.epoch = -1;
    fake.ongoing = fake.committed = false;
    fake.transaction_version = transaction_version;
    fake.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fake.fd, (struct sockaddr *)&address, sizeof(address)), 0);
    ck_assert_int_eq(listen(fake.fd, 16), 0);
    ck_assert_int_eq(getsockname(fake.fd, (struct sockaddr *)&address, &len), 0);
    fake.port = ntohs(address.sin_port);
    ck_assert_int_eq(pthread_create(&fake.thread, NULL, fake_run, NULL), 0);
    snprintf(address_text, sizeof(address_text), "127.0.0.1:%d", fake.port);
    return address_text;
}

/* After the clients are gone. */
static inline void fake_stop(void)
{
    shutdown(fake.fd, SHUT_RDWR);
    pthread_join(fake.thread, NULL);
    for (int i = 0; i < fake.connection_count; i++)
        pthread_join(fake.connections[i], NULL);
    close(fake.fd);
}

#endif
