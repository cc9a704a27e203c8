/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 as Java's decoder mends it, and base64 as Java and Jackson have it: see connect/text.h.
 * Pure functions, any thread. */
#include "connect/text.h"

#include <string.h>

/* ---- UTF-8 ---- */

/* Length of the well-formed sequence at text, or minus the length of the malformed piece (what has
 * been right so far, at least one byte). */
static int sequence(const unsigned char *text, size_t len)
{
    unsigned char c = text[0];
    if (c < 0x80)
        return 1;
    int need = c >= 0xc2 && c <= 0xdf ? 2 : (c >> 4) == 14 ? 3 : c >= 0xf0 && c <= 0xf4 ? 4 : 0;
    if (!need)
        return -1;
    unsigned char low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    unsigned char high = c == 0xf4 ? 0x8f : 0xbf;
    for (int i = 1; i < need; i++) {
        if ((size_t)i >= len || text[i] < low || text[i] > high)
            return -i;
        low = 0x80;
        high = 0xbf;
    }
    bool surrogate = c == 0xed && text[1] >= 0xa0;
    return surrogate ? -need : need;
}

static size_t well_formed(const char *data, size_t len)
{
    size_t i = 0;
    while (i < len) {
        uint64_t word;
        if (len - i >= sizeof(word)) {
            memcpy(&word, data + i, sizeof(word));
            if (!(word & 0x8080808080808080ULL)) {
                i += sizeof(word);
                continue;
            }
        }
        int size = sequence((const unsigned char *)data + i, len - i);
        if (size < 0)
            break;
        i += (size_t)size;
    }
    return i;
}

const char *kc_utf8_text(struct kc_arena *arena, const char *data, size_t len, size_t *text_len)
{
    *text_len = len;
    if (well_formed(data, len) == len)
        return data;
    char *text = kc_arena_alloc(arena, 3 * len);
    size_t used = 0;
    for (size_t i = 0; i < len;) {
        int size = sequence((const unsigned char *)data + i, len - i);
        const char *piece = size > 0 ? data + i : "\xef\xbf\xbd";
        size_t piece_len = size > 0 ? (size_t)size : 3;
        memcpy(text + used, piece, piece_len);
        used += piece_len;
        i += (size_t)(size > 0 ? size : -size);
    }
    *text_len = used;
    return text;
}

/* ---- base64 ---- */

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void kc_base64_write(struct kc_str *out, const void *data, size_t len)
{
    const unsigned char *bytes = data;
    for (size_t i = 0; i < len; i += 3) {
        size_t have = len - i < 3 ? len - i : 3;
        uint32_t bits = (uint32_t)bytes[i] << 16;
        if (have > 1)
            bits |= (uint32_t)bytes[i + 1] << 8;
        if (have > 2)
            bits |= bytes[i + 2];
        char quantum[4] = {alphabet[bits >> 18], alphabet[(bits >> 12) & 63],
                           have > 1 ? alphabet[(bits >> 6) & 63] : '=',
                           have > 2 ? alphabet[bits & 63] : '='};
        kc_str_append_n(out, quantum, 4);
    }
}

static int sextet(char c)
{
    const char *found = c ? strchr(alphabet, c) : NULL;
    return found ? (int)(found - alphabet) : -1;
}

/* Reads four characters; *size is the number of bytes that they stand for, 0 when malformed. */
static uint32_t read_quantum(const char *text, size_t len, int *size)
{
    *size = 0;
    if (len < 4)
        return 0;
    int a = sextet(text[0]), b = sextet(text[1]), c = sextet(text[2]), d = sextet(text[3]);
    if (a < 0 || b < 0 || (c < 0 && !(text[2] == '=' && text[3] == '=')) ||
        (c >= 0 && d < 0 && text[3] != '='))
        return 0;
    *size = c < 0 ? 1 : d < 0 ? 2 : 3;
    return (uint32_t)a << 18 | (uint32_t)b << 12 | (uint32_t)(c < 0 ? 0 : c) << 6 |
           (uint32_t)(d < 0 ? 0 : d);
}

const char *kc_base64_read(struct kc_arena *arena, const char *text, size_t len, size_t *data_len)
{
    char *data = kc_arena_try_alloc(arena, len / 4 * 3 + 3);
    size_t used = 0;
    if (!data)
        return NULL;
    for (size_t i = 0; i < len;) {
        if ((unsigned char)text[i] <= ' ') {
            i++;
            continue;
        }
        int size;
        uint32_t bits = read_quantum(text + i, len - i, &size);
        if (!size)
            return NULL;
        char bytes[3] = {(char)(bits >> 16), (char)(bits >> 8), (char)bits};
        memcpy(data + used, bytes, (size_t)size);
        used += (size_t)size;
        i += 4;
    }
    *data_len = used;
    return data;
}
