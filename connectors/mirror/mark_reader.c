/* SPDX-License-Identifier: Apache-2.0 */
/* The consumer of a mark_reader, see mark_reader_priv.h. */
#include "mirror/mark_reader_priv.h"

#include "mirror/mark_cache_priv.h"

#include <stdlib.h>
#include <string.h>

enum {
    CALL_MS = 5000,
    REST_MS = 30000,
    BOUNDS_MS = 2000,        /* for so long the read bounds of a log count as current */
    WINDOW_BYTES = 16 << 20, /* of a window; then it ends early */
    /* Further records that are taken if they are there. */
    AHEAD = 4096,
    AHEAD_BYTES = 2 << 20,
    BACK = 512, /* records that are read in front of the asked ones, because guesses go both ways */
};

struct mark_bounds {
    char *topic; /* NULL: of none */
    int32_t partition;
    int64_t low, high;
    int64_t asked_ms;
};

struct kc_mark_reader {
    const struct kc_mirror_config *config;
    enum kc_mirror_cluster cluster;
    const atomic_bool *aborted;
    /* The place at hand. */
    const char *topic;
    int32_t partition;
    int64_t deadline_ms;

    struct kc_mark_cache *cache;
    struct mark_bounds bounds; /* of the last place that was asked for */
    rd_kafka_t *consumer;
    int64_t used_ms;
    char *fetched_topic; /* what the consumer fetches; NULL: nothing */
    int32_t fetched_partition;
    int64_t position; /* of the next message */
};

struct kc_mark_reader *kc_mark_reader_new(const struct kc_mirror_config *config,
                                          enum kc_mirror_cluster cluster,
                                          const atomic_bool *aborted)
{
    struct kc_mark_reader *reader = kc_calloc(1, sizeof(*reader));
    reader->config = config;
    reader->cluster = cluster;
    reader->aborted = aborted;
    reader->cache = kc_mark_cache_new();
    return reader;
}

/* ---- the consumer ---- */

/* Small fetches at once: windows are small, and few follow each other. */
static const char *const settings[][2] = {
    {"enable.partition.eof", "true"},       {"fetch.wait.max.ms", "10"},
    {"fetch.error.backoff.ms", "50"},       {"queued.min.messages", "1000"},
    {"queued.max.messages.kbytes", "8192"}, {"fetch.message.max.bytes", "262144"},
    {"auto.offset.reset", "error"},         {"enable.auto.commit", "false"},
    {"fetch.queue.backoff.ms", "5"}, /* or a full queue delays the next window by a second */
};

static struct kc_error *open_consumer(struct kc_mark_reader *reader)
{
    struct kc_map *properties = kc_mirror_client_properties(reader->config, reader->cluster,
                                                            KC_CLIENT_CONSUMER, "lookup-consumer");
    rd_kafka_conf_t *conf = NULL;
    if (reader->cluster == KC_MIRROR_TARGET)
        kc_map_set(properties, "isolation.level", "read_committed");
    struct kc_error *err = kc_client_conf(KC_CLIENT_CONSUMER, properties, &conf);
    kc_map_destroy(properties);
    if (err)
        return err;
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
        rd_kafka_conf_set(conf, settings[i][0], settings[i][1], NULL, 0);
    err = kc_client_new(KC_CLIENT_CONSUMER, conf, &reader->consumer);
    if (!err)
        rd_kafka_poll_set_consumer(reader->consumer);
    return err;
}

static struct kc_error *need_consumer(struct kc_mark_reader *reader)
{
    reader->used_ms = kc_mono_ms();
    return reader->consumer ? NULL : open_consumer(reader);
}

static void stop_fetching(struct kc_mark_reader *reader)
{
    if (reader->fetched_topic)
        rd_kafka_assign(reader->consumer, NULL);
    free(reader->fetched_topic);
    reader->fetched_topic = NULL;
}

static void close_consumer(struct kc_mark_reader *reader)
{
    stop_fetching(reader);
    if (reader->consumer)
        rd_kafka_destroy(reader->consumer);
    reader->consumer = NULL;
    kc_mark_cache_forget(reader->cache, NULL, 0);
}

void kc_mark_reader_destroy(struct kc_mark_reader *reader)
{
    if (!reader)
        return;
    close_consumer(reader);
    kc_mark_cache_destroy(reader->cache);
    free(reader->bounds.topic);
    free(reader);
}

