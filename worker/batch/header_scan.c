/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See header_scan.h. A record that lies wholly in the window is read in one go (plain_record()).
 * The few that the window's end cuts go through the stages.
 */
#include "batch/header_scan.h"

#include <stdint.h>

enum {
    VARINT_MAX = 5,
    VARLONG_MAX = 10,
    /* Length, attributes, time, offset, length of the key. */
    HEAD_MAX = VARINT_MAX + 1 + VARLONG_MAX + 2 * VARINT_MAX,
};

/* ---- numbers; false: the bytes end, or it is too long ---- */

static inline bool skip_varint(const uint8_t **at, const uint8_t *end, int most)
{
    const uint8_t *p = *at;
    for (int i = 0; i < most && p < end; i++) {
        if (!(*p++ & 0x80)) {
            *at = p;
            return true;
        }
    }
    return false;
}

static inline bool read_varint(const uint8_t **at, const uint8_t *end, int64_t *value)
{
    const uint8_t *p = *at;
    uint64_t bits = 0;
    for (int shift = 0; shift < 7 * VARINT_MAX && p < end; shift += 7) {
        bits |= (uint64_t)(*p & 0x7f) << shift;
        if (!(*p++ & 0x80)) {
            *at = p;
            *value = (int64_t)(bits >> 1) ^ -(int64_t)(bits & 1);
            return true;
        }
    }
    return false;
}

/* Skips the bytes of a key or value; -1, null, has none. */
static inline bool skip_bytes(const uint8_t **at, const uint8_t *end)
{
    int64_t len;
    if (!read_varint(at, end, &len) || len > end - *at || len < -1)
        return false;
    *at += len > 0 ? len : 0;
    return true;
}

/* ---- a record in one piece ---- */

/* Reads a record behind its length: whether it is well-formed and has no headers. */
static inline bool plain_record(const uint8_t *at, const uint8_t *end)
{
    if (at == end)
        return false;
    at++; /* attributes */
    return skip_varint(&at, end, VARLONG_MAX) && skip_varint(&at, end, VARINT_MAX) &&
           skip_bytes(&at, end) && skip_bytes(&at, end) && end - at == 1 && *at == 0;
}

/* ---- a record in pieces ---- */

enum scan_stage { LENGTH, VALUE, COUNT };

struct header_scan {
    int32_t left;          /* records that haven't been begun */
    enum scan_stage stage; /* what comes after `skip` */
    int64_t skip;          /* bytes that aren't needed */
    int64_t body;          /* bytes of the record from there on */
};

/* The end of the bytes that may be read of the record from at on. */
static const uint8_t *body_end(const struct header_scan *scan, const uint8_t *at,
                               const uint8_t *end)
{
    return scan->body < end - at ? at + scan->body : end;
}

static bool skip_next(struct header_scan *scan, enum scan_stage next, int64_t len)
{
    if (len < -1 || len > scan->body)
        return false;
    scan->skip = len > 0 ? len : 0;
    scan->body -= scan->skip;
    scan->stage = next;
    return true;
}

static bool begin_record(struct header_scan *scan, const uint8_t **at, const uint8_t *end)
{
    int64_t len, key;
    if (!read_varint(at, end, &len) || len < 0)
        return false;
    scan->body = len;
    scan->left--;
    const uint8_t *from = *at, *last = body_end(scan, *at, end);
    if (*at == last)
        return false;
    ++*at;
    if (!skip_varint(at, last, VARLONG_MAX) || !skip_varint(at, last, VARINT_MAX) ||
        !read_varint(at, last, &key))
        return false;
    scan->body -= *at - from;
    return skip_next(scan, VALUE, key);
}

static bool begin_value(struct header_scan *scan, const uint8_t **at, const uint8_t *end)
{
    int64_t len;
    const uint8_t *from = *at;
    if (!read_varint(at, body_end(scan, *at, end), &len))
        return false;
    scan->body -= *at - from;
    return skip_next(scan, COUNT, len);
}

static bool end_record(struct header_scan *scan, const uint8_t **at)
{
    scan->stage = LENGTH;
    return scan->body == 1 && *(*at)++ == 0;
}

/* One stage, all of whose bytes are there. */
static bool take_stage(struct header_scan *scan, const uint8_t **at, const uint8_t *end)
{
    switch (scan->stage) {
    case LENGTH:
        return begin_record(scan, at, end);
    case VALUE:
        return begin_value(scan, at, end);
    case COUNT:
        return end_record(scan, at);
    }
    return false;
}

/* Reads the records that lie wholly in the window, from *at on; false: one isn't plain. */
static bool take_whole(struct header_scan *scan, const uint8_t **at, const uint8_t *end)
{
    while (scan->left > 0) {
        const uint8_t *body = *at;
        int64_t len;
        if (!read_varint(&body, end, &len) || len > end - body)
            return true;
        if (len < 0 || !plain_record(body, body + len))
            return false;
        *at = body + len;
        scan->left--;
    }
    return true;
}

/* Reads what the window has; *at stays before what can't be read yet. */
static bool take_window(struct header_scan *scan, const uint8_t **at, const uint8_t *end, bool last)
{
    for (;;) {
        if (scan->skip > end - *at) {
            scan->skip -= end - *at;
            *at = end;
            return !last;
        }
        *at += scan->skip;
        scan->skip = 0;
        if (scan->stage == LENGTH && !take_whole(scan, at, end))
            return false;
        if (scan->stage == LENGTH && scan->left == 0)
            return *at == end; /* what is behind the last one isn't known */
        if (end - *at < HEAD_MAX && !last)
            return true;
        if (*at == end || !take_stage(scan, at, end))
            return false;
    }
}

enum kc_headers kc_header_scan(struct kc_recoder *recoder, const struct kc_record_batch *batch,
                               const uint8_t **plain, size_t *len, const char **why)
{
    struct header_scan scan = {.left = batch->count};
    bool plain_so_far = true, end = false;
    size_t keep = 0;
    *plain = NULL;
    *why = kc_recoder_begin(recoder, batch);
    for (bool whole = true; !*why && plain_so_far && !end; whole = false) {
        const uint8_t *data;
        *why = kc_recoder_read(recoder, keep, &data, len, &end);
        if (*why)
            break;
        const uint8_t *at = data;
        plain_so_far = take_window(&scan, &at, data + *len, end);
        keep = (size_t)(data + *len - at);
        if (whole && end)
            *plain = data;
    }
    return !*why && plain_so_far ? KC_HEADERS_NONE : KC_HEADERS_SOME;
}
