/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes to the source: each batch goes to the leader of its partition, those for one leader in one
 * request. On the source client's loop thread.
 *
 * Nothing is sent twice: the client repeats what failed, under the same sequence, and the source's
 * partition tells what it has. So a batch has one try, and its order is that of the calls. Where a
 * leader isn't known yet a batch waits in the order of the calls, up to its deadline.
 */
#include "append/produce_request.h"
#include "gateway/gateway_source_write_priv.h"

#include "connect/log.h"
#include "connect/thread.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.gateway.source");

#define TICK_MS                200   /* between looks at what waits */
#define TELL_MS                10000 /* between lines about refusals */
#define LAST_VERSION_BEFORE_V2 11    /* of Produce: later ones add partitions by themselves */

/* ---- results ---- */

int16_t gateway_source_code(int16_t code)
{
    switch (code) {
    case KC_KAFKA_TOPIC_AUTHORIZATION_FAILED: /* these concern the gateway's credentials */
    case KC_KAFKA_CLUSTER_AUTHORIZATION_FAILED:
    case KC_KAFKA_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
    case KC_KAFKA_SASL_AUTHENTICATION_FAILED:
    case KC_KAFKA_UNKNOWN_TOPIC_ID: /* these the source's topic as the gateway knows it */
    case KC_KAFKA_INCONSISTENT_TOPIC_ID:
    case KC_KAFKA_LEADER_NOT_AVAILABLE:
    case KC_KAFKA_REPLICA_NOT_AVAILABLE:
    case KC_KAFKA_FENCED_LEADER_EPOCH:
    case KC_KAFKA_UNSUPPORTED_VERSION:
        return KC_KAFKA_NOT_LEADER_OR_FOLLOWER;
    case KC_KAFKA_NETWORK_EXCEPTION: /* unknown to librdkafka in an answer */
        return KC_KAFKA_REQUEST_TIMED_OUT;
    default:
        return code;
    }
}

/* What only an operator can help. */
static void tell_refusal(struct gateway_source *source, const struct gateway_batch *batch,
                         const char *why)
{
    int64_t now_ms = kc_mono_ms();

    if (source->told_ms && now_ms - source->told_ms < TELL_MS)
        return;
    source->told_ms = now_ms;
    kc_warn(
        "The source refuses a write to %s-%d under the link's credentials: %s. Clients are told "
        "to try again. Check source.cluster.* and the principal's ACLs at the source.",
        batch->topic, batch->partition, why);
}

static void finish(struct gateway_flow *flow)
{
    free(flow->sent);
    flow->write->done(flow->write->arg, flow->write);
    free(flow);
}

/* The batch has its result. Its flow may be gone behind this. */
static void settle(struct gateway_flow *flow)
{
    if (--flow->waiting == 0)
        finish(flow);
}

static void fail_batch(struct gateway_batch *batch, int16_t code)
{
    batch->error_code = code;
    batch->base_offset = batch->log_append_time = batch->log_start_offset = -1;
    batch->error_message = NULL;
    batch->record_errors = NULL;
}

/* ---- requests ---- */

struct gateway_flight {
    struct gateway_flow *flow;
    size_t *batches; /* indexes in the write */
    struct kc_uuid *ids;
    size_t count;
};

static void take_answer(struct gateway_source *source, struct gateway_batch *batch,
                        const struct kc_produce_response_partition *from)
{
    if (!from) {
        fail_batch(batch, KC_KAFKA_REQUEST_TIMED_OUT);
        return;
    }
    batch->error_code = gateway_source_code(from->error_code);
    batch->base_offset = from->base_offset;
    batch->log_append_time = from->log_append_time_ms;
    batch->log_start_offset = from->log_start_offset;
    batch->error_message = from->error_message.len > 0 ? kc_strdup(from->error_message.data) : NULL;
    batch->record_errors = kc_record_errors_new(from, batch->count);
    if (kc_kafka_error_stale_metadata(from->error_code) ||
        batch->error_code == KC_KAFKA_NOT_LEADER_OR_FOLLOWER)
        kc_wire_refresh(source->client);
    if (batch->error_code != from->error_code && from->error_code != KC_KAFKA_LEADER_NOT_AVAILABLE)
        tell_refusal(source, batch, kc_kafka_error_name(from->error_code));
}

/* Whether it was written can't be known, unless the connection was never there. */
static void take_failure(struct gateway_source *source, struct gateway_batch *batch,
                         const struct kc_error *err)
{
    bool unknown = kc_error_retriable(err);

    fail_batch(batch, unknown ? KC_KAFKA_REQUEST_TIMED_OUT : KC_KAFKA_NOT_LEADER_OR_FOLLOWER);
    if (!unknown && kc_error_code(err) != KC_ERR_WAKEUP)
        tell_refusal(source, batch, kc_error_text(err));
}

