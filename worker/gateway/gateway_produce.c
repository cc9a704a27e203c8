/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Produce request of which something goes another way than to the target: taken apart, and its
 * answers put together. See gateway_routing_priv.h.
 *
 * A request of which all goes to the target is relayed as the bytes that it is.
 */
#include "gateway/gateway_metrics_priv.h"
#include "gateway/gateway_quotas_priv.h"
#include "gateway/gateway_routing_priv.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_VERSION_WITH_IDS 13   /* topics are named by their id (KIP-516) */
#define MANY_PARTITIONS        1000 /* from here on they are looked at before they are taken apart */

struct gateway_sequence gateway_part_sequence(const struct gateway_part *part)
{
    return (struct gateway_sequence){
        .topic = part->topic,
        .partition = part->partition,
        .producer_id = part->header.producer_id,
        .epoch = part->header.producer_epoch,
        .first = part->header.base_sequence,
        .last = part->last_sequence,
    };
}

/* ---- taking it apart ---- */

static struct gateway_way *way_of(struct gateway_route *route, int version,
                                  const struct kc_produce_request_topic *topic)
{
    if (version >= FIRST_VERSION_WITH_IDS)
        return gateway_links_way(route->base.links, NULL, &topic->topic_id);
    return topic->name.len > 0 ? gateway_links_way(route->base.links, topic->name.data, NULL)
                               : NULL;
}

static char *topic_of(const struct gateway_way *way, const struct kc_produce_request_topic *topic)
{
    char text[KC_UUID_TEXT_SIZE];

    if (way)
        return kc_strdup(way->topic);
    if (topic->name.len > 0)
        return kc_strdup(topic->name.data);
    return kc_strdup(kc_uuid_print(&topic->topic_id, text));
}

/* Of the first batch. What can't be read goes on as it is: the broker says what is wrong. */
static void read_header(struct gateway_part *part)
{
    const char *why = NULL;
    enum kc_record_batch_result result = KC_BATCH_BAD;

    if (part->records.len > 0)
        result = kc_record_batch_parse(part->records.data, (size_t)part->records.len, &part->header,
                                       &why);
    if (result != KC_BATCH_OK || part->header.magic < 2) {
        part->header =
            (struct kc_record_batch){.producer_id = -1, .producer_epoch = -1, .base_sequence = -1};
        part->last_sequence = -1;
        return;
    }
    part->last_sequence =
        kc_sequence_after(part->header.base_sequence, part->header.last_offset_delta);
}

static void fill_part(struct gateway_part *part, const struct kc_produce_request_topic *topic,
                      const struct gateway_way *way, int32_t t, int32_t p)
{
    part->topic_index = t;
    part->partition_index = p;
    part->topic = topic_of(way, topic);
    part->partition = topic->partition_data.items[p].index;
    part->records = topic->partition_data.items[p].records;
    part->way = way ? gateway_way_ref((struct gateway_way *)way) : NULL;
    part->base_offset = part->log_append_time = part->log_start_offset = -1;
    read_header(part);
}

static size_t count_parts(const struct kc_produce_request *request)
{
    size_t count = 0;

    for (int32_t t = 0; t < request->topic_data.count; t++)
        if (request->topic_data.items[t].partition_data.count > 0)
            count += (size_t)request->topic_data.items[t].partition_data.count;
    return count;
}

static struct gateway_job *job_new(struct gateway_route *route, struct gateway_exchange *exchange)
{
    const struct kc_produce_request *request = exchange->message;
    struct gateway_job *job = kc_calloc(1, sizeof(*job));
    size_t at = 0;

    job->route = route;
    job->exchange = gateway_exchange_ref(exchange);
    job->request = request;
    job->count = count_parts(request);
    job->parts = kc_calloc(job->count + 1, sizeof(*job->parts));
    job->rights = kc_calloc((size_t)request->topic_data.count + 1, sizeof(*job->rights));
    if (request->transactional_id.len >= 0)
        job->transactional_id = kc_strdup(request->transactional_id.data);
    for (int32_t t = 0; t < request->topic_data.count; t++) {
        const struct kc_produce_request_topic *topic = &request->topic_data.items[t];
        struct gateway_way *way = way_of(route, exchange->header.version, topic);

        for (int32_t p = 0; p < topic->partition_data.count; p++) {
            job->parts[at].job = job;
            fill_part(&job->parts[at++], topic, way, t, p);
        }
        gateway_way_unref(way);
    }
    job->open = job->count + 1;
    return job;
}

static void job_destroy(struct gateway_job *job)
{
    for (size_t i = 0; i < job->count; i++) {
        gateway_way_unref(job->parts[i].way);
        free(job->parts[i].topic);
        free(job->parts[i].error_message);
        kc_record_errors_unref(job->parts[i].record_errors);
    }
    for (int32_t t = 0; t <= job->request->topic_data.count; t++)
        free(job->rights[t].topic);
    if (job->queue)
        gateway_queue_unref(job->queue);
    free(job->rights);
    free(job->parts);
    free(job->transactional_id);
    gateway_exchange_unref(job->exchange);
    free(job);
}

