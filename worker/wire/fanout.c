/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bulk operations on partitions: look up the leaders, send one request to each, look up again what
 * moved. See fanout_priv.h. On the caller's thread; answers arrive on the loop thread and are read
 * here.
 */
#include "wire/fanout_priv.h"

#include "connect/thread.h"
#include "wire/messages_cluster.h"
#include "wire/wire_client_priv.h"

#include <stdlib.h>
#include <string.h>

/* ---- Finding parts, of which there may be ten thousands ---- */

/* As strcmp(). */
static int compare_topic(const char *topic, struct kc_wire_str text)
{
    size_t len = strlen(topic), other = text.len > 0 ? (size_t)text.len : 0;
    int order = other ? memcmp(topic, text.data, len < other ? len : other) : 0;

    return order ? order : (len > other) - (len < other);
}

size_t wire_fanout_first(struct wire_part *const *parts, size_t count, struct kc_wire_str topic,
                         int32_t partition)
{
    size_t low = 0;

    while (low < count) {
        size_t middle = low + (count - low) / 2;
        int order = compare_topic(parts[middle]->topic, topic);

        if (order < 0 || (order == 0 && parts[middle]->partition < partition))
            low = middle + 1;
        else
            count = middle;
    }
    return low;
}

bool wire_fanout_is_at(struct wire_part *const *parts, size_t count, size_t i,
                       struct kc_wire_str topic, int32_t partition)
{
    return i < count && parts[i]->partition == partition && kc_wire_str_is(topic, parts[i]->topic);
}

struct wire_part *wire_fanout_find(struct wire_part **parts, size_t count, struct kc_wire_str topic,
                                   int32_t partition)
{
    size_t i = wire_fanout_first(parts, count, topic, partition);

    return wire_fanout_is_at(parts, count, i, topic, partition) ? parts[i] : NULL;
}

static bool same_topic(struct wire_part *const *parts, size_t i)
{
    return i > 0 && strcmp(parts[i]->topic, parts[i - 1]->topic) == 0;
}

int32_t wire_fanout_topics(struct wire_part *const *parts, size_t count)
{
    int32_t topics = 0;

    for (size_t i = 0; i < count; i++)
        topics += !same_topic(parts, i);
    return topics;
}

int32_t wire_fanout_run_length(struct wire_part *const *parts, size_t count, size_t i)
{
    size_t end = i + 1;

    while (end < count && same_topic(parts, end))
        end++;
    return (int32_t)(end - i);
}

void wire_fanout_add(struct wire_fanout *fanout, const char *topic, int32_t partition, void *item,
                     struct kc_error **error)
{
    *error = NULL;
    fanout->parts[fanout->count++] =
        (struct wire_part){.topic = topic, .partition = partition, .item = item, .error = error};
}

static void set_error(struct wire_part *part, struct kc_error *err)
{
    kc_error_destroy(*part->error);
    *part->error = err;
}

void wire_fanout_result(const struct wire_fanout *fanout, struct wire_part *part, int16_t code,
                        const char *message)
{
    part->done = !kc_kafka_error_retriable(code);
    set_error(part, code == KC_KAFKA_NONE
                        ? NULL
                        : kc_kafka_error_new(code, message, "%s of %s-%d", kc_api_name(fanout->api),
                                             part->topic, part->partition));
}

static int by_leader_and_topic(const void *a, const void *b)
{
    const struct wire_part *x = *(struct wire_part *const *)a, *y = *(struct wire_part *const *)b;
    int order = (x->leader > y->leader) - (x->leader < y->leader);

    if (!order)
        order = strcmp(x->topic, y->topic);
    return order ? order : (x->partition > y->partition) - (x->partition < y->partition);
}

/* ---- Leaders ---- */

/* The topics of the open parts, each once. parts is sorted by leader, so duplicates may remain
 * between leaders; the broker answers them twice, which does no harm. */
static const char **open_topics(struct wire_part **parts, size_t count, size_t *topic_count)
{
    const char **topics = kc_calloc(count + 1, sizeof(*topics));

    *topic_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (*topic_count == 0 || strcmp(topics[*topic_count - 1], parts[i]->topic) != 0)
            topics[(*topic_count)++] = parts[i]->topic;
    }
    return topics;
}

static void take_leader(struct wire_part **parts, size_t count, struct kc_wire_str topic,
                        const struct kc_metadata_response_partition *from)
{
    for (size_t i = wire_fanout_first(parts, count, topic, from->partition_index);
         wire_fanout_is_at(parts, count, i, topic, from->partition_index); i++) {
        parts[i]->leader = from->leader_id;
        parts[i]->leader_epoch = from->leader_epoch;
    }
}

static void take_topic(const struct wire_fanout *fanout, struct wire_part **parts, size_t count,
                       const struct kc_metadata_response_topic *topic)
{
    size_t i = topic->error_code == KC_KAFKA_NONE
                   ? count
                   : wire_fanout_first(parts, count, topic->name, INT32_MIN);

    for (; i < count && kc_wire_str_is(topic->name, parts[i]->topic); i++)
        wire_fanout_result(fanout, parts[i], topic->error_code, NULL);
    for (int32_t k = 0; k < topic->partitions.count; k++)
        take_leader(parts, count, topic->name, &topic->partitions.items[k]);
}

static struct kc_error *find_leaders(struct kc_wire_admin *admin, const struct wire_fanout *fanout,
                                     struct wire_part **parts, size_t count, int64_t deadline)
{
    size_t topic_count;
    const char **topics;
    struct kc_wire_reply *reply = NULL;

