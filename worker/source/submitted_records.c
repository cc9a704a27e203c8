/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Submitted records: see submitted_records_priv.h for the roles.
 *
 * A queue is a list of chunks of slots with one writer (the task's thread) and one reader (the
 * acknowledgement thread); `pushed` is the border between them. A slot stays where it is, so that
 * its address can travel with the message through librdkafka. A partition's newest committable
 * offset is published under a lock, once per run of records.
 */
#include "source/submitted_records_priv.h"

#include "connect/hash.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* A new chunk has as many slots as records are under way. So a partition with few records takes
 * little memory, and there may be a hundred thousand of these. */
enum { LEAST_SLOTS = 2, MOST_SLOTS = 64, CACHE_SIZE = 64 };

/* The most partitions per flush, because during it their offsets are in memory several times. */
enum { FLUSH_MOST = 10000 };

struct queue;

struct kc_slot {
    const struct kc_record *record;
    struct kc_flight *flight;
    struct queue *queue;
    struct kc_record_metadata metadata;
    atomic_uchar state;
};

struct slot_chunk {
    struct slot_chunk *next; /* set before `pushed` passes this chunk's end */
    size_t size;
    struct kc_slot slots[];
};

struct queue {
    struct kc_source_partition *partition;
    struct kc_submitted *owner;
    UT_hash_handle hh;
    /* The task's thread. */
    struct slot_chunk *tail;
    size_t tail_used;
    atomic_size_t pushed;
    /* The acknowledgement thread. */
    struct slot_chunk *head;
    size_t head_used;
    atomic_size_t popped; /* the task's thread looks */
    struct queue *next_touched;
    bool touched;
    /* With the owner's mutex. */
    struct kc_source_offset newest;
    bool dirty;
    struct kc_source_offset flushing; /* while it is in a flush */
};

struct kc_flight {
    struct kc_batch *batch;
    size_t left;   /* records that haven't left their queues; of the acknowledgement thread */
    size_t pushed; /* the task's thread */
};

struct kc_submitted {
    kc_record_done done;
    void *opaque;
    struct queue *queues; /* by address of the source partition; changed with mutex */
    struct queue *cache[CACHE_SIZE];
    atomic_uint_fast64_t pushed;
    atomic_uint_fast64_t finished;
    atomic_bool sweep; /* a slot got its outcome on another thread, so look at all queues */
    struct queue *touched;
    pthread_mutex_t mutex;
    /* The flush under way. */
    struct kc_offset_write *writes;
    struct queue **flushed; /* whose they are */
    size_t write_count;
    struct queue *flush_next; /* where the next flush continues; NULL: at the first queue */
};

struct kc_submitted *kc_submitted_new(kc_record_done done, void *opaque)
{
    struct kc_submitted *submitted = kc_calloc(1, sizeof(*submitted));
    submitted->done = done;
    submitted->opaque = opaque;
    pthread_mutex_init(&submitted->mutex, NULL);
    return submitted;
}

/* ---- offsets as values ---- */

static void offset_hold(struct kc_source_offset *to, const struct kc_source_offset *from)
{
    *to = *from;
    json_incref(to->map);
}

static void offset_release(struct kc_source_offset *offset)
{
    json_decref(offset->map);
    *offset = (struct kc_source_offset){0};
}

static json_t *offset_json(const struct kc_source_offset *offset)
{
    if (!offset->field)
        return json_incref(offset->map);
    return json_pack("{s:I}", offset->field, (json_int_t)offset->number);
}

/* ---- queues ---- */

static struct slot_chunk *chunk_new(size_t size)
{
    struct slot_chunk *chunk = kc_malloc(sizeof(*chunk) + size * sizeof(chunk->slots[0]));
    chunk->next = NULL;
    chunk->size = size;
    return chunk;
}

static size_t popped_of(const struct queue *queue)
{
    return atomic_load_explicit(&queue->popped, memory_order_relaxed);
}

