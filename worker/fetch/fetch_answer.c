/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handles a fetch answer. Batches are checked one by one and cut at the first bad one; errors
 * become a retry, a metadata refresh or an event. Loop thread.
 */
#include "fetch/fetch_engine_priv.h"

#include "connect/log.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.wire.fetcher");

#define CORRUPT_MAX          3 /* fetches that may bring the same bad batch */
#define PREFERRED_REPLICA_MS 300000

/* The shortest time between two fetches from a broker after a small answer. If records come one by
 * one, a fetch for each would only keep both sides busy. */
#define PACE_US      700
#define LITTLE_BYTES 16384

#define FIRST_VERSION_WITH_IDS 13 /* KIP-516 */

static void session_failed(struct fetch_engine *engine, struct fetch_session *session, bool keep_id)
{
    pthread_mutex_lock(&engine->mutex);
    fetch_session_reset(session, keep_id);
    pthread_mutex_unlock(&engine->mutex);
    session->retry_at_ms = kc_mono_ms() + kc_wire_backoff_ms(engine->client, session->attempts++);
}

/* ---- Data ---- */

struct good {
    size_t len;          /* of the whole, intact batches */
    int64_t next_offset; /* behind them */
    int32_t epoch;       /* of the last */
    const char *bad;     /* what is wrong with the one behind */
};

static struct good check_batches(const struct kc_wire_bytes *records, int64_t position)
{
    struct good good = {.next_offset = position, .epoch = -1};
    size_t len = records->len > 0 ? (size_t)records->len : 0;

    while (good.len < len) {
        struct kc_record_batch batch;
        enum kc_record_batch_result result =
            kc_record_batch_parse(records->data + good.len, len - good.len, &batch, &good.bad);

        if (result != KC_BATCH_OK)
            break;
        if (!kc_record_batch_intact(&batch)) {
            good.bad = "its CRC is wrong";
            break;
        }
        good.len += batch.size;
        if (kc_record_batch_last_offset(&batch) >= good.next_offset)
            good.next_offset = kc_record_batch_last_offset(&batch) + 1;
        good.epoch = batch.leader_epoch;
    }
    return good;
}

static int by_first_offset(const void *a, const void *b)
{
    const struct kc_aborted *left = a, *right = b;

    return (left->first_offset > right->first_offset) - (left->first_offset < right->first_offset);
}

/* Sorts them: brokers give them in the order of their ends (a segment's transaction index), and a
 * transaction that began earlier may end later. */
static void copy_aborted(struct fetch_chunk *chunk, const struct kc_fetch_response_partition *from)
{
    if (from->aborted_transactions.count <= 0)
        return;
    chunk->aborted = kc_calloc((size_t)from->aborted_transactions.count, sizeof(*chunk->aborted));
    for (int32_t i = 0; i < from->aborted_transactions.count; i++) {
        chunk->aborted[i].producer_id = from->aborted_transactions.items[i].producer_id;
        chunk->aborted[i].first_offset = from->aborted_transactions.items[i].first_offset;
    }
    qsort(chunk->aborted, (size_t)from->aborted_transactions.count, sizeof(*chunk->aborted),
          by_first_offset);
    chunk->pub.aborted = chunk->aborted;
    chunk->pub.aborted_count = from->aborted_transactions.count;
}

/* Locked. */
static void deliver(struct fetch_engine *engine, struct fetch_part *part,
                    struct kc_wire_reply *reply, const struct kc_fetch_response_partition *from,
                    const struct good *good, int32_t leader_epoch)
{
    struct fetch_chunk *chunk = fetcher_chunk_new(part, KC_FETCHED_DATA);

    chunk->reply = kc_wire_reply_ref(reply);
    chunk->pub.data = (uint8_t *)from->records.data;
    chunk->pub.len = good->len;
    chunk->pub.next_offset = good->next_offset;
    chunk->pub.high_watermark = from->high_watermark;
    chunk->pub.last_stable_offset = from->last_stable_offset;
    chunk->pub.log_start_offset = from->log_start_offset;
    chunk->pub.leader_epoch = good->epoch;
    chunk->pub.current_leader_epoch = leader_epoch;
    copy_aborted(chunk, from);
    part->position = good->next_offset;
    /* The leader of that epoch gave these batches, so its log is the same up to here. */
    if (leader_epoch > part->validated_epoch)
        part->validated_epoch = leader_epoch;
    if (good->epoch >= 0)
        part->last_epoch = good->epoch;
    part->attempts = part->corrupt = 0;
    fetcher_enqueue(part, chunk);
    fetch_plan_touch(engine, part);
}

