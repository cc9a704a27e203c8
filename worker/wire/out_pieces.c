/* SPDX-License-Identifier: Apache-2.0 */
/* See out_pieces.h. Called by connections, on either side of the protocol. */
#include "wire/out_pieces.h"

unsigned int wire_out_pieces(const struct kc_wire_out *out, uv_buf_t *bufs)
{
    unsigned int count = 0;
    size_t at = 0;

    for (size_t i = 0; i < out->ref_count; i++) {
        const struct kc_wire_ref *ref = &out->refs[i];

        if (ref->at > at)
            bufs[count++] = uv_buf_init(out->bytes.data + at, (unsigned int)(ref->at - at));
        at = ref->at;
        bufs[count++] = uv_buf_init((char *)ref->data, (unsigned int)ref->len);
    }
    if (out->bytes.len > at)
        bufs[count++] = uv_buf_init(out->bytes.data + at, (unsigned int)(out->bytes.len - at));
    return count;
}
