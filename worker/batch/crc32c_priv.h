/* SPDX-License-Identifier: Apache-2.0 */
/* CRC-32C (Castagnoli), which record batches carry. Pure, any thread. */
#ifndef WORKER_BATCH_CRC32C_PRIV_H
#define WORKER_BATCH_CRC32C_PRIV_H

#include <stddef.h>
#include <stdint.h>

uint32_t kc_crc32c(const void *data, size_t len);

/* The new value of crc after len bytes, with `behind` bytes after them, have changed from before to
 * after. Reads nothing else, so a wrong crc stays wrong. */
uint32_t kc_crc32c_changed(uint32_t crc, const void *before, const void *after, size_t len,
                           size_t behind);
/* The CRC of two texts in a row from those of each; of no text it is 0. */
uint32_t kc_crc32c_joined(uint32_t first, uint32_t second, size_t second_len);

#endif
