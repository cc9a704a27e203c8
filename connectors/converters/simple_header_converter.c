/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SimpleHeaderConverter: headers as text whose type is guessed when it is read back. Connect's
 * default.
 *
 * Called by task threads through the plugin descriptor; it has no state.
 */
#include "connect/log.h"
#include "connect/text.h"
#include "converters/converter_priv.h"

static struct kc_logger log = KC_LOGGER("org.apache.kafka.connect.storage.SimpleHeaderConverter");

static struct kc_error *create(const struct kc_map *config, bool is_key, void **converter)
{
    *converter = NULL;
    return NULL;
}

static void destroy(void *converter)
{
}

static struct kc_error *from_connect(void *converter, const char *topic, const char *header_key,
                                     const struct kc_schema *schema, const struct kc_value *value,
                                     struct kc_arena *arena, const void **data, size_t *len)
{
    *data = NULL;
    *len = 0;
    if (value->type == KC_TYPE_NULL)
        return NULL;
    struct kc_str text = {0};
    kc_values_print(&text, schema, value);
    *data = kc_arena_dup(arena, text.data ? text.data : "", text.len);
    *len = text.len;
    kc_str_destroy(&text);
    return NULL;
}

static struct kc_error *to_connect(void *converter, const char *topic, const char *header_key,
                                   const void *data, size_t len, struct kc_batch *batch,
                                   const struct kc_schema **schema, struct kc_value *value)
{
    *schema = NULL;
    *value = kc_value_null();
    if (!data)
        return NULL;
    struct kc_arena *arena = kc_batch_arena(batch);
    size_t text_len;
    const char *text = kc_utf8_text(arena, data, len, &text_len);
    struct kc_error *err = kc_values_parse(arena, text, text_len, schema, value);
    if (err) {
        kc_warn("Failed to deserialize value for header '%s' on topic '%s', so using byte array: "
                "%s",
                header_key ? header_key : "", topic ? topic : "", kc_error_text(err));
        kc_error_destroy(err);
        *schema = kc_schema_simple(KC_TYPE_BYTES, false);
        *value = kc_value_bytes(data, len);
        return NULL;
    }
    kc_batch_own_schema(batch, *schema);
    kc_schema_unref(*schema);
    return NULL;
}

static const struct kc_converter_ops ops = {
    .create = create,
    .destroy = destroy,
    .from_connect = from_connect,
    .to_connect = to_connect,
};

CONVERTER_PLUGIN(kc_simple_header_converter, KC_PLUGIN_HEADER_CONVERTER,
                 "org.apache.kafka.connect.storage.SimpleHeaderConverter", NULL, 0, &ops);
