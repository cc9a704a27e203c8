/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A frame on its way out: one that came in and is relayed as it is, or one that was encoded. It is
 * sent without a copy, and owns its bytes until the stream has taken them. One thread at a time.
 */
#ifndef WORKER_GATEWAY_GATEWAY_OUTGOING_PRIV_H
#define WORKER_GATEWAY_GATEWAY_OUTGOING_PRIV_H

#include "wire/out_pieces.h"
#include "wire/stream.h"

struct gateway_outgoing {
    uint8_t head[4]; /* the frame's length */
    size_t total;    /* that length, of a part; else it is the size */
    bool continues;  /* a part behind the first one: it has no head */
    uint8_t *frame;  /* what is relayed, or what `out` refers to; NULL: nothing */
    size_t cap;
    size_t len;
    bool encoded; /* `out` is sent, not the frame */
    struct kc_wire_out out;
    void (*let_go)(void *owner); /* instead of freeing the frame; NULL: it is ours */
    void *owner;
};

/* Takes frame, whose memory is of cap bytes. */
struct gateway_outgoing *gateway_outgoing_relay(uint8_t *frame, size_t cap, size_t len);
/* The same for a part of a frame of `total` bytes, which it is the first of or continues. */
struct gateway_outgoing *gateway_outgoing_part(uint8_t *part, size_t cap, size_t len, size_t total,
                                               bool continues);
/* A frame that stays its owner's, who is let go when it has been sent. */
struct gateway_outgoing *gateway_outgoing_borrow(uint8_t *frame, size_t len,
                                                 void (*let_go)(void *owner), void *owner);
/* Empty: its `out` is the caller's to fill. */
struct gateway_outgoing *gateway_outgoing_new(void);
void gateway_outgoing_destroy(struct gateway_outgoing *outgoing); /* NULL is fine */

size_t gateway_outgoing_size(const struct gateway_outgoing *outgoing);
/* Takes outgoing. False: more than the stream's high water is queued. */
bool gateway_outgoing_send(struct gateway_outgoing *outgoing, struct wire_stream *stream);

#endif
