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

struct plain {
    const uint8_t *data;
    size_t len;
};

/* The next frame must be what stands at the beginning of the bytes that are left. */
static void check(struct plain *plain, struct wire_frame_reader *reader)
{
    size_t cap, len;
    uint8_t *frame = wire_frame_reader_take(reader, &cap, &len);

    if (plain->len < 4 + len || (len && memcmp(plain->data + 4, frame, len) != 0))
        abort();
    wire_frame_free(frame, cap);
    plain->data += 4 + len;
    plain->len -= 4 + len;
}

/* False: the stream is over. */
static bool feed(struct wire_frame_reader *reader, const uint8_t *data, size_t len,
                 struct plain *plain)
{
    for (;;) {
        switch (wire_frame_reader_feed(reader, &data, &len)) {
        case WIRE_FRAME_MORE:
            return true;
        case WIRE_FRAME_BEGINS:
            if (wire_frame_reader_size(reader) > LIMIT || !wire_frame_reader_begin(reader, 64))
                return false;
            break;
        case WIRE_FRAME_COMPLETE:
            check(plain, reader);
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
    struct plain plain = {data + 2, len - 2};

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
