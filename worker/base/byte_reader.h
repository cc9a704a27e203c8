/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bounds-checked reader of big-endian values and varints, for the decoders of wire.
 *
 * The first failure sticks: `bad` says why, later reads give zero and don't move. So a decoder
 * reads a run of fields and checks `bad` once.
 */
#ifndef WORKER_BASE_BYTE_READER_H
#define WORKER_BASE_BYTE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reader {
    const uint8_t *at;
    const uint8_t *end;
    const char *bad;
};

static inline size_t reader_left(const struct reader *in)
{
    return (size_t)(in->end - in->at);
}

static inline bool reader_need(struct reader *in, size_t size)
{
    if (!in->bad && reader_left(in) < size)
        in->bad = "it ends too early";
    return !in->bad;
}

/* A signed big-endian integer of size bytes. */
static inline int64_t read_int(struct reader *in, int size)
{
    uint64_t value = 0;

    if (!reader_need(in, (size_t)size))
        return 0;
    for (int i = 0; i < size; i++)
        value = value << 8 | in->at[i];
    in->at += size;
    return (int64_t)(value << (64 - 8 * size)) >> (64 - 8 * size);
}

static inline uint64_t read_uvarlong(struct reader *in, int max_bytes)
{
    uint64_t value = 0;

    for (int i = 0; i < max_bytes; i++) {
        uint8_t byte;

        if (!reader_need(in, 1))
            return 0;
        byte = *in->at++;
        value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (!(byte & 0x80))
            return value;
    }
    in->bad = "a variable-length number is too long";
    return 0;
}

static inline uint32_t read_uvarint(struct reader *in)
{
    return (uint32_t)read_uvarlong(in, 5);
}

static inline int64_t read_varlong(struct reader *in)
{
    uint64_t value = read_uvarlong(in, 10);

    return (int64_t)(value >> 1) ^ -(int64_t)(value & 1);
}

static inline int32_t read_varint(struct reader *in)
{
    uint32_t value = read_uvarint(in);

    return (int32_t)(value >> 1) ^ -(int32_t)(value & 1);
}

/* len bytes in place; NULL when there aren't that many or len < 0. */
static inline const uint8_t *read_bytes(struct reader *in, int64_t len)
{
    const uint8_t *data = in->at;

    if (len < 0)
        in->bad = in->bad ? in->bad : "a length is negative";
    if (in->bad || !reader_need(in, (size_t)len))
        return NULL;
    in->at += len;
    return data;
}

static inline void skip_tags(struct reader *in)
{
    uint32_t count = read_uvarint(in);

    for (uint32_t i = 0; i < count && !in->bad; i++) {
        read_uvarint(in);
        read_bytes(in, read_uvarint(in));
    }
}

#endif
