/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts batches into produce requests: one per partition and request, which is what brokers take,
 * several requests in flight per broker. Batch bytes are sent from where they are. Loop thread.
 */
#include "append/appender_priv.h"

#include <stdlib.h>
#include <string.h>

/* What a broker remembers of a producer, and so the most that idempotence bears (KIP-98). */
#define IN_FLIGHT_MAX 5

/* Little that can be merged waits for the answers to so many requests, and so goes in fewer: where
 * each record comes by itself, requests are what brokers and we are kept busy with. Batches that
 * can't be merged don't wait, for one of a partition goes in each request. */
#define PATIENT_FLIGHTS 1
#define LITTLE_BYTES    65536

/* The last versions before topic ids (KIP-516), and before implicit transactions (KIP-890). */
#define LAST_VERSION_WITH_NAMES 12
#define LAST_VERSION_BEFORE_V2  11

static struct append_broker *broker_get(struct kc_appender *appender, int32_t id)
{
    struct append_broker *broker;

    HASH_FIND(hh, appender->brokers, &id, sizeof id, broker);
    if (broker)
        return broker;
    broker = kc_calloc(1, sizeof *broker);
    broker->id = id;
    HASH_ADD(hh, appender->brokers, id, sizeof broker->id, broker);
    return broker;
}

void append_flight_destroy(struct append_flight *flight)
{
    free(flight->seats);
    free(flight);
}

/* ---- Which batch is next ---- */

static bool is_current(const struct kc_appender *appender, const struct append_part *part)
{
    return part->producer_id == appender->producer_id && part->epoch == appender->producer_epoch;
}

/* Counts from 0 again, under the producer's id and epoch. Nothing is in flight. False: not yet. */
static bool restart(struct kc_appender *appender, struct append_part *part)
{
    struct append_batch *batch;

    if (part->restart && is_current(appender, part) && !append_bump_epoch(appender))
        return false;
    part->restart = false;
    part->producer_id = appender->producer_id;
    part->epoch = appender->producer_epoch;
    part->next_sequence = 0;
    part->careful = true;
    DL_FOREACH (part->batches, batch)
        batch->sequenced = false;
    return true;
}

static bool has_sequenced(const struct append_part *part)
{
    const struct append_batch *batch;

    DL_FOREACH (part->batches, batch) {
        if (batch->sequenced)
            return true;
    }
    return false;
}

static struct append_batch *next_batch(struct append_part *part)
{
    struct append_batch *batch;

    DL_FOREACH (part->batches, batch) {
        if (!batch->in_flight && !batch->appended)
            return batch->failed ? NULL : batch;
    }
    return NULL;
}

/* Metadata isn't asked for again for each batch of a topic that may not be seen. */
#define REFUSAL_HOLDS_MS 1000

/* Nobody knows the leader. Where the cluster won't show the topic, waiting is in vain: the batch
 * fails, as a send of Java's producer does, which gets no metadata then. */
static void want_leader(struct kc_appender *appender, const struct append_part *part,
                        struct append_batch *batch)
{
    int code =
        kc_wire_topic_refusal(appender->client, part->topic, batch->queued_ms - REFUSAL_HOLDS_MS);

    if (code == KC_KAFKA_NONE || part->in_flight) {
        kc_wire_refresh(appender->client);
        return;
    }
    append_fail_batch(
        batch, kc_kafka_error_new(code,
                                  code == KC_KAFKA_TOPIC_AUTHORIZATION_FAILED
                                      ? "the producer's user needs DESCRIBE and WRITE on the topic"
                                      : NULL,
                                  "asking for the leader of %s", part->key));
    appender->refused = true;
}

/* The part's next batch when it may be sent now, and to whom. */
static struct append_batch *sendable(struct kc_appender *appender, struct append_part *part,
                                     int64_t now, struct kc_wire_leader *leader)
{
    struct append_batch *batch = next_batch(part);
    int most = part->careful || atomic_load(&appender->plain) ? 1 : IN_FLIGHT_MAX;

    if (!batch || part->draining || now < part->retry_at_ms || part->in_flight >= most ||
        !append_txn_ready(appender, part))
        return NULL;
    if (!kc_wire_leader(appender->client, part->topic, part->partition, leader) ||
        leader->broker_id < 0) {
        want_leader(appender, part, batch);
        return NULL;
    }
    if (part->in_flight && part->in_flight_broker != leader->broker_id)
        return NULL;
    if (part->in_flight == 0 &&
        (part->restart || (!is_current(appender, part) && !has_sequenced(part))) &&
        !restart(appender, part))
        return NULL;
    if (part->restart)
        return NULL;
    return batch;
}

/* ---- Requests ---- */

static void number(const struct kc_appender *appender, struct append_part *part,
                   struct append_batch *batch)
{
    if (!batch->sequenced) {
        batch->sequence = part->next_sequence;
        batch->sequenced = true;
        part->next_sequence = kc_sequence_after(part->next_sequence, batch->count);
    }
    kc_record_batch_rebase(batch->data, batch->len,
                           &(struct kc_record_batch_identity){
                               .base_offset = 0,
                               .leader_epoch = -1,
                               .producer_id = part->producer_id,
                               .producer_epoch = part->epoch,
                               .base_sequence = part->producer_id < 0 ? -1 : batch->sequence,
                               .transactional = appender->transactional_id != NULL});
}

static struct append_flight *flight_to(struct append_flight **flights, struct append_broker *broker,
                                       size_t parts)
{
    struct append_flight *flight;

    LL_FOREACH (*flights, flight) {
        if (flight->broker == broker)
            return flight;
    }
    flight = kc_calloc(1, sizeof *flight);
    flight->broker = broker;
    flight->seats = kc_calloc(parts, sizeof *flight->seats);
    LL_PREPEND(*flights, flight);
    return flight;
}

