/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order in which parts of Produce requests are sent on, see gateway_routing_priv.h.
 *
 * A round decides under the queue's mutex what goes where, and sends it outside of it. Rounds of
 * one queue run on its session's loop and never overlap, so that the order of decisions is the
 * order on the wire.
 */
#include "gateway/gateway_metrics_priv.h"
#include "gateway/gateway_routing_priv.h"

#include <stdlib.h>
#include <string.h>

#define WRITTEN_TOPICS 100

/* ---- queues ---- */

struct gateway_queue *gateway_queue_get(struct gateway_route *route,
                                        struct gateway_session *session)
{
    struct gateway_queue *queue = NULL;

    pthread_mutex_lock(&route->mutex);
    HASH_FIND_PTR(route->queues, &session, queue);
    if (!queue) {
        queue = kc_calloc(1, sizeof(*queue));
        queue->session = session;
        queue->route = route;
        queue->channel = gateway_source_channel(route->base.source);
        atomic_init(&queue->refs, 1);
        pthread_mutex_init(&queue->mutex, NULL);
        HASH_ADD_PTR(route->queues, session, queue);
    }
    atomic_fetch_add(&queue->refs, 1);
    pthread_mutex_unlock(&route->mutex);
    return queue;
}

void gateway_queue_unref(struct gateway_queue *queue)
{
    if (atomic_fetch_sub(&queue->refs, 1) > 1)
        return;
    pthread_mutex_destroy(&queue->mutex);
    kc_strings_destroy(&queue->written_topics);
    free(queue);
}

void gateway_queue_add(struct gateway_queue *queue, struct gateway_part *part)
{
    struct gateway_line *line = NULL;
    char *key = kc_asprintf("%s#%d", part->topic, part->partition);

    pthread_mutex_lock(&queue->mutex);
    HASH_FIND_STR(queue->lines, key, line);
    if (!line) {
        line = kc_calloc(1, sizeof(*line));
        line->key = key;
        key = NULL;
        HASH_ADD_KEYPTR(hh, queue->lines, line->key, strlen(line->key), line);
    }
    DL_APPEND(line->parts, part);
    atomic_fetch_add(&queue->route->waiting, 1);
    pthread_mutex_unlock(&queue->mutex);
    free(key);
}

bool gateway_queue_is_empty(struct gateway_queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    bool empty = !queue->lines;
    pthread_mutex_unlock(&queue->mutex);
    return empty;
}

struct gateway_exchange *gateway_queue_waits(struct gateway_queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    struct gateway_exchange *exchange =
        queue->lines ? gateway_exchange_ref(queue->lines->parts->job->exchange) : NULL;
    pthread_mutex_unlock(&queue->mutex);
    return exchange;
}

/* ---- a round's decisions ---- */

struct gateway_move {
    struct gateway_part *part;
    enum gateway_verdict verdict;
};

struct gateway_round {
    struct gateway_move *moves;
    size_t count;
    size_t cap;
};

static void add_move(struct gateway_round *round, struct gateway_part *part,
                     enum gateway_verdict verdict)
{
    if (round->count == round->cap) {
        round->cap = round->cap ? 2 * round->cap : 16;
        round->moves = kc_realloc(round->moves, round->cap * sizeof(*round->moves));
    }
    round->moves[round->count++] = (struct gateway_move){part, verdict};
}

static void note_wait(struct gateway_part *part, int64_t now_ms)
{
    if (part->waits_ms)
        return;
    part->waits_ms = now_ms;
    gateway_measure_add(GATEWAY_HELD_NOW, 1);
    gateway_measure_add(GATEWAY_REQUESTS_HELD, 1);
}

static void leave_line(struct gateway_queue *queue, struct gateway_line *line,
                       struct gateway_part *part)
{
    if (part->waits_ms) {
        gateway_measure_add(GATEWAY_HELD_NOW, -1);
        gateway_measure_add(GATEWAY_HELD_MS, kc_mono_ms() - part->waits_ms);
    }
    DL_DELETE(line->parts, part);
    atomic_fetch_sub(&queue->route->waiting, 1);
}

