/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two streams of records side by side: see link_verify_priv.h. Pure.
 *
 * Offsets ascend on both sides. So the side with the smaller offset has a record that the other one
 * lacks there. Whether a record is missing, or is only elsewhere, shows when the next one is looked
 * at.
 */
#include "link/link_verify_priv.h"

#include "connect/hash.h"

#include <string.h>

/* Keys of a compacted topic that wait to come again on the other side. A key takes about 100 bytes;
 * what is beyond the limit counts as settled. */
#define MOST_OPEN 200000

enum side { SOURCE, TARGET };

/* The newest record of a key that one side alone has. */
struct open_key {
    uint64_t hash;
    enum side side;
    bool has_value;
    int64_t offset;
    UT_hash_handle hh;
};

struct comparison {
    struct link_verify_pair *pair;
    struct kc_plain_record records[2];
    enum link_verify_got got[2];
    struct open_key *open;
};

const char *link_verify_kind_name(enum link_verify_kind kind)
{
    static const char *const names[] = {"same",      "missing", "extra", "shifted",
                                        "timestamp", "key",     "value", "headers"};
    return names[kind];
}

char *link_verify_text(const struct link_verify_pair *pair)
{
    const long long source = pair->source_offset, target = pair->target_offset;
    if (pair->kind == LINK_VERIFY_MISSING)
        return kc_asprintf("the source's record at offset %lld is missing on the target", source);
    if (pair->kind == LINK_VERIFY_EXTRA)
        return kc_asprintf("the target has a record at offset %lld that the source doesn't have",
                           target);
    if (pair->kind == LINK_VERIFY_SHIFTED)
        return kc_asprintf("the source's record at offset %lld is at offset %lld on the target",
                           source, target);
    return kc_asprintf("the records at offset %lld differ in their %s", source,
                       link_verify_kind_name(pair->kind));
}

/* ---- records ---- */

static bool same_bytes(const struct kc_bytes *a, const struct kc_bytes *b)
{
    return a->len == b->len && (a->len <= 0 || memcmp(a->data, b->data, (size_t)a->len) == 0);
}

static bool same_headers(const struct kc_plain_record *a, const struct kc_plain_record *b)
{
    if (a->header_count != b->header_count)
        return false;
    for (int32_t i = 0; i < a->header_count; i++)
        if (!same_bytes(&a->headers[i].key, &b->headers[i].key) ||
            !same_bytes(&a->headers[i].value, &b->headers[i].value))
            return false;
    return true;
}

/* What differs, apart from the offset. */
static enum link_verify_kind content(const struct kc_plain_record *a,
                                     const struct kc_plain_record *b)
{
    if (!same_bytes(&a->key, &b->key))
        return LINK_VERIFY_KEY;
    if (!same_bytes(&a->value, &b->value))
        return LINK_VERIFY_VALUE;
    if (!same_headers(a, b))
        return LINK_VERIFY_HEADERS;
    return a->timestamp == b->timestamp ? LINK_VERIFY_SAME : LINK_VERIFY_TIMESTAMP;
}

static struct kc_bytes copy_bytes(const struct kc_bytes *bytes)
{
    struct kc_bytes copy = {NULL, bytes->len};
    if (bytes->len > 0)
        copy.data = kc_memdup(bytes->data, (size_t)bytes->len);
    return copy;
}

/* A record that outlives the next call of its stream. */
static struct kc_plain_record copy_record(const struct kc_plain_record *record)
{
    struct kc_plain_record copy = *record;
    struct kc_plain_header *headers = kc_calloc((size_t)record->header_count + 1, sizeof(*headers));
    copy.key = copy_bytes(&record->key);
    copy.value = copy_bytes(&record->value);
    for (int32_t i = 0; i < record->header_count; i++) {
        headers[i].key = copy_bytes(&record->headers[i].key);
        headers[i].value = copy_bytes(&record->headers[i].value);
    }
    copy.headers = headers;
    return copy;
}

