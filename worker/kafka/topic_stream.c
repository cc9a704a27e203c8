/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The records of a topic: see connect/topic_stream.h.
 *
 * Batches come from its own fetcher, outside of the budget that the mirrors' fetchers share. A
 * partition that failed, or whose offset is out of range, isn't fetched until its next try is due.
 */
#include "connect/topic_stream.h"

#include "batch/record_reader.h"
#include "fetch/aborted.h"
#include "fetch/fetcher.h"
#include "wire/messages_cluster.h"
#include "wire/wire_admin.h"

#include <stdlib.h>

enum {
    BUDGET_BYTES = 4 << 20,
    WAIT_MS = 1000, /* fetch.max.wait.ms: these topics rest most of the time */
    RETRY_MS = 1000,
    START_MS = 2000, /* to find where a log begins */
};

struct stream_place {
    int64_t position;
    int64_t retry_at_ms; /* 0: the fetcher reads it */
    bool reset;          /* begin anew where the log does */
};

struct kc_topic_stream {
    char *topic;
    int32_t partitions;
    struct kc_wire_admin *admin;
    struct kc_fetcher *fetcher;
    struct stream_place *places;
    int32_t waiting; /* places with a time to retry */
};

/* ---- life ---- */

struct kc_error *kc_topic_stream_open(const struct kc_map *properties, const char *topic,
                                      int32_t partitions, struct kc_topic_stream **result)
{
    struct kc_fetcher_options options = {.budget_bytes = BUDGET_BYTES, .max_wait_ms = WAIT_MS};
    struct kc_wire_admin *admin = NULL;
    struct kc_error *err = kc_fetcher_options_take(properties, &options);
    if (!err)
        err = kc_wire_admin_new(properties, "topic-stream", &admin);
    if (err)
        return err;
    struct kc_topic_stream *stream = kc_calloc(1, sizeof(*stream));
    stream->topic = kc_strdup(topic);
    stream->partitions = partitions;
    stream->admin = admin;
    stream->fetcher = kc_fetcher_new(kc_wire_admin_client(admin), &options);
    stream->places = kc_calloc((size_t)partitions + 1, sizeof(*stream->places));
    for (int32_t i = 0; i < partitions; i++)
        kc_fetcher_add(stream->fetcher, topic, i, 0, -1);
    *result = stream;
    return NULL;
}

void kc_topic_stream_close(struct kc_topic_stream *stream)
{
    if (!stream)
        return;
    kc_fetcher_destroy(stream->fetcher);
    kc_wire_admin_destroy(stream->admin);
    free(stream->places);
    free(stream->topic);
    free(stream);
}

int64_t kc_topic_stream_position(const struct kc_topic_stream *stream, int32_t partition)
{
    return stream->places[partition].position;
}

void kc_topic_stream_wake(struct kc_topic_stream *stream)
{
    kc_fetcher_wake(stream->fetcher);
}

/* ---- bounds ---- */

/* A topic that isn't there would be waited for. */
static struct kc_error *check_there(struct kc_topic_stream *stream, int timeout_ms)
{
    const char *name = stream->topic;
    struct kc_wire_reply *reply = NULL;
    struct kc_error *err = kc_wire_metadata(stream->admin, &name, 1, timeout_ms, &reply);
    if (err)
        return err;
    const struct kc_metadata_response *response = reply->message;
    if (response->topics.count == 1 &&
        response->topics.items[0].error_code == KC_KAFKA_UNKNOWN_TOPIC_OR_PARTITION)
        err = kc_kafka_error_new(KC_KAFKA_UNKNOWN_TOPIC_OR_PARTITION, NULL, "topic %s", name);
    kc_wire_reply_unref(reply);
    return err;
}

static struct kc_error *bounds(struct kc_topic_stream *stream, struct kc_wire_offset_item *items,
                               size_t count, int timeout_ms)
{
    struct kc_error *err =
        kc_wire_list_offsets(stream->admin, items, count, false, timeout_ms < 1 ? 1 : timeout_ms);
    for (size_t i = 0; i < count; i++) {
        if (err)
            kc_error_destroy(items[i].error);
        else
            err = items[i].error;
    }
    return err;
}

struct kc_error *kc_topic_stream_ends(struct kc_topic_stream *stream, int64_t *ends, int timeout_ms)
{
    size_t count = (size_t)stream->partitions;
    struct kc_wire_offset_item *items = kc_calloc(count + 1, sizeof(*items));
    for (size_t i = 0; i < count; i++)
        items[i] = (struct kc_wire_offset_item){
            .topic = stream->topic, .partition = (int32_t)i, .timestamp = KC_WIRE_LATEST};
    struct kc_error *err = check_there(stream, timeout_ms);
    if (!err)
        err = bounds(stream, items, count, timeout_ms);
    for (size_t i = 0; i < count && !err; i++)
        ends[i] = items[i].offset;
    free(items);
    return err ? kc_error_prefix(err, "Reading the end offsets of topic %s failed", stream->topic)
               : NULL;
}

/* ---- places ---- */

static void read_from(struct kc_topic_stream *stream, int32_t partition, int64_t offset)
{
    struct stream_place *place = &stream->places[partition];
    stream->waiting -= place->retry_at_ms != 0;
    *place = (struct stream_place){.position = offset};
    kc_fetcher_add(stream->fetcher, stream->topic, partition, offset, -1);
}

static void read_later(struct kc_topic_stream *stream, int32_t partition, bool reset,
                       int64_t delay_ms)
{
    struct stream_place *place = &stream->places[partition];
    stream->waiting += place->retry_at_ms == 0;
    place->retry_at_ms = kc_mono_ms() + delay_ms;
    place->reset = reset;
}