/* What follows on a part that waited too long isn't to overtake it. */
static void decide_line(struct gateway_queue *queue, struct gateway_line *line, int64_t now_ms,
                        struct gateway_round *round)
{
    struct gateway_part *part;
    bool late = false;

    while ((part = line->parts)) {
        enum gateway_verdict verdict = GATEWAY_ANSWER;

        if (late)
            gateway_part_refuse(part, GATEWAY_TRY_AGAIN);
        else
            verdict = gateway_judge(queue->route, part, now_ms);
        if (verdict == GATEWAY_WAIT) {
            note_wait(part, now_ms);
            return;
        }
        if (verdict == GATEWAY_PROBE) {
            add_move(round, part, verdict);
            return;
        }
        late = late || (verdict == GATEWAY_ANSWER && part->error_code == GATEWAY_TRY_AGAIN);
        leave_line(queue, line, part);
        part->phase = verdict == GATEWAY_ANSWER ? GATEWAY_PART_DONE : GATEWAY_PART_SENT;
        add_move(round, part, verdict);
    }
}

static void drop_line(struct gateway_queue *queue, struct gateway_line *line)
{
    HASH_DEL(queue->lines, line);
    free(line->key);
    free(line);
}

static void decide(struct gateway_queue *queue, struct gateway_round *round)
{
    struct gateway_line *line, *next;
    int64_t now_ms = kc_mono_ms();

    HASH_ITER (hh, queue->lines, line, next) {
        decide_line(queue, line, now_ms, round);
        if (!line->parts)
            drop_line(queue, line);
    }
}

/* By verdict and job: what goes the same way for one request goes together; older ones first. */
static int by_job(const void *a, const void *b)
{
    const struct gateway_move *x = a, *y = b;
    uint64_t i = x->part->job->number, j = y->part->job->number;

    if (i != j)
        return i < j ? -1 : 1;
    if (x->verdict != y->verdict)
        return x->verdict < y->verdict ? -1 : 1;
    return (x->part > y->part) - (x->part < y->part);
}

/* ---- to the source ---- */

/* A request to the source and the parts that it carries. */
struct gateway_routed {
    struct gateway_write write;
    struct gateway_job *job;
    struct gateway_route *route;
};

/* Whether a client sends again what was answered so. */
static bool is_retried(int16_t code)
{
    static const int16_t codes[] = {
        KC_KAFKA_CORRUPT_MESSAGE,      KC_KAFKA_UNKNOWN_TOPIC_OR_PARTITION,
        KC_KAFKA_LEADER_NOT_AVAILABLE, KC_KAFKA_NOT_LEADER_OR_FOLLOWER,
        KC_KAFKA_REQUEST_TIMED_OUT,    KC_KAFKA_NETWORK_EXCEPTION,
        KC_KAFKA_NOT_ENOUGH_REPLICAS,  KC_KAFKA_NOT_ENOUGH_REPLICAS_AFTER_APPEND,
        KC_KAFKA_KAFKA_STORAGE_ERROR,  KC_KAFKA_UNKNOWN_TOPIC_ID,
    };

    for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
        if (codes[i] == code)
            return true;
    }
    return false;
}

/* Queue's mutex held. */
static void count_written(struct gateway_queue *queue, const struct gateway_part *part)
{
    const uint64_t records = (uint64_t)part->header.last_offset_delta + 1;

    if (part->error_code) {
        gateway_measure_add(
            is_retried(part->error_code) ? GATEWAY_ROUTE_RETRIABLE : GATEWAY_ROUTE_FAILED, 1);
        return;
    }
    gateway_measure_add(GATEWAY_RECORDS_ROUTED, (int64_t)records);
    queue->written += records;
    if (queue->written_topics.count < WRITTEN_TOPICS &&
        !kc_strings_contain(&queue->written_topics, part->topic))
        kc_strings_add(&queue->written_topics, part->topic);
}