static void on_answer(void *arg, const struct kc_wire_request *request, struct kc_wire_reply *reply)
{
    struct gateway_flight *flight = arg;
    struct gateway_flow *flow = flight->flow;
    struct gateway_write *write = flow->write;

    for (size_t i = 0; i < flight->count; i++) {
        struct gateway_batch *batch = &write->batches[flight->batches[i]];

        if (reply->error)
            take_failure(flow->source, batch, reply->error);
        else
            take_answer(
                flow->source, batch,
                produce_answer_find(reply, batch->topic, &flight->ids[i], batch->partition));
    }
    const struct kc_produce_response *response = reply->message;
    if (!reply->error && response->throttle_time_ms > write->throttle_time_ms)
        write->throttle_time_ms = response->throttle_time_ms;
    size_t count = flight->count;
    free(flight->batches);
    free(flight->ids);
    free(flight);
    for (size_t i = 0; i < count; i++)
        settle(flow);
    kc_wire_reply_unref(reply);
}

static int32_t patience(const struct gateway_write *write)
{
    int64_t left = write->deadline_ms - kc_mono_ms();

    return left < 1 ? 1 : left > INT32_MAX ? INT32_MAX : (int32_t)left;
}

/* A Produce request that isn't answered in time ends its connection, which many sessions share. So
 * the broker waits less long for its replicas, and says itself that they don't come. */
static void launch(struct gateway_flow *flow, struct gateway_flight *flight, int32_t broker)
{
    const struct gateway_write *write = flow->write;
    struct produce_part *parts = kc_calloc(flight->count, sizeof(*parts));
    int16_t acks = write->acks == 0 ? 1 : write->acks;

    for (size_t i = 0; i < flight->count; i++) {
        const struct gateway_batch *batch = &write->batches[flight->batches[i]];

        parts[i] = (struct produce_part){batch->topic, batch->partition, flight->ids[i],
                                         batch->records, (size_t)batch->len};
    }
    int32_t timeout_ms = patience(write);
    int32_t broker_ms = timeout_ms - timeout_ms / 10;
    struct kc_wire_request *request =
        produce_request_new(parts, flight->count, write->transactional_id, acks,
                            write->timeout_ms < broker_ms ? write->timeout_ms : broker_ms);
    free(parts);
    request->target.kind = KC_WIRE_BROKER;
    request->target.broker_id = broker;
    request->channel = write->channel;
    request->timeout_ms = timeout_ms;
    if (write->transactional_id && !write->adds_partitions)
        request->max_version = LAST_VERSION_BEFORE_V2;
    kc_wire_send(flow->source->client, request, on_answer, flight);
}

/* ---- leaders ---- */

static void track(struct gateway_source *source, const char *topic)
{
    struct gateway_tracked *tracked = NULL;

    HASH_FIND_STR(source->tracked, topic, tracked);
    if (tracked)
        return;
    tracked = kc_calloc(1, sizeof(*tracked));
    tracked->topic = kc_strdup(topic);
    HASH_ADD_KEYPTR(hh, source->tracked, tracked->topic, strlen(tracked->topic), tracked);
    kc_wire_track(source->client, topic);
}

static bool find_leader(struct gateway_source *source, const struct gateway_batch *batch,
                        struct kc_wire_leader *leader)
{
    if (kc_wire_leader(source->client, batch->topic, batch->partition, leader) &&
        leader->broker_id >= 0)
        return true;
    track(source, batch->topic);
    kc_wire_refresh(source->client);
    return false;
}

/* Puts all batches of the write that the first one's leader leads into a request. */
static void send_to_leader(struct gateway_flow *flow, size_t first, int32_t broker)
{
    struct gateway_write *write = flow->write;
    struct gateway_flight *flight = kc_calloc(1, sizeof(*flight));
    struct kc_wire_leader leader;

    flight->flow = flow;
    flight->batches = kc_calloc(write->count, sizeof(*flight->batches));
    flight->ids = kc_calloc(write->count, sizeof(*flight->ids));
    for (size_t i = first; i < write->count; i++) {
        if (flow->sent[i] || !find_leader(flow->source, &write->batches[i], &leader) ||
            leader.broker_id != broker)
            continue;
        track(flow->source, write->batches[i].topic);
        flow->sent[i] = true;
        flow->unsent--;
        flight->ids[flight->count] = leader.topic_id;
        flight->batches[flight->count++] = i;
    }
    launch(flow, flight, broker);
}

static void send_known(struct gateway_flow *flow)
{
    struct kc_wire_leader leader;

    for (size_t i = 0; i < flow->write->count; i++) {
        if (!flow->sent[i] && find_leader(flow->source, &flow->write->batches[i], &leader))
            send_to_leader(flow, i, leader.broker_id);
    }
}

/* ---- waiting ---- */

static void give_up(struct gateway_flow *flow)
{
    size_t unsent = flow->unsent;

    for (size_t i = 0; i < flow->write->count; i++) {
        if (!flow->sent[i])
            fail_batch(&flow->write->batches[i], KC_KAFKA_NOT_LEADER_OR_FOLLOWER);
        flow->sent[i] = true;
    }
    flow->unsent = 0;
    for (size_t i = 0; i < unsent; i++)
        settle(flow);
}