static void board(struct kc_appender *appender, struct append_flight *flight,
                  struct append_part *part, struct append_batch *batch,
                  const struct kc_wire_leader *leader)
{
    number(appender, part, batch);
    batch->in_flight = batch->tried = true;
    part->in_flight++;
    part->in_flight_broker = leader->broker_id;
    flight->seats[flight->count++] = (struct append_seat){part, batch, leader->topic_id};
    flight->bytes += batch->len;
}

static bool may_wait(const struct append_batch *batch)
{
    size_t bytes = 0;

    for (; batch && batch->mergeable && !batch->tried; batch = batch->next) {
        bytes += batch->len;
        if (bytes >= LITTLE_BYTES)
            return false;
    }
    return !batch;
}

/* One pass over the parts that have something: at most one request per broker. Those that had their
 * turn go behind the others. */
static struct append_flight *gather(struct kc_appender *appender, int64_t now)
{
    struct append_flight *flights = NULL, *flight;
    struct append_part *part, *next, *last = appender->busy ? appender->busy->prev : NULL;
    size_t parts = appender->busy_count, most = (size_t)appender->options.max_request_bytes;

    for (part = appender->busy; part; part = part == last ? NULL : next) {
        struct kc_wire_leader leader;
        struct append_batch *batch = sendable(appender, part, now, &leader);
        struct append_broker *broker = batch ? broker_get(appender, leader.broker_id) : NULL;

        if (appender->state == PRODUCER_NONE)
            break;
        next = part->next;
        if (!batch || broker->flights >= IN_FLIGHT_MAX ||
            (broker->flights >= PATIENT_FLIGHTS && may_wait(batch)))
            continue;
        flight = flight_to(&flights, broker, parts);
        if (flight->count && flight->bytes + batch->len > most)
            continue;
        batch = append_merge(part, batch, flight->count ? most - flight->bytes : most);
        board(appender, flight, part, batch, &leader);
        if (part != last) {
            DL_DELETE(appender->busy, part);
            DL_APPEND(appender->busy, part);
        }
    }
    return flights;
}

/* Parts of one topic follow each other, for the request's shape. */
static int32_t topics_of(const struct append_flight *flight, size_t i, int32_t *run)
{
    *run = 1;
    while (i + (size_t)*run < flight->count &&
           strcmp(flight->seats[i + (size_t)*run].part->topic, flight->seats[i].part->topic) == 0)
        (*run)++;
    return *run;
}

static int by_topic(const void *a, const void *b)
{
    const struct append_seat *left = a, *right = b;
    int order = strcmp(left->part->topic, right->part->topic);

    return order ? order
                 : (left->part->partition > right->part->partition) -
                       (left->part->partition < right->part->partition);
}

static void fill(struct append_flight *flight, struct kc_wire_request *request,
                 struct kc_produce_request *message)
{
    int32_t topics = 0, run, t = 0;

    qsort(flight->seats, flight->count, sizeof *flight->seats, by_topic);
    for (size_t i = 0; i < flight->count; i += (size_t)run, topics++)
        topics_of(flight, i, &run);
    KC_WIRE_LIST_NEW(request->arena, &message->topic_data, kc_produce_request_topic, topics);
    for (size_t i = 0; i < flight->count; i += (size_t)run, t++) {
        struct kc_produce_request_topic *topic = &message->topic_data.items[t];

        topics_of(flight, i, &run);
        topic->name = kc_wire_str_copy(request->arena, flight->seats[i].part->topic);
        topic->topic_id = flight->seats[i].topic_id;
        KC_WIRE_LIST_NEW(request->arena, &topic->partition_data, kc_produce_request_partition, run);
        for (int32_t j = 0; j < run; j++) {
            const struct append_batch *batch = flight->seats[i + (size_t)j].batch;

            topic->partition_data.items[j].index = flight->seats[i + (size_t)j].part->partition;
            topic->partition_data.items[j].records = kc_wire_bytes(batch->data, batch->len);
        }
        if (kc_uuid_is_zero(&topic->topic_id) && request->max_version > LAST_VERSION_WITH_NAMES)
            request->max_version = LAST_VERSION_WITH_NAMES;
    }
}

static void launch(struct kc_appender *appender, struct append_flight *flight)
{
    struct kc_wire_request *request = kc_wire_request_new(KC_API_PRODUCE);
    struct kc_produce_request *message = request->message;
    int32_t timeout = appender->options.request_timeout_ms;

    flight->appender = appender;
    request->target.kind = KC_WIRE_BROKER;
    request->target.broker_id = flight->broker->id;
    request->timeout_ms = timeout;
    if (appender->transactional_id && !appender->transaction_v2)
        request->max_version = LAST_VERSION_BEFORE_V2;
    message->transactional_id = kc_wire_str_copy(request->arena, appender->transactional_id);
    message->acks = -1;
    message->timeout_ms = timeout ? timeout : 30000;
    fill(flight, request, message);
    flight->broker->flights++;
    appender->requests++;
    appender->begun = true;
    kc_wire_send(appender->client, request, append_answer, flight);
}

static void settle_refused(struct kc_appender *appender)
{
    struct append_part *part, *next;

    appender->refused = false;
    DL_FOREACH_SAFE (appender->busy, part, next)
        append_settle(appender, part);
}

void append_send(struct kc_appender *appender, int64_t now)
{
    struct append_flight *flights, *flight, *next;

    while ((flights = gather(appender, now))) {
        LL_FOREACH_SAFE (flights, flight, next) {
            if (flight->count == 0) {
                append_flight_destroy(flight);
                continue;
            }
            launch(appender, flight);
        }
    }
    if (appender->refused)
        settle_refused(appender);
}