static void on_written(void *arg, struct gateway_write *write)
{
    struct gateway_routed *routed = arg;
    struct gateway_job *job = routed->job;
    struct gateway_queue *queue = job->queue;
    size_t count = write->count;

    atomic_fetch_add(&queue->refs, 1);
    pthread_mutex_lock(&queue->mutex);
    if (write->throttle_time_ms > job->throttle_ms)
        job->throttle_ms = write->throttle_time_ms;
    for (size_t i = 0; i < count; i++) {
        const struct gateway_batch *batch = &write->batches[i];
        struct gateway_part *part = batch->arg;

        part->error_code = batch->error_code;
        part->base_offset = batch->base_offset;
        part->log_append_time = batch->log_append_time;
        part->log_start_offset = batch->log_start_offset;
        part->error_message = batch->error_message;
        part->record_errors = batch->record_errors;
        part->phase = GATEWAY_PART_DONE;
        gateway_part_answered(routed->route, part, true);
        count_written(queue, part);
    }
    pthread_mutex_unlock(&queue->mutex);
    for (size_t i = 0; i < count; i++)
        gateway_job_settle(job);
    free(write->batches);
    free(routed);
    gateway_queue_unref(queue);
}

/* The id as the source is to have it, in the frame itself. */
static void set_source_id(struct gateway_route *route, struct gateway_part *part)
{
    int64_t id = gateway_id_in_log(route, part->header.producer_id);

    if (id != part->header.producer_id)
        kc_record_batch_set_producer((uint8_t *)part->records.data, part->header.size, id,
                                     part->header.producer_epoch, part->header.base_sequence);
}

static void send_to_source(struct gateway_job *job, const struct gateway_move *moves, size_t count)
{
    struct gateway_routed *routed = kc_calloc(1, sizeof(*routed));
    struct gateway_route *route = job->route;

    routed->job = job;
    routed->route = route;
    routed->write = (struct gateway_write){
        .acks = job->request->acks,
        .timeout_ms = job->request->timeout_ms,
        .transactional_id = job->transactional_id,
        .adds_partitions = job->exchange->header.version >= GATEWAY_FIRST_ADDING,
        .source_tag = gateway_links_tag(route->base.links, true),
        .deadline_ms = job->exchange->since_ms + GATEWAY_ANSWER_MS,
        .channel = job->queue->channel,
        .batches = kc_calloc(count, sizeof(*routed->write.batches)),
        .count = count,
        .done = on_written,
        .arg = routed,
    };
    for (size_t i = 0; i < count; i++) {
        struct gateway_part *part = moves[i].part;

        set_source_id(route, part);
        gateway_measure_add(GATEWAY_BYTES_ROUTED, part->records.len);
        routed->write.batches[i] = (struct gateway_batch){.topic = part->way->source_topic,
                                                          .partition = part->partition,
                                                          .records = part->records.data,
                                                          .len = part->records.len,
                                                          .count = part->header.count,
                                                          .arg = part};
    }
    gateway_measure_add(GATEWAY_REQUESTS_ROUTED, 1);
    gateway_source_write(route->base.source, &routed->write);
}

/* ---- to the target ---- */

struct gateway_onward {
    struct gateway_job *job;
    struct gateway_part **parts;
    size_t count;
};

static const struct kc_produce_response_partition *
find_answer(const struct kc_produce_response *response, const struct gateway_part *part,
            int version)
{
    const struct kc_produce_request_topic *topic =
        &part->job->request->topic_data.items[part->topic_index];

    for (int32_t t = 0; response && t < response->responses.count; t++) {
        const struct kc_produce_response_topic *from = &response->responses.items[t];
        bool same = version >= 13
                        ? kc_uuid_equal(&from->topic_id, &topic->topic_id)
                        : topic->name.len >= 0 && kc_wire_str_is(from->name, topic->name.data);

        for (int32_t p = 0; same && p < from->partition_responses.count; p++) {
            if (from->partition_responses.items[p].index == part->partition)
                return &from->partition_responses.items[p];
        }
    }
    return NULL;
}

