/* SPDX-License-Identifier: Apache-2.0 */
/* Runs, chunks and their bytes, see offset_index.h. */
#include "mirror/offset_index.h"

#include <stdlib.h>
#include <string.h>

enum { VERSION = 0, FLAG_FRESH = 1, VARINT_BYTES = 10 };

int64_t kc_index_run_end(const struct kc_index_run *run)
{
    return run->upstream + run->count;
}

int64_t kc_index_run_end_downstream(const struct kc_index_run *run)
{
    return run->downstream + run->count;
}

void kc_index_chunk_clear(struct kc_index_chunk *chunk)
{
    free(chunk->runs);
    *chunk = (struct kc_index_chunk){0};
}

/* ---- growth ---- */

static struct kc_index_run *append(struct kc_index_chunk *chunk)
{
    if (chunk->count == chunk->cap) {
        chunk->cap = chunk->cap ? 2 * chunk->cap : 1;
        chunk->runs = kc_realloc(chunk->runs, chunk->cap * sizeof(*chunk->runs));
    }
    return &chunk->runs[chunk->count++];
}

static struct kc_index_run *last_run(const struct kc_index_chunk *chunk)
{
    return chunk->count ? &chunk->runs[chunk->count - 1] : NULL;
}

/* Removes the chunk's entries for upstream offsets from `from` on. */
static void cut(struct kc_index_chunk *chunk, int64_t from)
{
    struct kc_index_run *last;
    while ((last = last_run(chunk)) != NULL) {
        if (kc_index_run_end(last) <= from)
            return;
        if (last->upstream < from) {
            last->count = from - last->upstream;
            return;
        }
        chunk->count--;
    }
}

static bool continues(const struct kc_index_run *last, const struct kc_index_run *run)
{
    return run->upstream == kc_index_run_end(last) &&
           run->downstream == kc_index_run_end_downstream(last);
}

enum kc_index_growth kc_index_chunk_add(struct kc_index_chunk *chunk,
                                        const struct kc_index_run *run)
{
    struct kc_index_run *last = last_run(chunk);
    if (last && run->downstream < kc_index_run_end_downstream(last)) {
        chunk->fresh = true;
        chunk->count = 0;
    }
    cut(chunk, run->from);
    last = last_run(chunk);
    if (last && continues(last, run)) {
        last->count += run->count;
        return KC_INDEX_TAKEN;
    }
    if (chunk->count == KC_INDEX_CHUNK_RUNS)
        return KC_INDEX_FULL;
    *append(chunk) = *run;
    return KC_INDEX_TAKEN;
}

