/* SPDX-License-Identifier: Apache-2.0 */
/* See gateway_outgoing_priv.h. */
#include "gateway/gateway_outgoing_priv.h"

#include <stdlib.h>

#define FEW 8 /* pieces that need no memory of their own */

struct gateway_outgoing *gateway_outgoing_new(void)
{
    struct gateway_outgoing *outgoing = kc_calloc(1, sizeof(*outgoing));

    outgoing->encoded = true;
    return outgoing;
}

struct gateway_outgoing *gateway_outgoing_relay(uint8_t *frame, size_t cap, size_t len)
{
    struct gateway_outgoing *outgoing = kc_calloc(1, sizeof(*outgoing));

    outgoing->frame = frame;
    outgoing->cap = cap;
    outgoing->len = len;
    return outgoing;
}

struct gateway_outgoing *gateway_outgoing_part(uint8_t *part, size_t cap, size_t len, size_t total,
                                               bool continues)
{
    struct gateway_outgoing *outgoing = gateway_outgoing_relay(part, cap, len);

    outgoing->total = total;
    outgoing->continues = continues;
    return outgoing;
}

struct gateway_outgoing *gateway_outgoing_borrow(uint8_t *frame, size_t len,
                                                 void (*let_go)(void *owner), void *owner)
{
    struct gateway_outgoing *outgoing = gateway_outgoing_relay(frame, 0, len);

    outgoing->let_go = let_go;
    outgoing->owner = owner;
    return outgoing;
}

void gateway_outgoing_destroy(struct gateway_outgoing *outgoing)
{
    if (!outgoing)
        return;
    if (outgoing->let_go)
        outgoing->let_go(outgoing->owner);
    else
        wire_frame_free(outgoing->frame, outgoing->cap);
    kc_wire_out_destroy(&outgoing->out);
    free(outgoing);
}

size_t gateway_outgoing_size(const struct gateway_outgoing *outgoing)
{
    return outgoing->encoded ? kc_wire_out_size(&outgoing->out) : outgoing->len;
}

static void release(void *arg)
{
    gateway_outgoing_destroy(arg);
}

/* The piece with the frame's length. */
static uv_buf_t head_of(struct gateway_outgoing *outgoing)
{
    const size_t size = outgoing->total ? outgoing->total : gateway_outgoing_size(outgoing);

    for (int i = 0; i < 4; i++)
        outgoing->head[i] = (uint8_t)(size >> (24 - 8 * i));
    return uv_buf_init((char *)outgoing->head, sizeof(outgoing->head));
}

bool gateway_outgoing_send(struct gateway_outgoing *outgoing, struct wire_stream *stream)
{
    const size_t max = 1 + (outgoing->encoded ? wire_out_pieces_max(&outgoing->out) : 1);
    uv_buf_t few[FEW];
    uv_buf_t *bufs = max <= FEW ? few : kc_calloc(max, sizeof(*bufs));
    unsigned int count = 0;

    if (!outgoing->continues)
        bufs[count++] = head_of(outgoing);
    if (outgoing->encoded)
        count += wire_out_pieces(&outgoing->out, bufs + count);
    else
        bufs[count++] = uv_buf_init((char *)outgoing->frame, (unsigned int)outgoing->len);
    const bool room = wire_stream_send(stream, bufs, count, release, outgoing);
    if (bufs != few)
        free(bufs);
    return room;
}
