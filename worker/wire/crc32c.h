/* SPDX-License-Identifier: Apache-2.0 */
/* CRC-32C (Castagnoli), which record batches carry. Pure, any thread. */
#ifndef WORKER_WIRE_CRC32C_H
#define WORKER_WIRE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

uint32_t kc_crc32c(const void *data, size_t len);

#endif