    for (size_t i = 0; i < count; i++)
        parts[i]->leader = -1;
    qsort(parts, count, sizeof(*parts), by_leader_and_topic);
    topics = open_topics(parts, count, &topic_count);
    struct kc_error *err =
        kc_wire_metadata(admin, topics, topic_count, (int32_t)(deadline - kc_mono_ms()), &reply);
    free(topics);
    if (err)
        return err;
    const struct kc_metadata_response *response = reply->message;
    for (int32_t i = 0; i < response->topics.count; i++)
        take_topic(fanout, parts, count, &response->topics.items[i]);
    for (size_t i = 0; i < count; i++) {
        if (parts[i]->leader < 0 && !parts[i]->done && !*parts[i]->error)
            wire_fanout_result(fanout, parts[i], KC_KAFKA_LEADER_NOT_AVAILABLE, NULL);
    }
    kc_wire_reply_unref(reply);
    return NULL;
}

/* ---- Requests ---- */

struct fanout_round {
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    size_t open; /* guarded by mutex */
};

struct leader_call {
    struct fanout_round *round;
    struct wire_part **parts;
    size_t count;
    struct kc_wire_reply *reply;
};

static void on_answer(void *arg, const struct kc_wire_request *request, struct kc_wire_reply *reply)
{
    struct leader_call *call = arg;
    struct fanout_round *round = call->round;

    pthread_mutex_lock(&round->mutex);
    call->reply = reply;
    if (--round->open == 0)
        pthread_cond_signal(&round->cond);
    pthread_mutex_unlock(&round->mutex);
}

static void read_answer(struct wire_fanout *fanout, struct leader_call *call)
{
    const struct kc_error *failed = call->reply->error;

    for (size_t i = 0; failed && i < call->count; i++) {
        call->parts[i]->done = !kc_error_retriable(failed);
        set_error(call->parts[i], kc_error_copy(failed));
    }
    if (!failed)
        fanout->take(fanout, call->reply, call->parts, call->count);
    for (size_t i = 0; fanout->once && i < call->count; i++)
        call->parts[i]->done = true;
    kc_wire_reply_unref(call->reply);
}

static void send_to_leader(struct kc_wire_admin *admin, struct wire_fanout *fanout,
                           struct leader_call *call, int64_t deadline)
{
    struct kc_wire_request *request = kc_wire_request_new(fanout->api);
    int64_t left = deadline - kc_mono_ms();

    request->target.kind = KC_WIRE_BROKER;
    request->target.broker_id = call->parts[0]->leader;
    request->timeout_ms = (int32_t)(left > 0 ? left : 1);
    fanout->build(fanout, request, call->parts, call->count);
    kc_wire_send(kc_wire_admin_client(admin), request, on_answer, call);
}

/* Cuts the sorted parts into runs of one leader each. */
static size_t cut(struct wire_part **parts, size_t count, struct fanout_round *round,
                  struct leader_call *calls)
{
    size_t call_count = 0;

    for (size_t i = 0; i < count; i++) {
        if (parts[i]->leader < 0 || parts[i]->done)
            continue;
        if (call_count == 0 || calls[call_count - 1].parts[0]->leader != parts[i]->leader ||
            &calls[call_count - 1].parts[calls[call_count - 1].count] != &parts[i])
            calls[call_count++] = (struct leader_call){round, &parts[i], 0, NULL};
        calls[call_count - 1].count++;
    }
    return call_count;
}

static void run_round(struct kc_wire_admin *admin, struct wire_fanout *fanout,
                      struct wire_part **parts, size_t count, int64_t deadline)
{
    struct fanout_round round = {.mutex = PTHREAD_MUTEX_INITIALIZER};
    struct leader_call *calls = kc_calloc(count + 1, sizeof(*calls));

    qsort(parts, count, sizeof(*parts), by_leader_and_topic);
    size_t call_count = cut(parts, count, &round, calls);
    kc_cond_init(&round.cond);
    round.open = call_count;
    for (size_t i = 0; i < call_count; i++)
        send_to_leader(admin, fanout, &calls[i], deadline);
    pthread_mutex_lock(&round.mutex);
    while (round.open > 0)
        kc_cond_wait_until(&round.cond, &round.mutex, INT64_MAX);
    pthread_mutex_unlock(&round.mutex);
    for (size_t i = 0; i < call_count; i++)
        read_answer(fanout, &calls[i]);
    pthread_cond_destroy(&round.cond);
    pthread_mutex_destroy(&round.mutex);
    free(calls);
}

static size_t open_parts(struct wire_fanout *fanout, struct wire_part **open)
{
    size_t count = 0;

    for (size_t i = 0; i < fanout->count; i++) {
        if (!fanout->parts[i].done)
            open[count++] = &fanout->parts[i];
    }
    return count;
}

struct kc_error *wire_fanout_run(struct kc_wire_admin *admin, struct wire_fanout *fanout,
                                 int32_t timeout_ms)
{
    struct wire_part **open = kc_calloc(fanout->count + 1, sizeof(struct wire_part *));
    int64_t deadline = kc_mono_ms() + timeout_ms;
    struct kc_error *err = NULL;
    size_t count;

    for (int attempt = 0; (count = open_parts(fanout, open)) > 0 && !err; attempt++) {
        if (attempt > 0)
            wire_back_off(kc_wire_admin_client(admin), attempt - 1, deadline);
        if (attempt > 0 && kc_mono_ms() >= deadline)
            break;
        err = find_leaders(admin, fanout, open, count, deadline);
        if (!err)
            run_round(admin, fanout, open, count, deadline);
    }
    free(open);
    return err;
}
