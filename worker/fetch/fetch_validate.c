/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds truncated logs. A partition's new leader is asked for the end of the last batch's epoch
 * (OffsetForLeaderEpoch, KIP-320). An end before our position means that fetched records are no
 * longer in the log. Loop thread.
 */
#include "fetch/fetch_engine_priv.h"

#include "connect/log.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.wire.fetcher");

/* A consumer may ask from version 3 on (KIP-320). */
#define FIRST_VERSION 3

struct leader_check {
    struct fetch_engine *engine;
    char *key;
    int64_t generation;
    int32_t leader_epoch;
};

static void check_destroy(struct leader_check *check)
{
    fetch_engine_unref(check->engine);
    free(check->key);
    free(check);
}

/* Locked. */
static void take_end(struct fetch_engine *engine, struct fetch_part *part, int32_t leader_epoch,
                     const struct kc_offset_for_leader_epoch_response_partition *from)
{
    if (from->error_code != KC_KAFKA_NONE) {
        fetch_engine_retry_later(engine, part);
        kc_wire_refresh(engine->client);
    } else if (from->end_offset < 0 || from->end_offset < part->position) {
        kc_warn("%s: the log was truncated to offset %lld, we are at %lld", part->key,
                (long long)from->end_offset, (long long)part->position);
        fetch_engine_event(engine, part, KC_FETCHED_TRUNCATED, -1, from->end_offset, NULL);
    } else {
        part->validated_epoch = leader_epoch;
        part->attempts = 0;
    }
}

/* Locked. If a broker can't tell, only offsets are compared. */
static void take_failure(struct fetch_engine *engine, struct fetch_part *part, int32_t leader_epoch,
                         const struct kc_error *err)
{
    if (kc_error_retriable(err))
        fetch_engine_retry_later(engine, part);
    else
        part->validated_epoch = leader_epoch;
}

static void on_end(void *arg, const struct kc_wire_request *request, struct kc_wire_reply *reply)
{
    struct leader_check *check = arg;
    struct fetch_engine *engine = check->engine;
    const struct kc_offset_for_leader_epoch_response *response = reply->message;

    pthread_mutex_lock(&engine->mutex);
    struct fetch_part *part = fetch_engine_part(engine, check->key);
    if (part && part->generation == check->generation) {
        fetch_part_move(part, FETCH_READING);
        fetch_plan_touch(engine, part);
        if (reply->error)
            take_failure(engine, part, check->leader_epoch, reply->error);
        else if (response->topics.count == 1 && response->topics.items[0].partitions.count == 1)
            take_end(engine, part, check->leader_epoch,
                     &response->topics.items[0].partitions.items[0]);
        else
            fetch_engine_retry_later(engine, part);
    }
    pthread_mutex_unlock(&engine->mutex);
    kc_wire_reply_unref(reply);
    fetch_engine_poll(engine);
    check_destroy(check);
}

/* Locked. */
static void ask(struct fetch_engine *engine, struct fetch_part *part,
                const struct kc_wire_leader *leader)
{
    struct kc_wire_request *request = kc_wire_request_new(KC_API_OFFSET_FOR_LEADER_EPOCH);
    struct kc_offset_for_leader_epoch_request *message = request->message;
    struct leader_check *check = kc_malloc(sizeof(*check));

    request->target.kind = KC_WIRE_BROKER;
    request->target.broker_id = leader->broker_id;
    request->min_version = FIRST_VERSION;
    message->replica_id = -1;
    KC_WIRE_LIST_NEW(request->arena, &message->topics, kc_offset_for_leader_epoch_request_topic, 1);
    message->topics.items[0].topic = kc_wire_str_copy(request->arena, part->topic);
    KC_WIRE_LIST_NEW(request->arena, &message->topics.items[0].partitions,
                     kc_offset_for_leader_epoch_request_partition, 1);
    struct kc_offset_for_leader_epoch_request_partition *partition =
        &message->topics.items[0].partitions.items[0];
    partition->partition = part->partition;
    partition->current_leader_epoch = leader->leader_epoch;
    partition->leader_epoch = part->last_epoch;
    *check = (struct leader_check){fetch_engine_ref(engine), kc_strdup(part->key), part->generation,
                                   leader->leader_epoch};
    fetch_part_move(part, FETCH_VALIDATING);
    kc_wire_send(engine->client, request, on_end, check);
}

void fetch_validate(struct fetch_engine *engine, struct fetch_part *part, int64_t now)
{
    struct kc_wire_leader leader;

    if (part->state != FETCH_READING || part->paused || now < part->retry_at_ms ||
        part->last_epoch < 0)
        return;
    if (kc_wire_leader(engine->client, part->topic, part->partition, &leader) &&
        leader.broker_id >= 0 && leader.leader_epoch > part->validated_epoch)
        ask(engine, part, &leader);
}
