/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ISA-L computes the polynomial without the customary inversion before and after; we add it.
 *
 * Without the inversions a CRC is linear: CRC(a xor b) = CRC(a) xor CRC(b). Appending zeros to a
 * text multiplies its CRC by a power of x. Polynomials are bit-reflected: the highest bit is x^0.
 */
#include "batch/crc32c_priv.h"

#include <isa-l/crc.h>
#include <limits.h>

#define CASTAGNOLI 0x82f63b78U
#define ONE        0x80000000U /* x^0 */
#define X8         0x00800000U /* x^8: one zero byte */

static uint32_t plain(const unsigned char *data, size_t len, uint32_t crc)
{
    while (len > 0) {
        int part = len > INT_MAX ? INT_MAX : (int)len;

        crc = crc32_iscsi((unsigned char *)data, part, crc);
        data += part;
        len -= (size_t)part;
    }
    return crc;
}

uint32_t kc_crc32c(const void *data, size_t len)
{
    return ~plain(data, len, UINT32_MAX);
}

static uint32_t multiply(uint32_t a, uint32_t b)
{
    uint32_t product = 0;

    for (; a; a <<= 1) {
        product ^= b & -(a >> 31);
        b = (b >> 1) ^ (CASTAGNOLI & -(b & 1));
    }
    return product;
}

/* x^(8n) */
static uint32_t zero_bytes(size_t n)
{
    uint32_t product = ONE;

    for (uint32_t power = X8; n > 0; n >>= 1, power = multiply(power, power)) {
        if (n & 1)
            product = multiply(power, product);
    }
    return product;
}

uint32_t kc_crc32c_changed(uint32_t crc, const void *before, const void *after, size_t len,
                           size_t behind)
{
    uint32_t change = plain(before, len, 0) ^ plain(after, len, 0);

    return crc ^ multiply(zero_bytes(behind), change);
}

uint32_t kc_crc32c_joined(uint32_t first, uint32_t second, size_t second_len)
{
    return multiply(zero_bytes(second_len), first) ^ second;
}