void kc_mark_reader_rest(struct kc_mark_reader *reader)
{
    stop_fetching(reader);
    if (kc_mono_ms() - reader->used_ms >= REST_MS)
        close_consumer(reader);
}

/* ---- calls ---- */

void kc_mark_reader_at(struct kc_mark_reader *reader, const char *topic, int32_t partition,
                       int64_t deadline_ms)
{
    reader->topic = topic;
    reader->partition = partition;
    reader->deadline_ms = deadline_ms;
}

static int time_left(const struct kc_mark_reader *reader)
{
    int64_t left = atomic_load(reader->aborted) ? 0 : reader->deadline_ms - kc_mono_ms();
    return left < 1 ? 1 : left > CALL_MS ? CALL_MS : (int)left;
}

static struct kc_error *failure(const struct kc_mark_reader *reader, rd_kafka_resp_err_t code)
{
    return kc_client_error(code, "Could not read %s-%d of %s to look up an offset: %s",
                           reader->topic, reader->partition,
                           reader->cluster == KC_MIRROR_SOURCE ? reader->config->source
                                                               : reader->config->target,
                           rd_kafka_err2str(code));
}

static bool at_hand(const struct kc_mark_reader *reader, const char *topic, int32_t partition)
{
    return topic && partition == reader->partition && strcmp(topic, reader->topic) == 0;
}

static struct kc_error *ask_bounds(struct kc_mark_reader *reader)
{
    struct mark_bounds *bounds = &reader->bounds;
    int64_t low, high;
    rd_kafka_resp_err_t code = rd_kafka_query_watermark_offsets(
        reader->consumer, reader->topic, reader->partition, &low, &high, time_left(reader));
    if (code)
        return failure(reader, code);
    bool known = at_hand(reader, bounds->topic, bounds->partition);
    if (known && high < bounds->high) /* it was made again, or truncated */
        kc_mark_cache_forget(reader->cache, reader->topic, reader->partition);
    if (!known) {
        free(bounds->topic);
        bounds->topic = kc_strdup(reader->topic);
    }
    bounds->partition = reader->partition;
    bounds->low = low;
    bounds->high = high;
    bounds->asked_ms = kc_mono_ms();
    return NULL;
}

struct kc_error *kc_mark_reader_bounds(struct kc_mark_reader *reader, int64_t *low, int64_t *high)
{
    const struct mark_bounds *bounds = &reader->bounds;
    struct kc_error *err = need_consumer(reader);
    if (!err && (!at_hand(reader, bounds->topic, bounds->partition) ||
                 kc_mono_ms() - bounds->asked_ms > BOUNDS_MS))
        err = ask_bounds(reader);
    *low = err ? -1 : bounds->low;
    *high = err ? -1 : bounds->high;
    return err;
}

struct kc_error *kc_mark_reader_by_time(struct kc_mark_reader *reader, int64_t timestamp,
                                        int64_t *offset)
{
    struct kc_error *err = need_consumer(reader);
    if (err)
        return err;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, reader->topic, reader->partition)->offset = timestamp;
    rd_kafka_resp_err_t code =
        rd_kafka_offsets_for_times(reader->consumer, list, time_left(reader));
    if (!code)
        code = list->elems[0].err;
    *offset = code || list->elems[0].offset < 0 ? -1 : list->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(list);
    return code ? failure(reader, code) : NULL;
}

/* ---- reading ---- */

/* Makes the consumer fetch from the offset on. If it is there already, it has fetched ahead. */
static struct kc_error *fetch_from(struct kc_mark_reader *reader, int64_t offset)
{
    bool there = at_hand(reader, reader->fetched_topic, reader->fetched_partition);
    struct kc_error *err = need_consumer(reader);
    if (err || (there && reader->position == offset))
        return err;
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, reader->topic, reader->partition)->offset = offset;
    rd_kafka_resp_err_t code = rd_kafka_assign(reader->consumer, list);
    rd_kafka_topic_partition_list_destroy(list);
    if (code)
        return failure(reader, code);
    free(reader->fetched_topic);
    reader->fetched_topic = kc_strdup(reader->topic);
    reader->fetched_partition = reader->partition;
    reader->position = offset;
    return NULL;
}

