/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and writing the offset index topic, see offset_index_log.h. */
#include "mirror/offset_index_log.h"

#include "connect/hash.h"
#include "connect/log.h"
#include "connect/thread.h"
#include "mirror/topic_reader.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.mirror.OffsetSyncWriter");

enum {
    FLUSH_MS = 1000,
    READ_MS = 5000,
    RETRY_MS = 2000,
    LATER_MS = 30000, /* the topic doesn't appear for long: perhaps nobody may create it */
    PATIENCE = 10,
    WARN_MS = 60000,
};

enum index_log_state {
    DUE,     /* to be read at next_ms */
    READING, /* by the thread */
    READ,    /* the thread is through, well or badly */
    KNOWN,
};

/* The newest chunk that was found of a partition. */
struct found {
    struct kc_index_partition *partition;
    struct kc_index_chunk chunk;
    UT_hash_handle hh;
};

struct kc_offset_index_log {
    char *topic;
    char *flow;              /* whose chunks are this one's */
    struct kc_map *consumer; /* properties */
    struct kc_offset_sync_producer *producer;
    struct kc_offset_index_writer *writer;
    kc_index_partition_find find;
    void *arg;
    int64_t next_ms; /* to read, or to flush */
    int attempts;
    int64_t written; /* the last offset in the topic; -1: none */
    int64_t warned_ms;

    pthread_t thread;
    atomic_int state;
    atomic_bool stopping;
    struct kc_error *failure; /* of the reading, once READ */
    struct found *found;
    size_t bad;
};

/* ---- reading ---- */

static void keep(struct kc_offset_index_log *index, struct kc_index_partition *partition,
                 struct kc_index_chunk *chunk)
{
    struct found *found = NULL;
    HASH_FIND_PTR(index->found, &partition, found);
    if (!found) {
        found = kc_calloc(1, sizeof(*found));
        found->partition = partition;
        HASH_ADD_PTR(index->found, partition, found);
    } else if (found->chunk.sequence > chunk->sequence) {
        return;
    }
    struct kc_index_chunk old = found->chunk;
    found->chunk = *chunk;
    *chunk = old;
}

static void on_record(void *arg, const struct kc_log_record *record)
{
    struct kc_offset_index_log *index = arg;
    struct kc_index_key key;
    struct kc_index_chunk chunk = {0};
    struct kc_error *err = kc_index_key_decode(record->key, record->key_len, &key);
    bool ours = !err && record->value && strcmp(key.flow, index->flow) == 0;
    struct kc_index_partition *partition =
        ours ? index->find(index->arg, key.topic, key.partition) : NULL;
    if (partition)
        err = kc_index_chunk_decode(record->value, record->value_len, &chunk);
    if (partition && !err)
        keep(index, partition, &chunk);
    index->bad += err != NULL;
    kc_error_destroy(err);
    kc_index_chunk_clear(&chunk);
    kc_index_key_clear(&key);
}

static bool should_stop(void *arg)
{
    struct kc_offset_index_log *index = arg;
    return atomic_load(&index->stopping);
}

static void drop_found(struct kc_offset_index_log *index)
{
    struct found *found, *next;
    HASH_ITER (hh, index->found, found, next) {
        HASH_DEL(index->found, found);
        kc_index_chunk_clear(&found->chunk);
        free(found);
    }
}

static void *read_topic(void *arg)
{
    struct kc_offset_index_log *index = arg;
    struct kc_topic_reader *reader = NULL;
    struct kc_error *err = kc_topic_reader_new(index->consumer, index->topic, &reader);
    if (!err)
        err = kc_topic_reader_read_to_end(reader, READ_MS, on_record, should_stop, index);
    kc_topic_reader_destroy(reader);
    index->failure = err;
    atomic_store(&index->state, READ);
    return NULL;
}

static void start_reading(struct kc_offset_index_log *index)
{
    index->attempts++;
    atomic_store(&index->state, READING);
    struct kc_error *err = kc_thread_start(&index->thread, "mm2-index", read_topic, index);
    if (!err)
        return;
    kc_error_destroy(err);
    atomic_store(&index->state, DUE);
    index->next_ms = kc_mono_ms() + RETRY_MS;
}

/* Warns why the index isn't written, once this has lasted longer than creating the topic takes.
 * Takes failure. */
static void complain(const struct kc_offset_index_log *index, struct kc_error *failure)
{
    if (index->attempts == PATIENCE)
        kc_warn("The offset index %s can't be read, and isn't written therefore: %s. Translated "
                "offsets are looked up in the topics in its place, which takes longer.",
                index->topic, kc_error_text(failure));
    else
        kc_debug("The offset index %s can't be read yet: %s", index->topic, kc_error_text(failure));
    kc_error_destroy(failure);
}