static void take_answer(struct gateway_part *part, const struct kc_produce_response_partition *from)
{
    part->error_code = from ? from->error_code : GATEWAY_UNKNOWN;
    part->base_offset = from ? from->base_offset : -1;
    part->log_append_time = from ? from->log_append_time_ms : -1;
    part->log_start_offset = from ? from->log_start_offset : -1;
    if (from && from->error_message.len > 0)
        part->error_message = kc_strdup(from->error_message.data);
    part->record_errors = from ? kc_record_errors_new(from, part->header.count) : NULL;
    part->phase = GATEWAY_PART_DONE;
}

static void on_target_answer(void *arg, struct gateway_exchange *exchange, void *response,
                             struct kc_arena *arena)
{
    struct gateway_onward *onward = arg;
    struct gateway_job *job = onward->job;
    struct gateway_queue *queue = job->queue;
    const struct kc_produce_response *answer = response;
    bool released = false;

    atomic_fetch_add(&queue->refs, 1);
    pthread_mutex_lock(&queue->mutex);
    if (answer && answer->throttle_time_ms > job->throttle_ms)
        job->throttle_ms = answer->throttle_time_ms;
    for (size_t i = 0; i < onward->count; i++) {
        struct gateway_part *part = onward->parts[i];

        take_answer(part, find_answer(answer, part, exchange->header.version));
        released = released || part->alone;
        gateway_part_answered(job->route, part, false);
    }
    pthread_mutex_unlock(&queue->mutex);
    struct gateway_route *route = job->route;
    for (size_t i = 0; i < onward->count; i++)
        gateway_job_settle(job);
    if (released) {
        gateway_queue_advance(queue);
        gateway_route_changed(route); /* other sessions may wait for it, too */
    }
    free(onward->parts);
    free(onward);
    gateway_queue_unref(queue);
}

/* The request with some of its partitions. The parts are in the order of the request. */
static struct kc_produce_request *reduce(const struct gateway_job *job,
                                         const struct gateway_move *moves, size_t count,
                                         struct kc_arena *arena)
{
    struct kc_produce_request *request = kc_wire_new(arena, &kc_produce_request_type);
    int32_t topics = 0;

    *request = *job->request;
    request->acks = job->request->acks == 0 ? 1 : job->request->acks;
    KC_WIRE_LIST_NEW(arena, &request->topic_data, kc_produce_request_topic, (int32_t)count);
    for (size_t i = 0; i < count; topics++) {
        const int32_t index = moves[i].part->topic_index;
        const struct kc_produce_request_topic *from = &job->request->topic_data.items[index];
        struct kc_produce_request_topic *to = &request->topic_data.items[topics];
        int32_t run = 0;

        while (i + (size_t)run < count && moves[i + (size_t)run].part->topic_index == index)
            run++;
        to->name = from->name;
        to->topic_id = from->topic_id;
        KC_WIRE_LIST_NEW(arena, &to->partition_data, kc_produce_request_partition, run);
        for (int32_t p = 0; p < run; p++, i++)
            to->partition_data.items[p] =
                from->partition_data.items[moves[i].part->partition_index];
    }
    request->topic_data.count = topics;
    return request;
}

static void send_to_target(struct gateway_job *job, const struct gateway_move *moves, size_t count)
{
    struct gateway_onward *onward = kc_calloc(1, sizeof(*onward));
    struct kc_arena *arena = kc_arena_new(1024);
    struct kc_produce_request *request = reduce(job, moves, count, arena);

    onward->job = job;
    onward->count = count;
    onward->parts = kc_calloc(count, sizeof(struct gateway_part *));
    for (size_t i = 0; i < count; i++)
        onward->parts[i] = moves[i].part;
    gateway_exchange_ask(job->exchange, KC_API_PRODUCE, job->exchange->header.version, request,
                         on_target_answer, onward);
    kc_arena_destroy(arena);
}

/* ---- asking about a producer ---- */

static enum gateway_known find_producer(const struct kc_describe_producers_response_partition *from,
                                        const struct gateway_part *part)
{
    if (from->error_code != KC_KAFKA_NONE)
        return GATEWAY_NOT_TOLD;
    for (int32_t i = 0; i < from->active_producers.count; i++) {
        if (from->active_producers.items[i].producer_id == part->header.producer_id &&
            from->active_producers.items[i].producer_epoch == part->header.producer_epoch)
            return GATEWAY_KNOWN;
    }
    return GATEWAY_NOT_KNOWN;
}

