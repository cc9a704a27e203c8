/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the offset index tells the truth, before anybody goes on by it: the last record that was
 * copied must be the source's record at the offset that the index has for it. An index that has
 * lost its end would make the link go on too early. On a lane's thread.
 *
 * A record that one side no longer has proves nothing.
 */
#include "connect/log.h"
#include "link/copy_priv.h"

#include <isa-l/crc.h>
#include <stdlib.h>
#include <string.h>

static struct kc_logger log = KC_LOGGER("org.isthmus.link.copy");

enum { WITNESS_MS = 10000 /* for the records of one side */ };

/* A record that is looked for, and what came of it. */
struct witness {
    struct copy_item *item;
    const char *topic;
    int64_t offset;
    bool answered;
    bool found;
    bool gone; /* the log begins behind it */
    uint32_t sum;
};

/* ---- reading ---- */

static uint32_t add_bytes(uint32_t sum, const struct kc_bytes *bytes)
{
    sum = crc32_iscsi((unsigned char *)&bytes->len, (int)sizeof(bytes->len), sum);
    return bytes->len > 0 ? crc32_iscsi((unsigned char *)(uintptr_t)bytes->data, bytes->len, sum)
                          : sum;
}

static uint32_t sum_of(const struct kc_plain_record *record)
{
    int64_t timestamp = record->timestamp;
    uint32_t sum = crc32_iscsi((unsigned char *)&timestamp, (int)sizeof(timestamp), 0);
    return add_bytes(add_bytes(sum, &record->key), &record->value);
}

static void look_into(struct witness *witness, const struct kc_record_batch *batch)
{
    struct kc_record_walk *walk = NULL;
    struct kc_plain_record record;
    const char *why = kc_record_walk_begin(batch, KC_RECORDS_LIMIT, &walk);
    while (!why && !witness->found && kc_record_walk_next(walk, &record, &why)) {
        witness->found = record.offset == witness->offset;
        if (witness->found)
            witness->sum = sum_of(&record);
    }
    kc_record_walk_end(walk);
    witness->answered = !why;
}

static void take_chunk(struct witness *witness, const struct kc_fetched *chunk)
{
    struct kc_record_batch batch;
    const char *why = NULL;
    witness->gone = chunk->log_start_offset > witness->offset;
    for (size_t at = 0; !witness->gone && at < chunk->len; at += batch.size) {
        if (kc_record_batch_parse(chunk->data + at, chunk->len - at, &batch, &why) != KC_BATCH_OK)
            return;
        if (kc_record_batch_last_offset(&batch) < witness->offset)
            continue;
        witness->answered = true;
        if (batch.base_offset <= witness->offset && !kc_record_batch_control(&batch))
            look_into(witness, &batch);
        return;
    }
}

static int by_place(const void *a, const void *b)
{
    const struct witness *x = a, *y = b;
    int order = strcmp(x->topic, y->topic);
    return order ? order
                 : (x->item->partition > y->item->partition) -
                       (x->item->partition < y->item->partition);
}

static struct witness *find(struct witness *witnesses, size_t count, const struct kc_fetched *chunk)
{
    struct copy_item item = {.partition = chunk->partition};
    const struct witness wanted = {.item = &item, .topic = chunk->topic};
    return bsearch(&wanted, witnesses, count, sizeof(wanted), by_place);
}

static void read_all(struct kc_fetcher *fetcher, struct witness *witnesses, size_t count)
{
    int64_t deadline = kc_mono_ms() + WITNESS_MS;
    size_t left = count;
    for (size_t i = 0; i < count; i++)
        kc_fetcher_add(fetcher, witnesses[i].topic, witnesses[i].item->partition,
                       witnesses[i].offset, -1);
    while (left > 0 && kc_mono_ms() < deadline) {
        struct kc_fetched *chunk = kc_fetcher_next(fetcher, deadline);
        struct witness *witness = chunk ? find(witnesses, count, chunk) : NULL;
        if (witness && kc_fetcher_position(fetcher, witness->topic, chunk->partition) >= 0) {
            if (chunk->kind == KC_FETCHED_DATA)
                take_chunk(witness, chunk);
            kc_fetcher_remove(fetcher, witness->topic, chunk->partition);
            left--;
        }
        kc_fetched_release(chunk);
    }
}

/* ---- both sides ---- */

/* The record before the log's end; false: there is none to ask about. */
static bool choose(struct copy_item *item, struct witness *there, struct witness *here)
{
    int64_t last = item->position.records - 1, from = link_map_source(&item->map, last);
    if (!item->wants_map || item->source_error || item->target_error || item->diverged ||
        item->finding != COPY_FOUND || last < item->target_start || from < item->source_start ||
        from >= item->source_high)
        return false;
    *there = (struct witness){.item = item, .topic = item->source, .offset = from};
    *here = (struct witness){.item = item, .topic = item->topic, .offset = last};
    return true;
}

/* Cleaning removes records on either side. */
static void judge(const struct witness *there, const struct witness *here)
{
    struct copy_item *item = there->item;
    if (!there->answered || there->gone || !here->answered || !here->found)
        return;
    if (there->found ? there->sum == here->sum : item->compact)
        return;
    item->diverged = kc_asprintf(
        "topic %s says that offset %lld of partition %d is offset %lld of the source, but the "
        "records differ: records of that topic were deleted or changed, or the source's log was "
        "cut "
        "off. Delete the mirror topic and create it anew",
        LINK_INDEX_TOPIC, (long long)here->offset, item->partition, (long long)there->offset);
}

static struct kc_error *read_side(struct link_copy *copy, enum link_side side,
                                  struct witness *witnesses, size_t count)
{
    struct kc_fetcher *fetcher = NULL;
    struct kc_error *err = link_reader_open(copy, side, "witness", &fetcher);
    qsort(witnesses, count, sizeof(*witnesses), by_place);
    if (!err)
        read_all(fetcher, witnesses, count);
    kc_fetcher_close(fetcher);
    return err;
}

static int by_item(const void *a, const void *b)
{
    const struct witness *x = a, *y = b;
    return (x->item > y->item) - (x->item < y->item);
}

void link_witness_run(struct link_copy *copy, struct copy_job *job)
{
    struct witness *there = kc_calloc(job->count + 1, sizeof(*there));
    struct witness *here = kc_calloc(job->count + 1, sizeof(*here));
    size_t count = 0;
    for (size_t i = 0; i < job->count; i++)
        count += choose(&job->items[i], &there[count], &here[count]);
    struct kc_error *err = count ? read_side(copy, LINK_SOURCE, there, count) : NULL;
    if (!err && count)
        err = read_side(copy, LINK_TARGET, here, count);
    qsort(there, count, sizeof(*there), by_item);
    qsort(here, count, sizeof(*here), by_item);
    for (size_t i = 0; !err && i < count; i++)
        judge(&there[i], &here[i]);
    if (err)
        kc_warn("%s: the offset index isn't compared with what was copied: %s", copy->config->name,
                kc_error_text(err));
    kc_error_destroy(err);
    free(there);
    free(here);
}
