/* SPDX-License-Identifier: Apache-2.0 */
/* Cuts bytes into frames: see frame_reader_priv.h. Called by stream_io.c. */
#include "wire/frame_reader_priv.h"

#include <string.h>

#define GROWTH 4 /* times the memory that is full */

size_t wire_frame_reader_size(const struct wire_frame_reader *reader)
{
    const uint8_t *head = reader->head;

    return (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
}

/* Bytes after which something is handed over: the frame, or a part of it. */
static size_t limit(const struct wire_frame_reader *reader)
{
    return reader->part && reader->part < reader->size ? reader->part : reader->size;
}

static bool begin(struct wire_frame_reader *reader, size_t first)
{
    const size_t wanted = reader->size < first ? reader->size : first;

    reader->frame = wire_frame_new(wanted ? wanted : 1, &reader->cap);
    reader->len = 0;
    return reader->frame != NULL;
}

bool wire_frame_reader_begin(struct wire_frame_reader *reader, size_t first)
{
    reader->size = wire_frame_reader_size(reader);
    reader->part = 0;
    return begin(reader, first);
}

bool wire_frame_reader_begin_parts(struct wire_frame_reader *reader, size_t part)
{
    reader->size = wire_frame_reader_size(reader);
    reader->part = part;
    return begin(reader, part);
}

uint8_t *wire_frame_reader_take_part(struct wire_frame_reader *reader, size_t next, size_t *cap,
                                     size_t *len)
{
    uint8_t *part = reader->frame;

    *cap = reader->cap;
    *len = reader->len;
    reader->size -= reader->len;
    reader->part = next;
    if (begin(reader, next))
        return part;
    wire_frame_free(part, *cap);
    return NULL;
}

bool wire_frame_reader_may_skip(const struct wire_frame_reader *reader)
{
    return reader->frame && reader->part && reader->len == 0;
}

void wire_frame_reader_skip(struct wire_frame_reader *reader, size_t len)
{
    reader->size -= len;
}

static bool grow(struct wire_frame_reader *reader)
{
    const size_t most = limit(reader);
    size_t cap = reader->cap * GROWTH < most ? reader->cap * GROWTH : most;
    uint8_t *larger = wire_frame_new(cap, &cap);

    if (!larger)
        return false;
    memcpy(larger, reader->frame, reader->len);
    wire_frame_free(reader->frame, reader->cap);
    reader->frame = larger;
    reader->cap = cap;
    return true;
}

size_t wire_frame_reader_room(struct wire_frame_reader *reader, uint8_t **to)
{
    const size_t most = limit(reader);

    if (!reader->frame)
        return 0;
    if (reader->len == reader->cap && reader->cap < most && !grow(reader))
        return 0;
    *to = reader->frame + reader->len;
    return (reader->cap < most ? reader->cap : most) - reader->len;
}

void wire_frame_reader_advance(struct wire_frame_reader *reader, size_t len)
{
    reader->len += len;
}

size_t wire_frame_reader_left(const struct wire_frame_reader *reader)
{
    return reader->frame ? limit(reader) - reader->len : 0;
}

/* Copies as much as there is and as fits. */
static size_t copy(uint8_t *to, size_t room, const uint8_t **data, size_t *len)
{
    const size_t part = room < *len ? room : *len;

    if (!part)
        return 0;
    memcpy(to, *data, part);
    *data += part;
    *len -= part;
    return part;
}

enum wire_frame_event wire_frame_reader_feed(struct wire_frame_reader *reader, const uint8_t **data,
                                             size_t *len)
{
    if (!reader->frame) {
        reader->head_len += copy(reader->head + reader->head_len,
                                 sizeof(reader->head) - reader->head_len, data, len);
        return reader->head_len < sizeof(reader->head) ? WIRE_FRAME_MORE : WIRE_FRAME_BEGINS;
    }
    while (wire_frame_reader_left(reader) && *len > 0) {
        uint8_t *to = NULL;
        const size_t room = wire_frame_reader_room(reader, &to);

        if (!room)
            return WIRE_FRAME_NO_MEMORY;
        wire_frame_reader_advance(reader, copy(to, room, data, len));
    }
    if (wire_frame_reader_left(reader))
        return WIRE_FRAME_MORE;
    return reader->len < reader->size ? WIRE_FRAME_PART : WIRE_FRAME_COMPLETE;
}

uint8_t *wire_frame_reader_take(struct wire_frame_reader *reader, size_t *cap, size_t *len)
{
    uint8_t *frame = reader->frame;

    *cap = reader->cap;
    *len = reader->size;
    reader->frame = NULL;
    reader->head_len = 0;
    return frame;
}

void wire_frame_reader_destroy(struct wire_frame_reader *reader)
{
    wire_frame_free(reader->frame, reader->cap);
    *reader = (struct wire_frame_reader){0};
}
