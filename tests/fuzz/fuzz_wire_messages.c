/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames for every API and version: the first bytes choose direction, API and version, the rest is
 * the message. What decodes must encode, and decode to the same bytes again.
 */
#include "wire/api.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void round_trip(int api, enum kc_wire_direction direction, int version,
                       const struct kc_wire_out *first)
{
    struct kc_arena *arena = kc_arena_new(4096);
    struct kc_wire_out second = {0};
    void *message;
    struct kc_error *err = kc_wire_decode(api, direction, version, (uint8_t *)first->bytes.data,
                                          first->bytes.len, arena, &message);

    if (!err)
        err = kc_wire_encode(api, direction, version, message, &second);
    if (err || second.bytes.len != first->bytes.len ||
        (second.bytes.len && memcmp(second.bytes.data, first->bytes.data, second.bytes.len) != 0))
        abort();
    kc_wire_out_destroy(&second);
    kc_arena_destroy(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    size_t count;
    const struct kc_api_info *apis = kc_api_all(&count), *api;
    struct kc_wire_out out = {0};
    struct kc_wire_request_header header;
    size_t used;
    void *message;

    if (len < 3)
        return 0;
    kc_error_destroy(kc_wire_read_request_header(data, len, &header, &used));
    api = &apis[data[0] % count];
    int version = api->min + data[1] % (api->max - api->min + 1);
    enum kc_wire_direction direction = data[2] & 1 ? KC_WIRE_REQUEST : KC_WIRE_RESPONSE;
    struct kc_arena *arena = kc_arena_new(4096);
    struct kc_error *err =
        kc_wire_decode(api->key, direction, version, data + 3, len - 3, arena, &message);
    if (!err)
        err = kc_wire_encode(api->key, direction, version, message, &out);
    if (!err)
        round_trip(api->key, direction, version, &out);
    kc_error_destroy(err);
    kc_wire_out_destroy(&out);
    kc_arena_destroy(arena);
    return 0;
}
