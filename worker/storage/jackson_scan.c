/* SPDX-License-Identifier: Apache-2.0 */
/* A reader of JSON that accepts and refuses what Jackson does: see jackson_scan_priv.h. */
#include "storage/jackson_scan_priv.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* StreamReadConstraints' defaults; exponents are those of Java's BigDecimal. */
enum { MAX_DEPTH = 1000, MAX_NUMBER = 1000 };
#define MAX_EXPONENT INT64_C(2147483647)

struct jackson_scan {
    const unsigned char *data;
    size_t len;
    size_t at;
};

static int peek(const struct jackson_scan *scan)
{
    return scan->at < scan->len ? scan->data[scan->at] : -1;
}

static bool take(struct jackson_scan *scan, int c)
{
    if (peek(scan) != c)
        return false;
    scan->at++;
    return true;
}

static bool is_space(int c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_space(struct jackson_scan *scan)
{
    while (is_space(peek(scan)))
        scan->at++;
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

/* Letters and what else an identifier may have; all of it beyond ASCII counts. */
static bool is_name_part(int c)
{
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '$' || c >= 0x80;
}

static bool word(struct jackson_scan *scan, const char *text)
{
    size_t len = strlen(text);
    if (scan->len - scan->at < len || memcmp(scan->data + scan->at, text, len) != 0)
        return false;
    scan->at += len;
    return !is_name_part(peek(scan));
}

/* ---- numbers ---- */

static size_t digits(struct jackson_scan *scan)
{
    size_t start = scan->at;
    while (is_digit(peek(scan)))
        scan->at++;
    return scan->at - start;
}

static bool exponent(struct jackson_scan *scan, size_t *count)
{
    if (!take(scan, '-'))
        take(scan, '+');
    size_t start = scan->at;
    *count = digits(scan);
    int64_t value = 0;
    for (size_t i = start; i < scan->at && value <= MAX_EXPONENT; i++)
        value = value * 10 + (scan->data[i] - '0');
    return *count && value <= MAX_EXPONENT;
}

static bool number(struct jackson_scan *scan)
{
    take(scan, '-');
    size_t whole = digits(scan);
    size_t fraction = 0;
    size_t power = 0;
    if (!whole || (take(scan, '.') && !(fraction = digits(scan))))
        return false;
    if (peek(scan) == 'e' || peek(scan) == 'E') {
        scan->at++;
        if (!exponent(scan, &power))
            return false;
    }
    return whole + fraction + power <= MAX_NUMBER;
}

/* ---- strings ---- */

static bool escape(struct jackson_scan *scan)
{
    int c = peek(scan);
    if (c < 0 || !strchr("\"\\/bfnrtu", c) || c == '\0')
        return false;
    scan->at++;
    for (int i = 0; c == 'u' && i < 4; i++, scan->at++) {
        int hex = peek(scan);
        if (!is_digit(hex) && !(hex >= 'a' && hex <= 'f') && !(hex >= 'A' && hex <= 'F'))
            return false;
    }
    return true;
}

/* Jackson counts bytes, and looks no closer: surrogates and overlong forms pass. */
static bool multibyte(struct jackson_scan *scan, int lead)
{
    int more = (lead & 0xe0) == 0xc0   ? 1
               : (lead & 0xf0) == 0xe0 ? 2
               : (lead & 0xf8) == 0xf0 ? 3
                                       : -1;
    for (int i = 0; i < more; i++, scan->at++)
        if (peek(scan) < 0 || (peek(scan) & 0xc0) != 0x80)
            return false;
    return more > 0;
}

static bool string(struct jackson_scan *scan)
{
    if (!take(scan, '"'))
        return false;
    for (;;) {
        int c = peek(scan);
        if (c < 0x20) /* the end, too */
            return false;
        scan->at++;
        if (c == '"')
            return true;
        if (c == '\\' ? !escape(scan) : c >= 0x80 && !multibyte(scan, c))
            return false;
    }
}

/* ---- values ---- */

static bool scalar(struct jackson_scan *scan)
{
    switch (peek(scan)) {
    case '"':
        return string(scan);
    case 't':
        return word(scan, "true");
    case 'f':
        return word(scan, "false");
    case 'n':
        return word(scan, "null");
    default:
        return number(scan);
    }
}

static bool member_name(struct jackson_scan *scan)
{
    skip_space(scan);
    if (!string(scan))
        return false;
    skip_space(scan);
    return take(scan, ':');
}

/* Behind a value inside an array or object: closes what ends, and moves to the next value. */
static bool go_on(struct jackson_scan *scan, const char *open, int *depth)
{
    while (*depth > 0) {
        skip_space(scan);
        bool object = open[*depth - 1] == '{';
        if (take(scan, ','))
            return object ? member_name(scan) : true;
        if (!take(scan, object ? '}' : ']'))
            return false;
        (*depth)--;
    }
    return true;
}

/* Opens an object or array; *empty: it was closed at once. */
static bool enter(struct jackson_scan *scan, char *open, int *depth, bool *empty)
{
    bool object = take(scan, '{');
    if (!object)
        take(scan, '[');
    if (*depth == MAX_DEPTH)
        return false;
    open[(*depth)++] = object ? '{' : '[';
    skip_space(scan);
    *empty = take(scan, object ? '}' : ']');
    if (*empty)
        (*depth)--;
    return *empty || !object || member_name(scan);
}

static bool value(struct jackson_scan *scan)
{
    char open[MAX_DEPTH];
    int depth = 0;
    do {
        bool complete = true;
        skip_space(scan);
        if (peek(scan) == '{' || peek(scan) == '[') {
            if (!enter(scan, open, &depth, &complete))
                return false;
        } else if (!scalar(scan)) {
            return false;
        }
        if (complete && !go_on(scan, open, &depth))
            return false;
    } while (depth > 0);
    return true;
}

enum kc_jackson_verdict kc_jackson_scan(const char *data, size_t len, size_t *end)
{
    struct jackson_scan scan = {(const unsigned char *)data, len, 0};
    if (len >= 4 && memcmp(data, "\xef\xbb\xbf", 3) == 0)
        scan.at = 3;
    skip_space(&scan);
    size_t start = scan.at;
    *end = start;
    if (start == len)
        return KC_JACKSON_NULL;
    if (!value(&scan))
        return KC_JACKSON_REFUSED;
    *end = scan.at;
    int first = scan.data[start];
    if ((is_digit(first) || first == '-') && scan.at < len && !is_space(peek(&scan)))
        return KC_JACKSON_REFUSED;
    return first == 'n' ? KC_JACKSON_NULL : KC_JACKSON_VALUE;
}
