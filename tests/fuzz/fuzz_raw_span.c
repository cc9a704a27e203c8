/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The raw lane's way with what a broker sent: batches passed, repacked, opened, cut and left out.
 * The first byte says how (its upper bits: which rules), the second where to begin, the third whose
 * transactions are aborted. Whatever comes out as a span is a batch that brokers take.
 */
#include "source/raw_expand_priv.h"

#include "batch/batch.h"
#include "data/batch_read.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void release(void *batch)
{
    kc_batch_unref(batch);
}

static void check(const struct kc_raw_span *span)
{
    struct kc_record_batch wire;
    const char *why;
    int64_t records = 0;
    for (int32_t i = 0; i < span->run_count; i++)
        records += span->runs[i].count;
    if (kc_record_batch_parse(span->data, span->len, &wire, &why) != KC_BATCH_OK ||
        wire.magic != 2 || wire.size != span->len || records != span->count)
        abort();
}

/* What the lane does when the target refuses: the span once more, in parts, as records. */
static void second_thoughts(struct kc_batch *batch, size_t index)
{
    const struct kc_raw_span *span = kc_batch_at(batch, index)->span;
    struct kc_batch *next = kc_batch_new(4);
    kc_batch_own(next, kc_batch_ref(batch), release);
    kc_raw_again(span, next);
    kc_error_destroy(kc_raw_split(span, span->len / 3 + 1, next));
    for (size_t i = 0; i < kc_batch_count(next); i++)
        check(kc_batch_at(next, i)->span);
    kc_error_destroy(kc_raw_open(span, next));
    kc_batch_unref(next);
}

static struct kc_error *header(void *opaque, const char *topic, const struct kc_header *from,
                               struct kc_arena *arena, const void **data, size_t *len)
{
    *len = from->value.u.bytes.len + 1;
    *data = kc_arena_alloc(arena, *len);
    return strcmp(from->key, "refused") ? NULL : kc_error_new(KC_ERR_DATA, "It is refused");
}

static const char *route(void *opaque, const char *topic, char **routed)
{
    const unsigned *how = opaque;
    *routed = *how & 8 ? kc_strdup("elsewhere") : NULL;
    return NULL;
}

/* Headers are written anew, and with how below 5 batches get that codec. */
static void use_rules(struct kc_raw_rules *rules, unsigned how)
{
    static unsigned routes;
    static struct kc_map *producer;
    if (!producer)
        producer = kc_map_new();
    kc_map_set(producer, "max.request.size", "2000");
    if (how % 8 < KC_CODECS)
        kc_map_set(producer, "compression.type", kc_codec_name((int)(how % 8)));
    else
        kc_map_remove(producer, "compression.type");
    routes = how;
    rules->headers_reason = "the fuzzer's headers";
    rules->header = header;
    rules->route = how % 8 == 7 ? route : NULL;
    rules->opaque = &routes;
    if (kc_raw_rules_set_codec(rules, producer))
        abort();
    kc_raw_rules_finish(rules, producer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct kc_source_partition *partition;
    if (size < 3)
        return 0;
    if (!partition)
        partition = kc_source_partition_new(NULL);
    const struct kc_aborted aborted[] = {{.producer_id = data[2], .first_offset = 0},
                                         {.producer_id = data[2] + 1, .first_offset = 2}};
    struct kc_raw_counts counts = {0};
    struct kc_batch *from = kc_batch_new(0);
    uint8_t *copy = kc_memdup(data + 3, size - 3);
    kc_batch_own(from, copy, free);
    *kc_batch_add_raw(from) = (struct kc_raw){.topic = "t",
                                              .data = copy,
                                              .len = size - 3,
                                              .first_offset = (int8_t)data[1],
                                              .aborted = aborted,
                                              .aborted_count = data[0] & 4 ? 2 : 0,
                                              .read_committed = data[0] & 2,
                                              .source_partition = partition,
                                              .offset_field = "offset"};
    struct kc_raw_cursor cursor = {0};
    struct kc_raw_rules rules = {0};
    struct kc_error *err = NULL;
    if (data[0] & 8)
        use_rules(&rules, data[0] >> 4);
    while (!err && cursor.part < kc_batch_raw_count(from)) {
        struct kc_batch *to = NULL;
        err = kc_raw_expand(from, data[0] & 1 ? "the fuzzer says so" : NULL, &rules, &cursor,
                            &counts, &to);
        for (size_t i = 0; !err && i < kc_batch_count(to); i++) {
            if (!kc_batch_at(to, i)->span || kc_batch_at(to, i)->span->dropped)
                continue;
            check(kc_batch_at(to, i)->span);
            second_thoughts(to, i);
        }
        kc_batch_unref(to);
    }
    kc_error_destroy(err);
    kc_raw_cursor_clear(&cursor);
    kc_raw_rules_clear(&rules);
    kc_batch_unref(from);
    return 0;
}
