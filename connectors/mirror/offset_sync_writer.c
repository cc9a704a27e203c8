/* SPDX-License-Identifier: Apache-2.0 */
/* Queues of offset syncs, see offset_sync_writer.h. */
#include "mirror/offset_sync_writer.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

TAILQ_HEAD(partition_queue, kc_sync_partition);

struct kc_offset_sync_writer {
    pthread_mutex_t order; /* held from taking a sync until it is sent; before `mutex` */
    pthread_mutex_t mutex;
    int64_t max_lag;
    kc_offset_sync_send send;
    void *arg;
    struct partition_queue pending;
    struct partition_queue delayed;
    size_t pending_count;
    size_t outstanding;
};

struct kc_offset_sync_writer *kc_offset_sync_writer_new(int64_t max_lag, kc_offset_sync_send send,
                                                        void *arg)
{
    struct kc_offset_sync_writer *writer = kc_calloc(1, sizeof(*writer));
    pthread_mutex_init(&writer->order, NULL);
    pthread_mutex_init(&writer->mutex, NULL);
    writer->max_lag = max_lag;
    writer->send = send;
    writer->arg = arg;
    TAILQ_INIT(&writer->pending);
    TAILQ_INIT(&writer->delayed);
    return writer;
}

void kc_offset_sync_writer_destroy(struct kc_offset_sync_writer *writer)
{
    if (!writer)
        return;
    pthread_mutex_destroy(&writer->mutex);
    pthread_mutex_destroy(&writer->order);
    free(writer);
}

void kc_sync_partition_init(struct kc_sync_partition *partition, char *topic, int32_t number)
{
    *partition = (struct kc_sync_partition){
        .topic = topic,
        .partition = number,
        .previous_upstream = -1,
        .previous_downstream = -1,
        .last_sync_downstream = -1,
    };
}

static void undelay(struct kc_offset_sync_writer *writer, struct kc_sync_partition *partition)
{
    if (partition->delayed)
        TAILQ_REMOVE(&writer->delayed, partition, delayed_link);
    partition->delayed = false;
}

/* The newest sync of a partition replaces the last waiting one, unless that must be kept. */
static void enqueue(struct kc_offset_sync_writer *writer, struct kc_sync_partition *partition,
                    int64_t upstream, int64_t downstream)
{
    bool kept = !partition->synced || downstream - upstream != partition->difference;
    partition->synced = true;
    partition->difference = downstream - upstream;
    if (partition->waiting_count == 0)
        TAILQ_INSERT_TAIL(&writer->pending, partition, pending_link);
    struct kc_waiting_sync *last =
        partition->waiting_count ? &partition->waiting[partition->waiting_count - 1] : NULL;
    if (!last || (last->kept && partition->waiting_count < KC_MAX_WAITING_SYNCS)) {
        last = &partition->waiting[partition->waiting_count++];
        writer->pending_count++;
    }
    *last = (struct kc_waiting_sync){upstream, downstream, kept};
}

static void delay(struct kc_offset_sync_writer *writer, struct kc_sync_partition *partition,
                  int64_t upstream, int64_t downstream)
{
    partition->delayed_upstream = upstream;
    partition->delayed_downstream = downstream;
    if (!partition->delayed)
        TAILQ_INSERT_TAIL(&writer->delayed, partition, delayed_link);
    partition->delayed = true;
}

/* Whether the last sync is too old for this record; remembers the record. */
static bool needs_sync(struct kc_sync_partition *partition, int64_t max_lag, int64_t upstream,
                       int64_t downstream)
{
    bool first = partition->last_sync_downstream == -1;
    bool stale = downstream - (partition->last_sync_downstream + 1) >= max_lag;
    bool skipped = upstream - partition->previous_upstream != 1;
    bool truncated = downstream < partition->previous_downstream;
    bool needed = first || stale || skipped || truncated;
    if (needed)
        partition->last_sync_downstream = downstream;
    partition->previous_upstream = upstream;
    partition->previous_downstream = downstream;
    return needed;
}

