/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The records of a range of one partition, as a reader of committed ones sees them: see
 * link_verify_priv.h.
 *
 * One chunk is in memory, and one batch of it decompressed. One thread.
 */
#include "link/link_verify_priv.h"

#include "connect/fetch.h"

#include <stdlib.h>
#include <string.h>

#define WAIT_MS 200 /* between looks at whether to stop */

struct link_verify_stream {
    struct kc_fetcher *fetcher; /* borrowed; has this partition alone */
    char *topic;
    int32_t partition;
    int64_t position; /* the next offset */
    int64_t to;
    int64_t until;
    const struct kc_stop *stop;

    struct kc_fetched *chunk;
    size_t at; /* of the next batch in it */
    struct kc_aborted_filter *filter;
    struct kc_record_walk *walk; /* of the batch before it; NULL */
    char *error;
};

struct link_verify_stream *link_verify_stream_new(struct kc_fetcher *fetcher, const char *topic,
                                                  int32_t partition, int64_t from, int64_t to)
{
    struct link_verify_stream *stream = kc_calloc(1, sizeof(*stream));
    stream->fetcher = fetcher;
    stream->topic = kc_strdup(topic);
    stream->partition = partition;
    stream->position = from;
    stream->to = to;
    stream->until = INT64_MAX;
    if (from < to)
        kc_fetcher_add(fetcher, topic, partition, from, -1);
    return stream;
}

static void drop_chunk(struct link_verify_stream *stream)
{
    kc_record_walk_end(stream->walk);
    kc_aborted_filter_destroy(stream->filter);
    kc_fetched_release(stream->chunk);
    stream->walk = NULL;
    stream->filter = NULL;
    stream->chunk = NULL;
    stream->at = 0;
}

void link_verify_stream_destroy(struct link_verify_stream *stream)
{
    if (!stream)
        return;
    if (stream->chunk)
        drop_chunk(stream);
    kc_fetcher_remove(stream->fetcher, stream->topic, stream->partition);
    free(stream->topic);
    free(stream->error);
    free(stream);
}

void link_verify_stream_limit(struct link_verify_stream *stream, int64_t until,
                              const struct kc_stop *stop)
{
    stream->until = until;
    stream->stop = stop;
}

char *link_verify_stream_error(struct link_verify_stream *stream)
{
    char *error = stream->error;
    stream->error = NULL;
    return error;
}

static bool must_stop(const struct link_verify_stream *stream)
{
    return stream->error || kc_mono_ms() >= stream->until ||
           (stream->stop && kc_stop_is_set(stream->stop));
}

/* ---- chunks ---- */

/* Why an event ends the comparison. The caller's. */
static char *explain(const struct kc_fetched *event)
{
    if (event->kind == KC_FETCHED_OUT_OF_RANGE)
        return kc_asprintf(
            "offset %lld is gone: the log begins at %lld now, because retention went "
            "on meanwhile. Compare again",
            (long long)event->first_offset, (long long)event->log_start_offset);
    if (event->kind == KC_FETCHED_TRUNCATED)
        return kc_asprintf("the log was truncated below offset %lld meanwhile",
                           (long long)event->first_offset);
    if (event->kind == KC_FETCHED_RECREATED)
        return kc_strdup("the topic was deleted and created again meanwhile");
    return kc_asprintf("it can't be read: %s",
                       event->error ? kc_error_text(event->error) : "no reason is known");
}

/* Takes the chunk. */
static void take_chunk(struct link_verify_stream *stream, struct kc_fetched *chunk)
{
    stream->chunk = chunk;
    struct kc_error *err =
        kc_aborted_filter_new(chunk->aborted, chunk->aborted_count, &stream->filter);
    if (err)
        stream->error = kc_strdup(kc_error_text(err));
    kc_error_destroy(err);
}

/* Waits for a chunk of the partition; none when the stream must stop. */
static void await_chunk(struct link_verify_stream *stream)
{
    while (!stream->chunk && !must_stop(stream)) {
        int64_t until = kc_mono_ms() + WAIT_MS;
        struct kc_fetched *chunk =
            kc_fetcher_next(stream->fetcher, until < stream->until ? until : stream->until);
        if (!chunk)
            continue;
        bool ours =
            chunk->partition == stream->partition && strcmp(chunk->topic, stream->topic) == 0;
        if (ours && chunk->kind == KC_FETCHED_DATA) {
            take_chunk(stream, chunk);
            return;
        }
        if (ours)
            stream->error = explain(chunk);
        kc_fetched_release(chunk);
    }
}

/* ---- batches and records ---- */

/* Begins with the next batch that has records to see. False: the chunk has no more, or an error. */
static bool next_batch(struct link_verify_stream *stream)
{
    const struct kc_fetched *chunk = stream->chunk;
    struct kc_record_batch batch;
    const char *why = NULL;
    while (stream->at < chunk->len) {
        enum kc_record_batch_result result =
            kc_record_batch_parse(chunk->data + stream->at, chunk->len - stream->at, &batch, &why);
        if (result == KC_BATCH_PARTIAL)
            return false;
        if (result == KC_BATCH_OK) {
            stream->at += batch.size;
            if (!kc_aborted_filter_admits(stream->filter, &batch) ||
                (batch.magic >= 2 && kc_record_batch_last_offset(&batch) < stream->position))
                continue;
            why = kc_record_walk_begin(&batch, KC_RECORDS_LIMIT, &stream->walk);
        }
        if (why)
            stream->error = kc_asprintf(
                "the batch at offset %lld can't be read: %s",
                (long long)(result == KC_BATCH_OK ? batch.base_offset : stream->position), why);
        return !why;
    }
    return false;
}

/* The next record of the batch, from the position on. False: it has no more. */
static bool next_record(struct link_verify_stream *stream, struct kc_plain_record *record)
{
    const char *why = NULL;
    while (stream->walk && kc_record_walk_next(stream->walk, record, &why))
        if (record->offset >= stream->position)
            return true;
    if (why)
        stream->error = kc_asprintf("the records behind offset %lld can't be read: %s",
                                    (long long)stream->position, why);
    kc_record_walk_end(stream->walk);
    stream->walk = NULL;
    return false;
}

enum link_verify_got link_verify_stream_next(void *opaque, struct kc_plain_record *record)
{
    struct link_verify_stream *stream = opaque;
    while (stream->position < stream->to) {
        if (stream->walk && next_record(stream, record)) {
            stream->position = record->offset + 1;
            return record->offset < stream->to ? LINK_VERIFY_RECORD : LINK_VERIFY_END;
        }
        if (must_stop(stream))
            return LINK_VERIFY_STOP;
        if (!stream->chunk) {
            await_chunk(stream);
        } else if (!next_batch(stream)) {
            if (stream->error)
                return LINK_VERIFY_STOP;
            stream->position = stream->chunk->next_offset > stream->position
                                   ? stream->chunk->next_offset
                                   : stream->position;
            drop_chunk(stream);
        }
    }
    return LINK_VERIFY_END;
}
