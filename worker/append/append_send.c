/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts batches into produce requests: one per partition and request, as brokers ask, several
 * requests in flight per broker. Batch bytes are sent from where they are. Loop thread.
 */
#include "append/appender_priv.h"
#include "append/produce_request.h"

#include <stdlib.h>
#include <string.h>

/* A broker remembers so many batches of a producer; more in flight would break idempotence
 * (KIP-98). */
#define IN_FLIGHT_MAX 5

/* A small batch that can be merged waits while so many requests are in flight, and so fewer
 * requests are made. If each record comes by itself, requests keep both sides busy. Batches that
 * can't be merged don't wait, because each request takes only one of a partition. */
#define PATIENT_FLIGHTS 1
#define LITTLE_BYTES    65536

/* The last version before implicit transactions (KIP-890). */
#define LAST_VERSION_BEFORE_V2 11

static struct append_broker *broker_get(struct kc_appender *appender, int32_t id)
{
    struct append_broker *broker;

    HASH_FIND(hh, appender->brokers, &id, sizeof(id), broker);
    if (broker)
        return broker;
    broker = kc_calloc(1, sizeof(*broker));
    broker->id = id;
    HASH_ADD(hh, appender->brokers, id, sizeof(broker->id), broker);
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

    if (part->state == APPEND_VOID && is_current(appender, part) && !append_bump_epoch(appender))
        return false;
    append_part_move(part, APPEND_CAREFUL);
    part->producer_id = appender->producer_id;
    part->epoch = appender->producer_epoch;
    part->next_sequence = 0;
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

/* Metadata isn't requested again for each batch of a topic that this user may not see. */
#define REFUSAL_HOLDS_MS 1000

/* The leader is unknown. If the cluster doesn't show the topic, the batch fails, as a send of
 * Java's producer does, because waiting wouldn't help. */
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

static int most_in_flight(const struct kc_appender *appender, const struct append_part *part,
                          const struct append_batch *batch)
{
    static const int most[] = {
        [APPEND_CAREFUL] = 1,
        [APPEND_FLOWING] = IN_FLIGHT_MAX,
        [APPEND_DRAINING] = 0,
        [APPEND_VOID] = 1, /* which begins anew */
    };
    bool plain =
        appender->options.given_identity ? batch->producer_id < 0 : atomic_load(&appender->plain);

    return plain && most[part->state] > 1 ? 1 : most[part->state];
}

/* Whether batch may follow those in flight, if identities were given. A new producer waits until
 * the former one's batches are answered, and its first batch is in flight alone until it is taken.
 */
static bool takes_turn(struct append_part *part, const struct append_batch *batch, int64_t now)
{
    if (now >= batch->deadline_ms)
        return false;
    if (part->producer_id == batch->producer_id && part->epoch == batch->producer_epoch)
        return true;
    if (part->in_flight)
        return false;
    part->producer_id = batch->producer_id;
    part->epoch = batch->producer_epoch;
    append_part_move(part, APPEND_CAREFUL);
    return true;
}

/* The same with an identity of ours, which may have to begin anew. */
static bool takes_number(struct kc_appender *appender, struct append_part *part)
{
    bool anew = part->state == APPEND_VOID ||
                (part->in_flight == 0 && !is_current(appender, part) && !has_sequenced(part));

    return !anew || restart(appender, part);
}

/* The part's next batch, if it may be sent now, and its broker. */
static struct append_batch *sendable(struct kc_appender *appender, struct append_part *part,
                                     int64_t now, struct kc_wire_leader *leader)
{
    struct append_batch *batch = next_batch(part);

    if (!batch || now < part->retry_at_ms ||
        part->in_flight >= most_in_flight(appender, part, batch) ||
        !append_txn_ready(appender, part))
        return NULL;
    if (!kc_wire_leader(appender->client, part->topic, part->partition, leader) ||
        leader->broker_id < 0) {
        want_leader(appender, part, batch);
        return NULL;
    }
    if (part->in_flight && part->in_flight_broker != leader->broker_id)
        return NULL;
    bool may = appender->options.given_identity ? takes_turn(part, batch, now)
                                                : takes_number(appender, part);
    return may ? batch : NULL;
}

/* ---- Requests ---- */

static void number(const struct kc_appender *appender, struct append_part *part,
                   struct append_batch *batch)
{
    if (appender->options.given_identity) {
        kc_record_batch_set_place(batch->data, 0, -1);
        return;
    }
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
    flight = kc_calloc(1, sizeof(*flight));
    flight->broker = broker;
    flight->seats = kc_calloc(parts, sizeof(*flight->seats));
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

/* One pass over the parts with batches; at most one request per broker. Parts that had their turn
 * go behind the others. */
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

/* Sorts so that the parts of one topic are neighbours, as the request needs them. */
static int by_topic(const void *a, const void *b)
{
    const struct append_seat *left = a, *right = b;
    int order = strcmp(left->part->topic, right->part->topic);

    return order ? order
                 : (left->part->partition > right->part->partition) -
                       (left->part->partition < right->part->partition);
}

static struct kc_wire_request *request_of(const struct kc_appender *appender,
                                          struct append_flight *flight)
{
    struct produce_part *parts = kc_calloc(flight->count, sizeof(*parts));
    int32_t timeout = appender->options.request_timeout_ms;

    qsort(flight->seats, flight->count, sizeof(*flight->seats), by_topic);
    for (size_t i = 0; i < flight->count; i++) {
        const struct append_seat *seat = &flight->seats[i];

        parts[i] = (struct produce_part){.topic = seat->part->topic,
                                         .partition = seat->part->partition,
                                         .topic_id = seat->topic_id,
                                         .records = seat->batch->data,
                                         .len = seat->batch->len};
    }
    struct kc_wire_request *request = produce_request_new(
        parts, flight->count, appender->transactional_id, -1, timeout ? timeout : 30000);
    free(parts);
    return request;
}

/* No longer than until the first deadline where there is a right to write that ends: the client
 * closes the connection then. */
static int32_t patience(const struct kc_appender *appender, const struct append_flight *flight)
{
    int64_t now = kc_mono_ms(), most = appender->options.request_timeout_ms;

    for (size_t i = 0; appender->options.given_identity && i < flight->count; i++) {
        int64_t left = flight->seats[i].batch->deadline_ms - now;

        if (left < most)
            most = left < 1 ? 1 : left;
    }
    return (int32_t)most;
}

static void launch(struct kc_appender *appender, struct append_flight *flight)
{
    struct kc_wire_request *request = request_of(appender, flight);

    flight->appender = appender;
    request->target.kind = KC_WIRE_BROKER;
    request->target.broker_id = flight->broker->id;
    request->timeout_ms = patience(appender, flight);
    if (appender->transactional_id && !appender->transaction_v2)
        request->max_version = LAST_VERSION_BEFORE_V2;
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
