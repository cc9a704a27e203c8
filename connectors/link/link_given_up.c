/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a log has that is given up, read before it is deleted (link_back_priv.h). Batches are looked
 * at as they lie there, with those of open and aborted transactions. One thread.
 */
#include "link/link_back_priv.h"

#include "connect/fetch.h"
#include "connect/record_batch.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum {
    BUDGET = 8 << 20, /* fetched ahead */
    WAIT_MS = 500,
    KEY_BYTES = 64, /* of a key that are told */
};

/* ---- one record ---- */

/* Whatever isn't printable is shown as in C. */
static char *printable(const struct kc_bytes *key)
{
    struct kc_str text = {0};
    int32_t len = key->len < KEY_BYTES ? key->len : KEY_BYTES;
    for (int32_t i = 0; i < len; i++) {
        uint8_t c = key->data[i];
        if (c < 0x80 && isprint(c) && c != '\\')
            kc_str_appendf(&text, "%c", c);
        else
            kc_str_appendf(&text, "\\x%02x", c);
    }
    kc_str_append(&text, key->len > KEY_BYTES ? "..." : "");
    return kc_str_take(&text);
}

static void take_record(struct link_given_up_partition *partition,
                        const struct kc_plain_record *record)
{
    partition->records++;
    if (partition->first < 0)
        partition->first = record->offset;
    if (partition->first_ms < 0 || record->timestamp < partition->first_ms)
        partition->first_ms = record->timestamp;
    if (record->timestamp > partition->last_ms)
        partition->last_ms = record->timestamp;
    if (record->key.len >= 0 && partition->keys.count < LINK_GIVEN_UP_KEYS)
        kc_strings_take(&partition->keys, printable(&record->key));
}

/* ---- batches ---- */

/* The first offset of the batch that is given up; INT64_MAX: none is. */
static int64_t given_from(const struct link_given_up_partition *partition, int64_t ours,
                          const struct kc_record_batch *batch)
{
    bool foreign =
        partition->look >= 0 && batch->base_offset >= partition->look && batch->producer_id != ours;
    if (kc_record_batch_control(batch))
        return INT64_MAX;
    return foreign ? batch->base_offset : partition->from;
}

static const char *take_batch(struct link_given_up_partition *partition, int64_t ours,
                              const struct kc_record_batch *batch)
{
    struct kc_record_walk *walk = NULL;
    struct kc_plain_record record;
    int64_t from = given_from(partition, ours, batch);
    if (kc_record_batch_last_offset(batch) < from)
        return NULL;
    const char *why = kc_record_walk_begin(batch, KC_RECORDS_LIMIT, &walk);
    while (!why && kc_record_walk_next(walk, &record, &why))
        if (record.offset >= from && record.offset < partition->to)
            take_record(partition, &record);
    kc_record_walk_end(walk);
    return why;
}

/* False: the log can't be read any further. */
static bool take_chunk(struct link_given_up_partition *partition, int64_t ours,
                       const struct kc_fetched *chunk, int64_t *next)
{
    struct kc_record_batch batch;
    const char *why = NULL;
    if (chunk->kind != KC_FETCHED_DATA)
        return false;
    for (size_t at = 0; at < chunk->len && !why; at += batch.size) {
        enum kc_record_batch_result result =
            kc_record_batch_parse(chunk->data + at, chunk->len - at, &batch, &why);
        if (result == KC_BATCH_PARTIAL)
            break;
        if (result == KC_BATCH_OK)
            why = take_batch(partition, ours, &batch);
    }
    *next = chunk->next_offset > *next ? chunk->next_offset : *next;
    return !why;
}

static void read_partition(struct kc_fetcher *fetcher, const char *topic, int64_t ours,
                           struct link_given_up_partition *partition, int64_t until)
{
    bool looks = partition->look >= 0 && partition->look < partition->from;
    int64_t next = looks ? partition->look : partition->from;
    bool readable = true;
    partition->first = partition->first_ms = partition->last_ms = -1;
    if (next < partition->to)
        kc_fetcher_add(fetcher, topic, partition->partition, next, -1);
    while (readable && next < partition->to && kc_mono_ms() < until) {
        int64_t wait = kc_mono_ms() + WAIT_MS;
        struct kc_fetched *chunk = kc_fetcher_next(fetcher, wait < until ? wait : until);
        if (chunk && chunk->partition == partition->partition)
            readable = take_chunk(partition, ours, chunk, &next);
        kc_fetched_release(chunk);
    }
    kc_fetcher_remove(fetcher, topic, partition->partition);
    partition->complete = next >= partition->to;
}

struct kc_error *link_given_up_read(const struct link_config *config, enum link_side side,
                                    const char *topic, int64_t ours,
                                    struct link_given_up_partition *partitions, size_t count,
                                    int64_t until)
{
    struct kc_fetcher *fetcher = NULL;
    struct kc_map *properties =
        link_client_properties(config, side, KC_CLIENT_CONSUMER, "given-up");
    char *name = kc_asprintf("%s|given-up", config->name);
    kc_map_set(properties, "isolation.level", "read_uncommitted");
    struct kc_error *err = kc_fetcher_open(properties, name, BUDGET, &fetcher);
    for (size_t i = 0; i < count && !err; i++)
        read_partition(fetcher, topic, ours, &partitions[i], until);
    kc_fetcher_close(fetcher);
    kc_map_destroy(properties);
    free(name);
    return err;
}

/* ---- telling ---- */

static bool gives_up(const struct link_given_up_partition *partition)
{
    return partition->records > 0 || !partition->complete;
}

static json_t *time_or_null(int64_t ms)
{
    return ms >= 0 ? json_integer(ms) : json_null();
}

json_t *link_given_up_json(const struct link_given_up_partition *partitions, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        const struct link_given_up_partition *one = &partitions[i];
        json_t *keys = json_array();
        if (gives_up(one)) {
            for (size_t k = 0; k < one->keys.count; k++)
                json_array_append_new(keys, json_string(one->keys.items[k]));
            json_array_append_new(
                list, json_pack("{s:i, s:I, s:I, s:I, s:o, s:o, s:O, s:b}", "partition",
                                (int)one->partition, "from",
                                (json_int_t)(one->first >= 0 ? one->first : one->from), "to",
                                (json_int_t)one->to, "records", (json_int_t)one->records,
                                "first_timestamp", time_or_null(one->first_ms), "last_timestamp",
                                time_or_null(one->last_ms), "keys", keys, "complete",
                                (int)one->complete));
        }
        json_decref(keys);
    }
    return list;
}

char *link_given_up_text(const struct link_given_up_partition *partitions, size_t count)
{
    struct kc_str places = {0};
    int64_t records = 0;
    bool complete = true;
    for (size_t i = 0; i < count; i++) {
        const struct link_given_up_partition *one = &partitions[i];
        records += one->records;
        complete = complete && one->complete;
        if (one->records > 0)
            kc_str_appendf(&places, "%s%lld of partition %d from offset %lld on",
                           places.len ? ", " : "", (long long)one->records, (int)one->partition,
                           (long long)one->first);
    }
    char *text =
        kc_asprintf("%s%lld records%s%s%s", complete ? "" : "at least ", (long long)records,
                    places.len ? " (" : "", places.len ? places.data : "", places.len ? ")" : "");
    kc_str_destroy(&places);
    return text;
}

void link_given_up_clear(struct link_given_up_partition *partitions, size_t count)
{
    for (size_t i = 0; partitions && i < count; i++)
        kc_strings_destroy(&partitions[i].keys);
    free(partitions);
}