/* The task's thread. */
static void add_chunk(struct queue *queue)
{
    size_t pushed = atomic_load_explicit(&queue->pushed, memory_order_relaxed);
    size_t under_way = pushed - popped_of(queue);
    size_t size = under_way < LEAST_SLOTS ? LEAST_SLOTS : under_way;
    struct slot_chunk *chunk = chunk_new(size < MOST_SLOTS ? size : MOST_SLOTS);
    queue->tail->next = chunk;
    queue->tail = chunk;
    queue->tail_used = 0;
}

static struct queue *make_queue(struct kc_submitted *submitted,
                                struct kc_source_partition *partition)
{
    struct queue *queue = kc_calloc(1, sizeof(*queue));
    queue->partition = kc_source_partition_ref(partition);
    queue->owner = submitted;
    queue->head = queue->tail = chunk_new(LEAST_SLOTS);
    pthread_mutex_lock(&submitted->mutex);
    HASH_ADD_PTR(submitted->queues, partition, queue);
    pthread_mutex_unlock(&submitted->mutex);
    return queue;
}

static struct queue *find_queue(struct kc_submitted *submitted,
                                struct kc_source_partition *partition)
{
    struct queue **cached =
        &submitted->cache[((uintptr_t)partition >> 4 ^ (uintptr_t)partition >> 10) % CACHE_SIZE];
    if (*cached && (*cached)->partition == partition)
        return *cached;
    struct queue *queue = NULL;
    HASH_FIND_PTR(submitted->queues, &partition, queue);
    if (!queue)
        queue = make_queue(submitted, partition);
    *cached = queue;
    return queue;
}

struct kc_flight *kc_submitted_begin(struct kc_submitted *submitted, struct kc_batch *batch)
{
    (void)submitted;
    struct kc_flight *flight = kc_calloc(1, sizeof(*flight));
    flight->batch = batch;
    flight->left = kc_batch_count(batch);
    return flight;
}

static void flight_end(struct kc_flight *flight)
{
    kc_batch_unref(flight->batch);
    free(flight);
}

struct kc_slot *kc_submitted_push(struct kc_submitted *submitted, struct kc_flight *flight,
                                  const struct kc_record *record, enum kc_slot_state state)
{
    struct queue *queue = find_queue(submitted, record->source_partition);
    if (queue->tail_used == queue->tail->size)
        add_chunk(queue);
    struct kc_slot *slot = &queue->tail->slots[queue->tail_used++];
    slot->record = record;
    slot->flight = flight;
    slot->queue = queue;
    atomic_init(&slot->state, (unsigned char)state);
    flight->pushed++;
    uint64_t total = atomic_load_explicit(&submitted->pushed, memory_order_relaxed);
    atomic_store_explicit(&submitted->pushed, total + 1, memory_order_relaxed);
    size_t pushed = atomic_load_explicit(&queue->pushed, memory_order_relaxed);
    atomic_store_explicit(&queue->pushed, pushed + 1, memory_order_release);
    if (state != KC_SLOT_SENT)
        atomic_store_explicit(&submitted->sweep, true, memory_order_release);
    return slot;
}

uint64_t kc_submitted_pending(const struct kc_submitted *submitted)
{
    uint64_t finished = atomic_load(&submitted->finished);
    return atomic_load(&submitted->pushed) - finished;
}

/* ---- outcomes ---- */

const struct kc_record *kc_slot_record(const struct kc_slot *slot)
{
    return slot->record;
}

static void settle(struct kc_slot *slot, enum kc_slot_state state)
{
    struct queue *queue = slot->queue;
    atomic_store_explicit(&slot->state, (unsigned char)state, memory_order_release);
    if (!queue->touched) {
        queue->touched = true;
        queue->next_touched = queue->owner->touched;
        queue->owner->touched = queue;
    }
}

void kc_slot_ack(struct kc_slot *slot, int64_t offset, int32_t partition, int64_t timestamp)
{
    slot->metadata = (struct kc_record_metadata){offset, partition, timestamp};
    settle(slot, KC_SLOT_ACKED);
}

void kc_slot_drop(struct kc_slot *slot)
{
    settle(slot, KC_SLOT_DROPPED);
}

