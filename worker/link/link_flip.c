/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flip tables: what the target's partition can't know of producers that wrote at the source.
 *
 * A look-up answers as the source's broker would have (ProducerStateEntry, ProducerAppendInfo): the
 * last five batches of the newest epoch are told from new ones by their sequences, which count on
 * modulo 2^31. Pure functions, any thread.
 */
#include "link/link_fields_priv.h"

#include <stdlib.h>
#include <string.h>

static const struct kc_link_field flip_batch_fields[] = {
    KC_LINK_NUMBER(kc_link_flip_batch, first, INT32, 0, INT32_MAX),
    KC_LINK_NUMBER(kc_link_flip_batch, last, INT32, 0, INT32_MAX),
    KC_LINK_COUNT(kc_link_flip_batch, offset),
};
static const struct kc_link_layout flip_batch =
    KC_LINK_ROWS("batch", kc_link_flip_batch, flip_batch_fields);
static const struct kc_link_field flip_producer_fields[] = {
    KC_LINK_COUNT(kc_link_flip_producer, id),
    KC_LINK_NUMBER(kc_link_flip_producer, epoch, INT32, 0, INT16_MAX),
    KC_LINK_LIST(kc_link_flip_producer, batches, batch_count, flip_batch),
};
static const struct kc_link_layout flip_producer =
    KC_LINK_ROWS("producer", kc_link_flip_producer, flip_producer_fields);
static const struct kc_link_field flip_fields[] = {
    KC_LINK_COUNT(kc_link_flip, epoch),
    KC_LINK_PARTITIONS(kc_link_flip, partition),
    KC_LINK_COUNT(kc_link_flip, end),
    KC_LINK_LIST(kc_link_flip, producers, producer_count, flip_producer),
};
static const struct kc_link_layout flip_table =
    KC_LINK_LAYOUT("flip table", kc_link_flip, flip_fields);

json_t *kc_link_flip_json(const struct kc_link_flip *flip)
{
    return kc_link_fields_write(&flip_table, flip);
}

static struct kc_error *check_producers(const struct kc_link_flip *flip)
{
    for (size_t i = 0; i < flip->producer_count; i++) {
        const struct kc_link_flip_producer *producer = &flip->producers[i];

        if (i > 0 && producer->id <= flip->producers[i - 1].id)
            return kc_error_new(KC_ERR_SCHEMA, "flip table: producer %lld isn't in its place",
                                (long long)producer->id);
        if (producer->batch_count < 1 || producer->batch_count > KC_LINK_FLIP_BATCHES)
            return kc_error_new(KC_ERR_SCHEMA, "flip table: producer %lld has %zu batches",
                                (long long)producer->id, producer->batch_count);
    }
    return NULL;
}

struct kc_error *kc_link_flip_parse(const json_t *json, struct kc_link_flip *flip)
{
    struct kc_error *err = kc_link_fields_read(&flip_table, json, flip);

    if (!err)
        err = check_producers(flip);
    if (err)
        kc_link_flip_clear(flip);
    return err;
}

void kc_link_flip_clear(struct kc_link_flip *flip)
{
    kc_link_fields_clear(&flip_table, flip);
}

/* ---- names ---- */

char *kc_link_flip_name(const char *topic, int32_t partition)
{
    return kc_asprintf("%s#%d", topic, partition);
}

bool kc_link_flip_name_parse(const char *name, char **topic, int32_t *partition)
{
    const char *mark = strrchr(name, '#');
    char *end = NULL;

    *topic = NULL;
    if (!mark || mark == name || mark[1] < '0' || mark[1] > '9')
        return false;
    long number = strtol(mark + 1, &end, 10);
    if (*end || number > INT32_MAX)
        return false;
    *topic = kc_strndup(name, (size_t)(mark - name));
    *partition = (int32_t)number;
    return true;
}

/* ---- look-ups ---- */

static int by_id(const void *key, const void *item)
{
    int64_t id = *(const int64_t *)key;
    int64_t other = ((const struct kc_link_flip_producer *)item)->id;

    return id < other ? -1 : id > other;
}

static const struct kc_link_flip_producer *find(const struct kc_link_flip *flip, int64_t id)
{
    if (!flip->producer_count)
        return NULL;
    return bsearch(&id, flip->producers, flip->producer_count, sizeof(*flip->producers), by_id);
}

/* Whether the sequence lies before what follows the last one: sequences count modulo 2^31, so that
 * the nearer half counts as before. *is_next: it is the one that follows. */
static bool lies_before(int32_t sequence, int32_t last, bool *is_next)
{
    uint32_t ahead = ((uint32_t)sequence - (uint32_t)last - 1) & INT32_MAX;

    *is_next = ahead == 0;
    return ahead > INT32_MAX / 2;
}

static enum kc_link_flip_verdict judge(const struct kc_link_flip_producer *producer, int32_t first,
                                       int32_t last, int64_t *offset)
{
    int32_t newest = producer->batches[producer->batch_count - 1].last;
    bool is_next = false;

    for (size_t i = 0; i < producer->batch_count; i++) {
        const struct kc_link_flip_batch *batch = &producer->batches[i];

        if (batch->first == first && batch->last == last) {
            *offset = batch->offset;
            return KC_LINK_FLIP_DUPLICATE;
        }
    }
    bool begins_before = lies_before(first, newest, &is_next);
    if (is_next)
        return KC_LINK_FLIP_NEXT;
    bool ends_before = lies_before(last, newest, &is_next);
    return begins_before && ends_before ? KC_LINK_FLIP_OLD : KC_LINK_FLIP_LATER;
}

enum kc_link_flip_verdict kc_link_flip_look_up(const struct kc_link_flip *flip, int64_t id,
                                               int32_t epoch, int32_t first, int32_t last,
                                               int64_t *offset)
{
    const struct kc_link_flip_producer *producer = find(flip, id);

    *offset = -1;
    if (!producer)
        return KC_LINK_FLIP_UNKNOWN;
    if (epoch < producer->epoch)
        return KC_LINK_FLIP_FENCED;
    if (epoch > producer->epoch)
        return first == 0 ? KC_LINK_FLIP_NEXT : KC_LINK_FLIP_LATER;
    return judge(producer, first, last, offset);
}