/* ---- putting answers together ---- */

static void fill_record_errors(const struct kc_record_errors *errors, struct kc_arena *arena,
                               struct kc_produce_response_partition *to)
{
    KC_WIRE_LIST_NEW(arena, &to->record_errors, kc_produce_response_record_error,
                     (int32_t)errors->count);
    for (size_t i = 0; i < errors->count; i++) {
        to->record_errors.items[i].batch_index = errors->items[i].index;
        to->record_errors.items[i].batch_index_error_message =
            kc_wire_str_copy(arena, errors->items[i].why);
    }
}

static void fill_answer(const struct gateway_part *part, struct kc_arena *arena,
                        struct kc_produce_response_partition *to)
{
    to->index = part->partition;
    to->error_code = part->error_code;
    to->base_offset = part->base_offset;
    to->log_append_time_ms = part->log_append_time;
    to->log_start_offset = part->log_start_offset;
    if (part->error_message)
        to->error_message = kc_wire_str_copy(arena, part->error_message);
    if (part->record_errors)
        fill_record_errors(part->record_errors, arena, to);
}

static struct kc_produce_response *merge(const struct gateway_job *job, struct kc_arena *arena)
{
    struct kc_produce_response *response = kc_wire_new(arena, &kc_produce_response_type);
    int32_t topics = job->request->topic_data.count;
    size_t at = 0;

    response->throttle_time_ms = job->throttle_ms;
    KC_WIRE_LIST_NEW(arena, &response->responses, kc_produce_response_topic, topics);
    for (int32_t t = 0; t < topics; t++) {
        const struct kc_produce_request_topic *from = &job->request->topic_data.items[t];
        struct kc_produce_response_topic *to = &response->responses.items[t];

        to->name = from->name;
        to->topic_id = from->topic_id;
        KC_WIRE_LIST_NEW(arena, &to->partition_responses, kc_produce_response_partition,
                         from->partition_data.count);
        for (int32_t p = 0; p < from->partition_data.count; p++)
            fill_answer(&job->parts[at++], arena, &to->partition_responses.items[p]);
    }
    return response;
}

void gateway_job_finish(struct gateway_job *job)
{
    struct kc_arena *arena = kc_arena_new(1024);

    gateway_exchange_answer(job->exchange, merge(job, arena));
    kc_arena_destroy(arena);
    job_destroy(job);
}

/* ---- rights ---- */

static void on_allowed(void *arg, struct gateway_exchange *exchange, int16_t code)
{
    struct gateway_right *right = arg;
    struct gateway_job *job = right->job;
    struct gateway_queue *queue = job->queue;

    atomic_fetch_add(&queue->refs, 1);
    pthread_mutex_lock(&queue->mutex);
    right->code = code;
    right->known = true;
    pthread_mutex_unlock(&queue->mutex);
    gateway_job_settle(job);
    gateway_queue_advance(queue);
    gateway_queue_unref(queue);
}

static void want(struct gateway_job *job, struct gateway_right *right, const char *name)
{
    right->job = job;
    right->topic = kc_strdup(name);
    job->open++;
}

/* What doesn't go to the target as it is counts in the target's quotas nevertheless. */
static void charge(struct gateway_job *job, size_t bytes)
{
    struct gateway_session *session = job->exchange->session;

    if (!job->route->base.quotas || !bytes || !session)
        return;
    const struct gateway_client *client = gateway_session_client(session);
    job->throttle_ms =
        gateway_quotas_charge(job->route->base.quotas, client->principal, client->client_id,
                              gateway_session_broker(session), bytes);
    gateway_measure_add(GATEWAY_THROTTLED_MS, job->throttle_ms);
    gateway_session_mute(session, job->throttle_ms);
}

/* For topics that don't go to the target as they are: the target itself asks for the others. */
static void ask_rights(struct gateway_job *job)
{
    struct gateway_rights *rights = job->route->base.rights;
    struct gateway_right *of_id = &job->rights[job->request->topic_data.count];
    size_t bytes = 0;

    for (size_t i = 0; i < job->count; i++) {
        const struct gateway_part *part = &job->parts[i];
        struct gateway_right *right = &job->rights[part->topic_index];

        if (!part->way || part->way->place == GATEWAY_TARGET)
            continue;
        bytes += part->records.len > 0 ? (size_t)part->records.len : 0;
        if (!right->topic)
            want(job, right, part->topic);
        if (job->transactional_id && !of_id->topic)
            want(job, of_id, job->transactional_id);
    }
    charge(job, bytes);
    for (int32_t t = 0; t < job->request->topic_data.count; t++)
        if (job->rights[t].topic)
            gateway_rights_topic(rights, job->exchange, job->rights[t].topic, on_allowed,
                                 &job->rights[t]);
    if (of_id->topic)
        gateway_rights_transaction(rights, job->exchange, of_id->topic, on_allowed, of_id);
}

