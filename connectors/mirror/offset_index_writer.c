/* SPDX-License-Identifier: Apache-2.0 */
/* Growing chunks, see offset_index_writer.h. */
#include "mirror/offset_index_writer.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

TAILQ_HEAD(index_partitions, kc_index_partition);

struct kc_offset_index_writer {
    pthread_mutex_t mutex; /* guards the partitions, and what follows */
    char *flow;
    kc_offset_index_send send;
    void *arg;
    struct index_partitions changed;
    struct index_partitions all; /* that have something */
    bool known;
};

struct kc_offset_index_writer *kc_offset_index_writer_new(const char *flow,
                                                          kc_offset_index_send send, void *arg)
{
    struct kc_offset_index_writer *writer = kc_calloc(1, sizeof(*writer));
    pthread_mutex_init(&writer->mutex, NULL);
    writer->flow = kc_strdup(flow);
    writer->send = send;
    writer->arg = arg;
    TAILQ_INIT(&writer->changed);
    TAILQ_INIT(&writer->all);
    return writer;
}

void kc_offset_index_writer_destroy(struct kc_offset_index_writer *writer)
{
    if (!writer)
        return;
    pthread_mutex_destroy(&writer->mutex);
    free(writer->flow);
    free(writer);
}

void kc_index_partition_init(struct kc_index_partition *partition, const char *topic,
                             int32_t number)
{
    *partition = (struct kc_index_partition){.topic = topic, .partition = number, .from = -1};
}

static void drop_full(struct kc_index_partition *partition, size_t count)
{
    for (size_t i = 0; i < count; i++)
        kc_index_chunk_clear(&partition->full[i]);
    partition->full_count -= count;
    if (partition->full_count > 0)
        memmove(partition->full, partition->full + count,
                partition->full_count * sizeof(*partition->full));
}

void kc_index_partition_clear(struct kc_index_partition *partition)
{
    drop_full(partition, partition->full_count);
    free(partition->full);
    partition->full = NULL;
    kc_index_chunk_clear(&partition->chunk);
}

void kc_index_partition_begin(struct kc_index_partition *partition, int64_t offset)
{
    partition->from = offset;
}

void kc_index_partition_leave(struct kc_index_partition *partition, bool written)
{
    partition->changed = false;
    if (!written)
        return;
    kc_index_partition_clear(partition);
    partition->end_downstream = 0;
}

/* ---- growth ---- */

/* Locked. */
static void meet(struct kc_offset_index_writer *writer, struct kc_index_partition *partition)
{
    if (!partition->met)
        TAILQ_INSERT_TAIL(&writer->all, partition, all);
    partition->met = true;
}

/* Locked. */
static void mark(struct kc_offset_index_writer *writer, struct kc_index_partition *partition)
{
    meet(writer, partition);
    if (!partition->changed)
        TAILQ_INSERT_TAIL(&writer->changed, partition, link);
    partition->changed = true;
}

void kc_offset_index_writer_join(struct kc_offset_index_writer *writer,
                                 struct kc_index_partition *partition)
{
    pthread_mutex_lock(&writer->mutex);
    if (partition->full_count + partition->chunk.count > 0)
        mark(writer, partition);
    pthread_mutex_unlock(&writer->mutex);
}

/* Puts the full chunk aside and begins the next. As many are kept as there are slots. */
static void close_chunk(struct kc_index_partition *partition)
{
    int64_t sequence = partition->chunk.sequence + 1;
    if (partition->full_count == KC_INDEX_SLOTS - 1)
        drop_full(partition, 1);
    partition->full =
        kc_realloc(partition->full, (partition->full_count + 1) * sizeof(*partition->full));
    partition->full[partition->full_count++] = partition->chunk;
    partition->chunk = (struct kc_index_chunk){.sequence = sequence};
}

static void add_run(struct kc_index_partition *partition, const struct kc_index_run *run)
{
    if (run->downstream < partition->end_downstream) {
        drop_full(partition, partition->full_count);
        partition->chunk.count = 0;
        partition->chunk.fresh = true;
    }
    if (kc_index_chunk_add(&partition->chunk, run) == KC_INDEX_FULL) {
        close_chunk(partition);
        kc_index_chunk_add(&partition->chunk, run);
    }
    partition->end_downstream = kc_index_run_end_downstream(run);
}

