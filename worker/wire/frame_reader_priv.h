/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames out of a stream of bytes: four bytes that say a length, then as many bytes.
 *
 * Fed in pieces of any size, or read into directly. A frame's memory grows with what has arrived,
 * so that a large length sent by a stranger costs nothing. A frame may also be taken part by part,
 * and is never whole in memory then. No socket, no limit: the stream that feeds it has both. One
 * thread at a time.
 */
#ifndef WORKER_WIRE_FRAME_READER_PRIV_H
#define WORKER_WIRE_FRAME_READER_PRIV_H

#include "wire/frames.h"

#include <stdbool.h>

/* Zero-initialise. */
struct wire_frame_reader {
    uint8_t head[4];
    size_t head_len;
    uint8_t *frame; /* NULL: between frames */
    size_t size;    /* as the head says, less the parts that were taken */
    size_t part;    /* bytes of a part; 0: the frame is taken whole */
    size_t cap;     /* allocated so far */
    size_t len;     /* filled */
};

enum wire_frame_event {
    WIRE_FRAME_MORE,      /* all was taken, and more is needed */
    WIRE_FRAME_BEGINS,    /* the length is there: wire_frame_reader_begin() is next */
    WIRE_FRAME_PART,      /* wire_frame_reader_take_part() is next */
    WIRE_FRAME_COMPLETE,  /* wire_frame_reader_take() is next */
    WIRE_FRAME_NO_MEMORY, /* for the frame that is under way */
};

/* Takes bytes up to the next event; moves *data and reduces *len accordingly. */
enum wire_frame_event wire_frame_reader_feed(struct wire_frame_reader *reader, const uint8_t **data,
                                             size_t *len);
/* The length of the frame that begins. */
size_t wire_frame_reader_size(const struct wire_frame_reader *reader);
/* Makes room for the frame, of at most first bytes for now; false: there is no memory. */
bool wire_frame_reader_begin(struct wire_frame_reader *reader, size_t first);
/* The same for a frame that is taken in parts of so many bytes (> 0); the last may be shorter. */
bool wire_frame_reader_begin_parts(struct wire_frame_reader *reader, size_t part);
/* A part that isn't the last, the caller's to free by wire_frame_free(). The following ones have so
 * many bytes as next says (> 0). NULL: there is no memory for the next one. */
uint8_t *wire_frame_reader_take_part(struct wire_frame_reader *reader, size_t next, size_t *cap,
                                     size_t *len);
/* Between two parts: whether none of the next one is here yet. */
bool wire_frame_reader_may_skip(const struct wire_frame_reader *reader);
/* So many bytes of the frame, fewer than are left, were read by somebody else. */
void wire_frame_reader_skip(struct wire_frame_reader *reader, size_t len);
/* The complete frame, or its last part, the caller's to free by wire_frame_free(). */
uint8_t *wire_frame_reader_take(struct wire_frame_reader *reader, size_t *cap, size_t *len);

/* The place for the next bytes of the frame, and how many fit; 0: no frame is under way, a part is
 * to be taken first, or there is no memory. Report read bytes by wire_frame_reader_advance(); the
 * next feed reports a complete frame or part. */
size_t wire_frame_reader_room(struct wire_frame_reader *reader, uint8_t **to);
void wire_frame_reader_advance(struct wire_frame_reader *reader, size_t len);
/* Bytes that the frame or part under way still lacks; 0 between frames. */
size_t wire_frame_reader_left(const struct wire_frame_reader *reader);

void wire_frame_reader_destroy(struct wire_frame_reader *reader); /* empties */

#endif
