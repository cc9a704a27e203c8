/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers of a broker that is anybody: the first two bytes choose API and version, the rest is the
 * frame. What comes out must be an answer of the same API and version. An answer to Fetch is also
 * walked through in parts of two sizes, which must see the same.
 */
#include "gateway/gateway_fetch_walk_priv.h"
#include "gateway/gateway_rewrite_priv.h"
#include "wire/api.h"
#include "wire/messages_data.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct gateway_nodes *new_nodes(void)
{
    static struct gateway_config *config;
    struct kc_map *settings = kc_map_new();

    kc_map_set(settings, "bootstrap.servers", "localhost:1");
    kc_map_set(settings, "gateway.listeners", "PLAINTEXT://localhost:9192");
    kc_map_set(settings, "gateway.broker.ports", "9193-9195");
    struct kc_error *err = config ? NULL : gateway_config_new(settings, &config);
    kc_map_destroy(settings);
    if (err)
        abort();
    return gateway_nodes_new(config);
}

/* The bytes of out, references in their place. */
static struct kc_str flat(const struct kc_wire_out *out)
{
    struct kc_str bytes = {0};
    size_t at = 0;

    for (size_t i = 0; i < out->ref_count; i++) {
        kc_str_append_n(&bytes, out->bytes.data + at, out->refs[i].at - at);
        kc_str_append_n(&bytes, out->refs[i].data, out->refs[i].len);
        at = out->refs[i].at;
    }
    kc_str_append_n(&bytes, out->bytes.data + at, out->bytes.len - at);
    return bytes;
}

static void must_decode(int api, int version, const struct kc_str *frame)
{
    const uint8_t *data = (const uint8_t *)frame->data;
    struct kc_arena *arena = kc_arena_new(1024);
    int32_t correlation = 0;
    void *message = NULL;
    size_t used = 0;

    if (kc_wire_read_response_header(api, version, data, frame->len, &correlation, &used))
        abort();
    version = gateway_answer_version(api, version, data + used, frame->len - used);
    if (kc_wire_decode(api, KC_WIRE_RESPONSE, version, data + used, frame->len - used, arena,
                       &message))
        abort();
    kc_arena_destroy(arena);
}

/* Whether it is an answer to its end. */
static bool walk(uint8_t *frame, size_t len, size_t part)
{
    struct gateway_fetch_walk way;

    gateway_fetch_walk_begin(&way);
    for (size_t at = 0; at < len; at += part) {
        if (!gateway_fetch_walk(&way, frame + at, len - at < part ? len - at : part))
            return false;
    }
    return gateway_fetch_walk_is_over(&way);
}

/* A frame that has been walked through names no addresses. */
static void must_hide(int version, const uint8_t *frame, size_t len)
{
    struct kc_arena *arena = kc_arena_new(1024);
    int32_t correlation = 0;
    void *message = NULL;
    size_t used = 0;
    struct kc_error *err =
        kc_wire_read_response_header(KC_API_FETCH, version, frame, len, &correlation, &used);

    if (!err)
        err = kc_wire_decode(KC_API_FETCH, KC_WIRE_RESPONSE, version, frame + used, len - used,
                             arena, &message);
    if (!err && ((struct kc_fetch_response *)message)->node_endpoints.count > 0)
        abort();
    kc_error_destroy(err);
    kc_arena_destroy(arena);
}

static void walk_both(int version, const uint8_t *data, size_t len)
{
    struct kc_str small = {0}, large = {0};

    kc_str_append_n(&small, (const char *)data, len);
    kc_str_append_n(&large, (const char *)data, len);
    const bool over = walk((uint8_t *)small.data, len, 3);
    if (over != walk((uint8_t *)large.data, len, len))
        abort();
    if (over && memcmp(small.data, large.data, len) != 0)
        abort();
    if (over)
        must_hide(version, (const uint8_t *)small.data, len);
    kc_str_destroy(&small);
    kc_str_destroy(&large);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct gateway_versions versions;
    struct kc_wire_out out = {0};
    bool same = true;

    if (len < 2)
        return 0;
    gateway_versions_own(&versions);
    struct gateway_nodes *nodes = new_nodes();
    const int api = data[0] % KC_API_KEYS, version = data[1] % 20;
    if (api == KC_API_FETCH && version >= GATEWAY_FETCH_WALK_FROM && len > 2)
        walk_both(version, data + 2, len - 2);
    struct kc_error *err =
        gateway_rewrite(api, version, data + 2, len - 2, nodes, 0, &versions, &out, &same);
    if (!err && !same) {
        struct kc_str frame = flat(&out);

        must_decode(api, version, &frame);
        kc_str_destroy(&frame);
    }
    kc_error_destroy(err);
    kc_wire_out_destroy(&out);
    gateway_nodes_destroy(nodes);
    return 0;
}
