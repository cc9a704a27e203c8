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

bool wire_frame_reader_begin(struct wire_frame_reader *reader, size_t first)
{
    const size_t size = wire_frame_reader_size(reader);
    const size_t wanted = size < first ? size : first;

    reader->frame = wire_frame_new(wanted ? wanted : 1, &reader->cap);
    reader->size = size;
    reader->len = 0;
    return reader->frame != NULL;
}

static bool grow(struct wire_frame_reader *reader)
{
    size_t cap = reader->cap * GROWTH < reader->size ? reader->cap * GROWTH : reader->size;
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
    if (!reader->frame)
        return 0;
    if (reader->len == reader->cap && reader->cap < reader->size && !grow(reader))
        return 0;
    *to = reader->frame + reader->len;
    return (reader->cap < reader->size ? reader->cap : reader->size) - reader->len;
}

void wire_frame_reader_advance(struct wire_frame_reader *reader, size_t len)
{
    reader->len += len;
}

size_t wire_frame_reader_left(const struct wire_frame_reader *reader)
{
    return reader->frame ? reader->size - reader->len : 0;
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
    while (reader->len<reader->size && * len> 0) {
        uint8_t *to = NULL;
        const size_t room = wire_frame_reader_room(reader, &to);

        if (!room)
            return WIRE_FRAME_NO_MEMORY;
        wire_frame_reader_advance(reader, copy(to, room, data, len));
    }
    return reader->len < reader->size ? WIRE_FRAME_MORE : WIRE_FRAME_COMPLETE;
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