static struct kc_error *begin_anew(struct kc_topic_stream *stream, int32_t partition,
                                   bool *progress)
{
    struct kc_wire_offset_item item = {
        .topic = stream->topic, .partition = partition, .timestamp = KC_WIRE_EARLIEST};
    struct kc_error *err = bounds(stream, &item, 1, START_MS);
    if (err) {
        read_later(stream, partition, true, RETRY_MS);
        return kc_error_prefix(err, "Finding where %s-%d begins failed", stream->topic, partition);
    }
    read_from(stream, partition, item.offset);
    *progress = true;
    return NULL;
}

/* Continues with partitions that are due. *next: when the next one is due, if that is sooner. */
static struct kc_error *go_on(struct kc_topic_stream *stream, int64_t *next, bool *progress)
{
    struct kc_error *err = NULL;
    int64_t now = kc_mono_ms();
    for (int32_t i = 0; i < stream->partitions && stream->waiting && !err; i++) {
        const struct stream_place *place = &stream->places[i];
        if (place->retry_at_ms > now)
            *next = place->retry_at_ms < *next ? place->retry_at_ms : *next;
        else if (place->retry_at_ms && place->reset)
            err = begin_anew(stream, i, progress);
        else if (place->retry_at_ms)
            read_from(stream, i, place->position);
    }
    return err;
}

/* ---- records ---- */

static const char *text_of(const struct kc_wire_bytes *bytes, size_t *len)
{
    *len = bytes->len > 0 ? (size_t)bytes->len : 0;
    return bytes->len < 0 ? NULL : bytes->len == 0 ? "" : (const char *)bytes->data;
}

/* NULL, or what is wrong with the batch. */
static const char *deliver_batch(const struct kc_fetched *fetched,
                                 const struct kc_record_batch *batch, kc_log_listener listener,
                                 void *opaque)
{
    struct kc_record_reader reader;
    struct kc_wire_record record;
    const char *why = kc_record_reader_open(&reader, batch, KC_BATCH_PLAIN_LIMIT);
    while (!why && kc_record_reader_next(&reader, &record, &why)) {
        if (record.offset < fetched->first_offset)
            continue;
        struct kc_log_record to = {.partition = fetched->partition,
                                   .offset = record.offset,
                                   .timestamp = record.timestamp};
        to.key = text_of(&record.key, &to.key_len);
        to.value = text_of(&record.value, &to.value_len);
        listener(opaque, &to);
    }
    kc_record_reader_close(&reader);
    return why;
}

/* NULL, or the fault of the batch; *position: where to go on. */
static const char *deliver(const struct kc_topic_stream *stream, const struct kc_fetched *fetched,
                           kc_log_listener listener, void *opaque, int64_t *position)
{
    struct kc_aborted_filter filter;
    struct kc_record_batch batch;
    bool committed = kc_fetcher_read_committed(stream->fetcher);
    const char *why =
        kc_aborted_begin(&filter, fetched->aborted, committed ? fetched->aborted_count : 0);
    for (size_t at = 0; at < fetched->len && !why; at += batch.size) {
        if (kc_record_batch_parse(fetched->data + at, fetched->len - at, &batch, &why) !=
            KC_BATCH_OK)
            break;
        if (kc_aborted_admits(&filter, &batch))
            why = deliver_batch(fetched, &batch, listener, opaque);
        if (!why && kc_record_batch_last_offset(&batch) >= *position)
            *position = kc_record_batch_last_offset(&batch) + 1;
    }
    kc_aborted_end(&filter);
    return why;
}

static struct kc_error *take_data(struct kc_topic_stream *stream, const struct kc_fetched *fetched,
                                  kc_log_listener listener, void *opaque)
{
    struct stream_place *place = &stream->places[fetched->partition];
    const char *why = deliver(stream, fetched, listener, opaque, &place->position);
    if (!why)
        return NULL;
    read_later(stream, fetched->partition, false, RETRY_MS);
    kc_fetcher_remove(stream->fetcher, stream->topic, fetched->partition);
    return kc_error_new(KC_ERR_DATA, "The batch of %s-%d at offset %lld can't be read: %s",
                        stream->topic, fetched->partition, (long long)place->position, why);
}

static struct kc_error *take(struct kc_topic_stream *stream, struct kc_fetched *fetched,
                             kc_log_listener listener, void *opaque, bool *progress)
{
    int32_t partition = fetched->partition;
    struct kc_error *err = NULL;
    switch (fetched->kind) {
    case KC_FETCHED_DATA:
        err = take_data(stream, fetched, listener, opaque);
        *progress = true;
        break;
    case KC_FETCHED_TRUNCATED:
        if (fetched->next_offset >= 0)
            read_from(stream, partition, fetched->next_offset);
        else
            read_later(stream, partition, true, 0);
        *progress = true;
        break;
    case KC_FETCHED_OUT_OF_RANGE:
    case KC_FETCHED_RECREATED:
        read_later(stream, partition, true, 0);
        break;
    case KC_FETCHED_FAILED:
        read_later(stream, partition, false, RETRY_MS);
        err = kc_error_copy(fetched->error);
        break;
    }
    return err;
}

struct kc_error *kc_topic_stream_poll(struct kc_topic_stream *stream, int64_t deadline_ms,
                                      kc_log_listener listener, void *opaque, bool *progress)
{
    *progress = false;
    struct kc_error *err = go_on(stream, &deadline_ms, progress);
    if (err || *progress)
        return err;
    struct kc_fetched *fetched = kc_fetcher_next(stream->fetcher, deadline_ms);
    if (fetched)
        err = take(stream, fetched, listener, opaque, progress);
    kc_fetched_release(fetched);
    return err;
}
