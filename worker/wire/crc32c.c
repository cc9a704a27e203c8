/* SPDX-License-Identifier: Apache-2.0 */
/* ISA-L computes the polynomial without the customary inversion before and after; we add it. */
#include "wire/crc32c.h"

#include <isa-l/crc.h>
#include <limits.h>

uint32_t kc_crc32c(const void *data, size_t len)
{
    const unsigned char *at = data;
    uint32_t crc = UINT32_MAX;

    while (len > 0) {
        int part = len > INT_MAX ? INT_MAX : (int)len;

        crc = crc32_iscsi((unsigned char *)at, part, crc);
        at += part;
        len -= (size_t)part;
    }
    return ~crc;
}
