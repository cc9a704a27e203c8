/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uthash with a hash that outsiders can't foresee.
 *
 * Keys come from topics, groups, configurations and requests, all written by others. With a known
 * hash, an attacker can choose keys that meet in one bucket, so that each look-up walks through all
 * of them. Each process keys this hash with new random bytes. Include this in place of uthash.h.
 */
#ifndef CONNECT_HASH_H
#define CONNECT_HASH_H

#include "connect/mem.h"

#include <stdlib.h>

KC_API_BEGIN

/* SipHash-1-3 of the key, cut to 32 bits. Any thread. */
uint32_t kc_hash(const void *key, size_t len);

KC_API_END

#define HASH_FUNCTION(key, len, hash) ((hash) = kc_hash((key), (len)))
#define uthash_malloc(size)           kc_malloc(size)
#define uthash_free(table, size)      free(table)
#include <uthash.h>

#endif