void kc_slot_skip(struct kc_submitted *submitted, struct kc_slot *slot)
{
    atomic_store_explicit(&slot->state, KC_SLOT_SKIPPED, memory_order_release);
    atomic_store_explicit(&submitted->sweep, true, memory_order_release);
}

void kc_slot_retract(struct kc_submitted *submitted, struct kc_slot *slot)
{
    atomic_store_explicit(&slot->state, KC_SLOT_DROPPED, memory_order_release);
    atomic_store_explicit(&submitted->sweep, true, memory_order_release);
}

static void finish(struct kc_submitted *submitted, struct kc_slot *slot, enum kc_slot_state state)
{
    submitted->done(submitted->opaque, slot->record,
                    state == KC_SLOT_ACKED ? &slot->metadata : NULL);
    struct kc_flight *flight = slot->flight;
    if (--flight->left == 0)
        flight_end(flight);
}

static void publish(struct queue *queue, struct kc_source_offset *newest)
{
    pthread_mutex_lock(&queue->owner->mutex);
    struct kc_source_offset former = queue->newest;
    queue->newest = *newest;
    queue->dirty = true;
    pthread_mutex_unlock(&queue->owner->mutex);
    offset_release(&former);
}

/* The first slot if it has an outcome; otherwise NULL. */
static struct kc_slot *settled_head(struct queue *queue, size_t pushed, enum kc_slot_state *state)
{
    if (popped_of(queue) == pushed)
        return NULL;
    if (queue->head_used == queue->head->size) {
        struct slot_chunk *done = queue->head;
        queue->head = done->next;
        queue->head_used = 0;
        free(done);
    }
    struct kc_slot *slot = &queue->head->slots[queue->head_used];
    *state = atomic_load_explicit(&slot->state, memory_order_acquire);
    return *state == KC_SLOT_SENT ? NULL : slot;
}

static void advance(struct kc_submitted *submitted, struct queue *queue)
{
    size_t pushed = atomic_load_explicit(&queue->pushed, memory_order_acquire);
    struct kc_source_offset newest = {0};
    bool advanced = false;
    size_t before = popped_of(queue);
    enum kc_slot_state state;
    struct kc_slot *slot;
    while ((slot = settled_head(queue, pushed, &state))) {
        if (state != KC_SLOT_DROPPED) {
            /* The record may be freed with its batch, so its map is held. */
            offset_release(&newest);
            offset_hold(&newest, &slot->record->source_offset);
            advanced = true;
        }
        finish(submitted, slot, state);
        queue->head_used++;
        atomic_store_explicit(&queue->popped, popped_of(queue) + 1, memory_order_relaxed);
    }
    if (advanced)
        publish(queue, &newest);
    if (popped_of(queue) != before)
        atomic_fetch_add(&submitted->finished, popped_of(queue) - before);
}

void kc_submitted_advance(struct kc_submitted *submitted)
{
    bool all = atomic_load_explicit(&submitted->sweep, memory_order_relaxed) &&
               atomic_exchange_explicit(&submitted->sweep, false, memory_order_acquire);
    struct queue *queue = submitted->touched;
    submitted->touched = NULL;
    while (queue) {
        struct queue *next = queue->next_touched;
        queue->touched = false;
        advance(submitted, queue);
        queue = next;
    }
    if (!all)
        return;
    pthread_mutex_lock(&submitted->mutex);
    queue = submitted->queues;
    pthread_mutex_unlock(&submitted->mutex);
    while (queue) {
        advance(submitted, queue);
        pthread_mutex_lock(&submitted->mutex);
        queue = queue->hh.next;
        pthread_mutex_unlock(&submitted->mutex);
    }
}

/* ---- flushing offsets ---- */

/* Partitions with the same offset share its JSON, for example all of a checkpoint task's. */
static json_t *write_json(const struct kc_submitted *submitted, const struct queue *queue)
{
    const struct kc_source_offset *offset = &queue->flushing;
    size_t count = submitted->write_count;
    const struct kc_source_offset *last = count ? &submitted->flushed[count - 1]->flushing : NULL;
    bool same =
        last && offset->field && offset->field == last->field && offset->number == last->number;
    return same ? json_incref(submitted->writes[count - 1].offset) : offset_json(offset);
}