void kc_offset_index_writer_add(struct kc_offset_index_writer *writer,
                                struct kc_index_partition *partition, int64_t upstream,
                                int64_t downstream, int64_t count)
{
    pthread_mutex_lock(&writer->mutex);
    if (downstream >= 0 && upstream >= 0) {
        bool watched = partition->from >= 0 && partition->from <= upstream;
        struct kc_index_run run = {watched ? partition->from : upstream, upstream, downstream,
                                   count};
        add_run(partition, &run);
        partition->from = upstream + count;
        mark(writer, partition);
    } else {
        partition->from = -1;
    }
    pthread_mutex_unlock(&writer->mutex);
}

/* ---- the past ---- */

static void add_again(struct kc_index_partition *partition, const struct kc_index_chunk *chunk)
{
    for (size_t i = 0; i < chunk->count; i++)
        add_run(partition, &chunk->runs[i]);
}

void kc_offset_index_writer_past(struct kc_offset_index_writer *writer,
                                 struct kc_index_partition *partition, struct kc_index_chunk *chunk)
{
    pthread_mutex_lock(&writer->mutex);
    meet(writer, partition);
    struct kc_index_partition since = *partition;
    partition->full = NULL;
    partition->full_count = 0;
    partition->chunk = *chunk;
    *chunk = (struct kc_index_chunk){0};
    const struct kc_index_chunk *past = &partition->chunk;
    partition->end_downstream =
        past->count ? kc_index_run_end_downstream(&past->runs[past->count - 1]) : 0;
    for (size_t i = 0; i < since.full_count; i++)
        add_again(partition, &since.full[i]);
    add_again(partition, &since.chunk);
    pthread_mutex_unlock(&writer->mutex);
    kc_index_partition_clear(&since);
}

void kc_offset_index_writer_known(struct kc_offset_index_writer *writer)
{
    pthread_mutex_lock(&writer->mutex);
    writer->known = true;
    pthread_mutex_unlock(&writer->mutex);
}

/* ---- handing out ---- */

struct handout {
    struct kc_index_partition *partition;
    struct kc_str key, value;
};

/* Locked. The next chunk of a partition to hand out: full ones first. */
static void encode_next(const struct kc_offset_index_writer *writer,
                        struct kc_index_partition *partition, struct handout *out)
{
    const struct kc_index_chunk *chunk =
        partition->full_count ? &partition->full[0] : &partition->chunk;
    struct kc_index_key key = {(char *)partition->topic, partition->partition,
                               (int32_t)(chunk->sequence % KC_INDEX_SLOTS), writer->flow};
    kc_str_clear(&out->key);
    kc_str_clear(&out->value);
    kc_index_key_encode(&key, &out->key);
    kc_index_chunk_encode(chunk, &out->value);
    out->partition = partition;
}

/* False: nothing is left. */
static bool take(struct kc_offset_index_writer *writer, struct handout *out)
{
    pthread_mutex_lock(&writer->mutex);
    struct kc_index_partition *partition = writer->known ? TAILQ_FIRST(&writer->changed) : NULL;
    if (partition) {
        encode_next(writer, partition, out);
        if (partition->full_count) {
            drop_full(partition, 1);
        } else {
            TAILQ_REMOVE(&writer->changed, partition, link);
            partition->changed = false;
        }
    }
    pthread_mutex_unlock(&writer->mutex);
    return partition != NULL;
}

void kc_offset_index_writer_flush(struct kc_offset_index_writer *writer)
{
    struct handout out = {0};
    bool sent = true;
    while (sent && take(writer, &out)) {
        sent = writer->send(writer->arg, out.partition, &out.key, &out.value);
        if (!sent)
            kc_offset_index_writer_lost(writer, out.partition);
    }
    kc_str_destroy(&out.key);
    kc_str_destroy(&out.value);
}

size_t kc_offset_index_writer_again(struct kc_offset_index_writer *writer)
{
    struct kc_index_partition *partition;
    size_t count = 0;
    pthread_mutex_lock(&writer->mutex);
    TAILQ_FOREACH (partition, &writer->all, all) {
        if (partition->chunk.count == 0 && partition->full_count == 0)
            continue;
        mark(writer, partition);
        count++;
    }
    pthread_mutex_unlock(&writer->mutex);
    return count;
}

void kc_offset_index_writer_lost(struct kc_offset_index_writer *writer,
                                 struct kc_index_partition *partition)
{
    pthread_mutex_lock(&writer->mutex);
    mark(writer, partition);
    pthread_mutex_unlock(&writer->mutex);
}