size_t kc_index_chunk_upto(const struct kc_index_chunk *chunk, int64_t upstream)
{
    size_t low = 0, high = chunk->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (chunk->runs[middle].from <= upstream)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* ---- writing ---- */

static void append_varint(struct kc_str *out, uint64_t number)
{
    char bytes[VARINT_BYTES];
    size_t len = 0;
    for (; number >= 0x80; number >>= 7)
        bytes[len++] = (char)(number | 0x80);
    bytes[len++] = (char)number;
    kc_str_append_n(out, bytes, len);
}

static void append_string(struct kc_str *out, const char *text)
{
    size_t len = strlen(text);
    if (len > INT16_MAX)
        len = INT16_MAX;
    kc_str_append_i16(out, (int16_t)len);
    kc_str_append_n(out, text, len);
}

void kc_index_key_encode(const struct kc_index_key *key, struct kc_str *out)
{
    append_string(out, key->topic);
    kc_str_append_i32(out, key->partition);
    kc_str_append_i32(out, key->slot);
    append_string(out, key->flow);
}

void kc_index_chunk_encode(const struct kc_index_chunk *chunk, struct kc_str *out)
{
    int64_t end = 0, end_downstream = 0;
    kc_str_append_i16(out, VERSION);
    append_varint(out, (uint64_t)chunk->sequence);
    append_varint(out, chunk->fresh ? FLAG_FRESH : 0);
    append_varint(out, chunk->count);
    for (size_t i = 0; i < chunk->count; i++) {
        const struct kc_index_run *run = &chunk->runs[i];
        append_varint(out, (uint64_t)(run->from - end));
        append_varint(out, (uint64_t)(run->upstream - run->from));
        append_varint(out, (uint64_t)(run->downstream - end_downstream));
        append_varint(out, (uint64_t)(run->count - 1));
        end = kc_index_run_end(run);
        end_downstream = kc_index_run_end_downstream(run);
    }
}

/* ---- reading ---- */

/* A place in bytes; `bad` names the first field that didn't fit, and stops everything after it. */
struct index_reader {
    const unsigned char *data;
    size_t left;
    const char *bad;
};

static uint64_t read_fixed(struct index_reader *in, size_t size, const char *field)
{
    uint64_t number = 0;
    if (!in->bad && in->left < size)
        in->bad = field;
    if (in->bad)
        return 0;
    for (size_t i = 0; i < size; i++)
        number = number << 8 | in->data[i];
    in->data += size;
    in->left -= size;
    return number;
}

/* A number from 0 to INT64_MAX. */
static int64_t read_varint(struct index_reader *in, const char *field)
{
    uint64_t number = 0;
    for (int shift = 0; shift < 63 && !in->bad; shift += 7) {
        uint64_t byte = read_fixed(in, 1, field);
        number |= (byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return (int64_t)number;
    }
    in->bad = in->bad ? in->bad : field;
    return 0;
}

/* base and a number that is read, unless the sum is too large. */
static int64_t read_sum(struct index_reader *in, int64_t base, const char *field)
{
    int64_t number = read_varint(in, field), sum = 0;
    if (__builtin_add_overflow(base, number, &sum))
        in->bad = in->bad ? in->bad : field;
    return in->bad ? 0 : sum;
}

static void read_run(struct index_reader *in, const struct kc_index_run *last,
                     struct kc_index_run *run)
{
    int64_t unused;
    run->from = read_sum(in, last ? kc_index_run_end(last) : 0, "from");
    run->upstream = read_sum(in, run->from, "upstream");
    run->downstream = read_sum(in, last ? kc_index_run_end_downstream(last) : 0, "downstream");
    run->count = read_sum(in, 1, "records");
    if (!in->bad && (__builtin_add_overflow(run->upstream, run->count, &unused) ||
                     __builtin_add_overflow(run->downstream, run->count, &unused)))
        in->bad = "records";
}

static struct kc_error *outcome(const struct index_reader *in, const char *what)
{
    const char *bad = in->bad ? in->bad : in->left > 0 ? "end" : NULL;
    return bad ? kc_error_new(KC_ERR_SCHEMA,
                              "Error reading field '%s' of the %s of an offset index "
                              "record",
                              bad, what)
               : NULL;
}

struct kc_error *kc_index_chunk_decode(const void *data, size_t len, struct kc_index_chunk *chunk)
{
    struct index_reader in = {.data = data, .left = data ? len : 0};
    if ((int16_t)read_fixed(&in, 2, "version") != VERSION)
        in.bad = in.bad ? in.bad : "version";
    chunk->sequence = read_varint(&in, "sequence");
    if (chunk->sequence == INT64_MAX) /* the next one is counted from it */
        in.bad = in.bad ? in.bad : "sequence";
    chunk->fresh = read_varint(&in, "flags") & FLAG_FRESH;
    int64_t count = read_varint(&in, "count");
    if (count > KC_INDEX_CHUNK_RUNS)
        in.bad = "count";
    chunk->count = 0;
    for (int64_t i = 0; i < count && !in.bad; i++) {
        struct kc_index_run run;
        read_run(&in, last_run(chunk), &run);
        *append(chunk) = run;
    }
    return outcome(&in, "value");
}

/* Owned by the caller; NULL: it is bad. */
static char *read_string(struct index_reader *in, const char *what)
{
    uint64_t len = read_fixed(in, 2, what);
    if (in->bad)
        return NULL;
    if (len > INT16_MAX || len > in->left) {
        in->bad = what;
        return NULL;
    }
    char *text = kc_strndup((const char *)in->data, len);
    in->data += len;
    in->left -= len;
    return text;
}

struct kc_error *kc_index_key_decode(const void *data, size_t len, struct kc_index_key *key)
{
    struct index_reader in = {.data = data, .left = data ? len : 0};
    *key = (struct kc_index_key){0};
    key->topic = read_string(&in, "topic");
    key->partition = (int32_t)read_fixed(&in, 4, "partition");
    key->slot = (int32_t)read_fixed(&in, 4, "slot");
    if (!in.bad && (key->partition < 0 || key->slot < 0 || key->slot >= KC_INDEX_SLOTS))
        in.bad = key->partition < 0 ? "partition" : "slot";
    key->flow = read_string(&in, "flow");
    struct kc_error *err = outcome(&in, "key");
    if (err)
        kc_index_key_clear(key);
    return err;
}

void kc_index_key_clear(struct kc_index_key *key)
{
    free(key->topic);
    free(key->flow);
    key->topic = key->flow = NULL;
}
