/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of the offset index: the first byte is the key's length, key and value follow. What was
 * read is written and read again, holds its rules, and never answers ahead of its own runs.
 */
#include "mirror/offset_index_store.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_rules(const struct kc_index_chunk *chunk)
{
    int64_t end = 0, end_downstream = 0;
    for (size_t i = 0; i < chunk->count; i++) {
        const struct kc_index_run *run = &chunk->runs[i];
        if (run->from < end || run->upstream < run->from || run->downstream < end_downstream ||
            run->count < 1 || kc_index_run_end(run) < run->upstream)
            abort();
        end = kc_index_run_end(run);
        end_downstream = kc_index_run_end_downstream(run);
    }
}

static void check_chunk(const uint8_t *data, size_t len)
{
    struct kc_index_chunk first = {0}, second = {0};
    struct kc_str out = {0};
    struct kc_error *err = kc_index_chunk_decode(data, len, &first);
    if (!err) {
        check_rules(&first);
        kc_index_chunk_encode(&first, &out);
        if (kc_index_chunk_decode(out.data, out.len, &second) || first.count != second.count ||
            (first.count &&
             memcmp(first.runs, second.runs, first.count * sizeof(*first.runs)) != 0))
            abort();
    }
    kc_error_destroy(err);
    kc_index_chunk_clear(&first);
    kc_index_chunk_clear(&second);
    kc_str_destroy(&out);
}

static void check_answers(const struct kc_offset_index *index, const char *topic, int32_t partition)
{
    static const int64_t offsets[] = {0, 1, 100, 1000000, INT64_MAX - 1, INT64_MAX};
    for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
        struct kc_index_place place = kc_offset_index_find(index, topic, partition, offsets[i]);
        if (place.answer == KC_INDEX_EXACT && place.downstream < 0)
            abort();
        if (place.answer == KC_INDEX_END && place.low.upstream > offsets[i])
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct kc_index_key key;
    if (size < 1 || data[0] > size - 1)
        return 0;
    const uint8_t *value = data + 1 + data[0];
    size_t value_len = size - 1 - data[0];
    check_chunk(value, value_len);
    struct kc_offset_index *index = kc_offset_index_new("A");
    struct kc_error *err = kc_offset_index_put(index, data + 1, data[0], value, value_len);
    if (!err && !kc_index_key_decode(data + 1, data[0], &key)) {
        check_answers(index, key.topic, key.partition);
        kc_index_key_clear(&key);
    }
    kc_error_destroy(err);
    kc_offset_index_destroy(index);
    return 0;
}