static enum gateway_known read_described(const struct kc_describe_producers_response *response,
                                         const struct gateway_part *part)
{
    if (!response || response->topics.count != 1 || response->topics.items[0].partitions.count != 1)
        return GATEWAY_NOT_TOLD;
    return find_producer(&response->topics.items[0].partitions.items[0], part);
}

static void on_described(void *arg, struct gateway_exchange *exchange, void *response,
                         struct kc_arena *arena)
{
    struct gateway_part *part = arg;
    struct gateway_job *job = part->job;
    struct gateway_queue *queue = job->queue;
    struct gateway_sequence batch = gateway_part_sequence(part);
    enum gateway_known known = read_described(response, part);

    atomic_fetch_add(&queue->refs, 1);
    gateway_begin_told(job->route->sequences, &batch, known);
    pthread_mutex_lock(&queue->mutex);
    part->probed = false;
    part->untold = known == GATEWAY_NOT_TOLD;
    pthread_mutex_unlock(&queue->mutex);
    gateway_job_settle(job);
    gateway_queue_advance(queue);
    gateway_queue_unref(queue);
}

/* The target's answer comes to the session's own leader, in the client's name. */
static void probe(struct gateway_part *part)
{
    struct gateway_job *job = part->job;
    struct kc_arena *arena = kc_arena_new(512);
    struct kc_describe_producers_request *request =
        kc_wire_new(arena, &kc_describe_producers_request_type);

    KC_WIRE_LIST_NEW(arena, &request->topics, kc_describe_producers_request_topic, 1);
    request->topics.items[0].name = kc_wire_str(part->topic);
    KC_WIRE_LIST_NEW_OF(arena, &request->topics.items[0].partition_indexes, 1);
    request->topics.items[0].partition_indexes.items[0] = part->partition;
    gateway_exchange_ask(job->exchange, KC_API_DESCRIBE_PRODUCERS, 0, request, on_described, part);
    kc_arena_destroy(arena);
}

/* ---- rounds ---- */

static size_t run_of(const struct gateway_move *moves, size_t count)
{
    size_t run = 1;

    while (run < count && moves[run].part->job == moves[0].part->job &&
           moves[run].verdict == moves[0].verdict)
        run++;
    return run;
}

static void perform(const struct gateway_move *moves, size_t count)
{
    struct gateway_job *job = moves[0].part->job;

    switch (moves[0].verdict) {
    case GATEWAY_TO_SOURCE:
        send_to_source(job, moves, count);
        break;
    case GATEWAY_TO_TARGET:
        send_to_target(job, moves, count);
        break;
    case GATEWAY_PROBE:
        for (size_t i = 0; i < count; i++)
            probe(moves[i].part);
        break;
    default:
        for (size_t i = 0; i < count; i++)
            gateway_job_settle(job);
        break;
    }
}

static void run_round(struct gateway_queue *queue)
{
    struct gateway_round round = {0};

    decide(queue, &round);
    pthread_mutex_unlock(&queue->mutex);
    if (round.count > 1)
        qsort(round.moves, round.count, sizeof(*round.moves), by_job);
    for (size_t i = 0; i < round.count;) {
        size_t run = run_of(round.moves + i, round.count - i);

        perform(round.moves + i, run);
        i += run;
    }
    free(round.moves);
    pthread_mutex_lock(&queue->mutex);
}

void gateway_queue_advance(struct gateway_queue *queue)
{
    pthread_mutex_lock(&queue->mutex);
    queue->again = true;
    while (queue->again && !queue->advancing) {
        queue->again = false;
        queue->advancing = true;
        run_round(queue);
        queue->advancing = false;
    }
    pthread_mutex_unlock(&queue->mutex);
}

void gateway_job_settle(struct gateway_job *job)
{
    struct gateway_queue *queue = job->queue;

    pthread_mutex_lock(&queue->mutex);
    bool last = --job->open == 0;
    pthread_mutex_unlock(&queue->mutex);
    if (last)
        gateway_job_finish(job);
}