/* Locked. */
static void found_bad(struct fetch_engine *engine, struct fetch_part *part, const char *why)
{
    kc_warn("%s: the batch at offset %lld can't be used: %s", part->key, (long long)part->position,
            why);
    if (++part->corrupt < CORRUPT_MAX) {
        fetch_engine_retry_later(engine, part);
        return;
    }
    fetch_engine_event(
        engine, part, KC_FETCHED_FAILED, -1, -1,
        kc_error_kafka_new(KC_KAFKA_CORRUPT_MESSAGE, false,
                           "the batch of %s at offset %lld is damaged: %s. Look at the "
                           "broker's log segment, or seek behind it",
                           part->key, (long long)part->position, why));
}

/* ---- Errors ---- */

/* Locked. If the answer names a leader that was unknown, that one is asked at once (KIP-951). */
static void try_again(struct fetch_engine *engine, struct fetch_part *part,
                      const struct kc_fetch_response_partition *from)
{
    part->preferred = -1;
    fetch_plan_touch(engine, part);
    if (kc_wire_hint_leader(engine->client, part->topic, part->partition,
                            from->current_leader.leader_id, from->current_leader.leader_epoch))
        return;
    fetch_engine_retry_later(engine, part);
    kc_wire_refresh(engine->client);
}

/* An unreachable follower isn't read from any more; the leader is asked (KIP-392). */
static void leave_follower(struct fetch_engine *engine, int32_t broker_id)
{
    pthread_mutex_lock(&engine->mutex);
    for (struct fetch_part *part = engine->parts; part; part = part->hh.next) {
        if (part->preferred != broker_id)
            continue;
        kc_debug("%s: broker %d, a follower, doesn't answer; back to the leader", part->key,
                 broker_id);
        part->preferred = -1;
        fetch_plan_touch(engine, part);
    }
    pthread_mutex_unlock(&engine->mutex);
}

/* Locked. */
static void out_of_range(struct fetch_engine *engine, struct fetch_part *part,
                         const struct kc_fetch_response_partition *from)
{
    if (part->preferred >= 0) {
        /* A follower may lag: the leader knows (KIP-392). */
        part->preferred = -1;
        fetch_plan_touch(engine, part);
        return;
    }
    fetch_engine_event(engine, part, KC_FETCHED_OUT_OF_RANGE, from->log_start_offset, -1, NULL);
}

/* Locked. */
static void partition_failed(struct fetch_engine *engine, struct fetch_part *part,
                             const struct kc_fetch_response_partition *from)
{
    int16_t code = from->error_code;

    kc_debug("%s: fetching from offset %lld: %s", part->key, (long long)part->position,
             kc_kafka_error_name(code));
    if (code == KC_KAFKA_OFFSET_OUT_OF_RANGE) {
        out_of_range(engine, part, from);
    } else if (code == KC_KAFKA_CORRUPT_MESSAGE) {
        found_bad(engine, part, "the broker says that it is corrupt");
    } else if (kc_kafka_error_retriable(code) || code == KC_KAFKA_UNKNOWN_SERVER_ERROR) {
        try_again(engine, part, from);
    } else {
        fetch_engine_event(engine, part, KC_FETCHED_FAILED, -1, -1,
                           kc_kafka_error_new(code, NULL, "fetching %s from offset %lld", part->key,
                                              (long long)part->position));
    }
}

/* ---- The answer ---- */

/* How an answer names a partition. */
struct answered {
    struct fetch_engine *engine;
    struct fetch_session *session;
    const char *topic;              /* before topic ids */
    const struct kc_uuid *topic_id; /* else NULL */
    int32_t partition;
};

/* Locked: the part of an answer, if it hasn't changed since the request. */
static struct fetch_part *current_part(const struct answered *answered)
{
    struct fetch_part *part;

    if (answered->topic_id) {
        part = fetch_engine_part_by_id(answered->engine, answered->topic_id, answered->partition);
    } else {
        char *key = kc_asprintf("%s-%d", answered->topic, answered->partition);

        part = fetch_engine_part(answered->engine, key);
        free(key);
    }
    if (!part || part->session != answered->session || part->position != part->sent_offset ||
        part->state != FETCH_READING)
        return NULL;
    return part;
}

