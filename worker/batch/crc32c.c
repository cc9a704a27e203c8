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
#define POWERS     31

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

/* x^(8 * 2^k). The order of x is 2^31 - 1, so they repeat after the last one. */
static const uint32_t powers[POWERS] = {
    0x00800000, 0x00008000, 0x82f63b78, 0x6ea2d55c, 0x18b8ea18, 0x510ac59a, 0xb82be955, 0xb8fdb1e7,
    0x88e56f72, 0x74c360a4, 0xe4172b16, 0x0d65762a, 0x35d73a62, 0x28461564, 0xbf455269, 0xe2ea32dc,
    0xfe7740e6, 0xf946610b, 0x3c204f8f, 0x538586e3, 0x59726915, 0x734d5309, 0xbc1ac763, 0x7d0722cc,
    0xd289cabe, 0xe94ca9bc, 0x05b74f3f, 0xa51e1f42, 0x40000000, 0x20000000, 0x08000000,
};

/* x^(8n) */
static uint32_t zero_bytes(size_t n)
{
    uint32_t product = ONE;

    for (size_t k = 0; n > 0; n >>= 1, k = (k + 1) % POWERS) {
        if (n & 1)
            product = multiply(powers[k], product);
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