static void finish_reading(struct kc_offset_index_log *index)
{
    pthread_join(index->thread, NULL);
    if (index->failure) {
        complain(index, index->failure);
        index->failure = NULL;
        drop_found(index);
        index->next_ms = kc_mono_ms() + (index->attempts < PATIENCE ? RETRY_MS : LATER_MS);
        atomic_store(&index->state, DUE);
        return;
    }
    if (index->bad)
        kc_warn("%zu records of %s are not of the offset index's form; they are ignored.",
                index->bad, index->topic);
    for (struct found *found = index->found; found; found = found->hh.next)
        kc_offset_index_writer_past(index->writer, found->partition, &found->chunk);
    drop_found(index);
    kc_offset_index_writer_known(index->writer);
    atomic_store(&index->state, KNOWN);
}

/* ---- writing ---- */

static bool send_record(void *arg, struct kc_index_partition *partition, const struct kc_str *key,
                        const struct kc_str *value)
{
    struct kc_offset_index_log *index = arg;
    return kc_offset_sync_producer_write(index->producer, index->topic, key, value, partition);
}

static void on_lost(void *arg, void *token, rd_kafka_resp_err_t code)
{
    struct kc_offset_index_log *index = arg;
    int64_t now = kc_mono_ms();
    kc_offset_index_writer_lost(index->writer, token);
    if (now - index->warned_ms < WARN_MS)
        return;
    index->warned_ms = now;
    kc_warn("The offset index %s could not be written: %s. It is tried again every second; "
            "meanwhile translated offsets are looked up in the topics. The connector creates a "
            "deleted topic again within half a minute.",
            index->topic, rd_kafka_err2str(code));
}

/* Offsets that go back mean that the topic was created again, and its content is gone. */
static void on_written(void *arg, int64_t offset)
{
    struct kc_offset_index_log *index = arg;
    if (offset >= 0 && offset < index->written) {
        size_t partitions = kc_offset_index_writer_again(index->writer);
        kc_warn("The offset index %s was made again: the newest changes of %zu partitions are "
                "written anew. Older offsets are looked up in the topics.",
                index->topic, partitions);
    }
    if (offset >= 0)
        index->written = offset;
}

void kc_offset_index_log_serve(struct kc_offset_index_log *index)
{
    int64_t now = kc_mono_ms();
    if (atomic_load(&index->state) == READ)
        finish_reading(index);
    if (now < index->next_ms)
        return;
    if (atomic_load(&index->state) == DUE) {
        start_reading(index);
    } else if (atomic_load(&index->state) == KNOWN) {
        kc_offset_index_writer_flush(index->writer);
        index->next_ms = now + FLUSH_MS;
    }
}

static const struct kc_offset_sync_outcomes outcomes = {on_lost, on_written};

/* ---- life ---- */

struct kc_offset_index_log *kc_offset_index_log_open(const struct kc_mirror_config *config,
                                                     struct kc_offset_sync_producer *producer,
                                                     kc_index_partition_find find, void *arg)
{
    struct kc_offset_index_log *index = kc_calloc(1, sizeof(*index));
    index->topic = kc_mirror_offset_index_topic(config);
    index->flow = kc_mirror_flow(config);
    index->consumer = kc_mirror_client_properties(config, kc_mirror_offset_syncs_cluster(config),
                                                  KC_CLIENT_CONSUMER, "offset-index-consumer");
    index->producer = producer;
    index->find = find;
    index->arg = arg;
    index->writer = kc_offset_index_writer_new(index->flow, send_record, index);
    index->written = -1;
    index->warned_ms = INT64_MIN / 2;
    kc_offset_sync_producer_on_outcome(producer, &outcomes, index);
    start_reading(index);
    return index;
}

void kc_offset_index_log_close(struct kc_offset_index_log *index)
{
    if (!index)
        return;
    atomic_store(&index->stopping, true);
    int state = atomic_load(&index->state);
    if (state == READING || state == READ)
        finish_reading(index);
    kc_offset_index_writer_flush(index->writer);
    kc_offset_sync_producer_drain(index->producer);
    kc_offset_sync_producer_on_outcome(index->producer, NULL, NULL);
    kc_offset_index_writer_destroy(index->writer);
    kc_map_destroy(index->consumer);
    free(index->topic);
    free(index->flow);
    free(index);
}

bool kc_offset_index_log_known(const struct kc_offset_index_log *index)
{
    return atomic_load(&index->state) == KNOWN;
}

struct kc_offset_index_writer *kc_offset_index_log_writer(struct kc_offset_index_log *index)
{
    return index->writer;
}