void kc_offset_sync_writer_update(struct kc_offset_sync_writer *writer,
                                  struct kc_sync_partition *partition, int64_t upstream,
                                  int64_t downstream)
{
    pthread_mutex_lock(&writer->mutex);
    if (needs_sync(partition, writer->max_lag, upstream, downstream)) {
        undelay(writer, partition);
        enqueue(writer, partition, upstream, downstream);
    } else {
        delay(writer, partition, upstream, downstream);
    }
    bool waiting = writer->pending_count > 0 && writer->outstanding < KC_MAX_OUTSTANDING_SYNCS;
    pthread_mutex_unlock(&writer->mutex);
    if (waiting)
        kc_offset_sync_writer_fire(writer);
}

void kc_offset_sync_writer_update_run(struct kc_offset_sync_writer *writer,
                                      struct kc_sync_partition *partition, int64_t upstream,
                                      int64_t downstream, int32_t count)
{
    kc_offset_sync_writer_update(writer, partition, upstream, downstream);
    if (count < 2)
        return;
    pthread_mutex_lock(&writer->mutex);
    /* The last but one: it has the same difference as the first. */
    partition->previous_upstream = upstream + count - 2;
    partition->previous_downstream = downstream + count - 2;
    pthread_mutex_unlock(&writer->mutex);
    kc_offset_sync_writer_update(writer, partition, upstream + count - 1, downstream + count - 1);
}

void kc_offset_sync_writer_promote(struct kc_offset_sync_writer *writer)
{
    struct kc_sync_partition *partition;
    pthread_mutex_lock(&writer->mutex);
    while ((partition = TAILQ_FIRST(&writer->delayed))) {
        undelay(writer, partition);
        enqueue(writer, partition, partition->delayed_upstream, partition->delayed_downstream);
    }
    pthread_mutex_unlock(&writer->mutex);
}

/* Takes the next sync that may be sent, and a place among those under way. Partitions take
 * turns. */
static bool take(struct kc_offset_sync_writer *writer, struct kc_offset_sync *sync)
{
    pthread_mutex_lock(&writer->mutex);
    struct kc_sync_partition *partition = TAILQ_FIRST(&writer->pending);
    bool may = partition && writer->outstanding < KC_MAX_OUTSTANDING_SYNCS;
    if (may) {
        *sync = (struct kc_offset_sync){partition->topic, partition->partition,
                                        partition->waiting[0].upstream,
                                        partition->waiting[0].downstream};
        partition->waiting_count--;
        memmove(partition->waiting, partition->waiting + 1,
                partition->waiting_count * sizeof(partition->waiting[0]));
        TAILQ_REMOVE(&writer->pending, partition, pending_link);
        if (partition->waiting_count)
            TAILQ_INSERT_TAIL(&writer->pending, partition, pending_link);
        writer->pending_count--;
        writer->outstanding++;
    }
    pthread_mutex_unlock(&writer->mutex);
    return may;
}

/* A reader of the topic reads an older sync behind a newer one as a rewind, and forgets all before.
 */
void kc_offset_sync_writer_fire(struct kc_offset_sync_writer *writer)
{
    struct kc_offset_sync sync;
    pthread_mutex_lock(&writer->order);
    while (take(writer, &sync))
        if (!writer->send(writer->arg, &sync))
            kc_offset_sync_writer_sent(writer);
    pthread_mutex_unlock(&writer->order);
}

void kc_offset_sync_writer_sent(struct kc_offset_sync_writer *writer)
{
    pthread_mutex_lock(&writer->mutex);
    writer->outstanding--;
    pthread_mutex_unlock(&writer->mutex);
}

size_t kc_offset_sync_writer_waiting(struct kc_offset_sync_writer *writer)
{
    pthread_mutex_lock(&writer->mutex);
    size_t waiting = writer->pending_count + writer->outstanding;
    pthread_mutex_unlock(&writer->mutex);
    return waiting;
}