static void snapshot(struct kc_submitted *submitted, struct queue *queue)
{
    queue->flushing = queue->newest;
    queue->newest = (struct kc_source_offset){0};
    queue->dirty = false;
    json_t *offset = write_json(submitted, queue);
    submitted->writes[submitted->write_count] =
        (struct kc_offset_write){json_incref(kc_source_partition_map(queue->partition)), offset};
    submitted->flushed[submitted->write_count++] = queue;
}

/* How many are dirty from queue on, up to the most. */
static size_t count_dirty(const struct queue *queue)
{
    size_t dirty = 0;
    for (; queue && dirty < FLUSH_MOST; queue = queue->hh.next)
        dirty += queue->dirty;
    return dirty;
}

size_t kc_submitted_begin_flush(struct kc_submitted *submitted,
                                const struct kc_offset_write **writes)
{
    pthread_mutex_lock(&submitted->mutex);
    struct queue *queue = submitted->flush_next ? submitted->flush_next : submitted->queues;
    size_t dirty = count_dirty(queue);
    if (dirty) {
        submitted->writes = kc_calloc(dirty, sizeof(*submitted->writes));
        submitted->flushed = kc_calloc(dirty, sizeof(struct queue *));
    }
    for (; queue && submitted->write_count < dirty; queue = queue->hh.next)
        if (queue->dirty)
            snapshot(submitted, queue);
    submitted->flush_next = dirty == FLUSH_MOST ? queue : NULL;
    pthread_mutex_unlock(&submitted->mutex);
    *writes = submitted->writes;
    return dirty;
}

bool kc_submitted_flush_goes_on(const struct kc_submitted *submitted)
{
    return submitted->flush_next != NULL;
}

static void settle_flush(struct queue *queue, bool succeeded)
{
    if (succeeded || queue->dirty) {
        offset_release(&queue->flushing);
        return;
    }
    queue->newest = queue->flushing;
    queue->flushing = (struct kc_source_offset){0};
    queue->dirty = true;
}

void kc_submitted_end_flush(struct kc_submitted *submitted, bool succeeded)
{
    pthread_mutex_lock(&submitted->mutex);
    for (size_t i = 0; i < submitted->write_count; i++)
        settle_flush(submitted->flushed[i], succeeded);
    if (!succeeded)
        submitted->flush_next = NULL;
    pthread_mutex_unlock(&submitted->mutex);
    for (size_t i = 0; i < submitted->write_count; i++) {
        json_decref(submitted->writes[i].partition);
        json_decref(submitted->writes[i].offset);
    }
    free(submitted->writes);
    free(submitted->flushed);
    submitted->writes = NULL;
    submitted->flushed = NULL;
    submitted->write_count = 0;
}

/* ---- the end ---- */

void kc_submitted_abandon(struct kc_submitted *submitted, struct kc_flight *flight)
{
    (void)submitted;
    size_t unpushed = kc_batch_count(flight->batch) - flight->pushed;
    flight->left -= unpushed;
    if (flight->left == 0)
        flight_end(flight);
}

static void destroy_queue(struct queue *queue)
{
    size_t left = atomic_load(&queue->pushed) - popped_of(queue);
    while (left--) {
        if (queue->head_used == queue->head->size) {
            struct slot_chunk *done = queue->head;
            queue->head = done->next;
            queue->head_used = 0;
            free(done);
        }
        struct kc_flight *flight = queue->head->slots[queue->head_used++].flight;
        if (--flight->left == 0)
            flight_end(flight);
    }
    free(queue->head);
    offset_release(&queue->newest);
    offset_release(&queue->flushing);
    kc_source_partition_unref(queue->partition);
    free(queue);
}

void kc_submitted_destroy(struct kc_submitted *submitted)
{
    if (!submitted)
        return;
    kc_submitted_end_flush(submitted, false);
    struct queue *queue, *next;
    HASH_ITER (hh, submitted->queues, queue, next) {
        HASH_DEL(submitted->queues, queue);
        destroy_queue(queue);
    }
    pthread_mutex_destroy(&submitted->mutex);
    free(submitted);
}
