/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The frame reader against a plain reading of the same bytes. The first two bytes choose how large
 * the pieces are and how the bytes are handed over, the rest is the stream.
 */
#include "wire/frame_reader_priv.h"

#include <stdlib.h>
#include <string.h>

#define LIMIT ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define PART 17

struct plain {
    const uint8_t *data;
    size_t len;
    bool in_parts;
};

static void skip(struct plain *plain, size_t len)
{
    plain->data += len;
    plain->len -= len;
}

/* What was taken must be what stands at the beginning of the bytes that are left. */
static bool check(struct plain *plain, uint8_t *taken, size_t cap, size_t len)
{
    if (!taken)
        return false;
    if (plain->len < len || (len && memcmp(plain->data, taken, len) != 0))
        abort();
    wire_frame_free(taken, cap);
    skip(plain, len);
    return true;
}

static bool begin(struct plain *plain, struct wire_frame_reader *reader)
{
    if (plain->len < 4 || wire_frame_reader_size(reader) > LIMIT)
        return false;
    skip(plain, 4);
    return plain->in_parts ? wire_frame_reader_begin_parts(reader, PART)
                           : wire_frame_reader_begin(reader, 64);
}

/* False: the stream is over. */
static bool feed(struct wire_frame_reader *reader, const uint8_t *data, size_t len,
                 struct plain *plain)
{
    size_t cap = 0, taken = 0;
    uint8_t *part = NULL;

    for (;;) {
        switch (wire_frame_reader_feed(reader, &data, &len)) {
        case WIRE_FRAME_MORE:
            return true;
        case WIRE_FRAME_BEGINS:
            if (!begin(plain, reader))
                return false;
            break;
        case WIRE_FRAME_PART:
            part = wire_frame_reader_take_part(reader, PART, &cap, &taken);
            if (!check(plain, part, cap, taken))
                return false;
            break;
        case WIRE_FRAME_COMPLETE:
            part = wire_frame_reader_take(reader, &cap, &taken);
            if (!check(plain, part, cap, taken))
                return false;
            break;
        case WIRE_FRAME_NO_MEMORY:
            return false;
        }
    }
}

/* Copies into the frame itself, as a socket is read; how many bytes. */
static size_t read_into(struct wire_frame_reader *reader, const uint8_t *data, size_t len)
{
    uint8_t *to = NULL;
    size_t room = wire_frame_reader_room(reader, &to);
    size_t part = room < len ? room : len;

    if (part)
        memcpy(to, data, part);
    wire_frame_reader_advance(reader, part);
    return part;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct wire_frame_reader reader = {0};

    if (len < 2)
        return 0;
    const size_t piece = 1 + (size_t)data[0];
    const bool direct = data[1] & 1;
    struct plain plain = {data + 2, len - 2, data[1] & 2};

    data += 2;
    len -= 2;
    while (len > 0) {
        size_t part = direct ? read_into(&reader, data, piece < len ? piece : len) : 0;

        data += part;
        len -= part;
        size_t rest = piece < len ? piece : len;
        if (!feed(&reader, data, rest, &plain))
            break;
        data += rest;
        len -= rest;
    }
    wire_frame_reader_destroy(&reader);
    return 0;
}