static void clear_copy(struct kc_plain_record *copy)
{
    for (int32_t i = 0; i < copy->header_count; i++) {
        free((uint8_t *)copy->headers[i].key.data);
        free((uint8_t *)copy->headers[i].value.data);
    }
    free((struct kc_plain_header *)copy->headers);
    free((uint8_t *)copy->key.data);
    free((uint8_t *)copy->value.data);
}

/* ---- keys of compacted topics ---- */

/* Two halves of 32 bits; one is keyed by the process, so that nobody can choose keys that meet. */
static uint64_t hash_key(const struct kc_bytes *key)
{
    size_t len = key->data && key->len > 0 ? (size_t)key->len : 0;
    uint64_t keyed = kc_hash(len ? key->data : (const void *)"", len);
    uint64_t plain = len;
    for (size_t i = 0; i < len; i++)
        plain = (plain ^ key->data[i]) * UINT64_C(1099511628211);
    return keyed << 32 | kc_hash(&plain, sizeof(plain));
}

static void settle(struct comparison *comparison, const struct kc_bytes *key)
{
    struct open_key *open = NULL;
    uint64_t hash = hash_key(key);
    HASH_FIND(hh, comparison->open, &hash, sizeof(hash), open);
    if (!open)
        return;
    HASH_DEL(comparison->open, open);
    free(open);
}

/* The record is its side's alone: what was open of its key has come again. */
static void leave_open(struct comparison *comparison, enum side side,
                       const struct kc_plain_record *record)
{
    settle(comparison, &record->key);
    if (HASH_COUNT(comparison->open) >= MOST_OPEN)
        return;
    struct open_key *open = kc_calloc(1, sizeof(*open));
    open->hash = hash_key(&record->key);
    open->side = side;
    open->has_value = record->value.len >= 0;
    open->offset = record->offset;
    HASH_ADD(hh, comparison->open, hash, sizeof(open->hash), open);
}

/* ---- differences ---- */

static void differ(struct link_verify_pair *pair, enum link_verify_kind kind, int64_t source,
                   int64_t target)
{
    pair->kind = kind;
    pair->source_offset = source;
    pair->target_offset = target;
}

/* What is still open at the end hasn't come again. The first one counts. */
static void judge_open(struct comparison *comparison)
{
    struct open_key *open = NULL, *next = NULL;
    const struct open_key *first = NULL;
    HASH_ITER (hh, comparison->open, open, next) {
        bool ends =
            open->side == SOURCE ? comparison->pair->target_ends : comparison->pair->source_ends;
        if (ends && open->has_value && (!first || open->offset < first->offset))
            first = open;
    }
    if (first && first->side == SOURCE)
        differ(comparison->pair, LINK_VERIFY_MISSING, first->offset, -1);
    else if (first)
        differ(comparison->pair, LINK_VERIFY_EXTRA, -1, first->offset);
}

static void free_open(struct comparison *comparison)
{
    struct open_key *open = NULL, *next = NULL;
    HASH_ITER (hh, comparison->open, open, next) {
        HASH_DEL(comparison->open, open);
        free(open);
    }
}

/* ---- the comparison ---- */

static void advance(struct comparison *comparison, enum side side)
{
    struct link_verify_pair *pair = comparison->pair;
    comparison->got[side] =
        pair->next(side == SOURCE ? pair->source : pair->target, &comparison->records[side]);
}

/* Whether the side has a record in the range. */
static bool has(const struct comparison *comparison, enum side side)
{
    return comparison->got[side] == LINK_VERIFY_RECORD &&
           comparison->records[side].offset < comparison->pair->to;
}

static bool has_stopped(const struct comparison *comparison)
{
    return comparison->got[SOURCE] == LINK_VERIFY_STOP ||
           comparison->got[TARGET] == LINK_VERIFY_STOP;
}

/* Whether the next record of a side is the other side's current one, which is thus elsewhere. */
static bool is_next_of(struct comparison *comparison, enum side side,
                       const struct kc_plain_record *wanted)
{
    struct kc_plain_record copy = copy_record(wanted);
    advance(comparison, side);
    bool found = comparison->got[side] == LINK_VERIFY_RECORD &&
                 content(&copy, &comparison->records[side]) == LINK_VERIFY_SAME;
    clear_copy(&copy);
    return found;
}

