/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of headers, which may have zero bytes in Kafka, as the terminated text that records have.
 * Such a byte is C0 80 there, as in Java's modified UTF-8: these two bytes are no UTF-8, so nothing
 * else is taken for it. Pure functions, any thread.
 */
#ifndef WORKER_SOURCE_HEADER_NAME_PRIV_H
#define WORKER_SOURCE_HEADER_NAME_PRIV_H

#include "connect/mem.h"

/* The text for a name of so many bytes. */
const char *kc_header_name_read(struct kc_arena *arena, const char *data, size_t len);

/* A name's bytes again. */
struct kc_header_name {
    const char *data;
    size_t len;
    char *own; /* NULL: data is the text itself */
};
void kc_header_name_open(struct kc_header_name *name, const char *text);
void kc_header_name_close(struct kc_header_name *name);

#endif
