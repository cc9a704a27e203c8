/* SPDX-License-Identifier: Apache-2.0 */
/* Index, syncs and look-ups of a flow, see offset_translator.h. */
#include "mirror/offset_translator.h"

#include "connect/log.h"

#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.mirror.OffsetSyncStore");

enum {
    WARN_INTERVAL_MS = 300000,
    /* An offset sync is written at once, the index about once a second. */
    INDEX_DELAY_MS = 4000,
};

struct kc_offset_translator {
    const struct kc_mirror_config *config;
    struct kc_offset_sync_store *syncs;
    struct kc_offset_index *index;
    struct kc_topic_reader *syncs_reader;
    struct kc_topic_reader *index_reader; /* NULL: there is to be none */
    char *syncs_topic, *index_topic;
    struct kc_lookup_queue *queue;   /* made when first needed */
    struct kc_lookup_client *client; /* the same */
    bool loaded;
    int64_t warned_ms;
    size_t invalid; /* records, in one reading */
};

/* ---- life ---- */

static struct kc_error *open_reader(const struct kc_mirror_config *config, const char *use,
                                    const char *topic, struct kc_topic_reader **reader)
{
    struct kc_map *properties = kc_mirror_client_properties(
        config, kc_mirror_offset_syncs_cluster(config), KC_CLIENT_CONSUMER, use);
    struct kc_error *err = kc_topic_reader_new(properties, topic, reader);
    kc_map_destroy(properties);
    return err;
}

struct kc_error *kc_offset_translator_new(const struct kc_mirror_config *config,
                                          struct kc_offset_translator **translator)
{
    struct kc_offset_translator *made = kc_calloc(1, sizeof(*made));
    bool on_source = kc_mirror_offset_syncs_cluster(config) == KC_MIRROR_SOURCE;
    made->config = config;
    made->syncs = kc_offset_sync_store_new();
    char *flow = kc_mirror_flow(config);
    made->index = kc_offset_index_new(flow);
    free(flow);
    made->syncs_topic = kc_mirror_offset_syncs_topic(config);
    made->index_topic = kc_mirror_offset_index_topic(config);
    made->warned_ms = INT64_MIN / 2;
    struct kc_error *err = open_reader(
        config, on_source ? "offset-syncs-source-consumer" : "offset-syncs-target-consumer",
        made->syncs_topic, &made->syncs_reader);
    if (!err && kc_mirror_has_offset_index(config))
        err = open_reader(config, "offset-index-consumer", made->index_topic, &made->index_reader);
    if (err) {
        kc_offset_translator_destroy(made);
        return err;
    }
    *translator = made;
    return NULL;
}

void kc_offset_translator_destroy(struct kc_offset_translator *translator)
{
    if (!translator)
        return;
    kc_lookup_queue_destroy(translator->queue);
    kc_lookup_client_destroy(translator->client);
    kc_topic_reader_destroy(translator->syncs_reader);
    kc_topic_reader_destroy(translator->index_reader);
    kc_offset_sync_store_destroy(translator->syncs);
    kc_offset_index_destroy(translator->index);
    free(translator->syncs_topic);
    free(translator->index_topic);
    free(translator);
}

/* ---- reading ---- */

/* The argument of a reader's callbacks. */
struct sync_reading {
    struct kc_offset_translator *translator;
    kc_topic_reader_stop should_stop;
    void *arg;
};

static bool should_stop(void *arg)
{
    struct sync_reading *reading = arg;
    return reading->should_stop(reading->arg);
}

/* Logs only the first one. Otherwise anybody who may write to the topic could fill the log with
 * each reading. Takes err. */
static void ignore(struct kc_offset_translator *translator, const char *what, const char *topic,
                   int64_t offset, struct kc_error *err)
{
    if (err && translator->invalid++ == 0)
        kc_warn("Ignored an invalid %s at offset %lld of %s: %s", what, (long long)offset, topic,
                kc_error_text(err));
    kc_error_destroy(err);
}

static void sum_up_ignored(struct kc_offset_translator *translator)
{
    if (translator->invalid > 1)
        kc_warn("Ignored %zu more invalid records of %s and %s", translator->invalid - 1,
                translator->syncs_topic, translator->index_topic);
    translator->invalid = 0;
}

static void on_sync(void *arg, const struct kc_log_record *record)
{
    struct sync_reading *reading = arg;
    struct kc_offset_translator *translator = reading->translator;
    struct kc_offset_sync sync;
    struct kc_error *err = kc_offset_sync_decode(record->key, record->key_len, record->value,
                                                 record->value_len, &sync);
    if (!err) {
        kc_offset_sync_store_add(translator->syncs, &sync);
        kc_offset_sync_clear(&sync);
    }
    ignore(translator, "offset sync", translator->syncs_topic, record->offset, err);
}

static void on_chunk(void *arg, const struct kc_log_record *record)
{
    struct sync_reading *reading = arg;
    struct kc_offset_translator *translator = reading->translator;
    ignore(translator, "offset index record", translator->index_topic, record->offset,
           kc_offset_index_put(translator->index, record->key, record->key_len, record->value,
                               record->value_len));
}

void kc_offset_translator_begin(struct kc_offset_translator *translator, bool newest_only)
{
    kc_offset_sync_store_begin(translator->syncs, newest_only);
}

