/* SPDX-License-Identifier: Apache-2.0 */
/* Producers and their last batches, see copy_flips_priv.h. */
#include "link/copy_flips_priv.h"

#include "connect/hash.h"

#include <utlist.h>

enum {
    PRODUCERS_MOST = 1000, /* of a partition; the one that wrote longest ago goes first */
};

struct flip_producer {
    int64_t id;
    int16_t epoch;
    int64_t seen_ms;
    struct kc_link_flip_batch batches[KC_LINK_FLIP_BATCHES];
    size_t count;
    struct flip_producer *prev, *next; /* the one that wrote last is last */
    UT_hash_handle hh;
};

struct link_flips {
    struct flip_producer *by_id;
    struct flip_producer *by_time;
};

struct link_flips *link_flips_new(void)
{
    return kc_calloc(1, sizeof(struct link_flips));
}

static void forget(struct link_flips *flips, struct flip_producer *producer)
{
    HASH_DEL(flips->by_id, producer);
    DL_DELETE(flips->by_time, producer);
    free(producer);
}

void link_flips_free(struct link_flips *flips)
{
    struct flip_producer *producer, *next;
    if (!flips)
        return;
    HASH_CLEAR(hh, flips->by_id);
    DL_FOREACH_SAFE (flips->by_time, producer, next)
        free(producer);
    free(flips);
}

static struct flip_producer *look_up(const struct link_flips *flips, int64_t id)
{
    struct flip_producer *producer;
    HASH_FIND(hh, flips->by_id, &id, sizeof(id), producer);
    return producer;
}

static struct flip_producer *find(struct link_flips *flips, int64_t id)
{
    struct flip_producer *producer = look_up(flips, id);
    if (producer) {
        DL_DELETE(flips->by_time, producer);
    } else {
        if (HASH_COUNT(flips->by_id) >= PRODUCERS_MOST)
            forget(flips, flips->by_time);
        producer = kc_calloc(1, sizeof(*producer));
        producer->id = id;
        HASH_ADD(hh, flips->by_id, id, sizeof(producer->id), producer);
    }
    DL_APPEND(flips->by_time, producer);
    return producer;
}

static void add(struct link_flips *flips, int64_t id, int16_t epoch,
                struct kc_link_flip_batch batch, int64_t now_ms)
{
    struct flip_producer *producer = find(flips, id);
    if (producer->epoch != epoch)
        producer->count = 0;
    producer->epoch = epoch;
    producer->seen_ms = now_ms;
    if (producer->count == KC_LINK_FLIP_BATCHES) {
        producer->count--;
        for (size_t i = 0; i < producer->count; i++)
            producer->batches[i] = producer->batches[i + 1];
    }
    producer->batches[producer->count++] = batch;
}

void link_flips_note(struct link_flips *flips, const struct kc_record_batch *batch, int64_t now_ms)
{
    if (batch->producer_id < 0 || batch->base_sequence < 0 || kc_record_batch_control(batch))
        return;
    const struct kc_link_flip_batch noted = {
        batch->base_sequence, kc_sequence_after(batch->base_sequence, batch->last_offset_delta),
        batch->base_offset};
    add(flips, batch->producer_id, batch->producer_epoch, noted, now_ms);
}

/* ---- producers that the source's leader knows ---- */

/* Whoever wrote last is first, because there isn't room for any number of them. */
static int by_age(const void *a, const void *b)
{
    const struct kc_partition_producer *x = a, *y = b;
    return (x->last_timestamp < y->last_timestamp) - (x->last_timestamp > y->last_timestamp);
}

static bool is_noted(const struct flip_producer *known, const struct kc_partition_producer *told)
{
    return known && known->epoch == told->producer_epoch && known->count > 0 &&
           known->batches[known->count - 1].last == told->last_sequence;
}

/* No batch is like the one that stands for all: it would have 2^31 records. So each one up to the
 * last sequence is an old one, whose offset isn't known, and the next one is the one that follows.
 */
static void learn(struct link_flips *flips, const struct kc_partition_producer *told, int64_t end,
                  int64_t now_ms)
{
    const struct flip_producer *known = look_up(flips, told->producer_id);
    if (told->last_sequence < 0 || is_noted(known, told) ||
        (!known && HASH_COUNT(flips->by_id) >= PRODUCERS_MOST))
        return;
    const struct kc_link_flip_batch all = {kc_sequence_after(told->last_sequence, 1),
                                           told->last_sequence, end};
    add(flips, told->producer_id, (int16_t)told->producer_epoch, all, now_ms);
}

void link_flips_learn(struct link_flips *flips, const struct kc_partition_producer *producers,
                      size_t count, int64_t end, int64_t now_ms)
{
    struct kc_partition_producer *sorted =
        count ? kc_memdup(producers, count * sizeof(*producers)) : NULL;
    if (count)
        qsort(sorted, count, sizeof(*sorted), by_age);
    for (size_t i = 0; i < count; i++)
        learn(flips, &sorted[i], end, now_ms);
    free(sorted);
}

static int by_id(const void *a, const void *b)
{
    const struct kc_link_flip_producer *x = a, *y = b;
    return (x->id > y->id) - (x->id < y->id);
}

static void list_producers(const struct link_flips *flips, int64_t since_ms,
                           struct kc_link_flip *flip)
{
    struct flip_producer *producer;
    DL_FOREACH (flips->by_time, producer) {
        if (producer->seen_ms < since_ms)
            continue;
        flip->producers[flip->producer_count++] = (struct kc_link_flip_producer){
            producer->id, producer->epoch, producer->batches, producer->count};
    }
    qsort(flip->producers, flip->producer_count, sizeof(*flip->producers), by_id);
}

/* Gives producers batches of their own, with the target's offsets; the caller's. */
static struct kc_link_flip_batch *translate(struct kc_link_flip *flip, const struct link_map *map)
{
    struct kc_link_flip_batch *batches =
        kc_calloc(flip->producer_count * KC_LINK_FLIP_BATCHES + 1, sizeof(*batches));
    for (size_t i = 0; i < flip->producer_count; i++) {
        struct kc_link_flip_producer *producer = &flip->producers[i];
        struct kc_link_flip_batch *own = &batches[i * KC_LINK_FLIP_BATCHES];
        for (size_t k = 0; k < producer->batch_count; k++) {
            own[k] = producer->batches[k];
            own[k].offset = link_map_target(map, own[k].offset);
        }
        producer->batches = own;
    }
    return batches;
}

json_t *link_flips_json(const struct link_flips *flips, int32_t partition,
                        const struct link_map *map, int64_t end, int64_t since_ms)
{
    struct kc_link_flip flip = {.partition = partition, .end = end};
    flip.producers = kc_calloc(HASH_COUNT(flips->by_id) + 1, sizeof(*flip.producers));
    list_producers(flips, since_ms, &flip);
    struct kc_link_flip_batch *batches = map ? translate(&flip, map) : NULL;
    json_t *json = flip.producer_count ? kc_link_flip_json(&flip) : NULL;
    free(batches);
    free(flip.producers);
    return json;
}
