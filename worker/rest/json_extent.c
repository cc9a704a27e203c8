/* SPDX-License-Identifier: Apache-2.0 */
/* Measuring JSON: see json_extent_priv.h. Sizes are those of jansson 2.14 with glibc's malloc. */
#include "rest/json_extent_priv.h"

#include <string.h>

#define CONTAINER_BYTES 240 /* an empty object with its eight buckets; an array has 130 */
#define SCALAR_BYTES    112 /* an empty string, and its place in what holds it */
#define KEY_BYTES       128 /* a member, and the buckets that it adds */

struct extent_scan {
    const char *at;
    const char *end;
    size_t depth;
    size_t longest; /* text: is decoded in a buffer that doubles */
    struct kc_json_extent *extent;
};

static void add(struct kc_json_extent *extent, size_t bytes)
{
    extent->values++;
    extent->bytes += bytes;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void scan_string(struct extent_scan *scan)
{
    const char *from = ++scan->at;
    while (scan->at < scan->end && *scan->at != '"')
        scan->at += *scan->at == '\\' && scan->at + 1 < scan->end ? 2 : 1;
    size_t len = (size_t)(scan->at - from);
    scan->at += scan->at < scan->end;
    while (scan->at < scan->end && is_blank(*scan->at))
        scan->at++;
    bool key = scan->at < scan->end && *scan->at == ':';
    add(scan->extent, len + (key ? KEY_BYTES : SCALAR_BYTES));
    scan->longest = len > scan->longest ? len : scan->longest;
}

/* A number, true, false or null, or something invalid. */
static void scan_word(struct extent_scan *scan)
{
    const char *from = scan->at;
    bool number = false;
    while (scan->at < scan->end && !is_blank(*scan->at) && !strchr(",:[]{}\"", *scan->at)) {
        number |= *scan->at == '-' || (*scan->at >= '0' && *scan->at <= '9');
        scan->at++;
    }
    scan->at += scan->at == from;
    scan->extent->numbers += number;
    add(scan->extent, (size_t)(scan->at - from) + SCALAR_BYTES);
}

static void scan_container(struct extent_scan *scan)
{
    scan->at++;
    scan->depth++;
    if (scan->depth > scan->extent->depth)
        scan->extent->depth = scan->depth;
    add(scan->extent, CONTAINER_BYTES);
}

void kc_json_measure(const char *data, size_t len, struct kc_json_extent *extent)
{
    struct extent_scan scan = {.at = data, .end = data + len, .extent = extent};
    *extent = (struct kc_json_extent){0};
    while (scan.at < scan.end) {
        char c = *scan.at;
        if (c == '"') {
            scan_string(&scan);
        } else if (c == '[' || c == '{') {
            scan_container(&scan);
        } else if (c == ']' || c == '}') {
            scan.depth -= scan.depth > 0;
            scan.at++;
        } else if (is_blank(c) || c == ',' || c == ':') {
            scan.at++;
        } else {
            scan_word(&scan);
        }
    }
    extent->bytes += 2 * scan.longest;
}