static void on_identity(void *arg, const struct kc_wire_request *request,
                        struct kc_wire_reply *reply);

/* Whether the client talks to the cluster that the write is meant for. */
static bool is_known(struct gateway_flow *flow, bool *wrong)
{
    struct gateway_source *source = flow->source;
    int64_t tag = atomic_load(&source->tag);

    *wrong = tag >= 0 && tag != flow->write->source_tag;
    if (tag >= 0)
        return true;
    if (!source->asking) {
        source->asking = true;
        kc_wire_send(source->client, gateway_source_identity_request(), on_identity, source);
    }
    return false;
}

static void tell_wrong(struct gateway_source *source)
{
    int64_t now_ms = kc_mono_ms();

    if (source->told_ms && now_ms - source->told_ms < TELL_MS)
        return;
    source->told_ms = now_ms;
    kc_log_error("source.cluster.bootstrap.servers leads to cluster %s, which isn't the source of "
                 "the link. Writes to linked topics are refused until that is corrected.",
                 source->cluster_id);
}

/* Sends what can be sent. True: nothing of it waits any more. */
static bool advance(struct gateway_flow *flow)
{
    bool wrong = false;

    if (flow->source->ending || kc_mono_ms() >= flow->write->deadline_ms) {
        give_up(flow);
        return true;
    }
    if (!is_known(flow, &wrong))
        return false;
    if (wrong) {
        tell_wrong(flow->source);
        give_up(flow);
        return true;
    }
    send_known(flow);
    return flow->unsent == 0;
}

static void advance_all(void *arg)
{
    struct gateway_source *source = arg;
    struct gateway_flow *flow, *next;

    DL_FOREACH_SAFE (source->waiting, flow, next) {
        DL_DELETE(source->waiting, flow);
        if (!advance(flow)) {
            if (next)
                DL_PREPEND_ELEM(source->waiting, next, flow);
            else
                DL_APPEND(source->waiting, flow);
        }
    }
}

static void tick(void *arg)
{
    struct gateway_source *source = arg;

    advance_all(source);
    if (source->waiting)
        kc_wire_timer_start(source->timer, TICK_MS);
}

static void on_identity(void *arg, const struct kc_wire_request *request,
                        struct kc_wire_reply *reply)
{
    struct gateway_source *source = arg;

    source->asking = false;
    gateway_source_note_identity(source, reply);
    bool known = !reply->error;
    kc_wire_reply_unref(reply);
    if (known)
        advance_all(source);
}

/* ---- beginning and ending ---- */

static void begin_write(void *arg)
{
    struct gateway_flow *flow = arg;
    struct gateway_source *source = flow->source;

    if (advance(flow))
        return;
    DL_APPEND(source->waiting, flow);
    kc_wire_timer_start(source->timer, TICK_MS);
}

void gateway_source_write(struct gateway_source *source, struct gateway_write *write)
{
    struct gateway_flow *flow = kc_calloc(1, sizeof(*flow));

    flow->source = source;
    flow->write = write;
    flow->sent = kc_calloc(write->count, sizeof(*flow->sent));
    flow->unsent = flow->waiting = write->count;
    write->throttle_time_ms = 0;
    if (!kc_wire_post(source->client, begin_write, flow))
        give_up(flow);
}

static void begin_writes(void *arg)
{
    struct gateway_source *source = arg;

    source->timer = kc_wire_timer_new(source->client, tick, source);
    kc_wire_listen(source->client, advance_all, source);
}

void gateway_writes_begin(struct gateway_source *source)
{
    kc_wire_post(source->client, begin_writes, source);
}

struct gateway_ending {
    struct gateway_source *source;
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    bool done;
};

static void end_writes(void *arg)
{
    struct gateway_ending *ending = arg;
    struct gateway_source *source = ending->source;
    struct gateway_tracked *tracked, *next;

    source->ending = true;
    advance_all(source);
    kc_wire_unlisten(source->client, source);
    kc_wire_timer_destroy(source->timer);
    HASH_ITER (hh, source->tracked, tracked, next) {
        HASH_DEL(source->tracked, tracked);
        free(tracked->topic);
        free(tracked);
    }
    pthread_mutex_lock(&ending->mutex);
    ending->done = true;
    pthread_cond_signal(&ending->cond);
    pthread_mutex_unlock(&ending->mutex);
}

void gateway_writes_end(struct gateway_source *source)
{
    struct gateway_ending ending = {.source = source, .mutex = PTHREAD_MUTEX_INITIALIZER};

    kc_cond_init(&ending.cond);
    if (kc_wire_post(source->client, end_writes, &ending)) {
        pthread_mutex_lock(&ending.mutex);
        while (!ending.done)
            kc_cond_wait_until(&ending.cond, &ending.mutex, INT64_MAX);
        pthread_mutex_unlock(&ending.mutex);
    }
    pthread_cond_destroy(&ending.cond);
    pthread_mutex_destroy(&ending.mutex);
}