/* Java's connectors write no index. Takes err. */
static void miss_index(struct kc_offset_translator *translator, struct kc_error *err)
{
    int64_t now = kc_mono_ms();
    bool silent = kc_error_code(err) == KC_ERR_WAKEUP ||
                  kc_error_kafka_code(err) == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
                  now - translator->warned_ms < WARN_INTERVAL_MS;
    if (!silent) {
        kc_warn("The offset index %s can't be read: %s. Offsets are looked up in the topics in its "
                "place. Allow READ on it.",
                translator->index_topic, kc_error_text(err));
        translator->warned_ms = now;
    }
    kc_error_destroy(err);
}

struct kc_error *kc_offset_translator_read(struct kc_offset_translator *translator, int timeout_ms,
                                           kc_topic_reader_stop stop, void *arg)
{
    struct sync_reading reading = {translator, stop, arg};
    /* The index last: it then is as new as the syncs, or newer. */
    struct kc_error *err = kc_topic_reader_read_to_end(translator->syncs_reader, timeout_ms,
                                                       on_sync, should_stop, &reading);
    if (err) {
        sum_up_ignored(translator);
        return err;
    }
    if (translator->index_reader) {
        err = kc_topic_reader_read_to_end(translator->index_reader, timeout_ms, on_chunk,
                                          should_stop, &reading);
        if (err)
            miss_index(translator, err);
    }
    sum_up_ignored(translator);
    if (!translator->loaded)
        kc_offset_sync_store_loaded(translator->syncs);
    translator->loaded = true;
    return NULL;
}

/* ---- translating ---- */

static bool look_now(struct kc_offset_translator *translator, const struct kc_lookup *lookup,
                     int64_t deadline_ms, int64_t *downstream)
{
    enum kc_lookup_result result = KC_LOOKUP_NOT_FOUND;
    if (!translator->client)
        translator->client = kc_lookup_client_new(translator->config);
    struct kc_error *err =
        kc_lookup_client_find(translator->client, lookup, deadline_ms, &result, downstream);
    if (err)
        kc_warn("%s", kc_error_text(err));
    kc_error_destroy(err);
    return result == KC_LOOKUP_FOUND;
}

static bool look(struct kc_offset_translator *translator, const struct kc_lookup *lookup, bool soon,
                 int64_t deadline_ms, int64_t *downstream)
{
    if (deadline_ms > 0)
        return look_now(translator, lookup, deadline_ms, downstream);
    if (!translator->queue)
        translator->queue = kc_lookup_queue_new(translator->config);
    return kc_lookup_queue_ask(translator->queue, lookup, soon ? INDEX_DELAY_MS : 0, downstream);
}

/* Offset syncs don't name their flow, and flows of one target alias share them. So an exact answer
 * by a sync alone is confirmed by the record in both topics, near the sync or anywhere. */
static void confirm(struct kc_offset_translator *translator, struct kc_lookup lookup,
                    int64_t deadline_ms, struct kc_translation *result)
{
    const struct kc_index_pair none = {-1, -1};
    int64_t downstream = -1;
    lookup.low = (struct kc_index_pair){result->upstream, result->downstream};
    lookup.high = none;
    result->exact = look_now(translator, &lookup, deadline_ms, &downstream);
    if (!result->exact) {
        lookup.low = none;
        result->exact = look_now(translator, &lookup, deadline_ms, &downstream);
    }
    if (!result->exact || downstream == result->downstream)
        return;
    result->downstream = downstream;
    result->by = KC_BY_LOOKUP;
}

struct kc_translation kc_offset_translator_translate(struct kc_offset_translator *translator,
                                                     const char *topic, const char *remote,
                                                     int32_t partition, int64_t upstream,
                                                     int64_t found, int64_t deadline_ms)
{
    struct kc_translation result =
        kc_offset_translate(translator->index, translator->syncs, topic, partition, upstream);
    struct kc_lookup lookup = {topic, remote, partition, upstream, result.low, result.high};
    int64_t downstream = kc_lookup_holds(&lookup, found) ? found : -1;
    if (result.exact && result.by == KC_BY_SYNC && deadline_ms > 0)
        confirm(translator, lookup, deadline_ms, &result);
    /* A background look-up finds nothing until the record is mirrored. */
    bool waits = result.unmirrored && deadline_ms == 0;
    if (result.exact || !result.lookup ||
        (downstream < 0 &&
         (waits || !look(translator, &lookup, result.soon, deadline_ms, &downstream))))
        return result;
    if (!result.unmirrored) /* else the look-up found that nothing comes there, for example a marker
                             */
        result.by = KC_BY_LOOKUP;
    result.downstream = downstream;
    result.upstream = upstream;
    result.exact = true;
    result.unmirrored = false;
    return result;
}

struct kc_offset_translator_size
kc_offset_translator_size(const struct kc_offset_translator *translator)
{
    return (struct kc_offset_translator_size){
        kc_offset_sync_store_count(translator->syncs), kc_offset_index_count(translator->index),
        kc_offset_index_changes(translator->index), kc_offset_index_bytes(translator->index),
        translator->queue ? kc_lookup_queue_waiting(translator->queue) : 0};
}
