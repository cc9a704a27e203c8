/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers of a broker that is anybody: the first two bytes choose API and version, the rest is the
 * frame. What comes out must be an answer of the same API and version.
 */
#include "gateway/gateway_rewrite_priv.h"
#include "wire/api.h"

#include <stdlib.h>

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
