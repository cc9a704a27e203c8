/* SPDX-License-Identifier: Apache-2.0 */
/* Records into batches for the raw lane: see raw_builder.h. */
#include "source/raw_builder.h"

#include "batch/batch_builder.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* The batch of a partition. */
struct open_batch {
    char *topic;
    int32_t partition;
    struct kc_source_partition *source_partition; /* of its first record; borrowed */
    struct kc_batch_builder records;
    void **owners;
    size_t cap;
    struct open_batch *next;
};

struct kc_raw_builder {
    size_t batch_bytes;
    struct kc_compression how;
    struct kc_recoder *recoder; /* NULL: no compression */
    struct open_batch *open;    /* few, and most records follow one of the same partition */
    struct open_batch *last;
};

struct kc_raw_builder *kc_raw_builder_new(size_t batch_bytes)
{
    struct kc_raw_builder *builder = kc_calloc(1, sizeof(*builder));
    builder->batch_bytes = batch_bytes;
    return builder;
}

void kc_raw_builder_compress(struct kc_raw_builder *builder, const struct kc_compression *how,
                             struct kc_recoder *recoder)
{
    builder->how = *how;
    builder->recoder = recoder;
}

static void open_batch_destroy(struct open_batch *open)
{
    kc_batch_builder_destroy(&open->records);
    free(open->owners);
    free(open->topic);
    free(open);
}

void kc_raw_builder_drop(struct kc_raw_builder *builder)
{
    struct open_batch *open, *next;
    LL_FOREACH_SAFE (builder->open, open, next) {
        open_batch_destroy(open);
    }
    builder->open = builder->last = NULL;
}

void kc_raw_builder_destroy(struct kc_raw_builder *builder)
{
    if (!builder)
        return;
    kc_raw_builder_drop(builder);
    free(builder);
}

/* ---- adding ---- */

static struct open_batch *find(const struct kc_raw_builder *builder, const char *topic,
                               int32_t partition)
{
    struct open_batch *open = builder->last;
    if (open && open->partition == partition && strcmp(open->topic, topic) == 0)
        return open;
    LL_FOREACH (builder->open, open) {
        if (open->partition == partition && strcmp(open->topic, topic) == 0)
            return open;
    }
    return NULL;
}

static struct open_batch *make(struct kc_raw_builder *builder, const char *topic, int32_t partition)
{
    struct open_batch *open = kc_calloc(1, sizeof(*open));
    open->topic = kc_strdup(topic);
    open->partition = partition;
    open->records.close_gaps = true;
    open->records.codec = builder->how.codec;
    open->records.level = builder->how.level;
    open->records.recoder = builder->recoder;
    LL_APPEND(builder->open, open);
    return open;
}

static struct kc_wire_bytes bytes_of(const void *data, size_t len)
{
    return data ? kc_wire_bytes(data, len) : (struct kc_wire_bytes){.len = -1};
}

static struct kc_wire_header *headers_of(const struct kc_build_record *record)
{
    struct kc_wire_header *headers = kc_calloc(record->header_count + 1, sizeof(*headers));
    for (size_t i = 0; i < record->header_count; i++) {
        const struct kc_build_header *from = &record->headers[i];
        headers[i] = (struct kc_wire_header){kc_wire_bytes(from->key, from->key_len),
                                             bytes_of(from->data, from->len)};
    }
    return headers;
}

static struct kc_wire_record encodable(const struct kc_build_record *record,
                                       struct kc_wire_header *headers)
{
    return (struct kc_wire_record){.timestamp = record->timestamp,
                                   .key = bytes_of(record->key, record->key_len),
                                   .value = bytes_of(record->value, record->value_len),
                                   .headers = headers,
                                   .header_count = (int32_t)record->header_count};
}

bool kc_raw_builder_fits(const struct kc_raw_builder *builder, const struct kc_build_record *record,
                         const char *topic, int32_t partition)
{
    const struct open_batch *open = find(builder, topic, partition);
    if (!open)
        return true;
    struct kc_wire_header *headers = headers_of(record);
    struct kc_wire_record wire = encodable(record, headers);
    size_t size = kc_batch_builder_size_with(&open->records, &wire);
    free(headers);
    return size <= builder->batch_bytes;
}

const char *kc_raw_builder_add(struct kc_raw_builder *builder, const struct kc_build_record *record,
                               const char *topic, int32_t partition, void *owner)
{
    if (record->key_len > INT32_MAX || record->value_len > INT32_MAX)
        return "it is larger than the protocol allows";
    struct open_batch *open = find(builder, topic, partition);
    if (!open)
        open = make(builder, topic, partition);
    if (open->records.count == 0)
        open->source_partition = record->source_partition;
    builder->last = open;
    struct kc_wire_header *headers = headers_of(record);
    struct kc_wire_record wire = encodable(record, headers);
    const char *why = kc_batch_builder_add(&open->records, &wire);
    free(headers);
    if (why)
        return why;
    if ((size_t)open->records.count > open->cap) {
        open->cap = open->cap ? 2 * open->cap : 16;
        open->owners = kc_realloc(open->owners, open->cap * sizeof(*open->owners));
    }
    open->owners[open->records.count - 1] = owner;
    return NULL;
}

/* ---- taking ---- */

void kc_built_destroy(struct kc_built *built)
{
    if (!built)
        return;
    kc_batch_unref(built->batch);
    free(built->owners);
    free(built);
}

static void end_with_batch(void *resource)
{
    struct kc_built *built = resource;
    free(built->owners);
    free(built);
}

struct kc_batch *kc_built_take(struct kc_built *built)
{
    struct kc_batch *batch = built->batch;
    kc_batch_own(batch, built, end_with_batch);
    return batch;
}

static const char *finish(struct open_batch *open, struct kc_built **built)
{
    struct kc_str out = {0};
    int32_t count = open->records.count;
    const char *why = count ? kc_batch_builder_finish(&open->records, &out) : "it has no records";
    if (why) {
        kc_str_destroy(&out);
        return why;
    }
    struct kc_built *made = kc_calloc(1, sizeof(*made));
    made->batch = kc_batch_new(1);
    kc_batch_own(made->batch, out.data, free);
    made->raw = (struct kc_raw){
        .topic = kc_arena_strdup(kc_batch_arena(made->batch), open->topic),
        .partition = open->partition,
        .source_partition = open->source_partition,
        .task_data = made,
    };
    made->span = kc_raw_add_built(made->batch, &made->raw, &out, count);
    made->owners = open->owners;
    open->owners = NULL;
    *built = made;
    return NULL;
}

const char *kc_raw_builder_take(struct kc_raw_builder *builder, struct kc_built **list)
{
    const char *why = NULL;
    struct open_batch *open;
    *list = NULL;
    LL_FOREACH (builder->open, open) {
        struct kc_built *built = NULL;
        why = finish(open, &built);
        if (why)
            break;
        LL_APPEND(*list, built);
    }
    kc_raw_builder_drop(builder);
    return why;
}
