/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A java.util.HashMap<byte[], byte[]> in Java's object serialization, as FileOffsetBackingStore
 * keeps it.
 *
 * Pure functions, any thread.
 */
#ifndef WORKER_STORAGE_JAVA_SERIAL_PRIV_H
#define WORKER_STORAGE_JAVA_SERIAL_PRIV_H

#include "connect/mem.h"

struct kc_serial_pair {
    const char *key; /* NULL: null */
    size_t key_len;
    const char *value; /* NULL: null */
    size_t value_len;
};

/* Calls each for every pair, in the stream's order; pairs point into data. KC_ERR_DATA says at
 * which byte and why data isn't such a map. */
struct kc_error *kc_serial_read(const char *data, size_t len,
                                void (*each)(void *opaque, const struct kc_serial_pair *pair),
                                void *opaque) KC_MUST_CHECK;

/* Appends the stream of a map of these pairs. */
void kc_serial_write(struct kc_str *out, const struct kc_serial_pair *pairs, size_t count);

#endif
