/* SPDX-License-Identifier: Apache-2.0 */
/* The encoder's output as pieces for a stream. Pure. */
#ifndef WORKER_WIRE_OUT_PIECES_H
#define WORKER_WIRE_OUT_PIECES_H

#include "wire/codec.h"

#include <uv.h>

/* The most pieces that out may have. */
static inline size_t wire_out_pieces_max(const struct kc_wire_out *out)
{
    return 2 * out->ref_count + 1;
}
/* Fills bufs with out's bytes and references in order; how many. They borrow from out. */
unsigned int wire_out_pieces(const struct kc_wire_out *out, uv_buf_t *bufs);

#endif