static struct kc_record_mark mark_of(const rd_kafka_message_t *message)
{
    rd_kafka_timestamp_type_t type;
    int64_t timestamp = rd_kafka_message_timestamp(message, &type);
    return (struct kc_record_mark){
        .offset = message->offset,
        .timestamp = type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME ? -1 : timestamp,
        .content =
            kc_record_content(message->key, message->key_len, message->payload, message->len),
    };
}

/* What one read has taken. */
struct taking {
    int64_t from, to;
    size_t missing; /* records at or behind from that are still wanted */
    size_t records, bytes;
    bool end;
};

static bool has_enough(const struct taking *taking)
{
    return taking->end || taking->bytes >= WINDOW_BYTES ||
           (taking->missing == 0 && (taking->records >= AHEAD || taking->bytes >= AHEAD_BYTES));
}

static rd_kafka_resp_err_t take(struct kc_mark_reader *reader, const rd_kafka_message_t *message,
                                struct kc_mark_stretch *stretch, struct taking *taking)
{
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        kc_mark_stretch_end(stretch, message->offset, kc_mono_ms());
        taking->end = true;
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    if (message->err)
        return message->err;
    if (message->offset < stretch->next) /* of what was fetched before */
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    struct kc_record_mark mark = mark_of(message);
    kc_mark_cache_add(reader->cache, stretch, &mark);
    reader->position = stretch->next;
    taking->records++;
    taking->bytes += message->len + message->key_len;
    if (mark.offset >= taking->from && taking->missing > 0)
        taking->missing = stretch->next >= taking->to ? 0 : taking->missing - 1;
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/* Waits for the missing records, and takes the others that came with them. */
static struct kc_error *extend(struct kc_mark_reader *reader, struct kc_mark_stretch *stretch,
                               struct taking *taking)
{
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    struct kc_error *err = fetch_from(reader, stretch->next);
    if (err)
        return err;
    while (!code && !has_enough(taking)) {
        rd_kafka_message_t *message =
            rd_kafka_consumer_poll(reader->consumer, taking->missing ? time_left(reader) : 0);
        if (!message && !taking->missing)
            break;
        code = message ? take(reader, message, stretch, taking) : RD_KAFKA_RESP_ERR__TIMED_OUT;
        if (message)
            rd_kafka_message_destroy(message);
    }
    /* At the end there is nothing to fetch ahead. The end is reported once, when it is reached. */
    if (code || taking->end)
        stop_fetching(reader);
    return code ? failure(reader, code) : NULL;
}

/* The offset at which reading begins, so that `from` is included. */
static int64_t start_before(const struct kc_mark_reader *reader, int64_t from)
{
    const struct mark_bounds *bounds = &reader->bounds;
    bool known = at_hand(reader, bounds->topic, bounds->partition);
    int64_t low = known && bounds->low < from ? bounds->low : from;
    return from - BACK > low ? from - BACK : low;
}

/* An error here comes again when the records are read. */
void kc_mark_reader_ahead(struct kc_mark_reader *reader, int64_t from)
{
    if (!kc_mark_cache_find(reader->cache, reader->topic, reader->partition, from, kc_mono_ms()))
        kc_error_destroy(fetch_from(reader, start_before(reader, from)));
}

struct kc_error *kc_mark_reader_read(struct kc_mark_reader *reader, int64_t from, int64_t to,
                                     size_t max, struct kc_record_window *window)
{
    struct kc_error *err = NULL;
    int64_t now = kc_mono_ms();
    if (from >= to)
        return NULL;
    struct kc_mark_stretch *stretch =
        kc_mark_cache_find(reader->cache, reader->topic, reader->partition, from, now);
    if (!stretch)
        stretch = kc_mark_cache_begin(reader->cache, reader->topic, reader->partition,
                                      start_before(reader, from), now);
    struct taking taking = {.from = from, .to = to};
    taking.missing = kc_mark_stretch_missing(stretch, from, to, max, now);
    if (taking.missing)
        err = extend(reader, stretch, &taking);
    if (err)
        return err;
    kc_mark_stretch_copy(stretch, from, to, max, kc_mono_ms(), window);
    window->at_start = from == 0;
    return NULL;
}