static void take_partition(const struct answered *answered, struct kc_wire_reply *reply,
                           const struct kc_fetch_response_partition *from)
{
    struct fetch_engine *engine = answered->engine;
    struct good good = {0};

    pthread_mutex_lock(&engine->mutex);
    struct fetch_part *part = current_part(answered);
    int64_t position = part ? part->position : -1;
    int64_t generation = part ? part->generation : -1;
    if (part && from->error_code != KC_KAFKA_NONE) {
        partition_failed(engine, part, from);
        part = NULL;
    } else if (part && from->diverging_epoch.epoch >= 0) {
        fetch_engine_event(engine, part, KC_FETCHED_TRUNCATED, from->log_start_offset,
                           from->diverging_epoch.end_offset, NULL);
        part = NULL;
    } else if (part && from->preferred_read_replica >= 0) {
        part->preferred = from->preferred_read_replica;
        part->preferred_until_ms = kc_mono_ms() + PREFERRED_REPLICA_MS;
        fetch_plan_touch(engine, part);
    }
    pthread_mutex_unlock(&engine->mutex);
    if (!part || from->records.len <= 0)
        return;
    good = check_batches(&from->records, position);
    pthread_mutex_lock(&engine->mutex);
    part = current_part(answered);
    if (part && part->generation == generation && good.len > 0)
        deliver(engine, part, reply, from, &good, part->sent_epoch);
    else if (part && part->generation == generation && good.bad)
        found_bad(engine, part, good.bad);
    pthread_mutex_unlock(&engine->mutex);
}

/* The bytes of batches that it brought. */
static size_t take_answer(struct fetch_engine *engine, struct fetch_session *session,
                          struct kc_wire_reply *reply, const struct kc_fetch_response *response)
{
    size_t bytes = 0;

    for (int32_t i = 0; i < response->node_endpoints.count; i++) {
        const struct kc_fetch_response_node_endpoint *node = &response->node_endpoints.items[i];

        kc_wire_hint_broker(engine->client, node->node_id, node->host.data, node->port,
                            node->rack.data);
    }
    for (int32_t i = 0; i < response->responses.count; i++) {
        const struct kc_fetch_response_topic *topic = &response->responses.items[i];
        struct answered answered = {
            engine, session, topic->topic.data,
            reply->version < FIRST_VERSION_WITH_IDS ? NULL : &topic->topic_id, -1};

        for (int32_t j = 0; j < topic->partitions.count; j++) {
            answered.partition = topic->partitions.items[j].partition_index;
            take_partition(&answered, reply, &topic->partitions.items[j]);
            if (topic->partitions.items[j].records.len > 0)
                bytes += (size_t)topic->partitions.items[j].records.len;
        }
    }
    return bytes;
}

void fetch_answer(struct fetch_engine *engine, struct fetch_session *session,
                  struct kc_wire_reply *reply)
{
    const struct kc_fetch_response *response = reply->message;

    if (reply->error) {
        kc_debug("fetching from broker %d: %s", session->broker_id, kc_error_text(reply->error));
        session_failed(engine, session, true);
        leave_follower(engine, session->broker_id);
        kc_wire_refresh(engine->client);
        return;
    }
    if (response->error_code != KC_KAFKA_NONE) {
        bool unknown = response->error_code == KC_KAFKA_FETCH_SESSION_ID_NOT_FOUND;

        kc_debug("fetching from broker %d: %s", session->broker_id,
                 kc_kafka_error_name(response->error_code));
        session_failed(engine, session, !unknown);
        return;
    }
    session->attempts = 0;
    size_t bytes = take_answer(engine, session, reply, response);
    session->retry_at_ms = 0;
    session->pace_at_us = bytes > 0 && bytes < LITTLE_BYTES ? session->sent_at_us + PACE_US : 0;
    session->id = response->session_id;
    session->epoch = session->epoch == INT32_MAX ? 1 : session->epoch + 1;
    if (session->id != 0)
        return;
    /* The broker keeps none: it is told everything each time. */
    pthread_mutex_lock(&engine->mutex);
    fetch_session_reset(session, false);
    pthread_mutex_unlock(&engine->mutex);
}