/* ---- taking it ---- */

static int by_partition(const void *a, const void *b)
{
    const struct gateway_part *x = *(const struct gateway_part *const *)a;
    const struct gateway_part *y = *(const struct gateway_part *const *)b;

    if (x->partition != y->partition)
        return x->partition < y->partition ? -1 : 1;
    return strcmp(x->topic, y->topic);
}

/* Sorted, because a request may have as many partitions as it has bytes for. */
static bool is_named_twice(const struct gateway_job *job)
{
    const struct gateway_part **parts = kc_calloc(job->count + 1, sizeof(struct gateway_part *));
    bool twice = false;

    for (size_t i = 0; i < job->count; i++)
        parts[i] = &job->parts[i];
    qsort(parts, job->count, sizeof(struct gateway_part *), by_partition);
    for (size_t i = 1; i < job->count && !twice; i++)
        twice = by_partition(&parts[i - 1], &parts[i]) == 0;
    free(parts);
    return twice;
}

static void refuse_all(struct gateway_job *job, int16_t code)
{
    for (size_t i = 0; i < job->count; i++)
        gateway_part_refuse(&job->parts[i], code);
    gateway_job_finish(job);
}

static bool all_pass(const struct gateway_job *job)
{
    for (size_t i = 0; i < job->count; i++) {
        if (!gateway_passes(job->route, &job->parts[i], job->parts[i].way))
            return false;
    }
    return true;
}

static void begin(struct gateway_job *job)
{
    struct gateway_queue *queue = job->queue;

    pthread_mutex_lock(&queue->mutex);
    job->number = queue->next_job++;
    pthread_mutex_unlock(&queue->mutex);
    atomic_fetch_add(&queue->refs, 1);
    ask_rights(job);
    for (size_t i = 0; i < job->count; i++)
        gateway_queue_add(queue, &job->parts[i]);
    gateway_queue_advance(queue);
    gateway_job_settle(job);
    gateway_queue_unref(queue);
}

/* Whether no link has to do with any of its topics: the usual case beside a migration. */
static bool is_foreign(struct gateway_route *route, const struct gateway_exchange *exchange)
{
    const struct kc_produce_request *request = exchange->message;
    bool foreign = request->transactional_id.len < 0 && atomic_load(&route->waiting) == 0;

    for (int32_t t = 0; foreign && t < request->topic_data.count; t++) {
        struct gateway_way *way =
            way_of(route, exchange->header.version, &request->topic_data.items[t]);

        foreign = !way;
        gateway_way_unref(way);
    }
    return foreign;
}

/* Whether it names far more partitions than it has batches for. No producer sends that, and taken
 * apart it would need a hundred times the memory that its bytes do. */
static bool is_hollow(const struct kc_produce_request *request)
{
    const size_t count = count_parts(request);
    size_t batches = 0;

    if (count < MANY_PARTITIONS)
        return false;
    for (int32_t t = 0; t < request->topic_data.count; t++) {
        const struct kc_produce_request_topic *topic = &request->topic_data.items[t];

        for (int32_t p = 0; p < topic->partition_data.count; p++)
            batches += topic->partition_data.items[p].records.len >= KC_BATCH_HEADER;
    }
    return batches < count / 2;
}

static void answer_nothing(struct gateway_exchange *exchange)
{
    struct kc_arena *arena = kc_arena_new(256);

    gateway_exchange_answer(exchange, kc_wire_new(arena, &kc_produce_response_type));
    kc_arena_destroy(arena);
}

/* The session learns of what was written since its last request. */
static void tell_written(struct gateway_queue *queue, struct gateway_session *session)
{
    pthread_mutex_lock(&queue->mutex);
    struct kc_strings topics = queue->written_topics;
    uint64_t records = queue->written;
    queue->written_topics = (struct kc_strings){0};
    queue->written = 0;
    pthread_mutex_unlock(&queue->mutex);
    for (size_t i = 0; i < topics.count; i++)
        gateway_session_routed(session, topics.items[i], i ? 0 : records);
    kc_strings_destroy(&topics);
}

/* What is behind something that waits in its line isn't relayed past it. */
bool gateway_produce_take(struct gateway_route *route, struct gateway_exchange *exchange)
{
    if (is_foreign(route, exchange))
        return false;
    if (is_hollow(exchange->message)) {
        answer_nothing(exchange);
        return true;
    }
    struct gateway_job *job = job_new(route, exchange);
    job->queue = gateway_queue_get(route, exchange->session);
    tell_written(job->queue, exchange->session);
    if (all_pass(job) && gateway_queue_is_empty(job->queue)) {
        job_destroy(job);
        return false;
    }
    if (is_named_twice(job))
        refuse_all(job, KC_KAFKA_INVALID_REQUEST);
    else
        begin(job);
    return true;
}
