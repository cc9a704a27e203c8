/* SPDX-License-Identifier: Apache-2.0 */
/* Records through the raw lane: see record_batches_priv.h. */
#include "source/record_batches_priv.h"

#include "kafka/partitioner.h"
#include "source/raw_placing_priv.h"

#include <librdkafka/rdkafka.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

enum {
    BATCH_BYTES = 1000000,
    REQUEST_BYTES = 1048576, /* max.request.size, unless it is set */
    RECORD_OVERHEAD = 70,    /* DefaultRecordBatch.estimateBatchSizeUpperBound(), about */
};

struct kc_record_batches {
    struct kc_raw_lane *lane;
    struct kc_submitted *submitted;
    struct kc_raw_builder *builder;
    struct kc_raw_placing *placing;
    struct kc_recoder *recoder;
    size_t bytes; /* added and not sent */
    size_t most;  /* of a record */
    bool keyless; /* the partitioner doesn't look at keys */
    kc_record_refused refused;
    void *opaque;
};

static struct kc_error *add(void *opaque, const struct kc_producer_record *wire, void *slot);

struct kc_record_batches *kc_record_batches_new(struct kc_source_task *task,
                                                struct kc_submitted *submitted,
                                                const struct kc_map *producer,
                                                kc_record_refused refused, void *opaque)
{
    struct kc_record_batches *batches = kc_calloc(1, sizeof(*batches));
    struct kc_raw_rules codec = {0};
    long long most = strtoll(kc_map_get_or(producer, "max.request.size", "0"), NULL, 10);
    batches->lane = kc_raw_lane_of(task->lanes.records);
    batches->submitted = submitted;
    batches->refused = refused;
    batches->opaque = opaque;
    batches->most = most > 0 ? (size_t)most : REQUEST_BYTES;
    batches->keyless = kc_partitioner_ignores_keys(producer);
    batches->builder =
        kc_raw_builder_new(batches->most < BATCH_BYTES ? batches->most : BATCH_BYTES);
    batches->placing = kc_raw_placing_new(batches->lane, task->core.host);
    if (!kc_raw_rules_set_codec(&codec, producer) && codec.compression.codec != KC_CODEC_NONE) {
        batches->recoder = kc_recoder_new();
        kc_raw_builder_compress(batches->builder, &codec.compression, batches->recoder);
    }
    kc_raw_lane_take_records(batches->lane, add, batches);
    return batches;
}

void kc_record_batches_destroy(struct kc_record_batches *batches)
{
    if (!batches)
        return;
    kc_raw_builder_destroy(batches->builder);
    kc_raw_placing_destroy(batches->placing);
    kc_recoder_destroy(batches->recoder);
    free(batches);
}

/* ---- sending ---- */

/* All spans get slots, even behind an error, so that the batch is complete. Unsent ones have no
 * outcome. */
struct kc_error *kc_record_batches_send(struct kc_record_batches *batches, struct kc_batch *batch)
{
    struct kc_error *err = kc_lane_fit(kc_raw_lane_base(batches->lane), &batch);
    size_t count = kc_batch_count(batch);
    if (err || count == 0) {
        kc_batch_unref(batch);
        return err;
    }
    struct kc_flight *flight = kc_submitted_begin(batches->submitted, batch);
    for (size_t i = 0; i < count; i++) {
        const struct kc_record *record = kc_batch_at(batch, i);
        struct kc_slot *slot = kc_submitted_push(batches->submitted, flight, record, KC_SLOT_SENT);
        if (!err)
            err = kc_raw_lane_send(batches->lane, record->span, slot);
    }
    return err;
}

struct kc_error *kc_record_batches_flush(struct kc_record_batches *batches)
{
    if (batches->bytes == 0)
        return NULL;
    struct kc_built *list, *built, *next;
    const char *why = kc_raw_builder_take(batches->builder, &list);
    struct kc_error *err =
        why ? kc_error_new(KC_ERR_DATA, "Building a record batch: %s", why) : NULL;
    batches->bytes = 0;
    LL_FOREACH_SAFE (list, built, next) {
        if (err)
            kc_built_destroy(built);
        else
            err = kc_record_batches_send(batches, kc_built_take(built));
    }
    return err;
}