/* Both have a record at the offset, and they aren't equal. */
static void differ_at(struct comparison *comparison, enum link_verify_kind kind)
{
    struct kc_plain_record *records = comparison->records;
    int64_t offset = records[SOURCE].offset;
    struct kc_plain_record source = copy_record(&records[SOURCE]);
    struct kc_plain_record target = copy_record(&records[TARGET]);
    if (is_next_of(comparison, TARGET, &source))
        differ(comparison->pair, LINK_VERIFY_SHIFTED, offset, records[TARGET].offset);
    else if (is_next_of(comparison, SOURCE, &target))
        differ(comparison->pair, LINK_VERIFY_MISSING, offset, -1);
    else
        differ(comparison->pair, kind, offset, offset);
    clear_copy(&source);
    clear_copy(&target);
}

/* One side alone has a record at its offset. */
static void one_sided(struct comparison *comparison, enum side side)
{
    const struct kc_plain_record *record = &comparison->records[side];
    const struct kc_plain_record *other = &comparison->records[side == SOURCE ? TARGET : SOURCE];
    struct link_verify_pair *pair = comparison->pair;
    bool both = comparison->got[SOURCE] == LINK_VERIFY_RECORD &&
                comparison->got[TARGET] == LINK_VERIFY_RECORD;
    if (pair->compacted && record->key.len >= 0) {
        leave_open(comparison, side, record);
        *(side == SOURCE ? &pair->only_source : &pair->only_target) += 1;
        advance(comparison, side);
    } else if (both && content(record, other) == LINK_VERIFY_SAME) {
        differ(pair, LINK_VERIFY_SHIFTED, comparison->records[SOURCE].offset,
               comparison->records[TARGET].offset);
    } else if (side == SOURCE) {
        differ(pair, LINK_VERIFY_MISSING, record->offset, -1);
    } else {
        differ(pair, LINK_VERIFY_EXTRA, -1, record->offset);
    }
}

static void same_offset(struct comparison *comparison)
{
    struct link_verify_pair *pair = comparison->pair;
    const struct kc_plain_record *records = comparison->records;
    enum link_verify_kind kind = content(&records[SOURCE], &records[TARGET]);
    if (kind != LINK_VERIFY_SAME) {
        differ_at(comparison, kind);
        return;
    }
    pair->records++;
    if (comparison->open)
        settle(comparison, &records[SOURCE].key);
    advance(comparison, SOURCE);
    advance(comparison, TARGET);
}

/* Takes the smaller offset of both: everything before it has been compared. */
static void step(struct comparison *comparison)
{
    const struct kc_plain_record *records = comparison->records;
    bool source = has(comparison, SOURCE), target = has(comparison, TARGET);
    enum side first =
        !target || (source && records[SOURCE].offset <= records[TARGET].offset) ? SOURCE : TARGET;
    int64_t offset = records[first].offset;
    if (source && target && records[SOURCE].offset == records[TARGET].offset)
        same_offset(comparison);
    else
        one_sided(comparison, first);
    if (comparison->pair->kind == LINK_VERIFY_SAME)
        comparison->pair->next_offset = offset + 1;
}

void link_verify_compare(struct link_verify_pair *pair)
{
    struct comparison comparison = {.pair = pair};
    differ(pair, LINK_VERIFY_SAME, -1, -1);
    advance(&comparison, SOURCE);
    advance(&comparison, TARGET);
    while (pair->kind == LINK_VERIFY_SAME && !has_stopped(&comparison) &&
           (has(&comparison, SOURCE) || has(&comparison, TARGET)))
        step(&comparison);
    pair->complete = pair->kind == LINK_VERIFY_SAME && !has_stopped(&comparison);
    if (pair->complete)
        judge_open(&comparison);
    free_open(&comparison);
}
