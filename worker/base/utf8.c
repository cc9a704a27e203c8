/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8: see utf8.h. */
#include "base/utf8.h"

size_t kc_utf8_length(const char *text, size_t left)
{
    const unsigned char *c = (const unsigned char *)text;
    size_t len = c[0] < 0x80                    ? 1
                 : c[0] >= 0xc2 && c[0] <= 0xdf ? 2
                 : (c[0] & 0xf0) == 0xe0        ? 3
                 : c[0] >= 0xf0 && c[0] <= 0xf4 ? 4
                                                : 0;
    if (len > left)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((c[i] & 0xc0) != 0x80)
            return 0;
    if (len < 3)
        return len;
    bool overlong = (c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xf0 && c[1] < 0x90);
    bool beyond = (c[0] == 0xed && c[1] > 0x9f) || (c[0] == 0xf4 && c[1] > 0x8f);
    return overlong || beyond ? 0 : len;
}

uint32_t kc_utf8_decode(const char *text, size_t left, size_t *size)
{
    const unsigned char *c = (const unsigned char *)text;
    size_t len = kc_utf8_length(text, left);
    *size = len ? len : 1;
    if (len < 2)
        return c[0];
    uint32_t point = c[0] & (0xffU >> (len + 1));
    for (size_t i = 1; i < len; i++)
        point = point << 6 | (c[i] & 0x3fU);
    return point;
}

void kc_utf8_append(struct kc_str *out, uint32_t point)
{
    static const unsigned char heads[] = {0, 0xc0, 0xe0, 0xf0};
    char bytes[4];
    int more = point < 0x80 ? 0 : point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    for (int i = more; i > 0; i--, point >>= 6)
        bytes[i] = (char)(0x80 | (point & 0x3f));
    bytes[0] = (char)(heads[more] | point);
    kc_str_append_n(out, bytes, (size_t)more + 1);
}