/* ---- adding ---- */

static struct kc_build_header *headers_of(const struct kc_producer_record *wire)
{
    struct kc_build_header *headers = kc_calloc(wire->header_count + 1, sizeof(*headers));
    for (size_t i = 0; i < wire->header_count; i++)
        headers[i] = (struct kc_build_header){wire->headers[i].key, strlen(wire->headers[i].key),
                                              wire->headers[i].data, wire->headers[i].len};
    return headers;
}

static size_t size_of(const struct kc_build_record *record)
{
    size_t size = record->key_len + record->value_len + RECORD_OVERHEAD;
    for (size_t i = 0; i < record->header_count; i++)
        size += record->headers[i].key_len + record->headers[i].len;
    return size;
}

static struct kc_error *place(struct kc_record_batches *batches, struct kc_refused_record *record)
{
    if (record->partition != KC_NO_PARTITION)
        return NULL;
    return kc_raw_placing_find(batches->placing, record->topic,
                               batches->keyless ? NULL : record->sent.key, record->sent.key_len,
                               &record->partition);
}

static struct kc_error *build(struct kc_record_batches *batches,
                              const struct kc_refused_record *record, size_t size)
{
    struct kc_error *err = NULL;
    if (batches->bytes + size > BATCH_BYTES ||
        !kc_raw_builder_fits(batches->builder, &record->sent, record->topic, record->partition))
        err = kc_record_batches_flush(batches);
    if (err)
        return err;
    const char *why = kc_raw_builder_add(batches->builder, &record->sent, record->topic,
                                         record->partition, record->slot);
    batches->bytes += size;
    return why ? kc_error_new(KC_ERR_DATA, "A record for topic %s can't be sent: %s", record->topic,
                              why)
               : NULL;
}

/* A name out of transforms may be anything. */
static struct kc_error *check_topic(const struct kc_refused_record *record)
{
    enum { SHOWN = 300 };
    if (kc_is_topic_name(record->topic))
        return NULL;
    return kc_error_kafka_new(RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, false,
                              "No topic can be called \"%.*s\"; look at the transforms", SHOWN,
                              record->topic);
}

static struct kc_error *check_size(const struct kc_record_batches *batches,
                                   const struct kc_refused_record *record, size_t size)
{
    if (size <= batches->most)
        return NULL;
    return kc_error_kafka_new(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, false,
                              "A record of about %zu bytes for topic %s is larger than "
                              "max.request.size, %zu; set producer.override.max.request.size",
                              size, record->topic, batches->most);
}

static bool is_of_record(const struct kc_error *err)
{
    int code = kc_error_kafka_code(err);
    return code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ||
           code == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED ||
           code == RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION;
}

/* A kc_raw_take_record. */
static struct kc_error *add(void *opaque, const struct kc_producer_record *wire, void *slot)
{
    struct kc_record_batches *batches = opaque;
    const struct kc_record *from = kc_slot_record(slot);
    struct kc_build_header *headers = headers_of(wire);
    struct kc_refused_record record = {
        .sent = {.timestamp = wire->timestamp < KC_TIMELESS ? kc_now_ms() : wire->timestamp,
                 .key = wire->key,
                 .key_len = wire->key_len,
                 .value = wire->value,
                 .value_len = wire->value_len,
                 .headers = headers,
                 .header_count = wire->header_count},
        .topic = wire->topic,
        .partition = wire->partition,
        .source_partition = from->source_partition,
        .source_offset = from->source_offset,
        .slot = slot,
    };
    size_t size = size_of(&record.sent);
    struct kc_error *err = check_topic(&record);
    if (!err)
        err = check_size(batches, &record, size);
    if (!err)
        err = place(batches, &record);
    if (err && is_of_record(err)) {
        struct kc_error *why = err;
        err = batches->refused(batches->opaque, &record, why);
        kc_error_destroy(why);
    } else if (!err) {
        record.sent.source_partition =
            kc_raw_lane_queue(batches->lane, record.topic, record.partition);
        err = build(batches, &record, size);
    }
    free(headers);
    return err;
}
